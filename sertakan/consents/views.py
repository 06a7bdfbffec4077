"""`/setuju/<token>`: the worker's own page; the sponsor's way to pass it on; and what staff read of it."""

from typing import Any
from urllib.parse import quote_plus

from flask import Blueprint, abort, flash, make_response, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_login import current_user

from sertakan.accounts.permissions import Permission
from sertakan.consents import queries, rules, service
from sertakan.consents.forms import CodeForm, DecideForm, HandleForm, ReportForm
from sertakan.consents.rules import ReportKind
from sertakan.db import transaction
from sertakan.kit import clock
from sertakan.kit.errors import N_, Refused
from sertakan.notices.links import absolute
from sertakan.payments import checkout
from sertakan.sponsorships import queries as sponsorships
from sertakan.sponsorships.models import Sponsorship
from sertakan.tariff import queries as tariff
from sertakan.web.access import by_link, public, requires, to_sign_in
from sertakan.web.extensions import limiter
from sertakan.web.knock import knock
from sertakan.workers import queries as workers

bp = Blueprint("consents", __name__, template_folder="templates")
# no names: the message may be forwarded, and its preview is read by others
MESSAGE = N_(
    "Halo, saya ingin menanggung iuran BPJS Ketenagakerjaan untuk Anda, gratis. Lihat dan putuskan sendiri di sini: %(url)s"
)


# ---- the sponsor passes it on --------------------------------------------------------------------------------------------------


@bp.route("/dukungan/<code>/ajak", methods=["GET", "POST"])
@public
@limiter.limit("20 per hour", methods=["POST"])
def invite(code: str) -> Any:
    """A link for the worker, to send or to print; for the owner, or for the browser that has just paid."""
    sponsorship = sponsorships.get_by_code(code)
    if not (checkout.is_own(sponsorship.code) or _owns(sponsorship)):
        return abort(404) if current_user.is_authenticated else to_sign_in()
    form, url, token = DecideForm(), None, None
    if form.sent:
        with transaction():
            sponsorship = sponsorships.get_by_code(code, lock=True)
            token = service.invite(actor=sponsorship.sponsor.ref, sponsorship=sponsorship)
        url = absolute("consents.answer", "id", token=token)
    agreed_on = queries.agreed_on(sponsorship)
    return render_template(
        "consents/invite.html",
        sponsorship=sponsorship,
        name=sponsorships.display_name(sponsorship),
        agreed_on=agreed_on,
        stage=rules.stage(sponsorship.review_state, sponsorship.term_state, agreed_on),
        url=url,
        token=token,
        send="https://wa.me/?text=" + quote_plus(_(MESSAGE, url=url)) if url else None,
        type_at=absolute("consents.start", "id"),
        days=rules.DAYS,
    )


def _owns(sponsorship: Sponsorship) -> bool:
    return bool(current_user.is_authenticated and current_user.person.id == sponsorship.sponsor_id)


# ---- the worker decides --------------------------------------------------------------------------------------------------------


@bp.route("/setuju", methods=["GET", "POST"])
@public
@limiter.limit("10 per minute", methods=["POST"])
def start() -> Any:
    """Who got a paper types its code here; whether it exists is said on the next page."""
    form = CodeForm()
    if form.sent:
        return redirect(url_for("consents.answer", token=rules.normalise(form.code.data)), 303)
    return render_template("consents/start.html", form=form), 422 if form.errors else 200


@bp.get("/setuju/<token>")
@by_link
def answer(token: str) -> Any:
    """Who asks, for which months, what is stored; later what she agreed to and how to leave. Names her by an initial only."""
    return _page(service.use(token), token, ReportForm(formdata=None))


