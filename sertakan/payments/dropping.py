"""One worker leaves an unpaid bill of an organisation, and the others stay: the old paper is void, a new one has the next number.

The old bill's account number goes on working: what is transferred to it pays the new one (`successor`).
"""

from dataclasses import dataclass

from sqlalchemy import select

from sertakan.accounts.models import MemberRole, Membership
from sertakan.audit.service import record
from sertakan.coverage import service as coverage_service
from sertakan.coverage.models import CoverageMonth
from sertakan.coverage.rules import MonthState
from sertakan.db import db
from sertakan.kit import clock
from sertakan.kit.codes import normalise_code
from sertakan.payments import bills, gateway, incoming, queries, rules, service
from sertakan.payments.models import Order, OrderLine
from sertakan.payments.rules import OrderState
from sertakan.sponsorships import many
from sertakan.sponsorships import service as sponsorship_service
from sertakan.sponsorships.models import Sponsorship

REASON = "dropped"
MAY_DROP = frozenset({MemberRole.maker, MemberRole.checker})


@dataclass(frozen=True)
class Leaving:
    """A worker on a bill: her promised months there, what they cost, and what the bill is without them (whole rupiah)."""

    sponsorship: Sponsorship
    months: list[int]
    amount_rupiah: int
    rest_rupiah: int


def find(order: Order, code: str) -> Leaving:
    """The worker whose promise has this code, if it waits for money on this bill. Refuses NotOnBill."""
    rows = db.session.execute(
        select(CoverageMonth.id, OrderLine.amount_rupiah, CoverageMonth.sponsorship_id)
        .join(OrderLine, OrderLine.coverage_month_id == CoverageMonth.id)
        .join(Sponsorship, Sponsorship.id == CoverageMonth.sponsorship_id)
        .where(
            OrderLine.order_id == order.id,
            Sponsorship.code == (normalise_code(code) or ""),
            CoverageMonth.state == MonthState.reserved,
        )
        .order_by(CoverageMonth.id)
    ).all()
    if not rows:
        raise rules.NotOnBill(field="code")
    amount = sum(row.amount_rupiah for row in rows)
    promise = db.session.get_one(Sponsorship, rows[0].sponsorship_id)
    return Leaving(promise, [row.id for row in rows], amount, order.amount_rupiah - amount)


def close_page(order_id: int) -> None:
    """Nobody shall pay the old sum while it changes. Outside any transaction: the network is asked."""
    order = queries.get_order(order_id)
    if order.provider_session is None:
        return
    session = gateway.close_page(order)
    if session is not None:
        service.settle_with(order_id, session)


def drop(*, actor: Membership, order: Order, code: str, seen: str) -> Order | None:
    """Take her off the locked bill; returns the new bill, None when she was the last. Due on the same day as before.

    `seen`: the sum that was shown for her. Refuses DropRole, OrderPaid, OrderClosed, PartCame, PayingNow, NotOnBill, PriceMoved
    and BelowFloor; then nothing has changed.
    """
    if actor.role not in MAY_DROP:
        raise rules.DropRole
    _check(order)
    leaving = find(order, code)
    if seen != str(leaving.amount_rupiah):
        raise rules.PriceMoved
    by, invoice = actor.person.ref, bills.invoice_of(order.id)
    _free(by, leaving)
    service.move_order(order, OrderState.cancelled, actor=by, reason=REASON)
    invoice.voided_at = clock.now()
    facts = {"amount_rupiah": leaving.amount_rupiah, "rest_rupiah": leaving.rest_rupiah, "invoice": invoice.label}
    record(actor=by, action="order.drop", subject=service.subject(order), after=facts, reason=REASON)
    if not leaving.rest_rupiah:
        return None
    rest = select(OrderLine.coverage_month_id).where(OrderLine.order_id == order.id)
    return bills.open_bill(
        actor=by,
        organisation=actor.organisation,
        months=rest,
        workers=invoice.workers - 1,
        locale=order.locale,
        due_on=invoice.due_on,
    )


def _check(order: Order) -> None:
    if order.state is OrderState.paid:
        raise rules.OrderPaid
    if order.state not in rules.UNPAID or order.held_reason or order.expires_at <= clock.now():
        raise rules.OrderClosed
    if incoming.received(order.id):
        raise rules.PartCame
    if order.provider_session or order.transfer_at:
        raise rules.PayingNow


def _free(by: str, leaving: Leaving) -> None:
    reasons = dict.fromkeys(leaving.months, REASON)
    coverage_service.move_many(actor=by, ids=leaving.months, before=MonthState.reserved, to=MonthState.released, reasons=reasons)
    sponsorship_service.refresh_fingerprint(leaving.sponsorship)
    db.session.flush()
    many.cancel_many([leaving.sponsorship.id], actor=by, reason=REASON)
