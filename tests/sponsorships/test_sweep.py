"""The daily sweep: reminders by the plan, ends, abandoned requests, old drafts; twice is once, and one failure stops nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta

import pytest
from flask import Flask

from sertakan.audit.queries import list_for
from sertakan.coverage import queries as coverage_queries
from sertakan.coverage import service as coverage
from sertakan.coverage.rules import MonthState
from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.kit.months import Month
from sertakan.notices.models import Notice
from sertakan.sponsorships import jobs, letters, links, queries, rules, service
from sertakan.sponsorships.models import ActionLink, Draft, Reminder, Sponsorship
from sertakan.sponsorships.rules import ReviewState, TermState
from sertakan.workers.models import Worker, WorkerState
from tests import factories
from tests.cast import Cast

R, T, M = ReviewState, TermState, MonthState
END = date(2027, 5, 31)


@contextmanager
def on(day: date) -> Iterator[date]:
    """The clock at 09.00 in Pontianak on this day."""
    with clock.frozen(datetime.combine(day, time(2), UTC)):
        yield day


def sweep_on(day: date) -> dict[str, int]:
    """The sweep, and the messages that follow it."""
    with on(day):
        done = jobs.sweep(day)
        letters.write_letters()
    return done


def lines(*columns: str) -> list[tuple[object, ...]]:
    """What became of the sponsors' lines."""
    mine = db.select(*(getattr(Reminder, name) for name in columns)).where(Reminder.audience == "sponsor")
    return [tuple(row) for row in db.session.execute(mine.order_by(Reminder.id))]


def running(cast: Cast, **more: object) -> Sponsorship:
    """Paid on 22 November 2026 for December to May."""
    facts: dict[str, object] = {"first": "2026-12", "count": 6, "review": R.approved, "term": T.running, "state": M.posted}
    return factories.sponsorship(cast.sari, **(facts | more))  # type: ignore[arg-type]


def kinds() -> list[str]:
    return list(db.session.scalars(db.select(Notice.kind).where(Notice.kind != "officers").order_by(Notice.id)))


def test_the_reminders_of_a_whole_year_come_once_each_and_in_order(cast: Cast) -> None:
    running(cast)
    day = date(2026, 11, 23)
    while day < date(2027, 11, 23):
        sweep_on(day)
        day += timedelta(days=1)
    assert kinds() == ["reminder_30", "reminder_10", "reminder_3", "grace", "rescue", "rescue", "cliff", "lapsed"]


def test_each_reminder_has_a_unique_key_and_a_link_of_its_own(cast: Cast) -> None:
    row = running(cast)
    assert sweep_on(date(2027, 5, 1))["reminders"] == 1
    notice = db.session.scalars(db.select(Notice)).one()
    assert notice.key == f"reminders:{cast.sari.ref}:2027-05-01"
    assert notice.subject == service.subject(row)
    link = db.session.scalars(db.select(ActionLink)).one()
    assert (link.sponsorship_id, link.purpose) == (row.id, "renew")
    assert "/p/" in notice.body
    with on(date(2027, 5, 2)):
        token = notice.body.split("/p/")[1].split()[0]
        assert links.use_link(token, "renew").id == link.id


def test_the_prices_told_are_those_of_the_coming_months(cast: Cast) -> None:
    running(cast, count=1)
    sweep_on(date(2026, 12, 21))
    body = db.session.scalars(db.select(Notice).where(Notice.person_id == cast.sari.id)).one().body
    assert "Januari 2027" in body
    assert "Rp16.800" in body
    assert "Rp100.800" in body
    assert "Rp8.400" not in body


def test_running_twice_is_running_once(cast: Cast) -> None:
    running(cast)
    assert sweep_on(date(2027, 5, 1))["reminders"] == 1
    for _again in range(2):
        assert sweep_on(date(2027, 5, 1))["reminders"] == 0
    assert sweep_on(date(2027, 5, 2))["reminders"] == 0
    assert factories.count(Notice) == 1
    assert factories.count(ActionLink) == 1


