"""What the administrator's desk shows: the rows that stand, what a new one would change, and the days on which offices rest."""

from dataclasses import dataclass
from typing import Any

from flask import render_template

from sertakan.kit import clock
from sertakan.kit.errors import Refused
from sertakan.kit.months import Month, due_on, span
from sertakan.tariff import queries, rules, service
from sertakan.tariff.forms import CloseForm, HolidayForm, RateForm, ReliefForm
from sertakan.tariff.rules import FractionalRupiah, PayerKind, Rate, Relief, Sector
from sertakan.web.forms import BaseForm

PREVIEW_MONTHS = 6
DUE_MONTHS = 6
FORMS: tuple[type[BaseForm], ...] = (ReliefForm, RateForm, CloseForm, HolidayForm)


@dataclass(frozen=True)
class Preview:
    """A month's price in one sector with two programmes, for a resident's money, before and after; rupiah."""

    month: Month
    sector: Sector
    before: int | None
    after: int | None


def preview(row: Rate | Relief) -> list[Preview]:
    """What a quote would say from the row's first month on. Refuses PartsOfRupiah."""
    book = queries.tariff_book()
    after = rules.with_row(book, row)
    months = span(row.from_month, PREVIEW_MONTHS)
    return [
        Preview(month, sector, _price(book, month, sector), _price(after, month, sector)) for sector in Sector for month in months
    ]


def _price(book: rules.TariffBook, month: Month, sector: Sector) -> int | None:
    try:
        return rules.price(book, month, sector, PayerKind.private, rules.Package.jkk_jkm).total_rupiah
    except rules.NoTariff:
        return None
    except FractionalRupiah as error:
        raise service.PartsOfRupiah from error


def page(form: BaseForm | None = None, *, status: int = 200, shown: list[Preview] | None = None, at: str = "") -> Any:
    """The desk with one form as it was typed; the others are empty. `at`: which row's closing was refused."""
    forms = {kind.__name__: form if isinstance(form, kind) else kind(formdata=None) for kind in FORMS}
    book, today = queries.tariff_book(), clock.today()
    this = Month.of(today)
    body = render_template(
        "tariff/desk.html",
        form=form or forms["ReliefForm"],
        forms=forms,
        book=book,
        this=this,
        preview=shown,
        at=at,
        holidays=queries.list_holidays(this.first_day),
        dues=[(month, due_on(month, queries.holidays())) for month in span(this, DUE_MONTHS)],
    )
    return body, status


def refused(form: BaseForm, no: Refused, at: str = "") -> Any:
    """The desk again, with the rule's sentence beside what was typed."""
    form.refuse(no)
    return page(form, status=no.status, at=at)
