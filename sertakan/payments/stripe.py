"""Our own client of Stripe's HTTP API: checkout sessions, refunds, and the list of events.

Amounts are whole rupiah on our side. Stripe treats IDR as a two-decimal currency (Rp16.800 is 1680000); the factor lives here and
nowhere else. No personal data goes out: Stripe gets our order reference, an amount and a sentence that fits everybody.

Every write carries an idempotency key that the caller has stored before: a retry repeats key and parameters, so a lost answer
costs nothing. Stripe keeps the first answer for 24 hours, a 500 too; after that ask (get, list), never repeat.
"""

import json
import logging
import random
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from sertakan.db import refuse_inside_transaction
from sertakan.payments.stripe_answers import (
    AmountTooSmall,
    Answer,
    CheckoutSession,
    Dispute,
    EventKnock,
    Json,
    Refund,
    StripeError,
    StripeMisused,
    StripeRefused,
    StripeUnavailable,
    filters,
    from_sen,
    id_of,
    metadata_of,
    moment,
    must,
    refusal,
    to_sen,
)
from sertakan.payments.stripe_events import (
    MAX_EVENT_BYTES,
    BadEvent,
    BadSignature,
    Event,
    WrongMode,
    parse_event,
    verify_signature,
)
from sertakan.payments.stripe_saved import SavedCalls

if TYPE_CHECKING:
    import requests

__all__ = [
    "MAX_EVENT_BYTES",
    "AmountTooSmall",
    "BadEvent",
    "BadSignature",
    "CheckoutSession",
    "Event",
    "EventKnock",
    "Refund",
    "StripeClient",
    "StripeError",
    "StripeMisused",
    "StripeRefused",
    "StripeUnavailable",
    "WrongMode",
    "from_sen",
    "parse_event",
    "to_sen",
    "verify_signature",
]

log = logging.getLogger(__name__)

API_VERSION = "2026-10-28.endive"
MAX_ANSWER_BYTES = 8_000_000
LONGEST_PAUSE_S = 20.0
FIRST_PAUSE_S = 0.5
MAX_KEY_CHARACTERS = 255


def _checkout_session(body: Json) -> CheckoutSession:
    return CheckoutSession(
        id=must(body, "id"),
        url=body.get("url") or "",
        status=body.get("status") or "",
        payment_status=body.get("payment_status") or "",
        amount_rupiah=from_sen(body.get("amount_total"), body.get("currency")),
        currency=body.get("currency") or "",
        order_ref=metadata_of(body, "order") or id_of(body.get("client_reference_id")),
        payment_intent=id_of(body.get("payment_intent")),
        livemode=bool(body.get("livemode")),
        created_at=moment(body.get("created")),
        expires_at=moment(body.get("expires_at")),
    )


def _refund(body: Json) -> Refund:
    return Refund(
        id=must(body, "id"),
        status=body.get("status") or "",
        amount_rupiah=from_sen(body.get("amount"), body.get("currency")),
        currency=body.get("currency") or "",
        payment_intent=id_of(body.get("payment_intent")),
        refund_ref=metadata_of(body, "refund"),
        failure_reason=id_of(body.get("failure_reason")),
    )


def _dispute(body: Json) -> Dispute:
    return Dispute(
        id=must(body, "id"),
        status=body.get("status") or "",
        amount_rupiah=from_sen(body.get("amount"), body.get("currency")),
        currency=body.get("currency") or "",
        payment_intent=id_of(body.get("payment_intent")),
        reason=body.get("reason") or "",
    )


def session_parameters(
    *,
    order_ref: str,
    amount_rupiah: int,
    description: str,
    success_url: str,
    cancel_url: str,
    expires_at: datetime,
    locale: str,
) -> dict[str, str]:
    """The form of a new checkout session: one line, our reference in all three places where Stripe hands it back."""
    line = "line_items[0]"
    return {
        "mode": "payment",
        "client_reference_id": order_ref,
        "metadata[order]": order_ref,
        "payment_intent_data[metadata][order]": order_ref,
        f"{line}[quantity]": "1",
        f"{line}[price_data][currency]": "idr",
        f"{line}[price_data][unit_amount]": str(to_sen(amount_rupiah)),
        f"{line}[price_data][product_data][name]": description,
        "success_url": success_url,
        "cancel_url": cancel_url,
        "expires_at": str(int(expires_at.timestamp())),
        "locale": locale,
    }


