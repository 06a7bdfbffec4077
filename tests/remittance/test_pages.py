"""The pages of finance and officers: who may enter, each step by its form, downloads, uploads, repairs, what stands too long."""

import contextlib
import contextvars
import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from sertakan.audit import queries as audit
from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.remittance import jobs, queries, rules
from sertakan.remittance.models import Batch, Repair
from sertakan.remittance.rules import BatchState, RepairState
from sertakan.sponsorships.models import Sponsorship
from sertakan.tariff import queries as tariff
from tests import factories
from tests.page import Page, PageClient
from tests.remittance.conftest import TITLES, Desk, table

As = Callable[[str], PageClient]
LIST = "/petugas/setoran"


def upload(who: PageClient, code: str, data: bytes, name: str = "jawaban.csv") -> Page:
    """Send a file as a browser does."""
    edge = b"--sertakan"
    parts = [
        edge + b'\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n' + who.form_token().encode(),
        edge + f'\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode() + data,
        edge + b"--\r\n",
    ]
    headers = {"Origin": "http://localhost"}
    body = b"\r\n".join(parts)
    return who._open(
        "POST",
        f"{LIST}/{code}/jawaban",
        data=body,
        content_type="multipart/form-data; boundary=sertakan",
        headers=headers,
        check=True,
    )


def taken(who: PageClient, path: str) -> tuple[Any, bytes]:
    """Headers and bytes of a download; its temporary file is closed."""
    db.session.remove()
    with contextlib.closing(contextvars.Context().run(who.http.get, path)) as answer:
        return answer.headers, answer.get_data()


def test_a_month_goes_from_paid_to_posted_through_the_pages(desk: Desk, as_: As) -> None:
    promise = desk.promise()
    maya, agus, sari = as_("maya"), as_("agus"), as_("sari")
    maya.get(LIST).sees("Susun setoran")
    maya.get(f"{LIST}/baru?through=2026-12&most=100").sees("Rp8.400", "JKM", "Warga", "Buat konsep setoran")
    page = maya.follow(maya.post(f"{LIST}/baru", {"through": "2026-12", "most": "100"}))
    code = page.h1.removeprefix("Setoran ").strip()
    page.sees("Konsep", "Kunci setoran")
    maya.follow(maya.post(f"{LIST}/{code}/kunci")).sees("Terkunci", "Catat kode", "XLSX")
    maya.follow(maya.post(f"{LIST}/{code}/kode", {"payment_code": "BPU-9"})).sees("BPU-9", "orang lain yang menandainya lunas")
    agus.get(f"{LIST}/{code}").sees("Tandai lunas")
    page = agus.post(f"{LIST}/{code}/dibayar", {"proof": "TRX-1", "amount": "8401"}).sees("harus sama dengan jumlah setoran")
    assert 'value="TRX-1"' in page.html
    agus.follow(agus.post(f"{LIST}/{code}/dibayar", {"proof": "TRX-1", "amount": "Rp8.400"})).sees(
        "Bulan yang sudah dicap disetor"
    )
    jobs.work()
    page = maya.follow(upload(maya, code, table([TITLES, *desk.rows_for(promise)])))
    page.sees("sedang dibaca")
    assert page.response.headers["Refresh"] == "2"
    jobs.work()
    maya.get(page.path).sees("baris diterapkan", "Diterapkan")
    page = maya.get(f"{LIST}/{code}")
    page.sees("Selesai", "Aktif")
    assert "Refresh" not in page.response.headers
    found = db.session.get_one(Sponsorship, promise).code
    tariff.tariff_book()  # read once a minute by whoever comes first
    sari.get(f"/dukungan/{found}").sees("Aktif")


def test_a_refused_step_keeps_what_was_typed_and_says_why(desk: Desk, as_: As) -> None:
    desk.promise()
    code = desk.gather()
    desk.lock(code)
    page = as_("maya").post(f"{LIST}/{code}/kode", {"payment_code": ""})
    assert page.status == 422
    page.sees("Tulis kode iuran")
    assert as_("maya").post(f"{LIST}/{code}/kunci").status == 409


def test_nobody_marks_her_own_batch_paid_even_by_typing_the_address(desk: Desk, as_: As) -> None:
    desk.promise()
    code = desk.gather()
    desk.lock(code)
    desk.code(code)
    page = as_("maya").post(f"{LIST}/{code}/dibayar", {"proof": "TRX-1", "amount": "8400"})
    assert page.status == 403
    assert desk.batch(code).state is BatchState.code_received


