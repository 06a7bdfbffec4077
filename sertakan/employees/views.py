"""`/perusahaan/<organisation>/karyawan`: the list of own employees, replaced or deleted as a whole."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_login import current_user

from sertakan.db import transaction
from sertakan.employees import queries, rules, service
from sertakan.employees.forms import EmptyForm, ListForm, sent_file
from sertakan.employees.rules import Read
from sertakan.kit.errors import Refused
from sertakan.organisations.queries import get_membership
from sertakan.web.access import signed_in
from sertakan.web.errors import say
from sertakan.web.extensions import limiter
from sertakan.web.uploads import takes_files

bp = Blueprint("employees", __name__, url_prefix="/perusahaan/<ref>/karyawan", template_folder="templates")


@bp.route("", methods=["GET", "POST"])
@signed_in
@takes_files(rules.MEGABYTES)
@limiter.limit("30 per hour", methods=["POST"])
def index(ref: str) -> Any:
    """How many there are and since when; the maker replaces them."""
    member, form = get_membership(ref, current_user.person), ListForm()
    if form.sent:
        try:
            found = service.read(sent_file(), form.typed.data)
            with transaction():
                service.replace(actor=get_membership(ref, current_user.person), digits=found.digits)
        except Refused as no:
            no.field = no.field or "file"  # what is wrong with a sheet names no field
            form.refuse(no)
            form.file_error = say(no) if no.field == "file" else ""
            member = get_membership(ref, current_user.person)
        else:
            _tell(found)
            return redirect(url_for(".index", ref=ref), 303)
    page = render_template(
        "employees/index.html",
        form=form,
        member=member,
        organisation=member.organisation,
        known=queries.find_list(member.organisation_id),
        megabytes=rules.MEGABYTES,
        most=rules.MOST,
    )
    return page, 422 if form.errors else 200


def _tell(found: Read) -> None:
    flash(_("%(count)s NIK disimpan. Unggahan berikutnya melewati mereka.", count=len(found.digits)), "ok")
    if found.wrong:
        words = _(
            "%(count)s baris dilewati karena NIK-nya tidak benar: baris %(rows)s.", count=len(found.wrong), rows=found.named
        )
        flash(words, "bad")


@bp.post("/hapus")
@signed_in
def forget(ref: str) -> Any:
    """No list any more."""
    if EmptyForm().sent:
        with transaction():
            service.forget(actor=get_membership(ref, current_user.person))
        flash(_("Daftar dihapus. Unggahan tidak lagi memeriksa karyawan sendiri."), "ok")
    return redirect(url_for(".index", ref=ref), 303)
