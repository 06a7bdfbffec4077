"""`/perusahaan`: an organisation registers, sees how it stands, and keeps its members. `/petugas/organisasi`: staff check it."""

from typing import Any

from flask import Blueprint, Flask, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_login import current_user

from sertakan.accounts import rules as account_rules
from sertakan.accounts import service as accounts
from sertakan.accounts import session as browser
from sertakan.accounts.codes import hash_token
from sertakan.accounts.models import MemberRole, OrganisationKind
from sertakan.accounts.permissions import Permission
from sertakan.audit import queries as audit
from sertakan.db import transaction
from sertakan.kit import clock
from sertakan.kit.errors import Refused
from sertakan.organisations import factor, queries, rules, service
from sertakan.organisations.forms import (
    ROLES,
    EmptyForm,
    InviteForm,
    JoinForm,
    ProfileForm,
    RefuseForm,
    RegisterForm,
    RoleForm,
    StartForm,
)
from sertakan.organisations.rules import REASONS, RefusalReason
from sertakan.web.access import by_link, public, requires, signed_in
from sertakan.web.extensions import limiter
from sertakan.web.forms import BaseForm
from sertakan.web.knock import knock
from sertakan.web.language import current_language
from sertakan.web.paging import page_number

bp = Blueprint("organisations", __name__, template_folder="templates")


def _page(template: str, form: BaseForm, **words: Any) -> Any:
    return render_template(template, form=form, **words), 422 if form.errors else 200


def _told(words: str, endpoint: str, **values: Any) -> Any:
    """Done: the messages go out, and the next page says so."""
    knock("notices")
    flash(words, "ok")
    return redirect(url_for(endpoint, **values), 303)


# ---- registering ---------------------------------------------------------------------------------------------------------------


@bp.get("/perusahaan")
@public
def index() -> Any:
    """What an organisation can do here; a member sees hers."""
    own = queries.list_memberships(current_user.person) if current_user.is_authenticated else []
    return render_template("organisations/index.html", memberships=own)


@bp.route("/perusahaan/daftar", methods=["GET", "POST"])
@public
@limiter.limit("10 per hour", methods=["POST"])
def start() -> Any:
    """Who registers; the code sent to her address opens the form."""
    if current_user.is_authenticated:
        return redirect(url_for(".register"), 303)
    form = StartForm()
    if form.sent:
        try:
            contact = account_rules.parse_contact(form.email.data)
            if contact.kind != "email":
                raise account_rules.NotEmail(field="email")
        except Refused as no:
            no.field = "email"
            form.refuse(no)
        else:
            with transaction():
                accounts.find_or_create_resident(contact=contact, name=form.name.data, locale=current_language())
                session["code"] = accounts.start_sign_in(contact=contact, locale=current_language())
            session["next"] = url_for(".register")
            knock("notices")
            return redirect(url_for("accounts.code"), 303)
    return _page("organisations/start.html", form)


@bp.route("/perusahaan/baru", methods=["GET", "POST"])
@signed_in
@limiter.limit("10 per hour", methods=["POST"])
def register() -> Any:
    """The organisation itself."""
    form = RegisterForm()
    if form.sent:
        try:
            profile = form.profile()
            with transaction():
                kind = OrganisationKind(form.kind.data)
                ref = service.register(actor=current_user.person, kind=kind, profile=profile).ref
        except Refused as no:
            form.refuse(no)
        else:
            return _told(_("Terima kasih. Petugas memeriksa dalam satu hari kerja."), ".detail", ref=ref)
    return _page("organisations/register.html", form)


@bp.get("/perusahaan/<ref>")
@signed_in
def detail(ref: str) -> Any:
    """How the organisation stands and what comes next."""
    member = queries.get_membership(ref, current_user.person)
    return render_template(
        "organisations/detail.html",
        member=member,
        organisation=member.organisation,
        registration=queries.latest_registration(member.organisation_id),
        members=queries.list_members(member.organisation_id),
        reasons=REASONS,
        roles=ROLES,
    )


