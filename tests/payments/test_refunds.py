"""Money back: by rule and by two people, sent once, confirmed, failed, tried again; the payment always adds up (I2)."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from sertakan.audit import queries as audit
from sertakan.coverage import service as coverage_service
from sertakan.coverage.rules import IllegalMove, MonthState
from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.notices.models import Notice
from sertakan.payments import checkout, jobs, queries, rules, service
from sertakan.payments.models import Refund
from sertakan.payments.rules import REFUND_MOVES, RefundReason, RefundState
from sertakan.review.models import Decision
from sertakan.review.rules import Outcome
from sertakan.sponsorships import prices
from sertakan.sponsorships import queries as sponsorship_queries
from sertakan.sponsorships import service as sponsorship_service
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import ReviewState
from tests.payments.conftest import Till, answers


def reject(till: Till, order_id: int) -> list[Refund]:
    """What an officer's no does to the money."""
    with transaction():
        sponsorship = sponsorship_queries.get(till.order(order_id).sponsorship_id, lock=True)
        sponsorship_service.move_review(actor="system", sponsorship=sponsorship, to=ReviewState.rejected, reason="no_consent")
        paid = sponsorship_service.release_months(actor="system", sponsorship=sponsorship, reason="rejected")
        return service.refund_months(actor="system", sponsorship=sponsorship, months=paid, reason=RefundReason.rejected)


def test_a_rejection_gives_every_month_back_in_full(till: Till, agrees: Callable[[], None]) -> None:
    order_id = till.paid()
    reject(till, order_id)
    assert till.states(order_id) == {"released"}
    assert [(refund.amount_rupiah, refund.state) for refund in till.refunds] == [(92_400, RefundState.approved)]
    till.send_refunds()
    refund = till.refunds[0]
    assert refund.state is RefundState.succeeded and refund.succeeded_at
    assert till.states(order_id) == {"refunded"}
    assert {notice.kind for notice in till.all(Notice)} == {"order_paid", "refunded"}
    trail = [entry.action for entry in audit.list_for(f"refund:{refund.ref}")]
    assert trail == ["refund.succeeded", "refund.request"]
    agrees()


def test_asking_twice_gives_back_once(till: Till, agrees: Callable[[], None]) -> None:
    order_id = till.paid()
    reject(till, order_id)
    with transaction():
        sponsorship = till.sponsorship(order_id)
        months = queries.months_of_order(order_id)
        again = service.refund_months(actor="system", sponsorship=sponsorship, months=months, reason=RefundReason.rejected)
    assert again == []
    till.send_refunds()
    jobs.send_refunds()
    service.send_refund(till.refunds[0].id)
    assert len(till.sandbox.things("refund")) == 1
    agrees()


def test_months_of_two_payments_go_back_as_two_refunds(till: Till, agrees: Callable[[], None]) -> None:
    first = till.paid()
    with transaction():
        sponsorship = sponsorship_queries.get(till.order(first).sponsorship_id, lock=True)
        sponsorship_service.move_review(actor="system", sponsorship=sponsorship, to=ReviewState.approved)
        _decide(till, sponsorship)
        sponsorship_service.start_if_ready(sponsorship)
    with clock.frozen(clock.now() + timedelta(days=20)), till.app.test_request_context():
        sponsorship = till.sponsorship(first)
        offer = prices.renewals(sponsorship, sponsorship_queries.next_start(sponsorship.worker_id, clock.today()))[1]
        second, _code = checkout.renew(sponsorship.id, offer.count, str(offer.total_rupiah))
        service.start_checkout(second)
        till.act(second, "pay")
        till.tell()
        with transaction():
            sponsorship = sponsorship_queries.get(till.order(first).sponsorship_id, lock=True)
            amount = service.cancel_sponsorship(actor=till.cast.sari, sponsorship=sponsorship)
        assert amount == 92_400 + 3 * 16_800
        assert sorted(refund.amount_rupiah for refund in till.refunds) == [3 * 16_800, 92_400]
        till.send_refunds()
        assert till.states(first) == {"refunded"}
    agrees()


def _decide(till: Till, sponsorship: Sponsorship) -> None:
    """An approval of what stands now, by the officer."""
    db.session.add(
        Decision(
            sponsorship_id=sponsorship.id,
            officer_id=till.cast.ids["dewi"],
            maker_id=sponsorship.maker_id,
            sponsor_id=sponsorship.sponsor_id,
            outcome=Outcome.approved,
            fingerprint=sponsorship.fingerprint,
            checks={},
            decided_at=clock.now(),
        )
    )


def test_a_refund_on_its_way_is_confirmed_by_its_event(till: Till) -> None:
    order_id = till.paid()
    till.sandbox.control("refunds/next", status="pending")
    reject(till, order_id)
    jobs.send_refunds()
    refund = till.refunds[0]
    assert refund.state is RefundState.sent and till.states(order_id) == {"released"}
    till.sandbox.control(f"refunds/{refund.provider_refund}/succeeded")
    till.tell(only="refund")
    assert till.refunds[0].state is RefundState.succeeded
    assert till.states(order_id) == {"refunded"}


