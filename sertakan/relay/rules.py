"""The machine of a seat, and what is due for it at a moment. Pure: rows in, a step out (PRODUCT idea 2, 5.5)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from sertakan.coverage.rules import FUNDED, IllegalMove, MonthState, Standing, standing
from sertakan.kit.errors import N_, Refused
from sertakan.kit.months import Month, span
from sertakan.sponsorships.rules import PRESETS, next_start

OFFER_DAYS = 30
HOLD_DAYS = 3
ASK_DAYS = 5
TURN_DAYS = 7  # before the last month in the hands of the one before ends
MOST_OPEN = 10  # seats that one person offers at a time; of one worker it is one
MOST_HELD = 3
MOST_MONTHS = 12
PAYING = timedelta(days=1)  # a seat whose holder went to pay stays hers at least so long
SEAT = "seat"  # in a link's detail: the ref of the seat that it is for
OFFER, TURN = "relay", "turn"  # purposes of links: to pass on to anybody; the holder's own


class SeatState(StrEnum):
    offered = "offered"
    held = "held"  # by a person, for a limited time
    taken = "taken"  # her months are paid
    handed_on = "handed_on"  # they have begun
    expired = "expired"
    withdrawn = "withdrawn"
    declined = "declined"


class AskState(StrEnum):
    """Months that fell free before a taken seat: its runner is asked to begin earlier."""

    asked = "asked"
    filled = "filled"
    passed = "passed"  # she said no
    expired = "expired"
    dropped = "dropped"  # there is nothing to ask any more


S, A = SeatState, AskState
MOVES: dict[SeatState, frozenset[SeatState]] = {
    S.offered: frozenset({S.held, S.expired, S.withdrawn}),
    S.held: frozenset({S.taken, S.expired, S.withdrawn, S.declined}),
    S.taken: frozenset({S.handed_on, S.withdrawn}),
    S.handed_on: frozenset(),
    S.expired: frozenset(),
    S.withdrawn: frozenset(),
    S.declined: frozenset(),
}
ASK_MOVES: dict[AskState, frozenset[AskState]] = {
    A.asked: frozenset({A.filled, A.passed, A.expired, A.dropped}),
    A.filled: frozenset(),
    A.passed: frozenset(),
    A.expired: frozenset(),
    A.dropped: frozenset(),
}
OPEN = frozenset({S.offered, S.held})
LIVING = OPEN | {S.taken}
HAS_HOLDER = frozenset({S.held, S.taken, S.handed_on, S.declined})


# ---- refusals ------------------------------------------------------------------------------------------------------------------


class NothingToHandOn(Refused):
    message = N_("Estafet belum bisa diserahkan sekarang. Bila ada bulan yang menunggak, mintalah bantuan untuk bulan itu dulu.")
    status = 409


class SeatOpen(Refused):
    message = N_("Sudah ada satu kursi yang ditawarkan untuk pekerja ini. Tarik dulu, atau tunggu sampai diambil.")
    status = 409


class TooManyOffers(Refused):
    message = N_("Anda sudah menawarkan %(most)s kursi. Tunggu sampai ada yang diambil, atau tarik salah satunya.")
    status = 409


class TooManyHeld(Refused):
    message = N_("Anda sudah memegang %(most)s kursi. Bayar atau lepaskan salah satunya dulu.")
    status = 409


class SeatGone(Refused):
    message = N_("Kursi ini sudah dipegang orang lain. Terima kasih sudah datang.")
    status = 409


class SeatOver(Refused):
    message = N_("Kursi ini sudah tidak ditawarkan lagi.")
    status = 409


class OwnSeat(Refused):
    message = N_("Ini kursi yang Anda tawarkan sendiri. Untuk melanjutkan sendiri, pakailah Perpanjang.")
    status = 409


class PayingNow(Refused):
    message = N_("Tagihannya masih terbuka. Tunggu sampai tagihan itu dibayar atau kedaluwarsa.")
    status = 409


class NothingToFill(Refused):
    message = N_("Bulan itu sudah ada yang menanggung, atau waktunya sudah lewat. Anda tidak perlu melakukan apa-apa.")
    status = 409


# ---- the two machines ----------------------------------------------------------------------------------------------------------


def check_move(before: SeatState, after: SeatState) -> None:
    """An edge that the table does not have is a bug: IllegalMove. Pages ask `is_...` and refuse with words before."""
    if after not in MOVES[before]:
        raise IllegalMove(f"seat: {before} -> {after}")


def check_ask(before: AskState, after: AskState) -> None:
    if after not in ASK_MOVES[before]:
        raise IllegalMove(f"ask: {before} -> {after}")


# ---- months --------------------------------------------------------------------------------------------------------------------


def start_of(months: Mapping[Month, MonthState], today: date) -> Month | None:
    """The month with which the next sponsor begins: the first free one after what is promised, never leaving a hole.

    `months` are the live ones. None for cover that never began and from the second unpaid month on: then rescue comes first.
    """
    now = standing(months, today)
    if now.standing in (Standing.never, Standing.lapsed) or now.unpaid_months > 1:
        return None
    return next_start(months, today)


def free_run(first: Month, live: Collection[Month], most: int) -> list[Month]:
    """The unbroken free months from `first` on, at most so many: what lies behind another's months is not on offer."""
    run: list[Month] = []
    for month in span(first, most):
        if month in live:
            break
        run.append(month)
    return run


