"""The verbs of tokens, and the one way in which a request changes something: once for each key. Run inside `transaction()`."""

import secrets
from collections.abc import Callable, Collection
from typing import Any

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from sertakan.accounts.codes import hash_token
from sertakan.accounts.models import Membership
from sertakan.api import queries, rules
from sertakan.api.models import ApiCall, ApiToken
from sertakan.api.rules import Scope
from sertakan.audit.service import record
from sertakan.db import db, transaction
from sertakan.kit import clock

Answer = tuple[int, dict[str, Any]]


def _note(actor: Membership, what: str, token: ApiToken) -> None:
    facts = {"name": token.name, "scopes": token.scopes, "hint": token.hint}
    record(actor=actor.person.ref, action=f"api_token.{what}", subject=f"api_token:{token.ref}", after=facts)


def make_token(*, actor: Membership, name: str, scopes: Collection[Scope]) -> str:
    """A new token; the secret is returned once and kept nowhere. Refuses NotContact, TooManyTokens."""
    if not actor.is_contact:
        raise rules.NotContact
    now = clock.now()
    if len(queries.list_tokens(actor, now)) >= rules.MOST_TOKENS:
        raise rules.TooManyTokens(most=rules.MOST_TOKENS)
    secret = rules.PREFIX + secrets.token_urlsafe(32)
    token = ApiToken(
        organisation_id=actor.organisation_id,
        membership_id=actor.id,
        name=name,
        token_hash=hash_token(secret),
        hint=secret[-4:],
        scopes=sorted(scope.value for scope in scopes),
        created_at=now,
        expires_at=now + rules.LIFE,
    )
    db.session.add(token)
    db.session.flush()
    _note(actor, "make", token)
    return secret


def revoke_token(*, actor: Membership, token: ApiToken) -> None:
    """It works no longer; twice changes nothing. Refuses NotContact."""
    if not actor.is_contact:
        raise rules.NotContact
    if token.revoked_at is None:
        token.revoked_at = clock.now()
        _note(actor, "revoke", token)


def once(*, token_id: int, key: str, body_hash: str, verb: Callable[[], Answer]) -> tuple[int, dict[str, Any], bool]:
    """Do it unless this key was answered before; status, answer, and whether it was answered before. Refuses KeyUsed.

    The key's row is written first: of two at once the second waits for the first and then finds its answer. A refusal rolls the
    row back, so a mended request may use the key again.
    """
    call = ApiCall(token_id=token_id, key=key, body_hash=body_hash, created_at=clock.now())
    try:
        with db.session.begin_nested():
            db.session.add(call)
    except IntegrityError:
        known = queries.find_call(token_id, key)
        if known is None or known.body_hash != body_hash:
            raise rules.KeyUsed from None
        return known.status, known.answer, True
    call.status, call.answer = verb()
    return call.status, call.answer, False


def forget_calls() -> int:
    """Answers are kept for a week; returns how many were dropped."""
    with transaction() as session:
        result = session.execute(delete(ApiCall).where(ApiCall.created_at < clock.now() - rules.CALLS_KEPT))
        return int(getattr(result, "rowcount", 0))
