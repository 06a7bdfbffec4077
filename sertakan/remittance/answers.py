"""The answers of BPJS: a file is read whole and checked whole before anything of it counts; then applied in chunks; or one by hand."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select, update

from sertakan.accounts.models import Person
from sertakan.audit.service import record
from sertakan.coverage import service as coverage_service
from sertakan.coverage.models import CoverageMonth
from sertakan.coverage.rules import MonthState
from sertakan.db import blind, db, transaction
from sertakan.kit import clock, money, nik, sheet
from sertakan.kit.errors import Refused
from sertakan.kit.months import Month
from sertakan.remittance import queries, rules, service
from sertakan.remittance.models import AnswerFile, AnswerRow, Batch, Line, Repair
from sertakan.remittance.rules import BatchState, BounceReason, FileState, LineState, Problem, RepairState, Result
from sertakan.workers.models import Worker

LIMITS = sheet.Limits(rows=rules.MOST_MONTHS + 1_000, columns=60)
ANSWERED = {LineState.posted: Result.posted, LineState.refused: Result.bounced}


def subject(file: AnswerFile) -> str:
    """How the trail names it."""
    return f"answer:{file.ref}"


def move_file(*, actor: str, file: AnswerFile, to: FileState, facts: dict[str, Any] | None = None) -> None:
    """The only place that sets a file's state. An edge that the table does not have is a bug: IllegalMove."""
    before = file.state
    rules.check_move(rules.FILE_MOVES, before, to)
    file.state = to
    if not rules.FILE_MOVES[to]:
        file.closed_at = clock.now()
    record(
        actor=actor,
        action=f"answer.{to.value}",
        subject=subject(file),
        before={"state": before.value},
        after={"state": to.value} | (facts or {}),
    )


def receive(*, actor: Person, batch: Batch, data: bytes) -> AnswerFile:
    """Keep a file for `read`. Refuses WrongStep before the batch was paid, SheetTooBig, and SameFile: the same bytes change nothing."""
    if batch.state not in (BatchState.paid, BatchState.closed, BatchState.partly_closed):
        raise rules.WrongStep
    if len(data) > LIMITS.megabytes << 20:
        raise sheet.SheetTooBig(field="file", limit=LIMITS.megabytes)
    mark = hashlib.sha256(data).hexdigest()
    if db.session.scalar(select(AnswerFile.id).where(AnswerFile.batch_id == batch.id, AnswerFile.fingerprint == mark)):
        raise rules.SameFile(field="file")
    file = AnswerFile(
        batch_id=batch.id,
        fingerprint=mark,
        state=FileState.uploaded,
        problems=[],
        uploaded_by_id=actor.id,
        uploaded_at=clock.now(),
    )
    file.content = base64.b64encode(data).decode()
    db.session.add(file)
    db.session.flush()
    facts = {"batch": batch.code, "fingerprint": mark, "bytes": len(data)}
    record(actor=actor.ref, action="answer.upload", subject=subject(file), after=facts)
    return file


# ---- reading -------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sent:
    """A line as an answer must fit it."""

    line_id: int
    state: LineState
    amount_rupiah: int


