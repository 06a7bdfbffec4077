"""Money in: pay, decline, pay later, pay twice, close, expire, late, and what comes in the wrong order or never (QUALITY A 23, 63, 64)."""

import random
from collections.abc import Callable
from datetime import timedelta

import pytest

from sertakan.audit import queries as audit
from sertakan.coverage.rules import IllegalMove
from sertakan.db import transaction
from sertakan.kit import clock
from sertakan.notices.models import Notice
from sertakan.payments import jobs, queries, rules, service
from sertakan.payments.models import Allocation, Order, ProviderEvent, Receipt
from sertakan.payments.rules import ORDER_MOVES, EventState, OrderState, RefundReason
from sertakan.payments.stripe import StripeUnavailable
from sertakan.sponsorships import queries as sponsorship_queries
from sertakan.sponsorships import service as sponsorship_service
from sertakan.sponsorships.rules import ReviewState
from tests.payments.conftest import Till, answers, client_for, promise
from tests.sandbox_process import start_sandbox

HOUR = timedelta(hours=1)


def later(delta: timedelta) -> object:
    return clock.frozen(clock.now() + delta)


# ---- paying --------------------------------------------------------------------------------------------------------------------


def test_a_payment_fills_every_month_at_its_own_price(till: Till, agrees: Callable[[], None]) -> None:
    order_id = till.open()
    till.act(order_id, "pay")
    till.tell()
    order = till.order(order_id)
    assert order.state is OrderState.paid
    assert till.states(order_id) == {"paid"}
    amounts = sorted(row.amount_rupiah for row in till.all(Allocation))
    assert amounts == [8_400, *[16_800] * 5]
    assert till.payments[0].amount_rupiah == 92_400 == order.amount_rupiah
    assert till.receipts[0].label == "KW-2026-000001"
    agrees()


def test_a_payment_leaves_its_trail_and_tells_the_payer_once(till: Till) -> None:
    order_id = till.paid()
    till.tell(times=1)
    order = till.order(order_id)
    trail = [entry.action for entry in audit.list_for(service.subject(order))]
    assert trail == ["order.paid", "order.open", "order.open"]
    told = [notice for notice in till.all(Notice) if notice.kind == "order_paid"]
    assert len(told) == 1
    assert "Rp92.400" in told[0].body and "/bukti/" in told[0].body and "Sumiati" in told[0].body
    assert "Sumiati" not in told[0].title


def test_money_and_approval_together_start_the_term(till: Till) -> None:
    order_id = till.paid()
    assert till.sponsorship(order_id).term_state == "waiting"


def test_the_same_events_again_change_nothing(till: Till, agrees: Callable[[], None]) -> None:
    order_id = till.paid()
    before = _everything(till)
    for event in till.events() * 5:
        assert till.post(event) == 200
    jobs.handle_new_events()
    service.settle(order_id)
    jobs.reconcile()
    assert _everything(till) == before
    agrees()


def test_events_in_any_order_end_in_the_same_rows(till: Till, agrees: Callable[[], None]) -> None:
    dice = random.Random(7)
    for _ in range(6):
        order_id = till.open()
        till.act(order_id, "decline")
        till.act(order_id, "pay")
        till.tell(times=3, shuffle=dice)
        assert till.order(order_id).state is OrderState.paid
        assert till.states(order_id) == {"paid"}
    assert len(till.payments) == len(till.receipts) == 6
    agrees()


def test_the_return_page_alone_settles_when_no_event_ever_comes(till: Till) -> None:
    order_id = till.open()
    till.act(order_id, "pay")
    assert service.settle(order_id) is OrderState.paid
    assert till.states(order_id) == {"paid"}


def test_reconciling_finds_a_payment_that_nobody_told_of(till: Till, agrees: Callable[[], None]) -> None:
    order_id = till.open()
    till.act(order_id, "pay")
    jobs.reconcile()
    assert till.order(order_id).state is OrderState.paid
    agrees()


