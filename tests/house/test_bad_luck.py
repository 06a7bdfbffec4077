"""Two at once, events out of order, a clock that runs on, a database that is busy: nothing lost, nothing twice, and a sentence for each.

Through the real pages, on a database of its own with real commits and the real sandbox (QUALITY R4, R6, R9; B 5, 10). Each race has
its control. `EVENTS=10000` for the long stream by hand.
"""

import contextvars
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Barrier, Timer
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import func, select

from sertakan.app import build
from sertakan.coverage import queries as coverage
from sertakan.coverage import service as coverage_service
from sertakan.coverage.rules import MonthTaken
from sertakan.db import bare_writes, db
from sertakan.kit import clock, nik
from sertakan.payments import checkout, jobs, service
from sertakan.payments.models import Order, Payment, ProviderEvent, Receipt, Refund, Suspense
from sertakan.payments.rules import OrderState
from sertakan.reports import books
from sertakan.sponsorships.models import Draft, Sponsorship
from sertakan.web.extensions import limiter
from sertakan.workers.models import Worker
from tests import factories
from tests.cast import Cast
from tests.conftest import NOW, config_for, fresh_database, prepare
from tests.house.near_stripe import FORGERIES, Event, forged
from tests.page import Page, PageClient
from tests.payments.conftest import _one_sandbox, answers, client_for, promise, sandbox
from tests.payments.test_check import PATH, PAYER, walk
from tests.payments.test_races import at_once, session_of
from tests.sandbox_process import Sandbox

__all__ = ["_one_sandbox", "sandbox"]
ROUNDS = int(os.environ.get("ROUNDS", "5"))
EVENTS = int(os.environ.get("EVENTS", "300"))
CANNOT = "Sistem sedang sibuk"


@pytest.fixture
def shop(live: tuple[Flask, Cast], sandbox: Sandbox) -> Iterator[tuple[Flask, Cast, Sandbox]]:
    """An application beside the sandbox; afterwards its books check out and both sides name the same sums."""
    app, cast = live
    app.extensions["stripe"] = client_for(sandbox)
    with app.app_context():
        yield app, cast, sandbox
        db.session.rollback()
        assert books.broken(books.check()) == []


def agrees(sandbox: Sandbox) -> None:
    """What the sandbox took and gave back is what our books say."""
    theirs = sandbox.books()
    taken = db.session.scalar(select(func.coalesce(func.sum(Payment.amount_rupiah), 0)))
    back = select(func.coalesce(func.sum(Refund.amount_rupiah), 0)).where(Refund.state.in_(("sent", "succeeded")))
    assert (taken, db.session.scalar(back)) == (theirs["charged_rupiah"], theirs["refunded_rupiah"])
    db.session.rollback()


def send(visitor: PageClient, path: str, data: dict[str, Any], token: str) -> Page:
    """A form sent from a thread: nothing but the request itself, as on a server."""
    form = {**data, "csrf_token": token}
    ask = partial(visitor.http.post, path, data=form, headers={"Origin": "http://localhost"})
    return Page(contextvars.Context().run(ask), path, 0)


def same_browser(visitor: PageClient) -> PageClient:
    """A second tab: the same cookies, a connection of its own."""
    twin = PageClient(visitor.app)
    twin.http._cookies = dict(visitor.http._cookies)
    return twin


# ---- the same months at once ---------------------------------------------------------------------------------------------------


def at_the_till(app: Flask, number: str, mail: str) -> tuple[PageClient, dict[str, str], str]:
    """A resident on the last page of the form: her browser, what she will send, her form token."""
    visitor = PageClient(app)
    walk(visitor, nik=number)
    return visitor, PAYER | {"contact": mail, "sponsor_name": mail[:4].title()}, visitor.form_token()


def two_at_the_till(app: Flask) -> list[tuple[PageClient, dict[str, str], str]]:
    limiter.reset()
    number = factories.nik()
    return [at_the_till(app, number, f"{name}@contoh.test") for name in ("ratna", "yudi")]


