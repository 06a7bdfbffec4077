"""Money back to its payer. A refund is a row: written with the change that causes it, sent by a job, confirmed when read back.

For every payment at every moment: money in live months + refunds not failed + open suspense = the payment (I2).
"""

import logging
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from flask_babel import force_locale

from sertakan.accounts.models import Person
from sertakan.accounts.permissions import Permission, may
from sertakan.audit.service import GATEWAY, SYSTEM, record
from sertakan.coverage import service as coverage_service
from sertakan.coverage.models import CoverageMonth
from sertakan.coverage.rules import MonthState
from sertakan.db import db, new_ref, transaction
from sertakan.kit import clock
from sertakan.kit.money import rupiah
from sertakan.notices import service as notices
from sertakan.payments import gateway, payer, queries, rules
from sertakan.payments.models import Allocation, Order, Payment, Refund, RefundLine, Suspense
from sertakan.payments.rules import RefundReason, RefundState, SuspenseState
from sertakan.payments.stripe import Refund as StripeRefund
from sertakan.payments.stripe import StripeRefused
from sertakan.sponsorships import queries as sponsorship_queries
from sertakan.sponsorships import service as sponsorship_service
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import OPEN_REVIEWS

log = logging.getLogger("sertakan.payments")


def subject(refund: Refund) -> str:
    """How the trail names it."""
    return f"refund:{refund.ref}"


def move_refund(refund: Refund, to: RefundState, *, actor: str, reason: str | None = None) -> None:
    """The only place that sets a refund's state. An edge that the table does not have is a bug: IllegalMove."""
    before = refund.state
    rules.check_refund(before, to)
    refund.state = to
    now = clock.now()
    if to is RefundState.sent:
        refund.sent_at = now
    elif to is not RefundState.approved:
        refund.closed_at = now
    if to is RefundState.succeeded:
        refund.succeeded_at = now
    record(
        actor=actor,
        action=f"refund.{to.value}",
        subject=subject(refund),
        before={"state": before.value},
        after={"state": to.value},
        reason=reason,
    )


# ---- beginning -----------------------------------------------------------------------------------------------------------------


def refund_months(
    *,
    actor: str,
    sponsorship: Sponsorship,
    months: Sequence[CoverageMonth],
    reason: RefundReason,
    requested_by: Person | None = None,
    note: str | None = None,
) -> list[Refund]:
    """Give back the money of these months, one refund per payment. Months still `paid` are released here; others must be already.

    Without `requested_by` it is approved by rule; with it another person must agree (`agree_refund`). Months without money are
    passed over, so asking twice changes nothing.
    """
    rows = {month.id: month for month in months}
    for month in months:
        if month.state is MonthState.paid:
            coverage_service.move(actor=actor, month=month, to=MonthState.released, reason=reason.value)
    refunds = []
    for payment_id, group in groupby(queries.live_allocations(list(rows)), key=lambda row: row.payment_id):
        allocations = list(group)
        free(allocations)
        amount = sum(row.amount_rupiah for row in allocations)
        payment = db.session.get_one(Payment, payment_id)
        if payment.order.topup:  # paid ahead: it is the organisation's balance again
            park(payment, amount, RefundReason.prepaid)
            continue
        refund = add(actor, payment_id, amount, reason, requested_by, note)
        db.session.add_all(
            RefundLine(refund_id=refund.id, coverage_month_id=row.coverage_month_id, amount_rupiah=row.amount_rupiah)
            for row in allocations
        )
        refunds.append(refund)
    db.session.flush()
    if refunds:
        facts = {"refund_rupiah": sum(refund.amount_rupiah for refund in refunds), "months": len(rows)}
        record(
            actor=actor,
            action="sponsorship.refund",
            subject=sponsorship_service.subject(sponsorship),
            after=facts,
            reason=reason.value,
        )
    return refunds


def free(allocations: Sequence[Allocation]) -> None:
    """These months hold this money no longer. Written at once: the database counts it before it takes the refund."""
    for allocation in allocations:
        allocation.freed_at = clock.now()
    db.session.flush()


def add(
    actor: str,
    payment_id: int,
    amount: int,
    reason: RefundReason,
    requested_by: Person | None = None,
    note: str | None = None,
) -> Refund:
    """A refund's row: by rule, or asked for by a person and waiting for another."""
    ref = new_ref()
    refund = Refund(
        ref=ref,
        payment_id=payment_id,
        amount_rupiah=amount,
        reason=reason,
        state=RefundState.requested if requested_by else RefundState.approved,
        requested_by_id=requested_by.id if requested_by else None,
        note=note,
        idempotency_key=f"refund_{ref}_1",
        attempts=0,
        created_at=clock.now(),
    )
    db.session.add(refund)
    db.session.flush()
    facts = {"amount_rupiah": amount, "reason": reason.value, "state": refund.state.value}
    record(actor=actor, action="refund.request", subject=subject(refund), after=facts)
    return refund


