"""What a dispute means, told at once: to the sponsor for her months, to finance for what there is to do. Inside `transaction()`."""

from sqlalchemy import select

from sertakan.accounts.models import Person
from sertakan.accounts.permissions import Role
from sertakan.coverage.models import CoverageMonth
from sertakan.coverage.rules import FUNDED
from sertakan.db import db
from sertakan.kit.months import Month
from sertakan.notices import service as notices
from sertakan.notices.links import absolute
from sertakan.payments.models import Allocation, Dispute
from sertakan.payments.rules import DisputeState
from sertakan.sponsorships import queries as sponsorships
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.service import subject as promise_subject

TOLD = {DisputeState.open: "dispute_opened", DisputeState.won: "dispute_won", DisputeState.lost: "dispute_lost"}


def opened(dispute: Dispute, sponsorship: Sponsorship) -> None:
    """Its months wait; finance has until the bank's deadline to answer."""
    _tell_sponsor(dispute, sponsorship)
    people = select(Person).where(Person.role == Role.finance, Person.disabled_at.is_(None)).order_by(Person.id)
    for person in db.session.scalars(people).all():
        notices.queue(
            key=f"dispute_desk:{dispute.ref}:{person.ref}",
            kind="dispute_desk",
            subject=f"dispute:{dispute.ref}",
            person=person,
            context={"amount": dispute.amount_rupiah, "url": absolute("contested.detail", person.locale, ref=dispute.ref)},
        )


def closed(dispute: Dispute, sponsorship: Sponsorship) -> None:
    """Won: all goes on. Lost: which months are given up, and which stay with the worker whatever the bank did (PRODUCT 5.3)."""
    _tell_sponsor(dispute, sponsorship)


def _tell_sponsor(dispute: Dispute, sponsorship: Sponsorship) -> None:
    months, kept = _months(dispute.payment_id)
    notices.queue(
        key=f"{TOLD[dispute.state]}:{dispute.ref}",
        kind=TOLD[dispute.state],
        subject=promise_subject(sponsorship),
        person=sponsorship.sponsor,
        context={
            "code": sponsorship.code,
            "worker": sponsorships.display_name_for(sponsorship),
            "amount": dispute.amount_rupiah,
            "months": months,
            "kept": kept,
            "url": absolute("sponsorships.detail", sponsorship.sponsor.locale, code=sponsorship.code),
        },
    )


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
