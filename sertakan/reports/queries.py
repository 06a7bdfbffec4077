"""Following one sponsorship through every table, and the money that has no month."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from sertakan.accounts.models import Person
from sertakan.audit.models import AuditEntry
from sertakan.coverage.models import CoverageMonth
from sertakan.db import db
from sertakan.payments.models import Allocation, Order, Payment, Refund, Suspense
from sertakan.payments.rules import RefundState, SuspenseState
from sertakan.sponsorships.models import Sponsorship

MOST = 500


@dataclass(frozen=True)
class Money:
    """Where the received rupiah are now; `received = months + suspense + refunded + refunding`."""

    received: int
    in_months: int
    suspense: int
    refunded: int
    refunding: int

    @property
    def balances(self) -> bool:
        return self.received == self.in_months + self.suspense + self.refunded + self.refunding


def find_sponsorship(code: str) -> Sponsorship | None:
    return db.session.scalar(select(Sponsorship).where(Sponsorship.code == code))


def list_trail(sponsorship: Sponsorship) -> list[tuple[AuditEntry, str]]:
    """Everything written down about one sponsorship, its months, bills, payments and refunds, oldest first, with who did it."""
    subjects = [f"sponsorship:{sponsorship.ref}", f"worker:{sponsorship.worker.ref}"]
    months = select(CoverageMonth.ref).where(CoverageMonth.sponsorship_id == sponsorship.id)
    orders = select(Order.ref).where(Order.sponsorship_id == sponsorship.id)
    payments = select(Payment.ref).join(Order).where(Order.sponsorship_id == sponsorship.id)
    refunds = select(Refund.ref).join(Payment).join(Order).where(Order.sponsorship_id == sponsorship.id)
    for kind, question in (("month", months), ("order", orders), ("payment", payments), ("refund", refunds)):
        subjects += [f"{kind}:{ref}" for ref in db.session.scalars(question)]
    entries = db.session.scalars(
        select(AuditEntry).where(AuditEntry.subject.in_(subjects)).order_by(AuditEntry.id).limit(MOST)
    ).all()
    names = _names(entries)
    return [(entry, names.get(entry.actor, entry.actor)) for entry in entries]


def _names(entries: Sequence[AuditEntry]) -> dict[str, str]:
    refs = {entry.actor for entry in entries}
    return {row[0]: row[1] for row in db.session.execute(select(Person.ref, Person.name).where(Person.ref.in_(refs)))}


def money() -> Money:
    """The identity of the books, in one statement."""
    back = (RefundState.failed, RefundState.cancelled, RefundState.succeeded)
    row = db.session.execute(
        select(
            select(func.coalesce(func.sum(Payment.amount_rupiah), 0)).scalar_subquery(),
            select(func.coalesce(func.sum(Allocation.amount_rupiah), 0)).where(Allocation.freed_at.is_(None)).scalar_subquery(),
            select(func.coalesce(func.sum(Suspense.amount_rupiah), 0))
            .where(Suspense.state == SuspenseState.open)
            .scalar_subquery(),
            select(func.coalesce(func.sum(Refund.amount_rupiah), 0))
            .where(Refund.state == RefundState.succeeded)
            .scalar_subquery(),
            select(func.coalesce(func.sum(Refund.amount_rupiah), 0)).where(Refund.state.not_in(back)).scalar_subquery(),
        )
    ).one()
    return Money(*(int(amount) for amount in row))


def list_suspense() -> Sequence[tuple[Suspense, str]]:
    """Open money without a month, oldest first, with the code of its sponsorship."""
    rows = db.session.execute(
        select(Suspense, Sponsorship.code)
        .join(Payment, Payment.id == Suspense.payment_id)
        .join(Order, Order.id == Payment.order_id)
        .join(Sponsorship, Sponsorship.id == Order.sponsorship_id)
        .where(Suspense.state == SuspenseState.open)
        .order_by(Suspense.opened_at)
        .limit(MOST)
    )
    return [(row[0], row[1]) for row in rows]
