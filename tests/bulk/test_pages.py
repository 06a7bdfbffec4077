"""`/perusahaan/<ref>/unggah` in the test client: from a file to the second person's yes."""

import io
import re
from collections.abc import Callable

import pytest
from flask import Flask

from sertakan.accounts.models import MemberRole, Membership
from sertakan.bulk import jobs
from sertakan.db import transaction
from sertakan.kit import sheet
from tests.bulk.files import csv_file, nik, people, xlsx_file
from tests.bulk.test_service import checked, member
from tests.cast import Cast
from tests.page import Page, PageClient

As = Callable[..., PageClient]
TYPED = {"name-5": "Halimah", "occupation-5": "Penjahit", "nik-5": "x", "use": "nik-5=6171045203840001"}


@pytest.fixture
def home(cast: Cast) -> str:
    return f"/perusahaan/{cast.khatulistiwa.ref}/unggah"


def send(who: PageClient, path: str, data: bytes, name: str = "daftar.csv", **fields: str) -> Page:
    return who.post(path, {"first_month": "2026-12", "count": "3", "file": (io.BytesIO(data), name), **fields})


def test_from_a_file_to_two_signatures_and_one_bill(app: Flask, as_: As, cast: Cast, home: str) -> None:
    rina, budi = as_("rina"), as_("budi")
    rina.get(home).sees("Unggah data pekerja", "Belum ada pekerja. Unduh templat, isi, unggah.")
    sent = send(rina, home, xlsx_file([*people(3), ["61710452038400O1", "", "Ojeg", ""]]), "daftar.xlsx")
    assert sent.status == 303
    rina.get(sent.location).sees("Sedang diperiksa", "Menunggu giliran…")
    assert jobs.check_files() == 1
    rina.get(sent.location + "/kemajuan").sees("Selesai diperiksa. Lihat hasilnya")
    page = rina.get(sent.location)
    page.sees("1 baris perlu diperbaiki", "Rp126.000", "Ada huruf di dalam NIK", "Pakai 6171045203840001", "Nama kosong")
    used = rina.post(
        sent.location + "/perbaiki",
        {"name-5": "Halimah", "occupation-5": "Penjahit", "nik-5": "x", "use": "nik-5=6171045203840001"},
    )
    assert used.status == 303
    rina.get(sent.location).sees("Semua 4 baris siap")
    mark = next(one.attrs["value"] for one in rina.get(sent.location).elements if one.attrs.get("name") == "seen")
    assert rina.post(sent.location + "/ajukan", {"seen": "old"}).status == 409
    assert rina.post(sent.location + "/ajukan", {"seen": mark}).status == 303
    rina.get(sent.location).sees("Menunggu penyetuju").misses("Setujui 4 baris")
    budi.get(sent.location).sees("Setujui 4 baris", "Diajukan oleh Rina Oktaviani")
    assert budi.post(sent.location + "/setujui", {"seen": mark}).status == 303
    budi.get(sent.location).sees("Disetujui lembaga", "Tagihan sedang disiapkan")
    jobs.work()
    page = budi.get(sent.location).sees("4 pekerja diajukan", "Sudah menjadi tagihan", "TG-2026-000001", "Dana diterima")
    [address] = re.findall(r"/tagihan/[\w-]{20,}", page.html)
    budi.get(home.rpartition("/")[0] + "/tagihan").sees("TG-2026-000001", "Belum dibayar", "Rp168.000")
    stranger = PageClient(app)
    bill = stranger.get(address).sees(
        "Tagihan Rp168.000", "PT Khatulistiwa", "4 pekerja", "88088", "Desember 2026", "Rp8.400", "Rp16.800"
    )
    bill.misses("Sumiati", "617104")
    paper = stranger.http.get(address + "/faktur.pdf")
    assert (paper.mimetype, paper.data[:5]) == ("application/pdf", b"%PDF-")


def test_no_file_and_too_much_file_are_refused(as_: As, home: str) -> None:
    rina = as_("rina")
    page = send(rina, home, b"", "")
    assert page.status == 422
    page.sees("Pilih berkasnya dulu: .xlsx, .csv, atau .ods")
    body = b"--x\r\n" + b"x" * (17 << 20)
    assert rina.http.post(home, data=body, content_type="multipart/form-data; boundary=x").status_code == 413
    assert rina.http.post("/akun", data=body[: 2 << 20], content_type="multipart/form-data; boundary=x").status_code == 413


def test_the_same_file_again_says_so(as_: As, home: str) -> None:
    rina = as_("rina")
    send(rina, home, csv_file(people(1)))
    page = send(rina, home, csv_file(people(1)))
    assert page.status == 422
    page.sees("Berkas ini sudah diunggah pada 22-11-2026 10.00. Tidak ada yang berubah.")


def test_a_checker_uploads_nothing(as_: As, home: str) -> None:
    budi = as_("budi")
    budi.get(home).misses("Unggah dan periksa")
    assert send(budi, home, csv_file(people(1))).status == 422


