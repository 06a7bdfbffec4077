"""The verbs of a batch: gather, lock, note the code, mark paid. Run inside `transaction()`; the batch's row is locked first.

From the lock on the batch's months cannot be taken back by their sponsors: what is paid to BPJS is what was locked.
"""

from typing import Any, cast

from sqlalchemy import ColumnElement, Select, Table, exists, literal, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from sertakan.accounts.models import Person
from sertakan.audit.service import record
from sertakan.coverage import service as coverage_service
from sertakan.coverage.models import CoverageMonth
from sertakan.coverage.rules import MonthState
from sertakan.db import db
from sertakan.kit import clock, money
from sertakan.kit.codes import new_code
from sertakan.kit.months import Month
from sertakan.payments import queries as payment_queries
from sertakan.payments import refunds
from sertakan.payments.models import Allocation, Order, Payment
from sertakan.remittance import queries, rules
from sertakan.remittance.models import Batch, Line
from sertakan.remittance.rules import LIVING, BatchState, LineState
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import ReviewState
from sertakan.workers.models import Worker
from sertakan.workers.rules import GONE


def subject(batch: Batch) -> str:
    """How the trail names it."""
    return f"batch:{batch.ref}"


def move_batch(
    *, actor: str, batch: Batch, to: BatchState, reason: str | None = None, facts: dict[str, Any] | None = None
) -> None:
    """The only place that sets a batch's state. Refuses WrongStep."""
    before = batch.state
    rules.check_step(rules.BATCH_MOVES, before, to)
    batch.state = to
    if not rules.BATCH_MOVES[to]:
        batch.closed_at = clock.now()
    record(
        actor=actor,
        action=f"batch.{to.value}",
        subject=subject(batch),
        before={"state": before.value},
        after={"state": to.value} | (facts or {}),
        reason=reason,
    )


# ---- what may be sent ----------------------------------------------------------------------------------------------------------


def _sendable() -> list[ColumnElement[bool]]:
    """A month that is paid, of an approved promise, for a worker who is not gone (I22), with money that nobody has to look at."""
    held = exists().where(
        Allocation.coverage_month_id == CoverageMonth.id,
        Allocation.freed_at.is_(None),
        Payment.id == Allocation.payment_id,
        Order.id == Payment.order_id,
        Order.held_reason.is_not(None),
    )
    return [
        CoverageMonth.state == MonthState.paid,
        Sponsorship.id == CoverageMonth.sponsorship_id,
        Sponsorship.review_state == ReviewState.approved,
        Worker.id == CoverageMonth.worker_id,
        Worker.state.not_in(GONE),
        ~held,
        ~payment_queries.frozen(CoverageMonth.id),
    ]


def candidates(through: Month, most: int) -> Select[*tuple[Any, ...]]:
    """Months to send: up to a month, the oldest month first, then the one whose money has waited longest; at most `most`."""
    living = exists().where(Line.coverage_month_id == CoverageMonth.id, Line.state.in_(LIVING))
    return (
        select(
            CoverageMonth.id,
            CoverageMonth.payer_kind,
            CoverageMonth.jkk_rupiah,
            CoverageMonth.jkm_rupiah,
            CoverageMonth.jht_rupiah,
            CoverageMonth.relief_rupiah,
            CoverageMonth.price_rupiah,
        )
        .where(*_sendable(), CoverageMonth.month <= through, CoverageMonth.sending_at.is_(None), ~living)
        .order_by(CoverageMonth.month, CoverageMonth.paid_at, CoverageMonth.id)
        .limit(min(most, rules.MOST_MONTHS))
    )


def preview(through: Month, most: int) -> dict[str, Any]:
    """The totals that `gather` would have now, in the shape of `Batch.totals`."""
    return queries.totals_of(candidates(through, most).subquery())


# ---- the steps -----------------------------------------------------------------------------------------------------------------


