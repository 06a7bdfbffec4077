"""A shop in which everything may happen in any order, and the books are checked after every step (QUALITY R3 in small).

Two residents, three workers, two officers, a payment service that is told about late, twice, never or falsely, days that pass, jobs
that run or do not, and an application that is started anew on its database. `RUNS=2000 STEPS=50` for a long run by hand; hypothesis
prints the steps that lead to a failure.
"""

import logging
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import func, select

from sertakan.accounts.models import Person
from sertakan.app import build
from sertakan.audit import queries as audit
from sertakan.autopay import jobs as autopay_jobs
from sertakan.autopay import service as autopay
from sertakan.autopay.models import AutoCharge, Autopay
from sertakan.autopay.rules import ChargeState, ConsentState
from sertakan.coverage import queries as coverage_queries
from sertakan.coverage import service as coverage_service
from sertakan.coverage.models import CoverageMonth
from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.kit.errors import Refused
from sertakan.kit.months import span
from sertakan.notices.models import Notice, NoticeState
from sertakan.payments import checkout, jobs, queries, service
from sertakan.payments.models import Order, Payment, ProviderEvent, Refund, Suspense
from sertakan.payments.rules import EventState, OrderState, RefundState, SuspenseState
from sertakan.payments.stripe import StripeError
from sertakan.remittance import answers as answers_of_bpjs
from sertakan.remittance import jobs as remittance_jobs
from sertakan.remittance import queries as batches
from sertakan.remittance import repairs
from sertakan.remittance import service as remittance
from sertakan.remittance.models import Batch, Line, Repair
from sertakan.remittance.rules import BounceReason, LineState, Result
from sertakan.reports import books
from sertakan.review import jobs as review_jobs
from sertakan.review import queries as review_queries
from sertakan.review import service as review
from sertakan.review.rules import RejectReason
from sertakan.sandbox.errors import ApiError
from sertakan.sponsorships import jobs as sponsorship_jobs
from sertakan.sponsorships import prices
from sertakan.sponsorships import queries as sponsorships
from sertakan.sponsorships import service as sponsorship_service
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import ReviewState
from sertakan.tariff.rules import PayerKind
from sertakan.workers.models import Worker
from tests import factories
from tests.cast import Cast
from tests.conftest import NOW, config_for, fresh_database, prepare
from tests.house.near_stripe import FORGERIES, Event, NearStripe
from tests.payments.conftest import answers, promise

RUNS, STEPS = int(os.environ.get("RUNS", "30")), int(os.environ.get("STEPS", "25"))
ANY = st.integers(0, 10_000)
SPONSORS, OFFICERS = st.sampled_from(["sari", "tono"]), st.sampled_from(["dewi", "agus"])
FINANCE = st.sampled_from(["maya", "agus"])
FAR = st.sampled_from(["bill", "page", "transfer", "paid", "told", "settled", "settled"])
DECIDED = st.sampled_from(["", "approve", "approve", "reject", "ask"])
PAUSES = {
    "minutes": timedelta(minutes=6),
    "the bill": timedelta(minutes=61),
    "a day": timedelta(hours=25),
    "days": timedelta(days=8),
    "a month": timedelta(days=31),
    "a season": timedelta(days=95),
}


