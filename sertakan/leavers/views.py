"""`/perusahaan/<organisation>/keluar`: a file of leavers, what it would do, and the second member who says yes."""

import io
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from sertakan.accounts.models import Membership
from sertakan.db import transaction
from sertakan.kit import sheet
from sertakan.kit.errors import Refused
from sertakan.leavers import queries, rules, service
from sertakan.leavers.forms import EmptyForm, MarkForm, sent_file
from sertakan.leavers.models import LeaverFile
from sertakan.leavers.rules import COLUMNS, REASONS, SENTENCES
from sertakan.organisations.queries import get_membership
from sertakan.web.access import signed_in
from sertakan.web.errors import say
from sertakan.web.extensions import limiter
from sertakan.web.forms import BaseForm
from sertakan.web.knock import knock
from sertakan.web.paging import page_number
from sertakan.web.uploads import takes_files

bp = Blueprint("leavers", __name__, url_prefix="/perusahaan/<ref>/keluar", template_folder="templates")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
EXAMPLE = ("6171045203840001", "2026-12", "berhenti")


def _member(ref: str) -> Membership:
    return get_membership(ref, current_user.person)


@bp.route("", methods=["GET", "POST"])
@signed_in
@takes_files(rules.MEGABYTES)
@limiter.limit("30 per hour", methods=["POST"])
def index(ref: str) -> Any:
    """Choose a file; below, the files so far."""
    member, form = _member(ref), EmptyForm()
    if form.sent:
        try:
            name, data = sent_file()
            rows = service.read(data)
            with transaction():
                code = service.start(actor=_member(ref), name=name, data=data, rows=rows).ref
        except Refused as no:
            form.refuse(no)
            form.file_error = say(no) if no.field == "file" else ""
        else:
            return redirect(url_for(".detail", ref=ref, file=code), 303)
    page = render_template(
        "leavers/index.html",
        form=form,
        member=member,
        organisation=member.organisation,
        page=queries.list_files(member, page_number()),
        megabytes=rules.MEGABYTES,
        most=rules.MOST_ROWS,
    )
    return page, 422 if form.errors else 200


@bp.get("/templat.xlsx")
@signed_in
def template(ref: str) -> Response:
    """The file to fill, with an example."""
    _member(ref)
    out = io.BytesIO()
    sheet.write_xlsx(out, [column.titles[0] for column in COLUMNS], [EXAMPLE])
    return Response(out.getvalue(), mimetype=XLSX, headers={"Content-Disposition": 'attachment; filename="templat-keluar.xlsx"'})


@bp.get("/<file>")
@signed_in
def detail(ref: str, file: str) -> Any:
    """What the file would do, or has done."""
    member = _member(ref)
    return _page(member, queries.get_file(member, file))


def _page(member: Membership, file: LeaverFile, *, error: str = "", status: int = 200) -> Any:
    problems = request.args.get("bagian") == "masalah" or not (file.counts["ready"] or file.counts["done"])
    after = request.args.get("sesudah", "0")
    page = queries.list_rows(file.id, problems, int(after) if after.isascii() and after.isdigit() and len(after) < 8 else 0)
    words = render_template(
        "leavers/detail.html",
        member=member,
        organisation=member.organisation,
        file=file,
        counts=file.counts,
        problems=problems,
        page=page,
        sentences=SENTENCES,
        reasons=REASONS,
        error=error,
        may_confirm=member.role == "checker" and member.person_id != file.made_by_id,
    )
    return words, status


def _act(ref: str, code: str, form: BaseForm, verb: Any) -> Any:
    """Load, do, show the page again; a no stands above it."""
    if not form.sent:
        member = _member(ref)
        return _page(member, queries.get_file(member, code), status=422)
    try:
        with transaction():
            member = _member(ref)
            words = verb(member, queries.get_file(member, code, lock=True))
    except Refused as no:
        member = _member(ref)
        return _page(member, queries.get_file(member, code), error=say(no), status=no.status)
    knock("leavers")
    flash(words, "ok")
    return redirect(url_for(".detail", ref=ref, file=code), 303)


@bp.post("/<file>/setujui")
@signed_in
def confirm(ref: str, file: str) -> Any:
    """The checker says yes to exactly this."""
    form = MarkForm()

    def verb(member: Membership, row: LeaverFile) -> str:
        if service.confirm(actor=member, file=row, seen=form.seen.data or ""):
            return str(_("Disetujui. Sedang dikerjakan; halaman ini menunjukkan hasilnya."))
        return str(_("Ada yang berubah sejak berkas diperiksa. Angkanya sudah dihitung lagi, periksa lalu setujui."))

    return _act(ref, file, form, verb)


@bp.post("/<file>/batal")
@signed_in
def withdraw(ref: str, file: str) -> Any:
    """Take it back before anything happens."""

    def verb(member: Membership, row: LeaverFile) -> str:
        service.withdraw(actor=member, file=row)
        return str(_("Berkas dibatalkan. Tidak ada yang berubah."))

    return _act(ref, file, EmptyForm(), verb)
