"""Two workers share the work: each due moment once, each knock once, no reminder twice (opencollective #1121)."""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from sertakan import jobs
from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.notices.models import Notice, NoticeState
from sertakan.runs.models import JobRun
from sertakan.sponsorships import reminders
from sertakan.sponsorships.models import Reminder
from sertakan.web.knock import Shared
from tests import redis_server
from tests.cast import Cast
from tests.conftest import NOW
from tests.notices.test_jobs import _in_parallel
from tests.sponsorships.crowd import DAY as DUE_ON
from tests.sponsorships.crowd import crowd

START = datetime(DUE_ON.year, DUE_ON.month, DUE_ON.day, 8, 0, tzinfo=clock.ZONE)
MANY = 20


@contextmanager
def two_workers(app: Flask) -> Iterator[None]:
    """Two processes that are workers, forked from this one, with the clock held."""
    with app.app_context():
        db.session.remove()
        db.engine.dispose()  # no connection is shared with a child
    workers = [_forked(app) for _ in range(2)]
    try:
        yield
        assert all(os.waitpid(pid, os.WNOHANG) == (0, 0) for pid in workers), "a worker ended by itself"
    finally:
        for pid in workers:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _forked(app: Flask) -> int:
    pid = os.fork()
    if pid == 0:
        try:
            with clock.frozen(START):
                jobs.work(app)
        finally:
            os._exit(3)
    return pid


def eventually(look: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + 60
    while not look():
        db.session.rollback()
        assert time.monotonic() < until, f"never came: {what}"
        time.sleep(0.05)
    db.session.rollback()


def runs_of(name: str) -> int:
    return db.session.scalar(select(func.count()).where(JobRun.name == name, JobRun.ended_at.is_not(None))) or 0


def test_two_workers_do_each_thing_once(live: tuple[Flask, Cast], monkeypatch: pytest.MonkeyPatch) -> None:
    app, _cast = live
    for name in ("reconcile", "books"):  # nothing to ask a payment service about, and nothing to check
        monkeypatch.setitem(jobs.JOBS, name, lambda: "left out")
    with app.app_context():
        dues = crowd(MANY, START - timedelta(days=150))
        with clock.frozen(START), transaction():
            assert reminders.write_due(dues, DUE_ON)["reminders"] == MANY
    with redis_server.server() as redis, app.app_context():
        monkeypatch.setitem(app.config, "SETTINGS", replace(app.config["SETTINGS"], jobs_url=redis))
        with two_workers(app):
            _each_once(redis)


def _each_once(redis: str) -> None:
    eventually(lambda: runs_of("limits") >= 2 and runs_of("old_papers") == 1, "both are at work")
    for knocks in range(3):
        Shared(redis).leave("old_papers")
        eventually(lambda knocks=knocks: runs_of("old_papers") == 2 + knocks, f"knock {knocks}")
    told = Counter(db.session.scalars(select(Notice.state).where(Notice.kind.startswith("reminder"))))
    lines = Counter(db.session.scalars(select(Reminder.state).where(Reminder.audience == "sponsor")))
    assert runs_of("sweep") == runs_of("books") == 1
    assert runs_of("old_papers") == 4
    assert told == {NoticeState.sent: MANY}
    assert lines == {"queued": MANY}


@pytest.mark.parametrize("claimed", [True, False], ids=["claimed", "control"])
def test_at_the_same_moment_one_of_two_runs_what_is_due(
    live: tuple[Flask, Cast], monkeypatch: pytest.MonkeyPatch, claimed: bool
) -> None:
    app, _cast = live
    ran: list[datetime] = []
    monkeypatch.setitem(jobs.JOBS, "events", lambda: ran.append(clock.now()))
    for minute in range(5):
        with clock.frozen(NOW + timedelta(minutes=minute)):
            _in_parallel(app, 2, lambda: jobs.run(app, "events", on_clock=claimed))
    assert len(ran) == (5 if claimed else 10)
