"""Sweeps killed at their statements and commits, two at once, days of standstill, odd clocks: each due thing once, none lost (QUALITY R7).

`SWEEP_KILLS=100` for a long run by hand. The control writes the next day before what is due is written, and must be caught.
"""

import os
import random
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import event, func, select

from sertakan.audit import queries as audit
from sertakan.audit.models import AuditEntry
from sertakan.coverage import service as coverage
from sertakan.coverage.models import FollowUp
from sertakan.coverage.rules import ReminderKind
from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.sponsorships import jobs, rules
from sertakan.sponsorships.models import Reminder, Sponsorship
from sertakan.sponsorships.rules import ReviewState, TermState
from tests import factories
from tests.cast import Cast
from tests.conftest import NOW
from tests.sponsorships.crowd import UNTIL, crowd

KILLS = int(os.environ.get("SWEEP_KILLS", "10"))
MANY = max(30, KILLS * 3)
CHUNK = 3
LATE = UNTIL + timedelta(days=30)  # a month of standstill after the last covered day
NOON = datetime(LATE.year, LATE.month, LATE.day, 5, tzinfo=UTC)
LINES = len(rules.AUDIENCES[ReminderKind.rescue_25])


@contextmanager
def dying_at(point: int) -> Iterator[None]:
    """This process kills itself at its `point`-th statement or commit, before it happens; 0: never."""
    met = 0

    def one_more(*_args: object) -> None:
        nonlocal met
        met += 1
        if met == point:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(db.engine, "before_cursor_execute", one_more)
    event.listen(db.engine, "commit", one_more)
    try:
        yield
    finally:
        event.remove(db.engine, "before_cursor_execute", one_more)
        event.remove(db.engine, "commit", one_more)


def forked(app: Flask, work: Callable[[], object], point: int = 0) -> int:
    """A process of its own that does the work, and maybe dies on the way; nothing open is shared with it."""
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
    pid = os.fork()
    if pid == 0:
        code = 3
        try:
            with app.app_context(), clock.frozen(NOON), dying_at(point):
                work()
            code = 0
        finally:
            os._exit(code)
    return pid


def ended(pid: int) -> int:
    """0 when it did its work, -9 when it was killed."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def sweep() -> dict[str, int]:
    return jobs.sweep(clock.today())


@pytest.fixture
def standing_still(live: tuple[Flask, Cast], monkeypatch: pytest.MonkeyPatch) -> Flask:
    """Many whose cover ended a month ago, and nobody has swept since; three of them in one transaction."""
    app, _cast = live
    monkeypatch.setattr(jobs, "CHUNK", CHUNK)
    with app.app_context():
        workers = [due.worker_id for due in crowd(MANY, NOW)]
        with clock.frozen(NOON - timedelta(days=40)), transaction():
            coverage.look_again(workers)
        db.session.remove()
    return app


def came_out(app: Flask) -> dict[str, int]:
    """What all the sweeps left behind."""
    with app.app_context():
        told = Counter(db.session.scalars(select(Reminder.kind)))
        ends = select(func.count()).where(AuditEntry.action == "sponsorship.end")
        over = select(func.count()).where(Sponsorship.term_state == TermState.ended)
        due = select(func.count()).where(FollowUp.next_on <= LATE)
        found = {
            "told": told.pop(ReminderKind.rescue_25, 0),
            "others": sum(told.values()),
            "ended": db.session.scalar(over) or 0,
            "ends": db.session.scalar(ends) or 0,
            "due": db.session.scalar(due) or 0,
        }
        assert audit.find_break() is None
        db.session.remove()
    return found


EACH_ONCE = {"told": MANY * LINES, "others": 0, "ended": MANY, "ends": MANY, "due": 0}


@pytest.mark.timeout(120 + KILLS)
def test_a_sweep_killed_again_and_again_does_each_thing_once(standing_still: Flask) -> None:
    app, dice, deaths = standing_still, random.Random(11), 0
    for _ in range(KILLS):
        deaths += ended(forked(app, sweep, dice.randint(1, 20))) == -signal.SIGKILL
        now = came_out(app)
        assert now["told"] == LINES * now["ended"] == LINES * now["ends"] == LINES * (MANY - now["due"]), "half a batch"
    assert deaths > KILLS / 2, "the sweeps were not killed"
    assert [ended(forked(app, sweep)) for _again in range(2)] == [0, 0]
    assert came_out(app) == EACH_ONCE


def without_care() -> None:
    """The control: the day of the next look is written down first, in a transaction of its own."""
    real = jobs.look_at
    looked: list[int] = []

    def first_the_day(workers: list[int], today: date) -> Counter[str]:
        coverage.follow_up(dict.fromkeys(workers, today + timedelta(days=1)))
        looked.extend(workers)
        return Counter()

    jobs.look_at = first_the_day  # type: ignore[assignment]
    jobs.sweep(clock.today())
    with transaction():
        real(looked, clock.today())


def test_the_harness_sees_what_is_lost(standing_still: Flask) -> None:
    app = standing_still
    assert ended(forked(app, without_care, 15)) == -signal.SIGKILL
    assert ended(forked(app, sweep)) == 0
    assert came_out(app)["told"] < EACH_ONCE["told"]


def test_two_sweeps_at_once_do_each_thing_once(standing_still: Flask) -> None:
    app = standing_still
    both = [forked(app, sweep) for _ in range(2)]
    assert [ended(pid) for pid in both] == [0, 0]
    assert came_out(app) == EACH_ONCE


def test_one_that_fails_leaves_the_others_done(standing_still: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """I18, liberapay PR #2224."""
    app, real = standing_still, jobs.due.look_at
    broken: list[int] = []

    def look_at(workers: list[int], today: date) -> jobs.due.Day:
        broken.extend(workers[:1] if not broken else [])
        if broken[0] in workers:
            raise RuntimeError("this worker cannot be looked at")
        return real(workers, today)

    with app.app_context(), clock.frozen(NOON):
        with monkeypatch.context() as patch:
            patch.setattr(jobs.due, "look_at", look_at)
            assert sweep()["failed"] == 1
        db.session.remove()
    assert came_out(app) == {"told": (MANY - 1) * LINES, "others": 0, "ended": MANY - 1, "ends": MANY - 1, "due": 0}
    with app.app_context(), clock.frozen(NOON + timedelta(days=1)):
        assert sweep()["ended"] == 1
        db.session.remove()
    assert came_out(app) == EACH_ONCE


