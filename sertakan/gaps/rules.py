"""The words of the list of gaps, and when one of them closes. Pure."""

import re
from datetime import date, timedelta
from enum import StrEnum

from sertakan.coverage.rules import Standing, closes_on
from sertakan.kit.errors import N_, Refused
from sertakan.kit.months import Month
from sertakan.tariff.rules import PayerKind

WEEK_DAYS = 7
MONTH_DAYS = 30
NOTE_LONGEST = 300


class Chip(StrEnum):
    """The parts of the list, the most urgent first. `week` is a part of `month`; the others do not overlap."""

    cliff = "cliff"
    grace = "grace"
    week = "week"
    month = "month"
    lapsed = "lapsed"


CHIPS: dict[Chip, str] = {
    Chip.cliff: N_("Bulan ketiga"),
    Chip.grace: N_("Masa tenggang"),
    Chip.week: N_("Berakhir 7 hari"),
    Chip.month: N_("Berakhir 30 hari"),
    Chip.lapsed: N_("Terputus"),
}
KINDS: dict[PayerKind, str] = {
    PayerKind.private: N_("Warga"),
    PayerKind.company: N_("Perusahaan"),
    PayerKind.government: N_("Pemerintah"),
    PayerKind.self: N_("Pekerja sendiri"),
    PayerKind.employer: N_("Pemberi kerja"),
}


class Outcome(StrEnum):
    """What came of a call."""

    will_pay = "will_pay"
    thinking = "thinking"
    cannot = "cannot"
    no_answer = "no_answer"
    wrong_number = "wrong_number"
    other = "other"


OUTCOMES: dict[Outcome, str] = {
    Outcome.will_pay: N_("Akan membayar"),
    Outcome.thinking: N_("Masih mempertimbangkan"),
    Outcome.cannot: N_("Tidak sanggup melanjutkan"),
    Outcome.no_answer: N_("Tidak diangkat"),
    Outcome.wrong_number: N_("Nomor salah"),
    Outcome.other: N_("Lainnya, tulis di catatan"),
}


class Whose(StrEnum):
    """Whose number an officer asks for."""

    worker = "worker"
    sponsor = "sponsor"


class NoNumber(Refused):
    message = N_("Nomornya tidak ada di catatan kami.")
    status = 409


class NoteMissing(Refused):
    message = N_("Tulis apa yang terjadi di catatan")


def is_ref(text: str) -> bool:
    """Whether this can be the reference of a row."""
    return re.fullmatch(r"[A-Za-z0-9_-]{1,32}", text) is not None


def last_within(today: date, days: int) -> Month | None:
    """The last month whose end is at most so many days away; None when this month's own end lies further."""
    limit = today + timedelta(days=days)
    month = Month.of(limit)
    month = month if month.last_day <= limit else month + -1
    return month if month >= Month.of(today) else None


def days_left(standing: Standing, covered_until: date, today: date) -> int | None:
    """Days until cover ends, or, in arrears, until the way back closes. Today counts as 0. None once it has lapsed."""
    if standing is Standing.lapsed:
        return None
    end = closes_on(covered_until) if standing in (Standing.grace, Standing.cliff) else covered_until
    return (end - today).days
