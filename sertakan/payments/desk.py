"""What finance sees: every rupiah without a month, held bills, refunds in each state. Only reads; lists are paged by key."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import contains_eager, joinedload

from sertakan.db import db
from sertakan.kit import clock
from sertakan.kit.errors import N_
from sertakan.payments.models import Dispute, Order, Payment, Refund, Suspense
from sertakan.payments.rules import DisputeState, RefundReason, RefundState, SuspenseState
from sertakan.sponsorships.models import Sponsorship

T = TypeVar("T")
Row = TypeVar("Row", Suspense, Refund, Dispute)
SIZE = 25
PAYER = joinedload(Sponsorship.sponsor), joinedload(Sponsorship.organisation)
REASONS: dict[RefundReason, str] = {
    RefundReason.rejected: N_("Dukungan ditolak"),
    RefundReason.withdrawn: N_("Permohonan ditarik"),
    RefundReason.cancelled: N_("Penanggung berhenti"),
    RefundReason.duplicate: N_("Dibayar dua kali"),
    RefundReason.overpayment: N_("Kelebihan bayar"),
    RefundReason.month_taken: N_("Bulan sudah ditanggung pihak lain"),
    RefundReason.worker_died: N_("Pekerja meninggal"),
    RefundReason.worker_formal: N_("Pekerja kini punya pemberi kerja"),
    RefundReason.taken_over: N_("Kini dibayari APBD"),
    RefundReason.scheme_refused: N_("BPJS tidak menerima bulannya"),
    RefundReason.disputed: N_("Ditarik kembali oleh bank pembayar"),
    RefundReason.error: N_("Tidak cocok dengan tagihan"),
    RefundReason.prepaid: N_("Saldo lembaga"),
}


class Kind(StrEnum):
    """Why money has no month, as finance asks for it."""

    all = "all"
    returned = "returned"  # a refund that came back
    mismatch = "mismatch"  # it does not fit its bill
    other = "other"
    prepaid = "prepaid"  # an organisation's balance: it waits for nobody, and is not among `all`


class Age(StrEnum):
    any = "any"
    day = "1"
    week = "7"
    month = "30"


@dataclass(frozen=True)
class Slice(Generic[T]):
    """A page of a list by key: `after` is the reference from which the next one goes on, None at the end."""

    items: Sequence[T]
    after: str | None


@dataclass(frozen=True)
class Total:
    count: int
    amount_rupiah: int
    oldest: datetime | None


def _kind(kind: Kind) -> ColumnElement[bool]:
    returned, mismatch = Suspense.returned_from_id.is_not(None), Suspense.reason == RefundReason.error
    waits = Suspense.reason != RefundReason.prepaid
    return {
        Kind.all: waits,
        Kind.returned: and_(waits, returned),
        Kind.mismatch: and_(~returned, mismatch),
        Kind.other: and_(waits, ~returned, ~mismatch),
        Kind.prepaid: ~waits,
    }[kind]


def _old(age: Age) -> ColumnElement[bool]:
    if age is Age.any:
        return Suspense.id.is_not(None)
    return Suspense.opened_at <= clock.now() - timedelta(days=int(age.value))


def totals(age: Age) -> dict[Kind, Total]:
    """How much waits for each reason, in one statement."""
    columns: list[Any] = []
    for kind in Kind:
        mine = _kind(kind)
        columns += [
            func.count(Suspense.id).filter(mine),
            func.coalesce(func.sum(Suspense.amount_rupiah).filter(mine), 0),
            func.min(Suspense.opened_at).filter(mine),
        ]
    row = db.session.execute(select(*columns).where(Suspense.state == SuspenseState.open, _old(age))).one()
    return {kind: Total(row[3 * at], int(row[3 * at + 1]), row[3 * at + 2]) for at, kind in enumerate(Kind)}


def list_funds(kind: Kind, age: Age, after: str | None) -> Slice[Suspense]:
    """Open money without a month, oldest first, with its payer and bill."""
    statement = (
        select(Suspense)
        .join(Suspense.payment)
        .join(Payment.order)
        .outerjoin(Order.sponsorship)
        .options(
            contains_eager(Suspense.payment)
            .contains_eager(Payment.order)
            .options(joinedload(Order.organisation), contains_eager(Order.sponsorship).options(*PAYER))
        )
        .where(Suspense.state == SuspenseState.open, _kind(kind), _old(age))
        .order_by(Suspense.opened_at, Suspense.id)
    )
    start = db.session.execute(select(Suspense.opened_at, Suspense.id).where(Suspense.ref == after)).first() if after else None
    if start is not None:
        later = and_(Suspense.opened_at == start[0], Suspense.id > start[1])
        statement = statement.where(or_(Suspense.opened_at > start[0], later))
    return _slice(statement)


def _slice(statement: "Select[Row]") -> Slice[Row]:
    rows = db.session.scalars(statement.limit(SIZE + 1)).all()
    return Slice(rows[:SIZE], rows[SIZE - 1].ref if len(rows) > SIZE else None)


def list_held() -> Sequence[Order]:
    """Bills that wait for a person and have no money that could be booked or refunded: oldest first."""
    money = select(Suspense.id).join(Payment, Payment.id == Suspense.payment_id)
    money = money.where(Payment.order_id == Order.id, Suspense.state == SuspenseState.open)
    statement = select(Order).options(joinedload(Order.sponsorship)).where(Order.held_reason.is_not(None), ~money.exists())
    return db.session.scalars(statement.order_by(Order.id).limit(SIZE)).all()


# ---- refunds -------------------------------------------------------------------------------------------------------------------


def refund_counts() -> dict[str, int]:
    """How many refunds stand in each state."""
    rows = db.session.execute(select(Refund.state, func.count()).group_by(Refund.state))
    return {state.value: count for state, count in rows}


def list_refunds(state: RefundState | None, after: str | None) -> Slice[Refund]:
    """Newest first; of one state when named."""
    statement = (
        select(Refund)
        .join(Refund.payment)
        .join(Payment.order)
        .outerjoin(Order.sponsorship)
        .options(
            contains_eager(Refund.payment)
            .contains_eager(Payment.order)
            .options(joinedload(Order.organisation), contains_eager(Order.sponsorship).options(*PAYER))
        )
        .order_by(Refund.id.desc())
    )
    if state is not None:
        statement = statement.where(Refund.state == state)
    start = db.session.scalar(select(Refund.id).where(Refund.ref == after)) if after else None
    return _slice(statement if start is None else statement.where(Refund.id < start))


# ---- disputes ------------------------------------------------------------------------------------------------------------------


def list_disputes(state: DisputeState | None, after: str | None) -> Slice[Dispute]:
    """Newest first; of one state when named."""
    statement = (
        select(Dispute)
        .join(Dispute.payment)
        .join(Payment.order)
        .outerjoin(Order.sponsorship)
        .options(
            contains_eager(Dispute.payment)
            .contains_eager(Payment.order)
            .options(joinedload(Order.organisation), contains_eager(Order.sponsorship).options(*PAYER))
        )
        .order_by(Dispute.id.desc())
    )
    if state is not None:
        statement = statement.where(Dispute.state == state)
    start = db.session.scalar(select(Dispute.id).where(Dispute.ref == after)) if after else None
    return _slice(statement if start is None else statement.where(Dispute.id < start))


@dataclass(frozen=True)
class Losses:
    """Rupiah that banks took back after the money had gone to BPJS; `unsettled` is still nobody's."""

    rupiah: int
    unsettled_rupiah: int


def losses() -> Losses:
    lost = func.coalesce(func.sum(Dispute.loss_rupiah), 0)
    unsettled = func.coalesce(func.sum(Dispute.loss_rupiah).filter(Dispute.settled_at.is_(None)), 0)
    row = db.session.execute(select(lost, unsettled).where(Dispute.state == DisputeState.lost)).one()
    return Losses(int(row[0]), int(row[1]))
