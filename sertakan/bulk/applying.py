"""From confirmed rows to promises: workers, consents, sponsorships and reserved months, chunk by chunk, then one bill.

A chunk is one transaction of a few statements under the upload's lock, and notes how far it came: a worker that dies goes on where it
stopped, and nothing is made twice (one sponsorship for a row). A row becomes a promise wholly, or is passed over with its reason.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from sertakan.accounts.models import Person
from sertakan.audit.service import record
from sertakan.batch import insert_new
from sertakan.bulk import budget, checking, queries, replacing, takeover
from sertakan.bulk import service as uploads
from sertakan.bulk.models import Upload, UploadRow
from sertakan.bulk.promising import Entry, Known, Prices, promise
from sertakan.bulk.rows import Kind, Problem, pack, plain, values_in
from sertakan.bulk.rules import RowState, UploadState
from sertakan.coverage.models import CoverageMonth
from sertakan.db import db, keyring, new_ref, transaction
from sertakan.kit import clock, nik, phone
from sertakan.kit.text import one_line
from sertakan.notices import service as notices
from sertakan.notices.links import absolute
from sertakan.payments import bills
from sertakan.workers.models import Sex, Worker, WorkerState
from sertakan.workers.rules import GONE

CHUNK = 1_000


# ---- chunk by chunk ------------------------------------------------------------------------------------------------------------


def apply(upload_id: int) -> str:
    """Make the promises of a confirmed upload and its bill; returns the state it ends in."""
    with transaction():
        upload = queries.get(upload_id, lock=True)
        if upload.state is UploadState.confirmed:
            uploads.move(upload, UploadState.applying)
    while _next_chunk(upload_id):
        pass
    return queries.get(upload_id).state.value


def _next_chunk(upload_id: int) -> bool:
    """One more transaction; False when there was nothing left to do."""
    with transaction():
        upload = queries.get(upload_id, lock=True)
        if upload.state is not UploadState.applying:
            return False
        rows = queries.ready_rows(upload.id, upload.rows_applied, CHUNK)
        if not rows:
            _finish(upload)
            return False
        _apply_rows(upload, rows)
        upload.rows_applied = rows[-1].row_number
        return True


def _apply_rows(upload: Upload, rows: Sequence[UploadRow]) -> None:
    kelurahan = checking.words().kelurahan
    entries = [entry_of(row, kelurahan) for row in rows]
    actor, now = _signer(upload), clock.now()
    made = _insert_workers(entries, actor, now)
    known = _lock_workers([entry.nik_hash for entry in entries])
    prices = Prices(upload)
    replacing.hand_over(actor=actor.ref, upload=upload)
    passed = _pass_over(upload, rows, known, made, prices)
    entries = [entry for entry in entries if entry.row_number not in passed]
    if entries:
        _record_workers(actor, entries, known, made)
        if upload.decree_id is not None:
            takeover.free(actor=actor.ref, worker_ids=[known[one.nik_hash].id for one in entries], months=prices.months)
        promise(upload, entries, known, prices, actor, now)
    replacing.fill(actor=actor.ref, upload=upload)


def entry_of(row: UploadRow, kelurahan: Mapping[str, str]) -> Entry:
    """The row's cells as they are stored: every cell has been checked already."""
    values = values_in(row.content)
    typed = values["phone"]
    return Entry(
        row_id=row.id,
        ref=row.ref,
        row_number=row.row_number,
        nik_hash=row.nik_hash or "",
        number=nik.check(nik.clean(values["nik"].lstrip("'")), clock.today()),
        name=one_line(values["name"]),
        phone=phone.parse(typed) if typed else None,
        occupation_code=row.occupation_code or "",
        kelurahan_code=kelurahan.get(plain(values["kelurahan"])) if values["kelurahan"] else None,
        post=checking.post_in(values) or None,
    )


def _signer(upload: Upload) -> Person:
    """Who asked for it; the promises are in her name for the organisation."""
    person = upload.submitted_by
    assert person is not None  # an upload is submitted before it is confirmed
    return person


# ---- workers -------------------------------------------------------------------------------------------------------------------


def _insert_workers(entries: Sequence[Entry], actor: Person, now: datetime) -> set[str]:
    """Rows for those whom nobody knew; a row that is there stays as it is. Returns the references of the new ones."""
    there = set(db.session.scalars(select(Worker.nik_hash).where(Worker.nik_hash.in_([one.nik_hash for one in entries]))))
    seal = keyring().seal
    rows: list[dict[str, Any]] = []
    for one in entries:
        if one.nik_hash in there:
            continue
        ref = new_ref()
        rows.append(
            {
                "ref": ref,
                "name": one.name,
                "nik_sealed": seal(one.number.digits, f"worker:{ref}:nik_sealed"),
                "nik_hash": one.nik_hash,
                "born_on": one.number.born_on,
                "sex": Sex(one.number.sex),
                "phone_sealed": seal(one.phone, f"worker:{ref}:phone_sealed") if one.phone else None,
                "kelurahan_code": one.kelurahan_code,
                "occupation_code": one.occupation_code,
                "employs_others": False,
                "state": WorkerState.proposed,
                "created_by_id": actor.id,
                "created_at": now,
            }
        )
    insert_new(Worker, rows)
    return {row["ref"] for row in rows}


