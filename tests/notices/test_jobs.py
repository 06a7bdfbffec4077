"""Sending through a real SMTP server on loopback: once, later when it is down, never what is stale, and nothing but what was meant."""

import smtplib
import socket
import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from sertakan.db import InsideTransaction, db, transaction
from sertakan.kit import clock
from sertakan.notices import email, jobs, rules
from sertakan.notices.email import Mail, NotSent, Postman, compose, connect
from sertakan.notices.models import Notice, NoticeState
from tests.cast import Cast
from tests.conftest import NOW
from tests.notices.conftest import Letterbox, post_through
from tests.notices.test_service import facts, write


def only() -> Notice:
    db.session.expire_all()
    return db.session.scalars(select(Notice)).one()


def test_a_message_goes_out_as_plain_text_in_its_language(posting: Letterbox, app: Flask, cast: Cast) -> None:
    notice = write("order_paid", cast.sari, facts("order_paid"))
    body, ref = notice.body, notice.ref
    assert jobs.send_due() == 1
    letter = posting.letters[0]
    assert posting.recipients == [["sari@contoh.test"]]
    assert letter["From"] == "Sertakan Pontianak <halo@sertakan.test>"
    assert letter["To"] == "sari@contoh.test"
    assert letter["Subject"] == "Terima kasih, pembayaran diterima"
    assert letter["Message-ID"] == f"<{ref}@127.0.0.1>"
    assert letter["Content-Language"] == "id" and letter["Auto-Submitted"] == "auto-generated"
    assert letter.get_content_type() == "text/plain"
    assert letter.get_content().replace("\r\n", "\n") == body
    assert (only().state, only().sent_at, only().attempts) == (NoticeState.sent, NOW, 1)


def test_a_sent_message_is_not_sent_again(posting: Letterbox, app: Flask, cast: Cast) -> None:
    write("refunded", cast.sari, facts("refunded"))
    assert [jobs.send_due() for _again in range(3)] == [1, 0, 0]
    assert len(posting.letters) == 1


