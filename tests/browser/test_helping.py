"""A cover runs into grace, is rescued by somebody through a link, and is handed over by estafet; nobody learns a name."""

import re
from collections.abc import Callable
from datetime import date

from playwright.sync_api import expect

from tests.browser import journey
from tests.browser.site import Site
from tests.browser.visitor import DESK, Visitor

SPONSOR = "warga10@demo.test"
GRACE = date(2026, 12, 20)
NAMES = ("Ratna", "Bima", "ratna.baik", "bima.baik")


def path_in(v: Visitor, kind: str) -> str:
    """The path of the link that the page shows once."""
    found = re.search(rf"/{kind}/[\w-]{{20,}}", v.page.locator("main").inner_text())
    assert found
    return found.group()


def in_grace(v: Visitor) -> str:
    """The path of the first of her covers that is in arrears."""
    v.go("/dukungan")
    codes = dict.fromkeys(re.findall(r"/dukungan/([0-9A-Z]{4}-[0-9A-Z]{4})", v.page.content()))
    for code in codes:
        v.go(f"/dukungan/{code}")
        if v.link("Minta tolong orang lain membayar bulan yang kosong").count():
            return f"/dukungan/{code}"
    raise AssertionError("none of her covers is in arrears")


def introduce(v: Visitor, name: str, contact: str) -> None:
    v.field("Nama Anda").fill(name)
    v.page.locator("input[name=contact]").fill(contact)


def to_pay(v: Visitor) -> None:
    v.page.locator("input[name=risk_read]").check()
    v.page.get_by_role("button", name=v.say("Bayar sekarang"), exact=True).click()
    v.page.wait_for_url(v.site.env["STRIPE_API_BASE"] + "/pay/**")


def nobody_is_named(v: Visitor, *names: str) -> None:
    text = v.page.locator("main").inner_text()
    assert [name for name in names if name in text] == []


def test_a_cover_in_grace_is_rescued_and_handed_over_and_nobody_is_named(site: Site, visit: Callable[..., Visitor]) -> None:
    site.set_day(GRACE)
    sponsor = visit()
    sponsor.sign_in(SPONSOR)
    cover = in_grace(sponsor)
    worker = sponsor.page.get_by_role("heading", level=1).inner_text()
    sponsor.sees("Menunggak")
    sponsor.go(f"{cover}/minta-tolong")
    sponsor.press("Buat tautan")

    helper = visit()
    helper.go(path_in(sponsor, "selamatkan"))
    helper.heading("Selamatkan satu bulan")
    nobody_is_named(helper, worker, SPONSOR)
    introduce(helper, "Ratna Baik", "ratna.baik@contoh.test")
    to_pay(helper)
    journey.pay(helper)

    sponsor.until_shown("Penanggung lain", f"{cover}/estafet")
    sponsor.choose(sponsor.say("%(count)s bulan", count=3))
    sponsor.press("Buat tautan")
    sponsor.sees("Kursi kosong")

    runner = visit(size=DESK, language="en")
    runner.go(path_in(sponsor, "estafet"))
    runner.heading("Lanjutkan perlindungan")
    nobody_is_named(runner, worker, *NAMES)
    introduce(runner, "Bima Baik", "bima.baik@contoh.test")
    runner.page.get_by_role("button", name=runner.say("Pegang dulu %(days)s hari", days=3), exact=True).click()
    runner.arrives("/giliran/*")
    sponsor.until_shown("Dipegang seseorang", f"{cover}/estafet")
    nobody_is_named(sponsor, *NAMES)
    to_pay(runner)
    journey.pay(runner)

    sponsor.until_shown("Berkenalan dengan penerus Anda", f"{cover}/estafet")
    expect(sponsor.page.get_by_text(sponsor.say("Penanggung lain"), exact=True)).to_have_count(2)
    nobody_is_named(sponsor, *NAMES)


def test_whoever_looks_at_the_list_of_rescues_reaches_a_page_that_names_nobody(visit: Callable[..., Visitor]) -> None:
    v = visit(language="en")
    v.go("/selamatkan")
    v.heading("Selamatkan satu bulan")
    v.page.locator("button[name=pilih]").first.click()
    v.arrives("/selamatkan/*")
    v.sees("identitas dilindungi")
    expect(v.page.locator("input[name=count]").first).to_be_visible()
