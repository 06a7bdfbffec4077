"""The books by month, day and payer: every drill-down adds up to the total (I20), and a day is a day in Pontianak."""

from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import select, text

from sertakan.accounts.models import Person
from sertakan.db import bare_writes, db, transaction
from sertakan.kit import clock
from sertakan.kit.months import Month
from sertakan.payments.models import Payment
from sertakan.reports import money
from sertakan.reports.money import Money
from sertakan.tariff.rules import PayerKind


@pytest.fixture
def app(demo_app: Flask) -> Flask:
    """The demo's months: money in every place that it can be in."""
    return demo_app


def add(rows: list[Money]) -> tuple[int, ...]:
    return tuple(
        sum(getattr(row, name) for row in rows) for name in ("received", "in_months", "suspense", "refunded", "refunding")
    )


def all_months() -> list[Money]:
    rows: list[Money] = []
    last: Month | None = clock.this_month()
    while last is not None:
        page = money.by_month(last)
        rows += page.rows
        last = page.older
    return rows


def all_payers(kind: PayerKind) -> list[Money]:
    rows: list[Money] = []
    after = None
    while True:
        page = money.by_payer(kind, after)
        rows += [row.money for row in page.rows]
        after = page.after
        if after is None:
            return rows


def test_i20_every_drill_down_adds_up_to_the_total(app: Flask) -> None:
    whole = add([money.total()])
    assert money.total().balances and min(whole[:4]) > 0
    months = all_months()
    assert add(months) == whole
    assert add(list(money.by_kind().values())) == whole
    for month in months:
        assert add(money.by_day(Month.parse(month.bucket))) == add([month])
    for kind, row in money.by_kind().items():
        payers = all_payers(kind)
        assert add(payers) == add([row])
        assert len({payer.bucket for payer in payers}) == len(payers)


def test_every_bucket_balances_and_a_missing_rupiah_shows_where_it_is_missing(app: Flask) -> None:
    assert all(row.balances for row in all_months())
    with bare_writes():
        db.session.execute(text("UPDATE payment SET amount_rupiah = amount_rupiah + 1 WHERE id = (SELECT min(id) FROM payment)"))
        db.session.commit()
    assert not money.total().balances
    assert len([row for row in all_months() if not row.balances]) == 1


def test_the_last_second_of_a_day_and_the_first_of_the_next_are_two_days(app: Flask) -> None:
    first, second = db.session.scalars(select(Payment.id).order_by(Payment.id)).all()[:2]
    with transaction():
        db.session.get_one(Payment, first).received_at = datetime(2025, 12, 31, 16, 59, 59, tzinfo=UTC)
        db.session.get_one(Payment, second).received_at = datetime(2025, 12, 31, 17, 0, 0, tzinfo=UTC)
    assert [row.bucket for row in money.by_day(Month(2025, 12))] == ["2025-12-31"]
    assert "2026-01-01" in [row.bucket for row in money.by_day(Month(2026, 1))]


def test_a_person_is_shown_by_initials_and_an_organisation_by_name(app: Flask) -> None:
    names = set(db.session.scalars(select(Person.name)))
    shown = {row.name for kind in (PayerKind.private, PayerKind.company) for row in money.by_payer(kind, None).rows}
    assert not names & shown
    assert "PT Kapuas Jaya Lestari" in shown


def test_the_pages_show_the_drill_downs(app: Flask, as_) -> None:  # type: ignore[no-untyped-def]
    nina = as_("nina")
    nina.get("/petugas/buku").sees("Menurut bulan uangnya datang", "Warga", "Perusahaan")
    month = money.by_month(clock.this_month()).rows[0].bucket
    nina.get(f"/petugas/buku/{month}").sees("Menurut hari", "Seimbang")
    nina.get("/petugas/buku/pembayar/private").sees("Berikutnya", "•••")
    assert nina.get("/petugas/buku/bulan").status == 404
    assert nina.get("/petugas/buku/pembayar/siapa").status == 404