def test_after_thirty_days_of_standstill_only_the_latest_is_told(cast: Cast) -> None:
    running(cast)
    sweep_on(date(2027, 4, 30))
    assert sweep_on(date(2027, 6, 5))["reminders"] == 1
    assert kinds() == ["grace"]


def test_a_day_that_nobody_swept_is_caught_up_the_next_day(cast: Cast) -> None:
    running(cast)
    sweep_on(date(2027, 4, 30))
    sweep_on(date(2027, 5, 3))  # the first of May was missed
    assert kinds() == ["reminder_30"]


def test_nothing_is_asked_in_the_week_after_a_payment(cast: Cast) -> None:
    running(cast, first="2026-11", count=1)  # paid on 22 November, ends on the 30th
    for day in (23, 25, 28):
        assert sweep_on(date(2026, 11, day))["reminders"] == 0
    assert sweep_on(date(2026, 11, 29))["reminders"] == 1


@pytest.mark.parametrize("state", [WorkerState.deceased, WorkerState.withdrawn, WorkerState.merged])
def test_nothing_is_written_about_a_worker_who_died_or_withdrew(cast: Cast, state: WorkerState) -> None:
    row = running(cast)
    with transaction():
        db.session.get_one(Worker, row.worker_id).state = state
    done = sweep_on(date(2027, 5, 1))
    assert (done["reminders"], done["skipped"]) == (0, 1)
    assert factories.count(Notice) == 0
    assert lines("state", "reason") == [("skipped", rules.GONE_WORKER)]


def test_nothing_is_written_to_who_does_not_want_it(cast: Cast) -> None:
    running(cast, remind=False)
    factories.sponsorship(cast.tono, first="2026-12", review=R.approved, term=T.running, state=M.posted)
    with transaction():
        cast.tono.muted_at = clock.now()
    assert sweep_on(date(2027, 5, 1))["skipped"] == 2
    assert factories.count(Notice) == 0
    assert lines("state", "reason") == [("skipped", rules.OFF), ("skipped", rules.MUTED)]


@pytest.mark.parametrize("state", [M.reserved, M.paid, M.posted])
def test_nobody_is_asked_for_months_that_anybody_has_promised(cast: Cast, state: MonthState) -> None:
    row = running(cast)
    factories.sponsorship(cast.tono, row.worker, first="2027-06", count=2, review=R.approved, term=T.running, state=state)
    sweep_on(date(2027, 5, 1))
    assert factories.count(Notice) == 0
    waits = state is M.reserved
    assert [state for (state,) in lines("state")][:1] == (["due"] if waits else ["skipped"] if lines("state") else [])


def test_after_a_renewal_the_old_reminders_are_gone(cast: Cast) -> None:
    row = running(cast)
    sweep_on(date(2027, 5, 1))
    with transaction():
        for step in range(6):
            db.session.add(factories._month(row.worker_id, Month(2027, 6) + step, M.paid, row.id))
        service.start_if_ready(queries.get(row.id, lock=True))
    for day in (date(2027, 5, 21), date(2027, 5, 29), date(2027, 6, 1)):
        assert sweep_on(day)["reminders"] == 0
    sweep_on(date(2027, 10, 31))
    assert kinds() == ["reminder_30", "reminder_30"]


def test_only_who_funded_the_last_month_is_asked(cast: Cast) -> None:
    first = running(cast, count=3)
    factories.sponsorship(cast.tono, first.worker, first="2027-03", count=3, review=R.approved, term=T.running, state=M.posted)
    sweep_on(date(2027, 5, 1))
    assert [notice.person_id for notice in db.session.scalars(db.select(Notice))] == [cast.tono.id]


def test_a_reminder_speaks_the_language_of_its_reader(cast: Cast) -> None:
    running(cast)
    with transaction():
        cast.sari.locale = "en"
    sweep_on(date(2027, 5, 1))
    notice = db.session.scalars(db.select(Notice)).one()
    assert notice.locale == "en"
    assert "/en/p/" in notice.body


