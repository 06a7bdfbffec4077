"""An organisation's bill paid from its balance, by a member or by a rule of its pool. Run inside `transaction()`."""

from collections.abc import Sequence

from sertakan.accounts.models import Person
from sertakan.db import db
from sertakan.kit import clock
from sertakan.payments import balance, incoming, rules
from sertakan.payments.models import BalanceUse, Order, Payment, Suspense
from sertakan.payments.rules import OrderState


def pay(*, actor: str, order: Order, by: Person | None) -> int:
    """A locked bill is paid wholly: first by transfers that came for it, then from the balance, the oldest money first.

    Returns the rupiah taken from the balance; `by` is None when a rule pays. Whoever calls closes the payment page afterwards
    (`incoming.close_page`). Refuses OrderPaid, OrderClosed, BalanceTooLow; then nothing has changed.
    """
    if order.state is OrderState.paid:
        raise rules.OrderPaid
    if order.organisation_id is None or order.topup or order.held_reason or order.state not in rules.UNPAID:
        raise rules.OrderClosed
    parts = incoming.waiting_parts(order.id)
    need = order.amount_rupiah - sum(row.amount_rupiah for row in parts)
    pots = _take(actor, balance.pots(order.organisation_id), need)
    for row in parts:
        incoming.take(actor, row)
    for payment, amount in pots:
        use = BalanceUse(order_id=order.id, payment_id=payment.id, amount_rupiah=amount, created_at=clock.now())
        use.by_id = by.id if by else None
        db.session.add(use)
    incoming.fill(actor, order, [*((row.payment, row.amount_rupiah) for row in parts), *pots])
    return need


def _take(actor: str, rows: Sequence[Suspense], need: int) -> list[tuple[Payment, int]]:
    """So much of these, one sum a payment; of the last one the rest stays. Refuses BalanceTooLow."""
    if sum(row.amount_rupiah for row in rows) < need:
        raise rules.BalanceTooLow
    taken: dict[int, tuple[Payment, int]] = {}
    for row in rows:
        if not need:
            break
        part = min(need, row.amount_rupiah)
        incoming.take(actor, row, part)
        before = taken.get(row.payment_id, (row.payment, 0))
        taken[row.payment_id] = row.payment, before[1] + part
        need -= part
    return list(taken.values())
