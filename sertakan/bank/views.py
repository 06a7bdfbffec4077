"""`/petugas/mutasi`: the bank's statements, their lines, and a person's word on those that name no bill."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from sertakan.accounts.models import Person
from sertakan.accounts.permissions import Permission
from sertakan.bank import queries, rules, service
from sertakan.bank.forms import AsideForm, BookForm, FileForm, sent_file
from sertakan.bank.models import BankLine
from sertakan.bank.rules import LineState, Why
from sertakan.db import db, transaction
from sertakan.kit.errors import N_, Refused
from sertakan.payments import incoming
from sertakan.payments.payer import shown as payer_of
from sertakan.web.access import requires
from sertakan.web.errors import say
from sertakan.web.extensions import limiter
from sertakan.web.forms import BaseForm
from sertakan.web.knock import knock
from sertakan.web.paging import page_number
from sertakan.web.uploads import takes_files

bp = Blueprint("bank", __name__, url_prefix="/petugas/mutasi", template_folder="templates")

STATES = {
    LineState.new: ("", N_("Sedang dicocokkan"), "clock"),
    LineState.suggested: ("wait", N_("Perlu dipastikan"), "hourglass"),
    LineState.unknown: ("bad", N_("Belum dikenal"), "triangle-alert"),
    LineState.booked: ("ok", N_("Dibukukan"), "circle-check"),
    LineState.aside: ("", N_("Disisihkan"), "ban"),
}
WHYS = {
    Why.number: N_("nomor virtual account"),
    Why.code: N_("nomor dukungan di berita"),
    Why.amount: N_("satu-satunya tagihan dengan jumlah ini"),
    Why.hand: N_("dipilih petugas"),
}


@bp.get("")
@requires(Permission.money_see)
def index() -> str:
    """What waits for somebody, and the statements so far."""
    page = queries.list_statements(page_number())
    found = queries.totals([row.id for row in page.items])
    return render_template("bank/index.html", page=page, totals=found, waiting=queries.waiting())


@bp.route("/baru", methods=["GET", "POST"])
@requires(Permission.money_move)
@takes_files(rules.MEGABYTES)
@limiter.limit("60 per hour", methods=["POST"])
def new() -> Any:
    """Take a file; its lines are matched by the job."""
    form = FileForm()
    if form.sent:
        try:
            name, data = sent_file()
            rows, out = service.read(data)
            with transaction():
                actor = db.session.get_one(Person, current_user.person.id)
                ref = service.take(actor=actor, name=name, rows=rows, out=out).ref
        except Refused as no:
            form.refuse(no)
            form.file_error = say(no)
        else:
            knock("bank")
            return redirect(url_for(".detail", ref=ref), 303)
    page = render_template("bank/new.html", form=form, megabytes=rules.MEGABYTES, most=rules.MOST_ROWS)
    return page, 200 if request.method == "GET" else 422


@bp.get("/<ref>")
@requires(Permission.money_see)
def detail(ref: str) -> str:
    """One statement, line by line."""
    statement = queries.get_statement(ref)
    word = request.args.get("saring", "")
    state = LineState(word) if word in set(LineState) else None
    return render_template(
        "bank/detail.html",
        statement=statement,
        state=state,
        totals=queries.totals([statement.id])[statement.id],
        page=queries.list_lines(statement.id, state, page_number()),
        states=STATES,
        whys=WHYS,
        payer_of=payer_of,
    )


def _show(ref: str, book_form: BaseForm | None = None, aside_form: BaseForm | None = None, status: int = 200) -> Any:
    row = queries.get_line_by_ref(ref)
    bill = queries.get_bill(row.order_id)
    if book_form is None:
        book_form = BookForm(formdata=None, code=queries.named(bill) if bill else "")
    page = render_template(
        "bank/line.html",
        line=row,
        bill=bill,
        before=incoming.received(bill.id) if bill else 0,
        form=aside_form if aside_form is not None and aside_form.errors else book_form,
        book=book_form,
        aside=aside_form or AsideForm(formdata=None),
        waits=row.state in rules.WAITING,
        states=STATES,
        whys=WHYS,
        payer_of=payer_of,
    )
    return make_response(page, status)


@bp.get("/baris/<ref>")
@requires(Permission.money_see)
def line(ref: str) -> Any:
    """One line: what the bank wrote, and whose it may be."""
    return _show(ref)


def _act(ref: str, form: BaseForm, act: Callable[[Person, BankLine], object], again: Callable[[int], Any], done: str) -> Any:
    status = 422
    if form.sent:
        try:
            with transaction():
                row = queries.get_line_by_ref(ref, lock=True)
                act(db.session.get_one(Person, current_user.person.id), row)
                order_id, back = row.order_id, row.statement.ref
        except Refused as no:
            form.refuse(no)
            status = no.status
        else:
            if order_id is not None:
                incoming.close_page(order_id)
            knock("notices")
            flash(done, "ok")
            return redirect(url_for(".detail", ref=back), 303)
    return again(status)


@bp.post("/baris/<ref>/bukukan")
@requires(Permission.money_move)
def book(ref: str) -> Any:
    """This money is for the bill of that sponsorship."""
    form = BookForm()

    def act(person: Person, row: BankLine) -> None:
        service.book(actor=person, line=row, code=form.code.data or "")

    return _act(ref, form, act, lambda status: _show(ref, book_form=form, status=status), _("Uang dibukukan ke tagihannya."))


@bp.post("/baris/<ref>/sisihkan")
@requires(Permission.money_move)
def aside(ref: str) -> Any:
    """This money is for nothing of ours."""
    form = AsideForm()

    def act(person: Person, row: BankLine) -> None:
        service.set_aside(actor=person, line=row, note=form.note.data or "")

    return _act(ref, form, act, lambda status: _show(ref, aside_form=form, status=status), _("Baris disisihkan."))


@bp.get("/baris/<ref>/<any(bukukan, sisihkan):action>")
@requires(Permission.money_see)
def back(ref: str, action: str) -> Any:
    """Answers to these forms stand at their own addresses; who reloads one comes back here."""
    return redirect(url_for("bank.line", ref=ref), 303)
