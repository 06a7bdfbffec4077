"""The verbs of an organisation on a real database."""

from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import DatabaseError, IntegrityError

from sertakan.accounts.models import MemberRole, Membership, Organisation, OrganisationKind, Person
from sertakan.audit import queries as audit
from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.kit.errors import Refused
from sertakan.notices.models import Notice
from sertakan.organisations import queries, rules, service
from sertakan.organisations.models import Registration
from sertakan.organisations.rules import NumberKind, Profile, RefusalReason, RegistrationState
from tests.cast import Cast

PROFILE = Profile("PT Muara Sejahtera", NumberKind.nib, "9120001234567", "Jalan Tanjungpura 1", "Manajer SDM", "+6281250001234")


@pytest.fixture
def company(app: Flask, cast: Cast) -> str:
    """Sari registered it; returns its ref."""
    with transaction():
        return service.register(actor=cast.sari, kind=OrganisationKind.company, profile=PROFILE).ref


def registration(ref: str) -> Registration:
    found = queries.latest_registration(organisation(ref).id)
    assert found is not None
    return found


def organisation(ref: str) -> Organisation:
    return db.session.scalars(select(Organisation).where(Organisation.ref == ref)).one()


def member(ref: str, person: Person) -> Membership:
    return queries.get_membership(ref, person)


def messages(kind: str) -> list[Notice]:
    return list(db.session.scalars(select(Notice).where(Notice.kind == kind)))


def invite(ref: str, cast: Cast, email: str, role: MemberRole = MemberRole.checker) -> str:
    with transaction():
        return service.invite(actor=member(ref, cast.sari), email=email, role=role)


def join(token: str, reader: Person | None = None) -> Membership:
    with transaction():
        return service.accept(token=token, reader=reader, name="Tono Prasetyo", locale="id")[0]


def test_who_registers_is_the_contact_and_a_maker_and_it_waits_to_be_checked(company: str, cast: Cast) -> None:
    mine = member(company, cast.sari)
    assert (mine.is_contact, mine.role) == (True, MemberRole.maker)
    assert organisation(company).verified_at is None
    row = registration(company)
    assert (row.state, row.phone) == (RegistrationState.submitted, "+6281250001234")
    assert "+6281250001234" not in (row.phone_sealed or "")
    assert [entry.action for entry in audit.list_for(f"organisation:{company}", 9)] == ["organisation.register"]


def test_an_officer_verifies_it_and_the_contact_is_told(company: str, cast: Cast) -> None:
    with transaction():
        service.verify(officer=cast.dewi, registration=registration(company))
    assert organisation(company).verified_at == clock.now()
    [message] = messages("organisation_verified")
    assert message.to == "sari@contoh.test"
    assert "Muara" not in message.title


def test_a_refusal_has_a_reason_and_leaves_it_unverified(company: str, cast: Cast) -> None:
    with transaction():
        service.refuse(
            officer=cast.dewi, registration=registration(company), reason=RefusalReason.data_wrong, note="Alamatnya lain."
        )
    assert organisation(company).verified_at is None
    [message] = messages("organisation_refused")
    assert "Nama atau alamat tidak cocok" in message.body
    assert "Alamatnya lain." in message.body


def test_a_decision_is_made_once(company: str, cast: Cast) -> None:
    with transaction():
        service.verify(officer=cast.dewi, registration=registration(company))
    with pytest.raises(rules.AlreadyDecided), transaction():
        service.verify(officer=cast.agus, registration=registration(company))
    with pytest.raises(rules.AlreadyDecided), transaction():
        service.refuse(officer=cast.agus, registration=registration(company), reason=RefusalReason.duplicate, note="")
    assert registration(company).state is RegistrationState.verified


def test_nobody_checks_the_organisation_she_belongs_to_even_after_leaving(company: str, cast: Cast) -> None:
    token = invite(company, cast, "dewi@kota.test")
    join(token, cast.dewi)
    with pytest.raises(rules.OwnRegistration), transaction():
        service.verify(officer=cast.dewi, registration=registration(company))
    with transaction():
        service.end_membership(actor=member(company, cast.dewi), member=member(company, cast.dewi))
    with pytest.raises(rules.OwnRegistration), transaction():
        service.verify(officer=cast.dewi, registration=registration(company))


def _decide_ones_own(ref: str) -> None:
    row = registration(ref)
    row.state, row.decided_by_id = RegistrationState.verified, row.submitted_by_id


def test_the_database_refuses_a_decision_on_ones_own_application_and_its_deletion(company: str, cast: Cast) -> None:
    with pytest.raises(IntegrityError), transaction():
        _decide_ones_own(company)
    with pytest.raises(DatabaseError), transaction() as session:
        session.delete(registration(company))


def test_a_change_is_checked_anew_while_the_old_data_hold(company: str, cast: Cast) -> None:
    with transaction():
        service.verify(officer=cast.dewi, registration=registration(company))
    with transaction():
        service.change_profile(actor=member(company, cast.sari), profile=replace(PROFILE, name="PT Muara Baru"))
    assert organisation(company).name == "PT Muara Sejahtera"
    assert organisation(company).verified_at is not None
    with pytest.raises(rules.StillChecked), transaction():
        service.change_profile(actor=member(company, cast.sari), profile=replace(PROFILE, name="PT Lain"))
    with transaction():
        service.verify(officer=cast.dewi, registration=registration(company))
    assert organisation(company).name == "PT Muara Baru"
    assert len(queries.list_registrations(organisation(company).id)) == 2
    with pytest.raises(rules.NothingChanged), transaction():
        service.change_profile(actor=member(company, cast.sari), profile=replace(PROFILE, name="PT Muara Baru"))


