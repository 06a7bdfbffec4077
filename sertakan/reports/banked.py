"""The checks of money that comes to our own bank account, and goes back from it."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Select, select

from sertakan.bank.models import BankLine
from sertakan.payments.models import BankTransfer, Payment, PayoutAccount, Refund
from sertakan.payments.rules import ON_ITS_WAY, RefundState
from sertakan.payments.virtual import BANK


def _bank_line_and_payment() -> Select[Any]:
    """What a bank's line brought is one payment of the same amount."""
    return (
        select(BankLine.ref)
        .join(Payment, Payment.id == BankLine.payment_id)
        .where(Payment.amount_rupiah != BankLine.amount_rupiah)
    )


def _bank_payment_without_line() -> Select[Any]:
    by_bank = Payment.provider_intent.startswith(BANK, autoescape=True)
    return select(Payment.ref).where(by_bank, ~select(BankLine.id).where(BankLine.payment_id == Payment.id).exists())


def _account_kept() -> Select[Any]:
    """An account whose money has arrived is emptied (minimum data)."""
    needed = select(BankTransfer.id).join(Refund, Refund.id == BankTransfer.refund_id)
    needed = needed.where(BankTransfer.account_id == PayoutAccount.id)
    arrived = needed.where(Refund.state == RefundState.succeeded).exists()
    on_its_way = needed.where(Refund.state.in_(ON_ITS_WAY)).exists()
    return select(PayoutAccount.ref).where(PayoutAccount.cleared_at.is_(None), arrived, ~on_its_way)


CHECKS: dict[str, Callable[[], Select[Any]]] = {
    "an account is deleted when its money has arrived": _account_kept,
    "a booked line of the bank is one payment of its amount": _bank_line_and_payment,
    "a payment by bank transfer stands on a statement": _bank_payment_without_line,
}
