"""The verbs of a sponsorship. Run inside `transaction()`; lock order: sponsorship, worker, months."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select, update

from sertakan.accounts.models import Person
from sertakan.audit.service import SYSTEM, record
from sertakan.coverage import queries as coverage_queries
from sertakan.coverage import service as coverage_service
from sertakan.coverage.models import CoverageMonth
from sertakan.coverage.rules import FUNDED, LIVE, MonthState
from sertakan.db import db
from sertakan.kit import clock
from sertakan.kit.codes import new_code
from sertakan.kit.months import Month, span
from sertakan.kit.nik import Nik
from sertakan.sponsorships import answers as steps
from sertakan.sponsorships import links, queries, refusals, reminders, rules
from sertakan.sponsorships.answers import Answers
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import ReviewState, TermState
from sertakan.tariff.rules import Package, PayerKind, Quote
from sertakan.workers import queries as worker_queries
from sertakan.workers import service as worker_service
from sertakan.workers.models import ConsentGiver, ConsentKind, Waiting, Worker
from sertakan.workers.rules import GONE, HeldByAnother

REVIEW_ACTIONS = {
    ReviewState.submitted: "sponsorship.resubmit",
    ReviewState.needs_info: "sponsorship.ask",
    ReviewState.approved: "sponsorship.approve",
    ReviewState.rejected: "sponsorship.reject",
    ReviewState.withdrawn: "sponsorship.withdraw",
}
TERM_ACTIONS = {
    TermState.running: "sponsorship.run",
    TermState.paused: "sponsorship.pause",
    TermState.cancelled: "sponsorship.cancel",
    TermState.terminated: "sponsorship.terminate",
    TermState.ended: "sponsorship.end",
}


def subject(sponsorship: Sponsorship) -> str:
    """How the trail names it."""
    return f"sponsorship:{sponsorship.ref}"


# ---- beginning -----------------------------------------------------------------------------------------------------------------


def submit(*, sponsor: Person, answers: Answers, quote: Quote, risk_version: str = rules.RISK_VERSION) -> Sponsorship:
    """A resident's promise: the worker's row, her consent, the sponsorship and its reserved months, all or nothing.

    Refuses what rules refuse, `PriceChanged` when the quote is not for these months, `HeldByAnother`, `WorkerUnavailable`, and
    `MonthTaken` when anybody funds one of the months: the overlap is told here for the first time (PRODUCT idea 6).
    """
    today = clock.today()
    steps.check_who(answers)
    steps.check_length(answers, today)
    if not answers.risk_read:
        raise refusals.RiskNotRead(field="risk_read")
    waiting = _chosen(answers) if answers.waiting_code else None
    worker = waiting.worker if waiting else _described(sponsor, answers, steps.check_data(answers, today))
    check_worker(worker)
    steps.check_savings(answers.package, worker.employs_others)
    assert answers.starts is not None
    check_quote(quote, span(answers.starts, answers.count), answers.package)
    sponsorship = new_sponsorship(sponsor, worker, quote, answers.package, PayerKind.private)
    sponsorship.risk_version = risk_version
    sponsorship.typed_name = worker.name if waiting else answers.name
    sponsorship.chosen_from_list = waiting is not None
    sponsorship.show_name, sponsorship.remind = answers.show_name, answers.remind
    db.session.add(sponsorship)
    db.session.flush()
    reserve(actor=sponsor.ref, sponsorship=sponsorship, quote=quote)
    refresh_fingerprint(sponsorship)
    record(actor=sponsor.ref, action="sponsorship.submit", subject=subject(sponsorship), after=facts_of(sponsorship, quote))
    return sponsorship


def _chosen(answers: Answers) -> Waiting:
    """The worker picked from the list, held again for as long as paying may take."""
    waiting = worker_queries.find_waiting(answers.waiting_code, lock=True)
    if waiting is None:
        raise HeldByAnother
    return worker_service.hold(waiting=waiting, by=answers.held_as, minutes=rules.PAYING_MINUTES)


def _described(sponsor: Person, answers: Answers, number: Nik) -> Worker:
    worker = worker_service.find_or_create(
        actor=sponsor,
        nik=number,
        name=answers.name,
        phone=answers.worker_phone or None,
        occupation_code=answers.occupation_code,
        kelurahan_code=answers.kelurahan_code or None,
        employs_others=answers.employs_others,
    )
    worker_service.record_consent(
        actor=sponsor,
        worker=worker,
        kind=ConsentKind.registered,
        giver=ConsentGiver.sponsor_statement,
        text_version=rules.CONSENT_VERSION,
    )
    return worker


def check_worker(worker: Worker) -> None:
    if worker.state in GONE:
        raise refusals.WorkerUnavailable


def check_quote(quote: Quote, wanted: list[Month], package: Package) -> None:
    """The price the resident saw must be of these very months and this package (traps 3, 6)."""
    savings = {line.jht_rupiah > 0 for line in quote.lines}
    if quote.months != wanted or savings != {package is Package.jkk_jkm_jht}:
        raise refusals.PriceChanged


def new_sponsorship(sponsor: Person, worker: Worker, quote: Quote, package: Package, payer_kind: PayerKind) -> Sponsorship:
    return Sponsorship(
        code=new_code(),
        sponsor=sponsor,
        maker_id=sponsor.id,
        worker=worker,
        typed_name=worker.name,
        payer_kind=payer_kind,
        package=package,
        base_rupiah=quote.lines[0].base_rupiah,
        first_month=quote.lines[0].month,
        last_month=quote.lines[-1].month,
        review_state=ReviewState.submitted,
        term_state=TermState.waiting,
        fingerprint="",
        submitted_at=clock.now(),
    )


def facts_of(sponsorship: Sponsorship, quote: Quote) -> dict[str, Any]:
    return {
        "code": sponsorship.code,
        "worker": sponsorship.worker.ref,
        "first_month": str(sponsorship.first_month),
        "last_month": str(sponsorship.last_month),
        "package": sponsorship.package.value,
        "payer_kind": sponsorship.payer_kind.value,
        "amount_rupiah": quote.total_rupiah,
        "risk_version": sponsorship.risk_version,
    }


def reserve(*, actor: str, sponsorship: Sponsorship, quote: Quote) -> list[CoverageMonth]:
    """Promise the quote's months for this sponsorship at the quote's prices. Refuses `MonthTaken`."""
    return coverage_service.reserve(
        actor=actor,
        worker=sponsorship.worker,
        sponsorship_id=sponsorship.id,
        payer_kind=sponsorship.payer_kind,
        package=sponsorship.package,
        quote=quote,
    )


def refresh_fingerprint(sponsorship: Sponsorship) -> str:
    """Take the fingerprint anew while the review is open; a decision made on an older one no longer fits (I6)."""
    months = coverage_queries.months_of_sponsorship(sponsorship.id)
    live = [(row.month, row.price_rupiah) for row in months if row.state in LIVE]
    mark = rules.fingerprint(queries.seen(sponsorship), live)
    if sponsorship.review_state in rules.OPEN_REVIEWS:
        sponsorship.fingerprint = mark
    return mark


# ---- the two machines ----------------------------------------------------------------------------------------------------------


def move_review(*, actor: str, sponsorship: Sponsorship, to: ReviewState, reason: str | None = None) -> None:
    """The only place that sets the review's state. Refuses AlreadyDecided. A refusal also closes a term that has not begun."""
    before = sponsorship.review_state
    rules.check_review(before, to)
    sponsorship.review_state = to
    if not rules.REVIEW_MOVES[to]:
        sponsorship.decided_at = clock.now()
    _note(actor, REVIEW_ACTIONS[to], sponsorship, {"review": before.value}, {"review": to.value}, reason)
    if to in (ReviewState.rejected, ReviewState.withdrawn) and sponsorship.term_state is TermState.waiting:
        move_term(actor=actor, sponsorship=sponsorship, to=TermState.cancelled, reason=to.value)


