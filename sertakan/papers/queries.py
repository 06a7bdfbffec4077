"""Reads for papers: the papers themselves, and from the ledger what they say."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import abort
from sqlalchemy import and_, func, select
from sqlalchemy.orm import aliased, joinedload

from sertakan.accounts.models import Membership
from sertakan.coverage.models import CoverageMonth
from sertakan.coverage.rules import LIVE, MonthState
from sertakan.db import db, keyring
from sertakan.kit import nik
from sertakan.kit.crypto import Keyring
from sertakan.kit.months import Month
from sertakan.papers import rules
from sertakan.papers.models import Paper, PaperPiece
from sertakan.papers.rules import PaperKind, PaperState
from sertakan.places.models import Kelurahan
from sertakan.roster import queries as roster
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import ReviewState
from sertakan.web.paging import Page, slice_page
from sertakan.workers.models import Worker

PAGE = 20
CHUNK = 1_000


# ---- papers --------------------------------------------------------------------------------------------------------------------


def get_paper(member: Membership, ref: str) -> Paper:
    """A paper of this member's organisation, or 404."""
    found = db.session.scalar(select(Paper).where(Paper.organisation_id == member.organisation_id, Paper.ref == ref))
    return found if found is not None else abort(404)


def get(paper_id: int, *, lock: bool = False) -> Paper:
    statement = select(Paper).where(Paper.id == paper_id)
    return db.session.scalars(statement.with_for_update(of=Paper) if lock else statement).one()


def list_papers(member: Membership, number: int) -> Page[Paper]:
    """The newest first."""
    rows = db.session.scalars(
        select(Paper)
        .where(Paper.organisation_id == member.organisation_id)
        .options(joinedload(Paper.made_by))
        .order_by(Paper.id.desc())
        .offset((number - 1) * PAGE)
        .limit(PAGE + 1)
    ).all()
    return slice_page(rows, number, PAGE)


def find_waiting(organisation_id: int, kind: PaperKind, year: int | None, part: int | None) -> Paper | None:
    """One that is asked for already and not made yet."""
    return db.session.scalar(
        select(Paper).where(
            Paper.organisation_id == organisation_id,
            Paper.state == PaperState.waiting,
            Paper.kind == kind,
            Paper.year == year if year else Paper.year.is_(None),
            Paper.part == part if part else Paper.part.is_(None),
        )
    )


def list_waiting() -> Sequence[int]:
    """Papers to be made, oldest first."""
    return db.session.scalars(select(Paper.id).where(Paper.state == PaperState.waiting).order_by(Paper.id)).all()


def list_old(before: datetime) -> Sequence[int]:
    """Papers whose file has been kept long enough."""
    return db.session.scalars(select(Paper.id).where(Paper.state == PaperState.ready, Paper.ready_at < before)).all()


def find_piece(paper_id: int, number: int) -> str | None:
    """A piece of the file, opened: base64; None after the last."""
    row = db.session.scalar(select(PaperPiece).where(PaperPiece.paper_id == paper_id, PaperPiece.number == number))
    return row.content if row else None


def find_code(code: str) -> Paper | None:
    """A finished paper by the code printed on it."""
    return db.session.scalar(select(Paper).where(Paper.code == code, Paper.state.in_((PaperState.ready, PaperState.expired))))


def find_card(code: str) -> Sponsorship | None:
    """The approved promise whose code stands on a pocket card."""
    return db.session.scalar(
        select(Sponsorship)
        .where(Sponsorship.code == code, Sponsorship.review_state == ReviewState.approved)
        .options(joinedload(Sponsorship.worker, innerjoin=True))
    )


# ---- the list, for files -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ListedWorker:
    """A line of the report. `months` are pairs of month and state of what the organisation promised, oldest first."""

    code: str
    name: str
    nik_masked: str
    occupation_code: str
    kelurahan_code: str | None
    first: Month
    last: Month
    months: Sequence[tuple[Month, MonthState]]
    paid_rupiah: int


def count_list(organisation_id: int) -> int:
    return db.session.scalar(select(func.count()).select_from(Sponsorship).where(roster.promises_of(organisation_id))) or 0


def count_approved(organisation_id: int) -> int:
    """How many workers of the list an officer has approved: those who may get a card."""
    what = and_(roster.promises_of(organisation_id), Sponsorship.review_state == ReviewState.approved)
    return db.session.scalar(select(func.count()).select_from(Sponsorship).where(what)) or 0


def list_part(organisation_id: int, after: int) -> tuple[list[ListedWorker], int]:
    """So many workers after a promise's id, and the id of the last; empty at the end. Each NIK is opened and masked at once."""
    promise, worker = Sponsorship.__table__.c, Worker.__table__.c  # plain columns, past the ORM, which would build each row twice
    statement = (
        select(
            promise.id,
            promise.code,
            promise.typed_name,
            promise.chosen_from_list,
            promise.first_month,
            promise.last_month,
            worker.id.label("worker_id"),
            worker.ref.label("worker_ref"),
            worker.nik_sealed,
            worker.occupation_code,
            worker.kelurahan_code,
        )
        .select_from(Sponsorship)
        .join(Worker, Worker.id == Sponsorship.worker_id)
        .where(roster.promises_of(organisation_id), Sponsorship.id > after)
        .order_by(Sponsorship.id)
        .limit(CHUNK)
    )
    rows = db.session.connection().execute(statement).all()
    if not rows:
        return [], after
    last = rows[-1].id
    months, paid = _months(organisation_id, after, last)
    keys = keyring()
    return [_listed(keys, row, months.get(row.worker_id, ()), paid[row.worker_id]) for row in rows], last


