"""A company pays ahead on the payment page, a rule is written and put in force, and people of the waiting list are protected."""

import re
from collections.abc import Callable

import pytest

from tests.browser.site import Site
from tests.browser.visitor import DESK, Visitor

Visit = Callable[..., Visitor]


def of_the_company(v: Visitor) -> str:
    v.go("/perusahaan")
    v.page.get_by_role("link", name=re.compile("PT Kapuas Jaya Lestari")).first.click()
    found = re.search(r"/perusahaan/[\w-]+", v.page.url)
    assert found
    return found.group()


@pytest.mark.timeout(180)
def test_a_balance_is_paid_ahead_and_a_rule_protects_whom_it_names(site: Site, visit: Visit, officer: Visitor) -> None:
    rina, budi = visit(language="en", size=DESK), visit()
    rina.sign_in("rina@demo.test")
    home = of_the_company(rina)
    saldo = f"{home}/saldo"
    rina.go(saldo)
    rina.sees("Rp2,000,000")
    rina.field("Jumlah").fill("500.000")
    rina.press("Buat tagihan isi saldo")
    rina.press("Ke halaman pembayaran")
    rina.page.locator("form.choose > button.button").first.click()
    rina.page.wait_for_url(re.compile(r"/tagihan/"), timeout=25_000)
    rina.until_shown("Lunas", rina.page.url.removeprefix(site.url).removeprefix("/en"))
    rina.go(saldo)
    rina.sees("Rp2,500,000")
    write_rule(rina, saldo)
    budi.sign_in("budi@demo.test")
    budi.go(saldo)
    budi.page.get_by_role("listitem").filter(has_text="Tukang ojek").get_by_role("button", name="Jalankan aturan ini").click()
    budi.sees("Aturan berjalan.")
    budi.until_shown("1 dari paling banyak 1 orang", saldo)
    rina.go(saldo)
    rina.sees("Dipakai untuk tagihan")
    officer.go("/petugas/antrean?saring=all&hal=2")
    officer.sees("PT Kapuas Jaya Lestari")
    site.books_are_clean()


def write_rule(v: Visitor, saldo: str) -> None:
    v.follow("Aturan baru")
    v.field("Nama aturan").fill("Tukang ojek")
    v.page.get_by_label(v.say("Transportasi dan pengantaran")).check()
    v.field("Lama untuk setiap orang").select_option("2")
    v.field("Paling banyak").fill("1")
    v.press("Usulkan aturan")
    v.arrives(saldo)
    v.sees("Menunggu penyetuju")
