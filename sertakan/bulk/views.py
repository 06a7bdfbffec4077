"""`/perusahaan/<organisation>/unggah`: a file, what is wrong with it, three ways on, and two people who confirm."""

import re
from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from sertakan.accounts.models import Membership, OrganisationKind
from sertakan.bulk import queries, renewing, rules, service, takeover, wording
from sertakan.bulk.forms import BackForm, DecreeUploadForm, EmptyForm, MarkForm, RenewForm, UploadForm, sent_file
from sertakan.bulk.models import Upload
from sertakan.bulk.rows import NAMES, Kind
from sertakan.bulk.rules import UploadState
from sertakan.db import transaction
from sertakan.decrees import queries as decrees
from sertakan.decrees.models import Decree
from sertakan.kit import clock
from sertakan.kit.errors import Refused
from sertakan.kit.months import Month, span
from sertakan.organisations.queries import get_membership
from sertakan.payments import bills
from sertakan.web.access import signed_in
from sertakan.web.errors import say
from sertakan.web.extensions import limiter
from sertakan.web.filters import bulan, ribuan
from sertakan.web.forms import BaseForm
from sertakan.web.knock import knock
from sertakan.web.paging import page_number
from sertakan.web.uploads import takes_files

bp = Blueprint("bulk", __name__, url_prefix="/perusahaan/<ref>/unggah", template_folder="templates")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MONTHS_AHEAD = 3
BEFORE = (UploadState.checked, UploadState.submitted)
CELL = re.compile(r"([a-z_]{2,12})-([0-9]{1,7})")


def _member(ref: str) -> Membership:
    return get_membership(ref, current_user.person)


@bp.route("", methods=["GET", "POST"])
@signed_in
@takes_files(rules.MEGABYTES)
@limiter.limit("30 per hour", methods=["POST"])
def index(ref: str) -> Any:
    """Choose a file; below, the uploads so far."""
    member, this = _member(ref), Month.of(clock.today())
    form, offered = _upload_form(member, this)
    if form.sent:
        try:
            name, data = sent_file()
            with transaction():
                code = _start(_member(ref), form, name, data).ref
        except Refused as no:
            form.refuse(no)
            form.file_error = say(no) if no.field == "file" else ""
        else:
            knock("files")
            return redirect(url_for(".detail", ref=ref, upload=code), 303)
    page = render_template(
        "bulk/index.html",
        form=form,
        member=member,
        organisation=member.organisation,
        page=queries.list_uploads(member, page_number()),
        months=span(this, MONTHS_AHEAD),
        decrees=offered,
        megabytes=rules.MEGABYTES,
        most=rules.MOST_ROWS,
    )
    return page, 422 if form.errors else 200


def _upload_form(member: Membership, this: Month) -> tuple[UploadForm, Sequence[Decree]]:
    """The form, and for a government body the decrees that it may choose from."""
    if member.organisation.kind is not OrganisationKind.government:
        return UploadForm(data={"first_month": this + 1, "count": 6}), ()
    offered = decrees.list_in_force(member.organisation_id, this)
    asked = next((one for one in offered if one.ref == request.args.get("sk")), offered[0] if offered else None)
    first = max(this + 1, asked.first_month) if asked else this + 1
    known = {"decree": asked.ref, "count": asked.last_month - first + 1} if asked else {}
    form = DecreeUploadForm(data={"first_month": first, "count": 6} | known)
    form.decree.choices = [(one.ref, one.number) for one in offered]
    return form, offered


def _start(member: Membership, form: UploadForm, name: str, data: bytes) -> Upload:
    first, decree = form.first_month.data, None
    assert first is not None  # the form requires it
    if isinstance(form, DecreeUploadForm):
        decree = decrees.find_in_force(member.organisation_id, form.decree.data)
    return service.start(actor=member, name=name, data=data, first_month=first, count=form.count.data, decree=decree)


