"""Reading the worker's own word."""

from collections.abc import Collection, Sequence
from datetime import date

from flask import abort
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from sertakan.accounts.models import Person
from sertakan.consents.models import WorkerReport
from sertakan.db import db
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import OPEN_TERMS, ReviewState
from sertakan.workers.models import Consent, ConsentGiver, ConsentKind

MOST_REPORTS = 100


def agreed_on(sponsorship: Sponsorship) -> date | None:
    """The day on which she agreed herself after this sponsor had asked; None while she has not, or has taken it back."""
    return db.session.scalar(
        select(Consent.given_on)
        .where(
            Consent.worker_id == sponsorship.worker_id,
            Consent.kind == ConsentKind.registered,
            Consent.giver == ConsentGiver.worker,
            Consent.withdrawn_at.is_(None),
            Consent.created_at >= sponsorship.submitted_at,
        )
        .order_by(Consent.id)
        .limit(1)
    )


def has_other_sponsor(sponsorship: Sponsorship) -> bool:
    """Whether somebody else's promise for the same worker is still open."""
    statement = select(Sponsorship.id).where(
        Sponsorship.worker_id == sponsorship.worker_id,
        Sponsorship.id != sponsorship.id,
        Sponsorship.term_state.in_(OPEN_TERMS),
        Sponsorship.review_state.not_in((ReviewState.rejected, ReviewState.withdrawn)),
    )
    return db.session.scalar(statement.limit(1)) is not None


def with_open_report(sponsorship_ids: Collection[int]) -> set[int]:
    """Those of these sponsorships about which a report waits for staff."""
    statement = select(WorkerReport.sponsorship_id).where(
        WorkerReport.sponsorship_id.in_(sponsorship_ids), WorkerReport.handled_at.is_(None)
    )
    return set(db.session.scalars(statement))


def list_reports(reader: Person) -> Sequence[WorkerReport]:
    """What waits for staff, oldest first; never a report about the reader's own sponsorship."""
    statement = (
        select(WorkerReport)
        .join(Sponsorship, Sponsorship.id == WorkerReport.sponsorship_id)
        .where(WorkerReport.handled_at.is_(None), Sponsorship.sponsor_id != reader.id, Sponsorship.maker_id != reader.id)
        .options(joinedload(WorkerReport.sponsorship).joinedload(Sponsorship.worker))
        .order_by(WorkerReport.created_at, WorkerReport.id)
        .limit(MOST_REPORTS)
    )
    return db.session.scalars(statement).all()


def get_report(ref: str, reader: Person) -> WorkerReport:
    """For writing; 404 for one's own and for nobody's alike."""
    statement = (
        select(WorkerReport)
        .join(Sponsorship, Sponsorship.id == WorkerReport.sponsorship_id)
        .where(WorkerReport.ref == ref, Sponsorship.sponsor_id != reader.id, Sponsorship.maker_id != reader.id)
        .with_for_update(of=WorkerReport)
        .execution_options(populate_existing=True)
    )
    return db.session.scalars(statement).first() or abort(404)
