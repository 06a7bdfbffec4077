"""Reading the tariff. The book stays in the process; at most once a second one small statement asks whether a row has changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from time import monotonic
from typing import Any, TypeVar

from flask import abort, current_app
from sqlalchemy import func, select

from sertakan.db import db
from sertakan.kit.months import Month
from sertakan.tariff import models, rules
from sertakan.tariff.reference import COMMON, GROUPS
from sertakan.tariff.rules import Package, PayerKind, Quote, Sector, TariffBook

LOOK_AGAIN_SECONDS = 1.0
Row = TypeVar("Row", models.Bracket, models.Rate, models.Relief)
Dated = models.Rate | models.Relief


@dataclass(frozen=True)
class Work:
    """An occupation as pages use it; `label` and `group_label` are msgids."""

    code: str
    label: str
    group: str
    sector: Sector
    icon: str
    likely_government_paid: bool


@dataclass(frozen=True)
class Group:
    code: str
    label: str
    icon: str


@dataclass
class _Kept:
    look_again: float
    stamp: tuple[Any, ...]
    book: TariffBook
    works: dict[str, Work]
    holidays: frozenset[date]


def _kept() -> _Kept:
    kept: _Kept | None = current_app.extensions.get("tariff")
    if kept is None or kept.look_again < monotonic():
        stamp = _stamp()
        if kept is None or kept.stamp != stamp:
            kept = _Kept(0.0, stamp, read_book(), _read_works(), frozenset(row.on_day for row in list_holidays()))
            current_app.extensions["tariff"] = kept
        kept.look_again = monotonic() + LOOK_AGAIN_SECONDS
    return kept


def _stamp() -> tuple[Any, ...]:
    """What differs as soon as a row was added, superseded or retired: rows are never overwritten."""
    asked: list[Any] = [func.count(models.Occupation.retired_on), func.count(models.Occupation.code)]
    for table in (models.Bracket, models.Rate, models.Relief, models.Holiday):
        asked += [func.count(table.id), func.max(table.recorded_at), func.max(table.superseded_at)]
    return tuple(db.session.execute(select(*(select(one).scalar_subquery() for one in asked))).one())


def read_book() -> TariffBook:
    """The living rows, read now (pages use `tariff_book`)."""
    brackets = [
        rules.Bracket(row.id, row.number, row.income_from_rupiah, row.base_rupiah, row.from_month, row.to_month, row.legal_basis)
        for row in _living(models.Bracket)
    ]
    rates = [
        rules.Rate(row.id, row.programme, row.basis_points, row.flat_rupiah, row.from_month, row.to_month, row.legal_basis)
        for row in _living(models.Rate)
    ]
    reliefs = [
        rules.Relief(
            row.id, row.sector, row.programme, row.percent, row.from_month, row.to_month, row.excludes_government, row.legal_basis
        )
        for row in _living(models.Relief)
    ]
    return TariffBook(brackets, rates, reliefs)


def _living(table: type[Row]) -> list[Row]:
    return list(db.session.scalars(select(table).where(table.superseded_at.is_(None)).order_by(table.id)))


def _read_works() -> dict[str, Work]:
    table = models.Occupation
    rows = db.session.execute(
        select(table.code, table.label, table.group, table.sector, table.icon, table.likely_government_paid)
        .where(table.retired_on.is_(None))
        .order_by(table.position)
    )
    return {row[0]: Work(*row) for row in rows}


def list_holidays(since: date | None = None) -> Sequence[models.Holiday]:
    """The days that stand, in order; read now (pages use `holidays`)."""
    statement = select(models.Holiday).where(models.Holiday.superseded_at.is_(None))
    if since is not None:
        statement = statement.where(models.Holiday.on_day >= since)
    return db.session.scalars(statement.order_by(models.Holiday.on_day)).all()


def holidays() -> frozenset[date]:
    """Every day on which offices rest, weekends apart."""
    return _kept().holidays


def get_row(table: str, row_id: int, lock: bool = False) -> Dated:
    """A living rate or relief window for the desk; 404 for one that was superseded."""
    return _dated(models.Rate, row_id, lock) if table == "rate" else _dated(models.Relief, row_id, lock)


def _dated(model: type[Row], row_id: int, lock: bool) -> Row:
    statement = select(model).where(model.id == row_id, model.superseded_at.is_(None))
    return db.session.scalars(statement.with_for_update() if lock else statement).first() or abort(404)


def get_holiday(holiday_id: int) -> models.Holiday:
    """One that stands, for writing, or 404."""
    statement = select(models.Holiday).where(models.Holiday.id == holiday_id, models.Holiday.superseded_at.is_(None))
    return db.session.scalars(statement.with_for_update()).first() or abort(404)


def tariff_book() -> TariffBook:
    """The living rows."""
    return _kept().book


def quote_for(
    months: list[Month],
    occupation_code: str,
    payer: PayerKind = PayerKind.private,
    package: Package = Package.jkk_jkm,
    income_rupiah: int | None = None,
) -> Quote:
    """The price of these months for a worker of this occupation; 404 for an unknown occupation."""
    return rules.quote(tariff_book(), months, get_occupation(occupation_code).sector, payer, package, income_rupiah)


def list_occupations() -> list[Work]:
    return list(_kept().works.values())


def find_occupation(code: str | None) -> Work | None:
    return _kept().works.get(code or "")


def get_occupation(code: str) -> Work:
    """The occupation of this code, or 404."""
    return find_occupation(code) or abort(404)


def common_occupations() -> list[tuple[Work, str]]:
    """The eight cards of the first question: the occupation and its label there (a msgid)."""
    return [(get_occupation(code), label) for code, label in COMMON]


def list_groups() -> list[Group]:
    return [Group(*group) for group in GROUPS]
