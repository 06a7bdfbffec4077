"""Waiting workers for the tests: one maker, and a crowd of one kind in one place."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.workers import service
from sertakan.workers.models import ConsentGiver, ConsentKind, Waiting, Worker
from tests import factories
from tests.cast import Cast

JAWI = "61.71.05.1005"  # Sungai Jawi, Pontianak Kota
SECRETS = ("Jalan Rahasia 7", "+6281234567781", "081234567781")


@dataclass(frozen=True)
class Known:
    """What a test remembers of a worker while pages open and close sessions of their own. `id` and `ref` are the worker's."""

    id: int
    ref: str
    name: str
    nik: str
    waiting_id: int
    code: str


def known(worker: Worker, row: Waiting) -> Known:
    return Known(worker.id, worker.ref, worker.name, worker.nik, row.id, row.code)


def waiting(cast: Cast, *, days: int = 0, phrases: tuple[str, ...] = ("breadwinner",), **more: Any) -> Waiting:
    """A worker on the list, with every right: two consents, an attestation, and data that must stay secret."""
    worker = factories.worker(**{"name": "Sumiati Kusumawardhani", "phone": SECRETS[1], "address": SECRETS[0]} | more)
    dewi = cast.dewi
    with transaction():
        for kind in ConsentKind:
            service.record_consent(actor=dewi, worker=worker, kind=kind, giver=ConsentGiver.witness, text_version="2026-11")
        service.attest(actor=dewi, worker=worker, occupation_code=worker.occupation_code, since_month=None, seen_on=clock.today())
        row = service.put_on_list(actor=dewi, worker=worker, phrases=phrases)
        row.since_on = date.fromordinal(clock.today().toordinal() - days)
    return row


def crowd(cast: Cast, count: int, *, occupation: str = "pedagang_sayur", kelurahan: str = JAWI, **more: Any) -> list[Waiting]:
    """As many of one work in one kelurahan; the first waits longest."""
    return [waiting(cast, days=count - step, occupation=occupation, kelurahan=kelurahan, **more) for step in range(count)]


def faces(cast: Cast, count: int, **more: Any) -> list[Known]:
    """A crowd, remembered."""
    return [known(row.worker, row) for row in crowd(cast, count, **more)]


def reread(one: Known) -> Waiting:
    """Her place on the list as it is now."""
    return db.session.get_one(Waiting, one.waiting_id)
