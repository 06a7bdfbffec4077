"""Every page, for every kind of visitor: no sideways scroll, no complaint, targets for thumbs, axe, and its weight on the wire."""

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, CDPSession, Page

from dev import ROOT
from tests.browser import journey
from tests.browser.journey import Wish
from tests.browser.site import Site
from tests.browser.visitor import DESK, PHONE, Visitor, visiting

PUBLIC = [
    "/",
    "/lindungi",
    "/tarif",
    "/pekerja",
    "/pekerja/keluar",
    "/bantuan",
    "/privasi",
    "/aksesibilitas",
    "/dasar-hukum",
    "/luring",
    "/masuk",
    "/petugas/masuk",
    "/demo",
    "/demo/pesan",
    "/komponen",
    "/halaman-yang-tidak-ada",
]
STAFF = ["/petugas/antrean", "/petugas/antrean?saring=all", "/petugas/pekerja", "/petugas/pekerja/baru", "/akun", "/akun/sandi"]
WIDTHS = (320, 360, 1280)
SMALLEST_TARGET = 44
AXE = [Path(os.environ.get("AXE_PATH", "")), ROOT / "node_modules" / "axe-core" / "axe.min.js"]
MEASURE = """smallest => {
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  const small = [...document.querySelectorAll("button, .btn, .icon-btn, .tabs a, .chip, summary, input:not([type=hidden]), select")]
    .filter((e) => e.offsetParent !== null && !e.closest(".vh") && !e.matches(".vh, [type=radio], [type=checkbox]"))
    .map((e) => ({box: e.getBoundingClientRect(), words: e.outerHTML.slice(0, 90)}))
    .filter(({box}) => box.width > 0 && (box.height < smallest - 0.5 || box.width < smallest - 0.5))
    .map(({box, words}) => `${Math.round(box.width)}x${Math.round(box.height)} ${words}`);
  return {wide, small};
}"""
# what people wrote, names of laws and places, and what says of itself that it is Indonesian
ENGLISH_WORDS = """() => {
  const page = document.body.cloneNode(true);
  page.querySelectorAll("[lang=id], select, .message").forEach((part) => part.remove());
  return page.innerText;
}"""
INDONESIAN = re.compile(r"\b(?:yang|dan|untuk|dengan|tidak|juta|bulan|sampai|pekerja|iuran)\b.{0,40}", re.IGNORECASE)
QUOTED = "Bulan terakhir (last month"  # the title of a column in a file, with what it means
LEFT_IN_INDONESIAN = ("/demo", "/komponen", "/dasar-hukum")
WHO = ("stranger", "resident", "officer", "company", "office", "finance")


@dataclass
class Guests:
    """A resident with a sponsorship, a stranger, makers of a company and of the city, an officer and finance, each with her pages."""

    stranger: Visitor
    resident: Visitor
    officer: Visitor
    company: Visitor
    office: Visitor
    finance: Visitor
    code: str
    pages: dict[str, list[str]] = field(default_factory=dict)

    def open_each(self, who: str) -> Iterator[tuple[Visitor, str]]:
        """Every page of this one, opened; the window is a phone's, and a desk's again afterwards."""
        visitor: Visitor = getattr(self, who)
        for path in self.pages[who]:
            size_to(visitor.page, PHONE[0])
            visitor.go(path)
            yield visitor, path
        size_to(visitor.page, DESK[0])


def _resident_pages(v: Visitor, code: str) -> list[str]:
    own = [f"/dukungan/{code}{more}" for more in ("", "/bukti", "/batal", "/perpanjang")]
    v.go(f"/dukungan/{code}/bukti")
    v.follow("Lihat")
    receipt = v.page.url.removeprefix(v.site.url)
    return ["/dukungan", *own, receipt, f"/terima-kasih/{code}", "/akun"]


def _menu_pages(v: Visitor, start: str) -> list[str]:
    """What the menu at the side leads to, and from each of these pages the first row of its table, cards, a button beside a heading."""
    v.go(start)
    pages = _links(v, "nav.side a.side__link")
    deeper = []
    for path in pages:
        v.go(path)
        deeper += (
            _links(v, "main tbody a.lnk")[:1] + _links(v, "main a.card--link")[:2] + _links(v, "main .row--between a.btn--2")[:1]
        )
    return list(dict.fromkeys([start, *pages, *deeper]))


