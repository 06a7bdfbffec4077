"""What Stripe can answer: our errors, the objects we keep of its answers, and what one raw HTTP answer means. No network here."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Json = dict[str, Any]


class StripeError(Exception):
    """Something between us and Stripe. Says ids and codes only, never what was sent."""


class StripeUnavailable(StripeError):
    """No usable answer: the outcome is unknown. Try again later with the same key, or ask what became of it."""


class StripeMisused(StripeError):
    """Our call or our settings are wrong: key, parameter, idempotency key, address. A bug; trying again does not help."""


class StripeRefused(StripeError):
    """A clear no: nothing has happened. `code` and `decline` are Stripe's words, "" when it says none."""

    def __init__(self, status: int, code: str = "", decline: str = "", param: str = "", request_id: str = "") -> None:
        self.status, self.code, self.decline, self.param, self.request_id = status, code, decline, param, request_id
        super().__init__(f"refused: {status} {code} {decline} {param} {request_id}".strip())


class AmountTooSmall(StripeRefused):
    """Below what Stripe charges at all: about US$0.50, so some Rp8.400, moving with the exchange rate."""


@dataclass(frozen=True)
class CheckoutSession:
    """A hosted payment page and how far it is. `amount_rupiah` is None when it names no amount in `idr`."""

    id: str
    url: str  # "" once it can no longer be paid
    status: str  # open, complete, expired
    payment_status: str  # unpaid, paid, no_payment_required
    amount_rupiah: int | None
    currency: str
    order_ref: str | None
    payment_intent: str | None  # one successful payment; paying twice makes two
    livemode: bool
    created_at: datetime
    expires_at: datetime

    @property
    def is_paid(self) -> bool:
        """The money has come. A complete session may still be unpaid: a transfer that is on its way."""
        return self.payment_status == "paid"


@dataclass(frozen=True)
class Refund:
    """Money going back. `status`: pending, requires_action, succeeded, failed, canceled; after succeeded it may still fail."""

    id: str
    status: str
    amount_rupiah: int | None
    currency: str
    payment_intent: str | None
    refund_ref: str | None
    failure_reason: str | None


@dataclass(frozen=True)
class Dispute:
    """The payer's bank asks for a payment back. `status`: needs_response, under_review, warning_…, won, lost."""

    id: str
    status: str
    amount_rupiah: int | None
    currency: str
    payment_intent: str | None
    reason: str


@dataclass(frozen=True)
class EventKnock:
    """An event in Stripe's list, for finding those that never reached us."""

    id: str
    type: str
    created_at: datetime
    object_id: str


@dataclass(frozen=True)
class Answer:
    status: int
    body: Json | None  # None: not the JSON object that Stripe speaks
    headers: Mapping[str, str]

    @property
    def wants_retry(self) -> bool:
        advice = self.headers.get("Stripe-Should-Retry", "")
        if advice in {"true", "false"}:
            return advice == "true"
        if self.status in {409, 429} or self.status >= 500:
            return True
        return self.status < 300 and self.body is None

    @property
    def retry_after_s(self) -> float:
        value = self.headers.get("Retry-After", "")
        return float(value) if value.isdecimal() else 0.0


def refusal(answer: Answer) -> StripeError:
    """The exception for an answer that is not a success."""
    request_id = answer.headers.get("Request-Id", "")
    if answer.wants_retry or answer.status >= 500 or answer.status < 300:
        return StripeUnavailable(f"no usable answer: {answer.status} {request_id}".strip())
    if answer.status < 400 or answer.body is None:
        return StripeMisused(f"this is not Stripe's API: {answer.status}")
    error = answer.body.get("error")
    error = error if isinstance(error, dict) else {}
    code, kind, param = (str(error.get(name) or "") for name in ("code", "type", "param"))
    if answer.status in {401, 403} or kind == "idempotency_error" or code.startswith(("parameter_", "url_")):
        return StripeMisused(f"misused: {answer.status} {kind} {code} {param} {request_id}")
    refused = AmountTooSmall if code == "amount_too_small" else StripeRefused
    return refused(answer.status, code, str(error.get("decline_code") or ""), param, request_id)
