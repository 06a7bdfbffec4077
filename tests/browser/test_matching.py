"""A company says what it adds, an employee asks with its code, one bill pays it, and the company never reads whom she protects."""

import re
from collections.abc import Callable
from datetime import date

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.site import TODAY, Site
from tests.browser.test_pool import of_the_company
from tests.browser.visitor import DESK, Visitor

Visit = Callable[..., Visitor]


@pytest.mark.timeout(180)
def test_a_company_adds_to_what_an_employee_pays(site: Site, visit: Visit) -> None:
    rina, budi, warga = visit(size=DESK), visit(), visit()
    rina.sign_in("rina@demo.test")
    place = f"{of_the_company(rina)}/tambahan"
    write_rule(rina, place)
    budi.sign_in("budi@demo.test")
    budi.go(place)
    budi.press("Buka aturan ini")
    budi.sees("Dibuka. Bagikan kodenya kepada karyawan.")
    code = the_rule(budi).get_by_text(re.compile(r"^\w{4}-\w{4}$")).first.inner_text()
    warga.sign_in("warga30@demo.test")
    sponsor, worker = ask(warga, code)
    rina.go(place)
    expect(rina.page.get_by_role("rowheader", name=sponsor)).to_be_visible()
    assert worker not in rina.page.locator("main").inner_text()
    rina.page.get_by_role("button", name=re.compile("^Buat tagihan Rp")).click()
    bill = rina.page.url.removeprefix(site.url)
    rina.press("Ke halaman pembayaran")
    rina.page.locator("form.choose > button.button").first.click()
    rina.page.wait_for_url(re.compile(r"/tagihan/"), timeout=25_000)
    rina.until_shown("Lunas", bill)
    warga.page.reload()
    warga.sees("Ditambahkan")
    rina.go(place)
    rina.sees("Yang sudah diproses")
    site.books_are_clean()


def the_rule(v: Visitor) -> Locator:
    return v.page.get_by_role("listitem").filter(has_text="Sebanyak bulan yang dibayar karyawan")


def write_rule(v: Visitor, place: str) -> None:
    v.go(place)
    v.follow("Aturan baru")
    v.choose("Sebanyak bulan yang dibayar karyawan")
    v.field("Batas untuk setiap karyawan").fill("200.000")
    v.field("Batas seluruhnya").fill("5.000.000")
    v.field("Dapat diminta sampai").fill(date(TODAY.year + 1, 12, 31).isoformat())
    v.press("Usulkan aturan")
    v.arrives(place)
    v.sees("Menunggu penyetuju")


def ask(v: Visitor, code: str) -> tuple[str, str]:
    """Through the page of her sponsorship; the names of the employee and of the worker she protects."""
    v.go("/akun")
    sponsor = v.page.locator("main input[name=name]").input_value()
    v.go("/dukungan")
    card = v.page.locator("article, li").filter(has_text="Terlindungi sampai").first
    worker = card.get_by_role("heading").inner_text()
    card.get_by_role("link", name="Lihat").first.click()
    v.page.get_by_role("link", name=re.compile("Tambahan dari perusahaan|Kantor Anda")).first.click()
    v.field("Kode dari perusahaan").fill(code.lower())
    v.press("Lihat tambahannya")
    v.sees("Nama dan NIK pekerja yang Anda lindungi tidak mereka lihat.")
    v.press("Minta tambahan ini")
    v.sees("Permintaan Anda menunggu perusahaan. Kami kabari begitu diproses.")
    assert sponsor and worker
    return sponsor, worker
