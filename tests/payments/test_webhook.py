"""The door for events: signature before reading, one row, no write for what is forged, stale, cut or too large (QUALITY A 63)."""

import json
import time
from typing import Any

import pytest

from sertakan.payments.models import ProviderEvent
from sertakan.sandbox.webhooks import encoded, signature
from tests.factories import count
from tests.payments.conftest import Till
from tests.sandbox_process import WEBHOOK_SECRET


def event(**changes: Any) -> dict[str, Any]:
    thing = {"id": "cs_test_1", "object": "checkout.session", "metadata": {"order": "x"}}
    return {
        "id": "evt_1",
        "object": "event",
        "type": "checkout.session.completed",
        "created": 1_800_000_000,
        "livemode": False,
        "data": {"object": thing},
    } | changes


def post(till: Till, raw: bytes, header: str | None, **more: Any) -> int:
    headers = {"Stripe-Signature": header} if header is not None else {}
    return till.app.test_client().post("/stripe/webhook", data=raw, headers=headers, **more).status_code


def signed(raw: bytes, *, secret: str = WEBHOOK_SECRET, age_s: int = 0) -> str:
    return signature(raw, [secret], int(time.time()) - age_s)


def test_a_signed_event_becomes_one_row_however_often_it_comes(till: Till) -> None:
    raw = encoded(event())
    assert [post(till, raw, signed(raw)) for _ in range(3)] == [200, 200, 200]
    assert count(ProviderEvent) == 1


def forgeries() -> dict[str, tuple[bytes, str | None]]:
    good = encoded(event())
    live = encoded(event(livemode=True))
    large = encoded(event(padding="x" * 300_000))
    nothing = json.dumps([1]).encode()
    return {
        "unsigned": (good, None),
        "empty signature": (good, ""),
        "another secret": (good, signed(good, secret="whsec_guessed")),
        "stale": (good, signed(good, age_s=600)),
        "from the future": (good, signed(good, age_s=-600)),
        "cut": (good[:-10], signed(good)),
        "encoded anew": (good.replace(b"\n", b"\r\n"), signed(good)),
        "one byte more": (good + b" ", signed(good)),
        "of the live mode": (live, signed(live)),
        "too large": (large, signed(large)),
        "not an event": (nothing, signed(nothing)),
        "not JSON": (b"x=1", signed(b"x=1")),
        "empty": (b"", signed(b"")),
    }


@pytest.mark.parametrize("how", list(forgeries()))
def test_what_is_not_stripes_is_refused_and_writes_nothing(till: Till, how: str) -> None:
    raw, header = forgeries()[how]
    assert post(till, raw, header) == 400
    assert count(ProviderEvent) == 0


def test_the_sandbox_cannot_forge_either(till: Till) -> None:
    order_id = till.open()
    before = count(ProviderEvent)
    assert till.app.test_client().get("/stripe/webhook").status_code == 405
    assert count(ProviderEvent) == before
    assert till.order(order_id).state == "open"
