"""A new company's first season: registered, checked, 3,000 rows with forty mistakes of ten kinds mended three ways, one bill, two
signatures, the officers' yes, BPJS's answer, every document opened, and everybody renewed.
"""

import io
import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from playwright.sync_api import expect

from tests.browser.site import Site, eventually
from tests.browser.test_money import answer, file_of, gather, mark_paid
from tests.browser.visitor import DESK, Visitor, authenticator

Visit = Callable[..., Visitor]
ROWS, KINDS, OF_EACH = 3_000, 10, 4
WRONG = KINDS * OF_EACH
TITLES = ["NIK", "Nama", "Pekerjaan", "Tanggal lahir", "L/P", "HP"]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
NAMES = ("Kartini", "Rosmini", "Halimah", "Nurbaya", "Zainab", "Aminah", "Fatmawati", "Maimunah")


def nik(one: int) -> str:
    born = date(1972, 1, 1) + timedelta(days=one)
    return f"617105{born.day + 40:02d}{born:%m%y}0031"


def people() -> list[list[str]]:
    """Everybody right, but for four rows of each of ten kinds; a mistake of row `n` is of the kind `n % 10`."""
    rows = []
    for one in range(ROWS):
        born = date(1972, 1, 1) + timedelta(days=one)
        row = [nik(one), NAMES[one % len(NAMES)], "Pedagang sayur", f"{born:%d-%m-%Y}", "P", ""]
        if one < WRONG:
            column, text = [
                (0, ""),  # no NIK
                (0, nik(one).replace("0", "O")),
                (0, nik(one)[:15]),
                (0, nik(WRONG + one)),  # somebody else's, who comes further down
                (1, ""),
                (1, "Kartini 2"),
                (2, "Pedagang sayurr"),
                (3, "01-01-1901"),
                (4, "L"),
                (5, "12"),
            ][one % KINDS]
            row[column] = text
            row[3] = "" if one % KINDS == 3 else row[3]
        rows.append(row)
    return rows


