"""The invented labour office of the city: two members, and a decree with RT heads whose bill is not paid yet."""

from datetime import date, datetime, timedelta

from sertakan.accounts.models import MemberRole, Membership, Organisation, Person
from sertakan.bulk import applying, queries, service
from sertakan.bulk.rules import UploadState
from sertakan.db import db, transaction
from sertakan.decrees import queries as decrees
from sertakan.decrees import service as verbs
from sertakan.decrees.rules import Category, Facts
from sertakan.demo.people import Crowd
from sertakan.kit import sheet
from sertakan.kit.months import Month
from sertakan.organisations.queries import get_membership

MEMBERS = (
    ("Hendra Gunawan", "hendra@demo.test", MemberRole.maker),
    ("Yuliana Sari", "yuliana@demo.test", MemberRole.checker),
)
HEADS = 6
CEILING = 1_800_000  # rupiah: the six, and hardly anybody more
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
TITLES = ("NIK", "Nama", "Pekerjaan", "Jabatan", "RT/RW", "Kelurahan")


def join(city: Organisation, at: datetime, secret: str) -> tuple[int, int]:
    """The members of the labour office; their ids."""
    ids = []
    for name, email, role in MEMBERS:
        person = Person(name=name, email=email, locale="id", created_at=at)
        if role is MemberRole.checker:
            person.totp_secret = secret
        db.session.add(person)
        db.session.flush()
        contact = role is MemberRole.maker
        db.session.add(Membership(organisation_id=city.id, person_id=person.id, role=role, is_contact=contact, joined_at=at))
        ids.append(person.id)
    return ids[0], ids[1]


def tell(crowd: Crowd, city_id: int, maker_id: int, checker_id: int, day: date) -> None:
    """Each step by the verb that a person would use; outside any transaction, as the worker does it."""
    decree_id = _decree(city_id, maker_id, checker_id, day)
    rows = []
    for number in range(HEADS):
        head = crowd.person(0.2)
        rows.append([head.nik, head.name, "Ketua RT", "Ketua RT", f"{number + 1:03d}/007", "Siantan Tengah"])
    with transaction() as session:
        decree = decrees.get(decree_id)
        upload = service.start(
            actor=_member(city_id, maker_id),
            name=f"ketua-rt-{decree.budget_year}.csv",
            data=b"".join(sheet.csv_lines(TITLES, rows)),
            first_month=decree.first_month,
            count=decree.last_month - decree.first_month + 1,
            decree=decree,
        )
        session.flush()
        upload_id = upload.id
    if service.check_file(upload_id) != UploadState.checked:
        raise RuntimeError("the demo's list of RT heads cannot be read")
    for person_id, verb in ((maker_id, service.submit), (checker_id, service.confirm)):
        with transaction():
            upload = queries.get(upload_id, lock=True)
            verb(actor=_member(city_id, person_id), upload=upload, seen=upload.mark or "")
    applying.apply(upload_id)
    db.session.remove()


def _member(city_id: int, person_id: int) -> Membership:
    return get_membership(db.session.get_one(Organisation, city_id).ref, db.session.get_one(Person, person_id))


def _decree(city_id: int, maker_id: int, checker_id: int, day: date) -> int:
    """The rest of the year from next month, or all of the next year when it is near."""
    following = Month.of(day) + 1
    first = following if following.month <= 9 else Month(day.year + 1, 1)
    facts = Facts(
        number=f"412/DISNAKER/{day.year}",
        signed_on=day - timedelta(days=20),
        category=Category.rt_head,
        budget_year=first.year,
        budget_line="5.1.02.02.01.0055",
        ceiling_rupiah=CEILING,
        first_month=first,
        last_month=Month(first.year, 12),
    )
    with transaction() as session:
        decree = verbs.write(actor=_member(city_id, maker_id), facts=facts, name="sk-ketua-rt.pdf", data=PDF)
        session.flush()
        decree_id = decree.id
    with transaction():
        verbs.propose(actor=_member(city_id, maker_id), decree=decrees.get(decree_id, lock=True))
    with transaction():
        verbs.put_in_force(actor=_member(city_id, checker_id), decree=decrees.get(decree_id, lock=True))
    return decree_id
