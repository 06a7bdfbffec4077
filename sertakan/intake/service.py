"""The verbs of a batch. `decide` runs inside `transaction()`; `carry_out` opens one for each chunk."""

from sqlalchemy.exc import IntegrityError

from sertakan.accounts.models import Person
from sertakan.audit.service import record
from sertakan.bulk import service as uploads
from sertakan.bulk.models import Upload
from sertakan.bulk.rules import UploadState
from sertakan.db import constraint_name, db, transaction
from sertakan.intake import queries, rules
from sertakan.intake.models import BatchDecision
from sertakan.kit import clock
from sertakan.kit.errors import Refused
from sertakan.notices import service as notices
from sertakan.notices.links import absolute
from sertakan.review import queries as review_rows
from sertakan.review import service as review

CHUNK = 100
ONE_DECISION = "uq_batch_decision_upload_id"


def decide(*, officer: Person, upload: Upload, seen: str, note: str) -> BatchDecision:
    """Yes to everyone in the batch whose checks are good; `note` is the reason for those without an attestation.

    Refuses NotReady, NotYourBatch, BatchChanged, AlreadyDecided.
    """
    if upload.state is not UploadState.applied:
        raise rules.NotReady
    if queries.is_colleague(officer, upload):
        raise rules.NotYourBatch
    if seen != upload.mark:
        raise rules.BatchChanged
    row = BatchDecision(upload_id=upload.id, officer_id=officer.id, note=note, seen=seen, decided_at=clock.now())
    try:
        with db.session.begin_nested():
            db.session.add(row)
    except IntegrityError as error:
        if constraint_name(error) != ONE_DECISION:
            raise
        raise rules.AlreadyDecided from error
    record(actor=officer.ref, action="batch.decide", subject=uploads.subject(upload), after={"mark": seen}, reason=note)
    return row


def carry_out(decision_id: int) -> int:
    """Approve what fits, chunk by chunk, and leave the others to the queue; returns how many were approved now."""
    approved = 0
    while True:
        with transaction() as session:
            decision = session.get_one(BatchDecision, decision_id, with_for_update=True)
            if decision.done_at is not None:
                return approved
            count, left = _next(decision)
            approved += count
            decision.approved, decision.left_over = decision.approved + count, decision.left_over + left
            if count + left == 0:
                decision.done_at = clock.now()
                _tell(decision)
                return approved


def _next(decision: BatchDecision) -> tuple[int, int]:
    """How many of the next chunk were approved, and how many go to the queue."""
    officer, approved, left = decision.officer, 0, 0
    promises = queries.next_promises(decision.upload_id, CHUNK)
    rows = {row.sponsorship.id: row for row in review_rows.with_checks(promises, clock.today())}
    for promise in promises:
        row = rows[promise.id]
        promise.in_batch = False
        try:
            if not rules.fits((check.name, check.verdict.value) for check in row.checks):
                raise review.NotAllGreen
            review.approve(officer=officer, sponsorship=promise, seen=row.seen, exception=decision.note, told=False)
        except Refused:
            left += 1
        else:
            approved += 1
    return approved, left


def _tell(decision: BatchDecision) -> None:
    """One message for the whole batch, to who asked and who agreed."""
    upload = decision.upload
    facts = {"approved": decision.approved, "left": decision.left_over}
    record(actor=decision.officer.ref, action="batch.done", subject=uploads.subject(upload), after=facts)
    people = {person.id: person for person in (upload.submitted_by, upload.decided_by) if person is not None}
    for person in people.values():
        notices.queue(
            key=f"batch_approved:{decision.ref}:{person.ref}",
            kind="batch_approved",
            subject=uploads.subject(upload),
            person=person,
            context={
                "file": upload.name,
                "workers": decision.approved,
                "left": decision.left_over,
                "url": absolute("bulk.detail", person.locale, ref=upload.organisation.ref, upload=upload.ref),
            },
        )
