"""The demo's months: enough people and every state, around any day, the same every time. Money balances to the rupiah."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import func, select

from sertakan.accounts import staff as account_service
from sertakan.accounts.models import Organisation, OrganisationKind, Person
from sertakan.accounts.permissions import Role
from sertakan.coverage.service import look_at_everybody
from sertakan.db import db, transaction
from sertakan.demo import city, money, organisations, relay, uploads
from sertakan.demo.accounts import CHECKER_SECRET, PASSWORD, STAFF
from sertakan.demo.batches import Batches
from sertakan.demo.ledger import Ledger, Promise
from sertakan.demo.people import FEMALE_SHARE, Crowd, Invented, emails
from sertakan.kit import clock
from sertakan.kit.months import Month
from sertakan.places.models import Denominator
from sertakan.places.pontianak import KELURAHAN
from sertakan.tariff.reference import OCCUPATIONS
from sertakan.workers.models import (
    Attestation,
    Consent,
    ConsentGiver,
    ConsentKind,
    Sex,
    Waiting,
    Worker,
    WorkerState,
)

SEED = 7151
SPONSORS = 60
WAITING = 140
# few enough kinds and places that most groups on the public list reach five
WAITING_WORK = ("pedagang_sayur", "pedagang_sayur", "penjual_makanan", "asisten_rumah_tangga", "ojek", "buruh_harian")
FAMILY = ("breadwinner", "one_child", "two_children", "more_children", "parents")
WORK_PHRASES = {
    "pedagang_sayur": ("since_dawn", "ten_years"),
    "penjual_makanan": ("at_night", "own_tools"),
    "asisten_rumah_tangga": ("many_homes", "ten_years"),
    "ojek": ("on_the_road", "at_night"),
    "buruh_harian": ("own_tools", "since_dawn"),
}
WAITING_PLACES = ("61.71.05.1005", "61.71.03.1003", "61.71.02.1003", "61.71.04.1003", "61.71.01.1003", "61.71.06.1001")
CITY_LIST = 60
COMPANY_LIST = 30
COMPANY_STORIES = (("running", -2), ("running", -2), ("running", -2), ("ending", -5), ("ended", -6))  # for six months each


def loaded() -> bool:
    """Whether anybody lives here already."""
    return bool(db.session.scalar(select(func.count()).select_from(Person)))


@dataclass
class Cast:
    """The people that the stories are about."""

    sponsors: list[Person]
    officer: Person
    supervisor: Person
    finance: Person
    attestor: Person
    maker: Person
    checker: Person
    company: Organisation
    city: Organisation


def load(day: date | None = None) -> dict[str, int]:
    """Fill an empty, prepared database around `day` (today unless said); returns how many of each kind."""
    day = day or clock.today()
    crowd = Crowd(SEED, day)
    with transaction() as session:
        cast = _people(crowd, day)
        ledger = Ledger(crowd, day, cast.officer)
        _residents(crowd, ledger, cast, day)
        _city(crowd, cast, day, ledger)
        _company(crowd, ledger, cast, day)
        _waiting(crowd, cast, day)
        relay.tell(ledger, cast.sponsors, lambda: _runner(crowd, cast, day), day, _at(day, 9))
        money.tell(ledger.by_kind, cast.finance, cast.supervisor, day)
        session.add(Denominator(year=2025, workers=312_000, source="Angka rekaan untuk demo", dated_on=date(2025, 12, 31)))
        ledger.close()
        Batches(crowd, _at(day, 8), cast.finance, cast.supervisor).tell()
        look_at_everybody()
        people = (cast.company.id, cast.maker.id, cast.checker.id, cast.finance.id)
        office = (cast.city.id, *city.join(cast.city, _at(day - timedelta(days=300)), CHECKER_SECRET))
    uploads.tell(crowd, *people, day)
    city.tell(crowd, *office, day)
    counts = {model.__tablename__: db.session.scalar(select(func.count()).select_from(model)) or 0 for model in (Person, Worker)}
    return counts | ledger.counts


def _at(day: date, hour: int = 10) -> datetime:
    return datetime.combine(day, time(hour), tzinfo=clock.ZONE)


def _people(crowd: Crowd, day: date) -> Cast:
    born = _at(day - timedelta(days=400))
    sponsors = []
    for email in emails(SPONSORS):
        person = Person(name=crowd.person().name, email=email, locale="id", created_at=born)
        sponsors.append(person)
    staff = {}
    for name, email, role, secret in STAFF:
        person = Person(name=name, email=email, role=role, locale="id", created_at=born)
        account_service.set_staff_secrets(person, PASSWORD, secret)
        staff[role] = person
    staff[Role.attestor].kelurahan_code, staff[Role.attestor].rt_rw = "61.71.05.1005", "003/012"
    maker = Person(name="Rina Oktaviani", email="rina@demo.test", locale="id", created_at=born)
    checker = Person(name="Budi Santoso", email="budi@demo.test", locale="id", created_at=born)
    company = Organisation(name="PT Kapuas Jaya Lestari", kind=OrganisationKind.company, verified_at=born, created_at=born)
    office = Organisation(
        name="Dinas Tenaga Kerja Kota Pontianak", kind=OrganisationKind.government, verified_at=born, created_at=born
    )
    checker.totp_secret = CHECKER_SECRET
    db.session.add_all([*sponsors, *staff.values(), maker, checker, company, office])
    db.session.flush()
    organisations.verified(company, office, maker, checker, staff[Role.officer], born)
    organisations.waiting(sponsors[:2], _at(day - timedelta(days=1)))
    desks = staff[Role.officer], staff[Role.supervisor], staff[Role.finance], staff[Role.attestor]
    return Cast(sponsors, *desks, maker, checker, company, office)


def _worker(
    crowd: Crowd,
    day: date,
    *,
    group: str | None = None,
    occupation: str | None = None,
    checked: bool = True,
    who: Invented | None = None,
) -> Worker:
    choices = [row for row in OCCUPATIONS if (group is None or row[2] == group) and not row[4]]
    code, _label, kind, *_ = (
        next(row for row in OCCUPATIONS if row[0] == occupation) if occupation else crowd.random.choice(choices)
    )
    who = who or crowd.person(FEMALE_SHARE.get(kind, 0.3))
    worker = Worker(
        name=who.name,
        nik=who.nik,
        born_on=who.born_on,
        sex=Sex.female if who.female else Sex.male,
        phone=crowd.phone() if crowd.random.random() < 0.7 else None,
        kelurahan_code=crowd.random.choice(KELURAHAN)[0],
        occupation_code=code,
        state=WorkerState.identity_checked if checked else WorkerState.proposed,
        created_at=_at(day - timedelta(days=crowd.random.randint(20, 300))),
    )
    db.session.add(worker)
    return worker


# first month and count around this month, review, how many of them, and what else is told
RESIDENT_STORIES: tuple[tuple[str, int, int, int], ...] = (
    ("running", -3, 6, 52),
    ("running", -8, 12, 14),
    ("ending", -5, 6, 24),  # the last funded month is this one
    ("ended", -6, 6, 12),  # ended last month: grace
    ("ended", -7, 6, 6),  # second unpaid month
    ("ended", -5, 3, 7),  # the cliff: third unpaid month
    ("ended", -10, 6, 8),  # lapsed
    ("future", 1, 6, 6),
    ("queue", 1, 6, 22),
    ("queue", 0, 3, 8),
    ("needs_info", 1, 6, 4),
    ("rejected", 1, 6, 4),
    ("refund_failed", 1, 3, 1),
    ("unpaid", 1, 6, 3),
    ("expired", 1, 6, 4),
    ("cancelled", -2, 6, 4),
    ("bounced", -1, 3, 3),
    ("paid_twice", 1, 6, 2),
)


def _residents(crowd: Crowd, ledger: Ledger, cast: Cast, day: date) -> None:
    this, turn = Month.of(day), 0
    for kind, offset, count, times in RESIDENT_STORIES:
        for repeat in range(times):
            sponsor = cast.sponsors[turn % len(cast.sponsors)]
            turn += 1
            worker = _worker(crowd, day, checked=kind not in {"queue", "needs_info", "unpaid", "expired"})
            if kind == "queue" and repeat == 0:
                worker.phone = None
            # who is in arrears has agreed to stand on the public list of those who can be rescued
            _consent_and_attestation(
                crowd, cast, worker, day, listed=kind == "ended", attested=kind != "queue" or bool(repeat % 3)
            )
            ledger.tell(Promise(kind, sponsor, worker, this + offset, count, age_days=_age(crowd, kind, offset)))


def _age(crowd: Crowd, kind: str, offset: int) -> int:
    """How many days ago it was submitted."""
    if kind in {"queue", "needs_info", "unpaid"}:
        return crowd.random.randint(1, 3)
    return max(3, -offset * 30 + crowd.random.randint(5, 20))


def _consent_and_attestation(
    crowd: Crowd, cast: Cast, worker: Worker, day: date, *, listed: bool = False, attested: bool = True
) -> None:
    db.session.flush()
    seen = day - timedelta(days=crowd.random.randint(1, 60))
    kinds = (ConsentKind.registered, ConsentKind.listed) if listed else (ConsentKind.registered,)
    for kind in kinds:
        db.session.add(
            Consent(
                worker_id=worker.id,
                kind=kind,
                giver=ConsentGiver.witness if listed else ConsentGiver.sponsor_statement,
                recorded_by_id=cast.attestor.id if listed else None,
                text_version="2026-11",
                given_on=seen,
                created_at=_at(seen),
            )
        )
    if not attested:
        return
    db.session.add(
        Attestation(
            worker_id=worker.id,
            by_id=cast.attestor.id,
            occupation_code=worker.occupation_code,
            since_month=Month.of(day) + -crowd.random.randint(12, 90),
            seen_on=seen,
            created_at=_at(seen),
        )
    )


def _runner(crowd: Crowd, cast: Cast, day: date) -> Worker:
    """A worker whom several sponsors cover one after another."""
    worker = _worker(crowd, day)
    _consent_and_attestation(crowd, cast, worker, day)
    return worker


def _waiting(crowd: Crowd, cast: Cast, day: date) -> None:
    """Workers who wait for a sponsor, mostly traders, helpers and drivers, spread over the city."""
    for _ in range(WAITING):
        worker = _worker(crowd, day, occupation=crowd.random.choice(WAITING_WORK))
        worker.kelurahan_code = crowd.random.choice(WAITING_PLACES)
        worker.created_by_id = cast.attestor.id
        _consent_and_attestation(crowd, cast, worker, day, listed=True)
        db.session.add(
            Waiting(
                code=crowd.code(),
                worker_id=worker.id,
                phrases=[crowd.random.choice(FAMILY), crowd.random.choice(WORK_PHRASES[worker.occupation_code])],
                since_on=day - timedelta(days=crowd.random.randint(1, 75)),
            )
        )


def _city(crowd: Crowd, cast: Cast, day: date, ledger: Ledger) -> None:
    """RT heads and cadres whom the city's budget pays at full price: months from outside, with their decree as evidence."""
    for number in range(CITY_LIST):
        worker = _worker(crowd, day, occupation=("ketua_rt", "kader_posyandu", "guru_ngaji")[number % 3])
        db.session.flush()
        ledger.external(worker, Month(day.year, 1), 12, evidence=f"SK Wali Kota 412/{day.year}")


def _company(crowd: Crowd, ledger: Ledger, cast: Cast, day: date) -> None:
    """Most of its workers run on; some end with this month and some ended with the last, so that there is something to plan."""
    for number in range(COMPANY_LIST):
        kind, offset = COMPANY_STORIES[number % len(COMPANY_STORIES)]
        worker = _worker(crowd, day, group="trade")
        _consent_and_attestation(crowd, cast, worker, day)
        more: dict[str, Any] = {"organisation": cast.company}
        ledger.tell(Promise(kind, cast.maker, worker, Month.of(day) + offset, 6, age_days=-offset * 30 + 20, **more))
