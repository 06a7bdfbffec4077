"""Months are pairs of year and month, never thirty days."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sertakan.kit.months import Month, due_on, span

months = st.builds(Month, st.integers(1950, 2100), st.integers(1, 12))


@given(months, st.integers(-500, 500))
def test_adding_and_subtracting_are_each_others_inverse(month: Month, count: int) -> None:
    assert (month + count) - month == count
    assert (month + count) + -count == month


@given(months, months)
def test_order_follows_the_days(one: Month, other: Month) -> None:
    assert (one < other) == (one.first_day < other.first_day)


@given(months)
def test_text_and_back(month: Month) -> None:
    assert Month.parse(str(month)) == month
    assert Month.of(month.first_day) == Month.of(month.last_day) == month
    assert (month + 1).first_day.toordinal() - month.last_day.toordinal() == 1


@pytest.mark.parametrize(
    "text",
    ["", "2026", "2026-13", "2026-00", "2026-1", "2026-12-01", " 2026-12", "2026-12\n", "２０２６-12", "20261-2", "1" * 100_000],
)
def test_anything_else_is_no_month(text: str) -> None:
    with pytest.raises(ValueError, match="month"):
        Month.parse(text)


def test_a_month_outside_the_calendar_does_not_exist() -> None:
    for year, month in ((2026, 0), (2026, 13), (1899, 12), (10_000, 1)):
        with pytest.raises(ValueError, match="no such month"):
            Month(year, month)


def test_february_of_a_leap_year_has_29_days() -> None:
    assert Month(2028, 2).last_day == date(2028, 2, 29)
    assert Month(2027, 2).last_day == date(2027, 2, 28)


def test_a_span_crosses_the_year() -> None:
    assert [str(month) for month in span(Month(2026, 11), 4)] == ["2026-11", "2026-12", "2027-01", "2027-02"]
    assert span(Month(2026, 11), 0) == []


@pytest.mark.parametrize(
    ("month", "holidays", "due"),
    [
        ("2026-11", [], date(2026, 11, 16)),  # the 15th is a Sunday
        ("2026-12", [], date(2026, 12, 15)),
        ("2026-08", [date(2026, 8, 17)], date(2026, 8, 18)),  # Saturday, Sunday, then Independence Day
        ("2026-12", [date(2026, 12, 15), date(2026, 12, 16)], date(2026, 12, 17)),
    ],
)
def test_a_contribution_is_due_on_the_15th_or_the_next_working_day(month: str, holidays: list[date], due: date) -> None:
    assert due_on(Month.parse(month), holidays) == due


@given(months, st.sets(st.dates(date(1950, 1, 1), date(2100, 12, 31)), max_size=20))
def test_a_due_day_is_always_a_working_day(month: Month, holidays: set[date]) -> None:
    day = due_on(month, holidays)
    assert day.weekday() < 5 and day not in holidays and day >= date(month.year, month.month, 15)
