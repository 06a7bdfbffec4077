"""The way to a new protection (three of its four steps), and what a sponsor sees of hers."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from urllib.parse import quote_plus

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_login import current_user

from sertakan.accounts import queries as account_queries
from sertakan.audit import queries as audit_queries
from sertakan.db import new_ref, transaction
from sertakan.kit import clock
from sertakan.kit.errors import N_, Refused
from sertakan.notices.links import absolute
from sertakan.places import queries as place_queries
from sertakan.sponsorships import answers as steps
from sertakan.sponsorships import calendar, drafts, links, prices, queries, reminders, renewal, rules, service, wording
from sertakan.sponsorships.answers import Answers, Step
from sertakan.sponsorships.forms import ANY_WORK, EVERYWHERE, AnswerForm, DataForm, LengthForm, OccupationForm, PickForm
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.queries import SponsorshipView
from sertakan.sponsorships.stamps import late_words, told
from sertakan.sponsorships.story import story_of
from sertakan.tariff import queries as tariff_queries
from sertakan.web.access import by_link, public, signed_in
from sertakan.web.extensions import limiter
from sertakan.web.forms import BaseForm
from sertakan.web.kept import kept_form
from sertakan.web.language import current_language
from sertakan.web.paging import page_number
from sertakan.workers import public as board
from sertakan.workers import queries as worker_queries
from sertakan.workers import service as worker_service
from sertakan.workers.rules import HeldByAnother

bp = Blueprint("sponsorships", __name__, template_folder="templates")
SHARE = N_(
    "Seorang pekerja di sekitar kita butuh orang yang meneruskan iurannya. Kalau Anda mengenalnya, lindungi lewat sini: %(url)s"
)
PAGES = {
    Step.who: "sponsorships.start",
    Step.data: "sponsorships.data",
    Step.length: "sponsorships.length",
    Step.check: "payments.check",
}


def to_step(step: Step) -> Any:
    """On to a page of the form; also what somebody gets who tries to skip one."""
    return redirect(url_for(PAGES[step]), 303)


def _not_yet(answers: Answers | None, wanted: Step) -> Any:
    """A redirect to the first unfinished step when this one cannot be shown yet, else None."""
    order = list(Step)
    step = steps.first_unfinished(answers, clock.today())
    return to_step(step) if order.index(step) < order.index(wanted) else None


@bp.route("/lindungi", methods=["GET", "POST"])
@public
@kept_form
def start() -> Any:
    """Step 1, who: the work decides the price, so it comes first."""
    answers = drafts.current()
    form = OccupationForm()
    form.offer()
    if form.is_submitted():
        drafts.save(form.fill(answers or Answers()))
        if form.sent:
            return to_step(Step.data)
    elif answers:
        form.show(answers)
    cards = prices.cards(clock.today())
    page = render_template("sponsorships/start.html", form=form, cards=cards)
    return page, 422 if form.errors else 200


@bp.route("/lindungi/data", methods=["GET", "POST"])
@public
@limiter.limit("40 per minute", methods=["POST"])
def data() -> Any:
    """Step 2, the only typing. The same answer for a NIK we know and one we do not (PRODUCT idea 6)."""
    answers = drafts.current()
    if (elsewhere := _not_yet(answers, Step.data)) or answers is None:
        return elsewhere
    form = DataForm(data=asdict(answers))
    form.offer(place_queries.by_kecamatan())
    if form.is_submitted():
        answers = form.fill(answers)
        drafts.save(answers)
        if form.sent:
            return to_step(Step.length)
    offer = prices.year(answers, clock.today())
    page = render_template(
        "sponsorships/data.html", form=form, offer=offer, work=tariff_queries.get_occupation(answers.occupation_code)
    )
    return page, 422 if form.errors else 200


@bp.route("/lindungi/lama", methods=["GET", "POST"])
@public
def length() -> Any:
    """Step 3: how long and from when, each month at its own price."""
    answers = drafts.current()
    if (elsewhere := _not_yet(answers, Step.length)) or answers is None:
        return elsewhere
    today = clock.today()
    form = LengthForm()
    if form.is_submitted():
        answers = form.fill(answers)
        drafts.save(answers)
        if form.sent and _accepted(form, answers):
            return to_step(Step.check if form.go_on.data else Step.length)
    answers = steps.with_defaults(answers, today)
    form.show(answers, today)
    page = render_template("sponsorships/length.html", form=form, answers=answers, who=_who(answers), **prices.menu(answers))
    return page, 422 if form.errors else 200


def _accepted(form: LengthForm, answers: Answers) -> bool:
    try:
        steps.check_length(answers, clock.today())
    except Refused as no:
        form.refuse(no)
        return False
    return True


def _who(answers: Answers) -> str:
    """For whom: her name as typed, or the coarse title of a worker from the list."""
    waiting = worker_queries.find_waiting(answers.waiting_code) if answers.waiting_code else None
    return queries.coarse_name(waiting.worker) if waiting else answers.name


@bp.get("/lindungi/pilih/<code>")
@public
def chosen(code: str) -> Any:
    """Choosing is a button; who comes here by address, back or the language link is shown who waits."""
    return redirect(url_for("workers.waiting"), 303)


@bp.post("/lindungi/pilih/<code>")
@public
@limiter.limit("20 per minute")
def choose(code: str) -> Any:
    """Hold a waiting worker for half an hour and go on to step 3; who she is stays unsaid."""
    try:
        with transaction():
            _hold(code)
    except HeldByAnother:
        return render_template("sponsorships/taken.html"), 409
    return to_step(Step.length)


def _hold(code: str) -> None:
    """Hold her for this browser and write her into its draft. Refuses HeldByAnother."""
    answers = drafts.current() or Answers()
    held_as = answers.held_as or new_ref()
    waiting = worker_queries.find_waiting(code, lock=True)
    if waiting is None:
        raise HeldByAnother
    worker_service.hold(waiting=waiting, by=held_as, minutes=rules.HOLD_MINUTES)
    _let_go(answers, code)
    occupation = waiting.worker.occupation_code
    drafts.save(answers.but(waiting_code=waiting.code, held_as=held_as, occupation_code=occupation, **steps.NOBODY))


@bp.route("/pekerja/pilihkan", methods=["GET", "POST"])
@public
@limiter.limit("20 per minute", methods=["POST"])
def pick() -> Any:
    """Choose for the sponsor: whoever waits longest in the place and the work that were asked for, else say that nobody does."""
    form = PickForm(kelurahan=request.args.get("kelurahan", EVERYWHERE), group=request.args.get("kerja", ANY_WORK))
    works = [(group.code, gettext(group.label)) for group in tariff_queries.list_groups()]
    form.offer(place_queries.by_kecamatan(), works)
    if form.sent:
        asked = {"kelurahan": form.kelurahan.data, "kerja": form.group.data or None}
        held = _pick(board.Search(form.kelurahan.data, form.group.data or ""))
        return to_step(Step.length) if held else redirect(url_for("sponsorships.pick", **asked), 303)
    if not form.is_submitted():
        form.forget_unknown()
    found = board.find(board.Search(form.kelurahan.data or "", form.group.data or ""))
    page = render_template("sponsorships/pick.html", form=form, nobody=not found.total)
    return page, 422 if form.errors else 200


def _pick(search: board.Search) -> bool:
    """Hold the first of those found that nobody else takes at this very moment; the list puts the longest waiting first."""
    for card in board.find(search).page.items:
        try:
            with transaction():
                _hold(card.code)
        except HeldByAnother:
            continue
        return True
    return False


def _let_go(answers: Answers, code: str) -> None:
    """Who picks another worker no longer holds the one before."""
    if answers.waiting_code and answers.waiting_code != code:
        before = worker_queries.find_waiting(answers.waiting_code)
        if before is not None:
            worker_service.drop_hold(waiting=before, by=answers.held_as)


# ---- my sponsorships -----------------------------------------------------------------------------------------------------------


@bp.get("/dukungan")
@signed_in
def index() -> Any:
    """Everything this person sponsors, newest first."""
    page = queries.list_own(current_user.person, page_number())
    views = queries.views_of(page.items)
    return render_template(
        "sponsorships/index.html", page=page, views=views, wording=wording, today=clock.today(), work_of=_work_of
    )


@bp.get("/dukungan/<code>")
@signed_in
def detail(code: str) -> Any:
    """Twelve months, what each costs and how far its money has come, what happened and what comes next."""
    return _detail(queries.get_own(code, current_user.person), AnswerForm(), 200)


@bp.get("/dukungan/<code>/jawab")
@signed_in
def answering(code: str) -> Any:
    """An answer is sent by its form; who comes here by address or the language link is shown the form."""
    return redirect(url_for("sponsorships.detail", code=code), 303)


@bp.post("/dukungan/<code>/jawab")
@signed_in
def answer(code: str) -> Any:
    """The answer to an officer's question; the request goes back into the queue."""
    form = AnswerForm()
    person = current_user.person
    sponsorship = queries.get_own(code, person)
    if not form.sent:
        return _detail(sponsorship, form, 422)
    ref = person.ref
    with transaction():
        sponsorship = queries.get_own(code, current_user.person, lock=True)
        service.answer(actor=ref, sponsorship=sponsorship, text=form.answer.data)
    return redirect(url_for("sponsorships.detail", code=code), 303)


