"""Invented organisations: a company and the city's labour office that have been verified, and two that wait to be checked."""

from datetime import datetime, timedelta

from sertakan.accounts.models import MemberRole, Membership, Organisation, OrganisationKind, Person
from sertakan.db import db
from sertakan.organisations.models import Registration
from sertakan.organisations.rules import NumberKind, RegistrationState

WAITING = (
    ("CV Sungai Jawi Makmur", OrganisationKind.company, NumberKind.nib, "9120204455667", "Jalan Hasanuddin 41", "Manajer umum"),
    (
        "Kecamatan Pontianak Timur",
        OrganisationKind.government,
        NumberKind.npwp,
        "0012345678701000",
        "Jalan Tanjung Raya II",
        "Kepala seksi",
    ),
)


def verified(company: Organisation, city: Organisation, maker: Person, checker: Person, officer: Person, at: datetime) -> None:
    """Its members, and what was checked."""
    for person, part in ((maker, MemberRole.maker), (checker, MemberRole.checker)):
        contact = part is MemberRole.maker
        db.session.add(Membership(organisation_id=company.id, person_id=person.id, role=part, is_contact=contact, joined_at=at))
    for organisation, kind, number in (
        (company, NumberKind.nib, "9120001234567"),
        (city, NumberKind.npwp, "0000123456701000"),
    ):
        db.session.add(
            Registration(
                organisation=organisation,
                name=organisation.name,
                number_kind=kind,
                number=number,
                address="Jalan Tanjungpura 12",
                position="Manajer SDM",
                state=RegistrationState.verified,
                submitted_by_id=maker.id,
                submitted_at=at,
                decided_by_id=officer.id,
                decided_at=at + timedelta(hours=5),
            )
        )


def waiting(people: list[Person], at: datetime) -> None:
    """Each came an hour after the one before."""
    for number, (person, (name, kind, number_kind, digits, address, position)) in enumerate(zip(people, WAITING, strict=False)):
        came = at + timedelta(hours=number)
        organisation = Organisation(name=name, kind=kind, created_at=came)
        db.session.add(organisation)
        db.session.flush()
        db.session.add_all(
            [
                Membership(
                    organisation_id=organisation.id, person_id=person.id, role=MemberRole.maker, is_contact=True, joined_at=came
                ),
                Registration(
                    organisation=organisation,
                    name=name,
                    number_kind=number_kind,
                    number=digits,
                    address=address,
                    position=position,
                    state=RegistrationState.submitted,
                    submitted_by_id=person.id,
                    submitted_at=came,
                ),
            ]
        )