@bp.post("/setuju/<token>")
@by_link
@limiter.limit("20 per minute")
def decide(token: str) -> Any:
    """Yes or no. A no frees the months and sends the money back in this very request."""
    sponsorship_id, form = service.use(token).id, DecideForm()
    if not form.sent or form.agree.data == form.refuse.data:
        return redirect(url_for("consents.answer", token=token), 303)
    with transaction():
        sponsorship = sponsorships.get(sponsorship_id, lock=True)
        if form.agree.data:
            service.agree(sponsorship=sponsorship)
        else:
            service.refuse(sponsorship=sponsorship)
    for what in ("refunds", "expire", "notices"):
        knock(what)
    return redirect(url_for("consents.answer", token=token), 303)


@bp.post("/setuju/<token>/lapor")
@by_link
@limiter.limit("20 per hour")
def report(token: str) -> Any:
    """To staff alone. Afterwards her page looks as before: the sponsor may hold the same link."""
    sponsorship, form = service.use(token), ReportForm()
    if not form.sent:
        return _page(sponsorship, token, form, 422)
    sponsorship_id = sponsorship.id
    with transaction():
        kind = ReportKind(form.kind.data)
        service.report(sponsorship=sponsorships.get(sponsorship_id, lock=True), kind=kind, words=form.words.data or "")
    return _quiet(render_template("consents/reported.html", token=token))


@bp.get("/setuju/<token>/lapor")
@by_link
def back(token: str) -> Any:
    """Who reloads the answer to a report comes back to the page."""
    return redirect(url_for("consents.answer", token=token), 303)


def _page(sponsorship: Sponsorship, token: str, form: ReportForm, status: int = 200) -> Any:
    view = sponsorships.view_of(sponsorship)
    waiting, agreed_on = workers.find_waiting_of(sponsorship.worker_id), queries.agreed_on(sponsorship)
    page = render_template(
        "consents/answer.html",
        view=view,
        token=token,
        form=form,
        stage=rules.stage(sponsorship.review_state, sponsorship.term_state, agreed_on),
        agreed_on=agreed_on,
        title=workers.coarse_title(sponsorship.worker),
        sponsor=_sponsor(sponsorship),
        work=tariff.get_occupation(sponsorship.worker.occupation_code),
        listed=waiting is not None and waiting.left_at is None,
        today=clock.today(),
    )
    return _quiet(page, status)


def _sponsor(sponsorship: Sponsorship) -> str:
    """The organisation's name, the sponsor's first name if she agreed to be named, else nobody's."""
    if sponsorship.organisation:
        return sponsorship.organisation.name
    return sponsorship.sponsor.name.split()[0] if sponsorship.show_name else _("seseorang yang tidak menyebut namanya")


def _quiet(page: str, status: int = 200) -> Any:
    """Search engines keep nothing of it."""
    response = make_response(page, status)
    response.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    return response


# ---- what staff read -----------------------------------------------------------------------------------------------------------


@bp.get("/petugas/kabar")
@requires(Permission.review_see)
def reports() -> str:
    """What workers told, oldest first."""
    return _reports(HandleForm(formdata=None))


def _reports(form: HandleForm, at: str | None = None) -> str:
    found = queries.list_reports(current_user.person)
    return render_template("consents/reports.html", reports=found, form=form, at=at, kinds=rules.REPORTS)


@bp.post("/petugas/kabar/<ref>")
@requires(Permission.review_decide)
def handle(ref: str) -> Any:
    """Close one, saying what was done."""
    form = HandleForm()
    queries.get_report(ref, current_user.person)
    if not form.sent:
        return _reports(form, ref), 422
    try:
        with transaction():
            person = current_user.person
            service.handle(actor=person, report=queries.get_report(ref, person), outcome=form.outcome.data)
    except Refused as no:
        form.refuse(no)
        return _reports(form, ref), no.status
    flash(_("Dicatat. Terima kasih sudah menindaklanjuti."), "ok")
    return redirect(url_for("consents.reports"), 303)


@bp.get("/petugas/kabar/<ref>")
@requires(Permission.review_see)
def handled(ref: str) -> Any:
    """Who reloads an answer comes back to the list."""
    return redirect(url_for("consents.reports"), 303)
