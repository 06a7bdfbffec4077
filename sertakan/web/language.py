"""Two languages: Indonesian at `/…`, English at `/en/…`. The middleware moves `/en` into SCRIPT_NAME, so url_for keeps it."""

from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from babel.support import NullTranslations, Translations
from flask import Flask, current_app, request
from flask_babel import force_locale, get_locale
from flask_babel import gettext as _
from werkzeug.exceptions import HTTPException

LANGUAGES = ("id", "en")


class LanguagePrefix:
    """WSGI middleware: `/en/x` is page `/x` in English."""

    def __init__(self, wsgi: Callable[..., Iterable[bytes]]) -> None:
        self.wsgi = wsgi

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == "/en" or path.startswith("/en/"):
            environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + "/en"
            environ["PATH_INFO"] = path[3:] or "/"
        return self.wsgi(environ, start_response)


def current_language() -> str:
    """The language of this request: by the address alone, so that a page never varies by cookie or header."""
    return "en" if request and request.script_root.endswith("/en") else "id"


def here() -> str:
    """This page's own address within the site, with its language and query."""
    query = f"?{request.query_string.decode('ascii', 'ignore')}" if request.query_string else ""
    return f"{request.script_root}{request.path}{query}"


def other_language_url() -> str:
    """The same page in the other language; the home page where this address is no page, or answers forms only."""
    query = f"?{request.query_string.decode('ascii', 'ignore')}" if request.query_string else ""
    looking = request.method in ("GET", "HEAD") and request.url_rule is not None
    page = f"{request.path}{query}" if looking or _is_page() else "/"
    return page if current_language() == "en" else f"/en{page}"


def _is_page() -> bool:
    try:
        current_app.url_map.bind("").match(request.path, method="GET")
    except HTTPException:
        return False
    return True


def in_language(locale: str, message: str, **params: object) -> str:
    """A message in a person's language, outside her request (notices, receipts)."""
    with force_locale(locale):
        return str(_(message, **params))


@lru_cache(maxsize=4)
def _english(folder: str) -> NullTranslations:
    return Translations.load(folder, ["en"])


def _for_templates(app: Flask) -> Callable[[str], str]:
    """Translating in templates, a hundred times a page: the msgid is the Indonesian, so only English is looked up."""
    folder = str(Path(app.root_path) / app.config["BABEL_TRANSLATION_DIRECTORIES"])

    def translate(message: str) -> str:
        return message if str(get_locale().language) == "id" else str(_english(folder).ugettext(message))

    return translate


def _never_plural(_one: str, _many: str, _count: int) -> str:
    raise TypeError("Indonesian has no plural; write one sentence")


def init_language(app: Flask) -> None:
    app.jinja_env.install_gettext_callables(_for_templates(app), _never_plural, newstyle=True)  # type: ignore[attr-defined]
    app.jinja_env.globals.update(current_language=current_language, other_language_url=other_language_url)
