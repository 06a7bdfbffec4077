"""A person with a browser of her own. Whatever her pages complain about is kept and fails the test."""

import itertools
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import pyotp
from babel.messages.pofile import read_po
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Request, Response, expect

from dev import ROOT
from sertakan.web.language import COUNTED
from tests.browser.site import Site, eventually
from tests.checks import sentences

PHONE, DESK = (360, 740), (1280, 800)
EXPECTED = re.compile(r"Failed to load resource: the server responded with a status of 4(04|09|10|22)|.*blocked by Playwright")
CATALOGUE = ROOT / "translations" / "en" / "LC_MESSAGES" / "messages.po"
_addresses = itertools.count(1)
_used: dict[str, set[str]] = {}


@cache
def _english() -> dict[str, tuple[str, ...]]:
    """Every sentence of the product and its English: one form, or one for one and one for many."""
    with CATALOGUE.open("rb") as file:
        return {sentences(message.id)[0]: sentences(message.string) for message in read_po(file) if message.id}


def authenticator(secret: str) -> str:
    """The code of this moment, waiting for the next one where it has been used: a code opens the door once."""

    def fresh() -> str:
        code = pyotp.TOTP(secret).now()
        return "" if code in _used.setdefault(secret, set()) else code

    code = eventually(fresh, "a code of the authenticator that nobody has used", 40)
    _used[secret].add(code)
    return code


class Visitor:
    """One browser context with one page, from an address of its own; `language` is "id" or "en"."""

    def __init__(self, site: Site, context: BrowserContext, language: str) -> None:
        self.site, self.context, self.language = site, context, language
        self.complaints: list[str] = []
        context.on("console", self._hear)
        context.on("weberror", lambda error: self.complaints.append(f"script: {error.error}"))
        context.on("request", self._see)
        context.on("response", self._judge)
        self.page: Page = context.new_page()
        self.page.set_default_timeout(10_000)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not EXPECTED.match(message.text):
            self.complaints.append(f"console: {message.text}")

    def _see(self, request: Request) -> None:
        place = urlsplit(request.url)
        if place.scheme in ("http", "https") and place.netloc not in self.site.hosts:
            self.complaints.append(f"foreign host: {request.url}")

    def _judge(self, response: Response) -> None:
        if response.status >= 500 and response.status != 503:
            self.complaints.append(f"{response.status}: {response.url}")

    # ---- going about ----------------------------------------------------------------------------------------------------------

    def path(self, path: str) -> str:
        return f"{self.site.url}{'/en' if self.language == 'en' else ''}{path}"

    def go(self, path: str) -> Response:
        """Open one of our pages in this visitor's language."""
        response = self.page.goto(self.path(path))
        assert response is not None
        return response

    def say(self, words: str, **params: object) -> str:
        """These words in this visitor's language, as the page would print them."""
        counted = next((str(params[name]) for name in COUNTED if name in params), "")
        forms = _english().get(words, (words,)) if self.language == "en" else (words,)
        text = forms[0 if counted == "1" else -1]
        return text % params if params else text.replace("%%", "%")

    def press(self, words: str, **params: object) -> None:
        """Press the first button with exactly these words."""
        self.button(words, **params).first.click()

    def button(self, words: str, **params: object) -> Locator:
        return self.page.get_by_role("button", name=self.say(words, **params), exact=True)

    def follow(self, words: str, **params: object) -> None:
        """Follow the first link with exactly these words."""
        self.link(words, **params).first.click()

    def link(self, words: str, **params: object) -> Locator:
        return self.page.get_by_role("link", name=self.say(words, **params), exact=True)

    def field(self, words: str) -> Locator:
        """The field whose label starts with these words."""
        return self.page.get_by_label(re.compile(f"^{re.escape(self.say(words))}"))

    def sees(self, words: str, **params: object) -> None:
        """These words stand on the page for everybody to see."""
        expect(self.page.get_by_text(self.say(words, **params)).filter(visible=True).first).to_be_visible()

    def heading(self, words: str, **params: object) -> None:
        """The page's one heading says this."""
        expect(self.page.get_by_role("heading", level=1)).to_have_text(self.say(words, **params))

    def arrives(self, path: str) -> None:
        """The address is this path, whatever the question behind it; `*` stands for anything."""
        wanted = re.escape(self.path(path)).replace(r"\*", "[^/]+")
        self.page.wait_for_url(re.compile(f"^{wanted}([?#].*)?$"))

    def choose(self, words: str) -> None:
        """Choose a radio card by its words."""
        self.page.locator("label.pick").filter(has_text=words).first.click()

    def until_shown(self, words: str, path: str = "", **params: object) -> None:
        """Reload until the words are there: something happens behind the scene."""
        words = self.say(words, **params)

        def look() -> bool:
            if path:
                self.go(path)
            else:
                self.page.reload()
            return words in self.page.locator("main").inner_text()

        eventually(look, f"{words!r} on {path or self.page.url}")

    # ---- signing in -----------------------------------------------------------------------------------------------------------

    def message(self, contact: str, words: str) -> str:
        """The newest message of the demo to this contact whose text holds these words."""

        def look() -> str:
            self.page.goto(f"{self.site.url}/demo/pesan?kepada={contact.replace('+', '%2B')}")
            found = self.page.locator("article").filter(has_text=words)
            return found.first.inner_text() if found.count() else ""

        return eventually(look, f"a message to {contact} with {words!r}")

    def sign_in(self, contact: str) -> None:
        """As a resident: the code is read on the demo's page of messages."""
        self.go("/masuk")
        self.field("E-mail atau nomor HP").fill(contact)
        self.press("Kirim kode")
        self.arrives("/masuk/kode")
        text = self.message(contact, self.say("Kode masuk Sertakan"))
        code = re.search(r"\b(\d{6}|\d{3} \d{3})\b", text)
        assert code, text
        self.go("/masuk/kode")
        self.page.locator("input[name=code]").fill(code.group())
        self.press("Masuk")
        secret = next((one["Kunci TOTP"] for one in self.site.accounts() if one["Masuk"] == contact and "Kunci TOTP" in one), "")
        if secret:
            self.arrives("/masuk/autentikator")
            self.page.locator("input[name=code]").fill(authenticator(secret))
            self.press("Masuk")
        self.arrives("/dukungan")

    def sign_in_as_staff(self, role: str) -> None:
        """With the password and the authenticator of the demo's account of this role."""
        account = next(account for account in self.site.accounts() if f"({role})" in account["Siapa"])
        self.go("/petugas/masuk")
        self.page.locator("input[name=email]").fill(account["Masuk"])
        self.page.locator("input[name=password]").fill(account["Kata sandi"])
        self.press("Lanjut")
        self.arrives("/petugas/masuk/kode")
        self.page.locator("input[name=code]").fill(authenticator(account["Kunci TOTP"]))
        self.press("Masuk")
        self.page.wait_for_url(re.compile(r"/(petugas/(?!masuk)\w+.*|akun)$"))


@contextmanager
def visiting(
    site: Site, browser: Browser, *, size: tuple[int, int] = PHONE, language: str = "id", **more: Any
) -> Iterator[Visitor]:
    """Somebody new, with a browser context of her own that is closed afterwards; complains about her pages then."""
    on_phone = size[0] < 600
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        has_touch=on_phone,
        extra_http_headers={"X-Forwarded-For": f"10.7.{next(_addresses)}.1"},
        service_workers=more.pop("service_workers", "block"),
        **more,
    )
    visitor = Visitor(site, context, language)
    try:
        yield visitor
    finally:
        context.close()
    assert not visitor.complaints, "\n".join(visitor.complaints)
