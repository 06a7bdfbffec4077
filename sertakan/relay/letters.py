"""What the people around a seat are told, each once and nobody by name. Written inside the transaction that it tells of."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from sertakan.accounts.models import Person
from sertakan.accounts.permissions import Role
from sertakan.coverage.rules import month_start
from sertakan.db import db
from sertakan.kit.months import Month, span
from sertakan.notices import service as notices
from sertakan.notices.links import absolute
from sertakan.relay import rules
from sertakan.relay.models import Seat, SeatAsk
from sertakan.sponsorships import links
from sertakan.sponsorships import queries as sponsorships
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.prices import Offer

OFFICERS = (Role.officer, Role.supervisor)


def subject(seat: Seat) -> str:
    """How the trail and the messages name it."""
    return f"seat:{seat.ref}"


def link(seat: Seat, purpose: str, days: int) -> str:
    """A link to this seat; its raw token, stored nowhere."""
    sponsorship = db.session.get_one(Sponsorship, seat.sponsorship_id)
    return links.make_link(sponsorship=sponsorship, purpose=purpose, days=days, detail={rules.SEAT: seat.ref})


def _queue(seat: Seat, kind: str, person: Person, key: str = "", **facts: object) -> None:
    """`key` tells apart what one seat may be told about more than once."""
    name = f"{kind}:{seat.ref}{':' if key else ''}{key}"
    notices.queue(key=name, kind=kind, subject=subject(seat), person=person, context=facts)


def _chain(seat: Seat) -> str:
    return absolute("relay.chain", seat.giver.locale, code=seat.sponsorship.code)


def _holder(seat: Seat) -> Person:
    assert seat.holder_id is not None
    return db.session.get_one(Person, seat.holder_id)


# ---- the next one --------------------------------------------------------------------------------------------------------------


def tell_held(seat: Seat, holder: Person, offer: Offer) -> str:
    """The seat is hers for some days. Returns the raw token of her own link."""
    token = link(seat, rules.TURN, rules.HOLD_DAYS)
    url = absolute("relay.turn", holder.locale, token=token)
    _queue(seat, "seat_held", holder, months=offer.quote.months, amount=offer.total_rupiah, until=seat.held_until, url=url)
    return token


def tell_moved(seat: Seat, offer: Offer) -> None:
    """The months of a held seat have moved, since others were promised or fell free before it."""
    holder = _holder(seat)
    url = absolute("relay.turn", holder.locale, token=link(seat, rules.TURN, rules.HOLD_DAYS))
    _queue(seat, "seat_moved", holder, str(offer.first), months=offer.quote.months, amount=offer.total_rupiah, url=url)


def tell_over(seat: Seat) -> None:
    """The seat that she held, or had taken, is no longer there."""
    if seat.holder_id is not None:
        _queue(seat, "seat_over", _holder(seat), month=seat.first_month)


def tell_asked(ask: SeatAsk, offer: Offer) -> None:
    """Months before her own fell free: would she begin there?"""
    seat = ask.seat
    holder, taken = _holder(seat), seat.taken
    assert taken is not None
    url = absolute("relay.turn", holder.locale, token=link(seat, rules.TURN, rules.ASK_DAYS))
    facts = {"code": taken.code, "months": offer.quote.months, "amount": offer.total_rupiah, "until": ask.until_at, "url": url}
    _queue(seat, "seat_ask", holder, str(ask.first_month), **facts)


# ---- the one before, and both --------------------------------------------------------------------------------------------------


def tell_open(seat: Seat) -> None:
    """The one who handed on learns that nobody comes after her now. Never who it was."""
    _queue(seat, "seat_open", seat.giver, code=seat.sponsorship.code, month=seat.first_month, url=_chain(seat))


def tell_turn(seat: Seat) -> None:
    """Before the last month of the one ends, both hear that the baton passes."""
    given, taken, stale = seat.sponsorship, seat.taken, _stale(seat.first_month)
    assert taken is not None
    worker = sponsorships.display_name(given)
    facts = {"code": given.code, "worker": worker, "month": seat.first_month, "url": _chain(seat)}
    notices.queue(
        key=f"hand_over:{seat.ref}", kind="hand_over", subject=subject(seat), person=seat.giver, context=facts, stale_at=stale
    )
    holder = _holder(seat)
    facts = {
        "code": taken.code,
        "worker": sponsorships.display_name(taken),
        "month": seat.first_month,
        "url": absolute("relay.chain", holder.locale, code=taken.code),
    }
    notices.queue(
        key=f"your_turn:{seat.ref}", kind="your_turn", subject=subject(seat), person=holder, context=facts, stale_at=stale
    )


def _stale(first: Month) -> datetime:
    """Once the new leg has run for a week, its beginning is no news."""
    return month_start(first) + timedelta(days=rules.TURN_DAYS)


def tell_unfilled(ask: SeatAsk) -> None:
    """Months stand empty between two sponsors: the first one and every officer are told, without a name."""
    seat, months = ask.seat, span(ask.first_month, ask.count)
    for person, url in [(seat.giver, _chain(seat)), *_officers(seat)]:
        _queue(
            seat, "seat_unfilled", person, f"{ask.first_month}:{person.id}", code=seat.sponsorship.code, months=months, url=url
        )


def _officers(seat: Seat) -> Sequence[tuple[Person, str]]:
    found = select(Person).where(Person.role.in_(OFFICERS), Person.disabled_at.is_(None)).order_by(Person.id)
    ref = seat.worker.ref
    return [(one, absolute("gaps.detail", one.locale, ref=ref)) for one in db.session.scalars(found)]


def stop(seat: Seat, reason: str) -> None:
    """What waits to be sent about a seat that is over is not sent."""
    notices.skip_waiting_about(subject=subject(seat), reason=reason)
