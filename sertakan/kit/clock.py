"""The only reader of the clock. Instants are aware UTC; days are dates in Pontianak (WIB, UTC+7, no summer time)."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sertakan.kit.months import Month

ZONE = ZoneInfo("Asia/Pontianak")
_offset = timedelta()
_frozen: datetime | None = None


def now() -> datetime:
    """This instant, aware, in UTC; moved by `set_today` in the demo and held by `frozen` in tests."""
    return _frozen if _frozen is not None else datetime.now(UTC) + _offset


def unmoved() -> datetime:
    """This instant even while the demo's day is moved: sessions and codes belong to the real day. Also held by `frozen`."""
    return _frozen if _frozen is not None else datetime.now(UTC)


def real_now() -> datetime:
    """This very instant, whatever the demo's day is: for other services, whose clock nobody moves."""
    return datetime.now(UTC)


def local(instant: datetime) -> datetime:
    """The same instant on the wall clock of Pontianak."""
    return instant.astimezone(ZONE)


def today() -> date:
    """The day in Pontianak: 31 December 17.00 UTC is already 1 January."""
    return local(now()).date()


def this_month() -> Month:
    return Month.of(today())


def set_today(day: date | None) -> None:
    """Move the clock of this process to `day`, same time of day; None goes back to the real day."""
    global _offset
    real = datetime.now(UTC)
    _offset = timedelta() if day is None else timedelta(days=(day - local(real).date()).days)


@contextmanager
def frozen(instant: datetime) -> Iterator[None]:
    """Hold the clock at one instant (tests)."""
    global _frozen
    before, _frozen = _frozen, instant.astimezone(UTC)
    try:
        yield
    finally:
        _frozen = before
