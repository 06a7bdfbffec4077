"""A kept page with a form: finished once, and each visitor's token her own."""

import re
from collections.abc import Iterator

import pytest
from flask import Flask

from sertakan.web.kept import TOKEN_HOLE
from tests.cast import Cast
from tests.page import PageClient

TOKEN = re.compile(r'name="csrf_token"[^>]* value="([^"]+)"')


@pytest.fixture
def keeping(app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """The application with pages kept, as outside of tests."""
    monkeypatch.setattr(app, "testing", False)
    app.extensions.pop("kept", None)
    yield app
    app.extensions.pop("kept", None)


def html_of(visitor: PageClient, path: str = "/lindungi") -> str:
    return visitor.get(path, check=False).html


def test_two_strangers_get_the_same_page_with_a_token_each(keeping: Flask) -> None:
    pages = [html_of(PageClient(keeping)) for _ in range(3)]
    tokens = [TOKEN.findall(page) for page in pages]
    assert [len(found) for found in tokens] == [1, 1, 1]
    assert len({found[0] for found in tokens}) == 3
    assert len({page.replace(found[0], "") for page, found in zip(pages, tokens, strict=True)}) == 1
    assert not any(TOKEN_HOLE in page for page in pages)
    assert list(keeping.extensions["kept"]) == ["/lindungi"]


def test_the_token_of_a_kept_page_opens_the_next_step(keeping: Flask) -> None:
    html_of(PageClient(keeping))
    second = PageClient(keeping)
    found = TOKEN.findall(html_of(second))
    form = {"csrf_token": found[0], "occupation": "household-helper"}
    assert second.post("/lindungi", form, check=False).status in (303, 422)  # past the token check, which answers 400


def test_the_kept_page_with_a_token_is_stored_by_nobody(keeping: Flask) -> None:
    for _ in range(2):
        answer = PageClient(keeping).get("/lindungi", check=False).response
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" in answer.headers


def test_who_has_begun_gets_a_page_of_her_own(keeping: Flask) -> None:
    html_of(PageClient(keeping))
    begun = PageClient(keeping)
    first = html_of(begun)
    kept = dict(keeping.extensions["kept"])
    with begun.http.session_transaction() as session:
        session["_flashes"] = [("ok", "Hanya untuk Anda")]
    assert first
    html_of(begun)
    assert keeping.extensions["kept"] == kept


def test_each_language_is_kept_apart(keeping: Flask) -> None:
    indonesian, english = html_of(PageClient(keeping)), html_of(PageClient(keeping), "/en/lindungi")
    assert 'lang="id"' in indonesian
    assert 'lang="en"' in english
