"""The last step of the form, paying, thanks, going on, stopping, and receipts."""

from datetime import datetime
from typing import Any

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for
from flask_login import current_user

from sertakan.coverage.rules import MonthTaken
from sertakan.db import transaction
from sertakan.kit import clock
from sertakan.kit.errors import Refused
from sertakan.kit.months import Month
from sertakan.payments import bills, checkout, pages, queries, receipt_queries, receipts, rules, service
from sertakan.payments.forms import CancelForm, CheckForm, RenewForm, WaitForm
from sertakan.payments.models import Order
from sertakan.payments.stripe import StripeError
from sertakan.sponsorships import answers as steps
from sertakan.sponsorships import drafts, links
from sertakan.sponsorships import queries as sponsorship_queries
from sertakan.sponsorships import rules as sponsorship_rules
from sertakan.sponsorships.answers import Answers, Step
from sertakan.sponsorships.models import Sponsorship
from sertakan.web.access import by_link, public, signed_in
from sertakan.web.errors import say
from sertakan.web.extensions import limiter
from sertakan.web.knock import knock

bp = Blueprint("payments", __name__, template_folder="templates")
STEPS = {Step.who: "sponsorships.start", Step.data: "sponsorships.data", Step.length: "sponsorships.length"}


# ---- the last step -------------------------------------------------------------------------------------------------------------


@bp.route("/lindungi/periksa", methods=["GET", "POST"])
@public
@limiter.limit("10 per minute;60 per hour", methods=["POST"])
def check() -> Any:
    """Step 4: everything again, the payer, the risks; then promise, bill and off to pay."""
    answers = drafts.current()
    if answers is None or steps.first_unfinished(answers, clock.today()) is not Step.check:
        return _elsewhere(answers)
    form = CheckForm()
    form.knows_payer = current_user.is_authenticated
    if not form.is_submitted():
        form.show(answers, current_user.person.name if form.knows_payer else None)
        return pages.check(form, answers)
    answers = form.fill(answers)
    start = _offered_start(form)
    if not drafts.keep(answers.but(first_month=str(start)) if start else answers):
        return _elsewhere(None)
    if start:
        return redirect(url_for("payments.check"), 303)
    return _promise(form, answers) if form.sent else pages.check(form, answers, status=422)


def _elsewhere(answers: Answers | None) -> Any:
    """Where somebody belongs who cannot be here: the unfinished step, or the bill that this form became."""
    code = drafts.sent_code()
    if answers is None and code is not None:
        return redirect(url_for("payments.wait", ref=queries.get_last_order(code).ref), 303)
    return redirect(url_for(STEPS.get(steps.first_unfinished(answers, clock.today()), "sponsorships.start")), 303)


def _offered_start(form: CheckForm) -> Month | None:
    try:
        return Month.parse(form.start.data or "")
    except ValueError:
        return None


def _promise(form: CheckForm, answers: Answers) -> Any:
    """The bill, or the sentence that says why not, with everything as typed."""
    person_id = current_user.person.id if form.knows_payer else None
    try:
        order_id, code = checkout.promise(
            answers, person_id=person_id, contact=form.contact_value, shown_total=form.total.data or ""
        )
    except MonthTaken as no:
        return _elsewhere(None) if drafts.current() is None else pages.check(form, answers, taken=no, status=409)
    except rules.AlreadySent:
        return _elsewhere(None)
    except Refused as no:
        form.refuse(no)
        return pages.check(form, answers, status=no.status)
    return checkout.go(order_id, code)


# ---- paying --------------------------------------------------------------------------------------------------------------------


@bp.get("/bayar/<ref>")
@by_link
def wait(ref: str) -> Any:
    """Where the payer comes back to, and may wait. Only reads: the event or the button settles."""
    order = queries.get_order_by_ref(ref)
    if order.organisation_id is not None:
        return redirect(url_for("bills.show", share=bills.invoice_of(order.id).share_ref), 303)
    bill = pages.bill(order)
    if bill.state == "paid":
        return redirect(url_for("payments.thanks", code=order.code), 303)
    response = make_response(render_template("payments/wait.html", order=order, bill=bill, form=WaitForm()))
    if bill.waiting:
        response.headers["Refresh"] = "20"
    return response


@bp.get("/bayar/<ref>/status")
@by_link
@limiter.limit("60 per minute")
def status(ref: str) -> Any:
    """The part of the page that changes, for the script that looks every few seconds."""
    order = queries.get_order_by_ref(ref)
    if order.organisation_id is not None:
        abort(404)
    return render_template("payments/status.html", order=order, bill=pages.bill(order))


