"""The verbs of an organisation: it registers, staff decide, members are invited, change roles, hand over and leave.

Run inside `transaction()`. What a member did stays when she leaves: rows name the organisation, not her.
"""

import secrets
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sertakan.accounts import queries as account_queries
from sertakan.accounts import rules as account_rules
from sertakan.accounts import service as accounts
from sertakan.accounts.codes import hash_token
from sertakan.accounts.models import MemberRole, Membership, Organisation, OrganisationKind, Person
from sertakan.audit.service import record
from sertakan.db import db
from sertakan.kit import clock
from sertakan.notices import service as notices
from sertakan.notices.links import absolute
from sertakan.organisations import queries, rules
from sertakan.organisations.models import Invitation, Registration
from sertakan.organisations.rules import Profile, RefusalReason, RegistrationState


def subject(organisation: Organisation) -> str:
    return f"organisation:{organisation.ref}"


def _note(actor: str, what: str, organisation: Organisation, **facts: Any) -> None:
    record(actor=actor, action=f"organisation.{what}", subject=subject(organisation), after=facts or None)


# ---- registering ---------------------------------------------------------------------------------------------------------------


def register(*, actor: Person, kind: OrganisationKind, profile: Profile) -> Organisation:
    """A new organisation, waiting to be checked; whoever registers it is its contact person and a maker."""
    now = clock.now()
    organisation = Organisation(name=profile.name, kind=kind, created_at=now)
    db.session.add(organisation)
    db.session.flush()
    db.session.add(
        Membership(organisation_id=organisation.id, person_id=actor.id, role=MemberRole.maker, is_contact=True, joined_at=now)
    )
    _submit(actor, organisation, profile)
    _note(actor.ref, "register", organisation, kind=kind.value, number_kind=profile.number_kind.value)
    return organisation


def change_profile(*, actor: Membership, profile: Profile) -> Registration:
    """New data are checked anew; until the decision the old ones hold. Refuses NotContact, StillChecked, NothingChanged."""
    _must_be_contact(actor)
    latest = queries.latest_registration(actor.organisation_id)
    if latest is not None:
        if latest.state is RegistrationState.submitted:
            raise rules.StillChecked
        if latest.state is RegistrationState.verified and profile_of(latest) == profile:
            raise rules.NothingChanged
    row = _submit(actor.person, actor.organisation, profile)
    _note(actor.person.ref, "change", actor.organisation, registration=row.ref)
    return row


def profile_of(row: Registration) -> Profile:
    return Profile(row.name, row.number_kind, row.number, row.address, row.position, row.phone)


def _submit(actor: Person, organisation: Organisation, profile: Profile) -> Registration:
    row = Registration(
        organisation=organisation,
        submitted_by=actor,
        submitted_at=clock.now(),
        state=RegistrationState.submitted,
        **{name: value for name, value in asdict(profile).items() if name != "phone"},
    )
    row.phone = profile.phone
    db.session.add(row)
    db.session.flush()
    return row


def verify(*, officer: Person, registration: Registration) -> None:
    """Staff found it in order: its data hold from now on. Refuses OwnRegistration, AlreadyDecided."""
    _decide(officer, registration, RegistrationState.verified)
    organisation = registration.organisation
    organisation.name = registration.name
    organisation.verified_at = organisation.verified_at or clock.now()
    _tell(registration, "organisation_verified", {})


def refuse(*, officer: Person, registration: Registration, reason: RefusalReason, note: str) -> None:
    """Staff could not confirm it; what held before still holds. Refuses OwnRegistration, AlreadyDecided."""
    _decide(officer, registration, RegistrationState.refused, reason, note)
    _tell(registration, "organisation_refused", {"reason": rules.REASONS[reason], "note": note})


def _decide(
    officer: Person, registration: Registration, to: RegistrationState, why: RefusalReason | None = None, note: str = ""
) -> None:
    if queries.is_member(officer, registration.organisation_id) or officer.id == registration.submitted_by_id:
        raise rules.OwnRegistration
    rules.check_move(registration.state, to)
    registration.state, registration.reason, registration.note = to, why, note or None
    registration.decided_by_id, registration.decided_at = officer.id, clock.now()
    record(
        actor=officer.ref,
        action=f"organisation.{to.value}",
        subject=subject(registration.organisation),
        after={"registration": registration.ref},
        reason=why.value if why else None,
    )


def _tell(registration: Registration, kind: str, facts: dict[str, Any]) -> None:
    person = queries.contact_of(registration.organisation_id) or registration.submitted_by
    url = absolute("organisations.detail", person.locale, ref=registration.organisation.ref)
    notices.queue(
        key=f"{kind}:{registration.ref}",
        kind=kind,
        subject=subject(registration.organisation),
        person=person,
        context={"organisation": registration.name, "url": url, **facts},
    )


