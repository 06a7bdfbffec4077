"""Rules of an organisation, whom they may protect next, and the months of its balance. Only reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from flask import abort
from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import joinedload

from sertakan.accounts.models import Membership, OrganisationKind, Person
from sertakan.coverage.models import IS_LIVE, CoverageMonth
from sertakan.db import db
from sertakan.employees.models import Employee
from sertakan.kit import clock
from sertakan.kit.months import Month
from sertakan.organisations import queries as organisations
from sertakan.payments import balance
from sertakan.payments.models import BalanceUse, Invoice, Order, Payment, Refund, Suspense
from sertakan.payments.rules import SuspenseState
from sertakan.pool.models import PoolPick, PoolRule
from sertakan.pool.rules import RuleState, Statement
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import ReviewState, TermState
from sertakan.workers import public
from sertakan.workers.models import Waiting, Worker
from sertakan.workers.queries import find_waiting
from sertakan.workers.rules import GONE

CHUNK = 500


def get_member(ref: str, person: Person) -> Membership:
    """Of a company; 404 for everybody else, and for public money, which pays under its decrees."""
    member = organisations.get_membership(ref, person)
    return member if member.organisation.kind is OrganisationKind.company else abort(404)


def get_rule(organisation_id: int, ref: str, *, lock: bool = False) -> PoolRule:
    """By its reference, only for the organisation whose rule it is; else 404."""
    statement = select(PoolRule).where(PoolRule.ref == ref, PoolRule.organisation_id == organisation_id)
    if lock:
        statement = statement.with_for_update(of=PoolRule).execution_options(populate_existing=True)
    return db.session.scalars(statement).first() or abort(404)


def list_open() -> Sequence[int]:
    """Rules that run, the oldest first."""
    return db.session.scalars(select(PoolRule.id).where(PoolRule.state == RuleState.open).order_by(PoolRule.opened_at)).all()


def count_living(organisation_id: int) -> int:
    statement = select(func.count()).select_from(PoolRule)
    return (
        db.session.scalar(statement.where(PoolRule.organisation_id == organisation_id, PoolRule.state != RuleState.closed)) or 0
    )


@dataclass(frozen=True)
class Counted:
    """A rule with what it has done: people, and rupiah in their living months."""

    rule: PoolRule
    workers: int
    rupiah: int


def list_rules(organisation_id: int) -> list[Counted]:
    """Open and proposed ones first, then the newest closed."""
    done = (
        select(
            PoolPick.rule_id,
            func.count(Sponsorship.worker_id.distinct()).label("workers"),
            func.coalesce(func.sum(CoverageMonth.price_rupiah), 0).label("rupiah"),
        )
        .join(Sponsorship, Sponsorship.id == PoolPick.sponsorship_id)
        .join(CoverageMonth, and_(CoverageMonth.sponsorship_id == Sponsorship.id, IS_LIVE))
        .group_by(PoolPick.rule_id)
        .subquery()
    )
    rows = db.session.execute(
        select(PoolRule, done.c.workers, done.c.rupiah)
        .outerjoin(done, done.c.rule_id == PoolRule.id)
        .where(PoolRule.organisation_id == organisation_id)
        .options(joinedload(PoolRule.maker))
        .order_by(PoolRule.state == RuleState.closed, PoolRule.id.desc())
        .limit(50)
    )
    return [Counted(row[0], row[1] or 0, int(row[2] or 0)) for row in rows]


# ---- whom next -----------------------------------------------------------------------------------------------------------------


def count_protected(rule_id: int) -> int:
    """How many people a rule has protected ever, each once; whom officers refused does not count."""
    statement = select(func.count(Sponsorship.worker_id.distinct())).join(PoolPick, PoolPick.sponsorship_id == Sponsorship.id)
    stands = Sponsorship.review_state.not_in((ReviewState.rejected, ReviewState.withdrawn))
    return db.session.scalar(statement.where(PoolPick.rule_id == rule_id, stands)) or 0


def ending(rule: PoolRule, this: Month) -> list[Worker]:
    """Whom the rule protects and whose cover ended last month, ends this month or the next; whose ends first comes first."""
    newer = select(func.max(PoolPick.sponsorship_id)).join(Sponsorship, Sponsorship.id == PoolPick.sponsorship_id)
    newest = newer.where(PoolPick.rule_id == rule.id).group_by(Sponsorship.worker_id)
    ahead = exists().where(CoverageMonth.worker_id == Worker.id, IS_LIVE, CoverageMonth.month > this + 1)
    statement = (
        select(Worker)
        .join(Sponsorship, Sponsorship.worker_id == Worker.id)
        .where(Sponsorship.id.in_(newest), Sponsorship.last_month.between(this + -1, this + 1), ~ahead)
        .where(Sponsorship.review_state == ReviewState.approved, Sponsorship.term_state.in_((TermState.running, TermState.ended)))
        .where(Worker.state.not_in(GONE))
        .order_by(Sponsorship.last_month, Sponsorship.id)
    )
    return list(db.session.scalars(statement))


def waiting(rule: PoolRule, most: int) -> list[Waiting]:
    """Who waits on the public list and fits the rule as her card says it; who waits longest comes first. No own employees."""
    found: list[Waiting] = []
    for card in public.list_cards(rule.kelurahan, rule.groups):
        if len(found) == most:
            break
        one = find_waiting(card.code)
        if one is not None and not _employed(rule.organisation_id, one.worker.nik_hash):
            found.append(one)
    return found


def _employed(organisation_id: int, nik_hash: str) -> bool:
    mine = exists().where(Employee.organisation_id == organisation_id, Employee.nik_hash == nik_hash)
    return bool(db.session.scalar(select(mine)))


# ---- the balance by month ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Move:
    """A line of the statement; `share_ref` opens its bill. Rupiah are positive when they came."""

    at: datetime
    kind: str  # came, used, refunded
    label: str
    share_ref: str
    rupiah: int


def _start(month: Month) -> datetime:
    """Its first moment in Pontianak."""
    return datetime.combine(month.first_day, time(), clock.ZONE).astimezone(clock.now().tzinfo)


def _within(column: Any, month: Month) -> ColumnElement[bool]:
    return and_(column >= _start(month), column < _start(month + 1))


def _at(organisation_id: int, *instants: datetime) -> list[int]:
    """The rupiah that were free at each of these instants, in one statement."""
    sums = [func.coalesce(func.sum(Suspense.amount_rupiah).filter(Suspense.opened_at < at, _open_at(at)), 0) for at in instants]
    statement = (
        select(*sums)
        .join(Payment, Payment.id == Suspense.payment_id)
        .join(Order, Order.id == Payment.order_id)
        .where(Order.organisation_id == organisation_id, Suspense.reason.not_in(balance.NOT_FREE))
    )
    return [int(amount) for amount in db.session.execute(statement).one()]


def _open_at(instant: datetime) -> ColumnElement[bool]:
    return or_(Suspense.closed_at.is_(None), Suspense.closed_at >= instant)


def statement(organisation_id: int, month: Month) -> tuple[Statement, list[Move]]:
    """A month of the balance, with its lines, the newest first."""
    moves = sorted(
        [*_came(organisation_id, month), *_used(organisation_id, month), *_refunded(organisation_id, month)],
        key=lambda move: move.at,
        reverse=True,
    )
    sums = {kind: sum(abs(move.rupiah) for move in moves if move.kind == kind) for kind in ("came", "used", "refunded")}
    opening, closing = _at(organisation_id, _start(month), _start(month + 1))
    return Statement(opening, sums["came"], sums["used"], sums["refunded"], closing), moves


def _came(organisation_id: int, month: Month) -> list[Move]:
    rows = db.session.execute(
        select(Payment.received_at, Payment.amount_rupiah, Invoice)
        .join(Order, Order.id == Payment.order_id)
        .join(Invoice, Invoice.order_id == Order.id)
        .where(Order.organisation_id == organisation_id, Order.topup, _within(Payment.received_at, month))
    )
    return [Move(row[0], "came", row[2].label, row[2].share_ref, row[1]) for row in rows]


def _used(organisation_id: int, month: Month) -> list[Move]:
    sums = func.min(BalanceUse.created_at).label("at"), func.sum(BalanceUse.amount_rupiah).label("rupiah")
    used = (
        select(BalanceUse.order_id, *sums).where(_within(BalanceUse.created_at, month)).group_by(BalanceUse.order_id).subquery()
    )
    rows = db.session.execute(
        select(used.c.at, used.c.rupiah, Invoice)
        .join(Order, Order.id == used.c.order_id)
        .join(Invoice, Invoice.order_id == Order.id)
        .where(Order.organisation_id == organisation_id)
    )
    return [Move(row[0], "used", row[2].label, row[2].share_ref, -int(row[1])) for row in rows]


def _refunded(organisation_id: int, month: Month) -> list[Move]:
    rows = db.session.execute(
        select(Refund.created_at.label("at"), Suspense.amount_rupiah)
        .join(Refund, Refund.id == Suspense.refund_id)
        .join(Payment, Payment.id == Suspense.payment_id)
        .join(Order, Order.id == Payment.order_id)
        .where(Order.organisation_id == organisation_id, Suspense.state == SuspenseState.refunded)
        .where(Suspense.reason.not_in(balance.NOT_FREE), _within(Suspense.closed_at, month))
    )
    return [Move(row.at, "refunded", "", "", -row.amount_rupiah) for row in rows]
