"""When jobs are due, dead and late: pure tables."""

from datetime import UTC, datetime, timedelta

import pytest

from sertakan.runs import rules
from sertakan.runs.rules import DAY, FIVE, MINUTE, Period, RunState


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("period", "now", "due"),
    [
        (MINUTE, "2026-11-23T10:00:59", "2026-11-23T10:00"),
        (MINUTE, "2026-11-23T10:01:00", "2026-11-23T10:01"),
        (FIVE, "2026-11-23T10:04:59", "2026-11-23T10:00"),
        (DAY, "2026-11-23T17:04:59", "2026-11-22T17:05"),
        (DAY, "2026-11-23T17:05:00", "2026-11-23T17:05"),
        (DAY, "2026-12-31T17:05:00", "2026-12-31T17:05"),  # five past midnight of 1 January in Pontianak
        (DAY, "2028-02-29T16:00:00", "2028-02-28T17:05"),
    ],
)
def test_the_newest_due_moment(period: Period, now: str, due: str) -> None:
    assert rules.last_due(period, at(now)) == at(due)
    assert rules.next_due(period, at(now)) == at(due) + period.every


@pytest.mark.parametrize(
    ("period", "good_from", "now", "late"),
    [
        (MINUTE, None, "2026-11-23T10:00", True),
        (MINUTE, "2026-11-23T10:00:01", "2026-11-23T10:03:59", False),
        (MINUTE, "2026-11-23T10:00:01", "2026-11-23T10:04:00", True),
        (FIVE, "2026-11-23T10:00:01", "2026-11-23T10:09:59", False),
        (FIVE, "2026-11-23T10:00:01", "2026-11-23T10:10:00", True),
        (DAY, "2026-11-22T17:05:02", "2026-11-23T18:04:59", False),
        (DAY, "2026-11-22T17:05:02", "2026-11-23T18:05:00", True),
    ],
)
def test_late_is_past_the_slack_of_a_due_moment_without_a_good_run(
    period: Period, good_from: str | None, now: str, late: bool
) -> None:
    assert rules.is_late(period, at(good_from) if good_from else None, at(now)) is late


@pytest.mark.parametrize(
    ("state", "age", "free"),
    [
        (RunState.running, DAY.lease, False),
        (RunState.running, DAY.lease + timedelta(seconds=1), True),
        (RunState.failed, DAY.retry - timedelta(seconds=1), False),
        (RunState.failed, DAY.retry, True),
        (RunState.done, timedelta(days=9), False),
        (RunState.stopped, timedelta(days=9), False),
    ],
)
def test_what_a_dead_or_failed_run_held_is_free_again(state: RunState, age: timedelta, free: bool) -> None:
    now = at("2026-11-23T10:00")
    assert rules.may_take_over(DAY, state, now - age, now) is free


def test_a_worker_is_seen_for_five_minutes() -> None:
    now = at("2026-11-23T10:00")
    assert rules.worker_seen(now - rules.UNSEEN, now)
    assert not rules.worker_seen(now - rules.UNSEEN - timedelta(seconds=1), now)
    assert not rules.worker_seen(None, now)
