"""The only reader of the clock."""

from datetime import UTC, date, datetime, timedelta

from sertakan.kit import clock
from sertakan.kit.months import Month


def test_the_last_evening_of_the_year_in_utc_is_the_new_year_in_pontianak() -> None:
    with clock.frozen(datetime(2026, 12, 31, 17, 0, tzinfo=UTC)):
        assert clock.today() == date(2027, 1, 1)
        assert clock.this_month() == Month(2027, 1)
    with clock.frozen(datetime(2026, 12, 31, 16, 59, 59, tzinfo=UTC)):
        assert clock.today() == date(2026, 12, 31)


def test_a_moment_is_shown_seven_hours_later() -> None:
    shown = clock.local(datetime(2026, 11, 22, 7, 30, tzinfo=UTC))
    assert (shown.hour, shown.minute, shown.utcoffset()) == (14, 30, timedelta(hours=7))


def test_freezing_ends_with_its_block() -> None:
    outer = clock.now()
    with clock.frozen(datetime(2030, 1, 1, tzinfo=UTC)):
        assert clock.now().year == 2030
    assert clock.now() == outer


def test_the_demo_moves_the_day_and_keeps_time_flowing() -> None:
    frozen, clock._frozen = clock._frozen, None
    try:
        clock.set_today(date(2027, 5, 20))
        first = clock.now()
        assert clock.today() == date(2027, 5, 20)
        assert clock.now() >= first
        clock.set_today(None)
        assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)
    finally:
        clock.set_today(None)
        clock._frozen = frozen


def test_sessions_and_other_services_live_on_the_real_day_even_in_the_demo() -> None:
    with clock.frozen(datetime(2030, 1, 1, tzinfo=UTC)):
        assert clock.unmoved().year == 2030
        assert abs(clock.real_now() - datetime.now(UTC)) < timedelta(seconds=5)
    frozen, clock._frozen = clock._frozen, None
    try:
        clock.set_today(date(2031, 5, 20))
        assert abs(clock.unmoved() - datetime.now(UTC)) < timedelta(seconds=5)
    finally:
        clock.set_today(None)
        clock._frozen = frozen