class Faults(logging.Handler):
    """What the jobs logged with a trace: a fault that a loop survived is still a fault."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1] is not None:
            self.seen.append(f"{record.getMessage()}: {record.exc_info[1]!r}")


@dataclass
class Ground:
    """A finished empty shop on disk, of which every run gets a copy."""

    folder: Path
    url: str
    cast: Cast
    niks: list[str]
    runs: int = 0

    def copy(self) -> tuple[str, Callable[[], None]]:
        self.runs += 1
        if self.url.startswith("sqlite"):
            file = self.folder / f"run{self.runs}.db"
            shutil.copy(self.url.removeprefix("sqlite:///"), file)
            return f"sqlite:///{file}", partial(file.unlink, missing_ok=True)
        name = f"run{os.getpid()}_{self.runs}"
        admin = sa.create_engine(os.environ["TEST_DATABASE_URL"], isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(sa.text(f'CREATE DATABASE "{name}" TEMPLATE "{sa.make_url(self.url).database}"'))

        def drop() -> None:
            with admin.connect() as connection:
                connection.execute(sa.text(f'DROP DATABASE "{name}" WITH (FORCE)'))
            admin.dispose()

        return sa.make_url(self.url).set(database=name).render_as_string(hide_password=False), drop


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    url, drop = fresh_database(tmp_path)
    app = build(config_for(url, tmp_path))
    cast = prepare(app)
    with app.app_context():
        db.engine.dispose()
    if url.startswith("sqlite"):
        import sqlite3

        with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
            connection.execute("PRAGMA journal_mode=DELETE")  # one file to copy
        connection.close()
    yield Ground(tmp_path, url, cast, [factories.nik() for _ in range(3)])
    drop()


class Shop(RuleBasedStateMachine):
    ground: Ground
    seen: Counter[str] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.url, self.drop = self.ground.copy()
        self.near = NearStripe(clock.real_now)
        self.told: set[str] = set()
        self.touched = True
        self.faults = Faults()
        logging.getLogger("sertakan").addHandler(self.faults)
        self._start()

    def _start(self) -> None:
        self.app: Flask = build(config_for(self.url, self.ground.folder))
        self.app.extensions["stripe"] = self.near.client

    @contextmanager
    def inside(self) -> Iterator[Any]:
        """A moment later, in a request of its own; what is refused is fine, what breaks is not."""
        self.now += timedelta(seconds=1)
        self.touched = True
        with clock.frozen(self.now), self.app.test_request_context("/"), suppress(Refused, StripeError, ApiError):
            yield db.session

    def pick(self, model: type[Any], which: int, *where: Any) -> Any:
        """One of the rows' ids, or None."""
        ids: Sequence[int] = db.session.scalars(select(model.id).where(*where).order_by(model.id)).all()
        db.session.rollback()
        return ids[which % len(ids)] if ids else None

    # ---- residents

    def _as_far_as(self, order_id: int, far: str) -> None:
        """The usual way, stopping somewhere: the bill, its page, a transfer on its way, the money, its event, settled."""
        if far == "bill":
            return
        service.start_checkout(order_id)
        session_id = db.session.get_one(Order, order_id).provider_session
        db.session.rollback()
        if far == "page" or session_id is None:
            return
        if far == "transfer":
            self.near.bank.pay_later(session_id)
            return
        self.near.bank.pay(session_id)
        if far in ("told", "settled"):
            self._tell(self.near.events())
        if far == "settled":
            jobs.handle_new_events()

    def _tell(self, events: Sequence[Event]) -> None:
        for event in events:
            assert self.near.post(self.app, event) == 200
            self.told.add(event["id"])

    @initialize(far=st.tuples(FAR, FAR, FAR), decided=st.tuples(DECIDED, DECIDED, DECIDED))
    def three_who_came_before(self, far: tuple[str, ...], decided: tuple[str, ...]) -> None:
        for worker, (stop, verdict) in enumerate(zip(far, decided, strict=True)):
            self.submit(("sari", "tono", "sari")[worker], worker, 3, worker, stop)
            if verdict:
                self.decide(0, "dewi", verdict)

    @rule(who=SPONSORS, worker=st.integers(0, 2), count=st.sampled_from([1, 3, 6]), ahead=st.integers(0, 3), far=FAR)
    def submit(self, who: str, worker: int, count: int, ahead: int, far: str) -> None:
        with self.inside():
            first = str(clock.this_month() + ahead)
            given = answers(nik=self.ground.niks[worker], first_month=first, count=count, contact=f"{who}@contoh.test")
            self._as_far_as(promise(self.ground.cast.ids[who], given), far)

    @rule(which=ANY)
    def go_to_pay(self, which: int) -> None:
        with self.inside():
            if (order_id := self.pick(Order, which)) is not None:
                service.start_checkout(order_id)

    @rule(which=ANY)
    def look_again(self, which: int) -> None:
        with self.inside():
            if (order_id := self.pick(Order, which)) is not None:
                service.settle(order_id)

    @rule(which=ANY, far=FAR)
    def bill_again(self, which: int, far: str) -> None:
        with self.inside():
            if (order_id := self.pick(Order, which, Order.state.in_((OrderState.expired, OrderState.cancelled)))) is not None:
                self._as_far_as(checkout.open_again(order_id)[0], far)

    @rule(which=ANY, count=st.sampled_from([1, 3, 6]), far=FAR)
    def renew(self, which: int, count: int, far: str) -> None:
        with self.inside():
            if (row_id := self.pick(Sponsorship, which)) is not None:
                row = sponsorships.get(row_id)
                offers = prices.renewals(row, sponsorships.next_start(row.worker_id, clock.today()))
                total = next(offer.total_rupiah for offer in offers if offer.count == count)
                self._as_far_as(checkout.renew(row_id, count, str(total))[0], far)

    @rule(
        which=ANY,
        months=st.sampled_from([1, 1, 3]),
        card=st.sampled_from(["good", "good", "declined_later", "asks_later"]),
        far=st.sampled_from(["asked", "page", "saved", "saved", "saved"]),
    )
    def a_card_is_saved(self, which: int, months: int, card: str, far: str) -> None:
        """A sponsor's yes to automatic renewal, stopping somewhere."""
        with self.inside():
            if (row_id := self.pick(Sponsorship, which)) is None:
                return
            with transaction():
                row = sponsorships.get(row_id, lock=True)
                consent_id = autopay.ask(actor=row.sponsor.ref, sponsorship=row, months=months, locale="id").id
            if far != "asked":
                autopay.open_setup(consent_id)
            if far == "saved":
                session_id = db.session.get_one(Autopay, consent_id).setup_session
                db.session.rollback()
                self.near.saved.save(session_id or "", card)
                autopay.learn_setup(consent_id)

    @rule(which=ANY)
    def it_renews_itself_no_more(self, which: int) -> None:
        with self.inside():
            if (row_id := self.pick(Sponsorship, which, Sponsorship.auto)) is not None:
                with transaction():
                    row = sponsorships.get(row_id, lock=True)
                    autopay.stop(actor=row.sponsor.ref, sponsorship=row)

    @rule(which=ANY)
    def cancel(self, which: int) -> None:
        with self.inside():
            if (row_id := self.pick(Sponsorship, which)) is not None:
                with transaction():
                    row = sponsorships.get(row_id, lock=True)
                    service.cancel_sponsorship(actor=row.sponsor, sponsorship=row)

    @rule(which=ANY, words=st.sampled_from(["Sudah", "😀 <b>", " "]))
    def answer(self, which: int, words: str) -> None:
        with self.inside():
            if (row_id := self.pick(Sponsorship, which)) is not None:
                with transaction():
                    row = sponsorships.get(row_id, lock=True)
                    sponsorship_service.answer(actor=row.sponsor.ref, sponsorship=row, text=words)

    # ---- at the payment service

    @rule(which=ANY, act=st.sampled_from(["pay", "pay", "pay_again", "decline", "pay_later", "in", "in", "never"]))
    def at_the_page(self, which: int, act: str) -> None:
        wanted = {"pay_again": ("complete", "paid"), "in": ("complete", "unpaid"), "never": ("complete", "unpaid")}
        status = wanted.get(act, ("open", "unpaid"))
        sessions = [row for row in self.near.things("checkout.session") if (row["status"], row["payment_status"]) == status]
        if not sessions:
            return
        session_id, bank = sessions[which % len(sessions)]["id"], self.near.bank
        with clock.frozen(self.now), suppress(ApiError):
            if act in ("in", "never"):
                bank.settle_later(session_id, success=act == "in")
            else:
                getattr(bank, act)(session_id)

    @rule(what=st.sampled_from(["down", "up", "up", "lost", "pending", "failed", "failed"]))
    def trouble(self, what: str) -> None:
        """The line to the payment service breaks, or one answer is lost, or the next refund waits or fails."""
        if what == "lost":
            self.near.lose_answers = 1
        elif what in ("down", "up"):
            self.near.down = what == "down"
        else:
            self.near.store.set("refunds_next", [what])

    @rule(which=ANY, status=st.sampled_from(["succeeded", "failed", "canceled"]))
    def the_bank_says_of_a_refund(self, which: int, status: str) -> None:
        rows = self.near.things("refund")
        if rows:
            with clock.frozen(self.now), suppress(ApiError):
                self.near.bank.settle_refund(rows[which % len(rows)]["id"], status)

    # ---- events

    @rule(dice=st.randoms(use_true_random=False), handled=st.booleans())
    def new_events_come_in_any_order(self, dice: Any, handled: bool) -> None:
        fresh = [event for event in self.near.events() if event["id"] not in self.told]
        dice.shuffle(fresh)
        with self.inside():
            self._tell(fresh[: dice.randint(0, len(fresh))])
            if handled:
                jobs.handle_new_events()

    @rule(which=ANY, times=st.integers(1, 3))
    def an_old_event_comes_again(self, which: int, times: int) -> None:
        events = self.near.events()
        with self.inside():
            self._tell([events[which % len(events)]] * times if events else [])

    @rule(which=ANY, how=st.sampled_from(FORGERIES))
    def a_forged_event_is_refused(self, which: int, how: str) -> None:
        events = self.near.events()
        if events:
            with self.inside():
                assert self.near.post(self.app, events[which % len(events)] | {"id": f"evt_forged{which}"}, how) == 400

    # ---- officers

    def _seen(self, row: Sponsorship) -> str:
        return review_queries.mark_of(row, coverage_queries.months_of_sponsorship(row.id))

    @rule(which=ANY, who=OFFICERS, act=st.sampled_from(["approve", "approve", "approve", "reject", "ask"]))
    def decide(self, which: int, who: str, act: str) -> None:
        with self.inside() as session:
            row_id = self.pick(Sponsorship, which, Sponsorship.review_state.in_(("submitted", "needs_info")))
            if row_id is None:
                return
            seen = self._seen(sponsorships.get(row_id))
            with transaction():
                officer = session.get_one(Person, self.ground.cast.ids[who])
                on = {"officer": officer, "sponsorship": sponsorships.get(row_id, lock=True), "seen": seen}
                match act:
                    case "approve":
                        review.approve(**on, exception="dikenal RT")
                    case "reject":
                        review.reject(**on, reason=RejectReason.no_consent)
                    case _:
                        review.ask(**on, question="Apa pekerjaannya?")

    # ---- on to BPJS, and its answers

    def _person(self, who: str) -> Person:
        return db.session.get_one(Person, self.ground.cast.ids[who])

    @rule(
        who=FINANCE,
        ahead=st.integers(0, 6),
        most=st.sampled_from([2, 100]),
        far=st.sampled_from(["draft", "locked", "code", "paid"]),
    )
    def months_are_gathered(self, who: str, ahead: int, most: int, far: str) -> None:
        """A batch, and the usual steps as far as somebody got today."""
        with self.inside():
            with transaction():
                batch_id = remittance.gather(actor=self._person(who), through=clock.this_month() + ahead, most=most).id
            if far != "draft":
                self._step(batch_id, who, "lock")
            if far in ("code", "paid"):
                self._step(batch_id, who, "code")
            if far == "paid":
                self._step(batch_id, "agus" if who == "maya" else "maya", "pay")

    @rule(which=ANY, who=FINANCE, act=st.sampled_from(["lock", "code", "pay", "pay", "drop"]))
    def a_batch_goes_on(self, which: int, who: str, act: str) -> None:
        with self.inside():
            if (batch_id := self.pick(Batch, which)) is not None:
                self._step(batch_id, who, act)

    def _step(self, batch_id: int, who: str, act: str) -> None:
        with transaction():
            actor, batch = self._person(who), batches.get_by_id(batch_id, lock=True)
            match act:
                case "lock":
                    remittance.lock(actor=actor, batch=batch)
                case "code":
                    remittance.note_code(actor=actor, batch=batch, code="8877001")
                case "pay":
                    remittance.mark_paid(actor=actor, batch=batch, proof="TRX 1", amount_rupiah=batch.amount_rupiah)
                case _:
                    remittance.drop(actor=actor, batch=batch, reason="salah bulan")

    @rule(which=ANY, result=st.sampled_from([*Result, Result.posted]), reason=st.sampled_from(list(BounceReason)))
    def bpjs_answers(self, which: int, result: Result, reason: BounceReason) -> None:
        with self.inside() as session:
            if (line_id := self.pick(Line, which, Line.state == LineState.paid)) is not None:
                with transaction():
                    actor = self._person("maya")
                    batch = batches.get_by_id(session.get_one(Line, line_id).batch_id, lock=True)
                    line = session.get_one(Line, line_id, with_for_update=True)
                    why = reason if result is Result.bounced else None
                    answers_of_bpjs.answer_by_hand(
                        actor=actor, batch=batch, line=line, result=result, reason=why, evidence="surat 12"
                    )

    @rule(which=ANY, who=OFFICERS, act=st.sampled_from(["correct", "return", "confirm", "confirm", "reject"]))
    def a_bounced_month_is_mended(self, which: int, who: str, act: str) -> None:
        with self.inside() as session:
            if (repair_id := self.pick(Repair, which)) is not None:
                with transaction():
                    actor, row = self._person(who), batches.get_repair(session.get_one(Repair, repair_id).ref, lock=True)
                    match act:
                        case "correct":
                            repairs.propose_correction(actor=actor, row=row, name=f"Ibu {which}", nik_text="")
                        case "return":
                            repairs.propose_return(actor=actor, row=row)
                        case "confirm":
                            repairs.confirm(actor=actor, row=row, seen=row.repair.mark or "")
                        case _:
                            repairs.reject(actor=actor, row=row)

    @rule(worker=st.integers(0, 2), ahead=st.integers(0, 8))
    def the_city_pays(self, worker: int, ahead: int) -> None:
        with self.inside() as session:
            row_id = self.pick(Worker, worker)
            if row_id is not None:
                with transaction():
                    row = session.get_one(Worker, row_id)
                    months = span(clock.this_month() + ahead, 2)
                    coverage_service.add_external(
                        actor="system", worker=row, months=months, payer_kind=PayerKind.government, evidence="SK wali kota"
                    )

    @rule(which=ANY, who=st.sampled_from(["maya", "agus"]))
    def finance_sends_parked_money_back(self, which: int, who: str) -> None:
        with self.inside() as session:
            row_id = self.pick(Suspense, which, Suspense.state == SuspenseState.open)
            if row_id is not None:
                with transaction():
                    row = session.get_one(Suspense, row_id, with_for_update=True)
                    asker = session.get_one(Person, self.ground.cast.ids[who])
                    service.refund_suspense(actor=asker.ref, suspense=row, requested_by=asker)

    @rule(which=ANY, who=st.sampled_from(["maya", "agus"]))
    def somebody_agrees_to_a_refund(self, which: int, who: str) -> None:
        with self.inside() as session:
            row_id = self.pick(Refund, which, Refund.state == RefundState.requested)
            if row_id is not None:
                with transaction():
                    actor = session.get_one(Person, self.ground.cast.ids[who])
                    service.agree_refund(actor=actor, refund=queries.get_refund(row_id, lock=True))

    # ---- time, jobs, restarts

    @rule(name=st.sampled_from(list(PAUSES)))
    def time_passes(self, name: str) -> None:
        self.now += PAUSES[name]

    @rule(name=st.sampled_from(["events", "refunds", "expire", "reconcile", "renewals", "remittance", "autopay", "sweep"]))
    def a_job_runs(self, name: str) -> None:
        with self.inside():
            self._job(name)

    def _job(self, name: str) -> None:
        match name:
            case "events":
                jobs.handle_new_events()
            case "refunds":
                jobs.send_refunds()
            case "expire":
                jobs.expire_orders()
            case "reconcile":
                with suppress(StripeError):
                    jobs.reconcile()
            case "renewals":
                review_jobs.approve_renewals()
            case "remittance":
                remittance_jobs.work()
            case "autopay":
                autopay_jobs.work()
                with transaction() as session:
                    soon = (Notice.kind == "autopay_soon", Notice.state == NoticeState.queued)
                    session.execute(sa.update(Notice).where(*soon).values(state=NoticeState.sent, sent_at=clock.now()))
            case _:
                assert sponsorship_jobs.sweep(clock.today())["failed"] == 0

    @rule(really=st.integers(0, 2))
    def the_application_starts_anew(self, really: int) -> None:
        if not really:
            self._stop()
            self._start()

    def _stop(self) -> None:
        with self.app.app_context():
            db.engine.dispose()

    # ---- what must hold

    @invariant()
    def the_books_check_out(self) -> None:
        assert self.faults.seen == []
        if self.touched:
            with clock.frozen(self.now), self.app.app_context():
                assert books.broken(books.check()) == []
            self.touched = False

    def teardown(self) -> None:
        try:
            if not self.faults.seen:
                self._settle_down()
        finally:
            logging.getLogger("sertakan").removeHandler(self.faults)
            self._stop()
            self.near.close()
            self.drop()

    def _settle_down(self) -> None:
        """Everything that is still under way comes to its end, and then both sides' books say the same."""
        self.near.down, self.near.lose_answers = False, 0
        for _ in range(3):
            with self.inside():
                self._tell(self.near.events())
            for name in ("events", "expire", "reconcile", "refunds", "remittance", "autopay", "events", "sweep"):
                with self.inside():
                    self._job(name)
            self.now += timedelta(hours=2)
        assert self.faults.seen == []
        with clock.frozen(self.now), self.app.app_context():
            assert books.broken(books.check()) == []
            self._agree_with_the_bank()
            self._nothing_is_left_undone()
            self._the_trail_tells_every_state()
            self._count()

    def _agree_with_the_bank(self) -> None:
        theirs = self.near.bank.books()["orders"]
        for order in db.session.scalars(select(Order)):
            money = theirs.get(order.ref, {"charged_rupiah": 0, "refunded_rupiah": 0})
            booked = db.session.scalars(select(Payment.amount_rupiah).where(Payment.order_id == order.id)).all()
            gone = (
                select(Refund.amount_rupiah)
                .join(Payment)
                .where(Payment.order_id == order.id, Refund.state.in_((RefundState.sent, RefundState.succeeded)))
            )
            ours = (sum(booked), sum(db.session.scalars(gone)))
            assert ours == (money["charged_rupiah"], money["refunded_rupiah"]), order.state

    def _nothing_is_left_undone(self) -> None:
        waiting = (EventState.new, EventState.parked)
        assert db.session.scalars(select(ProviderEvent.kind).where(ProviderEvent.state.in_(waiting))).all() == []
        assert db.session.scalars(select(Refund.ref).where(Refund.state == RefundState.approved)).all() == []
        over = Order.state == OrderState.opening
        assert db.session.scalars(select(Order.ref).where(over, Order.expires_at < self.now - timedelta(hours=1))).all() == []

        kept = Autopay.method.is_not(None) & Autopay.detached_at.is_(None)
        assert db.session.scalars(select(Autopay.ref).where(kept, Autopay.state == ConsentState.ended)).all() == []
        assert db.session.scalars(select(AutoCharge.ref).where(AutoCharge.state == ChargeState.trying)).all() == []
        for charge in db.session.scalars(select(AutoCharge).where(AutoCharge.state == ChargeState.paid)):
            assert charge.order is not None and charge.order.amount_rupiah == charge.amount_rupiah, "never another price"

    def _the_trail_tells_every_state(self) -> None:
        for month in db.session.scalars(select(CoverageMonth)):
            assert audit.list_for(f"month:{month.ref}", 1)[0].action == f"month.{month.state.value}"
        for refund in db.session.scalars(select(Refund)):
            last = audit.list_for(f"refund:{refund.ref}", 1)[0].action
            assert last in {f"refund.{refund.state.value}", "refund.request", "suspense.refund"}, (last, refund.state)
        for row in db.session.scalars(select(Sponsorship)):
            said = {entry.action for entry in audit.list_for(f"sponsorship:{row.ref}", 200)}
            assert row.review_state is not ReviewState.approved or "sponsorship.approve" in said

    def _count(self) -> None:
        for column in WITNESSED:
            for state, many in db.session.execute(select(column, func.count()).group_by(column)):
                self.seen[f"{column.class_.__name__} {state}"] += many


