"""The life of a month, and what a row of months means on a day. Pure: dates in, words out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sertakan.kit.errors import N_, Refused
from sertakan.kit.months import Month


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
ENDING_DAYS = 45
ARREARS_MONTHS = 3


class IllegalMove(RuntimeError):
    """A state was about to move along an edge that the table does not have. A bug, never a person's mistake."""


class MonthTaken(Refused):
    message = N_("Bulan %(month)s sudah ada yang menanggung. Pilih bulan lain.")


def check_move(before: MonthState, after: MonthState) -> None:
    if after not in MOVES[before]:
        raise IllegalMove(f"month: {before} -> {after}")


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
    """A worker's standing on a day in Pontianak from her live months.

    Funded means the money is in (paid, remitted or posted). The end day is covered, the next is not. After the last funded month:
    first and second unpaid month are grace, the third is the cliff, then lapsed (Perdir 22/2022: more than three months in arrears).
    A hole before today counts from the last funded month that is not after this one.
    """
    states = dict(months.items() if isinstance(months, Mapping) else months)
    funded = sorted(month for month, state in states.items() if state in FUNDED)
    this = Month.of(today)
    if not funded:
        return StandingOn(Standing.never, None, 0, False)
    protected = states.get(this) is MonthState.posted
    past = [month for month in funded if month <= this]
    if not past:
        return StandingOn(Standing.future, run_end(funded, funded[0]).last_day, 0, False)
    if past[-1] == this:
        end = run_end(funded, this).last_day
        word = Standing.ending if (end - today).days <= ENDING_DAYS else Standing.covered
        return StandingOn(word, end, 0, protected)
    unpaid = this - past[-1]
    word = Standing.grace if unpaid < ARREARS_MONTHS else Standing.cliff if unpaid == ARREARS_MONTHS else Standing.lapsed
    return StandingOn(word, past[-1].last_day, unpaid, False)


def run_end(funded: Iterable[Month], start: Month) -> Month:
    """The last month of the unbroken run of funded months that begins at `start`."""
    have, month = set(funded), start
    while month + 1 in have:
        month = month + 1
    return month
