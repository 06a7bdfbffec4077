"""One-time codes and links: made, counted and used up. Each works once, also when two requests come at the same moment.

The table holds only hashes: of the six digits a keyed one bound to the row (a million is guessable), of the link a plain one.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import update

from sertakan.accounts import queries
from sertakan.accounts.models import OneTimeCode
from sertakan.accounts.rules import CODE_TRIES
from sertakan.db import blind, db, new_ref
from sertakan.kit import clock


class Purpose(StrEnum):
    sign_in = "sign_in"
    second_factor = "second_factor"  # the password was right, the authenticator's code is awaited
    staff_setup = "staff_setup"
    confirm = "confirm"  # she who sits before an open session is its owner
    contact = "contact"  # a new e-mail or number is hers
    resident_factor = "resident_factor"  # the message's code was right, the authenticator's is awaited
    recovery = "recovery"  # a code on paper, for the day on which the authenticator is gone


@dataclass(frozen=True)
class Issued:
    """What is told to the person; stored nowhere. `ref` stays in her browser's session."""

    ref: str
    code: str
    token: str


def issue(*, purpose: Purpose, contact_hash: str, person_id: int | None, life: timedelta, token: str | None = None) -> Issued:
    """A fresh code and link for one purpose. `token`: one that people can type, of at least 80 random bits."""
    issued = Issued(new_ref(), f"{secrets.randbelow(10**6):06d}", token or secrets.token_urlsafe(24))
    now = clock.unmoved()
    db.session.add(
        OneTimeCode(
            ref=issued.ref,
            contact_hash=contact_hash,
            person_id=person_id,
            code_hash=_code_hash(issued.ref, issued.code),
            link_hash=hash_token(issued.token),
            purpose=purpose.value,
            created_at=now,
            expires_at=now + life,
        )
    )
    db.session.flush()
    return issued


def hash_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _code_hash(ref: str, code: str) -> str:
    return blind(f"{ref}:{code}", "one-time-code")


def count_try(ref: str, purpose: Purpose) -> OneTimeCode | None:
    """One more try at this row; None when it is unknown, used, expired or tried too often. Holds the row until the transaction ends."""
    counted: Any = db.session.execute(
        update(OneTimeCode)
        .where(
            OneTimeCode.ref == ref,
            OneTimeCode.purpose == purpose.value,
            OneTimeCode.used_at.is_(None),
            OneTimeCode.expires_at > clock.unmoved(),
            OneTimeCode.attempts < CODE_TRIES,
        )
        .values(attempts=OneTimeCode.attempts + 1)
    )
    return queries.find_code(ref) if counted.rowcount == 1 else None


def fits(row: OneTimeCode, code: str) -> bool:
    return hmac.compare_digest(row.code_hash, _code_hash(row.ref, code))


def use_up(row: OneTimeCode) -> bool:
    """Compare-and-set: True for exactly one of all who try."""
    used: Any = db.session.execute(
        update(OneTimeCode).where(OneTimeCode.id == row.id, OneTimeCode.used_at.is_(None)).values(used_at=clock.unmoved())
    )
    return bool(used.rowcount == 1)


def find_by_link(token: str, purpose: Purpose) -> OneTimeCode | None:
    """The row behind a link that still works; looking does not use it up (programs that preview links must not)."""
    return queries.find_link(hash_token(token), purpose.value, clock.unmoved())


def revoke(person_id: int, purpose: Purpose) -> None:
    """Earlier links of one purpose stop working."""
    db.session.execute(
        update(OneTimeCode)
        .where(OneTimeCode.person_id == person_id, OneTimeCode.purpose == purpose.value, OneTimeCode.used_at.is_(None))
        .values(used_at=clock.unmoved())
    )


def count_open(person_id: int, purpose: Purpose) -> int:
    """How many of one purpose still work."""
    return queries.count_codes(person_id, purpose.value, clock.unmoved())


def plain_recovery(code: str) -> str:
    """A code from paper as it is hashed: capitals, no dashes, no spaces."""
    return re.sub(r"[\s\-]", "", code[:60]).upper()
