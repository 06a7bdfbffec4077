"""People who work for the programme: invited by an administrator, known by a password and the code of an authenticator.

There is no account on a fresh install, no way in without the second factor, and no recovery but a new invitation.
"""

import hmac
from dataclasses import dataclass
from typing import Any

import pyotp
from sqlalchemy import or_, update

from sertakan.accounts import codes, passwords, queries, rules
from sertakan.accounts.codes import Purpose
from sertakan.accounts.models import Person, SignIn
from sertakan.accounts.permissions import Role
from sertakan.accounts.trail import note, subject
from sertakan.audit.service import SYSTEM, record
from sertakan.db import db
from sertakan.kit import clock
from sertakan.kit.errors import Refused


@dataclass(frozen=True)
class Verified:
    """What the comparison of a password found, made outside any transaction because it is slow on purpose."""

    person_id: int | None = None
    stored: str | None = None
    renewed: str | None = None  # a new hash, when the stored one was made with older parameters


# ---- invitations ---------------------------------------------------------------------------------------------------------------


def invite_staff(*, actor: Person | None, name: str, email: str, role: Role) -> str:
    """A staff account and the one-time token of the page where its owner sets a password and a second factor; valid for 72 hours.

    For a known person it is the recovery: her role becomes `role`, her old password works until the new one is set, earlier
    invitations stop. `actor` None is the console. Refuses what `parse_contact` refuses.
    """
    contact = rules.parse_contact(email)
    if contact.kind != "email":
        raise rules.NotEmail(field="email")
    by = actor.ref if actor else SYSTEM
    person = queries.find_person(contact, lock=True)
    if person is None:
        person = Person(name=name, email=contact.value, locale="id", created_at=clock.now())
        db.session.add(person)
        db.session.flush()
    set_role(actor=actor, person=person, role=role)
    codes.revoke(person.id, Purpose.staff_setup)
    note(by, "invite", person, after={"role": role.value})
    contact_hash = queries.contact_hash(contact)
    return codes.issue(purpose=Purpose.staff_setup, contact_hash=contact_hash, person_id=person.id, life=rules.SETUP_LIFE).token


def set_role(*, actor: Person | None, person: Person, role: Role | None) -> None:
    """Another office, or none; every session ends, so that the next one begins with the new rights (ASVS 7.2.4)."""
    if person.role is role:
        return
    before, person.role = person.role, role
    db.session.execute(
        update(SignIn).where(SignIn.person_id == person.id, SignIn.ended_at.is_(None)).values(ended_at=clock.unmoved())
    )
    by = actor.ref if actor else SYSTEM
    note(by, "role", person, after={"from": before.value if before else None, "to": role.value if role else None})


def finish_setup(*, token: str, password: str, secret: str, code: str) -> Person:
    """Her password and authenticator are set and the invitation is used up; every older session ends.

    Refuses LinkOver, what `check_password` refuses, and WrongTotp when the authenticator does not show the right code.
    """
    row = codes.find_by_link(token, Purpose.staff_setup)
    person = db.session.get(Person, row.person_id, with_for_update=True) if row else None
    if row is None or person is None or person.disabled_at is not None:
        raise rules.LinkOver
    passwords.check_password(password, name=person.name, email=person.email or "")
    step = matching_step(secret, code)
    if step is None:
        raise rules.WrongTotp(field="code")
    if not codes.use_up(row):
        raise rules.LinkOver
    set_staff_secrets(person, password, secret)
    person.totp_last_step = step
    db.session.execute(
        update(SignIn).where(SignIn.person_id == person.id, SignIn.ended_at.is_(None)).values(ended_at=clock.unmoved())
    )
    note(person.ref, "setup", person)
    return person


def set_staff_secrets(person: Person, password: str, secret: str) -> None:
    """Store the password's hash and the authenticator's secret, sealed."""
    person.password_hash = passwords.hash_of(password)
    person.totp_secret = secret
    person.totp_last_step = None


def new_secret() -> str:
    return pyotp.random_base32()


def otpauth_link(secret: str, email: str) -> str:
    """What an authenticator opens; shown once on the set-up page, never stored as such."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name="Sertakan Pontianak")


# ---- signing in ----------------------------------------------------------------------------------------------------------------


def verify_password(email: str, password: str) -> Verified:
    """Compare, outside a transaction. An unknown address, a resident's and a closed account take the time of a wrong password."""
    try:
        contact = rules.parse_contact(email)
        person = queries.find_person(contact)
    except Refused:
        person = None
    stored = person.password_hash if person and person.role and person.disabled_at is None else None
    if not passwords.fits(password, stored) or person is None or stored is None:
        return Verified()
    return Verified(person.id, stored, passwords.hash_of(password) if passwords.is_outdated(stored) else None)


def start_staff_sign_in(*, verified: Verified) -> str | Refused:
    """The first half: returns the ref under which the second factor is awaited for ten minutes, or the refusal."""
    person = db.session.get(Person, verified.person_id, with_for_update=True) if verified.person_id else None
    if person is None or person.password_hash != verified.stored or person.totp_sealed is None or person.disabled_at is not None:
        record(actor=SYSTEM, action="account.refused", subject=subject(person) if person else "person:unknown", reason="password")
        return rules.WrongPassword()
    if verified.renewed:
        person.password_hash = verified.renewed
    note(person.ref, "password", person)
    return codes.issue(
        purpose=Purpose.second_factor, contact_hash=person.email_hash or "", person_id=person.id, life=rules.PENDING_LIFE
    ).ref


def finish_staff_sign_in(*, ref: str, code: str) -> Person | Refused:
    """The second half: five tries, and each code of the authenticator counts once, also from two requests at once."""
    row = codes.count_try(ref, Purpose.second_factor)
    person = db.session.get(Person, row.person_id) if row else None
    if row is None or person is None or person.disabled_at is not None or person.role is None:
        return rules.SignInAgain()
    step = matching_step(person.totp_secret or "", code)
    if step is None or not use_step(person, step) or not codes.use_up(row):
        note(SYSTEM, "refused", person, reason="second_factor")
        return rules.WrongTotp(field="code")
    note(person.ref, "sign_in", person, after={"by": "password and second factor"})
    return person


def use_step(person: Person, step: int) -> bool:
    """Compare-and-set: a step, and every older one, counts once for one person."""
    used: Any = db.session.execute(
        update(Person)
        .where(Person.id == person.id, or_(Person.totp_last_step.is_(None), Person.totp_last_step < step))
        .values(totp_last_step=step)
    )
    return bool(used.rowcount == 1)


def matching_step(secret: str, code: str) -> int | None:
    """The time step whose code this is, or None."""
    if not secret or len(code) != 6 or not code.isascii():
        return None
    for step in rules.totp_steps(clock.unmoved()):
        if hmac.compare_digest(pyotp.TOTP(secret).generate_otp(step), code):
            return step
    return None


def totp_now(secret: str) -> str:
    """The code that an authenticator shows now (the demo's page of accounts)."""
    return pyotp.TOTP(secret).generate_otp(rules.totp_steps(clock.unmoved())[0])


# ---- her password --------------------------------------------------------------------------------------------------------------


def check_change(person: Person, old: str, new: str) -> str:
    """The new password's hash, made outside a transaction. Refuses WrongOldPassword and what `check_password` refuses."""
    if not passwords.fits(old, person.password_hash):
        raise rules.WrongOldPassword(field="old")
    passwords.check_password(new, name=person.name, email=person.email or "")
    return passwords.hash_of(new)


def change_password(*, actor: Person, new_hash: str) -> None:
    actor.password_hash = new_hash
    note(actor.ref, "password_change", actor)