def move_term(*, actor: str, sponsorship: Sponsorship, to: TermState, reason: str | None = None) -> None:
    """The only place that sets the term's state. Refuses AlreadyClosed."""
    before = sponsorship.term_state
    rules.check_term(before, to)
    sponsorship.term_state = to
    coverage_service.look_again([sponsorship.worker_id])
    if not rules.TERM_MOVES[to]:
        sponsorship.ended_at = clock.now()
        sponsorship.end_reason = reason
    if to is TermState.terminated:
        links.revoke_links(sponsorship)
    if to in (TermState.cancelled, TermState.terminated):
        reminders.stop(reason=rules.CLOSED, sponsorship_id=sponsorship.id)
    _note(actor, TERM_ACTIONS[to], sponsorship, {"term": before.value}, {"term": to.value}, reason)


def _note(
    actor: str, action: str, sponsorship: Sponsorship, before: dict[str, Any], after: dict[str, Any], reason: str | None
) -> None:
    record(actor=actor, action=action, subject=subject(sponsorship), before=before, after=after, reason=reason)


def ask(*, actor: str, sponsorship: Sponsorship, question: str) -> None:
    """An officer needs more; the clock of the review stands still until the answer."""
    if not question.strip():
        raise refusals.QuestionMissing(field="question")
    move_review(actor=actor, sponsorship=sponsorship, to=ReviewState.needs_info)
    sponsorship.question, sponsorship.answer = question, None


