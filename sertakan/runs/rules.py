"""When each job is due, when its worker may be taken for dead, and when a job is late. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

DAY_BEGINS_UTC = timedelta(hours=17, minutes=5)  # 00.05 in Pontianak


class RunState(StrEnum):
    running = "running"
    done = "done"
    failed = "failed"
    stopped = "stopped"  # its worker ended without a word


@dataclass(frozen=True)
class Period:
    """How often a job is due. `slack`: how much later than due its end may come before the job counts as late. `lease`: after this a
    run that has not ended is taken for dead, and its due moment may be done again. `kept`: how long good runs are remembered.
    """

    every: timedelta
    offset: timedelta
    slack: timedelta
    lease: timedelta
    retry: timedelta  # a failed due moment is tried again after this
    kept: timedelta


def _minutes(count: int) -> timedelta:
    return timedelta(minutes=count)


MINUTE = Period(_minutes(1), _minutes(0), slack=_minutes(3), lease=_minutes(10), retry=_minutes(1), kept=_minutes(60))
FIVE = Period(_minutes(5), _minutes(0), slack=_minutes(5), lease=_minutes(10), retry=_minutes(5), kept=_minutes(360))
DAY = Period(timedelta(days=1), DAY_BEGINS_UTC, _minutes(60), lease=_minutes(30), retry=_minutes(30), kept=timedelta(days=60))
KEPT_FAILED = timedelta(days=30)
UNSEEN = timedelta(minutes=5)

SCHEDULE: dict[str, Period] = {
    "events": MINUTE,
    "files": MINUTE,
    "bank": MINUTE,
    "papers": MINUTE,
    "news": MINUTE,
    "leavers": MINUTE,
    "refunds": MINUTE,
    "autopay": MINUTE,
    "renewals": MINUTE,
    "remittance": MINUTE,
    "rescues": MINUTE,
    "seats": MINUTE,
    "reminders": MINUTE,
    "notices": MINUTE,
    "pool": FIVE,
    "expire": FIVE,
    "reconcile": FIVE,
    "limits": FIVE,
    "sweep": DAY,
    "books": DAY,
    "old_papers": DAY,
    "api_calls": DAY,
}
MOVES: dict[RunState, frozenset[RunState]] = {
    RunState.running: frozenset({RunState.done, RunState.failed, RunState.stopped}),
    RunState.done: frozenset(),
    RunState.failed: frozenset(),
    RunState.stopped: frozenset(),
}


def last_due(period: Period, now: datetime) -> datetime:
    """The newest moment at or before `now` at which the job is due; whole periods of UTC, shifted by the offset."""
    start = datetime(2020, 1, 1, tzinfo=UTC) + period.offset
    return start + (now - start) // period.every * period.every


def next_due(period: Period, now: datetime) -> datetime:
    return last_due(period, now) + period.every


def claim_of(name: str, due_at: datetime) -> str:
    """What only one run may hold at a time."""
    return f"{name} {due_at.astimezone(UTC):%Y-%m-%dT%H:%M}"


def may_take_over(period: Period, state: RunState, started_at: datetime, now: datetime) -> bool:
    """Whether a due moment that a run holds already may be done again: its worker died, or it failed some time ago."""
    if state is RunState.running:
        return now - started_at > period.lease
    return state is RunState.failed and now - started_at >= period.retry


def is_late(period: Period, good_from: datetime | None, now: datetime) -> bool:
    """Whether the newest due moment whose slack has passed went by without a good run. `good_from` is the start of the last good one.

    A job that never ran is late.
    """
    return good_from is None or good_from < last_due(period, now - period.slack)


def is_dead(period: Period, state: RunState, started_at: datetime, now: datetime) -> bool:
    """A run that has not ended and is older than its lease."""
    return state is RunState.running and now - started_at > period.lease


def sign_of(period: Period, state: RunState, started_at: datetime, ended_at: datetime | None, now: datetime) -> datetime:
    """When a run last showed that its worker lives: its end, its start, or this moment while it may still be at work."""
    if state is RunState.running and not is_dead(period, state, started_at, now):
        return now
    return ended_at or started_at


def worker_seen(last_sign: datetime | None, now: datetime) -> bool:
    return last_sign is not None and now - last_sign <= UNSEEN