WITNESSED: tuple[Any, ...] = (
    *(model.state for model in (Order, CoverageMonth, Refund, Suspense, Batch, Line, Repair, Autopay, AutoCharge)),
    *(Sponsorship.review_state, Sponsorship.term_state, Payment.late),
)
# what the runs must have met, else they prove little; the rarer ones only when there are many
MUST_MEET = {
    *("Order paid", "Order expired", "Payment False", "CoverageMonth paid", "CoverageMonth released", "CoverageMonth refunded"),
    *("Sponsorship approved", "Sponsorship rejected", "Sponsorship running", "Refund succeeded"),
    *("CoverageMonth remitted", "Batch paid", "Line paid"),
    *("Autopay living", "Autopay ended"),
}
RARE = {
    *("Order cancelled", "Payment True", "CoverageMonth posted", "Refund failed", "Suspense open", "Suspense refunded"),
    *("Sponsorship needs_info", "Sponsorship withdrawn", "Sponsorship cancelled"),
    *("AutoCharge announced", "AutoCharge paid", "AutoCharge failed", "AutoCharge dropped"),
    *("CoverageMonth bounced", "Batch dropped", "Batch closed", "Batch partly_closed", "Repair repaired", "Repair given_back"),
}


def test_r3_whatever_happens_in_whatever_order_the_books_check_out(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "real_now", clock.now)
    monkeypatch.setattr(Shop, "ground", ground, raising=False)
    run_state_machine_as_test(
        Shop,
        settings=settings(
            max_examples=RUNS,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            derandomize=RUNS == 30,
            phases=(Phase.generate,) if RUNS > 30 else (Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
    wanted = MUST_MEET | (RARE if RUNS >= 200 else set())
    assert set(Shop.seen) >= wanted, sorted(wanted - set(Shop.seen))
