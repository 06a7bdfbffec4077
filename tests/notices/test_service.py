"""Writing messages: their texts in both languages, once by key, and why some are not sent."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from sertakan.accounts.models import Person
from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.kit.months import Month, span
from sertakan.notices import queries, rules, service
from sertakan.notices.links import absolute, read_mute_token
from sertakan.notices.models import Notice, NoticeState
from tests.cast import Cast
from tests.factories import count

NIK = "6171045203840001"
DECEMBER = Month(2026, 12)
FACTS: dict[str, Any] = {
    "code": "7KQ2-M9XF",
    "link": "http://127.0.0.1:8000/masuk/tautan/abc",
    "amount": 92_400,
    "balance": 5_000_000,
    "rule": "Pedagang Flamboyan",
    "months": span(DECEMBER, 6),
    "worker": "Sumiati",
    "receipt_url": "http://127.0.0.1:8000/bukti/abc",
    "covered_from": DECEMBER,
    "covered_until": date(2027, 5, 31),
    "since": date(2027, 6, 1),
    "reason": "tidak cocok dengan KTP",
    "note": "Nama di KTP berbeda.\nTolong diperiksa.",
    "refund_amount": 92_400,
    "question": "Apakah ia masih bekerja di rumah Anda?",
    "url": "http://127.0.0.1:8000/p/abc",
    "organisation": "PT Muara Sejahtera",
    "contact": "s•••@contoh.test",
    "account": "•••••••123",
    "lines": [(month, 8_400 if month == DECEMBER else 16_800) for month in span(DECEMBER, 6)],
    "total": 92_400,
    "days": 10,
    "month": DECEMBER,
    "until": date(2026, 12, 1),
    "first": DECEMBER,
    "posted": 2,
    "bounced": 1,
    "count": 3,
    "card": "Visa •••• 4242",
    "charge_on": date(2027, 5, 24),
    "invoice": "TG-2026-000042",
    "workers": 3,
    "file": "daftar.xlsx",
    "left": 2,
    "due_on": date(2026, 12, 6),
    "kept": span(DECEMBER, 1),
    "counts": {"reminder_3": 2, "grace": 1, "cliff": 0, "workers": 3},
}
FACTS["items"] = [{**FACTS, "stage": stage} for stage in ("reminder_10", "grace", "rescue", "cliff", "lapsed")]


def facts(kind: str, **more: Any) -> dict[str, Any]:
    wanted = set(rules.NEEDS[kind]) | ({"lines", "total", "days", "since"} if kind in rules.REMINDERS else set())
    return {name: FACTS[name] for name in wanted} | more


def write(kind: str, person: Person | None, context: dict[str, Any], **more: Any) -> Notice:
    with transaction():
        return service.queue(
            key=more.pop("key", f"{kind}:{count(Notice)}"),
            kind=kind,
            subject="sponsorship:abc",
            person=person,
            context=context,
            **more,
        )


@pytest.mark.parametrize("kind", sorted(rules.NEEDS))
@pytest.mark.parametrize("locale", ["id", "en"])
def test_every_message_has_a_title_without_personal_data_and_a_body(app: Flask, cast: Cast, kind: str, locale: str) -> None:
    notice = write(kind, cast.sari, facts(kind), locale=locale)
    assert notice.state is NoticeState.queued
    assert notice.title and "Sari" not in notice.title and "Sumiati" not in notice.title and "7KQ2" not in notice.title
    assert notice.body.startswith(("Halo, Sari Wulandari.", "Hello, Sari Wulandari."))
    assert "{{" not in notice.body and "%(" not in notice.body and "None" not in notice.body
    assert "\n\n\n" not in notice.body
    assert ("Berhenti" in notice.body or "/berhenti/" in notice.body) is (kind in rules.REMINDERS)
    assert max(map(len, notice.title.splitlines())) <= 80


def test_a_reminder_says_what_is_needed_which_months_and_what_happens_otherwise(app: Flask, cast: Cast) -> None:
    body = write("reminder_10", cast.sari, facts("reminder_10")).body
    assert "Perlindungan Sumiati berakhir 31 Mei 2027, 10 hari lagi." in body
    assert "http://127.0.0.1:8000/p/abc" in body
    assert "- Desember 2026: Rp8.400\n- Januari 2027: Rp16.800" in body
    assert "Jumlah: Rp92.400" in body
    assert "Bila tidak diperpanjang" in body


def test_a_payment_is_told_with_months_and_amount_in_the_readers_form(app: Flask, cast: Cast) -> None:
    body = write("order_paid", cast.sari, facts("order_paid")).body
    assert "Rp92.400" in body and "Desember 2026 sampai Mei 2027 (6 bulan)" in body
    with transaction():
        cast.sari.locale = "en"
    english = write("order_paid", cast.sari, facts("order_paid"))
    assert english.locale == "en" and "Rp92,400" in english.body and "December 2026" in english.body


def test_a_rejection_without_money_speaks_of_no_refund(app: Flask, cast: Cast) -> None:
    with_money = write("rejected", cast.sari, facts("rejected")).body
    without = write("rejected", cast.sari, facts("rejected", refund_amount=0, note="")).body
    assert "Rp92.400" in with_money and "Catatan petugas" in with_money
    assert "tidak ada yang perlu dikembalikan" in without and "Rp" not in without and "Catatan" not in without


def test_months_with_holes_are_listed_one_by_one(app: Flask, cast: Cast) -> None:
    body = write("month_taken", cast.sari, facts("month_taken", months=[DECEMBER, DECEMBER + 2])).body
    assert "Desember 2026, Februari 2027" in body


def test_the_same_key_is_written_once(app: Flask, cast: Cast) -> None:
    first = write("refunded", cast.sari, facts("refunded"), key="refunded:1")
    first_id = first.id
    again = write("refunded", cast.tono, facts("refunded", amount=1), key="refunded:1")
    assert again.id == first_id and count(Notice) == 1
    assert again.to == "sari@contoh.test"


def test_a_rolled_back_change_leaves_no_message(app: Flask, cast: Cast) -> None:
    def fail_after_queueing() -> None:
        with transaction():
            service.queue(key="x", kind="withdrawn", subject="a:b", person=cast.sari, context={"code": "x"})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_after_queueing()
    assert count(Notice) == 0


def test_outside_a_transaction_nothing_can_be_queued(app: Flask, cast: Cast) -> None:
    with pytest.raises(AssertionError):
        service.queue(key="x", kind="withdrawn", subject="a:b", person=cast.sari, context={"code": "x"})


def test_a_message_without_its_words_is_a_bug(app: Flask, cast: Cast) -> None:
    with pytest.raises(rules.MissingWords, match="amount"), transaction():
        service.queue(key="x", kind="refunded", subject="a:b", person=cast.sari, context={"code": "x"})
    with pytest.raises(rules.MissingWords, match="nonsense"), transaction():
        service.queue(key="x", kind="nonsense", subject="a:b", person=cast.sari, context={})


def test_a50_recipient_and_body_are_sealed_in_the_table(app: Flask, cast: Cast) -> None:
    write("order_paid", cast.sari, facts("order_paid", worker=f"Sumiati {NIK}"))
    stored = " ".join(str(value) for row in db.session.execute(select(Notice.__table__)) for value in row)
    for secret in (NIK, "Sumiati", "sari@contoh.test", "Sari", "92.400"):
        assert secret not in stored


# ---- not sent, with a reason ---------------------------------------------------------------------------------------------------


def test_a_muted_reader_gets_decisions_but_no_reminders(app: Flask, cast: Cast) -> None:
    with transaction():
        cast.sari.muted_at = clock.now()
    reminder, decision = write("grace", cast.sari, facts("grace")), write("rejected", cast.sari, facts("rejected"))
    assert (reminder.state, reminder.reason) == (NoticeState.skipped, rules.MUTED)
    assert decision.state is NoticeState.queued


def test_a_closed_account_gets_nothing(app: Flask, cast: Cast) -> None:
    with transaction():
        cast.sari.disabled_at = clock.now()
    assert write("refunded", cast.sari, facts("refunded")).reason == rules.DISABLED


def test_nobody_to_write_to_is_a_reason(app: Flask) -> None:
    notice = write("refunded", None, facts("refunded"))
    assert (notice.state, notice.reason) == (NoticeState.skipped, rules.NO_CONTACT)


def test_a_phone_alone_without_a_gateway_is_a_reason(app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "DEMO", False)
    with transaction():
        cast.sari.email, cast.sari.phone = None, "+6281234567890"
    notice = write("code", cast.sari, facts("code"))
    assert (notice.channel, notice.state, notice.reason) == ("sms", NoticeState.skipped, rules.NO_SMS)


def test_a_text_message_says_its_code_or_where_to_read_and_names_nobody(app: Flask, cast: Cast) -> None:
    with transaction():
        cast.sari.email, cast.sari.phone = None, "+6281234567890"
    told = {kind: write(kind, cast.sari, facts(kind)).body for kind in ("code", "grace", "refunded")}
    assert told["code"].startswith("Kode masuk Sertakan: ")
    assert facts("code")["code"] in told["code"]
    assert str(facts("grace")["url"]) in told["grace"]
    for body in told.values():
        assert len(body) <= 306 and body.count("\n") == 1  # two segments of a text message
        assert cast.sari.name not in body and "Sumiati" not in body


def test_the_callers_own_reason_is_kept(app: Flask, cast: Cast) -> None:
    notice = write("reminder_3", cast.sari, facts("reminder_3"), skip="worker died")
    assert (notice.state, notice.reason) == (NoticeState.skipped, "worker died")


def test_what_waits_about_one_thing_can_be_dropped(app: Flask, cast: Cast) -> None:
    write("reminder_3", cast.sari, facts("reminder_3"))
    write("order_paid", cast.sari, facts("order_paid"))
    with transaction():
        dropped = service.skip_waiting_about(subject="sponsorship:abc", reason="renewed", kinds=rules.REMINDERS)
    assert dropped == 1
    assert {row.kind: row.state for row in queries.list_about("sponsorship:abc")} == {
        "reminder_3": NoticeState.skipped,
        "order_paid": NoticeState.queued,
    }


# ---- reading -------------------------------------------------------------------------------------------------------------------


def test_messages_are_listed_opened_newest_first_and_by_contact(app: Flask, cast: Cast) -> None:
    write("refunded", cast.sari, facts("refunded"))
    write("withdrawn", cast.tono, facts("withdrawn"))
    assert [(row.kind, row.to) for row in queries.list_recent(10)] == [
        ("withdrawn", "tono@contoh.test"),
        ("refunded", "sari@contoh.test"),
    ]
    assert [row.kind for row in queries.list_recent(10, "sari@contoh.test")] == ["refunded"]


# ---- links ---------------------------------------------------------------------------------------------------------------------


def test_links_come_from_the_settings_and_keep_the_readers_language(app: Flask) -> None:
    with app.test_request_context("/", headers={"Host": "evil.test"}):
        assert absolute("accounts.sign_in", "id") == "http://127.0.0.1:8000/masuk"
        assert absolute("accounts.sign_in", "en") == "http://127.0.0.1:8000/en/masuk"


def test_the_link_to_stop_names_nobody_and_cannot_be_made_up(app: Flask, cast: Cast) -> None:
    body = write("grace", cast.sari, facts("grace")).body
    token = re.findall(r"/berhenti/(\S+)", body)[0]
    assert read_mute_token(token) == cast.sari.ref
    assert read_mute_token(token[:-2] + "xx") is None
    assert read_mute_token("apa saja") is None


# ---- when ----------------------------------------------------------------------------------------------------------------------


def at(*numbers: int) -> datetime:
    return datetime(*numbers[:5], tzinfo=clock.ZONE)


@pytest.mark.parametrize(
    ("local", "expected"),
    [
        (at(2026, 11, 22, 19, 59), at(2026, 11, 22, 19, 59)),
        (at(2026, 11, 22, 20, 0), at(2026, 11, 23, 7, 0)),
        (at(2026, 11, 23, 0, 30), at(2026, 11, 23, 7, 0)),
        (at(2026, 11, 23, 6, 59), at(2026, 11, 23, 7, 0)),
        (at(2026, 11, 23, 7, 0), at(2026, 11, 23, 7, 0)),
        (at(2026, 12, 31, 23, 0), at(2027, 1, 1, 7, 0)),
    ],
)
def test_reminders_keep_the_quiet_hours_of_pontianak(local: datetime, expected: datetime) -> None:
    instant = local.astimezone(UTC)
    assert rules.after_quiet("grace", instant) == expected
    assert rules.after_quiet("code", instant) == instant


def test_the_wait_doubles_from_five_minutes_to_six_hours() -> None:
    waits = [rules.wait_after(tries) for tries in range(1, 48)]
    assert waits[:4] == [timedelta(minutes=minutes) for minutes in (5, 10, 20, 40)]
    assert waits[-1] == timedelta(hours=6)
    assert waits == sorted(waits)
