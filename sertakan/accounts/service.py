"""The verbs of people: a resident becomes known, and what she changes about herself."""

from sqlalchemy.exc import IntegrityError

from sertakan.accounts import queries
from sertakan.accounts.models import Person
from sertakan.accounts.rules import Contact
from sertakan.audit.service import record
from sertakan.db import db
from sertakan.kit import clock
from sertakan.notices import rules as notice_rules
from sertakan.notices import service as notices


def subject(person: Person) -> str:
    return f"person:{person.ref}"


def find_or_create_resident(*, contact: Contact, name: str, locale: str) -> Person:
    """The person with this e-mail or number, made when nobody has it.

    Of a known person nothing is changed: whoever types her address has not shown that it is hers.
    """
    known = queries.find_person(contact)
    if known is not None:
        return known
    person = Person(name=name, locale=locale, created_at=clock.now())
    if contact.kind == "email":
        person.email = contact.value
    else:
        person.phone = contact.value
    try:
        with db.session.begin_nested():
            db.session.add(person)
    except IntegrityError:  # another request made her at this very moment
        known = queries.find_person(contact)
        if known is None:
            raise
        return known
    record(actor=person.ref, action="account.create", subject=subject(person), after={"contact": contact.kind, "locale": locale})
    return person


def change_profile(*, actor: Person, name: str, locale: str) -> None:
    """Her own name and language; e-mail and number are changed by staff only, since they are how she is known."""
    changed = [field for field, value in (("name", name), ("locale", locale)) if getattr(actor, field) != value]
    if changed:
        actor.name, actor.locale = name, locale
        record(actor=actor.ref, action="account.change", subject=subject(actor), after={"changed": changed})


def mute(*, actor: str, person: Person, muted: bool) -> None:
    """No reminders any more, or again. Waiting reminders are dropped; codes, money and decisions are still told."""
    if (person.muted_at is not None) is muted:
        return
    person.muted_at = clock.now() if muted else None
    if muted:
        notices.skip_waiting(person_id=person.id, reason=notice_rules.MUTED, kinds=notice_rules.REMINDERS)
    record(actor=actor, action="account.mute" if muted else "account.unmute", subject=subject(person))