def test_a_declined_card_leaves_the_bill_open(till: Till) -> None:
    order_id = till.open()
    till.act(order_id, "decline")
    till.tell()
    order = till.order(order_id)
    assert order.state is OrderState.open and order.declined_at is not None
    assert till.states(order_id) == {"reserved"}
    assert not till.payments


def test_a_transfer_on_its_way_keeps_the_months_and_fills_them_when_it_comes(till: Till) -> None:
    order_id = till.open()
    till.act(order_id, "later")
    till.tell()
    order = till.order(order_id)
    assert order.state is OrderState.open and order.transfer_at is not None
    with later(3 * HOUR):
        jobs.expire_orders()
        assert till.states(order_id) == {"reserved"}
        till.act(order_id, "settle")
        till.tell()
        assert till.states(order_id) == {"paid"}


def test_a_transfer_that_fails_frees_the_months(till: Till) -> None:
    order_id = till.open()
    till.act(order_id, "later")
    till.act(order_id, "fail")
    till.tell()
    assert till.order(order_id).state is OrderState.expired
    assert till.states(order_id) == {"released"}


def test_a_transfer_that_never_comes_frees_the_months_after_its_day(till: Till) -> None:
    order_id = till.open()
    till.act(order_id, "later")
    till.tell()
    with later(25 * HOUR):
        jobs.expire_orders()
        assert till.order(order_id).state is OrderState.expired
        assert till.states(order_id) == {"released"}


def test_paying_twice_gives_the_second_payment_back(till: Till, agrees: Callable[[], None]) -> None:
    order_id = till.paid()
    till.act(order_id, "twice")
    till.tell()
    assert [payment.amount_rupiah for payment in till.payments] == [92_400, 92_400]
    assert [row.reason for row in till.suspense] == [RefundReason.duplicate]
    till.send_refunds()
    assert [refund.state for refund in till.refunds] == ["succeeded"]
    assert till.states(order_id) == {"paid"}
    assert len(till.receipts) == 1
    agrees()


# ---- expiring and coming late --------------------------------------------------------------------------------------------------


def test_pretix_2629_an_unpaid_bill_expires_after_asking_and_frees_its_months(till: Till) -> None:
    order_id = till.open()
    with later(HOUR + timedelta(minutes=29)):
        jobs.expire_orders()
        assert till.order(order_id).state is OrderState.open
    with later(HOUR + timedelta(minutes=31)):
        jobs.expire_orders()
        assert till.order(order_id).state is OrderState.expired
        assert till.states(order_id) == {"released"}
    assert till.sandbox.things("checkout.session")[0]["status"] == "expired"


def test_a_bill_that_was_paid_unheard_is_booked_instead_of_expired(till: Till) -> None:
    order_id = till.open()
    till.act(order_id, "pay")
    with later(2 * HOUR):
        jobs.expire_orders()
    assert till.order(order_id).state is OrderState.paid
    assert till.states(order_id) == {"paid"}


def test_a_page_that_the_service_does_not_know_ends_with_its_bill(till: Till) -> None:
    order_id = till.open()
    till.sandbox.reset()
    with later(timedelta(minutes=20)):
        jobs.reconcile()
        assert till.order(order_id).state is OrderState.open
    with later(2 * HOUR):
        jobs.expire_orders()
        assert till.order(order_id).state is OrderState.expired
        assert till.states(order_id) == {"released"}


def test_a_page_that_expired_at_the_service_frees_the_months(till: Till) -> None:
    order_id = till.open()
    till.sandbox.control("clock", advance_s=2 * 3600)
    till.tell()
    assert till.order(order_id).state is OrderState.expired
    assert till.states(order_id) == {"released"}


def test_a_late_success_takes_its_months_again_when_they_are_free(till: Till, agrees: Callable[[], None]) -> None:
    order_id = _expired_with_a_transfer(till)
    with later(30 * HOUR):
        till.act(order_id, "settle")
        till.tell()
        order = till.order(order_id)
        assert order.state is OrderState.paid and till.payments[0].late
        assert till.states(order_id) == {"paid"}
        assert len(till.receipts) == 1
    agrees()


