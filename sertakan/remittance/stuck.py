"""Money that stands longer than it should, by the stamp it waits for (PRODUCT idea 26); the limits are settings."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from sertakan.coverage.models import CoverageMonth
from sertakan.coverage.queries import stamp_limits
from sertakan.coverage.rules import MonthState, Stamp, waits_since
from sertakan.db import db
from sertakan.kit import clock
from sertakan.kit.months import Month
from sertakan.remittance.models import Line, Repair
from sertakan.remittance.rules import RepairState
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import ReviewState

MOST = 100  # rows shown of each group; the count is of all
MENDING = timedelta(days=3)  # a bounced month that nobody has mended


@dataclass(frozen=True)
class Stuck:
    """One month and since when it waits."""

    month: CoverageMonth
    code: str
    since: datetime


@dataclass(frozen=True)
class Group:
    """Everything that waits too long for one thing; oldest first. `word` is a stamp, or `repair`."""

    word: str
    count: int
    amount_rupiah: int
    rows: list[Stuck]


def groups(now: datetime) -> list[Group]:
    """One group per stamp and one for repairs; two statements each."""
    most = stamp_limits()
    return [
        _group(Stamp.sent.value, _unsent(now - most.sent), CoverageMonth.paid_at),
        _group(Stamp.posted.value, _unposted(now - most.posted), CoverageMonth.remitted_at),
        _group(Stamp.told.value, _untold(now - most.told), CoverageMonth.posted_at),
        _group("repair", _unmended(now - MENDING), CoverageMonth.closed_at),
    ]


def _promised(*where: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    return (
        select(CoverageMonth, Sponsorship.code, Sponsorship.decided_at)
        .join(Sponsorship, Sponsorship.id == CoverageMonth.sponsorship_id)
        .where(*where)
    )


def _unsent(before: datetime) -> Select[*tuple[Any, ...]]:
    """The SQL twin of `coverage.rules.waits_since`: paid, approved and begun, all before that moment."""
    day = clock.local(before).date()
    return _promised(
        CoverageMonth.state == MonthState.paid,
        CoverageMonth.paid_at < before,
        CoverageMonth.month <= Month.of(day),
        Sponsorship.review_state == ReviewState.approved,
        Sponsorship.decided_at < before,
    )


def _unposted(before: datetime) -> Select[*tuple[Any, ...]]:
    return _promised(CoverageMonth.state == MonthState.remitted, CoverageMonth.remitted_at < before)


def _untold(before: datetime) -> Select[*tuple[Any, ...]]:
    statement = _promised(Line.told.is_(False), Line.answered_at < before)
    return statement.join(Line, Line.coverage_month_id == CoverageMonth.id)


def _unmended(before: datetime) -> Select[*tuple[Any, ...]]:
    open_ones = (RepairState.open, RepairState.proposed)
    statement = _promised(Repair.state.in_(open_ones), Repair.opened_at < before)
    return statement.join(Repair, Repair.coverage_month_id == CoverageMonth.id)


def _group(word: str, statement: Select[*tuple[Any, ...]], column: Any) -> Group:
    inner = statement.with_only_columns(CoverageMonth.id, CoverageMonth.price_rupiah).subquery()
    count, amount = db.session.execute(
        select(func.count(), func.coalesce(func.sum(inner.c.price_rupiah), 0)).select_from(inner)
    ).one()
    rows = []
    for month, code, decided_at in db.session.execute(statement.order_by(column, CoverageMonth.id).limit(MOST)) if count else ():
        since = waits_since(month.state, month.month, month.paid_at, decided_at) if word == Stamp.sent else None
        rows.append(Stuck(month, code, since or month.closed_at or month.posted_at or month.remitted_at or month.created_at))
    return Group(word, count, int(amount), rows)
