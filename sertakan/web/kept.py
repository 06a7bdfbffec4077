"""Finished public pages, kept for a few seconds in the process.

Only for pages that say the same to everybody: a visitor with a cookie of ours gets a fresh one (it may hold a message for her).
A page with one form may be kept too: it has `TOKEN_HOLE` where each visitor's own form token goes.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import wraps
from time import monotonic
from typing import Any, ParamSpec

from flask import Response, current_app, make_response, request, session
from flask_wtf.csrf import generate_csrf

from sertakan.kit import clock
from sertakan.web.language import here

P = ParamSpec("P")
SECONDS = 15.0
MOST_PAGES = 256
TOKEN_HOLE = f"hole-{secrets.token_hex(16)}"


@dataclass(frozen=True)
class _Kept:
    until: float
    day: date
    body: bytes
    cache: str


def is_stranger() -> bool:
    """A visitor without a cookie of ours: nothing on the page can be meant for her alone."""
    return current_app.config["SESSION_COOKIE_NAME"] not in request.cookies


def has_message() -> bool:
    """Is a message waiting that only this visitor may see?"""
    return "_flashes" in session


def with_token(html: str) -> str:
    """A kept page, with this visitor's form token."""
    return html.replace(TOKEN_HOLE, generate_csrf())


def _pages() -> dict[str, _Kept]:
    pages: dict[str, _Kept] = current_app.extensions.setdefault("kept", {})
    return pages


def _known() -> _Kept | None:
    """The finished page of this address, when there is one of today."""
    known = _pages().get(here())
    return known if known and known.until > monotonic() and known.day == clock.today() else None


def _keep(body: bytes, cache: str = "") -> None:
    pages = _pages()
    if len(pages) >= MOST_PAGES:
        pages.clear()
    pages[here()] = _Kept(monotonic() + SECONDS, clock.today(), body, cache)


def kept(view: Callable[P, Response]) -> Callable[P, Response]:
    """Keep a page's answer by its full address for `SECONDS`, as long as it is a 200 that anybody may store."""

    @wraps(view)
    def inner(*args: P.args, **kwargs: P.kwargs) -> Response:
        if not is_stranger() or current_app.testing:
            return view(*args, **kwargs)
        known = _known()
        if known:
            response = Response(known.body, content_type="text/html; charset=utf-8")
            response.headers["Cache-Control"] = known.cache
            return response
        response = view(*args, **kwargs)
        cache: Any = response.headers.get("Cache-Control", "")
        if response.status_code == 200 and cache.startswith("public"):
            _keep(response.get_data(), cache)
        return response

    return inner


def kept_form(view: Callable[P, Any]) -> Callable[P, Any]:
    """The same for the first look at a page with a form: a stranger has typed nothing yet, so only the form token is hers."""

    @wraps(view)
    def inner(*args: P.args, **kwargs: P.kwargs) -> Any:
        if request.method != "GET" or not is_stranger() or current_app.testing:
            return view(*args, **kwargs)
        known = _known()
        if known:
            return with_token(known.body.decode())
        response = make_response(view(*args, **kwargs))
        if response.status_code == 200:
            _keep(response.get_data(as_text=True).replace(generate_csrf(), TOKEN_HOLE).encode())
        return response

    return inner
