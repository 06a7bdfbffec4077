"""How many months a company adds, as a table of examples."""

from datetime import date

import pytest

from sertakan.matching.rules import CapsWrong, UntilPast, check_facts, fits, months_due


@pytest.mark.parametrize(
    ("paid", "percent", "matched", "due"),
    [
        (6, 100, 0, 6),
        (6, 50, 0, 3),
        (5, 50, 0, 2),  # only whole months
        (1, 50, 0, 0),
        (6, 100, 6, 0),
        (9, 100, 6, 3),  # she paid three more
        (9, 50, 3, 1),
        (3, 50, 3, 0),  # never less than nothing
        (18, 100, 0, 12),  # at most a year at once
    ],
)
def test_whole_months_for_what_is_paid_and_not_yet_matched(paid: int, percent: int, matched: int, due: int) -> None:
    assert months_due(paid, percent, matched) == due


@pytest.mark.parametrize(
    ("most", "left", "count"), [(6, 100_800, 6), (6, 100_799, 5), (6, 16_800, 1), (6, 16_799, 0), (0, 100_800, 0), (6, -1, 0)]
)
def test_as_many_months_as_the_caps_reach(most: int, left: int, count: int) -> None:
    assert fits(most, left, lambda months: months * 16_800) == count


def test_months_without_a_tariff_are_not_promised() -> None:
    assert fits(6, 1_000_000, lambda months: months * 16_800 if months <= 4 else None) == 4
    assert fits(6, 1_000_000, lambda _months: None) == 0


def test_caps_and_day_must_make_sense() -> None:
    today = date(2026, 11, 22)
    check_facts(200_000, 200_000, today, today)
    with pytest.raises(CapsWrong):
        check_facts(200_001, 200_000, today, today)
    with pytest.raises(UntilPast):
        check_facts(1, 2, date(2026, 11, 21), today)
