"""How the jobs do: what pages and probes read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, func, select

from sertakan.db import db
from sertakan.kit import clock
from sertakan.runs import rules
from sertakan.runs.models import JobRun
from sertakan.runs.rules import SCHEDULE, RunState

DAY = timedelta(days=1)


@dataclass(frozen=True)
class JobHealth:
    """One job: its newest run, whether it is late, its next due moment, and how many of its runs went wrong since yesterday."""

    name: str
    last: JobRun | None
    late: bool
    dead: bool
    next_at: datetime
    errors: int
    fault: str | None  # the reference of the newest error since yesterday

    @property
    def length(self) -> timedelta | None:
        return self.last.ended_at - self.last.started_at if self.last and self.last.ended_at else None

    @property
    def ok(self) -> bool:
        return not (self.late or self.dead)


@dataclass(frozen=True)
class Health:
    """All jobs. Without a living worker nothing that the clock makes due is done."""

    jobs: Sequence[JobHealth]
    seen_at: datetime | None
    seen: bool

    @property
    def ok(self) -> bool:
        return self.seen and all(job.ok for job in self.jobs)


def _newest() -> dict[str, JobRun]:
    """The newest run of each job."""
    ids = select(func.max(JobRun.id)).group_by(JobRun.name)
    return {run.name: run for run in db.session.scalars(select(JobRun).where(JobRun.id.in_(ids))) if run.name in SCHEDULE}


def _sign(newest: Iterable[JobRun], now: datetime) -> datetime | None:
    signs = [rules.sign_of(SCHEDULE[run.name], run.state, run.started_at, run.ended_at, now) for run in newest]
    return max(signs, default=None)


def worker_sign() -> datetime | None:
    """The newest sign of a living worker; one statement."""
    return _sign(_newest().values(), clock.unmoved())


def worker_seen() -> bool:
    return rules.worker_seen(worker_sign(), clock.unmoved())


def health() -> Health:
    """Every job in the order of the schedule, in three statements."""
    now, last = clock.unmoved(), _newest()
    good = select(JobRun.name, func.max(JobRun.started_at)).where(JobRun.state == RunState.done).group_by(JobRun.name)
    good_from = {row[0]: row[1] for row in db.session.execute(good)}
    wrong = and_(JobRun.state.in_((RunState.failed, RunState.stopped)), JobRun.started_at > now - DAY)
    errors: dict[str, list[str | None]] = {}
    for name, fault in db.session.execute(select(JobRun.name, JobRun.fault).where(wrong).order_by(JobRun.id).limit(1_000)):
        errors.setdefault(name, []).append(fault)
    sign = _sign(last.values(), now)
    jobs = [_job(name, last.get(name), good_from.get(name), errors.get(name, []), now) for name in SCHEDULE]
    return Health(jobs, sign, rules.worker_seen(sign, now))


def _job(name: str, last: JobRun | None, good_from: datetime | None, errors: Sequence[str | None], now: datetime) -> JobHealth:
    period = SCHEDULE[name]
    dead = last is not None and rules.is_dead(period, last.state, last.started_at, now)
    fault = next((fault for fault in reversed(errors) if fault), None)
    late = rules.is_late(period, good_from, now)
    return JobHealth(name, last, late, dead, rules.next_due(period, now), len(errors), fault)
