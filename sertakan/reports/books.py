"""The self-checks of the books (PRODUCT 5.6): each is a question whose right answer is "none".

Run nightly, by `flask books check`, and after the service tests. A check counts what is wrong and names up to five rows by ref.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, and_, case, func, literal, or_, select, union_all
from sqlalchemy.orm import aliased

from sertakan.audit import queries as audit
from sertakan.audit.models import AuditEntry
from sertakan.autopay.models import Autopay
from sertakan.autopay.rules import DETACH_WITHIN, ConsentState
from sertakan.coverage.models import CoverageMonth, FollowUp, MonthSource
from sertakan.coverage.queries import ordinal, ordinal_of
from sertakan.coverage.rules import FUNDED, LIVE, MonthState
from sertakan.db import db
from sertakan.kit import clock
from sertakan.notices.models import Notice, NoticeState
from sertakan.payments.models import (
    Allocation,
    BalanceUse,
    Dispute,
    Order,
    OrderLine,
    Payment,
    Receipt,
    Refund,
    RefundLine,
    Suspense,
)
from sertakan.payments.rules import DisputeState, OrderState, RefundState, SuspenseState
from sertakan.payments.virtual import BANK
from sertakan.remittance.models import AnswerFile, AnswerRow, Batch, Line, Repair
from sertakan.remittance.rules import LIVING, SENDING, BatchState, FileState, LineState, RepairState
from sertakan.reports import ahead, banked, helped, matched
from sertakan.review.models import Decision
from sertakan.review.rules import Outcome
from sertakan.sponsorships.models import Reminder, Sponsorship
from sertakan.sponsorships.rules import ReminderState, ReviewState, TermState
from sertakan.tariff.models import Relief
from sertakan.workers.models import Worker, WorkerState

GONE = (RefundState.failed, RefundState.cancelled)
OVER = (ReviewState.rejected, ReviewState.withdrawn)


@dataclass(frozen=True)
class Result:
    """`name` as in PRODUCT 5.6; `count` of broken rows; `detail` names some of them by ref, never a person."""

    name: str
    count: int
    detail: str

    @property
    def ok(self) -> bool:
        return self.count == 0


def _sum(column: Any, *where: Any) -> Any:
    return select(func.coalesce(func.sum(column), 0)).where(*where).scalar_subquery()


def _two_payers() -> Select[Any]:
    live = CoverageMonth.state.in_(LIVE)
    return (
        select(func.min(CoverageMonth.ref))
        .where(live)
        .group_by(CoverageMonth.worker_id, CoverageMonth.month)
        .having(func.count() > 1)
    )


def _payment_split() -> Select[Any]:
    allocated = _sum(Allocation.amount_rupiah, Allocation.payment_id == Payment.id, Allocation.freed_at.is_(None))
    refunded = _sum(Refund.amount_rupiah, Refund.payment_id == Payment.id, Refund.state.not_in(GONE))
    waiting = _sum(Suspense.amount_rupiah, Suspense.payment_id == Payment.id, Suspense.state == SuspenseState.open)
    return select(Payment.ref).where(Payment.amount_rupiah != allocated + refunded + waiting)


def _month_fully_paid() -> Select[Any]:
    allocated = _sum(Allocation.amount_rupiah, Allocation.coverage_month_id == CoverageMonth.id, Allocation.freed_at.is_(None))
    funded = CoverageMonth.state.in_(FUNDED)
    return select(CoverageMonth.ref).where(
        CoverageMonth.source == MonthSource.sponsorship, funded, CoverageMonth.price_rupiah != allocated
    )


def _money_in_closed_month() -> Select[Any]:
    closed = CoverageMonth.state.not_in(LIVE)
    return (
        select(CoverageMonth.ref)
        .join(Allocation, Allocation.coverage_month_id == CoverageMonth.id)
        .where(closed, CoverageMonth.state != MonthState.bounced, Allocation.freed_at.is_(None))
    )


def _price_sums() -> Select[Any]:
    parts = CoverageMonth.jkk_rupiah + CoverageMonth.jkm_rupiah + CoverageMonth.jht_rupiah - CoverageMonth.relief_rupiah
    return select(CoverageMonth.ref).where(CoverageMonth.price_rupiah != parts)


def _relief_overlaps() -> Select[Any]:
    one, two = aliased(Relief), aliased(Relief)
    return select(one.sector).where(
        one.id < two.id,
        one.sector == two.sector,
        one.programme == two.programme,
        one.superseded_at.is_(None),
        two.superseded_at.is_(None),
        one.from_month <= func.coalesce(two.to_month, one.from_month),
        two.from_month <= func.coalesce(one.to_month, two.from_month),
    )


def _order_amount() -> Select[Any]:
    """A top-up is for nobody yet and has none."""
    lines = _sum(OrderLine.amount_rupiah, OrderLine.order_id == Order.id)
    return select(Order.ref).where(case((Order.topup, 0), else_=Order.amount_rupiah) != lines)


def _paid_order_without_payment() -> Select[Any]:
    """Its own, or what its organisation had paid ahead."""
    own, ahead = (
        select(Payment.id).where(Payment.order_id == Order.id),
        select(BalanceUse.id).where(BalanceUse.order_id == Order.id),
    )
    return select(Order.ref).where(Order.state == OrderState.paid, ~own.exists(), ~ahead.exists())


def _payment_without_paid_order() -> Select[Any]:
    """A part that came by bank transfer waits beside a bill that is not paid."""
    part = Payment.provider_intent.startswith(BANK, autoescape=True)
    return select(Payment.ref).join(Order).where(Order.state != OrderState.paid, ~part)


def _decision_stands() -> Select[Any]:
    approval = and_(
        Decision.sponsorship_id == Sponsorship.id,
        Decision.outcome == Outcome.approved,
        Decision.fingerprint == Sponsorship.fingerprint,
    )
    return select(Sponsorship.ref).where(
        Sponsorship.review_state == ReviewState.approved, ~select(Decision.id).where(approval).exists()
    )


def _own_decision() -> Select[Any]:
    own = or_(Decision.officer_id == Decision.maker_id, Decision.officer_id == Decision.sponsor_id)
    return select(Decision.ref).where(own)


def _over_but_holding_months() -> Select[Any]:
    held = CoverageMonth.state.in_((MonthState.reserved, MonthState.paid))
    live = and_(CoverageMonth.sponsorship_id == Sponsorship.id, held, CoverageMonth.sending_at.is_(None))
    ended = or_(Sponsorship.review_state.in_(OVER), Sponsorship.term_state.in_((TermState.cancelled, TermState.terminated)))
    return select(Sponsorship.ref).where(ended, select(CoverageMonth.id).where(live).exists())


def _reserved_without_order() -> Select[Any]:
    order = (
        select(OrderLine.id)
        .join(Order, Order.id == OrderLine.order_id)
        .where(
            OrderLine.coverage_month_id == CoverageMonth.id,
            Order.state.in_((OrderState.opening, OrderState.open, OrderState.paid)),
        )
    )
    return (
        select(CoverageMonth.ref)
        .join(Sponsorship, Sponsorship.id == CoverageMonth.sponsorship_id)
        .where(CoverageMonth.state == MonthState.reserved, Sponsorship.organisation_id.is_(None), ~order.exists())
    )


def _refund_lines() -> Select[Any]:
    lines = _sum(RefundLine.amount_rupiah, RefundLine.refund_id == Refund.id)
    booked = _sum(Suspense.amount_rupiah, Suspense.refund_id == Refund.id)
    return select(Refund.ref).where(Refund.amount_rupiah != lines + booked)


def _refunded_month_without_refund() -> Select[Any]:
    """A bank may send a refund back days later: then the refund has failed, and the same money stands in suspense."""
    done = (
        select(RefundLine.id)
        .join(Refund, Refund.id == RefundLine.refund_id)
        .where(RefundLine.coverage_month_id == CoverageMonth.id, Refund.succeeded_at.is_not(None))
    )
    return select(CoverageMonth.ref).where(CoverageMonth.state == MonthState.refunded, ~done.exists())


def _month_without_trail() -> Select[Any]:
    trail = select(AuditEntry.id).where(AuditEntry.subject == literal("month:") + CoverageMonth.ref)
    return select(CoverageMonth.ref).where(CoverageMonth.state.in_((MonthState.refunded, MonthState.released)), ~trail.exists())


def _receipt_gaps() -> Select[Any]:
    gap = case((func.max(Receipt.number) != func.count(Receipt.id), 1), else_=0)
    return select(Receipt.year).group_by(Receipt.year).having(gap == 1)


def _payment_without_receipt() -> Select[Any]:
    """Every payment that fills a month has a receipt (money in suspense gets none)."""
    fills = select(Allocation.id).where(Allocation.payment_id == Payment.id)
    return select(Payment.ref).where(fills.exists(), ~select(Receipt.id).where(Receipt.payment_id == Payment.id).exists())


def _reminder_to_the_gone() -> Select[Any]:
    gone = (WorkerState.deceased, WorkerState.withdrawn, WorkerState.merged)
    waits = or_(
        Reminder.state == ReminderState.due, and_(Reminder.state == ReminderState.queued, Notice.state == NoticeState.queued)
    )
    return (
        select(Sponsorship.ref)
        .join(Reminder, Reminder.sponsorship_id == Sponsorship.id)
        .join(Worker, Worker.id == Reminder.worker_id)
        .outerjoin(Notice, Notice.id == Reminder.notice_id)
        .where(Worker.state.in_(gone), waits)
    )


def _one_pair_of_hands() -> Select[Any]:
    """What a person asked for, another agreed to, before anything was sent (I5)."""
    alone = or_(Refund.approved_by_id.is_(None), Refund.approved_by_id == Refund.requested_by_id)
    waits = Refund.state.in_((RefundState.requested, RefundState.cancelled))
    return select(Refund.ref).where(Refund.requested_by_id.is_not(None), alone, ~waits)


def _disputed_and_sent_on() -> Select[Any]:
    money = and_(
        Allocation.coverage_month_id == CoverageMonth.id,
        Allocation.freed_at.is_(None),
        Dispute.payment_id == Allocation.payment_id,
        Dispute.state == DisputeState.open,
        CoverageMonth.remitted_at > Dispute.opened_at,
    )
    return select(CoverageMonth.ref).where(select(Allocation.id).join(Dispute, money).exists())


def _line_and_month() -> Select[Any]:
    """A line that stands says what its month says, and a locked batch holds its months; in a draft nothing is held yet."""
    on_its_way = or_(Batch.state.not_in(SENDING), CoverageMonth.sending_at.is_not(None))
    fits = or_(
        and_(Line.state == LineState.open, CoverageMonth.state == MonthState.paid, on_its_way),
        and_(Line.state == LineState.paid, CoverageMonth.state == MonthState.remitted),
        and_(Line.state == LineState.posted, CoverageMonth.state == MonthState.posted),
    )
    return (
        select(CoverageMonth.ref)
        .join(Line, Line.coverage_month_id == CoverageMonth.id)
        .join(Batch, Batch.id == Line.batch_id)
        .where(Line.state.in_(LIVING), Batch.state != BatchState.draft, ~fits)
    )


def _batch_sums() -> Select[Any]:
    stands = and_(Line.batch_id == Batch.id, Line.state != LineState.dropped)
    count = select(func.count()).select_from(Line).where(stands).scalar_subquery()
    return select(Batch.ref).where(
        Batch.state.not_in((BatchState.draft, BatchState.dropped)),
        or_(Batch.months != count, Batch.amount_rupiah != _sum(Line.amount_rupiah, stands)),
    )


def _one_person() -> Select[Any]:
    """Who gathered or locked a batch marked it paid, or who proposed a repair confirmed it."""
    sent = select(Batch.ref).where(or_(Batch.paid_by_id == Batch.locked_by_id, Batch.paid_by_id == Batch.created_by_id))
    found = union_all(sent, select(Repair.ref).where(Repair.confirmed_by_id == Repair.proposed_by_id)).subquery()
    return select(found.c.ref)


def _bounced_without_repair() -> Select[Any]:
    waits = and_(Repair.coverage_month_id == CoverageMonth.id, Repair.state.in_((RepairState.open, RepairState.proposed)))
    return select(CoverageMonth.ref).where(CoverageMonth.state == MonthState.bounced, ~select(Repair.id).where(waits).exists())


def _sent_without_batch() -> Select[Any]:
    line = and_(Line.coverage_month_id == CoverageMonth.id, Line.state.in_((LineState.paid, LineState.posted)))
    return select(CoverageMonth.ref).where(
        CoverageMonth.state.in_((MonthState.remitted, MonthState.posted)),
        CoverageMonth.source == MonthSource.sponsorship,
        ~select(Line.id).where(line).exists(),
    )


def _answer_left_over() -> Select[Any]:
    return select(AnswerFile.ref).join(AnswerRow).where(AnswerFile.state == FileState.applied, AnswerRow.applied.is_(False))


def _looked_at_too_late() -> Select[Any]:
    """Its last month's end is a day to look at, and before that its reminders; what is over is looked at every month."""
    look = ordinal_of(FollowUp.next_on)
    late = and_(look > ordinal_of(Sponsorship.last_month) + 1, look > ordinal(clock.this_month()) + 1)
    running = Sponsorship.term_state.in_((TermState.running, TermState.paused))
    looks = select(Sponsorship.code).outerjoin(FollowUp, FollowUp.worker_id == Sponsorship.worker_id)
    return looks.where(running, or_(FollowUp.worker_id.is_(None), late))