@bp.route("/perusahaan/<ref>/profil", methods=["GET", "POST"])
@signed_in
@limiter.limit("20 per hour", methods=["POST"])
def profile(ref: str) -> Any:
    """Name, number and address; a change is checked anew."""
    member = queries.get_membership(ref, current_user.person)
    form = ProfileForm.of(queries.latest_registration(member.organisation_id))
    if form.sent:
        try:
            wanted = form.profile()
            with transaction():
                service.change_profile(actor=queries.get_membership(ref, current_user.person, lock=True), profile=wanted)
        except Refused as no:
            form.refuse(no)
        else:
            return _told(_("Tersimpan. Petugas memeriksa perubahannya dalam satu hari kerja."), ".detail", ref=ref)
    return _page("organisations/profile.html", form, member=member, organisation=member.organisation)


# ---- members -------------------------------------------------------------------------------------------------------------------


def _members(ref: str, form: InviteForm) -> Any:
    member = queries.get_membership(ref, current_user.person)
    return _page(
        "organisations/members.html",
        form,
        member=member,
        organisation=member.organisation,
        members=queries.list_members(member.organisation_id),
        invitations=queries.list_invitations(member.organisation_id, clock.now()),
        role_form=RoleForm(formdata=None),
        roles=ROLES,
        masked=lambda email: account_rules.Contact("email", email).masked,
    )


@bp.route("/perusahaan/<ref>/anggota", methods=["GET", "POST"])
@signed_in
@limiter.limit("30 per hour", methods=["POST"])
def members(ref: str) -> Any:
    """Who belongs to it; the contact person invites by e-mail."""
    form = InviteForm()
    if form.sent:
        try:
            with transaction():
                actor = queries.get_membership(ref, current_user.person, lock=True)
                service.invite(actor=actor, email=form.email.data, role=MemberRole(form.role.data))
        except Refused as no:
            no.field = no.field or "email"
            form.refuse(no)
        else:
            return _told(_("Undangan sudah dikirim. Tautannya berlaku tujuh hari."), ".members", ref=ref)
    return _members(ref, form)


@bp.post("/perusahaan/<ref>/undangan/<invitation>/batal")
@signed_in
def withdraw_invitation(ref: str, invitation: str) -> Any:
    """The invitation works no longer."""
    with transaction():
        actor = queries.get_membership(ref, current_user.person)
        service.withdraw_invitation(actor=actor, invitation=queries.get_invitation(actor.organisation_id, invitation))
    return _told(_("Undangan dibatalkan."), ".members", ref=ref)


@bp.post("/perusahaan/<ref>/anggota/<int:member_id>/peran")
@signed_in
def change_role(ref: str, member_id: int) -> Any:
    """Another role for a member."""
    form = RoleForm()
    if not form.sent:
        flash(_("Pilih perannya dari daftar."), "bad")
        return _members(ref, InviteForm(formdata=None))[0], 422
    with transaction():
        actor = queries.get_membership(ref, current_user.person)
        member = queries.get_member(actor.organisation_id, member_id)
        service.change_role(actor=actor, member=member, role=MemberRole(form.role.data))
    return _told(_("Peran sudah diganti."), ".members", ref=ref)


@bp.post("/perusahaan/<ref>/anggota/<int:member_id>/narahubung")
@signed_in
def hand_over(ref: str, member_id: int) -> Any:
    """Another member becomes the contact person."""
    with transaction():
        actor = queries.get_membership(ref, current_user.person, lock=True)
        service.hand_over(actor=actor, member=queries.get_member(actor.organisation_id, member_id))
    return _told(_("Narahubung sudah berganti."), ".members", ref=ref)


