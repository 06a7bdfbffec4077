"""The sponsor pays her own arrears: oldest first, each at its own month's price, at most three; late money for them is welcome."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest

from sertakan.db import transaction
from sertakan.kit import clock
from sertakan.kit.months import Month
from sertakan.payments import checkout, queries, rules, service
from sertakan.payments.models import Payment
from sertakan.sponsorships import prices, refusals, renewal
from sertakan.sponsorships import queries as sponsorships
from sertakan.sponsorships import service as sponsorship_service
from sertakan.sponsorships.rules import ReviewState
from sertakan.tariff.queries import quote_for
from tests.cast import Cast
from tests.page import PageClient
from tests.payments.conftest import Till, answers
from tests.payments.test_refunds import _decide

As = Callable[[str], PageClient]
FEBRUARY = datetime(2027, 2, 10, 3, tzinfo=clock.UTC)


def ending_in_december(till: Till) -> int:
    """Cover of December 2026 alone, approved; returns the order's id."""
    order_id = till.paid(given=answers(count=1))
    with transaction():
        row = sponsorships.get(till.order(order_id).sponsorship_id, lock=True)
        sponsorship_service.move_review(actor="system", sponsorship=row, to=ReviewState.approved)
        _decide(till, row)
        sponsorship_service.start_if_ready(row)
    return order_id


@pytest.fixture
def owing(till: Till) -> Iterator[int]:
    """The id of a sponsorship on 10 February: January and February are owed."""
    order_id = ending_in_december(till)
    with clock.frozen(FEBRUARY), till.app.test_request_context():
        yield till.order(order_id).sponsorship_id


def offers(sponsorship_id: int) -> list[prices.Offer]:
    row = sponsorships.get(sponsorship_id)
    return prices.renewals(row, sponsorships.next_start(row.worker_id, clock.today()))


def bill(till: Till, sponsorship_id: int, count: int) -> int:
    offer = next(one for one in offers(sponsorship_id) if one.count == count)
    order_id, _code = checkout.renew(sponsorship_id, count, str(offer.total_rupiah))
    service.start_checkout(order_id)
    return order_id


def test_arrears_come_first_one_by_one_each_at_its_own_price(till: Till, owing: int) -> None:
    found = offers(owing)
    assert [offer.count for offer in found] == [1, 2, 3, 6, 12]
    assert {str(offer.first) for offer in found} == {"2027-01"}
    row = sponsorships.get(owing)
    for offer in found:
        alone = [
            quote_for([month], row.worker.occupation_code, row.payer_kind, row.package).total_rupiah
            for month in offer.quote.months
        ]
        assert [line.total_rupiah for line in offer.quote.lines] == alone


def test_paying_the_arrears_keeps_the_cover_whole(till: Till, owing: int) -> None:
    order_id = bill(till, owing, 3)
    till.act(order_id, "pay")
    till.tell()
    assert till.months(order_id) == {"2026-12": "paid", "2027-01": "paid", "2027-02": "paid", "2027-03": "paid"}
    view = sponsorships.view_of(sponsorships.get(owing))
    assert view.standing.unpaid_months == 0 and not view.owed
    assert str(view.next_start) == "2027-04"


def test_nobody_pays_behind_the_oldest_month_that_is_owed(till: Till, owing: int) -> None:
    row = sponsorships.get(owing)
    quote = quote_for([Month(2027, 2)], row.worker.occupation_code, row.payer_kind, row.package)
    with pytest.raises(refusals.HoleInMonths), transaction():
        renewal.extend(
            actor=till.cast.sari,
            sponsorship=sponsorships.get(owing, lock=True),
            count=1,
            quote=quote,
            first_month=Month(2027, 2),
        )


def closed(till: Till, order_id: int) -> None:
    with transaction():
        service.close_unpaid(queries.get_order(order_id, lock=True), reason="time over")


def test_late_money_for_months_that_are_still_owed_fills_them(till: Till, owing: int, agrees: Callable[[], None]) -> None:
    order_id = bill(till, owing, 2)
    till.act(order_id, "later")
    closed(till, order_id)
    assert till.months(order_id)["2027-01"] == "released"
    till.act(order_id, "settle")
    till.tell()
    assert till.months(order_id) == {"2026-12": "paid", "2027-01": "paid", "2027-02": "paid"}
    assert not till.refunds
    agrees()


def test_late_money_for_months_that_are_no_longer_owed_goes_back(till: Till, owing: int, agrees: Callable[[], None]) -> None:
    order_id = bill(till, owing, 2)
    till.act(order_id, "later")
    closed(till, order_id)
    till.act(order_id, "settle")
    with clock.frozen(FEBRUARY + timedelta(days=60)):  # the fourth month without funds: a new beginning only
        till.tell()
        assert till.months(order_id)["2027-01"] == "released"
        till.send_refunds()
    assert [refund.amount_rupiah for refund in till.refunds] == [sum(payment.amount_rupiah for payment in till.all(Payment)[1:])]
    agrees()


def test_an_unpaid_bill_of_arrears_may_be_opened_again(till: Till, owing: int) -> None:
    order_id = bill(till, owing, 2)
    closed(till, order_id)
    again, _code = checkout.open_again(order_id)
    assert [str(month.month) for month in queries.months_of_order(again)] == ["2027-01", "2027-02"]
    with pytest.raises(rules.OrderClosed):
        checkout.open_again(again)


def test_the_pages_say_what_is_owed_and_never_that_it_is_lost(till: Till, cast: Cast, as_: As) -> None:
    order_id = ending_in_december(till)
    code = till.sponsorship(order_id).code
    with clock.frozen(FEBRUARY):
        sari = as_("sari")
        page = sari.get(f"/dukungan/{code}")
        assert "tidak putus: Januari 2027 sampai Februari 2027 (2 bulan)" in page.text
        assert "Menunggak" in page.text and "Putus" not in page.text and "Terputus" not in page.text
        renew = sari.get(f"/dukungan/{code}/perpanjang").text
        assert "Yang menunggak dibayar dulu" in renew
        assert renew.count("Termasuk yang menunggak: Januari 2027 sampai Februari 2027 (2 bulan)") == 4
