"""One maker per thing. Each writes in its own transaction and returns the row; traits are plain arguments."""

import itertools
from datetime import date
from typing import Any

from sertakan.accounts.models import Person
from sertakan.coverage.models import CoverageMonth, MonthSource
from sertakan.coverage.rules import MonthState
from sertakan.coverage.service import look_again
from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.kit.codes import new_code
from sertakan.kit.months import Month
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import RISK_VERSION, ReviewState, TermState
from sertakan.tariff.rules import Package, PayerKind
from sertakan.workers.models import Sex, Worker, WorkerState

_serial = itertools.count(1)


def nik(born_on: date = date(1984, 3, 12), *, female: bool = True, prefix: str = "617104") -> str:
    """An invented NIK with a plausible date; different each time."""
    round_, serial = divmod(next(_serial), 9_999)  # no number ends in 0000
    district = (int(prefix[4:]) - 1 + round_) % 6 + 1  # the six kecamatan: a long run needs more than four digits
    day = born_on.day + (40 if female else 0)
    return f"{prefix[:4]}{district:02d}{day:02d}{born_on.month:02d}{born_on.year % 100:02d}{serial + 1:04d}"


def worker(
    *, name: str = "Sumiati", occupation: str = "asisten_rumah_tangga", born_on: date = date(1984, 3, 12), **more: Any
) -> Worker:
    """A checked woman of 42 unless said otherwise."""
    female = more.pop("female", True)
    with transaction() as session:
        row = Worker(
            name=name,
            nik=more.pop("nik", None) or nik(born_on, female=female),
            born_on=born_on,
            sex=Sex.female if female else Sex.male,
            occupation_code=occupation,
            kelurahan_code=more.pop("kelurahan", "61.71.05.1005"),
            state=more.pop("state", WorkerState.proposed),
            created_at=clock.now(),
            **more,
        )
        session.add(row)
    return row


def sponsorship(
    sponsor: Person, row: Worker | None = None, *, first: str = "2026-12", count: int = 6, **more: Any
) -> Sponsorship:
    """Submitted and unpaid unless said otherwise: `review=`, `term=`, `state=` (of its months)."""
    row = row or worker()
    start = Month.parse(first)
    state = more.pop("state", MonthState.reserved)
    sponsor_id, worker_id, name = sponsor.id, row.id, row.name
    with transaction() as session:
        promise = Sponsorship(
            code=new_code(),
            sponsor_id=sponsor_id,
            maker_id=more.pop("maker_id", sponsor_id),
            worker_id=worker_id,
            typed_name=name,
            payer_kind=PayerKind.private,
            package=Package.jkk_jkm,
            base_rupiah=1_000_000,
            first_month=start,
            last_month=start + (count - 1),
            review_state=more.pop("review", ReviewState.submitted),
            term_state=more.pop("term", TermState.waiting),
            fingerprint="0" * 64,
            risk_version=RISK_VERSION,
            submitted_at=clock.now(),
            **more,
        )
        session.add(promise)
        session.flush()
        for step in range(count):
            session.add(_month(worker_id, start + step, state, promise.id))
        look_again([worker_id])
    return promise


def _month(worker_id: int, month: Month, state: MonthState, sponsorship_id: int | None) -> CoverageMonth:
    now, relief = clock.now(), 8_400 if month <= Month(2026, 12) else 0
    far = state in {MonthState.paid, MonthState.remitted, MonthState.posted}
    return CoverageMonth(
        worker_id=worker_id,
        month=month,
        state=state,
        source=MonthSource.sponsorship if sponsorship_id else MonthSource.external,
        sponsorship_id=sponsorship_id,
        payer_kind=PayerKind.private,
        package=Package.jkk_jkm,
        base_rupiah=1_000_000,
        jkk_rupiah=10_000,
        jkm_rupiah=6_800,
        jht_rupiah=0,
        relief_rupiah=relief,
        price_rupiah=16_800 - relief,
        tariff_rows={},
        evidence="uji" if state is MonthState.posted or not sponsorship_id else None,
        created_at=now,
        paid_at=now if far else None,
        remitted_at=now if state in {MonthState.remitted, MonthState.posted} else None,
        posted_at=now if state is MonthState.posted else None,
    )


def month(row: Worker, when: str, state: MonthState = MonthState.posted) -> CoverageMonth:
    """A month paid from outside (the city, an employer), with evidence."""
    worker_id = row.id
    with transaction() as session:
        cell = _month(worker_id, Month.parse(when), state, None)
        session.add(cell)
        look_again([worker_id])
    return cell


def count(model: type) -> int:
    """How many rows a table has."""
    from sqlalchemy import func, select

    return db.session.scalar(select(func.count()).select_from(model)) or 0
