"""`/perusahaan/<organisation>/sk`: decrees of a government body, written by one member and put in force by another."""

from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from sertakan.accounts.models import Membership
from sertakan.db import transaction
from sertakan.decrees import queries, rules, service
from sertakan.decrees.forms import BackForm, DecreeForm, EmptyForm, sent_pdf
from sertakan.decrees.models import Decree
from sertakan.decrees.rules import CATEGORIES, DecreeState
from sertakan.kit.errors import Refused
from sertakan.kit.text import one_line
from sertakan.organisations.queries import get_membership
from sertakan.web.access import signed_in
from sertakan.web.errors import say
from sertakan.web.extensions import limiter
from sertakan.web.forms import BaseForm
from sertakan.web.paging import page_number
from sertakan.web.uploads import takes_files

bp = Blueprint("decrees", __name__, url_prefix="/perusahaan/<ref>/sk", template_folder="templates")


def _member(ref: str) -> Membership:
    member = get_membership(ref, current_user.person)
    queries.may_have(member)
    return member


@bp.get("")
@signed_in
def index(ref: str) -> Any:
    """The decrees, each with its budget."""
    member = _member(ref)
    page = queries.list_decrees(member, page_number())
    budgets = queries.budgets(page.items)
    return render_template(
        "decrees/index.html",
        member=member,
        organisation=member.organisation,
        page=page,
        budgets=budgets,
        categories=CATEGORIES,
        latest=next((row for row in page.items if row.state in rules.DECIDED), None),
    )


@bp.route("/baru", methods=["GET", "POST"])
@signed_in
@takes_files(rules.MEGABYTES)
@limiter.limit("30 per hour", methods=["POST"])
def new(ref: str) -> Any:
    """Write a decree; `?salin=` begins with what another one says, a budget year later."""
    member = _member(ref)
    copied = one_line(request.args.get("salin") or request.form.get("copied") or "")
    before = queries.get_decree(member, copied) if copied else None
    form = DecreeForm.of(rules.next_year(before.facts) if before else None, copied=copied)
    if form.sent:
        try:
            facts, (name, data) = form.facts(), sent_pdf()
            with transaction():
                member = _member(ref)
                source = queries.get_decree(member, copied) if copied else None
                code = service.write(actor=member, facts=facts, name=name, data=data, copied_from=source).ref
        except Refused as no:
            return _form(member, form, no)
        flash(_("SK disimpan sebagai konsep. Periksa, lalu usulkan."), "ok")
        return redirect(url_for(".detail", ref=ref, decree=code), 303)
    return _form(member, form)


@bp.route("/<decree>/ubah", methods=["GET", "POST"])
@signed_in
@takes_files(rules.MEGABYTES)
@limiter.limit("30 per hour", methods=["POST"])
def change(ref: str, decree: str) -> Any:
    """Change a draft."""
    member = _member(ref)
    row = queries.get_decree(member, decree)
    if row.state is not DecreeState.draft:
        raise rules.NotNow
    form = DecreeForm.of(row.facts)
    if form.sent:
        try:
            facts, (name, data) = form.facts(), sent_pdf()
            with transaction():
                member = _member(ref)
                row = queries.get_decree(member, decree, lock=True)
                service.change(actor=member, decree=row, facts=facts, name=name, data=data)
        except Refused as no:
            return _form(member, form, no, row)
        return redirect(url_for(".detail", ref=ref, decree=decree), 303)
    return _form(member, form, None, row)


def _form(member: Membership, form: DecreeForm, no: Refused | None = None, decree: Decree | None = None) -> Any:
    if no is not None:
        form.refuse(no)
    page = render_template(
        "decrees/form.html",
        member=member,
        organisation=member.organisation,
        form=form,
        decree=decree,
        file_error=say(no) if no is not None and no.field == "file" else "",
        megabytes=rules.MEGABYTES,
    )
    return page, 422 if form.errors or no else 200


