"""`/perusahaan/<organisation>/sk/<decree>/…`: people under a decree: last year's holders again, and an office that changes hands."""

from typing import Any

from flask import Blueprint, abort, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_login import current_user

from sertakan.accounts.models import Membership
from sertakan.bulk import renewing, replacing
from sertakan.bulk.forms import EmptyForm, ReplaceForm
from sertakan.db import transaction
from sertakan.decrees import queries as decrees
from sertakan.decrees.models import Decree
from sertakan.kit import clock
from sertakan.kit.errors import Refused
from sertakan.kit.months import Month
from sertakan.organisations.queries import get_membership
from sertakan.sponsorships.models import Sponsorship
from sertakan.web.access import signed_in
from sertakan.web.extensions import limiter
from sertakan.web.filters import bulan
from sertakan.web.knock import knock

bp = Blueprint("offices", __name__, url_prefix="/perusahaan/<ref>/sk/<decree>", template_folder="templates")


def _load(ref: str, code: str) -> tuple[Membership, Decree]:
    member = get_membership(ref, current_user.person)
    decrees.may_have(member)
    return member, decrees.get_decree(member, code)


@bp.route("/salin", methods=["GET", "POST"])
@signed_in
@limiter.limit("30 per hour", methods=["POST"])
def copy(ref: str, decree: str) -> Any:
    """Everybody who still holds an office under the decree that this one was copied from."""
    form, (member, row) = EmptyForm(), _load(ref, decree)
    if row.copied_from is None:
        abort(404)
    if form.sent:
        try:
            with transaction():
                actor, target = _load(ref, decree)
                name = _("Pemegang dari SK %(number)s", number=row.copied_from.number)
                code = renewing.copy_holders(actor=actor, decree=target, name=name).ref
        except Refused as no:
            form.refuse(no)
        else:
            knock("files")
            return redirect(url_for("bulk.detail", ref=ref, upload=code), 303)
    page = render_template(
        "bulk/copy.html",
        form=form,
        member=member,
        organisation=member.organisation,
        decree=row,
        people=renewing.count_holders(row.copied_from),
    )
    return page, 422 if form.errors or form.form_errors else 200


@bp.route("/ganti/<code>", methods=["GET", "POST"])
@signed_in
@limiter.limit("60 per hour", methods=["POST"])
def replace(ref: str, decree: str, code: str) -> Any:
    """An office changes hands: who takes over, and after which month."""
    member, row = _load(ref, decree)
    leaves = decrees.find_holder(row, code) or abort(404)
    form = ReplaceForm()
    form.last_month.choices = [(str(month), bulan(month)) for month in replacing.list_last_months(leaves, clock.this_month())]
    if form.sent:
        try:
            with transaction():
                upload = _replace(ref, decree, code, form).ref
        except Refused as no:
            form.refuse(no)
        else:
            knock("files")
            return redirect(url_for("bulk.detail", ref=ref, upload=upload), 303)
    return _replace_page(member, row, leaves, form)


def _replace(ref: str, decree: str, code: str, form: ReplaceForm) -> Any:
    actor, row = _load(ref, decree)
    leaves = decrees.find_holder(row, code, lock=True) or abort(404)
    return replacing.start(
        actor=actor,
        decree=row,
        leaves=leaves,
        last=Month.parse(form.last_month.data),
        cells={"nik": form.nik.data or "", "name": form.name.data or "", "phone": form.phone.data or ""},
        name=_("Ganti %(post)s", post=leaves.post or leaves.typed_name),
    )


def _replace_page(member: Membership, decree: Decree, leaves: Sponsorship, form: ReplaceForm) -> Any:
    page = render_template(
        "bulk/replace.html", form=form, member=member, organisation=member.organisation, decree=decree, leaves=leaves
    )
    return page, 422 if form.errors or form.form_errors else 200
