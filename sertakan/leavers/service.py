"""The verbs of a file of leavers. The actor is a membership. Run inside `transaction()`, but for `work_off`, which opens its own."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError

from sertakan.accounts.models import MemberRole, Membership
from sertakan.audit.service import SYSTEM, record
from sertakan.coverage.models import CoverageMonth
from sertakan.coverage.rules import MonthState
from sertakan.db import blind, constraint_name, db, transaction
from sertakan.kit import clock, sheet
from sertakan.kit.months import Month
from sertakan.kit.text import one_line
from sertakan.leavers import queries, rules
from sertakan.leavers.models import LeaverFile, LeaverRow
from sertakan.leavers.rules import Checked, FileState, Kind, RowState
from sertakan.payments import queries as payments
from sertakan.payments import refunds
from sertakan.payments.models import Payment
from sertakan.payments.rules import RefundReason
from sertakan.sponsorships import leaving

LIMITS = sheet.Limits(megabytes=rules.MEGABYTES, rows=rules.MOST_ROWS)


def subject(file: LeaverFile) -> str:
    """How the trail names it."""
    return f"leavers:{file.ref}"


def _note(actor: str, what: str, file: LeaverFile, **facts: Any) -> None:
    record(actor=actor, action=f"leavers.{what}", subject=subject(file), after=facts or None)


def _must_be(actor: Membership, role: MemberRole) -> None:
    if actor.ended_at is not None or actor.role is not role:
        raise rules.NotYourPart


def _move(file: LeaverFile, to: FileState) -> None:
    """The only place that sets a file's state."""
    rules.check_move(file.state, to)
    file.state = to


# ---- checking ------------------------------------------------------------------------------------------------------------------


def read(data: bytes) -> list[Checked]:
    """The rows of a file, each looked at by itself. Outside any transaction: another process reads. Refuses what `sheet` refuses."""
    if not data:
        raise rules.FileMissing(field="file")
    this, found = Month.of(clock.today()), []
    first: dict[str, int] = {}
    for one in sheet.records(data, rules.COLUMNS, LIMITS):
        row = rules.check(one.row, one.values, this)
        if row.digits:
            before = first.setdefault(row.digits, row.number)
            if before != row.number:
                row = Checked(row.number, row.shown, kind=Kind.nik_twice, row=before)
        found.append(row)
    return found


def start(*, actor: Membership, name: str, data: bytes, rows: Sequence[Checked]) -> LeaverFile:
    """Keep a file's rows and what each would free; nothing else changes. Refuses NotYourPart, SameFile."""
    _must_be(actor, MemberRole.maker)
    file = LeaverFile(
        organisation=actor.organisation,
        name=one_line(name)[:120] or "berkas",
        fingerprint=hashlib.sha256(data).hexdigest(),
        counts={},
        mark="",
        made_by_id=actor.person_id,
        created_at=clock.now(),
    )
    _add(file, actor.organisation_id)
    for part in _parts(rows):
        db.session.execute(insert(LeaverRow), _values(file, actor.organisation_id, part))
    _count(file)
    _note(actor.person.ref, "start", file, rows=len(rows), ready=file.counts["ready"])
    return file


def _parts(rows: Sequence[Checked]) -> Iterable[Sequence[Checked]]:
    return (rows[start : start + rules.CHUNK] for start in range(0, len(rows), rules.CHUNK))


def _add(file: LeaverFile, organisation_id: int) -> None:
    """The same file twice does nothing and says so (unique index)."""
    try:
        with db.session.begin_nested():
            db.session.add(file)
    except IntegrityError as error:
        if constraint_name(error) != "uq_leaver_file":
            raise
        known = queries.find_same(organisation_id, file.fingerprint)
        when = clock.local(known.created_at).strftime("%d-%m-%Y %H.%M") if known else ""
        raise rules.SameFile(field="file", when=when) from error


def _values(file: LeaverFile, organisation_id: int, part: Sequence[Checked]) -> list[dict[str, Any]]:
    """The rows of a part as they are kept, looked up in the organisation's own list."""
    marks = {row.number: blind(row.digits, "nik") for row in part if row.digits and row.kind is None}
    known = queries.workers_by_hash(organisation_id, list(marks.values()))
    months = queries.months_of(organisation_id, list(known.values()))
    return [_value(file, row, known.get(marks.get(row.number, "")), months) for row in part]


def _value(file: LeaverFile, row: Checked, worker_id: int | None, months: dict[int, list[CoverageMonth]]) -> dict[str, Any]:
    value: dict[str, Any] = {
        "file_id": file.id,
        "row_number": row.number,
        "shown": row.shown,
        "worker_id": None,
        "last_month": row.month,
        "reason": row.reason,
        "state": RowState.wrong,
        "kind": row.kind,
        "same_row": row.row or None,
        "months_freed": 0,
        "months_kept": 0,
        "freed_rupiah": 0,
    }
    if row.kind is not None:
        return value
    if worker_id is None or row.month is None:
        return value | {"kind": Kind.not_listed}
    what = _what(months.get(worker_id, []), row.month)
    state, kind = (RowState.ready, None) if what["months_freed"] else (RowState.skipped, Kind.nothing_left)
    return value | what | {"worker_id": worker_id, "state": state, "kind": kind}


