"""The test client. Every HTML answer that a test fetches is checked too: heading, title, labels, tokens, ids, links, statement count."""

import contextlib
import contextvars
import hashlib
import re
import secrets
from collections.abc import Iterator
from functools import partial
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import sqlalchemy as sa
from flask import Flask
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import RequestRedirect
from werkzeug.test import TestResponse

from sertakan.accounts.models import Person, SignIn
from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.web import assets

VOID = {
    "area",
    "base",
    "br",
    "col",
    "embed",
    "hr",
    "img",
    "input",
    "link",
    "meta",
    "source",
    "track",
    "wbr",
    "path",
    "use",
    "circle",
    "rect",
}
UNCOUNTED = ("SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN", "PRAGMA")


class Element:
    def __init__(self, tag: str, attrs: dict[str, str]) -> None:
        self.tag, self.attrs, self.text = tag, attrs, ""


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self.stack: list[Element] = []
        self.words: list[str] = []
        self.forms: list[tuple[Element, list[Element]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {key: value or "" for key, value in attrs})
        element.attrs["_in_label"] = "yes" if any(parent.tag == "label" for parent in self.stack) else ""
        self.elements.append(element)
        if tag == "form":
            self.forms.append((element, []))
        elif self.forms and tag in {"input", "select", "textarea", "button"}:
            self.forms[-1][1].append(element)
        if tag not in VOID:
            self.stack.append(element)

    def handle_endtag(self, tag: str) -> None:
        while self.stack:
            if self.stack.pop().tag == tag:
                break

    def handle_data(self, data: str) -> None:
        hidden = any(parent.tag in {"script", "style", "svg"} for parent in self.stack)
        for parent in self.stack:
            parent.text += data
        if not hidden:
            self.words.append(data)


class Page:
    """An answer, read as a person reads it."""

    def __init__(self, response: TestResponse, path: str, statements: int) -> None:
        self.response, self.path, self.statements = response, path, statements
        self.status, self.html = response.status_code, response.get_data(as_text=True) if _is_text(response) else ""
        reader = _Reader()
        if response.mimetype == "text/html":
            reader.feed(self.html)
        self.elements, self.forms = reader.elements, reader.forms
        self.text = re.sub(r"\s+", " ", " ".join(reader.words)).strip()

    def all(self, tag: str) -> list[Element]:
        return [element for element in self.elements if element.tag == tag]

    def one(self, tag: str) -> Element:
        found = self.all(tag)
        assert len(found) == 1, f"{len(found)} <{tag}> on {self.path}"
        return found[0]

    @property
    def h1(self) -> str:
        return re.sub(r"\s+", " ", self.one("h1").text).strip()

    @property
    def location(self) -> str:
        return self.response.headers["Location"]

    def sees(self, *words: str) -> "Page":
        for word in words:
            assert word in self.text, f"{word!r} is not on {self.path}: {self.text[:1500]}"
        return self

    def misses(self, *words: str) -> "Page":
        for word in words:
            assert word not in self.html, f"{word!r} is on {self.path}"
        return self

    @property
    def csrf(self) -> str:
        for element in self.elements:
            if element.attrs.get("name") == "csrf_token":
                return element.attrs["value"]
        raise AssertionError(f"no form token on {self.path}")


def _is_text(response: TestResponse) -> bool:
    return (
        response.mimetype.startswith("text/")
        or "json" in response.mimetype
        or response.mimetype.endswith("/xml")
        or response.mimetype.endswith("+xml")
    )


class PageClient:
    """A visitor's browser. `limit` is the most statements a GET of a page may cost."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.limit: int | None = None
        self.http = app.test_client()
        self._csrf: str | None = None

    def sign_in(self, person: Person, *, second_factor: bool = True) -> None:
        token = secrets.token_urlsafe(32)
        now = clock.now()
        person_id = person.id
        with transaction() as session:
            session.add(
                SignIn(
                    token_hash=hashlib.sha256(token.encode()).hexdigest(),
                    person_id=person_id,
                    agent="test",
                    created_at=now,
                    last_seen_at=now,
                    second_factor_at=now if second_factor else None,
                )
            )
        with self.http.session_transaction() as cookie:
            cookie["_user_id"], cookie["_fresh"] = token, True

    def get(self, path: str, *, check: bool = True, **kwargs: Any) -> Page:
        return self._open("GET", path, check=check, **kwargs)

    def post(
        self, path: str, data: dict[str, Any] | None = None, *, token: bool = True, check: bool = True, **kwargs: Any
    ) -> Page:
        """Post a form as a browser does: with the form token (fetched from the page when none is known) and our own Origin."""
        data = dict(data or {})
        if token and "csrf_token" not in data:
            data["csrf_token"] = self.form_token()
        headers = {"Origin": "http://localhost", **kwargs.pop("headers", {})}
        return self._open("POST", path, data=data, headers=headers, check=check, **kwargs)

    def follow(self, page: Page) -> Page:
        assert page.status in {301, 302, 303, 307, 308}, f"{page.status} is no redirect: {page.text[:600]}"
        parts = urlsplit(page.location)
        return self.get(f"{parts.path}?{parts.query}" if parts.query else parts.path)

    def form_token(self) -> str:
        """A token of this browser's session, made the way the application makes it."""
        from flask_wtf.csrf import generate_csrf

        def make() -> tuple[str, str]:
            with self.app.test_request_context():
                from flask import session

                with self.http.session_transaction() as cookie:
                    known = cookie.get("csrf_token")
                if known:
                    session["csrf_token"] = known
                return generate_csrf(), session["csrf_token"]

        token, raw = contextvars.Context().run(make)
        with self.http.session_transaction() as cookie:
            cookie["csrf_token"] = raw
        return token

    def _open(self, method: str, path: str, *, check: bool, **kwargs: Any) -> Page:
        db.session.remove()  # a read of the test must not stay open around the page's own transaction
        with counted(self.app) as statements:
            # an empty context: the request gets an app context and a session of its own, as on a server
            response = contextvars.Context().run(partial(self.http.open, path, method=method, **kwargs))
        page = Page(response, path, len(statements))
        if check:
            self._check(page, method, statements)
        return page

    def _check(self, page: Page, method: str, statements: list[str]) -> None:
        if page.response.mimetype != "text/html" or page.status in {301, 302, 303, 307, 308} or not page.html:
            return
        check_html(page)
        if "<html" in page.html:
            self._check_links(page)
        if method == "GET" and page.status == 200:
            most = self.limit or (12 if urlsplit(page.path).path.removeprefix("/en").startswith("/petugas") else 8)
            assert len(statements) <= most, f"{len(statements)} statements on {page.path}:\n" + "\n".join(
                s[:150] for s in statements
            )

    def _check_links(self, page: Page) -> None:
        for element in page.all("a"):
            href = element.attrs.get("href", "")
            if href.startswith("#"):
                continue
            target = urljoin(page.path, href)
            parts = urlsplit(target)
            if parts.scheme or parts.netloc or not parts.path:
                continue
            path = parts.path.removeprefix("/en") or "/"
            try:
                self.app.url_map.bind("localhost").match(path, method="GET")
            except RequestRedirect:
                continue
            except MethodNotAllowed as error:
                raise AssertionError(f"{page.path} links to {target}, which is no page") from error
            except HTTPException as error:
                raise AssertionError(f"{page.path} links to {target}, which does not exist") from error


ICONS = set(re.findall(r'id="([a-z0-9-]+)"', (Path(assets.HERE) / "vendor/lucide/icons.svg").read_text(encoding="utf-8")))


def check_html(page: Page) -> None:
    """What must hold on every page, whatever it is about."""
    where = page.path
    assert "{{" not in page.html and "{%" not in page.html, f"unrendered template on {where}"
    names = {name for element in page.elements for name in element.attrs}
    assert not any(name.startswith("on") for name in names), f"inline handler on {where}"
    assert "style" not in names and not page.all("style"), f"inline style on {where}"
    scripts = [element for element in page.all("script") if element.attrs.get("type") != "application/ld+json"]
    assert all(element.attrs.get("src", "").startswith("/static/") for element in scripts), f"inline script on {where}"
    ids = [element.attrs["id"] for element in page.elements if element.attrs.get("id")]
    assert len(ids) == len(set(ids)), f"duplicate ids on {where}: {sorted({i for i in ids if ids.count(i) > 1})}"
    for element, controls in page.forms:
        if element.attrs.get("method", "get").lower() == "post":
            names = {control.attrs.get("name") for control in controls}
            assert "csrf_token" in names, f"form without a token on {where}"
    wanted = {element.attrs.get("href", "").partition("#")[2] for element in page.all("use")}
    assert wanted <= ICONS, f"icons that the sprite does not have on {where}: {sorted(wanted - ICONS)}"
    labelled = {element.attrs.get("for") for element in page.all("label")}
    for element in page.elements:
        if element.tag in {"select", "textarea"} or (
            element.tag == "input" and element.attrs.get("type") not in {"hidden", "submit", "button"}
        ):
            named = element.attrs.get("id") in labelled or element.attrs.get("aria-label") or element.attrs.get("aria-labelledby")
            assert named or element.attrs["_in_label"], f"control {element.attrs.get('name')} without a label on {where}"
    if "<html" not in page.html:
        return
    title = re.sub(r"\s+", " ", page.all("title")[0].text).strip()
    heading = page.h1
    assert (
        title.removeprefix("Galat: ").removeprefix("Error: ").startswith(heading)
        or heading in title
        or _same_words(title, heading)
    ), f"title {title!r} does not begin with the heading {heading!r} on {where}"
    language = "en" if urlsplit(where).path.startswith("/en") else "id"
    assert page.one("html").attrs.get("lang") == language, f"lang on {where}"


def _same_words(title: str, heading: str) -> bool:
    """A title may shorten a long heading, but not speak of something else."""
    words = [word for word in re.findall(r"\w+", heading.lower()) if len(word) > 3]
    return not words or any(word in title.lower() for word in words)


@contextlib.contextmanager
def counted(app: Flask) -> Iterator[list[str]]:
    """The statements that reach the database inside the block, without savepoints."""
    statements: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(UNCOUNTED):
            statements.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)
