"""What a resident answers, step by step, and what each step refuses. Pure: answers and a day in, a sentence or nothing out."""

import json
from dataclasses import asdict, dataclass, fields, replace
from datetime import date
from enum import StrEnum
from typing import Any

from sertakan.kit import nik, phone
from sertakan.kit.errors import Refused
from sertakan.kit.months import Month, span
from sertakan.sponsorships import refusals
from sertakan.tariff.rules import Package
from sertakan.workers import rules as worker_rules

PRESETS = (1, 3, 6, 12)
DEFAULT_MONTHS = 6
HORIZON_MONTHS = 24
NAME_LONGEST = 100


class Step(StrEnum):
    who = "who"
    data = "data"
    length = "length"
    check = "check"


@dataclass(frozen=True)
class Answers:
    """What a resident has typed so far, right or wrong. `first_month` is `YYYY-MM`; `held_as` is her name on a held worker."""

    occupation_code: str = ""
    not_paid_by_city: bool = False
    nik: str = ""
    name: str = ""
    worker_phone: str = ""
    kelurahan_code: str = ""
    consent: bool = False
    employs_others: bool = False
    waiting_code: str = ""
    held_as: str = ""
    first_month: str = ""
    count: int = 0
    with_jht: bool = False
    remind: bool = True
    show_name: bool = True
    sponsor_name: str = ""
    contact: str = ""
    risk_read: bool = False

    @property
    def starts(self) -> Month | None:
        """The first month, or None while it is missing or nonsense."""
        try:
            return Month.parse(self.first_month)
        except ValueError:
            return None

    @property
    def package(self) -> Package:
        """Only two packages are legal (DOMAIN 1.1); savings are a duty for those who employ others (trap 9)."""
        return Package.jkk_jkm_jht if self.with_jht or self.employs_others else Package.jkk_jkm

    def but(self, **changes: Any) -> "Answers":
        return replace(self, **changes)


def to_json(answers: Answers) -> str:
    return json.dumps(asdict(answers), ensure_ascii=False, separators=(",", ":"))


def from_json(text: str) -> Answers:
    """Reads any earlier shape of a draft: unknown keys are dropped, missing ones and wrong kinds take their default."""
    stored = json.loads(text)
    kinds = {field.name: type(field.default) for field in fields(Answers)}
    kept: dict[str, Any] = {name: value for name, value in stored.items() if type(value) is kinds.get(name)}
    return Answers(**kept)


def check_who(answers: Answers, likely_government_paid: bool = False) -> None:
    """Step 1. Those whom the city usually pays for are asked about it first, so that no month is paid twice (idea 24)."""
    if not answers.occupation_code:
        raise refusals.OccupationMissing(field="occupation")
    if likely_government_paid and not answers.not_paid_by_city:
        raise refusals.CityPays(field="not_paid_by_city")


def check_data(answers: Answers, today: date) -> nik.Nik:
    """Step 2. Returns the checked NIK; never says whether anybody knows it (idea 6)."""
    number = nik.check(answers.nik, today)
    worker_rules.check_new_age(number.born_on, today)
    if not answers.name:
        raise refusals.NameMissing(field="name")
    if len(answers.name) > NAME_LONGEST:
        raise refusals.NameTooLong(field="name", most=NAME_LONGEST)
    if answers.worker_phone:
        phone.parse(answers.worker_phone)
    if not answers.consent:
        raise refusals.ConsentMissing(field="consent")
    return number


def check_length(answers: Answers, today: date) -> None:
    """Step 3. This month or later, within the horizon (trap 11); savings when they are a duty."""
    if answers.starts is None or not answers.count:
        raise refusals.MonthsMissing(field="count")
    check_months(answers.starts, answers.count, today)


def check_months(first: Month, count: int, today: date, earliest: Month | None = None) -> None:
    """Refuses CountOutOfRange, MonthInThePast, MonthTooFar. A month is never 30 days (trap 1).

    `earliest`: the oldest month in arrears of cover that goes on; nobody begins before this month (trap 11).
    """
    this = Month.of(today)
    if not 1 <= count <= HORIZON_MONTHS:
        raise refusals.CountOutOfRange(field="count", most=HORIZON_MONTHS)
    if first < min(earliest or this, this):
        raise refusals.MonthInThePast(field="first_month", month=first)
    if first + (count - 1) > this + HORIZON_MONTHS:
        raise refusals.MonthTooFar(field="count", month=first + (count - 1), most=HORIZON_MONTHS)


def check_savings(package: Package, employs_others: bool) -> None:
    if employs_others and package is not Package.jkk_jkm_jht:
        raise refusals.SavingsRequired(field="with_jht")


def first_unfinished(answers: Answers | None, today: date) -> Step:
    """Where the form goes on: the first step whose answers are missing or refused (QUALITY A 23)."""
    if answers is None:
        return Step.who
    try:
        check_who(answers)
    except Refused:
        return Step.who
    if not answers.waiting_code:
        try:
            check_data(answers, today)
        except Refused:
            return Step.data
    try:
        check_length(answers, today)
    except Refused:
        return Step.length
    return Step.check


# the answers of step 2, forgotten when a worker is picked from the list
NOBODY: dict[str, Any] = {
    "nik": "",
    "name": "",
    "worker_phone": "",
    "kelurahan_code": "",
    "consent": False,
    "employs_others": False,
}


def with_defaults(answers: Answers, today: date) -> Answers:
    """Six months from next month, until she says otherwise (UX A4)."""
    starts = answers.starts
    first = starts if starts in start_months(today) else Month.of(today) + 1
    return answers.but(count=answers.count or DEFAULT_MONTHS, first_month=str(first))


def start_months(today: date) -> list[Month]:
    """This month and the next."""
    return span(Month.of(today), 2)


def end_of(first: Month, count: int) -> Month:
    return first + (count - 1)