def gather(*, actor: Person, through: Month, most: int = rules.MOST_MONTHS) -> Batch:
    """A draft of what may be sent now. Refuses NothingToSend. A month stands in one living line at most, whoever gathers at once."""
    batch = Batch(
        code=new_code(),
        state=BatchState.draft,
        through_month=through,
        totals={},
        created_by_id=actor.id,
        created_at=clock.now(),
    )
    db.session.add(batch)
    db.session.flush()
    chosen = candidates(through, most).subquery()
    values = select(literal(batch.id), chosen.c.id, literal(LineState.open.value), chosen.c.price_rupiah)
    names = ["batch_id", "coverage_month_id", "state", "amount_rupiah"]
    insert = postgresql_insert if db.engine.dialect.name == "postgresql" else sqlite_insert
    values = values.where(chosen.c.id > 0)  # SQLite reads ON CONFLICT as part of a join without it
    db.session.execute(insert(cast(Table, Line.__table__)).from_select(names, values).on_conflict_do_nothing())
    _sum_up(batch)
    if not batch.months:
        raise rules.NothingToSend
    facts = {"code": batch.code, "through": str(through), "months": batch.months, "amount_rupiah": batch.amount_rupiah}
    record(actor=actor.ref, action="batch.draft", subject=subject(batch), after=facts)
    return batch


def _sum_up(batch: Batch) -> None:
    batch.totals = queries.totals_of(queries.months_in(batch.id).subquery())
    batch.months, batch.amount_rupiah = batch.totals["months"], batch.totals["amount"]


def lock(*, actor: Person, batch: Batch) -> int:
    """Fix what will be paid. Months that may not be sent any more fall out first; returns how many. Refuses WrongStep, NothingToSend."""
    rules.check_step(rules.BATCH_MOVES, batch.state, BatchState.locked)
    fallen = _drop_lines(batch, still_good=_still_good())
    mine = select(Line.coverage_month_id).where(Line.batch_id == batch.id, Line.state == LineState.open)
    held = coverage_service.hold_for_sending(mine, sending=True)
    _sum_up(batch)
    assert held == batch.months, "every open line is a paid month"
    if not batch.months:
        raise rules.NothingToSend
    batch.fingerprint = queries.fingerprint_of(batch.id)
    batch.locked_by_id, batch.locked_at = actor.id, clock.now()
    facts = {"months": batch.months, "amount_rupiah": batch.amount_rupiah, "fingerprint": batch.fingerprint, "fallen": fallen}
    move_batch(actor=actor.ref, batch=batch, to=BatchState.locked, facts=facts)
    return fallen


def _still_good() -> ColumnElement[bool]:
    """For a line: its month may be sent, today as when it was gathered."""
    return exists().where(CoverageMonth.id == Line.coverage_month_id, *_sendable())


def _drop_lines(batch: Batch, still_good: ColumnElement[bool] | None = None) -> int:
    """Take open lines out: all, or those that are no longer good. The months' rows are locked first."""
    db.session.execute(
        select(CoverageMonth.id)
        .join(Line, Line.coverage_month_id == CoverageMonth.id)
        .where(Line.batch_id == batch.id, Line.state == LineState.open)
        .order_by(CoverageMonth.id)
        .with_for_update(of=CoverageMonth)
    ).all()
    statement = update(Line).where(Line.batch_id == batch.id, Line.state == LineState.open)
    if still_good is not None:
        statement = statement.where(~still_good)
    result = db.session.execute(statement.values(state=LineState.dropped).execution_options(synchronize_session=False))
    db.session.expire_all()
    return int(getattr(result, "rowcount", 0))


def note_code(*, actor: Person, batch: Batch, code: str) -> None:
    """The code with which BPJS wants to be paid. Refuses CodeMissing, WrongStep, and WorkerGone when a worker died meanwhile (I22)."""
    if not code.strip():
        raise rules.CodeMissing(field="payment_code")
    rules.check_step(rules.BATCH_MOVES, batch.state, BatchState.code_received)
    gone = queries.count_gone(batch.id)
    if gone:
        raise rules.WorkerGone(count=gone)
    batch.payment_code, batch.code_at = code.strip()[:40], clock.now()
    move_batch(actor=actor.ref, batch=batch, to=BatchState.code_received, facts={"payment_code": batch.payment_code})


