"""Reads of tokens and of what was answered before."""

from collections.abc import Sequence
from datetime import datetime

from flask import abort
from sqlalchemy import select

from sertakan.accounts.models import Membership
from sertakan.api.models import ApiCall, ApiToken
from sertakan.db import db


def find_token(token_hash: str, now: datetime) -> ApiToken | None:
    """The living token behind a secret, while its member still belongs to the organisation."""
    found = db.session.scalar(
        select(ApiToken).where(ApiToken.token_hash == token_hash, ApiToken.revoked_at.is_(None), ApiToken.expires_at > now)
    )
    return found if found is not None and found.membership.ended_at is None else None


def list_tokens(member: Membership, now: datetime) -> Sequence[ApiToken]:
    """Those that still work, oldest first."""
    return db.session.scalars(
        select(ApiToken)
        .where(ApiToken.organisation_id == member.organisation_id, ApiToken.revoked_at.is_(None), ApiToken.expires_at > now)
        .order_by(ApiToken.id)
    ).all()


def get_token(member: Membership, ref: str) -> ApiToken:
    """A token of this member's organisation, or 404."""
    found = db.session.scalar(
        select(ApiToken)
        .where(ApiToken.organisation_id == member.organisation_id, ApiToken.ref == ref)
        .with_for_update(of=ApiToken)
    )
    return found if found is not None else abort(404)


def find_call(token_id: int, key: str) -> ApiCall | None:
    return db.session.scalar(select(ApiCall).where(ApiCall.token_id == token_id, ApiCall.key == key))
