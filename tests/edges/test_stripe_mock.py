"""The same calls against the official stripe-mock, which checks every parameter but remembers nothing.

Runs when STRIPE_API_BASE names one, for example `STRIPE_API_BASE=http://127.0.0.1:12111`.
"""

import os
from datetime import UTC, datetime, timedelta

import pytest

from sertakan.payments.stripe import StripeClient, StripeMisused, StripeRefused
from tests.edges.conftest import Pauses, session_fields

BASE = os.environ.get("STRIPE_API_BASE", "")
pytestmark = pytest.mark.skipif(not BASE, reason="STRIPE_API_BASE names no stripe-mock")


@pytest.fixture
def mock(pauses: Pauses) -> StripeClient:
    return StripeClient("sk_test_123", BASE, timeout=(2, 10), max_tries=1, sleep=pauses)


def test_it_knows_every_parameter_of_a_session(mock: StripeClient) -> None:
    session = mock.create_checkout_session(**session_fields())
    assert session.id
    assert session.order_ref == "7KQ2-M9XF"
    assert not session.livemode


def test_it_knows_every_parameter_of_a_refund(mock: StripeClient) -> None:
    refund = mock.create_refund(payment_intent="pi_1", amount_rupiah=16_800, refund_ref="r1", idempotency_key="r1")
    assert refund.id
    assert refund.refund_ref == "r1"


def test_it_answers_reading_closing_and_listing(mock: StripeClient) -> None:
    since = datetime.now(UTC) - timedelta(days=1)
    assert mock.get_checkout_session("cs_test_1").id
    assert mock.expire_checkout_session("cs_test_1").id
    assert mock.get_refund("re_1").id
    assert all(session.id for session in mock.list_checkout_sessions(created_gte=since))
    assert all(refund.id for refund in mock.list_refunds(payment_intent="pi_1", created_gte=since))
    assert all(event.id for event in mock.list_events(created_gte=since))


def test_it_refuses_what_the_sandbox_refuses(mock: StripeClient) -> None:
    for change in ({"expires_at": datetime.max.replace(tzinfo=UTC)}, {"locale": "xx"}):
        with pytest.raises((StripeMisused, StripeRefused)):
            mock._post("/v1/checkout/sessions", {"unknown": "1", **{name: str(value) for name, value in change.items()}}, "k")
