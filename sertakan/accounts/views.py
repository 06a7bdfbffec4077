"""Signing in and out, one's own account, and the staff's door: `/masuk`, `/keluar`, `/akun`, `/berhenti`, `/petugas/masuk`."""

from typing import Any

from flask import Flask, current_app, flash, redirect, request, session, url_for
from flask_babel import gettext as _
from flask_limiter.util import get_remote_address
from flask_login import current_user

from sertakan.accounts import codes, contacts, factor, queries, rules, security, service, staff
from sertakan.accounts import session as browser
from sertakan.accounts.codes import Purpose
from sertakan.accounts.door import bp, page
from sertakan.accounts.forms import CodeForm, ContactForm, EmptyForm, FactorForm, PasswordForm, ProfileForm, SetupForm, StaffForm
from sertakan.accounts.models import Person
from sertakan.accounts.permissions import Permission
from sertakan.db import blind, keyring, transaction
from sertakan.kit.errors import Refused
from sertakan.notices.email import reaches_phones
from sertakan.notices.links import read_mute_token
from sertakan.web.access import by_link, public, signed_in
from sertakan.web.extensions import limiter
from sertakan.web.knock import knock
from sertakan.web.language import current_language

FACTOR = "resident_factor"  # in the session: the sign-in that waits for the authenticator
# where an officer begins, by the first of these that she may
STAFF_HOMES = (
    (Permission.review_see, "review.queue"),
    (Permission.worker_register, "workers.register"),
    (Permission.money_see, "reports.ledger"),
    (Permission.audit_see, "reports.trail"),
)


def _typed_contact() -> str:
    """The rate limits' key: the contact typed, as a keyed hash, so that one person is not flooded from many addresses."""
    try:
        contact = rules.parse_contact(request.form.get("contact", "") or request.form.get("email", ""))
    except Refused:
        return get_remote_address()
    return blind(contact.value, "rate-limit")


def _typed_contact_and_address() -> str:
    """One account from one address: a stranger elsewhere never uses up its owner's tries (ASVS 6.3.1)."""
    return f"{_typed_contact()}:{get_remote_address()}"


def _was_refused(response: Any) -> bool:
    return bool(response.status_code == 422)


def _enter(token: str, default: str, *, lasting: bool) -> Any:
    browser.begin(token, lasting=lasting)
    return redirect(browser.next_or(default), 303)


# ---- residents -----------------------------------------------------------------------------------------------------------------


@bp.route("/masuk", methods=["GET", "POST"])
@public
@limiter.limit("10 per 10 minutes", methods=["POST"])
@limiter.limit("10 per hour", key_func=_typed_contact, methods=["POST"])
def sign_in() -> Any:
    """Type an e-mail or mobile number; whether it is known is told to nobody."""
    form = ContactForm()
    if form.sent:
        try:
            contact = rules.parse_contact(form.contact.data)
            rules.check_reachable(contact, has_sms=reaches_phones())
        except Refused as no:
            form.refuse(no)
        else:
            with transaction():
                session["code"] = service.start_sign_in(contact=contact, locale=current_language())
            knock("notices")
            return redirect(url_for(".code"), 303)
    return page("accounts/sign_in.html", form)


@bp.route("/masuk/kode", methods=["GET", "POST"])
@public
@limiter.limit("10 per minute", methods=["POST"])
def code() -> Any:
    """Type the six digits."""
    if "code" not in session:
        return redirect(url_for(".sign_in"), 303)
    form = CodeForm()
    if form.sent:
        with transaction():
            found = service.finish_sign_in(ref=session["code"], code=form.code.data)
            token = _open(found)
        if not isinstance(found, Refused):
            return _go_on(token)
        form.refuse(found)
    return page("accounts/code.html", form)


def _go_on(token: str) -> Any:
    """Into her pages, or to the authenticator when she turned one on."""
    if FACTOR in session:
        return redirect(url_for(".factor_code"), 303)
    return _enter(token, url_for("sponsorships.index"), lasting=True)


