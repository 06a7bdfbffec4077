"""`/petugas/unggahan`: whole uploads of organisations, each decided on once."""

from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_login import current_user

from sertakan.accounts.permissions import Permission
from sertakan.bulk import queries as uploads
from sertakan.bulk.models import Upload
from sertakan.bulk.wording import stages_of
from sertakan.db import transaction
from sertakan.decrees import service as decrees
from sertakan.decrees.rules import CATEGORIES
from sertakan.intake import queries, service
from sertakan.intake.forms import DecideForm
from sertakan.kit import clock
from sertakan.kit.errors import Refused
from sertakan.payments import bills
from sertakan.web.access import requires
from sertakan.web.knock import knock
from sertakan.web.paging import page_number

bp = Blueprint("intake", __name__, url_prefix="/petugas/unggahan", template_folder="templates")


@bp.get("")
@requires(Permission.review_see)
def index() -> str:
    """The batches, those that wait first."""
    return render_template("intake/index.html", page=queries.list_batches(page_number()), now=clock.now())


def _detail(upload: Upload, form: DecideForm, status: int = 200) -> Any:
    form.seen.data = upload.mark
    page = render_template(
        "intake/detail.html",
        upload=upload,
        invoice=bills.invoice_now(upload.order_id) if upload.order_id else None,
        decree=upload.decree,
        categories=CATEGORIES,
        decision=queries.find_decision(upload.id),
        stages=stages_of(uploads.stages(upload)),
        samples=queries.sampled(upload),
        differing=queries.differing(upload),
        own=queries.is_colleague(current_user.person, upload),
        form=form,
    )
    return page, status


@bp.get("/<ref>")
@requires(Permission.review_see)
def detail(ref: str) -> Any:
    """What is asked for, five to look at, and those who need a look of their own."""
    return _detail(queries.get_upload(ref), DecideForm(formdata=None))


@bp.get("/<ref>/sk.pdf")
@requires(Permission.review_see)
def decree(ref: str) -> Response:
    """The decree under which a list was made, as a download."""
    row = queries.get_upload(ref).decree or abort(404)
    headers = {"Content-Disposition": f'attachment; filename="sk-{row.budget_year}.pdf"'}
    return Response(decrees.file_of(row), mimetype="application/pdf", headers=headers)


@bp.post("/<ref>")
@requires(Permission.review_decide)
def decide(ref: str) -> Any:
    """Yes to all whose checks are good; the others come to the queue."""
    form = DecideForm()
    if not form.sent:
        return _detail(queries.get_upload(ref), form, 422)
    try:
        with transaction():
            officer, upload = current_user.person, queries.get_upload(ref, lock=True)
            service.decide(officer=officer, upload=upload, seen=form.seen.data or "", note=form.note.data or "")
    except Refused as no:
        form.refuse(no)
        return _detail(queries.get_upload(ref), form, no.status)
    knock("files")
    flash(_("Disetujui. Tiap orang diperiksa sekali lagi; yang perlu dilihat masuk ke antrean."), "ok")
    return redirect(url_for(".detail", ref=ref), 303)
