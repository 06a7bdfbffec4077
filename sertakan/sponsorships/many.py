"""The steps of `service.move_review` and `move_term` for many promises at once: same tables, same stamps, a line of the trail each.

Run inside `transaction()`, with the promises' money already moved; a few statements for each part of `PART` promises.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import func, select, update

from sertakan.audit.service import SYSTEM, record
from sertakan.coverage import service as coverage_service
from sertakan.coverage.models import CoverageMonth
from sertakan.coverage.rules import FUNDED, LIVE
from sertakan.db import db
from sertakan.kit import clock
from sertakan.sponsorships import rules
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import ReviewState, TermState
from sertakan.sponsorships.service import REVIEW_ACTIONS, TERM_ACTIONS

PART = 5_000
Found = Sequence[Any]


def parts(ids: Iterable[int]) -> Iterator[list[int]]:
    """In order, so that two who lock the same rows wait for each other and not both."""
    rows = sorted(set(ids))
    return (rows[start : start + PART] for start in range(0, len(rows), PART))


def start_many(ids: Iterable[int]) -> int:
    """As `service.start_if_ready`: the end grows to the last funded month, and what is approved and funded runs. How many started.

    Nobody is taken off the waiting list here: an organisation names its workers itself.
    """
    started = 0
    for part in parts(ids):
        _grow(part)
        rows = _rows(part, Sponsorship.review_state == ReviewState.approved, _months(FUNDED).exists())
        _move_terms(rows, TermState.running, SYSTEM)
        started += len(rows)
    return started


def cancel_many(ids: Iterable[int], *, actor: str, reason: str) -> int:
    """Promises that never began and hold no month any more are over; a request without a decision is withdrawn. How many."""
    ended = 0
    for part in parts(ids):
        rows = _rows(part, Sponsorship.review_state.in_((*rules.OPEN_REVIEWS, ReviewState.approved)), ~_months(LIVE).exists())
        _withdraw([row for row in rows if row.review_state in rules.OPEN_REVIEWS], actor, reason)
        _move_terms(rows, TermState.cancelled, actor, reason)
        ended += len(rows)
    return ended


def _months(states: Iterable[Any]) -> Any:
    return select(CoverageMonth.id).where(CoverageMonth.sponsorship_id == Sponsorship.id, CoverageMonth.state.in_(states))


def _grow(ids: Sequence[int]) -> None:
    mine = CoverageMonth.sponsorship_id == Sponsorship.id, CoverageMonth.state.in_(FUNDED)
    first = select(func.min(CoverageMonth.month)).where(*mine).scalar_subquery()
    last = select(func.max(CoverageMonth.month)).where(*mine).scalar_subquery()
    for column, wanted, wrong in (
        (Sponsorship.first_month, first, Sponsorship.first_month > first),
        (Sponsorship.last_month, last, Sponsorship.last_month < last),
    ):
        statement = update(Sponsorship).where(Sponsorship.id.in_(ids), wrong).values({column: wanted})
        db.session.execute(statement.execution_options(synchronize_session=False))


def _rows(ids: Sequence[int], *conditions: Any) -> Found:
    columns = Sponsorship.id, Sponsorship.ref, Sponsorship.worker_id, Sponsorship.review_state
    waiting = Sponsorship.id.in_(ids), Sponsorship.term_state == TermState.waiting
    return db.session.execute(select(*columns).where(*waiting, *conditions).order_by(Sponsorship.id).with_for_update()).all()


def _withdraw(rows: Found, actor: str, reason: str) -> None:
    for row in rows:
        rules.check_review(row.review_state, ReviewState.withdrawn)
        states = {"review": row.review_state.value}, {"review": ReviewState.withdrawn.value}
        _note(row, actor, REVIEW_ACTIONS[ReviewState.withdrawn], states, reason)
    _set(rows, review_state=ReviewState.withdrawn, decided_at=clock.now())


def _move_terms(rows: Found, to: TermState, actor: str, reason: str | None = None) -> None:
    """All of them wait, so no reminder of theirs can be due."""
    rules.check_term(TermState.waiting, to)
    for row in rows:
        _note(row, actor, TERM_ACTIONS[to], ({"term": TermState.waiting.value}, {"term": to.value}), reason)
    over = {} if rules.TERM_MOVES[to] else {"ended_at": clock.now(), "end_reason": reason}
    _set(rows, term_state=to, **over)
    coverage_service.look_again([row.worker_id for row in rows])
    db.session.expire_all()


def _set(rows: Found, **values: Any) -> None:
    if rows:
        statement = update(Sponsorship).where(Sponsorship.id.in_([row.id for row in rows])).values(**values)
        db.session.execute(statement.execution_options(synchronize_session=False))


def _note(row: Any, actor: str, action: str, states: tuple[dict[str, str], dict[str, str]], reason: str | None) -> None:
    record(actor=actor, action=action, subject=f"sponsorship:{row.ref}", before=states[0], after=states[1], reason=reason)