@bp.route("/perpanjang", methods=["GET", "POST"])
@signed_in
@limiter.limit("30 per hour", methods=["POST"])
def renew(ref: str) -> Any:
    """Everybody whose cover ends in one month, as a list that goes the way of a file."""
    member, this = _member(ref), Month.of(clock.today())
    endings = renewing.list_endings(member, this)
    form = RenewForm(data={"ends": str(endings[0].month) if endings else "", "count": 6})
    form.ends.choices = [
        (str(one.month), f"{bulan(one.month)} · {_('%(count)s orang', count=ribuan(one.people))}") for one in endings
    ]
    if form.sent:
        try:
            ends = Month.parse(form.ends.data)
            name = _("Perpanjangan dari %(month)s", month=bulan(ends + 1))
            with transaction():
                code = renewing.start(actor=_member(ref), ends=ends, count=form.count.data, name=name).ref
        except Refused as no:
            form.refuse(no)
        else:
            knock("files")
            return redirect(url_for(".detail", ref=ref, upload=code), 303)
    page = render_template("bulk/renew.html", form=form, member=member, organisation=member.organisation, endings=endings)
    return page, 422 if form.errors else 200


@bp.get("/templat.xlsx")
@signed_in
def template(ref: str) -> Response:
    """The file to fill."""
    return _download("templat-sertakan.xlsx", wording.template_file(_member(ref).organisation))


def _download(name: str, data: bytes) -> Response:
    return Response(data, mimetype=XLSX, headers={"Content-Disposition": f'attachment; filename="{name}"'})


@bp.get("/<upload>")
@signed_in
def detail(ref: str, upload: str) -> Any:
    """How the file stands: being read, to be mapped, no good, or its result."""
    member = _member(ref)
    return _page(member, queries.get_upload(member, upload))


def _page(member: Membership, upload: Upload, *, error: str = "", status: int = 200) -> Any:
    words: dict[str, Any] = {
        "member": member,
        "organisation": member.organisation,
        "upload": upload,
        "error": error,
        "form": EmptyForm(formdata=None),
    }
    if upload.state in rules.WAITING:
        return render_template("bulk/progress.html", **words), status
    if upload.state is UploadState.mapping:
        return render_template("bulk/columns.html", columns=wording.columns_for(upload.organisation), **words), status
    if upload.state is UploadState.failed:
        return render_template("bulk/failed.html", why=wording.failure(upload), **words), status
    return _result(member, upload, words), status


def _result(member: Membership, upload: Upload, words: dict[str, Any]) -> str:
    bill = wording.bill_of(upload)
    counts = upload.counts or {"ready": 0, "wrong": 0, "skipped": 0, "kinds": {}, "occupations": {}}
    asked = request.args.get("masalah", "")
    kind = Kind(asked) if asked in set(Kind) else None
    after = request.args.get("sesudah", "0")
    page = queries.list_rows(upload, kind, int(after) if after.isascii() and after.isdigit() and len(after) < 8 else 0)
    rows = [wording.shown(row) for row in page.items]
    return render_template(
        "bulk/result.html",
        counts=counts,
        kind=kind,
        page=page,
        rows=rows,
        suggests=any(problem["suggestion"] for row in rows for problem in row.problems),
        names=NAMES,
        bill=bill,
        budget=decrees.budget_of(upload.decree) if upload.decree else None,
        crossing=takeover.count_crossing(upload) if upload.decree and upload.state in BEFORE else 0,
        is_maker=member.role == "maker",
        is_checker=member.role == "checker" and member.person_id not in (upload.made_by_id, upload.submitted_by_id),
        back_form=BackForm(formdata=None),
        invoice=bills.invoice_now(upload.order_id) if upload.order_id else None,
        stages=wording.stages_of(queries.stages(upload)) if upload.order_id else [],
        **words,
    )


@bp.get("/<upload>/kemajuan")
@signed_in
def progress(ref: str, upload: str) -> Any:
    """A fragment that the progress page asks for; ends by saying where to go."""
    member = _member(ref)
    row = queries.get_upload(member, upload)
    return render_template("bulk/progress_part.html", upload=row, organisation=member.organisation)


@bp.get("/<upload>/masalah.xlsx")
@signed_in
def bad_rows(ref: str, upload: str) -> Response:
    """Only the wrong rows, with what is wrong."""
    row = queries.get_upload(_member(ref), upload)
    if row.state is not UploadState.checked:
        raise rules.NotNow
    return _download(f"masalah-{row.created_at:%Y%m%d}.xlsx", wording.bad_rows_file(row))


# ---- what changes it -----------------------------------------------------------------------------------------------------------


