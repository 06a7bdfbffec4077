"""The last step: everything again, the payer, the risks; one transaction, then off to pay (UX A5)."""

from dataclasses import replace

import pytest
from flask import Flask

from sertakan.accounts.models import Person
from sertakan.db import db
from sertakan.kit.nik import check as read_nik
from sertakan.payments.models import Order
from sertakan.payments.rules import OrderState
from sertakan.sponsorships.models import Sponsorship
from tests import factories
from tests.page import Page, PageClient
from tests.payments.conftest import Till, answers, client_for
from tests.sandbox_process import start_sandbox

PATH = "/lindungi/periksa"
PAYER = {"sponsor_name": "Ratna Wijaya", "contact": "ratna@contoh.test", "show_name": "yes", "risk_read": "y", "total": "92400"}


def walk(visitor: PageClient, *, nik: str = "", count: str = "6", first: str = "2026-12") -> Page:
    """Steps 1 to 3 as a person takes them; returns the fourth."""
    assert visitor.post("/lindungi", {"occupation": "asisten_rumah_tangga"}).status == 303
    data = {"nik": nik or factories.nik(), "name": "Sumiati", "consent": "y", "kelurahan_code": ""}
    assert visitor.post("/lindungi/data", data).status == 303
    assert visitor.post("/lindungi/lama", {"count": count, "first_month": first, "remind": "y"}).status == 303
    return visitor.get(PATH)


def test_everything_is_shown_again_with_a_way_to_change_it(till: Till, client: PageClient) -> None:
    page = walk(client)
    page.sees("Periksa lagi", "Asisten rumah tangga", "Sumiati", "Desember 2026 – Mei 2027", "Rp92.400", "Rp8.400", "Rp16.800")
    links = {element.attrs["href"] for element in page.all("a")}
    assert {"/lindungi", "/lindungi/data", "/lindungi/lama"} <= links


def test_liberapay_1684_the_risks_are_told_before_paying(till: Till, client: PageClient) -> None:
    walk(client).sees(
        "sungguh bekerja", "Sakit yang sudah ada", "Tiga bulan berturut-turut", "Rp10 juta", "sudah terdaftar di tempat lain"
    )


def test_a_finished_form_becomes_a_promise_a_bill_and_a_payment_page(till: Till, client: PageClient) -> None:
    walk(client)
    answer = client.post(PATH, PAYER)
    assert answer.status == 303 and answer.location.startswith(till.sandbox.url + "/pay/")
    sponsorship, order = till.all(Sponsorship)[0], till.all(Order)[0]
    assert sponsorship.typed_name == "Sumiati" and sponsorship.risk_version == "2026-11"
    assert order.state is OrderState.open and order.amount_rupiah == 92_400
    assert sponsorship.sponsor.name == "Ratna Wijaya"


@pytest.mark.parametrize("wrong", ["sponsor_name", "contact", "risk_read"])
def test_what_is_missing_is_named_and_nothing_typed_is_lost(till: Till, client: PageClient, wrong: str) -> None:
    walk(client)
    page = client.post(PATH, PAYER | {wrong: ""})
    assert page.status == 422
    assert not till.all(Sponsorship)
    again = client.get(PATH)
    kept = {element.attrs.get("name"): element.attrs for element in again.all("input")}
    if wrong != "sponsor_name":
        assert kept["sponsor_name"]["value"] == "Ratna Wijaya"
    if wrong != "contact":
        assert kept["contact"]["value"] == "ratna@contoh.test"


@pytest.mark.parametrize("contact", ["x", "a@", "12", "0812", "ratna@contoh.test 0812345", "😀", "a" * 10_000, "\x00"])
def test_a_contact_that_is_none_gets_a_sentence(till: Till, client: PageClient, contact: str) -> None:
    walk(client)
    page = client.post(PATH, PAYER | {"contact": contact})
    assert page.status == 422 and not till.all(Order)
    assert page.text.count("e-mail") + page.text.count("HP") > 0


def test_a_price_that_changed_is_shown_again_before_anything_is_promised(till: Till, client: PageClient) -> None:
    walk(client)
    page = client.post(PATH, PAYER | {"total": "50400"})
    assert page.status == 409 and not till.all(Sponsorship)
    page.sees("Harga berubah", "Rp92.400")


def test_amount_state_and_owner_are_not_the_forms_to_say(till: Till, client: PageClient) -> None:
    walk(client)
    more = {"amount_rupiah": "1", "state": "paid", "sponsor_id": "1", "role": "admin", "review_state": "approved"}
    client.post(PATH, PAYER | more)
    order = till.all(Order)[0]
    assert (order.amount_rupiah, order.state.value, order.sponsorship.review_state.value) == (92_400, "open", "submitted")


