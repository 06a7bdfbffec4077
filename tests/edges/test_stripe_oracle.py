"""The official SDK is the oracle: same verbs, same answers from the sandbox, and its parameter types know all we send."""

import re
import typing
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import stripe
from stripe.params import _customer_create_params, _payment_intent_create_params, _refund_create_params
from stripe.params.checkout import _session_create_params

from sertakan.payments.stripe import (
    API_VERSION,
    CheckoutSession,
    StripeClient,
    StripeMisused,
    StripeRefused,
    StripeUnavailable,
    refund_parameters,
    session_parameters,
)
from sertakan.payments.stripe_saved import intent_parameters, setup_parameters
from tests.edges.conftest import session_fields
from tests.sandbox_process import Sandbox

SETUP = setup_parameters(
    consent_ref="r",
    customer="cus_1",
    success_url="http://127.0.0.1:8000/x",
    cancel_url="http://127.0.0.1:8000/x",
    expires_at=datetime.now(UTC) + timedelta(hours=1),
    locale="id",
)
INTENT = intent_parameters(customer="cus_1", method="pm_1", amount_rupiah=16_800, order_ref="r", description="x")
Opened = Callable[..., CheckoutSession]


@pytest.fixture
def official(sandbox: Sandbox) -> Iterator[stripe.StripeClient]:
    """The SDK pointed at the sandbox, trying once."""
    http = stripe.RequestsClient(timeout=2)
    yield stripe.StripeClient(sandbox.api_key, base_addresses={"api": sandbox.url}, http_client=http, max_network_retries=0)
    http.close()


def parameters(**changes: Any) -> dict[str, Any]:
    fields = session_fields(**changes)
    return {
        "mode": "payment",
        "client_reference_id": fields["order_ref"],
        "metadata": {"order": fields["order_ref"]},
        "payment_intent_data": {"metadata": {"order": fields["order_ref"]}},
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": "idr",
                    "unit_amount": fields["amount_rupiah"] * 100,
                    "product_data": {"name": fields["description"]},
                },
            }
        ],
        "success_url": fields["success_url"],
        "cancel_url": fields["cancel_url"],
        "expires_at": int(fields["expires_at"].timestamp()),
        "locale": fields["locale"],
    }