def _links(v: Visitor, selector: str) -> list[str]:
    """Pages of ours, no downloads."""
    found = [link.get_attribute("href") or "" for link in v.page.locator(selector).all()]
    return [one for one in found if one.startswith("/") and not re.search(r"#|\.(xlsx|pdf|csv)$|/dokumen/.", one)]


def _organisation(visitors: ExitStack, site: Site, browser: Browser, contact: str, name: str) -> tuple[Visitor, list[str]]:
    """A maker of an organisation of the demo."""
    maker = visitors.enter_context(visiting(site, browser, size=DESK))
    maker.sign_in(contact)
    maker.go("/perusahaan")
    maker.page.get_by_role("link", name=re.compile(name)).first.click()
    maker.page.wait_for_url(re.compile(r"/perusahaan/[\w-]{8,}"))
    return maker, _menu_pages(maker, maker.page.url.removeprefix(site.url))


@pytest.fixture(scope="module")
def guests(site: Site, browser: Browser, officer: Visitor) -> Iterator[Guests]:
    """The stranger stops in the middle of the form, with a bill that is not paid, so that those pages can be looked at too."""
    with ExitStack() as visitors:
        stranger = visitors.enter_context(visiting(site, browser))
        resident = visitors.enter_context(visiting(site, browser))
        wish = Wish(name="Rosmiati Kurniawan Permata Sari")
        code = journey.protect(resident, wish)
        resident.sign_in(wish.contact)
        billed = visitors.enter_context(visiting(site, browser))
        journey.to_payment_page(billed, Wish())
        billed.go("/lindungi/periksa")
        bill = billed.page.url.removeprefix(site.url)
        journey.to_check(stranger, Wish())
        stranger.go("/pekerja")
        one = stranger.page.locator("li.card a").first.get_attribute("href") or ""
        company, of_company = _organisation(visitors, site, browser, "rina@demo.test", "PT Kapuas")
        office, of_office = _organisation(visitors, site, browser, "hendra@demo.test", "Dinas Tenaga Kerja")
        finance = visitors.enter_context(visiting(site, browser, size=DESK))
        finance.sign_in_as_staff("finance")
        pages = {
            "company": of_company,
            "office": of_office,
            "finance": _menu_pages(finance, "/petugas/buku"),
            "stranger": [*PUBLIC, "/lindungi/data", "/lindungi/lama", "/lindungi/periksa", one, bill],
            "resident": _resident_pages(resident, code),
            "officer": [*STAFF, f"/petugas/antrean/{code}"],
        }
        yield Guests(stranger, resident, officer, company, office, finance, code, pages)


def size_to(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 740 if width < 600 else 800})


@pytest.mark.parametrize("who", WHO)
def test_no_page_scrolls_sideways_and_every_target_fits_a_thumb(who: str, guests: Guests) -> None:
    faults = []
    for visitor, path in guests.open_each(who):
        for width in WIDTHS:
            size_to(visitor.page, width)
            seen = visitor.page.evaluate(MEASURE, SMALLEST_TARGET)
            faults += [f"{path} at {width}: {seen['wide']} px too wide"] if seen["wide"] > 0 else []
            faults += [f"{path}: small target {words}" for words in seen["small"]] if width == PHONE[0] else []
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("who", ["stranger", "resident", "company", "office"])
def test_the_english_pages_speak_english(who: str, guests: Guests) -> None:
    visitor: Visitor = getattr(guests, who)
    faults = []
    for path in guests.pages[who]:
        if path.startswith(LEFT_IN_INDONESIAN):
            continue
        visitor.page.goto(f"{visitor.site.url}/en{path}")
        words = visitor.page.evaluate(ENGLISH_WORDS).replace(QUOTED, "")
        faults += [f"{path}: {found}" for found in INDONESIAN.findall(words)]
    assert not faults, "\n".join(faults)


# ---- axe -----------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def axe() -> str:
    found = next((path for path in AXE if path.is_file()), None)
    if found is None:
        pytest.skip("no axe-core found; npm install --no-save axe-core@4.14.1, or set AXE_PATH for the browser tests")
    return found.read_text(encoding="utf-8")


