"""Money of a sponsor whose months somebody else pays now (APBD): it waits, she is asked what next, and after two weeks it goes back.

Run inside `transaction()`.
"""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any

from flask_babel import force_locale
from sqlalchemy import select

from sertakan.accounts.models import Person
from sertakan.audit.service import SYSTEM
from sertakan.coverage.models import CoverageMonth
from sertakan.coverage.rules import MonthState
from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.kit.errors import Refused
from sertakan.kit.months import Month, span
from sertakan.notices import service as notices
from sertakan.notices.links import absolute
from sertakan.payments import booking, filling, queries, refunds, rules
from sertakan.payments.models import Order, OrderLine, Payment, Suspense
from sertakan.payments.rules import RefundReason, SuspenseState
from sertakan.sponsorships import leaving, renewal
from sertakan.sponsorships import queries as sponsorship_queries
from sertakan.sponsorships import rules as promise_rules
from sertakan.sponsorships import service as sponsorship_service
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import ReviewState, TermState
from sertakan.tariff import queries as tariff
from sertakan.tariff.rules import NoTariff, PayerKind, Quote

WAIT_DAYS = 14  # without an answer the money goes back
MOST_MONTHS = 12


def give_way(*, actor: str, sponsorship: Sponsorship, months: Collection[Month]) -> int:
    """The sponsor no longer pays these months, as far as they have not set out for BPJS. Returns the rupiah that wait for her word.

    Whatever its bill is paid later goes back by rule. An organisation's money waits with finance, like that of leavers.
    """
    freed = leaving.give_way(actor=actor, sponsorship=sponsorship, months=months, reason=RefundReason.taken_over.value)
    allocations = queries.live_allocations([row.id for row in freed])
    refunds.free(allocations)
    sums: dict[int, int] = {}
    for allocation in allocations:
        sums[allocation.payment_id] = sums.get(allocation.payment_id, 0) + allocation.amount_rupiah
    for payment_id, amount in sums.items():
        refunds.park(db.session.get_one(Payment, payment_id), amount, RefundReason.taken_over)
    _ask(sponsorship, freed, months, sum(sums.values()))
    return sum(sums.values())


def _ask(sponsorship: Sponsorship, freed: Sequence[CoverageMonth], months: Collection[Month], amount: int) -> None:
    person = sponsorship.sponsor
    with force_locale(person.locale):
        worker = sponsorship_queries.display_name(sponsorship)
    own = sponsorship.organisation_id is None
    notices.queue(
        key=f"taken_over:{sponsorship.ref}:{min(months)}",
        kind="taken_over",
        subject=sponsorship_service.subject(sponsorship),
        person=person,
        context={
            "code": sponsorship.code,
            "worker": worker,
            "first": min(months),
            "months": [row.month for row in freed],
            "amount": amount,
            "days": WAIT_DAYS,
            "url": absolute("giving.choose", person.locale, code=sponsorship.code) if own else "",
        },
    )


# ---- what next -----------------------------------------------------------------------------------------------------------------


def list_waiting(sponsorship: Sponsorship, *, lock: bool = False) -> Sequence[Suspense]:
    """Her money that waits for her word about this promise."""
    statement = (
        select(Suspense)
        .join(Payment, Payment.id == Suspense.payment_id)
        .join(Order, Order.id == Payment.order_id)
        .where(Order.sponsorship_id == sponsorship.id, Order.organisation_id.is_(None))
        .where(Suspense.state == SuspenseState.open, Suspense.reason == RefundReason.taken_over)
        .order_by(Suspense.id)
    )
    return db.session.scalars(statement.with_for_update(of=Suspense) if lock else statement).all()


def send_back(*, actor: Person, sponsorship: Sponsorship) -> int:
    """She wants it back: returns the rupiah on their way. Refuses NotInSuspense when nothing waits any more."""
    waiting = list_waiting(sponsorship, lock=True)
    if not waiting:
        raise rules.NotInSuspense
    return sum(refunds.refund_suspense(actor=actor.ref, suspense=one).amount_rupiah for one in waiting)


