"""Many sponsors with one worker each whose cover ends on one day, written in bulk: for kills and for the bench."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import insert, select

from sertakan.accounts.models import Person
from sertakan.coverage.models import CoverageMonth, MonthSource
from sertakan.coverage.rules import MonthState, ReminderKind
from sertakan.db import blind, db, transaction
from sertakan.kit.months import Month, span
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.reminders import Due
from sertakan.sponsorships.rules import RISK_VERSION, ReviewState, TermState
from sertakan.tariff.rules import Package, PayerKind
from sertakan.workers.models import Sex, Worker, WorkerState

FIRST, MONTHS = Month(2026, 12), 6
UNTIL = date(2027, 5, 31)
DAY = date(2027, 5, 1)  # thirty days before


def crowd(count: int, made_at: datetime) -> list[Due]:
    """The dues of that day; no two sponsors alike."""
    with transaction():
        people = _insert(Person, [_person(number, made_at) for number in range(count)])
        workers = _insert(Worker, [_worker(number, made_at) for number in range(count)])
        pairs = list(zip(people, workers, strict=True))
        promises = _insert(Sponsorship, [_promise(number, *pair, made_at) for number, pair in enumerate(pairs)])
        months = [
            _month(worker, month, promise, made_at)
            for (_person_id, worker), promise in zip(pairs, promises, strict=True)
            for month in span(FIRST, MONTHS)
        ]
        db.session.execute(insert(CoverageMonth), months)
    return [
        Due(promise, person, worker, ReminderKind.reminder_30, UNTIL)
        for (person, worker), promise in zip(pairs, promises, strict=True)
    ]


def _insert(model: Any, rows: list[dict[str, Any]]) -> list[int]:
    last = db.session.scalar(select(model.id).order_by(model.id.desc()).limit(1)) or 0
    db.session.execute(insert(model), rows)
    return list(db.session.scalars(select(model.id).where(model.id > last).order_by(model.id)))


def _person(number: int, made_at: datetime) -> dict[str, Any]:
    person = Person(name=f"Penanggung {number}", locale="en" if number % 10 == 0 else "id", created_at=made_at)
    person.email = f"penanggung{number}@contoh.test"
    names = ("ref", "name", "locale", "created_at", "email_sealed", "email_hash")
    return {name: getattr(person, name) for name in names}


def _worker(number: int, made_at: datetime) -> dict[str, Any]:
    return {
        "name": f"Pekerja {number}",
        "nik_sealed": "-",
        "nik_hash": blind(f"crowd {number}", "nik"),
        "born_on": date(1984, 3, 12),
        "sex": Sex.female,
        "occupation_code": "asisten_rumah_tangga",
        "state": WorkerState.active,
        "created_at": made_at,
    }


def _promise(number: int, person_id: int, worker_id: int, made_at: datetime) -> dict[str, Any]:
    return {
        "code": f"C{number:07d}",
        "sponsor_id": person_id,
        "maker_id": person_id,
        "worker_id": worker_id,
        "typed_name": f"Pekerja {number}",
        "payer_kind": PayerKind.private,
        "package": Package.jkk_jkm,
        "base_rupiah": 1_000_000,
        "first_month": FIRST,
        "last_month": FIRST + (MONTHS - 1),
        "review_state": ReviewState.approved,
        "term_state": TermState.running,
        "fingerprint": "0" * 64,
        "risk_version": RISK_VERSION,
        "submitted_at": made_at,
    }


def _month(worker_id: int, month: Month, sponsorship_id: int, made_at: datetime) -> dict[str, Any]:
    relief = 8_400 if month == FIRST else 0
    return {
        "worker_id": worker_id,
        "month": month,
        "state": MonthState.posted,
        "source": MonthSource.sponsorship,
        "sponsorship_id": sponsorship_id,
        "payer_kind": PayerKind.private,
        "package": Package.jkk_jkm,
        "base_rupiah": 1_000_000,
        "jkk_rupiah": 10_000,
        "jkm_rupiah": 6_800,
        "jht_rupiah": 0,
        "relief_rupiah": relief,
        "price_rupiah": 16_800 - relief,
        "tariff_rows": {},
        "evidence": "uji",
        "created_at": made_at,
        "paid_at": made_at,
        "remitted_at": made_at,
        "posted_at": made_at,
    }