# ---- not going on, and the calendar ---------------------------------------------------------------------------------------------


@bp.route("/p/<token>/tidak-lanjut", methods=["GET", "POST"])
@by_link
@limiter.limit("20 per minute")
def decline(token: str) -> Any:
    """The sponsor does not go on: what that means first, then a button. Nothing is taken back and nobody is blamed."""
    link = links.use_link(token, rules.RENEW)
    code = request.args.get("untuk")
    chosen = links.chosen_by(link, code) or abort(404)
    form = BaseForm()
    if form.sent:
        chosen_id = chosen.id
        with transaction():
            renewal.decline(sponsorship=queries.get(chosen_id, lock=True))
        return redirect(url_for(".decline", token=token, untuk=code), 303)
    view = queries.view_of(chosen)
    declined = renewal.declines(chosen, view.covered_until)
    share = "https://wa.me/?text=" + quote_plus(gettext(SHARE, url=absolute("sponsorships.start", current_language())))
    return render_template(
        "sponsorships/decline.html", form=form, view=view, token=token, code=code, declined=declined, share=share
    )


@bp.get("/dukungan/<code>.ics")
@signed_in
def calendar_of(code: str) -> Any:
    """The days of one sponsorship, for a calendar."""
    return _calendar([queries.view_of(queries.get_own(code, current_user.person))])


