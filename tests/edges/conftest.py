"""Our own Stripe client and the sandbox it talks to."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sertakan.payments.stripe import CheckoutSession, StripeClient
from tests.sandbox.conftest import _one_sandbox, inbox, sandbox
from tests.sandbox_process import Sandbox

__all__ = ["_one_sandbox", "inbox", "sandbox"]


class Pauses(list[float]):
    """Stands in for sleeping and remembers for how long."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@pytest.fixture
def stripe_client(sandbox: Sandbox, pauses: Pauses) -> StripeClient:
    """Our client at the sandbox; it waits half a second for an answer and never sleeps."""
    return StripeClient(sandbox.api_key, sandbox.url, timeout=(2, 0.5), sleep=pauses)


def session_fields(**changes: Any) -> dict[str, Any]:
    """Everything a new checkout session needs: six months for Rp92.400."""
    return {
        "order_ref": "7KQ2-M9XF",
        "amount_rupiah": 92_400,
        "description": "Iuran BPJS Ketenagakerjaan 6 bulan",
        "success_url": "http://127.0.0.1:8000/bayar/kembali?s={CHECKOUT_SESSION_ID}",
        "cancel_url": "http://127.0.0.1:8000/bayar/batal",
        "expires_at": datetime.now(UTC) + timedelta(hours=1),
        "locale": "id",
        "idempotency_key": "order-1-1",
    } | changes


@pytest.fixture
def opened(stripe_client: StripeClient) -> Callable[..., CheckoutSession]:
    """`opened(order_ref="…")`: a new open session at the sandbox."""

    def opened(**changes: Any) -> CheckoutSession:
        return stripe_client.create_checkout_session(**session_fields(**changes))

    return opened
