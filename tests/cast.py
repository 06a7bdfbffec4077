"""The people of the tests, always the same.

Sari sponsors · Tono is another sponsor · PT Khatulistiwa with Rina (maker) and Budi (checker) · Dewi is an officer · Agus a supervisor ·
Maya works in finance · Pak Hasan is an RT head · Nina audits · Wira administers · a stranger has an account and nothing else.
"""

from dataclasses import dataclass

from sertakan.accounts.models import MemberRole, Membership, Organisation, OrganisationKind, Person
from sertakan.accounts.permissions import Role
from sertakan.db import db, transaction
from sertakan.kit import clock

PEOPLE: dict[str, tuple[str, str, Role | None]] = {
    "sari": ("Sari Wulandari", "sari@contoh.test", None),
    "tono": ("Tono Prasetyo", "tono@contoh.test", None),
    "rina": ("Rina Oktaviani", "rina@khatulistiwa.test", None),
    "budi": ("Budi Santoso", "budi@khatulistiwa.test", None),
    "stranger": ("Orang Asing", "asing@contoh.test", None),
    "dewi": ("Dewi Lestari", "dewi@kota.test", Role.officer),
    "agus": ("Agus Salim", "agus@kota.test", Role.supervisor),
    "maya": ("Maya Anggraini", "maya@kota.test", Role.finance),
    "hasan": ("Hasan Basri", "hasan@rt.test", Role.attestor),
    "nina": ("Nina Kartika", "nina@kota.test", Role.auditor),
    "wira": ("Wira Kusuma", "wira@kota.test", Role.admin),
}


@dataclass(frozen=True)
class Cast:
    """Ids of the people; `cast.sari` reads the row in the test's own session."""

    ids: dict[str, int]
    company_id: int

    def __getattr__(self, name: str) -> Person:
        try:
            return db.session.get_one(Person, self.ids[name])
        except KeyError:
            raise AttributeError(name) from None

    @property
    def khatulistiwa(self) -> Organisation:
        return db.session.get_one(Organisation, self.company_id)


def hire() -> Cast:
    """Write the cast into an empty database."""
    with transaction() as session:
        people = {}
        for key, (name, email, role) in PEOPLE.items():
            people[key] = Person(name=name, email=email, role=role, locale="id", created_at=clock.now())
        people["hasan"].kelurahan_code = "61.71.05.1005"
        people["hasan"].rt_rw = "003/012"
        session.add_all(people.values())
        people["budi"].totp_secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
        company = Organisation(
            name="PT Khatulistiwa", kind=OrganisationKind.company, verified_at=clock.now(), created_at=clock.now()
        )
        session.add(company)
        session.flush()
        session.add(Membership(organisation_id=company.id, person_id=people["rina"].id, role=MemberRole.maker))
        session.add(Membership(organisation_id=company.id, person_id=people["budi"].id, role=MemberRole.checker))
        ids = {key: person.id for key, person in people.items()}
        company_id = company.id
    return Cast(ids, company_id)
