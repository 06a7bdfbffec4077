"""The signature of events (QUALITY A 63), with the official SDK as the oracle: good, forged, stale, cut, rotated."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from sertakan.payments.stripe import (
    MAX_EVENT_BYTES,
    BadEvent,
    BadSignature,
    CheckoutSession,
    WrongMode,
    parse_event,
    verify_signature,
)
from sertakan.sandbox.webhooks import signature
from tests.sandbox_process import Inbox, Sandbox

SECRET = "whsec_first"
OTHER = "whsec_second"
NOW = datetime.now(UTC).replace(microsecond=0)
STAMP = int(NOW.timestamp())
EVENT: dict[str, Any] = {
    "id": "evt_1",
    "object": "event",
    "type": "checkout.session.completed",
    "livemode": False,
    "created": STAMP,
    "data": {"object": {"id": "cs_test_1", "object": "checkout.session", "metadata": {"order": "7KQ2-M9XF"}}},
}
RAW = json.dumps(EVENT, indent=2).encode()
GOOD = signature(RAW, [SECRET], STAMP)


def ours(raw: bytes, header: str, secrets: list[str], now: datetime = NOW) -> bool:
    try:
        verify_signature(raw, header, secrets, now)
    except BadSignature:
        return False
    return True


def theirs(raw: bytes, header: str, secret: str) -> bool:
    """The SDK asks the clock itself; it stands still at the stamp, however long the run takes until here."""
    try:
        with patch("time.time", return_value=float(STAMP)):
            stripe.WebhookSignature.verify_header(raw, header, secret, 300)
    except (stripe.SignatureVerificationError, UnicodeDecodeError):
        return False
    return True


@pytest.mark.parametrize(
    ("raw", "header", "wanted"),
    [
        (RAW, GOOD, True),
        (RAW, signature(RAW, [OTHER, SECRET], STAMP), True),
        (RAW, signature(RAW, [SECRET, OTHER], STAMP - 200), True),
        (RAW, signature(RAW, [OTHER], STAMP), False),
        (RAW, signature(RAW, [SECRET], STAMP - 400), False),
        (RAW, GOOD.replace(f"t={STAMP}", f"t={STAMP - 1}"), False),
        (RAW[:-1], GOOD, False),
        (RAW + b" ", GOOD, False),
        (RAW.replace(b"\n", b"\r\n"), GOOD, False),
        (RAW, GOOD.replace("v1=", "v2="), False),
        (RAW, f"t={STAMP},v0={GOOD.split('v1=')[1].split(',')[0]}", False),
        (RAW, f"t={STAMP}", False),
        (RAW, GOOD.split(",", 1)[1], False),
        (RAW, "", False),
        (RAW, "t=now,v1=abc", False),
        (RAW, "t=,v1=", False),
        (RAW, f"t={STAMP},v1=", False),
        (b"", signature(b"", [SECRET], STAMP), True),
    ],
    ids=range(18),
)
def test_we_and_the_sdk_agree(raw: bytes, header: str, wanted: bool) -> None:
    assert theirs(raw, header, SECRET) is wanted
    assert ours(raw, header, [SECRET]) is wanted


def test_while_secrets_rotate_either_is_good_and_none_or_blank_is_not() -> None:
    assert ours(RAW, GOOD, [OTHER, SECRET])
    assert ours(RAW, GOOD, [SECRET, OTHER])
    assert not ours(RAW, GOOD, [OTHER])
    assert not ours(RAW, GOOD, [])
    assert not ours(RAW, f"t={STAMP},v1=é", [SECRET])
    assert not ours(RAW, signature(RAW, [""], STAMP), [""])
    assert not ours(RAW, signature(RAW, [" "], STAMP), [" "])


def test_too_old_and_from_the_future_are_refused() -> None:
    assert ours(RAW, GOOD, [SECRET], NOW + timedelta(seconds=300))
    assert not ours(RAW, GOOD, [SECRET], NOW + timedelta(seconds=301))
    assert not ours(RAW, GOOD, [SECRET], NOW - timedelta(seconds=301))


def test_a_body_without_end_is_refused_before_it_is_hashed() -> None:
    big = b"x" * (MAX_EVENT_BYTES + 1)
    assert not ours(big, signature(big, [SECRET], STAMP), [SECRET])
    with pytest.raises(BadEvent):
        parse_event(big, livemode=False)


@given(st.binary(max_size=200), st.text(max_size=200))
def test_no_header_and_no_body_breaks_the_check(raw: bytes, header: str) -> None:
    assert ours(raw, header, [SECRET]) is False
    assert ours(raw, f"t={STAMP},{header}", [SECRET]) is False


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_any_json_is_an_event_or_a_bad_one(body: Any) -> None:
    with pytest.raises(BadEvent):
        parse_event(json.dumps(body).encode(), livemode=False)


def changed(**changes: Any) -> bytes:
    return json.dumps(EVENT | changes).encode()


def test_an_event_is_read_down_to_our_reference() -> None:
    event = parse_event(RAW, livemode=False)
    assert (event.id, event.type, event.livemode) == ("evt_1", "checkout.session.completed", False)
    assert (event.object_id, event.object_type, event.order_ref) == ("cs_test_1", "checkout.session", "7KQ2-M9XF")
    assert event.created_at == NOW


def test_the_reference_may_be_in_the_other_place_or_missing() -> None:
    thing = {"id": "cs_test_1", "object": "checkout.session", "client_reference_id": "REF"}
    assert parse_event(changed(data={"object": thing}), livemode=False).order_ref == "REF"
    assert parse_event(changed(data={"object": thing | {"client_reference_id": None}}), livemode=False).order_ref is None
    assert parse_event(changed(data={"object": thing | {"client_reference_id": "x" * 256}}), livemode=False).order_ref is None


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xfe{}",
        RAW[:-30],
        RAW.decode().encode("utf-16"),
        b"[" * 100_000,
        changed(id=None),
        changed(id="x" * 256),
        changed(type=7),
        changed(created="now"),
        changed(created=True),
        changed(created=1 << 60),
        changed(data=None),
        changed(data={"object": []}),
        changed(data={"object": {"object": "refund"}}),
    ],
    ids=range(14),
)
def test_what_is_not_an_event_is_refused(raw: bytes) -> None:
    with pytest.raises(BadEvent):
        parse_event(raw, livemode=False)


def test_an_event_of_the_other_mode_is_refused() -> None:
    with pytest.raises(WrongMode):
        parse_event(RAW, livemode=True)
    with pytest.raises(WrongMode):
        parse_event(changed(livemode=True), livemode=False)
    with pytest.raises(WrongMode):
        parse_event(changed(livemode="false"), livemode=True)
    assert parse_event(changed(livemode=True), livemode=True).livemode


def test_what_the_sandbox_posts_is_believed_by_the_sdk_and_by_us(
    opened: Callable[..., CheckoutSession], sandbox: Sandbox, inbox: Inbox
) -> None:
    session = opened()
    sandbox.act(session.id, "pay")
    posts = [inbox.next() for _ in range(4)]
    for post in posts:
        header = post.headers["stripe-signature"]
        event = stripe.Webhook.construct_event(post.raw, header, sandbox.webhook_secret)  # type: ignore[no-untyped-call]
        verify_signature(post.raw, header, [sandbox.webhook_secret], datetime.now(UTC))
        mine = parse_event(post.raw, livemode=False)
        assert (mine.id, mine.type, mine.object_id) == (event.id, event.type, event.data.object.id)
        assert mine.order_ref == "7KQ2-M9XF"


@pytest.mark.parametrize("how", ["wrong_secret", "unsigned", "stale", "cut", "reencoded", "live", "oversized"])
def test_every_forgery_the_sandbox_can_make_is_refused(
    opened: Callable[..., CheckoutSession], sandbox: Sandbox, inbox: Inbox, how: str
) -> None:
    sandbox.control("forge", session=opened().id, how=how)
    post = inbox.next()
    signed = ours(post.raw, post.headers.get("stripe-signature", ""), [sandbox.webhook_secret], datetime.now(UTC))
    assert signed is (how == "live")
    if signed:
        with pytest.raises(WrongMode):
            parse_event(post.raw, livemode=False)


def test_a_well_signed_lie_is_only_a_knock(opened: Callable[..., CheckoutSession], sandbox: Sandbox, inbox: Inbox) -> None:
    """The signature holds, so the inbox takes it; only reading the session back tells that nothing was paid."""
    session = opened()
    sandbox.control("forge", session=session.id, how="good")
    post = inbox.next()
    verify_signature(post.raw, post.headers["stripe-signature"], [sandbox.webhook_secret], datetime.now(UTC))
    assert post.event["data"]["object"]["payment_status"] == "paid"
    assert sandbox.things("checkout.session")[0]["payment_status"] == "unpaid"
