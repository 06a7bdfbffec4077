"""What the clock asks the payment service: pages whose time is over, answers and events that never came, refunds on their way."""

import logging
from collections.abc import Callable, Iterable

from sertakan.db import transaction
from sertakan.kit import clock
from sertakan.kit.errors import Refused
from sertakan.payments import gateway, queries, rules, service
from sertakan.payments.models import Order
from sertakan.payments.refunds import learn_refund
from sertakan.payments.rules import OrderState
from sertakan.payments.stripe import StripeRefused, StripeUnavailable
from sertakan.sponsorships import queries as sponsorship_queries

log = logging.getLogger("sertakan.payments")


def each(row_ids: Iterable[int], do: Callable[[int], object], what: str) -> int:
    """Every row by itself: one that fails is logged and stays due, the others go on (I18). Returns how many went well."""
    done = 0
    for row_id in row_ids:
        try:
            do(row_id)
            done += 1
        except (StripeUnavailable, Refused) as no:
            log.info("%s %s: %s", what, row_id, type(no).__name__)
        except StripeRefused as no:
            log.error("%s %s: %s", what, row_id, no)
        except Exception:
            log.exception("%s %s failed", what, row_id)
    return done


def expire_orders() -> int:
    """Close the bills whose time is over, after asking whether they were paid. Returns how many were looked at."""
    return each(queries.over_orders(), expire_order, "expire order")


def expire_order(order_id: int) -> OrderState:
    """The page is closed first, so that nobody can pay for months that are free again; a payment that came is booked."""
    session = gateway.close_page(queries.get_order(order_id))
    with transaction():
        order = queries.get_order(order_id, lock=True)
        if session is not None:
            service.learn(order, session)
        over = order.organisation_id is None and _is_over(order)  # a bill for many does not end with one of them
        waits = session is not None and session.status == "complete" and order.expires_at + rules.PROCESSING > clock.now()
        if order.state in rules.UNPAID and (over or not waits):
            service.close_unpaid(order, reason="time over")
        return order.state


def _is_over(order: Order) -> bool:
    sponsorship = sponsorship_queries.get(order.promise.id)
    return rules.why_closed(sponsorship.review_state, sponsorship.term_state, "") is not None


def reconcile() -> dict[str, int]:
    """Compare our books with the payment service; what differs is set right by the same verbs as an event would."""
    return {
        "orders": each(queries.unanswered_orders(), _ask, "reconcile order"),
        "payments": _find_unbooked(),
        "refunds": each(queries.sent_refunds(), _ask_refund, "reconcile refund"),
    }


def _ask(order_id: int) -> None:
    if queries.get_order(order_id).provider_session is None:
        service.start_checkout(order_id)
    else:
        service.settle(order_id)


def _find_unbooked() -> int:
    """Paid pages of the last days whose payment we do not have: their events were lost, or their order was closed."""
    found = 0
    for session in list(gateway.recent_pages()):
        if not session.is_paid or session.payment_intent is None or queries.find_payment(session.payment_intent):
            continue
        order_id = queries.find_order_id(session.order_ref)
        if order_id is None:
            log.error("a payment for an order that is not ours: %s", session.id)
            continue
        service.settle_with(order_id, session)
        found += 1
    return found


def _ask_refund(refund_id: int) -> None:
    provider_refund = queries.get_refund(refund_id).provider_refund
    if provider_refund is not None:
        learn_refund(refund_id, gateway.client().get_refund(provider_refund))
