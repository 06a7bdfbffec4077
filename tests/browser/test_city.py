"""The city's decree from its draft to the officers' yes, with 500 RT heads at full price; then one of them is replaced."""

import re
from collections.abc import Callable
from datetime import date, timedelta

import pytest

from tests.browser.site import Site
from tests.browser.visitor import DESK, Visitor

Visit = Callable[..., Visitor]
HEADS = 500
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def heads() -> bytes:
    """RT heads of one RW, each with an office of her own."""
    lines = ["NIK;Nama;Pekerjaan;Jabatan;RT/RW;Kelurahan"]
    for one in range(HEADS):
        born = date(1975, 1, 1) + timedelta(days=one)
        lines.append(f"617103{born.day + 40:02d}{born:%m%y}0007;Mariani;Ketua RT;Ketua RT;{one + 1:03d}/021;Parit Mayor")
    return "\n".join(lines).encode()


def of_the_office(v: Visitor) -> str:
    v.go("/perusahaan")
    v.page.get_by_role("link", name=re.compile("Dinas Tenaga Kerja")).first.click()
    found = re.search(r"/perusahaan/[\w-]+", v.page.url)
    assert found
    return found.group()


def write_decree(v: Visitor, home: str) -> str:
    """A draft for all of next year; its address."""
    v.go(f"{home}/sk/baru")
    v.field("Nomor SK").fill("77/DISNAKER/2026")
    v.field("Tanggal SK").fill("2026-11-02")
    v.field("Siapa yang dilindungi").select_option("rt_head")
    v.field("Tahun anggaran").fill("2027")
    v.field("Kode rekening").fill("5.1.02.02.01.0055")
    v.field("Pagu anggaran").fill("110.000.000")
    v.field("Bulan pertama").fill("2027-01")
    v.field("Bulan terakhir").fill("2027-12")
    v.page.set_input_files("input[type=file]", {"name": "sk.pdf", "mimeType": "application/pdf", "buffer": PDF})
    v.press("Simpan konsep")
    v.sees("Usulkan SK ini")
    return v.page.url.removeprefix(v.site.url).removeprefix("/en")


@pytest.mark.timeout(240)
def test_a_decree_of_500_heads_is_paid_in_full_and_an_office_changes_hands(site: Site, visit: Visit, officer: Visitor) -> None:
    hendra, yuliana = visit(language="en", size=DESK), visit()
    hendra.sign_in("hendra@demo.test")
    home = of_the_office(hendra)
    decree = write_decree(hendra, home)
    hendra.press("Usulkan SK ini")
    hendra.sees("Menunggu penyetuju")
    yuliana.sign_in("yuliana@demo.test")
    yuliana.go(decree)
    yuliana.press("Berlakukan SK ini")
    yuliana.sees("Berlaku")
    hendra.go(decree)
    hendra.page.get_by_role("link", name=re.compile(hendra.say("Unggah daftar"))).click()
    hendra.page.set_input_files("input[type=file]", {"name": "rt.csv", "mimeType": "text/csv", "buffer": heads()})
    hendra.page.get_by_role("button", name=re.compile(hendra.say("Unggah dan periksa"))).click()
    upload = hendra.page.url.removeprefix(site.url).removeprefix("/en").partition("?")[0]
    hendra.until_shown("Semua %(count)s baris siap", upload, count=HEADS)
    hendra.sees("Rp100,800,000")
    hendra.page.get_by_role("button", name=re.compile("500")).click()
    yuliana.go(upload)
    yuliana.page.get_by_role("button", name=re.compile("Setujui 500 baris")).click()
    yuliana.until_shown("500 pekerja diajukan", upload)
    yuliana.page.get_by_role("link", name=re.compile("^TG-")).click()
    bill = yuliana.page.url.removeprefix(site.url)
    yuliana.press("Ke halaman pembayaran")
    yuliana.page.locator("form.choose > button.button").first.click()
    yuliana.page.wait_for_url(re.compile(r"/tagihan/"), timeout=25_000)
    yuliana.until_shown("Lunas", bill)
    batch = f"/petugas/unggahan/{upload.rsplit('/', 1)[1]}"
    officer.go(batch)
    officer.sees("77/DISNAKER/2026")
    officer.field("Mengapa boleh disetujui sekaligus").fill("Sesuai SK; lima contoh diperiksa.")
    officer.press("Setujui semua yang pemeriksaannya baik")
    officer.until_shown("500 orang", batch)
    replaced(site, hendra, yuliana, decree)
    site.books_are_clean()


def replaced(site: Site, hendra: Visitor, yuliana: Visitor, decree: str) -> None:
    """The first head is replaced from February on, with the money that is in the months."""
    hendra.go(decree)
    hendra.page.get_by_role("link", name=re.compile("^Replace Mariani")).first.click()
    hendra.field("Bulan terakhir yang lama").select_option("2027-01")
    hendra.field("NIK yang baru").fill("6171035203800009")
    hendra.field("Nama yang baru").fill("Nurhayati")
    hendra.press("Siapkan mutasi")
    change = hendra.page.url.removeprefix(site.url).removeprefix("/en").partition("?")[0]
    hendra.until_shown("Semua %(count)s baris siap", change, count=1)
    hendra.page.get_by_role("button", name=re.compile(r"Submit 1|1 row")).first.click()
    yuliana.go(change)
    yuliana.page.get_by_role("button", name=re.compile("Setujui 1 baris")).click()
    yuliana.until_shown("1 pekerja diajukan", change)
    yuliana.go(decree)
    yuliana.sees("Diganti atau berhenti")