def test_no_title_names_anybody(cast: Cast) -> None:
    running(cast)
    for day in (date(2027, 5, 1), date(2027, 6, 1), date(2027, 9, 1)):
        sweep_on(day)
    for notice in db.session.scalars(db.select(Notice)):
        assert "Sumiati" not in notice.title
        assert "Rp" not in notice.title


def test_a_worker_from_the_list_stays_unnamed_in_messages(cast: Cast) -> None:
    running(cast, chosen_from_list=True)
    sweep_on(date(2027, 5, 1))
    body = db.session.scalars(db.select(Notice)).one().body
    assert "Sumiati" not in body
    assert "Ibu S." in body


def test_openimis_bulk_expiry_no_reminder_of_what_is_not_running(cast: Cast) -> None:
    for facts in (
        {"review": R.submitted, "term": T.waiting},
        {"review": R.rejected, "term": T.cancelled},
        {"term": T.cancelled},
        {"term": T.paused},
        {"term": T.terminated},
    ):
        running(cast, **facts)
    assert sweep_on(date(2027, 5, 1))["reminders"] == 0


def test_a_term_that_is_over_ends_once_and_is_still_asked_to_go_on(cast: Cast) -> None:
    row = running(cast)
    assert sweep_on(date(2027, 5, 31))["ended"] == 0
    assert sweep_on(date(2027, 6, 1))["ended"] == 1
    assert sweep_on(date(2027, 6, 2))["ended"] == 0
    assert queries.get(row.id).term_state is T.ended
    assert [entry.action for entry in list_for(service.subject(row))] == ["sponsorship.end"]
    assert sweep_on(date(2027, 6, 25))["reminders"] == 1


def test_months_on_their_way_keep_a_term_open(cast: Cast) -> None:
    row = running(cast, state=M.remitted)
    for month in range(6, 13):  # also long after the last word of the plan
        assert sweep_on(date(2027, month, 1))["ended"] == 0
    assert queries.get(row.id).term_state is T.running
    with transaction():
        for month in coverage_queries.months_of_sponsorship(row.id):
            coverage.move(actor="officer", month=month, to=M.posted, evidence="BPJS-1")
    assert sweep_on(date(2027, 12, 2))["ended"] == 1
    assert queries.get(row.id).term_state is T.ended


def test_a_request_that_was_never_paid_is_taken_back_after_a_week(cast: Cast) -> None:
    abandoned = factories.sponsorship(cast.sari, state=M.released)
    waiting = factories.sponsorship(cast.sari)
    assert sweep_on(date(2026, 11, 28))["withdrawn"] == 0
    assert sweep_on(date(2026, 12, 1))["withdrawn"] == 1
    assert queries.get(abandoned.id).review_state is R.withdrawn
    assert queries.get(waiting.id).review_state is R.submitted
    assert sweep_on(date(2026, 12, 2))["withdrawn"] == 0


def test_old_drafts_are_deleted_and_young_ones_kept(app: Flask, cast: Cast) -> None:
    with transaction() as session:
        for number, days in enumerate((-1, 1)):
            row = Draft(token_hash=f"{number}" * 64, created_at=clock.now(), expires_at=clock.now() + timedelta(days=days))
            row.answers = "{}"
            session.add(row)
    assert sweep_on(date(2026, 11, 22))["drafts"] == 1
    assert factories.count(Draft) == 1


def test_the_sweep_looks_in_the_same_number_of_statements_for_one_and_for_fifty(app: Flask, cast: Cast) -> None:
    from tests.page import counted

    def looking() -> int:
        db.session.remove()
        with on(date(2027, 5, 1)) as day, counted(app) as statements, transaction():
            jobs.look_at(coverage_queries.claim_due(day, 100), day)
        return len(statements)

    running(cast)
    one = looking()
    for _n in range(30):
        running(cast)
    assert looking() == one <= 9
