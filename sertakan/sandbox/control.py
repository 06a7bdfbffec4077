"""The remote control for tests and the demo: JSON in, JSON out, under /_control. Not part of Stripe's API."""

import random
import time
from typing import Any

from flask import Blueprint, Response, jsonify, request

from sertakan.sandbox import shapes
from sertakan.sandbox.errors import ApiError, Json
from sertakan.sandbox.faults import Fault
from sertakan.sandbox.parts import parts
from sertakan.sandbox.saved import plan_charges
from sertakan.sandbox.webhooks import encoded, post, signature

bp = Blueprint("control", __name__, url_prefix="/_control")
WISHES = {"url", "hold", "duplicates", "delay_s", "drop_next"}


@bp.errorhandler(ApiError)
def refuse(error: ApiError) -> tuple[Response, int]:
    return jsonify(error.body), error.status


def _wanted() -> Json:
    """A page of another site cannot send JSON here without being asked first, and nobody answers that question."""
    if request.mimetype != "application/json":
        raise ApiError(415, "JSON only")
    body = request.get_json()
    if not isinstance(body, dict):
        raise ApiError(400, "an object is needed")
    return body


@bp.get("/state")
def state() -> Response:
    """Everything: objects by kind, newest first, deliveries, settings, faults."""
    of = parts()
    kinds = ("checkout.session", "payment_intent", "charge", "refund", "dispute", "customer", "payment_method", "event")
    return jsonify(
        {kind: of.store.all(kind) for kind in kinds}
        | {"deliveries": of.store.deliveries(), "webhooks": of.store.setting("webhooks", {}), "now": of.store.now()}
        | {"faults": [vars(fault) for fault in of.faults.planned()]}
    )


@bp.get("/books")
def books() -> Response:
    return jsonify(parts().bank.books())


@bp.post("/reset")
def reset() -> Response:
    """Forget everything but where events go."""
    of = parts()
    _wanted()
    url = of.store.setting("webhooks", {}).get("url")
    of.faults.clear()
    with of.store.write():
        of.store.clear()
        of.store.set("webhooks", {"url": url})
    return jsonify({})


@bp.post("/clock")
def clock() -> Response:
    """`{"advance_s": 90000}`: sessions expire, idempotency keys are forgotten after a day; signatures stay of the real time.

    `{"set_to": 1795310000}` moves signatures too, for an application whose own clock is held.
    """
    of = parts()
    wanted = _wanted()
    if "set_to" in wanted:
        for name in ("clock_offset_s", "sign_offset_s"):
            of.store.set(name, int(wanted["set_to"]) - int(time.time()))
    of.store.set("clock_offset_s", of.store.setting("clock_offset_s", 0) + int(wanted.get("advance_s", 0)))
    of.bank.expire_due()
    of.sender.wake()
    return jsonify({"now": of.store.now()})


@bp.post("/faults")
def plan_fault() -> Response:
    """`{"kind": "timeout_after", "times": 2, "method": "POST", "path": "/v1/refunds", "seconds": 3}`; kinds: see `faults`."""
    wanted = _wanted()
    if unknown := set(wanted) - set(Fault.__dataclass_fields__):
        raise ApiError(400, f"unknown: {sorted(unknown)}")
    parts().faults.plan(Fault(**wanted))
    return jsonify({})


@bp.delete("/faults")
def clear_faults() -> Response:
    parts().faults.clear()
    return jsonify({})


@bp.post("/sessions/<session_id>/<any(pay, decline, later, settle, fail, twice):outcome>")
def act(session_id: str, outcome: str) -> Response:
    """Do to a session what a person could do on its page."""
    _wanted()
    bank = parts().bank
    acts: dict[str, Any] = {
        "pay": lambda: bank.pay(session_id),
        "decline": lambda: bank.decline(session_id),
        "later": lambda: bank.pay_later(session_id),
        "settle": lambda: bank.settle_later(session_id, success=True),
        "fail": lambda: bank.settle_later(session_id, success=False),
        "twice": lambda: bank.pay_again(session_id),
    }
    session = acts[outcome]()
    parts().sender.wake()
    return jsonify(session)


@bp.post("/sessions/<session_id>/save")
def save(session_id: str) -> Response:
    """`{"card": "good"}`: a card is saved on a setup page; also `declined_later` and `asks_later`."""
    saved = parts().saved.save(session_id, str(_wanted().get("card", "good")))
    parts().sender.wake()
    return jsonify(saved)


@bp.post("/saved/next")
def plan_saved() -> Response:
    """`{"outcome": "card_declined", "times": 1}`: how the next charges of saved cards end."""
    plan_charges(parts().store, _wanted())
    return jsonify({})


@bp.post("/refunds/next")
def plan_refunds() -> Response:
    """`{"status": "pending", "times": 1}`: how the next refunds begin; also `failed`."""
    wanted = _wanted()
    store = parts().store
    store.set("refunds_next", store.setting("refunds_next", []) + [str(wanted["status"])] * int(wanted.get("times", 1)))
    return jsonify({})


