"""`/petugas/berakhir`: whose cover ends or has ended, one worker's gap, the numbers to call, and what came of the calls."""

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from sertakan.accounts.permissions import Permission
from sertakan.coverage.rules import closes_on
from sertakan.db import transaction
from sertakan.gaps import queries, rules, service
from sertakan.gaps.forms import CallForm
from sertakan.gaps.queries import Filters, Gap
from sertakan.gaps.rules import Chip, Outcome, Whose
from sertakan.kit import clock, sheet
from sertakan.kit.errors import Refused
from sertakan.kit.months import Month
from sertakan.notices.links import absolute
from sertakan.places import queries as places
from sertakan.rescue import service as rescue_service
from sertakan.rescue import views as rescue
from sertakan.rescue.rules import NothingToRescue
from sertakan.sponsorships import queries as sponsorships
from sertakan.tariff import queries as tariff
from sertakan.tariff.rules import PayerKind
from sertakan.web.access import requires
from sertakan.web.errors import say
from sertakan.web.extensions import limiter
from sertakan.web.forms import BaseForm
from sertakan.web.paging import Page

bp = Blueprint("gaps", __name__, url_prefix="/petugas/berakhir", template_folder="templates")


def _asked() -> tuple[Chip, Filters]:
    """The part and the filters of the address; nonsense is left out."""
    word, payer = request.args.get("bagian", ""), request.args.get("penanggung", "")
    kelurahan, organisation = request.args.get("kelurahan", ""), request.args.get("lembaga", "")
    return (
        Chip(word) if word in set(Chip) else Chip.cliff,
        Filters(
            kelurahan=kelurahan if places.find_kelurahan(kelurahan) else "",
            payer=PayerKind(payer) if payer in set(PayerKind) else None,
            organisation=organisation if rules.is_ref(organisation) else "",
        ),
    )


def _address(filters: Filters) -> dict[str, str | None]:
    return {
        "kelurahan": filters.kelurahan or None,
        "penanggung": filters.payer.value if filters.payer else None,
        "lembaga": filters.organisation or None,
    }


@bp.get("")
@requires(Permission.gaps_see)
def index() -> str:
    """The parts as links with their counts, the filters as a form, the list with the least time first."""
    chip, filters = _asked()
    today, after = clock.today(), request.args.get("setelah", "")
    part = queries.list_gaps(chip, today, filters, after)
    return render_template(
        "gaps/index.html",
        chip=chip,
        chips=rules.CHIPS,
        kinds=rules.KINDS,
        outcomes=rules.OUTCOMES,
        counts=queries.counts(today, filters),
        filters=filters,
        address=_address(filters),
        part=part,
        page=Page(part.items, 2 if queries.read_cursor(after) else 1, queries.PAGE_SIZE, part.after is not None),
        today=today,
        place=places.find_kelurahan,
        work=tariff.find_occupation,
        kelurahan=places.by_kecamatan(),
        organisations=queries.list_organisations(),
    )


