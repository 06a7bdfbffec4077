"""Money in and back. `payment_order` is what we ask, `payment` what came, `allocation` which month it fills, `suspense` what fills none."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from sertakan.db import Instant, Model, choice, guard_rows, key, ref
from sertakan.payments.rules import EventState, OrderState, RefundReason, RefundState, SuspenseState
from sertakan.sponsorships.models import Sponsorship


class Order(Model):
    """One bill for the months of one sponsorship, paid in one go on the payment page."""

    __tablename__ = "payment_order"
    __table_args__ = (
        Index("ix_payment_order_state", "state", "expires_at"),
        UniqueConstraint("sponsorship_id", "attempt"),
        CheckConstraint("amount_rupiah > 0", name="amount"),
    )

    id: Mapped[int] = key()
    ref: Mapped[str] = ref()
    sponsorship_id: Mapped[int] = mapped_column(ForeignKey("sponsorship.id"))
    attempt: Mapped[int] = mapped_column(default=1)
    amount_rupiah: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[OrderState] = mapped_column(choice(OrderState, "state"), default=OrderState.opening)
    idempotency_key: Mapped[str] = mapped_column(String(64), unique=True)
    provider_session: Mapped[str | None] = mapped_column(String(255), unique=True)
    checkout_url: Mapped[str | None] = mapped_column(String(2048))
    locale: Mapped[str] = mapped_column(String(2))
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    paid_at: Mapped[datetime | None] = mapped_column(Instant)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)
    checked_at: Mapped[datetime | None] = mapped_column(Instant)
    session_expires_at: Mapped[datetime] = mapped_column(Instant)  # by the real clock: the payment service's, not the demo's
    transfer_at: Mapped[datetime | None] = mapped_column(Instant)  # the payer has a transfer code; the money is on its way
    declined_at: Mapped[datetime | None] = mapped_column(Instant)  # a try failed; another may follow on the same page
    held_reason: Mapped[str | None] = mapped_column(String(40))  # what came does not fit the order: a person must look

    sponsorship: Mapped[Sponsorship] = relationship()


class OrderLine(Model):
    """A month on a bill, at the price frozen when it was reserved."""

    __tablename__ = "order_line"
    __table_args__ = (UniqueConstraint("order_id", "coverage_month_id"), CheckConstraint("amount_rupiah > 0", name="amount"))

    id: Mapped[int] = key()
    order_id: Mapped[int] = mapped_column(ForeignKey("payment_order.id"))
    coverage_month_id: Mapped[int] = mapped_column(ForeignKey("coverage_month.id"), index=True)
    amount_rupiah: Mapped[int] = mapped_column(BigInteger)


class Payment(Model):
    """A successful charge. One row per charge at the payment service: paying twice makes two rows."""

    __tablename__ = "payment"
    __table_args__ = (CheckConstraint("amount_rupiah > 0", name="amount"),)

    id: Mapped[int] = key()
    ref: Mapped[str] = ref()
    order_id: Mapped[int] = mapped_column(ForeignKey("payment_order.id"), index=True)
    provider_intent: Mapped[str] = mapped_column(String(255), unique=True)
    amount_rupiah: Mapped[int] = mapped_column(BigInteger)
    late: Mapped[bool] = mapped_column(default=False)
    received_at: Mapped[datetime] = mapped_column(Instant)

    order: Mapped[Order] = relationship()


class Allocation(Model):
    """Money of a payment that fills a month, wholly. Freed when the month is released; never deleted."""

    __tablename__ = "allocation"
    __table_args__ = (
        UniqueConstraint("payment_id", "coverage_month_id"),
        CheckConstraint("amount_rupiah > 0", name="amount"),
    )

    id: Mapped[int] = key()
    payment_id: Mapped[int] = mapped_column(ForeignKey("payment.id"))
    coverage_month_id: Mapped[int] = mapped_column(ForeignKey("coverage_month.id"), index=True)
    amount_rupiah: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(Instant)
    freed_at: Mapped[datetime | None] = mapped_column(Instant)


class Suspense(Model):
    """Money without a month: visible until someone books or refunds it (I21)."""

    __tablename__ = "suspense"
    __table_args__ = (CheckConstraint("amount_rupiah > 0", name="amount"), Index("ix_suspense_state", "state", "opened_at"))

    id: Mapped[int] = key()
    ref: Mapped[str] = ref()
    payment_id: Mapped[int] = mapped_column(ForeignKey("payment.id"), index=True)
    amount_rupiah: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[RefundReason] = mapped_column(choice(RefundReason, "reason"))
    state: Mapped[SuspenseState] = mapped_column(choice(SuspenseState, "state"), default=SuspenseState.open)
    refund_id: Mapped[int | None] = mapped_column(ForeignKey("refund.id"))
    opened_at: Mapped[datetime] = mapped_column(Instant)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)


class Refund(Model):
    """Money on its way back to the payer. A row, never a minus; confirmed by event."""

    __tablename__ = "refund"
    __table_args__ = (
        CheckConstraint("amount_rupiah > 0", name="amount"),
        CheckConstraint(
            "approved_by_id IS NULL OR requested_by_id IS NULL OR approved_by_id <> requested_by_id", name="two_people"
        ),
        Index("ix_refund_state", "state"),
    )

    id: Mapped[int] = key()
    ref: Mapped[str] = ref()
    payment_id: Mapped[int] = mapped_column(ForeignKey("payment.id"), index=True)
    amount_rupiah: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[RefundReason] = mapped_column(choice(RefundReason, "reason"))
    state: Mapped[RefundState] = mapped_column(choice(RefundState, "state"), default=RefundState.requested)
    requested_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))  # None: by rule
    approved_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))  # None: by rule
    idempotency_key: Mapped[str] = mapped_column(String(64), unique=True)
    provider_refund: Mapped[str | None] = mapped_column(String(255), unique=True)
    failure: Mapped[str | None] = mapped_column(String(80))
    attempts: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant)
    first_tried_at: Mapped[datetime | None] = mapped_column(Instant)  # by the real clock, like the key's 24 hours
    sent_at: Mapped[datetime | None] = mapped_column(Instant)
    succeeded_at: Mapped[datetime | None] = mapped_column(Instant)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)

    payment: Mapped[Payment] = relationship()


class RefundLine(Model):
    """Which months a refund gives back."""

    __tablename__ = "refund_line"
    __table_args__ = (UniqueConstraint("refund_id", "coverage_month_id"),)

    id: Mapped[int] = key()
    refund_id: Mapped[int] = mapped_column(ForeignKey("refund.id"))
    coverage_month_id: Mapped[int] = mapped_column(ForeignKey("coverage_month.id"), index=True)
    amount_rupiah: Mapped[int] = mapped_column(BigInteger)


class ProviderEvent(Model):
    """The inbox: every signed event once, by its id, with ids only (the body is re-read from the service before it is believed)."""

    __tablename__ = "provider_event"
    __table_args__ = (Index("ix_provider_event_state", "state", "next_try_at"),)

    id: Mapped[int] = key()
    event_id: Mapped[str] = mapped_column(String(255), unique=True)
    kind: Mapped[str] = mapped_column(String(80))
    object_id: Mapped[str] = mapped_column(String(255))
    order_ref: Mapped[str | None] = mapped_column(String(32), index=True)
    state: Mapped[EventState] = mapped_column(choice(EventState, "state"), default=EventState.new)
    attempts: Mapped[int] = mapped_column(default=0)
    failure: Mapped[str | None] = mapped_column(String(120))
    received_at: Mapped[datetime] = mapped_column(Instant)
    next_try_at: Mapped[datetime] = mapped_column(Instant)
    handled_at: Mapped[datetime | None] = mapped_column(Instant)


class Receipt(Model):
    """Numbered without gaps within a year; voided, never deleted (DOMAIN trap 31)."""

    __tablename__ = "receipt"
    __table_args__ = (UniqueConstraint("year", "number"),)

    id: Mapped[int] = key()
    ref: Mapped[str] = ref()
    year: Mapped[int]
    number: Mapped[int]
    payment_id: Mapped[int] = mapped_column(ForeignKey("payment.id"), unique=True)
    issued_at: Mapped[datetime] = mapped_column(Instant)
    voided_at: Mapped[datetime | None] = mapped_column(Instant)

    payment: Mapped[Payment] = relationship()

    @property
    def label(self) -> str:
        """As printed: `KW-2026-000042`."""
        return f"KW-{self.year}-{self.number:06d}"


for _table in (Order, OrderLine, Payment, Allocation, Suspense, Refund, RefundLine, ProviderEvent, Receipt):
    guard_rows(_table.__table__, "delete", "nothing about money is deleted")
