"""Deciding. One function per outcome; each is refused to the maker, the sponsor and their colleagues, and binds to what was seen."""

from flask_babel import force_locale

from sertakan.accounts.models import Person
from sertakan.audit import service as audit
from sertakan.db import db
from sertakan.kit import clock
from sertakan.kit.errors import N_, Refused
from sertakan.notices import service as notices
from sertakan.notices.links import absolute
from sertakan.payments import refunds
from sertakan.payments.rules import RefundReason
from sertakan.review import checks, queries
from sertakan.review.models import Decision
from sertakan.review.rules import REASONS, AwaitsAnswer, Changed, NotYourOwn, Outcome, RejectReason
from sertakan.sponsorships import queries as sponsorship_queries
from sertakan.sponsorships import service as sponsorships
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import CONSENT_VERSION, ReviewState, check_review
from sertakan.web.language import in_language
from sertakan.workers import service as workers
from sertakan.workers.models import ConsentGiver, ConsentKind, WorkerState


class CannotApprove(Refused):
    message = N_("Belum bisa disetujui: %(why)s.")


class NeedsException(Refused):
    message = N_("Belum ada keterangan bekerja. Tulis alasan mengapa tetap disetujui.")


class NotAllGreen(Refused):
    message = N_("Belum semua pemeriksaannya baik. Periksa satu per satu.")


class ReasonMissing(Refused):
    message = N_("Pilih alasannya dulu")


class NoteMissing(Refused):
    message = N_("Tulis alasannya dengan kata-kata Anda sendiri")


def _check(officer: Person, sponsorship: Sponsorship, to: ReviewState, seen: str) -> None:
    """Whether this officer may take this step on what she saw. Refuses NotYourOwn, AwaitsAnswer, AlreadyDecided, Changed."""
    if queries.is_own(officer, sponsorship):
        raise NotYourOwn
    if sponsorship.review_state is ReviewState.needs_info and to is not ReviewState.rejected:
        raise AwaitsAnswer
    check_review(sponsorship.review_state, to)
    if seen != sponsorships.refresh_fingerprint(sponsorship):
        raise Changed


def _decide(
    officer: Person,
    sponsorship: Sponsorship,
    outcome: Outcome,
    row: queries.Row,
    *,
    reason: RejectReason | None = None,
    note: str | None = None,
) -> None:
    """Write the decision down, with the fingerprint of what the officer saw and the checks as they stood."""
    db.session.add(
        Decision(
            sponsorship_id=sponsorship.id,
            officer_id=officer.id,
            maker_id=sponsorship.maker_id,
            sponsor_id=sponsorship.sponsor_id,
            outcome=outcome,
            reason=reason,
            note=note or None,
            fingerprint=sponsorship.fingerprint,
            checks={check.name: check.verdict.value for check in row.checks},
            decided_at=clock.now(),
        )
    )


def approve(*, officer: Person, sponsorship: Sponsorship, seen: str, exception: str = "", told: bool = True) -> None:
    """Say yes; `told`: by a message of her own.

    Refused for one's own, when a check says stop, and without an attestation unless an exception is written (idea 18).
    """
    _check(officer, sponsorship, ReviewState.approved, seen)
    row = queries.get_row(sponsorship, clock.today())
    for check in row.checks:
        if check.verdict is checks.Verdict.stop:
            raise CannotApprove(why=in_language(officer.locale, check.words, **check.params).lower())
    attested = next(check for check in row.checks if check.name == "attestation").verdict is checks.Verdict.ok
    if not attested and not exception.strip():
        raise NeedsException(field="exception")
    _decide(officer, sponsorship, Outcome.approved, row, note=exception)
    sponsorships.move_review(actor=officer.ref, sponsorship=sponsorship, to=ReviewState.approved, reason=exception or None)
    if sponsorship.worker.state is WorkerState.proposed:
        workers.move(actor=officer.ref, worker=sponsorship.worker, to=WorkerState.identity_checked)
    sponsorships.start_if_ready(sponsorship)
    if told:
        _tell(sponsorship, "approved", covered_from=sponsorship.first_month, covered_until=sponsorship.last_month)


