"""Reads about people and their sessions."""

from collections.abc import Sequence
from datetime import datetime

from flask import abort
from sqlalchemy import func, select

from sertakan.accounts.models import OneTimeCode, Person, SignIn
from sertakan.accounts.rules import Contact
from sertakan.db import blind, db


def find_person(contact: Contact, *, lock: bool = False) -> Person | None:
    """By keyed hash; the address itself is never compared in the table."""
    column = Person.email_hash if contact.kind == "email" else Person.phone_hash
    statement = select(Person).where(column == contact_hash(contact))
    return db.session.scalar(statement.with_for_update() if lock else statement)


def contact_hash(contact: Contact) -> str:
    return blind(contact.value, contact.kind)


def find_by_ref(ref: str) -> Person | None:
    return db.session.scalar(select(Person).where(Person.ref == ref))


def find_by_id(person_id: int | None) -> Person | None:
    return db.session.get(Person, person_id) if person_id else None


def find_sign_in(token_hash: str) -> SignIn | None:
    """The session and its person in one statement."""
    return db.session.scalar(select(SignIn).where(SignIn.token_hash == token_hash))


def list_sign_ins(person_id: int) -> Sequence[SignIn]:
    """A person's sessions that nobody ended, the last used first."""
    return db.session.scalars(
        select(SignIn)
        .where(SignIn.person_id == person_id, SignIn.ended_at.is_(None))
        .order_by(SignIn.last_seen_at.desc())
        .limit(100)
    ).all()


def get_sign_in(ref: str, person_id: int) -> SignIn:
    """One of a person's own sessions, or 404."""
    row = db.session.scalar(select(SignIn).where(SignIn.ref == ref, SignIn.person_id == person_id))
    return row if row is not None else abort(404)


def find_code(ref: str) -> OneTimeCode | None:
    return db.session.scalar(select(OneTimeCode).where(OneTimeCode.ref == ref))


def find_link(link_hash: str, purpose: str, now: datetime) -> OneTimeCode | None:
    """The row behind a link that still works."""
    return db.session.scalar(
        select(OneTimeCode).where(
            OneTimeCode.link_hash == link_hash,
            OneTimeCode.purpose == purpose,
            OneTimeCode.used_at.is_(None),
            OneTimeCode.expires_at > now,
        )
    )


def count_codes(person_id: int, purpose: str, now: datetime) -> int:
    """How many of a person's codes of one purpose still work."""
    statement = select(func.count()).where(
        OneTimeCode.person_id == person_id,
        OneTimeCode.purpose == purpose,
        OneTimeCode.used_at.is_(None),
        OneTimeCode.expires_at > now,
    )
    return db.session.scalar(statement) or 0
