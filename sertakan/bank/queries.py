"""Reads about the bank's lines; a fixed number of statements for any number of rows."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import abort
from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import joinedload

from sertakan.bank import rules
from sertakan.bank.models import BankLine, BankStatement
from sertakan.bank.rules import LineState
from sertakan.db import db
from sertakan.kit import clock
from sertakan.payments.models import Invoice, Order
from sertakan.payments.queries import label_of
from sertakan.payments.rules import UNPAID
from sertakan.sponsorships.models import Sponsorship
from sertakan.web.paging import Page, slice_page

PAGE, BATCH, PART = 25, 5_000, 500


@dataclass(frozen=True)
class Total:
    count: int = 0
    amount_rupiah: int = 0


Totals = dict[LineState, Total]


def get_statement(ref: str) -> BankStatement:
    """By its unguessable reference; 404 for a made-up one."""
    found = db.session.scalars(
        select(BankStatement).where(BankStatement.ref == ref).options(joinedload(BankStatement.taken_by))
    ).first()
    return found or abort(404)


def list_statements(number: int) -> Page[BankStatement]:
    """The newest first."""
    rows = db.session.scalars(
        select(BankStatement)
        .options(joinedload(BankStatement.taken_by))
        .order_by(BankStatement.id.desc())
        .offset((number - 1) * PAGE)
        .limit(PAGE + 1)
    ).all()
    return slice_page(rows, number, PAGE)


def totals(statement_ids: Sequence[int]) -> dict[int, Totals]:
    """How much of each state these statements hold; one statement for all."""
    found: dict[int, Totals] = {statement_id: {state: Total() for state in LineState} for statement_id in statement_ids}
    rows = db.session.execute(
        select(BankLine.statement_id, BankLine.state, func.count(), func.sum(BankLine.amount_rupiah))
        .where(BankLine.statement_id.in_(statement_ids))
        .group_by(BankLine.statement_id, BankLine.state)
    )
    for statement_id, state, count, amount in rows:
        found[statement_id][state] = Total(count, int(amount))
    return found


def waiting() -> Totals:
    """What waits for a person or the job, in all statements."""
    rows = db.session.execute(
        select(BankLine.state, func.count(), func.sum(BankLine.amount_rupiah))
        .where(BankLine.state.in_((*rules.WAITING, LineState.new)))
        .group_by(BankLine.state)
    )
    return {state: Total() for state in LineState} | {state: Total(count, int(amount)) for state, count, amount in rows}


def list_lines(statement_id: int, state: LineState | None, number: int) -> Page[BankLine]:
    """The lines of a statement as the file has them, with their bills and payers."""
    statement = (
        select(BankLine)
        .where(BankLine.statement_id == statement_id)
        .options(
            joinedload(BankLine.order).options(
                joinedload(Order.organisation),
                joinedload(Order.sponsorship).options(joinedload(Sponsorship.sponsor), joinedload(Sponsorship.organisation)),
            )
        )
        .order_by(BankLine.id)
        .offset((number - 1) * PAGE)
        .limit(PAGE + 1)
    )
    rows = db.session.scalars(statement if state is None else statement.where(BankLine.state == state)).all()
    return slice_page(rows, number, PAGE)


def get_line(line_id: int, *, lock: bool = False) -> BankLine:
    statement = select(BankLine).where(BankLine.id == line_id)
    return db.session.scalars(_locked(statement) if lock else statement).one()


def get_line_by_ref(ref: str, *, lock: bool = False) -> BankLine:
    """By its unguessable reference; 404 for a made-up one."""
    statement = select(BankLine).where(BankLine.ref == ref)
    around = joinedload(BankLine.statement), joinedload(BankLine.decided_by)
    return db.session.scalars(_locked(statement) if lock else statement.options(*around)).first() or abort(404)


def _locked(statement: Select[BankLine]) -> Select[BankLine]:
    return statement.with_for_update(of=BankLine).execution_options(populate_existing=True)


def list_new() -> Sequence[int]:
    return db.session.scalars(select(BankLine.id).where(BankLine.state == LineState.new).order_by(BankLine.id).limit(BATCH)).all()


def known_marks(marks: Sequence[str]) -> set[str]:
    """Those that an earlier file had."""
    found: set[str] = set()
    for start in range(0, len(marks), PART):
        found |= set(db.session.scalars(select(BankLine.mark).where(BankLine.mark.in_(marks[start : start + PART]))))
    return found


# ---- bills ---------------------------------------------------------------------------------------------------------------------


def existing(order_ids: Sequence[int]) -> Sequence[int]:
    return db.session.scalars(select(Order.id).where(Order.id.in_(order_ids))).all() if order_ids else []


def orders_of_codes(codes: Sequence[str]) -> Sequence[int]:
    """The newest bill of each of these sponsorships; what is no code of ours is passed over."""
    if not codes:
        return []
    newest = select(func.max(Order.id)).join(Order.sponsorship).where(Sponsorship.code.in_(codes)).group_by(Sponsorship.id)
    return db.session.scalars(newest).all()


def orders_of_invoices(numbers: Sequence[tuple[int, int]]) -> Sequence[int]:
    """The bills of these invoices, by year and number."""
    if not numbers:
        return []
    wanted = or_(*(and_(Invoice.year == year, Invoice.number == number) for year, number in numbers))
    return db.session.scalars(select(Invoice.order_id).where(wanted)).all()


def unpaid_of_amount(amount_rupiah: int) -> Sequence[int]:
    """Young unpaid bills of exactly this amount; two are enough to know that it could be either."""
    young = Order.created_at >= clock.now() - rules.LOOK_BACK
    return db.session.scalars(
        select(Order.id).where(Order.state.in_(UNPAID), Order.amount_rupiah == amount_rupiah, young).order_by(Order.id).limit(2)
    ).all()


def get_bill(order_id: int | None) -> Order | None:
    """A bill with its promise and payer."""
    promise = joinedload(Order.sponsorship).options(joinedload(Sponsorship.sponsor), joinedload(Sponsorship.organisation))
    around = promise, joinedload(Order.organisation)
    return db.session.scalars(select(Order).where(Order.id == order_id).options(*around)).first() if order_id else None


def named(bill: Order) -> str:
    """The words by which a person books money to this bill: the code of its promise, or the number of a top-up's invoice."""
    return bill.code or label_of(bill)
