"""`/perusahaan/<organisation>/rencana`: what a budget covers and whom first; one button makes the list of it."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from sertakan.accounts.models import Membership
from sertakan.db import transaction
from sertakan.kit import clock
from sertakan.kit.errors import Refused
from sertakan.kit.months import Month
from sertakan.organisations.queries import get_membership
from sertakan.places import queries as places
from sertakan.planner import queries, rules, service
from sertakan.planner.forms import PlanForm
from sertakan.planner.queries import Result
from sertakan.web.access import signed_in
from sertakan.web.extensions import limiter
from sertakan.web.filters import bulan, rupiah
from sertakan.web.knock import knock

bp = Blueprint("planner", __name__, url_prefix="/perusahaan/<ref>/rencana", template_folder="templates")
USUAL = 3  # months


@bp.get("")
@signed_in
def index(ref: str) -> Any:
    """The question, and its answer when one was asked."""
    member, this = get_membership(ref, current_user.person), Month.of(clock.today())
    asked = "budget" in request.args
    first = {"first_month": str(this + 1), "count": USUAL}
    form = PlanForm(request.args if asked else None, data=first, meta={"csrf": False})
    form.offer(this)
    result = None
    if asked and form.validate():
        try:
            result = queries.plan_for(member, form.wanted, clock.today())
        except Refused as no:
            form.refuse(no)
    return _page(member, form, result)


@bp.post("")
@signed_in
@limiter.limit("30 per hour")
def prepare(ref: str) -> Any:
    """The own workers of the plan become a list that goes the way of a file."""
    form = PlanForm()
    form.offer(Month.of(clock.today()))
    if form.sent:
        wanted = form.wanted
        words = {"amount": rupiah(wanted.budget_rupiah), "month": bulan(wanted.first_month)}
        try:
            with transaction():
                member = get_membership(ref, current_user.person)
                code = service.prepare(actor=member, wanted=wanted, name=_("Rencana %(amount)s dari %(month)s", **words)).ref
        except Refused as no:
            form.refuse(no)
        else:
            knock("files")
            return redirect(url_for("bulk.detail", ref=ref, upload=code), 303)
    return _page(get_membership(ref, current_user.person), form, None), 422


def _page(member: Membership, form: PlanForm, result: Result | None) -> str:
    return render_template(
        "planner/index.html",
        member=member,
        organisation=member.organisation,
        form=form,
        result=result,
        shown=rules.SHOWN,
        place=places.find_kelurahan,
    )
