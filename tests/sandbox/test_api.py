"""The sandbox is strict: what real Stripe would refuse, it refuses, with Stripe's status, code and parameter."""

import base64
import http.client
import json
import urllib.error
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from tests.sandbox_process import Sandbox

GOOD = {
    "mode": "payment",
    "line_items[0][quantity]": "1",
    "line_items[0][price_data][currency]": "idr",
    "line_items[0][price_data][unit_amount]": "1680000",
    "line_items[0][price_data][product_data][name]": "Iuran",
    "success_url": "http://127.0.0.1:8000/ok",
}


def call(
    sandbox: Sandbox, method: str, path: str, form: dict[str, str] | None = None, key: str = "", **headers: str
) -> tuple[int, dict[str, Any], dict[str, str]]:
    """One request, as raw as it gets."""
    sent = {"Authorization": f"Bearer {sandbox.api_key}", "Content-Type": "application/x-www-form-urlencoded"}
    sent |= {"Idempotency-Key": key} if key else {}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    connection = http.client.HTTPConnection(urlsplit(sandbox.url).netloc, timeout=10)
    try:
        connection.request(method, path, urlencode(form or {}), {name: value for name, value in sent.items() if value})
        answer = connection.getresponse()
        raw = answer.read()
        body = json.loads(raw) if answer.headers.get_content_type() == "application/json" else {}
        return answer.status, body, {name.lower(): value for name, value in answer.getheaders()}
    finally:
        connection.close()


def create(sandbox: Sandbox, key: str = "", **changes: str | None) -> tuple[int, dict[str, Any], dict[str, str]]:
    form = GOOD | {name: value for name, value in changes.items() if value is not None}
    return call(sandbox, "POST", "/v1/checkout/sessions", {n: v for n, v in form.items() if n not in changes or changes[n]}, key)


AMOUNT = "line_items[0][price_data][unit_amount]"
NAME = "line_items[0][price_data][product_data][name]"


@pytest.mark.parametrize(
    ("changes", "code", "param"),
    [
        ({"ui_mod": "x"}, "parameter_unknown", "ui_mod"),
        ({"customer_email": "a@b.id"}, "parameter_unknown", "customer_email"),
        ({"line_items[0][prize]": "x"}, "parameter_unknown", "line_items[0][prize]"),
        ({"9": "x"}, "parameter_unknown", "9"),
        ({"mode": None}, "parameter_missing", "mode"),
        ({"success_url": None}, "parameter_missing", "success_url"),
        ({NAME: None}, "parameter_missing", "line_items[0][price_data][product_data]"),
        ({"mode": "subscription"}, None, "mode"),
        ({"locale": "jv"}, None, "locale"),
        ({"cancel_url": "elsewhere"}, "url_invalid", "cancel_url"),
        ({"client_reference_id": "x" * 201}, "parameter_invalid_string", "client_reference_id"),
        ({"line_items[0][quantity]": "many"}, "parameter_invalid_integer", "line_items[0][quantity]"),
        ({"line_items[0][quantity]": "0"}, "parameter_invalid_integer", "line_items[0][quantity]"),
        ({AMOUNT: "16800.00"}, "parameter_invalid_integer", AMOUNT),
        ({AMOUNT: "1680050"}, "parameter_invalid_integer", AMOUNT),
        ({AMOUNT: "799900"}, "amount_too_small", None),
        ({"line_items[0][price_data][currency]": "usd"}, None, "line_items[0][price_data][currency]"),
        ({"line_items[2][quantity]": "1"}, "parameter_invalid_array", "line_items"),
        ({"metadata": "x"}, "parameter_invalid_object", "metadata"),
        ({"metadata[" + "x" * 41 + "]": "1"}, None, "metadata[" + "x" * 41 + "]"),
        ({"metadata[order]": "x" * 501}, None, "metadata[order]"),
        ({"expires_at": "1"}, None, "expires_at"),
        ({"mode[x]": "1"}, "parameter_invalid_object", "mode[x]"),
    ],
)
def test_a_wrong_parameter_is_named(
    sandbox: Sandbox, changes: dict[str, str | None], code: str | None, param: str | None
) -> None:
    status, body, _ = create(sandbox, **changes)
    assert status == 400
    assert (body["error"].get("code"), body["error"].get("param")) == (code, param)
    assert sandbox.things("checkout.session") == []


def test_the_callers_key_decides(sandbox: Sandbox) -> None:
    basic = base64.b64encode(f"{sandbox.api_key}:".encode()).decode()
    assert call(sandbox, "GET", "/v1/events", Authorization=f"Basic {basic}")[0] == 200
    for bad in (
        "",
        "Bearer",
        "Bearer sk_test_other",
        "Bearer pk_test_x",
        "Bearer sk_live_x",
        "Basic ?",
        "Basic c2tfbGl2ZV94Og==",
    ):
        status, body, _ = call(sandbox, "GET", "/v1/events", Authorization=bad)
        assert status == 401, bad
        assert sandbox.api_key not in body["error"]["message"]


def test_a_post_needs_its_content_type_even_when_empty(sandbox: Sandbox) -> None:
    session = create(sandbox)[1]
    assert call(sandbox, "POST", f"/v1/checkout/sessions/{session['id']}/expire", Content_Type="")[0] == 400
    assert call(sandbox, "POST", f"/v1/checkout/sessions/{session['id']}/expire")[0] == 200


