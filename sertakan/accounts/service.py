"""The verbs of people: a resident becomes known, signs in by code or link, changes what is hers; sessions begin and end.

Sign-in verbs return their refusal instead of raising it: the counted try and the line in the trail must stay.
"""

import secrets
from typing import Any

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from sertakan.accounts import codes, factor, queries, rules
from sertakan.accounts.codes import Purpose
from sertakan.accounts.models import OneTimeCode, Person, SignIn
from sertakan.accounts.rules import Contact
from sertakan.accounts.staff import invite_staff, set_staff_secrets, totp_now
from sertakan.accounts.trail import note, subject
from sertakan.audit.service import SYSTEM, record
from sertakan.db import db
from sertakan.kit import clock
from sertakan.kit.errors import Refused
from sertakan.notices import rules as notice_rules
from sertakan.notices import service as notices
from sertakan.notices.links import absolute

__all__ = ["invite_staff", "set_staff_secrets", "totp_now"]


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
    note(person.ref, "create", person, after={"contact": contact.kind, "locale": locale})
    return person


# ---- signing in by code or link ------------------------------------------------------------------------------------------------


def start_sign_in(*, contact: Contact, locale: str) -> str:
    """Make a code for whoever has this contact; returns the ref that its browser keeps.

    For an unknown contact the very same rows are written, and the message stays unsent: neither the answer nor its time tells whether
    somebody is known (ASVS 6.3.4).
    """
    person = queries.find_person(contact)
    issued = codes.issue(
        purpose=Purpose.sign_in,
        contact_hash=queries.contact_hash(contact),
        person_id=person.id if person else None,
        life=rules.CODE_LIFE,
    )
    notices.queue(
        key=f"code:{issued.ref}",
        kind="code",
        subject=f"code:{issued.ref}",
        person=person,
        to=contact.value if person else None,
        locale=locale,
        context={"code": issued.code, "link": absolute("accounts.link", locale, token=issued.token)},
        stale_at=clock.now() + rules.CODE_LIFE,
    )
    return issued.ref


def finish_sign_in(*, ref: str, code: str) -> Person | Refused:
    """The person whose code this is, once. Five tries a code; wrong, used, expired and unknown are one answer."""
    row = codes.count_try(ref, Purpose.sign_in)
    if row is None or not codes.fits(row, code):
        return _refuse(row, rules.WrongCode(field="code"))
    return _finish(row, rules.WrongCode(field="code"), "code")


def finish_by_link(*, token: str) -> Person | Refused:
    """The person to whom this link was sent, once."""
    row = codes.find_by_link(token, Purpose.sign_in)
    return rules.LinkOver() if row is None else _finish(row, rules.LinkOver(), "link")


def _finish(row: OneTimeCode, no: Refused, how: str) -> Person | Refused:
    person = db.session.get(Person, row.person_id) if row.person_id else None
    if not codes.use_up(row) or person is None or person.disabled_at is not None:
        return _refuse(row, no)
    note(person.ref, "first_factor" if factor.asks(person) else "sign_in", person, after={"by": how})
    return person


def _refuse(row: OneTimeCode | None, no: Refused) -> Refused:
    person = db.session.get(Person, row.person_id) if row and row.person_id else None
    about = subject(person) if person else "person:unknown"
    record(actor=SYSTEM, action="account.refused", subject=about, reason=type(no).__name__)
    return no


# ---- sessions ------------------------------------------------------------------------------------------------------------------


def open_session(*, person: Person, agent: str, second_factor: bool = False) -> str:
    """A session on the server; returns the raw token for the cookie, stored nowhere else."""
    token = secrets.token_urlsafe(32)
    now = clock.unmoved()
    db.session.add(
        SignIn(
            token_hash=codes.hash_token(token),
            person_id=person.id,
            agent=agent,
            created_at=now,
            last_seen_at=now,
            second_factor_at=now if second_factor else None,
        )
    )
    return token


def end_session(*, actor: Person, sign_in: SignIn) -> None:
    """One session is over from the next request on."""
    if sign_in.ended_at is None:
        sign_in.ended_at = clock.unmoved()
        note(actor.ref, "sign_out", sign_in.person, after={"session": sign_in.ref})


def end_all(*, actor: str, person: Person, but: SignIn | None = None) -> int:
    """Every session of this person ends, all or all but one; returns how many."""
    statement = update(SignIn).where(SignIn.person_id == person.id, SignIn.ended_at.is_(None))
    if but is not None:
        statement = statement.where(SignIn.id != but.id)
    ended: Any = db.session.execute(statement.values(ended_at=clock.unmoved()))
    if ended.rowcount:
        note(actor, "end_sessions", person, after={"count": ended.rowcount})
    return int(ended.rowcount)


def touch(sign_in_id: int) -> None:
    """The session was used just now."""
    now = clock.unmoved()
    seen = update(SignIn).where(SignIn.id == sign_in_id, SignIn.ended_at.is_(None), SignIn.last_seen_at < now)
    db.session.execute(seen.values(last_seen_at=now))


# ---- what is hers --------------------------------------------------------------------------------------------------------------


def change_profile(*, actor: Person, name: str, locale: str) -> None:
    """Her own name and language; e-mail and number, by which she is known, change in `contacts`, with a code."""
    changed = [field for field, value in (("name", name), ("locale", locale)) if getattr(actor, field) != value]
    if changed:
        actor.name, actor.locale = name, locale
        note(actor.ref, "change", actor, after={"changed": changed})


def mute(*, actor: str, person: Person, muted: bool) -> None:
    """No reminders any more, or again. Waiting reminders are dropped; codes, money and decisions are still told."""
    if (person.muted_at is not None) is muted:
        return
    person.muted_at = clock.now() if muted else None
    if muted:
        notices.skip_waiting(person_id=person.id, reason=notice_rules.MUTED, kinds=notice_rules.REMINDERS)
    note(actor, "mute" if muted else "unmute", person)


def disable(*, actor: Person | None, person: Person) -> None:
    """Close an account: its sessions end with the next request and nothing is sent to it any more."""
    if person.disabled_at is not None:
        return
    by = actor.ref if actor else SYSTEM
    person.disabled_at = clock.now()
    end_all(actor=by, person=person)
    notices.skip_waiting(person_id=person.id, reason=notice_rules.DISABLED)
    note(by, "disable", person)
