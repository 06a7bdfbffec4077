"""A company's file from the upload to the officers' yes: wrong rows mended, two people of the company, one bill, one decision."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.site import Site
from tests.browser.test_ways import press_until_focused
from tests.browser.visitor import DESK, Visitor

Visit = Callable[..., Visitor]
FILE = "\n".join(
    (
        "NIK;Nama;Pekerjaan",
        "6171044503850001;Rohani;Pedagang sayur",
        "6171044604860002;Asmah;Pedagang sayur",
        "61710447058700O3;Norma;Pedagang sayur",  # a letter O
        "6171044806880004;;Pedagang sayur",
    )
)


def of_the_company(v: Visitor) -> str:
    """The address of the company's pages, as a member finds it."""
    v.go("/perusahaan")
    v.page.get_by_role("link", name=re.compile("PT Kapuas")).first.click()
    found = re.search(r"/perusahaan/[\w-]+", v.page.url)
    assert found
    return found.group()


@pytest.mark.timeout(180)
def test_a_companys_file_becomes_one_bill_and_is_approved_at_once(site: Site, visit: Visit, officer: Visitor) -> None:
    rina, budi = visit(size=DESK), visit()
    rina.sign_in("rina@demo.test")
    home = of_the_company(rina)
    rina.go(f"{home}/unggah")
    rina.page.set_input_files("input[type=file]", {"name": "pedagang.csv", "mimeType": "text/csv", "buffer": FILE.encode()})
    rina.page.get_by_role("button", name=re.compile("Unggah dan periksa")).first.click()
    rina.until_shown("2 baris perlu diperbaiki", rina.page.url.removeprefix(site.url))
    upload = rina.page.url.removeprefix(site.url).partition("?")[0]
    rina.page.get_by_role("button", name=re.compile("^Pakai 6171044705870003")).click()
    rina.sees("1 baris perlu diperbaiki")
    rina.page.get_by_role("button", name=re.compile("Ajukan 3 baris")).click()
    rina.sees("Menunggu penyetuju")
    budi.sign_in("budi@demo.test")
    budi.go(upload)
    budi.page.get_by_role("button", name=re.compile("Setujui 3 baris")).click()
    budi.until_shown("3 pekerja diajukan", upload)
    budi.page.get_by_role("link", name=re.compile("^TG-")).click()
    bill = budi.page.url.removeprefix(site.url)
    budi.press("Ke halaman pembayaran")
    budi.page.locator("form.choose > button.button").first.click()
    budi.page.wait_for_url(re.compile(r"/tagihan/"), timeout=25_000)
    budi.until_shown("Lunas", bill)
    officer.go(f"/petugas/unggahan/{upload.rsplit('/', 1)[1]}")
    officer.sees("Periksa 3 contoh")
    officer.field("Mengapa boleh disetujui sekaligus").fill("Tiga contoh diperiksa; perusahaan menyatakan semuanya bekerja.")
    officer.press("Setujui semua yang pemeriksaannya baik")
    officer.until_shown("3 orang", f"/petugas/unggahan/{upload.rsplit('/', 1)[1]}")
    budi.go(upload)
    expect(budi.page.get_by_text("Disetujui petugas")).to_be_visible()
    site.books_are_clean()


BY_KEYS = "\n".join(("NIK;Nama;Pekerjaan", "6171045509850021;;Pedagang sayur", "6171045610860022;Kamariah;Pedagang sayur"))


def test_a_list_is_sent_mended_and_agreed_to_with_a_keyboard_alone(visit: Visit) -> None:
    rina, budi = visit(size=DESK), visit(size=DESK)
    rina.sign_in("rina@demo.test")
    rina.go(f"{of_the_company(rina)}/unggah")
    press_until_focused(rina, "input[type=file]")
    rina.page.set_input_files("input[type=file]", {"name": "dua.csv", "mimeType": "text/csv", "buffer": BY_KEYS.encode()})
    press_until_focused(rina, "main form .btn")
    rina.page.keyboard.press("Enter")
    rina.page.wait_for_url(re.compile(r"/unggah/[\w-]{10,}"))
    path = rina.page.url.removeprefix(rina.site.url).partition("?")[0]
    rina.sees("1 baris perlu diperbaiki")  # the page that tells how far it is goes on by itself
    press_until_focused(rina, "input[name=name-2]")
    rina.page.keyboard.type("Zubaidah")
    rina.page.keyboard.press("Enter")
    rina.sees("Semua 2 baris siap")
    press_until_focused(rina, "#submit .btn")
    rina.page.keyboard.press("Enter")
    rina.sees("Menunggu penyetuju")
    budi.sign_in("budi@demo.test")
    budi.go(path)
    press_until_focused(budi, "#submit .btn")
    with budi.page.expect_navigation():
        budi.page.keyboard.press("Enter")
    budi.until_shown("2 pekerja diajukan", path)