def test_the_files_hold_every_nik_as_text_and_taking_them_is_written_down(desk: Desk, as_: As) -> None:
    worker = factories.worker(name="=Sumiati", phone="+6281234567890")
    promise = desk.promise("sari", worker)
    code = desk.gather()
    desk.lock(code)
    maya = as_("maya")
    headers, data = taken(maya, f"{LIST}/{code}/unduh.csv")
    assert headers["Cache-Control"] == "no-store"
    assert headers["Content-Disposition"] == f"attachment; filename=setoran-{code}-20261122.csv"
    [row] = csv.DictReader(io.StringIO(data.decode("utf-8-sig")), delimiter=";")
    assert (row["NIK"], row["Nama lengkap"], row["Jenis kelamin"]) == (desk.nik(promise), "'=Sumiati", "P")
    assert (row["Tanggal lahir"], row["Bulan iuran"], row["Jumlah iuran"]) == ("12-03-1984", "2026-12", "8400")
    assert row["Nomor HP"] == "'+6281234567890" and row["Nama ibu kandung"] == ""
    book = load_workbook(io.BytesIO(taken(maya, f"{LIST}/{code}/unduh.xlsx")[1])).active
    assert book["B2"].value == desk.nik(promise) and book["B2"].data_type == "s"
    batch = desk.batch(code)
    kinds = [entry.after["kind"] for entry in audit.list_for(f"batch:{batch.ref}") if entry.action == "batch.export"]
    assert kinds == ["xlsx", "csv"]


def test_the_column_map_is_data(desk: Desk, as_: As) -> None:
    promise = desk.promise()
    maya = as_("maya")
    page = maya.get(f"{LIST}/kolom/ekspor").sees("Nama ibu kandung")
    boxes = [element.attrs for element in page.all("input") if "_" in element.attrs.get("name", "")]
    typed = {box["name"]: box["value"] for box in boxes if box["name"] != "csrf_token"}
    for field in ("number", "born_place", "mother"):
        typed[f"place_{field}"] = "0"
    typed |= {"title_nik": "No. KTP", "place_name": "1"}
    maya.follow(maya.post(f"{LIST}/kolom/ekspor", typed)).sees("disimpan")
    code = desk.gather()
    head = taken(maya, f"{LIST}/{code}/unduh.csv")[1].decode("utf-8-sig").splitlines()[0].split(";")
    assert head[:2] == ["Nama lengkap", "No. KTP"] and "Nama ibu kandung" not in head
    typed["place_nik"] = "0"
    maya.post(f"{LIST}/kolom/ekspor", typed).sees("harus ikut")
    typed |= {"place_nik": "2", "title_nik": "Nama lengkap"}
    maya.post(f"{LIST}/kolom/ekspor", typed).sees("dipakai dua kali")
    answers = {}
    for place, (field, title) in enumerate(rules.ANSWER_FIELDS.items(), 1):
        answers |= {f"title_{field}": "Nomor Induk" if field == "nik" else title, f"place_{field}": str(place)}
    assert maya.post(f"{LIST}/kolom/jawaban", answers).status == 303
    desk.lock(code)
    desk.code(code)
    desk.pay(code)
    jobs.work()
    desk.answer(code, desk.rows_for(promise), titles=["nomor induk", *TITLES[1:]])
    assert desk.states(promise) == ["posted"]


def test_every_problem_of_an_answer_stands_on_its_page_without_personal_data(desk: Desk, as_: As) -> None:
    promise = desk.promise()
    code = desk.paid()
    rows = desk.rows_for(promise)
    rows[0][2], rows[0][3] = "1", "entah"
    file = desk.answer(code, rows)
    page = as_("maya").get(f"{LIST}/{code}/jawaban/{file.ref}")
    page.sees("Tidak ada satu baris pun yang diterapkan", "Ada 2 masalah", "C2", "D2", "Rp8.400")
    page.misses(desk.nik(promise))
    maya = as_("maya")
    again = upload(maya, code, table([TITLES, *rows]))
    assert again.status == 409
    again.sees("sudah pernah diunggah")
    nothing = upload(maya, code, b"", "")
    assert nothing.status == 422 and "Pilih berkas" in nothing.text


def test_a_large_answer_file_may_be_sent_and_a_larger_one_is_refused(desk: Desk, as_: As) -> None:
    promise = desk.promise()
    code = desk.paid()
    rows = [*desk.rows_for(promise), *([""] * 60_000)]
    page = upload(as_("maya"), code, table([TITLES, *rows]) + b" " * 2_000_000)
    assert page.status == 303
    assert upload(as_("maya"), code, b"x" * (18 << 20)).status == 413


def test_an_answer_by_hand_through_its_page(desk: Desk, as_: As) -> None:
    promise = desk.promise()
    code = desk.paid()
    ref = desk.months(promise)[0].ref
    maya = as_("maya")
    maya.get(f"{LIST}/{code}/bulan/{ref}").sees("Catat jawaban", "Dana diterima")
    page = maya.post(f"{LIST}/{code}/bulan/{ref}", {"result": "bounced", "reason": "", "evidence": "Surat 1"})
    assert page.status == 422
    page.sees("Pilih alasan penolakannya")
    maya.follow(maya.post(f"{LIST}/{code}/bulan/{ref}", {"result": "posted", "evidence": "Surat 1"})).sees("Jawaban dicatat")
    assert desk.states(promise) == ["posted"]
    assert maya.get(f"{LIST}/{code}/bulan/tidak-ada", check=False).status == 404


