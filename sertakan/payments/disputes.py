"""The payer's bank asks for a payment back. Open: its months may not go to BPJS. Lost: what has not gone is given up, the rest is a loss.

A worker keeps every month that has gone to BPJS (PRODUCT 5.3). What was taken for it is borne by the pool or written off, by two
people.
"""

import logging

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from sertakan.accounts.models import Person
from sertakan.audit.service import GATEWAY, record
from sertakan.coverage import service as coverage_service
from sertakan.coverage.models import CoverageMonth
from sertakan.coverage.rules import IllegalMove, MonthState
from sertakan.db import constraint_name, db, new_ref, transaction
from sertakan.kit import clock
from sertakan.payments import bills, contested_news, queries, rules
from sertakan.payments.models import Allocation, Dispute, Payment, Refund, RefundLine, Suspense
from sertakan.payments.refunds import add, free, move_refund, park
from sertakan.payments.rules import DisputeLoss, DisputeState, RefundReason, RefundState, SuspenseState
from sertakan.payments.stripe_answers import Dispute as StripeDispute
from sertakan.sponsorships import queries as sponsorship_queries
from sertakan.sponsorships import service as sponsorship_service
from sertakan.workers.models import Worker

log = logging.getLogger("sertakan.payments")
ONE_ROW = "uq_dispute_provider_dispute"


def subject(dispute: Dispute) -> str:
    """How the trail names it."""
    return f"dispute:{dispute.ref}"


def _move(dispute: Dispute, to: DisputeState) -> None:
    """The only place that sets a dispute's state."""
    if to not in rules.DISPUTE_MOVES[dispute.state]:
        raise IllegalMove(f"dispute: {dispute.state} -> {to}")
    before, dispute.state, dispute.closed_at = dispute.state, to, clock.now()
    facts = {"state": to.value, "loss_rupiah": dispute.loss_rupiah}
    record(actor=GATEWAY, action=f"dispute.{to.value}", subject=subject(dispute), before={"state": before.value}, after=facts)


def learn_dispute(answer: StripeDispute) -> DisputeState | None:
    """Let the books follow what was read back; None while its payment is not known. Older knowledge changes nothing."""
    payment = queries.find_payment(answer.payment_intent) if answer.payment_intent else None
    if payment is None or answer.amount_rupiah is None:
        return None
    order_id, payment_id = payment.order_id, payment.id
    try:
        with transaction():
            return _learn(order_id, payment_id, answer, answer.amount_rupiah)
    except IntegrityError as error:
        if constraint_name(error) != ONE_ROW:
            raise
        return learn_dispute(answer)  # the same event at the same moment was faster


def _learn(order_id: int, payment_id: int, answer: StripeDispute, amount: int) -> DisputeState:
    order = queries.get_order(order_id, lock=True)
    if order.sponsorship_id is not None:
        sponsorship = sponsorship_queries.get(order.sponsorship_id, lock=True)
        db.session.execute(select(Worker.id).where(Worker.id == sponsorship.worker_id).with_for_update())
    dispute = queries.find_dispute(answer.id, lock=True)
    if dispute is None:
        dispute = _open(payment_id, answer, amount)
        contested_news.opened(dispute)
    to = rules.dispute_state(answer.status)
    if to not in rules.DISPUTE_MOVES[dispute.state]:
        return dispute.state
    if to is DisputeState.lost:
        _lose(dispute)
        for promise in bills.promises_of(payment_id):
            sponsorship_service.refresh_fingerprint(promise)
    _move(dispute, to)
    contested_news.closed(dispute)
    return to


def _open(payment_id: int, answer: StripeDispute, amount: int) -> Dispute:
    dispute = Dispute(
        ref=new_ref(),
        payment_id=payment_id,
        provider_dispute=answer.id,
        amount_rupiah=amount,
        reason=answer.reason[:40],
        state=DisputeState.open,
        loss_rupiah=0,
        opened_at=clock.now(),
    )
    db.session.add(dispute)
    db.session.flush()
    facts = {"amount_rupiah": amount, "reason": dispute.reason}
    record(actor=GATEWAY, action="dispute.open", subject=subject(dispute), after=facts)
    log.error("dispute %s opened", dispute.ref)
    return dispute


# ---- losing --------------------------------------------------------------------------------------------------------------------


