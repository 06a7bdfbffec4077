"""Reading the ledger, and the SQL twin of `rules.standing`."""

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from typing import Any

from flask import current_app
from sqlalchemy import Integer, Select, and_, case, cast, extract, func, literal, select, union_all

from sertakan.coverage import rules
from sertakan.coverage.models import IS_LIVE, CoverageMonth, FollowUp
from sertakan.coverage.rules import (
    ARREARS_MONTHS,
    FUNDED,
    LIVE,
    MonthState,
    StampLimits,
    Standing,
    StandingOn,
    last_ending,
    standing,
)
from sertakan.db import db
from sertakan.kit.months import Month
from sertakan.workers.models import Worker

S = Standing


def months_of_sponsorship(sponsorship_id: int, lock: bool = False) -> Sequence[CoverageMonth]:
    """Every month of one sponsorship, live or not, oldest first; `lock` takes the rows for deciding, by id (lock order)."""
    return _months(CoverageMonth.sponsorship_id == sponsorship_id, lock)


def months_of_worker(worker_id: int, lock: bool = False) -> Sequence[CoverageMonth]:
    """A worker's live months, whoever pays them, oldest first."""
    return _months(and_(CoverageMonth.worker_id == worker_id, IS_LIVE), lock)


def _months(condition: Any, lock: bool) -> list[CoverageMonth]:
    statement = select(CoverageMonth).where(condition).order_by(CoverageMonth.id)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return sorted(db.session.scalars(statement), key=lambda row: (row.month, row.id))


def taken(worker_id: int, months: Collection[Month] | None = None) -> set[Month]:
    """Which of these months (all, when none are named) somebody already promised or paid for this worker."""
    statement = select(CoverageMonth.month).where(CoverageMonth.worker_id == worker_id, IS_LIVE)
    if months is not None:
        statement = statement.where(CoverageMonth.month.in_(months))
    return set(db.session.scalars(statement))


def held(worker_id: int) -> dict[Month, MonthState]:
    """A worker's months that are not for sale, whoever pays them, in repair included; one statement."""
    return held_of([worker_id]).get(worker_id, {})


def held_of(worker_ids: Collection[int]) -> dict[int, dict[Month, MonthState]]:
    """The same of many workers in one statement. Of two rows for a month, the living one counts."""
    mine = select(CoverageMonth.worker_id, CoverageMonth.month, CoverageMonth.state)
    mine = mine.where(CoverageMonth.worker_id.in_(worker_ids))
    found: dict[int, dict[Month, MonthState]] = {}
    rows = db.session.execute(union_all(mine.where(CoverageMonth.state == MonthState.bounced), mine.where(IS_LIVE)))
    for worker_id, month, state in rows.all():
        if state in LIVE or month not in found.get(worker_id, {}):
            found.setdefault(worker_id, {})[month] = state
    return found


def owed(worker_id: int, today: date) -> list[Month]:
    """The months in arrears that somebody may pay now for this worker, oldest first."""
    states = held(worker_id)
    return rules.owed((month for month, state in states.items() if state in FUNDED), states, today)


def next_free(worker_id: int, after: Month) -> Month:
    """The first month later than `after` that nobody funds."""
    held, month = taken(worker_id), after + 1
    while month in held:
        month = month + 1
    return month


def stamp_limits() -> StampLimits:
    """How long each stamp may take, from the settings."""
    config = current_app.config["SETTINGS"]
    return StampLimits(
        timedelta(hours=config.send_limit_hours),
        timedelta(hours=config.post_limit_hours),
        timedelta(hours=config.tell_limit_hours),
    )


def claim_due(today: date, limit: int) -> Sequence[int]:
    """Workers at whom to look today or before, the longest overdue first, locked for this transaction; another sweep takes others."""
    due = select(FollowUp.worker_id).where(FollowUp.next_on <= today).order_by(FollowUp.next_on, FollowUp.worker_id)
    return db.session.scalars(due.limit(limit).with_for_update(skip_locked=True)).all()


# ---- standing ------------------------------------------------------------------------------------------------------------------


