"""Reminders become messages: one a person and a day, looked at again before they go out, and a reason for each that does not."""

from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask

from sertakan import jobs as house_jobs
from sertakan.coverage.rules import MonthState, ReminderKind
from sertakan.db import WriteOutsideTransaction, db, transaction
from sertakan.kit import clock
from sertakan.kit.months import Month
from sertakan.notices import jobs as notice_jobs
from sertakan.notices import queries as notice_queries
from sertakan.notices import rules as notice_rules
from sertakan.notices.models import Notice, NoticeState
from sertakan.sponsorships import letters, queries, reminders, rules, service
from sertakan.sponsorships.models import Reminder, Sponsorship
from sertakan.sponsorships.reminders import Due
from sertakan.sponsorships.rules import REMINDER_MOVES, ReminderState, TermState
from sertakan.workers.models import Worker, WorkerState
from tests import factories
from tests.cast import Cast
from tests.notices.conftest import Letterbox, closed_letterbox, letterbox, post_through, posting
from tests.sponsorships.test_sweep import lines, on, running, sweep_on

__all__ = ["closed_letterbox", "letterbox", "posting"]
FIRST = date(2027, 5, 1)  # thirty days before the end of May


def messages() -> list[Notice]:
    db.session.expire_all()
    return list(db.session.scalars(db.select(Notice).where(Notice.kind != "officers").order_by(Notice.id)))


def send_at(hour: int, day: date = FIRST) -> int:
    """What the worker sends at this hour in Pontianak."""
    with clock.frozen(datetime(day.year, day.month, day.day, hour, 0, tzinfo=clock.ZONE)):
        return notice_jobs.send_due(look_again=letters.look_again)


def name(row: Sponsorship, words: str) -> None:
    with transaction():
        db.session.get_one(Sponsorship, row.id).typed_name = words


# ---- one message a person and a day --------------------------------------------------------------------------------------------


def test_twelve_workers_of_one_sponsor_are_one_message_with_twelve_lines(cast: Cast) -> None:
    for number in range(12):
        name(running(cast), f"Pekerja {number}")
    sweep_on(FIRST)
    (notice,) = messages()
    assert (notice.kind, notice.subject) == ("reminders", f"person:{cast.sari.ref}")
    assert [f"{number + 1}. Pekerja {number}: berakhir 31 Mei 2027, 30 hari lagi." in notice.body for number in range(12)] == [
        True
    ] * 12
    assert notice.body.count("/p/") == 1 and "Juni 2027 Rp16.800" in notice.body
    assert "Anda tidak wajib melakukan apa-apa" in notice.body and "Bila tidak diperpanjang" in notice.body
    assert "Pekerja" not in notice.title and "Rp" not in notice.title
    assert {state for (state,) in lines("state")} == {"queued"}
    assert {row for (row,) in lines("notice_id")} == {notice.id}


def test_two_sponsors_get_a_message_each(cast: Cast) -> None:
    running(cast)
    factories.sponsorship(cast.tono, first="2026-12", review="approved", term="running", state=MonthState.posted)
    sweep_on(FIRST)
    assert sorted(notice.person_id for notice in messages()) == sorted([cast.sari.id, cast.tono.id])


def test_a_second_line_of_the_same_day_waits_for_tomorrows_message(cast: Cast) -> None:
    running(cast)
    sweep_on(FIRST)
    late = running(cast)
    sweep_on(FIRST)
    assert len(messages()) == 1 and lines("sponsorship_id", "state")[1] == (late.id, "due")
    sweep_on(FIRST + timedelta(days=1))
    assert [notice.subject for notice in messages()][1:] == [f"sponsorship:{late.ref}"]


def test_the_most_urgent_stands_first(cast: Cast) -> None:
    name(running(cast), "Nanti")
    name(running(cast, count=5), "Sekarang")  # ended on 30 April
    sweep_on(FIRST)
    body = messages()[0].body
    assert body.index("Sekarang: berakhir 30 April 2027, masa tenggang.") < body.index(
        "Nanti: berakhir 31 Mei 2027, 30 hari lagi."
    )


def test_at_night_it_waits_for_seven_and_counts_for_that_day(cast: Cast) -> None:
    running(cast)
    with clock.frozen(datetime(2027, 5, 1, 22, 0, tzinfo=clock.ZONE)):
        house_jobs.sweep()
        letters.write_letters()
    (notice,) = messages()
    assert notice.next_try_at == datetime(2027, 5, 2, 7, 0, tzinfo=clock.ZONE)
    assert notice.key == f"reminders:{cast.sari.ref}:2027-05-02"


