"""Reads about organisations, their registrations, members and invitations. What belongs to one is a 404 to everybody else."""

from collections.abc import Sequence
from datetime import datetime

from flask import abort
from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import joinedload

from sertakan.accounts.models import Membership, Organisation, Person
from sertakan.db import db
from sertakan.organisations.models import Invitation, Registration
from sertakan.organisations.rules import NumberKind, RegistrationState, spellings
from sertakan.web.paging import Page, slice_page

PAGE = 25


def list_memberships(person: Person) -> Sequence[Membership]:
    """Where this person is a member now, by name."""
    return db.session.scalars(
        select(Membership)
        .join(Membership.organisation)
        .where(Membership.person_id == person.id, Membership.ended_at.is_(None))
        .order_by(Organisation.name)
        .options(joinedload(Membership.organisation))
    ).all()


def find_living(ref: str, person: Person, *, lock: bool = False) -> Membership | None:
    """This person's living part in the organisation with this ref."""
    statement = (
        select(Membership)
        .join(Membership.organisation)
        .where(Organisation.ref == ref, Membership.person_id == person.id, Membership.ended_at.is_(None))
        .options(joinedload(Membership.organisation))
    )
    return db.session.scalar(statement.with_for_update(of=Membership) if lock else statement)


def get_membership(ref: str, person: Person, *, lock: bool = False) -> Membership:
    """The same, or 404: nobody learns that the organisation exists."""
    found = find_living(ref, person, lock=lock)
    return found if found is not None else abort(404)


def list_members(organisation_id: int) -> Sequence[Membership]:
    """The living members, the contact person first."""
    return db.session.scalars(
        select(Membership)
        .join(Membership.person)
        .where(Membership.organisation_id == organisation_id, Membership.ended_at.is_(None))
        .order_by(Membership.is_contact.desc(), Person.name)
        .options(joinedload(Membership.person))
    ).all()


def get_member(organisation_id: int, membership_id: int) -> Membership:
    """A living member of this organisation, or 404."""
    found = db.session.scalar(
        select(Membership)
        .where(Membership.id == membership_id, Membership.organisation_id == organisation_id, Membership.ended_at.is_(None))
        .options(joinedload(Membership.person))
        .with_for_update(of=Membership)
    )
    return found if found is not None else abort(404)


def find_membership(organisation_id: int, person_id: int) -> Membership | None:
    """Also one that has ended: who comes back gets her old row."""
    return db.session.scalar(
        select(Membership).where(Membership.organisation_id == organisation_id, Membership.person_id == person_id)
    )


def contact_of(organisation_id: int) -> Person | None:
    """Who answers for the organisation now."""
    return db.session.scalar(
        select(Person)
        .join(Membership, Membership.person_id == Person.id)
        .where(Membership.organisation_id == organisation_id, Membership.is_contact, Membership.ended_at.is_(None))
    )


def is_member(person: Person, organisation_id: int) -> bool:
    """Whether this person is or was a member: neither may check the organisation."""
    return find_membership(organisation_id, person.id) is not None


# ---- registrations -------------------------------------------------------------------------------------------------------------


def latest_registration(organisation_id: int) -> Registration | None:
    """The newest application, decided or not."""
    return db.session.scalar(
        select(Registration).where(Registration.organisation_id == organisation_id).order_by(Registration.id.desc()).limit(1)
    )


def list_registrations(organisation_id: int) -> Sequence[Registration]:
    """Every application of one organisation, the newest first."""
    return db.session.scalars(
        select(Registration).where(Registration.organisation_id == organisation_id).order_by(Registration.id.desc()).limit(50)
    ).all()


def get_registration(ref: str, *, lock: bool = False) -> Registration:
    statement = select(Registration).where(Registration.ref == ref).options(joinedload(Registration.submitted_by))
    found = db.session.scalar(statement.with_for_update(of=Registration) if lock else statement)
    return found if found is not None else abort(404)


def list_waiting(number: int, decided: bool) -> Page[Registration]:
    """For staff: those to check, oldest first; or those decided, newest first."""
    statement = select(Registration).options(joinedload(Registration.submitted_by))
    if decided:
        statement = statement.where(Registration.state != RegistrationState.submitted).order_by(Registration.id.desc())
    else:
        statement = statement.where(Registration.state == RegistrationState.submitted).order_by(Registration.id)
    rows = db.session.scalars(statement.offset((number - 1) * PAGE).limit(PAGE + 1)).all()
    return slice_page(rows, number, PAGE)


def count_waiting() -> int:
    return db.session.scalar(select(func.count()).where(Registration.state == RegistrationState.submitted)) or 0


def list_same_number(registration: Registration) -> Sequence[Registration]:
    """Other organisations that gave the same number, or (unseen by them) the very same name, and were not refused."""
    same = and_(
        Registration.number_kind == registration.number_kind,
        Registration.number.in_(spellings(NumberKind(registration.number_kind), registration.number)),
    )
    return db.session.scalars(
        select(Registration)
        .where(
            Registration.organisation_id != registration.organisation_id,
            Registration.state.in_((RegistrationState.submitted, RegistrationState.verified)),
            or_(same, func.lower(Registration.name) == registration.name.lower()),
        )
        .order_by(Registration.id)
        .limit(10)
    ).all()


# ---- invitations ---------------------------------------------------------------------------------------------------------------


def list_invitations(organisation_id: int, now: datetime) -> Sequence[Invitation]:
    """Those that still work."""
    return db.session.scalars(
        select(Invitation).where(Invitation.organisation_id == organisation_id, *_living(now)).order_by(Invitation.id)
    ).all()


def _living(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None), Invitation.expires_at > now


def find_invitation(token_hash: str, now: datetime, *, lock: bool = False) -> Invitation | None:
    """The living invitation behind a link."""
    statement = select(Invitation).where(Invitation.token_hash == token_hash, *_living(now))
    return db.session.scalar(statement.with_for_update(of=Invitation) if lock else statement)


def find_invitation_to(organisation_id: int, email_hash: str, now: datetime) -> Invitation | None:
    return db.session.scalar(
        select(Invitation).where(
            Invitation.organisation_id == organisation_id, Invitation.email_hash == email_hash, *_living(now)
        )
    )


def get_invitation(organisation_id: int, ref: str) -> Invitation:
    found = db.session.scalar(
        select(Invitation)
        .where(Invitation.organisation_id == organisation_id, Invitation.ref == ref)
        .with_for_update(of=Invitation)
    )
    return found if found is not None else abort(404)
