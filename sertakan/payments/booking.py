"""Money without a month finds its months: booked by a person, each month at its own price, all of them or none."""

from collections.abc import Sequence

from sqlalchemy import select

from sertakan.accounts.models import Person
from sertakan.audit.service import record
from sertakan.coverage import queries as coverage_queries
from sertakan.coverage.models import CoverageMonth
from sertakan.coverage.rules import MonthState
from sertakan.db import db
from sertakan.kit import clock
from sertakan.kit.money import rupiah
from sertakan.kit.months import Month, span
from sertakan.payments import filling, queries, rules
from sertakan.payments.models import Order, Payment, Suspense
from sertakan.payments.refunds import end_hold, park
from sertakan.payments.rules import RefundReason, SuspenseState
from sertakan.sponsorships import queries as sponsorship_queries
from sertakan.sponsorships import service as sponsorship_service
from sertakan.sponsorships.models import Sponsorship
from sertakan.tariff import queries as tariff_queries
from sertakan.tariff.rules import MonthPrice, NoTariff, Quote
from sertakan.workers.models import Worker

AHEAD = 18


def offers(suspense: Suspense) -> list[MonthPrice]:
    """The months that this money may fill: those that its bill still holds, and the free ones of the next year and a half. Only reads.

    Each has its own price. Empty when the sponsorship is over.
    """
    order = suspense.payment.order
    if order.organisation_id is not None:  # one sum for many people is booked by its bill, waits as its balance, or goes back
        return []
    sponsorship = sponsorship_queries.get(order.promise.id)
    if _closed(sponsorship):
        return []
    held = [_price(row) for row in _held(order)]
    wanted = span(clock.this_month(), AHEAD)
    free = sorted(set(wanted) - coverage_queries.taken(sponsorship.worker_id, wanted))
    try:
        fresh = _quote(sponsorship, free).lines if free else ()
    except NoTariff:
        fresh = ()
    return sorted([*held, *fresh], key=lambda price: price.month)


def _closed(sponsorship: Sponsorship) -> bool:
    return rules.why_closed(sponsorship.review_state, sponsorship.term_state, sponsorship.worker.state) is not None


def _held(order: Order, lock: bool = False) -> list[CoverageMonth]:
    return [row for row in queries.months_of_order(order.id, lock=lock) if row.state is MonthState.reserved]


def _price(row: CoverageMonth) -> MonthPrice:
    parts = (row.base_rupiah, row.jkk_rupiah, row.jkm_rupiah, row.jht_rupiah, row.relief_rupiah)
    return MonthPrice(row.month, *parts, row.tariff_rows)


def _quote(sponsorship: Sponsorship, months: list[Month]) -> Quote:
    return tariff_queries.quote_for(months, sponsorship.worker.occupation_code, sponsorship.payer_kind, sponsorship.package)


def book(*, actor: Person, suspense: Suspense, months: Sequence[Month]) -> list[CoverageMonth]:
    """Fill these months with parked money; what is left stays parked, as old as before.

    Refuses NotInSuspense, PaymentDisputed, NoMonths, PromiseOver, MonthTaken and MonthsCostMore; then nothing has changed.
    """
    if suspense.state is not SuspenseState.open:
        raise rules.NotInSuspense
    payment = suspense.payment
    if queries.is_disputed(payment.id):
        raise rules.PaymentDisputed
    if payment.order.organisation_id is not None:
        raise rules.PromiseOver
    sponsorship = sponsorship_queries.get(payment.order.promise.id, lock=True)
    db.session.execute(select(Worker.id).where(Worker.id == sponsorship.worker_id).with_for_update())
    if _closed(sponsorship):
        raise rules.PromiseOver
    rows = _take(actor, sponsorship, payment.order, sorted(set(months)))
    total = sum(row.price_rupiah for row in rows)
    if total > suspense.amount_rupiah:
        shown = rupiah(total, actor.locale), rupiah(suspense.amount_rupiah, actor.locale)
        raise rules.MonthsCostMore(field="months", total=shown[0], amount=shown[1])
    close(actor.ref, suspense, total)
    for row in rows:
        filling.allocate(payment, row, actor.ref)
    if suspense.reason is RefundReason.error:
        end_hold(actor.ref, payment.order)
    _tell(sponsorship, payment, suspense, rows)
    return rows


def _take(actor: Person, sponsorship: Sponsorship, order: Order, months: list[Month]) -> list[CoverageMonth]:
    """The bill's own months as they were priced, others promised now at the price of today."""
    held = {row.month: row for row in _held(order, lock=True)}
    allowed = set(span(clock.this_month(), AHEAD)) | set(held)
    if not months or not allowed.issuperset(months):
        raise rules.NoMonths(field="months")
    rows = [held[month] for month in months if month in held]
    fresh = [month for month in months if month not in held]
    if fresh:
        quote = _quote(sponsorship, fresh)
        rows += sponsorship_service.reserve(actor=actor.ref, sponsorship=sponsorship, quote=quote)
    return sorted(rows, key=lambda row: row.month)


def close(actor: str, suspense: Suspense, total: int) -> None:
    """So many rupiah of it fill months now; what is left stays parked, as old as before."""
    suspense.state, suspense.closed_at = SuspenseState.booked, clock.now()
    left = suspense.amount_rupiah - total
    facts = {"booked_rupiah": total, "left_rupiah": left, "suspense": suspense.ref}
    record(actor=actor, action="suspense.book", subject=f"payment:{suspense.payment.ref}", after=facts)
    if left:
        park(suspense.payment, left, suspense.reason, since=suspense.opened_at)


def _tell(sponsorship: Sponsorship, payment: Payment, suspense: Suspense, rows: Sequence[CoverageMonth]) -> None:
    filling.receipt_of(payment)
    sponsorship_service.refresh_fingerprint(sponsorship)
    sponsorship_service.start_if_ready(sponsorship)
    filling.tell_paid(sponsorship, payment, rows, key=f"order_booked:{suspense.ref}")


def release_order(*, actor: Person, order: Order, note: str) -> None:
    """A held bill that no money came for is looked at again by the next run. Refuses NotHeld, NoteMissing."""
    if order.held_reason is None:
        raise rules.NotHeld
    if not note.strip():
        raise rules.NoteMissing(field="note")
    record(actor=actor.ref, action="order.release", subject=f"order:{order.ref}", before={"held": order.held_reason}, reason=note)
    order.held_reason = None
