"""Reading the books of money."""

from collections.abc import Sequence
from typing import Any

from flask import abort
from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import joinedload

from sertakan.accounts.models import Organisation, Person
from sertakan.coverage.models import CoverageMonth
from sertakan.coverage.rules import MonthState
from sertakan.db import db
from sertakan.kit import clock
from sertakan.payments import rules
from sertakan.payments.models import (
    Allocation,
    BalanceUse,
    BankTransfer,
    Dispute,
    Invoice,
    Order,
    OrderLine,
    Payment,
    PayoutAccount,
    ProviderEvent,
    Refund,
    RefundLine,
    Suspense,
)
from sertakan.payments.rules import DisputeState, EventState, OrderState, RefundState, SuspenseState
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import ReviewState, TermState

BATCH = 200


# ---- orders --------------------------------------------------------------------------------------------------------------------


def get_order(order_id: int, lock: bool = False) -> Order:
    """By id; with `lock` read anew and held until the transaction ends."""
    return _one_order(Order.id == order_id, lock)


def get_order_by_ref(ref: str, lock: bool = False) -> Order:
    """By its unguessable reference; 404 for a made-up one."""
    return _one_order(Order.ref == ref, lock)


def _one_order(condition: object, lock: bool) -> Order:
    statement = select(Order).where(condition)  # type: ignore[arg-type]
    if lock:
        statement = statement.with_for_update(of=Order).execution_options(populate_existing=True)
    else:
        statement = statement.options(joinedload(Order.sponsorship).joinedload(Sponsorship.worker))
    found = db.session.scalars(statement).first()
    if found is None:
        abort(404)
    return found


def label_of(order: Order) -> str:
    """What its payer calls a bill: the code of the promise, or the number on an organisation's invoice."""
    if order.organisation_id is None:
        return order.code
    return db.session.scalars(select(Invoice).where(Invoice.order_id == order.id)).one().label


def find_order_id(ref: str | None) -> int | None:
    return db.session.scalar(select(Order.id).where(Order.ref == ref)) if ref else None


def last_attempt(sponsorship_id: int) -> int:
    return db.session.scalar(select(func.max(Order.attempt)).where(Order.sponsorship_id == sponsorship_id)) or 0


def months_of_order(order_id: int, lock: bool = False) -> Sequence[CoverageMonth]:
    """The months on a bill, oldest first, as they are now."""
    statement = (
        select(CoverageMonth)
        .join(OrderLine, OrderLine.coverage_month_id == CoverageMonth.id)
        .where(OrderLine.order_id == order_id)
        .order_by(CoverageMonth.month, CoverageMonth.id)
    )
    if lock:
        statement = statement.with_for_update(of=CoverageMonth).execution_options(populate_existing=True)
    return db.session.scalars(statement).all()


def count_months(order_id: int) -> int:
    return db.session.scalar(select(func.count()).select_from(OrderLine).where(OrderLine.order_id == order_id)) or 0


def get_last_order(code: str) -> Order:
    """The newest bill of the sponsorship with this code, or 404."""
    statement = select(Order).join(Order.sponsorship).where(Sponsorship.code == code).order_by(Order.id.desc())
    return db.session.scalars(statement).first() or abort(404)


def open_orders(sponsorship_id: int) -> Sequence[Order]:
    statement = (
        select(Order)
        .where(Order.sponsorship_id == sponsorship_id, Order.state.in_(rules.UNPAID), ~Order.off_session)
        .order_by(Order.id.desc())
    )
    return db.session.scalars(statement).all()


def over_orders() -> Sequence[int]:
    """Unpaid orders whose time is over, or whose sponsorship is."""
    closed = or_(
        Sponsorship.review_state.in_((ReviewState.rejected, ReviewState.withdrawn)),
        Sponsorship.term_state.in_((TermState.cancelled, TermState.terminated)),
    )
    over = closed & Order.organisation_id.is_(None)  # a bill for many does not end with one of them
    statement = (
        select(Order.id)
        .outerjoin(Order.sponsorship)
        .where(
            Order.state.in_(rules.UNPAID),
            Order.held_reason.is_(None),
            ~Order.off_session,
            or_(Order.expires_at <= clock.now() - rules.PROCESSING, over),
        )
    )
    return _ids(statement.order_by(Order.id))


def unanswered_orders() -> Sequence[int]:
    """Orders that we know too little about: waiting for long, or closed while a transfer may still come in."""
    before = clock.now() - rules.ASK_AFTER
    asked = or_(Order.organisation_id.is_(None), Order.provider_session.is_not(None))  # theirs gets a page when somebody pays
    waiting = Order.state.in_(rules.UNPAID) & (func.coalesce(Order.checked_at, Order.created_at) <= before) & asked
    late = (
        Order.state.in_((OrderState.expired, OrderState.cancelled))
        & Order.transfer_at.is_not(None)
        & (Order.closed_at >= clock.now() - rules.LATE_TRANSFER)
        & (Order.checked_at <= before)
    )
    return _ids(select(Order.id).where(or_(waiting, late), Order.held_reason.is_(None), ~Order.off_session).order_by(Order.id))