@bp.route("/masuk/autentikator", methods=["GET", "POST"])
@public
@limiter.limit("10 per minute", methods=["POST"])
def factor_code() -> Any:
    """A resident's second factor: the authenticator's code, or one from her paper."""
    if FACTOR not in session:
        return redirect(url_for(".sign_in"), 303)
    form = FactorForm()
    if form.sent:
        with transaction():
            found = factor.finish(ref=session[FACTOR], code=form.code.data)
            token = (
                ""
                if isinstance(found, Refused)
                else service.open_session(person=found, agent=browser.agent_words(), second_factor=True)
            )
        if not isinstance(found, Refused):
            return _enter(token, url_for("sponsorships.index"), lasting=True)
        if isinstance(found, rules.SignInAgain):
            session.pop(FACTOR)
            raise found
        form.refuse(found)
    return page("accounts/factor_code.html", form)


def _open(found: Person | Refused, *, second_factor: bool = False) -> str:
    """A session for her, or "" when she was refused or her authenticator comes first."""
    session.pop(FACTOR, None)
    if isinstance(found, Refused):
        return ""
    if factor.asks(found):
        session[FACTOR] = factor.start(person=found)
        return ""
    return service.open_session(person=found, agent=browser.agent_words(), second_factor=second_factor)


@bp.route("/masuk/tautan/<token>", methods=["GET", "POST"])
@by_link
@limiter.limit("20 per minute")
def link(token: str) -> Any:
    """The link of the message: looking changes nothing, the button signs in (programs that preview links press no button)."""
    form = EmptyForm()
    if form.sent:
        with transaction():
            found = service.finish_by_link(token=token)
            opened = _open(found)
        if isinstance(found, Refused):
            raise found
        return _go_on(opened)
    if codes.find_by_link(token, Purpose.sign_in) is None:
        raise rules.LinkOver
    return page("accounts/link.html", form)


@bp.post("/keluar")
@signed_in
def sign_out() -> Any:
    """The session ends on the server; the browser forgets what it stored of us."""
    with transaction():
        service.end_session(actor=current_user.person, sign_in=current_user.sign_in)
    browser.end()
    response = redirect(url_for(".sign_in"), 303)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'  # "cookies" would reach every site of the city's domain
    return response


# ---- one's own account ---------------------------------------------------------------------------------------------------------


@bp.route("/akun", methods=["GET", "POST"])
@signed_in
def account() -> Any:
    """Name, language, reminders, and where one is signed in."""
    person = current_user.person
    form = ProfileForm.of(person)
    if form.sent:
        with transaction():
            service.change_profile(actor=person, name=form.name.data, locale=form.locale.data)
            service.mute(actor=person.ref, person=person, muted=not form.reminders.data)
        flash(_("Sudah disimpan."))
        return redirect(url_for(".account"), 303)
    alive = [row for row in queries.list_sign_ins(person.id) if browser.is_alive(row)]
    return page("accounts/account.html", form, contacts=contacts.masked(person), sign_ins=alive, own=current_user.sign_in)


@bp.post("/akun/sesi/<ref>/akhiri")
@signed_in
def end_one(ref: str) -> Any:
    """End one of one's own sessions, on another device or here."""
    with transaction():
        service.end_session(actor=current_user.person, sign_in=queries.get_sign_in(ref, current_user.person.id))
    flash(_("Perangkat itu sudah keluar."))
    return redirect(url_for(".account"), 303)


@bp.post("/akun/sesi/akhiri-lainnya")
@signed_in
def end_others() -> Any:
    """End every session but this one."""
    with transaction():
        person = current_user.person
        service.end_all(actor=person.ref, person=person, but=current_user.sign_in)
    flash(_("Semua perangkat lain sudah keluar."))
    return redirect(url_for(".account"), 303)


@bp.route("/akun/sandi", methods=["GET", "POST"])
@signed_in
@limiter.limit("10 per hour", methods=["POST"], deduct_when=_was_refused)
def password() -> Any:
    """Staff change their password by telling the old one; a new session begins, and others may be ended (ASVS 6.2.3, 7.4.3)."""
    if current_user.person.role is None or not current_user.second_factor:
        return redirect(url_for(".staff_sign_in"), 303)
    form = PasswordForm()
    if form.sent:
        person = current_user.person
        try:
            new_hash = staff.check_change(person, form.old.data, form.password.data)
        except Refused as no:
            form.refuse(no)
        else:
            with transaction():
                staff.change_password(actor=person, new_hash=new_hash)
                if form.end_others.data:
                    service.end_all(actor=person.ref, person=person, but=current_user.sign_in)
            flash(_("Kata sandi sudah diganti."))
            return redirect(url_for(".account"), 303)
    return page("accounts/password.html", form)


