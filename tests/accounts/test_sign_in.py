"""`/masuk`, the code, the link and `/keluar`, as a visitor meets them."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from sertakan.accounts import codes, service
from sertakan.accounts.models import OneTimeCode, SignIn
from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.notices import queries as notices
from tests.cast import Cast
from tests.conftest import NOW
from tests.factories import count
from tests.page import Page, PageClient


def ask(client: PageClient, contact: str = "sari@contoh.test") -> tuple[str, str]:
    """Ask for a code; returns it and the link's path, as the message tells them."""
    page = client.post("/masuk", {"contact": contact})
    assert (page.status, page.location) == (303, "/masuk/kode")
    body = notices.list_recent(1)[0].body
    return body.split("Kode masuk Anda: ")[1][:6], "/masuk/tautan/" + body.split("/masuk/tautan/")[1].split()[0]


def sign_in(client: PageClient, contact: str = "sari@contoh.test") -> Page:
    code, _link = ask(client, contact)
    return client.post("/masuk/kode", {"code": code})


def cookie(client: PageClient, name: str = "_user_id") -> str | None:
    with client.http.session_transaction() as session:
        return session.get(name)


def test_a_resident_signs_in_with_the_code_of_her_message(client: PageClient, cast: Cast) -> None:
    client.get("/masuk").sees("Masuk", "E-mail atau nomor HP")
    code, _link = ask(client)
    client.get("/masuk/kode").sees("Ketik kode")
    page = client.post("/masuk/kode", {"code": f"{code[:3]} {code[3:]}"})
    assert (page.status, page.location) == (303, "/dukungan")
    client.get("/akun").sees("Akun", "s•••@contoh.test", "Perangkat ini").misses("sari@contoh.test")


def test_the_english_page_sends_an_english_message_and_stays_english(client: PageClient) -> None:
    client.get("/en/masuk")
    assert client.post("/en/masuk", {"contact": "sari@contoh.test"}).location == "/en/masuk/kode"
    notice = notices.list_recent(1)[0]
    assert notice.locale == "en" and "/en/masuk/tautan/" in notice.body


@pytest.mark.parametrize(
    ("contact", "words"),
    [
        ("", "Isi e-mail atau nomor HP Anda"),
        ("sari", "Isi e-mail (nama@contoh.id) atau nomor HP (08…), salah satu saja"),
        ("sari@", "Alamat e-mail belum lengkap"),
        ("0561 765", "Nomor HP 10–13 angka"),
        ("😀", "salah satu saja"),
        ("a" * 10_000, "Terlalu panjang"),
        ("<script>alert(1)</script>@x.test", "Alamat e-mail belum lengkap"),
    ],
)
def test_nonsense_gets_a_sentence_and_no_code(client: PageClient, contact: str, words: str) -> None:
    page = client.post("/masuk", {"contact": contact})
    assert page.status == 422
    page.sees("Galat:", words).misses("<script>alert")
    assert count(OneTimeCode) == 0


def test_a11_known_and_unknown_contacts_get_the_same_pages(app: Flask) -> None:
    answers = []
    for contact in ("sari@contoh.test", "tidak.ada@contoh.test"):
        visitor = PageClient(app)
        asked = visitor.post("/masuk", {"contact": contact})
        shown = visitor.get("/masuk/kode")
        refused = visitor.post("/masuk/kode", {"code": "000000"})
        answers.append([asked.status, asked.location, shown.status, shown.text, refused.status, refused.text])
    assert answers[0] == answers[1]
    assert "Kode salah" in str(answers[0][5])


def test_without_a_code_asked_for_there_is_nothing_to_type(client: PageClient) -> None:
    page = client.get("/masuk/kode")
    assert (page.status, page.location) == (303, "/masuk")


@pytest.mark.parametrize("code", ["", "12345", "abcdef", "１２３４５６", "0" * 10_000, "😀", "'; DROP TABLE person; --"])
def test_a_wrong_code_is_told_kindly(client: PageClient, code: str) -> None:
    ask(client)
    page = client.post("/masuk/kode", {"code": code})
    assert page.status == 422
    assert "Kode salah" in page.text or "Isi kode" in page.text
    assert count(SignIn) == 0


def test_a12_code_entry_is_limited_per_minute(client: PageClient) -> None:
    ask(client)
    answers = [client.post("/masuk/kode", {"code": "000000"}).status for _try in range(11)]
    assert answers[-1] == 429 and set(answers[:10]) == {422}


def test_a57_asking_for_codes_is_limited_per_contact_from_any_address(app: Flask) -> None:
    answers = []
    for number in range(12):
        visitor = PageClient(app)
        answers.append(
            visitor.post("/masuk", {"contact": "sari@contoh.test"}, environ_base={"REMOTE_ADDR": f"10.0.0.{number}"}).status
        )
    assert answers[:10] == [303] * 10 and answers[10:] == [429, 429]
    other = PageClient(app)
    assert other.post("/masuk", {"contact": "tono@contoh.test"}, environ_base={"REMOTE_ADDR": "10.0.0.1"}).status == 303


def test_a10_opening_the_link_signs_nobody_in_until_the_button_is_pressed(app: Flask, client: PageClient) -> None:
    _code, link = ask(client)
    preview = PageClient(app)
    for _look in range(3):
        preview.get(link).sees("Masuk ke Sertakan?")
    assert count(SignIn) == 0
    pressed = preview.post(link)
    assert (pressed.status, pressed.location) == (303, "/dukungan")
    again = PageClient(app).get(link)
    assert again.status == 410
    again.sees("Tautan ini sudah dipakai")


