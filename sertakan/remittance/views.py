"""`/petugas/setoran`: batches from a preview to the answer of BPJS. `/petugas/tertahan`: money that stands too long."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _
from flask_login import current_user

from sertakan.accounts.permissions import Permission
from sertakan.audit import queries as audit
from sertakan.coverage.queries import stamp_limits
from sertakan.db import transaction
from sertakan.kit import clock
from sertakan.kit.errors import Refused
from sertakan.remittance import answers, columns, export, pages, queries, rules, service, stuck
from sertakan.remittance.forms import (
    AnswerForm,
    CodeForm,
    DropForm,
    GatherForm,
    PaidForm,
    StepForm,
    columns_form,
)
from sertakan.remittance.models import Batch
from sertakan.remittance.rules import BounceReason, Result
from sertakan.web.access import requires
from sertakan.web.forms import BaseForm
from sertakan.web.knock import knock
from sertakan.web.paging import page_number
from sertakan.web.uploads import takes_files

bp = Blueprint("remittance", __name__, url_prefix="/petugas", template_folder="templates")
P = Permission


@bp.get("/setoran")
@requires(P.remittance_see)
def index() -> str:
    """All batches, newest first, and what waits to be sent."""
    through = clock.this_month()
    return render_template(
        "remittance/index.html",
        page=queries.list_batches(page_number()),
        waiting=service.preview(through, rules.MOST_MONTHS),
        through=through,
        badges=pages.BADGES,
    )


@bp.route("/setoran/baru", methods=["GET", "POST"])
@requires(P.remittance_prepare)
def new() -> Any:
    """Choose month and limit, see the totals, make the draft."""
    form = GatherForm() if request.method == "POST" else GatherForm(formdata=request.args or None)
    if form.sent:
        try:
            with transaction():
                batch = service.gather(
                    actor=current_user.person, through=pages.through_of(form), most=form.most.data or rules.MOST_MONTHS
                )
                code = batch.code
        except Refused as no:
            form.refuse(no)
        else:
            return redirect(url_for("remittance.detail", code=code), 303)
    return pages.new(form)


@bp.get("/setoran/<code>")
@requires(P.remittance_see)
def detail(code: str) -> Any:
    """One batch: its steps, sums, lines and answers."""
    return pages.detail(queries.get(code))


def _step(code: str, form: BaseForm, act: Callable[[Batch], object], done: str) -> Any:
    """Load, act, come back; a no is shown beside its field and nothing typed is lost."""
    status = 422
    if form.sent:
        try:
            with transaction():
                act(queries.get(code, lock=True))
        except Refused as no:
            form.refuse(no)
            status = no.status
        else:
            knock("remittance")
            flash(done, "ok")
            return redirect(url_for("remittance.detail", code=code), 303)
    return pages.detail(queries.get(code), form, status)


@bp.post("/setoran/<code>/kunci")
@requires(P.remittance_prepare)
def lock(code: str) -> Any:
    def act(batch: Batch) -> None:
        service.lock(actor=current_user.person, batch=batch)

    return _step(code, StepForm(), act, _("Setoran terkunci. Isinya tidak berubah lagi."))


@bp.post("/setoran/<code>/kode")
@requires(P.remittance_prepare)
def note_code(code: str) -> Any:
    form = CodeForm()

    def act(batch: Batch) -> None:
        service.note_code(actor=current_user.person, batch=batch, code=form.payment_code.data or "")

    return _step(code, form, act, _("Kode iuran dicatat."))


@bp.post("/setoran/<code>/dibayar")
@requires(P.remittance_confirm)
def mark_paid(code: str) -> Any:
    form = PaidForm()

    def act(batch: Batch) -> None:
        service.mark_paid(
            actor=current_user.person, batch=batch, proof=form.proof.data or "", amount_rupiah=form.amount.data or 0
        )

    return _step(code, form, act, _("Setoran ditandai lunas. Bulan-bulannya sedang dicap disetor."))


@bp.post("/setoran/<code>/batal")
@requires(P.remittance_prepare)
def drop(code: str) -> Any:
    form = DropForm()

    def act(batch: Batch) -> None:
        service.drop(actor=current_user.person, batch=batch, reason=form.reason.data or "")

    return _step(code, form, act, _("Setoran dibatalkan. Bulan-bulannya bisa masuk setoran lain."))


@bp.post("/setoran/<code>/jawaban")
@requires(P.remittance_prepare)
@takes_files(answers.LIMITS.megabytes + 1)
def answer(code: str) -> Any:
    """Take an answer file; it is read and applied by the job, and its page shows how far it is."""
    form, given = StepForm(), request.files.get("file")
    status = 422
    if form.sent:
        try:
            data = given.read() if given else b""
            if not data:
                raise rules.FileMissing
            with transaction():
                ref = answers.receive(actor=current_user.person, batch=queries.get(code, lock=True), data=data).ref
        except Refused as no:
            form.refuse(no)
            status = no.status
        else:
            knock("remittance")
            return redirect(url_for("remittance.answered", code=code, ref=ref), 303)
    return pages.detail(queries.get(code), form, status)


@bp.get("/setoran/<code>/jawaban/<ref>")
@requires(P.remittance_see)
def answered(code: str, ref: str) -> Any:
    """What became of an answer file: progress, or every problem by row and column."""
    batch = queries.get(code)
    return pages.answered(batch, queries.get_file(batch, ref))


@bp.get("/setoran/<code>/unduh.<any(xlsx, csv):kind>")
@requires(P.remittance_prepare)
def download(code: str, kind: str) -> Response:
    """The file for BPJS. Who took it is written down."""
    batch = queries.get(code)
    out = export.to_bytes(batch, kind)
    with transaction():
        export.note(actor=current_user.person, batch=queries.get(code), kind=kind)
    name = f"setoran-{code}-{clock.today():%Y%m%d}.{kind}"
    response = send_file(out, mimetype=export.FORMATS[kind], as_attachment=True, download_name=name, max_age=0)
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.route("/setoran/<code>/bulan/<ref>", methods=["GET", "POST"])
@requires(P.remittance_prepare)
def line(code: str, ref: str) -> Any:
    """One month of a batch, and its answer by hand."""
    form, status = AnswerForm(), 200
    if request.method == "POST":
        status = 422
    if form.sent:
        try:
            with transaction():
                batch = queries.get(code, lock=True)
                answers.answer_by_hand(
                    actor=current_user.person,
                    batch=batch,
                    line=queries.get_line(batch, ref).line,
                    result=Result(form.result.data),
                    reason=BounceReason(form.reason.data) if form.reason.data else None,
                    evidence=form.evidence.data or "",
                )
        except Refused as no:
            form.refuse(no)
            status = no.status
        else:
            knock("remittance")
            flash(_("Jawaban dicatat."), "ok")
            return redirect(url_for("remittance.detail", code=code), 303)
    batch = queries.get(code)
    row = queries.get_line(batch, ref)
    trail = audit.list_for(f"month:{ref}", 20)
    return make_response(
        render_template("remittance/line.html", batch=batch, row=row, form=form, trail=trail, pages=pages), status
    )


@bp.route("/setoran/kolom/<any(ekspor, jawaban):which>", methods=["GET", "POST"])
@requires(P.remittance_prepare)
def column_map(which: str) -> Any:
    """Which columns the files have."""
    kind = {"ekspor": "export", "jawaban": "answer"}[which]
    form = columns_form(kind)()
    if form.sent:
        try:
            with transaction():
                columns.save(actor=current_user.person, kind=kind, titles=pages.read_titles(form, kind))
        except Refused as no:
            form.refuse(no)
        else:
            flash(_("Susunan kolom disimpan."), "ok")
            return redirect(url_for("remittance.column_map", which=which), 303)
    return pages.column_map(form, kind, which)


@bp.get("/tertahan")
@requires(P.remittance_see)
def held_up() -> str:
    """Months older than their limit at each stamp."""
    return render_template("remittance/stuck.html", groups=stuck.groups(clock.now()), limits=stamp_limits(), now=clock.now())


@bp.get("/setoran/<code>/<any(kunci, kode, dibayar, batal, jawaban):action>")
@requires(P.remittance_see)
def back(code: str, action: str) -> Any:
    """The answers to these forms stand at their own addresses; who reloads one or changes the language comes back here."""
    return redirect(url_for("remittance.detail", code=code), 303)
