"""`/estafet/<token>`: a seat that anybody may hold or take; `/giliran/<token>`: its holder's own page; `/dukungan/<code>/estafet`:
the chain and the seat that its sponsor offers. Nobody is named, unless both have agreed.
"""

from typing import Any
from urllib.parse import quote_plus

from flask import Blueprint, abort, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from sertakan.accounts import service as accounts
from sertakan.accounts.models import Person
from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.kit.errors import N_, Refused
from sertakan.notices.links import absolute
from sertakan.payments import checkout, pages
from sertakan.payments import service as payments
from sertakan.places import queries as places
from sertakan.relay import chain as chains
from sertakan.relay import queries, rules, service
from sertakan.relay.forms import NameForm, OfferForm, SeatForm, StepForm
from sertakan.relay.models import Seat
from sertakan.relay.rules import AskState, SeatState
from sertakan.rescue.rules import said
from sertakan.sponsorships import links, refusals
from sertakan.sponsorships import queries as sponsorships
from sertakan.sponsorships.models import ActionLink
from sertakan.tariff import queries as tariff
from sertakan.web.access import by_link, signed_in
from sertakan.web.errors import say
from sertakan.web.extensions import limiter
from sertakan.web.language import current_language

bp = Blueprint("relay", __name__, template_folder="templates")
# no names: the message is forwarded, and its preview is read by others
MESSAGE = N_("Perlindungan seorang pekerja di sekitar kita perlu penerus. Maukah Anda melanjutkannya? %(url)s")
HOLD = "hold"


# ---- a seat that is offered ----------------------------------------------------------------------------------------------------


@bp.route("/estafet/<token>", methods=["GET", "POST"])
@by_link
@limiter.limit("20 per minute")
@limiter.limit("10 per minute;60 per hour", methods=["POST"])
def seat(token: str) -> Any:
    """Her work and kelurahan, the months and their prices; hold the seat for some days, or pay at once."""
    link = links.use_link(token, rules.OFFER)
    form, status = SeatForm(), 422
    form.knows_payer = current_user.is_authenticated
    form.holding = request.form.get("do") == HOLD
    if not form.is_submitted():
        status = 200
        if form.knows_payer:
            form.sponsor_name.data = current_user.person.name
    if form.sent:
        try:
            return _hold(link, form) if form.holding else checkout.go(*_take(link, form))
        except Refused as no:
            form.refuse(no)
            status = no.status
    return _seat_page(form, queries.seat_of(links.use_link(token, rules.OFFER)), url_for("relay.seat", token=token), status)


def _hold(link: ActionLink, form: SeatForm) -> Any:
    sponsorship_id, person_id, locale = link.sponsorship_id, _me(), current_language()
    with transaction():
        sponsorships.get(sponsorship_id, lock=True)
        token = service.hold(holder=_payer(person_id, form, locale), seat=queries.seat_of(link, lock=True))
    return redirect(url_for("relay.turn", token=token), 303)


def _take(link: ActionLink, form: SeatForm, holder_id: int | None = None) -> tuple[int, str]:
    """The promise and its bill, all or nothing."""
    sponsorship_id, person_id, locale = link.sponsorship_id, holder_id or _me(), current_language()
    with transaction():
        sponsorships.get(sponsorship_id, lock=True)
        payer = _payer(person_id, form, locale)
        chosen = {"count": form.chosen(), "shown": form.said(), "named": form.named.data}
        new, months = service.take(holder=payer, seat=queries.seat_of(link, lock=True), **chosen)
        order = payments.open_order(actor=payer.ref, sponsorship=new, months=months, locale=locale)
        return order.id, new.code


def _me() -> int | None:
    return current_user.person.id if current_user.is_authenticated else None


def _payer(person_id: int | None, form: SeatForm, locale: str) -> Person:
    if person_id is not None:
        return db.session.get_one(Person, person_id)
    assert form.contact_value is not None
    return accounts.find_or_create_resident(contact=form.contact_value, name=form.sponsor_name.data or "", locale=locale)


def _seat_page(form: SeatForm, seat: Seat, action: str, status: int, *, mine: bool = False) -> Any:
    """`mine`: its holder looks. Whoever else comes while it is held sees no months and no form."""
    free = seat.state is SeatState.offered or mine
    offers = queries.offers(seat, clock.today()) if free else []
    form.remember(offers)
    worker = seat.sponsorship.worker
    page = render_template(
        "relay/seat.html",
        form=form,
        seat=seat,
        action=action,
        mine=mine,
        offers=offers,
        chosen=next((offer for offer in offers if offer.count == form.chosen()), None),
        work=tariff.get_occupation(worker.occupation_code),
        place=places.find_kelurahan(worker.kelurahan_code),
        risks=pages.RISKS,
        days=rules.HOLD_DAYS,
    )
    return make_response(page, status)


# ---- the holder's own page -----------------------------------------------------------------------------------------------------


@bp.route("/giliran/<token>", methods=["GET", "POST"])
@by_link
@limiter.limit("20 per minute")
@limiter.limit("10 per minute;60 per hour", methods=["POST"])
def turn(token: str) -> Any:
    """A seat in her hands: pay, or say that she does not go on; months that fell free before it: begin earlier, or not."""
    link = links.use_link(token, rules.TURN)
    found = queries.seat_of(link)
    if found.state is SeatState.held and not queries.is_paying(found):
        return _held(link, found, token)
    return _taken(link, found, token)


def _held(link: ActionLink, seat: Seat, token: str) -> Any:
    form, holder_id = SeatForm(), seat.holder_id
    form.knows_payer = True
    assert seat.holder is not None
    form.sponsor_name.data = form.sponsor_name.data or seat.holder.name
    status = 422 if form.is_submitted() else 200
    if form.sent:
        try:
            return checkout.go(*_take(link, form, holder_id))
        except Refused as no:
            form.refuse(no)
            status = no.status
            seat = queries.seat_of(link)
    return _seat_page(form, seat, url_for("relay.turn", token=token), status, mine=True)