def list_others(sponsorship: Sponsorship) -> Sequence[Sponsorship]:
    """Her other promises that run: the money may go on to one of those."""
    statement = select(Sponsorship).where(
        Sponsorship.sponsor_id == sponsorship.sponsor_id,
        Sponsorship.organisation_id.is_(None),
        Sponsorship.id != sponsorship.id,
        Sponsorship.review_state == ReviewState.approved,
        Sponsorship.term_state.in_((TermState.running, TermState.ended)),
    )
    return db.session.scalars(statement.order_by(Sponsorship.id.desc()).limit(20)).all()


def pass_on(*, actor: Person, sponsorship: Sponsorship, to: Sponsorship) -> list[CoverageMonth]:
    """The money fills the next months of another worker of hers; what is left goes back. Returns those months.

    Refuses NotInSuspense, PaymentDisputed, MonthsCostMore when not even one month can be filled, and what `extend` refuses.
    """
    waiting = list_waiting(sponsorship, lock=True)
    if not waiting:
        raise rules.NotInSuspense
    first, rest = waiting[0], waiting[1:]
    if queries.is_disputed(first.payment_id):
        raise rules.PaymentDisputed
    start = sponsorship_queries.next_start(to.worker_id, clock.today())
    quote = _affordable(to, start, first.amount_rupiah)
    if quote is None:
        raise rules.NotEnough
    target, months = renewal.extend(actor=actor, sponsorship=to, count=len(quote.lines), quote=quote, first_month=start)
    for month in months:
        filling.allocate(first.payment, month, actor.ref)
    booking.close(actor.ref, first, quote.total_rupiah)
    sponsorship_service.start_if_ready(target)
    filling.tell_paid(target, first.payment, months, key=f"order_booked:{first.ref}")
    for one in (*rest, *list_waiting(sponsorship, lock=True)):
        if one.state is SuspenseState.open:
            refunds.refund_suspense(actor=actor.ref, suspense=one)
    return months


def _affordable(to: Sponsorship, start: Month, amount: int) -> Quote | None:
    """As many months in a row as the money pays wholly (I3)."""
    best = None
    for count in range(1, MOST_MONTHS + 1):
        try:
            quote = tariff.quote_for(span(start, count), to.worker.occupation_code, to.payer_kind, to.package)
        except NoTariff:
            break
        if quote.total_rupiah > amount:
            break
        best = quote
    return best


# ---- when the other bill is not paid -------------------------------------------------------------------------------------------


def restore(order: Order) -> int:
    """The bill that private sponsors gave way to closed without money: their own money, as far as it still waits, protects again.

    Only from this month on, and only whole months at a price that the money reaches. An organisation's waits in its balance.
    Returns how many promises go on.
    """
    workers = select(CoverageMonth.worker_id).join(OrderLine, OrderLine.coverage_month_id == CoverageMonth.id)
    waits = (
        select(Order.sponsorship_id)
        .join(Payment, Payment.order_id == Order.id)
        .join(Suspense, Suspense.payment_id == Payment.id)
        .where(Suspense.state == SuspenseState.open, Suspense.reason == RefundReason.taken_over, Order.organisation_id.is_(None))
    )
    mine = Sponsorship.worker_id.in_(workers.where(OrderLine.order_id == order.id)), Sponsorship.id.in_(waits)
    rows = db.session.scalars(select(Sponsorship).where(*mine).order_by(Sponsorship.id).with_for_update(of=Sponsorship)).all()
    return sum(_go_on(sponsorship) for sponsorship in rows)


def _go_on(sponsorship: Sponsorship) -> bool:
    first, *_rest = list_waiting(sponsorship, lock=True)
    freed = {row.month for row in _given_up(sponsorship)}
    quote = _within(sponsorship, sorted(freed), first.amount_rupiah)
    if quote is None or queries.is_disputed(first.payment_id):
        return False
    try:
        with db.session.begin_nested():
            target, months = _again(sponsorship, quote)
    except Refused:
        return False  # somebody else pays meanwhile, or the promise cannot be taken up again: she is asked as before
    for month in months:
        filling.allocate(first.payment, month, SYSTEM)
    booking.close(SYSTEM, first, quote.total_rupiah)
    target.declined_until = None
    sponsorship_service.start_if_ready(target)
    _tell_on(target, months)
    return True