def _act(ref: str, upload: str, form: BaseForm, verb: Any) -> Any:
    """Load, do, show the page again; a no stands above it with nothing lost."""
    if not form.sent:
        member = _member(ref)
        return _page(member, queries.get_upload(member, upload), status=422)
    try:
        with transaction():
            member = _member(ref)
            words = verb(member, queries.get_upload(member, upload, lock=True))
    except Refused as no:
        member = _member(ref)
        return _page(member, queries.get_upload(member, upload), error=say(no), status=no.status)
    knock("files")
    flash(words, "ok")
    return redirect(url_for(".detail", ref=ref, upload=upload), 303)


@bp.post("/<upload>/kolom")
@signed_in
def columns(ref: str, upload: str) -> Any:
    """Which column of the file is which of ours."""

    def verb(member: Membership, row: Upload) -> str:
        told = {key: request.form.get(f"column-{key}", "") for key in service.ALL_KEYS}
        service.choose_columns(actor=member, upload=row, titles={key: title for key, title in told.items() if title})
        return str(_("Terima kasih. Judul kolom ini kami ingat untuk berkas berikutnya."))

    return _act(ref, upload, EmptyForm(), verb)


@bp.post("/<upload>/perbaiki")
@signed_in
@takes_files(1)
def revise(ref: str, upload: str) -> Any:
    """The cells that were typed anew; or one suggestion; or all suggestions of a kind."""
    kind = request.form.get("semua", "")

    def verb(member: Membership, row: Upload) -> str:
        if kind in set(Kind):
            mended = service.take_suggestions(actor=member, upload=row, kind=Kind(kind))
        else:
            mended = service.revise(actor=member, upload=row, changes=_typed_cells())
        return str(_("Diperiksa lagi: %(count)s baris kini siap.", count=mended))

    return _act(ref, upload, EmptyForm(), verb)


def _typed_cells() -> dict[int, dict[str, str]]:
    """`nik-14=…` of the table; a suggestion's button carries `use=nik-14=…` and wins over what stands in its cell."""
    changes: dict[int, dict[str, str]] = {}
    used = request.form.get("use", "").partition("=")
    for name, value in [*request.form.items(), (used[0], used[2])]:
        found = CELL.fullmatch(name)
        if found and found[1] in service.ALL_KEYS:
            changes.setdefault(int(found[2]), {})[found[1]] = value
    return changes


@bp.post("/<upload>/berkas")
@signed_in
@takes_files(rules.MEGABYTES)
@limiter.limit("30 per hour")
def mended_file(ref: str, upload: str) -> Any:
    """The downloaded rows come back."""

    def verb(member: Membership, row: Upload) -> str:
        mended = service.revise_by_file(actor=member, upload=row, data=sent_file()[1])
        return str(_("Diperiksa lagi: %(count)s baris kini siap.", count=mended))

    return _act(ref, upload, EmptyForm(), verb)


@bp.post("/<upload>/ajukan")
@signed_in
def submit(ref: str, upload: str) -> Any:
    """The ready rows go to the checker."""
    form = MarkForm()

    def verb(member: Membership, row: Upload) -> str:
        service.submit(actor=member, upload=row, seen=form.seen.data or "")
        return str(_("Sudah diajukan. Penyetuju lembaga Anda tinggal memeriksa."))

    return _act(ref, upload, form, verb)


@bp.post("/<upload>/kembalikan")
@signed_in
def send_back(ref: str, upload: str) -> Any:
    """The checker wants something changed."""
    form = BackForm()

    def verb(member: Membership, row: Upload) -> str:
        service.send_back(actor=member, upload=row, note=form.note.data or "")
        return str(_("Sudah dikembalikan kepada pengisi."))

    return _act(ref, upload, form, verb)


@bp.post("/<upload>/setujui")
@signed_in
def confirm(ref: str, upload: str) -> Any:
    """The checker says yes to exactly this."""
    form = MarkForm()

    def verb(member: Membership, row: Upload) -> str:
        if service.confirm(actor=member, upload=row, seen=form.seen.data or ""):
            return str(_("Disetujui. Tagihannya sedang disiapkan."))
        return str(_("Ada yang terlindungi sejak daftar diajukan. Angkanya berubah, periksa lagi lalu setujui."))

    return _act(ref, upload, form, verb)


@bp.post("/<upload>/batal")
@signed_in
def withdraw(ref: str, upload: str) -> Any:
    """Take it back; what was typed is deleted."""

    def verb(member: Membership, row: Upload) -> str:
        service.withdraw(actor=member, upload=row)
        return str(_("Unggahan dibatalkan dan datanya dihapus."))

    return _act(ref, upload, EmptyForm(), verb)