def _taken(link: ActionLink, seat: Seat, token: str, no: str = "", status: int = 200) -> Any:
    """What is asked of a runner; without a question, that all is well or that the seat is over."""
    form = StepForm()
    if form.sent:
        try:
            return checkout.go(*_fill(link, seat.taken_id, request.form.get("shown", "")))
        except Refused as refusal:
            no, status = say(refusal), refusal.status
            seat = queries.seat_of(link)
    ask = queries.find_ask(seat.id)
    offer = queries.asked_offer(seat, ask) if ask else None
    page = render_template(
        "relay/turn.html",
        seat=seat,
        ask=ask if offer else None,
        passed=bool(ask and ask.state is AskState.passed),
        offer=offer,
        shown=said(offer.first, offer.total_rupiah) if offer else "",
        living=seat.state in rules.LIVING or seat.state is SeatState.handed_on,
        token=token,
        no=no,
    )
    return make_response(page, status)


def _fill(link: ActionLink, taken_id: int | None, shown: str) -> tuple[int, str]:
    if taken_id is None:
        raise rules.SeatOver
    locale = current_language()
    with transaction():
        sponsorships.get(taken_id, lock=True)
        seat = queries.seat_of(link, lock=True)
        holder = seat.holder or abort(404)
        target, months = service.fill(holder=holder, seat=seat, shown=shown)
        order = payments.open_order(actor=holder.ref, sponsorship=target, months=months, locale=locale)
        return order.id, target.code


@bp.post("/giliran/<token>/lepas")
@by_link
@limiter.limit("10 per minute;60 per hour")
def release(token: str) -> Any:
    """The holder does not go on, or begins no earlier than agreed."""
    link = links.use_link(token, rules.TURN)
    try:
        with transaction():
            found = queries.seat_of(link, lock=True)
            holder = found.holder or abort(404)
            if found.state is SeatState.taken:
                service.pass_ask(holder=holder, seat=found)
            else:
                service.give_back(holder=holder, seat=found)
    except Refused as no:
        flash(say(no), "bad")
    else:
        flash(_("Terima kasih sudah memberi tahu."), "ok")
    return redirect(url_for("relay.turn", token=token), 303)


@bp.get("/giliran/<token>/lepas")
@by_link
def back_to_turn(token: str) -> Any:
    """Who reloads the answer, or changes its language, comes back to the page."""
    return redirect(url_for("relay.turn", token=token), 303)


# ---- the chain -----------------------------------------------------------------------------------------------------------------


@bp.route("/dukungan/<code>/estafet", methods=["GET", "POST"])
@signed_in
@limiter.limit("20 per hour", methods=["POST"])
def chain(code: str) -> Any:
    """Who runs which months; a sponsor who will not go on offers a seat and gets a link for whoever takes over."""
    form, url, status = OfferForm(), None, 200
    sponsorship = sponsorships.get_own(code, current_user.person)
    if form.sent:
        try:
            with transaction():
                sponsorship = sponsorships.get_own(code, current_user.person, lock=True)
                person = current_user.person
                _seat, token = service.offer(giver=person, sponsorship=sponsorship, count=form.chosen(), named=form.named.data)
        except Refused as no:
            form.refuse(no)
            status = no.status
        else:
            url = absolute("relay.seat", "id", token=token)
    sponsorship = sponsorships.get_own(code, current_user.person)
    found = chains.read(sponsorship, clock.today())
    form.remember(found.offers)
    page = render_template(
        "relay/chain.html",
        sponsorship=sponsorship,
        name=sponsorships.display_name(sponsorship),
        chain=found,
        form=form,
        url=url,
        send="https://wa.me/?text=" + quote_plus(_(MESSAGE, url=url)) if url else None,
        days=rules.OFFER_DAYS,
        other_side=chains.other_side,
    )
    return make_response(page, status)


@bp.post("/dukungan/<code>/estafet/<ref>/tarik")
@signed_in
@limiter.limit("20 per hour")
def withdraw(code: str, ref: str) -> Any:
    """Take an offer back."""
    try:
        with transaction():
            sponsorship = sponsorships.get_own(code, current_user.person, lock=True)
            found = queries.get_of(ref, sponsorship, lock=True)
            service.withdraw(actor=current_user.person, seat=found)
    except Refused as no:
        flash(say(no), "bad")
    else:
        flash(_("Kursi ditarik. Tautannya tidak berlaku lagi."), "ok")
    return redirect(url_for("relay.chain", code=code), 303)


@bp.post("/dukungan/<code>/estafet/<ref>/kenalkan")
@signed_in
@limiter.limit("20 per hour")
def introduce(code: str, ref: str) -> Any:
    """Agree, or no longer agree, to be named to the sponsor on the other end of a seat."""
    form = NameForm()
    if not form.sent:
        raise refusals.NothingAsked
    with transaction():
        sponsorship = sponsorships.get_own(code, current_user.person)
        found = queries.get_of(ref, sponsorship, lock=True)
        service.introduce(person=current_user.person, seat=found, agrees=form.agrees.data)
    flash(_("Pilihan Anda disimpan."), "ok")
    return redirect(url_for("relay.chain", code=code), 303)


@bp.get("/dukungan/<code>/estafet/<ref>/<any(tarik, kenalkan):action>")
@signed_in
def back(code: str, ref: str, action: str) -> Any:
    """The answers to these forms stand at their own addresses; who reloads one comes back here."""
    return redirect(url_for("relay.chain", code=code), 303)