def _listed(keys: Keyring, row: Any, months: Sequence[tuple[Month, MonthState]], paid_rupiah: int) -> ListedWorker:
    hidden = row.chosen_from_list
    digits = "" if hidden else keys.open(row.nik_sealed, f"worker:{row.worker_ref}:nik_sealed")
    return ListedWorker(
        code=row.code,
        name=f"{row.typed_name[:1]}." if hidden else row.typed_name,
        nik_masked=nik.mask(digits) if digits else "",
        occupation_code=row.occupation_code,
        kelurahan_code=row.kelurahan_code,
        first=row.first_month,
        last=row.last_month,
        months=months,
        paid_rupiah=paid_rupiah,
    )


def _months(organisation_id: int, after: int, last: int) -> tuple[dict[int, list[tuple[Month, MonthState]]], Counter[int]]:
    """Of the workers of its promises after one id and up to another: the organisation's live months, and rupiah paid."""
    months: dict[int, list[tuple[Month, MonthState]]] = {}
    paid: Counter[int] = Counter()
    cell, part = CoverageMonth.__table__.c, aliased(Sponsorship)
    people = select(part.worker_id).where(part.organisation_id == organisation_id, part.id > after, part.id <= last)
    rows = db.session.connection().execute(
        select(cell.worker_id, cell.month, cell.state, cell.price_rupiah)
        .select_from(CoverageMonth)
        .join(Sponsorship, Sponsorship.id == CoverageMonth.sponsorship_id)
        .where(  # by the promises' workers: asked for the months' workers, SQLite reads every promise of the organisation
            Sponsorship.organisation_id == organisation_id,
            Sponsorship.worker_id.in_(people),
            CoverageMonth.state.in_(LIVE),
        )
        .order_by(CoverageMonth.month)
    )
    for worker_id, month, state, price in rows:
        months.setdefault(worker_id, []).append((month, state))
        if state in rules.PAID:
            paid[worker_id] += price
    return months, paid


def list_for_cards(organisation_id: int, part: int) -> Sequence[Sponsorship]:
    """The approved promises of one file of cards, by name."""
    return db.session.scalars(
        select(Sponsorship)
        .where(roster.promises_of(organisation_id), Sponsorship.review_state == ReviewState.approved)
        .options(joinedload(Sponsorship.worker, innerjoin=True))
        .order_by(Sponsorship.typed_name, Sponsorship.id)
        .offset((part - 1) * rules.CARDS_A_FILE)
        .limit(rules.CARDS_A_FILE)
    ).all()


# ---- sums ----------------------------------------------------------------------------------------------------------------------


def _of(organisation_id: int, year: int | None = None) -> Any:
    here = [Sponsorship.id == CoverageMonth.sponsorship_id, Sponsorship.organisation_id == organisation_id]
    here += [CoverageMonth.month.between(Month(year, 1), Month(year, 12))] if year else []
    return and_(*here)


def posted_sums(organisation_id: int) -> tuple[int, int, Month | None]:
    """People with at least one posted month, posted worker-months, and the first such month."""
    row = db.session.execute(
        select(func.count(CoverageMonth.worker_id.distinct()), func.count(), func.min(CoverageMonth.month))
        .select_from(CoverageMonth)
        .join(Sponsorship, _of(organisation_id))
        .where(CoverageMonth.state == MonthState.posted)
    ).one()
    return row[0], row[1], row[2]


def year_by_month(organisation_id: int, year: int) -> list[tuple[Month, MonthState, int, int]]:
    """The year's worker-months and rupiah by month of contribution and state."""
    rows = db.session.execute(
        select(CoverageMonth.month, CoverageMonth.state, func.count(), func.sum(CoverageMonth.price_rupiah))
        .join(Sponsorship, _of(organisation_id, year))
        .group_by(CoverageMonth.month, CoverageMonth.state)
    )
    return [(month, state, count, int(rupiah)) for month, state, count, rupiah in rows]


def year_by_place(organisation_id: int, year: int) -> list[tuple[str, int, int, int]]:
    """The year's people, paid worker-months and their rupiah by kelurahan; its name is empty where none is known."""
    people = func.count(CoverageMonth.worker_id.distinct())
    rows = db.session.execute(
        select(func.coalesce(Kelurahan.name, ""), people, func.count(), func.sum(CoverageMonth.price_rupiah))
        .select_from(CoverageMonth)
        .join(Sponsorship, _of(organisation_id, year))
        .join(Worker, Worker.id == CoverageMonth.worker_id)
        .outerjoin(Kelurahan, Kelurahan.code == Worker.kelurahan_code)
        .where(CoverageMonth.state.in_(rules.PAID))
        .group_by(Kelurahan.name)
    )
    return [(name, count, months, int(rupiah)) for name, count, months, rupiah in rows]


def year_people(organisation_id: int, year: int) -> int:
    """People with at least one paid month of the year."""
    return (
        db.session.scalar(
            select(func.count(CoverageMonth.worker_id.distinct()))
            .join(Sponsorship, _of(organisation_id, year))
            .where(CoverageMonth.state.in_(rules.PAID))
        )
        or 0
    )