def agree_refund(*, actor: Person, refund: Refund) -> None:
    """The second person's yes (PRODUCT 5.5). Refuses RefundDecided, OwnRequest, and OverLimit for who is no supervisor."""
    _check_open(refund)
    if refund.requested_by_id == actor.id:
        raise rules.OwnRequest
    limit = gateway.settings().refund_limit_rupiah
    if refund.amount_rupiah > limit and not may(actor.role, Permission.refund_approve_large):
        raise rules.OverLimit(limit=rupiah(limit, actor.locale))
    refund.approved_by_id = actor.id
    move_refund(refund, RefundState.approved, actor=actor.ref)


def drop_refund(*, actor: Person, refund: Refund, note: str) -> Suspense:
    """A no, or second thoughts: nothing is sent, the money is without a month again. Refuses RefundDecided, NoteMissing."""
    _check_open(refund)
    if not note.strip():
        raise rules.NoteMissing(field="note")
    move_refund(refund, RefundState.cancelled, actor=actor.ref, reason=note)
    return park(refund.payment, refund.amount_rupiah, refund.reason, returned_from=refund)


def _check_open(refund: Refund) -> None:
    if refund.state is not RefundState.requested:
        raise rules.RefundDecided


def park(
    payment: Payment,
    amount_rupiah: int,
    reason: RefundReason,
    *,
    returned_from: Refund | None = None,
    since: datetime | None = None,
) -> Suspense:
    """Money that fills no month, from now on visible as such. `since`: what is left of an older suspense keeps its age."""
    suspense = Suspense(
        payment_id=payment.id,
        amount_rupiah=amount_rupiah,
        reason=reason,
        state=SuspenseState.open,
        returned_from_id=returned_from.id if returned_from else None,
        opened_at=since or clock.now(),
    )
    db.session.add(suspense)
    db.session.flush()
    facts = {"amount_rupiah": amount_rupiah, "suspense": suspense.ref}
    record(actor=SYSTEM, action="suspense.open", subject=f"payment:{payment.ref}", after=facts, reason=reason.value)
    return suspense


def refund_suspense(
    *,
    actor: str,
    suspense: Suspense,
    requested_by: Person | None = None,
    reason: RefundReason | None = None,
    note: str | None = None,
) -> Refund:
    """Send parked money back to its payer. Refuses NotInSuspense. The months that waited for this money become free.

    With `requested_by` another person must agree first; `reason` replaces the one under which the money was parked.
    """
    if suspense.state is not SuspenseState.open:
        raise rules.NotInSuspense
    refund = add(actor, suspense.payment_id, suspense.amount_rupiah, reason or suspense.reason, requested_by, note)
    suspense.state, suspense.refund_id, suspense.closed_at = SuspenseState.refunded, refund.id, clock.now()
    facts = {"refund": refund.ref, "suspense": suspense.ref}
    record(actor=actor, action="suspense.refund", subject=f"refund:{refund.ref}", after=facts)
    if suspense.reason is RefundReason.error:
        end_hold(actor, refund.payment.order)
    return refund


def end_hold(actor: str, order: Order) -> None:
    """Somebody decided what to do with money that did not fit: the bill waits no longer, its unfilled months are free."""
    if order.held_reason is not None:
        record(actor=actor, action="order.release", subject=f"order:{order.ref}", before={"held": order.held_reason})
        order.held_reason = None
    for month in queries.months_of_order(order.id, lock=True):
        if month.state is MonthState.reserved:
            coverage_service.move(actor=actor, month=month, to=MonthState.released, reason=RefundReason.error.value)


def cancel_sponsorship(*, actor: Person, sponsorship: Sponsorship) -> int:
    """The sponsor stops: months not at BPJS become free, their money goes back. Returns the rupiah on their way back.

    Open bills are closed by the next run of `expire_orders`, which asks the payment service first. Refuses AlreadyClosed.
    """
    withdrawing = sponsorship.review_state in OPEN_REVIEWS
    paid = sponsorship_service.cancel(actor=actor.ref, sponsorship=sponsorship, reason="sponsor")
    reason = RefundReason.withdrawn if withdrawing else RefundReason.cancelled
    refunds = refund_months(actor=actor.ref, sponsorship=sponsorship, months=paid, reason=reason)
    amount = sum(refund.amount_rupiah for refund in refunds)
    with force_locale(actor.locale):
        worker = sponsorship_queries.display_name(sponsorship)
    notices.queue(
        key=f"cancelled:{sponsorship.ref}",
        kind="cancelled",
        subject=sponsorship_service.subject(sponsorship),
        person=actor,
        context={
            "code": sponsorship.code,
            "worker": worker,
            "months": [month.month for month in paid],
            "refund_amount": amount,
        },
    )
    return amount


