"""How this room writes into the trail: `account.<what>` about `person:<ref>`."""

from typing import Any

from sertakan.accounts.models import Person
from sertakan.audit.service import record


def subject(person: Person) -> str:
    return f"person:{person.ref}"


def note(actor: str, what: str, person: Person, *, after: dict[str, Any] | None = None, reason: str | None = None) -> None:
    record(actor=actor, action=f"account.{what}", subject=subject(person), after=after, reason=reason)
