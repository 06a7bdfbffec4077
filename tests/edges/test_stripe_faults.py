"""What our client makes of everything that can go wrong between us and Stripe. Each row costs at most one charge."""

import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import responses

from sertakan.payments.stripe import CheckoutSession, StripeClient, StripeMisused, StripeRefused, StripeUnavailable
from tests.edges.conftest import Pauses, session_fields
from tests.sandbox_process import Sandbox

Opened = Callable[..., CheckoutSession]
HEALS = {
    "timeout_before": {"seconds": 1.0},
    "timeout_after": {"seconds": 1.0},
    "reset_before": {},
    "reset_after": {},
    "in_use": {},
    "rate_limit": {},
    "unavailable": {},
    "error_before": {},
    "bad_json": {},
    "cut": {},
}


@pytest.fixture
def paid_intent(opened: Opened, sandbox: Sandbox) -> str:
    """A payment of Rp92.400 that can be refunded."""
    return str(sandbox.act(opened(idempotency_key="to-refund").id, "pay")["payment_intent"])


@pytest.mark.parametrize("kind", HEALS)
def test_a_passing_fault_costs_a_retry_and_makes_one_session(opened: Opened, sandbox: Sandbox, pauses: Pauses, kind: str) -> None:
    sandbox.fault(kind, times=2, method="POST", **HEALS[kind])
    session = opened()
    assert [found["id"] for found in sandbox.things("checkout.session")] == [session.id]
    assert len(pauses) == 2


@pytest.mark.parametrize("kind", HEALS)
def test_a_passing_fault_sends_money_back_once(
    paid_intent: str, stripe_client: StripeClient, sandbox: Sandbox, kind: str
) -> None:
    sandbox.fault(kind, path="/v1/refunds", **HEALS[kind])
    refund = stripe_client.create_refund(payment_intent=paid_intent, amount_rupiah=16_800, refund_ref="r", idempotency_key="r")
    assert [found["id"] for found in sandbox.things("refund")] == [refund.id]
    assert sandbox.books()["refunded_rupiah"] == 16_800


@pytest.mark.parametrize("kind", HEALS)
def test_a_passing_fault_while_reading_is_only_a_delay(
    opened: Opened, stripe_client: StripeClient, sandbox: Sandbox, kind: str
) -> None:
    session = opened()
    sandbox.fault(kind, method="GET", **HEALS[kind])
    assert stripe_client.get_checkout_session(session.id).id == session.id


def test_a_500_after_the_charge_stays_unknown_and_is_found_by_asking(
    paid_intent: str, stripe_client: StripeClient, sandbox: Sandbox, pauses: Pauses
) -> None:
    sandbox.fault("error_after", path="/v1/refunds")
    with pytest.raises(StripeUnavailable):
        stripe_client.create_refund(payment_intent=paid_intent, amount_rupiah=16_800, refund_ref="r", idempotency_key="r")
    assert len(pauses) == 3
    found = [refund for refund in stripe_client.list_refunds(payment_intent=paid_intent) if refund.refund_ref == "r"]
    assert [refund.amount_rupiah for refund in found] == [16_800]


def test_a_session_whose_answer_was_lost_for_good_is_found_by_our_reference(
    opened: Opened, stripe_client: StripeClient, sandbox: Sandbox
) -> None:
    sandbox.fault("error_after")
    with pytest.raises(StripeUnavailable):
        opened()
    since = datetime.now(UTC) - timedelta(minutes=5)
    found = [session for session in stripe_client.list_checkout_sessions(created_gte=since) if session.order_ref == "7KQ2-M9XF"]
    assert len(found) == 1


def test_stripe_decides_whether_to_retry_a_500(opened: Opened, sandbox: Sandbox, pauses: Pauses) -> None:
    sandbox.fault("error_before", headers={"Stripe-Should-Retry": "false"})
    with pytest.raises(StripeUnavailable):
        opened()
    assert pauses == []
    sandbox.fault("decline", headers={"Stripe-Should-Retry": "true"})
    assert opened().status == "open"
    assert len(pauses) == 1


def test_we_wait_as_long_as_stripe_asks_but_not_for_ever(opened: Opened, sandbox: Sandbox, pauses: Pauses) -> None:
    sandbox.fault("rate_limit", headers={"Retry-After": "7"})
    sandbox.fault("rate_limit", headers={"Retry-After": "86400"})
    opened()
    assert pauses[0] == 7
    assert pauses[1] == 20


def test_pauses_grow_and_differ(opened: Opened, sandbox: Sandbox, pauses: Pauses) -> None:
    for attempt in range(2):
        sandbox.fault("unavailable", times=4)
        with pytest.raises(StripeUnavailable):
            opened(idempotency_key=f"k{attempt}")
    assert 0.25 <= pauses[0] <= 0.75 < pauses[2] <= 3
    assert pauses[:3] != pauses[3:]
    assert sandbox.things("checkout.session") == []