def workbook(rows: list[list[str]]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Data")
    for row in (TITLES, *rows):
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


# ---- people and their parts ----------------------------------------------------------------------------------------------------


def register(v: Visitor) -> str:
    """From the address of an office to a company that waits to be checked; the address of its pages."""
    v.go("/perusahaan/daftar")
    v.field("Nama Anda").fill("Lina Marlina")
    v.field("E-mail kantor Anda").fill("lina@khatulistiwajaya.test")
    v.press("Kirim kode")
    code = re.search(r"\b\d{6}\b", v.message("lina@khatulistiwajaya.test", v.say("Kode masuk Sertakan")))
    assert code
    v.go("/masuk/kode")
    v.page.locator("input[name=code]").fill(code.group())
    v.press("Masuk")
    v.go("/perusahaan/baru")
    v.page.locator("label.pick").filter(has=v.page.locator("input[value=company]")).click()
    v.field("Nama lembaga").fill("PT Khatulistiwa Jaya")
    v.page.locator("label.pick").filter(has=v.page.locator("input[value=nib]")).click()
    v.field("Nomornya").fill("9120.0077.88990")
    v.field("Alamat kantor").fill("Jalan Gajah Mada 7")
    v.field("Jabatan Anda").fill("Manajer SDM")
    v.page.locator("input[name=authorised]").check()
    v.press("Kirim pendaftaran")
    v.sees("Sedang diperiksa petugas")
    found = re.search(r"/perusahaan/[\w-]+", v.page.url)
    assert found
    return found.group()


def invite_checker(maker: Visitor, checker: Visitor, home: str) -> None:
    """A colleague takes the link in her letter, and puts an authenticator on her telephone."""
    maker.go(f"{home}/anggota")
    maker.field("E-mail anggota baru").fill("wati@khatulistiwajaya.test")
    maker.field("Perannya").select_option("checker")
    maker.press("Kirim undangan")
    found = re.search(r"/perusahaan/undangan/[\w-]+", checker.message("wati@khatulistiwajaya.test", "undangan"))
    assert found
    checker.go(found.group())
    checker.field("Nama Anda").fill("Wati Susanti")
    checker.press("Terima undangan")
    checker.go("/akun/autentikator")
    secret = re.sub(r"\s", "", checker.page.locator("p.mono.hd").inner_text())
    checker.page.locator("input[name=code]").fill(authenticator(secret))
    checker.press("Aktifkan")
    checker.sees("Simpan kode cadangan Anda")


def verify(officer: Visitor) -> None:
    officer.go("/petugas/organisasi")
    officer.page.get_by_role("link", name="PT Khatulistiwa Jaya").click()
    officer.press("Sahkan")


# ---- the file ------------------------------------------------------------------------------------------------------------------


def upload(v: Visitor, home: str) -> str:
    """3,000 rows for three months; the address of their result."""
    v.go(f"{home}/unggah")
    v.page.set_input_files("input[type=file]", {"name": "pedagang.xlsx", "mimeType": XLSX, "buffer": workbook(people())})
    v.page.locator("label.pick, option").filter(has_text=re.compile("^3 ")).first.wait_for(state="attached")
    v.page.locator("select[name=count]").select_option("3")
    v.page.get_by_role("button", name=re.compile(v.say("Unggah dan periksa"))).click()
    path = v.page.url.removeprefix(v.site.url).removeprefix("/en").partition("?")[0]
    v.until_shown("%(count)s baris perlu diperbaiki", path, count=WRONG)
    return path


def mend(v: Visitor, path: str) -> None:
    """In place, by what is suggested, and in the downloaded file; who stands in the file twice stays behind."""
    for kind in ("nik_letters", "occupation_unknown", "born_differs", "sex_differs"):
        v.go(f"{path}?masalah={kind}")
        v.press("Pakai semua saran untuk masalah ini")
    v.go(f"{path}?masalah=name_empty")
    for cell in v.page.locator("input[name^=name-]").all():
        cell.fill("Sulastri")
    v.page.get_by_role("button", name=v.say("Simpan dan periksa lagi")).last.click()
    v.until_shown("%(count)s baris perlu diperbaiki", path, count=WRONG - 5 * OF_EACH)
    book = load_workbook(io.BytesIO(v.page.request.get(f"{v.site.url}{path}/masalah.xlsx").body()))
    sheet: Any = book.active
    heads = {cell.value: cell.column for cell in sheet[1]}
    for line in range(2, sheet.max_row + 1):
        at = int(sheet.cell(line, heads["Baris"]).value) - 2
        if at % KINDS in (0, 2):
            sheet.cell(line, heads["NIK"]).value = nik(at)
        sheet.cell(line, heads["Nama"]).value = "Sulastri"
        sheet.cell(line, heads["Nomor HP"]).value = ""
    out = io.BytesIO()
    book.save(out)
    v.page.locator("summary").filter(has_text=v.say("Unggah baris yang sudah diperbaiki")).click()
    v.page.set_input_files("input[type=file]", {"name": "masalah.xlsx", "mimeType": XLSX, "buffer": out.getvalue()})
    v.press("Unggah dan periksa lagi")
    v.until_shown("%(count)s baris perlu diperbaiki", path, count=OF_EACH)


def pay(checker: Visitor, path: str) -> str:
    """The second signature, and the one bill on the payment page; the bill's address."""
    checker.go(path)
    checker.page.get_by_role("button", name=re.compile(r"Setujui 2\.996 baris")).click()
    checker.until_shown("2.996 pekerja diajukan", path)
    checker.page.get_by_role("link", name=re.compile("^TG-")).click()
    bill = checker.page.url.removeprefix(checker.site.url)
    checker.press("Ke halaman pembayaran")
    checker.page.locator("form.choose > button.button").first.click()
    checker.page.wait_for_url(re.compile(r"/tagihan/"), timeout=25_000)
    checker.until_shown("Lunas", bill)
    return bill


def approve(officer: Visitor, path: str) -> None:
    batch = f"/petugas/unggahan/{path.rsplit('/', 1)[1]}"
    officer.go(batch)
    officer.field("Mengapa boleh disetujui sekaligus").fill("Lima contoh diperiksa; semuanya masih berdagang.")
    officer.press("Setujui semua yang pemeriksaannya baik")

    def done() -> bool:
        officer.go(batch)
        return "2.996 orang" in officer.page.locator("main").inner_text()

    eventually(done, "2,996 approvals", patience_s=120)


def documents(v: Visitor, home: str) -> None:
    """Each is asked for, waited for, fetched and opened; a list of thousands is for the screen, and paper says so."""
    for words in ("Siapkan piagam", "Siapkan laporan", "Siapkan kartu", "Siapkan Excel", "Siapkan PDF"):
        v.go(f"{home}/dokumen")
        with v.page.expect_navigation():
            v.button(words).first.click()
    assert "2000" in v.page.locator("main").inner_text()  # so many lines go onto paper

    def ready() -> bool:
        v.go(f"{home}/dokumen")
        return v.page.locator("tbody tr a.lnk[href*='/dokumen/']").count() == 4

    eventually(ready, "four documents", patience_s=90)
    for link in [row.get_attribute("href") or "" for row in v.page.locator("tbody tr a.lnk[href*='/dokumen/']").all()]:
        body = v.page.request.get(v.site.url + link).body()
        assert body.startswith((b"%PDF-", b"PK")), link
        if body.startswith(b"PK"):
            rows: Any = load_workbook(io.BytesIO(body)).active
            assert rows.max_row == ROWS - OF_EACH + 1


@pytest.mark.timeout(420)
def test_a_companys_3000_rows_from_registering_to_terlindungi_and_renewed(site: Site, visit: Visit, officer: Visitor) -> None:
    lina, wati = visit(language="en", size=DESK), visit()
    home = register(lina)
    invite_checker(lina, wati, home)
    verify(officer)
    path = upload(lina, home)
    mend(lina, path)
    lina.page.get_by_role("button", name=re.compile("2,996")).click()
    bill = pay(wati, path)
    assert lina.page.request.get(f"{site.url}{bill}/faktur.pdf").body().startswith(b"%PDF-")
    approve(officer, path)
    maya, supervisor = visit(size=DESK), visit(size=DESK)
    maya.sign_in_as_staff("finance")
    supervisor.sign_in_as_staff("supervisor")
    code = gather(maya)
    sent = file_of(maya, code)
    mark_paid(supervisor, code)
    mine = [row for row in sent if row.startswith("617105") and row.endswith("0031")]
    assert len(mine) == ROWS - OF_EACH
    answer(maya, code, [[one, "2026-12", "8400", "Berhasil", "", "BPJS-7"] for one in mine])
    wati.until_shown("Aktif di BPJS", path)
    figures = wati.page.locator("section").first.inner_text()
    assert re.search(r"2\.996\s+Aktif di BPJS", figures), figures
    documents(lina, home)
    site.books_are_clean()
    site.set_day(date(2027, 2, 10))
    lina.go(f"{home}/unggah/perpanjang")
    expect(lina.page.locator("select[name=ends]")).to_contain_text("2,996")
    lina.page.get_by_role("button", name=re.compile(lina.say("Siapkan daftarnya"))).click()
    renewed = lina.page.url.removeprefix(site.url).removeprefix("/en").partition("?")[0]
    lina.until_shown("Semua %(count)s baris siap", renewed, count="2,996")
