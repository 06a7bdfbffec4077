"""Reading batches, their lines, the answers and the repairs; a fixed number of statements whatever their size."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from flask import abort
from sqlalchemy import FromClause, Row, Select, func, select
from sqlalchemy.orm import joinedload

from sertakan.coverage.models import CoverageMonth
from sertakan.db import db
from sertakan.kit.codes import normalise_code
from sertakan.places.models import Kelurahan
from sertakan.remittance import rules
from sertakan.remittance.models import AnswerFile, Batch, ColumnTitle, Line, Repair
from sertakan.remittance.rules import BatchState, FileState, LineState, RepairState
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import TermState
from sertakan.tariff.models import Occupation
from sertakan.web.paging import Page, slice_page
from sertakan.workers.models import Worker
from sertakan.workers.rules import GONE

PAGE_SIZE = 25
LINES_SIZE = 50
PROGRAMMES = ("jkk", "jkm", "jht", "relief")


def get(code: str, lock: bool = False) -> Batch:
    """By its code, or 404; with `lock` read anew and held until the transaction ends."""
    return _one(Batch.code == (normalise_code(code) or ""), lock)


def get_by_id(batch_id: int, lock: bool = False) -> Batch:
    return _one(Batch.id == batch_id, lock)


def _one(condition: Any, lock: bool) -> Batch:
    statement = select(Batch).where(condition)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    else:
        statement = statement.options(joinedload(Batch.created_by), joinedload(Batch.locked_by), joinedload(Batch.paid_by))
    return db.session.scalar(statement) or abort(404)


def list_batches(number: int) -> Page[Batch]:
    """Newest first."""
    statement = select(Batch).options(joinedload(Batch.created_by)).order_by(Batch.id.desc())
    rows = db.session.scalars(statement.offset((number - 1) * PAGE_SIZE).limit(PAGE_SIZE + 1)).all()
    return slice_page(rows, number, PAGE_SIZE)


# ---- sums ----------------------------------------------------------------------------------------------------------------------


def months_in(batch_id: int) -> Select[*tuple[Any, ...]]:
    """The months of a batch's lines that stand, with their prices."""
    return (
        select(
            CoverageMonth.payer_kind,
            CoverageMonth.jkk_rupiah,
            CoverageMonth.jkm_rupiah,
            CoverageMonth.jht_rupiah,
            CoverageMonth.relief_rupiah,
            Line.amount_rupiah.label("price_rupiah"),
        )
        .join(Line, Line.coverage_month_id == CoverageMonth.id)
        .where(Line.batch_id == batch_id, Line.state != LineState.dropped)
    )


def totals_of(source: FromClause) -> dict[str, Any]:
    """Months and whole rupiah: in all, per programme, per kind of payer; one statement."""
    columns = [func.sum(source.c[f"{name}_rupiah"]) for name in PROGRAMMES]
    rows = db.session.execute(
        select(source.c.payer_kind, func.count(), func.sum(source.c.price_rupiah), *columns).group_by(source.c.payer_kind)
    ).all()
    return {
        "months": sum(row[1] for row in rows),
        "amount": sum(int(row[2]) for row in rows),
        "programmes": {name: sum(int(row[3 + place]) for row in rows) for place, name in enumerate(PROGRAMMES)},
        "payers": {row[0].value: {"months": row[1], "amount": int(row[2])} for row in sorted(rows, key=lambda row: row[0].value)},
    }


def fingerprint_of(batch_id: int) -> str:
    """Over the lines that stand, in their order."""
    rows = db.session.execute(
        select(CoverageMonth.ref, Worker.ref, CoverageMonth.month, CoverageMonth.package, Line.amount_rupiah)
        .join(Line, Line.coverage_month_id == CoverageMonth.id)
        .join(Worker, Worker.id == CoverageMonth.worker_id)
        .where(Line.batch_id == batch_id, Line.state != LineState.dropped)
        .order_by(Line.id)
        .execution_options(yield_per=rules.CHUNK)
    )
    return rules.fingerprint((row[0], row[1], row[2], row[3].value, row[4]) for row in rows)


def count_lines(batch_id: int) -> dict[LineState, int]:
    """How many lines stand in each state."""
    rows = db.session.execute(select(Line.state, func.count()).where(Line.batch_id == batch_id).group_by(Line.state))
    return {row[0]: row[1] for row in rows if row[0] is not LineState.dropped}


def count_gone(batch_id: int) -> int:
    """Lines of workers who died, withdrew or were merged since the batch was locked."""
    statement = (
        select(func.count())
        .select_from(Line)
        .join(CoverageMonth, CoverageMonth.id == Line.coverage_month_id)
        .join(Worker, Worker.id == CoverageMonth.worker_id)
        .where(Line.batch_id == batch_id, Line.state == LineState.open, Worker.state.in_(GONE))
    )
    return db.session.scalar(statement) or 0


# ---- lines ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LineRow:
    """A line as the batch's page shows it."""

    line: Line
    month: CoverageMonth
    worker: Worker
    code: str


def list_lines(batch_id: int, number: int, state: LineState | None = None) -> Page[LineRow]:
    """The lines of a batch in their order."""
    statement = (
        select(Line, CoverageMonth, Worker, Sponsorship.code)
        .join(CoverageMonth, CoverageMonth.id == Line.coverage_month_id)
        .join(Worker, Worker.id == CoverageMonth.worker_id)
        .join(Sponsorship, Sponsorship.id == CoverageMonth.sponsorship_id)
        .where(Line.batch_id == batch_id, Line.state == state if state else Line.state != LineState.dropped)
        .order_by(Line.id)
        .offset((number - 1) * LINES_SIZE)
        .limit(LINES_SIZE + 1)
    )
    rows = [LineRow(row[0], row[1], row[2], row[3]) for row in db.session.execute(statement)]
    return slice_page(rows, number, LINES_SIZE)


