"""The two machines of a sponsorship and what follows from its months. Pure: no page, no table.

The review and the term never wait for each other's name (PRODUCT 5.2). What a resident answers is in
`answers`, every no in `refusals`.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from sertakan.coverage.rules import FUNDED, LIVE, IllegalMove, MonthState, ReminderKind, last_before, run_end
from sertakan.kit.errors import N_
from sertakan.kit.months import Month
from sertakan.notices.rules import MUTED
from sertakan.sponsorships.answers import DEFAULT_MONTHS, HORIZON_MONTHS, PRESETS, Answers
from sertakan.sponsorships.refusals import AlreadyClosed, AlreadyDecided, LinkOver
from sertakan.workers.rules import GONE

__all__ = ["DEFAULT_MONTHS", "HORIZON_MONTHS", "PRESETS", "AlreadyClosed", "AlreadyDecided", "Answers", "LinkOver"]


class ReviewState(StrEnum):
    submitted = "submitted"
    needs_info = "needs_info"
    approved = "approved"
    rejected = "rejected"
    withdrawn = "withdrawn"


class TermState(StrEnum):
    waiting = "waiting"  # not running yet: money or approval is missing
    running = "running"
    paused = "paused"
    cancelled = "cancelled"
    terminated = "terminated"
    ended = "ended"


R, T = ReviewState, TermState
REVIEW_MOVES: dict[ReviewState, frozenset[ReviewState]] = {
    R.submitted: frozenset({R.needs_info, R.approved, R.rejected, R.withdrawn}),
    R.needs_info: frozenset({R.submitted, R.rejected, R.withdrawn}),
    R.approved: frozenset(),
    R.rejected: frozenset(),
    R.withdrawn: frozenset(),
}
TERM_MOVES: dict[TermState, frozenset[TermState]] = {
    T.waiting: frozenset({T.running, T.cancelled}),
    T.running: frozenset({T.paused, T.cancelled, T.terminated, T.ended}),
    T.paused: frozenset({T.running, T.cancelled, T.terminated, T.ended}),
    T.cancelled: frozenset(),
    T.terminated: frozenset(),
    T.ended: frozenset(),
}
OPEN_TERMS = frozenset({T.waiting, T.running, T.paused})
OPEN_REVIEWS = frozenset({R.submitted, R.needs_info})
RISK_VERSION = "2026-11"
CONSENT_VERSION = "2026-11"
DRAFT_DAYS = 7
UNPAID_DAYS = 7
LINK_DAYS = 30
HOLD_MINUTES = 30  # while she fills in the form; longer once she pays
PAYING_MINUTES = 90
LOOKS = ("covered", "processing", "arrears", "lapsed", "unpaid", "past")
RENEW = "renew"  # the purpose of a link that can pay, and can read no NIK


# ---- the two machines ----------------------------------------------------------------------------------------------------------


def check_review(before: ReviewState, after: ReviewState) -> None:
    """Refuses AlreadyDecided when the review is over; any other missing edge is a bug."""
    if after in REVIEW_MOVES[before]:
        return
    if not REVIEW_MOVES[before]:
        raise AlreadyDecided
    raise IllegalMove(f"review: {before} -> {after}")


def check_term(before: TermState, after: TermState) -> None:
    """Refuses AlreadyClosed when the term is over; any other missing edge is a bug."""
    if after in TERM_MOVES[before]:
        return
    if not TERM_MOVES[before]:
        raise AlreadyClosed
    raise IllegalMove(f"term: {before} -> {after}")


def is_open(review: ReviewState, term: TermState) -> bool:
    """Whether months may still be added to this very sponsorship."""
    return review is R.approved and term in OPEN_TERMS


MOVING = frozenset({MonthState.reserved, MonthState.paid, MonthState.remitted, MonthState.bounced})


def months_are_final(states: Iterable[MonthState]) -> bool:
    """Nothing more will happen to any of these months."""
    return not MOVING.intersection(states)


# ---- what was decided on -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Seen:
    """What an officer judges. When any of it changes, the decision no longer stands (I6)."""

    sponsor_ref: str
    worker_ref: str
    nik_hash: str
    worker_name: str
    typed_name: str
    born_on: date
    occupation_code: str
    employs_others: bool
    payer_kind: str
    package: str
    base_rupiah: int
    answer: str | None


def fingerprint(seen: Seen, months: Iterable[tuple[Month, int]]) -> str:
    """SHA-256, hex, of what is judged and of the months with their prices in whole rupiah, in any order."""
    words: dict[str, Any] = vars(seen) | {"born_on": seen.born_on.isoformat()}
    words["months"] = sorted((str(month), price) for month, price in months)
    return hashlib.sha256(json.dumps(words, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


# ---- going on ------------------------------------------------------------------------------------------------------------------


def next_start(states: Mapping[Month, MonthState], today: date) -> Month:
    """The month with which to go on, so that no hole is left (traps 11, 12): the oldest in arrears, else the first free one from
    this month on. `states` are months that are not for sale, those in repair included.

    Cover that has yet to begin goes on after its first run: what lies before its beginning is no hole. Arrears of more than three
    months are no longer owed: then this month is a new beginning.
    """
    month = Month.of(today)
    past = last_before((held for held, state in states.items() if state in FUNDED), month)
    if past is not None:
        month = past
    elif states and min(states) > month:
        month = min(states)
    while month in states:
        month = month + 1
    return month


def last_funded(months: Mapping[Month, MonthState]) -> Month | None:
    return max((month for month, state in months.items() if state in FUNDED), default=None)


def has_later(months: Mapping[Month, MonthState], after: Month, states: frozenset[MonthState] = LIVE) -> bool:
    """Whether anybody, known or not, has promised or paid (or as `states` say) a month after this one."""
    return any(month > after and state in states for month, state in months.items())


def protects(review: ReviewState, today: date, months: Mapping[Month, MonthState]) -> bool:
    """Only BPJS evidence for this very month may say "Terlindungi" (DOMAIN trap 26)."""
    return months.get(Month.of(today)) is MonthState.posted and review is not R.rejected


def posted_run(states: Mapping[Month, MonthState], today: date) -> date | None:
    """The last day of the unbroken run of months with BPJS evidence that holds this one; None when this month has none."""
    posted = [month for month, state in states.items() if state is MonthState.posted]
    this = Month.of(today)
    return run_end(posted, this).last_day if this in posted else None


def look(states: Mapping[Month, MonthState], month: Month, first: Month, today: date) -> str:
    """The word of the ribbon for one month (UX section 0, 12): covered, processing, arrears, lapsed, unpaid, past."""
    state, this = states.get(month), Month.of(today)
    if state is MonthState.posted:
        return "covered"
    if state in FUNDED:
        return "processing"
    if month > this or state is MonthState.reserved:
        return "unpaid"
    funded = [other for other, word in states.items() if word in FUNDED]
    begun = month >= first and any(other < month for other in funded)
    if month == this:
        return "arrears" if begun else "unpaid"
    past = last_before(funded, this)
    if begun and past is not None and month > past:
        return "arrears"  # it can still be paid, so nothing is lost yet
    return "lapsed" if begun else "past"


# ---- reminders -----------------------------------------------------------------------------------------------------------------


class Audience(StrEnum):
    """Whom a line of the plan is for (PRODUCT 5.7)."""

    sponsor = "sponsor"
    worker = "worker"
    staff = "staff"


class ReminderState(StrEnum):
    due = "due"  # to be written at the next look
    queued = "queued"  # stands in a message; whether that went out is told by the message
    listed = "listed"  # for officers to see and to call: there is no channel of its own
    skipped = "skipped"  # not told, with a reason


REMINDER_MOVES: dict[ReminderState, frozenset[ReminderState]] = {
    ReminderState.due: frozenset({ReminderState.queued, ReminderState.skipped}),
    ReminderState.queued: frozenset({ReminderState.due, ReminderState.skipped}),
    ReminderState.listed: frozenset({ReminderState.skipped}),
    ReminderState.skipped: frozenset(),
}
A, K = Audience, ReminderKind
AUDIENCES: dict[ReminderKind, tuple[Audience, ...]] = {
    K.announcement: (A.sponsor,),
    K.reminder_30: (A.sponsor,),
    K.reminder_10: (A.sponsor, A.worker),
    K.reminder_3: (A.sponsor, A.staff),
    K.grace: (A.sponsor, A.worker, A.staff),
    K.rescue_25: (A.sponsor, A.worker, A.staff),
    K.rescue_50: (A.sponsor, A.worker, A.staff),
    K.cliff: (A.sponsor, A.worker, A.staff),
    K.lapsed: (A.sponsor, A.worker, A.staff),
}
YOUNG = timedelta(hours=24)  # nothing about what was made less than a day ago (I14)

# why a reminder was not told; kept on its row and shown to officers
GONE_WORKER = N_("pekerja meninggal atau keluar")
OFF = N_("penanggung memilih tanpa pengingat")
LATER_MONTHS = N_("bulan berikutnya sudah ada yang menanggung")
RENEWED = N_("sudah diperpanjang")
DECLINED = N_("penanggung tidak melanjutkan")
CLOSED = N_("dukungan sudah berhenti")
ANNOUNCED = N_("diperpanjang otomatis dan diumumkan tersendiri")
REQUESTS = frozenset({K.reminder_30, K.reminder_10, K.reminder_3})  # not for what renews itself
TOLD_TERMS = frozenset({T.running, T.ended})


def check_reminder(before: ReminderState, after: ReminderState) -> None:
    if after not in REMINDER_MOVES[before]:
        raise IllegalMove(f"reminder: {before} -> {after}")


def why_no_reminder(
    *,
    remind: bool,
    muted: bool,
    worker_state: str,
    later_months: bool,
    declined: bool = False,
    audience: Audience = A.sponsor,
) -> str | None:
    """The reason why a due reminder is not told (I14); None when it may be. The sponsor's quiet binds her messages alone."""
    if worker_state in GONE:
        return GONE_WORKER
    if later_months:
        return LATER_MONTHS
    if audience is not A.sponsor:
        return None
    if muted:
        return MUTED
    if declined:
        return DECLINED
    return None if remind else OFF
