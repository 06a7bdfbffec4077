"""One promise of the demo, written with its months, order, payment, decision and trail, so that the books check out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sertakan.accounts.models import Organisation, Person
from sertakan.audit import service as audit
from sertakan.coverage.models import CoverageMonth, MonthSource
from sertakan.coverage.rules import FUNDED, MonthState
from sertakan.db import db
from sertakan.demo.people import Crowd
from sertakan.kit import clock
from sertakan.kit.months import Month, span
from sertakan.payments.models import Allocation, Order, OrderLine, Payment, Receipt, Refund, RefundLine, Suspense
from sertakan.payments.rules import OrderState, RefundReason, RefundState, SuspenseState
from sertakan.review.models import Decision
from sertakan.review.rules import Outcome, RejectReason
from sertakan.sponsorships import service as sponsorships
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import RISK_VERSION, ReviewState, TermState
from sertakan.tariff import queries as tariff
from sertakan.tariff.rules import MonthPrice, Package, PayerKind
from sertakan.workers.models import Worker

S = MonthState
APPROVED = {"running", "ending", "ended", "future", "cancelled", "bounced"}
UNPAID = {"unpaid", "expired"}
REVIEWS = {
    "rejected": ReviewState.rejected,
    "refund_failed": ReviewState.rejected,
    "needs_info": ReviewState.needs_info,
    "expired": ReviewState.withdrawn,
}


@dataclass
class Promise:
    """A sponsor, a worker, months, and what became of it (`kind`)."""

    kind: str
    sponsor: Person
    worker: Worker
    first: Month
    count: int
    age_days: int
    organisation: Organisation | None = None


class Ledger:
    """Writes promises in order and numbers the receipts without gaps."""

    def __init__(self, crowd: Crowd, day: date, officer: Person) -> None:
        self.crowd, self.day, self.officer = crowd, day, officer
        self.payments: list[Payment] = []
        self.by_kind: dict[str, list[Payment]] = {}
        self.counts = {"sponsorship": 0, "coverage_month": 0}

    def _when(self, days_ago: int, hour: int = 9) -> datetime:
        return datetime.combine(self.day - timedelta(days=days_ago), time(hour, 15), tzinfo=clock.ZONE)

    def tell(self, promise: Promise) -> Sponsorship:
        """One promise from submission to where it stands on the demo's day."""
        submitted = self._when(promise.age_days, 8)
        row = self._sponsorship(promise, submitted)
        months = [self._month(promise, row, price) for price in self._prices(promise)]
        db.session.flush()
        self.counts["sponsorship"] += 1
        self.counts["coverage_month"] += len(months)
        mark = sponsorships.refresh_fingerprint(row)
        order = self._order(promise, row, months, submitted)
        self._note(row, "sponsorship.submit", promise.sponsor.ref, submitted)
        if promise.kind not in UNPAID:
            self._pay(promise, row, order, months, submitted + timedelta(minutes=4))
        self._decide(promise, row, mark, submitted + timedelta(hours=5))
        self._finish(promise, row, months)
        return row

    def external(self, worker: Worker, first: Month, count: int, *, evidence: str) -> None:
        """Months that the city pays, with evidence."""
        prices = tariff.quote_for(span(first, count), worker.occupation_code, PayerKind.government).lines
        for price in prices:
            past = price.month <= Month.of(self.day)
            cell = self._cell(worker, price, S.posted if past else S.remitted, PayerKind.government, None)
            cell.evidence = evidence
        self.counts["coverage_month"] += len(prices)

    def close(self) -> None:
        """Receipts by day of payment, without gaps in each year."""
        numbers: dict[int, int] = {}
        for payment in sorted(self.payments, key=lambda payment: payment.received_at):
            year = clock.local(payment.received_at).year
            numbers[year] = numbers.get(year, 0) + 1
            db.session.add(Receipt(year=year, number=numbers[year], payment_id=payment.id, issued_at=payment.received_at))

    # ---- parts -----------------------------------------------------------------------------------------------------------------

    def _prices(self, promise: Promise) -> Sequence[MonthPrice]:
        months = span(promise.first, promise.count)
        payer = PayerKind.company if promise.organisation else PayerKind.private
        return tariff.quote_for(months, promise.worker.occupation_code, payer).lines

    def _sponsorship(self, promise: Promise, submitted: datetime) -> Sponsorship:
        row = Sponsorship(
            code=self.crowd.code(),
            sponsor=promise.sponsor,
            maker_id=promise.sponsor.id,
            organisation=promise.organisation,
            worker=promise.worker,
            typed_name=promise.worker.name,
            payer_kind=PayerKind.company if promise.organisation else PayerKind.private,
            package=Package.jkk_jkm,
            base_rupiah=1_000_000,
            first_month=promise.first,
            last_month=promise.first + (promise.count - 1),
            review_state=ReviewState.submitted,
            term_state=TermState.waiting,
            fingerprint="",
            risk_version=RISK_VERSION,
            submitted_at=submitted,
        )
        db.session.add(row)
        db.session.flush()
        return row

    def _state(self, promise: Promise, month: Month) -> MonthState:
        """How far a month of an approved promise has come by the demo's day."""
        this = Month.of(self.day)
        if promise.kind in UNPAID:
            return S.released if promise.kind == "expired" else S.reserved
        if promise.kind == "rejected":
            return S.refunded
        if promise.kind == "refund_failed" or (promise.kind == "cancelled" and month > this):
            return S.released
        if promise.kind not in APPROVED:
            return S.paid
        if promise.kind == "bounced" and month == promise.first:
            return S.bounced
        return S.posted if month <= this else S.remitted if month == this + 1 and promise.kind == "running" else S.paid

    def _month(self, promise: Promise, row: Sponsorship, price: MonthPrice) -> CoverageMonth:
        cell = self._cell(promise.worker, price, self._state(promise, price.month), row.payer_kind, row.id)
        self._stamp(cell, promise, row.submitted_at)
        if cell.state in {S.released, S.refunded, S.bounced}:
            cell.closed_at = self._when(2)
            cell.close_reason = promise.kind
        return cell

    def _stamp(self, cell: CoverageMonth, promise: Promise, submitted: datetime) -> None:
        """Asked for, paid minutes later, remitted after an officer's yes, posted after that; none of it later than yesterday."""
        start = self._start(cell.month)
        cell.created_at = submitted
        cell.paid_at = None if promise.kind in UNPAID else submitted + timedelta(minutes=4)
        if cell.remitted_at:
            cell.remitted_at = min(max(start + timedelta(days=3), submitted + timedelta(days=2)), self._when(1))
        if cell.posted_at:
            cell.posted_at = min(max(start + timedelta(days=6), submitted + timedelta(days=4)), self._when(1, 11))

    def _start(self, month: Month) -> datetime:
        return datetime.combine(month.first_day, time(9), tzinfo=clock.ZONE)

    def _cell(
        self, worker: Worker, price: MonthPrice, state: MonthState, payer: PayerKind, sponsorship_id: int | None
    ) -> CoverageMonth:
        start = self._start(price.month)
        paid = state in FUNDED or state in {S.refunded, S.bounced}
        cell = CoverageMonth(
            worker_id=worker.id,
            month=price.month,
            state=state,
            source=MonthSource.sponsorship if sponsorship_id else MonthSource.external,
            sponsorship_id=sponsorship_id,
            payer_kind=payer,
            package=Package.jkk_jkm,
            base_rupiah=price.base_rupiah,
            jkk_rupiah=price.jkk_rupiah,
            jkm_rupiah=price.jkm_rupiah,
            jht_rupiah=price.jht_rupiah,
            relief_rupiah=price.relief_rupiah,
            price_rupiah=price.total_rupiah,
            tariff_rows=price.row_ids,
            evidence=f"BPJS-{price.month}-{self.crowd.random.randint(100_000, 999_999)}" if state is S.posted else None,
            created_at=min(start, self._when(1)),
            paid_at=min(start, self._when(1)) if paid else None,
            remitted_at=min(start + timedelta(days=3), self._when(1)) if state in {S.remitted, S.posted, S.bounced} else None,
            posted_at=min(start + timedelta(days=6), self._when(1, 11)) if state is S.posted else None,
        )
        db.session.add(cell)
        return cell

    def _order(self, promise: Promise, row: Sponsorship, months: Sequence[CoverageMonth], at: datetime) -> Order:
        state = {"unpaid": OrderState.open, "expired": OrderState.expired}.get(promise.kind, OrderState.paid)
        order = Order(
            sponsorship_id=row.id,
            amount_rupiah=sum(month.price_rupiah for month in months),
            state=state,
            idempotency_key=f"demo-{row.code}",
            locale="id",
            created_at=at,
            expires_at=self._when(-1) if promise.kind == "unpaid" else at + timedelta(hours=1),
            session_expires_at=self._when(-1) if promise.kind == "unpaid" else at + timedelta(hours=1),
            paid_at=at + timedelta(minutes=4) if state is OrderState.paid else None,
            closed_at=None if promise.kind == "unpaid" else at + timedelta(hours=1),
        )
        db.session.add(order)
        db.session.flush()
        for month in months:
            db.session.add(OrderLine(order_id=order.id, coverage_month_id=month.id, amount_rupiah=month.price_rupiah))
        return order

    def _pay(self, promise: Promise, row: Sponsorship, order: Order, months: Sequence[CoverageMonth], at: datetime) -> None:
        payment = self._payment(order, at, "a")
        self.payments.append(payment)
        self.by_kind.setdefault(promise.kind, []).append(payment)
        for month in months:
            freed = None if month.state in FUNDED or month.state is S.bounced else self._when(2)
            db.session.add(
                Allocation(
                    payment_id=payment.id,
                    coverage_month_id=month.id,
                    amount_rupiah=month.price_rupiah,
                    created_at=at,
                    freed_at=freed,
                )
            )
        self._note(row, "payment.settle", audit.GATEWAY, at, {"amount_rupiah": order.amount_rupiah})
        given_back = [month for month in months if month.state in {S.refunded, S.released}]
        if given_back:
            self._refund(promise, row, payment, given_back)
        if promise.kind == "paid_twice":
            second = self._payment(order, at + timedelta(minutes=2), "b")
            reason = RefundReason.duplicate
            db.session.add(
                Suspense(
                    payment_id=second.id, amount_rupiah=second.amount_rupiah, reason=reason, opened_at=at + timedelta(minutes=2)
                )
            )

    def _payment(self, order: Order, at: datetime, mark: str) -> Payment:
        payment = Payment(
            order_id=order.id, provider_intent=f"pi_demo_{mark}_{order.id}", amount_rupiah=order.amount_rupiah, received_at=at
        )
        db.session.add(payment)
        db.session.flush()
        return payment

    def _refund(self, promise: Promise, row: Sponsorship, payment: Payment, months: Sequence[CoverageMonth]) -> None:
        failed = promise.kind == "refund_failed"
        state = RefundState.failed if failed else RefundState.succeeded if promise.kind == "rejected" else RefundState.approved
        amount = sum(month.price_rupiah for month in months)
        reason = RefundReason.cancelled if promise.kind == "cancelled" else RefundReason.rejected
        refund = Refund(
            payment_id=payment.id,
            amount_rupiah=amount,
            reason=reason,
            state=state,
            idempotency_key=f"demo-refund-{payment.id}",
            provider_refund=None if state is RefundState.approved else f"re_demo_{payment.id}",
            failure="expired_or_canceled_card" if failed else None,
            next_try_at=self._when(-3650) if state is RefundState.approved else None,
            created_at=self._when(2),
            sent_at=None if state is RefundState.approved else self._when(2, 11),
            succeeded_at=self._when(1) if state is RefundState.succeeded else None,
            closed_at=None if state is RefundState.approved else self._when(1),
        )
        db.session.add(refund)
        db.session.flush()
        for month in months:
            db.session.add(RefundLine(refund_id=refund.id, coverage_month_id=month.id, amount_rupiah=month.price_rupiah))
            self._trail(f"month:{month.ref}", f"month.{month.state.value}", audit.SYSTEM, self._when(1), None)
        if failed:
            db.session.add(
                Suspense(
                    payment_id=payment.id, amount_rupiah=amount, reason=reason, state=SuspenseState.open, opened_at=self._when(1)
                )
            )

    def _decide(self, promise: Promise, row: Sponsorship, mark: str, at: datetime) -> None:
        row.review_state = REVIEWS.get(promise.kind, ReviewState.approved if promise.kind in APPROVED else ReviewState.submitted)
        outcome = {
            ReviewState.approved: Outcome.approved,
            ReviewState.rejected: Outcome.rejected,
            ReviewState.needs_info: Outcome.needs_info,
        }.get(row.review_state)
        if outcome is None:
            return
        row.decided_at = at if outcome is not Outcome.needs_info else None
        row.question = "Apakah nama di KTP sama dengan yang ditulis?" if outcome is Outcome.needs_info else None
        db.session.add(
            Decision(
                sponsorship_id=row.id,
                officer_id=self.officer.id,
                maker_id=row.maker_id,
                sponsor_id=row.sponsor_id,
                outcome=outcome,
                reason=RejectReason.identity_mismatch if outcome is Outcome.rejected else None,
                note=row.question,
                fingerprint=mark,
                checks={},
                decided_at=at,
            )
        )
        action = {Outcome.approved: "approve", Outcome.rejected: "reject", Outcome.needs_info: "ask"}[outcome]
        self._note(row, f"sponsorship.{action}", self.officer.ref, at)

    def _finish(self, promise: Promise, row: Sponsorship, months: Sequence[CoverageMonth]) -> None:
        terms = {"cancelled": TermState.cancelled, "ended": TermState.ended, "rejected": TermState.cancelled}
        terms |= {"refund_failed": TermState.cancelled, "expired": TermState.cancelled}
        default = TermState.running if promise.kind in APPROVED else TermState.waiting
        row.term_state = terms.get(promise.kind, default)
        if row.term_state in {TermState.cancelled, TermState.ended}:
            row.ended_at, row.end_reason = self._when(2), promise.kind
            if promise.kind in {"cancelled", "ended"}:
                action = {"cancelled": "cancel", "ended": "end"}[promise.kind]
                self._note(row, f"sponsorship.{action}", promise.sponsor.ref, self._when(2))
        if promise.kind == "expired":
            for month in months:
                self._trail(f"month:{month.ref}", "month.released", audit.SYSTEM, self._when(2), None)

    def _note(self, row: Sponsorship, action: str, actor: str, at: datetime, after: dict[str, int] | None = None) -> None:
        self._trail(sponsorships.subject(row), action, actor, at, after)

    def _trail(self, subject: str, action: str, actor: str, at: datetime, after: dict[str, int] | None) -> None:
        with clock.frozen(at):
            audit.record(actor=actor, action=action, subject=subject, after=after)
