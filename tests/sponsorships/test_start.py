"""The way to a new protection: who, data, how long; the draft beneath it."""

import re
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.sponsorships.models import Draft, Sponsorship
from sertakan.workers import service as workers
from sertakan.workers.models import ConsentGiver, ConsentKind, Waiting, Worker
from tests import factories
from tests.cast import Cast
from tests.page import Page, PageClient

GOOD = {"nik": "6171 0452 0384 0003", "name": "Sumiati", "consent": "y"}
LENGTH = {"count": "6", "first_month": "2026-12", "remind": "y", "go_on": "1"}


def who(client: PageClient, work: str = "asisten_rumah_tangga", prefix: str = "") -> Page:
    return client.post(f"{prefix}/lindungi", {"occupation": work})


def to_length(client: PageClient, **data: str) -> Page:
    who(client)
    return client.post("/lindungi/data", GOOD | data)


def drafts() -> int:
    return factories.count(Draft)


# ---- going through -------------------------------------------------------------------------------------------------------------


def test_three_steps_lead_to_the_check_page(client: PageClient) -> None:
    assert client.get("/lindungi").h1 == "Apa pekerjaannya?"
    page = client.follow(who(client))
    assert (page.path, page.h1) == ("/lindungi/data", "Siapa yang Anda lindungi?")
    page = client.follow(client.post("/lindungi/data", GOOD))
    assert (page.path, page.h1) == ("/lindungi/lama", "Berapa lama?")
    page.sees("Untuk Sumiati", "6 bulan", "sampai Mei 2027", "Rp92.400", "12 bulan", "Rp193.200")
    assert client.post("/lindungi/lama", LENGTH).location == "/lindungi/periksa"


def test_the_price_of_each_month_is_told_with_its_reason(client: PageClient) -> None:
    to_length(client)
    client.get("/lindungi/lama").sees("Des 2026", "Rp8.400", "Jan 2027", "Rp16.800", "hanya sampai iuran Desember 2026")


def test_transport_has_its_own_relief(client: PageClient) -> None:
    client.get("/lindungi").sees("Potongan 50% sampai iuran Maret 2027")
    who(client, "ojek")
    client.post("/lindungi/data", GOOD)
    client.get("/lindungi/lama").sees("Rp67.200", "hanya sampai iuran Maret 2027")


def test_any_other_work_can_be_named(client: PageClient) -> None:
    page = client.post("/lindungi", {"occupation": "lainnya", "other": "montir"})
    client.follow(page)
    client.get("/lindungi").sees("Montir")
    assert client.post("/lindungi", {"occupation": "lainnya"}).status == 303
    assert client.post("/lindungi", {"other": "montir"}).status == 303
    client.post("/lindungi", {"occupation": "ojek", "other": "montir"})
    client.get("/lindungi/data").sees("Pengemudi ojek atau ojol")


def test_whom_the_city_usually_pays_for_is_asked_about_first(client: PageClient) -> None:
    asked = client.post("/lindungi", {"occupation": "lainnya", "other": "ketua_rt"})
    assert asked.status == 422
    asked.sees("Apakah iurannya sudah dibayar kota?", "Jawab dulu")
    no = client.post("/lindungi", {"occupation": "lainnya", "other": "ketua_rt", "not_paid_by_city": "yes"})
    assert no.status == 422
    no.sees("Anda tidak perlu membayar lagi")
    assert client.post("/lindungi", {"occupation": "lainnya", "other": "ketua_rt", "not_paid_by_city": "no"}).status == 303


def test_another_start_month_is_counted_again_before_going_on(client: PageClient) -> None:
    to_length(client)
    again = client.post("/lindungi/lama", {"count": "3", "first_month": "2026-11", "remind": "y"})
    assert again.location == "/lindungi/lama"
    client.follow(again).sees("Rp33.600", "sampai Januari 2027")