@bp.route("/berhenti/<token>", methods=["GET", "POST"])
@by_link
@limiter.limit("20 per minute")
def mute(token: str) -> Any:
    """The link under every reminder: no more of them, without signing in."""
    person = queries.find_by_ref(read_mute_token(token) or "")
    if person is None:
        raise rules.LinkOver
    form = EmptyForm()
    if form.sent:
        with transaction():
            service.mute(actor=person.ref, person=person, muted=True)
        return redirect(url_for(".mute", token=token), 303)
    return page("accounts/mute.html", form, muted=person.muted_at is not None)


# ---- staff ---------------------------------------------------------------------------------------------------------------------


@bp.route("/petugas/masuk", methods=["GET", "POST"])
@public
@limiter.limit("5 per 5 minutes", key_func=_typed_contact_and_address, methods=["POST"], deduct_when=_was_refused)
@limiter.limit("30 per 10 minutes", methods=["POST"], deduct_when=_was_refused)
def staff_sign_in() -> Any:
    """The password; the second factor follows."""
    form = StaffForm()
    if form.sent:
        verified = staff.verify_password(form.email.data, form.password.data)
        with transaction():
            found = staff.start_staff_sign_in(verified=verified)
        if isinstance(found, str):
            session["second_factor"] = found
            return redirect(url_for(".staff_code"), 303)
        form.refuse(found)
    return page("accounts/staff_sign_in.html", form)


@bp.route("/petugas/masuk/kode", methods=["GET", "POST"])
@public
@limiter.limit("10 per minute", methods=["POST"])
def staff_code() -> Any:
    """The authenticator's code."""
    if "second_factor" not in session:
        return redirect(url_for(".staff_sign_in"), 303)
    form = CodeForm()
    if form.sent:
        with transaction():
            found = staff.finish_staff_sign_in(ref=session["second_factor"], code=form.code.data)
            token = _open(found, second_factor=True)
        if not isinstance(found, Refused):
            return _enter_as_staff(token)
        if isinstance(found, rules.SignInAgain):
            session.pop("second_factor")
            raise found
        form.refuse(found)
    return page("accounts/staff_code.html", form)


def _enter_as_staff(token: str) -> Any:
    browser.begin(token, lasting=False)
    homes = [name for permission, name in STAFF_HOMES if current_user.may(permission) and name in current_app.view_functions]
    return redirect(browser.next_or(url_for(homes[0] if homes else ".account")), 303)


@bp.route("/petugas/siapkan/<token>", methods=["GET", "POST"])
@by_link
@limiter.limit("20 per 10 minutes")
def staff_setup(token: str) -> Any:
    """An invited officer sets her password and her authenticator, once."""
    row = codes.find_by_link(token, Purpose.staff_setup)
    person = queries.find_by_id(row.person_id) if row else None
    if person is None:
        raise rules.LinkOver
    secret = _setup_secret(token)
    form = SetupForm()
    if form.sent:
        try:
            with transaction():
                found = staff.finish_setup(token=token, password=form.password.data, secret=secret, code=form.code.data)
                opened = _open(found, second_factor=True)
        except Refused as no:
            if no.field is None:
                raise
            form.refuse(no)
        else:
            return _enter_as_staff(opened)
    email = person.email or ""
    return page("accounts/staff_setup.html", form, secret=secret, email=email, link=staff.otpauth_link(secret, email))


def _setup_secret(token: str) -> str:
    """The authenticator's secret of this set-up, the same on every reload; sealed in the cookie until the set-up is done."""
    context = f"setup:{codes.hash_token(token)}"
    kept: dict[str, str] = session.get("setup", {})
    if kept.get("for") != context:
        kept = {"for": context, "secret": keyring().seal(staff.new_secret(), context)}
        session["setup"] = kept
    return keyring().open(kept["secret"], context)


def init_app(app: Flask) -> None:
    _ = security.confirm  # its pages stand behind the same door
    browser.init_session(app)
