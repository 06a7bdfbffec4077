"""Reading gaps: the counts and each part of the list come from the same rows, so they always agree (I20)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask import abort
from sqlalchemy import ColumnElement, Select, and_, case, func, null, or_, select
from sqlalchemy.orm import aliased, joinedload

from sertakan.accounts.models import Organisation
from sertakan.coverage.models import CoverageMonth
from sertakan.coverage.queries import standing_select
from sertakan.coverage.rules import FUNDED, Standing
from sertakan.db import db
from sertakan.gaps import rules
from sertakan.gaps.models import GapCall
from sertakan.gaps.rules import Chip, Outcome
from sertakan.kit.months import Month
from sertakan.sponsorships.models import Sponsorship
from sertakan.tariff.rules import PayerKind
from sertakan.workers.models import Worker
from sertakan.workers.rules import GONE

PAGE_SIZE = 25
MOST_ROWS = 5_000
IN_GAP = (Standing.ending, Standing.grace, Standing.cliff, Standing.lapsed)


@dataclass(frozen=True)
class Filters:
    """What the reader narrows the list to; empty means all. `organisation` is a reference."""

    kelurahan: str = ""
    payer: PayerKind | None = None
    organisation: str = ""


@dataclass(frozen=True)
class Gap:
    """One worker on the list. Days are of Pontianak; `days_left` as in `rules.days_left`."""

    worker_ref: str
    name: str
    occupation_code: str
    kelurahan_code: str | None
    standing: Standing
    covered_until: date
    unpaid_months: int
    days_left: int | None
    payer: PayerKind | None
    organisation: str | None
    code: str | None  # the sponsorship that paid the last month
    called_at: datetime | None
    outcome: Outcome | None

    @property
    def cursor(self) -> str:
        """Where the list goes on after this row."""
        return f"{Month.of(self.covered_until)}.{self.worker_ref}"


@dataclass(frozen=True)
class Slice:
    """Part of a list; `after` is the cursor of the next part, None at the end."""

    items: Sequence[Gap]
    after: str | None


def _rows(today: date, filters: Filters) -> Select[Any]:
    """Everybody whose cover ends soon or has ended, with who paid the last month; workers who died or left are not there."""
    now = standing_select(today).subquery("standing")
    last = and_(CoverageMonth.worker_id == Worker.id, CoverageMonth.month == now.c.covered_month, CoverageMonth.state.in_(FUNDED))
    statement = (
        select(
            Worker.id.label("worker_id"),
            Worker.ref.label("worker_ref"),
            Worker.name,
            Worker.occupation_code,
            Worker.kelurahan_code,
            now.c.standing,
            now.c.covered_month,
            now.c.unpaid_months,
            CoverageMonth.payer_kind.label("payer"),
            Sponsorship.id.label("sponsorship_id"),
            Sponsorship.code,
            Organisation.name.label("organisation"),
        )
        .join(now, now.c.worker_id == Worker.id)
        .join(CoverageMonth, last)
        .outerjoin(Sponsorship, Sponsorship.id == CoverageMonth.sponsorship_id)
        .outerjoin(Organisation, Organisation.id == Sponsorship.organisation_id)
        .where(Worker.state.not_in(GONE), now.c.standing.in_([word.value for word in IN_GAP]))
    )
    if filters.kelurahan:
        statement = statement.where(Worker.kelurahan_code == filters.kelurahan)
    if filters.payer:
        statement = statement.where(CoverageMonth.payer_kind == filters.payer)
    if filters.organisation:
        statement = statement.where(Organisation.ref == filters.organisation)
    return statement


def _part(rows: Any, chip: Chip, today: date) -> ColumnElement[bool]:
    """The condition of one part of the list; the counts use it, too."""
    if chip in (Chip.week, Chip.month):
        last = rules.last_within(today, rules.WEEK_DAYS if chip is Chip.week else rules.MONTH_DAYS)
        ending: ColumnElement[bool] = rows.c.standing == Standing.ending.value
        return and_(ending, rows.c.covered_month <= last if last else rows.c.worker_id < 0)
    found: ColumnElement[bool] = rows.c.standing == chip.value
    return found


def counts(today: date, filters: Filters) -> dict[Chip, int]:
    """How many stand in each part, in one statement."""
    rows = _rows(today, filters).subquery("gaps")
    columns = [func.coalesce(func.sum(case((_part(rows, chip, today), 1), else_=0)), 0) for chip in Chip]
    found = db.session.execute(select(*columns)).one()
    return {chip: int(found[index]) for index, chip in enumerate(Chip)}


def list_gaps(chip: Chip, today: date, filters: Filters, after: str = "") -> Slice:
    """A part of the list: who has the least time left first, the freshest lapse first; one statement however long it is."""
    found = _read(chip, today, filters, after, PAGE_SIZE + 1)
    more = len(found) > PAGE_SIZE
    return Slice(found[:PAGE_SIZE], found[PAGE_SIZE - 1].cursor if more else None)


def every_gap(chip: Chip, today: date, filters: Filters) -> Iterator[Gap]:
    """All of a part, at most `MOST_ROWS`, for a download."""
    yield from _read(chip, today, filters, "", MOST_ROWS)


def _read(chip: Chip, today: date, filters: Filters, after: str, limit: int) -> list[Gap]:
    rows = _rows(today, filters).subquery("gaps")
    other = aliased(GapCall)
    newest = select(func.max(other.id)).where(other.worker_id == rows.c.worker_id).correlate(rows).scalar_subquery()
    statement = (
        select(rows, GapCall.called_at, GapCall.outcome)
        .outerjoin(GapCall, GapCall.id == newest)
        .where(_part(rows, chip, today))
        .limit(limit)
    )
    month, backwards = rows.c.covered_month, chip is Chip.lapsed
    statement = statement.order_by(month.desc() if backwards else month, rows.c.worker_ref)
    place = read_cursor(after)
    if place:
        beyond = month < place[0] if backwards else month > place[0]
        statement = statement.where(or_(beyond, and_(month == place[0], rows.c.worker_ref > place[1])))
    return [_gap(row, today) for row in db.session.execute(statement)]


def read_cursor(text: str) -> tuple[Month, str] | None:
    """Where a list goes on; None, the beginning, for whatever is no cursor."""
    month, dot, ref = text.partition(".")
    try:
        return (Month.parse(month), ref) if dot and rules.is_ref(ref) else None
    except ValueError:
        return None


def _gap(row: Any, today: date) -> Gap:
    standing, until = Standing(row.standing), row.covered_month.last_day
    return Gap(
        worker_ref=row.worker_ref,
        name=row.name,
        occupation_code=row.occupation_code,
        kelurahan_code=row.kelurahan_code,
        standing=standing,
        covered_until=until,
        unpaid_months=row.unpaid_months,
        days_left=rules.days_left(standing, until, today),
        payer=row.payer,
        organisation=row.organisation,
        code=row.code,
        called_at=row.called_at,
        outcome=row.outcome,
    )


def list_organisations() -> Sequence[tuple[str, str]]:
    """Reference and name of each organisation, for the filter."""
    return [
        (row.ref, row.name) for row in db.session.execute(select(Organisation.ref, Organisation.name).order_by(Organisation.name))
    ]


def get_gap(worker_ref: str, today: date) -> tuple[Gap, Sponsorship | None]:
    """One worker of the list with the sponsorship that paid the last month; 404 for everybody who has no gap."""
    rows = _rows(today, Filters()).where(Worker.ref == worker_ref).subquery("gaps")
    row = db.session.execute(select(rows, null().label("called_at"), null().label("outcome"))).first()
    if row is None:
        abort(404)
    sponsorship = None
    if row.sponsorship_id:
        question = select(Sponsorship).where(Sponsorship.id == row.sponsorship_id)
        sponsorship = db.session.scalars(
            question.options(joinedload(Sponsorship.worker, innerjoin=True), joinedload(Sponsorship.sponsor, innerjoin=True))
        ).one()
    return _gap(row, today), sponsorship


def get_worker(ref: str) -> Worker:
    return db.session.scalars(select(Worker).where(Worker.ref == ref)).first() or abort(404)


def list_calls(worker_ref: str) -> Sequence[GapCall]:
    """The calls about a worker, newest first."""
    statement = select(GapCall).join(Worker).where(Worker.ref == worker_ref).options(joinedload(GapCall.officer, innerjoin=True))
    return db.session.scalars(statement.order_by(GapCall.id.desc()).limit(50)).all()
