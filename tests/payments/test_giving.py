"""Money of a sponsor whose months public money pays now: it waits for her word, goes on to another worker, or goes back."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from sertakan.db import transaction
from sertakan.kit import clock
from sertakan.kit.months import Month
from sertakan.payments import giving_way, jobs, rules
from sertakan.payments.rules import RefundReason
from sertakan.sponsorships import queries as sponsorships
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import ReviewState, TermState
from tests.page import PageClient
from tests.payments.conftest import Till, answers

As = Callable[[str], PageClient]
JANUARY = Month(2027, 1)
THREE = 3 * 16_800


def gave_way(till: Till, sponsor: str = "sari") -> int:
    """A paid promise whose first quarter of 2027 public money pays; the id of its bill."""
    order_id = till.paid(sponsor)
    with transaction():
        row = sponsorships.get(till.order(order_id).sponsorship_id, lock=True)
        months = {JANUARY, JANUARY + 1, JANUARY + 2}
        assert giving_way.give_way(actor="system", sponsorship=row, months=months) == THREE
    return order_id


def running(till: Till) -> Sponsorship:
    """Another worker of Sari's whose cover ends in December."""
    given = answers(count=1)
    order_id = till.paid("sari", given)
    with transaction():
        row = sponsorships.get(till.order(order_id).sponsorship_id, lock=True)
        row.review_state, row.term_state = ReviewState.approved, TermState.running
    return till.sponsorship(order_id)


def unapprove(row_id: int) -> None:
    """The books want a decision behind an approval; these tests are about money only."""
    with transaction():
        row = sponsorships.get(row_id, lock=True)
        row.review_state, row.term_state = ReviewState.submitted, TermState.waiting


def test_her_other_months_stay_and_the_money_waits(till: Till) -> None:
    order_id = gave_way(till)
    assert till.months(order_id) == {
        "2026-12": "paid",
        "2027-01": "released",
        "2027-02": "released",
        "2027-03": "released",
        "2027-04": "paid",
        "2027-05": "paid",
    }
    [waiting] = giving_way.list_waiting(till.sponsorship(order_id))
    assert (waiting.amount_rupiah, waiting.reason) == (THREE, RefundReason.taken_over)


def test_she_wants_it_back_once(till: Till, agrees: Callable[[], None]) -> None:
    order_id = gave_way(till)
    with transaction():
        assert giving_way.send_back(actor=till.cast.sari, sponsorship=till.sponsorship(order_id)) == THREE
    till.send_refunds()
    assert [refund.state.value for refund in till.refunds] == ["succeeded"]
    with pytest.raises(rules.NotInSuspense), transaction():
        giving_way.send_back(actor=till.cast.sari, sponsorship=till.sponsorship(order_id))
    agrees()


def test_it_goes_on_to_another_worker_and_the_rest_comes_back(till: Till, agrees: Callable[[], None]) -> None:
    order_id, other = gave_way(till), running(till).id
    with transaction():
        target = sponsorships.get(other, lock=True)
        months = giving_way.pass_on(actor=till.cast.sari, sponsorship=till.sponsorship(order_id), to=target)
        assert [str(row.month) for row in months] == ["2027-01", "2027-02", "2027-03"]
    assert sponsorships.get(other).last_month == JANUARY + 2
    assert giving_way.list_waiting(till.sponsorship(order_id)) == []
    unapprove(other)
    agrees()


def test_after_two_weeks_without_a_word_it_goes_back(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    order_id = gave_way(till)
    assert giving_way.return_unanswered() == 0
    later = clock.now() + timedelta(days=giving_way.WAIT_DAYS, minutes=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert "1 given back" in jobs.expire_orders()
    assert "0 given back" in jobs.expire_orders()
    assert giving_way.list_waiting(till.sponsorship(order_id)) == []
    assert [refund.amount_rupiah for refund in till.refunds] == [THREE]


def test_on_the_page_she_chooses(till: Till, as_: As) -> None:
    order_id, other = gave_way(till), running(till)
    code, kept, other_id = till.sponsorship(order_id).code, other.code, other.id
    sari, path = as_("sari"), f"/dukungan/{code}/dana"
    sari.get(path).sees("Kota kini membayari", "Rp50.400", "Kembalikan uang saya", "Lanjutkan")
    assert as_("tono").get(path).status == 404
    assert sari.post(path, {"choice": "lain"}).status == 422
    assert sari.post(path, {"choice": kept}).status == 303
    sari.get(path).sees("Tidak ada uang yang menunggu")
    unapprove(other_id)


def test_who_is_not_hers_gets_nothing_of_it(till: Till, as_: As) -> None:
    order_id, others = gave_way(till), till.paid("tono")
    path = f"/dukungan/{till.sponsorship(order_id).code}/dana"
    assert as_("sari").post(path, {"choice": till.sponsorship(others).code}).status == 422
    [waiting] = giving_way.list_waiting(till.sponsorship(order_id))
    assert waiting.amount_rupiah == THREE
