"""The checks of money paid ahead: it pays whole bills of its own organisation, and rules keep to what two members said."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import aliased

from sertakan.payments.models import BalanceUse, Order, Payment
from sertakan.payments.rules import OrderState
from sertakan.pool.models import PoolPick, PoolRule
from sertakan.sponsorships.models import Sponsorship


def _anothers_money() -> Select[Any]:
    bill, source = aliased(Order), aliased(Order)
    return (
        select(bill.ref)
        .join(BalanceUse, BalanceUse.order_id == bill.id)
        .join(Payment, Payment.id == BalanceUse.payment_id)
        .join(source, source.id == Payment.order_id)
        .where(
            or_(source.organisation_id.is_(None), bill.organisation_id.is_(None), source.organisation_id != bill.organisation_id)
        )
    )


def _partly_paid() -> Select[Any]:
    """A bill that a balance paid holds its whole amount: from the balance, and from transfers for it."""
    used = select(func.sum(BalanceUse.amount_rupiah)).where(BalanceUse.order_id == Order.id).scalar_subquery()
    own = select(func.coalesce(func.sum(Payment.amount_rupiah), 0)).where(Payment.order_id == Order.id).scalar_subquery()
    return select(Order.ref).where(used.is_not(None), or_(Order.state != OrderState.paid, used + own < Order.amount_rupiah))


def _rule_overspent() -> Select[Any]:
    """No more people than its rule says, and all of them in its organisation's name."""
    people = (
        select(func.count(Sponsorship.worker_id.distinct()))
        .join(PoolPick, PoolPick.sponsorship_id == Sponsorship.id)
        .where(PoolPick.rule_id == PoolRule.id, Sponsorship.review_state.not_in(("rejected", "withdrawn")))
        .scalar_subquery()
    )
    strange = select(PoolPick.id).join(Sponsorship, Sponsorship.id == PoolPick.sponsorship_id)
    strange = strange.where(
        and_(PoolPick.rule_id == PoolRule.id, func.coalesce(Sponsorship.organisation_id, 0) != PoolRule.organisation_id)
    )
    return select(PoolRule.ref).where(or_(people > PoolRule.most_workers, strange.exists()))


CHECKS: dict[str, Callable[[], Select[Any]]] = {
    "a balance pays bills of its own organisation": _anothers_money,
    "a bill paid from a balance is paid wholly": _partly_paid,
    "a rule protects whom it says, and no more": _rule_overspent,
}
