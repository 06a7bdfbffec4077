"""What we ask the payment service, in our words. Reads rows and speaks to Stripe; writes nothing."""

import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import cast

from flask import current_app

from sertakan.config import Config
from sertakan.db import db
from sertakan.kit import clock
from sertakan.kit.errors import N_
from sertakan.notices.links import absolute
from sertakan.payments import rules
from sertakan.payments.models import Order
from sertakan.payments.stripe import CheckoutSession, StripeClient, StripeRefused
from sertakan.web.language import in_language

log = logging.getLogger("sertakan.payments")

# A page waits for an answer, a job comes again: so few tries, and the row keeps what is still to do.
TIMEOUT_S = (3.05, 10.0)
TRIES = 2
WHAT_FOR = N_("Iuran BPJS Ketenagakerjaan, %(count)s bulan")


def settings() -> Config:
    return cast(Config, current_app.config["SETTINGS"])


def client() -> StripeClient:
    """The client of this application, made once."""
    known = current_app.extensions.get("stripe")
    if known is None:
        known = StripeClient(settings().stripe_api_key, settings().stripe_api_base, timeout=TIMEOUT_S, max_tries=TRIES)
        current_app.extensions["stripe"] = known
    db.session.rollback()  # no read stays open while the network answers
    return cast(StripeClient, known)


def open_page(order: Order, months: int) -> CheckoutSession:
    """Create the payment page. Repeating it within the key's life gives the same page; no personal data goes out."""
    page = absolute("payments.wait", order.locale, ref=order.ref)
    wanted = {
        "order_ref": order.ref,
        "amount_rupiah": order.amount_rupiah,
        "description": in_language(order.locale, WHAT_FOR, count=months),
        "success_url": page,
        "cancel_url": page,
        "expires_at": order.session_expires_at,
        "locale": order.locale,
        "idempotency_key": order.idempotency_key,
    }
    return client().create_checkout_session(**wanted)  # type: ignore[arg-type]


def find_page(order: Order) -> CheckoutSession | None:
    """The page of an order whose answer was lost, by our reference in it; None is a definite no."""
    ref, since = order.ref, order.session_expires_at - timedelta(hours=24)
    many = order.organisation_id is not None  # an organisation's bill had other pages before, which are over
    pages = (page for page in client().list_checkout_sessions(created_gte=since) if page.order_ref == ref)
    return next((page for page in pages if not (many and page.status == "expired")), None)


def read(session_id: str) -> CheckoutSession:
    return client().get_checkout_session(session_id)


def pages_of_intent(intent: str) -> list[CheckoutSession]:
    return list(client().list_checkout_sessions(payment_intent=intent))


def recent_pages() -> Iterator[CheckoutSession]:
    return client().list_checkout_sessions(created_gte=clock.real_now() - rules.LOOK_BACK)


def close_page(order: Order) -> CheckoutSession | None:
    """Close the page so that nobody can pay on it any more, and say how it ended; None when it never came to be."""
    session_id, order_ref = order.provider_session, order.ref
    if session_id is None:
        page = find_page(order)
        if page is None:
            return None
        session_id = page.id
    try:
        return client().expire_checkout_session(session_id)
    except StripeRefused as no:
        log.info("session not expired: %s", no.code or no.status)
    try:
        return read(session_id)
    except StripeRefused as no:
        if no.code != "resource_missing":
            raise
        log.error("the payment service does not know the session of order %s", order_ref)
        return None
