"""The chain of one worker as one of her sponsors sees it: who runs which months, without a name unless both agree. Only reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

from sqlalchemy import select

from sertakan.accounts.models import Person
from sertakan.coverage.models import CoverageMonth
from sertakan.coverage.rules import HELD, MonthState
from sertakan.db import db
from sertakan.kit.errors import N_
from sertakan.kit.months import Month, span
from sertakan.relay import queries, rules
from sertakan.relay.models import Seat
from sertakan.relay.rules import SeatState
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.prices import Offer

LOOK_BACK = 6
Badge = tuple[str, str, str]  # kind, words, icon
BADGES: dict[str, Badge] = {
    "over": ("", N_("Selesai"), "history"),
    "running": ("ok", N_("Sedang berjalan"), "circle-check"),
    "paid": ("wait", N_("Sudah dibayar"), "wallet"),
    "unpaid": ("", N_("Menunggu pembayaran"), "circle-dashed"),
    "empty": ("bad", N_("Belum ada yang menanggung"), "unlink"),
    "offered": ("info", N_("Ditawarkan"), "hand-heart"),
    "held": ("wait", N_("Dipegang seseorang"), "hourglass"),
}


@dataclass(frozen=True)
class Part:
    """Some months in a row in the same hands. `who`: you, other, empty or seat; `name` only when both have agreed."""

    who: str
    first: Month
    last: Month
    badge: Badge
    name: str | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Chain:
    """What the page shows. `mine` are the seats that this sponsorship gave or took, `open` the one that is open now."""

    parts: Sequence[Part]
    mine: Sequence[Seat]
    open: Seat | None
    offers: Sequence[Offer]


def read(sponsorship: Sponsorship, today: date) -> Chain:
    """Two statements, whatever the length. Nothing of others before the request is approved (who pays is nobody's business)."""
    rows = _rows(sponsorship.worker_id)
    seats = queries.list_of_worker(sponsorship.worker_id)
    months = {row.month: row.state for row in rows}
    open_seat = next((seat for seat in seats if seat.state in rules.OPEN), None)
    mine = [seat for seat in seats if sponsorship.id in (seat.sponsorship_id, seat.taken_id)]
    return Chain(
        parts=[*_parts(sponsorship, rows, mine, today), *_seat(open_seat, months, today)],
        mine=[seat for seat in mine if seat.state in (SeatState.taken, SeatState.handed_on)],
        open=open_seat,
        offers=[] if open_seat else queries.menu(sponsorship, months, rules.MOST_MONTHS, today),
    )


def _rows(worker_id: int) -> Sequence[Any]:
    statement = (
        select(CoverageMonth.month, CoverageMonth.state, CoverageMonth.sponsorship_id, Sponsorship.sponsor_id)
        .outerjoin(Sponsorship, Sponsorship.id == CoverageMonth.sponsorship_id)
        .where(CoverageMonth.worker_id == worker_id, CoverageMonth.state.in_(HELD))
    )
    return db.session.execute(statement.order_by(CoverageMonth.month)).all()


def _parts(sponsorship: Sponsorship, rows: Sequence[Any], mine: Sequence[Seat], today: date) -> list[Part]:
    this = Month.of(today)
    begin = max(min(sponsorship.first_month, this), this + -LOOK_BACK)
    by_month = {row.month: row for row in rows if row.month >= begin}
    if not by_month:
        return []
    names = _names(sponsorship, mine)
    parts = []
    for hands, group in groupby(span(begin, max(by_month) - begin + 1), lambda month: _hands(by_month.get(month))):
        months = list(group)
        states = [by_month[month].state for month in months if month in by_month]
        who = "empty" if hands is None else "you" if hands[1] == sponsorship.sponsor_id else "other"
        name = names.get(hands[0]) if hands and hands[0] else None
        parts.append(Part(who, months[0], months[-1], BADGES[_look(months, states, this)], name))
    return parts


def _hands(row: Any) -> tuple[int | None, int | None] | None:
    """Whose months these are: the sponsorship and its sponsor; both None when they are paid outside Sertakan."""
    return None if row is None else (row.sponsorship_id, row.sponsor_id)


def _look(months: Sequence[Month], states: Sequence[MonthState], this: Month) -> str:
    if not states:
        return "empty"
    if MonthState.reserved in states:
        return "unpaid"
    if months[-1] < this:
        return "over"
    return "running" if months[0] <= this else "paid"


def _names(sponsorship: Sponsorship, mine: Sequence[Seat]) -> Mapping[int, str]:
    """By sponsorship, who has agreed to be known to this one's sponsor, and she to them."""
    names: dict[int, str] = {}
    for seat in mine:
        other = other_side(seat, sponsorship)
        if other is not None and seat.taken_id is not None and seat.giver_named and seat.taker_named:
            names[seat.taken_id if seat.sponsorship_id == sponsorship.id else seat.sponsorship_id] = other.name
    return names


def other_side(seat: Seat, sponsorship: Sponsorship) -> Person | None:
    """Who is on the other end of a seat."""
    return seat.holder if seat.sponsorship_id == sponsorship.id else seat.giver


def _seat(seat: Seat | None, months: Mapping[Month, MonthState], today: date) -> list[Part]:
    """The open seat, where it begins now."""
    if seat is None:
        return []
    first = rules.start_of(months, today) or seat.first_month
    run = rules.free_run(first, months, seat.count) or [first]
    return [Part("seat", run[0], run[-1], BADGES[seat.state.value], until=seat.limit)]
