"""Our client against the sandbox, over real HTTP on loopback."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sertakan.db import InsideTransaction, bare_writes
from sertakan.payments.stripe import (
    API_VERSION,
    AmountTooSmall,
    CheckoutSession,
    StripeClient,
    StripeMisused,
    StripeRefused,
    from_sen,
    session_parameters,
)
from sertakan.payments.stripe_answers import StripeUnavailable
from tests.edges.conftest import Pauses, session_fields
from tests.sandbox_process import Sandbox

Opened = Callable[..., CheckoutSession]


def test_a_new_session_is_open_unpaid_and_in_whole_rupiah(opened: Opened, sandbox: Sandbox) -> None:
    session = opened()
    assert (session.status, session.payment_status, session.is_paid) == ("open", "unpaid", False)
    assert (session.amount_rupiah, session.currency, session.order_ref) == (92_400, "idr", "7KQ2-M9XF")
    assert session.url.startswith(f"{sandbox.url}/pay/cs_test_")
    assert session.payment_intent is None
    assert not session.livemode
    assert sandbox.things("checkout.session")[0]["amount_total"] == 9_240_000


def test_our_reference_is_in_all_three_places(opened: Opened, sandbox: Sandbox) -> None:
    session = opened()
    assert sandbox.act(session.id, "pay")["client_reference_id"] == "7KQ2-M9XF"
    assert sandbox.things("checkout.session")[0]["metadata"] == {"order": "7KQ2-M9XF"}
    assert sandbox.things("payment_intent")[0]["metadata"] == {"order": "7KQ2-M9XF"}


def test_a_paid_session_reads_back_paid_with_its_payment(opened: Opened, stripe_client: StripeClient, sandbox: Sandbox) -> None:
    session = opened()
    sandbox.act(session.id, "pay")
    paid = stripe_client.get_checkout_session(session.id)
    assert (paid.status, paid.is_paid, paid.amount_rupiah, paid.url) == ("complete", True, 92_400, "")
    assert paid.payment_intent == sandbox.things("payment_intent")[0]["id"]


def test_a_transfer_on_its_way_is_complete_but_not_paid(opened: Opened, stripe_client: StripeClient, sandbox: Sandbox) -> None:
    session = opened()
    sandbox.act(session.id, "later")
    waiting = stripe_client.get_checkout_session(session.id)
    assert (waiting.status, waiting.is_paid) == ("complete", False)
    sandbox.act(session.id, "settle")
    assert stripe_client.get_checkout_session(session.id).is_paid


def test_a_closed_session_cannot_be_closed_or_paid_again(opened: Opened, stripe_client: StripeClient) -> None:
    session = opened()
    assert stripe_client.expire_checkout_session(session.id).status == "expired"
    assert stripe_client.get_checkout_session(session.id).url == ""
    with pytest.raises(StripeRefused):
        stripe_client.expire_checkout_session(session.id, idempotency_key="another")


def test_a_session_that_was_paid_cannot_be_closed(opened: Opened, stripe_client: StripeClient, sandbox: Sandbox) -> None:
    session = opened()
    sandbox.act(session.id, "pay")
    with pytest.raises(StripeRefused) as refused:
        stripe_client.expire_checkout_session(session.id)
    assert refused.value.status == 400


@pytest.mark.parametrize("amount", [0, -16_800, True, 8_400.5, "8400"])
def test_an_amount_that_is_not_positive_whole_rupiah_never_leaves(opened: Opened, sandbox: Sandbox, amount: object) -> None:
    with pytest.raises(StripeMisused):
        opened(amount_rupiah=amount)
    assert sandbox.things("checkout.session") == []


def test_too_little_for_stripe_is_a_no_of_its_own(opened: Opened) -> None:
    with pytest.raises(AmountTooSmall) as refused:
        opened(amount_rupiah=7_999)
    assert refused.value.code == "amount_too_small"
    assert opened(amount_rupiah=8_400).amount_rupiah == 8_400


def test_the_same_key_gives_the_same_session_and_other_parameters_are_our_bug(opened: Opened, sandbox: Sandbox) -> None:
    moment = datetime.now(UTC) + timedelta(hours=1)
    assert opened(expires_at=moment).id == opened(expires_at=moment).id
    with pytest.raises(StripeMisused):
        opened(expires_at=moment, amount_rupiah=16_800)
    assert len(sandbox.things("checkout.session")) == 1


def test_a_day_later_the_key_is_forgotten(opened: Opened, sandbox: Sandbox) -> None:
    first = opened()
    sandbox.control("clock", advance_s=25 * 3600)
    second = opened(expires_at=datetime.now(UTC) + timedelta(hours=26))
    assert second.id != first.id


def test_unknown_sessions_and_refunds_are_a_clear_no(stripe_client: StripeClient) -> None:
    for ask in (stripe_client.get_checkout_session, stripe_client.get_refund):
        with pytest.raises(StripeRefused) as refused:
            ask("nothing/../here")
        assert refused.value.status == 404


def test_a_wrong_key_and_a_wrong_parameter_are_our_bug(sandbox: Sandbox, opened: Opened) -> None:
    with pytest.raises(StripeMisused):
        StripeClient("sk_test_other", sandbox.url).get_checkout_session("cs_test_x")
    for change in ({"success_url": "nowhere"}, {"locale": "xx"}, {"idempotency_key": ""}, {"idempotency_key": "k" * 256}):
        with pytest.raises((StripeMisused, StripeRefused)):
            opened(**change)


def test_a_live_key_goes_over_tls_only_and_the_sandbox_refuses_it(sandbox: Sandbox) -> None:
    with pytest.raises(StripeMisused):
        StripeClient("sk_live_abc", sandbox.url)
    for base in ("ftp://stripe", "", "api.stripe.com"):
        with pytest.raises(StripeMisused):
            StripeClient("sk_test_abc", base)


def test_the_network_is_refused_while_a_transaction_is_open(
    opened: Opened, stripe_client: StripeClient, sandbox: Sandbox
) -> None:
    with bare_writes():
        for use in (opened, lambda: stripe_client.get_refund("re_x"), lambda: list(stripe_client.list_events())):
            with pytest.raises(InsideTransaction):
                use()
    assert sandbox.things("checkout.session") == []


def test_lists_go_on_over_all_pages_newest_first(opened: Opened, stripe_client: StripeClient) -> None:
    made = [opened(idempotency_key=f"k{n}", order_ref=f"o{n}").id for n in range(103)]
    assert [session.id for session in stripe_client.list_checkout_sessions()] == made[::-1]
    assert [session.id for session in stripe_client.list_checkout_sessions(starting_after=made[2])] == made[1::-1]


def test_lists_begin_at_a_moment(opened: Opened, stripe_client: StripeClient, sandbox: Sandbox) -> None:
    old = opened(idempotency_key="old")
    sandbox.control("clock", advance_s=600)
    new = opened(idempotency_key="new")
    since = old.created_at + timedelta(minutes=5)
    assert [session.id for session in stripe_client.list_checkout_sessions(created_gte=since)] == [new.id]


def test_a_session_is_found_by_its_payment(opened: Opened, stripe_client: StripeClient, sandbox: Sandbox) -> None:
    opened(idempotency_key="other")
    session = opened(idempotency_key="mine")
    intent = sandbox.act(session.id, "pay")["payment_intent"]
    assert [found.id for found in stripe_client.list_checkout_sessions(payment_intent=intent)] == [session.id]


def test_events_that_never_came_are_found_in_the_list(opened: Opened, stripe_client: StripeClient, sandbox: Sandbox) -> None:
    session = opened()
    sandbox.act(session.id, "pay")
    events = list(stripe_client.list_events())
    assert events[0].type == "checkout.session.completed"
    assert events[0].object_id == session.id


def test_a_payment_is_refunded_in_parts_and_never_more_than_it_was(
    opened: Opened, stripe_client: StripeClient, sandbox: Sandbox
) -> None:
    intent = sandbox.act(opened().id, "pay")["payment_intent"]
    part = stripe_client.create_refund(payment_intent=intent, amount_rupiah=16_800, refund_ref="r1", idempotency_key="r1")
    assert (part.status, part.amount_rupiah, part.payment_intent, part.refund_ref) == ("succeeded", 16_800, intent, "r1")
    with pytest.raises(StripeRefused):
        stripe_client.create_refund(payment_intent=intent, amount_rupiah=75_601, refund_ref="r2", idempotency_key="r2")
    rest = stripe_client.create_refund(payment_intent=intent, amount_rupiah=75_600, refund_ref="r3", idempotency_key="r3")
    assert [refund.id for refund in stripe_client.list_refunds(payment_intent=intent)] == [rest.id, part.id]
    with pytest.raises(StripeRefused) as refused:
        stripe_client.create_refund(payment_intent=intent, amount_rupiah=1, refund_ref="r4", idempotency_key="r4")
    assert refused.value.code == "charge_already_refunded"
    assert sandbox.books()["refunded_rupiah"] == 92_400


def test_a_refund_may_wait_and_may_fail_after_it_succeeded(opened: Opened, stripe_client: StripeClient, sandbox: Sandbox) -> None:
    intent = sandbox.act(opened().id, "pay")["payment_intent"]
    sandbox.control("refunds/next", status="pending")
    waiting = stripe_client.create_refund(payment_intent=intent, amount_rupiah=92_400, refund_ref="r", idempotency_key="r")
    assert waiting.status == "pending"
    sandbox.control(f"refunds/{waiting.id}/succeeded")
    assert stripe_client.get_refund(waiting.id).status == "succeeded"
    sandbox.control(f"refunds/{waiting.id}/failed")
    failed = stripe_client.get_refund(waiting.id)
    assert (failed.status, failed.failure_reason) == ("failed", "declined")
    assert sandbox.books()["refunded_rupiah"] == 0


def test_paying_twice_makes_two_payments_of_one_order_and_each_can_be_refunded(
    opened: Opened, stripe_client: StripeClient, sandbox: Sandbox
) -> None:
    session = opened()
    sandbox.act(session.id, "pay")
    sandbox.act(session.id, "twice")
    paid = [found for found in stripe_client.list_checkout_sessions() if found.order_ref == "7KQ2-M9XF" and found.is_paid]
    assert len({found.payment_intent for found in paid}) == 2
    assert sandbox.books()["orders"]["7KQ2-M9XF"] == {"charges": 2, "charged_rupiah": 184_800, "refunded_rupiah": 0}
    second = paid[0].payment_intent
    assert second is not None
    stripe_client.create_refund(payment_intent=second, amount_rupiah=92_400, refund_ref="twice", idempotency_key="twice")
    assert sandbox.books()["orders"]["7KQ2-M9XF"]["refunded_rupiah"] == 92_400


def test_rupiah_with_sen_never_enters_our_books() -> None:
    assert from_sen(1_680_000, "idr") == 16_800
    assert from_sen(1_680_000, "usd") is None
    assert from_sen(None, "idr") is None
    for bad in (1_680_050, 16_800.0, "1680000", True):
        with pytest.raises(StripeUnavailable):
            from_sen(bad, "idr")


def test_logs_and_errors_name_ids_only(
    opened: Opened, pauses: Pauses, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="sertakan")
    sandbox.fault("decline")
    with pytest.raises(StripeRefused) as refused:
        opened(description="Ibu Sumiati 6171014101900001")
    opened(description="Ibu Sumiati 6171014101900001", idempotency_key="again")
    text = caplog.text + str(refused.value)
    assert "/v1/checkout/sessions" in text
    assert "Sumiati" not in text
    assert "6171" not in text
    assert sandbox.api_key not in text


def test_only_this_module_speaks_http() -> None:
    room = Path(__file__).parents[2] / "sertakan"
    importers = [path.name for path in room.rglob("*.py") if "import requests" in path.read_text()]
    assert importers == ["stripe.py"]


def test_the_version_is_pinned_and_the_form_has_nothing_else() -> None:
    fields = session_fields()
    del fields["idempotency_key"]
    assert API_VERSION.startswith("20")
    assert set(session_parameters(**fields)) == {
        "mode",
        "client_reference_id",
        "metadata[order]",
        "payment_intent_data[metadata][order]",
        "line_items[0][quantity]",
        "line_items[0][price_data][currency]",
        "line_items[0][price_data][unit_amount]",
        "line_items[0][price_data][product_data][name]",
        "success_url",
        "cancel_url",
        "expires_at",
        "locale",
    }
