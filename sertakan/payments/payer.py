"""Whose bill it is: who hears of its money, and how staff may see the payer. Only reads."""

from sqlalchemy import select

from sertakan.accounts.models import MemberRole, Membership, Person
from sertakan.db import db
from sertakan.payments.models import Order
from sertakan.sponsorships import service as sponsorship_service


def people(order: Order) -> list[Person]:
    """The sponsor; of an organisation's bill its members for finance, and who made it.

    Of money paid ahead, where nobody keeps its finance, all of its members.
    """
    made = [order.sponsorship.sponsor] if order.sponsorship is not None else []
    if order.organisation_id is None:
        return made
    found = {person.id: person for person in (*members(order.organisation_id, MemberRole.finance), *made)}
    return list(found.values()) or members(order.organisation_id, *MemberRole)


def members(organisation_id: int, *roles: MemberRole) -> list[Person]:
    """The members of an organisation who have one of these roles today, the oldest first."""
    statement = (
        select(Person)
        .join(Membership, Membership.person_id == Person.id)
        .where(Membership.organisation_id == organisation_id, Membership.ended_at.is_(None), Membership.role.in_(roles))
        .order_by(Membership.id)
    )
    return list(db.session.scalars(statement))


def subject(order: Order) -> str:
    """What messages about the money of a bill are about, as the trail names it."""
    if order.organisation_id is not None:
        return f"order:{order.ref}"
    return sponsorship_service.subject(order.promise)


def shown(order: Order) -> str:
    """Enough to recognise a payer, too little to tell: `S••• W•••`. The name of an organisation is public."""
    if order.organisation is not None:
        return str(order.organisation.name)
    promise = order.promise
    if promise.organisation is not None:
        return str(promise.organisation.name)
    return " ".join(f"{word[0]}•••" for word in promise.sponsor.name.split())
