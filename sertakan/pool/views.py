"""`/perusahaan/<organisation>/saldo`: what is paid ahead, what became of it, and the rules by which it protects people by itself."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from sertakan.accounts.models import MemberRole, Membership
from sertakan.db import transaction
from sertakan.kit import clock
from sertakan.kit.errors import N_, Refused
from sertakan.kit.months import Month
from sertakan.payments import balance, bills, incoming
from sertakan.payments import queries as payments
from sertakan.places import queries as places
from sertakan.pool import queries, service
from sertakan.pool.forms import EmptyForm, RuleForm, TopUpForm
from sertakan.pool.models import PoolRule
from sertakan.pool.rules import RuleState
from sertakan.tariff import queries as tariff
from sertakan.web.access import signed_in
from sertakan.web.errors import say
from sertakan.web.extensions import limiter
from sertakan.web.filters import rupiah
from sertakan.web.knock import knock

bp = Blueprint("pool", __name__, url_prefix="/perusahaan/<ref>", template_folder="templates")
WORDS = {
    RuleState.proposed: ("wait", N_("Menunggu penyetuju"), "hourglass"),
    RuleState.open: ("ok", N_("Berjalan"), "circle-check"),
    RuleState.closed: ("off", N_("Ditutup"), "ban"),
}
OLDEST = 60  # months
USUAL, MOST = 3, 10  # months for each, people
MOVES = {"came": N_("Isi saldo"), "used": N_("Dipakai untuk tagihan"), "refunded": N_("Dikembalikan ke rekening")}


# ---- the balance ---------------------------------------------------------------------------------------------------------------


@bp.get("/saldo")
@signed_in
def index(ref: str) -> Any:
    """What there is, the month's lines, and the rules."""
    return _page(queries.get_member(ref, current_user.person), TopUpForm(formdata=None))


@bp.post("/saldo")
@signed_in
@limiter.limit("30 per hour")
def top_up(ref: str) -> Any:
    """A bill for money paid ahead."""
    form = TopUpForm()
    if form.sent:
        try:
            with transaction():
                order = service.top_up(actor=queries.get_member(ref, current_user.person), amount_rupiah=form.amount.data or 0)
                share = bills.share_of(order.id)
        except Refused as no:
            form.refuse(no)
        else:
            return redirect(url_for("bills.show", share=share), 303)
    return _page(queries.get_member(ref, current_user.person), form), 422


def _page(member: Membership, form: TopUpForm) -> str:
    month = _month()
    statement, moves = queries.statement(member.organisation_id, month)
    return render_template(
        "pool/index.html",
        member=member,
        organisation=member.organisation,
        form=form,
        now=balance.of(member.organisation_id),
        month=month,
        this=clock.this_month(),
        statement=statement,
        moves=moves,
        kinds=MOVES,
        rules=queries.list_rules(member.organisation_id),
        words=WORDS,
        who=_who,
        may_fill=member.role in service.MAY_FILL,
        keeps_finance=member.role is MemberRole.finance,
    )


def _month() -> Month:
    """Which month's lines: this one unless the address says another of the last five years."""
    this = clock.this_month()
    try:
        asked = Month.parse(request.args.get("bulan", ""))
    except ValueError:
        return this
    return asked if this + -OLDEST <= asked <= this else this


def _who(rule: PoolRule) -> str:
    """Whom a rule names, in words."""
    groups = [_(one.label) for one in tariff.list_groups() if one.code in rule.groups] or [_("Semua bidang pekerjaan")]
    where = [one.name for one in places.list_kelurahan() if one.code in rule.kelurahan] or [_("semua kelurahan")]
    return f"{', '.join(groups)}; {', '.join(where)}"


# ---- its rules -----------------------------------------------------------------------------------------------------------------


@bp.route("/saldo/aturan", methods=["GET", "POST"])
@signed_in
@limiter.limit("30 per hour", methods=["POST"])
def propose(ref: str) -> Any:
    """A new rule, said by the maker."""
    form = RuleForm(data=_asked()) if request.method == "GET" else RuleForm()
    form.offer()
    if form.sent:
        try:
            with transaction():
                service.propose(actor=queries.get_member(ref, current_user.person), facts=form.facts)
        except Refused as no:
            form.refuse(no)
        else:
            flash(_("Aturan tersimpan. Berjalan setelah penyetuju menjalankannya."), "ok")
            return redirect(url_for(".index", ref=ref), 303)
    member = queries.get_member(ref, current_user.person)
    page = render_template("pool/rule.html", member=member, organisation=member.organisation, form=form)
    return page, 422 if form.is_submitted() else 200


def _asked() -> dict[str, Any]:
    """What a plan that leads here has said already, else what is usual."""
    args = request.args
    whom = {"groups": args.getlist("groups"), "kelurahan": args.getlist("kelurahan")}
    return whom | {"months": args.get("months", USUAL, type=int), "most_workers": args.get("most", MOST, type=int)}


@bp.post("/saldo/aturan/<rule>/<any(jalankan, tutup):action>")
@signed_in
def decide(ref: str, rule: str, action: str) -> Any:
    """Put it in force, or close it."""
    if EmptyForm().sent:
        try:
            with transaction():
                member = queries.get_member(ref, current_user.person)
                found = queries.get_rule(member.organisation_id, rule, lock=True)
                if action == "jalankan":
                    service.open_rule(actor=member, rule=found)
                else:
                    service.close_rule(actor=member, rule=found)
        except Refused as no:
            flash(say(no), "bad")
        else:
            knock("pool")
            flash(
                _("Aturan berjalan.") if action == "jalankan" else _("Aturan ditutup. Yang sudah terbayar tetap berlaku."), "ok"
            )
    return redirect(url_for(".index", ref=ref), 303)


# ---- paying with it ------------------------------------------------------------------------------------------------------------


@bp.route("/tagihan/<share>/saldo", methods=["GET", "POST"])
@signed_in
def pay(ref: str, share: str) -> Any:
    """A bill from the balance: first what it takes and what is left, then, by the button, it is paid."""
    member, form = queries.get_member(ref, current_user.person), EmptyForm()
    invoice = bills.get_own_invoice(member.organisation_id, share)
    error, status, order_id = "", 200, invoice.order_id
    if form.sent:
        try:
            with transaction():
                actor = queries.get_member(ref, current_user.person)
                taken = service.pay(actor=actor, order=payments.get_order(order_id, lock=True))
        except Refused as no:
            error, status = say(no), no.status
            member, invoice = queries.get_member(ref, current_user.person), bills.get_own_invoice(member.organisation_id, share)
        else:
            incoming.close_page(order_id)
            knock("notices")
            flash(_("Lunas: %(amount)s diambil dari saldo.", amount=rupiah(taken)), "ok")
            return redirect(url_for("bills.show", share=share), 303)
    order = invoice.order
    page = render_template(
        "pool/pay.html",
        member=member,
        organisation=member.organisation,
        invoice=invoice,
        order=order,
        need=order.amount_rupiah - incoming.received(order.id),
        now=balance.of(member.organisation_id),
        may_pay=member.role in service.MAY_PAY,
        error=error,
    )
    return page, status
