"""One way of sending a large batch, in a process of its own: `seed|ours|bare URL FOLDER MONTHS`; prints JSON.

`ours` goes through the verbs and jobs of the room; `bare` does the same work with bulk statements and the file libraries alone.
Seconds are of the processor, of this process and those it started.
"""

import hashlib
import io
import json
import resource
import sys
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import python_calamine
from openpyxl import Workbook
from sqlalchemy import Table, bindparam, insert, select, update

from sertakan.accounts.models import Person
from sertakan.accounts.permissions import Role
from sertakan.app import build
from sertakan.audit.models import AuditEntry
from sertakan.audit.rules import GENESIS, link
from sertakan.coverage.models import CoverageMonth, MonthSource
from sertakan.coverage.rules import MonthState
from sertakan.db import bare_writes, blind, db, keyring, new_ref, transaction
from sertakan.kit import clock
from sertakan.kit.months import Month
from sertakan.remittance import answers, export, jobs, queries, service
from sertakan.remittance.models import AnswerFile, AnswerRow, Batch, Line
from sertakan.remittance.rules import FileState
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import ReviewState, TermState
from sertakan.tariff.rules import Package, PayerKind
from sertakan.workers.models import Sex, Worker, WorkerState
from tests.conftest import config_for

CHUNK = 1_000
MONTH = Month(2026, 11)
FILLED = [
    "",
    "12-03-1984",
    "P",
    *[""] * 4,
    "Kota",
    "61",
    "78",
    "Pedagang",
    "",
    "",
    10**6,
    "JKK+JKM",
    "2026-11",
    10_000,
    6_800,
    0,
    8_400,
    8_400,
    "",
]
HEAD = ["NIK", "Bulan iuran", "Jumlah iuran", "Hasil", "Alasan", "Bukti"]


def spent() -> float:
    """Seconds of the processor so far."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def chunks(count: int) -> Iterator[range]:
    for start in range(1, count + 1, CHUNK):
        yield range(start, min(start + CHUNK, count + 1))


def seed(count: int) -> None:
    """An organisation-sized crowd: so many workers with one approved and paid month each."""
    from sertakan.places import service as places
    from sertakan.tariff import service as tariff

    with bare_writes():
        db.create_all()
    places.load_reference()
    tariff.load_reference()
    now = clock.now()
    with transaction() as session:
        for name, role in (("Maya", Role.finance), ("Agus", Role.supervisor), ("Sari", None)):
            session.add(Person(name=name, email=f"{name.lower()}@bench.test", role=role, locale="id", created_at=now))
    for numbers in chunks(count):
        with transaction() as session:
            session.execute(insert(Worker), [_worker(number) for number in numbers])
            session.execute(insert(Sponsorship), [_promise(number) for number in numbers])
            session.execute(insert(CoverageMonth), [_month(number) for number in numbers])


def _worker(number: int) -> dict[str, Any]:
    ref = new_ref()
    digits = f"{617101_0000000000 + number * 7919 % 9_000_000_000:016d}"
    return {
        "id": number,
        "ref": ref,
        "name": f"Pekerja {number}",
        "nik_sealed": keyring().seal(digits, f"worker:{ref}:nik_sealed"),
        "nik_hash": blind(digits, "nik"),
        "born_on": date(1984, 3, 12),
        "sex": Sex.female,
        "kelurahan_code": "61.71.05.1005",
        "occupation_code": "pedagang_sayur",
        "employs_others": False,
        "state": WorkerState.active,
        "created_at": clock.now(),
    }


def _promise(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "ref": new_ref(),
        "code": f"{number:09d}",
        "sponsor_id": 3,
        "maker_id": 3,
        "worker_id": number,
        "typed_name": "Pekerja",
        "chosen_from_list": False,
        "payer_kind": PayerKind.private,
        "package": Package.jkk_jkm,
        "base_rupiah": 1_000_000,
        "first_month": MONTH,
        "last_month": MONTH,
        "review_state": ReviewState.approved,
        "term_state": TermState.running,
        "fingerprint": "0" * 64,
        "risk_version": "1",
        "show_name": True,
        "remind": False,
        "submitted_at": clock.now(),
        "decided_at": clock.now(),
    }


def _month(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "ref": new_ref(),
        "worker_id": number,
        "month": MONTH,
        "state": MonthState.paid,
        "source": MonthSource.sponsorship,
        "sponsorship_id": number,
        "payer_kind": PayerKind.private,
        "package": Package.jkk_jkm,
        "base_rupiah": 1_000_000,
        "jkk_rupiah": 10_000,
        "jkm_rupiah": 6_800,
        "jht_rupiah": 0,
        "relief_rupiah": 8_400,
        "price_rupiah": 8_400,
        "tariff_rows": {},
        "created_at": clock.now(),
        "paid_at": clock.now() - timedelta(hours=1),
    }


def answer_book(batch_id: int) -> bytes:
    """What BPJS would send back: every line, posted. Not timed."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(HEAD)
    for month, worker, *_rest, amount in queries.export_rows(batch_id):
        sheet.append([worker.nik, str(month.month), amount, "Berhasil", "", ""])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def ours(count: int) -> dict[str, float]:
    """Gather, lock, export, stamp, import and apply through the room."""
    clocked: dict[str, float] = {}
    maya, agus = db.session.get_one(Person, 1), db.session.get_one(Person, 2)

    def step(name: str, act: Callable[[], Any]) -> Any:
        began = spent()
        result = act()
        clocked[name] = spent() - began
        return result

    def lock() -> int:
        with transaction():
            batch = service.gather(actor=maya, through=MONTH, most=count)
            service.lock(actor=maya, batch=batch)
            return batch.id

    batch_id = step("lock", lock)
    step("export", lambda: export.write(queries.get_by_id(batch_id), "xlsx", io.BytesIO()))
    with transaction():
        batch = queries.get_by_id(batch_id, lock=True)
        service.note_code(actor=maya, batch=batch, code="K")
        service.mark_paid(actor=agus, batch=batch, proof="B", amount_rupiah=batch.amount_rupiah)
    step("stamp", lambda: jobs.stamp(batch_id))
    data = answer_book(batch_id)
    with transaction():
        file_id = answers.receive(actor=maya, batch=queries.get_by_id(batch_id, lock=True), data=data).id
    step("answer", lambda: jobs.finish(file_id))
    assert db.session.get_one(AnswerFile, file_id).state is FileState.applied
    return clocked


