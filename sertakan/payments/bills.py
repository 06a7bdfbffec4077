"""The one bill of an organisation for many workers. Run inside `transaction()`.

It is an order like a resident's, with an invoice. Its months stay promised until it is due; each payment page that it gets lives an
hour. Money fills all of its months at once, in few statements whatever their number.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

from flask import abort
from sqlalchemy import Select, func, insert, literal, select, text
from sqlalchemy.orm import contains_eager, joinedload

from sertakan.accounts.models import Organisation, OrganisationKind
from sertakan.audit.service import GATEWAY, SYSTEM, record
from sertakan.coverage import service as coverage_service
from sertakan.coverage.models import CoverageMonth
from sertakan.coverage.rules import MonthState
from sertakan.db import db, new_ref
from sertakan.kit import clock
from sertakan.kit.money import rupiah
from sertakan.kit.months import Month
from sertakan.notices import service as notices
from sertakan.notices.links import absolute
from sertakan.payments import gateway, payer, queries, rules
from sertakan.payments.models import Allocation, Invoice, Order, OrderLine, Payment
from sertakan.payments.rules import OrderState
from sertakan.sponsorships import many
from sertakan.sponsorships import service as sponsorship_service
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import OPEN_REVIEWS
from sertakan.web.paging import Page, slice_page

INVOICE_LOCK = 7151973
REMIND_BEFORE = (7, 1)  # days before a bill is due
CHUNK = 500
PAGE = 20


# ---- opening -------------------------------------------------------------------------------------------------------------------


def open_bill(
    *, actor: str, organisation: Organisation, months: Select[Any], workers: int, locale: str, due_on: date | None = None
) -> Order:
    """One bill for these months (a SELECT of their ids), of which each is promised; `workers` is how many people that are.

    Due `BILL_DAYS` from today (`PUBLIC_BILL_DAYS` for a government body) unless said otherwise, at the end of that day in Pontianak.
    Refuses NothingToPay and BelowFloor.
    """
    settings = gateway.settings()
    mine = select(CoverageMonth).where(CoverageMonth.id.in_(months), CoverageMonth.state == MonthState.reserved).subquery()
    row = db.session.execute(select(func.coalesce(func.sum(mine.c.price_rupiah), 0), func.min(mine.c.sponsorship_id))).one()
    amount, floor = int(row[0]), settings.payment_floor_rupiah
    rules.check_floor(amount, floor, (rupiah(amount, locale), rupiah(floor, locale)))
    days = settings.public_bill_days if organisation.kind is OrganisationKind.government else settings.bill_days
    now, ref, due_on = clock.now(), new_ref(), due_on or clock.today() + timedelta(days=days)
    order = Order(
        ref=ref,
        sponsorship_id=row[1],
        organisation_id=organisation.id,
        attempt=queries.last_attempt(row[1]) + 1,
        amount_rupiah=amount,
        state=OrderState.opening,
        idempotency_key=f"order_{ref}_1",
        locale=locale,
        created_at=now,
        expires_at=end_of(due_on),
        session_expires_at=rules.page_end(clock.real_now(), settings.order_minutes),
    )
    db.session.add(order)
    db.session.flush()
    lines = select(literal(order.id), mine.c.id, mine.c.price_rupiah).order_by(mine.c.id)
    db.session.execute(insert(OrderLine).from_select(["order_id", "coverage_month_id", "amount_rupiah"], lines))
    invoice = issue_invoice(order, workers, due_on)
    facts = {"amount_rupiah": amount, "workers": workers, "organisation": organisation.ref, "invoice": invoice.label}
    record(actor=actor, action="order.open", subject=f"order:{order.ref}", after=facts)
    return order


def end_of(day: date) -> datetime:
    """The last moment of a day in Pontianak."""
    return datetime.combine(day + timedelta(days=1), time(), clock.ZONE).astimezone(clock.now().tzinfo)


def issue_invoice(order: Order, workers: int, due_on: date) -> Invoice:
    """The next number of this year in Pontianak, without gaps: numbers are given under a lock and roll back with their bill."""
    if db.session.get_bind().dialect.name == "postgresql":
        db.session.execute(text(f"SELECT pg_advisory_xact_lock({INVOICE_LOCK})"))
    year = clock.today().year
    last = db.session.scalar(select(func.max(Invoice.number)).where(Invoice.year == year)) or 0
    invoice = Invoice(order_id=order.id, year=year, number=last + 1, workers=workers, due_on=due_on, issued_at=clock.now())
    db.session.add(invoice)
    db.session.flush()
    return invoice


def another_page(order: Order, why: str) -> None:
    """The payment page of a bill that is not yet due is over: the next click gets another one, under a new key."""
    order.state, order.provider_session, order.checkout_url, order.transfer_at = OrderState.opening, None, None, None
    order.idempotency_key = rules.next_key(order.idempotency_key)
    order.session_expires_at = rules.page_end(clock.real_now(), gateway.settings().order_minutes)
    record(actor=GATEWAY, action="order.again", subject=f"order:{order.ref}", reason=why)


# ---- filling -------------------------------------------------------------------------------------------------------------------


class Taken(NamedTuple):
    """Ids of the months that the money fills now, the promises they belong to, and the rupiah for what is not to be had."""

    months: list[int]
    promises: list[int]
    lost_rupiah: int


def take(order: Order) -> Taken:
    """The months of a locked bill that are still promised, held until the transaction ends."""
    rows = db.session.execute(
        select(CoverageMonth.id, CoverageMonth.sponsorship_id, CoverageMonth.state, OrderLine.amount_rupiah)
        .join(OrderLine, OrderLine.coverage_month_id == CoverageMonth.id)
        .where(OrderLine.order_id == order.id)
        .order_by(CoverageMonth.month, CoverageMonth.id)
        .with_for_update(of=CoverageMonth)
    ).all()
    mine = [row for row in rows if row.state is MonthState.reserved]
    lost = sum(row.amount_rupiah for row in rows if row.state is not MonthState.reserved)
    return Taken([row.id for row in mine], sorted({row.sponsorship_id for row in mine}), lost)


def pay(taken: Taken, parts: Iterable[dict[str, Any]]) -> None:
    """These months are paid by these allocations (without their time): together, in chunks of statements."""
    now = clock.now()
    rows = [{**part, "created_at": now} for part in parts]
    for start in range(0, len(rows), CHUNK):
        db.session.execute(insert(Allocation), rows[start : start + CHUNK])
    for start in range(0, len(taken.months), CHUNK):
        ids = taken.months[start : start + CHUNK]
        coverage_service.move_many(actor=GATEWAY, ids=ids, before=MonthState.reserved, to=MonthState.paid)


def whole(taken: Taken, payment: Payment) -> list[dict[str, Any]]:
    """The allocations when one payment fills everything."""
    prices = _prices(taken.months)
    return [{"payment_id": payment.id, "coverage_month_id": row, "amount_rupiah": prices[row]} for row in taken.months]


def _prices(ids: Sequence[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    for start in range(0, len(ids), CHUNK):
        part = select(CoverageMonth.id, CoverageMonth.price_rupiah).where(CoverageMonth.id.in_(ids[start : start + CHUNK]))
        found.update({row[0]: row[1] for row in db.session.execute(part)})
    return found


def prices_of(taken: Taken) -> list[int]:
    """The price of each month of `taken`, in its order."""
    prices = _prices(taken.months)
    return [prices[row] for row in taken.months]


def begin(taken: Taken) -> None:
    """Promises that officers have approved already start now; a promise that goes on ends later."""
    many.start_many(taken.promises)


def tell_paid(order: Order, payment: Payment, receipt_ref: str) -> None:
    """The word to its payers: it is paid, and where the receipt is."""
    invoice = invoice_of(order.id)
    for person in payer.people(order):
        notices.queue(
            key=f"order_paid:{order.ref}:{person.ref}",
            kind="bill_paid",
            subject=f"order:{order.ref}",
            person=person,
            context={
                "invoice": invoice.label,
                "amount": payment.amount_rupiah,
                "workers": invoice.workers,
                "receipt_url": absolute("payments.receipt", person.locale, ref=receipt_ref),
            },
        )


def remind() -> int:
    """A week and a day before a bill is due, its payers are told, once each time. Returns how many bills are near."""
    days = [clock.today() + timedelta(days=days) for days in REMIND_BEFORE]
    rows = db.session.scalars(
        select(Invoice)
        .join(Invoice.order)
        .where(Order.state.in_(rules.UNPAID), Order.held_reason.is_(None), ~Order.topup, Invoice.due_on.in_(days))
        .options(contains_eager(Invoice.order))
        .order_by(Invoice.id)
    ).all()
    for invoice in rows:
        left = (invoice.due_on - clock.today()).days
        for person in payer.people(invoice.order):
            notices.queue(
                key=f"bill_due:{invoice.ref}:{left}:{person.ref}",
                kind="bill_due",
                subject=f"order:{invoice.order.ref}",
                person=person,
                context={
                    "invoice": invoice.label,
                    "amount": invoice.order.amount_rupiah,
                    "workers": invoice.workers,
                    "due_on": invoice.due_on,
                    "url": absolute("bills.show", person.locale, share=invoice.share_ref),
                },
                stale_at=invoice.order.expires_at,
            )
    return len(rows)


# ---- closing -------------------------------------------------------------------------------------------------------------------


def close(order: Order) -> None:
    """A closed bill without money: its months are free for others, and requests that hold nothing else are taken back.

    A top-up that nobody paid closes without a word: nobody loses anything by it.
    """
    if order.topup:
        return
    taken = take(order)
    for start in range(0, len(taken.months), CHUNK):
        ids = taken.months[start : start + CHUNK]
        reasons = dict.fromkeys(ids, "unpaid")
        coverage_service.move_many(actor=SYSTEM, ids=ids, before=MonthState.reserved, to=MonthState.released, reasons=reasons)
    open_ = Sponsorship.review_state.in_(OPEN_REVIEWS)  # what is decided keeps what the decision was made on
    for start in range(0, len(taken.promises), CHUNK):
        mine = Sponsorship.id.in_(taken.promises[start : start + CHUNK])
        for row in db.session.scalars(select(Sponsorship).where(mine, open_).order_by(Sponsorship.id).with_for_update()):
            sponsorship_service.refresh_fingerprint(row)
    many.cancel_many(taken.promises, actor=SYSTEM, reason="unpaid")
    _tell_closed(order)


def _tell_closed(order: Order) -> None:
    invoice = invoice_of(order.id)
    organisation = order.organisation.ref if order.organisation else ""
    for person in payer.people(order):
        notices.queue(
            key=f"bill_closed:{invoice.ref}:{person.ref}",
            kind="bill_closed",
            subject=f"order:{order.ref}",
            person=person,
            context={
                "invoice": invoice.label,
                "amount": order.amount_rupiah,
                "workers": invoice.workers,
                "url": absolute("bulk.index", person.locale, ref=organisation),
            },
        )


# ---- reading -------------------------------------------------------------------------------------------------------------------


class Part(NamedTuple):
    """The months of one price on a bill: how many workers, and whole rupiah."""

    month: Month
    price_rupiah: int
    relief_rupiah: int
    workers: int
    amount_rupiah: int


def parts_of(order_id: int) -> list[Part]:
    """What a bill is made of, by month and price."""
    c = CoverageMonth
    rows = db.session.execute(
        select(c.month, c.price_rupiah, c.relief_rupiah, func.count(), func.sum(OrderLine.amount_rupiah))
        .join(OrderLine, OrderLine.coverage_month_id == c.id)
        .where(OrderLine.order_id == order_id)
        .group_by(c.month, c.price_rupiah, c.relief_rupiah)
        .order_by(c.month, c.price_rupiah)
    )
    return [Part(row[0], row[1], row[2], row[3], int(row[4])) for row in rows]


def promises_of(payment_id: int) -> Sequence[Sponsorship]:
    """Whose months a payment ever filled."""
    months = select(CoverageMonth.sponsorship_id).join(Allocation, Allocation.coverage_month_id == CoverageMonth.id)
    statement = select(Sponsorship).where(Sponsorship.id.in_(months.where(Allocation.payment_id == payment_id)))
    return db.session.scalars(statement.order_by(Sponsorship.id).with_for_update(of=Sponsorship)).all()


def successor(order: Order) -> int | None:
    """The newest bill that took over months of this one, which was replaced; itself not replaced."""
    if order.organisation_id is None or order.state is not OrderState.cancelled:
        return None
    mine = select(OrderLine.coverage_month_id).where(OrderLine.order_id == order.id)
    later = select(func.max(OrderLine.order_id)).where(OrderLine.coverage_month_id.in_(mine), OrderLine.order_id > order.id)
    return db.session.scalar(later)


def invoice_now(order_id: int) -> Invoice:
    """The paper that holds now: of the bill itself, or of the one that replaced it."""
    invoice = invoice_of(order_id)
    newer = successor(invoice.order) if invoice.voided_at is not None else None
    return invoice_of(newer) if newer is not None else invoice


def share_of(order_id: int | None) -> str:
    """The address of a bill; empty when there is none."""
    return invoice_of(order_id).share_ref if order_id is not None else ""


def invoice_of(order_id: int) -> Invoice:
    """The paper of an organisation's bill."""
    return db.session.scalars(select(Invoice).where(Invoice.order_id == order_id)).one()


def get_invoice(share_ref: str) -> Invoice:
    """By the reference that is shared with whoever has to pay; 404 for a made-up one."""
    statement = select(Invoice).where(Invoice.share_ref == share_ref)
    statement = statement.options(joinedload(Invoice.order).joinedload(Order.organisation))
    return db.session.scalars(statement).first() or abort(404)


def get_own_invoice(organisation_id: int, share_ref: str) -> Invoice:
    """The same, only for the organisation whose bill it is; 404 for all others."""
    invoice = get_invoice(share_ref)
    return invoice if invoice.order.organisation_id == organisation_id else abort(404)


def list_invoices(organisation_id: int, page: int) -> Page[Invoice]:
    """The bills of an organisation, newest first."""
    statement = (
        select(Invoice)
        .join(Invoice.order)
        .where(Order.organisation_id == organisation_id)
        .options(contains_eager(Invoice.order))
        .order_by(Invoice.id.desc())
        .limit(PAGE + 1)
        .offset((page - 1) * PAGE)
    )
    return slice_page(db.session.scalars(statement).all(), page, PAGE)