def _what(months: Sequence[CoverageMonth], last: Month) -> dict[str, int]:
    """What ends after a month: months that become free, those that stay because BPJS has them, and the rupiah in the free ones."""
    later = [row for row in months if row.month > last]
    free = [row for row in later if leaving.may_be_freed(row)]
    rupiah = sum(row.price_rupiah for row in free if row.state is MonthState.paid)
    return {"months_freed": len(free), "months_kept": len(later) - len(free), "freed_rupiah": rupiah}


def _count(file: LeaverFile) -> None:
    file.counts = queries.counts_of(file.id)
    file.mark = rules.fingerprint(queries.marks_of(file.id))


# ---- deciding ------------------------------------------------------------------------------------------------------------------


def confirm(*, actor: Membership, file: LeaverFile, seen: str) -> bool:
    """The checker says yes to exactly what was shown. Refuses NotYourPart, OwnFile, NotNow, NothingReady.

    The ledger is looked at once more; when something else would become free than what was seen, the counts are made anew, False
    is returned and nothing is confirmed.
    """
    _must_be(actor, MemberRole.checker)
    if actor.person_id == file.made_by_id:
        raise rules.OwnFile
    if file.state is not FileState.checked:
        raise rules.NotNow
    _look_again(file)
    if not file.counts["ready"]:
        raise rules.NothingReady
    if seen != file.mark:
        _note(actor.person.ref, "changed", file, ready=file.counts["ready"])
        return False
    _move(file, FileState.confirmed)
    file.decided_by_id, file.decided_at = actor.person_id, clock.now()
    _note(actor.person.ref, "confirm", file, ready=file.counts["ready"], rupiah=file.counts["rupiah"], mark=file.mark)
    return True


def _look_again(file: LeaverFile) -> None:
    after = 0
    while rows := queries.rows_of(file.id, RowState.ready, after):
        after = rows[-1].row_number
        months = queries.months_of(file.organisation_id, [row.worker_id for row in rows if row.worker_id])
        for row in rows:
            assert row.worker_id is not None
            assert row.last_month is not None
            for name, value in _what(months.get(row.worker_id, []), row.last_month).items():
                setattr(row, name, value)
            if not row.months_freed:
                row.state, row.kind = RowState.skipped, Kind.nothing_left
        db.session.flush()
    _count(file)


def withdraw(*, actor: Membership, file: LeaverFile) -> None:
    """The maker takes it back before it is confirmed. Refuses NotYourPart, NotNow."""
    _must_be(actor, MemberRole.maker)
    _move(file, FileState.withdrawn)
    _note(actor.person.ref, "withdraw", file)


# ---- working off ---------------------------------------------------------------------------------------------------------------


def work_off(file_id: int, chunk: int = rules.CHUNK) -> int:
    """End what a confirmed file says, a chunk a transaction, each row once; goes on where a dead worker stopped. Returns how many."""
    done = 0
    while True:
        with transaction():
            file = queries.get(file_id, lock=True)
            if file.state is not FileState.confirmed:
                return done
            rows = queries.rows_of(file.id, RowState.ready, limit=chunk, lock=True)
            if not rows:
                _move(file, FileState.done)
                file.done_at, file.counts = clock.now(), queries.counts_of(file.id)
                _note(SYSTEM, "done", file, rows=file.counts["done"], rupiah=file.counts["rupiah"])
                return done
            freed = [month for row in rows for month in _end(file, row)]
            _park(freed)
            done += len(rows)


def _end(file: LeaverFile, row: LeaverRow) -> list[CoverageMonth]:
    """One worker leaves; returns the months whose money waits now."""
    assert row.worker_id is not None
    assert row.last_month is not None
    assert row.reason is not None
    months: list[CoverageMonth] = []
    before = _what(queries.months_of(file.organisation_id, [row.worker_id]).get(row.worker_id, []), row.last_month)
    actor = file.decided_by.ref if file.decided_by else SYSTEM
    for promise in queries.promises_of(file.organisation_id, row.worker_id):
        months += leaving.end_after(actor=actor, sponsorship=promise, month=row.last_month, reason=f"left: {row.reason.value}")
    db.session.execute(
        update(LeaverRow).where(LeaverRow.id == row.id).values(state=RowState.done, **before),
        execution_options={"synchronize_session": False},
    )
    return months


def _park(months: Sequence[CoverageMonth]) -> None:
    """The money of these months fills none now: one open suspense for each payment, which finance books onto other months of the
    organisation or gives back.
    """
    by_payment: dict[int, int] = {}
    allocations = payments.live_allocations([month.id for month in months])
    for allocation in allocations:
        by_payment[allocation.payment_id] = by_payment.get(allocation.payment_id, 0) + allocation.amount_rupiah
    refunds.free(allocations)
    for payment_id, amount in by_payment.items():
        refunds.park(db.session.get_one(Payment, payment_id), amount, RefundReason.cancelled)