def test_a_late_success_for_months_that_are_gone_goes_back_with_a_word(till: Till, agrees: Callable[[], None]) -> None:
    given = answers()
    order_id = _expired_with_a_transfer(till, given)
    with later(30 * HOUR):
        other = till.paid("tono", given.but(first_month="2027-02", count=3, contact="tono@contoh.test"))
        till.act(order_id, "settle")
        till.tell()
        assert till.months(order_id) == {
            "2026-12": "paid",
            "2027-01": "paid",
            "2027-02": "released",
            "2027-03": "released",
            "2027-04": "released",
            "2027-05": "paid",
        }
        assert till.states(other) == {"paid"}
        assert [(row.reason, row.amount_rupiah) for row in till.suspense] == [(RefundReason.month_taken, 3 * 16_800)]
        told = [notice.kind for notice in till.all(Notice) if notice.subject.endswith(till.sponsorship(order_id).ref)]
        assert sorted(told) == ["month_taken", "order_paid"]
        till.send_refunds()
        assert [refund.state for refund in till.refunds] == ["succeeded"]
    agrees()


def test_a_late_success_never_fills_a_month_that_is_past(till: Till) -> None:
    order_id = _expired_with_a_transfer(till)
    with later(timedelta(days=45)):
        till.act(order_id, "settle")
        till.tell()
        assert till.months(order_id)["2026-12"] == "released"
        assert till.months(order_id)["2027-01"] == "paid"
        assert till.suspense[0].amount_rupiah == 8_400


def test_reconciling_hears_of_a_late_transfer_whose_event_was_lost(till: Till) -> None:
    order_id = _expired_with_a_transfer(till)
    with later(4 * 24 * HOUR):
        till.act(order_id, "settle")
        jobs.reconcile()
        assert till.order(order_id).state is OrderState.paid


@pytest.mark.parametrize("how", ["withdrawn", "rejected"])
def test_money_for_what_is_over_waits_in_suspense_and_goes_back(till: Till, how: str, agrees: Callable[[], None]) -> None:
    order_id = till.open()
    with transaction():
        sponsorship = sponsorship_queries.get(till.order(order_id).sponsorship_id, lock=True)
        if how == "withdrawn":
            sponsorship_service.withdraw(actor="system", sponsorship=sponsorship, reason="test")
        else:
            sponsorship_service.move_review(actor="system", sponsorship=sponsorship, to=ReviewState.rejected, reason="test")
            sponsorship_service.release_months(actor="system", sponsorship=sponsorship, reason="rejected")
    till.act(order_id, "pay")
    till.tell()
    assert till.states(order_id) == {"released"}
    assert [row.reason.value for row in till.suspense] == [how]
    till.send_refunds()
    assert [refund.state for refund in till.refunds] == ["succeeded"]
    assert not till.receipts
    agrees()


def test_the_page_of_what_is_over_is_closed_at_once(till: Till) -> None:
    order_id = till.open()
    with transaction():
        sponsorship = sponsorship_queries.get(till.order(order_id).sponsorship_id, lock=True)
        sponsorship_service.withdraw(actor="system", sponsorship=sponsorship, reason="test")
    jobs.expire_orders()
    assert till.order(order_id).state is OrderState.cancelled
    assert till.sandbox.things("checkout.session")[0]["status"] == "expired"


# ---- what does not fit ---------------------------------------------------------------------------------------------------------


def test_another_amount_is_held_for_a_person(till: Till) -> None:
    order_id = till.open()
    with transaction():
        order = queries.get_order(order_id, lock=True)
        session = till.sandbox.things("checkout.session")[0]
        order.provider_session = session["id"]
    other = service.gateway.client().create_checkout_session(
        order_ref=till.order(order_id).ref,
        amount_rupiah=50_000,
        description="Iuran",
        success_url="http://localhost/a",
        cancel_url="http://localhost/b",
        expires_at=till.order(order_id).session_expires_at,
        locale="id",
        idempotency_key="another",
    )
    till.sandbox.act(other.id, "pay")
    till.tell()
    order = till.order(order_id)
    assert order.held_reason == "another amount"
    assert [(row.reason, row.state.value, row.amount_rupiah) for row in till.suspense] == [(RefundReason.error, "open", 50_000)]
    assert till.states(order_id) == {"reserved"}
    assert not till.refunds and not till.receipts
    with transaction():
        service.refund_suspense(actor="system", suspense=queries.list_suspense()[0])
    till.send_refunds()
    assert till.states(order_id) == {"released"}


