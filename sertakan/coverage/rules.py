"""The life of a month, and what a row of months means on a day. Pure: dates in, words out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import takewhile

from sertakan.kit import clock
from sertakan.kit.errors import N_, Refused
from sertakan.kit.months import Month, span


class MonthState(StrEnum):
    reserved = "reserved"  # promised, not paid
    paid = "paid"  # dana diterima: the money is with Sertakan
    remitted = "remitted"  # iuran disetor: paid on to BPJS
    posted = "posted"  # aktif: BPJS evidence is in; the only state that may show "Terlindungi"
    released = "released"
    refunded = "refunded"
    credited = "credited"
    bounced = "bounced"
    void = "void"


S = MonthState
MOVES: dict[MonthState, frozenset[MonthState]] = {
    S.reserved: frozenset({S.paid, S.released, S.void}),
    S.paid: frozenset({S.remitted, S.released, S.void}),
    S.remitted: frozenset({S.posted, S.bounced}),
    S.posted: frozenset(),
    S.released: frozenset({S.refunded, S.credited}),
    S.refunded: frozenset(),
    S.credited: frozenset(),
    S.bounced: frozenset({S.paid, S.released}),
    S.void: frozenset(),
}
LIVE = frozenset({S.reserved, S.paid, S.remitted, S.posted})
FUNDED = frozenset({S.paid, S.remitted, S.posted})
HELD = LIVE | {S.bounced}  # not for sale: somebody's, or its money waits until it is repaired
ENDING_DAYS = 45
ARREARS_MONTHS = 3


class IllegalMove(RuntimeError):
    """A state was about to move along an edge that the table does not have. A bug, never a person's mistake."""


class MonthTaken(Refused):
    """Somebody already promised or paid this month; never said who. `params`: `month` and `next`, the month to offer instead."""

    message = N_("Bulan %(month)s sudah ada yang menanggung. Anda bisa mulai %(next)s.")
    status = 409


class EvidenceMissing(Refused):
    message = N_("Catat bukti dari BPJS Ketenagakerjaan dulu")


def check_move(before: MonthState, after: MonthState) -> None:
    if after not in MOVES[before]:
        raise IllegalMove(f"month: {before} -> {after}")


# ---- stamps ---------------------------------------------------------------------------------------------------------------------


class Stamp(StrEnum):
    """What comes after "dana diterima" in the life of a month."""

    sent = "sent"  # iuran disetor
    posted = "posted"  # aktif
    told = "told"  # the sponsor has heard of it


@dataclass(frozen=True)
class StampLimits:
    """The longest a month may wait for each stamp (DOMAIN trap 26: forward the same day, alert after 24 hours)."""

    sent: timedelta
    posted: timedelta
    told: timedelta


def waits_since(state: MonthState, month: Month, paid_at: datetime, approved_at: datetime | None) -> datetime | None:
    """Since when an approved and paid month could have been sent on: its money, its yes, or its first day, whichever came last.

    None for a month that is not paid or not approved.
    """
    if state is not MonthState.paid or approved_at is None:
        return None
    return max(paid_at, approved_at, month_start(month))


def month_start(month: Month) -> datetime:
    """The first moment of a month in Pontianak."""
    return datetime.combine(month.first_day, time(), tzinfo=clock.ZONE)


def is_late(since: datetime | None, now: datetime, limit: timedelta) -> bool:
    """Older than its limit; exactly as old is not late yet."""
    return since is not None and now - since > limit


# ---- standing ------------------------------------------------------------------------------------------------------------------


class Standing(StrEnum):
    """Derived from the months and a day, never stored (PRODUCT 5.2)."""

    never = "never"
    future = "future"
    covered = "covered"
    ending = "ending"
    grace = "grace"
    cliff = "cliff"
    lapsed = "lapsed"


@dataclass(frozen=True)
class StandingOn:
    """`covered_until` is the last funded day (included); `unpaid_months` counts the months without funds up to this one."""

    standing: Standing
    covered_until: date | None
    unpaid_months: int
    protected: bool  # this very month has BPJS evidence


def standing(months: Iterable[tuple[Month, MonthState]] | Mapping[Month, MonthState], today: date) -> StandingOn:
    """A worker's standing on a day in Pontianak, from her months; rows that are not live are looked past.

    Funded means the money is in (paid, remitted or posted). The end day is covered, the next is not. After the last funded month
    the first and second unpaid month are grace, the third is the cliff, then lapsed (Perdir 22/2022: more than three months in
    arrears). A hole before today counts from the last funded month that is not after this one, even when later months are funded:
    it can still be paid. Once membership has lapsed it cannot, and months funded ahead are a new beginning: future.
    """
    pairs = months.items() if isinstance(months, Mapping) else months
    states = {month: state for month, state in pairs if state in FUNDED}
    this = Month.of(today)
    past = max((month for month in states if month <= this), default=None)
    ahead = min((month for month in states if month > this), default=None)
    if past == this:
        end = run_end(states, this).last_day
        return StandingOn(running(end, today), end, 0, states[this] is S.posted)
    unpaid = this - past if past else 0
    if ahead and (past is None or unpaid > ARREARS_MONTHS):
        return StandingOn(Standing.future, run_end(states, ahead).last_day, 0, False)
    if past is None:
        return StandingOn(Standing.never, None, 0, False)
    return StandingOn(arrears(unpaid), past.last_day, unpaid, False)


def running(end: date, today: date) -> Standing:
    """The word for cover that runs until `end`, included."""
    return Standing.ending if (end - today).days <= ENDING_DAYS else Standing.covered


