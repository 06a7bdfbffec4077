"""What a rule may approve: a renewal of the same sponsor, or a rescue of what was approved. Every check good, under a limit."""

from flask import current_app
from sqlalchemy import exists, or_, select

from sertakan.audit.service import SYSTEM
from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.kit.errors import Refused
from sertakan.notices import service as notices
from sertakan.rescue import queries as rescues
from sertakan.rescue.models import Rescue
from sertakan.review import checks, queries
from sertakan.review.models import Decision
from sertakan.review.rules import Outcome
from sertakan.sponsorships import queries as sponsorships
from sertakan.sponsorships import service as sponsorship_service
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import ReviewState

BATCH = 200


def approve_renewals() -> int:
    """Approve what the rule allows (PRODUCT 5.2), each in its own transaction; the rest waits for a person. Returns how many."""
    known = or_(Sponsorship.renews_id.is_not(None), exists().where(Rescue.sponsorship_id == Sponsorship.id))
    waiting = select(Sponsorship.id).where(Sponsorship.review_state == ReviewState.submitted, known)
    return sum(
        _look_at(sponsorship_id) for sponsorship_id in db.session.scalars(waiting.order_by(Sponsorship.id).limit(BATCH)).all()
    )


def _look_at(sponsorship_id: int) -> bool:
    try:
        with transaction():
            sponsorship = sponsorships.get(sponsorship_id, lock=True)
            row = queries.get_row(sponsorship, clock.today())
            if sponsorship.review_state is not ReviewState.submitted or not _may(sponsorship, row):
                return False
            _approve(sponsorship, row)
            return True
    except Refused:
        return False


def _may(sponsorship: Sponsorship, row: queries.Row) -> bool:
    """The same approved worker as before, paid, nothing to look at (so also attested), and not too much money.

    A renewal has the same sponsor, too; a rescue may have anybody, because its months and worker were judged with the one it helps.
    """
    rescued_id = rescues.find_rescued(sponsorship.id)
    before_id = rescued_id or sponsorship.renews_id
    before = sponsorships.get(before_id) if before_id else None
    same = (
        before is not None
        and before.review_state is ReviewState.approved
        and (before.worker_id, before.package) == (sponsorship.worker_id, sponsorship.package)
        and (rescued_id is not None or before.sponsor_id == sponsorship.sponsor_id)
    )
    limit = current_app.config["SETTINGS"].renewal_limit_rupiah
    return same and row.verdict is checks.Verdict.ok and 0 < row.total_rupiah <= limit


def _approve(sponsorship: Sponsorship, row: queries.Row) -> None:
    db.session.add(
        Decision(
            sponsorship_id=sponsorship.id,
            officer_id=None,
            maker_id=sponsorship.maker_id,
            sponsor_id=sponsorship.sponsor_id,
            outcome=Outcome.approved,
            fingerprint=sponsorship.fingerprint,
            checks={check.name: check.verdict.value for check in row.checks},
            decided_at=clock.now(),
        )
    )
    sponsorship_service.move_review(actor=SYSTEM, sponsorship=sponsorship, to=ReviewState.approved, reason="renewal rule")
    sponsorship_service.start_if_ready(sponsorship)
    notices.queue(
        key=f"approved:{sponsorship.ref}",
        kind="approved",
        subject=sponsorship_service.subject(sponsorship),
        person=sponsorship.sponsor,
        context={
            "code": sponsorship.code,
            "worker": sponsorships.display_name(sponsorship),
            "covered_from": sponsorship.first_month,
            "covered_until": sponsorship.last_month,
        },
    )
