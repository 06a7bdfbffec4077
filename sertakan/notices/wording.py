"""How the facts of a message are written in its reader's language: rupiah, days, months and lists of months."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from flask_babel import format_date, get_locale
from flask_babel import gettext as _

from sertakan.kit import clock, money, text
from sertakan.kit.months import Month

MONEY = frozenset({"amount", "price", "total", "refund_amount"})
LONG_TEXTS = frozenset({"question", "note"})


def words_of(facts: Mapping[str, Any], locale: str) -> dict[str, Any]:
    """Every fact as text, ready for a template; inside the reader's locale."""
    return {name: _word(name, value, locale) for name, value in facts.items()}


def _word(name: str, value: Any, locale: str) -> Any:
    if name == "reason" and isinstance(value, str):
        return str(_(value))  # a reason from a list is a msgid
    if isinstance(value, str):
        return text.many_lines(value) if name in LONG_TEXTS else text.one_line(value)
    if isinstance(value, int) and name in MONEY:
        return money.rupiah(value, locale) if value else ""
    if isinstance(value, Month):
        return _named(value, locale)
    if isinstance(value, datetime):
        return _day(clock.local(value).date(), locale)
    if isinstance(value, date):
        return _day(value, locale)
    if name == "items":
        return [words_of(item, locale) for item in value]
    if name == "lines":
        return [(_word("month", month, locale), _word("price", price, locale)) for month, price in value]
    if isinstance(value, Sequence) and value and all(isinstance(item, Month) for item in value):
        return months(value)
    return value


@lru_cache(maxsize=1_024)
def _day(value: date, _language: str) -> str:
    return str(format_date(value, "d MMMM yyyy"))


def _month(value: Month) -> str:
    return _named(value, str(get_locale()))


@lru_cache(maxsize=512)
def _named(value: Month, _language: str) -> str:
    return str(format_date(value.first_day, "MMMM yyyy"))


def months(several: Sequence[Month]) -> str:
    """`Desember 2026`, `Desember 2026 sampai Mei 2027 (6 bulan)`, or a list when there are holes."""
    ordered = sorted(several)
    first, last = ordered[0], ordered[-1]
    if first == last:
        return _month(first)
    if last - first == len(ordered) - 1:
        return str(_("%(first)s sampai %(last)s (%(count)s bulan)", first=_month(first), last=_month(last), count=len(ordered)))
    return ", ".join(_month(month) for month in ordered)
