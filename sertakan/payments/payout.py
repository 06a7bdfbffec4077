"""Money sent by hand: the payer's page for her account, and the steps of the people who send it."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_login import current_user

from sertakan.accounts.models import MemberRole, Organisation, Person
from sertakan.accounts.permissions import Permission
from sertakan.audit.service import SYSTEM
from sertakan.db import db, transaction
from sertakan.kit.errors import Refused
from sertakan.organisations.queries import get_membership
from sertakan.payments import queries, rules, transfers
from sertakan.payments.finance import act_whole, show_fund, show_refund
from sertakan.payments.forms import AccountForm, DropForm, ProofForm, RefundForm
from sertakan.payments.rules import RefundReason
from sertakan.sponsorships import links
from sertakan.sponsorships import queries as sponsorship_queries
from sertakan.sponsorships.models import Sponsorship
from sertakan.web.access import by_link, requires, signed_in
from sertakan.web.extensions import limiter
from sertakan.web.forms import BaseForm
from sertakan.web.language import current_language

bp = Blueprint("payout", __name__, template_folder="templates")


# ---- the payer -----------------------------------------------------------------------------------------------------------------


@bp.route("/dukungan/<code>/rekening", methods=["GET", "POST"])
@signed_in
@limiter.limit("10 per minute", methods=["POST"])
def account(code: str) -> Any:
    """Where her money shall go, when it cannot go back the way it came."""

    def load(lock: bool = False) -> Sponsorship:
        return sponsorship_queries.get_own(code, current_user.person, lock=lock)

    return _account(load, url_for("payout.account", code=code), current_user.person.ref, code)


@bp.route("/rekening/<token>", methods=["GET", "POST"])
@by_link
@limiter.limit("10 per minute", methods=["POST"])
def account_by_link(token: str) -> Any:
    """The same from the message, without signing in. It can give an account and shows nothing but its last digits."""

    def load(lock: bool = False) -> Sponsorship:
        return sponsorship_queries.get(links.use_link(token, transfers.PURPOSE).sponsorship_id, lock=lock)

    return _account(load, url_for("payout.account_by_link", token=token), SYSTEM, load().code)


@bp.route("/perusahaan/<ref>/rekening", methods=["GET", "POST"])
@signed_in
@limiter.limit("10 per minute", methods=["POST"])
def account_of_organisation(ref: str) -> Any:
    """The same for what waits of an organisation's bills; its members for finance give it."""

    def load(lock: bool = False) -> Organisation:
        member = get_membership(ref, current_user.person)
        if lock and member.role is not MemberRole.finance:
            raise rules.NotFinance
        return member.organisation

    return _account(load, url_for("payout.account_of_organisation", ref=ref), current_user.person.ref, "")


def _account(load: Callable[..., Sponsorship | Organisation], url: str, actor: str, code: str) -> Any:
    form, status = AccountForm(), 200
    if form.is_submitted():
        status = 422
        if form.sent:
            try:
                with transaction():
                    typed = {"bank": form.bank.data, "holder": form.holder.data or "", "number": form.number.data or ""}
                    transfers.give_account(actor=actor, of=load(lock=True), **typed)
            except Refused as no:
                form.refuse(no)
                status = no.status
            else:
                flash(_("Rekening tersimpan. Kami mengabari Anda setelah uangnya dikirim."), "ok")
                return redirect(url, 303)
    whose = load()
    may_give = not isinstance(whose, Organisation) or get_membership(whose.ref, current_user.person).role is MemberRole.finance
    page = render_template(
        "payments/account.html",
        form=form,
        code=code,
        organisation=whose if isinstance(whose, Organisation) else None,
        known=queries.find_account(whose),
        amount=transfers.waiting_for(whose, current_language()),
        waits=bool(queries.list_suspense(whose)),
        may_give=may_give,
    )
    return page, status


# ---- finance -------------------------------------------------------------------------------------------------------------------