@pytest.mark.parametrize(
    ("instant", "kinds"),
    [
        (datetime(2026, 12, 31, 16, 59, tzinfo=UTC), ["reminder_3"]),  # still 31 December in Pontianak: the last day is covered
        (datetime(2026, 12, 31, 17, 0, tzinfo=UTC), ["grace"]),  # 1 January
    ],
)
def test_the_day_is_that_of_pontianak(cast: Cast, instant: datetime, kinds: list[str]) -> None:
    running(cast, count=1)
    with clock.frozen(instant):
        house_jobs.sweep()
    assert [kind for (kind,) in lines("kind")] == kinds


def test_a_cover_that_ends_on_29_february_is_told_on_the_day_after(cast: Cast) -> None:
    running(cast, first="2027-12", count=3)
    for day in (date(2028, 2, 26), date(2028, 2, 29), date(2028, 3, 1)):
        sweep_on(day)
    assert lines("kind", "covered_until") == [("reminder_3", date(2028, 2, 29)), ("grace", date(2028, 2, 29))]


# ---- never silently ------------------------------------------------------------------------------------------------------------


def test_osm_196_each_due_line_is_told_or_has_a_reason(cast: Cast) -> None:
    running(cast)
    running(cast, remind=False)
    gone = running(cast)
    with transaction():
        db.session.get_one(Worker, gone.worker_id).state = WorkerState.deceased
    sweep_on(FIRST)
    assert len(lines("id")) == 3
    assert all(state == "queued" or reason for state, reason in lines("state", "reason"))


def test_pretix_1106_nothing_is_told_about_what_was_made_less_than_a_day_ago(cast: Cast) -> None:
    with on(FIRST):
        row = running(cast)
        due = Due(row.id, row.sponsor_id, row.worker_id, ReminderKind.reminder_30, date(2027, 5, 31))
        with transaction():
            reminders.write_due([due], FIRST)
        assert letters.write_letters()["waiting"] == 1
    assert messages() == []
    with on(FIRST + timedelta(days=1)):
        assert letters.write_letters()["letters"] == 1


def test_a_line_that_grew_old_is_not_written(cast: Cast) -> None:
    row = running(cast)
    due = Due(row.id, row.sponsor_id, row.worker_id, ReminderKind.reminder_30, date(2027, 5, 31))
    with on(FIRST), transaction():
        reminders.write_due([due], FIRST)
    with on(date(2027, 5, 21)):
        assert letters.write_letters()["skipped"] == 1
    assert lines("state", "reason") == [("skipped", notice_rules.STALE)] and messages() == []


def test_the_same_due_is_written_once_for_ever(cast: Cast) -> None:
    row = running(cast)
    due = Due(row.id, row.sponsor_id, row.worker_id, ReminderKind.cliff, date(2027, 5, 31))
    with transaction():
        assert reminders.write_due([due, due], FIRST) == {"reminders": 1, "skipped": 0, "listed": 2}
    with transaction():
        assert reminders.write_due([due], FIRST + timedelta(days=1)).total() == 0


def test_workers_and_officers_have_lines_of_their_own(cast: Cast) -> None:
    row = running(cast)
    for day in (FIRST, date(2027, 5, 21), date(2027, 5, 28), date(2027, 6, 1)):
        sweep_on(day)
    asked = (
        db.select(Reminder.audience, Reminder.kind, Reminder.recipient).where(Reminder.state == "listed").order_by(Reminder.id)
    )
    worker = f"worker:{row.worker_id}"
    assert [tuple(found) for found in db.session.execute(asked)] == [
        ("worker", "reminder_10", worker),
        ("staff", "reminder_3", "staff"),
        ("worker", "grace", worker),
        ("staff", "grace", "staff"),
    ]


def test_a_sponsor_who_wants_quiet_does_not_silence_the_officers_list(cast: Cast) -> None:
    running(cast, remind=False)
    sweep_on(date(2027, 5, 28))
    asked = db.select(Reminder.audience, Reminder.state).order_by(Reminder.id)
    assert [tuple(row) for row in db.session.execute(asked)] == [("sponsor", "skipped"), ("staff", "listed")]