def standing_of(worker_id: int, today: date) -> StandingOn:
    """One worker's standing on a day in Pontianak, whoever pays."""
    statement = select(CoverageMonth.month, CoverageMonth.state).where(
        CoverageMonth.worker_id == worker_id, IS_LIVE, CoverageMonth.state.in_(FUNDED)
    )
    return standing(((month, state) for month, state in db.session.execute(statement)), today)


def standing_select(today: date, worker_ids: Collection[int] | Select[int] | None = None) -> Select[Any]:
    """`rules.standing` for all workers (or these, or those of a SELECT of ids) as one statement, the same on SQLite and PostgreSQL.

    Columns: worker_id, standing, covered_month (its last day is `covered_until`), unpaid_months, protected (0 or 1). A worker
    without funded months is there too, as `never`. Wrap it (`.subquery()`) to count or filter.
    """
    facts = _facts(Month.of(today), worker_ids).cte("facts")
    this = Month.of(today)
    unpaid = literal(ordinal(this)) - ordinal_of(facts.c.past)
    restarts = and_(facts.c.ahead.is_not(None), facts.c.past.is_(None) | (unpaid > ARREARS_MONTHS))
    word = case(
        (and_(facts.c.current.is_not(None), facts.c.current <= last_ending(today)), S.ending.value),
        (facts.c.current.is_not(None), S.covered.value),
        (restarts, S.future.value),
        (facts.c.past.is_(None), S.never.value),
        (unpaid > ARREARS_MONTHS, S.lapsed.value),
        (unpaid == ARREARS_MONTHS, S.cliff.value),
        else_=S.grace.value,
    )
    until = case((facts.c.current.is_not(None), facts.c.current), (restarts, facts.c.ahead), else_=facts.c.past)
    owed = case((facts.c.current.is_not(None) | restarts | facts.c.past.is_(None), 0), else_=unpaid)
    statement = select(
        Worker.id.label("worker_id"),
        word.label("standing"),
        until.label("covered_month"),
        owed.label("unpaid_months"),
        func.coalesce(facts.c.posted, 0).label("protected"),
    ).outerjoin_from(Worker, facts, facts.c.worker_id == Worker.id)
    return statement if worker_ids is None else statement.where(Worker.id.in_(worker_ids))


def _facts(this: Month, worker_ids: Collection[int] | Select[int] | None) -> Select[Any]:
    """Per worker: the end of the run that holds this month, the last funded month before it, the end of the first run ahead."""
    month = CoverageMonth.month
    place = func.row_number().over(partition_by=CoverageMonth.worker_id, order_by=month)
    funded = select(
        CoverageMonth.worker_id,
        month.label("month"),
        CoverageMonth.state,
        (ordinal_of(month) - place).label("run"),  # the same number all along an unbroken run
    ).where(CoverageMonth.state.in_(FUNDED))
    if worker_ids is not None:
        funded = funded.where(CoverageMonth.worker_id.in_(worker_ids), IS_LIVE)
    cells = funded.cte("funded")
    here = case((and_(cells.c.month == this, cells.c.state == MonthState.posted), 1), else_=0)
    runs = (
        select(
            cells.c.worker_id,
            func.min(cells.c.month).label("first"),
            func.max(cells.c.month).label("last"),
            func.max(here).label("posted"),
        )
        .group_by(cells.c.worker_id, cells.c.run)
        .cte("runs")
    )
    first, last = runs.c.first, runs.c.last
    return select(
        runs.c.worker_id,
        func.max(case((and_(first <= this, last >= this), last))).label("current"),
        func.max(case((last < this, last))).label("past"),
        func.min(case((first > this, last))).label("ahead"),  # runs lie in order: the first to begin is the first to end
        func.max(runs.c.posted).label("posted"),
    ).group_by(runs.c.worker_id)


def ordinal(month: Month) -> int:
    """Months since the beginning of our count, so that neighbours differ by one."""
    return month.year * 12 + month.month


def ordinal_of(column: Any) -> Any:
    """`ordinal` of a column that holds days."""
    return cast(extract("year", column), Integer) * 12 + cast(extract("month", column), Integer)