def test_unknown_paths_objects_and_filters_are_refused(sandbox: Sandbox) -> None:
    for path in ("/v1/coupons", "/v1/checkout/sessions/cs_x", "/v1/charges/ch_x", "/v1/nothing/at/all"):
        assert call(sandbox, "GET", path)[0] == 404
    assert call(sandbox, "GET", "/v1/checkout/sessions?limit=101")[0] == 400
    assert call(sandbox, "GET", "/v1/checkout/sessions?customer=cus_x")[0] == 400
    assert call(sandbox, "GET", "/v1/checkout/sessions?starting_after=cs_x")[0] == 400
    assert call(sandbox, "POST", "/v1/refunds?amount=1", {"payment_intent": "pi_x"})[0] == 400


def test_a_replay_says_so_and_is_the_first_answer_to_the_letter(sandbox: Sandbox) -> None:
    first, again = create(sandbox, "k"), create(sandbox, "k")
    assert again[1] == first[1]
    assert "idempotent-replayed" not in first[2]
    assert again[2]["idempotent-replayed"] == "true"


def test_one_key_is_for_one_call(sandbox: Sandbox) -> None:
    create(sandbox, "k")
    for status, body, _ in (
        create(sandbox, "k", locale="en"),
        call(sandbox, "POST", "/v1/refunds", {"payment_intent": "pi_x"}, "k"),
    ):
        assert (status, body["error"]["type"]) == (400, "idempotency_error")


def test_a_call_that_failed_validation_does_not_use_up_its_key(sandbox: Sandbox) -> None:
    assert create(sandbox, "k", locale="jv")[0] == 400
    assert create(sandbox, "k")[0] == 200


def test_a_refused_refund_uses_up_its_key(sandbox: Sandbox) -> None:
    intent = sandbox.act(create(sandbox)[1]["id"], "pay")["payment_intent"]
    call(sandbox, "POST", "/v1/refunds", {"payment_intent": intent}, "whole")
    first = call(sandbox, "POST", "/v1/refunds", {"payment_intent": intent}, "again")
    again = call(sandbox, "POST", "/v1/refunds", {"payment_intent": intent}, "again")
    assert first[0] == again[0] == 400
    assert again[2]["idempotent-replayed"] == "true"


def test_a_refund_names_what_it_refunds(sandbox: Sandbox) -> None:
    paid = sandbox.act(create(sandbox)[1]["id"], "pay")["payment_intent"]
    waiting = sandbox.act(create(sandbox)[1]["id"], "later")["payment_intent"]
    charge = sandbox.things("charge")[0]["id"]
    assert call(sandbox, "POST", "/v1/refunds", {})[0] == 400
    assert call(sandbox, "POST", "/v1/refunds", {"payment_intent": paid, "charge": charge})[0] == 400
    assert call(sandbox, "POST", "/v1/refunds", {"payment_intent": waiting})[0] == 400
    assert call(sandbox, "POST", "/v1/refunds", {"payment_intent": paid, "reason": "because"})[0] == 400
    assert call(sandbox, "POST", "/v1/refunds", {"charge": charge, "amount": "100", "reason": "duplicate"})[0] == 200


def test_pages_go_forth_and_back(sandbox: Sandbox) -> None:
    made = [create(sandbox)[1]["id"] for _ in range(5)][::-1]
    page = call(sandbox, "GET", "/v1/checkout/sessions?limit=2")[1]
    assert ([row["id"] for row in page["data"]], page["has_more"]) == (made[:2], True)
    page = call(sandbox, "GET", f"/v1/checkout/sessions?limit=2&starting_after={made[2]}")[1]
    assert ([row["id"] for row in page["data"]], page["has_more"]) == (made[3:], False)
    page = call(sandbox, "GET", f"/v1/checkout/sessions?limit=2&ending_before={made[3]}")[1]
    assert ([row["id"] for row in page["data"]], page["has_more"]) == (made[1:3], True)


def test_lists_are_narrowed_by_time_and_state(sandbox: Sandbox) -> None:
    old = create(sandbox)[1]
    sandbox.control("clock", advance_s=100)
    create(sandbox)
    sandbox.act(old["id"], "pay")
    for query in (f"created[lt]={old['created'] + 50}", f"created={old['created']}", "status=complete"):
        assert [row["id"] for row in call(sandbox, "GET", f"/v1/checkout/sessions?{query}")[1]["data"]] == [old["id"]]
    kinds = {row["type"] for row in call(sandbox, "GET", "/v1/events?type=charge.succeeded")[1]["data"]}
    assert kinds == {"charge.succeeded"}


def test_time_closes_sessions(sandbox: Sandbox) -> None:
    session = create(sandbox)[1]
    sandbox.control("clock", advance_s=25 * 3600)
    assert call(sandbox, "GET", f"/v1/checkout/sessions/{session['id']}")[1]["status"] == "expired"
    assert sandbox.things("event")[0]["type"] == "checkout.session.expired"


def test_a_pending_payment_may_still_come_days_later(sandbox: Sandbox) -> None:
    session = create(sandbox)[1]
    sandbox.act(session["id"], "later")
    sandbox.control("clock", advance_s=5 * 24 * 3600)
    assert sandbox.act(session["id"], "settle")["payment_status"] == "paid"
    assert sandbox.things("event")[0]["type"] == "checkout.session.async_payment_succeeded"


def test_a_foreign_name_and_a_foreign_page_do_not_reach_it(sandbox: Sandbox) -> None:
    assert call(sandbox, "GET", "/healthz", Host="evil.example")[0] == 421
    assert call(sandbox, "POST", "/_control/reset", {"x": "1"})[0] == 415


def test_a_fault_that_does_not_exist_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        sandbox.fault("earthquake")
    with refused.value:
        assert refused.value.code == 400
