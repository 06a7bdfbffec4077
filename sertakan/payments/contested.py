"""`/petugas/sengketa`: payments that a payer's bank asks back, and who bears what it took after the money had gone to BPJS."""

from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _

from sertakan.accounts.models import Person
from sertakan.accounts.permissions import Permission
from sertakan.kit.errors import N_
from sertakan.payments import desk, disputes, payer, queries
from sertakan.payments.finance import act_whole
from sertakan.payments.forms import LossForm
from sertakan.payments.rules import DisputeLoss, DisputeState
from sertakan.web.access import requires
from sertakan.web.forms import BaseForm

bp = Blueprint("contested", __name__, url_prefix="/petugas/sengketa", template_folder="templates")
WORDS = {
    DisputeState.open: ("wait", N_("Berjalan"), "hourglass"),
    DisputeState.won: ("ok", N_("Kita menang"), "circle-check"),
    DisputeState.lost: ("bad", N_("Kita kalah"), "triangle-alert"),
}
LOSSES = {DisputeLoss.pool: N_("Dana bersama program"), DisputeLoss.written_off: N_("Dihapusbukukan")}


@bp.get("")
@requires(Permission.money_see)
def index() -> str:
    """All disputes, newest first, and the losses that nobody bears yet."""
    word = request.args.get("saring", "")
    state = DisputeState(word) if word in set(DisputeState) else None
    return render_template(
        "payments/disputes.html",
        state=state,
        words=WORDS,
        losses=desk.losses(),
        page=desk.list_disputes(state, request.args.get("sesudah", "")[:32] or None),
        payer_of=payer.shown,
    )


def _detail(ref: str, form: BaseForm | None = None, status: int = 200) -> Any:
    dispute = queries.get_dispute(ref)
    order = dispute.payment.order
    page = render_template(
        "payments/dispute.html",
        dispute=dispute,
        order=order,
        payer=payer.shown(order),
        words=WORDS,
        losses=LOSSES,
        people=queries.names_of([found for found in (dispute.proposed_by_id, dispute.agreed_by_id) if found]),
        form=form or BaseForm(formdata=None),
        choice=form if isinstance(form, LossForm) else LossForm(formdata=None),
    )
    return make_response(page, status)


@bp.get("/<ref>")
@requires(Permission.money_see)
def detail(ref: str) -> Any:
    """One dispute: what it froze, how it ended, and its loss."""
    return _detail(ref)


@bp.post("/<ref>/usulkan")
@requires(Permission.money_move)
def propose(ref: str) -> Any:
    """Say who bears the loss."""
    form = LossForm()

    def act(person: Person) -> None:
        disputes.propose_loss(
            actor=person,
            dispute=queries.get_dispute(ref, lock=True),
            loss=DisputeLoss(form.loss.data),
            note=form.note.data or "",
        )

    done, url = _("Diusulkan. Orang lain perlu menyetujuinya."), url_for("contested.detail", ref=ref)
    return act_whole(form, act, done, url, lambda status: _detail(ref, form, status))


@bp.post("/<ref>/setujui")
@requires(Permission.refund_approve)
def agree(ref: str) -> Any:
    """The second person's yes."""
    form = BaseForm()

    def act(person: Person) -> None:
        disputes.agree_loss(actor=person, dispute=queries.get_dispute(ref, lock=True))

    url = url_for("contested.detail", ref=ref)
    return act_whole(form, act, _("Kerugian dibukukan."), url, lambda status: _detail(ref, form, status))


@bp.get("/<ref>/<any(usulkan, setujui):action>")
@requires(Permission.money_see)
def again(ref: str, action: str) -> Any:
    """Answers to these forms stand at their own addresses; who reloads one comes back here."""
    return redirect(url_for("contested.detail", ref=ref), 303)
