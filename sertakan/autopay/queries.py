"""Reading consents and charges."""

from collections.abc import Sequence
from datetime import date, timedelta

from flask import abort
from sqlalchemy import and_, func, or_, select

from sertakan.autopay.models import AutoCharge, Autopay
from sertakan.autopay.rules import WAITING, ChargeState, ConsentState
from sertakan.db import db
from sertakan.kit import clock
from sertakan.kit.months import Month
from sertakan.payments.models import Order
from sertakan.payments.rules import OrderState
from sertakan.sponsorships.models import Sponsorship

BATCH = 500
LATE_SETUP = timedelta(hours=1)


def get(consent_id: int, lock: bool = False) -> Autopay:
    statement = select(Autopay).where(Autopay.id == consent_id)
    if lock:
        statement = statement.with_for_update(of=Autopay).execution_options(populate_existing=True)
    return db.session.scalars(statement).first() or abort(404)


def get_charge(charge_id: int, lock: bool = False) -> AutoCharge:
    statement = select(AutoCharge).where(AutoCharge.id == charge_id)
    if lock:
        statement = statement.with_for_update(of=AutoCharge).execution_options(populate_existing=True)
    return db.session.scalars(statement).first() or abort(404)


def find_last(sponsorship_id: int) -> Autopay | None:
    """What stands on her page: the living one, else the latest."""
    living = Autopay.state == ConsentState.living
    statement = select(Autopay).where(Autopay.sponsorship_id == sponsorship_id).order_by(living.desc(), Autopay.id.desc())
    return db.session.scalars(statement.limit(1)).first()


def find_living(sponsorship_id: int) -> Autopay | None:
    statement = select(Autopay).where(Autopay.sponsorship_id == sponsorship_id, Autopay.state == ConsentState.living)
    return db.session.scalars(statement).first()


def find_waiting(sponsorship_id: int) -> AutoCharge | None:
    """The charge that is announced or under way; there is at most one."""
    statement = select(AutoCharge).where(AutoCharge.sponsorship_id == sponsorship_id, AutoCharge.state.in_(WAITING))
    return db.session.scalars(statement).first()


def next_number(consent_id: int, first_month: object) -> int:
    highest = select(func.max(AutoCharge.number)).where(
        AutoCharge.autopay_id == consent_id, AutoCharge.first_month == first_month
    )
    return (db.session.scalar(highest) or 0) + 1


def find_customer(sponsor_id: int) -> str | None:
    """The customer that this person is known as: one for all her consents."""
    statement = select(Autopay.customer).join(Autopay.sponsorship)
    statement = statement.where(Sponsorship.sponsor_id == sponsor_id, Autopay.customer.is_not(None))
    return db.session.scalar(statement.order_by(Autopay.id).limit(1))


# ---- what a job looks at -------------------------------------------------------------------------------------------------------


def list_asking() -> Sequence[int]:
    """Ids of consents whose page is open, or was until an hour ago."""
    return _ids(select(Autopay.id).where(Autopay.state == ConsentState.asking))


def list_living(until: Month) -> Sequence[int]:
    """Ids of living consents whose promise ends by `until`."""
    near = Sponsorship.last_month <= until
    statement = select(Autopay.id).join(Autopay.sponsorship).where(Autopay.state == ConsentState.living, near)
    return _ids(statement)


def list_due(today: date) -> Sequence[int]:
    """Ids of charges whose day has come, that nobody has answered yet, or whose money came after all."""
    due = and_(AutoCharge.state == ChargeState.announced, AutoCharge.charge_on <= today)
    asked = and_(
        AutoCharge.state == ChargeState.trying, func.coalesce(AutoCharge.next_try_at, AutoCharge.created_at) <= clock.now()
    )
    late = and_(AutoCharge.state == ChargeState.failed, Order.state == OrderState.paid)
    statement = select(AutoCharge.id).outerjoin(Order, Order.id == AutoCharge.order_id)
    return _ids(statement.where(or_(due, asked, late)))


def list_attached() -> Sequence[int]:
    """Ids of ended consents whose card the payment service still holds."""
    return _ids(
        select(Autopay.id).where(Autopay.state == ConsentState.ended, Autopay.method.is_not(None), Autopay.detached_at.is_(None))
    )


def _ids(statement: object) -> Sequence[int]:
    return db.session.scalars(statement.order_by("id").limit(BATCH)).all()  # type: ignore[attr-defined]
