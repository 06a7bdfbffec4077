"""Orders and settling. Run inside `transaction()`, but for what names the network; lock order: order, sponsorship, worker, months.

An order is one bill for months that are reserved. Its key is stored before the first try; an answer that never came leaves it
`opening`, and the next try repeats key and parameters, or asks. What Stripe says of a page is believed only when read back, and
success beats failure whenever it arrives: money fills months, or waits in suspense and goes back by rule.
"""

import logging
from collections.abc import Sequence

from sqlalchemy.exc import IntegrityError

from sertakan.audit.service import GATEWAY, SYSTEM, record
from sertakan.coverage import service as coverage_service
from sertakan.coverage.models import CoverageMonth
from sertakan.coverage.rules import MonthState
from sertakan.db import constraint_name, db, new_ref, transaction
from sertakan.kit import clock
from sertakan.kit.money import rupiah
from sertakan.notices.links import absolute
from sertakan.payments import bills, filling, gateway, giving_way, queries, rules
from sertakan.payments.models import Order, OrderLine
from sertakan.payments.refunds import (
    agree_refund,
    cancel_sponsorship,
    refund_months,
    refund_suspense,
    send_refund,
)
from sertakan.payments.rules import OrderState
from sertakan.payments.stripe import AmountTooSmall, CheckoutSession
from sertakan.payments.stripe_answers import Intent
from sertakan.sponsorships import queries as sponsorship_queries
from sertakan.sponsorships import service as sponsorship_service
from sertakan.sponsorships.models import Sponsorship

__all__ = [
    "agree_refund",
    "cancel_sponsorship",
    "close_unpaid",
    "learn",
    "open_order",
    "refund_months",
    "refund_suspense",
    "send_refund",
    "settle",
    "settle_intent",
    "settle_with",
    "start_checkout",
]

log = logging.getLogger("sertakan.payments")
ONE_ROW_A_CHARGE = "uq_payment_provider_intent"


def subject(order: Order) -> str:
    """How the trail names it."""
    return f"order:{order.ref}"


def move_order(order: Order, to: OrderState, *, actor: str = GATEWAY, reason: str | None = None) -> None:
    """The only place that sets an order's state. An edge that the table does not have is a bug: IllegalMove."""
    before = order.state
    rules.check_order(before, to)
    order.state = to
    if to is OrderState.paid:
        order.paid_at = order.closed_at = clock.now()
    elif to in (OrderState.expired, OrderState.cancelled):
        order.closed_at = clock.now()
    record(
        actor=actor,
        action=f"order.{to.value}",
        subject=subject(order),
        before={"state": before.value},
        after={"state": to.value},
        reason=reason,
    )


# ---- opening -------------------------------------------------------------------------------------------------------------------


def open_order(
    *, actor: str, sponsorship: Sponsorship, months: Sequence[CoverageMonth], locale: str, off_session: bool = False
) -> Order:
    """A bill for these reserved months, in the transaction that reserved them. Refuses BelowFloor, NothingToPay.

    `off_session`: a saved card will pay it, so it never gets a page, and whoever charges asks about it.
    """
    settings = gateway.settings()
    amount = sum(month.price_rupiah for month in months)
    floor = settings.payment_floor_rupiah
    rules.check_floor(amount, floor, (rupiah(amount, locale), rupiah(floor, locale)))
    now, ref = clock.now(), new_ref()
    order = Order(
        ref=ref,
        sponsorship_id=sponsorship.id,
        attempt=queries.last_attempt(sponsorship.id) + 1,
        amount_rupiah=amount,
        state=OrderState.opening,
        idempotency_key=f"order_{ref}_1",
        locale=locale,
        off_session=off_session,
        created_at=now,
        expires_at=now + rules.page_life(settings.order_minutes),
        session_expires_at=rules.page_end(clock.real_now(), settings.order_minutes),
    )
    db.session.add(order)
    db.session.flush()
    lines = [OrderLine(order_id=order.id, coverage_month_id=month.id, amount_rupiah=month.price_rupiah) for month in months]
    db.session.add_all(lines)
    db.session.flush()
    facts = {"amount_rupiah": amount, "months": [str(month.month) for month in months], "sponsorship": sponsorship.code}
    record(actor=actor, action="order.open", subject=subject(order), after=facts)
    return order


