"""Reads of the list. One row a worker: the newest promise of this organisation for her that was not refused."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import abort
from sqlalchemy import ColumnElement, Select, and_, exists, func, literal, or_, select, tuple_
from sqlalchemy.orm import aliased, joinedload

from sertakan.accounts.models import Membership
from sertakan.coverage.models import CoverageMonth
from sertakan.coverage.rules import ARREARS_MONTHS, FUNDED, last_ending
from sertakan.db import blind, db
from sertakan.kit import nik
from sertakan.kit.codes import normalise_code
from sertakan.kit.months import Month, span
from sertakan.roster import rules
from sertakan.roster.rules import Group, Order, Wanted
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import ReviewState
from sertakan.workers.models import Worker

ORDER_BY: dict[Order, Sequence[Any]] = {
    Order.newest: (Sponsorship.id,),
    Order.ending: (Sponsorship.last_month, Sponsorship.id),
    Order.name: (Sponsorship.typed_name, Sponsorship.id),
}
SHOWN = (ReviewState.submitted, ReviewState.needs_info, ReviewState.approved)


def promises_of(organisation_id: int) -> ColumnElement[bool]:
    """The rows of the list: of several promises for one worker the newest."""
    newer = aliased(Sponsorship)
    later = exists().where(
        newer.organisation_id == organisation_id,
        newer.worker_id == Sponsorship.worker_id,
        newer.id > Sponsorship.id,
        newer.review_state.in_(SHOWN),
    )
    return and_(Sponsorship.organisation_id == organisation_id, Sponsorship.review_state.in_(SHOWN), ~later)


@dataclass(frozen=True)
class Part:
    """A page of the list, and whether there is more on either side."""

    items: Sequence[Sponsorship]
    has_previous: bool
    has_next: bool


def list_workers(member: Membership, wanted: Wanted, today: date) -> Part:
    """A page by key: its cost does not grow with its distance from the first."""
    columns = ORDER_BY[wanted.order]
    back, falling = bool(wanted.before), (wanted.order is Order.newest) != bool(wanted.before)
    anchor = _anchor(member, columns, wanted.before or wanted.after)
    statement = _rows(member).where(*_filters(wanted, today))
    if anchor is not None:
        key = tuple_(*columns)
        statement = statement.where(key < anchor if falling else key > anchor)
    statement = statement.order_by(*(column.desc() if falling else column.asc() for column in columns))
    rows = list(db.session.scalars(statement.limit(rules.PAGE + 1)))
    more, rows = len(rows) > rules.PAGE, rows[: rules.PAGE]
    if back and anchor is not None:
        return Part(rows[::-1], more, True)
    return Part(rows, anchor is not None, more)


def _anchor(member: Membership, columns: Sequence[Any], code: str) -> Any:
    """Where the row with this code stands in the order; None for the first page and for a code of somebody else."""
    plain = normalise_code(code) if code else None
    if plain is None:
        return None
    row = db.session.execute(
        select(*columns).where(Sponsorship.organisation_id == member.organisation_id, Sponsorship.code == plain)
    ).first()
    return tuple_(*(literal(value, column.type) for value, column in zip(row, columns, strict=True))) if row else None


def _rows(member: Membership) -> Select[Sponsorship]:
    return select(Sponsorship).where(promises_of(member.organisation_id)).options(joinedload(Sponsorship.worker, innerjoin=True))


def _filters(wanted: Wanted, today: date) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.group:
        found.append(stands(wanted.group, today))
    if wanted.ends:
        found.append(Sponsorship.last_month == wanted.ends)
    if wanted.kelurahan or wanted.occupation:
        here = [Worker.id == Sponsorship.worker_id]
        here += [Worker.kelurahan_code == wanted.kelurahan] if wanted.kelurahan else []
        here += [Worker.occupation_code == wanted.occupation] if wanted.occupation else []
        found.append(exists().where(*here))
    return found


def stands(group: Group, today: date) -> ColumnElement[bool]:
    """Whether the worker of a promise stands so today, whoever pays: `coverage.rules.standing` asked of one row at a time."""
    this = Month.of(today)
    now, past, ahead = (
        _funded(CoverageMonth.month == this),
        _funded(CoverageMonth.month < this),
        _funded(CoverageMonth.month > this),
    )
    lately = _funded(CoverageMonth.month.between(this + -ARREARS_MONTHS, this + -1))
    beyond = [_funded(CoverageMonth.month == month) for month in span(this + 1, last_ending(today) + 1 - this)]
    if group is Group.covered:
        return now
    if group is Group.ending:
        return and_(now, or_(*(~month for month in beyond)))
    if group is Group.arrears:
        return and_(~now, lately)
    if group is Group.lapsed:
        return and_(~now, past, ~lately, ~ahead)
    return and_(~now, ~lately, or_(ahead, ~past))


def _funded(when: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(CoverageMonth.worker_id == Sponsorship.worker_id, CoverageMonth.state.in_(FUNDED), when)


def count_workers(member: Membership) -> int:
    """How many workers are on the list, however it is narrowed."""
    return db.session.scalar(select(func.count()).select_from(Sponsorship).where(promises_of(member.organisation_id))) or 0


def search(member: Membership, words: str) -> Sequence[Sponsorship]:
    """By the code of the promise, the whole NIK, or the beginning of any part of the name as it was typed; by name."""
    code, digits = normalise_code(words), nik.clean(words)
    known = Sponsorship.chosen_from_list.is_(False)  # of the others nobody shall learn the name by guessing it
    what: ColumnElement[bool]
    if len(digits) == 16 and digits.isascii() and digits.isdigit():
        what = and_(known, exists().where(Worker.id == Sponsorship.worker_id, Worker.nik_hash == blind(digits, "nik")))
    else:
        name = func.lower(Sponsorship.typed_name)
        begins = words.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        what = and_(known, or_(name.like(f"{begins}%", escape="\\"), name.like(f"% {begins}%", escape="\\")))
        if code:
            what = or_(what, Sponsorship.code == code)
    rows = _rows(member).where(what).order_by(Sponsorship.typed_name, Sponsorship.id)
    return db.session.scalars(rows.limit(rules.FOUND + 1)).all()


def get_worker(member: Membership, code: str) -> Sponsorship:
    """The row of the list behind this code, also the code of an older promise for the same worker; else 404."""
    older = aliased(Sponsorship)
    same = exists().where(
        older.worker_id == Sponsorship.worker_id,
        older.organisation_id == member.organisation_id,
        older.code == (normalise_code(code) or abort(404)),
    )
    found = db.session.scalars(_rows(member).where(same)).first()
    return found if found is not None else abort(404)


def months_paid(member: Membership, worker_id: int) -> Sequence[tuple[CoverageMonth, str]]:
    """Every month that this organisation promised for a worker, with the code of its promise, oldest first."""
    rows = db.session.execute(
        select(CoverageMonth, Sponsorship.code)
        .join(Sponsorship, Sponsorship.id == CoverageMonth.sponsorship_id)
        .where(Sponsorship.organisation_id == member.organisation_id, Sponsorship.worker_id == worker_id)
        .order_by(CoverageMonth.month, CoverageMonth.id)
    )
    return [(month, code) for month, code in rows]