@bp.post("/unduh.csv")
@requires(Permission.gaps_see)
@limiter.limit("20 per hour")
def download() -> Any:
    """The chosen part as a table, without numbers and NIK; who took it is written down."""
    chip, filters = _asked()
    gaps = list(queries.every_gap(chip, clock.today(), filters))
    with transaction():
        service.note_download(officer=current_user.person, chip=chip, rows=len(gaps))
    titles = [_("Nama"), _("Kelurahan"), _("Keadaan"), _("Berakhir"), _("Hari tersisa"), _("Penanggung"), _("Nomor dukungan")]
    response = Response(b"".join(sheet.csv_lines(titles, _cells(gaps))), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="berakhir-{chip.value}-{clock.today()}.csv"'
    return response


def _cells(gaps: list[Gap]) -> Iterator[list[str | int | None]]:
    for gap in gaps:
        place = places.find_kelurahan(gap.kelurahan_code)
        payer = gap.organisation or (_(rules.KINDS[gap.payer]) if gap.payer else "")
        until, left = gap.covered_until.isoformat(), "" if gap.days_left is None else gap.days_left
        yield [gap.name, place.name if place else "", gap.standing.value, until, left, payer, gap.code or ""]


@bp.get("/<ref>")
@requires(Permission.gaps_see)
def detail(ref: str) -> Any:
    return _detail(ref)


def _detail(
    ref: str,
    *,
    form: BaseForm | None = None,
    shown: tuple[Whose, str] | None = None,
    url: str = "",
    no: str = "",
    status: int = 200,
) -> Any:
    today = clock.today()
    gap, sponsorship = queries.get_gap(ref, today)
    worker = queries.get_worker(ref)
    months = sponsorships.months_of_workers({worker.id}).get(worker.id, [])
    cells = sponsorships.assemble(sponsorship, [], months, today).ribbon if sponsorship else []
    page = render_template(
        "gaps/detail.html",
        gap=gap,
        worker=worker,
        sponsorship=sponsorship,
        cells=cells,
        closes_on=closes_on(gap.covered_until),
        missing=[Month.of(gap.covered_until) + step for step in range(1, min(gap.unpaid_months, 3) + 1)],
        place=places.find_kelurahan(gap.kelurahan_code),
        work=tariff.find_occupation(gap.occupation_code),
        kinds=rules.KINDS,
        outcomes=rules.OUTCOMES,
        calls=queries.list_calls(ref),
        form=form or CallForm(formdata=None),
        shown=shown,
        url=url,
        send=rescue.send_link(url) if url else None,
        no=no,
    )
    response = make_response(page, status)
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.post("/<ref>/nomor/<any(worker, sponsor):whose>")
@requires(Permission.gaps_see)
@limiter.limit("40 per hour")
def number(ref: str, whose: str) -> Any:
    """Show one number once; the look is written down."""
    try:
        with transaction():
            _gap, sponsorship = queries.get_gap(ref, clock.today())
            shown = service.show_number(
                officer=current_user.person, worker=queries.get_worker(ref), sponsorship=sponsorship, whose=Whose(whose)
            )
    except Refused as refusal:
        return _detail(ref, no=say(refusal), status=refusal.status)
    return _detail(ref, shown=(Whose(whose), shown))


@bp.post("/<ref>/tautan")
@requires(Permission.gaps_see)
@limiter.limit("40 per hour")
def link(ref: str) -> Any:
    """A link with which anybody may pay the months that are missing; shown once."""
    try:
        with transaction():
            _gap, sponsorship = queries.get_gap(ref, clock.today())
            if sponsorship is None:
                raise NothingToRescue
            token = rescue_service.ask_for_help(actor=current_user.person.ref, sponsorship=sponsorship)
    except Refused as refusal:
        return _detail(ref, no=say(refusal), status=refusal.status)
    return _detail(ref, url=absolute("rescue.pay", "id", token=token))


@bp.post("/<ref>/telepon")
@requires(Permission.gaps_see)
def call(ref: str) -> Any:
    """What came of a call."""
    form, status = CallForm(), 422
    if form.sent:
        try:
            with transaction():
                worker = queries.get_worker(ref)
                outcome, note = Outcome(form.outcome.data), form.note.data or ""
                service.note_call(officer=current_user.person, worker=worker, outcome=outcome, note=note)
        except Refused as no:
            form.refuse(no)
            status = no.status
        else:
            flash(_("Telepon dicatat."), "ok")
            return redirect(url_for("gaps.detail", ref=ref), 303)
    return _detail(ref, form=form, status=status)


@bp.get('/<ref>/<any(telepon, tautan, "nomor/worker", "nomor/sponsor"):action>')
@requires(Permission.gaps_see)
def back(ref: str, action: str) -> Any:
    """The answers to these forms stand at their own addresses; who reloads one comes back here."""
    return redirect(url_for("gaps.detail", ref=ref), 303)
