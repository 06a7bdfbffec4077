"""What the clock and knocks start. The rows are the truth: every run finds what is due by itself."""

from sertakan.db import transaction
from sertakan.payments import bills, giving_way, queries
from sertakan.payments import reconcile as reconciling
from sertakan.payments.inbox import handle_event
from sertakan.payments.refunds import send_refund
from sertakan.web.knock import knock


def handle_new_events() -> str:
    """Every stored event that is due, oldest first."""
    due = queries.due_events()
    return _share(reconciling.each(due, handle_event, "event"), len(due))


def send_refunds() -> str:
    """Every approved refund that is due."""
    due = queries.due_refunds()
    return _share(reconciling.each(due, send_refund, "refund"), len(due))


def _share(done: int, due: int) -> str:
    return f"{done} of {due}" if due else "0"


def expire_orders() -> str:
    """Bills whose time is over, who pays for many hears of bills due soon, and money whose payer gave no word goes back."""
    closed = reconciling.expire_orders()
    with transaction():
        near = bills.remind()
    back = giving_way.return_unanswered()
    return f"{closed} closed, {near} due soon, {back} given back"


def reconcile() -> str:
    """Ask the payment service about everything that should have ended."""
    counts = reconciling.reconcile()
    knock("refunds")
    return ", ".join(f"{name} {count}" for name, count in counts.items())