def test_savings_are_offered_and_counted(client: PageClient) -> None:
    to_length(client)
    client.get("/lindungi/lama").sees("menambah Rp20.000 sebulan")
    client.follow(client.post("/lindungi/lama", {"count": "6", "first_month": "2026-12", "with_jht": "y"})).sees("Rp212.400")


def test_who_employs_others_is_told_that_savings_are_a_duty(client: PageClient) -> None:
    to_length(client, employs_others="y")
    client.get("/lindungi/lama").sees("wajib ikut", "Rp212.400").misses('name="with_jht"')


def test_the_pages_speak_english_too(client: PageClient) -> None:
    who(client, prefix="/en")
    assert client.post("/en/lindungi/data", GOOD).location == "/en/lindungi/lama"
    page = client.get("/en/lindungi/lama")
    assert page.one("html").attrs["lang"] == "en"
    page.sees("Rp92,400")


# ---- refusals ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({}, "Isi NIK, 16 angka di bagian atas KTP"),
        ({"nik": "617104520384000"}, "NIK baru 15 angka, seharusnya 16. Periksa lagi angka terakhirnya."),
        ({"nik": "6171049902840001"}, "Tanggal di NIK tidak mungkin (angka 7–12: 990284). Periksa lagi."),
        ({"nik": "6171042211610001", "name": "Sumiati", "consent": "y"}, "belum berusia 65 tahun"),
        ({"nik": "6171042311080001", "name": "Sumiati", "consent": "y"}, "18 tahun atau lebih"),
        ({"nik": GOOD["nik"], "name": "", "consent": "y"}, "Isi nama sesuai KTP"),
        ({"nik": GOOD["nik"], "name": "Sumiati"}, "Centang bila pekerja sudah setuju didaftarkan"),
        ({**GOOD, "worker_phone": "0561 123"}, "Nomor HP 10–13 angka, diawali 08 atau +62"),
        ({**GOOD, "name": "a" * 101}, "Terlalu panjang"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_keeps_the_rest(
    client: PageClient, data: dict[str, str], sentence: str
) -> None:
    who(client)
    page = client.post("/lindungi/data", data)
    assert page.status == 422
    page.sees(sentence)
    assert page.all("title")[0].text.strip().startswith("Galat:")
    assert client.get("/lindungi/lama").location == "/lindungi/data"


def test_what_was_typed_is_kept_also_when_it_was_wrong(client: PageClient) -> None:
    who(client)
    client.post("/lindungi/data", {"nik": "6171 0452 0384 000", "name": "Sumiati", "worker_phone": "12"})
    page = client.get("/lindungi/data")
    typed = {element.attrs.get("name"): element.attrs.get("value") for element in page.all("input")}
    assert (typed["nik"], typed["name"], typed["worker_phone"]) == ("6171 0452 0384 000", "Sumiati", "12")


def test_no_work_chosen_or_an_invented_one_is_refused(client: PageClient) -> None:
    for data in ({}, {"occupation": "presiden"}, {"occupation": "lainnya", "other": "presiden"}):
        page = client.post("/lindungi", data)
        assert page.status == 422
        page.sees("Pilih pekerjaannya dulu")


@pytest.mark.parametrize("count", ["0", "-1", "25", "2147483648", "9223372036854775808", "1e3", "１２", "NaN", "", "6.0", "🙂"])
def test_item_37_numbers_outside_their_bounds_are_refused(client: PageClient, count: str) -> None:
    to_length(client)
    page = client.post("/lindungi/lama", LENGTH | {"count": count})
    assert page.status == 422
    assert client.get("/lindungi/periksa", check=False).status in (302, 303)


@pytest.mark.parametrize("month", ["2026-10", "2030-01", "2026-13", "", "Desember", "２０２６-１２"])
def test_item_37_months_outside_their_bounds_are_refused(client: PageClient, month: str) -> None:
    to_length(client)
    assert client.post("/lindungi/lama", LENGTH | {"first_month": month}).status == 422


@pytest.mark.parametrize(
    "nasty", ["🙂" * 50, "Su\x00miati", "<script>alert(1)</script>", "${7*7}", "Ѕumiati", "'; DROP TABLE worker;--"]
)
def test_item_34_39_strange_names_are_taken_as_text(client: PageClient, nasty: str) -> None:
    to_length(client, name=nasty)
    page = client.get("/lindungi/lama")
    assert page.status == 200
    assert "<script>alert" not in page.html
    assert "49" not in re.sub(r"\d{3,}", "", page.one("h1").text)


def test_item_40_ten_thousand_and_a_hundred_thousand_letters_are_refused_quickly(client: PageClient) -> None:
    who(client)
    for size in (10_000, 100_000):
        began = time.monotonic()
        page = client.post("/lindungi/data", {"nik": "6" * size, "name": "a " * (size // 2), "worker_phone": "0" * size})
        assert page.status == 422
        assert time.monotonic() - began < 2


def test_item_38_of_repeated_parameters_the_first_counts(client: PageClient) -> None:
    who(client)
    client.post("/lindungi/data", {**GOOD, "name": ["Sumiati", "Lain"]})
    client.get("/lindungi/lama").sees("Untuk Sumiati")


def test_item_21_posting_what_is_not_asked_changes_nothing(client: PageClient) -> None:
    who(client)
    more = {
        "waiting_code": "7KQ2-M9XF",
        "held_as": "x",
        "risk_read": "y",
        "count": "6",
        "first_month": "2026-12",
        "sponsor_id": "1",
    }
    client.post("/lindungi/data", GOOD | more)
    assert client.get("/lindungi/periksa", check=False).location == "/lindungi/lama"
    assert factories.count(Sponsorship) == 0


# ---- order, tokens -------------------------------------------------------------------------------------------------------------


def test_item_23_steps_cannot_be_skipped_by_address(client: PageClient) -> None:
    for path in ("/lindungi/data", "/lindungi/lama", "/lindungi/periksa"):
        assert client.get(path, check=False).location == "/lindungi"
    who(client)
    for path in ("/lindungi/lama", "/lindungi/periksa"):
        assert client.get(path, check=False).location == "/lindungi/data"
    client.post("/lindungi/data", GOOD)
    assert client.get("/lindungi/periksa", check=False).location == "/lindungi/lama"


def test_item_23_posting_to_a_later_step_goes_to_the_first_unfinished_one(client: PageClient) -> None:
    assert client.post("/lindungi/lama", LENGTH).location == "/lindungi"
    assert drafts() == 0


@pytest.mark.parametrize("path", ["/lindungi", "/lindungi/data", "/lindungi/lama", "/lindungi/pilih/7KQ2-M9XF"])
def test_item_26_a_form_without_its_token_or_from_elsewhere_is_refused(client: PageClient, path: str) -> None:
    who(client)
    before = drafts()
    assert client.post(path, {"occupation": "ojek"}, token=False).status == 403
    assert client.post(path, {"occupation": "ojek"}, headers={"Origin": "https://jahat.test"}).status == 403
    assert drafts() == before


def test_item_26_choosing_is_not_reachable_by_get(client: PageClient) -> None:
    page = client.get("/lindungi/pilih/7KQ2-M9XF")
    assert (page.status, page.location) == (303, "/pekerja")
    assert drafts() == 0


def test_item_52_nothing_personal_stands_in_an_address_or_in_the_cookie(client: PageClient) -> None:
    who(client)
    page = client.post("/lindungi/data", GOOD)
    assert "6171" not in page.location
    cookie = client.http.get_cookie("sertakan")
    assert cookie is not None
    import base64

    padded = cookie.value.split(".")[0] + "==="
    assert "Sumiati" not in cookie.value
    assert b"6171" not in base64.urlsafe_b64decode(padded)


# ---- the draft -----------------------------------------------------------------------------------------------------------------


def test_no_cookie_and_no_row_before_somebody_starts(client: PageClient) -> None:
    page = client.get("/lindungi")
    assert drafts() == 0
    with client.http.session_transaction() as cookie:
        assert "draft" not in cookie
    assert page.status == 200


def test_a_draft_survives_reload_back_and_the_language_switch(client: PageClient) -> None:
    to_length(client)
    for path in ("/lindungi/lama", "/en/lindungi/lama", "/lindungi/data", "/en/lindungi", "/lindungi/lama"):
        assert client.get(path).status == 200
    client.get("/en/lindungi/data").sees("NIK")
    assert client.post("/en/lindungi/lama", LENGTH).location == "/en/lindungi/periksa"
    assert drafts() == 1


def test_sending_the_same_answers_twice_is_sending_them_once(client: PageClient) -> None:
    for _n in range(2):
        assert to_length(client).location == "/lindungi/lama"
    assert drafts() == 1


def test_what_is_stored_is_sealed_and_found_only_by_the_token(client: PageClient) -> None:
    to_length(client)
    row = db.session.scalars(db.select(Draft)).one()
    assert "Sumiati" not in (row.answers_sealed or "")
    assert "6171" not in (row.answers_sealed or "")
    with client.http.session_transaction() as cookie:
        assert cookie["draft"] not in row.token_hash
    assert "Sumiati" in (row.answers or "")


def test_a_draft_ends_after_a_week_without_change(client: PageClient) -> None:
    to_length(client)
    with clock.frozen(clock.now() + timedelta(days=6, hours=23)):
        assert client.get("/lindungi/lama").status == 200
    with clock.frozen(clock.now() + timedelta(days=7)):
        assert client.get("/lindungi/lama").location == "/lindungi"


def test_another_browser_sees_nothing_of_it(app: Flask, client: PageClient) -> None:
    to_length(client)
    assert PageClient(app).get("/lindungi/lama").location == "/lindungi"


def test_a_forged_token_finds_nothing(client: PageClient) -> None:
    to_length(client)
    for forged in ("x", "", 5, "a" * 10_000):
        with client.http.session_transaction() as cookie:
            cookie["draft"] = forged
        assert client.get("/lindungi/lama").location == "/lindungi"


# ---- known or unknown ----------------------------------------------------------------------------------------------------------


def neutral(page: Page, nik: str) -> str:
    html = re.sub(r'name="csrf_token"[^>]*value="[^"]*"|value="[^"]*"[^>]*name="csrf_token"', "", page.html)
    return html.replace(nik, "NIK")


def test_thirty_niks_known_and_unknown_right_and_wrong_get_the_same_answers(app: Flask, cast: Cast) -> None:
    known = [factories.worker().nik for _n in range(8)]
    covered = [factories.sponsorship(cast.tono).worker.nik for _n in range(7)]
    unknown = [factories.nik() for _n in range(8)]
    wrong = [nik[:-1] for nik in (*known[:3], *unknown[:4])]
    seen: dict[bool, set[tuple[object, ...]]] = {True: set(), False: set()}
    to_length(PageClient(app))
    PageClient(app).get("/lindungi")  # places and tariff are read once by a process
    for nik in (*known, *covered, *unknown, *wrong):
        visitor = PageClient(app)
        who(visitor)
        answer = visitor.post("/lindungi/data", GOOD | {"nik": nik})
        pages = [visitor.get(path, check=False) for path in ("/lindungi/data", "/lindungi/lama")]
        length = visitor.post("/lindungi/lama", LENGTH)
        told = [answer, *pages, length]
        seen[len(nik) == 16].add(tuple((page.status, page.response.headers.get("Location"), neutral(page, nik)) for page in told))
    assert len(known + covered + unknown + wrong) == 30
    assert {right: len(answers) for right, answers in seen.items()} == {True: 1, False: 1}


# ---- a worker from the list ----------------------------------------------------------------------------------------------------


def waiting(cast: Cast, name: str = "Salmah", work: str = "pedagang_sayur") -> str:
    worker_id = factories.worker(name=name, occupation=work).id
    with transaction():
        row = db.session.get_one(Worker, worker_id)
        for kind in (ConsentKind.registered, ConsentKind.listed):
            workers.record_consent(actor=cast.hasan, worker=row, kind=kind, giver=ConsentGiver.worker, text_version="uji")
        workers.attest(actor=cast.hasan, worker=row, occupation_code=work, since_month=None, seen_on=clock.today())
        return workers.put_on_list(actor=cast.hasan, worker=row, phrases=[]).code


def test_choosing_holds_the_worker_and_skips_the_identity_step(client: PageClient, cast: Cast) -> None:
    code = waiting(cast)
    page = client.post(f"/lindungi/pilih/{code}")
    assert page.location == "/lindungi/lama"
    client.follow(page).sees("Untuk Ibu S.").misses("Salmah", "Sumiati", "6171")
    assert client.post("/lindungi/lama", LENGTH).location == "/lindungi/periksa"
    row = db.session.scalars(db.select(Waiting)).one()
    assert row.held_until == clock.now() + timedelta(minutes=30)


def test_who_comes_second_is_told_so_and_shown_the_others(app: Flask, client: PageClient, cast: Cast) -> None:
    code = waiting(cast)
    client.post(f"/lindungi/pilih/{code}")
    page = PageClient(app).post(f"/lindungi/pilih/{code}")
    assert page.status == 409
    page.sees("Pekerja ini baru saja dipilih orang lain. Terima kasih!", "Pilih yang lain")


def test_choosing_twice_in_one_browser_is_choosing_once(client: PageClient, cast: Cast) -> None:
    code = waiting(cast)
    for _n in range(2):
        assert client.post(f"/lindungi/pilih/{code}").status == 303


def test_the_hold_ends_after_half_an_hour_or_when_another_is_chosen(app: Flask, client: PageClient, cast: Cast) -> None:
    first, second = waiting(cast), waiting(cast, "Nurhayati")
    other = PageClient(app)
    client.post(f"/lindungi/pilih/{first}")
    with clock.frozen(clock.now() + timedelta(minutes=31)):
        assert other.post(f"/lindungi/pilih/{first}").status == 303
    other.post(f"/lindungi/pilih/{second}")
    assert PageClient(app).post(f"/lindungi/pilih/{first}").status == 303


def test_nobody_stands_under_an_unknown_code(client: PageClient) -> None:
    for code in ("AAAA-AAAA", "x", "<b>"):
        assert client.post(f"/lindungi/pilih/{code}").status == 409
    assert drafts() == 0


def test_choosing_the_work_anew_lets_go_of_the_chosen_worker(client: PageClient, cast: Cast) -> None:
    client.post(f"/lindungi/pilih/{waiting(cast)}")
    who(client)
    assert client.get("/lindungi/lama").location == "/lindungi/data"


# ---- speed limits --------------------------------------------------------------------------------------------------------------


def test_typing_many_niks_a_minute_is_slowed_down(client: PageClient) -> None:
    who(client)
    statuses = [client.post("/lindungi/data", GOOD, check=False).status for _n in range(45)]
    assert statuses[:40] == [303] * 40
    assert 429 in statuses[40:]


def test_a_read_only_visit_writes_nothing(client: PageClient, as_: Callable[[str], PageClient]) -> None:
    for path in ("/lindungi", "/en/lindungi"):
        client.get(path)
        as_("sari").get(path)
    assert drafts() == 0


def test_a_sent_form_is_wiped_and_remembers_only_its_code(app: Flask) -> None:
    from flask import session

    from sertakan.sponsorships import drafts as module
    from sertakan.sponsorships.answers import Answers

    with app.test_request_context():
        module.save(Answers(occupation_code="ojek", name="Sumiati"))
        first = session["draft"]
        module.finish("7KQ2-M9XF")
        assert (module.current(), module.sent_code()) == (None, "7KQ2-M9XF")
        assert db.session.scalars(db.select(Draft)).one().answers is None
        module.save(Answers(occupation_code="ojek"))
        assert session["draft"] != first
        assert module.current() == Answers(occupation_code="ojek")
        assert module.sent_code() is None
        module.start_again()
        assert module.current() is None
