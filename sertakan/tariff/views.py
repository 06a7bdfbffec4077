"""`/tarif`: what a month costs, why it changes, and by which law; and `/petugas/tarif`, where an administrator adds dated rows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from sertakan.accounts.permissions import Permission
from sertakan.db import transaction
from sertakan.kit.errors import Refused
from sertakan.kit.months import Month
from sertakan.tariff import desk, queries, rules, service
from sertakan.tariff.forms import MOST_MONTHS, CalculatorForm, CloseForm, HolidayForm, RateForm, ReliefForm
from sertakan.tariff.reference import CHECKED_ON, LAWS
from sertakan.tariff.rules import Bracket, NoTariff, Quote, Rung, Segment
from sertakan.web.access import public, requires
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


# ---- the administrator's desk --------------------------------------------------------------------------------------------------


@bp.get("/petugas/tarif")
@requires(Permission.tariff_edit)
def edit() -> Any:
    """The rows that stand, with their laws; nothing here is overwritten."""
    return desk.page()


@bp.post("/petugas/tarif/keringanan")
@requires(Permission.tariff_edit)
def add_relief() -> Any:
    """A new relief window, or only its preview."""
    form = ReliefForm()

    def add() -> None:
        row = form.row
        service.add_relief(
            actor=current_user.person.ref,
            sector=row.sector,
            programme=row.programme,
            percent=row.percent,
            first=row.from_month,
            last=row.to_month,
            excludes_government=row.excludes_government,
            legal_basis=row.legal_basis,
            source=form.source.data,
        )

    return _add(form, add)


@bp.post("/petugas/tarif/iuran")
@requires(Permission.tariff_edit)
def add_rate() -> Any:
    """A programme's new rate, or only its preview."""
    form = RateForm()

    def add() -> None:
        row = form.row
        service.add_rate(
            actor=current_user.person.ref,
            programme=row.programme,
            basis_points=row.basis_points,
            flat_rupiah=row.flat_rupiah,
            first=row.from_month,
            last=row.to_month,
            legal_basis=row.legal_basis,
            source=form.source.data,
        )

    return _add(form, add)


def _add(form: ReliefForm | RateForm, add: Callable[[], None]) -> Any:
    if not form.sent:
        return desk.page(form, status=422)
    try:
        if form.preview.data:
            return desk.page(form, shown=desk.preview(form.row))
        with transaction():
            add()
    except Refused as no:
        return desk.refused(form, no)
    return _done(_("Baris baru berlaku. Harga di semua halaman sudah ikut."))


@bp.post("/petugas/tarif/<any(rate, relief):table>/<int:row_id>/tutup")
@requires(Permission.tariff_edit)
def close(table: str, row_id: int) -> Any:
    """The row ends with a month; what was quoted keeps the old row."""
    form, at = CloseForm(), f"{table}-{row_id}"
    queries.get_row(table, row_id)
    if not form.sent or form.last.data is None:
        return desk.page(form, status=422, at=at)
    try:
        with transaction():
            row = queries.get_row(table, row_id, lock=True)
            service.close_row(actor=current_user.person.ref, row=row, last=form.last.data)
    except Refused as no:
        return desk.refused(form, no, at)
    return _done(_("Baris ditutup. Tagihan yang sudah dibuat tetap memakai harga lamanya."))


@bp.post("/petugas/tarif/libur")
@requires(Permission.tariff_edit)
def add_holiday() -> Any:
    """A day on which offices rest; due dates move with it."""
    form = HolidayForm()
    if not form.sent:
        return desk.page(form, status=422)
    try:
        with transaction():
            facts = {name: form[name].data for name in ("on_day", "name", "joint_leave", "legal_basis", "source")}
            service.add_holiday(actor=current_user.person.ref, **facts)
    except Refused as no:
        return desk.refused(form, no)
    return _done(_("Hari libur dicatat. Jatuh tempo ikut menyesuaikan."))


@bp.post("/petugas/tarif/libur/<int:holiday_id>/hapus")
@requires(Permission.tariff_edit)
def remove_holiday(holiday_id: int) -> Any:
    """The day is an ordinary one again."""
    with transaction():
        service.remove_holiday(actor=current_user.person.ref, holiday=queries.get_holiday(holiday_id))
    return _done(_("Hari itu kembali menjadi hari biasa."))


def _done(words: str) -> Any:
    flash(words, "ok")
    return redirect(url_for("tariff.edit"), 303)


@bp.get("/petugas/tarif/<path:rest>")
@requires(Permission.tariff_edit)
def back(rest: str) -> Any:
    """Who reloads the answer to one of these forms comes back to the desk."""
    return redirect(url_for("tariff.edit"), 303)