class Check:
    """Reads the rows of one file against the lines of its batch and collects every problem."""

    def __init__(self, sent: dict[tuple[str, Month], Sent]) -> None:
        self.sent, self.workers = sent, {worker for worker, _month in sent}
        self.seen: dict[int, int] = {}
        self.problems: list[Problem] = []
        self.answers: list[dict[str, Any]] = []
        self.rows = 0

    def read(self, record: sheet.Record) -> None:
        """One row: an answer, nothing new, or one or more problems."""
        self.rows += 1
        before = len(self.problems)
        line = self._line(record)
        result = rules.read_result(record.values["result"])
        if result is None:
            self._complain(record, "result", "result_unreadable")
        reason = rules.read_reason(record.values.get("reason", "")) if result is Result.bounced else None
        if result is Result.bounced and reason is None:
            self._complain(record, "reason", "reason_missing")
        if line is not None:
            self._fits(record, line, result)
        if len(self.problems) == before and line is not None and result is not None and line.state is LineState.paid:
            evidence = record.values.get("evidence", "")[:120] or None
            self.answers.append(
                {"row": record.row, "line_id": line.line_id, "result": result, "reason": reason, "evidence": evidence}
            )

    def _line(self, record: sheet.Record) -> Sent | None:
        typed = record.values["nik"]
        month = rules.read_month(record.values["month"])
        if month is None:
            self._complain(record, "month", "month_unreadable")
        if isinstance(typed, sheet.Rounded):
            return self._complain(record, "nik", "nik_rounded")
        worker = blind(nik.clean(typed), "nik")
        if worker not in self.workers:
            return self._complain(record, "nik", "nik_unknown")
        if month is None:
            return None
        return self.sent.get((worker, month)) or self._complain(record, "month", "month_unknown")

    def _fits(self, record: sheet.Record, line: Sent, result: Result | None) -> None:
        try:
            if money.parse(record.values["amount"]) != line.amount_rupiah:
                self._complain(record, "amount", "amount_differs", expected=money.rupiah(line.amount_rupiah))
        except Refused:
            self._complain(record, "amount", "amount_unreadable")
        if line.line_id in self.seen:
            self._complain(record, "result", "twice", row=self.seen[line.line_id])
        self.seen.setdefault(line.line_id, record.row)
        if line.state is LineState.open:
            self._complain(record, "result", "not_paid")
        elif result and ANSWERED.get(line.state, result) is not result:
            self._complain(record, "result", "answered")

    def _complain(self, record: sheet.Record, key: str, code: str, **params: Any) -> Sent | None:
        """Note the problem; there is no line then."""
        self.problems.append(Problem(record.place(key), code, params))
        return None


def _sent(batch_id: int) -> dict[tuple[str, Month], Sent]:
    rows = db.session.execute(
        select(Worker.nik_hash, CoverageMonth.month, Line.id, Line.state, Line.amount_rupiah)
        .join(CoverageMonth, CoverageMonth.id == Line.coverage_month_id)
        .join(Worker, Worker.id == CoverageMonth.worker_id)
        .where(Line.batch_id == batch_id, Line.state != LineState.dropped)
        .execution_options(yield_per=rules.CHUNK)
    )
    return {(row[0], row[1]): Sent(row[2], row[3], row[4]) for row in rows}


def read(file_id: int) -> FileState:
    """Check the whole file; with one problem or more nothing of it counts. Its bytes are forgotten either way. Safe to repeat."""
    file = db.session.get_one(AnswerFile, file_id)
    if file.state is not FileState.uploaded or file.content is None:
        return file.state
    data, batch_id = base64.b64decode(file.content), file.batch_id
    titles = {field: title for field, (title, _place) in queries.columns("answer").items()}
    check, refusal = Check(_sent(batch_id)), None
    db.session.rollback()
    try:
        for row in sheet.records(data, rules.answer_columns(titles), LIMITS):
            check.read(row)
        if not check.rows:
            raise sheet.SheetEmpty
    except Refused as no:
        refusal = no
    with transaction():
        return _keep(file_id, check, refusal)


def _keep(file_id: int, check: Check, refusal: Refused | None) -> FileState:
    file = _lock_file(file_id)
    if file.state is not FileState.uploaded:
        return file.state
    file.content, file.rows = None, check.rows
    if refusal is not None:
        file.refusal, file.refusal_params = refusal.message, refusal.params
    file.problem_count = len(check.problems)
    file.problems = [problem.row() for problem in check.problems[: rules.MOST_PROBLEMS]]
    if refusal is not None or check.problems:
        facts = {"rows": check.rows, "problems": file.problem_count}
        move_file(actor="system", file=file, to=FileState.refused, facts=facts)
        return file.state
    for start in range(0, len(check.answers), rules.CHUNK):
        chunk = [answer | {"file_id": file_id, "applied": False} for answer in check.answers[start : start + rules.CHUNK]]
        db.session.execute(insert(AnswerRow), chunk)
    file.done = check.rows - len(check.answers)  # what was known already
    move_file(actor="system", file=file, to=FileState.applying, facts={"rows": check.rows, "new": len(check.answers)})
    return file.state


def _lock_file(file_id: int) -> AnswerFile:
    statement = select(AnswerFile).where(AnswerFile.id == file_id).with_for_update()
    return db.session.scalars(statement.execution_options(populate_existing=True)).one()


# ---- applying ------------------------------------------------------------------------------------------------------------------


