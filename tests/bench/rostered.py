"""One step of the list's bench, in a process of its own: `seed|pages|export|raw URL FOLDER WORKERS`; prints JSON."""

import io
import json
import resource
import statistics
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

from flask import Flask
from openpyxl import Workbook
from sqlalchemy import insert, select

from sertakan.accounts.models import MemberRole, Membership, Organisation, OrganisationKind, Person
from sertakan.app import build
from sertakan.coverage.models import CoverageMonth, MonthSource
from sertakan.coverage.rules import MonthState
from sertakan.db import bare_writes, blind, db, keyring, new_ref, transaction
from sertakan.kit import clock
from sertakan.kit.codes import ALPHABET
from sertakan.kit.months import Month
from sertakan.organisations.queries import get_membership
from sertakan.papers import making, queries, service
from sertakan.papers.models import Paper
from sertakan.papers.rules import PaperKind
from sertakan.roster.rules import Order
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import RISK_VERSION, ReviewState, TermState
from sertakan.tariff.rules import Package, PayerKind
from sertakan.workers.models import Sex, Worker, WorkerState
from tests.conftest import config_for
from tests.page import PageClient

CHUNK, MONTHS, FIRST, TRIES = 2_000, 3, Month(2026, 10), 15
NAMES = ("Sumiati", "Rohani", "Bambang", "Yuliana", "Hasan", "Dedi", "Fatimah", "Agus")


def seed(app: Flask, count: int) -> None:
    """One company with so many workers of three months each; every NIK sealed as the application seals it."""
    from sertakan.places import service as places
    from sertakan.tariff import service as tariff

    with bare_writes():
        db.create_all()
    places.load_reference()
    tariff.load_reference()
    now = clock.now()
    with transaction() as session:
        person = Person(name="Rina", email="rina@ukur.test", locale="id", created_at=now)
        company = Organisation(name="PT Ukur", kind=OrganisationKind.company, verified_at=now, created_at=now)
        session.add_all([person, company])
        session.flush()
        session.add(Membership(organisation_id=company.id, person_id=person.id, role=MemberRole.maker, is_contact=True))
        ids = (person.id, company.id)
    for start in range(0, count, CHUNK):
        with transaction() as session:
            numbers = range(start, min(start + CHUNK, count))
            session.execute(insert(Worker), [_worker(number, now) for number in numbers])
            session.execute(insert(Sponsorship), [_promise(number, *ids, now) for number in numbers])
            session.execute(insert(CoverageMonth), [_month(number, step, now) for number in numbers for step in range(MONTHS)])


def _worker(number: int, now: Any) -> dict[str, Any]:
    ref, digits = new_ref(), f"617104{number // 9999 % 28 + 1:02d}0{number // 279_972 + 1}84{number % 9999 + 1:04d}"
    return {
        "id": number + 1,
        "ref": ref,
        "name": f"{NAMES[number % 8]} {number}",
        "nik_sealed": keyring().seal(digits, f"worker:{ref}:nik_sealed"),
        "nik_hash": blind(digits, "nik"),
        "born_on": date(1984, 1, 1),
        "sex": Sex.female,
        "kelurahan_code": "61.71.05.1005",
        "occupation_code": "ojek",
        "employs_others": False,
        "state": WorkerState.identity_checked,
        "created_at": now,
    }


def _code(number: int) -> str:
    letters = ""
    for _place in range(8):
        number, rest = divmod(number, 32)
        letters += ALPHABET[rest]
    return f"{letters[:4]}-{letters[4:]}"


def _promise(number: int, person: int, company: int, now: Any) -> dict[str, Any]:
    return {
        "id": number + 1,
        "ref": new_ref(),
        "code": _code(number),
        "sponsor_id": person,
        "organisation_id": company,
        "maker_id": person,
        "worker_id": number + 1,
        "typed_name": f"{NAMES[number % 8]} {number}",
        "chosen_from_list": False,
        "payer_kind": PayerKind.company,
        "package": Package.jkk_jkm,
        "base_rupiah": 1_000_000,
        "first_month": FIRST,
        "last_month": FIRST + (MONTHS - 1),
        "review_state": ReviewState.approved,
        "term_state": TermState.running,
        "fingerprint": "0" * 64,
        "risk_version": RISK_VERSION,
        "show_name": True,
        "remind": True,
        "submitted_at": now,
    }