@bp.post("/perusahaan/<ref>/anggota/<int:member_id>/keluar")
@signed_in
def end_membership(ref: str, member_id: int) -> Any:
    """A member leaves or is taken out; what was done stays with the organisation."""
    with transaction():
        actor = queries.get_membership(ref, current_user.person, lock=True)
        own = actor.id == member_id
        service.end_membership(actor=actor, member=queries.get_member(actor.organisation_id, member_id))
    if own:
        return _told(_("Anda sudah keluar dari lembaga ini."), ".index")
    return _told(_("Anggota itu sudah dikeluarkan."), ".members", ref=ref)


@bp.route("/perusahaan/undangan/<token>", methods=["GET", "POST"])
@by_link
@limiter.limit("20 per 10 minutes")
def invitation(token: str) -> Any:
    """The link of the letter: looking changes nothing, the button joins and signs in."""
    found = queries.find_invitation(hash_token(token), clock.now())
    if found is None:
        raise rules.InvitationOver
    known = current_user.person
    form = JoinForm(data={"name": known.name if known else ""})
    if form.sent:
        with transaction():
            member, person = service.accept(token=token, reader=known, name=form.name.data, locale=current_language())
            ref = member.organisation.ref if member.organisation else found.organisation.ref
            opened = "" if known else accounts.open_session(person=person, agent=browser.agent_words())
        if opened:
            browser.begin(opened, lasting=True)
        return _told(_("Selamat bergabung."), ".detail", ref=ref)
    return _page(
        "organisations/invitation.html",
        form,
        organisation=found.organisation,
        role=ROLES[found.role],
        needs_factor=found.role in factor.ROLES,
    )


# ---- staff ---------------------------------------------------------------------------------------------------------------------


@bp.get("/petugas/organisasi")
@requires(Permission.organisation_verify)
def queue() -> str:
    """Those to check, oldest first; or those decided."""
    decided = request.args.get("saring") == "selesai"
    page = queries.list_waiting(page_number(), decided)
    return render_template(
        "organisations/queue.html", page=page, decided=decided, waiting=queries.count_waiting(), now=clock.now()
    )


def _check(ref: str, form: RefuseForm, status: int = 200) -> Any:
    registration = queries.get_registration(ref)
    person = current_user.person
    own = queries.is_member(person, registration.organisation_id)
    words = {
        "registration": registration,
        "own": own,
        "reasons": REASONS,
        "same": queries.list_same_number(registration),
        "earlier": [row for row in queries.list_registrations(registration.organisation_id) if row.id != registration.id],
        "events": audit.list_for(service.subject(registration.organisation), 20),
        "accept_form": EmptyForm(formdata=None),
    }
    return render_template("organisations/check.html", form=form, **words), status


@bp.get("/petugas/organisasi/<ref>")
@requires(Permission.organisation_verify)
def check(ref: str) -> Any:
    """One application with what speaks for and against it."""
    return _check(ref, RefuseForm(formdata=None))


@bp.post("/petugas/organisasi/<ref>/sahkan")
@requires(Permission.organisation_verify)
def verify(ref: str) -> Any:
    """In order."""
    with transaction():
        service.verify(officer=current_user.person, registration=queries.get_registration(ref, lock=True))
    return _told(_("Lembaga sudah disahkan. Narahubungnya dikabari."), ".queue")


@bp.post("/petugas/organisasi/<ref>/tolak")
@requires(Permission.organisation_verify)
def refuse(ref: str) -> Any:
    """Not in order, with a reason from the list."""
    form = RefuseForm()
    if not form.sent:
        return _check(ref, form, 422)
    with transaction():
        registration = queries.get_registration(ref, lock=True)
        reason = RefusalReason(form.reason.data)
        service.refuse(officer=current_user.person, registration=registration, reason=reason, note=form.note.data or "")
    return _told(_("Pendaftaran ditolak. Narahubungnya dikabari."), ".queue")


@bp.get("/petugas/organisasi/<ref>/<any(sahkan, tolak):action>")
@requires(Permission.organisation_verify)
def back(ref: str, action: str) -> Any:
    """These forms answer at their own addresses; who reloads one comes back here."""
    return redirect(url_for(".check", ref=ref), 303)


def init_app(app: Flask) -> None:
    factor.init_factor(app)