def answer(*, actor: str, sponsorship: Sponsorship, text: str) -> None:
    """The sponsor's answer puts it back into the queue, under a new fingerprint. Refuses NothingAsked."""
    if sponsorship.review_state is not ReviewState.needs_info:
        raise refusals.NothingAsked
    if not text.strip():
        raise refusals.AnswerMissing(field="answer")
    sponsorship.answer = text
    move_review(actor=actor, sponsorship=sponsorship, to=ReviewState.submitted)
    refresh_fingerprint(sponsorship)


def start_if_ready(sponsorship: Sponsorship) -> bool:
    """Called when money came in or the review said yes: the end grows to the last funded month; with both, the term starts.

    Returns whether it started now. A worker chosen from the list leaves it with the first money.
    """
    months = coverage_queries.months_of_sponsorship(sponsorship.id)
    funded = [row.month for row in months if row.state in FUNDED]
    if not funded:
        return False
    sponsorship.first_month = min(sponsorship.first_month, *funded)  # a runner who was asked to begin earlier
    sponsorship.last_month = max(sponsorship.last_month, *funded)
    _leave_list(sponsorship)
    if sponsorship.review_state is not ReviewState.approved or sponsorship.term_state is not TermState.waiting:
        return False
    move_term(actor=SYSTEM, sponsorship=sponsorship, to=TermState.running)
    return True


def _leave_list(sponsorship: Sponsorship) -> None:
    if sponsorship.chosen_from_list:
        waiting = worker_queries.find_waiting_of(sponsorship.worker_id)
        if waiting is not None and waiting.left_at is None:
            worker_service.leave_list(actor=SYSTEM, waiting=waiting, reason="sponsored")


# ---- ending --------------------------------------------------------------------------------------------------------------------


def release_unpaid(*, actor: str, sponsorship: Sponsorship, reason: str) -> list[CoverageMonth]:
    """Free the months that were promised and never paid; the sponsorship itself stays as it is. Returns those months."""
    months = coverage_queries.months_of_sponsorship(sponsorship.id, lock=True)
    unpaid = [row for row in months if row.state is MonthState.reserved]
    _release(actor, unpaid, reason)
    refresh_fingerprint(sponsorship)
    return unpaid


def cancel(*, actor: str, sponsorship: Sponsorship, reason: str) -> list[CoverageMonth]:
    """Stop: months not yet remitted become free. Returns those that had been paid, for the money to go back to the payer.

    Before a decision this withdraws the request. Months already at BPJS stay: the worker's cover is never taken back here.
    """
    if sponsorship.review_state in rules.OPEN_REVIEWS:
        return withdraw(actor=actor, sponsorship=sponsorship, reason=reason)
    move_term(actor=actor, sponsorship=sponsorship, to=TermState.cancelled, reason=reason)
    return release_months(actor=actor, sponsorship=sponsorship, reason=reason)


def withdraw(*, actor: str, sponsorship: Sponsorship, reason: str) -> list[CoverageMonth]:
    """Take the request back before a decision. Returns the months that had been paid, now free."""
    move_review(actor=actor, sponsorship=sponsorship, to=ReviewState.withdrawn, reason=reason)
    return release_months(actor=actor, sponsorship=sponsorship, reason=reason)


def release_months(*, actor: str, sponsorship: Sponsorship, reason: str) -> list[CoverageMonth]:
    """Free every month that has not set out for BPJS; returns those that had been paid (also used after a rejection)."""
    months = coverage_queries.months_of_sponsorship(sponsorship.id, lock=True)
    paid = [row for row in months if row.returnable]
    _release(actor, [row for row in months if row.state is MonthState.reserved or row.returnable], reason)
    return paid


def _release(actor: str, months: Sequence[CoverageMonth], reason: str) -> None:
    for row in months:
        coverage_service.move(actor=actor, month=row, to=MonthState.released, reason=reason)


def end_many(sponsorship_ids: Sequence[int]) -> int:
    """The last months are past and nothing more will happen to any of them: these terms end, as by `move_term`, a trail each.

    One that has closed meanwhile stays as it is. Returns how many ended now.
    """
    if not sponsorship_ids:
        return 0
    open_ones = Sponsorship.term_state.in_((TermState.running, TermState.paused))
    found = db.session.execute(
        select(Sponsorship.id, Sponsorship.ref, Sponsorship.term_state)
        .where(Sponsorship.id.in_(sponsorship_ids), open_ones)
        .order_by(Sponsorship.id)
        .with_for_update()
    ).all()
    reason, to = "all months are over", TermState.ended
    values = {"term_state": to, "ended_at": clock.now(), "end_reason": reason}
    ending = update(Sponsorship).where(Sponsorship.id.in_([row.id for row in found])).values(**values)
    db.session.execute(ending.execution_options(synchronize_session=False))
    db.session.expire_all()
    for row in found:
        before, after = {"term": row.term_state.value}, {"term": to.value}
        record(actor=SYSTEM, action=TERM_ACTIONS[to], subject=f"sponsorship:{row.ref}", before=before, after=after, reason=reason)
    return len(found)
