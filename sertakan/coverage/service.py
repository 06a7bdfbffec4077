"""The verbs of the ledger. Run inside `transaction()`; the worker's row is locked before her months."""

from collections.abc import Callable, Sequence

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from sertakan.audit.service import record
from sertakan.coverage import queries
from sertakan.coverage.models import CoverageMonth, MonthSource
from sertakan.coverage.rules import LIVE, EvidenceMissing, MonthState, MonthTaken, check_move
from sertakan.db import constraint_name, db
from sertakan.kit import clock
from sertakan.kit.months import Month
from sertakan.tariff.rules import MonthPrice, Package, PayerKind, Quote
from sertakan.workers.models import Worker

ONE_PAYER = "uq_coverage_month_live"


def subject(month: CoverageMonth) -> str:
    """How the trail names it."""
    return f"month:{month.ref}"


def reserve(
    *, actor: str, worker: Worker, sponsorship_id: int, payer_kind: PayerKind, package: Package, quote: Quote
) -> list[CoverageMonth]:
    """Promise the quote's months at the quote's prices, all or none. Refuses MonthTaken when anybody funds one of them."""
    rows = [
        _priced(worker, line, package, payer_kind, sponsorship_id=sponsorship_id, source=MonthSource.sponsorship)
        for line in quote.lines
    ]
    _add(worker, rows)
    _record_new(actor, rows)
    return rows


def add_external(
    *,
    actor: str,
    worker: Worker,
    months: Sequence[Month],
    payer_kind: PayerKind,
    evidence: str,
    package: Package = Package.jkk_jkm,
    state: MonthState = MonthState.posted,
) -> list[CoverageMonth]:
    """Months somebody pays outside Sertakan (the city, an employer, the worker), with the evidence for it.

    Their price is 0: that money never passes here. Refuses EvidenceMissing and MonthTaken.
    """
    if not evidence.strip():
        raise EvidenceMissing(field="evidence")
    prices = [MonthPrice(month, 0, 0, 0, 0, 0, {}) for month in sorted(months)]
    rows = [
        _priced(worker, line, package, payer_kind, source=MonthSource.external, evidence=evidence, state=state) for line in prices
    ]
    for row in rows:
        _stamp(row, state)
    _add(worker, rows)
    _record_new(actor, rows)
    return rows


def move(*, actor: str, month: CoverageMonth, to: MonthState, reason: str | None = None, evidence: str | None = None) -> None:
    """The only place that sets a month's state. Refuses EvidenceMissing, and MonthTaken when a bounced month was filled.

    An edge that the table does not have is a bug: IllegalMove.
    """
    before = month.state
    check_move(before, to)
    if to is MonthState.posted and not (evidence or month.evidence):
        raise EvidenceMissing(field="evidence")

    def change() -> None:
        month.state = to
        month.evidence = evidence or month.evidence
        _stamp(month, to, reason)

    if to in LIVE and before not in LIVE:
        _claim(month.worker_id, [month.month], change)
    else:
        change()
    record(
        actor=actor,
        action=f"month.{to.value}",
        subject=subject(month),
        before={"state": before.value},
        after={"state": to.value},
        reason=reason,
    )


def _priced(
    worker: Worker,
    line: MonthPrice,
    package: Package,
    payer_kind: PayerKind,
    *,
    state: MonthState = MonthState.reserved,
    **more: object,
) -> CoverageMonth:
    return CoverageMonth(
        worker_id=worker.id,
        month=line.month,
        state=state,
        payer_kind=payer_kind,
        package=package,
        base_rupiah=line.base_rupiah,
        jkk_rupiah=line.jkk_rupiah,
        jkm_rupiah=line.jkm_rupiah,
        jht_rupiah=line.jht_rupiah,
        relief_rupiah=line.relief_rupiah,
        price_rupiah=line.total_rupiah,
        tariff_rows=line.row_ids,
        created_at=clock.now(),
        **more,
    )


def _stamp(month: CoverageMonth, to: MonthState, reason: str | None = None) -> None:
    """The time of each step; a step taken again keeps its first time, a month that lives again is open again."""
    now = clock.now()
    if to is MonthState.paid:
        month.paid_at = month.paid_at or now
    elif to is MonthState.remitted:
        month.remitted_at = month.remitted_at or now
    elif to is MonthState.posted:
        month.posted_at = now
    if to in LIVE:
        month.closed_at = month.close_reason = None
    elif month.closed_at is None:
        month.closed_at = now
        month.close_reason = (reason or to.value)[:40]


def _add(worker: Worker, rows: list[CoverageMonth]) -> None:
    """Insert under the worker's lock: of two who want the same month at once, the second sees the first."""
    db.session.execute(select(Worker.id).where(Worker.id == worker.id).with_for_update())
    wanted = [row.month for row in rows]
    _refuse_taken(worker.id, wanted)
    _claim(worker.id, wanted, lambda: db.session.add_all(rows))


def _claim(worker_id: int, months: Sequence[Month], change: Callable[[], None]) -> None:
    """Do what makes months live; the unique index has the last word (I1)."""
    try:
        with db.session.begin_nested():
            change()
            db.session.flush()
    except IntegrityError as error:
        if constraint_name(error) == ONE_PAYER:
            _refuse_taken(worker_id, months)
        raise


def _refuse_taken(worker_id: int, months: Sequence[Month]) -> None:
    taken = queries.taken(worker_id, months)
    if taken:
        first = min(taken)
        raise MonthTaken(field="first_month", month=first, next=queries.next_free(worker_id, first))


def _record_new(actor: str, rows: list[CoverageMonth]) -> None:
    for row in rows:
        record(
            actor=actor,
            action=f"month.{row.state.value}",
            subject=subject(row),
            after={"state": row.state.value, "month": str(row.month), "price_rupiah": row.price_rupiah},
        )
