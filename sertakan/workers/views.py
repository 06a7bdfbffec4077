"""Pages: who waits near you, one of them, leaving the list by paper, and registering by officers and RT heads."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, abort, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from sertakan.accounts.permissions import Permission
from sertakan.db import transaction
from sertakan.kit import clock
from sertakan.kit.codes import normalise_code
from sertakan.kit.errors import Refused
from sertakan.kit.months import span
from sertakan.places import queries as places
from sertakan.tariff import queries as tariff
from sertakan.tariff.rules import MonthPrice
from sertakan.web.access import public, requires
from sertakan.web.extensions import limiter
from sertakan.web.headers import cacheable
from sertakan.web.kept import TOKEN_HOLE, has_message, is_stranger, with_token
from sertakan.web.language import here
from sertakan.web.paging import page_number
from sertakan.workers import public as board
from sertakan.workers import queries, rules, service
from sertakan.workers.forms import AttestForm, LeaveForm, ListForm, RegisterForm, kelurahan_by_kecamatan
from sertakan.workers.models import ConsentGiver, ConsentKind, Worker

bp = Blueprint("workers", __name__, template_folder="templates")
STRIP_MONTHS = 6
FRESH_SECONDS = 10
EVERYWHERE = "semua"


# ---- the public list -----------------------------------------------------------------------------------------------------------


@bp.get("/pekerja")
@public
def waiting() -> Response:
    """Who waits in a kelurahan and its neighbours. Everything chosen stands in the address; nothing is remembered elsewhere."""
    asked, group, order = (request.args.get(name, "")[:40] for name in ("kelurahan", "kerja", "urut"))
    place = places.find_kelurahan(asked)
    known = {"", board.OTHER_WORK, *(one.code for one in tariff.list_groups())}
    unknown = (place is None and asked not in ("", EVERYWHERE)) or group not in known
    search = board.Search(
        kelurahan=place.code if place else "",
        group=group if group in known else "",
        order=order if order == board.NEAREST else "",
        page=page_number(),
    )

    def page() -> str:
        content = board.kept((search, unknown), lambda: _render_list(search, place, unknown))
        return render_template("workers/waiting.html", content=content)

    body = board.kept((here(), unknown), page) if is_stranger() else page()
    return _unlisted(cacheable(make_response(body), FRESH_SECONDS))


def _render_list(search: board.Search, place: places.Place | None, unknown: bool) -> str:
    found = board.find(search)
    return render_template(
        "workers/list.html",
        found=found,
        place=place,
        group=search.group,
        order=search.order,
        chips=_chips(found.chips, search),
        unknown=unknown,
        choices={_("Seluruh kota"): [(EVERYWHERE, _("Semua kelurahan"))]} | kelurahan_by_kecamatan(),
        everywhere=EVERYWHERE,
    )


def _chips(chips: Sequence[board.Chip], search: board.Search) -> list[dict[str, Any]]:
    """The filters as links; the rest of what was chosen stays."""
    kelurahan, order = search.kelurahan or None, search.order or None
    return [
        {
            "url": url_for("workers.waiting", kelurahan=kelurahan, kerja=chip.code or None, urut=order),
            "words": chip.label,
            "count": chip.count,
            "icon": chip.icon,
            "on": chip.code == search.group,
        }
        for chip in chips
    ]


@bp.get("/pekerja/<code>")
@public
def waiting_one(code: str) -> Response:
    """One waiting worker: what is paid, what she gets, and the button that holds her. Held now: a sentence, with 409."""
    plain = normalise_code(code) or abort(404)
    card = board.find_card(plain)
    if card is None:
        queries.get_waiting(plain)
        return _unlisted(make_response(render_template("workers/held.html"), rules.HeldByAnother.status))

    def page() -> str:
        return render_template("workers/waiting_one.html", card=card, strip=_strip(card), token=TOKEN_HOLE)

    body = page() if has_message() or request.query_string else card.kept(page)
    return _unlisted(make_response(with_token(body)))


def _strip(card: board.CoarseWorker) -> list[MonthPrice]:
    """The next months' prices; none where they would tell what the card leaves unsaid."""
    if card.price_rupiah is None:
        return []
    worker = queries.get_waiting(card.code).worker
    return list(tariff.quote_for(span(clock.this_month() + 1, STRIP_MONTHS), worker.occupation_code).lines)


def _unlisted(response: Response) -> Response:
    """Search engines keep nobody's card."""
    response.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    return response


@bp.route("/pekerja/keluar", methods=["GET", "POST"])
@public
@limiter.limit("5 per minute", methods=["POST"])
def leave() -> Any:
    """The worker leaves the list by the code on her paper; a code nobody has gets the very same answer."""
    form = LeaveForm()
    if form.sent:
        with transaction():
            service.leave_by_paper(form.code.data)
        return render_template("workers/left.html")
    return _unlisted(make_response(render_template("workers/leave.html", form=form), 422 if form.errors else 200))


# ---- registering ---------------------------------------------------------------------------------------------------------------


@bp.get("/petugas/pekerja")
@requires(Permission.worker_register)
def registered() -> str:
    """Those whom this person registered."""
    page = queries.list_registered(current_user.person, page_number())
    return render_template("workers/registered.html", page=page, works=tariff, places=places)


@bp.route("/petugas/pekerja/baru", methods=["GET", "POST"])
@requires(Permission.worker_register)
@limiter.limit("60 per hour", methods=["POST"])
def register() -> Any:
    """A worker with her consent and an attestation; she needs no phone. Ends with a paper for her."""
    form = RegisterForm()
    form.offer(current_user.person.kelurahan_code)
    if form.sent:
        try:
            return _paper(*_registered(form)), 201
        except Refused as no:
            form.refuse(no)
    givers = [{"value": value, "words": words} for value, words in form.giver.choices]
    return render_template("workers/register.html", form=form, givers=givers), 422 if form.errors else 200