def return_rest(*, actor: str, sponsorship: Sponsorship) -> int:
    """Months of a promise that is over, taken back too late because they were on their way: free now, and their money goes back.

    Returns the rupiah on their way back.
    """
    paid = sponsorship_service.release_months(actor=actor, sponsorship=sponsorship, reason="batch given up")
    refunds = refund_months(actor=actor, sponsorship=sponsorship, months=paid, reason=RefundReason.cancelled)
    return sum(refund.amount_rupiah for refund in refunds)


# ---- sending and learning ------------------------------------------------------------------------------------------------------


def send_refund(refund_id: int) -> RefundState:
    """Try once, outside any transaction. The try is written down first: another worker, or the next run, repeats the same key."""
    with transaction():
        refund = queries.get_refund(refund_id, lock=True)
        due = refund.next_try_at is None or refund.next_try_at <= clock.now()
        if refund.state is not RefundState.approved or not due or queries.transfer_of(refund_id) is not None:
            return refund.state
        if refund.payment.by_bank:
            _by_hand(refund)
            return refund.state
        old_key = rules.key_is_old(refund.first_tried_at, clock.real_now())
        refund.attempts += 1
        refund.first_tried_at = refund.first_tried_at or clock.real_now()
        refund.next_try_at = clock.now() + rules.pause(refund.attempts)
        intent, amount, ref, key = refund.payment.provider_intent, refund.amount_rupiah, refund.ref, refund.idempotency_key
    if old_key and (answer := _find(intent, ref)) is not None:
        return learn_refund(refund_id, answer)
    if old_key:
        key = _new_key(refund_id)
    try:
        answer = gateway.client().create_refund(payment_intent=intent, amount_rupiah=amount, refund_ref=ref, idempotency_key=key)
    except StripeRefused as no:
        found = _find(intent, ref)
        return learn_refund(refund_id, found) if found else _refused(refund_id, no)
    return learn_refund(refund_id, answer)


def _by_hand(refund: Refund) -> None:
    """It came by bank transfer, so only people can send it back: parked until its payer says where (`transfers`)."""
    refund.failure = "came by bank transfer"
    move_refund(refund, RefundState.failed, actor=SYSTEM, reason=refund.failure)
    park(refund.payment, refund.amount_rupiah, refund.reason, returned_from=refund)


def _find(intent: str, ref: str) -> StripeRefund | None:
    """Ours among the refunds of a payment, when the answer was lost; None is a definite no."""
    return next((row for row in gateway.client().list_refunds(payment_intent=intent) if row.refund_ref == ref), None)


def _new_key(refund_id: int) -> str:
    with transaction():
        refund = queries.get_refund(refund_id, lock=True)
        refund.idempotency_key = rules.next_key(refund.idempotency_key)
        refund.first_tried_at = clock.real_now()
        return refund.idempotency_key


def _refused(refund_id: int, no: StripeRefused) -> RefundState:
    with transaction():
        refund = queries.get_refund(refund_id, lock=True)
        if rules.learns(refund.state, RefundState.failed):
            _fail(refund, no.code or str(no.status))
        return refund.state


def learn_refund(refund_id: int, answer: StripeRefund) -> RefundState:
    """Let the books follow what the payment service says of a refund. Older knowledge changes nothing."""
    with transaction():
        refund = queries.get_refund(refund_id, lock=True)
        refund.provider_refund = refund.provider_refund or answer.id
        to = rules.refund_state(answer.status)
        if answer.id != refund.provider_refund or not rules.learns(refund.state, to):
            return refund.state
        if to is RefundState.failed:
            _fail(refund, answer.failure_reason or answer.status)
        else:
            move_refund(refund, to, actor=GATEWAY)
        if to is RefundState.succeeded:
            _succeed(refund)
        return refund.state


def _succeed(refund: Refund) -> None:
    for month in queries.months_of_refund(refund.id):
        if month.state is MonthState.released:
            coverage_service.move(actor=GATEWAY, month=month, to=MonthState.refunded, reason=refund.reason.value)
    _tell("refunded", refund)


def _fail(refund: Refund, why: str) -> None:
    """The money is with us again: a new suspense, for a person to decide. Loud, since the payer is waiting."""
    refund.failure = why[:80]
    move_refund(refund, RefundState.failed, actor=GATEWAY, reason=why[:80])
    park(refund.payment, refund.amount_rupiah, refund.reason, returned_from=refund)
    log.error("refund %s failed: %s", refund.ref, why[:80])
    _tell("refund_failed", refund)


def _tell(kind: str, refund: Refund) -> None:
    order = refund.payment.order
    context = {"code": queries.label_of(order), "amount": refund.amount_rupiah}
    for person in payer.people(order):
        notices.queue(
            key=f"{kind}:{refund.ref}:{person.ref}", kind=kind, subject=payer.subject(order), person=person, context=context
        )
