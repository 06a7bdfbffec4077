"""Money that came: into months, with a receipt; or into suspense, visible until somebody books or refunds it (I21)."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import force_locale
from sqlalchemy import func, select, text

from sertakan.audit.service import GATEWAY, SYSTEM, record
from sertakan.coverage import queries as coverage_queries
from sertakan.coverage import service as coverage_service
from sertakan.coverage.models import CoverageMonth
from sertakan.coverage.rules import MonthState, MonthTaken
from sertakan.db import db
from sertakan.kit import clock
from sertakan.kit.months import Month
from sertakan.notices import service as notices
from sertakan.notices.links import absolute
from sertakan.payments import balance, bills, queries, rules
from sertakan.payments.models import Allocation, Order, Payment, Receipt
from sertakan.payments.refunds import park, refund_suspense
from sertakan.payments.rules import RefundReason
from sertakan.sponsorships import queries as sponsorship_queries
from sertakan.sponsorships import service as sponsorship_service
from sertakan.sponsorships.models import Sponsorship
from sertakan.tariff import queries as tariff_queries
from sertakan.tariff.rules import MonthPrice, NoTariff, Quote
from sertakan.workers.models import Worker

__all__ = [
    "Taken",
    "add_payment",
    "allocate",
    "fill",
    "issue_receipt",
    "park",
    "receipt_of",
    "take",
    "tell",
    "tell_paid",
    "top_up",
]

RECEIPT_LOCK = 7151972


def add_payment(order: Order, intent: str, amount_rupiah: int, *, late: bool) -> Payment:
    payment = Payment(order_id=order.id, provider_intent=intent, amount_rupiah=amount_rupiah, late=late, received_at=clock.now())
    db.session.add(payment)
    db.session.flush()
    record(
        actor=GATEWAY,
        action="payment.receive",
        subject=f"payment:{payment.ref}",
        after={"order": order.ref, "amount_rupiah": amount_rupiah, "late": late},
    )
    return payment


@dataclass(frozen=True)
class Taken:
    """The months of a bill that money may fill now, those that are not to be had, and why the promise is closed, if it is."""

    sponsorship: Sponsorship
    filled: list[CoverageMonth]
    left: list[CoverageMonth]
    closed: RefundReason | None


def take(order: Order) -> Taken:
    """The months of a locked bill, each as reserved or taken again; oldest first."""
    sponsorship = sponsorship_queries.get(order.promise.id, lock=True)
    db.session.execute(select(Worker.id).where(Worker.id == sponsorship.worker_id).with_for_update())
    closed = rules.why_closed(sponsorship.review_state, sponsorship.term_state, sponsorship.worker.state)
    earliest = min(coverage_queries.owed(sponsorship.worker_id, clock.today()), default=clock.this_month())
    taken = Taken(sponsorship, [], [], closed)
    for month in queries.months_of_order(order.id, lock=True):
        own = None if closed else _claim(sponsorship, month, earliest)
        (taken.left if own is None else taken.filled).append(own or month)
    return taken


def fill(order: Order, payment: Payment) -> None:
    """Allocate a payment of exactly the order's amount, month by month; what fills no month goes back by rule.

    A late success takes its months again when they are still free at the same price. A month is filled wholly or not at all (I3).
    """
    if order.topup:
        return top_up(order, payment)
    if order.organisation_id is not None:
        return _fill_bill(order, payment)
    taken = take(order)
    for month in taken.filled:
        allocate(payment, month)
    if taken.filled:
        issue_receipt(payment)
        tell(taken, payment)
    if taken.left:
        _give_back(taken.sponsorship, payment, taken.left, taken.closed or RefundReason.month_taken)
    return None


def top_up(order: Order, payment: Payment) -> None:
    """Money paid ahead, for nobody yet: the organisation's balance, with its receipt."""
    park(payment, payment.amount_rupiah, RefundReason.prepaid)
    balance.tell_came(order, payment, issue_receipt(payment).ref)


def _fill_bill(order: Order, payment: Payment) -> None:
    """The same for the bill of an organisation: its promised months at once; for the others the money goes back by rule."""
    taken = bills.take(order)
    bills.pay(taken, bills.whole(taken, payment))
    if taken.months:
        receipt = issue_receipt(payment)
        bills.begin(taken)
        bills.tell_paid(order, payment, receipt.ref)
    if taken.lost_rupiah:
        refund_suspense(actor=SYSTEM, suspense=park(payment, taken.lost_rupiah, RefundReason.month_taken))


def tell(taken: Taken, payment: Payment) -> None:
    """The months are filled: what was promised stands anew, a term may start, and the payer hears of it."""
    sponsorship_service.refresh_fingerprint(taken.sponsorship)
    sponsorship_service.start_if_ready(taken.sponsorship)
    tell_paid(taken.sponsorship, payment, taken.filled, key=f"order_paid:{payment.ref}")


