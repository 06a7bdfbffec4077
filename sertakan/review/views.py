"""`/petugas/antrean`: the queue, one request, and the three decisions."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from sertakan.accounts.permissions import Permission
from sertakan.audit import queries as audit
from sertakan.coverage import queries as coverage
from sertakan.db import transaction
from sertakan.kit import clock, text
from sertakan.kit.errors import Refused
from sertakan.review import bulk, queries, service
from sertakan.review.checks import Verdict
from sertakan.review.forms import ApproveForm, AskForm, RejectForm
from sertakan.review.rules import OUTCOMES, REASONS, RejectReason
from sertakan.sponsorships import queries as sponsorships
from sertakan.sponsorships import wording
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import OPEN_REVIEWS, ReviewState
from sertakan.sponsorships.story import story_of
from sertakan.web.access import requires
from sertakan.web.forms import BaseForm
from sertakan.web.knock import knock
from sertakan.web.paging import page_number
from sertakan.workers import queries as workers

bp = Blueprint("review", __name__, url_prefix="/petugas/antrean", template_folder="templates")


def _chip() -> queries.Chip:
    word = request.args.get("saring", "")
    return queries.Chip(word) if word in set(queries.Chip) else queries.Chip.ready


@bp.get("")
@requires(Permission.review_see)
def queue() -> str:
    """Oldest first; the filters are plain links, the search is a plain form."""
    chip, words = _chip(), text.one_line(request.args.get("cari", "")[:100])
    counts, oldest = queries.counts()
    page = queries.list_queue(chip, words, page_number(), clock.today())
    waiting = clock.now() - oldest if oldest else None
    return render_template(
        "review/queue.html",
        chip=chip,
        words=words,
        counts=counts,
        waiting=waiting,
        page=page,
        now=clock.now(),
        pickable=_pickable(page.items),
    )


def _pickable(rows: Sequence[queries.Row]) -> set[str]:
    """Codes of those that this officer may tick: every check good, waiting for a decision, and not her own."""
    if not current_user.may(Permission.review_decide):
        return set()
    own = queries.own_ids(current_user.person, [row.sponsorship for row in rows])
    waiting = [row.sponsorship for row in rows if row.green and row.sponsorship.review_state is ReviewState.submitted]
    return {sponsorship.code for sponsorship in waiting if sponsorship.id not in own}


@bp.post("/massal")
@requires(Permission.review_decide)
def approve_many() -> Any:
    """What was ticked, once more with its total; by the second button each is decided by itself and told line by line."""
    picks = bulk.read(request.form.getlist("pick"))
    seen = {pick.code: pick.seen for pick in picks}
    rows = queries.list_by_codes(list(seen), clock.today())
    if request.form.get("sure") and rows:
        known = {row.sponsorship.code for row in rows}
        results = bulk.approve([pick for pick in picks if pick.code in known])
        for what in ("expire", "notices"):
            knock(what)
        return render_template("review/bulk_done.html", results=results)
    fit = _pickable(rows)
    return render_template(
        "review/bulk.html",
        rows=[row for row in rows if row.sponsorship.code in fit],
        left=[row for row in rows if row.sponsorship.code not in fit],
        seen=seen,
    ), 200 if rows else 422


@bp.get("/massal")
@requires(Permission.review_see)
def many_back() -> Any:
    """Who reloads the result comes back to the queue."""
    return redirect(url_for("review.queue"), 303)


Forms = tuple[ApproveForm, RejectForm, AskForm]


def _detail(sponsorship: Sponsorship, forms: Forms | None = None, status: int = 200, nik: str | None = None) -> Any:
    months = coverage.months_of_sponsorship(sponsorship.id)
    row = queries.get_row(sponsorship, clock.today())
    approve, reject, ask = forms = forms or _blank()
    for one in forms:
        one.seen.data = queries.mark_of(sponsorship, months)
    page = render_template(
        "review/detail.html",
        sponsorship=sponsorship,
        row=row,
        attested=any(check.name == "attestation" and check.verdict is Verdict.ok for check in row.checks),
        stops=[check for check in row.checks if check.verdict is Verdict.stop],
        own=queries.is_own(current_user.person, sponsorship),
        hers=any(check.name == "consent" and check.verdict is Verdict.ok for check in row.checks),
        consents=workers.list_consents(sponsorship.worker_id),
        attestations=workers.list_attestations(sponsorship.worker_id),
        months=months,
        open=sponsorship.review_state in OPEN_REVIEWS,
        asked=sponsorship.review_state is ReviewState.needs_info,
        decisions=queries.list_decisions(sponsorship.id),
        events=story_of(audit.list_for(f"sponsorship:{sponsorship.ref}", 30), months, []),
        wording=wording,
        outcomes=OUTCOMES,
        reasons=REASONS,
        form=next((form for form in forms if form.errors), approve),
        approve=approve,
        reject=reject,
        ask=ask,
        refund=sum(month.price_rupiah for month in months if month.state == "paid"),
        nik=nik,
    )
    return make_response(page, status)


def _blank() -> Forms:
    return ApproveForm(formdata=None), RejectForm(formdata=None), AskForm(formdata=None)


@bp.get("/<code>")
@requires(Permission.review_see)
def detail(code: str) -> Any:
    """One request with everything needed to decide."""
    return _detail(sponsorships.get_by_code(code))


def _decide(code: str, form: BaseForm, act: Any, done: str) -> Any:
    """Load, decide, go to the next one; a no is shown beside its field and nothing typed is lost."""
    status = 422
    if form.sent:
        try:
            with transaction():
                act(sponsorships.get_by_code(code, lock=True))
        except Refused as no:
            form.refuse(no)
            status = no.status
        else:
            for what in ("refunds", "expire", "notices"):
                knock(what)
            flash(done, "ok")
            return redirect(url_for("review.queue"), 303)
    approve, reject, ask = (form if type(form) is type(blank) else blank for blank in _blank())
    return _detail(sponsorships.get_by_code(code), (approve, reject, ask), status)


@bp.post("/<code>/setujui")
@requires(Permission.review_decide)
def approve(code: str) -> Any:
    form = ApproveForm()

    def act(sponsorship: Sponsorship) -> None:
        service.approve(
            officer=current_user.person, sponsorship=sponsorship, seen=form.seen.data or "", exception=form.exception.data or ""
        )

    return _decide(code, form, act, _("%(code)s disetujui. Penanggung sudah dikabari.", code=code))


@bp.post("/<code>/tolak")
@requires(Permission.review_decide)
def reject(code: str) -> Any:
    form = RejectForm()

    def act(sponsorship: Sponsorship) -> None:
        service.reject(
            officer=current_user.person,
            sponsorship=sponsorship,
            seen=form.seen.data or "",
            reason=RejectReason(form.reason.data),
            note=form.note.data or "",
        )

    return _decide(code, form, act, _("%(code)s ditolak. Dana yang belum disetor dikembalikan penuh.", code=code))


@bp.post("/<code>/tanya")
@requires(Permission.review_decide)
def ask(code: str) -> Any:
    form = AskForm()

    def act(sponsorship: Sponsorship) -> None:
        service.ask(
            officer=current_user.person, sponsorship=sponsorship, seen=form.seen.data or "", question=form.question.data or ""
        )

    return _decide(code, form, act, _("Pertanyaan untuk %(code)s sudah dikirim.", code=code))


@bp.post("/<code>/nik")
@requires(Permission.nik_reveal)
def reveal(code: str) -> Any:
    """Show the whole NIK once; the look is written down."""
    with transaction():
        sponsorship = sponsorships.get_by_code(code)
        shown = service.reveal_nik(officer=current_user.person, sponsorship=sponsorship)
    return _detail(sponsorships.get_by_code(code), nik=shown)


@bp.post("/<code>/saksi")
@requires(Permission.review_decide)
def witness(code: str) -> Any:
    """The worker told this officer that she agrees."""
    with transaction():
        service.witness(officer=current_user.person, sponsorship=sponsorships.get_by_code(code, lock=True))
    flash(_("Dicatat: pekerja setuju, Anda saksinya."), "ok")
    return redirect(url_for("review.detail", code=code), 303)


@bp.get("/<code>/<any(setujui, tolak, tanya, nik, saksi):action>")
@requires(Permission.review_see)
def back(code: str, action: str) -> Any:
    """The answers to these forms stand at their own addresses; who reloads one or changes the language comes back here."""
    return redirect(url_for("review.detail", code=code), 303)
