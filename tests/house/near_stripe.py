"""The pretend Stripe inside the test's own process: our real client and the real sandbox, with a function call instead of a socket.

Both believe the clock of the test, so that days can pass and keys grow old without waiting.
"""

import contextvars
import random
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from flask import Flask

from sertakan.db import db
from sertakan.payments.stripe import StripeClient
from sertakan.payments.stripe_answers import Answer
from sertakan.sandbox.app import create_sandbox
from sertakan.sandbox.bank import Bank
from sertakan.sandbox.parts import Settings
from sertakan.sandbox.saved import Saved
from sertakan.sandbox.store import Store
from sertakan.sandbox.webhooks import encoded, signature
from tests.sandbox_process import API_KEY, WEBHOOK_SECRET

Event = dict[str, Any]
FORGERIES = ("wrong_secret", "unsigned", "stale", "cut", "live", "other_body")


class NearStripe:
    """`client` is what the application uses, `bank` is what payers and banks do. `down` makes every call go unanswered."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now
        self.app = create_sandbox(Settings(api_key=API_KEY, webhook_secrets=[WEBHOOK_SECRET]))
        parts = self.app.extensions["sandbox"]
        self.store: Store = parts.store
        self.bank: Bank = parts.bank
        self.saved: Saved = parts.saved
        self.store.now = lambda: int(now().timestamp())  # type: ignore[method-assign]
        self.down = False
        self.lose_answers = 0
        self.client = _Client(self)

    def close(self) -> None:
        self.store.close()

    def things(self, kind: str) -> list[dict[str, Any]]:
        """All objects of a kind, oldest first."""
        return list(reversed(self.store.all(kind)))

    def events(self) -> list[Event]:
        return self.things("event")

    def post(self, app: Flask, event: Event, how: str = "good") -> int:
        """Post an event to our webhook, or a forged one; the status of the answer."""
        raw, header = forged(event, how, self.now())
        db.session.remove()
        headers = {"Stripe-Signature": header} if header else {}
        send = partial(app.test_client().post, "/stripe/webhook", data=raw, headers=headers, content_type="application/json")
        return contextvars.Context().run(send).status_code


def forged(event: Event, how: str, now: datetime) -> tuple[bytes, str | None]:
    """The bytes and the signature of an event: good, or wrong in one way."""
    raw, stamp = encoded(event), int(now.timestamp())
    match how:
        case "wrong_secret":
            return raw, signature(raw, ["whsec_guessed"], stamp)
        case "unsigned":
            return raw, None
        case "stale":
            return raw, signature(raw, [WEBHOOK_SECRET], stamp - 3_600)
        case "cut":
            return raw[:-20], signature(raw, [WEBHOOK_SECRET], stamp)
        case "live":
            raw = encoded(event | {"livemode": True})
        case "other_body":
            return encoded(event | {"id": f"evt_{random.getrandbits(64):x}"}), signature(raw, [WEBHOOK_SECRET], stamp)
    return raw, signature(raw, [WEBHOOK_SECRET], stamp)


class _Client(StripeClient):
    """The real client; a try is a call of the sandbox's application in an empty context, as if it ran elsewhere."""

    def __init__(self, near: NearStripe) -> None:
        super().__init__(API_KEY, "http://127.0.0.1:9", max_tries=1, sleep=lambda _seconds: None)
        self._near, self._http = near, near.app.test_client()

    def _once(self, http: Any, method: str, path: str, form: Mapping[str, str], key: str | None) -> Answer | None:
        if self._near.down:
            return None
        headers = self._headers | ({"Idempotency-Key": key} if key else {}) | {"Host": "127.0.0.1:9"}
        where: dict[str, Any] = {"data": dict(form)} if method == "POST" else {"query_string": dict(form)}
        call = partial(self._http.open, path, method=method, headers=headers, base_url="http://127.0.0.1:9", **where)
        response = contextvars.Context().run(call)
        if self._near.lose_answers:
            self._near.lose_answers -= 1
            return None
        return Answer(response.status_code, response.get_json(silent=True), response.headers)
