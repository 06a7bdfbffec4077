"""One sponsor's money from her payment to "Terlindungi", with a month that BPJS refuses and two people mend; books green on the way."""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import pytest
from playwright.sync_api import expect

from tests.browser import journey
from tests.browser.journey import Wish
from tests.browser.site import Site
from tests.browser.test_journey import approve
from tests.browser.visitor import DESK, Visitor

Visit = Callable[..., Visitor]
TITLES = ["NIK", "Bulan iuran", "Jumlah iuran", "Hasil", "Alasan", "Bukti"]


@dataclass
class Paid:
    """A paid and approved promise for one month; its sponsor is signed in."""

    sponsor: Visitor
    wish: Wish
    code: str


def paid(visit: Visit, officer: Visitor, name: str) -> Paid:
    wish, sponsor = Wish(name=name, months=1), visit()
    code = journey.protect(sponsor, wish)
    approve(officer, code, name)
    sponsor.sign_in(wish.contact)
    return Paid(sponsor, wish, code)


def gather(maya: Visitor) -> str:
    """A batch of all that waits, locked, its file taken and its payment code noted; its number."""
    maya.go("/petugas/setoran/baru?through=2026-12&most=50000")
    maya.press("Buat konsep setoran")
    maya.page.wait_for_url("**/petugas/setoran/*")
    code = maya.page.url.rsplit("/", 1)[1]
    maya.press("Kunci setoran")
    maya.field("Kode iuran").fill("BPU-2026-1122")
    maya.press("Catat kode")
    maya.sees("Anda yang menyusun atau mengunci setoran ini, jadi orang lain yang menandainya lunas.")
    return code


def file_of(maya: Visitor, code: str) -> dict[str, list[str]]:
    """The file for BPJS, row by NIK."""
    answer = maya.page.request.get(f"{maya.site.url}/petugas/setoran/{code}/unduh.csv")
    text = answer.body().decode("utf-8-sig")
    dialect = csv.Sniffer().sniff(text.splitlines()[0], delimiters=";,")
    return {cell: row for row in csv.reader(io.StringIO(text), dialect) for cell in row if cell.isdigit() and len(cell) == 16}


def mark_paid(second: Visitor, code: str) -> None:
    """Another person: the proof and its sum."""
    second.go(f"/petugas/setoran/{code}")
    total = second.page.locator("p.total").first.inner_text()
    second.field("Nomor bukti setor").fill(f"BKT-{code}")
    second.field("Jumlah di bukti setor").fill(total.removeprefix("Rp"))
    second.press("Tandai lunas")
    second.until_shown("Unggah jawaban BPJS Ketenagakerjaan")


def answer(maya: Visitor, code: str, rows: list[list[str]]) -> None:
    """BPJS answers for some of the months; the others wait for theirs."""
    out = io.StringIO()
    csv.writer(out, delimiter=";").writerows([TITLES, *rows])
    maya.go(f"/petugas/setoran/{code}")
    maya.page.locator("#file").set_input_files({"name": "jawaban.csv", "mimeType": "text/csv", "buffer": out.getvalue().encode()})
    maya.press("Unggah jawaban")
    maya.until_shown("baris diterapkan")


def green(v: Visitor, site: Site) -> None:
    """Every check of the books, by command; and the page that everybody may read answers."""
    site.books_are_clean()
    v.go("/pemeriksaan")
    v.heading("Pemeriksaan buku")


@pytest.mark.timeout(240)
def test_money_goes_from_the_payment_to_terlindungi_and_a_refused_month_is_mended(
    visit: Visit, officer: Visitor, site: Site
) -> None:
    good, wrong = paid(visit, officer, "Kartini"), paid(visit, officer, "Suryani")
    maya, supervisor = visit(size=DESK), visit(size=DESK)
    maya.sign_in_as_staff("finance")
    supervisor.sign_in_as_staff("supervisor")
    code = gather(maya)
    rows = file_of(maya, code)
    assert {good.wish.nik, wrong.wish.nik} <= set(rows), "every NIK as text"
    mark_paid(supervisor, code)
    green(good.sponsor, site)
    good.sponsor.go(f"/dukungan/{good.code}")
    good.sponsor.sees("Iuran disetor")

    yes = [good.wish.nik, "2026-12", "8400", "Berhasil", "", "BPJS-1"]
    answer(maya, code, [yes, [wrong.wish.nik, "2026-12", "8400", "Ditolak", "Data belum lengkap", ""]])
    good.sponsor.message(good.wish.contact, "aktif")
    good.sponsor.go(f"/dukungan/{good.code}")
    stamps = good.sponsor.page.locator("table.tbl tbody tr").first
    for stamp in ("Dana diterima", "Disetor", "Aktif di BPJS", "Dikabarkan"):
        expect(stamps).to_contain_text(stamp)
    wrong.sponsor.go(f"/dukungan/{wrong.code}")
    wrong.sponsor.sees("Ditolak BPJS, sedang diperbaiki")

    officer.go("/petugas/perbaikan")
    officer.page.get_by_role("link").filter(has_text="Suryani").first.click()
    officer.field("Nama sesuai KTP").fill("Suryani Binti Ahmad")
    officer.press("Usulkan perbaikan")
    officer.sees("Usulan Anda sendiri. Petugas lain yang menyetujuinya.")
    supervisor.page.goto(officer.page.url)
    supervisor.press("Setujui")
    supervisor.sees("Siap disetor lagi")
    wrong.sponsor.page.reload()
    wrong.sponsor.sees("Dana diterima")
    green(wrong.sponsor, site)
    site.set_day(date(2026, 12, 5))
    good.sponsor.go(f"/dukungan/{good.code}")
    good.sponsor.sees("Terlindungi")
