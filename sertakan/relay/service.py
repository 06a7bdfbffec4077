"""The verbs of a seat. Run inside `transaction()`; lock order: sponsorship, seat, worker, months."""

from datetime import timedelta

from sqlalchemy.exc import IntegrityError

from sertakan.accounts.models import Person
from sertakan.audit.service import SYSTEM, record
from sertakan.coverage import queries as coverage
from sertakan.coverage.models import CoverageMonth
from sertakan.db import constraint_name, db
from sertakan.kit import clock
from sertakan.kit.months import Month
from sertakan.relay import letters, queries, rules
from sertakan.relay.models import Seat, SeatAsk
from sertakan.relay.rules import AskState, SeatState
from sertakan.rescue import service as rescue
from sertakan.rescue.rules import Help, said
from sertakan.sponsorships import answers as steps
from sertakan.sponsorships import refusals
from sertakan.sponsorships import rules as sponsorship_rules
from sertakan.sponsorships import service as sponsorships
from sertakan.sponsorships.models import Sponsorship

ONE_OPEN = "uq_seat_open"


def move(*, actor: str, seat: Seat, to: SeatState, reason: str | None = None) -> None:
    """The only place that sets a seat's state. An edge that the table does not have is a bug: IllegalMove."""
    before = seat.state
    rules.check_move(before, to)
    seat.state = to
    if not rules.MOVES[to]:
        seat.closed_at = clock.now()
    facts = {"state": to.value, "first_month": str(seat.first_month), "count": seat.count}
    record(
        actor=actor,
        action=f"seat.{to.value}",
        subject=letters.subject(seat),
        before={"state": before.value},
        after=facts,
        reason=reason,
    )


def move_ask(*, actor: str, ask: SeatAsk, to: AskState) -> None:
    """The only place that sets a question's state."""
    before = ask.state
    rules.check_ask(before, to)
    ask.state, ask.closed_at = to, clock.now()
    record(
        actor=actor,
        action=f"seat_ask.{to.value}",
        subject=letters.subject(ask.seat),
        before={"state": before.value},
        after={"state": to.value, "first_month": str(ask.first_month), "count": ask.count},
    )


# ---- who hands on --------------------------------------------------------------------------------------------------------------


def offer(*, giver: Person, sponsorship: Sponsorship, count: int, named: bool = False) -> tuple[Seat, str]:
    """Offer the next `count` months (1 to 12) to whoever holds the link; returns the seat and the link's raw token.

    `sponsorship` is locked. Refuses MonthsMissing, NothingToHandOn, TooManyOffers, SeatOpen, and MonthTooFar.
    """
    if not 1 <= count <= rules.MOST_MONTHS:
        raise refusals.MonthsMissing(field="count")
    months, today, now = coverage.held(sponsorship.worker_id), clock.today(), clock.now()
    start = queries.start_of(sponsorship, months, today)
    if start is None:
        raise rules.NothingToHandOn
    steps.check_months(start, 1, today)
    if queries.count_open(giver) >= rules.MOST_OPEN:
        raise rules.TooManyOffers(most=rules.MOST_OPEN)
    seat = Seat(
        worker_id=sponsorship.worker_id,
        sponsorship_id=sponsorship.id,
        giver_id=giver.id,
        first_month=start,
        count=count,
        giver_named=named,
        created_at=now,
        expires_at=now + timedelta(days=rules.OFFER_DAYS),
    )
    _add(seat)
    facts = {"first_month": str(start), "count": count, "sponsorship": sponsorship.code}
    record(actor=giver.ref, action="seat.offered", subject=letters.subject(seat), after=facts)
    return seat, letters.link(seat, rules.OFFER, rules.OFFER_DAYS)


def _add(seat: Seat) -> None:
    """The unique index decides between two who offer at once."""
    try:
        with db.session.begin_nested():
            db.session.add(seat)
    except IntegrityError as error:
        if constraint_name(error) == ONE_OPEN:
            raise rules.SeatOpen from error
        raise


def withdraw(*, actor: Person, seat: Seat) -> None:
    """Take an offer back that nobody has taken up. Refuses SeatGone, SeatOver. Twice changes nothing."""
    if seat.state is SeatState.withdrawn:
        return
    if seat.state is not SeatState.offered:
        raise rules.SeatGone if seat.state in rules.HAS_HOLDER else rules.SeatOver
    move(actor=actor.ref, seat=seat, to=SeatState.withdrawn, reason="taken back")


# ---- who comes next ------------------------------------------------------------------------------------------------------------


def hold(*, holder: Person, seat: Seat) -> str:
    """Keep an offered seat for this person for some days; returns the raw token of her own link, which is also sent to her.

    The seat is locked: of two at once the second is told. Refuses SeatGone, SeatOver, OwnSeat, TooManyHeld, NothingToHandOn.
    """
    _check_free(holder, seat)
    if queries.count_held(holder) >= rules.MOST_HELD:
        raise rules.TooManyHeld(most=rules.MOST_HELD)
    offers = queries.offers(seat, clock.today())
    if not offers:
        raise rules.NothingToHandOn
    seat.holder_id, seat.held_until = holder.id, clock.now() + timedelta(days=rules.HOLD_DAYS)
    seat.first_month, seat.told_rupiah = offers[-1].first, offers[-1].total_rupiah
    move(actor=holder.ref, seat=seat, to=SeatState.held)
    return letters.tell_held(seat, holder, offers[-1])