def test_i18_liberapay_pr_2224_one_that_fails_leaves_the_others_done(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    running(cast)
    broken = factories.sponsorship(cast.tono, first="2026-12", review="approved", term="running", state=MonthState.posted)
    broken_id, real = broken.id, queries.display_name

    def fail_for_one(row: Sponsorship) -> str:
        if row.id == broken_id:
            raise ZeroDivisionError
        return real(row)

    monkeypatch.setattr(queries, "display_name", fail_for_one)
    sweep_on(FIRST)
    assert [notice.person_id for notice in messages()] == [cast.sari.id]
    assert f"person:{cast.tono.id}" in caplog.text
    monkeypatch.undo()
    sweep_on(FIRST + timedelta(days=1))
    assert len(messages()) == 2


def test_writing_costs_the_same_statements_for_one_sponsor_and_for_thirty(app: Flask, cast: Cast) -> None:
    from sertakan.accounts.models import Person
    from tests.page import counted

    def writing(day: date) -> int:
        with on(day):
            house_jobs.sweep()
            with counted(app) as statements:
                letters.write_letters()
        return len(statements)

    running(cast)
    one = writing(FIRST)
    for number in range(30):
        with transaction() as session:
            session.add(person := Person(name="Wati", email=f"w{number}@contoh.test", locale="id", created_at=clock.now()))
        factories.sponsorship(person, first="2026-12", review="approved", term="running", state=MonthState.posted)
    assert writing(FIRST + timedelta(days=1)) <= one + 2


# ---- looked at again before it goes out ----------------------------------------------------------------------------------------


def test_civicrm_307_a_worker_who_dies_between_reminder_and_sending_gets_none(posting: Letterbox, cast: Cast) -> None:
    row = running(cast)
    sweep_on(FIRST)
    with transaction():
        db.session.get_one(Worker, row.worker_id).state = WorkerState.deceased
    assert send_at(10) == 0
    (notice,) = messages()
    assert (notice.state, notice.reason) == (NoticeState.skipped, rules.GONE_WORKER)
    assert lines("state", "reason") == [("skipped", rules.GONE_WORKER)] and posting.letters == []


def test_the_others_in_that_message_are_told_the_same_day_without_her(posting: Letterbox, cast: Cast) -> None:
    dead, alive = running(cast), running(cast)
    name(dead, "Almarhumah")
    name(alive, "Yang Hidup")
    sweep_on(FIRST)
    with transaction():
        assert reminders.stop(worker_id=dead.worker_id, reason=rules.GONE_WORKER) == 1
    with on(FIRST):
        assert letters.write_letters()["letters"] == 1
    assert send_at(10) == 1
    body = posting.letters[0].get_content()
    assert "Yang Hidup" in body and "Almarhumah" not in body
    assert lines("state", "reason") == [("skipped", rules.GONE_WORKER), ("queued", None)]
    assert [notice.state for notice in messages()] == ["skipped", "sent"]


def test_what_is_cancelled_stops_within_the_transaction(cast: Cast) -> None:
    row_id, other_ref = running(cast).id, running(cast).ref
    sweep_on(FIRST)
    with on(FIRST), transaction():
        service.move_term(actor="system", sponsorship=queries.get(row_id), to=TermState.cancelled, reason="test")
        db.session.flush()
        assert lines("state", "reason") == [("skipped", rules.CLOSED), ("due", None)]
    assert messages()[0].state == "skipped"
    with on(FIRST):
        letters.write_letters()
    assert messages()[1].subject == f"sponsorship:{other_ref}"


def test_what_was_sent_before_stays_sent(posting: Letterbox, cast: Cast) -> None:
    row = running(cast)
    sweep_on(FIRST)
    assert send_at(10) == 1
    with transaction():
        assert reminders.stop(worker_id=row.worker_id, reason=rules.GONE_WORKER) == 0
    assert lines("state") == [("queued",)]


def test_liberapay_1996_after_a_renewal_the_waiting_reminder_vanishes(posting: Letterbox, cast: Cast) -> None:
    row = running(cast)
    sweep_on(FIRST)
    with transaction():
        db.session.add(factories._month(row.worker_id, Month(2027, 6), MonthState.paid, row.id))
    assert send_at(10) == 0
    assert lines("state", "reason") == [("skipped", rules.RENEWED)] and posting.letters == []


def test_a_promise_of_later_months_holds_the_reminder_until_it_is_paid_or_gone(posting: Letterbox, cast: Cast) -> None:
    row = running(cast)
    with transaction():
        db.session.add(month := factories._month(row.worker_id, Month(2027, 6), MonthState.reserved, row.id))
    sweep_on(FIRST)
    assert messages() == [] and lines("state") == [("due",)]
    with transaction():
        db.session.get_one(type(month), month.id).state = MonthState.released
    sweep_on(FIRST)
    assert send_at(10) == 1


def test_stop_drops_what_waits_and_leaves_a_reason(posting: Letterbox, cast: Cast) -> None:
    from sertakan.accounts import service as accounts

    running(cast)
    sweep_on(FIRST)
    with transaction():
        accounts.mute(actor=cast.sari.ref, person=cast.sari, muted=True)
    assert send_at(10) == 0
    assert [(notice.state, notice.reason) for notice in messages()] == [("skipped", notice_rules.MUTED)]


def test_a_server_that_is_down_for_two_days_gets_each_once_and_the_stale_ones_not_at_all(
    app: Flask, cast: Cast, closed_letterbox: Letterbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    post_through(app, closed_letterbox, monkeypatch)
    running(cast)
    factories.sponsorship(cast.tono, first="2026-12", count=6, review="approved", term="running", state=MonthState.posted)
    with transaction():
        db.session.scalars(db.select(Sponsorship).where(Sponsorship.sponsor_id == cast.tono.id)).one().remind = True
    sweep_on(date(2027, 5, 20))  # the last day of the thirty-day stage
    for hours in range(0, 36, 6):
        with clock.frozen(datetime(2027, 5, 20, 9, tzinfo=clock.ZONE) + timedelta(hours=hours)):
            notice_jobs.send_due(look_again=letters.look_again)
    closed_letterbox.open()
    for day in (22, 23):
        sweep_on(date(2027, 5, day))
        send_at(10, date(2027, 5, day))
    mine = [letter for letter in closed_letterbox.letters if letter["To"].endswith("@contoh.test")]
    assert sorted(letter["To"] for letter in mine) == ["sari@contoh.test", "tono@contoh.test"]
    assert {letter["Subject"] for letter in mine} == {"Perlindungan berakhir sebentar lagi"}
    assert [kind for (kind,) in lines("kind")] == ["reminder_30"] * 2 + ["reminder_10"] * 2
    assert (
        sorted((notice.kind, notice.state) for notice in messages())
        == [("reminder_10", "sent")] * 2 + [("reminder_30", "skipped")] * 2
    )


def test_every_reminder_says_how_to_stop_in_its_head_too(posting: Letterbox, cast: Cast) -> None:
    running(cast)
    sweep_on(FIRST)
    send_at(10)
    link = posting.letters[0]["List-Unsubscribe"]
    assert link.startswith("<http://127.0.0.1:8000/berhenti/") and link[1:-1] in posting.letters[0].get_content()


def test_a_reminder_cut_off_while_it_was_handed_over_is_never_sent_twice(posting: Letterbox, cast: Cast) -> None:
    running(cast)
    sweep_on(FIRST)
    with on(FIRST):
        notice_id = messages()[0].id
        assert notice_jobs._claim(notice_id) is not None
        with transaction():
            notice_jobs._finish(notice_id, handed_at=clock.now())  # … and the process is gone, perhaps after "250 OK"
    assert send_at(10) == 0
    assert [(notice.state, notice.reason) for notice in messages()] == [("skipped", notice_rules.INTERRUPTED)]


# ---- states and health ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("before", list(ReminderState))
@pytest.mark.parametrize("after", list(ReminderState))
def test_a_reminder_moves_only_along_its_table(app: Flask, before: ReminderState, after: ReminderState) -> None:
    row = Reminder(state=before)
    if after in REMINDER_MOVES[before]:
        reminders.move(row, after, "why", 1)
        assert row.state is after
    else:
        with pytest.raises(RuntimeError):
            reminders.move(row, after, "why", 1)


def test_outside_a_transaction_no_line_can_be_written(app: Flask, cast: Cast) -> None:
    row = running(cast)
    due = Due(row.id, row.sponsor_id, row.worker_id, ReminderKind.cliff, date(2027, 5, 31))
    with pytest.raises(WriteOutsideTransaction):
        reminders.write_due([due], FIRST)


def test_openimis_a_sender_that_is_set_up_wrongly_is_red_and_not_silent(
    app: Flask, cast: Cast, closed_letterbox: Letterbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    running(cast)
    sweep_on(FIRST)
    with on(FIRST):
        health = notice_queries.health()
        assert (health.configured, health.waiting, health.ok) == (False, 1, False)
        post_through(app, closed_letterbox, monkeypatch)
        assert notice_queries.health().ok
    for hour in (9, 10, 11, 12, 13):
        send_at(hour)
    with clock.frozen(datetime(2027, 5, 1, 13, 1, tzinfo=clock.ZONE)):
        assert (notice_queries.health().failing, notice_queries.health().ok) == (1, False)


def test_opencollective_1121_two_writers_at_once_write_each_message_once(live: tuple[Flask, Cast]) -> None:
    from threading import Barrier, Thread

    from tests.sponsorships.crowd import DAY, crowd

    app, _cast = live
    start = datetime(DAY.year, DAY.month, DAY.day, 9, 0, tzinfo=clock.ZONE)
    together, found = Barrier(3), []

    def write() -> None:
        with app.app_context():
            together.wait()
            found.append(letters.write_letters())

    with clock.frozen(start):
        with app.app_context():
            dues = crowd(90, start - timedelta(days=150))
            with transaction():
                reminders.write_due(dues, DAY)
        threads = [Thread(target=write) for _n in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    with app.app_context():
        assert factories.count(Notice) == 90 == sum(done["letters"] for done in found)
        assert {state for (state,) in lines("state")} == {"queued"} and sum(done["failed"] for done in found) == 0