def test_a_taken_month_is_told_and_the_next_free_one_is_a_tap_away(till: Till, client: PageClient, app: Flask) -> None:
    nik = factories.nik()
    till.open("tono", answers(nik=nik, count=3, contact="tono@contoh.test"))
    walk(client, nik=nik)
    page = client.post(PATH, PAYER)
    assert page.status == 409
    page.sees("Desember 2026 sudah ada yang menanggung", "Mulai Maret 2027", "Isian Anda masih utuh").misses("Tono")
    assert len(till.all(Sponsorship)) == 1
    moved = client.post(PATH, PAYER | {"start": "2027-03"})
    assert moved.status == 303 and moved.location == PATH
    client.get(PATH).sees("Maret 2027 – Agustus 2027", "Rp100.800")
    assert client.post(PATH, PAYER | {"total": "100800"}).location.startswith(till.sandbox.url)


def test_sending_twice_makes_one_bill(till: Till, client: PageClient) -> None:
    walk(client)
    client.post(PATH, PAYER)
    again = client.post(PATH, PAYER)
    assert again.status == 303 and again.location == f"/bayar/{till.all(Order)[0].ref}"
    assert len(till.all(Order)) == 1
    assert client.get(PATH).location == f"/bayar/{till.all(Order)[0].ref}"


def test_an_amount_too_small_for_the_service_is_explained(till: Till, client: PageClient) -> None:
    dear = start_sandbox(None, None, 0, "--minimum-rupiah", "20000")
    till.app.extensions["stripe"] = client_for(dear)
    try:
        walk(client, count="1")
        answer = client.post(PATH, PAYER | {"total": "8400"})
    finally:
        dear.stop()
    client.follow(answer).sees("menolak jumlah sekecil ini", "Tagihan ini dibatalkan")
    assert client.get(PATH).location == answer.location


def test_below_our_floor_the_form_says_what_to_do(till: Till, client: PageClient) -> None:
    settings = till.app.config["SETTINGS"]
    till.app.config["SETTINGS"] = replace(settings, payment_floor_rupiah=20_000)
    try:
        walk(client, count="1")
        page = client.post(PATH, PAYER | {"total": "8400"})
    finally:
        till.app.config["SETTINGS"] = settings
    assert page.status == 422 and not till.all(Sponsorship)
    page.sees("paling sedikit Rp20.000", "Tambah bulannya")


def test_openspp_294_771_steps_cannot_be_skipped(till: Till, client: PageClient) -> None:
    assert client.get(PATH).location == "/lindungi"
    assert client.post(PATH, PAYER).location == "/lindungi"
    assert not till.all(Order)


def test_somebody_signed_in_is_not_asked_who_she_is(till: Till, as_: object) -> None:
    sari = as_("sari")  # type: ignore[operator]
    walk(sari).sees("Anda sudah masuk").misses('name="contact"')
    sari.post(PATH, PAYER | {"contact": "tono@contoh.test"})
    assert till.all(Sponsorship)[0].sponsor_id == till.cast.ids["sari"]


def test_a_known_address_is_the_same_person_and_keeps_her_name(till: Till, client: PageClient) -> None:
    walk(client)
    client.post(PATH, PAYER | {"contact": "SARI@contoh.test", "sponsor_name": "Somebody Else"})
    sponsorship = till.all(Sponsorship)[0]
    assert sponsorship.sponsor_id == till.cast.ids["sari"]
    assert db.session.get_one(Person, sponsorship.sponsor_id).name == "Sari Wulandari"


def test_when_the_service_is_down_the_bill_waits_and_can_be_tried_again(till: Till, client: PageClient) -> None:
    walk(client)
    till.sandbox.fault("unavailable", times=9)
    answer = client.post(PATH, PAYER)
    order = till.all(Order)[0]
    assert answer.location == f"/bayar/{order.ref}" and order.state is OrderState.opening
    client.get(answer.location).sees("belum menjawab", "Isian Anda tersimpan")
    assert client.post(answer.location, {"open": "y"}).location == answer.location
    till.sandbox.heal()
    assert client.post(answer.location, {"open": "y"}).location.startswith(till.sandbox.url)


def test_nothing_personal_goes_to_the_payment_service(till: Till, client: PageClient) -> None:
    nik = factories.nik()
    walk(client, nik=nik)
    client.post(PATH, PAYER)
    everything = str(till.sandbox.look("state"))
    for secret in (nik, read_nik(nik).digits, "Sumiati", "Ratna", "ratna@contoh.test"):
        assert secret not in everything


def test_a_form_from_elsewhere_is_refused(till: Till, client: PageClient) -> None:
    walk(client)
    assert client.post(PATH, PAYER, token=False).status == 403
    assert client.post(PATH, PAYER, headers={"Origin": "https://evil.test"}).status == 403
    assert not till.all(Order)


def test_the_last_step_in_english(till: Till, client: PageClient) -> None:
    walk(client)
    page = client.get("/en" + PATH)
    assert page.status == 200 and page.one("html").attrs["lang"] == "en"
    answer = client.post("/en" + PATH, PAYER)
    assert answer.status == 303
    assert till.all(Order)[0].locale == "en"
