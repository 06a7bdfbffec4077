"""Two at once about the same rupiah, with real commits: one decides, the other is told; a payment is never given out twice (R6)."""

from collections.abc import Iterator
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from sertakan.accounts.models import Person
from sertakan.coverage.rules import MonthTaken
from sertakan.db import bare_writes, db, transaction
from sertakan.kit.months import Month
from sertakan.payments import booking, disputes, queries, refunds, service
from sertakan.payments.models import Order, Refund, Suspense
from sertakan.payments.rules import RefundReason, RefundState, SuspenseState
from sertakan.reports import books
from sertakan.sponsorships import queries as sponsorship_queries
from sertakan.sponsorships import service as sponsorship_service
from sertakan.tariff import queries as tariff
from tests.cast import Cast
from tests.payments.conftest import answers, client_for, promise
from tests.payments.test_races import at_once, session_of
from tests.sandbox_process import Sandbox

Shop = tuple[Flask, Cast, Sandbox]


@pytest.fixture
def shop(live: tuple[Flask, Cast], sandbox: Sandbox) -> Iterator[Shop]:
    app, cast = live
    app.extensions["stripe"] = client_for(sandbox)
    yield app, cast, sandbox
    with app.app_context():
        assert books.broken(books.check()) == []


def paid(shop: Shop) -> int:
    _app, cast, sandbox = shop
    order_id = promise(cast.ids["sari"], answers())
    service.start_checkout(order_id)
    sandbox.act(session_of(order_id), "pay")
    service.settle(order_id)
    return order_id


def parked(shop: Shop) -> str:
    """A second payment of the same bill, which waits for a decision."""
    _app, _cast, sandbox = shop
    order_id = paid(shop)
    second = sandbox.act(session_of(order_id), "twice")
    sandbox.control("refunds/next", status="failed")
    service.settle(order_id, second["id"])
    for refund_id in db.session.scalars(select(Refund.id)).all():
        service.send_refund(refund_id)
    found = db.session.scalars(select(Suspense.ref).where(Suspense.state == SuspenseState.open)).one()
    db.session.rollback()
    return found


def asked(shop: Shop) -> int:
    _app, cast, _sandbox = shop
    ref = parked(shop)
    with transaction():
        maya = db.session.get_one(Person, cast.ids["maya"])
        suspense = queries.get_suspense(ref, lock=True)
        return refunds.refund_suspense(actor=maya.ref, suspense=suspense, requested_by=maya, note="dua kali").id


def kinds(results: list[Any]) -> list[str]:
    return sorted(type(result).__name__ for result in results)


def test_of_two_people_who_approve_at_once_one_is_told_that_it_is_decided(shop: Shop) -> None:
    app, cast, sandbox = shop
    with app.app_context():
        refund_id = asked(shop)
        before = len(sandbox.things("refund"))

        def agree(name: str) -> None:
            with transaction():
                person = db.session.get_one(Person, cast.ids[name])
                refunds.agree_refund(actor=person, refund=queries.get_refund(refund_id, lock=True))

        results = at_once(app, lambda: agree("agus"), lambda: agree("wira"))
        assert kinds(results) == ["NoneType", "RefundDecided"], results
        at_once(app, *[lambda: service.send_refund(refund_id)] * 3)
        assert len(sandbox.things("refund")) == before + 1


def test_of_booking_and_refunding_the_same_money_one_happens(shop: Shop) -> None:
    app, cast, _sandbox = shop
    with app.app_context():
        ref = parked(shop)

        def book() -> None:
            with transaction():
                maya = db.session.get_one(Person, cast.ids["maya"])
                booking.book(actor=maya, suspense=queries.get_suspense(ref, lock=True), months=[Month(2027, 6), Month(2027, 7)])

        def back() -> None:
            with transaction():
                maya = db.session.get_one(Person, cast.ids["maya"])
                refunds.refund_suspense(
                    actor=maya.ref, suspense=queries.get_suspense(ref, lock=True), requested_by=maya, note="dua kali"
                )

        assert kinds(at_once(app, book, back)) == ["NoneType", "NotInSuspense"]


