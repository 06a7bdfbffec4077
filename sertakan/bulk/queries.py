"""Reads about uploads. Whatever belongs to an organisation is reached through a membership in it."""

from collections.abc import Iterator, Sequence
from typing import Any

from flask import abort
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import aliased, defer, joinedload

from sertakan.accounts.models import Membership
from sertakan.bulk import rules
from sertakan.bulk.models import Upload, UploadRow
from sertakan.bulk.rows import Kind
from sertakan.bulk.rules import RowState, UploadState
from sertakan.coverage.models import CoverageMonth
from sertakan.coverage.rules import MonthState
from sertakan.db import db
from sertakan.sponsorships.models import Sponsorship
from sertakan.web.paging import Page, slice_page

PAGE = 20


def get_upload(member: Membership, ref: str, *, lock: bool = False) -> Upload:
    """An upload of this member's organisation, or 404; without the file."""
    statement = (
        select(Upload)
        .where(Upload.organisation_id == member.organisation_id, Upload.ref == ref)
        .options(defer(Upload.file_sealed), joinedload(Upload.made_by), joinedload(Upload.submitted_by))
    )
    found = db.session.scalar(statement.with_for_update(of=Upload) if lock else statement)
    return found if found is not None else abort(404)


def get(upload_id: int, *, lock: bool = False) -> Upload:
    """By id; the sealed file, which may be megabytes, is only read when somebody asks for it."""
    statement = select(Upload).where(Upload.id == upload_id).options(defer(Upload.file_sealed))
    return db.session.scalars(statement.with_for_update(of=Upload) if lock else statement).one()


def list_uploads(member: Membership, number: int) -> Page[Upload]:
    """The newest first."""
    rows = db.session.scalars(
        select(Upload)
        .where(Upload.organisation_id == member.organisation_id)
        .options(defer(Upload.file_sealed), joinedload(Upload.made_by))
        .order_by(Upload.id.desc())
        .offset((number - 1) * PAGE)
        .limit(PAGE + 1)
    ).all()
    return slice_page(rows, number, PAGE)


def find_same(organisation_id: int, fingerprint: str) -> Upload | None:
    """A living upload of the very same file."""
    return db.session.scalar(
        select(Upload)
        .where(
            Upload.organisation_id == organisation_id,
            Upload.fingerprint == fingerprint,
            Upload.state.not_in((UploadState.withdrawn, UploadState.failed)),
        )
        .options(defer(Upload.file_sealed))
    )


def list_waiting() -> Sequence[int]:
    """Uploads whose rows are still to be checked, oldest first."""
    return db.session.scalars(select(Upload.id).where(Upload.state.in_(rules.WAITING)).order_by(Upload.id)).all()


def promised_months(upload_id: int) -> Sequence[CoverageMonth]:
    """Months of an upload's promises that no money fills yet, oldest first."""
    mine = select(UploadRow.sponsorship_id).where(UploadRow.upload_id == upload_id)
    statement = select(CoverageMonth).where(CoverageMonth.sponsorship_id.in_(mine), CoverageMonth.state == MonthState.reserved)
    return db.session.scalars(statement.order_by(CoverageMonth.month, CoverageMonth.id)).all()


def count_kinds(upload_id: int) -> dict[str, Any]:
    """How many rows are ready, wrong and skipped, of each first problem, and of each occupation among the ready."""
    rows = db.session.execute(
        select(UploadRow.state, UploadRow.kind, UploadRow.occupation_code, func.count())
        .where(UploadRow.upload_id == upload_id)
        .group_by(UploadRow.state, UploadRow.kind, UploadRow.occupation_code)
    )
    counts: dict[str, Any] = {state.value: 0 for state in RowState} | {"kinds": {}, "occupations": {}}
    for state, kind, occupation, count in rows:
        counts[state.value] += count
        if kind is not None:
            counts["kinds"][kind.value] = counts["kinds"].get(kind.value, 0) + count
        else:
            counts["occupations"][occupation] = count
    return counts


