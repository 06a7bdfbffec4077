"""`autopay`: a sponsor's yes to a saved card; `auto_charge`: what is announced, tried and paid with it. Whole rupiah."""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from sertakan.autopay.rules import ChargeState, ConsentState, EndReason
from sertakan.db import Instant, Model, MonthColumn, choice, guard_rows, key, ref
from sertakan.kit.months import Month
from sertakan.payments.models import Order
from sertakan.sponsorships.models import Sponsorship

_LIVING = text("state = 'living'")
_WAITING = text("state IN ('announced', 'trying')")


class Autopay(Model):
    """At most one living for a sponsorship. Of the card only what she knows it by: brand and last four digits.

    `session_expires_at` and the payment service's ids follow its own clock. An ended one is done when the card is detached there.
    """

    __tablename__ = "autopay"
    __table_args__ = (
        Index("uq_autopay_living", "sponsorship_id", unique=True, sqlite_where=_LIVING, postgresql_where=_LIVING),
        Index("ix_autopay_state", "state", "detached_at"),
        CheckConstraint("months BETWEEN 1 AND 12", name="months"),
        CheckConstraint("state <> 'living' OR (method IS NOT NULL AND begun_at IS NOT NULL)", name="living_has_card"),
        CheckConstraint("(state = 'ended') = (ended_at IS NOT NULL)", name="ended"),
        CheckConstraint("detached_at IS NULL OR state = 'ended'", name="detached_when_ended"),
    )

    id: Mapped[int] = key()
    ref: Mapped[str] = ref()
    sponsorship_id: Mapped[int] = mapped_column(ForeignKey("sponsorship.id"), index=True)
    months: Mapped[int]
    state: Mapped[ConsentState] = mapped_column(choice(ConsentState, "state"), default=ConsentState.asking)
    locale: Mapped[str] = mapped_column(String(2))
    customer: Mapped[str | None] = mapped_column(String(255), index=True)
    setup_session: Mapped[str | None] = mapped_column(String(255), unique=True)
    setup_url: Mapped[str | None] = mapped_column(String(2048))
    method: Mapped[str | None] = mapped_column(String(255), unique=True)
    brand: Mapped[str | None] = mapped_column(String(24))
    last4: Mapped[str | None] = mapped_column(String(4))
    asked_at: Mapped[datetime] = mapped_column(Instant)
    session_expires_at: Mapped[datetime] = mapped_column(Instant)
    begun_at: Mapped[datetime | None] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    end_reason: Mapped[EndReason | None] = mapped_column(choice(EndReason, "end_reason"))
    detached_at: Mapped[datetime | None] = mapped_column(Instant)

    sponsorship: Mapped[Sponsorship] = relationship()


class AutoCharge(Model):
    """One period that a consent pays: announced with its months and price, charged at exactly that, once.

    `idempotency_key` is stored before the first try; `first_tried_at` follows the real clock, like the key's 24 hours.
    """

    __tablename__ = "auto_charge"
    __table_args__ = (
        Index("uq_auto_charge_waiting", "sponsorship_id", unique=True, sqlite_where=_WAITING, postgresql_where=_WAITING),
        UniqueConstraint("autopay_id", "first_month", "number"),
        Index("ix_auto_charge_state", "state", "charge_on"),
        CheckConstraint("amount_rupiah > 0", name="amount"),
        CheckConstraint("months BETWEEN 1 AND 12", name="months"),
        CheckConstraint("tries BETWEEN 0 AND 2", name="two_tries"),
        CheckConstraint("state NOT IN ('trying', 'paid') OR order_id IS NOT NULL", name="has_bill"),
    )

    id: Mapped[int] = key()
    ref: Mapped[str] = ref()
    autopay_id: Mapped[int] = mapped_column(ForeignKey("autopay.id"), index=True)
    sponsorship_id: Mapped[int] = mapped_column(ForeignKey("sponsorship.id"), index=True)
    first_month: Mapped[Month] = mapped_column(MonthColumn)
    number: Mapped[int] = mapped_column(default=1)  # the same month may be announced anew after a charge for it was dropped
    months: Mapped[int]
    amount_rupiah: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[ChargeState] = mapped_column(choice(ChargeState, "state"), default=ChargeState.announced)
    announced_on: Mapped[date]
    announcements: Mapped[int] = mapped_column(default=1)
    reminded: Mapped[bool] = mapped_column(default=False)  # the second word, three days before the charge
    charge_on: Mapped[date]
    tries: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)  # how often the payment service was asked about this try
    next_try_at: Mapped[datetime | None] = mapped_column(Instant)
    order_id: Mapped[int | None] = mapped_column(ForeignKey("payment_order.id"), unique=True)
    idempotency_key: Mapped[str | None] = mapped_column(String(64), unique=True)
    first_tried_at: Mapped[datetime | None] = mapped_column(Instant)
    provider_intent: Mapped[str | None] = mapped_column(String(255), unique=True)
    failure: Mapped[str | None] = mapped_column(String(80))
    created_at: Mapped[datetime] = mapped_column(Instant)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)

    autopay: Mapped[Autopay] = relationship()
    order: Mapped[Order | None] = relationship()


for _table in (Autopay, AutoCharge):
    guard_rows(_table.__table__, "delete", "nothing about money is deleted")
