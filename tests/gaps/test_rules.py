"""The words of the list and its days, without an application."""

from datetime import date

import pytest

from sertakan.coverage.rules import Standing
from sertakan.gaps import rules
from sertakan.gaps.rules import Chip, Outcome
from sertakan.kit.months import Month
from sertakan.tariff.rules import PayerKind


@pytest.mark.parametrize(
    ("today", "days", "month"),
    [
        (date(2026, 11, 22), 7, None),  # the 30th is eight days away
        (date(2026, 11, 23), 7, "2026-11"),
        (date(2026, 11, 30), 7, "2026-11"),
        (date(2026, 11, 30), 30, "2026-11"),
        (date(2026, 12, 1), 30, "2026-12"),
        (date(2028, 1, 31), 30, "2028-02"),  # 29 days in a leap year and a day less than the limit
        (date(2026, 12, 31), 7, "2026-12"),
    ],
)
def test_the_last_month_that_ends_within_some_days(today: date, days: int, month: str | None) -> None:
    assert rules.last_within(today, days) == (Month.parse(month) if month else None)


@pytest.mark.parametrize(
    ("standing", "until", "today", "left"),
    [
        (Standing.ending, date(2026, 11, 30), date(2026, 11, 30), 0),
        (Standing.ending, date(2026, 11, 30), date(2026, 11, 23), 7),
        (Standing.grace, date(2026, 10, 31), date(2026, 11, 1), 91),
        (Standing.cliff, date(2026, 8, 31), date(2026, 11, 22), 8),
        (Standing.cliff, date(2026, 8, 31), date(2026, 11, 30), 0),
        (Standing.cliff, date(2027, 11, 30), date(2028, 2, 28), 1),  # the way back closes on 29 February
        (Standing.lapsed, date(2026, 7, 31), date(2026, 11, 1), None),
    ],
)
def test_the_days_left_are_those_of_the_end_or_of_the_way_back(
    standing: Standing, until: date, today: date, left: int | None
) -> None:
    assert rules.days_left(standing, until, today) == left


def test_every_part_every_payer_and_every_outcome_has_words() -> None:
    assert (set(rules.CHIPS), set(rules.KINDS), set(rules.OUTCOMES)) == (set(Chip), set(PayerKind), set(Outcome))