def apply_chunk(file_id: int, size: int = rules.CHUNK) -> bool:
    """Let the next rows count; False when the file is done. One transaction: a crash leaves whole chunks, never half a month."""
    with transaction():
        batch_id = db.session.get_one(AnswerFile, file_id).batch_id
        batch = queries.get_by_id(batch_id, lock=True)
        file = _lock_file(file_id)
        if file.state is not FileState.applying:
            return False
        rows = db.session.scalars(
            select(AnswerRow).where(AnswerRow.file_id == file_id, AnswerRow.applied.is_(False)).order_by(AnswerRow.id).limit(size)
        ).all()
        if not rows:
            move_file(actor="system", file=file, to=FileState.applied, facts={"rows": file.rows})
            service.close_if_answered(batch)
            return False
        _apply(file, rows)
        return True


def _apply(file: AnswerFile, rows: Sequence[AnswerRow]) -> None:
    """Rows whose line was answered by hand since the check are passed over: the first answer stands."""
    states = db.session.execute(
        select(Line.id, Line.coverage_month_id).where(Line.id.in_([row.line_id for row in rows]), Line.state == LineState.paid)
    )
    months: dict[int, int] = {row.id: row.coverage_month_id for row in states}
    actor, standing = file.uploaded_by.ref, f"jawaban {file.fingerprint[:12]}"
    posted = {row.line_id: row.evidence or standing for row in rows if row.line_id in months and row.result is Result.posted}
    bounced = {row.line_id: row.reason for row in rows if row.line_id in months and row.result is Result.bounced and row.reason}
    ids, count, file_id = [row.id for row in rows], len(rows), file.id
    if posted:
        _post(actor, {line: months[line] for line in posted}, {months[line]: words for line, words in posted.items()})
    if bounced:
        _bounce(actor, {line: months[line] for line in bounced}, bounced)
    db.session.execute(
        update(AnswerRow).where(AnswerRow.id.in_(ids)).values(applied=True).execution_options(synchronize_session=False)
    )
    db.session.execute(
        update(AnswerFile)
        .where(AnswerFile.id == file_id)
        .values(done=AnswerFile.done + count)
        .execution_options(synchronize_session=False)
    )
    db.session.expire_all()


def _post(actor: str, months: dict[int, int], evidence: dict[int, str]) -> None:
    coverage_service.move_many(
        actor=actor, ids=list(months.values()), before=MonthState.remitted, to=MonthState.posted, evidence=evidence
    )
    service.move_lines(list(months), LineState.paid, LineState.posted, answered_at=clock.now(), told=False)


def _bounce(actor: str, months: dict[int, int], reasons: dict[int, BounceReason]) -> None:
    """The month's slot is free again, its money waits with us, and an officer finds a task (PRODUCT 5.3)."""
    words = {months[line]: reason.value for line, reason in reasons.items()}
    coverage_service.move_many(
        actor=actor, ids=list(months.values()), before=MonthState.remitted, to=MonthState.bounced, reasons=words
    )
    now = clock.now()
    for reason in sorted(set(reasons.values())):
        lines = [line for line, why in reasons.items() if why is reason]
        service.move_lines(lines, LineState.paid, LineState.refused, reason=reason, answered_at=now, told=False)
    db.session.execute(
        insert(Repair),
        [
            {"line_id": line, "coverage_month_id": month, "state": RepairState.open, "opened_at": now}
            for line, month in months.items()
        ],
    )


def answer_by_hand(
    *, actor: Person, batch: Batch, line: Line, result: Result, reason: BounceReason | None, evidence: str
) -> None:
    """One line's answer, with the evidence a person has seen. Refuses EvidenceNeeded, ReasonNeeded, NotAnswerable."""
    if not evidence.strip():
        raise rules.EvidenceNeeded(field="evidence")
    if result is Result.bounced and reason is None:
        raise rules.ReasonNeeded(field="reason")
    if line.state is not LineState.paid:
        raise rules.NotAnswerable
    months, words = {line.id: line.coverage_month_id}, evidence.strip()[:120]
    if result is Result.posted:
        _post(actor.ref, months, {line.coverage_month_id: words})
    else:
        assert reason is not None
        _bounce(actor.ref, months, {line.id: reason})
    record(
        actor=actor.ref,
        action=f"batch.answer_{result.value}",
        subject=service.subject(batch),
        after={"month": line.month.ref, "evidence": words},
        reason=reason.value if reason else None,
    )
    service.close_if_answered(batch)
