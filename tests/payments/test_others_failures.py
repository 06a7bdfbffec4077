"""What went wrong elsewhere with money and months (PRODUCT 6), each as a test that its cause cannot come back here."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from sertakan.coverage.rules import FUNDED, MonthState
from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.payments import jobs, queries, reconcile, service
from sertakan.payments.rules import OrderState
from sertakan.sponsorships import jobs as sweeping
from sertakan.sponsorships import queries as sponsorships
from sertakan.sponsorships import service as sponsorship_service
from sertakan.sponsorships.rules import ReviewState, TermState
from tests.payments.conftest import Till, answers
from tests.payments.test_refunds import reject

SIX = dict.fromkeys(("2026-12", "2027-01", "2027-02", "2027-03", "2027-04", "2027-05"), "paid")


def test_civicrm_11730_paid_confirmed_and_settled_again_moves_the_end_once(till: Till, agrees: Callable[[], None]) -> None:
    order_id = till.paid()
    for event in till.events():
        assert till.post(event) == 200
    jobs.handle_new_events()
    service.settle(order_id)
    reconcile.reconcile()
    assert till.months(order_id) == SIX
    assert str(till.sponsorship(order_id).last_month) == "2027-05"
    assert len(till.payments) == len(till.receipts) == 1
    agrees()


@pytest.mark.parametrize("outcome", ["decline", "fail", "expired", "cancelled", "refunded"])
def test_civicrm_11556_only_money_that_came_and_stayed_makes_cover(till: Till, outcome: str) -> None:
    order_id = till.open()
    if outcome == "fail":
        till.act(order_id, "later")
    if outcome in ("decline", "fail"):
        till.act(order_id, outcome)
    if outcome in ("expired", "cancelled"):
        with transaction():
            service.close_unpaid(queries.get_order(order_id, lock=True), reason=outcome, refused=outcome == "cancelled")
    if outcome == "refunded":
        till.act(order_id, "pay")
        till.tell()
        reject(till, order_id)
        till.send_refunds()
    till.tell()
    assert not till.states(order_id) & {state.value for state in FUNDED}


def test_civicrm_13706_a_bill_for_six_months_that_is_paid_late_covers_six(till: Till, agrees: Callable[[], None]) -> None:
    order_id = till.open()
    till.act(order_id, "later")
    with transaction():
        service.close_unpaid(queries.get_order(order_id, lock=True), reason="time over")
    assert till.states(order_id) == {"released"}
    with clock.frozen(clock.now() + timedelta(days=2)):
        till.act(order_id, "settle")
        till.tell()
        assert till.months(order_id) == SIX
    agrees()


def test_pretix_827_paid_on_the_last_day_and_told_three_days_later_is_accepted(till: Till) -> None:
    order_id = till.open()
    till.act(order_id, "pay")
    with clock.frozen(clock.now() + timedelta(days=3)):
        till.tell()
        assert till.order(order_id).state is OrderState.paid
        assert till.months(order_id) == SIX and not till.refunds


def test_pm_sym_one_month_can_be_bought(till: Till) -> None:
    order_id = till.paid(given=answers(count=1))
    assert till.months(order_id) == {"2026-12": "paid"}


@pytest.mark.parametrize("term", [TermState.paused, TermState.terminated, TermState.cancelled, TermState.waiting])
def test_openimis_bulk_expiry_the_clock_changes_nothing_that_is_not_running(till: Till, term: TermState) -> None:
    order_id = till.paid(given=answers(count=1))
    with transaction():
        row = sponsorships.get(till.order(order_id).sponsorship_id, lock=True)
        row.term_state, row.review_state = term, ReviewState.approved
    before = (term, till.months(order_id))
    with clock.frozen(clock.now() + timedelta(days=200)):
        sweeping.sweep(clock.today())
        row = till.sponsorship(order_id)
        assert (row.term_state, till.months(order_id)) == before
    with transaction():
        row = sponsorships.get(row.id, lock=True)
        row.term_state, row.review_state = TermState.waiting, ReviewState.submitted


def test_opencollective_4358_another_address_or_card_of_the_payer_keeps_every_month(till: Till) -> None:
    """I24: who is reached how, and what pays, are no part of a promise and its months."""
    order_id = till.paid()
    before = _everything(till, order_id)
    with transaction():
        person = sponsorships.get(till.order(order_id).sponsorship_id, lock=True).sponsor
        person.email = "baru@contoh.test"
    assert _everything(till, order_id) == before
    second = till.open(given=answers(count=1))
    till.act(second, "later")  # another way to pay
    till.act(second, "settle")
    till.tell()
    assert till.states(second) == {"paid"} and _everything(till, order_id) == before


def _everything(till: Till, order_id: int) -> tuple[object, ...]:
    row = till.sponsorship(order_id)
    months = [(month.month, month.state, month.price_rupiah, month.paid_at) for month in queries.months_of_order(order_id)]
    return row.sponsor_id, row.worker_id, row.term_state, row.review_state, row.fingerprint, months


def test_opencollective_6930_money_after_the_end_waits_in_the_open_or_goes_back(till: Till, agrees: Callable[[], None]) -> None:
    order_id = till.open()
    with transaction():
        row = sponsorships.get(till.order(order_id).sponsorship_id, lock=True)
        sponsorship_service.withdraw(actor="system", sponsorship=row, reason="sponsor")
    till.act(order_id, "pay")
    till.tell()
    assert MonthState.paid.value not in till.states(order_id)
    assert sum(refund.amount_rupiah for refund in till.refunds) == till.payments[0].amount_rupiah
    db.session.rollback()
    agrees()
