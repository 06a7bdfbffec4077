"""The JSON shapes of Stripe's objects, with the fields that matter here filled and the usual others empty."""

import secrets
import string

from sertakan.sandbox.errors import Json

API_VERSION = "2026-10-28.endive"
ALPHABET = string.ascii_letters + string.digits


def new_id(prefix: str, characters: int = 24) -> str:
    return prefix + "".join(secrets.choice(ALPHABET) for _ in range(characters))


def session(wanted: Json, *, url_base: str, created: int) -> Json:
    """An open checkout session from checked parameters."""
    session_id = new_id("cs_test_a1", 56)
    items = wanted.get("line_items", [])  # none on a page that only saves a card
    total = sum(item["quantity"] * item["price_data"]["unit_amount"] for item in items) if items else None
    empty = (
        "after_expiration allow_promotion_codes billing_address_collection client_secret collected_information consent "
        "consent_collection currency_conversion customer customer_account customer_details customer_email invoice payment_intent "
        "payment_link payment_method_configuration_details recovered_from setup_intent shipping_address_collection shipping_cost "
        "submit_type subscription"
    )
    return dict.fromkeys(empty.split()) | {
        "id": session_id,
        "object": "checkout.session",
        "adaptive_pricing": {"enabled": False},
        "amount_subtotal": total,
        "amount_total": total,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "cancel_url": wanted.get("cancel_url"),
        "client_reference_id": wanted.get("client_reference_id"),
        "created": created,
        "currency": items[0]["price_data"]["currency"] if items else wanted.get("currency"),
        "customer": wanted.get("customer"),
        "custom_fields": [],
        "custom_text": dict.fromkeys(("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")),
        "customer_creation": "if_required",
        "discounts": [],
        "expires_at": wanted.get("expires_at", created + 24 * 3600),
        "livemode": False,
        "locale": wanted.get("locale"),
        "metadata": wanted.get("metadata", {}),
        "mode": wanted["mode"],
        "payment_method_collection": "if_required",
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "payment_status": "unpaid" if items else "no_payment_required",
        "phone_number_collection": {"enabled": False},
        "shipping_options": [],
        "status": "open",
        "success_url": wanted["success_url"],
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
        "url": f"{url_base}/pay/{session_id}",
    }


def customer(wanted: Json, *, created: int) -> Json:
    """Somebody who comes again; here without any personal data."""
    empty = "address currency default_source description discount email name phone shipping test_clock"
    return dict.fromkeys(empty.split()) | {
        "id": new_id("cus_", 14),
        "object": "customer",
        "balance": 0,
        "created": created,
        "delinquent": False,
        "invoice_prefix": "".join(secrets.choice(string.ascii_uppercase) for _ in range(8)),
        "invoice_settings": {"custom_fields": None, "default_payment_method": None, "footer": None, "rendering_options": None},
        "livemode": False,
        "metadata": wanted.get("metadata", {}),
        "preferred_locales": [],
        "tax_exempt": "none",
    }


def payment_method(customer_id: str, *, brand: str, last4: str, created: int) -> Json:
    """A saved card."""
    return {
        "id": new_id("pm_"),
        "object": "payment_method",
        "allow_redisplay": "limited",
        "billing_details": dict.fromkeys(("address", "email", "name", "phone", "tax_id")),
        "card": {"brand": brand, "country": "ID", "exp_month": 12, "exp_year": 2034, "funding": "credit", "last4": last4},
        "created": created,
        "customer": customer_id,
        "livemode": False,
        "metadata": {},
        "type": "card",
    }


def setup_intent(customer_id: str, method_id: str, *, metadata: Json, created: int) -> Json:
    """How a card came to be saved."""
    empty = (
        "application attach_to_self automatic_payment_methods cancellation_reason client_secret description flow_directions "
        "last_setup_error latest_attempt mandate next_action on_behalf_of payment_method_options single_use_mandate"
    )
    return dict.fromkeys(empty.split()) | {
        "id": new_id("seti_"),
        "object": "setup_intent",
        "created": created,
        "customer": customer_id,
        "livemode": False,
        "metadata": metadata,
        "payment_method": method_id,
        "payment_method_types": ["card"],
        "status": "succeeded",
        "usage": "off_session",
    }


def payment_intent(of: Json, *, metadata: Json, description: str, created: int) -> Json:
    """The intent of a session; it exists from the first attempt to pay on."""
    empty = (
        "application canceled_at cancellation_reason customer last_payment_error latest_charge next_action on_behalf_of "
        "payment_method processing receipt_email review setup_future_usage shipping statement_descriptor transfer_group"
    )
    return dict.fromkeys(empty.split()) | {
        "id": new_id("pi_"),
        "object": "payment_intent",
        "amount": of["amount_total"],
        "amount_capturable": 0,
        "amount_received": 0,
        "capture_method": "automatic_async",
        "client_secret": None,
        "confirmation_method": "automatic",
        "created": created,
        "currency": of["currency"],
        "description": description,
        "livemode": False,
        "metadata": metadata,
        "payment_method_types": ["card"],
        "status": "requires_payment_method",
    }


def charge(intent: Json, *, paid: bool, method: str, created: int) -> Json:
    """One attempt to take the money of an intent."""
    empty = "application application_fee balance_transaction customer dispute invoice receipt_url review shipping source_transfer"
    failure = None if paid else "card_declined"
    return dict.fromkeys(empty.split()) | {
        "id": new_id("ch_"),
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": intent["amount"] if paid else 0,
        "amount_refunded": 0,
        "captured": paid,
        "created": created,
        "currency": intent["currency"],
        "description": intent["description"],
        "disputed": False,
        "failure_code": failure,
        "failure_message": None if paid else "The payment was declined.",
        "livemode": False,
        "metadata": intent["metadata"],
        "outcome": {"network_status": "approved_by_network" if paid else "declined_by_network", "type": "authorized"},
        "paid": paid,
        "payment_intent": intent["id"],
        "payment_method_details": {"type": method},
        "refunded": False,
        "status": "succeeded" if paid else "failed",
    }


def refund(of: Json, wanted: Json, *, amount: int, status: str, created: int) -> Json:
    empty = (
        "balance_transaction customer description failure_balance_transaction failure_reason instructions_email next_action "
        "receipt_number source_transfer_reversal transfer_reversal"
    )
    return dict.fromkeys(empty.split()) | {
        "id": new_id("re_"),
        "object": "refund",
        "amount": amount,
        "charge": of["id"],
        "created": created,
        "currency": of["currency"],
        "destination_details": None,
        "metadata": wanted.get("metadata", {}),
        "payment_intent": of["payment_intent"],
        "pending_reason": "processing" if status == "pending" else None,
        "reason": wanted.get("reason"),
        "status": status,
    }


def dispute(of: Json, *, amount: int, created: int) -> Json:
    """The bank of the payer wants this charge back; the merchant may answer."""
    return {
        "id": new_id("dp_"),
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": of["id"],
        "created": created,
        "currency": of["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {},
        "evidence_details": {"due_by": created + 7 * 86_400, "has_evidence": False, "past_due": False, "submission_count": 0},
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": of["payment_intent"],
        "reason": "fraudulent",
        "status": "needs_response",
    }


def event(kind: str, thing: Json, *, created: int, request: Json) -> Json:
    return {
        "id": new_id("evt_"),
        "object": "event",
        "api_version": API_VERSION,
        "created": created,
        "data": {"object": thing},
        "livemode": False,
        "pending_webhooks": 1,
        "request": request,
        "type": kind,
    }