# ---- odd clocks ----------------------------------------------------------------------------------------------------------------


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("first", "moment", "told", "over"),
    [
        ("2026-12", "2026-12-31T16:59:59", "reminder_3", False),  # the last covered day in Pontianak
        ("2026-12", "2026-12-31T17:00:00", "grace", True),  # already the first of January there
        ("2028-02", "2028-02-29T16:59:59", "reminder_3", False),
        ("2028-02", "2028-02-29T17:00:00", "grace", True),
        ("2027-02", "2027-02-28T17:00:00", "grace", True),
    ],
)
def test_the_last_day_is_covered_and_the_next_is_not(
    app: Flask, cast: Cast, first: str, moment: str, told: str, over: bool
) -> None:
    with clock.frozen(instant(f"{first}-01T05:00:00")):
        promise = factories.sponsorship(
            cast.sari,
            factories.worker(),
            first=first,
            count=1,
            review=ReviewState.approved,
            term=TermState.running,
            state=factories.MonthState.posted,
        )
        code = promise.code
    with clock.frozen(instant(moment)):
        sweep()
        sweep()
    kinds = db.session.scalars(select(Reminder.kind).where(Reminder.audience == "sponsor")).all()
    state = db.session.scalar(select(Sponsorship.term_state).where(Sponsorship.code == code))
    assert (kinds, state is TermState.ended) == ([told], over)


def test_a_clock_set_back_two_hours_over_midnight_changes_nothing(app: Flask, cast: Cast) -> None:
    factories.sponsorship(
        cast.sari,
        factories.worker(),
        first="2026-12",
        count=1,
        review=ReviewState.approved,
        term=TermState.running,
        state=factories.MonthState.posted,
    )

    def left() -> tuple[int, int]:
        rows, entries = db.session.scalar(select(func.count(Reminder.id))), db.session.scalar(select(func.count(AuditEntry.id)))
        db.session.rollback()
        return rows or 0, entries or 0

    with clock.frozen(instant("2026-12-31T17:05:00")):
        assert sweep()["ended"] == 1
        once = left()
    for moment in ("2026-12-31T15:05:00", "2026-12-31T17:05:00"):
        with clock.frozen(instant(moment)):
            assert sweep()["ended"] == 0
        assert left() == once
