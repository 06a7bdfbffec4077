"""What the style page shows: invented samples for every component."""

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from sertakan.front.forms import filled
from sertakan.kit import clock
from sertakan.kit.months import Month, span
from sertakan.tariff import queries as tariff
from sertakan.web.paging import Page


@dataclass(frozen=True)
class Cell:
    month: Month
    look: str
    is_now: bool


HOME_LOOKS = ("covered",) * 2 + ("lapsed",) + ("covered",) * 5 + ("processing",) + ("unpaid",) * 3
LOOKS = (
    "past",
    "covered",
    "covered",
    "lapsed",
    "arrears",
    "covered",
    "covered",
    "covered",
    "processing",
    "unpaid",
    "unpaid",
    "unpaid",
)


def year_around(month: Month) -> list[Cell]:
    """Twelve months of an invented worker: a gap, then cover until this month, the next on its way."""
    return [Cell(each, look, each == month) for each, look in zip(span(month + -7, 12), HOME_LOOKS, strict=True)]


def samples(today: date) -> dict[str, Any]:
    """Cells, prices, a form with errors and a history around a day."""
    this = Month.of(today)
    cells = [Cell(month, look, month == this) for month, look in zip(span(this + -7, 12), LOOKS, strict=True)]
    lines = tariff.quote_for(span(this, 6), "asisten_rumah_tangga").lines
    page: Page[str] = Page([], 2, 25, True)
    at = datetime.combine(today, time(9, 41), tzinfo=clock.ZONE)
    return {"cells": cells, "lines": lines, "at": at, "page": page, "sample": filled()}