def test_a_file_that_cannot_be_read_says_what_to_do(as_: As, home: str) -> None:
    rina = as_("rina")
    sent = send(rina, home, b"PK\x03\x04 torn", "daftar.xlsx")
    jobs.check_files()
    rina.get(sent.location).sees("Berkas tidak terbaca", "Simpan ulang sebagai .xlsx atau .csv")


def test_other_titles_are_asked_for_once(as_: As, home: str) -> None:
    rina = as_("rina")
    sent = send(rina, home, csv_file(people(2), ("Identitas", "Orang", "Kerja", "Lahir")))
    jobs.check_files()
    rina.get(sent.location).sees("Pilih kolomnya", "Identitas")
    page = rina.post(sent.location + "/kolom", {"column-nik": "Identitas"})
    assert page.status == 422
    page.sees("Kolom ini tidak ada di berkas: Nama, Pekerjaan.")
    told = {"column-nik": "Identitas", "column-name": "Orang", "column-occupation": "Kerja"}
    assert rina.post(sent.location + "/kolom", told).status == 303
    jobs.check_files()
    rina.get(sent.location).sees("Semua 2 baris siap")


def test_the_wrong_rows_go_out_and_come_back(as_: As, cast: Cast, home: str) -> None:
    rina = as_("rina")
    upload = checked(cast, csv_file([*people(2), ["=1+1", "Halimah", "Penjahit", ""]]))
    path = f"{home}/{upload.ref}"
    answer = rina.http.get(path + "/masalah.xlsx")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="masalah-20261122.xlsx"'
    titles, row = [cells for _number, cells in sheet.read(answer.data)]
    assert (titles[0], titles[-1], row[0], row[1]) == ("Baris", "Masalah", "4", "=1+1")
    assert "'=1+1" not in row and "Ada huruf di dalam NIK" in row[-1]
    row[1] = nik(50)
    back = rina.post(path + "/berkas", {"file": (io.BytesIO(xlsx_file([row], titles)), "masalah.xlsx")})
    assert back.status == 303
    rina.get(path).sees("Semua 3 baris siap")


def test_all_suggestions_of_a_kind_at_once(as_: As, cast: Cast, home: str) -> None:
    rina = as_("rina")
    upload = checked(cast, csv_file([[one[0].replace("0", "O"), *one[1:]] for one in people(60)]))
    path = f"{home}/{upload.ref}"
    page = rina.get(path + "?masalah=nik_letters")
    page.sees("Huruf di dalam NIK", "Pakai semua saran untuk masalah ini", "Baris berikutnya")
    rina.get(path + "?masalah=nik_letters&sesudah=41").sees("61").misses(">41<")
    assert rina.post(path + "/perbaiki", {"semua": "nik_letters"}).status == 303
    rina.get(path).sees("Semua 60 baris siap")


def test_the_template_is_itself_a_file_that_can_be_uploaded(as_: As, cast: Cast, home: str) -> None:
    template = as_("rina").http.get(home + "/templat.xlsx").data
    upload = checked(cast, template)
    assert upload.counts is not None and (upload.counts["ready"], upload.counts["wrong"]) == (1, 0)


def test_nobody_else_sees_an_upload(as_: As, cast: Cast, home: str) -> None:
    upload = checked(cast, csv_file(people(1)))
    for path in ("", f"/{upload.ref}", f"/{upload.ref}/masalah.xlsx", f"/{upload.ref}/kemajuan", "/templat.xlsx"):
        assert as_("sari").get(home + path).status == 404
        assert as_("dewi").get(home + path).status == 404


def test_the_result_costs_the_same_for_one_wrong_row_and_for_many(as_: As, cast: Cast, home: str) -> None:
    rina = as_("rina")
    few = checked(cast, csv_file([["1", "X", "Ojek", ""]]))
    many = checked(cast, csv_file([["1", f"X{one}", "Ojek", ""] for one in range(400)]))
    small, large = rina.get(f"{home}/{few.ref}"), rina.get(f"{home}/{many.ref}")
    assert small.statements == large.statements <= 12
    assert len(large.html.encode()) < 60_000


def test_a_checker_who_sends_it_back_says_why(as_: As, cast: Cast, home: str) -> None:
    upload = checked(cast, csv_file(people(2)))
    path = f"{home}/{upload.ref}"
    as_("rina").post(path + "/ajukan", {"seen": upload.mark or ""})
    assert as_("budi").post(path + "/kembalikan", {"note": "Pak Usman belum ada."}).status == 303
    as_("rina").get(path).sees("Dikembalikan penyetuju:", "Pak Usman belum ada.", "Ajukan 2 baris")


def test_a_member_who_left_sees_nothing_more(app: Flask, as_: As, cast: Cast, home: str) -> None:
    rina = as_("rina")
    assert rina.get(home).status == 200
    with transaction() as session:
        session.add(Membership(organisation_id=cast.company_id, person_id=cast.sari.id, role=MemberRole.maker))
        member(cast).ended_at = cast.rina.created_at
    assert rina.get(home).status == 404
    assert as_("sari").get(home).status == 200
