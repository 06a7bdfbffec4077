"""What a dispute means, told at once: to its payers for their months, to finance for what there is to do. Inside `transaction()`."""

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select

from sertakan.accounts.models import Person
from sertakan.accounts.permissions import Role
from sertakan.coverage.models import CoverageMonth
from sertakan.coverage.rules import FUNDED
from sertakan.db import db
from sertakan.kit.months import Month
from sertakan.notices import service as notices
from sertakan.notices.links import absolute
from sertakan.payments import bills, payer, queries
from sertakan.payments.models import Allocation, Dispute, Order
from sertakan.payments.rules import DisputeState
from sertakan.sponsorships import queries as sponsorships

TOLD = {DisputeState.open: "dispute_opened", DisputeState.won: "dispute_won", DisputeState.lost: "dispute_lost"}


def opened(dispute: Dispute) -> None:
    """Its months wait; finance has until the bank's deadline to answer."""
    _tell_payers(dispute)
    people = select(Person).where(Person.role == Role.finance, Person.disabled_at.is_(None)).order_by(Person.id)
    for person in db.session.scalars(people).all():
        notices.queue(
            key=f"dispute_desk:{dispute.ref}:{person.ref}",
            kind="dispute_desk",
            subject=f"dispute:{dispute.ref}",
            person=person,
            context={"amount": dispute.amount_rupiah, "url": absolute("contested.detail", person.locale, ref=dispute.ref)},
        )


def closed(dispute: Dispute) -> None:
    """Won: all goes on. Lost: which months are given up, and which stay with the worker whatever the bank did (PRODUCT 5.3)."""
    _tell_payers(dispute)


def _tell_payers(dispute: Dispute) -> None:
    months, kept = _months(dispute.payment_id)
    order = dispute.payment.order
    for person in payer.people(order):
        notices.queue(
            key=f"{TOLD[dispute.state]}:{dispute.ref}:{person.ref}",
            kind=TOLD[dispute.state],
            subject=payer.subject(order),
            person=person,
            context={
                "code": queries.label_of(order),
                "worker": _whom(order, person),
                "amount": dispute.amount_rupiah,
                "months": months,
                "kept": kept,
                "url": _page(order, person),
            },
        )


def _whom(order: Order, person: Person) -> str:
    """In the language of the message."""
    if order.organisation_id is None:
        return sponsorships.display_name_for(order.promise)
    with force_locale(person.locale):
        return str(_("pekerja lembaga Anda"))


def _page(order: Order, person: Person) -> str:
    if order.organisation_id is None:
        return absolute("sponsorships.detail", person.locale, code=order.code)
    return absolute("bills.show", person.locale, share=bills.share_of(order.id))


def _months(payment_id: int) -> tuple[list[Month], list[Month]]:
    """Of all months that this payment ever filled: those that wait or are given up, and those that are with BPJS or on their way."""
    statement = (
        select(CoverageMonth)
        .join(Allocation, Allocation.coverage_month_id == CoverageMonth.id)
        .where(Allocation.payment_id == payment_id)
        .order_by(CoverageMonth.month)
    )
    rows = db.session.scalars(statement).all()
    kept = {row.month for row in rows if row.state in FUNDED and not row.returnable}
    return sorted({row.month for row in rows} - kept), sorted(kept)