def _ids(statement: Select[Any]) -> Sequence[int]:
    return db.session.scalars(statement.limit(BATCH)).all()


# ---- payments ------------------------------------------------------------------------------------------------------------------


def find_payment(intent: str) -> Payment | None:
    return db.session.scalars(select(Payment).where(Payment.provider_intent == intent)).first()


def payments_of_order(order_id: int) -> Sequence[Payment]:
    return db.session.scalars(select(Payment).where(Payment.order_id == order_id).order_by(Payment.id)).all()


def fills_months(order_id: int) -> bool:
    """Whether any money of this order, or that paid it from a balance, is in a month of it today."""
    held = select(Allocation.id).join(OrderLine, OrderLine.coverage_month_id == Allocation.coverage_month_id)
    held = held.where(
        OrderLine.order_id == order_id, Allocation.freed_at.is_(None), from_balance(order_id, Allocation.payment_id)
    )
    own = select(Allocation.id).join(Payment, Payment.id == Allocation.payment_id)
    own = own.where(Payment.order_id == order_id, Allocation.freed_at.is_(None))
    return bool(db.session.scalar(select(or_(own.exists(), held.exists()))))


def from_balance(order_id: int, payment_id: Any) -> Any:
    """SQL: this payment paid that bill, or a part of it, from its organisation's balance."""
    return select(BalanceUse.id).where(BalanceUse.order_id == order_id, BalanceUse.payment_id == payment_id).exists()


def live_allocations(month_ids: Sequence[int]) -> Sequence[Allocation]:
    """The money in these months that has not been given back."""
    statement = select(Allocation).where(Allocation.coverage_month_id.in_(month_ids), Allocation.freed_at.is_(None))
    return db.session.scalars(statement.order_by(Allocation.payment_id, Allocation.id)).all()


def refundable(sponsorship_id: int) -> int:
    """Rupiah that a cancellation gives back today: what is in months that are paid and not yet at BPJS."""
    statement = (
        select(func.coalesce(func.sum(Allocation.amount_rupiah), 0))
        .join(CoverageMonth, CoverageMonth.id == Allocation.coverage_month_id)
        .where(
            CoverageMonth.sponsorship_id == sponsorship_id,
            CoverageMonth.state == MonthState.paid,
            CoverageMonth.sending_at.is_(None),
            Allocation.freed_at.is_(None),
        )
    )
    return db.session.scalar(statement) or 0


def list_suspense(payer: Sponsorship | Organisation | None = None) -> Sequence[Suspense]:
    """Open suspense, oldest first: everybody's, of one sponsorship, or of all bills of an organisation."""
    statement = select(Suspense).where(Suspense.state == SuspenseState.open)
    if isinstance(payer, Organisation):
        statement = statement.join(Payment).join(Order).where(Order.organisation_id == payer.id)
    elif payer is not None:
        statement = statement.join(Payment).join(Order).where(Order.sponsorship_id == payer.id)
    return db.session.scalars(statement.order_by(Suspense.opened_at, Suspense.id)).all()


def get_suspense(ref: str, lock: bool = False) -> Suspense:
    """By its unguessable reference; 404 for a made-up one. With `lock` read anew and held until the transaction ends."""
    statement = select(Suspense).where(Suspense.ref == ref)
    if lock:
        statement = statement.with_for_update(of=Suspense).execution_options(populate_existing=True)
    return db.session.scalars(statement).first() or abort(404)


# ---- transfers by hand ---------------------------------------------------------------------------------------------------------


def account_of(order: Order, lock: bool = False) -> PayoutAccount | None:
    """The living account of a bill's payer."""
    return find_account(order.organisation or order.promise, lock)


def find_account(payer: Sponsorship | Organisation, lock: bool = False) -> PayoutAccount | None:
    """The living account of a sponsorship's payer, or of an organisation."""
    one = isinstance(payer, Organisation)
    mine = PayoutAccount.organisation_id == payer.id if one else PayoutAccount.sponsorship_id == payer.id
    statement = select(PayoutAccount).where(mine, PayoutAccount.cleared_at.is_(None))
    if lock:
        statement = statement.with_for_update(of=PayoutAccount).execution_options(populate_existing=True)
    return db.session.scalars(statement).first()


def transfer_of(refund_id: int) -> BankTransfer | None:
    return db.session.scalars(select(BankTransfer).where(BankTransfer.refund_id == refund_id)).first()


def by_transfer(refund_id: Any) -> Any:
    """SQL: people send this refund; the job does not."""
    return select(BankTransfer.id).where(BankTransfer.refund_id == refund_id).exists()


