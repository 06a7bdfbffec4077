"""When to look next: who is looked at only on the days that are written down is told the same as who is looked at every day."""

from collections.abc import Callable, Collection
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from sertakan.coverage import queries as coverage_queries
from sertakan.coverage.models import FollowUp
from sertakan.coverage.rules import MonthState, next_on, plan
from sertakan.db import db, transaction
from sertakan.kit.months import Month, span
from sertakan.sponsorships import due, jobs, renewal
from sertakan.sponsorships.rules import ReviewState, TermState
from sertakan.tariff.queries import quote_for
from tests import factories
from tests.cast import Cast

FIRST, LAST = date(2026, 11, 22), date(2027, 12, 31)
ENDS = (date(2026, 11, 30), date(2026, 12, 31), date(2027, 2, 28), date(2028, 2, 29))


def days(first: date = FIRST, last: date = LAST) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


@pytest.mark.parametrize("until", ENDS, ids=str)
@pytest.mark.parametrize("paid_before", [None, 0, 2, 12, 29, 33])
@pytest.mark.parametrize("auto", [False, True])
def test_between_two_looks_the_plan_says_nothing_new(until: date, paid_before: int | None, auto: bool) -> None:
    paid_on = None if paid_before is None else until - timedelta(days=paid_before)
    told: list[str] = []
    look = first = until - timedelta(days=60)
    for today in days(first, until + timedelta(days=160)):
        said = plan(until, paid_on, today, auto=auto)
        if today == look:
            told += [kind for kind in said if kind not in told]
            look = next_on(until, paid_on, today, auto=auto) or date.max
            assert look > today
        assert set(said) <= set(told), f"{today}: {said} would have been missed"
    assert look == date.max  # everything was said: nothing is looked at for ever


def shapes(cast: Cast) -> list[int]:
    """Workers whose months lie in every way: one run, a hole, a second sponsor, a new beginning, still moving, closed."""
    running = {"review": ReviewState.approved, "term": TermState.running, "state": MonthState.posted}
    plain = factories.sponsorship(cast.sari, first="2026-10", count=3, **running)
    hole = factories.sponsorship(cast.sari, first="2026-09", count=3, **running)
    factories.sponsorship(cast.tono, hole.worker, first="2027-02", count=3, **running)
    late = factories.sponsorship(cast.sari, first="2026-06", count=2, **running)
    factories.sponsorship(cast.tono, late.worker, first="2027-03", count=1, **running)
    chain = factories.sponsorship(cast.sari, first="2026-11", count=2, **running)
    factories.sponsorship(cast.tono, chain.worker, first="2027-01", count=4, **running)
    moving = factories.sponsorship(cast.sari, first="2026-11", count=1, **{**running, "state": MonthState.remitted})
    over = factories.sponsorship(cast.sari, first="2026-08", count=2, **{**running, "term": TermState.ended})
    ahead = factories.sponsorship(cast.sari, first="2027-04", count=2, **{**running, "state": MonthState.paid})
    waiting = factories.sponsorship(cast.sari, first="2026-12", count=2)
    return [row.worker_id for row in (plain, hole, late, chain, moving, over, ahead, waiting)]


Told = dict[tuple[int, str, date], date]


def walk(workers: Collection[int], who: Callable[[date], list[int]], after: Callable[[due.Day], None]) -> Told:
    """The first day on which each line of the plan is due, when these are looked at."""
    told: Told = {}
    for today in days():
        found = due.look_at(who(today), today)
        after(found)
        for line in found.dues:
            told.setdefault((line.sponsorship_id, line.kind, line.covered_until), today)
    return told


def test_looking_on_the_days_that_are_written_down_misses_nothing(cast: Cast) -> None:
    workers = shapes(cast)
    every_day = walk(workers, lambda _today: list(workers), lambda _day: None)
    looks: dict[int, date | None] = dict.fromkeys(workers, FIRST)
    asked: list[int] = []

    def who(today: date) -> list[int]:
        found = [worker for worker, on in looks.items() if on is not None and on <= today]
        asked.extend(found)
        return found

    assert walk(workers, who, lambda day: looks.update(day.next_on)) == every_day
    assert len(every_day) > 30
    assert len(asked) < len(days()) * len(workers) / 10


def test_what_changes_her_months_asks_for_a_look_today(cast: Cast) -> None:
    row = factories.sponsorship(
        cast.sari, first="2026-12", count=6, review=ReviewState.approved, term=TermState.running, state=MonthState.posted
    )
    jobs.sweep(FIRST)
    assert looks_at(row.worker_id) == date(2027, 5, 1)  # thirty days before the end
    with transaction():
        quote = quote_for(span(Month(2027, 6), 2), row.worker.occupation_code, row.payer_kind, row.package)
        renewal.extend(actor="system", sponsorship=row, count=2, quote=quote, first_month=quote.months[0])
    assert looks_at(row.worker_id) == FIRST
    jobs.sweep(FIRST)
    assert looks_at(row.worker_id) == date(2027, 5, 1)


def looks_at(worker_id: int) -> date | None:
    return db.session.scalar(select(FollowUp.next_on).where(FollowUp.worker_id == worker_id))


def test_a_sweep_with_nothing_due_asks_one_question_about_workers(cast: Cast) -> None:
    shapes(cast)
    jobs.sweep(FIRST)
    assert coverage_queries.claim_due(FIRST, 10) == []
