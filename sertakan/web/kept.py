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

from flask import Response, current_app, request, session
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


def kept(view: Callable[P, Response]) -> Callable[P, Response]:
    """Keep a page's answer by its full address for `SECONDS`, as long as it is a 200 that anybody may store."""

    @wraps(view)
    def inner(*args: P.args, **kwargs: P.kwargs) -> Response:
        pages: dict[str, _Kept] = current_app.extensions.setdefault("kept", {})
        if not is_stranger() or current_app.testing:
            return view(*args, **kwargs)
        address, day = here(), clock.today()
        known = pages.get(address)
        if known and known.until > monotonic() and known.day == day:
            response = Response(known.body, content_type="text/html; charset=utf-8")
            response.headers["Cache-Control"] = known.cache
            return response
        response = view(*args, **kwargs)
        cache: Any = response.headers.get("Cache-Control", "")
        if response.status_code == 200 and cache.startswith("public"):
            if len(pages) >= MOST_PAGES:
                pages.clear()
            pages[address] = _Kept(monotonic() + SECONDS, day, response.get_data(), cache)
        return response

    return inner
