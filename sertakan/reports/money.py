"""Where the received rupiah are now, by the day they came and by who paid them: received = months + suspense + refunds.

A payment counts in the day, month, kind and payer it belongs to, with everything that became of it since; so the sums of every
drill-down are the total (I20).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from sqlalchemy import ColumnElement, String, case, func, literal, select, union_all
from sqlalchemy import cast as sql_cast

from sertakan.accounts.models import Organisation, Person
from sertakan.db import db
from sertakan.kit import clock
from sertakan.kit.months import Month
from sertakan.payments.models import Allocation, Order, Payment, Refund, Suspense
from sertakan.payments.rules import RefundState, SuspenseState
from sertakan.sponsorships.models import Sponsorship
from sertakan.tariff.rules import PayerKind

MONTHS, PAYERS = 12, 25
GONE = (RefundState.failed, RefundState.cancelled)


@dataclass(frozen=True)
class Money:
    """`bucket` says what is summed: "" for all, a month, a day, a kind of payer, a payer."""

    bucket: str
    received: int
    in_months: int
    suspense: int
    refunded: int
    refunding: int

    @property
    def balances(self) -> bool:
        return self.received == self.in_months + self.suspense + self.refunded + self.refunding

    @property
    def back(self) -> int:
        return self.refunded + self.refunding


def local_text(column: Any, day: bool) -> ColumnElement[str]:
    """An instant as `2026-11` or `2026-11-22` on the wall clock of Pontianak (UTC+7 all year)."""
    if db.session.get_bind().dialect.name == "postgresql":
        there = func.timezone("Asia/Pontianak", column)
        return func.to_char(there, "YYYY-MM-DD" if day else "YYYY-MM")
    return func.strftime("%Y-%m-%d" if day else "%Y-%m", column, "+7 hours")


def _sums(
    bucket: ColumnElement[str], *where: ColumnElement[bool], after: str | None = None, most: int | None = None
) -> list[Money]:
    """One statement: what came and where it is, per bucket, in the order of the buckets."""
    zero = literal(0)

    def part(place: int, amount: Any, *joins: tuple[Any, Any]) -> Any:
        amounts = [amount if at == place else zero for at in range(5)]
        statement = select(bucket.label("bucket"), *(value.label(f"s{at}") for at, value in enumerate(amounts)))
        statement = statement.select_from(Payment).join(Order, Order.id == Payment.order_id)
        statement = statement.outerjoin(Sponsorship, Sponsorship.id == Order.sponsorship_id)
        for table, on in joins:
            statement = statement.join(table, on)
        return statement.where(*where)

    refund = Refund.payment_id == Payment.id
    rows = union_all(
        part(0, Payment.amount_rupiah),
        part(1, Allocation.amount_rupiah, (Allocation, (Allocation.payment_id == Payment.id) & Allocation.freed_at.is_(None))),
        part(2, Suspense.amount_rupiah, (Suspense, (Suspense.payment_id == Payment.id) & (Suspense.state == SuspenseState.open))),
        part(3, Refund.amount_rupiah, (Refund, refund & (Refund.state == RefundState.succeeded))),
        part(4, Refund.amount_rupiah, (Refund, refund & Refund.state.not_in((*GONE, RefundState.succeeded)))),
    ).subquery()
    statement = select(rows.c.bucket, *(func.sum(rows.c[f"s{at}"]) for at in range(5)))
    if after is not None:
        statement = statement.where(rows.c.bucket > after)
    statement = statement.group_by(rows.c.bucket).order_by(rows.c.bucket).limit(most)
    return [Money(str(row[0]), *(int(amount) for amount in row[1:])) for row in db.session.execute(statement)]


def total() -> Money:
    """The identity of the books, in one statement."""
    found = _sums(literal(""))
    return found[0] if found else Money("", 0, 0, 0, 0, 0)


def _start(month: Month) -> datetime:
    return datetime.combine(month.first_day, time(), tzinfo=clock.ZONE)


def _within(first: Month, last: Month) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return Payment.received_at >= _start(first), Payment.received_at < _start(last + 1)


@dataclass(frozen=True)
class ByMonth:
    """Newest month first. `older`: from where to look further back, None at the beginning of the books."""

    rows: Sequence[Money]
    older: Month | None


def by_month(last: Month) -> ByMonth:
    """A year of months up to `last`; months without any money are left out."""
    first = last + -(MONTHS - 1)
    rows = _sums(local_text(Payment.received_at, day=False), *_within(first, last))
    before = db.session.scalar(select(func.max(Payment.received_at)).where(Payment.received_at < _start(first)))
    return ByMonth(rows[::-1], Month.of(clock.local(before).date()) if before else None)


def by_day(month: Month) -> list[Money]:
    """The days of one month on which money came."""
    return _sums(local_text(Payment.received_at, day=True), *_within(month, month))


def by_kind() -> dict[PayerKind, Money]:
    """Residents, companies and the city."""
    return {PayerKind(row.bucket): row for row in _sums(_kind())}


def _kind() -> ColumnElement[str]:
    """Whose money it is; what is paid ahead for nobody yet is a company's."""
    return func.coalesce(sql_cast(Sponsorship.payer_kind, String), literal(PayerKind.company.value))


@dataclass(frozen=True)
class Payer:
    """`name` of an organisation; a person is shown by initials only."""

    name: str
    money: Money


@dataclass(frozen=True)
class ByPayer:
    rows: Sequence[Payer]
    after: str | None


def by_payer(kind: PayerKind, after: str | None) -> ByPayer:
    """Everybody of one kind who ever paid, paged by key."""
    whose = func.coalesce(Sponsorship.organisation_id, Order.organisation_id)
    organisation = literal("o") + sql_cast(whose, String)
    bucket: ColumnElement[str] = case(
        (whose.is_not(None), organisation), else_=literal("p") + sql_cast(Sponsorship.sponsor_id, String)
    )
    rows = _sums(bucket, _kind() == kind.value, after=_bucket_of(after), most=PAYERS + 1)
    known = _names([row.bucket for row in rows[:PAYERS]])
    found = [Payer(known[row.bucket][0], row) for row in rows[:PAYERS]]
    return ByPayer(found, known[rows[PAYERS - 1].bucket][1] if len(rows) > PAYERS else None)


def _names(buckets: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Name and reference of each; our keys are shown to nobody."""
    organisations = [int(bucket[1:]) for bucket in buckets if bucket[0] == "o"]
    people = [int(bucket[1:]) for bucket in buckets if bucket[0] == "p"]
    found: dict[str, tuple[str, str]] = {}
    if organisations:
        firms = select(Organisation.id, Organisation.name, Organisation.ref).where(Organisation.id.in_(organisations))
        found |= {f"o{row[0]}": (row[1], row[2]) for row in db.session.execute(firms)}
    if people:
        persons = select(Person.id, Person.name, Person.ref).where(Person.id.in_(people))
        found |= {f"p{row[0]}": (masked_name(row[1]), row[2]) for row in db.session.execute(persons)}
    return found


def _bucket_of(ref: str | None) -> str | None:
    """The bucket of a payer's reference; None, so from the start, for one that nobody has."""
    if ref is None:
        return None
    person = db.session.scalar(select(Person.id).where(Person.ref == ref))
    firm = db.session.scalar(select(Organisation.id).where(Organisation.ref == ref)) if person is None else None
    return f"p{person}" if person else f"o{firm}" if firm else None


def masked_name(name: str) -> str:
    """`S••• W•••`: enough to recognise, too little to tell."""
    return " ".join(f"{word[0]}•••" for word in name.split())
