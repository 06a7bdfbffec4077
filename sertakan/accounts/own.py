"""What the pages of one's own account keep in the session between two steps: who was confirmed, a new contact, a new secret."""

from dataclasses import dataclass
from datetime import UTC, datetime

from flask import session
from flask_login import current_user

from sertakan.accounts import rules, staff
from sertakan.accounts.models import Person
from sertakan.accounts.rules import Contact
from sertakan.db import keyring
from sertakan.kit import clock

CONFIRMED, CONFIRMING, CHANGE, SECRET = "confirmed", "confirming", "contact", "authenticator"


def is_fresh() -> bool:
    """Whether she signed in, or typed a code, within the last ten minutes."""
    at = session.get(CONFIRMED)
    typed = datetime.fromtimestamp(at, UTC) if isinstance(at, int) else None
    return rules.is_fresh(current_user.sign_in.created_at, typed, now=clock.unmoved())


def confirmed() -> None:
    session.pop(CONFIRMING, None)
    session[CONFIRMED] = int(clock.unmoved().timestamp())


@dataclass(frozen=True)
class Change:
    """A new contact that waits for its code; `ref` names the code's row."""

    ref: str
    contact: Contact


def keep_change(ref: str, contact: Contact) -> None:
    """The address is sealed in the cookie: a borrowed telephone's files do not tell it."""
    session[CHANGE] = {"ref": ref, "kind": contact.kind, "value": keyring().seal(contact.value, f"contact:{ref}")}


def change() -> Change | None:
    kept = session.get(CHANGE)
    if not isinstance(kept, dict):
        return None
    return Change(kept["ref"], Contact(kept["kind"], keyring().open(kept["value"], f"contact:{kept['ref']}")))


def change_is_over() -> None:
    session.pop(CHANGE, None)


def new_secret(person: Person) -> str:
    """The authenticator's secret that is being set up, the same on every reload; sealed in the cookie until it is confirmed."""
    context = f"authenticator:{person.ref}"
    if SECRET not in session:
        session[SECRET] = keyring().seal(staff.new_secret(), context)
    return keyring().open(session[SECRET], context)


def secret_is_over() -> None:
    session.pop(SECRET, None)
