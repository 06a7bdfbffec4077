"""Deciding. One function per outcome; each is refused to the maker, the sponsor and their colleagues, and binds to what was seen."""

from sertakan.accounts.models import Person
from sertakan.audit import service as audit
from sertakan.db import db
from sertakan.kit import clock
from sertakan.kit.errors import N_, Refused
from sertakan.notices import service as notices
from sertakan.payments import refunds
from sertakan.payments.rules import RefundReason
from sertakan.review import checks, queries
from sertakan.review.models import Decision
from sertakan.review.rules import REASONS, Changed, NotYourOwn, Outcome, RejectReason
from sertakan.sponsorships import queries as sponsorship_queries
from sertakan.sponsorships import service as sponsorships
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import ReviewState
from sertakan.web.language import in_language
from sertakan.workers.models import Worker, WorkerState


class CannotApprove(Refused):
    message = N_("Belum bisa disetujui: %(why)s.")


class NeedsException(Refused):
    message = N_("Belum ada keterangan bekerja. Tulis alasan mengapa tetap disetujui.")


class ReasonMissing(Refused):
    message = N_("Pilih alasannya dulu")


class NoteMissing(Refused):
    message = N_("Tulis alasannya dengan kata-kata Anda sendiri")


def _check_officer(officer: Person, sponsorship: Sponsorship) -> None:
    own = officer.id in (sponsorship.maker_id, sponsorship.sponsor_id)
    if own or queries.is_colleague(officer, sponsorship.organisation_id):
        raise NotYourOwn


def _decide(
    officer: Person,
    sponsorship: Sponsorship,
    outcome: Outcome,
    seen: str,
    row: queries.Row,
    *,
    reason: RejectReason | None = None,
    note: str | None = None,
) -> None:
    """Write the decision down, with the fingerprint of what the officer saw and the checks as they stood."""
    if seen != sponsorship.fingerprint:
        raise Changed
    db.session.add(
        Decision(
            sponsorship_id=sponsorship.id,
            officer_id=officer.id,
            maker_id=sponsorship.maker_id,
            sponsor_id=sponsorship.sponsor_id,
            outcome=outcome,
            reason=reason,
            note=note or None,
            fingerprint=seen,
            checks={check.name: check.verdict.value for check in row.checks},
            decided_at=clock.now(),
        )
    )


def approve(*, officer: Person, sponsorship: Sponsorship, seen: str, exception: str = "") -> None:
    """Say yes. Refused for one's own, when a check says stop, and without an attestation unless an exception is written (idea 18)."""
    _check_officer(officer, sponsorship)
    row = queries.get_row(sponsorship, clock.today())
    for check in row.checks:
        if check.verdict is checks.Verdict.stop:
            raise CannotApprove(why=in_language(officer.locale, check.words, **check.params).lower())
    attested = next(check for check in row.checks if check.name == "attestation").verdict is checks.Verdict.ok
    if not attested and not exception.strip():
        raise NeedsException(field="exception")
    _decide(officer, sponsorship, Outcome.approved, seen, row, note=exception)
    sponsorships.move_review(actor=officer.ref, sponsorship=sponsorship, to=ReviewState.approved, reason=exception or None)
    if sponsorship.worker.state is WorkerState.proposed:
        _mark_checked(officer, sponsorship.worker)
    sponsorships.start_if_ready(sponsorship)
    _tell(sponsorship, "approved", covered_from=sponsorship.first_month, covered_until=sponsorship.last_month)


def _mark_checked(officer: Person, worker: Worker) -> None:
    worker.state = WorkerState.identity_checked
    audit.record(actor=officer.ref, action="worker.identity_checked", subject=f"worker:{worker.ref}")


def reject(*, officer: Person, sponsorship: Sponsorship, seen: str, reason: RejectReason | None, note: str = "") -> int:
    """Say no, with a reason from the list. Unpaid months are freed, paid ones go back in full; returns rupiah to be refunded."""
    _check_officer(officer, sponsorship)
    if reason is None:
        raise ReasonMissing(field="reason")
    if reason is RejectReason.other and not note.strip():
        raise NoteMissing(field="note")
    row = queries.get_row(sponsorship, clock.today())
    _decide(officer, sponsorship, Outcome.rejected, seen, row, reason=reason, note=note)
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
    _check_officer(officer, sponsorship)
    row = queries.get_row(sponsorship, clock.today())
    _decide(officer, sponsorship, Outcome.needs_info, seen, row, note=question)
    sponsorships.ask(actor=officer.ref, sponsorship=sponsorship, question=question)
    _tell(sponsorship, "question", question=question)


def reveal_nik(*, officer: Person, sponsorship: Sponsorship) -> str:
    """The whole NIK, for comparing with an identity card; written down each time (QUALITY A 54)."""
    audit.record(actor=officer.ref, action="worker.nik_reveal", subject=f"worker:{sponsorship.worker.ref}")
    return str(sponsorship.worker.nik)


def _tell(sponsorship: Sponsorship, kind: str, **context: object) -> None:
    when = clock.now().isoformat(timespec="seconds")
    notices.queue(
        key=f"{kind}:{sponsorship.ref}:{when}",
        kind=kind,
        subject=sponsorships.subject(sponsorship),
        person=sponsorship.sponsor,
        context={"code": sponsorship.code, "worker": sponsorship_queries.display_name(sponsorship), **context},
    )