@bp.post("/bayar/<ref>")
@by_link
@limiter.limit("12 per minute")
def look(ref: str) -> Any:
    """`Check now`, `to the payment page`, or a new bill for months that are still free."""
    order = queries.get_order_by_ref(ref)
    if order.organisation_id is not None:
        return redirect(url_for("bills.show", share=bills.invoice_of(order.id).share_ref), 303)
    form = WaitForm()
    if not form.sent:
        abort(422)
    try:
        if form.look.data and order.provider_session:
            service.settle(order.id)
        elif order.state in rules.UNPAID:
            return checkout.go(order.id, order.code)
        elif form.again.data:
            return checkout.go(*checkout.open_again(order.id))
    except StripeError:
        return _no_answer(queries.get_order_by_ref(ref))
    except MonthTaken as no:
        return _still(queries.get_order_by_ref(ref), no)
    knock("notices")
    return redirect(url_for("payments.wait", ref=ref), 303)


def _no_answer(order: Order) -> Any:
    page = render_template("payments/wait.html", order=order, bill=pages.bill(order), form=WaitForm(), no_answer=True)
    return page, 503


def _still(order: Order, no: Refused) -> Any:
    page = render_template("payments/wait.html", order=order, bill=pages.bill(order), form=WaitForm(), no=no, no_words=say(no))
    return page, no.status


@bp.get("/terima-kasih/<code>")
@public
def thanks(code: str) -> Any:
    """The money is in; what happens next and when. Names nobody unless this browser paid, or its owner is signed in."""
    sponsorship = sponsorship_queries.get_by_code(code)
    owner = current_user.is_authenticated and current_user.person.id == sponsorship.sponsor_id
    return pages.thanks(sponsorship, named=owner or checkout.is_own(code))


# ---- going on ------------------------------------------------------------------------------------------------------------------


@bp.route("/p/<token>", methods=["GET", "POST"])
@by_link
@limiter.limit("20 per minute")
def renew_by_link(token: str) -> Any:
    """Two taps: the link of a reminder, and this button. It can pay and nothing else."""
    link = links.use_link(token, sponsorship_rules.RENEW)
    code = request.args.get("untuk")
    chosen = links.chosen_by(link, code)
    if chosen is None:
        return pages.renew_list(link, token)
    decline_url = url_for("sponsorships.decline", token=token, untuk=code)
    return _renew(chosen, url_for("payments.renew_by_link", token=token, untuk=code), link.created_at, decline_url)


@bp.route("/dukungan/<code>/perpanjang", methods=["GET", "POST"])
@signed_in
def renew(code: str) -> Any:
    """The same for somebody who is signed in."""
    return _renew(sponsorship_queries.get_own(code, current_user.person), url_for("payments.renew", code=code))


def _renew(sponsorship: Sponsorship, action: str, since: datetime | None = None, decline_url: str | None = None) -> Any:
    form = RenewForm()
    if not form.is_submitted():
        return pages.renew(form, sponsorship, action, since=since, decline_url=decline_url)
    sponsorship_id = sponsorship.id
    if form.sent:
        try:
            return checkout.go(*checkout.renew(sponsorship_id, form.chosen(), form.total.data or ""))
        except Refused as no:
            form.refuse(no)
            return pages.renew(form, sponsorship_queries.get(sponsorship_id), action, status=no.status)
    return pages.renew(form, sponsorship, action, status=422)


# ---- stopping ------------------------------------------------------------------------------------------------------------------


@bp.route("/dukungan/<code>/batal", methods=["GET", "POST"])
@signed_in
def cancel(code: str) -> Any:
    """First what stopping means and exactly what comes back; then, by the button, it is done."""
    form = CancelForm()
    if not form.sent:
        return pages.cancel(form, sponsorship_queries.get_own(code, current_user.person))
    try:
        with transaction():
            sponsorship = sponsorship_queries.get_own(code, current_user.person, lock=True)
            if form.refund.data != str(queries.refundable(sponsorship.id)):
                raise rules.PromiseChanged
            service.cancel_sponsorship(actor=current_user.person, sponsorship=sponsorship)
    except rules.PromiseChanged as no:
        form.refuse(no)
        return pages.cancel(form, sponsorship_queries.get_own(code, current_user.person), status=no.status)
    for what in ("refunds", "expire", "notices"):
        knock(what)
    return redirect(url_for("sponsorships.detail", code=code), 303)


# ---- receipts ------------------------------------------------------------------------------------------------------------------


@bp.get("/dukungan/<code>/bukti")
@signed_in
def receipts_of(code: str) -> Any:
    """All receipts of one sponsorship, and what came back."""
    sponsorship = sponsorship_queries.get_own(code, current_user.person)
    return pages.receipts(sponsorship)


@bp.get("/bukti/<ref>")
@by_link
def receipt(ref: str) -> Any:
    """One receipt, month by month."""
    return pages.receipt(receipts.read(receipt_queries.get_receipt(ref)), ref)


@bp.get("/bukti/<ref>.pdf")
@by_link
@limiter.limit("30 per minute")
def receipt_pdf(ref: str) -> Any:
    """The same on paper."""
    paper = receipts.read(receipt_queries.get_receipt(ref))
    response = Response(receipts.pdf(paper), mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="{paper.number}.pdf"'
    return response