def start_checkout(order_id: int) -> str:
    """The address of the payment page; the network is used outside any transaction. The same page when asked twice.

    Refuses OrderPaid, OrderClosed, TooSmallToday. Raises StripeUnavailable when nobody knows what happened: ask again later.
    """
    order = queries.get_order(order_id)
    if order.state is OrderState.paid:
        raise rules.OrderPaid
    if order.state not in rules.UNPAID or order.off_session:
        raise rules.OrderClosed
    if order.provider_session and order.organisation_id is not None and order.session_expires_at <= clock.real_now():
        settle(order_id)  # nobody may have told us that its page is over
        order = queries.get_order(order_id)
    if order.provider_session:
        return order.checkout_url or absolute("payments.wait", order.locale, ref=order.ref)
    try:
        session = _page_of(order)
    except AmountTooSmall as no:
        if order.organisation_id is None:
            with transaction():
                close_unpaid(queries.get_order(order_id, lock=True), reason="too small today", refused=True)
        raise rules.TooSmallToday from no
    with transaction():
        order = queries.get_order(order_id, lock=True)
        learn(order, session)
        state = order.state
    if state is OrderState.paid:
        raise rules.OrderPaid
    if state is not OrderState.open:  # closed by somebody while we asked: nobody shall pay on this page
        gateway.close_page(queries.get_order(order_id))
        raise rules.OrderClosed
    return session.url or absolute("payments.wait", order.locale, ref=order.ref)


def _page_of(order: Order) -> CheckoutSession:
    """Repeat the create while its key is good; afterwards ask, and only a definite no begins anew under a new key."""
    months = queries.count_months(order.id)
    if rules.may_repeat(order.session_expires_at, clock.real_now()):
        return gateway.open_page(order, months)
    found = gateway.find_page(order)
    if found is not None:
        return found
    with transaction():
        order = queries.get_order(order.id, lock=True)
        if order.state is not OrderState.opening:
            raise rules.OrderClosed
        minutes = gateway.settings().order_minutes
        order.idempotency_key = rules.next_key(order.idempotency_key)
        if order.organisation_id is None:
            order.expires_at = clock.now() + rules.page_life(minutes)
        order.session_expires_at = rules.page_end(clock.real_now(), minutes)
        record(actor=SYSTEM, action="order.again", subject=subject(order), reason="no page came to be under the old key")
    return gateway.open_page(order, months)


# ---- settling ------------------------------------------------------------------------------------------------------------------


def settle(order_id: int, session_id: str | None = None) -> OrderState:
    """Read the order's page back (or that page) and let the books follow. Safe to repeat, in any order, at the same time."""
    order = queries.get_order(order_id)
    session_id = session_id or order.provider_session
    if session_id is None:
        return order.state
    return settle_with(order_id, gateway.read(session_id))


def settle_with(order_id: int, session: CheckoutSession, *, transfer_failed: bool = False) -> OrderState:
    """The same with a page that has just been read. `transfer_failed`: the event said so, which a page does not show."""
    try:
        with transaction():
            order = queries.get_order(order_id, lock=True)
            learn(order, session)
            if transfer_failed and order.state is OrderState.open and session.id == order.provider_session:
                _page_over(order, "the transfer failed")
            return order.state
    except IntegrityError as error:
        if constraint_name(error) != ONE_ROW_A_CHARGE:
            raise
        log.warning("settling order %s met a payment that is booked already", order_id)
        return queries.get_order(order_id).state


def settle_intent(order_id: int, intent: Intent) -> OrderState:
    """The same with a charge that had no page and has just been read; only money that is there means anything."""
    if not intent.is_paid:
        return queries.get_order(order_id).state
    return settle_with(order_id, intent.as_page())


