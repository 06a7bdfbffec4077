"""What Stripe can answer: our errors, the objects we keep of its answers, and what one raw HTTP answer means. No network here."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]
SEN_PER_RUPIAH = 100


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
class SetupSession:
    """A hosted page on which a card is saved. `setup_intent` is there once it is."""

    id: str
    url: str
    status: str  # open, complete, expired
    customer: str | None
    setup_intent: str | None


@dataclass(frozen=True)
class SavedCard:
    """A saved card: its id, and what may be shown of it. `customer` is None once it is detached: it cannot be charged any more."""

    id: str
    customer: str | None
    brand: str
    last4: str


@dataclass(frozen=True)
class Intent:
    """A charge that was made without a page. `status`: succeeded, processing, or what still waits for somebody."""

    id: str
    status: str
    amount_rupiah: int | None
    currency: str
    order_ref: str | None
    created_at: datetime

    @property
    def is_paid(self) -> bool:
        return self.status == "succeeded"

    @property
    def is_open(self) -> bool:
        """Nobody knows yet."""
        return self.status == "processing"

    def as_page(self) -> CheckoutSession:
        """A paid charge in the words of a paid page, so that the books are written in one place."""
        return CheckoutSession(
            id=self.id,
            url="",
            status="complete",
            payment_status="paid" if self.is_paid else "unpaid",
            amount_rupiah=self.amount_rupiah,
            currency=self.currency,
            order_ref=self.order_ref,
            payment_intent=self.id,
            livemode=False,
            created_at=self.created_at,
            expires_at=self.created_at,
        )


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


# ---- reading and writing single values -----------------------------------------------------------------------------------------


def to_sen(amount_rupiah: int) -> int:
    """What Stripe wants for whole rupiah; refuses what is not a positive whole number."""
    if isinstance(amount_rupiah, bool) or not isinstance(amount_rupiah, int) or amount_rupiah <= 0:
        raise StripeMisused("an amount is a positive whole number of rupiah")
    return amount_rupiah * SEN_PER_RUPIAH


def from_sen(amount: object, currency: object) -> int | None:
    """Whole rupiah from what Stripe says. Raises on sen: we never asked for them, so the books could not agree."""
    if amount is None or currency != "idr":
        return None
    if not isinstance(amount, int) or isinstance(amount, bool) or amount % SEN_PER_RUPIAH:
        raise StripeUnavailable("an amount that is not whole rupiah")
    return amount // SEN_PER_RUPIAH


def id_of(value: object) -> str | None:
    """Stripe names a related object by its id, or puts the whole object there."""
    if isinstance(value, dict):
        value = value.get("id")
    return value if isinstance(value, str) and value else None


def moment(value: object) -> datetime:
    if not isinstance(value, int):
        raise StripeUnavailable("an answer without its time")
    return datetime.fromtimestamp(value, UTC)


def must(body: Json, name: str) -> str:
    value = id_of(body.get(name))
    if value is None:
        raise StripeUnavailable(f"an answer without its {name}")
    return value


def metadata_of(body: Json, name: str) -> str | None:
    values = body.get("metadata")
    return id_of(values.get(name)) if isinstance(values, dict) else None


def filters(*, created_gte: datetime | None = None, **ids: str | None) -> dict[str, str]:
    form = {name: value for name, value in ids.items() if value}
    return form | ({"created[gte]": str(int(created_gte.timestamp()))} if created_gte else {})
