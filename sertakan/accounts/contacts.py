"""Changing how a resident is known: first that it is she (a code to the old contact), then that the new one is hers (a code to it).

Verbs return their refusal instead of raising it: the counted try and the line in the trail must stay.
"""

from flask_babel import gettext as _
from sqlalchemy.exc import IntegrityError

from sertakan.accounts import codes, queries, rules, service
from sertakan.accounts.codes import Purpose
from sertakan.accounts.models import Person, SignIn
from sertakan.accounts.rules import Contact
from sertakan.accounts.trail import note, subject
from sertakan.audit.service import SYSTEM
from sertakan.db import db
from sertakan.kit import clock
from sertakan.kit.errors import Refused
from sertakan.notices import service as notices


def known_as(person: Person) -> Contact:
    """The contact to which codes for this person go: the e-mail first."""
    return Contact("email", person.email) if person.email else Contact("phone", person.phone or "")


def masked(person: Person) -> list[tuple[str, str]]:
    """How she is known: enough to recognise, nothing to read over her shoulder."""
    known = (("email", _("E-mail"), person.email), ("phone", _("Nomor HP"), person.phone))
    return [(label, Contact(kind, value).masked) for kind, label, value in known if value]


def start_confirm(*, person: Person) -> str:
    """A code to the contact we know, to show that it is she who sits before an open session; returns its ref."""
    return _send(Purpose.confirm, known_as(person), person, to=known_as(person).value)


def finish_confirm(*, person: Person, ref: str, code: str) -> Refused | None:
    """None when the code was right, once."""
    row = codes.count_try(ref, Purpose.confirm)
    if row is None or row.person_id != person.id or not codes.fits(row, code) or not codes.use_up(row):
        note(SYSTEM, "refused", person, reason="confirm")
        return rules.WrongCode(field="code")
    note(person.ref, "confirm", person)
    return None


def start_change(*, person: Person, contact: Contact) -> str:
    """A code to the new contact; returns its ref. Refuses SameContact.

    A contact that somebody else has gets the very same answer and no message, so that nobody learns who is known (ASVS 6.3.4).
    """
    if contact.value in (person.email, person.phone):
        raise rules.SameContact(field="contact")
    free = queries.find_person(contact) is None
    return _send(Purpose.contact, contact, person, to=contact.value if free else None)


def _send(purpose: Purpose, contact: Contact, person: Person, *, to: str | None) -> str:
    issued = codes.issue(purpose=purpose, contact_hash=queries.contact_hash(contact), person_id=person.id, life=rules.CODE_LIFE)
    notices.queue(
        key=f"code:{issued.ref}",
        kind="contact_code",
        subject=subject(person),
        person=person if to else None,
        to=to,
        locale=person.locale,
        context={"code": issued.code},
        stale_at=clock.now() + rules.CODE_LIFE,
    )
    return issued.ref


def finish_change(*, person: Person, sign_in: SignIn, ref: str, contact: Contact, code: str) -> Refused | None:
    """The new contact is hers from now on; the old one is told, and every other session ends. None when it was done."""
    row = codes.count_try(ref, Purpose.contact)
    right = row is not None and row.person_id == person.id and row.contact_hash == queries.contact_hash(contact)
    if row is None or not right or not codes.fits(row, code) or not codes.use_up(row) or not _set(person, contact):
        note(SYSTEM, "refused", person, reason="contact")
        return rules.WrongCode(field="code")
    note(person.ref, "contact", person, after={"kind": contact.kind})
    service.end_all(actor=person.ref, person=person, but=sign_in)
    return None


def _set(person: Person, contact: Contact) -> bool:
    """False when somebody else has it meanwhile. Where she was reachable until now learns of it."""
    before, ref = known_as(person), person.ref
    if contact.kind == "email" and person.email:
        before = Contact("email", person.email)
    elif contact.kind == "phone" and person.phone:
        before = Contact("phone", person.phone)
    try:
        with db.session.begin_nested():
            if contact.kind == "email":
                person.email = contact.value
            else:
                person.phone = contact.value
            db.session.flush()
    except IntegrityError:
        db.session.refresh(person)
        return False
    when = clock.unmoved().isoformat(timespec="seconds")
    notices.queue(
        key=f"contact:{ref}:{when}",
        kind="contact_changed",
        subject=subject(person),
        person=person,
        to=before.value,
        context={"contact": contact.masked},
    )
    return True
