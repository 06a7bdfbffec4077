"""Money in and back. `payment_order` is what we ask, `payment` what came, `allocation` which month it fills, `suspense` what fills none."""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Index, String, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from sertakan.accounts.models import Organisation
from sertakan.db import Instant, Model, Sealed, choice, guard_rows, key, new_ref, ref
from sertakan.payments.guards import guard_refunds
from sertakan.payments.rules import DisputeLoss, DisputeState, EventState, OrderState, RefundReason, RefundState, SuspenseState
from sertakan.payments.virtual import BANK
from sertakan.sponsorships.models import Sponsorship


class Order(Model):
    """One bill, paid in one go: for the months of one sponsorship, or of many that one organisation pays for."""

    __tablename__ = "payment_order"
    __table_args__ = (
        Index("ix_payment_order_state", "state", "expires_at"),
        Index("ix_payment_order_organisation", "organisation_id", "id"),
        UniqueConstraint("sponsorship_id", "attempt"),
        CheckConstraint("amount_rupiah > 0", name="amount"),
        CheckConstraint("(sponsorship_id IS NULL) = topup", name="topup_of_nobody"),
        CheckConstraint("NOT topup OR organisation_id IS NOT NULL", name="topup_of_organisation"),
    )

    id: Mapped[int] = key()
    ref: Mapped[str] = ref()
    sponsorship_id: Mapped[int | None] = mapped_column(
        ForeignKey("sponsorship.id")
    )  # of a bill for many: the first, whose maker is told
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))  # set: its bill for many workers
    topup: Mapped[bool] = mapped_column(default=False, server_default=false())  # paid ahead, for nobody yet (`balance`)
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
    off_session: Mapped[bool] = mapped_column(default=False, server_default=false())  # a saved card pays: it has no page
    held_reason: Mapped[str | None] = mapped_column(String(40))  # what came does not fit the order: a person must look

    sponsorship: Mapped[Sponsorship | None] = relationship()
    organisation: Mapped[Organisation | None] = relationship()

    @property
    def promise(self) -> Sponsorship:
        """Whose months it is for; of a bill for many the first. Not of a top-up, which is for nobody yet."""
        assert self.sponsorship is not None
        return self.sponsorship

    @property
    def code(self) -> str:
        """Of the promise that it is for, of a bill for many the first one's; empty of a top-up."""
        return self.sponsorship.code if self.sponsorship is not None else ""


class Invoice(Model):
    """The paper of an organisation's bill, numbered without gaps within a year. `share_ref` opens it read-only for who has to pay."""

    __tablename__ = "invoice"
    __table_args__ = (UniqueConstraint("year", "number"),)

    id: Mapped[int] = key()
    ref: Mapped[str] = ref()
    share_ref: Mapped[str] = mapped_column(String(32), unique=True, default=new_ref)
    order_id: Mapped[int] = mapped_column(ForeignKey("payment_order.id"), unique=True)
    year: Mapped[int]
    number: Mapped[int]
    workers: Mapped[int]  # how many people the bill is for
    due_on: Mapped[date] = mapped_column(Date)
    issued_at: Mapped[datetime] = mapped_column(Instant)
    voided_at: Mapped[datetime | None] = mapped_column(Instant)

    order: Mapped[Order] = relationship()

    @property
    def label(self) -> str:
        """As printed: `TG-2026-000042`."""
        return f"TG-{self.year}-{self.number:06d}"


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

    @property
    def by_bank(self) -> bool:
        """Came to our own account: the payment service knows nothing of it and cannot send it back."""
        return self.provider_intent.startswith(BANK)


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
    returned_from_id: Mapped[int | None] = mapped_column(ForeignKey("refund.id"))  # the refund that failed or was not agreed to
    opened_at: Mapped[datetime] = mapped_column(Instant)
    asked_at: Mapped[datetime | None] = mapped_column(Instant)  # when the payer was last asked for her account
    closed_at: Mapped[datetime | None] = mapped_column(Instant)

    payment: Mapped[Payment] = relationship()


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
    note: Mapped[str | None] = mapped_column(String(300))  # why, in the words of who asked for it
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


class BalanceUse(Model):
    """Money that an organisation had paid ahead, or had left over, and that paid a bill of it."""

    __tablename__ = "balance_use"
    __table_args__ = (UniqueConstraint("order_id", "payment_id"), CheckConstraint("amount_rupiah > 0", name="amount"))

    id: Mapped[int] = key()
    order_id: Mapped[int] = mapped_column(ForeignKey("payment_order.id"))
    payment_id: Mapped[int] = mapped_column(ForeignKey("payment.id"), index=True)
    amount_rupiah: Mapped[int] = mapped_column(BigInteger)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))  # None: by a rule that two members agreed on
    created_at: Mapped[datetime] = mapped_column(Instant)