@bp.post("/refunds/<refund_id>/<any(succeeded, failed, canceled):status>")
def settle_refund(refund_id: str, status: str) -> Response:
    _wanted()
    refund = parts().bank.settle_refund(refund_id, status)
    parts().sender.wake()
    return jsonify(refund)


@bp.post("/sessions/<session_id>/dispute")
def dispute(session_id: str) -> Response:
    """`{"amount_rupiah": 8400}`: the payer's bank asks for it back, all of it unless said."""
    wanted = _wanted()
    amount = wanted.get("amount_rupiah")
    made = parts().bank.dispute(session_id, None if amount is None else int(amount))
    parts().sender.wake()
    return jsonify(made)


@bp.post("/disputes/<dispute_id>/<any(won, lost):status>")
def close_dispute(dispute_id: str, status: str) -> Response:
    _wanted()
    closed = parts().bank.close_dispute(dispute_id, status)
    parts().sender.wake()
    return jsonify(closed)


# ---- events --------------------------------------------------------------------------------------------------------------------


@bp.post("/webhooks")
def wish() -> Response:
    """Where events go and how: `url`, `hold` (keep them), `duplicates` (extra copies), `delay_s`, `drop_next` (lose so many)."""
    wanted = _wanted()
    if unknown := set(wanted) - WISHES:
        raise ApiError(400, f"unknown: {sorted(unknown)}")
    store = parts().store
    store.set("webhooks", store.setting("webhooks", {}) | wanted)
    return jsonify(store.setting("webhooks"))


@bp.post("/webhooks/release")
def release() -> Response:
    """Send what was held, `{"order": "fifo" | "reverse" | "shuffle", "seed": 1}`, and hold no more."""
    wanted = _wanted()
    of = parts()
    with of.store.write():
        held = of.store.deliveries("held")
        if wanted.get("order") == "reverse":
            held.reverse()
        elif wanted.get("order") == "shuffle":
            random.Random(wanted.get("seed", 0)).shuffle(held)  # noqa: S311 - not a secret
        start = time.time() - len(held) / 1000
        for place, row in enumerate(held):
            of.store.mark_delivery(row["id"], state="pending", due=start + place / 1000, tries=0, last="")
        of.store.set("webhooks", of.store.setting("webhooks", {}) | {"hold": False})
    of.sender.wake()
    return jsonify({"released": len(held)})


@bp.post("/webhooks/drain")
def drain() -> Response:
    """Try everything that waits once, now, whatever its pause; answers when done, with each outcome."""
    _wanted()
    sent = parts().sender.send_due(float(1 << 40))
    return jsonify({"sent": sent, "waiting": len(parts().store.deliveries("pending"))})


@bp.post("/events/<event_id>/resend")
def resend(event_id: str) -> Response:
    """Queue an event again, `{"times": 5}`."""
    times = int(_wanted().get("times", 1))
    of = parts()
    of.store.get("event", event_id)
    for _ in range(times):
        of.store.deliver(event_id, due=time.time())
    of.sender.wake()
    return jsonify({})


@bp.post("/forge")
def forge() -> Response:
    """Post a bad event about a session at once: `how` is wrong_secret, unsigned, stale, cut, live, oversized, reencoded or good.

    It says `checkout.session.completed` and `paid`, whatever is true. Answers with the status that the application gave.
    """
    wanted = _wanted()
    of = parts()
    session = of.store.get("checkout.session", wanted["session"]) | {"status": "complete", "payment_status": "paid"}
    event = shapes.event("checkout.session.completed", session, created=of.store.now(), request=of.bank.request)
    raw, header = _forged(str(wanted["how"]), event, of.settings.webhook_secrets, of.store.signing_time())
    return jsonify({"outcome": post(of.store.setting("webhooks", {})["url"], raw, header), "event": event["id"]})


def _forged(how: str, event: Json, secrets: list[str], now: int) -> tuple[bytes, str | None]:
    good = encoded(event)
    live = encoded(event | {"livemode": True})
    big = encoded(event | {"padding": "x" * 600_000})
    made: dict[str, tuple[bytes, str | None]] = {
        "good": (good, signature(good, secrets, now)),
        "wrong_secret": (good, signature(good, ["whsec_guessed"], now)),
        "unsigned": (good, None),
        "stale": (good, signature(good, secrets, now - 3600)),
        "cut": (good[:-20], signature(good, secrets, now)),
        "reencoded": (good.replace(b"\n", b"\r\n"), signature(good, secrets, now)),
        "live": (live, signature(live, secrets, now)),
        "oversized": (big, signature(big, secrets, now)),
    }
    if how not in made:
        raise ApiError(400, f"not one of {sorted(made)}", param="how")
    return made[how]
