"""What the tests of a pool are made of: money paid ahead, rules in force, and the books afterwards."""

from typing import Any

from sertakan.coverage.rules import MonthState
from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.organisations.queries import get_membership
from sertakan.payments import balance, incoming
from sertakan.payments.models import Order
from sertakan.pool import queries, service
from sertakan.pool.rules import Facts
from sertakan.reports import books
from tests.cast import Cast
from tests.payments.test_bills import transfer

HALF = 8_400  # a month with relief


def member(cast: Cast, who: str = "rina") -> Any:
    return get_membership(cast.khatulistiwa.ref, getattr(cast, who))


def top_up(cast: Cast, amount: int) -> int:
    """A bill for money paid ahead; returns its id."""
    with transaction():
        return service.top_up(actor=member(cast), amount_rupiah=amount).id


def paid_ahead(cast: Cast, amount: int) -> int:
    order_id = top_up(cast, amount)
    transfer(cast, order_id, amount)
    return order_id


def have(cast: Cast) -> int:
    db.session.expire_all()
    return balance.of(cast.company_id)


def pay(cast: Cast, order_id: int, who: str = "budi") -> int:
    with transaction():
        order = db.session.get_one(Order, order_id, with_for_update=True)
        return service.pay(actor=member(cast, who), order=order)


def rule(cast: Cast, *, opened: bool = True, **facts: Any) -> int:
    said = {"name": "Pedagang", "kelurahan": (), "groups": (), "months": 3, "most_workers": 10, "keep_on": False} | facts
    with transaction():
        row = service.propose(actor=member(cast), facts=Facts(**said))
        if opened:
            service.open_rule(actor=member(cast, "budi"), rule=row)
        return row.id


def run(rule_id: int) -> int:
    with transaction():
        return service.run(rule_id)


def statement(cast: Cast) -> tuple[int, int, int, int, int, int]:
    """Of this month: opening, came, used, freed, refunded, closing."""
    found, _moves = queries.statement(cast.company_id, clock.this_month())
    return (
        found.opening_rupiah,
        found.came_rupiah,
        found.used_rupiah,
        found.freed_rupiah,
        found.refunded_rupiah,
        found.closing_rupiah,
    )


def check_books() -> None:
    db.session.expire_all()
    assert books.broken(books.check()) == []


__all__ = [
    "HALF",
    "MonthState",
    "check_books",
    "have",
    "incoming",
    "member",
    "paid_ahead",
    "pay",
    "rule",
    "run",
    "statement",
    "top_up",
]
