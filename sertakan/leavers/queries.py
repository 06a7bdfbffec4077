"""Reads about leavers. Whatever belongs to an organisation is reached through a membership in it."""

from collections.abc import Sequence
from typing import Any

from flask import abort
from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from sertakan.accounts.models import Membership
from sertakan.coverage.models import CoverageMonth
from sertakan.coverage.rules import LIVE
from sertakan.db import db
from sertakan.leavers import rules
from sertakan.leavers.models import LeaverFile, LeaverRow
from sertakan.leavers.rules import FileState, Kind, RowState
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import ReviewState
from sertakan.web.paging import Page, slice_page
from sertakan.workers.models import Worker

PAGE = 20
CLOSED = (ReviewState.rejected, ReviewState.withdrawn)


def get_file(member: Membership, ref: str, *, lock: bool = False) -> LeaverFile:
    """A file of this member's organisation, or 404."""
    statement = (
        select(LeaverFile)
        .where(LeaverFile.organisation_id == member.organisation_id, LeaverFile.ref == ref)
        .options(joinedload(LeaverFile.made_by), joinedload(LeaverFile.decided_by))
    )
    found = db.session.scalar(statement.with_for_update(of=LeaverFile) if lock else statement)
    return found if found is not None else abort(404)


def get(file_id: int, *, lock: bool = False) -> LeaverFile:
    statement = select(LeaverFile).where(LeaverFile.id == file_id)
    return db.session.scalars(statement.with_for_update(of=LeaverFile) if lock else statement).one()


def list_files(member: Membership, number: int) -> Page[LeaverFile]:
    """The newest first."""
    rows = db.session.scalars(
        select(LeaverFile)
        .where(LeaverFile.organisation_id == member.organisation_id, LeaverFile.state != FileState.withdrawn)
        .options(joinedload(LeaverFile.made_by))
        .order_by(LeaverFile.id.desc())
        .offset((number - 1) * PAGE)
        .limit(PAGE + 1)
    ).all()
    return slice_page(rows, number, PAGE)


def find_same(organisation_id: int, fingerprint: str) -> LeaverFile | None:
    """A living upload of the very same file."""
    return db.session.scalar(
        select(LeaverFile).where(
            LeaverFile.organisation_id == organisation_id,
            LeaverFile.fingerprint == fingerprint,
            LeaverFile.state != FileState.withdrawn,
        )
    )


def list_confirmed() -> Sequence[int]:
    """Files whose rows are still to be worked off, oldest first."""
    return db.session.scalars(select(LeaverFile.id).where(LeaverFile.state == FileState.confirmed).order_by(LeaverFile.id)).all()


def workers_by_hash(organisation_id: int, hashes: Sequence[str]) -> dict[str, int]:
    """Ids of those of these NIK for whom the organisation has a promise, made with data that it brought itself."""
    rows = db.session.execute(
        select(Worker.nik_hash, Worker.id)
        .join(Sponsorship, Sponsorship.worker_id == Worker.id)
        .where(
            Worker.nik_hash.in_(hashes),
            Sponsorship.organisation_id == organisation_id,
            Sponsorship.chosen_from_list.is_(False),
            Sponsorship.review_state.not_in(CLOSED),
        )
        .distinct()
    )
    return {row.nik_hash: row.id for row in rows}


def months_of(organisation_id: int, worker_ids: Sequence[int]) -> dict[int, list[CoverageMonth]]:
    """The living months that the organisation promised, by worker."""
    found: dict[int, list[CoverageMonth]] = {}
    rows = db.session.scalars(
        select(CoverageMonth)
        .join(Sponsorship, Sponsorship.id == CoverageMonth.sponsorship_id)
        .where(
            Sponsorship.organisation_id == organisation_id,
            CoverageMonth.worker_id.in_(worker_ids),
            CoverageMonth.state.in_(LIVE),
        )
    )
    for row in rows:
        found.setdefault(row.worker_id, []).append(row)
    return found


def promises_of(organisation_id: int, worker_id: int) -> Sequence[Sponsorship]:
    """Locked, oldest first."""
    return db.session.scalars(
        select(Sponsorship)
        .where(
            Sponsorship.organisation_id == organisation_id,
            Sponsorship.worker_id == worker_id,
            Sponsorship.review_state.not_in(CLOSED),
        )
        .order_by(Sponsorship.id)
        .with_for_update(of=Sponsorship)
    ).all()


def rows_of(
    file_id: int, state: RowState, after: int = 0, limit: int = rules.CHUNK, *, lock: bool = False
) -> Sequence[LeaverRow]:
    """Rows in one state in the file's order."""
    statement = (
        select(LeaverRow)
        .where(LeaverRow.file_id == file_id, LeaverRow.state == state, LeaverRow.row_number > after)
        .order_by(LeaverRow.row_number)
        .limit(limit)
    )
    return db.session.scalars(statement.with_for_update(of=LeaverRow) if lock else statement).all()


def list_rows(file_id: int, problems: bool, after: int) -> Page[LeaverRow]:
    """A page of rows with problems, or of those that are ready or done, with their workers."""
    states = (RowState.wrong, RowState.skipped) if problems else (RowState.ready, RowState.done)
    rows = db.session.scalars(
        select(LeaverRow)
        .where(LeaverRow.file_id == file_id, LeaverRow.state.in_(states), LeaverRow.row_number > after)
        .options(joinedload(LeaverRow.worker))
        .order_by(LeaverRow.row_number)
        .limit(rules.SHOWN + 1)
    ).all()
    return slice_page(rows, 2 if after else 1, rules.SHOWN)


def counts_of(file_id: int) -> dict[str, Any]:
    """Rows by state and kind, and what the ready and done ones free and keep."""
    rows = db.session.execute(
        select(
            LeaverRow.state,
            LeaverRow.kind,
            func.count(),
            func.sum(LeaverRow.months_freed),
            func.sum(LeaverRow.months_kept),
            func.sum(LeaverRow.freed_rupiah),
        )
        .where(LeaverRow.file_id == file_id)
        .group_by(LeaverRow.state, LeaverRow.kind)
    )
    counts: dict[str, Any] = {state.value: 0 for state in RowState} | {"kinds": {}, "freed": 0, "kept": 0, "rupiah": 0}
    for state, kind, count, freed, kept, rupiah in rows:
        counts[state.value] += count
        if kind is not None:
            counts["kinds"][Kind(kind).value] = count
        else:
            counts["freed"], counts["kept"] = counts["freed"] + int(freed), counts["kept"] + int(kept)
            counts["rupiah"] += int(rupiah)
    return counts


def marks_of(file_id: int) -> list[tuple[int, str, int, int]]:
    """What the fingerprint of a file is made of."""
    rows = db.session.execute(
        select(LeaverRow.row_number, LeaverRow.last_month, LeaverRow.months_freed, LeaverRow.freed_rupiah)
        .where(LeaverRow.file_id == file_id, LeaverRow.state == RowState.ready)
        .order_by(LeaverRow.row_number)
    )
    return [(number, str(month), freed, rupiah) for number, month, freed, rupiah in rows]