@bp.post("/petugas/dana/<ref>/minta")
@requires(Permission.money_move)
def ask(ref: str) -> Any:
    """Ask the payer for her account."""
    form = BaseForm()

    def act(person: Person) -> None:
        transfers.ask_account(actor=person, suspense=queries.get_suspense(ref, lock=True))

    done = _("Pembayar diminta memberi rekening lewat pesan.")
    return act_whole(form, act, done, url_for("finance.fund", ref=ref), lambda status: show_fund(ref, say=form, status=status))


@bp.post("/petugas/dana/<ref>/transfer")
@requires(Permission.money_move)
def by_transfer(ref: str) -> Any:
    """Ask for it to go to the payer's account; another person agrees."""
    form = RefundForm()

    def act(person: Person) -> None:
        suspense, note = queries.get_suspense(ref, lock=True), form.note.data or ""
        transfers.refund_by_transfer(actor=person, suspense=suspense, reason=RefundReason(form.reason.data), note=note)

    done = _("Pengembalian diusulkan. Orang lain perlu menyetujuinya.")
    return act_whole(form, act, done, url_for("finance.back"), lambda status: show_fund(ref, back=form, status=status))


@bp.post("/petugas/pengembalian/<ref>/rekening")
@requires(Permission.money_move)
def reveal(ref: str) -> Any:
    """Show the whole account once; the look is written down."""
    form = BaseForm()
    try:
        with transaction():
            person = db.session.get_one(Person, current_user.person.id)
            shown = transfers.reveal(actor=person, refund=queries.get_refund_by_ref(ref))
    except Refused as no:
        form.form_errors = []
        form.refuse(no)
        return show_refund(ref, form, no.status)
    return show_refund(ref, number=shown)


def _step(ref: str, form: BaseForm, act: Callable[[Person], object], done: str) -> Any:
    url = url_for("finance.refund", ref=ref)
    return act_whole(form, act, done, url, lambda status: show_refund(ref, form, status))


@bp.post("/petugas/pengembalian/<ref>/catat")
@requires(Permission.money_move)
def note(ref: str) -> Any:
    """The transfer has been made: its proof and day."""
    form = ProofForm()

    def act(person: Person) -> None:
        proof, day = form.proof.data or "", form.day.data
        assert day is not None, "the form asks for it"
        transfers.note_transfer(actor=person, refund=queries.get_refund_by_ref(ref, lock=True), proof=proof, day=day)

    return _step(ref, form, act, _("Transfer dicatat. Orang lain memastikannya."))


@bp.post("/petugas/pengembalian/<ref>/pastikan")
@requires(Permission.refund_approve)
def confirm(ref: str) -> Any:
    """Another person has seen it on the bank's statement."""
    form = BaseForm()

    def act(person: Person) -> None:
        transfers.confirm_transfer(actor=person, refund=queries.get_refund_by_ref(ref, lock=True))

    return _step(ref, form, act, _("Dipastikan. Pembayar dikabari, dan rekeningnya dihapus."))


@bp.post("/petugas/pengembalian/<ref>/gagal")
@requires(Permission.refund_approve)
def fail(ref: str) -> Any:
    """The bank sent it back."""
    form = DropForm()

    def act(person: Person) -> None:
        note = form.note.data or ""
        transfers.fail_transfer(actor=person, refund=queries.get_refund_by_ref(ref, lock=True), note=note)

    return _step(ref, form, act, _("Dicatat gagal. Uangnya kembali ke daftar tanpa bulan."))


@bp.get("/petugas/dana/<ref>/<any(minta, transfer):action>")
@requires(Permission.money_see)
def fund_again(ref: str, action: str) -> Any:
    """Answers to these forms stand at their own addresses; who reloads one comes back here."""
    return redirect(url_for("finance.fund", ref=ref), 303)


@bp.get("/petugas/pengembalian/<ref>/<any(rekening, catat, pastikan, gagal):action>")
@requires(Permission.money_see)
def refund_again(ref: str, action: str) -> Any:
    """As above."""
    return redirect(url_for("finance.refund", ref=ref), 303)
