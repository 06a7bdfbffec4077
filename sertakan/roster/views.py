"""`/perusahaan/<organisation>/pekerja`: whom the organisation pays for, narrowed, sorted and found; and each with her months."""

from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from sertakan.accounts.models import Membership
from sertakan.kit import clock, nik
from sertakan.kit.months import Month, span
from sertakan.organisations.queries import get_membership
from sertakan.places import queries as places
from sertakan.roster import queries, rules
from sertakan.roster.forms import SearchForm
from sertakan.roster.rules import Group, Order, Wanted
from sertakan.sponsorships import queries as sponsorships
from sertakan.sponsorships import wording
from sertakan.sponsorships.models import Sponsorship
from sertakan.tariff import queries as tariff
from sertakan.web.access import signed_in
from sertakan.web.extensions import limiter
from sertakan.web.filters import bulan, tanggal

bp = Blueprint("roster", __name__, url_prefix="/perusahaan/<ref>/pekerja", template_folder="templates")
ENDS_BEFORE, ENDS_AHEAD = 3, 12


def _wanted() -> Wanted:
    """What the address asks for; nonsense in it counts as nothing."""
    asked = request.args.get
    order, group, ends = asked("urut", ""), asked("keadaan", ""), asked("berakhir", "")
    return Wanted(
        order=Order(order) if order in set(Order) else Order.newest,
        group=Group(group) if group in set(Group) else None,
        ends=_month(ends),
        kelurahan=place.code if (place := places.find_kelurahan(asked("kelurahan"))) else "",
        occupation=work.code if (work := tariff.find_occupation(asked("pekerjaan"))) else "",
        after=asked("sesudah", "")[:20],
        before=asked("sebelum", "")[:20],
    )


def _month(text: str) -> Month | None:
    try:
        return Month.parse(text)
    except ValueError:
        return None


@bp.get("")
@signed_in
def index(ref: str) -> Any:
    """The list, a page at a time."""
    member, wanted, today = get_membership(ref, current_user.person), _wanted(), clock.today()
    part = queries.list_workers(member, wanted, today)
    total = None if part.has_previous or wanted.narrowed else queries.count_workers(member)
    return _list(member, wanted, part.items, SearchForm(formdata=None), part=part, total=total)


@bp.post("")
@signed_in
@limiter.limit("120 per hour")
def search(ref: str) -> Any:
    """Found by name, NIK or code; the words stay out of the address."""
    member, form = get_membership(ref, current_user.person), SearchForm()
    found = queries.search(member, form.words.data or "") if form.sent else []
    page = _list(member, Wanted(), found[: rules.FOUND], form, searched=form.sent, too_many=len(found) > rules.FOUND)
    return page, 422 if form.errors else 200


def _list(member: Membership, wanted: Wanted, items: Any, form: SearchForm, **more: Any) -> str:
    today = clock.today()
    this, ref = Month.of(today), member.organisation.ref
    words: dict[str, Any] = {"part": None, "total": None, "searched": False, "too_many": False} | more
    return render_template(
        "roster/index.html",
        member=member,
        organisation=member.organisation,
        form=form,
        wanted=wanted,
        views=sponsorships.views_of(items, today),
        orders=rules.ORDERS,
        groups=rules.GROUPS,
        ends=span(this + -ENDS_BEFORE, ENDS_BEFORE + ENDS_AHEAD + 1),
        kelurahan=places.by_kecamatan(),
        works=tariff.list_occupations(),
        work=tariff.find_occupation,
        place=places.find_kelurahan,
        badge=wording.badge,
        beside=lambda way, code: url_for(".index", **{"ref": ref, way: code} | wanted.address),
        **words,
    )


@bp.get("/<code>")
@signed_in
def detail(ref: str, code: str) -> Any:
    """One worker: how she stands, and every month that the organisation promised, with its dates."""
    member, today = get_membership(ref, current_user.person), clock.today()
    row = queries.get_worker(member, code)
    view = sponsorships.view_of(row, today)
    return render_template(
        "roster/detail.html",
        member=member,
        organisation=member.organisation,
        view=view,
        facts=_facts(row),
        months=queries.months_paid(member, row.worker_id),
        badge=wording.badge(view),
        next_step=wording.next_step(view, today),
        month_badges=wording.MONTH_BADGES,
    )


def _facts(row: Sponsorship) -> list[tuple[str, str]]:
    """Who she is, as far as the organisation may see it: the NIK masked, and not at all when she was chosen from the public list."""
    worker, first, last = row.worker, row.first_month, row.last_month
    work, place = tariff.find_occupation(worker.occupation_code), places.find_kelurahan(worker.kelurahan_code)
    facts = [(_("Nomor dukungan"), row.code)]
    facts += [] if row.chosen_from_list else [("NIK", nik.mask(worker.nik or "")), (_("Lahir"), tanggal(worker.born_on))]
    facts += [(_("Pekerjaan"), str(_(work.label)))] if work else []
    facts += [(_("Kelurahan"), place.name)] if place else []
    return [*facts, (_("Masa"), _("%(first)s sampai %(last)s", first=bulan(first), last=bulan(last)))]