def _check_free(person: Person, seat: Seat) -> None:
    if seat.state in rules.HAS_HOLDER:
        raise rules.SeatGone
    if seat.state is not SeatState.offered:
        raise rules.SeatOver
    if seat.giver_id == person.id:
        raise rules.OwnSeat


def take(*, holder: Person, seat: Seat, count: int, shown: str, named: bool = False) -> tuple[Sponsorship, list[CoverageMonth]]:
    """Go to pay `count` months of a seat: a sponsorship of the holder's own with its months reserved. `seat` is locked.

    The seat is hers until the money is there or her bill is over. Refuses SeatGone, SeatOver, OwnSeat, PayingNow, NothingToHandOn,
    MonthsMissing, PriceChanged, and what `rescue.promise` refuses.
    """
    if seat.state is SeatState.offered:
        _check_free(holder, seat)
    else:
        check_holder(holder, seat)
    if queries.is_paying(seat):
        raise rules.PayingNow
    offers = queries.offers(seat, clock.today())
    if not offers:
        raise rules.NothingToHandOn
    chosen = rescue.choose(offers, count, shown)
    new, months = rescue.promise(sponsor=holder, helped=seat.sponsorship, kind=Help.relay, offer=chosen)
    seat.first_month, seat.count, seat.told_rupiah = chosen.first, chosen.count, chosen.total_rupiah
    seat.taken_id, seat.holder_id, seat.taker_named = new.id, holder.id, named
    seat.held_until = max(seat.held_until or clock.now(), clock.now() + rules.PAYING)
    if seat.state is SeatState.offered:
        move(actor=holder.ref, seat=seat, to=SeatState.held)
    return new, months


def check_holder(person: Person, seat: Seat) -> None:
    """Refuses SeatGone for everybody but the holder, SeatOver when nobody holds it any more."""
    if seat.state not in (SeatState.held, SeatState.taken):
        raise rules.SeatOver
    if seat.holder_id != person.id:
        raise rules.SeatGone


def give_back(*, holder: Person, seat: Seat) -> None:
    """The holder does not go on after all; the one who offered is told. Refuses SeatOver, SeatGone, PayingNow. Twice: nothing."""
    if seat.state is SeatState.declined and seat.holder_id == holder.id:
        return
    check_holder(holder, seat)
    if seat.state is SeatState.taken or queries.is_paying(seat):
        raise rules.PayingNow
    move(actor=holder.ref, seat=seat, to=SeatState.declined)
    letters.tell_open(seat)


def introduce(*, person: Person, seat: Seat, agrees: bool) -> None:
    """Whether this person may be named to the other one; a name is shown only when both agree, and either may take it back."""
    if seat.giver_id == person.id:
        before, seat.giver_named = seat.giver_named, agrees
    else:
        check = seat.holder_id == person.id and seat.state in rules.HAS_HOLDER
        if not check:
            raise rules.SeatOver
        before, seat.taker_named = seat.taker_named, agrees
    if before is not agrees:
        record(actor=person.ref, action="seat.named", subject=letters.subject(seat), after={"agrees": agrees})


# ---- months that fell free -----------------------------------------------------------------------------------------------------


def fill(*, holder: Person, seat: Seat, shown: str) -> tuple[Sponsorship, list[CoverageMonth]]:
    """The runner begins earlier: the free months before her seat, reserved in her own sponsorship. `seat` is locked.

    Refuses NothingToFill, PriceChanged, and MonthTaken when somebody came first.
    """
    ask = queries.find_ask(seat.id, lock=True)
    wanted = queries.asked_offer(seat, ask) if ask else None
    if ask is None or wanted is None or seat.holder_id != holder.id or seat.taken is None or not _still_stands(seat.taken):
        raise rules.NothingToFill
    if shown != said(wanted.first, wanted.total_rupiah):
        raise refusals.PriceChanged
    target = seat.taken
    sponsorships.check_worker(target.worker)
    months = sponsorships.reserve(actor=holder.ref, sponsorship=target, quote=wanted.quote)
    sponsorships.refresh_fingerprint(target)
    facts = {"first_month": str(wanted.first), "count": wanted.count, "amount_rupiah": wanted.total_rupiah}
    record(actor=holder.ref, action="sponsorship.extend", subject=sponsorships.subject(target), after=facts)
    return target, months


def _still_stands(sponsorship: Sponsorship) -> bool:
    asked = sponsorship.review_state in sponsorship_rules.OPEN_REVIEWS
    return asked or sponsorship_rules.is_open(sponsorship.review_state, sponsorship.term_state)


def pass_ask(*, holder: Person, seat: Seat) -> None:
    """The runner begins as agreed and no earlier; who handed on and the officers are told. Twice changes nothing."""
    ask = queries.find_ask(seat.id, lock=True)
    if ask is None or seat.holder_id != holder.id:
        raise rules.NothingToFill
    if ask.state is AskState.asked:
        move_ask(actor=holder.ref, ask=ask, to=AskState.passed)
        letters.tell_unfilled(ask)


def note_moved(seat: Seat, before: Month) -> None:
    """In the trail: the seat begins with another month than before."""
    facts = {"first_month": str(seat.first_month), "count": seat.count}
    record(actor=SYSTEM, action="seat.moved", subject=letters.subject(seat), before={"first_month": str(before)}, after=facts)


def note_asked(ask: SeatAsk) -> None:
    """In the trail: the runner was asked to begin earlier."""
    facts = {"first_month": str(ask.first_month), "count": ask.count}
    record(actor=SYSTEM, action="seat_ask.asked", subject=letters.subject(ask.seat), after=facts)
