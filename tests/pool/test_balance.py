"""Money that an organisation pays ahead: how it comes, what it pays, and how it goes back."""

import pytest
from flask import Flask
from sqlalchemy import select

from sertakan.coverage.rules import MonthState
from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.notices.models import Notice
from sertakan.payments import bills, incoming, refunds, rules, service, transfers
from sertakan.payments.models import BalanceUse, Dispute, Order, Payment, Receipt, Refund, Suspense
from sertakan.payments.rules import OrderState, RefundReason, SuspenseState
from sertakan.pool.rules import NotVerified, NotYourPart
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import ReviewState
from tests.cast import Cast
from tests.payments.conftest import Till
from tests.payments.test_bills import AMOUNT, open_bill, states, transfer
from tests.pool.money import check_books, have, paid_ahead, pay, statement, top_up


def kinds() -> list[str]:
    return sorted(db.session.scalars(select(Notice.kind)))


# ---- coming --------------------------------------------------------------------------------------------------------------------


def test_what_comes_by_transfer_is_balance_at_once_and_the_bill_is_done_when_all_has_come(app: Flask, cast: Cast) -> None:
    order_id = top_up(cast, 100_000)
    transfer(cast, order_id, 30_000)
    assert (have(cast), db.session.get_one(Order, order_id).state) == (30_000, OrderState.opening)
    transfer(cast, order_id, 80_000)
    assert (have(cast), db.session.get_one(Order, order_id).state) == (110_000, OrderState.paid)
    assert statement(cast) == (0, 110_000, 0, 0, 0, 110_000)
    assert db.session.query(Receipt).count() == 2 and set(kinds()) == {"balance_came"}
    check_books()


def test_paid_on_the_payment_page_it_is_balance_too(till: Till, cast: Cast) -> None:
    order_id = top_up(cast, 100_000)
    service.start_checkout(order_id)
    till.act(order_id, "pay")
    till.tell(times=2)
    assert (have(cast), till.order(order_id).state, len(till.receipts)) == (100_000, OrderState.paid, 1)


def test_a_top_up_that_nobody_pays_closes_without_a_word(app: Flask, cast: Cast) -> None:
    order_id = top_up(cast, 100_000)
    with transaction():
        service.close_unpaid(db.session.get_one(Order, order_id), reason="time over")
    assert (db.session.get_one(Order, order_id).state, kinds()) == (OrderState.expired, [])
    transfer(cast, order_id, 100_000)
    assert (have(cast), db.session.get_one(Order, order_id).state) == (100_000, OrderState.paid)
    check_books()


def test_who_is_not_verified_pays_nothing_ahead(app: Flask, cast: Cast) -> None:
    with transaction():
        cast.khatulistiwa.verified_at = None
    with pytest.raises(NotVerified):
        top_up(cast, 100_000)


# ---- paying --------------------------------------------------------------------------------------------------------------------