class Axe:
    """Axe on the page that is open. Its script comes by the debugger, so that our CSP stays as it is."""

    def __init__(self, script: str, visitor: Visitor) -> None:
        self.session: CDPSession = visitor.context.new_cdp_session(visitor.page)
        self.session.send("Runtime.evaluate", {"expression": script})

    def look(self, *rules: str) -> list[str]:
        """What is wrong, by all rules or only these."""
        options = json.dumps({"resultTypes": ["violations"], **({"runOnly": rules} if rules else {})})
        run = f"axe.run(document, {options}).then((r) => JSON.stringify(r.violations))"
        answer = self.session.send("Runtime.evaluate", {"expression": run, "awaitPromise": True, "returnByValue": True})
        found = json.loads(answer["result"]["value"])
        return [f"{hit['id']} ({hit['help']}): {node['html'][:140]}" for hit in found for node in hit["nodes"][:3]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("who", WHO)
def test_axe_finds_nothing(who: str, scheme: Any, guests: Guests, axe: str) -> None:
    """All rules on a phone and at a desk; in the dark only colours differ, so only their rule is asked again."""
    faults, rules = [], () if scheme == "light" else ("color-contrast",)
    getattr(guests, who).page.emulate_media(color_scheme=scheme)
    for visitor, path in guests.open_each(who):
        eye = Axe(axe, visitor)
        for width in (PHONE[0], DESK[0]):
            size_to(visitor.page, width)
            faults += [f"{path} at {width}: {fault}" for fault in eye.look(*rules)]
    getattr(guests, who).page.emulate_media(color_scheme="light")
    assert not faults, "\n".join(faults)


def test_axe_finds_a_fault_that_we_make(axe: str, visit: Callable[..., Visitor]) -> None:
    v = visit()
    v.go("/luring")
    v.page.evaluate("document.querySelector('main').innerHTML += '<input><p id=pale>Pale words on white</p>'")
    v.page.evaluate("document.querySelector('#pale').style.color = '#EEE'")
    found = "\n".join(Axe(axe, v).look())
    assert "label" in found and "color-contrast" in found


def test_axe_finds_nothing_on_a_form_full_of_errors(guests: Guests, axe: str, visit: Callable[..., Visitor]) -> None:
    v = visit()
    v.go("/lindungi")
    v.press("Lanjut")
    faults = Axe(axe, v).look()
    journey.choose_work(v, Wish())
    v.press("Lanjut")
    faults += Axe(axe, v).look()
    v.go("/en/masuk")
    v.page.locator("main form button").first.click()
    v.page.wait_for_load_state()
    faults += Axe(axe, v).look()
    assert not faults, "\n".join(faults)


# ---- weight --------------------------------------------------------------------------------------------------------------------


@dataclass
class Wire:
    """What the browser's network log says: answers, and encoded bytes with their headers."""

    answers: int = 0
    bytes_: float = 0.0

    def listen(self, session: CDPSession) -> None:
        session.on("Network.responseReceived", self._answer)
        session.on("Network.loadingFinished", self._loaded)
        session.send("Network.enable")

    def _answer(self, event: dict[str, Any]) -> None:
        self.answers += event["response"]["encodedDataLength"] > 0 and not event["response"].get("fromDiskCache")

    def _loaded(self, event: dict[str, Any]) -> None:
        self.bytes_ += event["encodedDataLength"]


@pytest.mark.parametrize(("first", "second"), [("/", "/lindungi"), ("/tarif", "/"), ("/pekerja", "/tarif")])
def test_a_first_visit_is_light_and_the_next_page_lighter(first: str, second: str, visit: Callable[..., Visitor]) -> None:
    v, wire = visit(), Wire()
    wire.listen(v.context.new_cdp_session(v.page))
    v.page.goto(v.path(first), wait_until="networkidle")
    assert wire.answers <= 6
    assert wire.bytes_ <= 40 * 1024
    wire.answers, wire.bytes_ = 0, 0.0
    v.page.goto(v.path(second), wait_until="networkidle")
    assert wire.bytes_ <= 8 * 1024