# ---- members -------------------------------------------------------------------------------------------------------------------


def _must_be_contact(actor: Membership) -> None:
    if not actor.is_contact:
        raise rules.NotContact


def invite(*, actor: Membership, email: str, role: MemberRole) -> str:
    """Write to one address; returns the raw token of its link, valid for seven days.

    Refuses NotContact, what `parse_contact` refuses, AlreadyMember, AlreadyInvited, TooManyMembers.
    """
    _must_be_contact(actor)
    contact = account_rules.parse_contact(email)
    if contact.kind != "email":
        raise account_rules.NotEmail(field="email")
    now, mark = clock.now(), account_queries.contact_hash(contact)
    _check_room(actor, contact, mark, now)
    token = secrets.token_urlsafe(24)
    row = Invitation(
        organisation=actor.organisation,
        role=role,
        invited_by_id=actor.person_id,
        token_hash=hash_token(token),
        created_at=now,
        expires_at=now + rules.INVITATION_LIFE,
    )
    row.email = contact.value
    db.session.add(row)
    db.session.flush()
    locale = actor.person.locale
    notices.queue(
        key=f"organisation_invited:{row.ref}",
        kind="organisation_invited",
        subject=subject(actor.organisation),
        person=None,
        to=contact.value,
        locale=locale,
        context={"organisation": actor.organisation.name, "url": absolute("organisations.invitation", locale, token=token)},
        stale_at=row.expires_at,
    )
    _note(actor.person.ref, "invite", actor.organisation, role=role.value, invitation=row.ref)
    return token


def _check_room(actor: Membership, contact: account_rules.Contact, mark: str, now: datetime) -> None:
    known = account_queries.find_person(contact)
    before = queries.find_membership(actor.organisation_id, known.id) if known else None
    if before is not None and before.ended_at is None:
        raise rules.AlreadyMember(field="email")
    if queries.find_invitation_to(actor.organisation_id, mark, now) is not None:
        raise rules.AlreadyInvited(field="email")
    if len(queries.list_members(actor.organisation_id)) >= rules.MOST_MEMBERS:
        raise rules.TooManyMembers(most=rules.MOST_MEMBERS)


def withdraw_invitation(*, actor: Membership, invitation: Invitation) -> None:
    """The link works no longer."""
    _must_be_contact(actor)
    if invitation.accepted_at is None and invitation.revoked_at is None:
        invitation.revoked_at = clock.now()
        _note(actor.person.ref, "withdraw_invitation", actor.organisation, invitation=invitation.ref)


def accept(*, token: str, reader: Person | None, name: str, locale: str) -> tuple[Membership, Person]:
    """Who holds the link has the address it was sent to, so it also signs in. Refuses InvitationOver and ForSomebodyElse.

    Returns the membership and its person, made when nobody had this address. Who was a member before gets her old row back.
    """
    row = queries.find_invitation(hash_token(token), clock.now(), lock=True)
    if row is None:
        raise rules.InvitationOver
    contact = account_rules.Contact("email", row.email or "")
    if reader is not None and reader.email_hash != row.email_hash:
        raise rules.ForSomebodyElse
    person = accounts.find_or_create_resident(contact=contact, name=name, locale=locale)
    if person.disabled_at is not None:
        raise rules.InvitationOver
    row.accepted_at = clock.now()
    member = queries.find_membership(row.organisation_id, person.id)
    if member is None:
        member = Membership(organisation_id=row.organisation_id, person_id=person.id)
        db.session.add(member)
    member.role, member.ended_at, member.is_contact = row.role, None, False
    member.joined_at = clock.now()
    db.session.flush()
    _note(person.ref, "join", row.organisation, role=row.role.value, member=person.ref)
    return member, person


def change_role(*, actor: Membership, member: Membership, role: MemberRole) -> None:
    """Another part in the organisation. Refuses NotContact."""
    _must_be_contact(actor)
    if member.role is not role:
        before, member.role = member.role, role
        _note(actor.person.ref, "role", actor.organisation, member=member.person.ref, before=before.value, to=role.value)


def hand_over(*, actor: Membership, member: Membership) -> None:
    """Another member answers for the organisation from now on. Refuses NotContact."""
    _must_be_contact(actor)
    actor.is_contact = False
    db.session.flush()  # one contact at a time is a unique index
    member.is_contact = True
    _note(actor.person.ref, "hand_over", actor.organisation, member=member.person.ref)


def end_membership(*, actor: Membership, member: Membership) -> None:
    """A member leaves, or the contact person takes her out. Refuses NotContact, ContactStays."""
    if member.id != actor.id:
        _must_be_contact(actor)
    if member.is_contact:
        raise rules.ContactStays
    member.ended_at = clock.now()
    _note(actor.person.ref, "leave", actor.organisation, member=member.person.ref)
