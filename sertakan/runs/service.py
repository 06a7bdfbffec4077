"""The verbs of a run. Run inside `transaction()`; times are of the real clock, for the demo's day says nothing about a worker."""

from datetime import datetime

from sqlalchemy import and_, delete, or_, select, update

from sertakan.batch import insert_new
from sertakan.db import db
from sertakan.kit import clock
from sertakan.runs import rules
from sertakan.runs.models import JobRun
from sertakan.runs.rules import SCHEDULE, RunState

RESULT = 200


def start(name: str, *, on_clock: bool) -> int | None:
    """Begin a run; its id. `on_clock`: for the newest due moment, which one run alone may do; None when that one has it already.

    A knocked run has no due moment. Old rows of the job go at the same time.
    """
    now = clock.unmoved()
    if on_clock:
        return _claim(name, rules.claim_of(name, rules.last_due(SCHEDULE[name], now)), now)
    _forget(name, now)
    run = JobRun(name=name, started_at=now)
    db.session.add(run)
    db.session.flush()
    return run.id


def _claim(name: str, claim: str, now: datetime) -> int | None:
    _let_go(name, claim, now)
    row = {"name": name, "claim": claim, "state": RunState.running, "started_at": now, "ended_at": None}
    if not insert_new(JobRun, [{**row, "result": None, "fault": None}]):
        return None
    return db.session.scalar(select(JobRun.id).where(JobRun.claim == claim))


def _let_go(name: str, claim: str, now: datetime) -> None:
    """What a dead or failed run held may be done again; that run stays as it ended."""
    held = db.session.scalar(select(JobRun).where(JobRun.claim == claim).with_for_update())
    if held is None:
        _forget(name, now)
    elif rules.may_take_over(SCHEDULE[name], held.state, held.started_at, now):
        if held.state is RunState.running:
            held.state, held.ended_at = RunState.stopped, now
        held.claim = None
        db.session.flush()


def _forget(name: str, now: datetime) -> None:
    """Good runs after a while, bad ones after a month, so that every-minute jobs leave a short table."""
    good = and_(JobRun.state == RunState.done, JobRun.started_at < now - SCHEDULE[name].kept)
    old = or_(good, and_(JobRun.state != RunState.running, JobRun.started_at < now - rules.KEPT_FAILED))
    db.session.execute(delete(JobRun).where(JobRun.name == name, old))


def end(run_id: int, *, result: str | None = None, fault: str | None = None) -> None:
    """How it went: `fault` is the reference of the error. A run that was taken for dead meanwhile stays as it is."""
    state = RunState.failed if fault else RunState.done
    db.session.execute(
        update(JobRun)
        .where(JobRun.id == run_id, JobRun.state == RunState.running)
        .values(state=state, ended_at=clock.unmoved(), result=result and result[:RESULT], fault=fault)
    )
