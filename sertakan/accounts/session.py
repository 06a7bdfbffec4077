"""Who is at the other end. The cookie carries a random token; the row behind its hash says who, since when, and whether it is over.

So a replayed cookie is refused after sign-out, and closing an account stops the very next request (ASVS 7.4.1, 7.4.2).
"""

from contextlib import suppress
from typing import Any

from flask import Flask, current_app, request, session
from flask_login import AnonymousUserMixin, current_user, login_user
from sqlalchemy.exc import OperationalError

from sertakan.accounts import queries, rules, service
from sertakan.accounts.codes import hash_token
from sertakan.accounts.models import Person, SignIn
from sertakan.accounts.permissions import Permission, may
from sertakan.db import no_waiting, transaction
from sertakan.kit import clock
from sertakan.web.access import access_of, to_sign_in
from sertakan.web.extensions import login_manager

KEPT = ("next", "draft", "back")  # where to go on, the form begun before signing in, and the deed that wants a second factor
SYSTEMS = ("Android", "iPhone", "iPad", "Windows", "Mac", "Linux")
BROWSERS = {
    "Edg": "Edge",
    "OPR": "Opera",
    "SamsungBrowser": "Samsung",
    "Firefox": "Firefox",
    "Chrome": "Chrome",
    "Safari": "Safari",
}


class SignedIn:
    """A person with a living session, as Flask-Login wants her."""

    is_authenticated = True
    is_active = True
    is_anonymous = False

    def __init__(self, row: SignIn, token: str) -> None:
        self.sign_in, self._token = row, token

    @property
    def person(self) -> Person:
        return self.sign_in.person

    @property
    def second_factor(self) -> bool:
        """Whether this very session showed the second factor."""
        return self.sign_in.second_factor_at is not None

    @property
    def factor_shown(self) -> bool:
        """Whether she has a second factor now and this very session showed it."""
        return self.second_factor and self.person.totp_sealed is not None

    def may(self, permission: Permission | str) -> bool:
        return self.person.may(Permission(permission))

    def get_id(self) -> str:
        return self._token


class Anonymous(AnonymousUserMixin):
    """Nobody we know; may nothing."""

    person = None
    second_factor = factor_shown = False

    def may(self, permission: Permission | str) -> bool:
        return may(None, Permission(permission))


def life_of(row: SignIn) -> rules.Life:
    """Staff's sessions end sooner; a resident's second factor does not shorten hers."""
    return rules.STAFF_LIFE if row.person.role is not None and row.second_factor_at is not None else rules.RESIDENT_LIFE


def is_alive(row: SignIn) -> bool:
    """Not ended, not idle too long, not too old, and its person's account is open."""
    if row.ended_at is not None or row.person.disabled_at is not None:
        return False
    return rules.is_alive(life=life_of(row), created_at=row.created_at, last_seen_at=row.last_seen_at, now=clock.unmoved())


@login_manager.user_loader
def _load(token: str) -> SignedIn | None:
    row = queries.find_sign_in(hash_token(token))
    return SignedIn(row, token) if row is not None and is_alive(row) else None


def begin(token: str, *, lasting: bool) -> None:
    """Put a new session's token into a fresh cookie; nothing of the old one stays but `KEPT`. `lasting`: beyond the browser's end."""
    kept = {name: session[name] for name in KEPT if name in session}
    session.clear()
    session.update(kept)
    session.permanent = lasting
    row = queries.find_sign_in(hash_token(token))
    assert row is not None
    login_user(SignedIn(row, token))


def end() -> None:
    """Forget everything in the cookie; the row is ended by `service.end_session`."""
    session.clear()


def next_or(default: str) -> str:
    """The page that asked for the sign-in, once; only a page of ours."""
    return rules.safe_next(session.pop("next", None)) or default


def keep_back(path: str) -> None:
    """Where a deed waits until its second factor was shown."""
    session["back"] = path


def back_or(default: str) -> str:
    """That page, once; only a page of ours."""
    return rules.safe_next(session.pop("back", None)) or default


def agent_words() -> str:
    """`Chrome, Android`: enough to recognise one's own phone, too little to recognise a person."""
    text = request.headers.get("User-Agent", "")[:500]
    browser = next((word for mark, word in BROWSERS.items() if mark in text), "")
    system = next((word for word in SYSTEMS if word in text), "")
    return ", ".join(part for part in (browser, system) if part) or "?"


def _touch() -> None:
    """At most once a minute the row learns that it is still in use; pages that anybody may see do not count."""
    if "_user_id" not in session or request.endpoint is None or not _is_private(request.endpoint):
        return
    if current_user.is_authenticated and clock.unmoved() - current_user.sign_in.last_seen_at >= rules.SEEN_EVERY:
        seen = current_user.sign_in.id
        # while somebody writes for long, reading her page is worth more than knowing this minute
        with suppress(OperationalError), no_waiting(), transaction():
            service.touch(seen)


def _is_private(endpoint: str) -> bool:
    return access_of(current_app, endpoint) not in {"public", "link", None}


def _answer_unauthorized() -> Any:
    return to_sign_in()


def init_session(app: Flask) -> None:
    app.config["SESSION_REFRESH_EACH_REQUEST"] = False  # public pages must not carry a cookie
    app.config["PERMANENT_SESSION_LIFETIME"] = rules.RESIDENT_LIFE.absolute
    login_manager.session_protection = None  # the row decides; an address that changes on a bus ride is no attack
    login_manager.anonymous_user = Anonymous
    login_manager.unauthorized_handler(_answer_unauthorized)
    app.before_request(_touch)