@bp.get("/kalender/<token>.ics")
@by_link
@limiter.limit("60 per hour")
def calendar_feed(token: str) -> Any:
    """The days of all that a person sponsors, for a calendar that looks again by itself."""
    person = account_queries.find_by_ref(calendar.read_token(token) or "")
    if person is None or person.disabled_at is not None:
        abort(404)
    return _calendar(calendar.views_of(person, clock.today()))


def _calendar(views: Sequence[SponsorshipView]) -> Any:
    return Response(calendar.write(views, clock.today()), mimetype="text/calendar")


# ---- a sponsorship's own page ---------------------------------------------------------------------------------------------------


def _detail(sponsorship: Sponsorship, form: AnswerForm, status: int) -> Any:
    today = clock.today()
    view = queries.view_of(sponsorship, today)
    about = service.subject(sponsorship)
    events = story_of(audit_queries.list_for(about), view.months, reminders.list_told(sponsorship.id))
    renewals = prices.renewals(sponsorship, view.next_start) if view.renewable else []
    page = render_template(
        "sponsorships/detail.html",
        view=view,
        form=form,
        events=events,
        renewals=renewals,
        declined=renewal.declines(sponsorship, view.covered_until),
        feed=absolute("sponsorships.calendar_feed", current_language(), token=calendar.token_of(sponsorship.sponsor.ref)),
        work=_work_of(view),
        told=told(sponsorship, view.months),
        late=late_words(sponsorship, view.months, clock.now()),
        today=today,
        wording=wording,
    )
    return page, status


def _work_of(view: SponsorshipView) -> tuple[str, str]:
    """Icon and words of her work: of its group only, when the sponsor knows her from the list alone."""
    work = tariff_queries.get_occupation(view.occupation_code)
    if not view.initial_only:
        return work.icon, gettext(work.label)
    group = next(group for group in tariff_queries.list_groups() if group.code == work.group)
    return group.icon, gettext(group.label)
