"""The calls that save a card and charge it while nobody is there: customer, setup page, off-session intent, detaching.

A customer carries no personal data, only our reference; of a card its brand and last four digits are read, for her to know it by.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from urllib.parse import quote

from sertakan.payments.stripe_answers import (
    Intent,
    Json,
    SavedCard,
    SetupSession,
    StripeUnavailable,
    filters,
    from_sen,
    id_of,
    metadata_of,
    moment,
    must,
    to_sen,
)


def _setup_session(body: Json) -> SetupSession:
    return SetupSession(
        id=must(body, "id"),
        url=body.get("url") or "",
        status=body.get("status") or "",
        customer=id_of(body.get("customer")),
        setup_intent=id_of(body.get("setup_intent")),
    )


def _card(body: Json) -> SavedCard:
    card = body.get("card")
    if not isinstance(card, dict):
        raise StripeUnavailable("a saved method that is no card")
    return SavedCard(must(body, "id"), id_of(body.get("customer")), str(card.get("brand") or ""), str(card.get("last4") or ""))


def intent_of(body: Json) -> Intent:
    return Intent(
        id=must(body, "id"),
        status=body.get("status") or "",
        amount_rupiah=from_sen(body.get("amount"), body.get("currency")),
        currency=body.get("currency") or "",
        order_ref=metadata_of(body, "order"),
        created_at=moment(body.get("created")),
    )


def setup_parameters(
    *, consent_ref: str, customer: str, success_url: str, cancel_url: str, expires_at: datetime, locale: str
) -> dict[str, str]:
    """The form of a page that saves a card; no money moves on it."""
    return {
        "mode": "setup",
        "currency": "idr",
        "customer": customer,
        "metadata[consent]": consent_ref,
        "setup_intent_data[metadata][consent]": consent_ref,
        "success_url": success_url,
        "cancel_url": cancel_url,
        "expires_at": str(int(expires_at.timestamp())),
        "locale": locale,
    }


def intent_parameters(*, customer: str, method: str, amount_rupiah: int, order_ref: str, description: str) -> dict[str, str]:
    """The form of a charge without the payer."""
    return {
        "amount": str(to_sen(amount_rupiah)),
        "currency": "idr",
        "customer": customer,
        "payment_method": method,
        "automatic_payment_methods[enabled]": "true",
        "automatic_payment_methods[allow_redirects]": "never",
        "off_session": "true",
        "confirm": "true",
        "description": description,
        "metadata[order]": order_ref,
    }


class SavedCalls:
    """Part of `StripeClient`, which gives the wire."""

    def _post(self, path: str, form: Mapping[str, str], key: str) -> Json:
        raise NotImplementedError

    def _call(self, method: str, path: str, form: Mapping[str, str], key: str | None = None) -> Json:
        raise NotImplementedError

    def _pages(self, path: str, form: dict[str, str]) -> Iterator[Json]:
        raise NotImplementedError

    def create_customer(self, *, ref: str, idempotency_key: str) -> str:
        """Somebody whose card may be saved; returns the id. Only our reference goes out."""
        return must(self._post("/v1/customers", {"metadata[consent]": ref}, idempotency_key), "id")

    def create_setup_session(self, *, form: Mapping[str, str], idempotency_key: str) -> SetupSession:
        """Open a page that saves a card; `form` is of `setup_parameters`."""
        return _setup_session(self._post("/v1/checkout/sessions", form, idempotency_key))

    def get_setup_session(self, session_id: str) -> SetupSession:
        return _setup_session(self._call("GET", f"/v1/checkout/sessions/{quote(session_id, safe='')}", {}))

    def get_setup_card(self, setup_intent: str) -> SavedCard | None:
        """The card that a setup saved; None while it has not."""
        intent = self._call("GET", f"/v1/setup_intents/{quote(setup_intent, safe='')}", {})
        method = id_of(intent.get("payment_method"))
        return self.get_card(method) if method and intent.get("status") == "succeeded" else None

    def get_card(self, method: str) -> SavedCard:
        return _card(self._call("GET", f"/v1/payment_methods/{quote(method, safe='')}", {}))

    def detach_card(self, method: str) -> None:
        """Nobody can charge it any more. `StripeRefused` when it was detached before: read it to be sure."""
        self._post(f"/v1/payment_methods/{quote(method, safe='')}/detach", {}, f"detach_{method}")

    def create_intent(self, *, form: Mapping[str, str], idempotency_key: str) -> Intent:
        """Charge a saved card; `form` is of `intent_parameters`. `StripeRefused` (402) when her bank says no: nothing was charged."""
        return intent_of(self._post("/v1/payment_intents", form, idempotency_key))

    def get_intent(self, intent: str) -> Intent:
        return intent_of(self._call("GET", f"/v1/payment_intents/{quote(intent, safe='')}", {}))

    def list_intents(self, *, customer: str) -> Iterator[Intent]:
        """All charges of a customer, newest first: finds one whose answer was lost."""
        return map(intent_of, self._pages("/v1/payment_intents", filters(customer=customer)))
