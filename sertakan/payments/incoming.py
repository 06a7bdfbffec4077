"""Money that came to our own bank account for a bill. Run inside `transaction()`, with the bill locked; but for `close_page`.

Less than the bill waits without a month until the rest is there; then all of it together fills the months. What is over waits for a
person. Nothing goes back by itself: a bank's line says nothing of where to send money.
"""

import logging
from collections.abc import Sequence

from sqlalchemy import func, select

from sertakan.audit.service import GATEWAY, record
from sertakan.coverage import service as coverage_service
from sertakan.coverage.rules import MonthState
from sertakan.db import db
from sertakan.kit import clock
from sertakan.payments import bills, filling, gateway, queries, service, virtual
from sertakan.payments.models import Allocation, Order, Payment, Suspense
from sertakan.payments.rules import OrderState, RefundReason, SuspenseState
from sertakan.payments.stripe import StripeRefused, StripeUnavailable

log = logging.getLogger("sertakan.payments")


def receive(*, actor: str, order: Order, amount_rupiah: int, mark: str) -> Payment:
    """A bank's line pays this bill. The same mark again changes nothing; a bill that was replaced is paid by its successor."""
    known = queries.find_payment(virtual.BANK + mark)
    if known is not None:
        return known
    if (newer := bills.successor(order)) is not None:
        order = queries.get_order(newer, lock=True)
    before = order.state
    late = before in (OrderState.expired, OrderState.cancelled)
    payment = filling.add_payment(order, virtual.BANK + mark, amount_rupiah, late=late)
    if (before is OrderState.paid and not order.topup) or order.held_reason:
        filling.park(payment, amount_rupiah, RefundReason.overpayment if before is OrderState.paid else RefundReason.error)
        return payment
    if order.topup:
        _top_up(actor, order, payment)
        return payment
    earlier = waiting_parts(order.id)
    if sum(row.amount_rupiah for row in earlier) + amount_rupiah < order.amount_rupiah:
        filling.park(payment, amount_rupiah, RefundReason.error)
        return payment
    for row in earlier:
        take(actor, row)
    fill(actor, order, [*((row.payment, row.amount_rupiah) for row in earlier), (payment, amount_rupiah)], late=late)
    return payment


def _top_up(actor: str, order: Order, payment: Payment) -> None:
    """Whatever comes for it is balance at once; the bill is done when all that it asked for has come."""
    came = sum(row.amount_rupiah for row in queries.payments_of_order(order.id))
    if order.state is not OrderState.paid and came >= order.amount_rupiah:
        service.move_order(order, OrderState.paid, actor=actor, reason="late" if payment.late else None)
    filling.top_up(order, payment)


def fill(actor: str, order: Order, pots: Sequence[tuple[Payment, int]], *, late: bool = False) -> None:
    """A bill is paid by these sums, which together are enough: its months are filled, what is over waits."""
    service.move_order(order, OrderState.paid, actor=actor, reason="late" if late else None)
    _fill(order, pots)


def waiting_parts(order_id: int) -> Sequence[Suspense]:
    """Transfers for this bill that wait for the rest of it, oldest first."""
    statement = (
        select(Suspense)
        .join(Suspense.payment)
        .where(Payment.order_id == order_id, Payment.provider_intent.startswith(virtual.BANK, autoescape=True))
        .where(Suspense.state == SuspenseState.open)
        .order_by(Suspense.id)
        .with_for_update(of=Suspense)
    )
    return db.session.scalars(statement).all()


def received(order_id: int) -> int:
    """Rupiah that came by transfer for a bill and wait for the rest."""
    statement = (
        select(func.coalesce(func.sum(Suspense.amount_rupiah), 0))
        .join(Suspense.payment)
        .where(Payment.order_id == order_id, Payment.provider_intent.startswith(virtual.BANK, autoescape=True))
        .where(Suspense.state == SuspenseState.open)
    )
    return int(db.session.scalar(statement) or 0)


def take(actor: str, suspense: Suspense, amount_rupiah: int | None = None) -> None:
    """So much of it goes into months now, all unless said otherwise; what is left is parked anew."""
    amount = suspense.amount_rupiah if amount_rupiah is None else amount_rupiah
    left = suspense.amount_rupiah - amount
    suspense.state, suspense.closed_at = SuspenseState.booked, clock.now()
    facts = {"booked_rupiah": amount, "left_rupiah": left, "suspense": suspense.ref}
    record(actor=actor, action="suspense.book", subject=f"payment:{suspense.payment.ref}", after=facts)
    if left:
        filling.park(suspense.payment, left, suspense.reason)


def _fill(order: Order, pots: Sequence[tuple[Payment, int]]) -> None:
    """The months of the bill, oldest first, from the transfers in the order they came; what is left of each waits."""
    if order.organisation_id is not None:
        return _fill_bill(order, pots)
    taken = filling.take(order)
    shares = virtual.spread([month.price_rupiah for month in taken.filled], [amount for _payment, amount in pots])
    used = [0] * len(pots)
    for month, parts in zip(taken.filled, shares, strict=True):
        for place, amount in parts:
            used[place] += amount
            part = {"payment_id": pots[place][0].id, "coverage_month_id": month.id, "amount_rupiah": amount}
            db.session.add(Allocation(**part, created_at=clock.now()))
        coverage_service.move(actor=GATEWAY, month=month, to=MonthState.paid)
    why = taken.closed or (RefundReason.month_taken if taken.left else RefundReason.overpayment)
    payers = []
    for (payment, amount), spent in zip(pots, used, strict=True):
        if spent:
            filling.issue_receipt(payment)
            payers.append(payment)
        if amount > spent:
            filling.park(payment, amount - spent, why)
    if payers:
        filling.tell(taken, payers[-1])
    return None


def _fill_bill(order: Order, pots: Sequence[tuple[Payment, int]]) -> None:
    """The same for the bill of an organisation: all its promised months at once."""
    taken = bills.take(order)
    shares = virtual.spread(bills.prices_of(taken), [amount for _payment, amount in pots])
    used = [0] * len(pots)
    parts = []
    for month_id, shared in zip(taken.months, shares, strict=True):
        for place, amount in shared:
            used[place] += amount
            parts.append({"payment_id": pots[place][0].id, "coverage_month_id": month_id, "amount_rupiah": amount})
    bills.pay(taken, parts)
    last = None
    for (payment, amount), spent in zip(pots, used, strict=True):
        if spent:
            last = payment, filling.receipt_of(payment)
        if amount > spent:
            filling.park(payment, amount - spent, RefundReason.month_taken if taken.lost_rupiah else RefundReason.overpayment)
    if last is not None:
        bills.begin(taken)
        bills.tell_paid(order, last[0], last[1].ref)


def close_page(order_id: int) -> None:
    """Nobody shall pay on the payment page what came by transfer. If that fails, a second payment is booked as one."""
    order = queries.get_order(order_id)
    if order.state is not OrderState.paid or order.provider_session is None:
        return
    try:
        gateway.close_page(order)
    except (StripeRefused, StripeUnavailable) as no:
        log.info("page of order %s stays open: %s", order_id, type(no).__name__)
