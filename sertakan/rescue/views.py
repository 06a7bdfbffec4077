"""`/selamatkan`: whoever is in arrears and agreed to be listed; `/selamatkan/<token>`: months that anybody may pay, for a worker whom
the page does not name.
"""

from typing import Any
from urllib.parse import quote_plus

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from sertakan.accounts import service as accounts
from sertakan.accounts.models import Person
from sertakan.audit.service import SYSTEM
from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.kit.errors import N_, Refused
from sertakan.notices.links import absolute
from sertakan.payments import checkout, pages
from sertakan.payments import service as payments
from sertakan.places import queries as places
from sertakan.rescue import public as board
from sertakan.rescue import queries, rules, service
from sertakan.rescue.forms import AskForm, RescueForm
from sertakan.rescue.rules import Help
from sertakan.sponsorships import links
from sertakan.sponsorships import queries as sponsorships
from sertakan.sponsorships.models import ActionLink
from sertakan.tariff import queries as tariff
from sertakan.web.access import by_link, public, signed_in
from sertakan.web.extensions import limiter
from sertakan.web.kept import kept_form
from sertakan.web.language import current_language
from sertakan.web.paging import page_number
from sertakan.workers.models import Worker

bp = Blueprint("rescue", __name__, template_folder="templates")
# no names: the message is forwarded, and its preview is read by others
MESSAGE = N_("Seorang pekerja di sekitar kita hampir kehilangan perlindungannya. Satu bulan pun membantu: %(url)s")


@bp.route("/selamatkan", methods=["GET", "POST"])
@public
@limiter.limit("10 per minute;60 per hour", methods=["POST"])
def listed() -> Any:
    """Whoever may be helped with one month, the least time left first; choosing one leads to her page by a link of one day."""
    if AskForm().sent:
        return _chosen(request.form.get("pilih", ""))
    response = make_response(_list())
    response.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    return response


def _chosen(key: str) -> Any:
    """On to the page of the one chosen, by a link made now; back to the list when somebody else was faster."""
    found = board.choose(key)
    if found is None:
        flash(_("Ia baru saja dibantu orang lain. Terima kasih! Pilih yang lain."), "ok")
        return redirect(url_for("rescue.listed"), 303)
    actor = current_user.person.ref if current_user.is_authenticated else SYSTEM
    with transaction():
        helped = sponsorships.get(found[0], lock=True)
        token = service.ask_for_help(actor=actor, sponsorship=helped, days=rules.LISTED_DAYS, detail=found[1])
    return redirect(url_for("rescue.pay", token=token), 303)


@kept_form
def _list() -> Any:
    return render_template("rescue/listed.html", page=board.listed(page_number()))


@bp.route("/selamatkan/<token>", methods=["GET", "POST"])
@by_link
@limiter.limit("20 per minute")
@limiter.limit("10 per minute;60 per hour", methods=["POST"])
def pay(token: str) -> Any:
    """Her work and kelurahan, the months in arrears and their prices; then promise, bill and off to pay."""
    link = links.use_link(token, Help.rescue.value)
    form, sponsorship_id = RescueForm(), link.sponsorship_id
    form.knows_payer = current_user.is_authenticated
    if not form.is_submitted():
        if form.knows_payer:
            form.sponsor_name.data = current_user.person.name
        return _page(form, link, token)
    status = 422
    if form.sent:
        try:
            return checkout.go(*_promise(form, sponsorship_id))
        except Refused as no:
            form.refuse(no)
            status = no.status
    return _page(form, links.use_link(token, Help.rescue.value), token, status)


def _promise(form: RescueForm, sponsorship_id: int) -> tuple[int, str]:
    """The promise and its bill, all or nothing."""
    person_id = current_user.person.id if form.knows_payer else None
    locale = current_language()
    with transaction():
        helped = sponsorships.get(sponsorship_id, lock=True)
        payer = _payer(person_id, form, locale)
        new, months = service.rescue(sponsor=payer, rescued=helped, count=form.chosen(), shown=form.said())
        order = payments.open_order(actor=payer.ref, sponsorship=new, months=months, locale=locale)
        return order.id, new.code


def _payer(person_id: int | None, form: RescueForm, locale: str) -> Person:
    if person_id is not None:
        return db.session.get_one(Person, person_id)
    assert form.contact_value is not None
    return accounts.find_or_create_resident(contact=form.contact_value, name=form.sponsor_name.data or "", locale=locale)


def _page(form: RescueForm, link: ActionLink, token: str, status: int = 200) -> Any:
    offers = queries.offers(link.sponsorship, clock.today())
    form.remember(offers)
    page = render_template(
        "rescue/pay.html",
        form=form,
        action=url_for("rescue.pay", token=token),
        offers=offers,
        chosen=next((offer for offer in offers if offer.count == form.chosen()), None),
        about=board.words_of(link.detail) or _about(link.sponsorship.worker),
        risks=pages.RISKS,
    )
    return make_response(page, status)


def _about(worker: Worker) -> tuple[str, str, str]:
    """Her work, its icon and her kelurahan, for whoever was given a link by somebody who knows her."""
    work, place = tariff.get_occupation(worker.occupation_code), places.find_kelurahan(worker.kelurahan_code)
    return _(work.label), work.icon, place.name if place else _("Pontianak")


@bp.route("/dukungan/<code>/minta-tolong", methods=["GET", "POST"])
@signed_in
@limiter.limit("20 per hour", methods=["POST"])
def ask(code: str) -> Any:
    """A sponsor who cannot pay this time gets a link for whoever can."""
    form, url = AskForm(), None
    sponsorship = sponsorships.get_own(code, current_user.person)
    if form.sent:
        with transaction():
            sponsorship = sponsorships.get_own(code, current_user.person, lock=True)
            token = service.ask_for_help(actor=current_user.person.ref, sponsorship=sponsorship)
        url = absolute("rescue.pay", "id", token=token)
    return render_template(
        "rescue/ask.html",
        sponsorship=sponsorship,
        name=sponsorships.display_name(sponsorship),
        months=queries.owed(sponsorship, clock.today()),
        url=url,
        send=send_link(url) if url else None,
        days=rules.LINK_DAYS,
    )


def send_link(url: str) -> str:
    """Opens the messenger with the sentence and the link."""
    return "https://wa.me/?text=" + quote_plus(_(MESSAGE, url=url))