def arrears(unpaid_months: int) -> Standing:
    """The word for one or more months without funds, this one included."""
    if unpaid_months > ARREARS_MONTHS:
        return Standing.lapsed
    return Standing.cliff if unpaid_months == ARREARS_MONTHS else Standing.grace


def owed(funded: Iterable[Month], taken: Iterable[Month], today: date) -> list[Month]:
    """The months in arrears and this one, oldest first, at most three (Perdir 22/2022; DOMAIN traps 11, 12).

    `taken` are promised or paid by anybody. When the oldest is just being paid by somebody, nothing is offered behind it: paying
    later months first would leave a hole. Nothing for cover that runs, that never began, or that has lapsed: then arrears are
    no longer owed and the worker begins anew.
    """
    this, held = Month.of(today), set(taken)
    past = last_before(funded, this)
    return [] if past is None else list(takewhile(lambda month: month not in held, span(past + 1, this - past)))


def last_before(funded: Iterable[Month], this: Month) -> Month | None:
    """The last funded month behind which arrears stand that may still be paid; None when there are no such arrears."""
    past = max((month for month in funded if month <= this), default=None)
    return past if past is not None and 0 < this - past <= ARREARS_MONTHS else None


def closes_on(covered_until: date) -> date:
    """The last day on which arrears can still be paid: that of the third unpaid month (Perdir 22/2022; DOMAIN trap 11)."""
    return (Month.of(covered_until) + ARREARS_MONTHS).last_day


def run_end(funded: Iterable[Month], start: Month) -> Month:
    """The last month of the unbroken run of funded months that begins at `start`."""
    have, month = set(funded), start
    while month + 1 in have:
        month = month + 1
    return month


def last_ending(today: date) -> Month:
    """The last month whose end makes cover "ending" on this day; the SQL twin compares months with it."""
    month = Month.of(today + timedelta(days=ENDING_DAYS))
    return month if month.last_day <= today + timedelta(days=ENDING_DAYS) else month + -1


# ---- reminders -----------------------------------------------------------------------------------------------------------------


class ReminderKind(StrEnum):
    """The messages of PRODUCT 5.7; the value is part of the message's unique key."""

    announcement = "announcement"  # nothing is needed: the next months are paid by themselves
    reminder_30 = "reminder_30"
    reminder_10 = "reminder_10"
    reminder_3 = "reminder_3"
    grace = "grace"
    rescue_25 = "rescue_25"
    rescue_50 = "rescue_50"
    cliff = "cliff"
    lapsed = "lapsed"

    @property
    def notice(self) -> str:
        """The kind of notice that carries it: both rescues are one text."""
        return self.value.partition("_")[0] if self.value.startswith("rescue") else self.value


K = ReminderKind
QUIET_DAYS = 7  # after a payment nothing is asked for a week (liberapay #1818)
CLIFF_DAYS = 15
CLOSING_DAYS = 30


@dataclass(frozen=True)
class Stage:
    """A message and the days on which it may go out, both included. A day that the clock missed is caught up inside its stage."""

    kind: ReminderKind
    from_on: date
    to_on: date


@lru_cache(maxsize=4_096)
def stages(covered_until: date, auto: bool = False) -> tuple[Stage, ...]:
    """The plan of PRODUCT 5.7 for an end of cover, oldest first and without overlap, so that one message a day is the most.

    Whoever pays by herself each month (`auto`) gets an announcement instead of the three requests.
    """
    third = Month.of(covered_until) + ARREARS_MONTHS
    starts = [
        (K.announcement if auto else K.reminder_30, covered_until - timedelta(days=30)),
        (K.reminder_10, covered_until - timedelta(days=10)),
        (K.reminder_3, covered_until - timedelta(days=3)),
        (K.grace, covered_until + timedelta(days=1)),
        (K.rescue_25, covered_until + timedelta(days=25)),
        (K.rescue_50, covered_until + timedelta(days=50)),
        (K.cliff, third.last_day - timedelta(days=CLIFF_DAYS)),
        (K.lapsed, (third + 1).first_day),
    ]
    if auto:
        starts = [start for start in starts if start[0] not in (K.reminder_10, K.reminder_3)]
    ends = [begins - timedelta(days=1) for _kind, begins in starts[1:]]
    ends.append(starts[-1][1] + timedelta(days=CLOSING_DAYS - 1))
    return tuple(Stage(kind, begins, ends_on) for (kind, begins), ends_on in zip(starts, ends, strict=True))


def plan(
    covered_until: date | None, last_paid_on: date | None, today: date, *, auto: bool = False, silent: bool = False
) -> list[ReminderKind]:
    """What is due today: one kind, or nothing. Sent once, because its notice's key names the kind and the end of cover.

    Nothing when nothing was ever funded, in the seven days after the last payment, or when `silent`: the caller says so for a
    worker who died or withdrew, or a sponsor who asked for quiet (I14). `today` is a day in Pontianak.
    """
    if covered_until is None or silent:
        return []
    if last_paid_on is not None and (today - last_paid_on).days < QUIET_DAYS:
        return []
    return [stage.kind for stage in stages(covered_until, auto) if stage.from_on <= today <= stage.to_on]


def next_on(covered_until: date, last_paid_on: date | None, today: date, *, auto: bool = False) -> date | None:
    """The first day after `today` on which `plan` says something that it does not say today; None when it has said everything.

    A stage begins, or the quiet week after a payment ends inside one. `today` is a day in Pontianak, looked at already.
    """
    quiet_until = last_paid_on + timedelta(days=QUIET_DAYS) if last_paid_on is not None else today
    coming = (max(stage.from_on, quiet_until) for stage in stages(covered_until, auto) if stage.to_on >= quiet_until)
    return min((day for day in coming if day > today), default=None)
