"""Two languages: Indonesian at `/…`, English at `/en/…`. The middleware moves `/en` into SCRIPT_NAME, so url_for keeps it."""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from babel.support import NullTranslations, Translations
from flask import Flask, current_app, request
from flask_babel import Domain, force_locale, get_locale
from flask_babel import gettext as _
from jinja2 import pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup
from werkzeug.exceptions import HTTPException

from sertakan.web.extensions import babel

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


# ---- sentences -----------------------------------------------------------------------------------------------------------------

# Which of its values an English sentence counts, the first that it has. Indonesian knows no plural, so the code writes one sentence;
# the English catalogue alone has two forms where one worker differs from two.
COUNTED = ("count", "workers", "people", "days", "minutes", "left")


@lru_cache(maxsize=4)
def _english(root: str, folder: str) -> NullTranslations:
    return Translations.load(str(Path(root) / folder), ["en"])


def translate(message: str, params: Mapping[str, object]) -> str:
    """A sentence in the language of this request, its placeholders still open. The msgid is the Indonesian: only English is looked up."""
    if str(get_locale().language) == "id":
        return message
    english = _english(current_app.root_path, current_app.config["BABEL_TRANSLATION_DIRECTORIES"])
    for name in COUNTED:
        if name in params:
            number = 1 if str(params[name]) == "1" else 2  # a number may come as it is shown: "1.000"
            counted = str(english.ungettext(message, "", number))
            return counted if counted not in ("", message) else str(english.ugettext(message))
    return str(english.ugettext(message))


class Sentences(Domain):  # type: ignore[misc]
    """What `gettext` of flask_babel asks, in every room."""

    def gettext(self, string: str, **variables: object) -> str:
        words = translate(string, variables)
        return words % variables if variables else words


@pass_eval_context
def _in_templates(context: EvalContext, message: str, /, **params: object) -> str:
    words = translate(message, params)
    return (Markup(words) if context.autoescape else words) % params  # noqa: S704  # nosec B704 - ours; its values are escaped


def init_language(app: Flask) -> None:
    babel.domain_instance = Sentences()
    app.jinja_env.globals.update(gettext=_in_templates, _=_in_templates)
    app.jinja_env.globals.update(current_language=current_language, other_language_url=other_language_url)
