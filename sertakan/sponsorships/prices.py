"""What the pages say about money before it is owed: an offer for each preset, each month at its own price."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sertakan.kit import clock
from sertakan.kit.months import Month, span
from sertakan.sponsorships import answers as steps
from sertakan.sponsorships import refusals
from sertakan.sponsorships.answers import Answers
from sertakan.sponsorships.models import Sponsorship
from sertakan.tariff import queries as tariff_queries
from sertakan.tariff.queries import quote_for
from sertakan.tariff.rules import Package, PayerKind, Quote, Segment, explain, relief_until


@dataclass(frozen=True)
class Offer:
    """So many months from a first one. Amounts are whole rupiah."""

    count: int
    quote: Quote

    @property
    def first(self) -> Month:
        return self.quote.months[0]

    @property
    def last(self) -> Month:
        return self.quote.months[-1]

    @property
    def until(self) -> date:
        """The last covered day."""
        return self.last.last_day

    @property
    def total_rupiah(self) -> int:
        return self.quote.total_rupiah

    @property
    def segments(self) -> list[Segment]:
        """Runs of months at one price, to say why it changes."""
        return explain(self.quote)


def offer(occupation_code: str, first: Month, count: int, payer: PayerKind, package: Package) -> Offer:
    return Offer(count, quote_for(span(first, count), occupation_code, payer, package))


@dataclass(frozen=True)
class Card:
    """A card of the first question; `relief_until` only where it differs from what holds for most work."""

    code: str
    label: str
    icon: str
    relief_until: Month | None


def cards(today: date) -> list[Card]:
    """The eight kinds of work; `label` is a msgid."""
    usual = _relief_until("lainnya", today)
    made = []
    for work, label in tariff_queries.common_occupations():
        until = _relief_until(work.code, today)
        made.append(Card(work.code, label, work.icon, until if until != usual else None))
    return made


def _relief_until(occupation_code: str, today: date) -> Month | None:
    """The last month of the relief that holds next month; None without any."""
    sector = tariff_queries.get_occupation(occupation_code).sector
    return relief_until(tariff_queries.tariff_book(), sector, PayerKind.private, Month.of(today) + 1)


def chosen(answers: Answers) -> Offer:
    """The offer that her present answers choose."""
    assert answers.starts is not None
    return offer(answers.occupation_code, answers.starts, answers.count, PayerKind.private, answers.package)


def year(answers: Answers, today: date) -> Offer:
    """Twelve months from the next, to say what a month costs before she has chosen."""
    return offer(answers.occupation_code, Month.of(today) + 1, 12, PayerKind.private, answers.package)


def menu(answers: Answers) -> dict[str, Any]:
    """All the page of step 3 says about money, from the first month chosen: presets, the chosen one, a year's prices, savings."""
    mine = chosen(answers)
    first, counts = mine.first, sorted({*steps.PRESETS, answers.count})
    offers = [offer(answers.occupation_code, first, count, PayerKind.private, answers.package) for count in counts]
    longest = max(offers, key=lambda one: one.count)
    return {"chosen": mine, "offers": offers, "longest": longest, "savings_rupiah": _savings(answers, first)}


def _savings(answers: Answers, first: Month) -> int:
    """What old-age savings add to a month, in rupiah."""
    with_savings = offer(answers.occupation_code, first, 1, PayerKind.private, Package.jkk_jkm_jht)
    without = offer(answers.occupation_code, first, 1, PayerKind.private, Package.jkk_jkm)
    return with_savings.total_rupiah - without.total_rupiah


def renewals(sponsorship: Sponsorship, first: Month) -> list[Offer]:
    """For going on from the month with which it must: what is in arrears one by one, oldest first, and the presets."""
    code, payer, package = sponsorship.worker.occupation_code, sponsorship.payer_kind, sponsorship.package
    counts = sorted({*range(1, owed_in(first) + 1), *steps.PRESETS})
    return [offer(code, first, count, payer, package) for count in counts]


def owed_in(first: Month) -> int:
    """How many months from `first` to this one are owed; 0 when it goes on with this month or later."""
    this = clock.this_month()
    return this - first + 1 if first < this else 0


def quote_of(answers: Answers) -> Quote:
    """The quote of a finished form, taken anew: the price of the check page and of the promise."""
    first = answers.starts
    if first is None or not answers.count:
        raise refusals.MonthsMissing(field="count")
    return offer(answers.occupation_code, first, answers.count, PayerKind.private, answers.package).quote
