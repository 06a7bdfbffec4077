"""Who may enter. A route that says nothing is refused at start; a route that names a permission asks for it on every request.

`@by_token`        a program with a token of an organisation
`@public`          anybody; the page never depends on the cookie unless it says `cookie=True`
`@signed_in`       a resident with a session
`@requires(p)`     staff with permission p and a fresh second factor
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

from flask import Flask, abort, redirect, request, session, url_for
from flask_login import current_user

from sertakan.web.language import here

P = ParamSpec("P")
R = TypeVar("R")


def _mark(view: Callable[P, R], word: str) -> Callable[P, R]:
    cast(Any, view).access = word
    return view


def public(view: Callable[P, R]) -> Callable[P, R]:
    """Anybody may enter."""
    return _mark(view, "public")


def by_link(view: Callable[P, R]) -> Callable[P, R]:
    """Whoever holds the random token in the address may enter; the view checks it."""
    return _mark(view, "link")


def by_token(view: Callable[P, R]) -> Callable[P, R]:
    """A program with a token in its Authorization header may enter; the view checks it. No cookie opens it, so no form token guards it."""
    return _mark(view, "token")


def signed_in(view: Callable[P, R]) -> Callable[P, R]:
    """A resident, company member or officer with a living session."""

    @wraps(view)
    def inner(*args: P.args, **kwargs: P.kwargs) -> Any:
        if not current_user.is_authenticated:
            return to_sign_in()
        return view(*args, **kwargs)

    return _mark(cast("Callable[P, R]", inner), "signed_in")


def requires(permission: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Staff with this permission and a second factor in this session; others see 404, as if nothing were here."""

    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def inner(*args: P.args, **kwargs: P.kwargs) -> Any:
            if not current_user.is_authenticated:
                return to_sign_in(staff=True)
            if not current_user.may(permission):
                abort(404)
            if not current_user.second_factor:
                return to_sign_in(staff=True)
            return view(*args, **kwargs)

        return _mark(cast("Callable[P, R]", inner), str(permission))

    return decorate


def to_sign_in(staff: bool = False) -> Any:
    """Send to the sign-in page, and remember in the session (never in the address) where to go on."""
    if request.method == "GET":
        session["next"] = here()
    return redirect(url_for("accounts.staff_sign_in" if staff else "accounts.sign_in"), 303)


def check_every_route_is_marked(app: Flask) -> None:
    """Called once by create_app: a route without a mark stops the start (closed until marked)."""
    missing = [rule.endpoint for rule in app.url_map.iter_rules() if not access_of(app, rule.endpoint)]
    if missing:
        raise RuntimeError(f"routes that do not say who may enter: {', '.join(sorted(set(missing)))}")


def access_of(app: Flask, endpoint: str) -> str | None:
    """public, link, signed_in, or the permission's name; None when nobody said."""
    if endpoint == "static":
        return "public"
    return getattr(app.view_functions.get(endpoint), "access", None)
