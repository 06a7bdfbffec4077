"""SIGKILL at random moments of payments: nothing acknowledged is lost, nothing is booked twice, and the books check out (QUALITY R1).

`KILLS=500` for a long run by hand. The control books in one transaction too many and must be caught.
"""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from sertakan.db import db
from sertakan.kit import clock
from sertakan.payments import jobs
from sertakan.payments.models import Order, Payment, ProviderEvent, Refund
from sertakan.payments.rules import EventState, OrderState, RefundState
from sertakan.reports import books
from tests.cast import Cast
from tests.payments.conftest import client_for
from tests.sandbox_process import API_KEY, Sandbox, start_sandbox

KILLS = int(os.environ.get("KILLS", "100"))
pytestmark = pytest.mark.kill


@dataclass
class Nursery:
    process: "subprocess.Popen[str]"
    acks: Path

    def say(self, word: str) -> str:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def kill_one(self, after_s: float) -> None:
        """Let a payer live for so long, then SIGKILL."""
        pid = int(self.say("run"))
        time.sleep(after_s)
        os.kill(pid, signal.SIGKILL)
        assert self.say("wait") == "dead"

    def acknowledged(self) -> set[str]:
        return set(self.acks.read_text().split()) if self.acks.exists() else set()


@contextlib.contextmanager
def started(app: Flask, cast: Cast, sandbox: Sandbox, folder: Path, *, control: bool) -> Iterator[Nursery]:
    """A nursery for as long as the block runs; it ends when nobody speaks to it any more."""
    wanted = {
        "database": app.config["SQLALCHEMY_DATABASE_URI"],
        "folder": str(folder),
        "sandbox": sandbox.url,
        "api_key": API_KEY,
        "payer": cast.ids["sari"],
        "seed": 20261122,
        "acks": str(folder / f"acks-{control}"),
        "control": control,
    }
    command = [sys.executable, "-m", "tests.payments.nursery", json.dumps(wanted)]
    root = Path(__file__).resolve().parents[2]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root)
    try:
        assert process.stdout and process.stdout.readline() == "ready\n"
        yield Nursery(process, folder / f"acks-{control}")
    finally:
        process.communicate(timeout=10)


@pytest.fixture
def till_process(live: tuple[Flask, Cast], tmp_path: Path) -> Iterator[tuple[Flask, Cast, Sandbox]]:
    app, cast = live
    sandbox = start_sandbox(None, str(tmp_path / "sandbox.db"))
    app.extensions["stripe"] = client_for(sandbox)
    yield app, cast, sandbox
    sandbox.stop()


def broken_now() -> list[str]:
    """The books as a reader sees them between two transactions; the audit chain is walked at the end."""
    db.session.rollback()
    return books.broken(books._ask(name, make()) for name, make in books.CHECKS.items())


def restart() -> None:
    """What a fresh worker does first."""
    jobs.handle_new_events()
    jobs.send_refunds()


def wind_up() -> None:
    """Enough time for every second try; unpaid bills end."""
    for hours in (0, 1, 2, 3):
        with clock.frozen(clock.real_now() + timedelta(hours=hours)):
            restart()
            jobs.reconcile()
            jobs.expire_orders()
            jobs.send_refunds()


@pytest.mark.timeout(600)
def test_a_killed_payer_leaves_books_that_check_out(till_process: tuple[Flask, Cast, Sandbox], tmp_path: Path) -> None:
    app, cast, sandbox = till_process
    dice = random.Random(7)
    with started(app, cast, sandbox, tmp_path, control=False) as nursery, app.app_context():
        for number in range(KILLS):
            nursery.kill_one(dice.uniform(0.02, longest_life_s()))
            assert broken_now() == [], f"after kill {number}"
            if number % 5 == 4:
                restart()
        wind_up()
        assert books.broken(books.check()) == []
        _nothing_lost(nursery)
        _agrees(sandbox)


def longest_life_s() -> float:
    """Long enough for a payment or two; a server's connections take their time."""
    return 0.35 if db.engine.dialect.name == "sqlite" else 0.6


def _nothing_lost(nursery: Nursery) -> None:
    acknowledged = nursery.acknowledged()
    stored = {row.event_id: row.state for row in db.session.scalars(select(ProviderEvent))}
    assert len(acknowledged) > KILLS / 10, "too few payments to say anything"
    assert acknowledged <= set(stored)
    assert {stored[event_id] for event_id in acknowledged} == {EventState.done}


def _agrees(sandbox: Sandbox) -> None:
    """Each charge is one payment, each refund went back once, whatever died in between."""
    theirs = sandbox.books()["orders"]
    ours: dict[str, tuple[int, int, int]] = {}
    for order in db.session.scalars(select(Order)):
        payments = db.session.scalars(select(Payment).where(Payment.order_id == order.id)).all()
        refunds = db.session.scalars(
            select(Refund).join(Payment).where(Payment.order_id == order.id, Refund.state == RefundState.succeeded)
        ).all()
        assert order.state in (OrderState.paid, OrderState.expired, OrderState.cancelled)
        if payments:
            money = sum(row.amount_rupiah for row in payments), sum(row.amount_rupiah for row in refunds)
            ours[order.ref] = (len(payments), *money)
    assert ours == {ref: (row["charges"], row["charged_rupiah"], row["refunded_rupiah"]) for ref, row in theirs.items()}


@pytest.mark.timeout(600)
def test_the_control_with_one_commit_too_many_is_caught(till_process: tuple[Flask, Cast, Sandbox], tmp_path: Path) -> None:
    app, cast, sandbox = till_process
    dice = random.Random(7)
    seen: list[str] = []
    with started(app, cast, sandbox, tmp_path, control=True) as nursery, app.app_context():
        for _ in range(max(KILLS, 100)):
            nursery.kill_one(dice.uniform(0.05, longest_life_s()))
            seen = broken_now()
            if seen:
                break
    assert any("I2" in line for line in seen), "the harness would not see a lost payment"
