"""The till: a real pretend Stripe over loopback, and the few moves that the tests of this room are made of."""

import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from sertakan.accounts.models import Person
from sertakan.coverage import queries as coverage_queries
from sertakan.coverage.models import CoverageMonth
from sertakan.db import db, transaction
from sertakan.payments import jobs, service
from sertakan.payments.models import Order, Payment, Receipt, Refund, Suspense
from sertakan.payments.rules import OrderState
from sertakan.payments.stripe import StripeClient
from sertakan.reports import books
from sertakan.sandbox.webhooks import encoded, signature
from sertakan.sponsorships import prices
from sertakan.sponsorships import service as sponsorship_service
from sertakan.sponsorships.answers import Answers
from sertakan.sponsorships.models import Sponsorship
from tests import factories
from tests.cast import Cast
from tests.sandbox.conftest import _one_sandbox, sandbox
from tests.sandbox_process import WEBHOOK_SECRET, Sandbox

__all__ = ["_one_sandbox", "sandbox"]


def answers(**changes: Any) -> Answers:
    """A finished form: a household helper, six months from December 2026, Rp92.400."""
    return Answers(
        occupation_code="asisten_rumah_tangga",
        nik=changes.pop("nik", None) or factories.nik(),
        name="Sumiati",
        consent=True,
        first_month="2026-12",
        count=6,
        sponsor_name="Sari Wulandari",
        contact="sari@contoh.test",
        risk_read=True,
    ).but(**changes)


def promise(person_id: int, given: Answers | None = None, locale: str = "id") -> int:
    """A sponsorship with its bill; returns the order's id."""
    given = given or answers()
    with transaction():
        person = db.session.get_one(Person, person_id)
        sponsorship = sponsorship_service.submit(sponsor=person, answers=given, quote=prices.quote_of(given))
        months = coverage_queries.months_of_sponsorship(sponsorship.id)
        return service.open_order(actor=person.ref, sponsorship=sponsorship, months=months, locale=locale).id


def sign(raw: bytes) -> str:
    """The header that Stripe sends with this body now."""
    return signature(raw, [WEBHOOK_SECRET], int(time.time()))


def client_for(sandbox: Sandbox) -> StripeClient:
    return StripeClient(sandbox.api_key, sandbox.url, timeout=(2, 1), max_tries=1, sleep=lambda _seconds: None)


@dataclass
class Till:
    """An application beside a sandbox. `posted` are the events that have been delivered."""

    app: Flask
    sandbox: Sandbox
    cast: Cast
    posted: set[str] = field(default_factory=set)

    # -- rows

    def order(self, order_id: int) -> Order:
        db.session.expire_all()
        return db.session.get_one(Order, order_id)

    def months(self, order_id: int) -> dict[str, str]:
        """Month -> state, of everything that the order's sponsorship ever held; the newest row of a month wins."""
        rows = coverage_queries.months_of_sponsorship(self.order(order_id).sponsorship_id)
        return {str(row.month): row.state.value for row in rows}

    def states(self, order_id: int) -> set[str]:
        return set(self.months(order_id).values())

    def sponsorship(self, order_id: int) -> Sponsorship:
        return self.order(order_id).sponsorship

    def all(self, model: type) -> Sequence[Any]:
        db.session.expire_all()
        return db.session.scalars(select(model).order_by(model.id)).all()

    @property
    def payments(self) -> Sequence[Payment]:
        return self.all(Payment)

    @property
    def refunds(self) -> Sequence[Refund]:
        return self.all(Refund)

    @property
    def suspense(self) -> Sequence[Suspense]:
        return self.all(Suspense)

    @property
    def receipts(self) -> Sequence[Receipt]:
        return self.all(Receipt)

    # -- moves

    def open(self, sponsor: str = "sari", given: Answers | None = None) -> int:
        """A bill whose payment page is open."""
        order_id = promise(self.cast.ids[sponsor], given)
        service.start_checkout(order_id)
        return order_id

    def session(self, order_id: int) -> str:
        found = self.order(order_id).provider_session
        assert found
        return found

    def act(self, order_id: int, outcome: str) -> dict[str, Any]:
        """What the payer does on the payment page."""
        return self.sandbox.act(self.session(order_id), outcome)

    def paid(self, sponsor: str = "sari", given: Answers | None = None) -> int:
        order_id = self.open(sponsor, given)
        self.act(order_id, "pay")
        self.tell()
        assert self.order(order_id).state is OrderState.paid
        return order_id

    def events(self) -> list[dict[str, Any]]:
        """What Stripe would have posted, oldest first."""
        return list(reversed(self.sandbox.things("event")))

    def post(self, event: dict[str, Any]) -> int:
        """One event as Stripe posts it; returns the status of our answer."""
        raw = encoded(event)
        header = sign(raw)
        db.session.remove()
        answer = self.app.test_client().post(
            "/stripe/webhook", data=raw, headers={"Stripe-Signature": header}, content_type="application/json"
        )
        return answer.status_code

    def tell(self, *, times: int = 1, shuffle: random.Random | None = None, only: str = "") -> None:
        """Deliver all new events (or those of a kind) and let the jobs run."""
        fresh = [event for event in self.events() if event["id"] not in self.posted and event["type"].startswith(only)]
        posts = fresh * times
        if shuffle:
            shuffle.shuffle(posts)
        for event in posts:
            assert self.post(event) == 200, json.dumps(event)
            self.posted.add(event["id"])
        jobs.handle_new_events()

    def send_refunds(self) -> None:
        jobs.send_refunds()
        self.tell()


@pytest.fixture
def till(app: Flask, cast: Cast, sandbox: Sandbox) -> Iterator[Till]:
    """Orders, payments and refunds against the sandbox. Afterwards the books must check out, and agree with the sandbox's."""
    app.extensions["stripe"] = client_for(sandbox)
    yield Till(app, sandbox, cast)
    db.session.rollback()
    found = books.broken(books.check())
    # these tests take months to BPJS without a batch: what a batch must hold is looked at in tests/remittance
    assert [line for line in found if not line.startswith("a sent month stands in a batch")] == []
    app.extensions.pop("stripe")


@pytest.fixture
def agrees(till: Till) -> Callable[[], None]:
    """Asserts that our books and the sandbox's say the same of every order."""

    def check() -> None:
        theirs = till.sandbox.books()["orders"]
        for order in till.all(Order):
            money = theirs.get(order.ref, {"charged_rupiah": 0, "refunded_rupiah": 0})
            payments = [payment for payment in till.payments if payment.order_id == order.id]
            assert sum(payment.amount_rupiah for payment in payments) == money["charged_rupiah"], order.ref
            back = [r for r in till.refunds if r.payment.order_id == order.id and r.state in ("sent", "succeeded")]
            assert sum(refund.amount_rupiah for refund in back) == money["refunded_rupiah"], order.ref

    return check


def live_months(worker_id: int) -> list[CoverageMonth]:
    return list(coverage_queries.months_of_worker(worker_id))
