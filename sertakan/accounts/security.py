"""Pages that protect one's own account: that it is she, a new contact, and a second factor. Residents only."""

from typing import Any

from flask import abort, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_limiter.util import get_remote_address
from flask_login import current_user

from sertakan.accounts import contacts, factor, own, rules, staff
from sertakan.accounts import session as browser
from sertakan.accounts.door import bp, page
from sertakan.accounts.forms import CodeForm, ContactForm, FactorForm
from sertakan.db import transaction
from sertakan.kit.errors import Refused
from sertakan.notices.email import reaches_phones
from sertakan.web.access import signed_in
from sertakan.web.extensions import limiter
from sertakan.web.knock import knock


def _confirm_first(then: str) -> Any:
    """A redirect to the code for the old contact when nothing recent shows that it is she; else None. Staff have other ways."""
    if current_user.person.role is not None:
        return abort(404)
    if own.is_fresh():
        return None
    session["next"] = url_for(then)
    return redirect(url_for(".confirm"), 303)


@bp.route("/akun/pastikan", methods=["GET", "POST"])
@signed_in
@limiter.limit("10 per hour", methods=["POST"])
def confirm() -> Any:
    """Send a code to the contact we know, then type it: the first button sends, the second form checks."""
    person, form = current_user.person, CodeForm()
    if person.role is not None:
        abort(404)
    if request.form.get("send"):
        with transaction():
            session[own.CONFIRMING] = contacts.start_confirm(person=person)
        knock("notices")
        return redirect(url_for(".confirm"), 303)
    if own.CONFIRMING in session and form.sent:
        with transaction():
            no = contacts.finish_confirm(person=person, ref=session[own.CONFIRMING], code=form.code.data)
        if no is None:
            own.confirmed()
            return redirect(browser.next_or(url_for(".account")), 303)
        form.refuse(no)
    return page("accounts/confirm.html", form, to=contacts.known_as(person).masked, asked=own.CONFIRMING in session)


@bp.route("/akun/kontak", methods=["GET", "POST"])
@signed_in
@limiter.limit("10 per hour", methods=["POST"])
def contact() -> Any:
    """A new e-mail or number, typed; the code goes there."""
    if elsewhere := _confirm_first(".contact"):
        return elsewhere
    form = ContactForm()
    if form.sent:
        try:
            new = rules.parse_contact(form.contact.data)
            rules.check_reachable(new, has_sms=reaches_phones())
            with transaction():
                ref = contacts.start_change(person=current_user.person, contact=new)
        except Refused as no:
            form.refuse(no)
        else:
            own.keep_change(ref, new)
            knock("notices")
            return redirect(url_for(".contact_code"), 303)
    return page("accounts/contact.html", form, contacts=contacts.masked(current_user.person))


@bp.route("/akun/kontak/kode", methods=["GET", "POST"])
@signed_in
@limiter.limit("10 per minute", methods=["POST"])
def contact_code() -> Any:
    """The code from the new contact: from now on it is hers."""
    if elsewhere := _confirm_first(".contact"):
        return elsewhere
    change, form = own.change(), CodeForm()
    if change is None:
        return redirect(url_for(".contact"), 303)
    if form.sent:
        person, here = current_user.person, current_user.sign_in
        with transaction():
            no = contacts.finish_change(person=person, sign_in=here, ref=change.ref, contact=change.contact, code=form.code.data)
        if no is None:
            own.change_is_over()
            knock("notices")
            flash(_("Kontak Anda sudah diganti. Kontak yang lama kami kabari."), "ok")
            return redirect(url_for(".account"), 303)
        form.refuse(no)
    return page("accounts/contact_code.html", form, to=change.contact.masked)


@bp.route("/akun/autentikator", methods=["GET", "POST"])
@signed_in
@limiter.limit("20 per hour", methods=["POST"])
def authenticator() -> Any:
    """Turn a second factor on, or see that it is on; the codes for the paper are shown once."""
    if elsewhere := _confirm_first(".authenticator"):
        return elsewhere
    person, form = current_user.person, CodeForm()
    if person.totp_sealed is not None:
        return _factor_is_on(FactorForm(formdata=None))
    secret = own.new_secret(person)
    if form.sent:
        try:
            with transaction():
                papers = factor.turn_on(person=person, secret=secret, code=form.code.data)
                factor.showed(person=person, here=current_user.sign_in)
        except Refused as no:
            form.refuse(no)
        else:
            own.secret_is_over()
            return render_template("accounts/recovery.html", papers=papers, then=browser.back_or(url_for(".account")))
    link = staff.otpauth_link(secret, contacts.known_as(person).masked)
    return page("accounts/authenticator.html", form, secret=secret, link=link)


def _factor_is_on(form: FactorForm) -> Any:
    return page("accounts/authenticator_on.html", form, papers=factor.papers_left(current_user.person))


def _whose() -> str:
    """The rate limit's key: her account, from whatever addresses."""
    return current_user.person.ref if current_user.is_authenticated else get_remote_address()


@bp.route("/akun/autentikator/kode", methods=["GET", "POST"])
@signed_in
@limiter.limit("10 per hour", key_func=_whose, methods=["POST"])
def show_factor() -> Any:
    """This session shows its second factor, and the deed that asked for it goes on; who has none sets one up first."""
    person, form = current_user.person, FactorForm()
    if back := rules.safe_next(request.args.get("kembali")):
        browser.keep_back(back)
    if person.role is not None:
        return redirect(url_for(".account" if current_user.second_factor else ".staff_sign_in"), 303)
    if person.totp_sealed is None:
        return redirect(url_for(".authenticator"), 303)
    if current_user.factor_shown:
        return redirect(browser.back_or(url_for(".account")), 303)
    if form.sent:
        try:
            with transaction():
                factor.show(person=person, here=current_user.sign_in, code=form.code.data)
        except Refused as no:
            form.refuse(no)
        else:
            flash(_("Terima kasih, ini memang Anda. Silakan lanjutkan."), "ok")
            return redirect(browser.back_or(url_for(".account")), 303)
    return page("accounts/show_factor.html", form)


@bp.post("/akun/autentikator/matikan")
@signed_in
@limiter.limit("10 per hour")
def authenticator_off() -> Any:
    """No second factor any more; needs one of its codes."""
    form, person = FactorForm(), current_user.person
    if person.role is not None or person.totp_sealed is None:
        abort(404)
    if form.sent:
        try:
            with transaction():
                factor.turn_off(person=person, code=form.code.data)
        except Refused as no:
            form.refuse(no)
        else:
            flash(_("Autentikator dimatikan. Masuk kini cukup dengan kode dari pesan."), "ok")
            return redirect(url_for(".account"), 303)
    return _factor_is_on(form)


@bp.get("/akun/autentikator/matikan")
@signed_in
def authenticator_back() -> Any:
    """Who reloads the answer to that form comes back to the page."""
    return redirect(url_for(".authenticator"), 303)
