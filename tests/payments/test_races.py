"""Two at once, on a database of its own with real commits: one wins, the other is told or gets the money back (QUALITY A 23, R6)."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from sertakan.coverage import queries as coverage_queries
from sertakan.coverage.models import CoverageMonth
from sertakan.coverage.rules import MonthTaken
from sertakan.db import bare_writes, db, transaction
from sertakan.kit import clock
from sertakan.kit.months import span
from sertakan.payments import jobs, service
from sertakan.payments.models import Order, Payment, Receipt, Refund, Suspense
from sertakan.reports import books
from tests import factories
from tests.cast import Cast
from tests.conftest import NOW
from tests.payments.conftest import answers, client_for, promise
from tests.sandbox_process import Sandbox

ROUNDS = 8


@pytest.fixture
def shop(live: tuple[Flask, Cast], sandbox: Sandbox) -> Iterator[tuple[Flask, Cast, Sandbox]]:
    app, cast = live
    app.extensions["stripe"] = client_for(sandbox)
    yield app, cast, sandbox
    with app.app_context():
        assert books.broken(books.check()) == []


def at_once(app: Flask, *acts: Callable[[], Any]) -> list[Any]:
    """Run these at the same moment, each with a session of its own; the results, or what was raised."""
    start, results = Barrier(len(acts)), [None] * len(acts)

    def run(place: int, act: Callable[[], Any]) -> None:
        with app.app_context():
            start.wait()
            try:
                results[place] = act()
            except Exception as error:
                results[place] = error
            finally:
                db.session.remove()

    threads = [Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def session_of(order_id: int) -> str:
    found = db.session.get_one(Order, order_id, populate_existing=True).provider_session
    db.session.rollback()
    assert found
    return found


def test_of_two_residents_who_want_the_same_months_one_wins(shop: tuple[Flask, Cast, Sandbox]) -> None:
    app, cast, _sandbox = shop
    for _ in range(ROUNDS):
        given = answers(nik=factories.nik())
        results = at_once(
            app,
            lambda given=given: promise(cast.ids["sari"], given),
            lambda given=given: promise(cast.ids["tono"], given.but(contact="tono@contoh.test")),
        )
        refused = [result for result in results if isinstance(result, MonthTaken)]
        assert len(refused) == 1, results
        assert str(refused[0].params["next"]) == "2027-06"
        assert len([result for result in results if isinstance(result, int)]) == 1


def test_of_two_late_payments_for_the_same_months_one_fills_them_and_one_goes_back(shop: tuple[Flask, Cast, Sandbox]) -> None:
    app, cast, sandbox = shop
    with app.app_context():
        for _ in range(3):
            orders = [_run_out(sandbox, cast.ids[name], nik) for nik in [factories.nik()] for name in ("sari", "tono")]
            for order_id in orders:
                sandbox.act(session_of(order_id), "settle")
            with clock.frozen(NOW + timedelta(hours=30)):
                at_once(app, *[lambda order_id=order_id: service.settle(order_id) for order_id in orders])
        assert db.session.scalar(select(func.count()).select_from(Payment)) == 6
        assert db.session.scalar(select(func.count()).select_from(Receipt)) == 3
        assert [row.amount_rupiah for row in db.session.scalars(select(Suspense))] == [92_400] * 3
        jobs.send_refunds()
        assert {row.state.value for row in db.session.scalars(select(Refund))} == {"succeeded"}


def _run_out(sandbox: Sandbox, payer_id: int, nik: str) -> int:
    """A bill whose transfer code ran out before the money came."""
    order_id = promise(payer_id, answers(nik=nik))
    service.start_checkout(order_id)
    sandbox.act(session_of(order_id), "later")
    service.settle(order_id)
    with clock.frozen(NOW + timedelta(hours=25)):
        jobs.expire_orders()
    return order_id


def test_many_who_settle_the_same_payment_book_it_once(shop: tuple[Flask, Cast, Sandbox]) -> None:
    app, cast, sandbox = shop
    with app.app_context():
        for _ in range(3):
            order_id = promise(cast.ids["sari"])
            service.start_checkout(order_id)
            sandbox.act(session_of(order_id), "pay")
            at_once(app, *[lambda order_id=order_id: service.settle(order_id)] * 6)
        assert db.session.scalar(select(func.count()).select_from(Payment)) == 3
        assert [row.number for row in db.session.scalars(select(Receipt).order_by(Receipt.number))] == [1, 2, 3]


def test_two_workers_send_a_refund_once(shop: tuple[Flask, Cast, Sandbox]) -> None:
    app, cast, sandbox = shop
    with app.app_context():
        order_id = promise(cast.ids["sari"])
        service.start_checkout(order_id)
        sandbox.act(session_of(order_id), "pay")
        service.settle(order_id)
        sandbox.act(session_of(order_id), "twice")
        jobs.reconcile()
        refund_id = db.session.scalars(select(Refund.id)).one()
        db.session.rollback()
        at_once(app, *[lambda: service.send_refund(refund_id)] * 4)
        assert len(sandbox.things("refund")) == 1


def test_the_control_without_lock_and_index_sells_a_month_twice(live: tuple[Flask, Cast], sandbox: Sandbox) -> None:
    """If this does not break, the tests above prove nothing."""
    app, cast = live
    with app.app_context():
        with bare_writes(), db.engine.begin() as connection:
            connection.execute(text("DROP INDEX uq_coverage_month_live"))
        orders = [promise(cast.ids[name]) for name in ("sari", "tono")]
        worker_id = db.session.get_one(Order, orders[0]).sponsorship.worker_id
        mine, theirs = _ids_of(orders[0]), _ids_of(orders[1])
        wanted = span(clock.this_month() + 13, len(mine))
        both_looked = Barrier(2)

        def sell(row_ids: list[int]) -> None:
            """Look first, write later: what a shop without lock and index does."""
            assert not coverage_queries.taken(worker_id, wanted)
            both_looked.wait()
            with transaction():
                for month, row_id in zip(wanted, row_ids, strict=True):
                    row = db.session.get_one(CoverageMonth, row_id)
                    row.worker_id, row.month = worker_id, month

        at_once(app, lambda: sell(mine), lambda: sell(theirs))
        assert any("I1" in line for line in books.broken(books.check()))


def _ids_of(order_id: int) -> list[int]:
    sponsorship_id = db.session.get_one(Order, order_id).sponsorship_id
    found = [row.id for row in coverage_queries.months_of_sponsorship(sponsorship_id)]
    db.session.rollback()
    return found