def refund_parameters(*, payment_intent: str, amount_rupiah: int, refund_ref: str) -> dict[str, str]:
    """The form of a refund, whole or part."""
    return {"payment_intent": payment_intent, "amount": str(to_sen(amount_rupiah)), "metadata[refund]": refund_ref}


class StripeClient(SavedCalls):
    """Stripe's API at one address with one key. Safe to share between threads; refuses to run inside `transaction()`.

    `timeout` is (connect, read) in seconds, each try. All methods raise `StripeUnavailable`, `StripeRefused` or `StripeMisused`.
    """

    def __init__(
        self,
        api_key: str,
        api_base: str = "https://api.stripe.com",
        *,
        timeout: tuple[float, float] = (3.05, 15.0),
        max_tries: int = 4,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        parts = urlsplit(api_base)
        self.livemode = "_live_" in api_key
        if not api_key.isascii() or not api_key or parts.scheme not in {"http", "https"} or not parts.hostname:
            raise StripeMisused("a key and an http(s) address are needed")
        if self.livemode and parts.scheme != "https":
            raise StripeMisused("a live key goes over TLS only")
        self._base = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
        self._headers = {
            "Authorization": f"Bearer {api_key}",
            "Stripe-Version": API_VERSION,
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
            "User-Agent": "Sertakan/1",
        }
        self._timeout, self._max_tries, self._sleep = timeout, max(1, max_tries), sleep

    # -- verbs

    def create_checkout_session(
        self,
        *,
        order_ref: str,
        amount_rupiah: int,
        description: str,
        success_url: str,
        cancel_url: str,
        expires_at: datetime,
        locale: str,
        idempotency_key: str,
    ) -> CheckoutSession:
        """Open a payment page. `expires_at` lies 30 minutes to 24 hours ahead of the real clock; `locale` is "id" or "en".

        Raises `AmountTooSmall` when Stripe does not charge that little.
        """
        form = session_parameters(
            order_ref=order_ref,
            amount_rupiah=amount_rupiah,
            description=description,
            success_url=success_url,
            cancel_url=cancel_url,
            expires_at=expires_at,
            locale=locale,
        )
        return _checkout_session(self._post("/v1/checkout/sessions", form, idempotency_key))

    def get_checkout_session(self, session_id: str) -> CheckoutSession:
        """How far it is now. `StripeRefused` with code `resource_missing` when Stripe does not know it."""
        return _checkout_session(self._call("GET", f"/v1/checkout/sessions/{quote(session_id, safe='')}", {}))

    def expire_checkout_session(self, session_id: str, *, idempotency_key: str | None = None) -> CheckoutSession:
        """Close an open page. `StripeRefused` when it is no longer open: read it again, it may have been paid."""
        key = idempotency_key or f"expire_{session_id}"
        return _checkout_session(self._post(f"/v1/checkout/sessions/{quote(session_id, safe='')}/expire", {}, key))

    def list_checkout_sessions(
        self, *, created_gte: datetime | None = None, payment_intent: str | None = None, starting_after: str | None = None
    ) -> Iterator[CheckoutSession]:
        """All sessions, newest first, page after page; for reconciling and for finding one whose answer was lost."""
        form = filters(created_gte=created_gte, payment_intent=payment_intent, starting_after=starting_after)
        return map(_checkout_session, self._pages("/v1/checkout/sessions", form))

    def list_events(self, *, created_gte: datetime | None = None, starting_after: str | None = None) -> Iterator[EventKnock]:
        """What Stripe would have told us, newest first; it keeps 30 days."""
        for body in self._pages("/v1/events", filters(created_gte=created_gte, starting_after=starting_after)):
            thing = (body.get("data") or {}).get("object") or {}
            yield EventKnock(must(body, "id"), must(body, "type"), moment(body.get("created")), str(thing.get("id") or ""))

    def create_refund(self, *, payment_intent: str, amount_rupiah: int, refund_ref: str, idempotency_key: str) -> Refund:
        """Give money of one payment back, whole or part. `StripeRefused` when less than that is left to refund."""
        form = refund_parameters(payment_intent=payment_intent, amount_rupiah=amount_rupiah, refund_ref=refund_ref)
        return _refund(self._post("/v1/refunds", form, idempotency_key))

    def get_refund(self, refund_id: str) -> Refund:
        return _refund(self._call("GET", f"/v1/refunds/{quote(refund_id, safe='')}", {}))

    def list_refunds(self, *, payment_intent: str | None = None, created_gte: datetime | None = None) -> Iterator[Refund]:
        """All refunds, newest first; of one payment when named."""
        return map(_refund, self._pages("/v1/refunds", filters(payment_intent=payment_intent, created_gte=created_gte)))

    def get_dispute(self, dispute_id: str) -> Dispute:
        return _dispute(self._call("GET", f"/v1/disputes/{quote(dispute_id, safe='')}", {}))

    # -- the wire

    def _post(self, path: str, form: Mapping[str, str], key: str) -> Json:
        if not 0 < len(key) <= MAX_KEY_CHARACTERS or not key.isascii() or not key.isprintable():
            raise StripeMisused("an idempotency key has 1 to 255 printable ASCII characters")
        return self._call("POST", path, form, key)

    def _pages(self, path: str, form: dict[str, str]) -> Iterator[Json]:
        form = {"limit": "100", **form}
        while True:
            body = self._call("GET", path, form)
            rows = body.get("data")
            if not isinstance(rows, list):
                raise StripeUnavailable("a list without its rows")
            yield from rows
            if not rows or not body.get("has_more"):
                return
            form["starting_after"] = str(rows[-1]["id"])

    def _call(self, method: str, path: str, form: Mapping[str, str], key: str | None = None) -> Json:
        """One request, tried up to `max_tries` times with the same key and parameters."""
        import requests  # a page that asks for no payment never needs it

        refuse_inside_transaction()
        answer: Answer | None = None
        with requests.Session() as http:
            http.trust_env = False  # no .netrc, no proxy from the environment: only the configured address
            for attempt in range(self._max_tries):
                if attempt:
                    self._sleep(_pause(attempt, answer))
                answer = self._once(http, method, path, form, key)
                log.info("%s %s try=%d %s", method, path, attempt + 1, _trace(answer))
                if answer is not None and not answer.wants_retry:
                    break
        if answer is None:
            raise StripeUnavailable(f"no answer after {self._max_tries} tries")
        if answer.status >= 300 or answer.body is None:
            raise refusal(answer)
        self._check_mode(answer.body)
        return answer.body

    def _once(self, http: "requests.Session", method: str, path: str, form: Mapping[str, str], key: str | None) -> Answer | None:
        """One try; None when no whole answer came back, so that nobody knows what happened."""
        import requests

        headers = self._headers | ({"Idempotency-Key": key} if key else {})
        try:
            with http.request(
                method,
                self._base + path,
                headers=headers,
                params=None if method == "POST" else form,
                data=form if method == "POST" else None,
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            ) as response:
                return Answer(response.status_code, _json(response), response.headers)
        except requests.RequestException as error:
            log.warning("%s %s %s", method, path, type(error).__name__)
            return None

    def _check_mode(self, body: Json) -> None:
        if "livemode" in body and bool(body["livemode"]) is not self.livemode:
            raise StripeMisused("the answer is of the other mode (live or test) than our key")


def _pause(attempt: int, answer: Answer | None) -> float:
    """Seconds before the next try: doubling, with jitter so that many do not knock together, never less than asked for."""
    backoff = FIRST_PAUSE_S * 2 ** (attempt - 1) * random.uniform(0.5, 1.5)  # noqa: S311 - not a secret
    asked = answer.retry_after_s if answer else 0.0
    return float(min(max(backoff, asked), LONGEST_PAUSE_S))


def _json(response: "requests.Response") -> Json | None:
    raw = b""
    for chunk in response.iter_content(65_536):
        raw += chunk
        if len(raw) > MAX_ANSWER_BYTES:
            return None
    try:
        body = json.loads(raw)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _trace(answer: Answer | None) -> str:
    if answer is None:
        return "no answer"
    return f"{answer.status} {answer.headers.get('Request-Id', '')}"
