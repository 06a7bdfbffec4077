"""What the pages of batches and answers show."""

from typing import Any

from flask import make_response, render_template, request
from flask_babel import gettext as _

from sertakan.kit import clock
from sertakan.kit.errors import N_
from sertakan.kit.months import Month, span
from sertakan.remittance import queries, rules, service
from sertakan.remittance.forms import CodeForm, DropForm, GatherForm, PaidForm, StepForm
from sertakan.remittance.models import AnswerFile, Batch
from sertakan.remittance.rules import BatchState, FileState, LineState
from sertakan.web.forms import BaseForm
from sertakan.web.paging import page_number

B = BatchState
Badge = tuple[str, str, str]  # kind, words, icon
BADGES: dict[BatchState, Badge] = {
    B.draft: ("", N_("Konsep"), "pencil"),
    B.locked: ("info", N_("Terkunci"), "lock"),
    B.code_received: ("wait", N_("Menunggu bukti setor"), "hourglass"),
    B.paid: ("wait", N_("Disetor, menunggu jawaban"), "landmark"),
    B.closed: ("ok", N_("Selesai"), "circle-check"),
    B.partly_closed: ("bad", N_("Selesai, ada yang ditolak"), "triangle-alert"),
    B.dropped: ("", N_("Dibatalkan"), "ban"),
}
LINE_BADGES: dict[LineState, Badge] = {
    LineState.open: ("", N_("Belum disetor"), "circle-dashed"),
    LineState.paid: ("wait", N_("Disetor"), "landmark"),
    LineState.posted: ("ok", N_("Aktif"), "shield-check"),
    LineState.refused: ("bad", N_("Ditolak"), "circle-alert"),
    LineState.dropped: ("", N_("Dikeluarkan"), "ban"),
}
FILE_BADGES: dict[FileState, Badge] = {
    FileState.uploaded: ("wait", N_("Sedang dibaca"), "clock"),
    FileState.applying: ("wait", N_("Sedang diterapkan"), "clock"),
    FileState.refused: ("bad", N_("Ditolak, tidak ada yang berubah"), "circle-alert"),
    FileState.applied: ("ok", N_("Diterapkan"), "circle-check"),
}
PROGRAMMES = {"jkk": "JKK", "jkm": "JKM", "jht": "JHT", "relief": N_("Potongan pemerintah")}
PAYERS = {
    "private": N_("Warga"),
    "company": N_("Perusahaan"),
    "government": N_("Pemerintah"),
    "self": N_("Pekerja sendiri"),
    "employer": N_("Pemberi kerja"),
}
STEPS = (N_("Susun"), N_("Kunci"), N_("Kode iuran"), N_("Bayar"), N_("Jawaban"))
AT = {B.draft: 2, B.locked: 3, B.code_received: 4, B.paid: 5, B.closed: 6, B.partly_closed: 6, B.dropped: 0}
AHEAD = 11  # months that may be sent in advance


def sums(totals: dict[str, Any]) -> dict[str, Any]:
    """A batch's totals with the words of their rows."""
    return {
        "programmes": [(_(PROGRAMMES[name]), amount) for name, amount in totals["programmes"].items()],
        "payers": [(_(PAYERS[name]), one["months"], one["amount"]) for name, one in totals["payers"].items()],
    }


def through_of(form: GatherForm) -> Month:
    """The month that was chosen, else this one."""
    return form.through.data if isinstance(form.through.data, Month) else clock.this_month()


def new(form: GatherForm) -> Any:
    """Month and limit with the totals that they lead to."""
    through = through_of(form)
    preview = service.preview(through, form.most.data or rules.MOST_MONTHS)
    page = render_template(
        "remittance/new.html",
        form=form,
        through=through,
        preview=preview,
        sums=sums(preview),
        choices=span(clock.this_month(), AHEAD + 1),
    )
    return make_response(page, 422 if form.errors else 200)


def detail(batch: Batch, form: BaseForm | None = None, status: int = 200) -> Any:
    """One batch; `form` is the one that was refused."""
    chosen = request.args.get("saring", "")
    state = LineState(chosen) if chosen in set(LineState) else None
    counts = queries.count_lines(batch.id)
    files = queries.list_files(batch.id)
    forms = {kind: form if isinstance(form, kind) else kind(formdata=None) for kind in (CodeForm, PaidForm, DropForm, StepForm)}
    working = batch.state is B.paid and batch.done < batch.months
    page = render_template(
        "remittance/detail.html",
        batch=batch,
        sums=sums(batch.totals),
        counts=counts,
        state=state,
        lines=queries.list_lines(batch.id, page_number(), state),
        files=files,
        working=working,
        step=AT[batch.state],
        steps=[_(word) for word in STEPS],
        badges=BADGES,
        line_badges=LINE_BADGES,
        file_badges=FILE_BADGES,
        reasons=rules.REASONS,
        form=form,
        code_form=forms[CodeForm],
        paid_form=forms[PaidForm],
        drop_form=forms[DropForm],
    )
    response = make_response(page, status)
    if working or any(file.state in (FileState.uploaded, FileState.applying) for file in files):
        response.headers["Refresh"] = "3"
    return response


def answered(batch: Batch, file: AnswerFile) -> Any:
    """An answer file: progress while it is worked on, else its result."""
    said = [(one["place"], rules.PROBLEMS[one["code"]], one["params"]) for one in file.problems]
    problems = [(place, _(words, **params)) for place, words, params in said]
    page = render_template(
        "remittance/answer.html",
        batch=batch,
        file=file,
        badge=FILE_BADGES[file.state],
        problems=problems,
        counts=queries.count_lines(batch.id),
        refusal=_(file.refusal, **(file.refusal_params or {})) if file.refusal else None,
    )
    response = make_response(page)
    if file.state in (FileState.uploaded, FileState.applying):
        response.headers["Refresh"] = "2"
    return response


def column_map(form: Any, kind: str, which: str) -> Any:
    """Titles and places: as typed, else as they stand."""
    if not form.is_submitted():
        for field, (title, place) in queries.columns(kind).items():
            form[f"title_{field}"].data, form[f"place_{field}"].data = title, place
    ours = rules.EXPORT_FIELDS if kind == "export" else rules.ANSWER_FIELDS
    page = render_template("remittance/columns.html", form=form, ours=ours, which=which)
    return make_response(page, 422 if form.errors else 200)


def read_titles(form: Any, kind: str) -> dict[str, tuple[str, int]]:
    """What was typed, by field."""
    ours = rules.EXPORT_FIELDS if kind == "export" else rules.ANSWER_FIELDS
    return {field: (form[f"title_{field}"].data or "", form[f"place_{field}"].data or 0) for field in ours}