def _registered(form: RegisterForm) -> tuple[str, str | None]:
    """The new worker's ref and, when she is on the list, the code for her paper."""
    assert form.nik.value is not None
    with transaction():
        person = current_user.person
        worker = service.register(
            actor=person,
            nik=form.nik.value,
            name=form.name.data,
            phone=form.phone.value,
            address=form.full_address,
            kelurahan_code=form.kelurahan_code.data,
            occupation_code=form.occupation_code.data,
            employs_others=form.employs_others.data,
        )
        _consent(worker, ConsentKind.registered, ConsentGiver(form.giver.data))
        _attest(worker, form)
        code = _list(worker, form, ConsentGiver(form.giver.data)) if form.listed.data else None
        return worker.ref, code


def _consent(worker: Worker, kind: ConsentKind, giver: ConsentGiver) -> None:
    service.record_consent(actor=current_user.person, worker=worker, kind=kind, giver=giver, text_version=rules.CONSENT_VERSION)


def _attest(worker: Worker, form: AttestForm) -> None:
    service.attest(
        actor=current_user.person,
        worker=worker,
        occupation_code=form.occupation_code.data,
        since_month=form.since_month.data,
        seen_on=form.seen_on.data,
    )


def _list(worker: Worker, form: RegisterForm | ListForm, giver: ConsentGiver) -> str:
    _consent(worker, ConsentKind.listed, giver)
    person = current_user.person
    waiting = service.put_on_list(actor=person, worker=worker, phrases=form.phrases.data)
    return service.new_paper(actor=person.ref, waiting=waiting)


def _paper(ref: str, code: str | None) -> str:
    worker = queries.get_visible(ref, current_user.person)
    return render_template("workers/paper.html", worker=worker, code=code, title=queries.coarse_title(worker))


# ---- one registered worker -----------------------------------------------------------------------------------------------------


@bp.get("/petugas/pekerja/<ref>")
@requires(Permission.worker_register)
def registered_one(ref: str) -> Any:
    """What is recorded about a worker whom this person may see."""
    return _detail(ref)


def _detail(ref: str, attest_form: AttestForm | None = None, list_form: ListForm | None = None) -> Any:
    worker = queries.get_visible(ref, current_user.person)
    attest_form, list_form = attest_form or AttestForm(formdata=None), list_form or ListForm(formdata=None)
    attest_form.offer()
    list_form.offer_phrases()
    page = render_template(
        "workers/registered_one.html",
        worker=worker,
        last_digits=worker.nik[-4:],
        work=tariff.find_occupation(worker.occupation_code),
        place=places.find_kelurahan(worker.kelurahan_code),
        waiting=queries.find_waiting_of(worker.id),
        consents=queries.list_consents(worker.id),
        attestations=queries.list_attestations(worker.id),
        stands=queries.has_attestation(worker.id),
        form=attest_form if attest_form.errors else list_form,
        attest_form=attest_form,
        list_form=list_form,
    )
    return page, 422 if attest_form.errors or list_form.errors else 200


@bp.post("/petugas/pekerja/<ref>/keterangan")
@requires(Permission.worker_attest)
def attest(ref: str) -> Any:
    """A new dated word that she works."""
    form = AttestForm()
    form.offer()
    queries.get_visible(ref, current_user.person)
    if not form.sent:
        return _detail(ref, attest_form=form)
    with transaction():
        _attest(queries.get_visible(ref, current_user.person, lock=True), form)
    flash(_("Keterangan bekerja dicatat."), "ok")
    return redirect(url_for("workers.registered_one", ref=ref), 303)


@bp.post("/petugas/pekerja/<ref>/daftar")
@requires(Permission.worker_register)
def put_on_list(ref: str) -> Any:
    """Put a registered worker on the public list, with her consent; prints her paper."""
    form = ListForm()
    form.offer_phrases()
    queries.get_visible(ref, current_user.person)
    if form.sent:
        try:
            with transaction():
                code = _list(queries.get_visible(ref, current_user.person, lock=True), form, ConsentGiver.witness)
            return _paper(ref, code), 201
        except Refused as no:
            form.refuse(no)
    return _detail(ref, list_form=form)


@bp.post("/petugas/pekerja/<ref>/kertas")
@requires(Permission.worker_register)
def paper(ref: str) -> Any:
    """A new paper for a waiting worker who lost hers; the old code no longer works."""
    with transaction():
        person = current_user.person
        waiting = queries.find_waiting_of(queries.get_visible(ref, person).id, lock=True)
        if waiting is None or waiting.left_at is not None:
            abort(404)
        code = service.new_paper(actor=person.ref, waiting=waiting)
    return _paper(ref, code), 201


@bp.post("/petugas/pekerja/<ref>/keluar")
@requires(Permission.worker_register)
def take_off_list(ref: str) -> Any:
    """The worker asks a person to take her off the list; her consent to be listed ends with it."""
    with transaction():
        person = current_user.person
        worker = queries.get_visible(ref, person, lock=True)
        service.withdraw_consent(actor=person.ref, worker=worker, kind=ConsentKind.listed, reason="asked a person")
    flash(_("Ia sudah tidak ada di daftar tunggu."), "ok")
    return redirect(url_for("workers.registered_one", ref=ref), 303)


@bp.get("/petugas/pekerja/<ref>/<any(keterangan, daftar, kertas, keluar):action>")
@requires(Permission.worker_register)
def back(ref: str, action: str) -> Any:
    """The answers to these forms stand at their own addresses; who reloads one or changes the language comes back here."""
    return redirect(url_for("workers.registered_one", ref=ref), 303)