def test_the_same_number_and_the_same_name_are_shown_to_staff(company: str, cast: Cast) -> None:
    others = [
        replace(PROFILE, name="PT Lain", number="9120001234567"),
        replace(PROFILE, name="pt muara sejahtera", number="1111111111111"),
        replace(PROFILE, name="PT Jauh", number="2222222222222"),
    ]
    with transaction():
        for profile in others:
            service.register(actor=cast.tono, kind=OrganisationKind.company, profile=profile)
    assert [row.name for row in queries.list_same_number(registration(company))] == ["PT Lain", "pt muara sejahtera"]


# ---- members -------------------------------------------------------------------------------------------------------------------


def test_an_invitation_makes_a_member_once(company: str, cast: Cast) -> None:
    token = invite(company, cast, "baru@muara.test")
    [message] = messages("organisation_invited")
    assert (message.to, token in message.body, "Muara" in message.title) == ("baru@muara.test", True, False)
    joined = join(token)
    assert (joined.role, joined.is_contact, joined.person.email) == (MemberRole.checker, False, "baru@muara.test")
    with pytest.raises(rules.InvitationOver), transaction():
        service.accept(token=token, reader=None, name="X", locale="id")
    with pytest.raises(rules.InvitationOver), transaction():
        service.accept(token="nonsense", reader=None, name="X", locale="id")


def test_an_invitation_ends_after_seven_days_or_when_it_is_withdrawn(company: str, cast: Cast) -> None:
    token = invite(company, cast, "baru@muara.test")
    with clock.frozen(clock.now() + rules.INVITATION_LIFE), pytest.raises(rules.InvitationOver):
        join(token)
    with transaction():
        mine = member(company, cast.sari)
        [row] = queries.list_invitations(mine.organisation_id, clock.now())
        service.withdraw_invitation(actor=mine, invitation=row)
    with pytest.raises(rules.InvitationOver):
        join(token)
    assert invite(company, cast, "baru@muara.test") != token


def test_an_invitation_for_another_address_is_refused_to_who_is_signed_in(company: str, cast: Cast) -> None:
    token = invite(company, cast, "baru@muara.test")
    with pytest.raises(rules.ForSomebodyElse):
        join(token, cast.tono)
    assert join(token).person.email == "baru@muara.test"


@pytest.mark.parametrize(
    ("email", "no"),
    [
        ("sari@contoh.test", rules.AlreadyMember),
        ("SARI@contoh.test", rules.AlreadyMember),
        ("kedua@muara.test", rules.AlreadyInvited),
    ],
)
def test_nobody_is_invited_twice(company: str, cast: Cast, email: str, no: type[Refused]) -> None:
    invite(company, cast, "kedua@muara.test")
    with pytest.raises(no):
        invite(company, cast, email)


def test_only_the_contact_person_keeps_the_members(company: str, cast: Cast) -> None:
    join(invite(company, cast, "tono@contoh.test"), cast.tono)
    tono = member(company, cast.tono)
    for act in (
        lambda: service.invite(actor=tono, email="x@muara.test", role=MemberRole.viewer),
        lambda: service.change_role(actor=tono, member=member(company, cast.sari), role=MemberRole.viewer),
        lambda: service.hand_over(actor=tono, member=tono),
        lambda: service.end_membership(actor=tono, member=member(company, cast.sari)),
        lambda: service.change_profile(actor=tono, profile=PROFILE),
    ):
        with pytest.raises(rules.NotContact), transaction():
            act()


def test_the_contact_hands_over_before_leaving_and_nothing_is_lost(company: str, cast: Cast) -> None:
    join(invite(company, cast, "tono@contoh.test"), cast.tono)
    with pytest.raises(rules.ContactStays), transaction():
        service.end_membership(actor=member(company, cast.sari), member=member(company, cast.sari))
    with transaction():
        service.hand_over(actor=member(company, cast.sari), member=member(company, cast.tono))
        service.end_membership(actor=member(company, cast.sari), member=member(company, cast.sari))
    tono = member(company, cast.tono)
    assert tono.is_contact
    assert queries.list_memberships(cast.sari) == []
    assert len(queries.list_registrations(tono.organisation_id)) == 1
    with transaction():
        token = service.invite(actor=tono, email="sari@contoh.test", role=MemberRole.finance)
    back = join(token, cast.sari)
    assert (back.role, back.ended_at) == (MemberRole.finance, None)


def test_the_database_allows_one_contact_and_one_open_application(company: str, cast: Cast) -> None:
    join(invite(company, cast, "tono@contoh.test"), cast.tono)
    with pytest.raises(IntegrityError), transaction():
        member(company, cast.tono).is_contact = True
    with pytest.raises(IntegrityError), transaction():
        service._submit(cast.sari, organisation(company), PROFILE)
