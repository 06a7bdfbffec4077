"""What Stripe posts to us: its signature and the little we read of it. An event is a knock, never a fact: read the object back.

Used by the inbox on the raw body, before anything else looks at it (QUALITY A 63).
"""

import hashlib
import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

MAX_EVENT_BYTES = 256_000
TOLERANCE_S = 300


class BadEvent(Exception):
    """Not an event we may believe. Answer 400 and write nothing."""


class BadSignature(BadEvent):
    """Not signed by Stripe with a secret of ours, or too long ago."""


class WrongMode(BadEvent):
    """A test event for a live account, or the other way round."""


@dataclass(frozen=True)
class Event:
    """What we keep of an event. `order_ref` is our own reference, when the object carries it."""

    id: str
    type: str
    livemode: bool
    created_at: datetime
    object_id: str
    object_type: str
    order_ref: str | None


def verify_signature(raw: bytes, header: str, secrets: Iterable[str], now: datetime, tolerance_s: int = TOLERANCE_S) -> None:
    """Raise `BadSignature` unless one `v1` of the header is the HMAC-SHA256 of `t + "." + raw` under one of our secrets.

    Every `v1` is compared with every secret, in constant time, so that secrets can be rotated. `now` is the real time:
    Stripe's clock does not follow the clock of a demo.
    """
    if len(raw) > MAX_EVENT_BYTES:
        raise BadSignature("too large")
    stamp, offered = _parts(header)
    if abs(now.timestamp() - int(stamp)) > tolerance_s:
        raise BadSignature("too old")
    signed = stamp.encode() + b"." + raw
    expected = [hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest().encode() for secret in secrets if secret.strip()]
    matches = [hmac.compare_digest(mine, theirs) for mine in expected for theirs in offered]
    if not any(matches):
        raise BadSignature("no signature matches")


def _parts(header: str) -> tuple[str, list[bytes]]:
    pairs = [part.strip().partition("=") for part in header.split(",")]
    stamps = [value for name, _, value in pairs if name == "t"]
    offered = [value.encode("utf-8", "surrogateescape") for name, _, value in pairs if name == "v1"]
    if not stamps or not (stamps[0].isascii() and stamps[0].isdecimal() and len(stamps[0]) < 16) or not offered:
        raise BadSignature("no time or no v1")
    return stamps[0], offered


def parse_event(raw: bytes, *, livemode: bool) -> Event:
    """Read a verified body. Raises `BadEvent` when it is not one event with one object, `WrongMode` when of the other mode."""
    if len(raw) > MAX_EVENT_BYTES:
        raise BadEvent("too large")
    try:
        body = json.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise BadEvent("not JSON in UTF-8") from error
    thing = _dict(_dict(_dict(body).get("data")).get("object"))
    event = Event(
        id=_text(body, "id"),
        type=_text(body, "type"),
        livemode=body.get("livemode") is True,
        created_at=_when(body.get("created")),
        object_id=_text(thing, "id"),
        object_type=_text(thing, "object"),
        order_ref=_order_ref(thing),
    )
    if event.livemode is not livemode:
        raise WrongMode(event.id)
    return event


def _dict(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadEvent("not an event")
    return value


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= 255:
        raise BadEvent(f"no {name}")
    return value


def _when(value: object) -> datetime:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 34:
        raise BadEvent("no time")
    return datetime.fromtimestamp(value, UTC)


def _order_ref(thing: dict[str, Any]) -> str | None:
    metadata = thing.get("metadata")
    found = metadata.get("order") if isinstance(metadata, dict) else None
    found = found or thing.get("client_reference_id")
    return found if isinstance(found, str) and len(found) <= 255 else None