def test_bills_are_paid_from_it_oldest_money_first_and_every_rupiah_stands_somewhere(app: Flask, cast: Cast) -> None:
    first, second = open_bill(cast, 1), None
    paid_ahead(cast, 20_000)
    paid_ahead(cast, 40_000)
    assert pay(cast, first) == AMOUNT // 3
    assert db.session.get_one(Order, first).state is OrderState.paid and states(cast) == {MonthState.paid}
    assert have(cast) == 60_000 - AMOUNT // 3
    second = open_bill(cast, 1)
    pay(cast, second)
    uses = db.session.execute(select(BalanceUse.order_id, BalanceUse.amount_rupiah).order_by(BalanceUse.id)).all()
    assert [tuple(row) for row in uses] == [(first, 20_000), (first, AMOUNT // 3 - 20_000), (second, AMOUNT // 3)]
    assert statement(cast) == (0, 60_000, 2 * AMOUNT // 3, 0, 0, 60_000 - 2 * AMOUNT // 3)
    assert kinds().count("bill_paid") == 2, "each bill is told of, though one payment paid both"
    check_books()


def test_too_little_pays_nothing_at_all(app: Flask, cast: Cast) -> None:
    order_id = open_bill(cast)
    paid_ahead(cast, AMOUNT - 1)
    with pytest.raises(rules.BalanceTooLow):
        pay(cast, order_id)
    assert (have(cast), db.session.get_one(Order, order_id).state) == (AMOUNT - 1, OrderState.opening)
    assert states(cast) == {MonthState.reserved} and db.session.query(BalanceUse).count() == 0


def test_what_was_transferred_for_the_bill_is_used_before_the_balance(app: Flask, cast: Cast) -> None:
    order_id = open_bill(cast)
    transfer(cast, order_id, 50_000)
    assert have(cast) == 0, "a part of a bill is no balance"
    paid_ahead(cast, AMOUNT)
    assert pay(cast, order_id) == AMOUNT - 50_000
    assert (have(cast), incoming.received(order_id)) == (50_000, 0)
    check_books()


def test_a_bill_is_paid_once_and_only_by_checker_or_finance(app: Flask, cast: Cast) -> None:
    order_id = open_bill(cast)
    paid_ahead(cast, 3 * AMOUNT)
    with pytest.raises(NotYourPart):
        pay(cast, order_id, "rina")
    pay(cast, order_id)
    with pytest.raises(rules.OrderPaid):
        pay(cast, order_id)
    with pytest.raises(rules.OrderClosed):
        pay(cast, top_up(cast, 100_000))
    assert have(cast) == 2 * AMOUNT


def test_what_is_over_and_what_is_given_up_is_balance_again(app: Flask, cast: Cast) -> None:
    order_id = open_bill(cast, 1, ReviewState.submitted)
    paid_ahead(cast, AMOUNT)
    pay(cast, order_id)
    with transaction():
        promise = db.session.scalars(select(Sponsorship)).one()
        months = list(db.session.scalars(select(bills.CoverageMonth).with_for_update()))
        refunds.refund_months(actor="system", sponsorship=promise, months=months, reason=RefundReason.rejected)
    assert have(cast) == AMOUNT and db.session.query(Refund).count() == 0
    assert statement(cast) == (0, AMOUNT, AMOUNT // 3, AMOUNT // 3, 0, AMOUNT)
    other = open_bill(cast, 1)
    transfer(cast, other, AMOUNT)
    assert have(cast) == AMOUNT + 2 * AMOUNT // 3
    check_books()


def test_money_that_a_bank_asks_back_pays_nothing(app: Flask, cast: Cast) -> None:
    paid_ahead(cast, AMOUNT)
    with transaction() as session:
        payment = session.scalars(select(Payment)).one()
        facts = {"provider_dispute": "dp_1", "amount_rupiah": AMOUNT, "reason": "fraudulent", "opened_at": clock.now()}
        session.add(Dispute(payment_id=payment.id, **facts))
    assert have(cast) == 0
    with pytest.raises(rules.BalanceTooLow):
        pay(cast, open_bill(cast))


# ---- going back ----------------------------------------------------------------------------------------------------------------


def test_it_goes_back_to_the_account_of_the_organisation_by_two_people(app: Flask, cast: Cast) -> None:
    paid_ahead(cast, 100_000)
    account = {"bank": "Bank Kalbar", "holder": "PT Khatulistiwa", "number": "1234567890"}
    with transaction():
        suspense = db.session.scalars(select(Suspense)).one()
        transfers.ask_account(actor=cast.maya, suspense=suspense)
        transfers.give_account(actor=cast.rina.ref, of=cast.khatulistiwa, **account)
        refund = transfers.refund_by_transfer(actor=cast.maya, suspense=suspense, reason=RefundReason.cancelled, note="diminta")
        refund_id = refund.id
    assert have(cast) == 0 and statement(cast) == (0, 100_000, 0, 0, 100_000, 0)
    with transaction():
        refund = db.session.get_one(Refund, refund_id)
        refunds.agree_refund(actor=cast.agus, refund=refund)
        transfers.note_transfer(actor=cast.maya, refund=refund, proof="KB-1", day=clock.today())
        transfers.confirm_transfer(actor=cast.agus, refund=refund)
    assert {"account_needed", "refunded_by_transfer"} <= set(kinds())
    assert [row.state for row in db.session.query(Suspense)] == [SuspenseState.refunded]
    check_books()