def test_a_made_up_link_is_over(client: PageClient) -> None:
    assert client.get("/masuk/tautan/abc").status == 410
    assert client.post("/masuk/tautan/abc").status == 410


def test_a13_a_new_session_replaces_whatever_the_visitor_brought(client: PageClient, cast: Cast) -> None:
    sign_in(client)
    first = cookie(client)
    with client.http.session_transaction() as session:
        session["planted"] = "by somebody"
    sign_in(client)
    assert cookie(client) != first
    assert cookie(client, "planted") is None


def test_a18_the_cookie_is_http_only_lax_and_holds_nothing_personal(client: PageClient) -> None:
    page = sign_in(client)
    header = page.response.headers["Set-Cookie"]
    assert "HttpOnly" in header and "SameSite=Lax" in header and "Path=/" in header
    with client.http.session_transaction() as session:
        stored = str(dict(session))
    assert "sari" not in stored.lower() and "@" not in stored


def test_after_signing_in_the_asked_page_opens_and_a_draft_survives(client: PageClient, cast: Cast) -> None:
    with client.http.session_transaction() as session:
        session["draft"] = "the-draft-token"
    page = client.get("/en/akun?hal=2")
    assert (page.status, page.location) == (303, "/en/masuk")
    assert sign_in(client).location == "/en/akun?hal=2"
    assert cookie(client, "draft") == "the-draft-token"
    assert cookie(client, "next") is None


@pytest.mark.parametrize(
    "place", ["//evil.test/", "/\\evil.test", "https:evil.test", "https://evil.test/", "/a\r\nSet-Cookie: x=1"]
)
def test_a30_a_planted_place_to_go_on_is_ignored(client: PageClient, place: str) -> None:
    with client.http.session_transaction() as session:
        session["next"] = place
    assert sign_in(client).location == "/dukungan"


def test_a14_a_replayed_cookie_is_refused_after_sign_out(app: Flask, client: PageClient) -> None:
    sign_in(client)
    stolen = cookie(client)
    page = client.post("/keluar")
    assert (page.status, page.location) == (303, "/masuk")
    assert page.response.headers["Clear-Site-Data"] == '"cache", "storage"'
    thief = PageClient(app)
    with thief.http.session_transaction() as session:
        session["_user_id"], session["_fresh"] = stolen, True
    assert thief.get("/akun").status == 303


def test_signing_out_needs_a_post_with_a_token(client: PageClient) -> None:
    sign_in(client)
    assert client.get("/keluar", check=False).status == 405
    assert client.post("/keluar", token=False, check=False).status == 403
    assert client.get("/akun").status == 200


def test_a15_closing_the_account_stops_the_very_next_request(client: PageClient, cast: Cast) -> None:
    sign_in(client)
    assert client.get("/akun").status == 200
    with transaction():
        service.disable(actor=None, person=cast.sari)
    assert client.get("/akun").status == 303


def test_a16_a_residents_session_ends_after_a_week_of_silence(client: PageClient) -> None:
    sign_in(client)
    with clock.frozen(NOW + timedelta(days=6, hours=23)):
        assert client.get("/akun").status == 200
    with clock.frozen(NOW + timedelta(days=13)):
        assert client.get("/akun").status == 200  # the visit before kept it alive
    with clock.frozen(NOW + timedelta(days=20)):
        assert client.get("/akun").status == 303


def test_a16_and_after_thirty_days_whatever_she_does(client: PageClient) -> None:
    sign_in(client)
    for day in range(1, 30):
        with clock.frozen(NOW + timedelta(days=day)):
            assert client.get("/akun", check=False).status == 200
    with clock.frozen(NOW + timedelta(days=30)):
        assert client.get("/akun").status == 303


def test_being_seen_is_written_at_most_once_a_minute(client: PageClient) -> None:
    def last_seen() -> object:
        return db.session.scalar(select(SignIn.last_seen_at))

    sign_in(client)
    with clock.frozen(NOW + timedelta(seconds=59)):
        client.get("/akun")
        assert last_seen() == NOW
    with clock.frozen(NOW + timedelta(seconds=60)):
        client.get("/akun")
        assert last_seen() == NOW + timedelta(seconds=60)


def test_a_page_for_everybody_costs_no_write_and_sets_no_cookie(client: PageClient) -> None:
    sign_in(client)
    with clock.frozen(NOW + timedelta(minutes=5)):
        page = client.get("/masuk")
    assert db.session.scalar(select(SignIn.last_seen_at)) == NOW
    assert "_user_id" not in page.html


def test_a_post_from_elsewhere_is_refused(client: PageClient) -> None:
    page = client.post("/masuk", {"contact": "sari@contoh.test"}, headers={"Origin": "https://evil.test"})
    assert page.status == 403 and count(OneTimeCode) == 0


def test_a_phone_without_a_way_to_send_is_told_at_once(app: Flask, client: PageClient, monkeypatch: pytest.MonkeyPatch) -> None:
    assert client.post("/masuk", {"contact": "0812 3456 7890"}).status == 303
    monkeypatch.setitem(app.config, "DEMO", False)
    page = client.post("/masuk", {"contact": "0812 3456 7890"})
    assert page.status == 422
    page.sees("Kode lewat SMS belum tersedia")


def test_the_code_is_stored_under_a_hash(client: PageClient) -> None:
    code, link = ask(client)
    row = db.session.scalars(select(OneTimeCode)).one()
    assert row.link_hash == codes.hash_token(link.rsplit("/", 1)[1])
    assert code not in row.code_hash
