"""`/tarif`: what a month costs, why it changes, and by which law. Public, reads only, needs no script."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, make_response, render_template, request, url_for
from flask_babel import gettext as _

from sertakan.kit.months import Month
from sertakan.tariff import queries, rules
from sertakan.tariff.forms import MOST_MONTHS, CalculatorForm
from sertakan.tariff.reference import CHECKED_ON, LAWS
from sertakan.tariff.rules import Bracket, NoTariff, Quote, Rung, Segment
from sertakan.web.access import public
from sertakan.web.filters import bulan
from sertakan.web.headers import cacheable
from sertakan.web.kept import kept

bp = Blueprint("tariff", __name__, template_folder="templates")

QUICK_MONTHS = (1, 3, 6, 12)


@dataclass(frozen=True)
class Answer:
    """A question's price and what a person should know about it."""

    quote: Quote
    segments: list[Segment]
    relief_until: Month | None
    bracket: Bracket
    ladder: list[Rung]


@bp.get("/tarif")
@public
@kept
def index() -> Response:
    """The calculator with its answer; a question that makes no sense gets its sentences and no answer."""
    form = CalculatorForm(request.args)
    answer = _answer(form) if form.validate() else None
    page = render_template(
        "tariff/index.html",
        form=form,
        answer=answer,
        low_income=form.income.data is not None and form.income.data < rules.LOWEST_INCOME_WARNING_RUPIAH,
        chips=_chips(form),
        most_months=MOST_MONTHS,
        laws=LAWS,
        checked_on=CHECKED_ON,
    )
    return cacheable(make_response(page)) if answer else make_response(page, 422)


def _answer(form: CalculatorForm) -> Answer | None:
    book, sector, payer, income = queries.tariff_book(), form.work.sector, form.payer_kind, form.income.data
    try:
        quote = rules.quote(book, form.asked_months, sector, payer, form.package, income)
    except NoTariff as no:
        form.refuse(NoTariff(field="first_month", month=bulan(Month.parse(no.params["month"]))))
        return None
    first = quote.months[0]
    until = rules.relief_until(book, sector, payer, first)
    return Answer(
        quote, rules.explain(quote), until, rules.base_for(book, first, income), rules.ladder(book, first, sector, payer)
    )


def _chips(form: CalculatorForm) -> list[dict[str, Any]]:
    """The same question for the lengths people choose most."""
    asked: dict[str, Any] = {field.name: request.args[field.name] for field in form if field.name in request.args}
    chips = []
    for count in QUICK_MONTHS:
        url = url_for("tariff.index", **(asked | {form.count.name: count}))
        words = _("1 bulan") if count == 1 else _("%(count)s bulan", count=count)
        chips.append({"url": url, "words": words, "on": form.count.data == str(count)})
    return chips
