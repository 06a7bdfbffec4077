"""The verbs of the ledger. Run inside `transaction()`; the worker's row is locked before her months."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import Table, bindparam, delete, func, select, update
from sqlalchemy.exc import IntegrityError

from sertakan.audit.service import record
from sertakan.batch import insert_all
from sertakan.coverage import queries
from sertakan.coverage.models import CoverageMonth, FollowUp, MonthSource
from sertakan.coverage.rules import LIVE, EvidenceMissing, IllegalMove, MonthState, MonthTaken, check_move
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
    look_again([worker.id])
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
    look_again([worker.id])
    _record_new(actor, rows)
    return rows


def move(*, actor: str, month: CoverageMonth, to: MonthState, reason: str | None = None, evidence: str | None = None) -> None:
    """The only place that sets a month's state. Refuses EvidenceMissing, and MonthTaken when a bounced month was filled.

    An edge that the table does not have is a bug: IllegalMove.
    """
    before = month.state
    check_move(before, to)
    if month.sending_at and before is MonthState.paid and to is not MonthState.remitted:
        raise IllegalMove(f"month: {before} -> {to} on its way to BPJS")
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
    if to is not MonthState.remitted:  # then nothing is due that was not before
        look_again([month.worker_id])
    record(
        actor=actor,
        action=f"month.{to.value}",
        subject=subject(month),
        before={"state": before.value},
        after={"state": to.value},
        reason=reason,
    )


def move_many(
    *,
    actor: str,
    ids: Sequence[int],
    before: MonthState,
    to: MonthState,
    reasons: dict[int, str] | None = None,
    evidence: dict[int, str] | None = None,
) -> None:
    """The same step as `move` for many months at once: same table, same stamps, an audit row each, a few statements in all.

    All of `ids` must be in `before` (else IllegalMove, and nothing moves). `evidence` and `reasons` are by id. Months that would
    live again are moved one by one, because each may be taken.
    """
    check_move(before, to)
    if to in LIVE and before not in LIVE:
        raise IllegalMove(f"months: {before} -> {to} one by one")
    rows = db.session.execute(
        select(CoverageMonth.id, CoverageMonth.ref, CoverageMonth.evidence, CoverageMonth.worker_id)
        .where(CoverageMonth.id.in_(ids), CoverageMonth.state == before)
        .order_by(CoverageMonth.id)
        .with_for_update()
    ).all()
    if len(rows) != len(set(ids)):
        raise IllegalMove(f"months: {len(set(ids)) - len(rows)} are not {before}")
    reasons, evidence = reasons or {}, evidence or {}
    if to is MonthState.posted and not all(row.evidence or evidence.get(row.id) for row in rows):
        raise EvidenceMissing(field="evidence")
    _move_rows(to, [row.id for row in rows], reasons, evidence)
    if to is not MonthState.remitted:
        look_again({row.worker_id for row in rows})
    for row in rows:
        record(
            actor=actor,
            action=f"month.{to.value}",
            subject=f"month:{row.ref}",
            before={"state": before.value},
            after={"state": to.value},
            reason=reasons.get(row.id),
        )


def _move_rows(to: MonthState, ids: Sequence[int], reasons: dict[int, str], evidence: dict[int, str]) -> None:
    """The evidence first, since what is posted never changes; then one statement per reason. The stamps are those of `_stamp`."""
    if evidence:
        table = cast(Table, CoverageMonth.__table__)
        rows = [{"row": row_id, "proof": evidence[row_id]} for row_id in ids if row_id in evidence]
        statement = update(table).where(table.c.id == bindparam("row")).values(evidence=bindparam("proof"))
        db.session.connection().execute(statement, rows)
    groups: dict[str | None, list[int]] = {}
    for row_id in ids:
        groups.setdefault(reasons.get(row_id), []).append(row_id)
    for reason, members in groups.items():
        db.session.execute(
            update(CoverageMonth)
            .where(CoverageMonth.id.in_(members))
            .values(state=to, **_stamps(to, clock.now(), reason))
            .execution_options(synchronize_session=False)
        )
    db.session.expire_all()


def _stamps(to: MonthState, now: datetime, reason: str | None) -> dict[str, Any]:
    """What `_stamp` sets, as SQL."""
    values: dict[str, Any] = {}
    if to is MonthState.paid:
        values["paid_at"], values["sending_at"] = func.coalesce(CoverageMonth.paid_at, now), None
    elif to is MonthState.remitted:
        values["remitted_at"] = func.coalesce(CoverageMonth.remitted_at, now)
    elif to is MonthState.posted:
        values["posted_at"] = now
    if to in LIVE:
        return values | {"closed_at": None, "close_reason": None}
    return values | {
        "closed_at": func.coalesce(CoverageMonth.closed_at, now),
        "close_reason": func.coalesce(CoverageMonth.close_reason, (reason or to.value)[:40]),
    }


def hold_for_sending(month_ids: Any, *, sending: bool) -> int:
    """Mark months (a SELECT of their ids) as on their way to BPJS, or give them back; the money of a marked month cannot go back
    to its payer. Returns how many paid months that were.
    """
    result = db.session.execute(
        update(CoverageMonth)
        .where(CoverageMonth.id.in_(month_ids), CoverageMonth.state == MonthState.paid)
        .values(sending_at=clock.now() if sending else None)
        .execution_options(synchronize_session=False)
    )
    db.session.expire_all()
    return int(getattr(result, "rowcount", 0))


# ---- when to look next ---------------------------------------------------------------------------------------------------------


def look_again(worker_ids: Collection[int]) -> None:
    """The next sweep looks at these workers: their months have changed. Taken after every lock but the trail's, in order."""
    told: set[int] = db.session().info.setdefault("looked", set())
    fresh = sorted(set(worker_ids) - told)
    told.update(fresh)
    insert_all(FollowUp, [{"worker_id": worker_id, "next_on": clock.today()} for worker_id in fresh], _the_earlier)


def follow_up(days: Mapping[int, date | None]) -> None:
    """When to look at each worker next, by the sweep that has just looked at her; None: nothing is coming."""
    by_day: dict[date | None, list[int]] = {}
    for worker_id, day in days.items():
        by_day.setdefault(day, []).append(worker_id)
    for day, members in by_day.items():
        mine = FollowUp.worker_id.in_(members)
        db.session.execute(delete(FollowUp).where(mine) if day is None else update(FollowUp).where(mine).values(next_on=day))


def look_at_everybody() -> None:
    """The next sweep looks at every worker with months: after the clock was moved back."""
    known = select(CoverageMonth.worker_id).distinct().order_by(CoverageMonth.worker_id)
    look_again(db.session.scalars(known).all())


def _the_earlier(statement: Any) -> Any:
    new = statement.excluded.next_on
    return statement.on_conflict_do_update(index_elements=["worker_id"], set_={"next_on": new}, where=FollowUp.next_on > new)


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
        month.sending_at = None
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
