"""Addresses for messages: whole, in the reader's language, and from our own settings, never from a request's Host header."""

from functools import lru_cache
from typing import Any

from flask import current_app
from itsdangerous import BadData, URLSafeSerializer


def absolute(endpoint: str, locale: str, **values: Any) -> str:
    """`https://…/en/dukungan/7KQ2-M9XF` for an endpoint; works inside a request and in a job alike."""
    path = current_app.url_map.bind("localhost").build(endpoint, values)
    return f"{current_app.config['SETTINGS'].base_url}{'/en' if locale == 'en' else ''}{path}"


def _signer() -> URLSafeSerializer:
    return _signer_with(current_app.config["SECRET_KEY"])


@lru_cache(maxsize=2)
def _signer_with(secret: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret, salt="stop-reminders")


def mute_link(person_ref: str, locale: str) -> str:
    """A link with one purpose: no more reminders for this person. It shows and changes nothing else, so it need not expire."""
    return absolute("accounts.mute", locale, token=_signer().dumps(person_ref))


def read_mute_token(token: str) -> str | None:
    """The person's ref inside a token of ours; None for any other text."""
    try:
        ref = _signer().loads(token)
    except BadData:
        return None
    return ref if isinstance(ref, str) else None