def assert_equal(ours: CheckoutSession, theirs: stripe.checkout.Session) -> None:
    assert theirs.amount_total is not None
    assert (ours.id, ours.url, ours.status, ours.payment_status) == (
        theirs.id,
        theirs.url or "",
        theirs.status,
        theirs.payment_status,
    )
    assert (ours.amount_rupiah, ours.currency, ours.livemode) == (theirs.amount_total // 100, theirs.currency, theirs.livemode)
    assert (ours.order_ref, ours.payment_intent) == (theirs.client_reference_id, theirs.payment_intent)
    assert (ours.created_at.timestamp(), ours.expires_at.timestamp()) == (theirs.created, theirs.expires_at)


def test_the_form_we_send_is_the_form_the_sdk_sends(opened: Opened, official: stripe.StripeClient) -> None:
    """With one idempotency key for both, the sandbox would refuse any difference."""
    moment = datetime.now(UTC) + timedelta(hours=2)
    ours = opened(expires_at=moment)
    theirs = official.v1.checkout.sessions.create(
        typing.cast(Any, parameters(expires_at=moment)), options={"idempotency_key": "order-1-1"}
    )
    assert_equal(ours, theirs)


def test_both_read_and_list_the_same(
    opened: Opened, stripe_client: StripeClient, official: stripe.StripeClient, sandbox: Sandbox
) -> None:
    for number, outcome in enumerate(("pay", "later", "decline", "")):
        session = opened(idempotency_key=f"k{number}")
        if outcome:
            sandbox.act(session.id, outcome)
        assert_equal(stripe_client.get_checkout_session(session.id), official.v1.checkout.sessions.retrieve(session.id))
    listed = official.v1.checkout.sessions.list({"limit": 3})
    assert [row.id for row in listed.auto_paging_iter()] == [row.id for row in stripe_client.list_checkout_sessions()]
    events = official.v1.events.list({"limit": 100})
    assert [row.id for row in events.auto_paging_iter()] == [row.id for row in stripe_client.list_events()]


def test_both_close_a_session_the_same_way(opened: Opened, stripe_client: StripeClient, official: stripe.StripeClient) -> None:
    session = opened()
    theirs = official.v1.checkout.sessions.expire(session.id)
    assert_equal(stripe_client.get_checkout_session(session.id), theirs)
    with pytest.raises(stripe.InvalidRequestError):
        official.v1.checkout.sessions.expire(session.id)


def test_both_refund_the_same_way(
    opened: Opened, stripe_client: StripeClient, official: stripe.StripeClient, sandbox: Sandbox
) -> None:
    intent = sandbox.act(opened().id, "pay")["payment_intent"]
    ours = stripe_client.create_refund(payment_intent=intent, amount_rupiah=16_800, refund_ref="r", idempotency_key="one")
    theirs = official.v1.refunds.create(
        {"payment_intent": intent, "amount": 1_680_000, "metadata": {"refund": "r"}}, options={"idempotency_key": "one"}
    )
    assert (ours.id, ours.status, ours.amount_rupiah) == (theirs.id, theirs.status, theirs.amount // 100)
    assert ours == stripe_client.get_refund(official.v1.refunds.retrieve(ours.id).id)
    charge = official.v1.charges.list({"payment_intent": intent}).data[0]
    assert charge.amount_refunded == 1_680_000
    assert official.v1.payment_intents.retrieve(intent).latest_charge == charge.id


def test_both_save_charge_and_detach_a_card_the_same_way(
    stripe_client: StripeClient, official: stripe.StripeClient, sandbox: Sandbox
) -> None:
    customer = stripe_client.create_customer(ref="r", idempotency_key="c")
    assert official.v1.customers.retrieve(customer).email is None
    page = stripe_client.create_setup_session(form=SETUP | {"customer": customer}, idempotency_key="s")
    assert official.v1.checkout.sessions.retrieve(page.id).mode == "setup"
    assert stripe_client.get_setup_session(page.id).setup_intent is None
    sandbox.control(f"sessions/{page.id}/save")
    done = stripe_client.get_setup_session(page.id)
    assert done.setup_intent and done.customer == customer
    setup = official.v1.setup_intents.retrieve(done.setup_intent)
    card = stripe_client.get_setup_card(done.setup_intent)
    assert card and (card.id, setup.usage) == (setup.payment_method, "off_session")
    theirs = official.v1.payment_methods.retrieve(card.id)
    assert theirs.card and (card.brand, card.last4, card.customer) == (theirs.card.brand, theirs.card.last4, theirs.customer)
    form = INTENT | {"customer": customer, "payment_method": card.id}
    ours = stripe_client.create_intent(form=form, idempotency_key="i")
    read = official.v1.payment_intents.retrieve(ours.id)
    assert (read.status, read.amount, read.metadata["order"]) == ("succeeded", 1_680_000, "r")
    assert [row.id for row in stripe_client.list_intents(customer=customer)] == [ours.id] and ours.is_paid
    for outcome, code in (("card_declined", "card_declined"), ("authentication_required", "authentication_required")):
        sandbox.control("saved/next", outcome=outcome, times=2)
        with pytest.raises(StripeRefused) as no:
            stripe_client.create_intent(form=form, idempotency_key=f"ours {outcome}")
        with pytest.raises(stripe.CardError) as said:
            official.v1.payment_intents.create(
                {"amount": 1_680_000, "currency": "idr", "customer": customer, "payment_method": card.id}
                | typing.cast(Any, {"off_session": True, "confirm": True})
            )
        assert (no.value.status, no.value.code) == (402, code) and said.value.code == code
    stripe_client.detach_card(card.id)
    assert official.v1.payment_methods.retrieve(card.id).customer is None
    with pytest.raises(stripe.InvalidRequestError):
        official.v1.payment_methods.detach(card.id)


def test_both_read_a_dispute_the_same_way(
    opened: Opened, stripe_client: StripeClient, official: stripe.StripeClient, sandbox: Sandbox
) -> None:
    session = opened()
    sandbox.act(session.id, "pay")
    made = sandbox.control(f"sessions/{session.id}/dispute")
    for status in ("needs_response", "lost"):
        ours, theirs = stripe_client.get_dispute(made["id"]), official.v1.disputes.retrieve(made["id"])
        assert (ours.id, ours.status, ours.reason) == (theirs.id, theirs.status, theirs.reason)
        assert (ours.amount_rupiah, ours.currency, ours.payment_intent) == (
            theirs.amount // 100,
            theirs.currency,
            theirs.payment_intent,
        )
        assert theirs.status == status
        assert set(made) <= set(stripe.Dispute.__annotations__)
        assert official.v1.charges.retrieve(str(theirs.charge)).disputed
        if status != "lost":
            sandbox.control(f"disputes/{made['id']}/lost")


@pytest.mark.parametrize(
    ("fault", "theirs", "ours"),
    [
        ("decline", stripe.CardError, StripeRefused),
        ("rate_limit", stripe.RateLimitError, StripeUnavailable),
        ("error_before", stripe.APIError, StripeUnavailable),
        ("in_use", stripe.APIError, StripeUnavailable),
        ("reset_before", stripe.APIConnectionError, StripeUnavailable),
        ("bad_json", stripe.APIError, StripeUnavailable),
    ],
)
def test_both_call_a_fault_by_the_same_name(
    sandbox: Sandbox, official: stripe.StripeClient, fault: str, theirs: type[Exception], ours: type[Exception]
) -> None:
    sandbox.fault(fault, times=2)
    with pytest.raises(theirs):
        official.v1.checkout.sessions.create(typing.cast(Any, parameters()))
    with pytest.raises(ours):
        StripeClient(sandbox.api_key, sandbox.url, max_tries=1).create_checkout_session(**session_fields())


def test_both_are_told_the_same_about_wrong_calls(
    opened: Opened, official: stripe.StripeClient, sandbox: Sandbox, stripe_client: StripeClient
) -> None:
    create = official.v1.checkout.sessions.create
    for changes, code in (({"amount_rupiah": 100}, "amount_too_small"), ({"success_url": "nowhere"}, "url_invalid")):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            create(typing.cast(Any, parameters(**changes)))
        assert refused.value.code == code
        with pytest.raises((StripeRefused, StripeMisused)):
            opened(**changes)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        create(typing.cast(Any, parameters() | {"ui_mod": "hosted"}))
    assert (refused.value.code, refused.value.param) == ("parameter_unknown", "ui_mod")
    opened()
    with pytest.raises(stripe.IdempotencyError):
        create(typing.cast(Any, parameters(amount_rupiah=16_800)), options={"idempotency_key": "order-1-1"})
    with pytest.raises(stripe.AuthenticationError):
        stripe.StripeClient("sk_live_x", base_addresses={"api": sandbox.url}).v1.events.list()


def test_we_pin_the_version_that_the_sdk_speaks() -> None:
    assert stripe.api_version == API_VERSION


# ---- the SDK's parameter types -------------------------------------------------------------------------------------------------


def knows(kind: Any, path: list[str], value: str, module: Any) -> bool:
    """Whether the SDK's type has a place for this path, and an int only where the value is one."""
    hints = kind.__annotations__
    name, rest = path[0], [part for part in path[1:] if not part.isdigit()]
    if name not in hints:
        return False
    text = str(hints[name])
    if not rest:
        return value.isdigit() if re.search(r"\bint\b", text) else True
    if "Dict[str, str]" in text:
        return len(rest) == 1
    names = re.findall(r"(?:Session|Refund|PaymentIntent|Customer)CreateParams\w+", text)
    return any(knows(getattr(module, found), rest, value, module) for found in names if hasattr(module, found))


@pytest.mark.parametrize(
    ("form", "kind", "module"),
    [
        (
            session_parameters(**{name: value for name, value in session_fields().items() if name != "idempotency_key"}),
            _session_create_params.SessionCreateParams,
            _session_create_params,
        ),
        (
            refund_parameters(payment_intent="pi_1", amount_rupiah=16_800, refund_ref="r"),
            _refund_create_params.RefundCreateParams,
            _refund_create_params,
        ),
        (SETUP, _session_create_params.SessionCreateParams, _session_create_params),
        (INTENT, _payment_intent_create_params.PaymentIntentCreateParams, _payment_intent_create_params),
        ({"metadata[consent]": "r"}, _customer_create_params.CustomerCreateParams, _customer_create_params),
    ],
)
def test_every_parameter_we_send_is_in_the_sdks_types(form: dict[str, str], kind: Any, module: Any) -> None:
    for name, value in form.items():
        assert knows(kind, [part for part in re.split(r"[\[\]]+", name) if part], value, module), name


def test_the_check_of_parameters_sees_a_wrong_one() -> None:
    kind = _session_create_params.SessionCreateParams
    for path, value in (
        (["succes_url"], "x"),
        (["line_items", "0", "price_data", "unit_amont"], "1"),
        (["expires_at"], "tomorrow"),
        (["payment_intent_data", "meta", "order"], "x"),
    ):
        assert not knows(kind, path, value, _session_create_params), path