def test_a_server_that_is_down_gets_it_when_it_is_up_again(
    app: Flask, cast: Cast, closed_letterbox: Letterbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    post_through(app, closed_letterbox, monkeypatch)
    write("refunded", cast.sari, facts("refunded"))
    assert jobs.send_due() == 0
    assert (only().state, only().attempts, only().next_try_at) == (NoticeState.queued, 1, NOW + timedelta(minutes=5))
    closed_letterbox.open()
    assert jobs.send_due() == 0  # not yet its time
    with clock.frozen(NOW + timedelta(minutes=5)):
        assert jobs.send_due() == 1
    assert len(closed_letterbox.letters) == 1 and only().attempts == 2


def test_a_refusing_server_is_tried_48_times_and_then_given_up_with_a_reason(posting: Letterbox, app: Flask, cast: Cast) -> None:
    posting.answer = "451 try again later"
    write("refunded", cast.sari, facts("refunded"))
    now, waits = NOW, []
    while only().state is NoticeState.queued:
        with clock.frozen(now):
            assert jobs.send_due() == 0
        waits.append(only().next_try_at - now)
        now = only().next_try_at
    assert len(waits) == 48 == only().attempts
    assert waits[:3] == [timedelta(minutes=5), timedelta(minutes=10), timedelta(minutes=20)] and waits[20] == timedelta(hours=6)
    assert (only().state, only().reason) == (NoticeState.failed, rules.TOO_MANY)


def test_an_address_that_does_not_exist_is_given_up_at_once(posting: Letterbox, app: Flask, cast: Cast) -> None:
    posting.refused.add("sari@contoh.test")
    write("refunded", cast.sari, facts("refunded"))
    write("withdrawn", cast.tono, facts("withdrawn"))
    assert jobs.send_due() == 1
    states = {row.kind: (row.state, row.reason) for row in db.session.scalars(select(Notice))}
    assert states == {"refunded": (NoticeState.failed, rules.BAD_ADDRESS), "withdrawn": (NoticeState.sent, None)}


def test_a_code_does_not_wait_behind_reminders(
    posting: Letterbox, app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(45):
        write("grace", cast.sari, facts("grace"), key=f"grace {number}")
    write("code", cast.tono, facts("code"))
    real = Postman.send

    def meanwhile(self: Postman, mail: Mail) -> None:
        real(self, mail)
        if len(posting.letters) == 10:
            write("code", cast.tono, facts("code"), key="later")

    monkeypatch.setattr(Postman, "send", meanwhile)
    assert jobs.send_due() == 47
    subjects = [letter["Subject"] for letter in posting.letters]
    assert subjects[0] == "Kode masuk Sertakan"
    assert 10 <= subjects.index("Kode masuk Sertakan", 1) <= 10 + jobs.FEW


def test_many_go_out_over_one_connection_oldest_first(posting: Letterbox, app: Flask, cast: Cast) -> None:
    for number in range(5):
        write("refunded", cast.sari, facts("refunded", amount=1_000 + number))
    assert jobs.send_due(limit=3) == 3
    assert jobs.send_due() == 2
    amounts = [letter.get_content().split("Uang ")[1][:7] for letter in posting.letters]
    assert amounts == ["Rp1.000", "Rp1.001", "Rp1.002", "Rp1.003", "Rp1.004"]


def test_a_run_goes_on_until_nothing_waits_and_lets_others_have_their_turn(
    posting: Letterbox, app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[str] = []
    monkeypatch.setattr(jobs, "knock", heard.append)
    for number in range(30):
        write("refunded", cast.sari, facts("refunded", amount=1_000 + number))
    assert (jobs.send_due(seconds=0), heard) == (1, ["notices"])
    assert (jobs.send_due(seconds=600), heard) == (29, ["notices"])


def test_a_stale_message_is_dropped_with_a_reason(posting: Letterbox, app: Flask, cast: Cast) -> None:
    write("code", cast.sari, facts("code"), stale_at=NOW + timedelta(minutes=10))
    with clock.frozen(NOW + timedelta(minutes=10)):
        assert jobs.send_due() == 0
    assert (only().state, only().reason) == (NoticeState.skipped, rules.STALE)
    assert posting.letters == []


def test_a_message_waits_for_its_time(posting: Letterbox, app: Flask, cast: Cast) -> None:
    write("refunded", cast.sari, facts("refunded"), not_before=NOW + timedelta(hours=1))
    assert jobs.send_due() == 0
    with clock.frozen(NOW + timedelta(hours=1)):
        assert jobs.send_due() == 1


def test_a_reminder_that_was_delayed_into_the_night_waits_for_the_morning(posting: Letterbox, app: Flask, cast: Cast) -> None:
    posting.answer = "451 busy"
    write("grace", cast.sari, facts("grace"))
    jobs.send_due()
    posting.answer = ""
    night = NOW + timedelta(hours=11)  # 21.00 in Pontianak
    with clock.frozen(night):
        assert jobs.send_due() == 0
    assert only().next_try_at == NOW + timedelta(hours=21)  # 07.00
    with clock.frozen(NOW + timedelta(hours=21)):
        assert jobs.send_due() == 1


def test_a_mobile_number_gets_its_message_through_the_gateways_mailbox(
    posting: Letterbox, app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "SETTINGS", replace(app.config["SETTINGS"], sms_gateway="sms.gerbang.test"))
    monkeypatch.setitem(app.config, "DEMO", False)
    with transaction():
        cast.sari.email, cast.sari.phone = None, "+6281234567890"
    write("code", cast.sari, facts("code"))
    assert jobs.send_due() == 1
    assert posting.recipients == [["6281234567890@sms.gerbang.test"]]
    assert posting.letters[0]["Subject"] is None
    assert facts("code")["code"] in posting.letters[0].get_content()


def test_a36_a_name_or_address_with_line_breaks_adds_no_header(posting: Letterbox, app: Flask, cast: Cast) -> None:
    with transaction():
        cast.sari.name = "Sari\r\nBcc: semua@contoh.test\r\n\r\nhalo"
    write("refunded", cast.sari, facts("refunded", code="x\r\nBcc: y@contoh.test"))
    write("refunded", cast.tono, facts("refunded"), to="tono@contoh.test\r\nBcc: z@contoh.test")
    jobs.send_due()
    for letter in posting.letters:
        assert set(letter.keys()) <= {
            "From", "To", "Subject", "Date", "Message-ID", "Content-Language", "Auto-Submitted", "Content-Type",
            "Content-Transfer-Encoding", "MIME-Version", "X-Peer", "X-MailFrom", "X-RcptTo",
        }  # fmt: skip
        assert letter["Bcc"] is None
    assert all("z@contoh.test" not in recipients for recipients in posting.recipients)


def test_a36_no_control_character_reaches_a_header(app: Flask) -> None:
    message = compose(Mail("abc", "a@contoh.test\nX: 1", "Judul\r\nX-Evil: 1\0\x1b[31m", "isi", "id"))
    assert [name for name in message if name.startswith("X-")] == []
    assert message["Subject"].isprintable()


def test_a46_the_network_is_refused_inside_a_transaction(posting: Letterbox, app: Flask) -> None:
    with Postman() as postman, transaction(), pytest.raises(InsideTransaction):
        postman.send(Mail("abc", "a@contoh.test", "Judul", "isi", "id"))


def test_a_password_is_not_told_to_a_far_server_without_tls(monkeypatch: pytest.MonkeyPatch, letterbox: Letterbox) -> None:
    real = socket.create_connection
    monkeypatch.setattr(socket, "create_connection", lambda _address, *a, **k: real(("127.0.0.1", letterbox.port), *a, **k))
    with pytest.raises(smtplib.SMTPNotSupportedError):
        connect("smtp://user:secret@mail.contoh.test:25")


def test_a_hanging_server_does_not_hold_the_job_for_ever(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(1)
        monkeypatch.setattr(email, "TIMEOUT_SECONDS", 0.2)
        settings = app.config["SETTINGS"]
        monkeypatch.setitem(app.config, "SETTINGS", replace(settings, smtp_url=f"smtp://127.0.0.1:{silent.getsockname()[1]}"))
        with Postman() as postman, pytest.raises(NotSent):
            postman.send(Mail("abc", "a@contoh.test", "Judul", "isi", "id"))


def test_in_the_demo_without_a_server_messages_count_as_sent_on_its_page(app: Flask, cast: Cast) -> None:
    write("refunded", cast.sari, facts("refunded"))
    assert jobs.send_due() == 1
    assert only().state is NoticeState.sent


def test_elsewhere_without_a_server_messages_wait(app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "DEMO", False)
    write("refunded", cast.sari, facts("refunded"))
    assert jobs.send_due() == 0
    assert (only().state, only().attempts) == (NoticeState.queued, 0)


# ---- two at once ---------------------------------------------------------------------------------------------------------------


def _in_parallel(app: Flask, times: int, work: Any) -> list[Any]:
    """The same work in several threads that begin together."""
    gate, results, faults = threading.Barrier(times), [], []

    def one() -> None:
        with app.app_context():
            try:
                gate.wait(10)
                results.append(work())
            except Exception as fault:
                faults.append(fault)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=one) for _number in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert faults == []
    return results


@pytest.fixture
def live_posting(
    live: tuple[Flask, Cast], letterbox: Letterbox, monkeypatch: pytest.MonkeyPatch
) -> tuple[Flask, Cast, Letterbox]:
    app, cast = live
    post_through(app, letterbox, monkeypatch)
    return app, cast, letterbox


def test_two_senders_at_once_send_each_message_once(live_posting: tuple[Flask, Cast, Letterbox]) -> None:
    app, cast, box = live_posting
    with app.app_context(), clock.frozen(NOW):
        for number in range(20):
            write("refunded", cast.sari, facts("refunded", amount=1_000 + number))
    sent = _in_parallel(app, 4, jobs.send_due)
    assert sum(sent) == 20 == len(box.letters)
    assert len({letter["Message-ID"] for letter in box.letters}) == 20


def test_two_writers_of_one_key_leave_one_message(live: tuple[Flask, Cast]) -> None:
    app, cast = live

    def once() -> str:
        return write("refunded", cast.sari, facts("refunded"), key="refunded:same").ref

    refs = _in_parallel(app, 6, once)
    with app.app_context():
        assert {only().ref} == set(refs)


def test_a_worker_that_dies_after_claiming_leaves_the_message_to_be_sent_later(
    posting: Letterbox, app: Flask, cast: Cast
) -> None:
    write("refunded", cast.sari, facts("refunded"))
    assert jobs._claim(only().id) is not None  # … and the process is gone
    assert jobs.send_due() == 0
    with clock.frozen(NOW + rules.LEASE):
        assert jobs.send_due() == 1