def get_line(batch: Batch, month_ref: str) -> LineRow:
    """A line of this batch by its month's ref, or 404."""
    row = db.session.execute(
        select(Line, CoverageMonth, Worker, Sponsorship.code)
        .join(CoverageMonth, CoverageMonth.id == Line.coverage_month_id)
        .join(Worker, Worker.id == CoverageMonth.worker_id)
        .join(Sponsorship, Sponsorship.id == CoverageMonth.sponsorship_id)
        .where(Line.batch_id == batch.id, CoverageMonth.ref == month_ref, Line.state != LineState.dropped)
    ).one_or_none()
    return LineRow(row[0], row[1], row[2], row[3]) if row else abort(404)


def export_rows(batch_id: int) -> Iterator[Row[*tuple[Any, ...]]]:
    """Everything that a file needs of the lines, a chunk at a time."""
    return iter(
        db.session.execute(
            select(CoverageMonth, Worker, Kelurahan.name, Kelurahan.postal_code, Occupation.label, Line.amount_rupiah)
            .join(Line, Line.coverage_month_id == CoverageMonth.id)
            .join(Worker, Worker.id == CoverageMonth.worker_id)
            .outerjoin(Kelurahan, Kelurahan.code == Worker.kelurahan_code)
            .outerjoin(Occupation, Occupation.code == Worker.occupation_code)
            .where(Line.batch_id == batch_id, Line.state != LineState.dropped)
            .order_by(Line.id)
            .execution_options(yield_per=rules.CHUNK)
        )
    )


# ---- the column map ------------------------------------------------------------------------------------------------------------


def columns(kind: str) -> dict[str, tuple[str, int]]:
    """Title and place by field: as staff set them, else ours. `kind` is export or answer."""
    ours = rules.EXPORT_FIELDS if kind == "export" else rules.ANSWER_FIELDS
    stored = {
        row.field: (row.title, row.place) for row in db.session.scalars(select(ColumnTitle).where(ColumnTitle.kind == kind))
    }
    return {field: stored.get(field, (title, place)) for place, (field, title) in enumerate(ours.items(), 1)}


# ---- answers and repairs -------------------------------------------------------------------------------------------------------


def list_files(batch_id: int) -> Sequence[AnswerFile]:
    """The answer files of a batch, newest first."""
    return db.session.scalars(
        select(AnswerFile).where(AnswerFile.batch_id == batch_id).order_by(AnswerFile.id.desc()).limit(20)
    ).all()


def get_file(batch: Batch, ref: str) -> AnswerFile:
    statement = select(AnswerFile).where(AnswerFile.batch_id == batch.id, AnswerFile.ref == ref)
    return db.session.scalar(statement.options(joinedload(AnswerFile.uploaded_by))) or abort(404)


def stopped_sponsorships(month_ids: Select[int]) -> Sequence[Sponsorship]:
    """The promises that are over among those of these months, held (sponsorships before months, as everywhere)."""
    theirs = select(CoverageMonth.sponsorship_id).where(CoverageMonth.id.in_(month_ids))
    over = Sponsorship.term_state.in_((TermState.cancelled, TermState.terminated))
    return db.session.scalars(
        select(Sponsorship).where(Sponsorship.id.in_(theirs), over).order_by(Sponsorship.id).with_for_update(of=Sponsorship)
    ).all()


def due_batches() -> Sequence[int]:
    """Paid batches with lines that are not stamped yet."""
    return db.session.scalars(
        select(Batch.id).where(Batch.state == BatchState.paid, Batch.done < Batch.months).order_by(Batch.id)
    ).all()


def due_files() -> Sequence[int]:
    """Answer files that wait to be read or applied, of batches whose lines are all stamped."""
    waiting = (FileState.uploaded, FileState.applying)
    return db.session.scalars(
        select(AnswerFile.id)
        .join(Batch, Batch.id == AnswerFile.batch_id)
        .where(AnswerFile.state.in_(waiting), Batch.done == Batch.months)
        .order_by(AnswerFile.id)
    ).all()


@dataclass(frozen=True)
class RepairRow:
    """A repair with what the list shows of it."""

    repair: Repair
    line: Line
    month: CoverageMonth
    worker: Worker
    code: str


def _repairs() -> Select[*tuple[Any, ...]]:
    return (
        select(Repair, Line, CoverageMonth, Worker, Sponsorship.code)
        .join(Line, Line.id == Repair.line_id)
        .join(CoverageMonth, CoverageMonth.id == Repair.coverage_month_id)
        .join(Worker, Worker.id == CoverageMonth.worker_id)
        .join(Sponsorship, Sponsorship.id == CoverageMonth.sponsorship_id)
    )


def list_repairs(number: int) -> Page[RepairRow]:
    """Repairs that are not finished, oldest first."""
    open_ones = (RepairState.open, RepairState.proposed)
    statement = _repairs().where(Repair.state.in_(open_ones)).order_by(Repair.opened_at, Repair.id)
    rows = db.session.execute(statement.offset((number - 1) * PAGE_SIZE).limit(PAGE_SIZE + 1))
    return slice_page([RepairRow(*row) for row in rows], number, PAGE_SIZE)


def get_repair(ref: str, lock: bool = False) -> RepairRow:
    """By its ref, or 404; with `lock` the repair and its month are held."""
    statement = _repairs().where(Repair.ref == ref)
    if lock:
        statement = statement.with_for_update(of=(Repair, CoverageMonth)).execution_options(populate_existing=True)
    row = db.session.execute(statement).one_or_none()
    return RepairRow(*row) if row else abort(404)