def test_r6_of_two_who_pay_for_the_same_months_one_wins_and_the_other_is_offered_the_next(
    shop: tuple[Flask, Cast, Sandbox],
) -> None:
    app, _cast, sandbox = shop
    for _ in range(ROUNDS):
        both = two_at_the_till(app)
        pages = at_once(app, *[partial(send, visitor, PATH, form, token) for visitor, form, token in both])
        assert sorted(page.status for page in pages) == [303, 409], [page.text[:300] for page in pages]
        place = [page.status for page in pages].index(409)
        assert pages[1 - place].location.startswith(sandbox.url)
        told = pages[place].sees("sudah ada yang menanggung", "Mulai Juni 2027", "Isian Anda masih utuh")
        told.misses(both[1 - place][1]["contact"], both[1 - place][1]["sponsor_name"] + "<")
        loser, form, _token = both[place]
        assert loser.post(PATH, form | {"start": "2027-06"}).location == PATH
        loser.get(PATH).sees("Juni 2027 – November 2027", "Rp100.800")
        assert loser.post(PATH, form | {"total": "100800"}).location.startswith(sandbox.url)
    for order_id in db.session.scalars(select(Order.id)).all():
        sandbox.act(session_of(order_id), "pay")
        assert service.settle(order_id) is OrderState.paid
    agrees(sandbox)
    assert factories.count(Receipt) == 2 * ROUNDS and factories.count(Suspense) == 0


