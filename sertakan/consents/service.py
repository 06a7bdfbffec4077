"""The worker's verbs. Run inside `transaction()`; lock order: sponsorship, worker, months."""

from flask_babel import force_locale

from sertakan.accounts.models import Person
from sertakan.audit.service import record
from sertakan.consents import queries, rules
from sertakan.consents.models import WorkerReport
from sertakan.consents.rules import ReportKind, Stage
from sertakan.db import db
from sertakan.kit import clock
from sertakan.kit.codes import new_code
from sertakan.kit.errors import Refused
from sertakan.notices import service as notices
from sertakan.payments import refunds
from sertakan.payments.rules import RefundReason
from sertakan.sponsorships import links
from sertakan.sponsorships import queries as sponsorship_queries
from sertakan.sponsorships import service as sponsorships
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import CONSENT_VERSION, OPEN_REVIEWS
from sertakan.workers import service as workers
from sertakan.workers.models import ConsentGiver, ConsentKind


def stage_of(sponsorship: Sponsorship) -> Stage:
    return rules.stage(sponsorship.review_state, sponsorship.term_state, queries.agreed_on(sponsorship))


def invite(*, actor: str, sponsorship: Sponsorship) -> str:
    """A code of 80 bits that opens the worker's page for thirty days; only its hash is kept.

    Refuses NotInvited for a worker chosen from the list, whom only staff and the RT may reach (PRODUCT idea 5), and OfferOver.
    """
    if sponsorship.chosen_from_list:
        raise rules.NotInvited
    if stage_of(sponsorship) is Stage.over:
        raise rules.OfferOver
    token = f"{new_code()}-{new_code()}"
    links.make_link(sponsorship=sponsorship, purpose=rules.PURPOSE, days=rules.DAYS, token=token)
    record(actor=actor, action="consent.invite", subject=sponsorships.subject(sponsorship))
    return token


def use(token: str) -> Sponsorship:
    """The sponsorship that a living invitation is about. Refuses InvitationOver for unknown, expired and revoked alike."""
    try:
        return links.use_link(rules.normalise(token) or "", rules.PURPOSE).sponsorship
    except Refused as no:
        raise rules.InvitationOver from no


def agree(*, sponsorship: Sponsorship) -> None:
    """Her own yes to being registered (UU 27/2022 art. 20, 22). A second yes changes nothing. Refuses OfferOver."""
    stage = stage_of(sponsorship)
    if stage is Stage.over:
        raise rules.OfferOver
    if stage is Stage.agreed:
        return
    workers.record_consent(
        actor=None,
        worker=sponsorship.worker,
        kind=ConsentKind.registered,
        giver=ConsentGiver.worker,
        text_version=CONSENT_VERSION,
    )


def refuse(*, sponsorship: Sponsorship) -> int:
    """She does not want this sponsor, or no longer: months that have not gone to BPJS become free, their money goes back, and she
    is off the public list, all at once. Returns the rupiah on their way back; a second no changes nothing and returns 0.

    Her yes to another sponsor who still pays for her stays as it is.
    """
    if stage_of(sponsorship) is Stage.over:
        return 0
    actor = workers.subject(sponsorship.worker)
    reason = RefundReason.withdrawn if sponsorship.review_state in OPEN_REVIEWS else RefundReason.cancelled
    paid = sponsorships.cancel(actor=actor, sponsorship=sponsorship, reason=rules.BY_WORKER)
    sent = refunds.refund_months(actor=actor, sponsorship=sponsorship, months=paid, reason=reason)
    amount = sum(refund.amount_rupiah for refund in sent)
    if not queries.has_other_sponsor(sponsorship):
        workers.withdraw_consent(actor=actor, worker=sponsorship.worker, kind=ConsentKind.registered, reason="by herself")
    workers.withdraw_consent(actor=actor, worker=sponsorship.worker, kind=ConsentKind.listed, reason="by herself")
    _tell(sponsorship, amount)
    return amount


def _tell(sponsorship: Sponsorship, amount: int) -> None:
    """The sponsor hears that it ended, kindly and without a reason."""
    with force_locale(sponsorship.sponsor.locale):
        worker = sponsorship_queries.display_name(sponsorship)
    notices.queue(
        key=f"declined:{sponsorship.ref}",
        kind="declined",
        subject=sponsorships.subject(sponsorship),
        person=sponsorship.sponsor,
        context={"code": sponsorship.code, "worker": worker, "refund_amount": amount},
    )


def report(*, sponsorship: Sponsorship, kind: ReportKind, words: str) -> WorkerReport:
    """A message to staff from whoever holds the link. Nothing about it reaches the sponsor. The words are sealed."""
    row = WorkerReport(sponsorship_id=sponsorship.id, kind=kind, created_at=clock.now())
    row.words = words or None
    db.session.add(row)
    db.session.flush()
    worker = workers.subject(sponsorship.worker)
    record(actor=worker, action="worker.report", subject=worker, after={"report": row.ref, "kind": kind.value})
    return row


def handle(*, actor: Person, report: WorkerReport, outcome: str) -> None:
    """Staff wrote down what was done. Refuses AlreadyHandled."""
    if report.handled_at is not None:
        raise rules.AlreadyHandled
    report.handled_at, report.handled_by_id, report.outcome = clock.now(), actor.id, outcome
    subject = workers.subject(report.sponsorship.worker)
    record(actor=actor.ref, action="worker.report_handled", subject=subject, after={"report": report.ref})
