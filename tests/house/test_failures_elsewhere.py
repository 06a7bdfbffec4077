"""What went wrong in other systems, tried on ours (PRODUCT 6): each test is named after the failure and the public issue of it."""

from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask

from sertakan.coverage import queries, service
from sertakan.coverage.rules import FUNDED, MonthState, MonthTaken, Standing, standing
from sertakan.db import transaction
from sertakan.kit import clock
from sertakan.kit.months import Month
from sertakan.relay import jobs as relay
from sertakan.sponsorships import answers as steps
from sertakan.sponsorships import jobs as sponsorships
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import ReviewState, TermState
from sertakan.tariff import queries as tariff
from sertakan.tariff.rules import Package, PayerKind
from tests import factories
from tests.cast import Cast

NOVEMBER = Month(2026, 11)


@pytest.mark.parametrize(
    ("day", "word", "days_of_cover"),
    [
        (date(2026, 11, 30), Standing.ending, True),
        (date(2026, 12, 1), Standing.grace, False),
    ],
)
def test_forus_1380_and_msupply_7942_the_last_day_is_still_covered(day: date, word: Standing, days_of_cover: bool) -> None:
    now = standing({NOVEMBER: MonthState.posted}, day)
    assert (now.standing, now.protected, now.covered_until) == (word, days_of_cover, date(2026, 11, 30))


@pytest.mark.parametrize("hour", [16, 17])
def test_the_day_changes_at_midnight_in_pontianak_and_not_in_london(hour: int) -> None:
    """31 December, 17.00 UTC, is already January at home."""
    with clock.frozen(datetime(2026, 12, 31, hour, 0, tzinfo=UTC)):
        expected = Standing.ending if hour == 16 else Standing.grace
        assert standing({Month(2026, 12): MonthState.posted}, clock.today()).standing is expected


@pytest.mark.parametrize("state", sorted(set(MonthState) - FUNDED))
def test_civicrm_11556_what_failed_or_went_back_never_makes_cover(state: MonthState) -> None:
    assert standing({NOVEMBER: state}, date(2026, 11, 22)).standing is Standing.never


def test_pm_sym_one_month_can_be_bought() -> None:
    steps.check_months(NOVEMBER + 1, 1, date(2026, 11, 22))


@pytest.mark.parametrize("second", [PayerKind.company, PayerKind.government, PayerKind.private])
def test_openimis_voucher_a_second_payer_of_any_kind_is_refused_the_same_month(app: Flask, cast: Cast, second: PayerKind) -> None:
    row = factories.worker()
    factories.sponsorship(cast.sari, row, first="2026-12", count=1)
    other = factories.sponsorship(cast.tono, row, first="2027-06", count=1)
    worker, other_id = other.worker, other.id
    quote = tariff.quote_for([Month(2026, 12)], worker.occupation_code, second)
    with pytest.raises(MonthTaken) as no, transaction():
        service.reserve(
            actor=cast.tono.ref, worker=worker, sponsorship_id=other_id, payer_kind=second, package=Package.jkk_jkm, quote=quote
        )
    assert no.value.params["next"] == Month(2027, 1)
    assert len(queries.months_of_worker(worker.id)) == 2


@pytest.mark.parametrize("term", [TermState.paused, TermState.terminated, TermState.cancelled, TermState.waiting])
def test_openimis_bulk_expiry_the_clock_ends_only_what_runs(app: Flask, cast: Cast, term: TermState) -> None:
    """Months that still move keep a paused one open; a closed one and one that never began stay as they are."""
    review = ReviewState.submitted if term is TermState.waiting else ReviewState.approved
    code = factories.sponsorship(cast.sari, first="2026-12", count=2, review=review, term=term, state=MonthState.paid).code
    with clock.frozen(clock.now() + timedelta(days=400)):
        sponsorships.sweep(clock.today())
        relay.watch()
    found = Sponsorship.query.filter_by(code=code).one()
    assert (found.review_state, found.term_state) == (review, term)
