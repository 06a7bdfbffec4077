"""How dates, months, times and rupiah read in both languages."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from flask_babel import force_locale

from sertakan.kit.months import Month
from sertakan.web import filters

EVENING = datetime(2026, 12, 31, 17, 5, tzinfo=UTC)  # five past midnight on New Year's Day in Pontianak


@pytest.mark.parametrize(
    ("filter_", "value", "indonesian", "english"),
    [
        (filters.rupiah, 123_816_000, "Rp123.816.000", "Rp123,816,000"),
        (filters.rupiah_singkat, 42_000_000, "Rp42 juta", "Rp42 million"),
        (filters.tanggal, date(2026, 11, 22), "22 November 2026", "22 November 2026"),
        (filters.tanggal, date(2026, 8, 5), "5 Agustus 2026", "5 August 2026"),
        (filters.tanggal_hari, date(2026, 11, 22), "Minggu, 22 November 2026", "Sunday, 22 November 2026"),
        (filters.tanggal_pendek, date(2026, 11, 2), "02/11/2026", "02/11/2026"),
        (filters.bulan, Month(2027, 5), "Mei 2027", "May 2027"),
        (filters.bulan_pendek, Month(2026, 8), "Agu", "Aug"),
        (filters.bulan_sedang, Month(2026, 12), "Des 2026", "Dec 2026"),
        (filters.jam, EVENING, "00.05 WIB", "00:05 WIB"),
        (filters.waktu, EVENING, "1 Januari 2027 pukul 00.05 WIB", "1 January 2027 at 00:05 WIB"),
        (filters.tanggal, EVENING, "1 Januari 2027", "1 January 2027"),
    ],
)
def test_a_value_reads_as_people_of_each_language_write_it(
    app: Flask, filter_: Callable[[object], str], value: object, indonesian: str, english: str
) -> None:
    with app.test_request_context("/"), force_locale("id"):
        assert filter_(value) == indonesian
    with app.test_request_context("/"), force_locale("en"):
        assert filter_(value) == english


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(), "0 menit"),
        (timedelta(seconds=-1), "0 menit"),
        (timedelta(minutes=59, seconds=59), "59 menit"),
        (timedelta(hours=1), "1 jam"),
        (timedelta(hours=23, minutes=59), "23 jam"),
        (timedelta(days=1), "1 hari"),
        (timedelta(days=1, hours=4), "1 hari 4 jam"),
    ],
)
def test_a_length_of_time_keeps_its_two_largest_parts(app: Flask, length: timedelta, words: str) -> None:
    with app.test_request_context("/"), force_locale("id"):
        assert filters.lama(length) == words


def test_every_filter_is_at_hand_in_templates(app: Flask) -> None:
    with app.test_request_context("/"):
        assert app.jinja_env.from_string("{{ 16800|rupiah }}").render() == "Rp16.800"


def test_a_constant_in_a_template_is_worded_anew_for_each_reader(app: Flask) -> None:
    page = app.jinja_env.from_string("{{ 42000000|rupiah_singkat }}")
    with app.test_request_context("/"), force_locale("id"):
        assert page.render() == "Rp42 juta"
    with app.test_request_context("/"), force_locale("en"):
        assert page.render() == "Rp42 million"