def test_an_event_of_an_unknown_order_is_parked_tried_again_and_given_up(till: Till) -> None:
    service.gateway.client().create_checkout_session(
        order_ref="somebody-elses",
        amount_rupiah=50_000,
        description="Iuran",
        success_url="http://localhost/a",
        cancel_url="http://localhost/b",
        expires_at=clock.real_now() + HOUR,
        locale="id",
        idempotency_key="elsewhere",
    )
    till.sandbox.act(till.sandbox.things("checkout.session")[0]["id"], "pay")
    till.tell(only="checkout.session")
    row = till.all(ProviderEvent)[0]
    assert row.state is EventState.parked and row.next_try_at > clock.now()
    with later(timedelta(days=4)):
        jobs.handle_new_events()
        assert till.all(ProviderEvent)[0].state is EventState.ignored
    assert not till.payments


def test_an_event_that_says_paid_of_an_unpaid_page_changes_nothing(till: Till) -> None:
    order_id = till.open()
    answer = till.sandbox.things("checkout.session")[0]
    event = {
        "id": "evt_lie",
        "object": "event",
        "type": "checkout.session.completed",
        "created": int(clock.real_now().timestamp()),
        "livemode": False,
        "data": {"object": answer | {"status": "complete", "payment_status": "paid", "payment_intent": "pi_invented"}},
    }
    assert till.post(event) == 200
    jobs.handle_new_events()
    assert till.order(order_id).state is OrderState.open
    assert not till.payments


def test_below_the_floor_nothing_is_opened(till: Till) -> None:
    with pytest.raises(rules.BelowFloor) as no:
        _with_floor(till, 20_000, lambda: promise(till.cast.ids["sari"], answers(count=1)))
    assert no.value.params == {"amount": "Rp8.400", "floor": "Rp20.000"}
    assert not till.all(Order)


def test_too_small_for_the_service_today_closes_the_bill_with_words(till: Till) -> None:
    dear = start_sandbox(None, None, 0, "--minimum-rupiah", "20000")
    till.app.extensions["stripe"] = client_for(dear)
    try:
        order_id = promise(till.cast.ids["sari"], answers(count=1))
        with pytest.raises(rules.TooSmallToday):
            service.start_checkout(order_id)
    finally:
        dear.stop()
    assert till.order(order_id).state is OrderState.cancelled
    assert till.states(order_id) == {"released"}


# ---- the service does not answer -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["reset_before", "reset_after", "error_before", "bad_json", "in_use", "rate_limit"])
def test_an_answer_that_never_came_is_asked_for_again_with_the_same_key(till: Till, fault: str) -> None:
    order_id = promise(till.cast.ids["sari"])
    key = till.order(order_id).idempotency_key
    till.sandbox.fault(fault, path="/v1/checkout")
    with pytest.raises(StripeUnavailable):
        service.start_checkout(order_id)
    assert till.order(order_id).state is OrderState.opening
    url = service.start_checkout(order_id)
    assert url == till.order(order_id).checkout_url
    assert till.order(order_id).idempotency_key == key
    assert len(till.sandbox.things("checkout.session")) == 1


def test_reconciling_opens_what_was_left_opening(till: Till) -> None:
    order_id = promise(till.cast.ids["sari"])
    till.sandbox.fault("reset_after", path="/v1/checkout")
    with pytest.raises(StripeUnavailable):
        service.start_checkout(order_id)
    with later(timedelta(minutes=11)):
        jobs.reconcile()
    assert till.order(order_id).state is OrderState.open
    assert len(till.sandbox.things("checkout.session")) == 1