def _given_up(sponsorship: Sponsorship) -> Sequence[CoverageMonth]:
    mine = CoverageMonth.sponsorship_id == sponsorship.id, CoverageMonth.close_reason == RefundReason.taken_over.value
    released = CoverageMonth.state == MonthState.released, CoverageMonth.month >= clock.this_month()
    return db.session.scalars(select(CoverageMonth).where(*mine, *released).order_by(CoverageMonth.month)).all()


def _within(sponsorship: Sponsorship, months: list[Month], amount: int) -> Quote | None:
    """The first of these months that the money pays wholly; None when it pays none."""
    for count in range(len(months), 0, -1):
        try:
            quote = tariff.quote_for(
                months[:count], sponsorship.worker.occupation_code, sponsorship.payer_kind, sponsorship.package
            )
        except NoTariff:
            continue
        if quote.total_rupiah <= amount:
            return quote
    return None


def _again(sponsorship: Sponsorship, quote: Quote) -> tuple[Sponsorship, list[CoverageMonth]]:
    """In the same promise while it is open, else in a copy of it, which officers see again."""
    waits = sponsorship.review_state in promise_rules.OPEN_REVIEWS
    if waits or promise_rules.is_open(sponsorship.review_state, sponsorship.term_state):
        rows = sponsorship_service.reserve(actor=SYSTEM, sponsorship=sponsorship, quote=quote)
        sponsorship_service.refresh_fingerprint(sponsorship)
        return sponsorship, rows
    months = quote.months
    return renewal.extend(actor=SYSTEM, sponsorship=sponsorship, count=len(months), quote=quote, first_month=months[0])


def _tell_on(sponsorship: Sponsorship, months: Sequence[CoverageMonth]) -> None:
    person = sponsorship.sponsor
    notices.queue(
        key=f"taken_back:{sponsorship.ref}:{months[0].month}",
        kind="taken_back",
        subject=sponsorship_service.subject(sponsorship),
        person=person,
        context={
            "code": sponsorship.code,
            "worker": sponsorship_queries.display_name_for(sponsorship),
            "months": [row.month for row in months],
            "url": absolute("sponsorships.detail", person.locale, code=sponsorship.code),
        },
    )


def _bill_waits(worker_id: Any) -> Any:
    """SQL: public money has promised a month of this worker and not paid it yet."""
    promised = CoverageMonth.state == MonthState.reserved, CoverageMonth.payer_kind == PayerKind.government
    return select(CoverageMonth.id).where(CoverageMonth.worker_id == worker_id, *promised).exists()


def return_unanswered() -> int:
    """Two weeks without a word, and the public bill paid: the money goes back. Each in a transaction of its own; returns how many.

    Until that bill is paid or closed the money stays, since it may be all that protects the worker (`restore`).
    """
    old = clock.now() - timedelta(days=WAIT_DAYS)
    late = (
        select(Suspense.id)
        .join(Payment, Payment.id == Suspense.payment_id)
        .join(Order, Order.id == Payment.order_id)
        .where(Suspense.state == SuspenseState.open, Suspense.reason == RefundReason.taken_over, Suspense.opened_at < old)
        .join(Sponsorship, Sponsorship.id == Order.sponsorship_id)
        .where(Order.organisation_id.is_(None), ~_bill_waits(Sponsorship.worker_id))
    )
    done = 0
    for one in db.session.scalars(late).all():
        with transaction():
            suspense = db.session.get_one(Suspense, one, with_for_update=True)
            if suspense.state is SuspenseState.open:
                refunds.refund_suspense(actor=SYSTEM, suspense=suspense)
                done += 1
    return done
