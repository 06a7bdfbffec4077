"""`/dukungan/<code>/otomatis`: automatic renewal on and off; `/otomatis/<token>`: off in one step from the message."""

from typing import Any

from flask import Blueprint, make_response, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_login import current_user

from sertakan.autopay import queries, rules, service
from sertakan.autopay.forms import AutopayForm
from sertakan.autopay.rules import ConsentState
from sertakan.db import transaction
from sertakan.kit.errors import Refused
from sertakan.kit.money import rupiah
from sertakan.payments.stripe import StripeError
from sertakan.sponsorships import links, prices
from sertakan.sponsorships import queries as sponsorships
from sertakan.sponsorships.answers import DEFAULT_MONTHS, PRESETS
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.prices import Offer
from sertakan.web.access import by_link, signed_in
from sertakan.web.extensions import limiter
from sertakan.web.forms import BaseForm
from sertakan.web.knock import knock
from sertakan.web.language import current_language

bp = Blueprint("autopay", __name__, template_folder="templates")


@bp.route("/dukungan/<code>/otomatis", methods=["GET", "POST"])
@signed_in
@limiter.limit("20 per hour", methods=["POST"])
def manage(code: str) -> Any:
    """What it means and what it costs, then a card is saved on the payment page; or how it stands, and off in one step."""
    form = AutopayForm()
    if not form.is_submitted():
        return _page(form, sponsorships.get_own(code, current_user.person))
    status = 422
    if form.sent:
        try:
            return _do(form, code)
        except Refused as no:
            form.refuse(no)
            status = no.status
        except StripeError:
            return _page(form, sponsorships.get_own(code, current_user.person), 503)
    return _page(form, sponsorships.get_own(code, current_user.person), status)


def _do(form: AutopayForm, code: str) -> Any:
    here = redirect(url_for("autopay.manage", code=code), 303)
    if form.stop.data:
        with transaction():
            promise = sponsorships.get_own(code, current_user.person, lock=True)
            service.stop(actor=promise.sponsor.ref, sponsorship=promise)
        return _after_stop(here)
    if form.look.data:
        consent = queries.find_last(sponsorships.get_own(code, current_user.person).id)
        if consent is not None:
            service.learn_setup(consent.id)
        knock("notices")
        return here
    with transaction():
        promise = sponsorships.get_own(code, current_user.person, lock=True)
        actor, locale = promise.sponsor.ref, current_language()
        consent_id = service.ask(actor=actor, sponsorship=promise, months=form.chosen(), locale=locale).id
    return redirect(service.open_setup(consent_id), 303)


def _after_stop(here: Any) -> Any:
    for what in ("autopay", "notices"):
        knock(what)
    return here


def _page(form: AutopayForm, promise: Sponsorship, status: int = 200) -> Any:
    view = sponsorships.view_of(promise)
    consent = queries.find_last(promise.id)
    offers = [offer for offer in prices.renewals(promise, view.next_start) if offer.count in PRESETS]
    form.months.choices = [(str(offer.count), str(offer.count)) for offer in offers]
    form.months.data = form.months.data if form.chosen() else str(DEFAULT_MONTHS)
    state = consent.state if consent else None
    page = render_template(
        "autopay/manage.html",
        form=form,
        view=view,
        consent=consent,
        on=state is ConsentState.living,
        asking=state is ConsentState.asking and bool(consent and consent.setup_session),
        possible=service.may_renew(promise),
        cards=[_card(offer) for offer in offers],
        charge=queries.find_waiting(promise.id),
        card=service.card_words(consent) if consent else "",
        no_answer=status == 503,
    )
    response = make_response(page, status)
    if state is ConsentState.asking:
        response.headers["Refresh"] = "10"
    return response


def _card(offer: Offer) -> dict[str, Any]:
    words = _("%(count)s bulan", count=offer.count)
    hint = _(
        "Sekarang %(price)s; harga tiap bulan dikabarkan sebelum ditarik", price=rupiah(offer.total_rupiah, current_language())
    )
    return {"value": offer.count, "words": words, "hint": hint}


@bp.route("/otomatis/<token>", methods=["GET", "POST"])
@by_link
@limiter.limit("20 per minute")
def stop_by_link(token: str) -> Any:
    """Off, by the link of an announcement; it can do nothing else, and the card is given back."""
    link = links.use_link(token, rules.LINK)
    form, promise_id = BaseForm(), link.sponsorship_id
    if form.sent:
        with transaction():
            promise = sponsorships.get(promise_id, lock=True)
            if queries.find_living(promise_id) is not None:
                service.stop(actor=promise.sponsor.ref, sponsorship=promise)
        return _after_stop(redirect(url_for("autopay.stop_by_link", token=token), 303))
    promise = sponsorships.get(promise_id)
    charge = queries.find_waiting(promise_id)
    return render_template(
        "autopay/stop.html",
        form=form,
        name=sponsorships.display_name(promise),
        on=queries.find_living(promise_id) is not None,
        charge=charge,
    )
