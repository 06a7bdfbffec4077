"""The machines of money: order, refund, suspense, event. Amounts are whole rupiah."""

from enum import StrEnum


class OrderState(StrEnum):
    opening = "opening"  # written, not yet known to the payment service
    open = "open"  # a payment page exists
    paid = "paid"
    expired = "expired"
    cancelled = "cancelled"


class RefundState(StrEnum):
    requested = "requested"
    approved = "approved"
    sent = "sent"
    succeeded = "succeeded"
    failed = "failed"
    cancelled = "cancelled"


class RefundReason(StrEnum):
    rejected = "rejected"
    withdrawn = "withdrawn"
    cancelled = "cancelled"
    duplicate = "duplicate"
    overpayment = "overpayment"
    month_taken = "month_taken"
    worker_died = "worker_died"
    error = "error"


class SuspenseState(StrEnum):
    open = "open"
    booked = "booked"
    refunded = "refunded"


class EventState(StrEnum):
    new = "new"
    done = "done"
    parked = "parked"  # its order is not known yet
    ignored = "ignored"


O, F = OrderState, RefundState  # noqa: E741
# Success beats failure whenever it arrives: an expired or cancelled order may still become paid (PRODUCT 5.1 rule 3).
ORDER_MOVES: dict[OrderState, frozenset[OrderState]] = {
    O.opening: frozenset({O.open, O.paid, O.expired, O.cancelled}),
    O.open: frozenset({O.paid, O.expired, O.cancelled}),
    O.paid: frozenset(),
    O.expired: frozenset({O.paid}),
    O.cancelled: frozenset({O.paid}),
}
REFUND_MOVES: dict[RefundState, frozenset[RefundState]] = {
    F.requested: frozenset({F.approved, F.cancelled}),
    F.approved: frozenset({F.sent, F.succeeded, F.failed, F.cancelled}),
    F.sent: frozenset({F.succeeded, F.failed}),
    F.succeeded: frozenset({F.failed}),  # a bank may return it days later
    F.failed: frozenset(),
    F.cancelled: frozenset(),
}
