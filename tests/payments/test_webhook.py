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


def test_the_door_answers_with_the_headers_of_every_page_and_knows_no_cookie(till: Till) -> None:
    raw = encoded(event())
    for answer in (
        till.app.test_client().post("/stripe/webhook", data=raw, headers={"Stripe-Signature": signed(raw)}),
        till.app.test_client().post("/stripe/webhook", data=b"x"),
        till.app.test_client().get("/stripe/webhook"),
    ):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "Set-Cookie" not in answer.headers
        assert answer.data == b""


def test_an_event_without_a_length_is_not_read(till: Till) -> None:
    class Unread:
        def read(self, *_: object) -> bytes:
            raise AssertionError("the body was read")

    for length in ("", "-1", "256001", "9" * 30, "1e3"):
        environ = {"REQUEST_METHOD": "POST", "PATH_INFO": "/stripe/webhook", "CONTENT_LENGTH": length, "wsgi.input": Unread()}
        said: list[str] = []
        list(till.app.wsgi_app(environ, lambda status, _headers, said=said: said.append(status)))
        assert said == ["400 Bad Request"]


def test_a_fault_of_ours_is_no_yes_so_that_stripe_sends_again(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> int:
        raise OSError("no space left")

    monkeypatch.setattr("sertakan.payments.inbox.insert_once", full)
    raw = encoded(event())
    assert post(till, raw, signed(raw)) == 500
    monkeypatch.undo()
    assert post(till, raw, signed(raw)) == 200
    assert count(ProviderEvent) == 1