def test_of_booking_a_month_and_somebody_reserving_it_one_gets_it(shop: Shop) -> None:
    app, cast, _sandbox = shop
    with app.app_context():
        ref = parked(shop)
        sponsorship_id = db.session.scalars(select(Order.sponsorship_id)).first()
        assert sponsorship_id is not None
        wanted = [Month(2027, 6), Month(2027, 7)]

        def book() -> None:
            with transaction():
                maya = db.session.get_one(Person, cast.ids["maya"])
                booking.book(actor=maya, suspense=queries.get_suspense(ref, lock=True), months=wanted)

        def reserve() -> None:
            with transaction():
                sponsorship = sponsorship_queries.get(sponsorship_id, lock=True)
                quote = tariff.quote_for(wanted[1:], sponsorship.worker.occupation_code, sponsorship.payer_kind)
                months = sponsorship_service.reserve(actor="system", sponsorship=sponsorship, quote=quote)
                service.open_order(actor="system", sponsorship=sponsorship, months=months, locale="id")

        results = at_once(app, book, reserve)
        assert len([result for result in results if isinstance(result, MonthTaken)]) == 1, results
        assert len([result for result in results if result is None]) == 1


def test_a_refund_and_its_event_at_once_end_in_one_success(shop: Shop) -> None:
    app, cast, sandbox = shop
    with app.app_context():
        refund_id = asked(shop)
        with transaction():
            agus = db.session.get_one(Person, cast.ids["agus"])
            refunds.agree_refund(actor=agus, refund=queries.get_refund(refund_id, lock=True))
        service.send_refund(refund_id)
        provider_id = sandbox.things("refund")[0]["id"]
        answer = app.extensions["stripe"].get_refund(provider_id)
        at_once(app, *[lambda: refunds.learn_refund(refund_id, answer)] * 4)
        refund = db.session.get_one(Refund, refund_id, populate_existing=True)
        assert refund.state is RefundState.succeeded
        db.session.rollback()


def test_one_dispute_told_four_times_at_once_is_one_row_and_one_loss(shop: Shop) -> None:
    app, _cast, sandbox = shop
    with app.app_context():
        order_id = paid(shop)
        made = sandbox.control(f"sessions/{session_of(order_id)}/dispute")
        sandbox.control(f"disputes/{made['id']}/lost")
        answer = app.extensions["stripe"].get_dispute(made["id"])
        results = at_once(app, *[lambda: disputes.learn_dispute(answer)] * 4)
        assert [str(result) for result in results] == ["lost"] * 4
        assert [row.reason for row in db.session.scalars(select(Refund))] == [RefundReason.disputed]
        db.session.rollback()


def test_the_control_without_lock_and_trigger_gives_the_same_money_back_twice(live: tuple[Flask, Cast], sandbox: Sandbox) -> None:
    """If this does not break, the tests above prove nothing."""
    app, cast = live
    app.extensions["stripe"] = client_for(sandbox)
    with app.app_context():
        ref = parked((app, cast, sandbox))
        postgres = db.engine.dialect.name == "postgresql"
        with bare_writes(), db.engine.begin() as connection:
            connection.execute(text("DROP TRIGGER refund_within_payment" + (" ON refund" if postgres else "")))
        both_looked = Barrier(2)

        def give_back() -> None:
            """Look first, write later, trusting what was seen."""
            suspense = queries.get_suspense(ref)
            payment_id, amount = suspense.payment_id, suspense.amount_rupiah
            assert suspense.state is SuspenseState.open
            both_looked.wait()
            with transaction():
                refunds.add("system", payment_id, amount, RefundReason.duplicate)

        assert at_once(app, give_back, give_back) == [None, None]
        assert any(line.startswith("I2 ") for line in books.broken(books.check()))