class PayoutAccount(Model):
    """Where the payer of one sponsorship, or an organisation, wants money that cannot go back the way it came.

    Emptied after success.
    """

    __tablename__ = "payout_account"
    __table_args__ = (
        Index(
            "uq_payout_account_living",
            "sponsorship_id",
            unique=True,
            sqlite_where=text("cleared_at IS NULL"),
            postgresql_where=text("cleared_at IS NULL"),
        ),
        Index(
            "uq_payout_account_organisation",
            "organisation_id",
            unique=True,
            sqlite_where=text("cleared_at IS NULL"),
            postgresql_where=text("cleared_at IS NULL"),
        ),
        CheckConstraint("cleared_at IS NULL OR (holder_sealed IS NULL AND number_sealed IS NULL)", name="cleared"),
        CheckConstraint("(sponsorship_id IS NULL) <> (organisation_id IS NULL)", name="of_one_payer"),
    )

    id: Mapped[int] = key()
    ref: Mapped[str] = ref()
    sponsorship_id: Mapped[int | None] = mapped_column(ForeignKey("sponsorship.id"))
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    bank: Mapped[str] = mapped_column(String(24))
    holder_sealed: Mapped[str | None] = mapped_column(String(400))
    number_sealed: Mapped[str | None] = mapped_column(String(200))
    number_end: Mapped[str] = mapped_column(String(3))  # what stays: enough to answer "which account was it?"
    created_at: Mapped[datetime] = mapped_column(Instant)
    cleared_at: Mapped[datetime | None] = mapped_column(Instant)

    holder = Sealed("holder_sealed")
    number = Sealed("number_sealed")

    @property
    def masked(self) -> str:
        """As shown to staff: `••••••• 482`."""
        return f"••••••• {self.number_end}"


class BankTransfer(Model):
    """A refund that people send by hand: one notes it with its proof, another confirms that it left the bank."""

    __tablename__ = "bank_transfer"
    __table_args__ = (
        CheckConstraint("confirmed_by_id IS NULL OR confirmed_by_id <> typed_by_id", name="two_people"),
        CheckConstraint("confirmed_by_id IS NULL OR typed_by_id IS NOT NULL", name="typed_first"),
        CheckConstraint("(typed_by_id IS NULL) = (proof IS NULL)", name="typed_with_proof"),
    )

    id: Mapped[int] = key()
    refund_id: Mapped[int] = mapped_column(ForeignKey("refund.id"), unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("payout_account.id"), index=True)
    proof: Mapped[str | None] = mapped_column(
        String(120), unique=True
    )  # the bank's number: the same one cannot prove two refunds
    transferred_on: Mapped[date | None] = mapped_column(Date)
    typed_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    confirmed_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))

    refund: Mapped[Refund] = relationship()
    account: Mapped[PayoutAccount] = relationship()


class Dispute(Model):
    """The payer's bank asks for the money of a payment back. While it is open the payment's months may not go to BPJS.

    `loss_rupiah` is what the bank took after the money had left for BPJS: the worker keeps her month, two people book the loss.
    """

    __tablename__ = "dispute"
    __table_args__ = (
        CheckConstraint("amount_rupiah > 0", name="amount"),
        CheckConstraint("loss_rupiah >= 0 AND loss_rupiah <= amount_rupiah", name="loss"),
        CheckConstraint("agreed_by_id IS NULL OR agreed_by_id <> proposed_by_id", name="two_people"),
        CheckConstraint("agreed_by_id IS NULL OR proposed_by_id IS NOT NULL", name="proposed_first"),
        Index("ix_dispute_state", "state", "opened_at"),
    )

    id: Mapped[int] = key()
    ref: Mapped[str] = ref()
    payment_id: Mapped[int] = mapped_column(ForeignKey("payment.id"), index=True)
    provider_dispute: Mapped[str] = mapped_column(String(255), unique=True)
    amount_rupiah: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(String(40))  # the payment service's word
    state: Mapped[DisputeState] = mapped_column(choice(DisputeState, "state"), default=DisputeState.open)
    loss_rupiah: Mapped[int] = mapped_column(BigInteger, default=0)
    loss: Mapped[DisputeLoss | None] = mapped_column(choice(DisputeLoss, "loss_kind"))
    loss_note: Mapped[str | None] = mapped_column(String(300))
    proposed_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    agreed_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    opened_at: Mapped[datetime] = mapped_column(Instant)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)
    settled_at: Mapped[datetime | None] = mapped_column(Instant)

    payment: Mapped[Payment] = relationship()


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


for _table in (
    Order,
    Invoice,
    OrderLine,
    Payment,
    Allocation,
    Suspense,
    Refund,
    RefundLine,
    BalanceUse,
    PayoutAccount,
    BankTransfer,
    Dispute,
    ProviderEvent,
    Receipt,
):
    guard_rows(_table.__table__, "delete", "nothing about money is deleted")
# I5: what a person asked for is not sent before another agreed
guard_rows(
    Refund.__table__,
    "update",
    "two people agree",
    "NEW.requested_by_id IS NOT NULL AND NEW.approved_by_id IS NULL AND NEW.state NOT IN ('requested', 'cancelled')",
)
guard_refunds(Refund.__table__)
