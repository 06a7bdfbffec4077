"""The demo's batches: every month that went on to BPJS stands in one, and there is one of each state to look at."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from sertakan.accounts.models import Person
from sertakan.audit import service as audit
from sertakan.coverage.models import CoverageMonth, MonthSource
from sertakan.coverage.rules import MonthState
from sertakan.db import db
from sertakan.demo.people import Crowd
from sertakan.kit import clock
from sertakan.kit.months import Month
from sertakan.remittance import queries
from sertakan.remittance.models import AnswerFile, AnswerRow, Batch, Line, Repair
from sertakan.remittance.rules import BatchState, BounceReason, FileState, LineState, Problem, RepairState, Result
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import ReviewState

S = MonthState
LINES = {S.posted: LineState.posted, S.bounced: LineState.refused, S.remitted: LineState.paid, S.paid: LineState.open}
BOUNCES = (BounceReason.nik_unknown, BounceReason.name_differs, BounceReason.birth_differs)
SMALL = 5  # months in the batches that wait


class Batches:
    """Writes them around the demo's day: `maker` gathers and locks, `checker` marks paid."""

    def __init__(self, crowd: Crowd, now: datetime, maker: Person, checker: Person) -> None:
        self.crowd, self.now, self.maker, self.checker = crowd, now, maker, checker

    def tell(self) -> int:
        """One batch for each month that went on, then those that wait. Returns how many."""
        sent = self._months(S.posted, S.remitted, S.bounced)
        for month in sorted({cell.month for cell in sent}):
            self._sent([cell for cell in sent if cell.month == month], month)
        waiting = self._months(S.paid)
        for place, state in enumerate((BatchState.code_received, BatchState.locked, BatchState.draft, BatchState.dropped)):
            chosen = waiting[place * SMALL : (place + 1) * SMALL]
            if chosen:
                self._waiting(chosen, state)
        db.session.flush()
        return len({cell.month for cell in sent}) + 4

    def _months(self, *states: MonthState) -> Sequence[CoverageMonth]:
        statement = (
            select(CoverageMonth)
            .join(Sponsorship, Sponsorship.id == CoverageMonth.sponsorship_id)
            .where(CoverageMonth.state.in_(states), CoverageMonth.source == MonthSource.sponsorship)
            .where(Sponsorship.review_state == ReviewState.approved)
            .order_by(CoverageMonth.month, CoverageMonth.id)
        )
        return db.session.scalars(statement).all()

    def _batch(self, through: Month, at: datetime) -> Batch:
        batch = Batch(
            code=self.crowd.code(),
            state=BatchState.draft,
            through_month=through,
            totals={},
            created_by_id=self.maker.id,
            created_at=at,
        )
        db.session.add(batch)
        db.session.flush()
        return batch

    def _fill(self, batch: Batch, months: Sequence[CoverageMonth], state: LineState | None = None) -> None:
        for number, cell in enumerate(months):
            line = Line(
                batch_id=batch.id, coverage_month_id=cell.id, state=state or LINES[cell.state], amount_rupiah=cell.price_rupiah
            )
            if line.state in (LineState.posted, LineState.refused):
                line.answered_at, line.told = cell.posted_at or cell.closed_at, True
            db.session.add(line)
            if line.state is LineState.refused:
                line.reason = BOUNCES[number % len(BOUNCES)]
                db.session.flush()
                opened = cell.closed_at or self.now
                db.session.add(Repair(line_id=line.id, coverage_month_id=cell.id, state=RepairState.open, opened_at=opened))
        db.session.flush()

    def _sum(self, batch: Batch) -> None:
        batch.totals = queries.totals_of(queries.months_in(batch.id).subquery())
        batch.months, batch.amount_rupiah = batch.totals["months"], batch.totals["amount"]

    def _lock(self, batch: Batch, at: datetime) -> None:
        self._sum(batch)
        batch.fingerprint = queries.fingerprint_of(batch.id)
        batch.locked_by_id, batch.locked_at = self.maker.id, at

    def _sent(self, months: Sequence[CoverageMonth], month: Month) -> None:
        """Paid on, and closed when BPJS has answered every line."""
        at = max(cell.remitted_at for cell in months if cell.remitted_at)
        batch = self._batch(month, at - timedelta(hours=3))
        self._fill(batch, months)
        self._lock(batch, at - timedelta(hours=2))
        batch.payment_code, batch.code_at = f"BPU-{month}", at - timedelta(hours=1)
        batch.paid_by_id, batch.paid_at, batch.proof, batch.done = self.checker.id, at, f"TRX-{month}", batch.months
        batch.state = BatchState.paid
        states = {cell.state for cell in months}
        if S.remitted not in states:
            batch.state = BatchState.partly_closed if S.bounced in states else BatchState.closed
            batch.closed_at = max(cell.posted_at or cell.closed_at or at for cell in months)
        self._note(batch, at)
        if batch.state is BatchState.paid:
            self._file(batch, FileState.refused, [Problem("A7", "nik_rounded", {}), Problem("C12", "amount_unreadable", {})])
        else:
            self._file(batch, FileState.applied, [])

    def _file(self, batch: Batch, state: FileState, problems: list[Problem]) -> None:
        """BPJS's answer as a file: applied with a row for each line, or refused with its problems."""
        at = min(batch.closed_at or self.now, self.now)
        file = AnswerFile(
            batch_id=batch.id,
            fingerprint=hashlib.sha256(batch.code.encode()).hexdigest(),
            state=state,
            rows=batch.months,
            done=0 if problems else batch.months,
            problem_count=len(problems),
            problems=[problem.row() for problem in problems],
            uploaded_by_id=self.maker.id,
            uploaded_at=at,
            closed_at=at,
        )
        db.session.add(file)
        db.session.flush()
        if problems:
            return
        for number, line in enumerate(db.session.scalars(select(Line).where(Line.batch_id == batch.id).order_by(Line.id)), 2):
            result = Result.bounced if line.reason else Result.posted
            row = AnswerRow(file_id=file.id, row=number, line_id=line.id, result=result, reason=line.reason, applied=True)
            db.session.add(row)

    def _waiting(self, months: Sequence[CoverageMonth], state: BatchState) -> None:
        at = self.now - timedelta(hours=5)
        batch = self._batch(max(cell.month for cell in months), at)
        self._fill(batch, months, LineState.dropped if state is BatchState.dropped else None)
        self._sum(batch)
        if state in (BatchState.locked, BatchState.code_received):
            self._lock(batch, at)
            for cell in months:
                cell.sending_at = at
        if state is BatchState.code_received:
            batch.payment_code, batch.code_at = "BPU-77120", at
        if state is BatchState.dropped:
            batch.closed_at = at
        batch.state = state
        self._note(batch, at)

    def _note(self, batch: Batch, at: datetime) -> None:
        with clock.frozen(at):
            facts = {"months": batch.months, "amount_rupiah": batch.amount_rupiah}
            audit.record(actor=self.maker.ref, action=f"batch.{batch.state.value}", subject=f"batch:{batch.ref}", after=facts)