def test_a_refund_whose_event_was_lost_is_found_by_asking(till: Till) -> None:
    order_id = till.paid()
    till.sandbox.control("refunds/next", status="pending")
    reject(till, order_id)
    jobs.send_refunds()
    till.sandbox.control(f"refunds/{till.refunds[0].provider_refund}/succeeded")
    jobs.reconcile()
    assert till.refunds[0].state is RefundState.succeeded


def test_a_failed_refund_waits_in_suspense_for_a_person(till: Till, agrees: Callable[[], None]) -> None:
    order_id = till.paid()
    till.sandbox.control("refunds/next", status="failed")
    reject(till, order_id)
    till.send_refunds()
    assert till.refunds[0].state is RefundState.failed
    assert [(row.amount_rupiah, row.state.value) for row in queries.list_suspense()] == [(92_400, "open")]
    assert till.states(order_id) == {"released"}
    with transaction():
        refund = service.refund_suspense(actor="system", suspense=queries.list_suspense()[0], requested_by=till.cast.maya)
    jobs.send_refunds()
    assert till.refunds[1].state is RefundState.requested
    with pytest.raises(rules.OwnRequest), transaction():
        service.agree_refund(actor=till.cast.maya, refund=queries.get_refund(refund.id))
    with transaction():
        service.agree_refund(actor=till.cast.agus, refund=queries.get_refund(refund.id, lock=True))
    till.send_refunds()
    assert till.refunds[1].state is RefundState.succeeded
    agrees()


def test_a_refund_that_comes_back_from_the_bank_is_seen(till: Till, agrees: Callable[[], None]) -> None:
    order_id = till.paid()
    reject(till, order_id)
    till.send_refunds()
    till.sandbox.control(f"refunds/{till.refunds[0].provider_refund}/failed")
    till.tell()
    assert till.refunds[0].state is RefundState.failed
    assert [row.amount_rupiah for row in queries.list_suspense()] == [92_400]
    agrees()


@pytest.mark.parametrize("fault", ["reset_before", "reset_after", "bad_json", "error_before", "error_after", "in_use"])
def test_a_lost_answer_never_gives_back_twice(till: Till, fault: str, agrees: Callable[[], None]) -> None:
    order_id = till.paid()
    reject(till, order_id)
    till.sandbox.fault(fault, path="/v1/refunds")
    jobs.send_refunds()
    assert till.refunds[0].state is RefundState.approved
    jobs.send_refunds()
    assert till.refunds[0].attempts == 1, "not before its pause is over"
    for hours in (1, 25):
        with clock.frozen(clock.now() + timedelta(hours=hours)):
            _age(till, hours)
            jobs.send_refunds()
            till.tell()
    assert till.refunds[0].state is RefundState.succeeded
    assert len(till.sandbox.things("refund")) == 1
    agrees()


def _age(till: Till, hours: int) -> None:
    """Pretend that the first try lies this long back, by the real clock too."""
    with transaction():
        refund = queries.get_refund(till.refunds[0].id, lock=True)
        refund.first_tried_at = clock.real_now() - timedelta(hours=hours)


def test_the_service_says_no_and_the_money_stays_visible(till: Till) -> None:
    order_id = till.paid()
    till.sandbox.control("sessions/" + till.session(order_id) + "/twice")
    reject(till, order_id)
    till.sandbox.fault("decline", path="/v1/refunds")
    jobs.send_refunds()
    assert till.refunds[0].state is RefundState.failed and till.refunds[0].failure == "card_declined"
    assert len(queries.list_suspense()) == 1
    till.tell()
    till.send_refunds()


def test_cancelling_before_a_decision_withdraws_and_pays_back(till: Till, agrees: Callable[[], None]) -> None:
    order_id = till.paid()
    with transaction():
        sponsorship = sponsorship_queries.get(till.order(order_id).sponsorship_id, lock=True)
        assert service.cancel_sponsorship(actor=till.cast.sari, sponsorship=sponsorship) == 92_400
    till.send_refunds()
    assert till.sponsorship(order_id).review_state is ReviewState.withdrawn
    assert till.refunds[0].reason is RefundReason.withdrawn
    told = next(notice for notice in till.all(Notice) if notice.kind == "cancelled")
    assert "Rp92.400" in told.body
    agrees()


def test_months_that_are_at_bpjs_stay_there(till: Till) -> None:
    order_id = till.paid(given=answers(count=3))
    with transaction():
        month = queries.months_of_order(order_id)[0]
        coverage_service.move(actor="system", month=month, to=MonthState.remitted)
    assert queries.refundable(till.order(order_id).sponsorship_id) == 2 * 16_800
    reject(till, order_id)
    assert till.months(order_id) == {"2026-12": "remitted", "2027-01": "released", "2027-02": "released"}
    assert till.refunds[0].amount_rupiah == 2 * 16_800
    till.send_refunds()


@pytest.mark.parametrize("before", list(RefundState))
@pytest.mark.parametrize("after", list(RefundState))
def test_a_refund_moves_only_along_its_table(before: RefundState, after: RefundState) -> None:
    if after in REFUND_MOVES[before]:
        rules.check_refund(before, after)
        assert rules.learns(before, after)
    else:
        assert not rules.learns(before, after)
        with pytest.raises(IllegalMove):
            rules.check_refund(before, after)
