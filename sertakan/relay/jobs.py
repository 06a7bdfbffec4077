"""The watch over seats: a look at every living one; what is due for it is done in a transaction of its own, on rows read again.

Running it twice, late or in two processes changes nothing more.
"""

import logging
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

from sertakan.audit.service import SYSTEM
from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.relay import letters, queries, rules, service
from sertakan.relay.models import Seat, SeatAsk
from sertakan.relay.queries import Look
from sertakan.relay.rules import AskState, SeatState, Step

log = logging.getLogger("sertakan.relay")


def watch() -> dict[str, int]:
    """Do what is due; returns how many of each step, failures included. A seat may take several steps one after another."""
    done: Counter[str] = Counter()
    for seat_id in [look.seat_id for look in queries.looks() if _due(look) is not None]:
        try:
            while (step := _act(seat_id)) is not None:
                done[step.value] += 1
        except Exception:
            log.exception("seat %s: the look failed", seat_id)
            done["failed"] += 1
    return dict(done)


def _due(look: Look) -> Step | None:
    return rules.next_step(look.leg, look.months, clock.today(), clock.now())


def _act(seat_id: int) -> Step | None:
    """One step of one seat, decided again under its lock; None when nothing is due."""
    with transaction():
        seat = queries.get(seat_id, lock=True)
        look = queries.look_at(seat)
        step = _due(look)
        if step is not None:
            VERBS[step](seat, look)
        return step


# ---- the verbs -----------------------------------------------------------------------------------------------------------------


def _paid(seat: Seat, look: Look) -> None:
    """The money for the seat is in. That months were paid by somebody is told to the one before by the rescue's own message."""
    months = sorted(look.leg.own)
    seat.first_month, seat.count = months[0], len(months)
    service.move(actor=SYSTEM, seat=seat, to=SeatState.taken)


def _expire(seat: Seat, _look: Look) -> None:
    """Nobody came, or whoever held it did not pay in time: both are told, and another may be offered."""
    service.move(actor=SYSTEM, seat=seat, to=SeatState.expired, reason="its time is over")
    letters.stop(seat, "its time is over")
    letters.tell_over(seat)
    letters.tell_open(seat)


def _close(seat: Seat, look: Look) -> None:
    """The worker is gone, cover has lapsed, or the months that were taken were given up. About a worker who is gone nobody is told."""
    taken = seat.state is SeatState.taken
    service.move(
        actor=SYSTEM, seat=seat, to=SeatState.withdrawn, reason="gone" if look.leg.gone else "given up" if taken else "over"
    )
    letters.stop(seat, "the seat is over")
    ask = queries.find_ask(seat.id, lock=True)
    if ask is not None and ask.state is AskState.asked:
        service.move_ask(actor=SYSTEM, ask=ask, to=AskState.dropped)
    if look.leg.gone:
        return
    if not taken:
        letters.tell_over(seat)
    letters.tell_open(seat)


def _move(seat: Seat, _look: Look) -> None:
    """Others were promised, or fell free, before an open seat: it begins where it can begin now, and its holder is told the price."""
    offers = queries.offers(seat, clock.today())
    if not offers:
        _close(seat, _look)
        return
    before, offer = seat.first_month, offers[-1]
    seat.first_month = offer.first
    service.note_moved(seat, before)
    if seat.state is SeatState.held:
        seat.told_rupiah = offer.total_rupiah
        letters.tell_moved(seat, offer)


def _ask(seat: Seat, look: Look) -> None:
    """Months before a taken seat fell free: its runner is asked to begin there, so that none is silently empty."""
    hole = rules.hole_before(seat.first_month, look.months, clock.today())
    until = clock.now() + timedelta(days=rules.ASK_DAYS)
    ask = SeatAsk(seat=seat, first_month=hole[0], count=len(hole), until_at=until, created_at=clock.now())
    db.session.add(ask)
    db.session.flush()
    service.note_asked(ask)
    offer = queries.asked_offer(seat, ask)
    assert offer is not None
    letters.tell_asked(ask, offer)


def _filled(seat: Seat, look: Look) -> None:
    """The empty months are paid. When the runner did it, her leg begins with them."""
    ask = queries.find_ask(seat.id, lock=True)
    assert ask is not None
    service.move_ask(actor=SYSTEM, ask=ask, to=AskState.filled)
    if ask.first_month in look.leg.own:
        before, seat.first_month = seat.first_month, ask.first_month
        seat.count += ask.count
        service.note_moved(seat, before)


def _unanswered(seat: Seat, _look: Look) -> None:
    """No answer in time: the months show as a gap, and the one before and the officers are told."""
    ask = queries.find_ask(seat.id, lock=True)
    assert ask is not None
    service.move_ask(actor=SYSTEM, ask=ask, to=AskState.expired)
    letters.tell_unfilled(ask)


def _hand_on(seat: Seat, _look: Look) -> None:
    service.move(actor=SYSTEM, seat=seat, to=SeatState.handed_on)


def _tell(seat: Seat, _look: Look) -> None:
    seat.told_at = clock.now()
    letters.tell_turn(seat)


VERBS: dict[Step, Callable[[Seat, Look], None]] = {
    Step.paid: _paid,
    Step.expire: _expire,
    Step.close: _close,
    Step.move: _move,
    Step.ask: _ask,
    Step.filled: _filled,
    Step.unanswered: _unanswered,
    Step.hand_on: _hand_on,
    Step.tell: _tell,
}
