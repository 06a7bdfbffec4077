"""Which months a stranger may pay, without an application."""

from datetime import date

import pytest

from sertakan.coverage.rules import owed
from sertakan.kit.months import Month

NOV = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("why", "funded", "reserved", "today", "months"),
    [
        ("one month in arrears", "10", "", NOV, "11"),
        ("two, the oldest first", "09", "", NOV, "10 11"),
        ("the third is the last that can be paid", "08", "", NOV, "09 10 11"),
        ("lapsed: arrears are no longer owed", "07", "", NOV, ""),
        ("running cover needs nobody", "10 11", "", NOV, ""),
        ("never funded: there is nothing to rescue", "", "", NOV, ""),
        ("a month that somebody just promised is taken, and so is what lies behind it", "08", "09", NOV, ""),
        ("the oldest is free, the next is promised", "08", "10", NOV, "09"),
        ("a hole before months paid ahead", "10 12", "", NOV, "11"),
        ("the first day of the fourth month is too late", "08", "", date(2026, 12, 1), ""),
        ("the last day of the third is not", "08", "", date(2026, 11, 30), "09 10 11"),
    ],
)
def test_the_months_that_may_be_rescued(why: str, funded: str, reserved: str, today: date, months: str) -> None:
    paid = [Month.parse(f"2026-{month}") for month in funded.split()]
    promised = [Month.parse(f"2026-{month}") for month in reserved.split()]
    assert [str(month)[-2:] for month in owed(paid, [*paid, *promised], today)] == months.split(), why
