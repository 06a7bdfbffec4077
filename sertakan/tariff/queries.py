"""Reading the tariff. The book is kept in the process for a minute: rows change with a law, and every quote names the rows it used."""

from dataclasses import dataclass
from time import monotonic

from flask import abort, current_app
from sqlalchemy import select

from sertakan.db import db
from sertakan.kit.months import Month
from sertakan.tariff import models, rules
from sertakan.tariff.reference import COMMON, GROUPS
from sertakan.tariff.rules import Package, PayerKind, Quote, Sector, TariffBook

KEEP_SECONDS = 60.0


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


@dataclass(frozen=True)
class _Kept:
    until: float
    book: TariffBook
    works: dict[str, Work]


def _kept() -> _Kept:
    kept: _Kept | None = current_app.extensions.get("tariff")
    if kept is None or kept.until < monotonic():
        kept = _Kept(monotonic() + KEEP_SECONDS, _read_book(), _read_works())
        current_app.extensions["tariff"] = kept
    return kept


def _read_book() -> TariffBook:
    def living(
        model: type[models.Bracket] | type[models.Rate] | type[models.Relief],
    ) -> list[models.Bracket | models.Rate | models.Relief]:
        return list(db.session.scalars(select(model).where(model.superseded_at.is_(None)).order_by(model.id)))

    brackets = [
        rules.Bracket(row.id, row.number, row.income_from_rupiah, row.base_rupiah, row.from_month, row.to_month, row.legal_basis)
        for row in living(models.Bracket)
        if isinstance(row, models.Bracket)
    ]
    rates = [
        rules.Rate(row.id, row.programme, row.basis_points, row.flat_rupiah, row.from_month, row.to_month, row.legal_basis)
        for row in living(models.Rate)
        if isinstance(row, models.Rate)
    ]
    reliefs = [
        rules.Relief(
            row.id, row.sector, row.programme, row.percent, row.from_month, row.to_month, row.excludes_government, row.legal_basis
        )
        for row in living(models.Relief)
        if isinstance(row, models.Relief)
    ]
    return TariffBook(brackets, rates, reliefs)


def _read_works() -> dict[str, Work]:
    table = models.Occupation
    rows = db.session.execute(
        select(table.code, table.label, table.group, table.sector, table.icon, table.likely_government_paid)
        .where(table.retired_on.is_(None))
        .order_by(table.position)
    )
    return {row[0]: Work(*row) for row in rows}


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