def approve_in_bulk(*, officer: Person, sponsorship: Sponsorship, seen: str) -> None:
    """Say yes to one of many that were ticked. Refuses NotAllGreen besides all that `approve` refuses."""
    _check(officer, sponsorship, ReviewState.approved, seen)
    if not queries.get_row(sponsorship, clock.today()).green:
        raise NotAllGreen
    approve(officer=officer, sponsorship=sponsorship, seen=seen)


def reject(*, officer: Person, sponsorship: Sponsorship, seen: str, reason: RejectReason | None, note: str = "") -> int:
    """Say no, with a reason from the list. Unpaid months are freed, paid ones go back in full; returns rupiah to be refunded."""
    _check(officer, sponsorship, ReviewState.rejected, seen)
    if reason is None:
        raise ReasonMissing(field="reason")
    if reason is RejectReason.other and not note.strip():
        raise NoteMissing(field="note")
    row = queries.get_row(sponsorship, clock.today())
    _decide(officer, sponsorship, Outcome.rejected, row, reason=reason, note=note)
    sponsorships.move_review(actor=officer.ref, sponsorship=sponsorship, to=ReviewState.rejected, reason=reason.value)
    paid = sponsorships.release_months(actor=officer.ref, sponsorship=sponsorship, reason="rejected")
    amount = sum(month.price_rupiah for month in paid)
    if paid:
        refunds.refund_months(actor=officer.ref, sponsorship=sponsorship, months=paid, reason=RefundReason.rejected)
    words = in_language(sponsorship.sponsor.locale, REASONS[reason])
    _tell(sponsorship, "rejected", reason=words, note=note, refund_amount=amount)
    return amount


def ask(*, officer: Person, sponsorship: Sponsorship, seen: str, question: str) -> None:
    """Ask the sponsor for more; the clock of the review stands still until she answers."""
    _check(officer, sponsorship, ReviewState.needs_info, seen)
    row = queries.get_row(sponsorship, clock.today())
    _decide(officer, sponsorship, Outcome.needs_info, row, note=question)
    sponsorships.ask(actor=officer.ref, sponsorship=sponsorship, question=question)
    url = absolute("sponsorships.detail", sponsorship.sponsor.locale, code=sponsorship.code)
    _tell(sponsorship, "question", question=question, url=url)


def witness(*, officer: Person, sponsorship: Sponsorship) -> None:
    """Write down that the worker said yes to this officer, who is the witness; she needs no phone. Refuses NotYourOwn and, once
    decided, AlreadyDecided."""
    if queries.is_own(officer, sponsorship):
        raise NotYourOwn
    check_review(sponsorship.review_state, ReviewState.rejected)  # still open, waiting for an answer or not
    workers.record_consent(
        actor=officer,
        worker=sponsorship.worker,
        kind=ConsentKind.registered,
        giver=ConsentGiver.witness,
        text_version=CONSENT_VERSION,
    )


def reveal_nik(*, officer: Person, sponsorship: Sponsorship) -> str:
    """The whole NIK, for comparing with an identity card; written down each time (QUALITY A 54)."""
    audit.record(actor=officer.ref, action="worker.nik_reveal", subject=workers.subject(sponsorship.worker))
    return str(sponsorship.worker.nik)


def _tell(sponsorship: Sponsorship, kind: str, **context: object) -> None:
    when = clock.now().isoformat(timespec="seconds")
    with force_locale(sponsorship.sponsor.locale):
        worker = sponsorship_queries.display_name(sponsorship)
    notices.queue(
        key=f"{kind}:{sponsorship.ref}:{when}",
        kind=kind,
        subject=sponsorships.subject(sponsorship),
        person=sponsorship.sponsor,
        context={"code": sponsorship.code, "worker": worker, **context},
    )