def account_in_use(account_id: int) -> bool:
    """Whether a refund on its way still needs it."""
    statement = select(BankTransfer.id).join(Refund, Refund.id == BankTransfer.refund_id)
    statement = statement.where(BankTransfer.account_id == account_id, Refund.state.in_(rules.ON_ITS_WAY))
    return bool(db.session.scalar(select(statement.exists())))


# ---- disputes ------------------------------------------------------------------------------------------------------------------


def open_dispute(payment_id: Any) -> Any:
    """SQL: the payer's bank is asking for this payment back; its money is not to be moved."""
    return select(Dispute.id).where(Dispute.payment_id == payment_id, Dispute.state == DisputeState.open).exists()


def is_disputed(payment_id: int) -> bool:
    return bool(db.session.scalar(select(open_dispute(payment_id))))


def frozen(month_id: Any) -> Any:
    """SQL: money of this month is disputed, so the month may not go to BPJS (PRODUCT 5.4)."""
    money = select(Allocation.id).join(Dispute, Dispute.payment_id == Allocation.payment_id)
    return money.where(
        Allocation.coverage_month_id == month_id, Allocation.freed_at.is_(None), Dispute.state == DisputeState.open
    ).exists()


def get_dispute(ref: str, lock: bool = False) -> Dispute:
    """By its unguessable reference; 404 for a made-up one."""
    statement = select(Dispute).where(Dispute.ref == ref)
    if lock:
        statement = statement.with_for_update(of=Dispute).execution_options(populate_existing=True)
    return db.session.scalars(statement).first() or abort(404)


def find_dispute(provider_dispute: str, lock: bool = False) -> Dispute | None:
    statement = select(Dispute).where(Dispute.provider_dispute == provider_dispute)
    if lock:
        statement = statement.with_for_update(of=Dispute).execution_options(populate_existing=True)
    return db.session.scalars(statement).first()


# ---- refunds -------------------------------------------------------------------------------------------------------------------


def get_refund(refund_id: int, lock: bool = False) -> Refund:
    statement = select(Refund).where(Refund.id == refund_id)
    if lock:
        statement = statement.with_for_update(of=Refund).execution_options(populate_existing=True)
    found = db.session.scalars(statement).first()
    if found is None:
        abort(404)
    return found


def get_refund_by_ref(ref: str, lock: bool = False) -> Refund:
    """By its unguessable reference; 404 for a made-up one."""
    found = db.session.scalar(select(Refund.id).where(Refund.ref == ref))
    return get_refund(found, lock) if found else abort(404)


def find_refund_id(ref: str | None, provider_refund: str) -> int | None:
    """Ours by our reference, else by theirs; None for one made by hand at the payment service."""
    return db.session.scalar(select(Refund.id).where(or_(Refund.ref == ref, Refund.provider_refund == provider_refund)).limit(1))


def due_refunds() -> Sequence[int]:
    """Approved and not yet sent, and due for a try."""
    due = or_(Refund.next_try_at.is_(None), Refund.next_try_at <= clock.now())
    free = ~open_dispute(Refund.payment_id)  # the payment service refuses to refund what a bank asks for already
    return _ids(
        select(Refund.id).where(Refund.state == RefundState.approved, due, free, ~by_transfer(Refund.id)).order_by(Refund.id)
    )


def sent_refunds() -> Sequence[int]:
    return _ids(select(Refund.id).where(Refund.state == RefundState.sent).order_by(Refund.id))


def months_of_refund(refund_id: int) -> Sequence[CoverageMonth]:
    statement = (
        select(CoverageMonth)
        .join(RefundLine, RefundLine.coverage_month_id == CoverageMonth.id)
        .where(RefundLine.refund_id == refund_id)
        .order_by(CoverageMonth.month, CoverageMonth.id)
    )
    return db.session.scalars(statement).all()


def refunds_of(sponsorship_id: int) -> Sequence[Refund]:
    """All refunds of a sponsorship, oldest first."""
    statement = select(Refund).join(Payment).join(Order).where(Order.sponsorship_id == sponsorship_id).order_by(Refund.id)
    return db.session.scalars(statement).all()


def names_of(person_ids: Sequence[int]) -> dict[int, str]:
    """The names of colleagues, for a page that says who did what."""
    if not person_ids:
        return {}
    return {row[0]: row[1] for row in db.session.execute(select(Person.id, Person.name).where(Person.id.in_(person_ids)))}


# ---- events --------------------------------------------------------------------------------------------------------------------


def due_events() -> Sequence[int]:
    waiting = ProviderEvent.state.in_((EventState.new, EventState.parked)) & (ProviderEvent.next_try_at <= clock.now())
    return _ids(select(ProviderEvent.id).where(waiting).order_by(ProviderEvent.id))
