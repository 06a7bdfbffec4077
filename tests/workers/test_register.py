"""Officers and RT heads register who waits: with consent, an attestation, and a paper; nobody reads another's."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from sertakan.audit import queries as audit
from sertakan.db import db, transaction
from sertakan.workers import queries, service
from sertakan.workers.models import Attestation, Consent, ConsentGiver, ConsentKind, Waiting, Worker, WorkerState
from tests import factories
from tests.cast import Cast
from tests.page import Page, PageClient
from tests.workers.people import JAWI, Known, known, reread

As = Callable[[str], PageClient]


def answers(**more: Any) -> dict[str, Any]:
    """What an RT head types for a worker without a phone."""
    return {
        "nik": factories.nik(),
        "name": "Sumiati",
        "phone": "",
        "address": "Jalan Rahasia 7",
        "rt_rw": "3/12",
        "kelurahan_code": JAWI,
        "occupation_code": "pedagang_sayur",
        "since_month": "2019-05",
        "seen_on": "2026-11-20",
        "registered": "y",
        "listed": "y",
        "giver": "witness",
        "phrases": ["breadwinner", "since_dawn"],
    } | more


def worker_of(number: str) -> Worker:
    from sertakan.kit import nik

    found = queries.find_by_nik(nik.check(number))
    assert found is not None
    return found


def code_on(page: Page) -> str:
    match = re.search(r"[2-9A-HJ-NP-Z]{4}-[2-9A-HJ-NP-Z]{4}", page.html)
    assert match is not None
    return match[0]


# ---- it works ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["hasan", "dewi", "agus"])
def test_i16_e_shram_a_worker_without_a_phone_is_registered_and_listed(as_: As, cast: Cast, who: str) -> None:
    typed = answers()
    page = as_(who).post("/petugas/pekerja/baru", typed)
    assert page.status == 201
    page.sees("Kertas untuk Ibu S.", "Sumiati terdaftar pada 22 November 2026")
    row = worker_of(typed["nik"])
    assert (row.name, row.phone, row.state) == ("Sumiati", None, WorkerState.proposed)
    assert row.address == "Jalan Rahasia 7, RT 003/RW 012"
    assert row.created_by_id == getattr(cast, who).id
    kinds = {(one.kind, one.giver, one.text_version) for one in queries.list_consents(row.id)}
    assert kinds == {(kind, ConsentGiver.witness, "2026-11") for kind in ConsentKind}
    assert [str(one.since_month) for one, _name in queries.list_attestations(row.id)] == ["2019-05"]
    waiting = queries.find_waiting_of(row.id)
    assert waiting is not None
    assert waiting.phrases == ["breadwinner", "since_dawn"]


def test_the_paper_takes_her_off_the_list(as_: As, client: PageClient) -> None:
    typed = answers()
    code = code_on(as_("hasan").post("/petugas/pekerja/baru", typed))
    waiting = queries.find_waiting_of(worker_of(typed["nik"]).id)
    assert waiting is not None
    assert code != waiting.code
    client.post("/pekerja/keluar", {"code": code})
    assert db.session.get_one(Waiting, waiting.id).left_at is not None


def test_what_is_written_in_the_trail_names_no_person(as_: As, cast: Cast) -> None:
    typed = answers(phone="081234567781")
    as_("hasan").post("/petugas/pekerja/baru", typed)
    entries = audit.list_for(service.subject(worker_of(typed["nik"])))
    assert [entry.action for entry in reversed(entries)] == [
        "worker.create",
        "consent.give",
        "worker.attest",
        "consent.give",
        "waiting.list",
        "waiting.paper",
    ]
    assert {entry.actor for entry in entries} == {cast.hasan.ref}
    words = " ".join(f"{entry.before} {entry.after} {entry.reason}" for entry in entries)
    for secret in (typed["nik"], "Sumiati", "Rahasia", "81234567781"):
        assert secret not in words


def test_without_her_yes_to_the_list_she_is_registered_and_not_listed(as_: As) -> None:
    typed = answers()
    del typed["listed"]
    page = as_("hasan").post("/petugas/pekerja/baru", typed)
    assert page.status == 201
    page.sees("tidak di daftar tunggu")
    assert queries.find_waiting_of(worker_of(typed["nik"]).id) is None


# ---- it refuses ----------------------------------------------------------------------------------------------------------------

WRONG = [
    ({"nik": ""}, "Isi NIK, 16 angka di bagian atas KTP"),
    ({"nik": "6171045203840"}, "NIK baru 13 angka"),
    ({"nik": "6171049902840001"}, "Tanggal di NIK tidak mungkin"),
    ({"nik": "6171045203510001"}, "belum berusia 65 tahun"),
    ({"nik": "6171045203150001"}, "berusia 18 tahun atau lebih"),
    ({"name": ""}, "Isi nama sesuai KTP"),
    ({"name": "A" * 10_000}, "Terlalu panjang"),
    ({"phone": "12345"}, "Nomor HP 10–13 angka"),
    ({"address": ""}, "Isi alamatnya"),
    ({"rt_rw": "tiga"}, "Tulis RT/RW seperti 003/012"),
    ({"kelurahan_code": ""}, "Pilih kelurahan tempat ia bekerja atau tinggal"),
    ({"kelurahan_code": "61.71.01.1001"}, "Kelurahan"),
    ({"occupation_code": ""}, "Pilih pekerjaannya dulu"),
    ({"occupation_code": "astronaut"}, "Pekerjaan"),
    ({"seen_on": ""}, "Isi tanggal terakhir ia terlihat bekerja"),
    ({"seen_on": "2026-11-23"}, "belum tiba"),
    ({"seen_on": "2024-01-01"}, "paling lama 12 bulan"),
    ({"since_month": "2026-12"}, "Mulai bekerja tidak mungkin"),
    ({"since_month": "kemarin"}, "Pilih bulannya"),
    ({"registered": ""}, "Centang bila pekerja sudah setuju didaftarkan"),
    ({"giver": ""}, "Pilih bagaimana ia menyatakan setuju"),
    ({"giver": "sponsor_statement"}, "Bagaimana ia menyatakan setuju"),
    ({"phrases": ["breadwinner", "parents", "on_water"]}, "Pilih paling banyak 2 kalimat"),
    ({"phrases": ["<b>miskin</b>"]}, "Pilih kalimat dari daftar"),
]


@pytest.mark.parametrize(("wrong", "words"), WRONG, ids=[str(list(wrong))[2:-2] + f"-{i}" for i, (wrong, _w) in enumerate(WRONG)])
def test_a37_what_is_wrong_gets_a_sentence_nothing_is_stored_and_nothing_typed_is_lost(
    as_: As, wrong: dict[str, Any], words: str
) -> None:
    typed = {key: value for key, value in (answers() | wrong).items() if value != ""}
    page = as_("hasan").post("/petugas/pekerja/baru", typed)
    assert page.status == 422
    page.sees(words)
    assert "Galat: " in page.html
    assert factories.count(Worker) == factories.count(Waiting) == factories.count(Consent) == 0
    if "address" in typed:
        assert 'value="Jalan Rahasia 7"' in page.html


def test_a_nik_that_is_there_is_told_to_staff_and_changes_nothing(as_: As, cast: Cast) -> None:
    known = factories.worker(name="Sumiati")
    page = as_("dewi").post("/petugas/pekerja/baru", answers(nik=known.nik, name="Lain"))
    assert page.status == 422
    page.sees("Pekerja ini sudah terdaftar")
    assert factories.count(Worker) == 1
    assert factories.count(Attestation) == 0
    assert db.session.get_one(Worker, known.id).name == "Sumiati"


def test_an_rt_head_registers_in_his_own_kelurahan_only(as_: As) -> None:
    page = as_("hasan").post("/petugas/pekerja/baru", answers(kelurahan_code="61.71.04.1004"))
    assert page.status == 422
    page.sees("Anda hanya dapat mendaftarkan pekerja di kelurahan Anda sendiri")
    assert as_("dewi").post("/petugas/pekerja/baru", answers(kelurahan_code="61.71.04.1004")).status == 201


def test_a21_fields_that_nobody_offered_change_nothing(as_: As, cast: Cast) -> None:
    typed = answers(
        state="active", created_by_id=str(cast.dewi.id), born_on="1990-01-01", code="7KQ2-M9XF", since_on="2020-01-01"
    )
    as_("hasan").post("/petugas/pekerja/baru", typed)
    row = worker_of(typed["nik"])
    waiting = queries.find_waiting_of(row.id)
    assert (row.state, row.created_by_id, str(row.born_on)) == (WorkerState.proposed, cast.hasan.id, "1984-03-12")
    assert waiting is not None
    assert waiting.code != "7KQ2-M9XF"
    assert str(waiting.since_on) == "2026-11-22"


def test_a39_text_is_normalised_before_it_is_stored(as_: As) -> None:
    typed = answers(name="Su\u200bmi\x00ati   Kusu\u0301ma")
    as_("hasan").post("/petugas/pekerja/baru", typed)
    assert worker_of(typed["nik"]).name == "Sumiati Kus\u00fama"


def test_a34_a_name_with_markup_comes_out_escaped(as_: As) -> None:
    page = as_("hasan").post("/petugas/pekerja/baru", answers(name="<script>alert(1)</script>"))
    assert page.status == 201
    assert "<script>alert(1)" not in page.html


# ---- who may -------------------------------------------------------------------------------------------------------------------

PATHS = ["/petugas/pekerja", "/petugas/pekerja/baru"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("who", ["sari", "rina", "stranger", "maya", "nina", "wira"])
def test_a19_others_do_not_even_see_that_it_is_there(as_: As, who: str, path: str) -> None:
    assert as_(who).get(path).status == 404


@pytest.mark.parametrize("path", PATHS)
def test_a19_a_visitor_is_sent_to_sign_in(client: PageClient, path: str) -> None:
    assert client.get(path).status == 303


@pytest.mark.parametrize("path", PATHS)
def test_a8_without_the_second_factor_nobody_enters(as_: Callable[..., PageClient], path: str) -> None:
    assert as_("hasan", second_factor=False).get(path).status == 303


def registered_by(cast: Cast, who: str) -> Known:
    person = getattr(cast, who)
    row = factories.worker(created_by_id=person.id)
    with transaction():
        for kind in ConsentKind:
            service.record_consent(actor=person, worker=row, kind=kind, giver=ConsentGiver.witness, text_version="2026-11")
        service.attest(
            actor=person, worker=row, occupation_code="pedagang_sayur", since_month=None, seen_on=row.created_at.date()
        )
        waiting = service.put_on_list(actor=person, worker=row, phrases=[])
    return known(row, waiting)


ACTIONS = ["keterangan", "daftar", "kertas", "keluar"]


def test_a20_an_rt_head_reads_his_own_workers_and_no_other(as_: As, cast: Cast) -> None:
    mine, other = registered_by(cast, "hasan"), registered_by(cast, "dewi")
    hasan = as_("hasan")
    hasan.get(f"/petugas/pekerja/{mine.ref}").sees(mine.name)
    assert hasan.get(f"/petugas/pekerja/{other.ref}").status == 404
    assert hasan.get("/petugas/pekerja/tidak-ada").status == 404
    listed = hasan.get("/petugas/pekerja")
    assert mine.ref in listed.html
    assert other.ref not in listed.html


@pytest.mark.parametrize("action", ACTIONS)
def test_a20_an_rt_head_changes_nothing_of_anothers_worker(as_: As, cast: Cast, action: str) -> None:
    other = registered_by(cast, "dewi")
    before = (factories.count(Attestation), factories.count(Consent), reread(other).leave_hash)
    typed = {"occupation_code": "pedagang_sayur", "seen_on": "2026-11-20", "listed": "y"}
    assert as_("hasan").post(f"/petugas/pekerja/{other.ref}/{action}", typed).status == 404
    assert reread(other).left_at is None
    assert (factories.count(Attestation), factories.count(Consent), reread(other).leave_hash) == before


def test_an_officer_sees_every_worker_but_lists_those_he_registered(as_: As, cast: Cast) -> None:
    theirs = registered_by(cast, "hasan")
    dewi = as_("dewi")
    dewi.get(f"/petugas/pekerja/{theirs.ref}").sees(theirs.name)
    assert theirs.ref not in dewi.get("/petugas/pekerja").html


def test_a22_a_staff_page_shows_the_last_four_digits_of_a_nik(as_: As, cast: Cast) -> None:
    row = registered_by(cast, "hasan")
    page = as_("hasan").get(f"/petugas/pekerja/{row.ref}")
    page.sees(f"berakhiran {row.nik[-4:]}")
    page.misses(row.nik, row.nik[-6:])


def test_p5_the_list_of_the_registered_costs_the_same_for_one_and_for_many(as_: As, cast: Cast) -> None:
    hasan, counts = as_("hasan"), []
    for more in (1, 15):
        for _ in range(more):
            registered_by(cast, "hasan")
        hasan.get("/petugas/pekerja")  # the first visit in a while also notes that he was here
        counts.append(hasan.get("/petugas/pekerja").statements)
    assert counts[0] == counts[1]


# ---- one worker ----------------------------------------------------------------------------------------------------------------


def test_a_new_attestation_is_recorded(as_: As, cast: Cast) -> None:
    row = registered_by(cast, "hasan")
    typed = {"occupation_code": "pedagang_sayur", "seen_on": "2026-11-21", "since_month": ""}
    assert as_("hasan").post(f"/petugas/pekerja/{row.ref}/keterangan", typed).status == 303
    assert len(queries.list_attestations(row.id)) == 2


def test_an_attestation_that_is_wrong_gets_a_sentence(as_: As, cast: Cast) -> None:
    row = registered_by(cast, "hasan")
    page = as_("hasan").post(
        f"/petugas/pekerja/{row.ref}/keterangan", {"occupation_code": "pedagang_sayur", "seen_on": "2027-01-01"}
    )
    assert page.status == 422
    page.sees("belum tiba")


def test_off_the_list_and_on_again_with_a_new_yes(as_: As, cast: Cast) -> None:
    row = registered_by(cast, "hasan")
    hasan = as_("hasan")
    assert hasan.post(f"/petugas/pekerja/{row.ref}/keluar").status == 303
    assert reread(row).left_at is not None
    assert not queries.has_consent(row.id, ConsentKind.listed)
    assert hasan.post(f"/petugas/pekerja/{row.ref}/kertas").status == 404
    assert hasan.post(f"/petugas/pekerja/{row.ref}/daftar", {"phrases": ["parents"]}).status == 422
    page = hasan.post(f"/petugas/pekerja/{row.ref}/daftar", {"phrases": ["parents"], "listed": "y"})
    assert page.status == 201
    assert code_on(page)


def test_a_second_click_on_the_list_is_told_and_changes_nothing(as_: As, cast: Cast) -> None:
    row = registered_by(cast, "hasan")
    page = as_("hasan").post(f"/petugas/pekerja/{row.ref}/daftar", {"listed": "y"})
    assert page.status == 422
    page.sees("sudah ada di daftar tunggu")


def test_a_new_paper_makes_the_old_one_worthless(as_: As, client: PageClient, cast: Cast) -> None:
    row = registered_by(cast, "hasan")
    hasan = as_("hasan")
    old = code_on(hasan.post(f"/petugas/pekerja/{row.ref}/kertas"))
    new = code_on(hasan.post(f"/petugas/pekerja/{row.ref}/kertas"))
    client.post("/pekerja/keluar", {"code": old})
    assert reread(row).left_at is None
    client.post("/pekerja/keluar", {"code": new})
    assert reread(row).left_at is not None


@pytest.mark.parametrize("path", ["/petugas/pekerja/baru", "/petugas/pekerja/x/kertas", "/petugas/pekerja/x/keluar"])
def test_a26_nothing_is_done_without_the_form_token(as_: As, path: str) -> None:
    assert as_("hasan").post(path, answers(), token=False, check=False).status == 403


def test_an_empty_desk_leads_on(as_: As, app: Flask) -> None:
    as_("hasan").get("/petugas/pekerja").sees("Belum ada pekerja yang Anda daftarkan")


def test_the_desk_speaks_english(as_: As, cast: Cast) -> None:
    row = registered_by(cast, "hasan")
    hasan = as_("hasan")
    for path in ("/en/petugas/pekerja", "/en/petugas/pekerja/baru", f"/en/petugas/pekerja/{row.ref}"):
        assert hasan.get(path).one("html").attrs["lang"] == "en"
