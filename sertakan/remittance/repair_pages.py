"""`/petugas/perbaikan`: bounced months for officers. One proposes, another confirms; a NIK is shown on request and written down."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_login import current_user

from sertakan.accounts.permissions import Permission
from sertakan.audit import queries as audit
from sertakan.db import transaction
from sertakan.kit import clock
from sertakan.kit.errors import Refused
from sertakan.remittance import queries, repairs, rules
from sertakan.remittance.forms import ConfirmForm, CorrectForm, StepForm
from sertakan.remittance.queries import RepairRow
from sertakan.web.access import requires
from sertakan.web.forms import BaseForm
from sertakan.web.knock import knock
from sertakan.web.paging import page_number

bp = Blueprint("repairs", __name__, url_prefix="/petugas/perbaikan", template_folder="templates")
P = Permission


@bp.get("")
@requires(P.remittance_repair)
def index() -> str:
    """What BPJS sent back, oldest first."""
    page = queries.list_repairs(page_number())
    return render_template("remittance/repairs.html", page=page, reasons=rules.REASONS, now=clock.now())


def _page(ref: str, form: BaseForm | None = None, status: int = 200, nik: str | None = None) -> Any:
    row = queries.get_repair(ref)
    confirm = ConfirmForm(formdata=None)
    confirm.seen.data = row.repair.mark
    page = render_template(
        "remittance/repair.html",
        row=row,
        repair=row.repair,
        reasons=rules.REASONS,
        form=form,
        correct=form if isinstance(form, CorrectForm) else CorrectForm(formdata=None),
        confirm=confirm,
        own=row.repair.proposed_by_id == current_user.person.id,
        trail=audit.list_for(repairs.subject(row.repair), 20),
        nik=nik,
    )
    return make_response(page, status)


@bp.get("/<ref>")
@requires(P.remittance_repair)
def detail(ref: str) -> Any:
    """One bounced month."""
    return _page(ref)


def _step(ref: str, form: BaseForm, act: Callable[[RepairRow], object], done: str) -> Any:
    """Load, act, come back; a no is shown beside its field."""
    status = 422
    if form.sent:
        try:
            with transaction():
                act(queries.get_repair(ref, lock=True))
        except Refused as no:
            form.refuse(no)
            status = no.status
        else:
            for what in ("refunds", "notices"):
                knock(what)
            flash(done, "ok")
            return redirect(url_for("repairs.detail", ref=ref), 303)
    return _page(ref, form, status)


@bp.post("/<ref>/usul")
@requires(P.remittance_repair)
def propose(ref: str) -> Any:
    form = CorrectForm()

    def act(row: RepairRow) -> None:
        repairs.propose_correction(actor=current_user.person, row=row, name=form.name.data or "", nik_text=form.nik.data or "")

    return _step(ref, form, act, _("Usulan dicatat. Petugas lain memeriksanya."))


@bp.post("/<ref>/kembalikan")
@requires(P.remittance_repair)
def propose_return(ref: str) -> Any:
    def act(row: RepairRow) -> None:
        repairs.propose_return(actor=current_user.person, row=row)

    return _step(ref, StepForm(), act, _("Usulan dicatat. Petugas lain memeriksanya."))


@bp.post("/<ref>/setujui")
@requires(P.remittance_repair)
def confirm(ref: str) -> Any:
    form = ConfirmForm()

    def act(row: RepairRow) -> None:
        repairs.confirm(actor=current_user.person, row=row, seen=form.seen.data or "")

    return _step(ref, form, act, _("Disetujui."))


@bp.post("/<ref>/tolak")
@requires(P.remittance_repair)
def reject(ref: str) -> Any:
    def act(row: RepairRow) -> None:
        repairs.reject(actor=current_user.person, row=row)

    return _step(ref, StepForm(), act, _("Usulan ditolak. Tugasnya terbuka lagi."))


@bp.post("/<ref>/nik")
@requires(P.remittance_repair)
def reveal(ref: str) -> Any:
    """Show the whole NIK once; the look is written down."""
    with transaction():
        shown = repairs.reveal_nik(actor=current_user.person, row=queries.get_repair(ref))
    return _page(ref, nik=shown)


@bp.get("/<ref>/<any(usul, kembalikan, setujui, tolak, nik):action>")
@requires(P.remittance_repair)
def back(ref: str, action: str) -> Any:
    """The answers to these forms stand at their own addresses; who reloads one or changes the language comes back here."""
    return redirect(url_for("repairs.detail", ref=ref), 303)