def _lose(dispute: Dispute) -> None:
    """The bank took the money. What is still with us is given up: refunds not sent, money without a month, then the latest months.

    It is written as a refund that has succeeded: the money is with the payer. What it does not cover is the loss.
    """
    payment = dispute.payment
    _stop_refunds(payment)
    parked, left = _take_parked(payment, dispute.amount_rupiah)
    months, left = _take_months(payment, left)
    taken = dispute.amount_rupiah - left
    dispute.loss_rupiah = left
    if not taken:
        return
    refund = add(GATEWAY, payment.id, taken, RefundReason.disputed)
    move_refund(refund, RefundState.succeeded, actor=GATEWAY, reason="the payer's bank took it")
    for suspense in parked:
        suspense.state, suspense.refund_id, suspense.closed_at = SuspenseState.refunded, refund.id, clock.now()
    for month, amount in months:
        db.session.add(RefundLine(refund_id=refund.id, coverage_month_id=month.id, amount_rupiah=amount))
        coverage_service.move(actor=GATEWAY, month=month, to=MonthState.refunded, reason=RefundReason.disputed.value)


def _stop_refunds(payment: Payment) -> None:
    """Nothing more is sent for this payment: what waited to be sent is without a month again."""
    waiting = (RefundState.requested, RefundState.approved)
    statement = select(Refund).where(Refund.payment_id == payment.id, Refund.state.in_(waiting)).with_for_update()
    for refund in db.session.scalars(statement).all():
        move_refund(refund, RefundState.cancelled, actor=GATEWAY, reason=RefundReason.disputed.value)
        park(payment, refund.amount_rupiah, refund.reason, returned_from=refund)


def _take_parked(payment: Payment, left: int) -> tuple[list[Suspense], int]:
    """Parked money up to `left` rupiah; of the last sum only what is needed, the rest stays parked."""
    statement = select(Suspense).where(Suspense.payment_id == payment.id, Suspense.state == SuspenseState.open)
    found = []
    for suspense in db.session.scalars(statement.order_by(Suspense.id).with_for_update()).all():
        if not left:
            break
        rest = max(suspense.amount_rupiah - left, 0)
        if rest:
            park(payment, rest, suspense.reason, since=suspense.opened_at)
            suspense.amount_rupiah -= rest
        left -= suspense.amount_rupiah
        found.append(suspense)
    return found, left


def _take_months(payment: Payment, left: int) -> tuple[list[tuple[CoverageMonth, int]], int]:
    """Months that have not gone to BPJS, the latest first, until `left` rupiah are covered; what is over is parked."""
    statement = (
        select(Allocation, CoverageMonth)
        .join(CoverageMonth, CoverageMonth.id == Allocation.coverage_month_id)
        .where(Allocation.payment_id == payment.id, Allocation.freed_at.is_(None), CoverageMonth.state == MonthState.paid)
        .where(CoverageMonth.sending_at.is_(None))
        .order_by(CoverageMonth.month.desc())
        .with_for_update()
    )
    found = []
    for allocation, month in db.session.execute(statement).all():
        if not left:
            break
        free([allocation])
        coverage_service.move(actor=GATEWAY, month=month, to=MonthState.released, reason=RefundReason.disputed.value)
        amount = min(left, allocation.amount_rupiah)
        if allocation.amount_rupiah > amount:
            park(payment, allocation.amount_rupiah - amount, RefundReason.disputed)
        found.append((month, amount))
        left -= amount
    return found, left


# ---- the loss, by two people ---------------------------------------------------------------------------------------------------


def propose_loss(*, actor: Person, dispute: Dispute, loss: DisputeLoss, note: str) -> None:
    """Say who bears it. Refuses NoLoss, LossSettled, NoteMissing. A later proposal replaces the earlier one."""
    _check_loss(dispute)
    if not note.strip():
        raise rules.NoteMissing(field="note")
    dispute.loss, dispute.loss_note, dispute.proposed_by_id = loss, note, actor.id
    facts = {"loss": loss.value, "loss_rupiah": dispute.loss_rupiah}
    record(actor=actor.ref, action="dispute.propose", subject=subject(dispute), after=facts, reason=note)


def agree_loss(*, actor: Person, dispute: Dispute) -> None:
    """The second person's yes. Refuses NoLoss, LossSettled, LossChoice and OwnLoss."""
    _check_loss(dispute)
    if dispute.proposed_by_id is None:
        raise rules.LossChoice
    if dispute.proposed_by_id == actor.id:
        raise rules.OwnLoss
    dispute.agreed_by_id, dispute.settled_at = actor.id, clock.now()
    record(actor=actor.ref, action="dispute.agree", subject=subject(dispute), after={"loss_rupiah": dispute.loss_rupiah})


def _check_loss(dispute: Dispute) -> None:
    if dispute.state is not DisputeState.lost or not dispute.loss_rupiah:
        raise rules.NoLoss
    if dispute.settled_at is not None:
        raise rules.LossSettled
