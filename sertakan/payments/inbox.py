"""The inbox of the payment service's events: stored once, then handled until done. An event is a knock, the page read back the fact."""

import logging
from collections.abc import Callable

from sertakan.db import db, insert_once, transaction
from sertakan.kit import clock
from sertakan.payments import gateway, queries, rules, service
from sertakan.payments.disputes import learn_dispute
from sertakan.payments.models import ProviderEvent
from sertakan.payments.refunds import learn_refund
from sertakan.payments.rules import EventState
from sertakan.payments.stripe import CheckoutSession, StripeRefused, StripeUnavailable, parse_event, verify_signature
from sertakan.web.knock import knock

log = logging.getLogger("sertakan.payments")


def receive_event(raw: bytes, signature: str) -> int | None:
    """Store a signed event, once. Returns its row's id, None for one that we have already. Raises BadEvent and writes nothing."""
    settings = gateway.settings()
    verify_signature(raw, signature, settings.stripe_webhook_secrets, clock.real_now())
    event = parse_event(raw, livemode="_live_" in settings.stripe_api_key)
    now = clock.now()
    return insert_once(
        ProviderEvent,
        "event_id",
        event_id=event.id,
        kind=event.type[:80],
        object_id=event.object_id,
        order_ref=event.order_ref if event.order_ref and len(event.order_ref) <= 32 else None,
        state=EventState.new,
        attempts=0,
        received_at=now,
        next_try_at=now,
    )


def handle_event(row_id: int) -> EventState:
    """Read back what the event is about and let the books follow; the row says how it went and when to try again."""
    row = db.session.get_one(ProviderEvent, row_id)
    if row.state in (EventState.done, EventState.ignored):
        return row.state
    kind, object_id, order_ref = row.kind, row.object_id, row.order_ref
    handler = HANDLERS.get(kind)
    if handler is None:
        return _note(row_id, EventState.ignored, "not ours to know")
    try:
        known = handler(object_id, order_ref, kind)
    except StripeUnavailable:
        return _note(row_id, EventState.new, "no answer")
    except StripeRefused as no:
        return _note(row_id, EventState.parked, f"refused {no.code or no.status}")
    return _note(row_id, EventState.done) if known else _note(row_id, EventState.parked, "unknown yet")


def _note(row_id: int, state: EventState, failure: str | None = None) -> EventState:
    """Stamp the row. What stays unknown for days is given up, and says so."""
    with transaction():
        row = db.session.get_one(ProviderEvent, row_id, with_for_update=True, populate_existing=True)
        if row.state in (EventState.done, EventState.ignored):
            return row.state
        row.attempts += 1
        row.failure = failure
        if state is EventState.parked and clock.now() - row.received_at > rules.GIVE_UP:
            state = EventState.ignored
            log.error("event %s (%s) given up: %s", row.event_id, row.kind, failure)
        row.state = state
        if state in (EventState.done, EventState.ignored):
            row.handled_at = clock.now()
        else:
            row.next_try_at = clock.now() + rules.pause(row.attempts)
        return row.state


# ---- what each kind means ------------------------------------------------------------------------------------------------------


def _page(object_id: str, _order_ref: str | None, kind: str) -> bool:
    session = gateway.read(object_id)
    if session.payment_status == "no_payment_required":
        knock("autopay")  # a card was saved, or not: its consent is read back by its own job
        return True
    return _settle(session, transfer_failed=kind.endswith("async_payment_failed"))


def _settle(session: CheckoutSession, *, transfer_failed: bool = False) -> bool:
    order_id = queries.find_order_id(session.order_ref)
    if order_id is None:
        return False
    service.settle_with(order_id, session, transfer_failed=transfer_failed and not session.is_paid)
    return True


def _intent(object_id: str, order_ref: str | None, _kind: str) -> bool:
    known = [_settle(session) for session in gateway.pages_of_intent(object_id)]
    if known:
        return all(known)
    order_id = queries.find_order_id(order_ref)
    if order_id is None or not queries.get_order(order_id).off_session:
        return False
    service.settle_intent(order_id, gateway.client().get_intent(object_id))
    knock("autopay")
    return True


def _declined(_object_id: str, order_ref: str | None, _kind: str) -> bool:
    """For the waiting page only: a try failed, the payment page is still open."""
    order_id = queries.find_order_id(order_ref)
    if order_id is None:
        return False
    with transaction():
        order = queries.get_order(order_id, lock=True)
        if order.state in rules.UNPAID:
            order.declined_at = clock.now()
    return True


def _refund(object_id: str, _order_ref: str | None, _kind: str) -> bool:
    answer = gateway.client().get_refund(object_id)
    refund_id = queries.find_refund_id(answer.refund_ref, answer.id)
    if refund_id is None:
        return False
    learn_refund(refund_id, answer)
    return True


def _charge_refunded(_object_id: str, order_ref: str | None, _kind: str) -> bool:
    order_id = queries.find_order_id(order_ref)
    if order_id is None:
        return False
    known = True
    for intent in [payment.provider_intent for payment in queries.payments_of_order(order_id) if not payment.by_bank]:
        for answer in list(gateway.client().list_refunds(payment_intent=intent)):
            refund_id = queries.find_refund_id(answer.refund_ref, answer.id)
            known = known and refund_id is not None
            if refund_id is not None:
                learn_refund(refund_id, answer)
    return known


def _dispute(object_id: str, _order_ref: str | None, _kind: str) -> bool:
    return learn_dispute(gateway.client().get_dispute(object_id)) is not None


Handler = Callable[[str, str | None, str], bool]
HANDLERS: dict[str, Handler] = {
    "checkout.session.completed": _page,
    "checkout.session.async_payment_succeeded": _page,
    "checkout.session.async_payment_failed": _page,
    "checkout.session.expired": _page,
    "payment_intent.succeeded": _intent,
    "payment_intent.payment_failed": _declined,
    "refund.created": _refund,
    "refund.updated": _refund,
    "refund.failed": _refund,
    "charge.refunded": _charge_refunded,
    "charge.dispute.created": _dispute,
    "charge.dispute.updated": _dispute,
    "charge.dispute.closed": _dispute,
}