def list_rows(upload: Upload, kind: Kind | None, after: int) -> Page[UploadRow]:
    """Rows with problems after a row number, in the file's order; of one kind, or all that are wrong."""
    what: ColumnElement[bool] = UploadRow.kind == kind if kind else UploadRow.state == RowState.wrong
    rows = db.session.scalars(
        select(UploadRow)
        .where(UploadRow.upload_id == upload.id, what, UploadRow.row_number > after)
        .order_by(UploadRow.row_number)
        .limit(rules.SHOWN + 1)
    ).all()
    return slice_page(rows, 1 if not after else 2, rules.SHOWN)


def rows_by_number(upload_id: int, numbers: Sequence[int]) -> list[UploadRow]:
    """Locked, by number. Asked for in chunks: a statement takes only so many values."""
    found: list[UploadRow] = []
    for start in range(0, len(numbers), rules.CHUNK):
        wanted = UploadRow.upload_id == upload_id, UploadRow.row_number.in_(numbers[start : start + rules.CHUNK])
        statement = select(UploadRow).where(*wanted).order_by(UploadRow.row_number)
        found += db.session.scalars(statement.with_for_update(of=UploadRow))
    return found


def numbers_of_kind(upload_id: int, kind: Kind) -> Sequence[int]:
    return db.session.scalars(
        select(UploadRow.row_number)
        .where(UploadRow.upload_id == upload_id, UploadRow.kind == kind)
        .order_by(UploadRow.row_number)
    ).all()


def numbers_of_niks(upload_id: int, hashes: Sequence[str]) -> Sequence[int]:
    """Every row that names one of these people."""
    return db.session.scalars(
        select(UploadRow.row_number).where(UploadRow.upload_id == upload_id, UploadRow.nik_hash.in_(hashes))
    ).all()


def ready_marks(upload_id: int) -> Iterator[tuple[int, str, str]]:
    """What the fingerprint of a checked result is made of; read on the way, for a list of a hundred thousand would be large."""
    rows = db.session.execute(
        select(UploadRow.row_number, UploadRow.nik_hash, UploadRow.occupation_code, UploadRow.revision)
        .where(UploadRow.upload_id == upload_id, UploadRow.state == RowState.ready)
        .order_by(UploadRow.row_number)
        .execution_options(yield_per=rules.CHUNK)
    )
    return ((number, who or "", f"{work}:{revision}") for number, who, work, revision in rows)


def ready_rows(upload_id: int, after: int, limit: int) -> Sequence[UploadRow]:
    """Confirmed rows that have not become promises yet, in the file's order."""
    return db.session.scalars(
        select(UploadRow)
        .where(UploadRow.upload_id == upload_id, UploadRow.state == RowState.ready, UploadRow.row_number > after)
        .order_by(UploadRow.row_number)
        .limit(limit)
    ).all()


def stages(upload: Upload) -> dict[str, int]:
    """How many workers of an applied upload stand where: by review, and how far the money of their first month has come."""
    month = aliased(CoverageMonth)
    first = select(func.min(month.id)).where(month.sponsorship_id == Sponsorship.id).correlate(Sponsorship).scalar_subquery()
    rows = db.session.execute(
        select(Sponsorship.review_state, CoverageMonth.state, func.count())
        .join(UploadRow, UploadRow.sponsorship_id == Sponsorship.id)
        .join(CoverageMonth, CoverageMonth.id == first)
        .where(UploadRow.upload_id == upload.id)
        .group_by(Sponsorship.review_state, CoverageMonth.state)
    ).all()
    return rules.count_stages([(row[0], row[1], row[2]) for row in rows])


def list_confirmed() -> Sequence[int]:
    """Uploads whose promises are still to be made, oldest first."""
    return db.session.scalars(select(Upload.id).where(Upload.state.in_(rules.TO_APPLY)).order_by(Upload.id)).all()


def bad_rows(upload_id: int, after: int, limit: int) -> Sequence[UploadRow]:
    """Wrong rows for the file to download, a chunk at a time."""
    return db.session.scalars(
        select(UploadRow)
        .where(UploadRow.upload_id == upload_id, UploadRow.state == RowState.wrong, UploadRow.row_number > after)
        .order_by(UploadRow.row_number)
        .limit(limit)
    ).all()