def _claim(sponsorship: Sponsorship, month: CoverageMonth, earliest: Month) -> CoverageMonth | None:
    """The month that this money fills: as reserved, or taken again after it was released; None when it is not to be had.

    `earliest`: this month, or the oldest in arrears that may still be paid (trap 11).
    """
    if month.state is MonthState.reserved:
        return month
    if month.state is not MonthState.released or month.month < earliest:
        return None
    price = _as_quoted(month)
    try:
        today = tariff_queries.quote_for([month.month], sponsorship.worker.occupation_code, sponsorship.payer_kind, month.package)
        if today.total_rupiah != price.total_rupiah:
            return None  # never activated at a price that is no longer the legal one (DOMAIN 8)
        return sponsorship_service.reserve(actor=GATEWAY, sponsorship=sponsorship, quote=price)[0]
    except (MonthTaken, NoTariff):
        return None


def _as_quoted(month: CoverageMonth) -> Quote:
    line = MonthPrice(
        month=month.month,
        base_rupiah=month.base_rupiah,
        jkk_rupiah=month.jkk_rupiah,
        jkm_rupiah=month.jkm_rupiah,
        jht_rupiah=month.jht_rupiah,
        relief_rupiah=month.relief_rupiah,
        row_ids=month.tariff_rows,
    )
    return Quote((line,))


def allocate(payment: Payment, month: CoverageMonth, actor: str = GATEWAY) -> None:
    """Money of this payment fills this reserved month, wholly."""
    db.session.add(
        Allocation(payment_id=payment.id, coverage_month_id=month.id, amount_rupiah=month.price_rupiah, created_at=clock.now())
    )
    coverage_service.move(actor=actor, month=month, to=MonthState.paid)


def _give_back(sponsorship: Sponsorship, payment: Payment, months: Sequence[CoverageMonth], why: RefundReason) -> None:
    """Money for months that are not to be had: through suspense and back, by rule and with a word to the payer."""
    amount = sum(month.price_rupiah for month in months)
    refund_suspense(actor=SYSTEM, suspense=park(payment, amount, why))
    if why is RefundReason.month_taken:
        notices.queue(
            key=f"month_taken:{payment.ref}",
            kind="month_taken",
            subject=sponsorship_service.subject(sponsorship),
            person=sponsorship.sponsor,
            context={
                "code": sponsorship.code,
                "worker": _worker_name(sponsorship),
                "months": [month.month for month in months],
                "amount": amount,
            },
        )


def _worker_name(sponsorship: Sponsorship) -> str:
    """As this sponsor may call her, in the language of the message."""
    with force_locale(sponsorship.sponsor.locale):
        return sponsorship_queries.display_name(sponsorship)


def tell_paid(sponsorship: Sponsorship, payment: Payment, months: Sequence[CoverageMonth], *, key: str) -> None:
    """The word to the payer: which months her money fills now, and where the receipt is."""
    receipt = db.session.scalars(select(Receipt).where(Receipt.payment_id == payment.id)).one()
    notices.queue(
        key=key,
        kind="order_paid",
        subject=sponsorship_service.subject(sponsorship),
        person=sponsorship.sponsor,
        context={
            "code": sponsorship.code,
            "amount": sum(month.price_rupiah for month in months),
            "months": [month.month for month in months],
            "worker": _worker_name(sponsorship),
            "receipt_url": absolute("payments.receipt", sponsorship.sponsor.locale, ref=receipt.ref),
        },
    )


def receipt_of(payment: Payment) -> Receipt:
    """Its receipt, issued now when this is the first month that it fills."""
    known = db.session.scalars(select(Receipt).where(Receipt.payment_id == payment.id)).first()
    return known if known is not None else issue_receipt(payment)


def issue_receipt(payment: Payment) -> Receipt:
    """The next number of this year in Pontianak, without gaps: numbers are given under a lock and roll back with their payment."""
    if db.session.get_bind().dialect.name == "postgresql":
        db.session.execute(text(f"SELECT pg_advisory_xact_lock({RECEIPT_LOCK})"))
    year = clock.today().year
    last = db.session.scalar(select(func.max(Receipt.number)).where(Receipt.year == year)) or 0
    receipt = Receipt(year=year, number=last + 1, payment_id=payment.id, issued_at=clock.now())
    db.session.add(receipt)
    db.session.flush()
    record(
        actor=SYSTEM,
        action="receipt.issue",
        subject=f"payment:{payment.ref}",
        after={"receipt": receipt.label, "amount_rupiah": payment.amount_rupiah},
    )
    return receipt
