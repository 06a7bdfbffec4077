"""The checks of rescues and seats: who helped whom is of one worker, and a seat is as far as its months."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import aliased

from sertakan.coverage.models import CoverageMonth
from sertakan.coverage.rules import LIVE
from sertakan.kit import clock
from sertakan.relay.models import Seat
from sertakan.relay.rules import SeatState
from sertakan.rescue.models import Rescue
from sertakan.rescue.rules import Help
from sertakan.sponsorships.models import Sponsorship

WATCHED = timedelta(days=1)  # the watch looks every minute; a day late, nobody watches
RUNS = (SeatState.taken, SeatState.handed_on)


def _another_worker() -> Select[Any]:
    helper, helped = aliased(Sponsorship), aliased(Sponsorship)
    return (
        select(Rescue.ref)
        .join(helper, helper.id == Rescue.sponsorship_id)
        .join(helped, helped.id == Rescue.rescued_id)
        .where(helper.worker_id != helped.worker_id)
    )


def _seat_of_another() -> Select[Any]:
    given, taken = aliased(Sponsorship), aliased(Sponsorship)
    wrong_giver = or_(given.worker_id != Seat.worker_id, given.sponsor_id != Seat.giver_id)
    wrong_taker = or_(taken.worker_id != Seat.worker_id, taken.sponsor_id != Seat.holder_id)
    joined = select(Seat.ref).join(given, given.id == Seat.sponsorship_id).outerjoin(taken, taken.id == Seat.taken_id)
    return joined.where(or_(wrong_giver, and_(Seat.taken_id.is_not(None), wrong_taker)))


def _taken_without_help() -> Select[Any]:
    known = and_(Rescue.sponsorship_id == Seat.taken_id, Rescue.rescued_id == Seat.sponsorship_id, Rescue.kind == Help.relay)
    return select(Seat.ref).where(Seat.state.in_(RUNS), ~select(Rescue.id).where(known).exists())


def _seat_nobody_watched() -> Select[Any]:
    late = clock.now() - WATCHED
    paying = and_(CoverageMonth.sponsorship_id == Seat.taken_id, CoverageMonth.state.in_(LIVE))
    held = and_(Seat.state == SeatState.held, Seat.held_until < late, ~select(CoverageMonth.id).where(paying).exists())
    return select(Seat.ref).where(or_(and_(Seat.state == SeatState.offered, Seat.expires_at < late), held))


CHECKS: dict[str, Callable[[], Select[Any]]] = {
    "a helper helps the same worker": _another_worker,
    "a seat is between two sponsors of its worker": _seat_of_another,
    "a seat that is taken is known as help": _taken_without_help,
    "a seat whose time is over is not open": _seat_nobody_watched,
}
