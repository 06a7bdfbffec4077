"""What an organisation has with us ahead of any bill: money paid in advance, and what fills no month any more. Inside `transaction()`.

It is open suspense of the organisation's payments, so the identity of the books holds for it as for all money (I2, I21). It never
expires; it pays bills of the same organisation, or goes back to its account.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, func, select

from sertakan.accounts.models import Organisation, Person
from sertakan.audit.service import record
from sertakan.db import db, new_ref
from sertakan.kit import clock
from sertakan.kit.money import rupiah
from sertakan.notices import service as notices
from sertakan.notices.links import absolute
from sertakan.payments import bills, gateway, payer, queries, rules
from sertakan.payments.models import Order, Payment, Suspense
from sertakan.payments.rules import OrderState, RefundReason, SuspenseState

# what must first be looked at by finance, or belongs to a bill that still waits for the rest
NOT_FREE = (RefundReason.error, RefundReason.duplicate, RefundReason.disputed)


# ---- what there is -------------------------------------------------------------------------------------------------------------


def _free(statement: Select[Any], organisation_id: int) -> Select[Any]:
    return (
        statement.join(Payment, Payment.id == Suspense.payment_id)
        .join(Order, Order.id == Payment.order_id)
        .where(Order.organisation_id == organisation_id, Suspense.state == SuspenseState.open)
        .where(Suspense.reason.not_in(NOT_FREE), ~queries.open_dispute(Payment.id))
    )


def of(organisation_id: int) -> int:
    """Rupiah that may pay a bill of this organisation now."""
    return int(db.session.scalar(_free(select(func.coalesce(func.sum(Suspense.amount_rupiah), 0)), organisation_id)) or 0)


def came(order_id: int) -> int:
    """Rupiah that a top-up has brought until now; all of it is balance at once."""
    statement = select(func.coalesce(func.sum(Payment.amount_rupiah), 0)).where(Payment.order_id == order_id)
    return int(db.session.scalar(statement) or 0)


def pots(organisation_id: int) -> Sequence[Suspense]:
    """The same as rows, held until the transaction ends; the oldest first."""
    statement = _free(select(Suspense), organisation_id).order_by(Suspense.id).with_for_update(of=Suspense)
    return db.session.scalars(statement.execution_options(populate_existing=True)).all()


# ---- paying ahead --------------------------------------------------------------------------------------------------------------


def open_topup(*, actor: Person, organisation: Organisation, amount_rupiah: int) -> Order:
    """A bill for nobody yet; what comes for it is the organisation's balance. Due `BILL_DAYS` from today. Refuses BelowFloor."""
    settings, locale = gateway.settings(), actor.locale
    floor = settings.payment_floor_rupiah
    rules.check_floor(amount_rupiah, floor, (rupiah(amount_rupiah, locale), rupiah(floor, locale)))
    now, ref, due_on = clock.now(), new_ref(), clock.today() + timedelta(days=settings.bill_days)
    order = Order(
        ref=ref,
        organisation_id=organisation.id,
        topup=True,
        amount_rupiah=amount_rupiah,
        state=OrderState.opening,
        idempotency_key=f"order_{ref}_1",
        locale=locale,
        created_at=now,
        expires_at=bills.end_of(due_on),
        session_expires_at=rules.page_end(clock.real_now(), settings.order_minutes),
    )
    db.session.add(order)
    db.session.flush()
    invoice = bills.issue_invoice(order, 0, due_on)
    facts = {"amount_rupiah": amount_rupiah, "organisation": organisation.ref, "invoice": invoice.label}
    record(actor=actor.ref, action="order.open", subject=f"order:{order.ref}", after=facts)
    return order


# ---- money that came -----------------------------------------------------------------------------------------------------------


def tell_came(order: Order, payment: Payment, receipt_ref: str) -> None:
    """Who pays for the organisation hears that its balance grew, and where the receipt is."""
    assert order.organisation is not None  # a top-up is an organisation's
    left = of(order.organisation.id)
    for person in payer.people(order):
        notices.queue(
            key=f"balance_came:{payment.ref}:{person.ref}",
            kind="balance_came",
            subject=f"order:{order.ref}",
            person=person,
            context={
                "amount": payment.amount_rupiah,
                "balance": left,
                "receipt_url": absolute("payments.receipt", person.locale, ref=receipt_ref),
                "url": absolute("pool.index", person.locale, ref=order.organisation.ref),
            },
        )