def _lock_workers(hashes: Sequence[str]) -> dict[str, Known]:
    columns = (Worker.id, Worker.ref, Worker.name, Worker.born_on, Worker.occupation_code, Worker.employs_others, Worker.state)
    statement = select(Worker.nik_hash, *columns).where(Worker.nik_hash.in_(hashes)).order_by(Worker.id).with_for_update()
    return {row[0]: Known(*row[1:]) for row in db.session.execute(statement)}


def _record_workers(actor: Person, entries: Sequence[Entry], known: Mapping[str, Known], made: set[str]) -> None:
    for one in entries:
        worker = known[one.nik_hash]
        if worker.ref in made:
            after = {"occupation": one.occupation_code, "kelurahan": one.kelurahan_code}
            record(actor=actor.ref, action="worker.create", subject=f"worker:{worker.ref}", after=after)


# ---- rows that cannot become a promise -----------------------------------------------------------------------------------------


def _pass_over(upload: Upload, rows: Sequence[UploadRow], known: Mapping[str, Known], made: set[str], prices: Prices) -> set[int]:
    """Rows of people who are covered meanwhile, or who cannot be registered any more. Returns their numbers."""
    checker = checking.Checker(upload, checking.words(), clock.today())
    there = [who for who, worker in known.items() if worker.ref not in made]  # who is new has no months
    taken = checking.covered_until(there, prices.months, upload.decree_id is not None)
    own, left = checker.employees_among(list(known)), budget.left_of(upload)
    passed = set()
    for row in rows:
        who, quote = row.nik_hash or "", prices.of(row.occupation_code or "")
        problem = None
        if known[who].state in GONE or quote is None:
            problem = Problem(Kind.gone, "nik")
        elif who in own:
            problem = Problem(Kind.own_employee, "nik")
        elif who in taken:
            problem = checking.covered(taken[who])
        elif left is not None:
            left -= quote.total_rupiah
            if left < 0:
                problem, left = Problem(Kind.over_ceiling, "nik"), left + quote.total_rupiah
        if problem is not None:
            [(_number, found, _who)] = checker.rows([(row.row_number, values_in(row.content))])
            already = {one.kind for one in found.problems}
            row.content = pack(found if problem.kind in already else found.but(problem))
            row.state, row.kind = RowState.skipped, problem.kind
            passed.add(row.row_number)
    return passed


# ---- the bill ------------------------------------------------------------------------------------------------------------------


def _finish(upload: Upload) -> None:
    """Every row has been looked at: one bill for all that became promises, or none when nothing did."""
    mine = select(UploadRow.sponsorship_id).where(UploadRow.upload_id == upload.id, UploadRow.sponsorship_id.is_not(None))
    workers = db.session.scalar(select(func.count()).select_from(mine.subquery())) or 0
    actor = _signer(upload)
    if workers and (upload.replaces_id is None or queries.promised_months(upload.id)):
        months = select(CoverageMonth.id).where(CoverageMonth.sponsorship_id.in_(mine))
        order = bills.open_bill(
            actor=actor.ref, organisation=upload.organisation, months=months, workers=workers, locale=actor.locale
        )
        upload.order_id = order.id
        _tell(upload, order.id, actor)
    uploads.move(upload, UploadState.applied)
    upload.applied_at = clock.now()
    uploads.count_again(upload)
    facts = {"workers": workers, "skipped": (upload.counts or {})["skipped"], "mark": upload.mark}
    record(actor=actor.ref, action="upload.apply", subject=uploads.subject(upload), after=facts)


def _tell(upload: Upload, order_id: int, actor: Person) -> None:
    """Who asked and who agreed hear that the bill is there."""
    invoice = bills.invoice_of(order_id)
    for person in {row.id: row for row in (actor, upload.decided_by) if row is not None}.values():
        notices.queue(
            key=f"bill_ready:{invoice.ref}:{person.ref}",
            kind="bill_ready",
            subject=uploads.subject(upload),
            person=person,
            context={
                "invoice": invoice.label,
                "amount": invoice.order.amount_rupiah,
                "workers": invoice.workers,
                "due_on": invoice.due_on,
                "url": absolute("bills.show", person.locale, share=invoice.share_ref),
            },
        )
