"""`/dukungan/<code>/dana`: what becomes of a sponsor's money when public money pays the worker's months from now on."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_login import current_user

from sertakan.db import transaction
from sertakan.kit.errors import Refused
from sertakan.payments import giving_way
from sertakan.payments.forms import GiveForm
from sertakan.sponsorships import queries as sponsorships
from sertakan.sponsorships.models import Sponsorship
from sertakan.web.access import signed_in
from sertakan.web.errors import say
from sertakan.web.filters import rupiah
from sertakan.web.knock import knock

bp = Blueprint("giving", __name__, template_folder="templates")
BACK = "back"


@bp.route("/dukungan/<code>/dana", methods=["GET", "POST"])
@signed_in
def choose(code: str) -> Any:
    """Back to where it came from, or on to another worker of hers."""
    form, sponsorship = GiveForm(), sponsorships.get_own(code, current_user.person)
    others = giving_way.list_others(sponsorship)
    form.choice.choices = [(BACK, _("Kembalikan uang saya"))] + [
        (one.code, _("Lanjutkan %(worker)s", worker=sponsorships.display_name(one))) for one in others
    ]
    if not form.sent:
        return _page(form, sponsorship)
    try:
        with transaction():
            words = _do(sponsorships.get_own(code, current_user.person, lock=True), form.choice.data)
    except Refused as no:
        return _page(form, sponsorships.get_own(code, current_user.person), error=say(no), status=no.status)
    for what in ("refunds", "notices"):
        knock(what)
    flash(words, "ok")
    return redirect(url_for("sponsorships.detail", code=code), 303)


def _do(sponsorship: Sponsorship, choice: str) -> str:
    person = current_user.person
    if choice == BACK:
        amount = giving_way.send_back(actor=person, sponsorship=sponsorship)
        return str(_("%(amount)s dalam perjalanan kembali kepada Anda.", amount=rupiah(amount)))
    months = giving_way.pass_on(actor=person, sponsorship=sponsorship, to=sponsorships.get_own(choice, person, lock=True))
    return str(_("Terima kasih. %(count)s bulan kini terbayar; sisanya, bila ada, kembali kepada Anda.", count=len(months)))


def _page(form: GiveForm, sponsorship: Sponsorship, *, error: str = "", status: int = 200) -> Any:
    waiting = giving_way.list_waiting(sponsorship)
    page = render_template(
        "payments/giving.html",
        form=form,
        sponsorship=sponsorship,
        worker=sponsorships.display_name(sponsorship),
        amount=sum(one.amount_rupiah for one in waiting),
        days=giving_way.WAIT_DAYS,
        error=error,
    )
    return page, 422 if form.errors and status == 200 else status
