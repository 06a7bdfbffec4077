"""`/perusahaan/<organisation>/tambahan`: what a company adds to its employees' months; `/dukungan/<code>/tambahan`: an employee asks."""

from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from sertakan.db import transaction
from sertakan.kit import clock
from sertakan.kit.errors import N_, Refused
from sertakan.matching import queries, rules, service
from sertakan.matching.forms import ClaimForm, EmptyForm, RuleForm
from sertakan.matching.queries import Offer
from sertakan.matching.rules import ClaimState, RuleState
from sertakan.payments import bills
from sertakan.sponsorships import queries as sponsorships
from sertakan.sponsorships.models import Sponsorship
from sertakan.web.access import signed_in
from sertakan.web.errors import say
from sertakan.web.extensions import limiter
from sertakan.web.knock import knock

bp = Blueprint("matching", __name__, template_folder="templates")
WORDS = {
    RuleState.proposed: ("wait", N_("Menunggu penyetuju"), "hourglass"),
    RuleState.open: ("ok", N_("Dibuka"), "circle-check"),
    RuleState.closed: ("off", N_("Ditutup"), "ban"),
}
CLAIM_WORDS = {
    ClaimState.asked: ("wait", N_("Menunggu perusahaan"), "hourglass"),
    ClaimState.taken: ("ok", N_("Ditambahkan"), "circle-check"),
    ClaimState.declined: ("off", N_("Tidak jadi"), "ban"),
}
SHOWN = 20


# ---- the company ---------------------------------------------------------------------------------------------------------------


@bp.get("/perusahaan/<ref>/tambahan")
@signed_in
def index(ref: str) -> Any:
    """Its rules with their codes and what is left, who waits, what became of the others."""
    member = queries.get_member(ref, current_user.person)
    waiting = queries.list_claims(member.organisation_id, ClaimState.asked, most=rules.MOST_AT_ONCE)
    return render_template(
        "matching/index.html",
        member=member,
        organisation=member.organisation,
        rules=queries.list_rules(member.organisation_id),
        waiting=waiting,
        total=sum(claim.rupiah for claim in waiting),
        done=queries.list_claims(member.organisation_id, ClaimState.taken, ClaimState.declined, most=SHOWN),
        words=WORDS,
        claim_words=CLAIM_WORDS,
        whys=rules.WHYS,
        coarse=sponsorships.coarse_name,
        may_decide=member.role in service.MAY_DECIDE,
    )


@bp.route("/perusahaan/<ref>/tambahan/baru", methods=["GET", "POST"])
@signed_in
@limiter.limit("30 per hour", methods=["POST"])
def propose(ref: str) -> Any:
    """A new rule, said by the maker."""
    form = RuleForm(data={"percent": 100, "until": date(clock.today().year, 12, 31)}) if request.method == "GET" else RuleForm()
    if form.sent:
        try:
            with transaction():
                service.propose(actor=queries.get_member(ref, current_user.person), facts=form.facts)
        except Refused as no:
            form.refuse(no)
        else:
            flash(_("Aturan tersimpan. Karyawan dapat meminta setelah penyetuju membukanya."), "ok")
            return redirect(url_for(".index", ref=ref), 303)
    member = queries.get_member(ref, current_user.person)
    page = render_template("matching/rule.html", member=member, organisation=member.organisation, form=form)
    return page, 422 if form.is_submitted() else 200


@bp.post("/perusahaan/<ref>/tambahan/<rule>/<any(buka, tutup):action>")
@signed_in
def decide(ref: str, rule: str, action: str) -> Any:
    """Open it, or close it."""
    if EmptyForm().sent:
        try:
            with transaction():
                member = queries.get_member(ref, current_user.person)
                found = queries.get_rule(member.organisation_id, rule, lock=True)
                (service.open_rule if action == "buka" else service.close_rule)(actor=member, rule=found)
        except Refused as no:
            flash(say(no), "bad")
        else:
            knock("notices")
            flash(_("Dibuka. Bagikan kodenya kepada karyawan.") if action == "buka" else _("Aturan ditutup."), "ok")
    return redirect(url_for(".index", ref=ref), 303)


@bp.post("/perusahaan/<ref>/tambahan/tagihan")
@signed_in
@limiter.limit("30 per hour")
def gather(ref: str) -> Any:
    """Everybody who waits becomes one bill."""
    share = ""
    if EmptyForm().sent:
        try:
            with transaction():
                order = service.gather(actor=queries.get_member(ref, current_user.person))
                share = bills.share_of(order.id) if order is not None else ""
        except Refused as no:
            flash(say(no), "bad")
        else:
            knock("notices")
            words = _("Satu tagihan untuk semua yang menunggu.") if share else _("Tidak satu pun permintaan dapat dipenuhi lagi.")
            flash(words, "ok" if share else "bad")
    return redirect(url_for("bills.show", share=share) if share else url_for(".index", ref=ref), 303)


# ---- an employee ---------------------------------------------------------------------------------------------------------------


@bp.route("/dukungan/<code>/tambahan", methods=["GET", "POST"])
@signed_in
@limiter.limit("10 per minute; 40 per hour", methods=["POST"])
def claim(code: str) -> Any:
    """Her employer's code; what it would add, and what the employer would see; then her yes."""
    form, sponsorship = ClaimForm(), sponsorships.get_own(code, current_user.person)
    offer, status = None, 200
    if form.sent:
        try:
            if form.yes.data:
                _ask(code, form)
                flash(_("Permintaan terkirim. Kami kabari setelah perusahaan Anda menambahkannya."), "ok")
                return redirect(url_for(".claim", code=code), 303)
            offer = _look(sponsorship, form)
        except Refused as no:
            form.refuse(no)
            status = no.status
            sponsorship = sponsorships.get_own(code, current_user.person)
    elif form.errors:
        status = 422
    return _claim_page(sponsorship, form, offer), status


def _look(sponsorship: Sponsorship, form: ClaimForm) -> Offer:
    rule = queries.find_open(form.code.data or "", clock.today())
    if rule is None:
        raise rules.CodeUnknown(field="code")
    return queries.offer(rule, sponsorship)


def _ask(code: str, form: ClaimForm) -> None:
    with transaction():
        own = sponsorships.get_own(code, current_user.person, lock=True)
        service.ask(actor=current_user.person, sponsorship=own, code=form.code.data or "", seen=form.seen.data or "")


def _claim_page(sponsorship: Sponsorship, form: ClaimForm, offer: Offer | None) -> str:
    claims = queries.list_claims_of(sponsorship.id)
    return render_template(
        "matching/claim.html",
        sponsorship=sponsorship,
        worker=sponsorships.display_name(sponsorship),
        form=form,
        offer=offer,
        claims=claims,
        asked=any(one.state is ClaimState.asked for one in claims),
        ready=queries.ready(sponsorship),
        words=CLAIM_WORDS,
        whys=rules.WHYS,
    )
