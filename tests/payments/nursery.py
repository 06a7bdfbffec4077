"""A process that builds the application once and then forks payers, who pay and settle until they are killed.

Reads lines from stdin: `run` forks one and answers with its pid, `wait` waits for its death. Events that the application has
acknowledged are written to a file before anything else happens, so that none of them may be missing afterwards.
"""

import itertools
import json
import os
import random
import sys
import time
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from flask import Flask

from sertakan.app import build
from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.payments import filling, inbox, jobs, queries, service
from sertakan.payments.models import Order, Payment
from sertakan.payments.rules import RefundReason
from sertakan.sponsorships import queries as sponsorship_queries
from sertakan.sponsorships import service as sponsorship_service
from sertakan.sponsorships.answers import Answers
from sertakan.sponsorships.rules import ReviewState
from tests.conftest import config_for
from tests.payments.conftest import client_for, promise, sign
from tests.sandbox_process import Sandbox


def _somebody(dice: random.Random) -> Answers:
    """A form for somebody new: every payer's NIK differs."""
    born = date(1970, 1, 1) + timedelta(days=dice.randrange(9_000))
    nik = f"617104{born.day + 40:02d}{born.month:02d}{born.year % 100:02d}{dice.randrange(1, 9_999):04d}"
    return Answers(
        occupation_code="asisten_rumah_tangga",
        nik=nik,
        name="Sumiati",
        consent=True,
        first_month=str(clock.this_month() + 1),
        count=dice.choice([1, 3, 6]),
        risk_read=True,
    )


def _knock(session_id: str, kind: str, acknowledged: Callable[[str], object]) -> None:
    """What Stripe would post. Written down as acknowledged once the application has answered."""
    event = {
        "id": f"evt_{kind.rsplit('.', 1)[1]}_{session_id}",
        "object": "event",
        "type": kind,
        "created": int(time.time()),
        "livemode": False,
        "data": {"object": {"id": session_id, "object": "checkout.session"}},
    }
    raw = json.dumps(event).encode()
    inbox.receive_event(raw, sign(raw))
    acknowledged(event["id"])


def live(
    sandbox: Sandbox, payer_id: int, seed: int, acknowledged: Callable[[str], object], turns: Iterable[int] | None = None
) -> None:
    """Promise, pay, tell, settle, sometimes give back: for ever unless `turns` are given."""
    dice = random.Random(seed)
    for turn in turns or itertools.count():
        order_id = promise(payer_id, _somebody(dice))
        service.start_checkout(order_id)
        session_id = db.session.get_one(Order, order_id).provider_session
        assert session_id
        sandbox.act(session_id, "pay")
        if dice.random() < 0.2:
            sandbox.act(session_id, "twice")
        if dice.random() < 0.8:
            _knock(session_id, "checkout.session.completed", acknowledged)
        else:
            service.settle(order_id)
        jobs.handle_new_events()
        if turn % 3 == 2:
            _reject(order_id)
        jobs.send_refunds()


def _reject(order_id: int) -> None:
    with transaction():
        order = queries.get_order(order_id, lock=True)
        sponsorship = sponsorship_queries.get(order.sponsorship_id, lock=True)
        sponsorship_service.move_review(actor="system", sponsorship=sponsorship, to=ReviewState.rejected, reason="test")
        paid = sponsorship_service.release_months(actor="system", sponsorship=sponsorship, reason="rejected")
        service.refund_months(actor="system", sponsorship=sponsorship, months=paid, reason=RefundReason.rejected)


def one_commit_too_many() -> None:
    """The control: money is booked in one transaction and put into its months in the next."""
    whole, later = filling.fill, []
    settle_with = service.settle_with

    def split(*args: Any, **kwargs: Any) -> Any:
        state = settle_with(*args, **kwargs)
        time.sleep(0.02)
        for order_id, payment_id in later:
            with transaction():
                whole(queries.get_order(order_id, lock=True), db.session.get_one(Payment, payment_id))
        later.clear()
        return state

    filling.fill = lambda order, payment: later.append((order.id, payment.id))
    service.settle_with = split  # type: ignore[assignment]


def _child(app: Flask, sandbox: Sandbox, payer_id: int, seed: int, acks: Path) -> None:
    written = os.open(acks, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    with app.app_context():
        live(sandbox, payer_id, seed, lambda event_id: os.write(written, f"{event_id}\n".encode()))


def main(wanted: dict[str, Any]) -> None:
    app = build(config_for(wanted["database"], Path(wanted["folder"])))
    sandbox = Sandbox(wanted["sandbox"], 0, wanted["api_key"], "", None)  # type: ignore[arg-type]
    if wanted["control"]:
        one_commit_too_many()
    app.extensions["stripe"] = client_for(sandbox)
    with app.app_context():
        live(
            sandbox, wanted["payer"], wanted["seed"] - 1, lambda _event_id: None, turns=range(3)
        )  # warm: what is forked begins at once
        db.session.remove()
        db.engine.dispose()
    print("ready", flush=True)
    pid = 0
    for number, line in enumerate(sys.stdin):
        if line.strip() == "wait":
            os.waitpid(pid, 0)
            print("dead", flush=True)
            continue
        pid = os.fork()
        if pid == 0:
            try:
                _child(app, sandbox, wanted["payer"], wanted["seed"] + number, Path(wanted["acks"]))
            finally:
                os._exit(3)
        print(pid, flush=True)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
