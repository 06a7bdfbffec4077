"""Events reach the application the way Stripe's do: signed, again after failure, doubled, late, in any order, or not at all."""

import http.client
from urllib.parse import urlsplit

from tests.sandbox.test_api import create
from tests.sandbox_process import Inbox, Sandbox, listening, start_sandbox

PAID = ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded", "checkout.session.completed"]


def paid(sandbox: Sandbox) -> str:
    session_id = str(create(sandbox)[1]["id"])
    sandbox.act(session_id, "pay")
    return session_id


def types(inbox: Inbox, count: int) -> list[str]:
    return [inbox.next().event["type"] for _ in range(count)]


def test_a_payment_tells_its_four_events_in_order(sandbox: Sandbox, inbox: Inbox) -> None:
    session_id = paid(sandbox)
    posts = [inbox.next() for _ in range(4)]
    assert [post.event["type"] for post in posts] == PAID
    assert posts[-1].event["data"]["object"]["id"] == session_id
    assert posts[-1].event["data"]["object"]["payment_status"] == "paid"


def test_each_way_to_end_tells_its_own_events(sandbox: Sandbox, inbox: Inbox) -> None:
    session_id = str(create(sandbox)[1]["id"])
    sandbox.act(session_id, "decline")
    assert types(inbox, 3) == ["payment_intent.created", "charge.failed", "payment_intent.payment_failed"]
    sandbox.act(session_id, "later")
    assert types(inbox, 2) == ["payment_intent.processing", "checkout.session.completed"]
    sandbox.act(session_id, "fail")
    assert types(inbox, 3)[-1] == "checkout.session.async_payment_failed"


def test_a_refund_tells_that_it_was_made_waits_and_fails(sandbox: Sandbox, inbox: Inbox) -> None:
    paid(sandbox)
    types(inbox, 4)
    intent = sandbox.things("payment_intent")[0]["id"]
    sandbox.control("refunds/next", status="pending")
    refund = call_refund(sandbox, intent)
    assert types(inbox, 3) == ["refund.created", "charge.refunded", "refund.updated"]
    sandbox.control(f"refunds/{refund}/failed")
    assert types(inbox, 2) == ["refund.failed", "refund.updated"]


def call_refund(sandbox: Sandbox, intent: str) -> str:
    connection = http.client.HTTPConnection(urlsplit(sandbox.url).netloc, timeout=10)
    headers = {"Authorization": f"Bearer {sandbox.api_key}", "Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/v1/refunds", f"payment_intent={intent}", headers)
    connection.getresponse().read()
    connection.close()
    return str(sandbox.things("refund")[0]["id"])


def test_an_event_that_was_not_taken_comes_again_with_the_same_id(sandbox: Sandbox, inbox: Inbox) -> None:
    inbox.answers[:] = [500, 503]
    paid(sandbox)
    ids = [inbox.next().event["id"] for _ in range(6)]
    assert len(set(ids)) == 4


def test_what_is_held_is_released_in_the_wanted_order(sandbox: Sandbox, inbox: Inbox) -> None:
    sandbox.control("webhooks", hold=True)
    paid(sandbox)
    assert sandbox.drain() == []
    sandbox.control("webhooks/release", order="reverse")
    assert types(inbox, 4) == PAID[::-1]
    sandbox.control("webhooks", hold=True)
    paid(sandbox)
    sandbox.control("webhooks/release", order="shuffle", seed=3)
    assert sorted(types(inbox, 4)) == sorted(PAID)


def test_events_are_doubled_and_dropped_on_request(sandbox: Sandbox, inbox: Inbox) -> None:
    sandbox.control("webhooks", duplicates=4)
    paid(sandbox)
    assert len({inbox.next().event["id"] for _ in range(20)}) == 4
    sandbox.control("webhooks", duplicates=0, drop_next=3)
    paid(sandbox)
    assert types(inbox, 1) == ["checkout.session.completed"]


def test_late_events_come_when_drained(sandbox: Sandbox, inbox: Inbox) -> None:
    sandbox.control("webhooks", delay_s=3 * 24 * 3600)
    paid(sandbox)
    assert inbox.types() == []
    assert [row["outcome"] for row in sandbox.drain()] == ["200"] * 4
    assert inbox.types() == PAID


def test_an_event_is_sent_again_on_request(sandbox: Sandbox, inbox: Inbox) -> None:
    paid(sandbox)
    last = [inbox.next() for _ in range(4)][-1].event["id"]
    sandbox.control(f"events/{last}/resend", times=5)
    assert [inbox.next().event["id"] for _ in range(5)] == [last] * 5


def test_an_event_may_come_before_the_answer_that_opened_its_session(sandbox: Sandbox, inbox: Inbox) -> None:
    """The answer to the creation breaks; the session exists, is found in the list and paid meanwhile."""
    sandbox.fault("reset_after")
    try:
        create(sandbox, "k")
    except (http.client.HTTPException, OSError):
        sandbox.act(sandbox.things("checkout.session")[0]["id"], "pay")
    assert types(inbox, 4)[-1] == "checkout.session.completed"
    assert create(sandbox, "k")[0] == 200
    assert len(sandbox.things("checkout.session")) == 1


def test_a_restart_forgets_nothing_and_sends_what_was_left(tmp_path: object) -> None:
    path = f"{tmp_path}/sandbox.db"
    with listening() as inbox:
        first = start_sandbox("http://127.0.0.1:9/nobody", path)
        session_id = paid(first)
        first.stop()
        second = start_sandbox(inbox.url, path, 0, "--retry-base", "0.01")
        try:
            second.drain()
            assert sorted(types(inbox, 4)) == sorted(PAID)
            assert second.things("checkout.session")[0]["id"] == session_id
        finally:
            second.stop()
