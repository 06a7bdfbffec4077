"""From a finished form, or a wish to go on, to the payment page. Each is one transaction, then the network, then a redirect."""

import logging
from typing import Any

from flask import flash, redirect, session, url_for

from sertakan.accounts import service as account_service
from sertakan.accounts.models import Person
from sertakan.accounts.rules import Contact
from sertakan.coverage import queries as coverage_queries
from sertakan.coverage.rules import MonthState
from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.payments import queries, rules, service
from sertakan.payments.models import Order
from sertakan.payments.rules import OrderState
from sertakan.payments.stripe import StripeError, StripeUnavailable
from sertakan.sponsorships import drafts, prices, refusals, renewal
from sertakan.sponsorships import queries as sponsorship_queries
from sertakan.sponsorships import service as sponsorship_service
from sertakan.sponsorships.answers import Answers
from sertakan.sponsorships.models import Sponsorship
from sertakan.tariff import queries as tariff_queries
from sertakan.web.errors import say
from sertakan.web.language import current_language

log = logging.getLogger("sertakan.payments")
OWN = "paid_here"  # codes that this browser paid for: only there the thank-you page names the worker
MOST_OWN = 10


def promise(answers: Answers, *, person_id: int | None, contact: Contact | None, shown_total: str) -> tuple[int, str]:
    """Make the sponsorship and its bill, all or nothing. Returns the order's id and the code; whatever was refused left nothing."""
    locale = current_language()
    quote = prices.quote_of(answers)
    if shown_total != str(quote.total_rupiah):
        raise refusals.PriceChanged
    with transaction():
        if drafts.current() is None:
            raise rules.AlreadySent
        person = _payer(person_id, contact, answers.sponsor_name, locale)
        sponsorship = sponsorship_service.submit(sponsor=person, answers=answers, quote=quote)
        months = coverage_queries.months_of_sponsorship(sponsorship.id)
        order = service.open_order(actor=person.ref, sponsorship=sponsorship, months=months, locale=locale)
        drafts.finish(sponsorship.code)
        return order.id, sponsorship.code


def _payer(person_id: int | None, contact: Contact | None, name: str, locale: str) -> Person:
    if person_id is not None:
        return db.session.get_one(Person, person_id)
    assert contact is not None
    return account_service.find_or_create_resident(contact=contact, name=name, locale=locale)


def renew(sponsorship_id: int, count: int, shown_total: str) -> tuple[int, str]:
    """Reserve `count` months more and make their bill. An unpaid bill of the same sponsorship is closed by nobody: it is offered."""
    with transaction():
        sponsorship = sponsorship_queries.get(sponsorship_id, lock=True)
        first = sponsorship_queries.next_start(sponsorship.worker_id, clock.today())
        offer = next((row for row in prices.renewals(sponsorship, first) if row.count == count), None)
        if offer is None:
            raise refusals.MonthsMissing(field="count")
        if shown_total != str(offer.total_rupiah):
            raise refusals.PriceChanged
        actor = sponsorship.sponsor.ref
        target, months = renewal.extend(actor=actor, sponsorship=sponsorship, count=count, quote=offer.quote, first_month=first)
        order = service.open_order(actor=actor, sponsorship=target, months=months, locale=current_language())
        return order.id, target.code


def open_again(order_id: int) -> tuple[int, str]:
    """A new bill for the months of one that expired, at today's price, if they are still free. Refuses OrderPaid, MonthTaken."""
    with transaction():
        order = queries.get_order(order_id, lock=True)
        if order.state is OrderState.paid:
            raise rules.OrderPaid
        if order.organisation_id is not None:
            raise rules.OrderClosed
        sponsorship = sponsorship_queries.get(order.promise.id, lock=True)
        if order.state in rules.UNPAID or not may_open_again(order, sponsorship):
            raise rules.OrderClosed
        wanted = [month.month for month in queries.months_of_order(order.id) if month.state is MonthState.released]
        quote = tariff_queries.quote_for(wanted, sponsorship.worker.occupation_code, sponsorship.payer_kind, sponsorship.package)
        actor = sponsorship.sponsor.ref
        months = sponsorship_service.reserve(actor=actor, sponsorship=sponsorship, quote=quote)
        sponsorship_service.refresh_fingerprint(sponsorship)
        new = service.open_order(actor=actor, sponsorship=sponsorship, months=months, locale=current_language())
        return new.id, sponsorship.code


def may_open_again(order: Order, sponsorship: Sponsorship) -> bool:
    """Only the last bill of a resident, of a sponsorship that still stands, whose months are not past, or owed and still to be had."""
    closed = rules.why_closed(sponsorship.review_state, sponsorship.term_state, sponsorship.worker.state)
    months = queries.months_of_order(order.id)
    owed = coverage_queries.owed(sponsorship.worker_id, clock.today())
    payable = bool(months) and months[0].month >= min(owed, default=clock.this_month())
    mine = order.organisation_id is None
    return mine and order.state in (OrderState.expired, OrderState.cancelled) and closed is None and payable


def go(order_id: int, code: str) -> Any:
    """To the payment page; to the waiting page when the payment service does not answer, where it can be tried again."""
    _remember(code)
    try:
        return redirect(service.start_checkout(order_id), 303)
    except StripeError as error:
        if not isinstance(error, StripeUnavailable):
            log.exception("order %s: the payment service says no", order_id)
        return to_waiting(order_id)
    except (rules.OrderPaid, rules.OrderClosed, rules.TooSmallToday) as no:
        flash(say(no), "bad")
        return to_waiting(order_id)


def to_waiting(order_id: int) -> Any:
    return redirect(url_for("payments.wait", ref=queries.get_order(order_id).ref), 303)


def _remember(code: str) -> None:
    codes = [known for known in session.get(OWN, []) if known != code]
    session[OWN] = [*codes, code][-MOST_OWN:]


def is_own(code: str) -> bool:
    """Whether this very browser went to pay for it."""
    return code in session.get(OWN, [])