def _card_kept() -> Select[Any]:
    """A card whose sponsor said no is detached at the payment service within a day (opencollective #7682)."""
    ended = (Autopay.state == ConsentState.ended) & Autopay.method.is_not(None) & Autopay.detached_at.is_(None)
    return select(Autopay.ref).where(ended, Autopay.ended_at < clock.now() - DETACH_WITHIN)


CHECKS: dict[str, Callable[[], Select[Any]]] = {
    "I1 a month has one payer": _two_payers,
    "I2 a payment is wholly in months, refunds or suspense": _payment_split,
    "I3 a funded month holds its whole price": _month_fully_paid,
    "I3 a closed month holds no money": _money_in_closed_month,
    "I4 a price is the sum of its parts": _price_sums,
    "I4 relief windows do not overlap": _relief_overlaps,
    "I5 nobody decides her own": _own_decision,
    "I5 money goes back by two people": _one_pair_of_hands,
    "I6 an approval is of what stands now": _decision_stands,
    "I8 a closed month has its trail": _month_without_trail,
    "an order is the sum of its lines": _order_amount,
    "a paid order has its payment": _paid_order_without_payment,
    "a payment belongs to a paid order": _payment_without_paid_order,
    "what is over holds no months": _over_but_holding_months,
    "a reserved month has a living order": _reserved_without_order,
    "a refund is the sum of what it gives back": _refund_lines,
    "a refunded month has a refund that succeeded": _refunded_month_without_refund,
    "receipts have no gaps": _receipt_gaps,
    "a payment has its receipt": _payment_without_receipt,
    "a month in a batch is as far as its line": _line_and_month,
    "a sent month stands in a batch": _sent_without_batch,
    "a batch is the sum of its lines": _batch_sums,
    "I5 two people send and mend": _one_person,
    "a bounced month has its repair": _bounced_without_repair,
    "an applied answer is applied whole": _answer_left_over,
    "I14 no reminder waits for the gone": _reminder_to_the_gone,
    "a disputed month does not go to BPJS": _disputed_and_sent_on,
    "I19 a running cover is looked at in time": _looked_at_too_late,
    "a cancelled card is detached at the payment service": _card_kept,
    **banked.CHECKS,
    **helped.CHECKS,
    **ahead.CHECKS,
    **matched.CHECKS,
}


CHAIN = "I8 the audit chain is whole"


def _ask(name: str, question: Select[Any]) -> Result:
    rows = db.session.execute(question.limit(1_000)).scalars().all()
    return Result(name, len(rows), ", ".join(str(row) for row in rows[:5]))


def names() -> list[str]:
    """Every check, in a fixed order; the walk along the whole trail last."""
    return [*CHECKS, CHAIN]


def ask(name: str) -> Result:
    """One check by its name."""
    if name != CHAIN:
        return _ask(name, CHECKS[name]())
    broken = audit.find_break()
    return Result(CHAIN, 0 if broken is None else 1, "" if broken is None else f"entry {broken}")


def check() -> list[Result]:
    """Every invariant, in a fixed order."""
    return [ask(name) for name in names()]


def broken(results: Iterable[Result]) -> list[str]:
    return [f"{result.name}: {result.count} ({result.detail})" for result in results if not result.ok]
