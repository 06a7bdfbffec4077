"""What a day brings to some workers: read for many at once in a few statements, decided purely for each."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import and_, case, select

from sertakan.accounts.models import Person
from sertakan.coverage.models import IS_LIVE, CoverageMonth
from sertakan.coverage.rules import FUNDED, QUIET_DAYS, MonthState, ReminderKind, next_on, plan, standing
from sertakan.db import db
from sertakan.kit import clock
from sertakan.kit.months import Month
from sertakan.sponsorships import rules
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.reminders import Due
from sertakan.sponsorships.rules import TermState
from sertakan.workers.models import Worker, WorkerState

LOOK_BACK = 5  # months: what ended earlier has lapsed, and its last word was said
WATCHED = (TermState.running, TermState.paused, TermState.ended)
RUNNING = frozenset({TermState.running, TermState.paused})


class Promise(NamedTuple):
    """What must be known of a sponsorship to say what is due."""

    id: int
    worker_id: int
    sponsor_id: int
    term_state: TermState
    last_month: Month
    remind: bool
    muted: bool
    declined_until: date | None
    worker_state: WorkerState
    auto: bool  # it renews itself: whoever charges announces it, so nobody is asked to pay


class Paid(NamedTuple):
    """A living month of a worker, whoever pays it."""

    month: Month
    state: MonthState
    sponsorship_id: int | None
    paid_at: datetime | None  # when it was lately


@dataclass
class Day:
    """What is due: lines of the plan, sponsorships whose last month is over, and when to look at each worker next."""

    dues: list[Due] = field(default_factory=list)
    over: list[int] = field(default_factory=list)
    next_on: dict[int, date | None] = field(default_factory=dict)


def look_at(worker_ids: Sequence[int], today: date) -> Day:
    """Everything that this day brings to these workers; two statements, whatever their number."""
    promises, months = _promises(worker_ids, today), _months(worker_ids, today)
    day = Day()
    for worker_id in worker_ids:
        decide(day, worker_id, promises.get(worker_id, ()), months.get(worker_id, ()), today)
    return day


def decide(day: Day, worker_id: int, promises: Sequence[Promise], months: Sequence[Paid], today: date) -> None:
    """One worker. Only who funded the last month is asked to go on; a hole before later months is looked at every month."""
    states = {row.month: row.state for row in months}
    until = standing(states, today).covered_until
    turn = (Month.of(today) + 1).first_day
    coming: list[date | None] = []
    if until is not None:
        last = Month.of(until)
        later = rules.has_later(states, last, FUNDED)
        coming += [turn] if later else []
        promise = _last_payer(promises, months, last)
        if promise is not None:
            paid_on = _paid_on(promise, months)
            asked = [kind for kind in plan(until, paid_on, today) if not (promise.auto and kind in rules.REQUESTS)]
            day.dues += [_due(promise, kind, until, later) for kind in asked]
            coming.append(next_on(until, paid_on, today))
    for promise in promises:
        if promise.term_state in RUNNING:
            over_on = (promise.last_month + 1).first_day
            coming.append(over_on if over_on > today else turn)
            day.over += [promise.id] if over_on <= today else []
    day.next_on[worker_id] = min((found for found in coming if found is not None), default=None)


def _last_payer(promises: Iterable[Promise], months: Sequence[Paid], last: Month) -> Promise | None:
    """Whose money is the last month's, when he has none in later months."""
    payer = next((row.sponsorship_id for row in months if row.month == last and row.state in FUNDED), None)
    if payer is None or any(row.sponsorship_id == payer and row.month > last and row.state in FUNDED for row in months):
        return None
    return next((promise for promise in promises if promise.id == payer and promise.term_state in rules.TOLD_TERMS), None)


def _paid_on(promise: Promise, months: Iterable[Paid]) -> date | None:
    own = [row.paid_at for row in months if row.sponsorship_id == promise.id and row.paid_at and row.state in FUNDED]
    return clock.local(max(own)).date() if own else None


def _due(promise: Promise, kind: ReminderKind, until: date, later: bool) -> Due:
    skip = rules.why_no_reminder(
        remind=promise.remind,
        muted=promise.muted,
        worker_state=promise.worker_state,
        declined=promise.declined_until == until,
        later_months=later,
    )
    return Due(promise.id, promise.sponsor_id, promise.worker_id, kind, until, skip)


def _promises(worker_ids: Collection[int], today: date) -> Mapping[int, list[Promise]]:
    s = Sponsorship
    columns = (
        s.id,
        s.worker_id,
        s.sponsor_id,
        s.term_state,
        s.last_month,
        s.remind,
        Person.muted_at,
        s.declined_until,
        Worker.state,
        s.auto,
    )
    statement = (
        select(*columns)
        .join(Person, Person.id == s.sponsor_id)
        .join(Worker, Worker.id == s.worker_id)
        .where(s.worker_id.in_(worker_ids))
    )
    found: dict[int, list[Promise]] = {}
    earliest = Month.of(today) + -LOOK_BACK
    for row in db.session.connection().execute(statement).all():  # plain rows: nothing here becomes an object that is kept
        if row[3] in RUNNING or (row[3] in WATCHED and row[4] >= earliest):  # one that runs is watched until it ends
            found.setdefault(row[1], []).append(Promise._make([*row[:6], row[6] is not None, *row[7:]]))
    return found


def _months(worker_ids: Collection[int], today: date) -> Mapping[int, list[Paid]]:
    c = CoverageMonth
    lately_paid = clock.now() - timedelta(days=QUIET_DAYS + 1)  # only such a payment keeps the plan quiet
    lately = and_(c.worker_id == Worker.id, IS_LIVE, c.month >= Month.of(today) + -LOOK_BACK)
    statement = (
        select(Worker.id, c.month, c.state, c.sponsorship_id, case((c.paid_at >= lately_paid, c.paid_at)))
        .outerjoin_from(Worker, c, lately)  # outer: every planner begins with the workers, never with all that was lately paid
        .where(Worker.id.in_(worker_ids))
        .order_by(Worker.id, c.month)
    )
    found: dict[int, list[Paid]] = {}
    for row in db.session.connection().execute(statement).all():
        if row[1] is not None:
            found.setdefault(row[0], []).append(Paid(*row[1:]))
    return found


def still_moving(sponsorship_ids: Collection[int]) -> set[int]:
    """Those of these sponsorships with a month to which something will still happen."""
    moving = select(CoverageMonth.sponsorship_id).where(
        CoverageMonth.sponsorship_id.in_(sponsorship_ids), CoverageMonth.state.in_(rules.MOVING)
    )
    return set(db.session.scalars(moving.distinct())) if sponsorship_ids else set()