def test_a_bounced_month_is_mended_through_the_pages(desk: Desk, as_: As) -> None:
    promise = desk.promise()
    code = desk.paid()
    desk.answer(code, desk.rows_for(promise, result="Ditolak", reason="NIK tidak ditemukan di Dukcapil"))
    dewi, agus, ref, old = as_("dewi"), as_("agus"), desk.repair(), desk.nik(promise)
    dewi.get("/petugas/perbaikan").sees("NIK tidak ditemukan di Dukcapil").misses(old)
    dewi.get(f"/petugas/perbaikan/{ref}").sees("Usulkan perbaikan").misses(old)
    assert old in dewi.post(f"/petugas/perbaikan/{ref}/nik").html
    worker = db.session.get_one(Sponsorship, promise).worker
    assert [entry.action for entry in audit.list_for(f"worker:{worker.ref}")] == ["nik.reveal"]
    number = factories.nik()
    page = dewi.post(f"/petugas/perbaikan/{ref}/usul", {"name": "Sumiati Ayu", "nik": "123"})
    assert page.status == 422
    page.sees("baru 3 angka")
    assert 'value="Sumiati Ayu"' in page.html
    page = dewi.follow(dewi.post(f"/petugas/perbaikan/{ref}/usul", {"name": "Sumiati Ayu", "nik": number}))
    page.sees("Usulan Anda sendiri").misses(number)
    page = agus.get(f"/petugas/perbaikan/{ref}")
    seen = next(element.attrs["value"] for element in page.all("input") if element.attrs.get("name") == "seen")
    agus.follow(agus.post(f"/petugas/perbaikan/{ref}/setujui", {"seen": seen})).sees("Siap disetor lagi")
    assert desk.nik(promise) == number
    agus.get("/petugas/perbaikan").sees("Tidak ada yang perlu diperbaiki")


def test_money_goes_back_when_two_officers_agree(desk: Desk, as_: As) -> None:
    promise = desk.promise()
    code = desk.paid()
    desk.answer(code, desk.rows_for(promise, result="Ditolak", reason="too_old"))
    dewi, agus, ref = as_("dewi"), as_("agus"), desk.repair()
    dewi.follow(dewi.post(f"/petugas/perbaikan/{ref}/kembalikan")).sees("Menunggu petugas kedua")
    agus.follow(agus.post(f"/petugas/perbaikan/{ref}/tolak")).sees("Usulkan perbaikan")
    agus.post(f"/petugas/perbaikan/{ref}/kembalikan")
    with transaction() as session:
        seen = session.scalars(select(Repair.mark)).one()
    dewi.follow(dewi.post(f"/petugas/perbaikan/{ref}/setujui", {"seen": seen})).sees("Dana dikembalikan")
    assert desk.states(promise) == ["released"]
    db.session.rollback()
    assert db.session.scalars(select(Repair.state)).one() is RepairState.given_back


@pytest.mark.parametrize("path", [LIST, "/petugas/tertahan", "/petugas/perbaikan"])
def test_lists_cost_the_same_statements_for_one_and_for_many(desk: Desk, as_: As, path: str) -> None:
    who = as_("agus")

    def bounce() -> None:
        promise = desk.promise()
        desk.promise("tono", factories.worker())
        code = desk.paid()
        desk.answer(code, desk.rows_for(promise, result="Ditolak", reason="other"))

    bounce()
    later = clock.now() + timedelta(days=20)
    with clock.frozen(later):
        who = as_("agus")
        one = who.get(path).statements
    for _ in range(4):
        bounce()
    with clock.frozen(later):
        assert who.get(path).statements == one <= 12


def test_what_stands_too_long_is_listed_by_the_stamp_it_waits_for(desk: Desk, as_: As) -> None:
    unsent, unposted, bounced = (desk.promise(first="2026-11") for _ in range(3))
    for promise in (unsent, unposted, bounced):
        with transaction() as session:
            session.get_one(Sponsorship, promise).decided_at = clock.now()
    codes = [db.session.get_one(Sponsorship, promise).code for promise in (unsent, unposted, bounced)]
    as_("agus").get("/petugas/tertahan").misses(*codes)
    with clock.frozen(clock.now() + timedelta(hours=24)):
        as_("agus").get("/petugas/tertahan").misses(*codes)
    with clock.frozen(clock.now() + timedelta(hours=25)):
        as_("agus").get("/petugas/tertahan").sees("Belum disetor", *codes)
    with transaction() as session:
        session.get_one(Sponsorship, unsent).review_state = "submitted"
    code = desk.paid()
    desk.answer(code, desk.rows_for(bounced, result="Ditolak", reason="other"))
    with clock.frozen(clock.now() + timedelta(days=4)):
        page = as_("agus").get("/petugas/tertahan")
        page.sees("Belum aktif", codes[1], "Ditolak, belum diperbaiki", codes[2]).misses(codes[0])


def test_a_dropped_batch_says_so(desk: Desk, as_: As) -> None:
    desk.promise()
    code = desk.gather()
    maya = as_("maya")
    assert maya.post(f"{LIST}/{code}/batal", {"reason": ""}).status == 422
    maya.follow(maya.post(f"{LIST}/{code}/batal", {"reason": "salah bulan"})).sees("Setoran ini dibatalkan")
    assert queries.get(code).state is BatchState.dropped
    assert db.session.scalars(select(Batch)).one().closed_at
