"""How dates, months and rupiah read, in the language of the page."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import lru_cache, wraps
from typing import Any

from babel.dates import format_date
from flask import Flask
from flask_babel import get_locale
from flask_babel import gettext as _
from jinja2 import pass_context
from jinja2.runtime import Context

from sertakan.kit import clock, money
from sertakan.kit.months import Month


def _language() -> str:
    return "en" if str(get_locale()) == "en" else "id"


@lru_cache(maxsize=4096)
def _format(day: date, pattern: str, locale: str) -> str:
    return format_date(day, pattern, locale=locale)


def _day(value: date | datetime) -> date:
    return clock.local(value).date() if isinstance(value, datetime) else value


def rupiah(amount: int) -> str:
    """16800 -> Rp16.800."""
    return money.rupiah(amount, _language())


def rupiah_singkat(amount: int) -> str:
    """42000000 -> Rp42 juta."""
    return money.rupiah_short(amount, _language())


def ribuan(number: int) -> str:
    """2948 -> 2.948."""
    return f"{number:,}" if _language() == "en" else f"{number:,}".replace(",", ".")


def tanggal(value: date | datetime) -> str:
    """22 November 2026."""
    return _format(_day(value), "d MMMM y", _language())


def tanggal_hari(value: date | datetime) -> str:
    """Minggu, 22 November 2026."""
    return _format(_day(value), "EEEE, d MMMM y", _language())


def tanggal_pendek(value: date | datetime) -> str:
    """22/11/2026."""
    return _format(_day(value), "dd/MM/y", _language())


def bulan(month: Month) -> str:
    """November 2026."""
    return _format(month.first_day, "MMMM y", _language())


def bulan_pendek(month: Month) -> str:
    """Nov."""
    return _format(month.first_day, "MMM", _language())


def bulan_sedang(month: Month) -> str:
    """Nov 2026."""
    return _format(month.first_day, "MMM y", _language())


def jam(instant: datetime) -> str:
    """14.30 WIB; in English 14:30 WIB."""
    return f"{clock.local(instant):{'%H:%M' if _language() == 'en' else '%H.%M'}} WIB"


def waktu(instant: datetime) -> str:
    """22 November 2026 pukul 14.30 WIB."""
    return str(_("%(day)s pukul %(time)s", day=tanggal(instant), time=jam(instant)))


def lama(length: timedelta) -> str:
    """9 jam; 1 hari 4 jam."""
    hours = int(length.total_seconds() // 3600)
    if hours < 1:
        return str(_("%(count)s menit", count=max(0, int(length.total_seconds() // 60))))
    if hours < 24:
        return str(_("%(count)s jam", count=hours))
    if hours % 24:
        return str(_("%(days)s hari %(hours)s jam", days=hours // 24, hours=hours % 24))
    return str(_("%(count)s hari", count=hours // 24))


def kalimat(message: object) -> str:
    """A marked sentence (N_) in the page's language."""
    return str(_(str(message)))


def _each_time(filter_: Callable[[Any], str]) -> Callable[[Context, Any], str]:
    """Jinja works a filter on a constant out once, in the language of whoever comes first; one that takes the context it does not."""

    @pass_context
    @wraps(filter_)
    def printed(_context: Context, value: Any) -> str:
        return filter_(value)

    return printed


def init_filters(app: Flask) -> None:
    for filter_ in (
        rupiah,
        rupiah_singkat,
        ribuan,
        tanggal,
        tanggal_hari,
        tanggal_pendek,
        bulan,
        bulan_pendek,
        bulan_sedang,
        jam,
        waktu,
        lama,
        kalimat,
    ):
        app.jinja_env.filters[filter_.__name__] = _each_time(filter_)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