def bare(count: int) -> dict[str, float]:
    """The same rows by bulk statements, chunked alike; the same files by their libraries; audit rows with their hashes."""
    clocked: dict[str, float] = {}
    months, lines = _table(CoverageMonth), _table(Line)
    previous = [GENESIS]

    def trail(numbers: range, refs: dict[int, str], state: str) -> None:
        rows = []
        for number in numbers:
            entry = {"at": clock.now(), "actor": "bench", "action": f"month.{state}", "subject": f"month:{refs[number]}"}
            entry |= {"before": {"state": "x"}, "after": {"state": state}, "reason": None, "source": None}
            digest = link(previous[0], entry)
            rows.append(entry | {"previous_hash": previous[0], "hash": digest})
            previous[0] = digest
        db.session.execute(insert(_table(AuditEntry)), rows)

    began = spent()
    with transaction() as session:
        session.add(Batch(code="BARE-0001", through_month=MONTH, totals={}, created_by_id=1, created_at=clock.now()))
        session.flush()
        names = ["batch_id", "coverage_month_id", "state", "amount_rupiah"]
        chosen = select(bindparam("b", 1), months.c.id, bindparam("s", "open"), months.c.price_rupiah)
        session.execute(insert(lines).from_select(names, chosen))
        session.execute(update(months).values(sending_at=clock.now()))
        digest = hashlib.sha256()
        for row in session.execute(select(months.c.ref, months.c.price_rupiah).order_by(months.c.id)):
            digest.update(f"{row[0]}{row[1]}".encode())
    clocked["lock"] = spent() - began
    began = spent()
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    worker = _table(Worker)
    ring = keyring()
    joined = select(months, worker.c.ref, worker.c.nik_sealed, worker.c.name).join(worker, worker.c.id == months.c.worker_id)
    for row in db.session.execute(joined.execution_options(yield_per=CHUNK)):
        nik = ring.open(row.nik_sealed, f"worker:{row[-3]}:nik_sealed")
        sheet.append([1, nik, row.name, *FILLED])
    book.save(io.BytesIO())
    clocked["export"] = spent() - began
    db.session.rollback()
    data = answer_book(1)
    db.session.rollback()
    refs = {row[0]: row[1] for row in db.session.execute(select(months.c.id, months.c.ref))}
    began = spent()
    for numbers in chunks(count):
        with transaction() as session:
            mine = months.c.id.between(numbers.start, numbers.stop - 1)
            session.execute(update(months).where(mine).values(state="remitted", remitted_at=clock.now()))
            session.execute(
                update(lines).where(lines.c.coverage_month_id.between(numbers.start, numbers.stop - 1)).values(state="paid")
            )
            trail(numbers, refs, "remitted")
    clocked["stamp"] = spent() - began
    began = spent()
    rows = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()
    hashes = [blind(str(row[0]), "nik") for row in rows[1:]]
    assert len(hashes) == count
    with transaction() as session:
        session.add(
            AnswerFile(
                batch_id=1, fingerprint="b" * 64, state=FileState.applying, problems=[], uploaded_by_id=1, uploaded_at=clock.now()
            )
        )
    for numbers in chunks(count):
        with transaction() as session:
            said = [{"file_id": 1, "row": number, "line_id": number, "result": "posted", "applied": True} for number in numbers]
            session.execute(insert(_table(AnswerRow)), said)
            proof = [{"m": number, "p": f"bukti {number}"} for number in numbers]
            session.connection().execute(
                update(months).where(months.c.id == bindparam("m")).values(evidence=bindparam("p")), proof
            )
            mine = months.c.id.between(numbers.start, numbers.stop - 1)
            session.execute(update(months).where(mine).values(state="posted", posted_at=clock.now()))
            where = lines.c.coverage_month_id.between(numbers.start, numbers.stop - 1)
            session.execute(update(lines).where(where).values(state="posted", answered_at=clock.now(), told=False))
            trail(numbers, refs, "posted")
    clocked["answer"] = spent() - began
    return clocked


def _table(model: Any) -> Table:
    table: Table = model.__table__
    return table


def main() -> None:
    what, url, folder, count = sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4])
    app = build(config_for(url, folder))
    with app.app_context():
        if what == "seed":
            seed(count)
            return
        clocked = ours(count) if what == "ours" else bare(count)
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(json.dumps({"seconds": clocked, "memory_mb": max(own, child)}))


if __name__ == "__main__":
    main()
