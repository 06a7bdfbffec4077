"""What the pages say about money before it is owed: an offer for each preset, each month at its own price."""

from dataclasses import dataclass
from datetime import date

from sertakan.kit.months import Month, span
from sertakan.sponsorships import answers as steps
from sertakan.sponsorships import refusals
from sertakan.sponsorships.answers import Answers
from sertakan.sponsorships.models import Sponsorship
from sertakan.tariff.queries import quote_for
from sertakan.tariff.rules import Package, PayerKind, Quote, Segment, explain


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


def offers(answers: Answers, first: Month) -> list[Offer]:
    """The presets from one first month, and the number of months she asked for when it is none of them."""
    counts = sorted({*steps.PRESETS, answers.count} - {0})
    return [offer(answers.occupation_code, first, count, PayerKind.private, answers.package) for count in counts]


def chosen(answers: Answers) -> Offer:
    """The offer that her present answers choose."""
    assert answers.starts is not None
    return offer(answers.occupation_code, answers.starts, answers.count, PayerKind.private, answers.package)


def start_price(answers: Answers, today: date) -> int:
    """A month's price to begin with, for the bar at the bottom: next month's."""
    return offer(answers.occupation_code, Month.of(today) + 1, 1, PayerKind.private, answers.package).total_rupiah


def savings_price(answers: Answers, first: Month) -> int:
    """What old-age savings add to a month."""
    with_savings = offer(answers.occupation_code, first, 1, PayerKind.private, Package.jkk_jkm_jht)
    without = offer(answers.occupation_code, first, 1, PayerKind.private, Package.jkk_jkm)
    return with_savings.total_rupiah - without.total_rupiah


def renewals(sponsorship: Sponsorship, first: Month) -> list[Offer]:
    """The presets for going on from the first free month."""
    code, payer, package = sponsorship.worker.occupation_code, sponsorship.payer_kind, sponsorship.package
    return [offer(code, first, count, payer, package) for count in steps.PRESETS]


def quote_of(answers: Answers) -> Quote:
    """The quote of a finished form, taken anew: the price of the check page and of the promise."""
    first = answers.starts
    if first is None or not answers.count:
        raise refusals.MonthsMissing(field="count")
    return offer(answers.occupation_code, first, answers.count, PayerKind.private, answers.package).quote
