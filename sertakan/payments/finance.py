"""Finance's pages: `/petugas/dana`, money without a month and its next step; `/petugas/pengembalian`, money on its way back."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from sertakan.accounts.models import Person
from sertakan.accounts.permissions import Permission
from sertakan.audit import queries as audit
from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.kit.errors import Refused
from sertakan.payments import booking, desk, payer, queries, refunds
from sertakan.payments.forms import BookForm, DropForm, ProofForm, RefundForm
from sertakan.payments.models import Refund, Suspense
from sertakan.payments.pages import REFUND_WORDS
from sertakan.payments.rules import RefundReason, RefundState, SuspenseState
from sertakan.web.access import requires
from sertakan.web.forms import BaseForm
from sertakan.web.knock import knock

bp = Blueprint("finance", __name__, url_prefix="/petugas", template_folder="templates")


# ---- money without a month -----------------------------------------------------------------------------------------------------


@bp.get("/dana")
@requires(Permission.money_see)
def funds() -> str:
    """Every rupiah without a month, the oldest first; how old, from whom, and what to do with it."""
    word, old = request.args.get("saring", ""), request.args.get("umur", "")
    kind = desk.Kind(word) if word in set(desk.Kind) else desk.Kind.all
    age = desk.Age(old) if old in set(desk.Age) else desk.Age.any
    return render_template(
        "payments/funds.html",
        kind=kind,
        age=age,
        ages=desk.Age,
        totals=desk.totals(age),
        page=desk.list_funds(kind, age, request.args.get("sesudah", "")[:32] or None),
        held=desk.list_held(),
        reasons=desk.REASONS,
        payer_of=payer.shown,
        now=clock.now(),
    )


def show_fund(
    ref: str, book: BookForm | None = None, back: RefundForm | None = None, status: int = 200, say: BaseForm | None = None
) -> Any:
    """The page of one sum without a month; `say`: a refusal of another step."""
    suspense = queries.get_suspense(ref)
    is_open = suspense.state is SuspenseState.open
    order = suspense.payment.order
    page = render_template(
        "payments/fund.html",
        suspense=suspense,
        order=order,
        payer=payer.shown(order),
        is_open=is_open,
        account=queries.account_of(order) if is_open else None,
        say=say,
        offers=booking.offers(suspense) if is_open and current_user.may(Permission.money_move) else [],
        refund=queries.get_refund(suspense.refund_id) if suspense.refund_id else None,
        came_from=queries.get_refund(suspense.returned_from_id) if suspense.returned_from_id else None,
        book=book or BookForm(formdata=None),
        back=back or RefundForm(formdata=None, reason=_usual(suspense)),
        reasons=desk.REASONS,
        now=clock.now(),
    )
    return make_response(page, status)


def _usual(suspense: Suspense) -> str:
    return suspense.reason.value if suspense.reason in dict(RefundForm.CHOICES) else RefundReason.error.value


@bp.get("/dana/<ref>")
@requires(Permission.money_see)
def fund(ref: str) -> Any:
    """One such sum with everything known about it."""
    return show_fund(ref)


def act_whole(form: BaseForm, act: Callable[[Person], object], done: str, url: str, again: Callable[[int], Any]) -> Any:
    """Do it whole and go on; a no is shown beside its field and nothing typed is lost."""
    status = 422
    if form.sent:
        try:
            with transaction():
                act(db.session.get_one(Person, current_user.person.id))
        except Refused as no:
            form.refuse(no)
            status = no.status
        else:
            for what in ("refunds", "notices"):
                knock(what)
            flash(done, "ok")
            return redirect(url, 303)
    return again(status)


@bp.post("/dana/<ref>/bukukan")
@requires(Permission.money_move)
def book(ref: str) -> Any:
    """Fill months with it, all of those ticked or none."""
    form = BookForm()

    def act(person: Person) -> None:
        booking.book(actor=person, suspense=queries.get_suspense(ref, lock=True), months=form.chosen())

    done = _("Uang sudah mengisi bulannya, dan pembayar dikabari.")
    return act_whole(form, act, done, url_for("finance.funds"), lambda status: show_fund(ref, book=form, status=status))


@bp.post("/dana/<ref>/kembalikan")
@requires(Permission.money_move)
def give_back(ref: str) -> Any:
    """Ask for it to go back to its payer; another person agrees."""
    form = RefundForm()

    def act(person: Person) -> None:
        refunds.refund_suspense(
            actor=person.ref,
            suspense=queries.get_suspense(ref, lock=True),
            requested_by=person,
            reason=RefundReason(form.reason.data),
            note=form.note.data,
        )

    done = _("Pengembalian diusulkan. Orang lain perlu menyetujuinya.")
    return act_whole(form, act, done, url_for("finance.back"), lambda status: show_fund(ref, back=form, status=status))


@bp.get("/dana/<ref>/<any(bukukan, kembalikan):action>")
@requires(Permission.money_see)
def fund_again(ref: str, action: str) -> Any:
    """Answers to these forms stand at their own addresses; who reloads one comes back here."""
    return redirect(url_for("finance.fund", ref=ref), 303)


@bp.route("/tagihan/<ref>", methods=["GET", "POST"])
@requires(Permission.money_move)
def held(ref: str) -> Any:
    """A held bill without money: what did not fit, and letting it go on."""
    form = DropForm()

    def again(status: int) -> Any:
        order = queries.get_order_by_ref(ref)
        trail = audit.list_for(f"order:{order.ref}")
        return make_response(render_template("payments/held.html", order=order, form=form, trail=trail), status)

    if request.method == "GET":
        return again(200)

    def act(person: Person) -> None:
        booking.release_order(actor=person, order=queries.get_order_by_ref(ref, lock=True), note=form.note.data or "")

    return act_whole(form, act, _("Tagihan dilepas. Sistem akan memeriksanya lagi."), url_for("finance.funds"), again)


# ---- money on its way back -----------------------------------------------------------------------------------------------------


@bp.get("/pengembalian")
@requires(Permission.money_see)
def back() -> str:
    """All refunds, newest first; those that wait for a second person stand first in the row of filters."""
    word = request.args.get("saring", "")
    state = RefundState(word) if word in set(RefundState) else None
    return render_template(
        "payments/back.html",
        state=state,
        counts=desk.refund_counts(),
        page=desk.list_refunds(state, request.args.get("sesudah", "")[:32] or None),
        words=REFUND_WORDS,
        reasons=desk.REASONS,
        payer_of=payer.shown,
    )


def show_refund(ref: str, form: BaseForm | None = None, status: int = 200, *, number: str = "") -> Any:
    """The page of one refund; `number`: the account, when somebody asked to see it."""
    refund = queries.get_refund_by_ref(ref)
    page = render_template(
        "payments/refund.html",
        refund=refund,
        order=refund.payment.order,
        payer=payer.shown(refund.payment.order),
        months=queries.months_of_refund(refund.id),
        people=_people(refund),
        transfer=queries.transfer_of(refund.id),
        proof=form if isinstance(form, ProofForm) else ProofForm(formdata=None),
        number=number,
        own=refund.requested_by_id == current_user.person.id,
        waits=refund.state is RefundState.requested,
        form=form or BaseForm(formdata=None),
        drop=form if isinstance(form, DropForm) else DropForm(formdata=None),
        words=REFUND_WORDS,
        reasons=desk.REASONS,
    )
    return make_response(page, status)


def _people(refund: Refund) -> dict[int, str]:
    transfer = queries.transfer_of(refund.id)
    hands = (transfer.typed_by_id, transfer.confirmed_by_id) if transfer else ()
    return queries.names_of([found for found in (refund.requested_by_id, refund.approved_by_id, *hands) if found])


@bp.get("/pengembalian/<ref>")
@requires(Permission.money_see)
def refund(ref: str) -> Any:
    """One refund: why, who asked, who agreed, how far it is."""
    return show_refund(ref)


@bp.post("/pengembalian/<ref>/setujui")
@requires(Permission.refund_approve)
def agree(ref: str) -> Any:
    """The second person's yes."""
    form = BaseForm()

    def act(person: Person) -> None:
        refunds.agree_refund(actor=person, refund=queries.get_refund_by_ref(ref, lock=True))

    done = _("Disetujui. Uang dikirim kembali kepada pembayarnya.")
    return act_whole(form, act, done, url_for("finance.back"), lambda status: show_refund(ref, form, status))


@bp.post("/pengembalian/<ref>/batalkan")
@requires(Permission.refund_approve)
def drop(ref: str) -> Any:
    """A no: the money is without a month again."""
    form = DropForm()

    def act(person: Person) -> None:
        refunds.drop_refund(actor=person, refund=queries.get_refund_by_ref(ref, lock=True), note=form.note.data or "")

    done = _("Dibatalkan. Uangnya kembali ke daftar tanpa bulan.")
    return act_whole(form, act, done, url_for("finance.back"), lambda status: show_refund(ref, form, status))


@bp.get("/pengembalian/<ref>/<any(setujui, batalkan):action>")
@requires(Permission.money_see)
def refund_again(ref: str, action: str) -> Any:
    """As above."""
    return redirect(url_for("finance.refund", ref=ref), 303)
