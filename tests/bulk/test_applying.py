"""From confirmed rows to promises and one bill: whole rows or none, nothing twice, and money that fills all of it at once."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from sertakan.bulk import applying, jobs, queries, service
from sertakan.bulk.models import Upload, UploadRow
from sertakan.bulk.rules import RowState, UploadState
from sertakan.coverage import queries as coverage_queries
from sertakan.coverage import service as coverage
from sertakan.coverage.models import CoverageMonth
from sertakan.coverage.rules import MonthState
from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.kit.months import Month
from sertakan.notices.models import Notice
from sertakan.payments import filling, incoming, refunds
from sertakan.payments import queries as payments
from sertakan.payments.models import Allocation, Invoice, Order, Receipt, Suspense
from sertakan.payments.rules import OrderState, RefundReason, SuspenseState
from sertakan.payments.service import close_unpaid, move_order
from sertakan.reports import books
from sertakan.review import service as review
from sertakan.sponsorships import queries as promises
from sertakan.sponsorships import rules as promise_rules
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import ReviewState, TermState
from sertakan.tariff.rules import PayerKind
from sertakan.workers.models import Consent, Worker
from tests import factories
from tests.bulk.files import csv_file, people
from tests.bulk.test_service import DECEMBER, checked, member
from tests.cast import Cast

PRICE = 8_400 + 2 * 16_800  # December with relief, January and February without
BANK = "a payment by bank transfer stands on a statement"  # here money comes without its line


@pytest.fixture(autouse=True)
def books_balance(app: Flask) -> Iterator[None]:
    """Whatever a test does, afterwards every question of the books has the answer "none"."""
    yield
    db.session.rollback()
    assert [line for line in books.broken(books.check()) if not line.startswith(BANK)] == []


def confirmed(cast: Cast, count: int = 4) -> int:
    """A file of so many people, submitted by Rina and confirmed by Budi."""
    upload = checked(cast, csv_file(people(count)))
    for who, verb in (("rina", service.submit), ("budi", service.confirm)):
        with transaction():
            row = queries.get(upload.id, lock=True)
            verb(actor=member(cast, who), upload=row, seen=row.mark or "")
    return upload.id


def bill_of(upload_id: int) -> Order:
    db.session.expire_all()
    order_id = queries.get(upload_id).order_id
    assert order_id is not None
    return payments.get_order(order_id)


def months(upload_id: int) -> list[MonthState]:
    mine = select(UploadRow.sponsorship_id).where(UploadRow.upload_id == upload_id)
    return list(db.session.scalars(select(CoverageMonth.state).where(CoverageMonth.sponsorship_id.in_(mine))))


def receive(order: Order, amount: int, mark: str) -> None:
    with transaction():
        incoming.receive(actor="gateway", order=payments.get_order(order.id, lock=True), amount_rupiah=amount, mark=mark)


def pay_elsewhere(worker: Worker, month: Month) -> None:
    with transaction():
        coverage.add_external(actor="officer", worker=worker, months=[month], payer_kind=PayerKind.government, evidence="SK 1")


def counts() -> dict[str, int]:
    return {model.__name__: factories.count(model) for model in (Worker, Sponsorship, CoverageMonth, Consent, Order, Invoice)}


def test_confirmed_rows_become_promises_and_one_bill(app: Flask, cast: Cast) -> None:
    upload_id, before = confirmed(cast), counts()
    assert jobs.apply_files() == 1
    upload, order = queries.get(upload_id), bill_of(upload_id)
    assert upload.state is UploadState.applied
    assert (order.amount_rupiah, order.state, order.organisation_id) == (4 * PRICE, OrderState.opening, cast.company_id)
    assert {name: after - before[name] for name, after in counts().items()} == {
        "Worker": 4,
        "Sponsorship": 4,
        "CoverageMonth": 12,
        "Consent": 4,
        "Order": 1,
        "Invoice": 1,
    }
    rows = db.session.scalars(select(UploadRow).where(UploadRow.upload_id == upload_id)).all()
    assert len({row.sponsorship_id for row in rows}) == 4
    one = promises.get(rows[0].sponsorship_id or 0)
    assert (one.organisation_id, one.sponsor_id, one.review_state, one.first_month) == (
        cast.company_id,
        cast.ids["rina"],
        ReviewState.submitted,
        DECEMBER,
    )
    assert one.fingerprint == service_fingerprint(one)
    assert len(one.worker.nik) == 16
    told = db.session.scalars(select(Notice.id).where(Notice.kind == "bill_ready")).all()
    assert len(told) == 2


def service_fingerprint(row: Sponsorship) -> str:
    """As the ordinary way would take it."""
    live = [(month.month, month.price_rupiah) for month in coverage_queries.months_of_sponsorship(row.id)]
    return promise_rules.fingerprint(promises.seen(row), live)


def test_doing_it_again_and_a_dead_worker_make_nothing_twice(app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    upload_id = confirmed(cast, 7)
    monkeypatch.setattr(applying, "CHUNK", 3)
    real = applying._apply_rows

    def dies(upload: Upload, rows: list[UploadRow]) -> None:
        real(upload, rows)
        if upload.rows_applied:
            raise RuntimeError("the power is gone in the middle of the second chunk")

    with monkeypatch.context() as broken:
        broken.setattr(applying, "_apply_rows", dies)
        with pytest.raises(RuntimeError):
            applying.apply(upload_id)
    assert (queries.get(upload_id).state, len(months(upload_id))) == (UploadState.applying, 9)
    assert applying.apply(upload_id) == UploadState.applied
    assert applying.apply(upload_id) == UploadState.applied
    assert len(months(upload_id)) == 21
    assert bill_of(upload_id).amount_rupiah == 7 * PRICE


def test_who_is_covered_meanwhile_or_gone_is_passed_over_and_the_others_go_on(app: Flask, cast: Cast) -> None:
    upload_id = confirmed(cast, 4)
    with transaction():
        first, second, *_others = queries.ready_rows(upload_id, 0, 10)
        entries = [applying.entry_of(row, {}) for row in (first, second)]
    taken = factories.worker(nik=entries[0].number.digits, born_on=entries[0].number.born_on)
    pay_elsewhere(taken, Month(2027, 1))
    gone = factories.worker(nik=entries[1].number.digits, born_on=entries[1].number.born_on)
    with transaction():
        db.session.get_one(Worker, gone.id).state = applying.WorkerState.deceased
    applying.apply(upload_id)
    rows = queries.rows_by_number(upload_id, [first.row_number, second.row_number])
    assert [(row.state, row.kind) for row in rows] == [(RowState.skipped, "covered"), (RowState.skipped, "gone")]
    assert bill_of(upload_id).amount_rupiah == 2 * PRICE
    assert (queries.get(upload_id).counts or {})["skipped"] == 2


def test_a_bill_of_nobody_is_no_bill(app: Flask, cast: Cast) -> None:
    upload_id = confirmed(cast, 1)
    [row] = queries.ready_rows(upload_id, 0, 10)
    entry = applying.entry_of(row, {})
    taken = factories.worker(nik=entry.number.digits, born_on=entry.number.born_on)
    pay_elsewhere(taken, DECEMBER)
    assert applying.apply(upload_id) == UploadState.applied
    assert queries.get(upload_id).order_id is None


def test_money_fills_every_month_at_once_and_approved_promises_begin(app: Flask, cast: Cast) -> None:
    upload_id = confirmed(cast)
    applying.apply(upload_id)
    order, [first, *_others] = bill_of(upload_id), queries.rows_by_number(upload_id, [2, 3, 4, 5])
    with transaction():
        row = promises.get(first.sponsorship_id or 0, lock=True)
        review.approve(officer=cast.dewi, sponsorship=row, seen=row.fingerprint, exception="Pernyataan perusahaan")
    receive(order, order.amount_rupiah, "a")
    assert set(months(upload_id)) == {MonthState.paid}
    assert bill_of(upload_id).state is OrderState.paid
    assert factories.count(Allocation) == 12
    assert db.session.scalar(select(func.sum(Allocation.amount_rupiah))) == 4 * PRICE
    assert promises.get(row.id).term_state is TermState.running
    assert queries.stages(queries.get(upload_id)) == {
        "promised": 4,
        "paid": 4,
        "approved": 1,
        "remitted": 0,
        "posted": 0,
        "out": 0,
    }
    [receipt] = db.session.scalars(select(Receipt)).all()
    assert db.session.scalars(select(Notice.kind).where(Notice.kind == "bill_paid")).all() == ["bill_paid"]
    assert receipt.payment.amount_rupiah == 4 * PRICE


def test_a_bill_is_paid_in_parts_and_what_is_over_waits_for_a_person(app: Flask, cast: Cast) -> None:
    upload_id = confirmed(cast)
    applying.apply(upload_id)
    order = bill_of(upload_id)
    receive(order, 50_000, "a")
    assert set(months(upload_id)) == {MonthState.reserved}
    assert incoming.received(order.id) == 50_000
    receive(order, order.amount_rupiah, "b")
    assert set(months(upload_id)) == {MonthState.paid}
    [over] = db.session.scalars(select(Suspense).where(Suspense.state == SuspenseState.open)).all()
    assert (over.amount_rupiah, over.reason) == (50_000, RefundReason.overpayment)


def test_a_month_that_is_not_to_be_had_any_more_goes_back(app: Flask, cast: Cast) -> None:
    upload_id = confirmed(cast)
    applying.apply(upload_id)
    order, [first, *_others] = bill_of(upload_id), queries.rows_by_number(upload_id, [2, 3, 4, 5])
    with transaction():
        row = promises.get(first.sponsorship_id or 0, lock=True)
        refunds.cancel_sponsorship(actor=cast.rina, sponsorship=row)
    with transaction():
        locked = payments.get_order(order.id, lock=True)
        payment = filling.add_payment(locked, "pi_1", locked.amount_rupiah, late=False)
        move_order(locked, OrderState.paid)
        filling.fill(locked, payment)
    assert sorted(months(upload_id)) == [MonthState.paid] * 9 + [MonthState.released] * 3
    assert payments.refunds_of(bill_of(upload_id).sponsorship_id)[0].amount_rupiah == PRICE


def test_a_bill_past_its_day_is_closed_and_its_months_are_free(app: Flask, cast: Cast) -> None:
    upload_id = confirmed(cast)
    applying.apply(upload_id)
    order = bill_of(upload_id)
    with clock.frozen(clock.now() + timedelta(days=13)):
        assert order.id not in payments.over_orders()
    with clock.frozen(clock.now() + timedelta(days=16)):
        assert order.id in payments.over_orders()
        with transaction():
            close_unpaid(payments.get_order(order.id, lock=True), reason="time over")
    assert set(months(upload_id)) == {MonthState.released}
    states = db.session.execute(
        select(Sponsorship.review_state, Sponsorship.term_state).where(Sponsorship.organisation_id.is_not(None))
    )
    assert {tuple(row) for row in states} == {(ReviewState.withdrawn, TermState.cancelled)}
    assert db.session.scalars(select(Notice.kind).where(Notice.kind == "bill_closed")).all() == ["bill_closed"]


def test_invoices_have_no_gaps(app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    upload_id = confirmed(cast, 2)

    def breaks(*_anything: object) -> None:
        raise RuntimeError("a bill that did not come to be gives its number back")

    with monkeypatch.context() as broken:
        broken.setattr(applying, "_tell", breaks)
        with pytest.raises(RuntimeError):
            applying.apply(upload_id)
    assert factories.count(Invoice) == 0
    applying.apply(upload_id)
    [invoice] = db.session.scalars(select(Invoice)).all()
    assert invoice.label == "TG-2026-000001"
