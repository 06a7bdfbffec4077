"""Receipts and what they list. Only reads."""

from collections.abc import Sequence
from typing import Any

from flask import abort
from sqlalchemy import func, or_, select
from sqlalchemy.orm import joinedload

from sertakan.coverage.models import CoverageMonth
from sertakan.db import db
from sertakan.payments.models import Allocation, Order, Payment, Receipt
from sertakan.payments.queries import from_balance
from sertakan.sponsorships.models import Sponsorship


def get_receipt(ref: str) -> Receipt:
    """By its unguessable reference, with everything a page of it says; 404 for a made-up one."""
    found = db.session.scalars(
        select(Receipt)
        .where(Receipt.ref == ref)
        .options(
            joinedload(Receipt.payment).joinedload(Payment.order).joinedload(Order.sponsorship).joinedload(Sponsorship.worker),
            joinedload(Receipt.payment).joinedload(Payment.order).joinedload(Order.sponsorship).joinedload(Sponsorship.sponsor),
        )
    ).first()
    if found is None:
        abort(404)
    return found


def receipts_of(sponsorship_id: int) -> Sequence[Receipt]:
    """The receipts of a sponsorship, newest first, with their payments."""
    statement = (
        select(Receipt)
        .join(Receipt.payment)
        .join(Payment.order)
        .where(Order.sponsorship_id == sponsorship_id)
        .options(joinedload(Receipt.payment).joinedload(Payment.order))
        .order_by(Receipt.id.desc())
    )
    return db.session.scalars(statement).all()


def receipts_of_order(order_id: int) -> Sequence[Receipt]:
    """Of what was paid for it, and of what paid it from a balance."""
    statement = select(Receipt).join(Receipt.payment).where(or_(Payment.order_id == order_id, from_balance(order_id, Payment.id)))
    return db.session.scalars(statement.order_by(Receipt.id)).all()


def receipt_sums(payment_id: int) -> Sequence[Any]:
    """What a payment filled, by month: `month`, `workers`, `rupiah`, and how much of it was `returned` later."""
    c, money = CoverageMonth, Allocation.amount_rupiah
    returned = func.coalesce(func.sum(money).filter(Allocation.freed_at.is_not(None)), 0).label("returned")
    sums = func.count(c.worker_id.distinct()).label("workers"), func.sum(money).label("rupiah"), returned
    statement = select(c.month, *sums).join(Allocation, Allocation.coverage_month_id == c.id)
    return db.session.execute(statement.where(Allocation.payment_id == payment_id).group_by(c.month).order_by(c.month)).all()


def receipt_lines(payment_id: int) -> Sequence[tuple[CoverageMonth, Allocation]]:
    """The months that a payment filled, oldest first; `freed_at` says which were given back later."""
    statement = (
        select(CoverageMonth, Allocation)
        .join(Allocation, Allocation.coverage_month_id == CoverageMonth.id)
        .where(Allocation.payment_id == payment_id)
        .order_by(CoverageMonth.month, CoverageMonth.id)
    )
    return [(row[0], row[1]) for row in db.session.execute(statement)]
