"""The staff's door: password, second factor, set-up and change of password."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from sertakan.accounts import queries, staff
from sertakan.accounts.permissions import Role
from sertakan.db import transaction
from sertakan.kit import clock
from tests.accounts.test_service import PASSWORD, SECRET, equip
from tests.cast import Cast
from tests.conftest import NOW
from tests.page import Page, PageClient

DOOR = "/petugas/masuk"


def knock_with(client: PageClient, email: str = "dewi@kota.test", password: str = PASSWORD, **more: object) -> Page:
    return client.post(DOOR, {"email": email, "password": password}, **more)


@pytest.fixture
def dewi(cast: Cast) -> Cast:
    equip(cast.dewi)
    return cast


def test_an_officer_comes_in_by_password_and_authenticator(client: PageClient, dewi: Cast) -> None:
    client.get(DOOR).sees("Masuk petugas")
    page = knock_with(client)
    assert (page.status, page.location) == (303, "/petugas/masuk/kode")
    client.get("/petugas/masuk/kode").sees("Kode autentikator")
    assert client.get("/akun").status == 303  # half a sign-in opens nothing
    page = client.post("/petugas/masuk/kode", {"code": staff.totp_now(SECRET)})
    assert page.status == 303
    client.get("/akun").sees("Ganti kata sandi")


def test_a9_the_same_authenticators_code_does_not_open_twice(app: Flask, client: PageClient, dewi: Cast) -> None:
    code = staff.totp_now(SECRET)
    knock_with(client)
    assert client.post("/petugas/masuk/kode", {"code": code}).status == 303
    other = PageClient(app)
    knock_with(other)
    page = other.post("/petugas/masuk/kode", {"code": code})
    assert page.status == 422
    page.sees("Tunggu kode berikutnya")


def test_a13_the_second_factor_begins_a_new_session(client: PageClient, dewi: Cast) -> None:
    with client.http.session_transaction() as session:
        session["planted"] = "x"
    knock_with(client)
    with client.http.session_transaction() as session:
        assert "_user_id" not in session
    client.post("/petugas/masuk/kode", {"code": staff.totp_now(SECRET)})
    with client.http.session_transaction() as session:
        assert "_user_id" in session and "planted" not in session and "second_factor" not in session
        assert not session.permanent


def test_a16_an_officers_session_ends_after_half_an_hour_of_silence(client: PageClient, dewi: Cast) -> None:
    knock_with(client)
    client.post("/petugas/masuk/kode", {"code": staff.totp_now(SECRET)})
    with clock.frozen(NOW + timedelta(minutes=29)):
        assert client.get("/akun").status == 200
    with clock.frozen(NOW + timedelta(minutes=60)):
        assert client.get("/akun").status == 303


def test_a11_unknown_wrong_and_resident_are_answered_alike(app: Flask, dewi: Cast) -> None:
    pages = []
    for email, password in (
        ("dewi@kota.test", "x" * 12),
        ("nobody@kota.test", PASSWORD),
        ("sari@contoh.test", PASSWORD),
        ("x", "y"),
    ):
        page = knock_with(PageClient(app), email, password)
        assert page.status == 422
        pages.append(page.text)
    assert len(set(pages)) == 1
    assert "E-mail atau kata sandi salah." in pages[0]


def test_a6_after_five_failures_the_pair_of_account_and_address_waits(client: PageClient, dewi: Cast) -> None:
    assert [knock_with(client, password="salah " * 3).status for _try in range(5)] == [422] * 5
    assert knock_with(client, password="salah " * 3).status == 429
    assert knock_with(client).status == 429


def test_a6_a_stranger_elsewhere_cannot_lock_the_account(app: Flask, client: PageClient, dewi: Cast) -> None:
    stranger = PageClient(app)
    for number in range(60):
        knock_with(stranger, password="salah " * 3, environ_base={"REMOTE_ADDR": f"10.0.0.{number % 12}"})
    assert knock_with(client).location == "/petugas/masuk/kode"


def test_right_passwords_do_not_count(client: PageClient, dewi: Cast) -> None:
    assert [knock_with(client).status for _again in range(8)] == [303] * 8


def test_five_wrong_codes_lead_back_to_the_password(client: PageClient, dewi: Cast) -> None:
    knock_with(client)
    for _try in range(5):
        assert client.post("/petugas/masuk/kode", {"code": "00000x"}).status == 422
    page = client.post("/petugas/masuk/kode", {"code": staff.totp_now(SECRET)})
    assert page.status == 410
    page.sees("Masuk lagi dari awal")
    assert client.get("/petugas/masuk/kode").location == DOOR


def test_without_a_password_there_is_no_second_step(client: PageClient) -> None:
    assert client.get("/petugas/masuk/kode").location == DOOR


def test_a3_password_fields_welcome_password_managers(client: PageClient) -> None:
    page = client.get(DOOR)
    words = {element.attrs.get("name"): element.attrs.get("autocomplete") for element in page.all("input")}
    assert words["email"] == "username" and words["password"] == "current-password"
    assert "onpaste" not in page.html


def test_what_was_typed_as_a_password_never_comes_back(client: PageClient, dewi: Cast) -> None:
    knock_with(client, password="a-secret-typo-here").misses("a-secret-typo-here")


# ---- set-up --------------------------------------------------------------------------------------------------------------------


def shown_secret(page: Page) -> str:
    return next(element.text for element in page.all("p") if element.attrs.get("class") == "mono").replace(" ", "").strip()


def invite(email: str = "baru@kota.test") -> str:
    with transaction():
        return f"/petugas/siapkan/{staff.invite_staff(actor=None, name='Baru', email=email, role=Role.officer)}"


def test_an_invited_officer_sets_her_secrets_and_is_in(client: PageClient) -> None:
    path = invite()
    page = client.get(path).sees("Siapkan akun petugas", "baru@kota.test", "Autentikator")
    secret = shown_secret(page)
    assert shown_secret(client.get(path)) == secret  # a reload shows the same key
    done = client.post(path, {"password": PASSWORD, "code": staff.totp_now(secret)})
    assert done.status == 303
    client.get("/akun").sees("Ganti kata sandi")
    assert client.get(path).status == 410
    person = queries.find_person(staff.rules.parse_contact("baru@kota.test"))
    assert person is not None and person.totp_secret == secret


def test_the_secret_is_not_readable_in_the_cookie(client: PageClient) -> None:
    page = client.get(invite())
    with client.http.session_transaction() as session:
        assert shown_secret(page) not in str(dict(session))


def test_a_wrong_code_or_an_easy_password_keeps_the_invitation(client: PageClient) -> None:
    path = invite()
    secret = shown_secret(client.get(path))
    client.post(path, {"password": PASSWORD, "code": "000000"}).sees("Kode salah")
    client.post(path, {"password": "sertakan123456", "code": staff.totp_now(secret)}).sees("mudah ditebak")
    client.post(path, {"password": "", "code": ""}).sees("Isi kata sandi", "Isi kode 6 angka")
    assert client.post(path, {"password": PASSWORD, "code": staff.totp_now(secret)}).status == 303


def test_a_made_up_invitation_is_over(client: PageClient) -> None:
    assert client.get("/petugas/siapkan/abc").status == 410
    assert client.post("/petugas/siapkan/abc", {"password": PASSWORD, "code": "123456"}).status == 410


# ---- change of password --------------------------------------------------------------------------------------------------------


def test_a4_changing_the_password_asks_for_the_old_one_and_ends_the_others(as_: Callable[..., PageClient], dewi: Cast) -> None:
    here, there = as_("dewi"), as_("dewi")
    wrong = here.post("/akun/sandi", {"old": "bukan ini dong", "password": "perahu lampu dermaga", "end_others": "y"})
    assert wrong.status == 422
    wrong.sees("Kata sandi lama salah.")
    done = here.post("/akun/sandi", {"old": PASSWORD, "password": "perahu lampu dermaga", "end_others": "y"})
    here.follow(done).sees("Kata sandi sudah diganti.")
    assert there.get("/akun").status == 303


def test_a4_the_others_may_stay(as_: Callable[..., PageClient], dewi: Cast) -> None:
    here, there = as_("dewi"), as_("dewi")
    here.post("/akun/sandi", {"old": PASSWORD, "password": "perahu lampu dermaga"})
    assert there.get("/akun").status == 200


def test_a8_without_the_second_factor_the_password_page_stays_closed(as_: Callable[..., PageClient], dewi: Cast) -> None:
    assert as_("dewi", second_factor=False).get("/akun/sandi").location == DOOR
    assert as_("sari", second_factor=False).get("/akun/sandi").location == DOOR