def test_the_control_a_shop_that_looks_first_sells_the_month_twice(
    live: tuple[Flask, Cast], sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same two forms without index and without the look under the lock: if this does not break, the test above proves nothing."""
    app, _cast = live
    app.extensions["stripe"] = client_for(sandbox)
    both_looked, promise_now = Barrier(2), checkout.promise

    def look_then_promise(given: Any, **more: Any) -> Any:
        worker = db.session.scalar(select(Worker.id).where(Worker.nik_hash == db_hash(given.nik)))
        if worker and coverage.taken(worker):
            raise MonthTaken(month=given.starts, next=given.starts)
        db.session.rollback()
        both_looked.wait()
        return promise_now(given, **more)

    with app.app_context():
        with bare_writes(), db.engine.begin() as connection:
            connection.execute(sa.text("DROP INDEX uq_coverage_month_live"))
        monkeypatch.setattr(checkout, "promise", look_then_promise)
        monkeypatch.setattr(coverage_service, "_refuse_taken", lambda *_: None)
        both = two_at_the_till(app)
        pages = at_once(app, *[partial(send, visitor, PATH, form, token) for visitor, form, token in both])
        assert [page.status for page in pages] == [303, 303]
        assert any("I1" in line for line in books.broken(books.check()))


def db_hash(number: str) -> str:
    from sertakan.db import blind

    return blind(nik.clean(number), "nik")


def test_a_form_sent_four_times_at_once_is_one_promise_and_one_bill(shop: tuple[Flask, Cast, Sandbox]) -> None:
    app, _cast, sandbox = shop
    for turn in range(1, ROUNDS + 1):
        limiter.reset()
        visitor, form, token = at_the_till(app, factories.nik(), f"r{turn}@contoh.test")
        tabs = [same_browser(visitor) for _ in range(4)]
        pages = at_once(app, *[partial(send, tab, PATH, form, token) for tab in tabs])
        assert {page.status for page in pages} == {303}, [page.text[:300] for page in pages]
        order = db.session.scalars(select(Order).order_by(Order.id.desc())).first()
        assert order is not None
        homes = {page.location for page in pages}
        assert homes <= {order.checkout_url, f"/bayar/{order.ref}"} and order.checkout_url in homes
        db.session.rollback()
        assert (factories.count(Order), factories.count(Sponsorship)) == (turn, turn)
    assert len(sandbox.things("checkout.session")) == ROUNDS


def test_the_control_a_draft_that_is_not_looked_at_again_becomes_two_promises(
    live: tuple[Flask, Cast], sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, _cast = live
    app.extensions["stripe"] = client_for(sandbox)
    with app.app_context():
        visitor, form, token = at_the_till(app, factories.nik(), "r@contoh.test")
        monkeypatch.setattr(checkout.drafts, "finish", lambda _code: None)
        monkeypatch.setattr(coverage_service, "_refuse_taken", lambda *_: None)
        with bare_writes(), db.engine.begin() as connection:
            connection.execute(sa.text("DROP INDEX uq_coverage_month_live"))
        at_once(app, *[partial(send, same_browser(visitor), PATH, form, token) for _ in range(2)])
        assert factories.count(Order) == 2


# ---- paying while the bill runs out --------------------------------------------------------------------------------------------


def test_paying_while_the_sweep_closes_the_bill_ends_in_months_or_in_no_payment(shop: tuple[Flask, Cast, Sandbox]) -> None:
    app, cast, sandbox = shop
    ends = set()
    for turn in range(2 * ROUNDS):
        order_id = promise(cast.ids["sari"], answers(nik=factories.nik()))
        service.start_checkout(order_id)
        session_id = session_of(order_id)

        def pay(session_id: str = session_id, order_id: int = order_id, late: bool = bool(turn % 2)) -> bool:
            if late:  # so that both may come first
                service.settle(order_id)
            try:
                sandbox.act(session_id, "pay")
            except OSError:
                return False  # the page was closed
            service.settle(order_id)
            return True

        with clock.frozen(NOW + timedelta(minutes=100)):
            paid, _swept = at_once(app, pay, jobs.expire_orders)
        assert isinstance(paid, bool), paid
        order = db.session.get_one(Order, order_id, populate_existing=True)
        states = {row.state.value for row in coverage.months_of_sponsorship(order.sponsorship_id)}
        db.session.rollback()
        ends.add((paid, order.state.value, *states))
    assert ends <= {(True, "paid", "paid"), (False, "expired", "released")}, ends
    agrees(sandbox)


# ---- events: disordered, repeated, forged --------------------------------------------------------------------------------------

FATES = ("pay", "decline pay", "later settle", "later fail", "pay twice", "close", "decline", "", "later", "pay")


def act_all(sandbox: Sandbox, order_ids: list[int], step: int) -> None:
    """What the payers do in this step, each by her fate."""
    for place, order_id in enumerate(order_ids):
        fate = FATES[place % len(FATES)].split()
        if len(fate) > step:
            session_id = session_of(order_id)
            if fate[step] == "close":
                client_for(sandbox).expire_checkout_session(session_id)
            else:
                sandbox.act(session_id, fate[step])


def open_all(cast: Cast, many: int) -> list[int]:
    orders = []
    for _ in range(many):
        orders.append(promise(cast.ids["sari"], answers(nik=factories.nik())))
        service.start_checkout(orders[-1])
    return orders


def post(app: Flask, event: Event, how: str = "good") -> int:
    raw, header = forged(event, how, clock.real_now())
    headers = {"Stripe-Signature": header} if header else {}
    db.session.remove()
    ask = partial(app.test_client().post, "/stripe/webhook", data=raw, headers=headers, content_type="application/json")
    return contextvars.Context().run(ask).status_code


def settle_down() -> None:
    """The jobs run until nothing is due any more."""
    for hours in range(1, 4):
        with clock.frozen(NOW + timedelta(minutes=hours)):
            jobs.handle_new_events()
            jobs.send_refunds()


def rows_of(order_ids: list[int]) -> list[tuple[Any, ...]]:
    """Everything that the books say of each order, without what chance or the hour decides."""
    found = []
    for order_id in order_ids:
        order = db.session.get_one(Order, order_id, populate_existing=True)
        payments = db.session.scalars(select(Payment).where(Payment.order_id == order_id)).all()
        ids = [payment.id for payment in payments]
        found.append(
            (
                order.state.value,
                order.held_reason,
                order.state is OrderState.open and bool(order.transfer_at),
                sorted((str(row.month), row.state.value) for row in coverage.months_of_sponsorship(order.sponsorship_id)),
                sorted((payment.amount_rupiah, payment.late) for payment in payments),
                sorted(_states(Refund, ids)),
                sorted(_states(Suspense, ids)),
                len(db.session.scalars(select(Receipt.id).where(Receipt.payment_id.in_(ids))).all()),
                order.sponsorship.term_state.value,
            )
        )
    db.session.rollback()
    return found


def _states(model: Any, payment_ids: list[int]) -> list[tuple[str, int]]:
    rows = db.session.scalars(select(model).where(model.payment_id.in_(payment_ids)))
    return [(row.state.value, row.amount_rupiah) for row in rows]


def in_order(app: Flask, cast: Cast, sandbox: Sandbox, many: int) -> list[tuple[Any, ...]]:
    """The plain stream: every event once, as it happens, handled at once."""
    orders = open_all(cast, many)
    known: set[str] = set()
    for step in range(2):
        act_all(sandbox, orders, step)
        for event in reversed(sandbox.things("event")):
            if event["id"] not in known:
                assert post(app, event) == 200
                known.add(event["id"])
        jobs.handle_new_events()
    jobs.send_refunds()
    for event in reversed(sandbox.things("event")):
        if event["id"] not in known:
            assert post(app, event) == 200
    settle_down()
    return rows_of(orders)


def in_disorder(app: Flask, cast: Cast, sandbox: Sandbox, many: int) -> tuple[list[tuple[Any, ...]], int, int]:
    """The same, told at the end: shuffled, each one to five times, one in twenty forged, handled now and then."""
    orders, dice = open_all(cast, many), random.Random(4)
    for step in range(2):
        act_all(sandbox, orders, step)
    events = sandbox.things("event")
    posts = [(event, "good") for event in events for _ in range(dice.randint(1, 5))]
    posts += [(_lie(dice.choice(events), place), dice.choice(FORGERIES)) for place in range(max(len(posts) // 19, 1))]
    dice.shuffle(posts)
    refused = 0
    for place, (event, how) in enumerate(posts):
        status = post(app, event, how)
        assert status == (200 if how == "good" else 400), (status, how)
        refused += how != "good"
        if place % 97 == 0:
            jobs.handle_new_events()
            jobs.send_refunds()
    settle_down()
    for event in sandbox.things("event"):
        assert post(app, event) == 200
    settle_down()
    return rows_of(orders), refused, len(sandbox.things("event"))


def _lie(event: Event, place: int) -> Event:
    """Says that everything is paid."""
    thing = event["data"]["object"] | {"status": "complete", "payment_status": "paid"}
    return event | {"id": f"evt_forged_{place}", "type": "checkout.session.completed", "data": {"object": thing}}


def test_r4_events_in_any_order_many_times_and_among_forged_ones_end_in_the_same_rows(
    live: tuple[Flask, Cast], sandbox: Sandbox, tmp_path: Path
) -> None:
    many = max(len(FATES), EVENTS // 5 // len(FATES) * len(FATES))
    app, cast = live
    app.extensions["stripe"] = client_for(sandbox)
    with app.app_context():
        plain = in_order(app, cast, sandbox, many)
        assert books.broken(books.check()) == []
        agrees(sandbox)
    sandbox.reset()
    with another_shop(tmp_path) as (app, cast):
        app.extensions["stripe"] = client_for(sandbox)
        mixed, refused, events = in_disorder(app, cast, sandbox, many)
        assert books.broken(books.check()) == []
        agrees(sandbox)
        assert factories.count(ProviderEvent) == events and refused > 0
    assert mixed == plain
    assert {row[0] for row in plain} == {"paid", "expired", "open"}


@contextmanager
def another_shop(folder: Path) -> Iterator[tuple[Flask, Cast]]:
    """A second application on a database of its own."""
    url, drop = fresh_database(folder)
    app = build(config_for(url, folder))
    cast = prepare(app)
    with app.app_context():
        yield app, cast
        db.session.remove()
        db.engine.dispose()
    drop()


# ---- the database is busy ------------------------------------------------------------------------------------------------------

HOLD = """
import sqlite3, sys
held = sqlite3.connect(sys.argv[1], isolation_level=None)
held.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.readline()
held.execute("ROLLBACK")
held.close()
print("free", flush=True)
"""
HOLD_POSTGRESQL = """
import psycopg, sys
held = psycopg.connect(sys.argv[1])
held.execute("LOCK TABLE draft IN SHARE MODE")
print("held", flush=True)
sys.stdin.readline()
held.rollback()
held.close()
print("free", flush=True)
"""


@contextmanager
def somebody_writes(app: Flask) -> Iterator[Callable[[], None]]:
    """Another process holds the writer's lock (of the drafts, on PostgreSQL) until the given function is called, or the end."""
    url = db.engine.url
    program, where = (HOLD, str(url.database)) if url.drivername.startswith("sqlite") else (HOLD_POSTGRESQL, _plain(url))
    process = subprocess.Popen([sys.executable, "-c", program, where], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout and process.stdin
    assert process.stdout.readline() == "held\n"

    def let_go() -> None:
        if process.poll() is None and process.stdin and not process.stdin.closed:
            process.stdin.write("\n")
            process.stdin.close()

    try:
        yield let_go
    finally:
        let_go()
        process.wait(10)
        process.stdout.close()


def _plain(url: sa.URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def patience(milliseconds: int) -> None:
    """How long this application waits for a lock; the default is half a minute."""
    db.session.remove()
    db.engine.dispose()
    sqlite = db.engine.dialect.name == "sqlite"

    def shorter(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={milliseconds}" if sqlite else f"SET lock_timeout = '{milliseconds}ms'")
        cursor.close()
        if not sqlite:
            connection.commit()

    sa.event.listen(db.engine, "connect", shorter)


PUBLIC = ("/", "/pekerja", "/tarif", "/bantuan", "/lindungi", "/masuk", "/en/", "/healthz")


def test_r9_while_somebody_writes_for_long_pages_are_read_and_a_form_is_told_to_come_again(live: tuple[Flask, Cast]) -> None:
    app, cast = live
    with app.app_context():
        patience(150)
        sari, visitor = PageClient(app), PageClient(app)
        sari.sign_in(cast.sari, second_factor=False)
        code = factories.sponsorship(cast.sari).code
        assert visitor.post("/lindungi", {"occupation": "asisten_rumah_tangga"}).status == 303
        typed = {"nik": factories.nik(), "name": "Sumiati Rahayu", "consent": "y", "kelurahan_code": ""}
        with somebody_writes(app), clock.frozen(NOW + timedelta(minutes=5)):  # her session would be touched now
            for path in PUBLIC:
                assert visitor.get(path, check=False).status == 200, path
            for path in ("/dukungan", f"/dukungan/{code}", "/akun"):
                assert sari.get(path).status == 200, path
            busy = visitor.post("/lindungi/data", typed)
            assert busy.status == 503 and busy.response.headers["Retry-After"] == "5"
            busy.sees(CANNOT)
        assert visitor.post("/lindungi/data", typed).location == "/lindungi/lama"
        assert factories.count(Draft) == 1


def test_r9_a_form_waits_for_a_short_lock_and_is_then_kept(live: tuple[Flask, Cast]) -> None:
    app, _cast = live
    with app.app_context():
        visitor = PageClient(app)
        form = {"occupation": "asisten_rumah_tangga"}
        token = visitor.form_token()
        with somebody_writes(app) as let_go:
            timer = Timer(0.4, let_go)
            timer.start()
            assert visitor.post("/lindungi", form | {"csrf_token": token}).status == 303
            timer.join()
        assert factories.count(Draft) == 1


def test_postgres_compiles_no_statement(app: Flask) -> None:
    """Its compiler takes a second for a statement over the whole ledger, on every connection anew."""
    if db.engine.dialect.name != "postgresql":
        pytest.skip("SQLite has none")
    assert db.session.scalar(sa.text("SHOW jit")) == "off"