def counts(longest: int) -> list[int]:
    """The lengths offered, the longest last: the usual ones that fit, and all."""
    return sorted({count for count in PRESETS if count < longest} | {longest}) if longest else []


def hole_before(first: Month, live: Collection[Month], today: date) -> list[Month]:
    """The free months right before `first` that can still be paid ahead, oldest first; this month is one of them."""
    hole: list[Month] = []
    month, this = first + -1, Month.of(today)
    while month >= this and month not in live:
        hole.insert(0, month)
        month = month + -1
    return hole


def turn_on(first: Month) -> date:
    """The day from which both are reminded that the baton passes."""
    return (first + -1).last_day - timedelta(days=TURN_DAYS)


# ---- what is due ---------------------------------------------------------------------------------------------------------------


class Step(StrEnum):
    """What a look at a seat finds to do."""

    paid = "paid"
    expire = "expire"
    close = "close"
    move = "move"
    ask = "ask"
    filled = "filled"
    unanswered = "unanswered"
    hand_on = "hand_on"
    tell = "tell"


@dataclass(frozen=True)
class Asked:
    """The newest question about months before a seat."""

    state: AskState
    months: list[Month]
    until: datetime


@dataclass(frozen=True)
class Leg:
    """What decides about a seat. `own` are the live months of the sponsorship that took it, none before that."""

    state: SeatState
    first: Month
    limit: datetime  # of the offer, or of the hold
    gone: bool  # the worker died or left
    told: bool  # both know that the baton passes
    own: Mapping[Month, MonthState]
    asked: Asked | None = None


def next_step(leg: Leg, months: Mapping[Month, MonthState], today: date, now: datetime) -> Step | None:
    """The one thing due now, None for nothing. `months` are all live months of the worker, whoever pays."""
    if leg.state in OPEN:
        return _step_of_open(leg, start_of(months, today), now)
    if leg.state is not S.taken:
        return None
    if leg.gone or not leg.own:
        return Step.close
    return _step_of_ask(leg, months, today, now) or _step_of_turn(leg, today)


def _step_of_open(leg: Leg, start: Month | None, now: datetime) -> Step | None:
    if leg.own:  # the holder went to pay: money, or the end of her bill, decides
        return Step.paid if FUNDED.intersection(leg.own.values()) else None
    if leg.gone or start is None:
        return Step.close
    if now >= leg.limit:
        return Step.expire
    return Step.move if start != leg.first else None


def _step_of_ask(leg: Leg, months: Mapping[Month, MonthState], today: date, now: datetime) -> Step | None:
    asked = leg.asked
    if asked and asked.state is A.asked:
        found = [months.get(month) for month in asked.months]
        if all(state in FUNDED for state in found):
            return Step.filled
        if any(found):  # somebody went to pay
            return None
        return Step.unanswered if now >= asked.until else None
    hole = hole_before(leg.first, months, today)
    if hole and (asked is None or asked.months[0] != hole[0]):
        return Step.ask
    return None


def _step_of_turn(leg: Leg, today: date) -> Step | None:
    if Month.of(today) >= leg.first:
        return Step.hand_on
    return Step.tell if not leg.told and today >= turn_on(leg.first) else None
