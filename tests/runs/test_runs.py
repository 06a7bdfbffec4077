"""Each run leaves its start, its end or its error, and a due moment is done by one worker alone (I19, opencollective #1121)."""

import logging
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from sertakan import jobs
from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.runs import queries, service
from sertakan.runs.models import JobRun
from sertakan.runs.rules import DAY, MINUTE, SCHEDULE, RunState
from tests.conftest import NOW


def rows(name: str = "sweep") -> list[JobRun]:
    found = list(db.session.scalars(select(JobRun).where(JobRun.name == name).order_by(JobRun.id)))
    db.session.expunge_all()
    db.session.rollback()  # no read of the test stays open around a job's own transaction
    return found


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Jobs that only say that they ran."""
    ran: list[str] = []
    for name in jobs.JOBS:
        monkeypatch.setitem(jobs.JOBS, name, lambda name=name: ran.append(name) or f"{name} ran")
    return ran


def test_a_run_leaves_its_start_its_end_and_its_result(app: Flask, work: list[str]) -> None:
    assert jobs.run(app, "sweep") is True
    (row,) = rows()
    assert (row.state, row.result, row.fault, row.claim) == (RunState.done, "sweep ran", None, None)
    assert row.started_at <= row.ended_at


def test_counts_are_written_in_words_without_noughts(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    for result, words in (({"ended": 2, "failed": 0}, "2 ended"), ({"ended": 0}, "0"), ("3 of 4", "3 of 4")):
        monkeypatch.setitem(jobs.JOBS, "sweep", lambda result=result: result)
        jobs.run(app, "sweep")
        assert rows()[-1].result == words


def test_a_fault_leaves_its_reference_and_the_log_has_it_too(
    app: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(jobs.JOBS, "sweep", lambda: 1 / 0)
    with caplog.at_level(logging.ERROR, "sertakan.jobs"):
        assert jobs.run(app, "sweep") is False
    (row,) = rows()
    assert row.state is RunState.failed
    assert row.fault and f"fault {row.fault}" in caplog.text
    assert row.result is None


def test_a_due_moment_is_done_once_and_a_knock_any_time(app: Flask, work: list[str]) -> None:
    for _ in range(3):
        jobs.run_with_followers(app, "sweep", on_clock=True)
    assert work == ["sweep", "reminders", "notices"]
    assert jobs.run(app, "sweep") is True
    assert work.count("sweep") == 2


def test_each_day_is_a_due_moment_of_its_own(app: Flask, work: list[str]) -> None:
    for day in range(3):
        with clock.frozen(NOW + timedelta(days=day)):
            jobs.run(app, "sweep", on_clock=True)
            jobs.run(app, "sweep", on_clock=True)
    assert work == ["sweep"] * 3


def test_what_a_killed_worker_held_is_done_by_the_next_after_its_lease(app: Flask, work: list[str]) -> None:
    with transaction():
        dead = service.start("sweep", on_clock=True)
    assert jobs.run(app, "sweep", on_clock=True) is None
    with clock.frozen(NOW + DAY.lease + timedelta(minutes=1)):
        assert jobs.run(app, "sweep", on_clock=True) is True
        with transaction():
            service.end(dead, result="too late")
    first, second = rows()
    assert (first.state, first.claim, first.result) == (RunState.stopped, None, None)
    assert second.state is RunState.done
    assert work == ["sweep"]


def test_a_failed_day_is_tried_again_and_both_runs_stay(app: Flask, work: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setitem(jobs.JOBS, "sweep", lambda: 1 / 0)
        assert jobs.run(app, "sweep", on_clock=True) is False
    assert jobs.run(app, "sweep", on_clock=True) is None
    with clock.frozen(NOW + DAY.retry):
        assert jobs.run(app, "sweep", on_clock=True) is True
    assert [row.state for row in rows()] == [RunState.failed, RunState.done]


def test_one_job_that_fails_leaves_the_others_running(app: Flask, work: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(jobs.JOBS, "events", lambda: 1 / 0)
    jobs.run_with_followers(app, "events")
    assert work == ["seats", "refunds", "notices"]


def test_the_table_stays_short_and_keeps_what_went_wrong(app: Flask, work: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken, clock.frozen(NOW):
        broken.setitem(jobs.JOBS, "events", lambda: 1 / 0)
        jobs.run(app, "events", on_clock=True)
    for minute in range(1, 6):
        with clock.frozen(NOW + minute * MINUTE.kept / 2):
            jobs.run(app, "events", on_clock=True)
    states = [row.state for row in rows("events")]
    assert states == [RunState.failed, RunState.done, RunState.done, RunState.done]


def test_health_says_what_never_ran_what_is_late_and_what_failed(app: Flask, work: list[str]) -> None:
    assert not queries.health().seen
    db.session.rollback()
    for name in SCHEDULE:
        jobs.run(app, name)
    well = queries.health()
    assert well.ok and well.seen
    with clock.frozen(NOW + timedelta(minutes=4)):
        assert [job.name for job in queries.health().jobs if job.late] == [n for n, p in SCHEDULE.items() if p is MINUTE]
    db.session.rollback()
    assert db.session.scalar(select(func.count(JobRun.id))) == len(SCHEDULE)


def test_a_long_run_is_a_sign_of_life_for_as_long_as_its_lease(app: Flask) -> None:
    with transaction():
        service.start("sweep", on_clock=True)
    for age, seen in ((DAY.lease, True), (DAY.lease + timedelta(seconds=1), False)):
        with clock.frozen(NOW + age):
            assert queries.worker_seen() is seen


def test_the_clock_set_back_two_hours_runs_nothing_twice(app: Flask, work: list[str]) -> None:
    moment = datetime.fromisoformat("2026-11-22T17:06:00+00:00")
    with clock.frozen(moment):
        jobs.run(app, "sweep", on_clock=True)
    with clock.frozen(moment - timedelta(hours=2)):
        jobs.run(app, "sweep", on_clock=True)  # yesterday's, which nobody did
    for back in (timedelta(), timedelta(hours=2)):
        with clock.frozen(moment - back):
            assert jobs.run(app, "sweep", on_clock=True) is None
    assert work == ["sweep", "sweep"]
