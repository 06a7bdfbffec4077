"""The way in for programs: who the token belongs to, what it may do, and every no as problem+json (RFC 9457) in two languages."""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Response, g, request
from flask_babel import force_locale
from werkzeug.exceptions import HTTPException

from sertakan.accounts.codes import hash_token
from sertakan.accounts.models import Membership
from sertakan.api import queries, rules, service
from sertakan.api.models import ApiToken
from sertakan.api.rules import Scope
from sertakan.db import transaction
from sertakan.kit import clock
from sertakan.kit.errors import Refused
from sertakan.web.access import by_token
from sertakan.web.errors import TITLES, say
from sertakan.web.extensions import csrf
from sertakan.web.language import LANGUAGES, current_language, in_language

PROBLEM = "application/problem+json"


def answer(status: int, body: dict[str, Any], mimetype: str = "application/json") -> Response:
    """JSON that keeps its letters."""
    response = Response(json.dumps(body, ensure_ascii=False), status=status, content_type=f"{mimetype}; charset=utf-8")
    response.vary.add("Accept-Language")
    return response


def language() -> str:
    """What the program asks for; without a wish the language of the address."""
    return request.accept_languages.best_match(LANGUAGES) or current_language()


def problem(status: int, detail: str, *, kind: str = "about:blank", field: str | None = None) -> Response:
    """A no: its name, a sentence, and the field that it is about."""
    title = TITLES.get(status, TITLES[500])[0]
    body = {"type": kind, "title": in_language(language(), title), "status": status, "detail": detail}
    response = answer(status, body | ({"field": field} if field else {}), PROBLEM)
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="sertakan"'
    return response


def refused(no: Refused) -> Response:
    return problem(no.status, say(no), kind=f"/api/v1/problems/{type(no).__name__}", field=no.field)


def failed(error: HTTPException) -> Response:
    """404, 405, 413, 429 …, in the words of the pages."""
    status = error.code or 500
    words = TITLES.get(status, TITLES[500])
    return problem(status, in_language(language(), words[1]))


def for_program(scope: Scope) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A view that only a token with this scope may use; it gets the membership that the token acts as."""

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def inner(*args: Any, **kwargs: Any) -> Any:
            with force_locale(language()):
                try:
                    return view(_enter(scope), *args, **kwargs)
                except Refused as no:
                    return refused(no)
                except HTTPException as error:
                    return failed(error)

        return csrf.exempt(by_token(inner))  # type: ignore[no-any-return]

    return decorate


def _enter(scope: Scope) -> Membership:
    """Refuses TokenUnknown, ScopeMissing."""
    token = _token()
    if scope not in token.scopes:
        raise rules.ScopeMissing(scope=scope.value)
    g.api_token_id = token.id
    return token.membership


def _token() -> ApiToken:
    kind, _space, secret = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not secret.startswith(rules.PREFIX):
        raise rules.TokenUnknown
    token = queries.find_token(hash_token(secret.strip()), clock.now())
    if token is None:
        raise rules.TokenUnknown
    return token


def caller() -> str:
    """Whom the rate limit counts: the token, whatever machine it comes from; without one the address."""
    given = request.headers.get("Authorization", "")
    return hash_token(given) if given else request.remote_addr or ""


def change(verb: Callable[[Membership], service.Answer], parts: list[bytes], scope: Scope) -> Response:
    """Do it once for this key: inside one transaction, with the token looked at again."""
    key = rules.check_key(request.headers.get("Idempotency-Key"))
    mark = rules.body_hash([request.method.encode(), request.path.encode(), *parts])
    with transaction():
        member = _enter(scope)
        status, body, before = service.once(token_id=g.api_token_id, key=key, body_hash=mark, verb=lambda: verb(member))
    response = answer(status, body)
    if before:
        response.headers["Idempotent-Replayed"] = "true"
    return response