@bp.get("/<decree>")
@signed_in
def detail(ref: str, decree: str) -> Any:
    """One decree: what it says, its budget, its people, and what comes next."""
    member = _member(ref)
    return _page(member, queries.get_decree(member, decree))


def _page(member: Membership, decree: Decree, *, error: str = "", status: int = 200) -> Any:
    after = request.args.get("sesudah", "0")
    holders = queries.list_holders(decree, int(after) if after.isascii() and after.isdigit() and len(after) < 12 else 0)
    words = render_template(
        "decrees/detail.html",
        member=member,
        organisation=member.organisation,
        decree=decree,
        budget=queries.budget_of(decree),
        holders=holders,
        categories=CATEGORIES,
        error=error,
        back_form=BackForm(formdata=None),
        is_maker=member.role == "maker",
        is_checker=member.role == "checker" and member.person_id not in (decree.proposed_by_id, decree.made_by_id),
    )
    return words, status


@bp.get("/<decree>/berkas.pdf")
@signed_in
def file(ref: str, decree: str) -> Response:
    """The decree's own PDF, as a download."""
    row = queries.get_decree(_member(ref), decree)
    headers = {"Content-Disposition": f'attachment; filename="sk-{row.budget_year}.pdf"'}
    return Response(service.file_of(row), mimetype="application/pdf", headers=headers)


# ---- what changes it -----------------------------------------------------------------------------------------------------------


def _act(ref: str, code: str, form: BaseForm, verb: Any) -> Any:
    """Load, do, show the page again; a no stands above it."""
    if not form.sent:
        member = _member(ref)
        return _page(member, queries.get_decree(member, code), status=422)
    try:
        with transaction():
            member = _member(ref)
            words = verb(member, queries.get_decree(member, code, lock=True))
    except Refused as no:
        member = _member(ref)
        return _page(member, queries.get_decree(member, code), error=say(no), status=no.status)
    flash(words, "ok")
    return redirect(url_for(".detail", ref=ref, decree=code), 303)


@bp.post("/<decree>/usulkan")
@signed_in
def propose(ref: str, decree: str) -> Any:
    """The draft goes to another member."""

    def verb(member: Membership, row: Decree) -> str:
        service.propose(actor=member, decree=row)
        return str(_("Sudah diusulkan. Penyetuju lembaga Anda tinggal memeriksa."))

    return _act(ref, decree, EmptyForm(), verb)


@bp.post("/<decree>/kembalikan")
@signed_in
def send_back(ref: str, decree: str) -> Any:
    """The checker wants something changed."""
    form = BackForm()

    def verb(member: Membership, row: Decree) -> str:
        service.send_back(actor=member, decree=row, note=form.note.data or "")
        return str(_("Sudah dikembalikan kepada pengusul."))

    return _act(ref, decree, form, verb)


@bp.post("/<decree>/berlakukan")
@signed_in
def put_in_force(ref: str, decree: str) -> Any:
    """The second person's yes."""

    def verb(member: Membership, row: Decree) -> str:
        service.put_in_force(actor=member, decree=row)
        return str(_("SK berlaku. Daftar orangnya sekarang dapat diunggah."))

    return _act(ref, decree, EmptyForm(), verb)


@bp.post("/<decree>/tutup")
@signed_in
def close(ref: str, decree: str) -> Any:
    """Nobody new comes under it."""

    def verb(member: Membership, row: Decree) -> str:
        service.close(actor=member, decree=row)
        return str(_("SK ditutup. Yang sudah terdaftar tetap sampai akhir bulannya."))

    return _act(ref, decree, EmptyForm(), verb)


@bp.post("/<decree>/batal")
@signed_in
def withdraw(ref: str, decree: str) -> Any:
    """A draft or proposal is given up."""

    def verb(member: Membership, row: Decree) -> str:
        service.withdraw(actor=member, decree=row)
        return str(_("Konsep SK dibatalkan."))

    return _act(ref, decree, EmptyForm(), verb)
