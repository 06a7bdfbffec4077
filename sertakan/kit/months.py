"""The month of contribution (bulan iuran), the unit of everything. Never thirty days: pairs of year and month."""

import re
from calendar import monthrange
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

_ISO = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
DUE_DAY = 15


@dataclass(frozen=True, order=True)
class Month:
    """A calendar month; adds and subtracts as a count of months."""

    year: int
    month: int

    def __post_init__(self) -> None:
        if not (1 <= self.month <= 12 and 1900 <= self.year <= 9999):
            raise ValueError(f"no such month: {self.year}-{self.month}")

    @classmethod
    def of(cls, day: date) -> "Month":
        return cls(day.year, day.month)

    @classmethod
    def parse(cls, text: str) -> "Month":
        """`2026-12`; ValueError for anything else."""
        if not _ISO.fullmatch(text):
            raise ValueError(f"no month: {text[:20]!r}")
        return cls(int(text[:4]), int(text[5:]))

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"

    def __add__(self, count: int) -> "Month":
        ordinal = self.year * 12 + self.month - 1 + count
        return Month(ordinal // 12, ordinal % 12 + 1)

    def __sub__(self, other: "Month") -> int:
        return (self.year - other.year) * 12 + self.month - other.month

    @property
    def first_day(self) -> date:
        return date(self.year, self.month, 1)

    @property
    def last_day(self) -> date:
        return date(self.year, self.month, monthrange(self.year, self.month)[1])


def span(first: Month, count: int) -> list[Month]:
    """`count` months in a row, from `first`."""
    return [first + step for step in range(count)]


def due_on(month: Month, holidays: Collection[date] = ()) -> date:
    """The day by which a BPU contribution is due: the 15th of that same month, else the next working day (PP 44/2015)."""
    return _working(date(month.year, month.month, DUE_DAY), holidays)


def next_working_day(day: date, holidays: Collection[date] = ()) -> date:
    """The first day after this one on which offices work."""
    return _working(day + timedelta(days=1), holidays)


def _working(day: date, holidays: Collection[date]) -> date:
    while day.weekday() >= 5 or day in holidays:
        day += timedelta(days=1)
    return day
