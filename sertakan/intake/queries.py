"""Reads about batches that wait for an officer."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from flask import abort
from sqlalchemy import func, or_, select
from sqlalchemy.orm import defer, joinedload

from sertakan.accounts.models import Membership, Person
from sertakan.bulk.models import Upload, UploadRow
from sertakan.bulk.rules import UploadState
from sertakan.db import db
from sertakan.intake import rules
from sertakan.intake.models import BatchDecision
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import ReviewState
from sertakan.web.paging import Page, slice_page
from sertakan.workers.models import Worker

SIZE = 20
DIFFERING = 25


class Waiting(NamedTuple):
    """An upload with how many of its promises wait for its one decision."""

    upload: Upload
    waiting: int
    decision: BatchDecision | None


def _has_promises() -> Any:
    """A bill came of it; or an office was handed over, paid by what was paid for the one who left."""
    return or_(Upload.order_id.is_not(None), Upload.replaces_id.is_not(None))


def _waiting() -> Any:
    return (
        select(UploadRow.upload_id, func.count().label("waiting"))
        .join(Sponsorship, Sponsorship.id == UploadRow.sponsorship_id)
        .where(Sponsorship.in_batch, Sponsorship.review_state == ReviewState.submitted)
        .group_by(UploadRow.upload_id)
    )


def list_batches(number: int) -> Page[Waiting]:
    """Those that wait first, the oldest on top; then what has been decided."""
    counted = _waiting().subquery()
    statement = (
        select(Upload, func.coalesce(counted.c.waiting, 0), BatchDecision)
        .outerjoin(counted, counted.c.upload_id == Upload.id)
        .outerjoin(BatchDecision, BatchDecision.upload_id == Upload.id)
        .where(Upload.state == UploadState.applied, _has_promises())
        .options(defer(Upload.file_sealed), joinedload(Upload.submitted_by))
        .order_by(BatchDecision.id.is_not(None), Upload.applied_at, Upload.id)
        .offset((number - 1) * SIZE)
        .limit(SIZE + 1)
    )
    return slice_page([Waiting(*row) for row in db.session.execute(statement)], number, SIZE)


def get_upload(ref: str, lock: bool = False) -> Upload:
    """An upload that has become promises, or 404."""
    statement = (
        select(Upload)
        .where(Upload.ref == ref, Upload.state == UploadState.applied, _has_promises())
        .options(defer(Upload.file_sealed))
    )
    return db.session.scalars(statement.with_for_update(of=Upload) if lock else statement).first() or abort(404)


def find_decision(upload_id: int) -> BatchDecision | None:
    statement = select(BatchDecision).where(BatchDecision.upload_id == upload_id).options(joinedload(BatchDecision.officer))
    return db.session.scalars(statement).first()


def codes_of(upload_id: int) -> Sequence[str]:
    """The codes of all promises that wait for the decision on the batch."""
    mine = UploadRow.upload_id == upload_id, Sponsorship.in_batch, Sponsorship.review_state == ReviewState.submitted
    statement = select(Sponsorship.code).join(UploadRow, UploadRow.sponsorship_id == Sponsorship.id).where(*mine)
    return db.session.scalars(statement.order_by(Sponsorship.id)).all()


def sampled(upload: Upload) -> Sequence[Sponsorship]:
    """The five that every officer gets to see."""
    chosen = rules.samples(codes_of(upload.id), upload.mark or "")
    statement = select(Sponsorship).where(Sponsorship.code.in_(chosen)).options(joinedload(Sponsorship.worker))
    return db.session.scalars(statement.order_by(Sponsorship.code)).all()


def differing(upload: Upload) -> Sequence[Sponsorship]:
    """Those whose name is not the one in our record: nobody approves them with the others."""
    mine = UploadRow.upload_id == upload.id, Sponsorship.in_batch, Sponsorship.review_state == ReviewState.submitted
    statement = (
        select(Sponsorship)
        .join(UploadRow, UploadRow.sponsorship_id == Sponsorship.id)
        .join(Worker, Worker.id == Sponsorship.worker_id)
        .where(*mine, func.lower(Worker.name) != func.lower(Sponsorship.typed_name))
        .options(joinedload(Sponsorship.worker))
        .order_by(Sponsorship.id)
        .limit(DIFFERING)
    )
    return db.session.scalars(statement).all()


def is_colleague(person: Person, upload: Upload) -> bool:
    """Whether this person belongs to the organisation, or had a hand in the upload."""
    if person.id in (upload.made_by_id, upload.submitted_by_id, upload.decided_by_id):
        return True
    member = select(Membership.id).where(
        Membership.organisation_id == upload.organisation_id, Membership.person_id == person.id, Membership.ended_at.is_(None)
    )
    return db.session.scalar(member.limit(1)) is not None


def list_open() -> Sequence[int]:
    """Decisions that the job has not carried out to the end, oldest first."""
    statement = select(BatchDecision.id).where(BatchDecision.done_at.is_(None)).order_by(BatchDecision.id)
    return db.session.scalars(statement).all()


def next_promises(upload_id: int, limit: int) -> Sequence[Sponsorship]:
    """The next promises of a batch to decide on, held until the transaction ends."""
    mine = UploadRow.upload_id == upload_id, Sponsorship.in_batch, Sponsorship.review_state == ReviewState.submitted
    return db.session.scalars(
        select(Sponsorship)
        .join(UploadRow, UploadRow.sponsorship_id == Sponsorship.id)
        .where(*mine)
        .order_by(Sponsorship.id)
        .limit(limit)
        .with_for_update(of=Sponsorship)
    ).all()