def test_a_lost_page_that_was_paid_is_found_by_our_reference(till: Till, agrees: Callable[[], None]) -> None:
    order_id = promise(till.cast.ids["sari"])
    till.sandbox.fault("reset_after", path="/v1/checkout")
    with pytest.raises(StripeUnavailable):
        service.start_checkout(order_id)
    till.sandbox.act(till.sandbox.things("checkout.session")[0]["id"], "pay")
    with later(2 * HOUR):
        jobs.expire_orders()
    assert till.order(order_id).state is OrderState.paid
    assert till.states(order_id) == {"paid"}
    agrees()


def test_a_bill_that_never_reached_the_service_expires(till: Till) -> None:
    order_id = promise(till.cast.ids["sari"])
    with later(2 * HOUR):
        jobs.expire_orders()
    assert till.order(order_id).state is OrderState.expired
    assert till.states(order_id) == {"released"}


def test_when_the_key_is_too_old_it_asks_and_begins_anew_only_after_a_no(till: Till) -> None:
    order_id = promise(till.cast.ids["sari"])
    with transaction():
        order = queries.get_order(order_id, lock=True)
        order.session_expires_at = clock.real_now() + timedelta(minutes=5)
        key = order.idempotency_key
    service.start_checkout(order_id)
    assert till.order(order_id).idempotency_key == rules.next_key(key)
    assert till.order(order_id).state is OrderState.open


def test_an_unreachable_service_leaves_the_event_for_later(till: Till) -> None:
    order_id = till.open()
    till.act(order_id, "pay")
    till.sandbox.fault("unavailable", times=99)
    till.tell()
    assert till.order(order_id).state is OrderState.open
    assert {row.state for row in till.all(ProviderEvent) if row.kind.startswith("checkout")} == {EventState.new}
    till.sandbox.heal()
    with later(timedelta(minutes=5)):
        jobs.handle_new_events()
    assert till.order(order_id).state is OrderState.paid


# ---- tables --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("before", list(OrderState))
@pytest.mark.parametrize("after", list(OrderState))
def test_an_order_moves_only_along_its_table(before: OrderState, after: OrderState) -> None:
    if after in ORDER_MOVES[before]:
        rules.check_order(before, after)
    else:
        with pytest.raises(IllegalMove):
            rules.check_order(before, after)


def test_receipt_numbers_have_no_gaps_and_begin_anew_each_year(till: Till) -> None:
    for _ in range(3):
        till.paid()
    with later(timedelta(days=45)):
        till.paid(given=answers(first_month="2027-02", count=3))
    assert [receipt.label for receipt in till.receipts] == [
        "KW-2026-000001",
        "KW-2026-000002",
        "KW-2026-000003",
        "KW-2027-000001",
    ]


# ---- helpers -------------------------------------------------------------------------------------------------------------------


def _expired_with_a_transfer(till: Till, given: object = None) -> int:
    """A bill whose transfer code ran out before the money came."""
    order_id = till.open(given=given)  # type: ignore[arg-type]
    till.act(order_id, "later")
    till.tell()
    with later(25 * HOUR):
        jobs.expire_orders()
        assert till.order(order_id).state is OrderState.expired
        assert till.states(order_id) == {"released"}
    return order_id


def _with_floor(till: Till, floor: int, do: Callable[[], int]) -> int:
    from dataclasses import replace

    settings = till.app.config["SETTINGS"]
    till.app.config["SETTINGS"] = replace(settings, payment_floor_rupiah=floor)
    try:
        return do()
    finally:
        till.app.config["SETTINGS"] = settings


def _everything(till: Till) -> dict[str, object]:
    from sertakan.audit.models import AuditEntry
    from tests.factories import count

    tables = (AuditEntry, Notice, Allocation, Receipt)
    return {table.__name__: count(table) for table in tables} | {
        "orders": [(order.state, order.amount_rupiah) for order in till.all(Order)],
        "payments": len(till.payments),
        "suspense": len(till.suspense),
        "refunds": len(till.refunds),
    }
