"""Links in messages: one purpose each, random, kept only as a hash, and over after their days."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import insert

from sertakan.db import db
from sertakan.kit import clock
from sertakan.sponsorships import queries, refusals, rules
from sertakan.sponsorships.models import ActionLink, Sponsorship

SEVERAL = "sponsorships"  # in a link's detail: the ids of all that it is for


def hash_token(token: str) -> str:
    """Only the hash of a random token is stored; so many random bits need no key."""
    return hashlib.sha256(token.encode()).hexdigest()


def make_link(
    *,
    sponsorship: Sponsorship,
    purpose: str,
    days: int = rules.LINK_DAYS,
    detail: dict[str, Any] | None = None,
    token: str | None = None,
) -> str:
    """A link for one purpose, valid for so many days; returns the raw token, which is stored nowhere.

    `token`: one that people can type from paper, of at least 80 random bits.
    """
    token = token or secrets.token_urlsafe(24)
    now = clock.now()
    db.session.add(
        ActionLink(
            token_hash=hash_token(token),
            purpose=purpose,
            sponsorship=sponsorship,
            created_at=now,
            expires_at=now + timedelta(days=days),
            detail=detail,
        )
    )
    return token


def make_links(groups: Sequence[Sequence[int]], purpose: str, days: int = rules.LINK_DAYS) -> list[str]:
    """A link for each group of sponsorships (ids), with one statement; the raw tokens in the same order."""
    if not groups:
        return []
    now, tokens = clock.now(), [secrets.token_urlsafe(24) for _group in groups]
    times = {"purpose": purpose, "created_at": now, "expires_at": now + timedelta(days=days)}
    rows = [
        {"sponsorship_id": group[0], "token_hash": hash_token(token), "detail": {SEVERAL: list(group)}, **times}
        for group, token in zip(groups, tokens, strict=True)
    ]
    db.session.execute(insert(ActionLink), rows)
    return tokens


def named_by(link: ActionLink) -> list[int]:
    """Ids of the sponsorships that a link is for: one, or all lines of a message."""
    return list((link.detail or {}).get(SEVERAL, [])) or [link.sponsorship_id]


def use_link(token: str, purpose: str) -> ActionLink:
    """The living link with this token and purpose; refuses LinkOver for an unknown, expired or revoked one alike."""
    link = queries.find_link(hash_token(token))
    if link is None or link.purpose != purpose or link.revoked_at is not None or link.expires_at <= clock.now():
        raise refusals.LinkOver
    return link


def chosen_by(link: ActionLink, code: str | None) -> Sponsorship | None:
    """The one that a link is for; of several, the one with this code, else None."""
    ids = named_by(link)
    if len(ids) == 1:
        return link.sponsorship
    return next((row for row in queries.list_by_ids(ids) if row.code == code), None)


def revoke_links(sponsorship: Sponsorship) -> None:
    """No link works any longer. Ended and cancelled ones keep theirs: renew is offered after the end, too (I15)."""
    for link in queries.list_links(sponsorship.id):
        if link.revoked_at is None:
            link.revoked_at = clock.now()
