"""Signing events the way Stripe does and posting them, again and again with growing pauses, until the application says 2xx."""

import contextlib
import hashlib
import hmac
import http.client
import json
import time
from dataclasses import dataclass
from threading import Event, Lock, Thread
from urllib.parse import urlsplit

from sertakan.sandbox.bank import Bank
from sertakan.sandbox.errors import Json
from sertakan.sandbox.store import Store

MOST_TRIES = 16
LONGEST_PAUSE_S = 300.0
TICK_S = 1.0
ANSWER_WITHIN_S = 20.0


def signature(raw: bytes, secrets: list[str], stamp: int) -> str:
    """The `Stripe-Signature` header. In test mode Stripe adds a `v0` that nobody shall believe."""
    signed = str(stamp).encode() + b"." + raw
    parts = [f"v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}" for secret in secrets]
    return ",".join([f"t={stamp}", *parts, f"v0={hashlib.sha256(signed).hexdigest()}"])


def post(url: str, raw: bytes, header: str | None) -> str:
    """Post once and say how it went: the status, or the name of the error. Follows no redirects."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=ANSWER_WITHIN_S)
    headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "Stripe/1.0 (sandbox)"}
    with contextlib.closing(connection):
        try:
            connection.request("POST", parts.path or "/", raw, headers | ({"Stripe-Signature": header} if header else {}))
            return str(connection.getresponse().status)
        except (OSError, http.client.HTTPException) as error:
            return type(error).__name__


def encoded(event: Json) -> bytes:
    return json.dumps(event, indent=2, ensure_ascii=False).encode()


@dataclass
class Sender:
    """One thread that sends what is due, in order, and lets sessions expire. `retry_base_s` doubles with every failed try."""

    store: Store
    bank: Bank
    secrets: list[str]
    retry_base_s: float = 1.0

    def __post_init__(self) -> None:
        self._one_at_a_time = Lock()
        self._wake, self._stopped = Event(), Event()
        self._thread = Thread(target=self._run, name="webhooks", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def wake(self) -> None:
        """Something may be due; called after every request."""
        self._wake.set()

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._wake.clear()
            self.bank.expire_due()
            self.send_due(time.time())
            self._wake.wait(max(0.0, min(TICK_S, self.store.next_due() - time.time())))

    def send_due(self, before: float) -> list[Json]:
        """Try everything that is due once; tells event, type and outcome of each."""
        told = []
        with self._one_at_a_time:
            seen: set[int] = set()
            while not self._stopped.is_set() and (delivery := self.store.next_delivery(before)) and delivery["id"] not in seen:
                seen.add(delivery["id"])
                told.append(self._send(delivery))
        return told

    def _send(self, delivery: Json) -> Json:
        event = self.store.find("event", delivery["event"])
        if event is None:  # everything was forgotten meanwhile
            return {"event": delivery["event"], "type": "", "outcome": "gone"}
        raw = encoded(event)
        url = self.store.setting("webhooks", {}).get("url", "")
        outcome = post(url, raw, signature(raw, self.secrets, self.store.signing_time()))
        tries = delivery["tries"] + 1
        delivered = outcome.startswith("2") and len(outcome) == 3
        state = "delivered" if delivered else "failed" if tries >= MOST_TRIES else "pending"
        pause = 0.0 if delivered else min(self.retry_base_s * 2 ** (tries - 1), LONGEST_PAUSE_S)
        self.store.mark_delivery(delivery["id"], state=state, due=time.time() + pause, tries=tries, last=outcome)
        return {"event": event["id"], "type": event["type"], "outcome": outcome}
