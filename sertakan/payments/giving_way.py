"""Money of a sponsor whose months somebody else pays now (APBD): it waits, she is asked what next, and after two weeks it goes back.

Run inside `transaction()`.
"""

from collections.abc import Collection, Sequence
from datetime import timedelta

from flask_babel import force_locale
from sqlalchemy import select

from sertakan.accounts.models import Person
from sertakan.audit.service import SYSTEM
from sertakan.coverage.models import CoverageMonth
from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.kit.months import Month, span
from sertakan.notices import service as notices
from sertakan.notices.links import absolute
from sertakan.payments import booking, filling, queries, refunds, rules
from sertakan.payments.models import Order, Payment, Suspense
from sertakan.payments.rules import RefundReason, SuspenseState
from sertakan.sponsorships import leaving, renewal
from sertakan.sponsorships import queries as sponsorship_queries
from sertakan.sponsorships import service as sponsorship_service
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import ReviewState, TermState
from sertakan.tariff import queries as tariff
from sertakan.tariff.rules import NoTariff, Quote

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
    booking.close(actor, first, quote.total_rupiah)
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


def return_unanswered() -> int:
    """Two weeks without a word: the money goes back. Each in a transaction of its own; returns how many."""
    old = clock.now() - timedelta(days=WAIT_DAYS)
    late = (
        select(Suspense.id)
        .join(Payment, Payment.id == Suspense.payment_id)
        .join(Order, Order.id == Payment.order_id)
        .where(Suspense.state == SuspenseState.open, Suspense.reason == RefundReason.taken_over, Suspense.opened_at < old)
        .where(Order.organisation_id.is_(None))
    )
    done = 0
    for one in db.session.scalars(late).all():
        with transaction():
            suspense = db.session.get_one(Suspense, one, with_for_update=True)
            if suspense.state is SuspenseState.open:
                refunds.refund_suspense(actor=SYSTEM, suspense=suspense)
                done += 1
    return done