def _month(number: int, step: int, now: Any) -> dict[str, Any]:
    return {
        "ref": new_ref(),
        "worker_id": number + 1,
        "month": FIRST + step,
        "state": MonthState.posted,
        "source": MonthSource.sponsorship,
        "sponsorship_id": number + 1,
        "payer_kind": PayerKind.company,
        "package": Package.jkk_jkm,
        "base_rupiah": 1_000_000,
        "jkk_rupiah": 10_000,
        "jkm_rupiah": 6_800,
        "jht_rupiah": 0,
        "relief_rupiah": 8_400,
        "price_rupiah": 8_400,
        "tariff_rows": {},
        "evidence": "ukur",
        "created_at": now,
        "paid_at": now,
        "posted_at": now,
    }


def pages(app: Flask, count: int) -> dict[str, list[float]]:
    """Milliseconds of page 1 and of the last page, in each order."""
    client = PageClient(app)
    company = db.session.scalars(select(Organisation)).one().ref
    client.sign_in(db.session.scalars(select(Person)).one())
    columns = {Order.newest: Sponsorship.id.desc(), Order.ending: Sponsorship.id, Order.name: Sponsorship.typed_name}
    told = {}
    for order, column in columns.items():
        row = db.session.scalars(select(Sponsorship.code).order_by(column, Sponsorship.id).offset(count - 21).limit(1)).one()
        base = f"/perusahaan/{company}/pekerja?urut={order.value}"
        told[order.value] = [_median(client, base), _median(client, f"{base}&sesudah={row}")]
    return told


def _median(client: PageClient, path: str) -> float:
    took = []
    for _try in range(TRIES):
        start = time.perf_counter()
        assert client.get(path, check=False).status == 200
        took.append((time.perf_counter() - start) * 1_000)
    return statistics.median(took)


def export(app: Flask, count: int) -> dict[str, float]:
    """Seconds of reading the rows alone and of making and keeping the whole file, and the memory that this took."""
    company = db.session.scalars(select(Organisation)).one().ref
    with transaction():
        actor = get_membership(company, db.session.scalars(select(Person)).one())
        paper = service.ask(actor=actor, kind=PaperKind.report, locale="id")
        paper_id, company_id = paper.id, paper.organisation_id
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    start = time.process_time()
    after = 0
    while (part := queries.list_part(company_id, after))[0]:
        after = part[1]
    rows_s, start = time.process_time() - start, time.process_time()
    making.make(paper_id)
    all_s = time.process_time() - start
    assert db.session.get_one(Paper, paper_id).done == count
    return {"rows_s": rows_s, "all_s": all_s, "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before}


def raw(app: Flask, count: int) -> dict[str, float]:
    """Seconds of reading the same columns in order and opening each number, and then of writing the same cells: the least of either."""
    start, after, done = time.process_time(), 0, 0
    worker, promise, month = Worker.__table__.c, Sponsorship.__table__.c, CoverageMonth.__table__.c
    one = select(
        promise.id, promise.code, promise.typed_name, promise.first_month, promise.last_month, worker.ref, worker.nik_sealed
    )
    months = select(month.worker_id, month.month, month.state, month.price_rupiah)
    while rows := db.session.execute(
        one.where(worker.id == promise.worker_id, promise.id > after).order_by(promise.id).limit(1_000)
    ).all():
        done += sum(len(keyring().open(row.nik_sealed, f"worker:{row.ref}:nik_sealed")) == 16 for row in rows)
        db.session.execute(months.where(month.worker_id.in_([row.id for row in rows])).order_by(month.month)).all()
        after = rows[-1].id
    assert done == count
    seconds, start = time.process_time() - start, time.process_time()
    book = Workbook(write_only=True)
    page = book.create_sheet()
    for number in range(count):
        page.append(
            [_code(number), "Sumiati", "617104******0001", "Ojek", "Akcaya", "2026-10", "2026-12", 3, 3, 25_200, "x" * 40]
        )
    book.save(io.BytesIO())
    return {"seconds": seconds, "file_s": time.process_time() - start}


def main() -> None:
    what, url, folder, count = sys.argv[1:]
    app = build(config_for(url, Path(folder)))
    step = {"seed": seed, "pages": pages, "export": export, "raw": raw}[what]
    with app.app_context():
        print(json.dumps(step(app, int(count))))


if __name__ == "__main__":
    main()
