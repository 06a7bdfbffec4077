"""`/perusahaan/<organisation>/dokumen`: what can be printed; `/verifikasi`: whether a printed code is ours, open to everybody."""

import base64
from collections.abc import Iterator
from typing import Any, cast

from flask import Blueprint, Flask, Response, abort, current_app, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_login import current_user

from sertakan.db import transaction
from sertakan.kit import clock
from sertakan.kit.codes import normalise_code
from sertakan.kit.errors import Refused
from sertakan.kit.months import Month
from sertakan.organisations.queries import get_membership
from sertakan.papers import queries, rules, service
from sertakan.papers.forms import AskForm, CodeForm
from sertakan.papers.models import Paper
from sertakan.papers.rules import FILES, NAMES, PaperKind, PaperState
from sertakan.sponsorships import queries as sponsorships
from sertakan.web.access import public, signed_in
from sertakan.web.extensions import limiter
from sertakan.web.knock import knock
from sertakan.web.language import current_language
from sertakan.web.paging import page_number

bp = Blueprint("papers", __name__, template_folder="templates")
TYPES = {"pdf": "application/pdf", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


@bp.route("/perusahaan/<ref>/dokumen", methods=["GET", "POST"])
@signed_in
@limiter.limit("60 per hour", methods=["POST"])
def index(ref: str) -> Any:
    """Ask for a paper; below, those made so far."""
    form = AskForm()
    if form.sent:
        try:
            with transaction():
                actor, kind = get_membership(ref, current_user.person), PaperKind(form.kind.data)
                service.ask(actor=actor, kind=kind, locale=current_language(), year=form.year.data, part=form.part.data or 1)
        except Refused as no:
            form.refuse(no)
        else:
            knock("papers")
            flash(_("Sedang disiapkan. Halaman ini boleh ditutup; berkasnya menunggu di sini."), "ok")
            return redirect(url_for(".index", ref=ref), 303)
    member = get_membership(ref, current_user.person)
    approved = queries.count_approved(member.organisation_id)
    page = render_template(
        "papers/index.html",
        form=form,
        member=member,
        organisation=member.organisation,
        page=queries.list_papers(member, page_number()),
        names=NAMES,
        parts=-(-approved // rules.CARDS_A_FILE),
        years=range(clock.today().year, rules.FIRST_YEAR - 1, -1),
        a_file=rules.CARDS_A_FILE,
    )
    return page, 422 if form.errors else 200


@bp.get("/perusahaan/<ref>/dokumen/<paper>")
@signed_in
def download(ref: str, paper: str) -> Response:
    """The file, piece by piece; 404 before it is ready and after it is deleted."""
    row = queries.get_paper(get_membership(ref, current_user.person), paper)
    if row.state is not PaperState.ready:
        abort(404)
    name, size = file_name(row), row.size
    answer = Response(_bytes(cast(Any, current_app)._get_current_object(), row.id), mimetype=TYPES[name.rpartition(".")[2]])
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.content_length = size
    return answer


def _bytes(app: Flask, paper_id: int) -> Iterator[bytes]:
    """Each piece in a context of its own: the view is over when the server sends, and no connection waits for a slow reader."""
    number, piece = 0, ""
    while True:
        with app.app_context():
            piece = queries.find_piece(paper_id, number) or ""
        if not piece:
            return
        yield base64.b64decode(piece)
        number += 1


def file_name(paper: Paper) -> str:
    """As it is saved: kind and day, no name in it."""
    return FILES[paper.kind].format(day=f"{clock.local(paper.created_at):%Y%m%d}", part=paper.part, year=paper.year)


# ---- open to everybody ---------------------------------------------------------------------------------------------------------


@bp.route("/verifikasi", methods=["GET", "POST"])
@public
@limiter.limit("30 per 10 minutes", methods=["POST"])
def verify() -> Any:
    """Type the code of a paper or a card."""
    form = CodeForm()
    if form.sent:
        code = normalise_code(form.code.data or "")
        if code:
            return redirect(url_for(".verified", code=code), 303)
        form.code.errors = [_("Kode terdiri dari delapan huruf dan angka. Contoh: 7KQ2-M9XF. Huruf O dan I tidak dipakai.")]
    return render_template("papers/verify.html", form=form), 422 if form.errors else 200


@bp.get("/verifikasi/<code>")
@public
@limiter.limit("30 per 10 minutes")
def verified(code: str) -> Any:
    """What we know of it; an unknown code is said to be unknown, with 404."""
    plain = normalise_code(code) or abort(404)
    paper = queries.find_code(plain)
    if paper is not None:
        return render_template("papers/paper.html", paper=paper, facts=paper.facts, name=NAMES[paper.kind], month=Month.parse)
    card = queries.find_card(plain)
    if card is None:
        return render_template("papers/unknown.html"), 404
    view = sponsorships.view_of(card)
    name = view.display_name if card.chosen_from_list else rules.masked(card.worker.name)
    return render_template("papers/card.html", view=view, name=name, now=clock.now())
