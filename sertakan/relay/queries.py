"""Reading seats: one by its link, those of a worker, what the watch looks at. Another person's seat is not there (404)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from flask import abort
from sqlalchemy import Select, func, select
from sqlalchemy.orm import joinedload

from sertakan.accounts.models import Person
from sertakan.coverage import queries as coverage
from sertakan.coverage.models import CoverageMonth
from sertakan.coverage.rules import HELD, LIVE, MonthState
from sertakan.db import db
from sertakan.kit.months import Month, span
from sertakan.relay import rules
from sertakan.relay.models import Seat, SeatAsk
from sertakan.relay.rules import Asked, AskState, Leg, SeatState
from sertakan.rescue import queries as rescue
from sertakan.sponsorships.models import ActionLink, Sponsorship
from sertakan.sponsorships.prices import Offer
from sertakan.sponsorships.rules import HORIZON_MONTHS, ReviewState
from sertakan.workers.rules import GONE

CHUNK = 500


def seat_of(link: ActionLink, lock: bool = False) -> Seat:
    """The seat that a link is for; 404 when it names none."""
    statement = select(Seat).where(Seat.ref == (link.detail or {}).get(rules.SEAT, ""))
    statement = _for_update(statement) if lock else statement.options(joinedload(Seat.holder), joinedload(Seat.taken))
    return db.session.scalars(statement).first() or abort(404)


def get(seat_id: int, lock: bool = False) -> Seat:
    statement = select(Seat).where(Seat.id == seat_id)
    return db.session.scalars(_for_update(statement) if lock else statement).first() or abort(404)


def get_of(ref: str, sponsorship: Sponsorship, lock: bool = False) -> Seat:
    """A seat that this very sponsorship gave or took, or 404."""
    mine = (Seat.sponsorship_id == sponsorship.id) | (Seat.taken_id == sponsorship.id)
    statement = select(Seat).where(Seat.ref == ref, mine)
    return db.session.scalars(_for_update(statement) if lock else statement).first() or abort(404)


def _for_update(statement: Select[Seat]) -> Select[Seat]:
    return statement.with_for_update(of=Seat).execution_options(populate_existing=True)


def list_of_worker(worker_id: int) -> Sequence[Seat]:
    """Every seat around this worker that is open or was taken, oldest first, with both people."""
    statement = select(Seat).where(Seat.worker_id == worker_id, Seat.state.in_(rules.LIVING | {SeatState.handed_on}))
    return db.session.scalars(
        statement.options(joinedload(Seat.giver, innerjoin=True), joinedload(Seat.holder)).order_by(Seat.id)
    ).all()


def find_ask(seat_id: int, lock: bool = False) -> SeatAsk | None:
    """The newest question about months before a seat."""
    statement = select(SeatAsk).where(SeatAsk.seat_id == seat_id).order_by(SeatAsk.id.desc()).limit(1)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return db.session.scalars(statement).first()


def count_open(giver: Person) -> int:
    return _count(Seat.giver_id == giver.id, Seat.state.in_(rules.OPEN))


def count_held(holder: Person) -> int:
    return _count(Seat.holder_id == holder.id, Seat.state == SeatState.held)


def _count(*where: object) -> int:
    return db.session.scalar(select(func.count()).select_from(Seat).where(*where)) or 0  # type: ignore[arg-type]


def is_paying(seat: Seat) -> bool:
    """Whether the holder's months are reserved or paid already."""
    if seat.taken_id is None:
        return False
    living = CoverageMonth.sponsorship_id == seat.taken_id, CoverageMonth.state.in_(LIVE)
    return db.session.scalar(select(CoverageMonth.id).where(*living).limit(1)) is not None


# ---- months and prices ---------------------------------------------------------------------------------------------------------


def start_of(sponsorship: Sponsorship, months: dict[Month, MonthState], today: date) -> Month | None:
    """The month with which somebody else may go on; None in arrears (rescue comes first), lapsed, or without a promise that stands."""
    if sponsorship.review_state is not ReviewState.approved or sponsorship.worker.state in GONE:
        return None
    return rules.start_of(months, today)


def offers(seat: Seat, today: date) -> list[Offer]:
    """What may be taken of an open seat now, each month at its own price for a resident, the longest last."""
    return menu(seat.sponsorship, coverage.held(seat.worker_id), seat.count, today)


def menu(sponsorship: Sponsorship, months: dict[Month, MonthState], most: int, today: date) -> list[Offer]:
    """The lengths from the next free month on, at most so many months, within what may be promised ahead."""
    start = start_of(sponsorship, months, today)
    if start is None:
        return []
    ahead = Month.of(today) + HORIZON_MONTHS - start + 1
    longest = len(rules.free_run(start, months, min(most, max(ahead, 0))))
    return rescue.price(sponsorship, [span(start, count) for count in rules.counts(longest)])


def asked_offer(seat: Seat, ask: SeatAsk) -> Offer | None:
    """The months a runner is asked to add, at their prices; None when somebody promised one of them, or the seat is not hers now."""
    months = span(ask.first_month, ask.count)
    if ask.state is not AskState.asked or seat.taken is None or coverage.held(seat.worker_id).keys() & set(months):
        return None
    return rescue.price(seat.taken, [months])[0]


# ---- the watch -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Look:
    """What the watch knows of one seat: three statements for five hundred of them."""

    seat_id: int
    leg: Leg
    months: dict[Month, MonthState]


def looks() -> Iterator[Look]:
    """Every seat that is not over."""
    living = select(Seat.id).where(Seat.state.in_(rules.LIVING)).order_by(Seat.id)
    ids = db.session.scalars(living).all()
    for place in range(0, len(ids), CHUNK):
        yield from _looks(ids[place : place + CHUNK])


def look_at(seat: Seat) -> Look:
    """One seat, inside the transaction that decides about it."""
    return next(_looks([seat.id]))


def _looks(ids: Sequence[int]) -> Iterator[Look]:
    seats = db.session.scalars(select(Seat).where(Seat.id.in_(ids)).options(joinedload(Seat.worker)).order_by(Seat.id)).all()
    asks: dict[int, Asked] = {}
    for ask in db.session.scalars(select(SeatAsk).where(SeatAsk.seat_id.in_(ids)).order_by(SeatAsk.id)):
        asks[ask.seat_id] = Asked(ask.state, span(ask.first_month, ask.count), ask.until_at)
    months: dict[int, list[CoverageMonth]] = {}
    held = select(CoverageMonth).where(
        CoverageMonth.worker_id.in_({seat.worker_id for seat in seats}), CoverageMonth.state.in_(HELD)
    )
    for row in db.session.scalars(held.order_by(CoverageMonth.state.in_(LIVE))):  # of two rows, the living one counts
        months.setdefault(row.worker_id, []).append(row)
    for seat in seats:
        yield Look(
            seat.id, _leg(seat, months.get(seat.worker_id, []), asks.get(seat.id)), _states(months.get(seat.worker_id, []))
        )


def _states(rows: Sequence[CoverageMonth]) -> dict[Month, MonthState]:
    return {row.month: row.state for row in rows}


def _leg(seat: Seat, rows: Sequence[CoverageMonth], asked: Asked | None) -> Leg:
    own = {row.month: row.state for row in rows if seat.taken_id is not None and row.sponsorship_id == seat.taken_id}
    return Leg(
        state=seat.state,
        first=seat.first_month,
        limit=seat.limit,
        gone=seat.worker.state in GONE,
        told=seat.told_at is not None,
        own=own,
        asked=asked,
    )
