"""The demo's money that went astray: paid once more, asked back, sent by hand, disputed; so that finance has something to decide."""

from datetime import date, datetime, time, timedelta

from sertakan.accounts.models import Person
from sertakan.audit import service as audit
from sertakan.db import db
from sertakan.kit import clock
from sertakan.payments.models import BankTransfer, Dispute, Payment, PayoutAccount, Refund, Suspense
from sertakan.payments.rules import DisputeState, RefundReason, RefundState, SuspenseState

R = RefundState


def tell(payments: dict[str, list[Payment]], finance: Person, supervisor: Person, day: date) -> None:
    """Second payments of running promises, one for each state of a refund; money of three ages; two disputes."""
    teller = _Teller(finance, supervisor, day)
    running = payments["running"]
    for place, days in enumerate((1, 9, 40)):
        teller.park(teller.again(running[place], days), RefundReason.overpayment, days)
    teller.refund(running[3], R.requested, 2, "Dibayar dari dua ponsel")
    teller.refund(running[4], R.requested, 1, "Penanggung menelepon, salah pilih jumlah bulan")
    teller.refund(running[5], R.succeeded, 12, "Dibayar dua kali")
    teller.refund(running[6], R.cancelled, 4, "Penanggung ternyata ingin menambah bulan")
    teller.by_hand(running[7], R.approved, 6, "Kartunya sudah ditutup")
    teller.by_hand(running[8], R.sent, 8, "Kartunya sudah ditutup")
    teller.dispute(payments["future"][0], DisputeState.open, 3)
    teller.dispute(payments["ending"][0], DisputeState.lost, 20)


class _Teller:
    def __init__(self, finance: Person, supervisor: Person, day: date) -> None:
        self.finance, self.supervisor, self.day = finance, supervisor, day

    def _when(self, days_ago: int, hour: int = 10) -> datetime:
        return datetime.combine(self.day - timedelta(days=days_ago), time(hour, 40), tzinfo=clock.ZONE)

    def again(self, first: Payment, days_ago: int) -> Payment:
        """The same bill, paid once more."""
        payment = Payment(
            order_id=first.order_id,
            provider_intent=f"pi_demo_again_{first.id}",
            amount_rupiah=first.amount_rupiah,
            received_at=self._when(days_ago),
        )
        db.session.add(payment)
        db.session.flush()
        return payment

    def park(self, payment: Payment, reason: RefundReason, days_ago: int, came_from: Refund | None = None) -> Suspense:
        row = Suspense(
            payment_id=payment.id,
            amount_rupiah=payment.amount_rupiah,
            reason=reason,
            state=SuspenseState.open,
            returned_from_id=came_from.id if came_from else None,
            opened_at=self._when(days_ago, 11),
        )
        db.session.add(row)
        db.session.flush()
        return row

    def refund(self, first: Payment, state: RefundState, days_ago: int, note: str) -> Refund:
        """Asked for by finance; agreed to by the supervisor, unless it waits or was dropped."""
        payment = self.again(first, days_ago)
        suspense = self.park(payment, RefundReason.duplicate, days_ago)
        agreed = state in (R.approved, R.sent, R.succeeded)
        refund = Refund(
            payment_id=payment.id,
            amount_rupiah=payment.amount_rupiah,
            reason=RefundReason.duplicate,
            state=state,
            note=note,
            requested_by_id=self.finance.id,
            approved_by_id=self.supervisor.id if agreed else None,
            idempotency_key=f"demo-asked-{payment.id}",
            created_at=self._when(days_ago, 12),
            sent_at=self._when(days_ago, 15) if state in (R.sent, R.succeeded) else None,
            succeeded_at=self._when(days_ago, 16) if state is R.succeeded else None,
            closed_at=self._when(days_ago, 16) if state in (R.succeeded, R.cancelled) else None,
        )
        db.session.add(refund)
        db.session.flush()
        suspense.state, suspense.refund_id, suspense.closed_at = SuspenseState.refunded, refund.id, refund.created_at
        if state is R.cancelled:
            self.park(payment, RefundReason.duplicate, days_ago - 1, refund)
        with clock.frozen(refund.created_at):
            facts = {"amount_rupiah": refund.amount_rupiah, "state": state.value}
            audit.record(actor=self.finance.ref, action="refund.request", subject=f"refund:{refund.ref}", after=facts)
        return refund

    def by_hand(self, first: Payment, state: RefundState, days_ago: int, note: str) -> None:
        """By bank transfer: agreed to and not yet made, or made and not yet confirmed."""
        refund = self.refund(first, state, days_ago, note)
        account = PayoutAccount(
            sponsorship_id=first.order.sponsorship_id,
            bank="Bank Kalbar",
            holder=first.order.promise.sponsor.name,
            number=f"10{refund.id:06d}482",
            number_end="482",
            created_at=self._when(days_ago, 11),
        )
        db.session.add(account)
        db.session.flush()
        transfer = BankTransfer(refund_id=refund.id, account_id=account.id)
        if state is R.sent:
            transfer.proof, transfer.transferred_on = f"TRX-DEMO-{refund.id}", self._when(days_ago).date()
            transfer.typed_by_id = self.finance.id
        db.session.add(transfer)

    def dispute(self, payment: Payment, state: DisputeState, days_ago: int) -> None:
        """Open: its months wait. Lost: all of them had gone to BPJS, so that the loss is for two people to book."""
        lost = state is DisputeState.lost
        dispute = Dispute(
            payment_id=payment.id,
            provider_dispute=f"dp_demo_{payment.id}",
            amount_rupiah=payment.amount_rupiah,
            reason="fraudulent",
            state=state,
            loss_rupiah=payment.amount_rupiah if lost else 0,
            opened_at=self._when(days_ago),
            closed_at=self._when(days_ago - 9) if lost else None,
        )
        db.session.add(dispute)
        db.session.flush()
        with clock.frozen(dispute.opened_at):
            facts = {"amount_rupiah": dispute.amount_rupiah}
            audit.record(actor=audit.GATEWAY, action="dispute.open", subject=f"dispute:{dispute.ref}", after=facts)