def test_a_declined_charge_is_a_clear_no_without_a_retry(opened: Opened, sandbox: Sandbox, pauses: Pauses) -> None:
    sandbox.fault("decline")
    with pytest.raises(StripeRefused) as refused:
        opened()
    assert (refused.value.status, refused.value.code, refused.value.decline) == (402, "card_declined", "generic_decline")
    assert pauses == []


def test_a_redirect_is_not_followed(opened: Opened, sandbox: Sandbox) -> None:
    sandbox.fault("redirect")
    with pytest.raises(StripeMisused):
        opened()
    assert sandbox.things("checkout.session") == []


def test_a_slow_answer_makes_its_retry_wait_and_one_session(sandbox: Sandbox) -> None:
    """The first try gets no answer in time; its twin hears that the key is in use until the first has finished."""
    sandbox.fault("slow", seconds=29)
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:  # timed out, then told twice that the key is in use
            sandbox.heal()

    client = StripeClient(sandbox.api_key, sandbox.url, timeout=(2, 0.3), max_tries=100, sleep=sleep)
    session = client.create_checkout_session(**session_fields())
    assert [found["id"] for found in sandbox.things("checkout.session")] == [session.id]
    assert len(pauses) >= 3


def test_nobody_there_is_unavailable(pauses: Pauses) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: refused
        client = StripeClient("sk_test_x", f"http://127.0.0.1:{taken.getsockname()[1]}", timeout=(0.5, 0.5), sleep=pauses)
        with pytest.raises(StripeUnavailable):
            client.get_checkout_session("cs_test_x")
    assert len(pauses) == 3


def test_the_environment_does_not_lead_us_elsewhere(opened: Opened, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login sk_test_other password x\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")
    assert opened().status == "open"


SESSION = {
    "id": "cs_test_1",
    "object": "checkout.session",
    "amount_total": 1_680_000,
    "currency": "idr",
    "created": 1_790_000_000,
    "expires_at": 1_790_003_600,
    "livemode": False,
    "status": "open",
}


def answer(body: object, path: str = "/v1/checkout/sessions/cs_test_1", **more: Any) -> None:
    responses.add(responses.GET, f"https://api.stripe.com{path}", json=body, **more)


@responses.activate
@pytest.mark.parametrize(
    "body",
    [
        [],
        {"id": "cs_test_1"},
        SESSION | {"amount_total": 1_680_050},
        SESSION | {"amount_total": "1680000"},
        SESSION | {"id": None},
        SESSION | {"created": "yesterday"},
        {"padding": "x" * 8_000_001},
    ],
)
def test_an_answer_we_cannot_read_is_no_answer(body: object, pauses: Pauses) -> None:
    answer(body)
    with pytest.raises(StripeUnavailable):
        StripeClient("sk_test_x", sleep=pauses).get_checkout_session("cs_test_1")


@responses.activate
def test_an_answer_of_the_other_mode_is_our_bug() -> None:
    answer(SESSION)
    with pytest.raises(StripeMisused):
        StripeClient("sk_live_x").get_checkout_session("cs_test_1")
    assert StripeClient("sk_test_x").get_checkout_session("cs_test_1").amount_rupiah == 16_800


@responses.activate
def test_a_payment_that_stripe_puts_there_whole_is_read_by_its_id() -> None:
    answer(
        SESSION | {"payment_intent": {"id": "pi_1", "object": "payment_intent"}, "metadata": None, "client_reference_id": "ORDER"}
    )
    session = StripeClient("sk_test_x").get_checkout_session("cs_test_1")
    assert (session.payment_intent, session.order_ref) == ("pi_1", "ORDER")


@responses.activate
def test_errors_in_a_strange_shape_are_still_ours(pauses: Pauses) -> None:
    client = StripeClient("sk_test_x", sleep=pauses)
    answer({"error": "invalid_grant"}, status=400)
    with pytest.raises(StripeRefused):
        client.get_checkout_session("cs_test_1")
    responses.replace(responses.GET, "https://api.stripe.com/v1/checkout/sessions/cs_test_1", body="<html>", status=404)
    with pytest.raises(StripeMisused):
        client.get_checkout_session("cs_test_1")


@responses.activate
def test_a_list_without_rows_is_no_answer_and_an_empty_page_ends_it(pauses: Pauses) -> None:
    client = StripeClient("sk_test_x", sleep=pauses)
    answer({"object": "list"}, path="/v1/events")
    with pytest.raises(StripeUnavailable):
        list(client.list_events())
    answer({"object": "list", "data": [], "has_more": True}, path="/v1/refunds")
    assert list(client.list_refunds()) == []
