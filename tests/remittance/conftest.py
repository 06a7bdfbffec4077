"""The finance desk: promises whose books check out, and the few steps of a batch that the tests of this room are made of."""

import csv
import io
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from sertakan.coverage.models import CoverageMonth
from sertakan.coverage.rules import MonthState
from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.kit.months import Month
from sertakan.payments.models import Allocation, Order, OrderLine, Payment, Receipt
from sertakan.payments.rules import OrderState
from sertakan.remittance import answers, jobs, queries, service
from sertakan.remittance.models import AnswerFile, Batch, Line, Repair
from sertakan.review.models import Decision
from sertakan.review.rules import Outcome
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import ReviewState, TermState
from sertakan.workers.models import Worker
from tests import factories
from tests.cast import Cast

DECEMBER = Month(2026, 12)
TITLES = ["NIK", "Bulan iuran", "Jumlah iuran", "Hasil", "Alasan", "Bukti"]
_number = itertools.count(1)


def fund(sponsorship: Sponsorship) -> None:
    """The bill, the payment, the money in each month, the receipt and the officer's yes for an approved promise."""
    number, now = next(_number), clock.now()
    with transaction() as session:
        promise = session.get_one(Sponsorship, sponsorship.id)
        months = session.scalars(select(CoverageMonth).where(CoverageMonth.sponsorship_id == promise.id)).all()
        amount = sum(month.price_rupiah for month in months)
        order = Order(
            sponsorship_id=promise.id,
            amount_rupiah=amount,
            state=OrderState.paid,
            idempotency_key=f"desk-{number}",
            locale="id",
            created_at=now,
            expires_at=now + timedelta(hours=1),
            session_expires_at=now + timedelta(hours=1),
            paid_at=now,
        )
        session.add(order)
        session.flush()
        payment = Payment(order_id=order.id, provider_intent=f"pi_desk_{number}", amount_rupiah=amount, received_at=now)
        session.add(payment)
        session.flush()
        for month in months:
            line = {"coverage_month_id": month.id, "amount_rupiah": month.price_rupiah}
            session.add(OrderLine(order_id=order.id, **line))
            session.add(Allocation(payment_id=payment.id, created_at=now, **line))
        session.add(Receipt(year=2026, number=factories.count(Receipt) + 1, payment_id=payment.id, issued_at=now))
        session.add(
            Decision(
                sponsorship_id=promise.id,
                officer_id=None,
                maker_id=promise.maker_id,
                sponsor_id=promise.sponsor_id,
                outcome=Outcome.approved,
                fingerprint=promise.fingerprint,
                checks=[],
                decided_at=now,
            )
        )


@dataclass
class Desk:
    app: Flask
    cast: Cast

    def promise(
        self, who: str = "sari", worker: Worker | None = None, *, first: str = "2026-12", count: int = 1, **more: Any
    ) -> int:
        """An approved, running, wholly paid promise; its id."""
        more = {"review": ReviewState.approved, "term": TermState.running, "state": MonthState.paid} | more
        promise = factories.sponsorship(getattr(self.cast, who), worker, first=first, count=count, **more)
        promise_id = promise.id
        fund(promise)
        return promise_id

    # ---- steps

    def gather(self, through: Month = DECEMBER, most: int = 1_000) -> str:
        with transaction():
            return service.gather(actor=self.cast.maya, through=through, most=most).code

    def lock(self, code: str, who: str = "maya") -> int:
        with transaction():
            return service.lock(actor=getattr(self.cast, who), batch=queries.get(code, lock=True))

    def code(self, code: str, payment_code: str = "BPU-2026-1") -> None:
        with transaction():
            service.note_code(actor=self.cast.maya, batch=queries.get(code, lock=True), code=payment_code)

    def pay(self, code: str, who: str = "agus", *, off: int = 0) -> None:
        with transaction():
            batch = queries.get(code, lock=True)
            service.mark_paid(
                actor=getattr(self.cast, who), batch=batch, proof="BUKTI-77", amount_rupiah=batch.amount_rupiah + off
            )

    def paid(self, through: Month = DECEMBER) -> str:
        """A batch of everything, paid on to BPJS, its months stamped."""
        code = self.gather(through)
        self.lock(code)
        self.code(code)
        self.pay(code)
        jobs.work()
        return code

    def answer(
        self, code: str, rows: Sequence[Sequence[Any]], *, titles: Sequence[str] = TITLES, work: bool = True
    ) -> AnswerFile:
        with transaction():
            file = answers.receive(actor=self.cast.maya, batch=queries.get(code, lock=True), data=table([titles, *rows]))
            ref = file.ref
        if work:
            jobs.work()
        return self.file(ref)

    # ---- rows

    def file(self, ref: str) -> AnswerFile:
        db.session.rollback()
        return db.session.scalars(select(AnswerFile).where(AnswerFile.ref == ref)).one()

    def batch(self, code: str) -> Batch:
        db.session.rollback()
        return queries.get(code)

    def months(self, promise_id: int) -> list[CoverageMonth]:
        db.session.rollback()
        statement = select(CoverageMonth).where(CoverageMonth.sponsorship_id == promise_id)
        return list(db.session.scalars(statement.order_by(CoverageMonth.month)))

    def states(self, promise_id: int) -> list[str]:
        return [month.state.value for month in self.months(promise_id)]

    def lines(self, code: str) -> list[Line]:
        batch = self.batch(code)
        return list(db.session.scalars(select(Line).where(Line.batch_id == batch.id).order_by(Line.id)))

    def repair(self) -> str:
        db.session.rollback()
        return db.session.scalars(select(Repair.ref).order_by(Repair.id.desc())).first() or ""

    def nik(self, promise_id: int) -> str:
        db.session.rollback()
        return str(db.session.get_one(Sponsorship, promise_id).worker.nik)

    def rows_for(self, *promises: int, result: str = "Berhasil", reason: str = "") -> list[list[str]]:
        """An answer's rows that fit these promises' months."""
        found = []
        for promise_id in promises:
            nik = self.nik(promise_id)
            for month in self.months(promise_id):
                found.append([nik, str(month.month), str(month.price_rupiah), result, reason, ""])
        return found


def table(rows: Sequence[Sequence[Any]], encoding: str = "utf-8") -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=";").writerows(rows)
    return out.getvalue().encode(encoding)


@pytest.fixture
def desk(app: Flask, cast: Cast) -> Desk:
    return Desk(app, cast)