def learn(order: Order, session: CheckoutSession) -> None:
    """What a page read from Stripe means for a locked order. Older knowledge changes nothing (PRODUCT 5.4 rank)."""
    order.checked_at = clock.now()
    old = order.organisation_id is not None and session.status == "expired"  # a bill for many outlives its pages
    if order.provider_session is None and session.order_ref == order.ref and not old:
        order.provider_session = session.id
    own = session.id == order.provider_session
    if own and order.state is OrderState.opening and session.status == "open":
        order.checkout_url = session.url
        move_order(order, OrderState.open)
    if session.is_paid:
        _receive(order, session)
    elif own and order.state in rules.UNPAID:
        _learn_unpaid(order, session)


def _learn_unpaid(order: Order, session: CheckoutSession) -> None:
    if session.status == "expired":
        _page_over(order, "the page expired")
    elif session.status == "complete" and order.transfer_at is None:
        order.transfer_at = clock.now()
        order.expires_at = max(order.expires_at, clock.now() + rules.TRANSFER)
        if order.state is OrderState.opening:
            move_order(order, OrderState.open)


def _page_over(order: Order, why: str) -> None:
    """Nobody can pay on this page any more. That ends the bill of one promise; an organisation's gets a new page when wanted."""
    if order.organisation_id is not None and order.expires_at > clock.now():
        bills.another_page(order, why)
    else:
        close_unpaid(order, reason=why)


def _receive(order: Order, session: CheckoutSession) -> None:
    """Money is there. One row per charge: the same intent again changes nothing, another one is a second payment."""
    intent, amount = session.payment_intent, session.amount_rupiah
    if intent is None or amount is None:
        _hold(order, "not rupiah" if intent else "no payment named")
        return
    if queries.find_payment(intent) is not None:
        return
    wrong = _difference(order, session)
    before = order.state
    payment = filling.add_payment(order, intent, amount, late=before in (OrderState.expired, OrderState.cancelled))
    if before is not OrderState.paid:
        move_order(order, OrderState.paid, reason="late" if payment.late else None)
    if wrong:
        _hold(order, wrong)
        filling.park(payment, amount, rules.RefundReason.error)
    elif before is OrderState.paid:
        refund_suspense(actor=SYSTEM, suspense=filling.park(payment, amount, rules.RefundReason.duplicate))
    else:
        filling.fill(order, payment)


def _difference(order: Order, session: CheckoutSession) -> str | None:
    """In which way the money is not for this order; None when it is."""
    if session.order_ref != order.ref:
        return "another reference"
    if session.currency != "idr":
        return "another currency"
    return "another amount" if session.amount_rupiah != order.amount_rupiah else None


def _hold(order: Order, why: str) -> None:
    """Something does not fit: nothing more happens by itself, a person must look."""
    if order.held_reason is None:
        order.held_reason = why
        log.error("order %s is held: %s", order.ref, why)
        record(actor=GATEWAY, action="order.hold", subject=subject(order), reason=why)


# ---- closing -------------------------------------------------------------------------------------------------------------------


def close_unpaid(order: Order, *, reason: str, refused: bool = False) -> None:
    """No money came: the months that only this bill held are free for others. The sponsorship may be paid anew until swept.

    Ends `cancelled` when the bill was refused or its sponsorship is over, else `expired`.
    """
    if order.organisation_id is not None:
        move_order(order, OrderState.cancelled if refused else OrderState.expired, actor=SYSTEM, reason=reason)
        bills.close(order)
        giving_way.restore(order)
        return
    sponsorship = sponsorship_queries.get(order.promise.id, lock=True)
    over = rules.why_closed(sponsorship.review_state, sponsorship.term_state, sponsorship.worker.state)
    move_order(order, OrderState.cancelled if refused or over else OrderState.expired, actor=SYSTEM, reason=over or reason)
    for month in queries.months_of_order(order.id, lock=True):
        if month.state is MonthState.reserved:
            coverage_service.move(actor=SYSTEM, month=month, to=MonthState.released, reason="unpaid")
    sponsorship_service.refresh_fingerprint(sponsorship)
    return