def drop(*, actor: Person, batch: Batch, reason: str) -> None:
    """Give up a batch that was not paid: its months may go into another one; whose sponsor has stopped meanwhile gets the money back.

    Refuses WrongStep.
    """
    rules.check_step(rules.BATCH_MOVES, batch.state, BatchState.dropped)
    mine = select(Line.coverage_month_id).where(Line.batch_id == batch.id, Line.state == LineState.open)
    stopped = queries.stopped_sponsorships(mine)
    if batch.state is not BatchState.draft:
        coverage_service.hold_for_sending(mine, sending=False)
    _drop_lines(batch)
    for sponsorship in stopped:
        refunds.return_rest(actor=actor.ref, sponsorship=sponsorship)
    move_batch(actor=actor.ref, batch=batch, to=BatchState.dropped, reason=reason[:200] or None)


def mark_paid(*, actor: Person, batch: Batch, proof: str, amount_rupiah: int) -> None:
    """Another person has seen the proof. From now on the months become `remitted`, by `jobs.work`, in chunks.

    Refuses WrongStep, AnotherPerson, ProofMissing, TotalDiffers.
    """
    rules.check_step(rules.BATCH_MOVES, batch.state, BatchState.paid)
    if actor.id in (batch.locked_by_id, batch.created_by_id):
        raise rules.AnotherPerson
    if not proof.strip():
        raise rules.ProofMissing(field="proof")
    if amount_rupiah != batch.amount_rupiah:
        raise rules.TotalDiffers(field="amount", total=money.rupiah(batch.amount_rupiah))
    batch.paid_by, batch.paid_at, batch.proof = actor, clock.now(), proof.strip()[:120]
    move_batch(actor=actor.ref, batch=batch, to=BatchState.paid, facts={"amount_rupiah": amount_rupiah})


def remit_chunk(batch: Batch, size: int = rules.CHUNK) -> int:
    """Stamp the next months of a paid batch as remitted; returns how many, 0 when all are. Safe to repeat after a crash."""
    if batch.state is not BatchState.paid:
        return 0
    lines = db.session.execute(
        select(Line.id, Line.coverage_month_id)
        .where(Line.batch_id == batch.id, Line.state == LineState.open)
        .order_by(Line.id)
        .limit(size)
    ).all()
    if not lines:
        return 0
    assert batch.paid_by is not None
    months = [row.coverage_month_id for row in lines]
    coverage_service.move_many(actor=batch.paid_by.ref, ids=months, before=MonthState.paid, to=MonthState.remitted)
    move_lines([row.id for row in lines], LineState.open, LineState.paid)
    batch.done += len(lines)
    return len(lines)


def move_lines(ids: list[int], before: LineState, to: LineState, **values: Any) -> None:
    """The only place that sets the state of lines that stay in their batch. An edge that the table does not have is a bug."""
    rules.check_move(rules.LINE_MOVES, before, to)
    result = db.session.execute(
        update(Line)
        .where(Line.id.in_(ids), Line.state == before)
        .values(state=to, **values)
        .execution_options(synchronize_session=False)
    )
    assert getattr(result, "rowcount", len(ids)) == len(ids), "every line was where it should be"
    db.session.expire_all()


def close_if_answered(batch: Batch) -> None:
    """The last line was answered: closed when all were posted, else partly closed."""
    if batch.state is not BatchState.paid:
        return
    counts = queries.count_lines(batch.id)
    if counts.get(LineState.open) or counts.get(LineState.paid):
        return
    to = BatchState.partly_closed if counts.get(LineState.refused) else BatchState.closed
    move_batch(actor="system", batch=batch, to=to, facts={state.value: count for state, count in counts.items()})
