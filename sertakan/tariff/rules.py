"""Pricing a month (PP 44/2015 appendix II, PP 46/2015, PP 50/2025). Pure: a book of dated rows in, whole rupiah out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from sertakan.kit.errors import N_, Refused
from sertakan.kit.months import Month


class Programme(StrEnum):
    jkk = "jkk"
    jkm = "jkm"
    jht = "jht"


class Package(StrEnum):
    """The only two legal packages."""

    jkk_jkm = "jkk_jkm"
    jkk_jkm_jht = "jkk_jkm_jht"


class Sector(StrEnum):
    transport = "transport"
    other = "other"


class PayerKind(StrEnum):
    """Who pays decides relief: money from APBN or APBD pays the full price (PP 50/2025 art. 3)."""

    private = "private"
    company = "company"
    government = "government"
    self = "self"
    employer = "employer"


LOWEST_INCOME_WARNING_RUPIAH = 500_000
TIER_ONE_BASE_RUPIAH = 1_000_000


class NoTariff(Refused):
    message = N_("Belum ada tarif untuk bulan %(month)s. Pilih bulan lain.")


class FractionalRupiah(RuntimeError):
    """A price came out in parts of a rupiah: a bad tariff row."""


@dataclass(frozen=True)
class Bracket:
    """An income class; `income_from_rupiah` is its lower bound a month."""

    id: int
    number: int
    income_from_rupiah: int
    base_rupiah: int
    from_month: Month
    to_month: Month | None
    legal_basis: str


@dataclass(frozen=True)
class Rate:
    """A programme's price: `basis_points` of the base (100 = 1 %), or a flat amount."""

    id: int
    programme: Programme
    basis_points: int | None
    flat_rupiah: int | None
    from_month: Month
    to_month: Month | None
    legal_basis: str


@dataclass(frozen=True)
class Relief:
    """A temporary cut of `percent` of one programme in one sector."""

    id: int
    sector: Sector
    programme: Programme
    percent: int
    from_month: Month
    to_month: Month | None
    excludes_government: bool
    legal_basis: str


@dataclass(frozen=True)
class TariffBook:
    brackets: Sequence[Bracket]
    rates: Sequence[Rate]
    reliefs: Sequence[Relief]


@dataclass(frozen=True)
class MonthPrice:
    """One month's price, part by part, and the ids of the rows that made it."""

    month: Month
    base_rupiah: int
    jkk_rupiah: int
    jkm_rupiah: int
    jht_rupiah: int
    relief_rupiah: int
    row_ids: dict[str, list[int]] = field(compare=False)

    @property
    def total_rupiah(self) -> int:
        return self.jkk_rupiah + self.jkm_rupiah + self.jht_rupiah - self.relief_rupiah

    @property
    def full_rupiah(self) -> int:
        return self.total_rupiah + self.relief_rupiah


@dataclass(frozen=True)
class Quote:
    lines: tuple[MonthPrice, ...]

    @property
    def total_rupiah(self) -> int:
        return sum(line.total_rupiah for line in self.lines)

    @property
    def months(self) -> list[Month]:
        return [line.month for line in self.lines]


class Change(StrEnum):
    """Why a month costs something else than the month before it."""

    relief_begins = "relief_begins"
    relief_ends = "relief_ends"
    tariff = "tariff"


@dataclass(frozen=True)
class Segment:
    """Neighbouring months at one price; `why` it differs from the segment before (None for the first)."""

    first: Month
    last: Month
    count: int
    each_rupiah: int
    relief: bool
    why: Change | None = None

    @property
    def total_rupiah(self) -> int:
        return self.each_rupiah * self.count


def valid(first: Month, last: Month | None, month: Month) -> bool:
    return first <= month and (last is None or month <= last)


def base_for(book: TariffBook, month: Month, income_rupiah: int | None) -> Bracket:
    """The bracket of an income: the highest whose lower bound it reaches; without an income the first."""
    rows = [row for row in book.brackets if valid(row.from_month, row.to_month, month)]
    if not rows:
        raise NoTariff(month=str(month))
    reached = [row for row in rows if row.income_from_rupiah <= (income_rupiah or 0)]
    return max(reached or rows[:1], key=lambda row: row.income_from_rupiah)


def _part(book: TariffBook, programme: Programme, month: Month, base: int) -> tuple[int, int]:
    for row in book.rates:
        if row.programme is programme and valid(row.from_month, row.to_month, month):
            if row.flat_rupiah is not None:
                return row.flat_rupiah, row.id
            return _whole(base * (row.basis_points or 0), 10_000), row.id
    raise NoTariff(month=str(month))


def _whole(amount: int, divisor: int) -> int:
    if amount % divisor:
        raise FractionalRupiah(f"{amount}/{divisor}")
    return amount // divisor


def price(
    book: TariffBook, month: Month, sector: Sector, payer: PayerKind, package: Package, income_rupiah: int | None = None
) -> MonthPrice:
    """One month's price in whole rupiah; the month decides, never the day of payment. NoTariff when no row is valid."""
    bracket = base_for(book, month, income_rupiah)
    jkk, jkk_row = _part(book, Programme.jkk, month, bracket.base_rupiah)
    jkm, jkm_row = _part(book, Programme.jkm, month, bracket.base_rupiah)
    rows = {"bracket": [bracket.id], "rate": [jkk_row, jkm_row], "relief": []}
    jht = 0
    if package is Package.jkk_jkm_jht:
        jht, jht_row = _part(book, Programme.jht, month, bracket.base_rupiah)
        rows["rate"].append(jht_row)
    relief = 0
    for row in book.reliefs:
        if _relieves(row, sector, payer, month):
            part = {Programme.jkk: jkk, Programme.jkm: jkm, Programme.jht: jht}[row.programme]
            relief += _whole(part * row.percent, 100)
            rows["relief"].append(row.id)
    return MonthPrice(month, bracket.base_rupiah, jkk, jkm, jht, relief, rows)


def quote(
    book: TariffBook,
    months: Iterable[Month],
    sector: Sector,
    payer: PayerKind,
    package: Package = Package.jkk_jkm,
    income_rupiah: int | None = None,
) -> Quote:
    """Every month by itself, in order."""
    return Quote(tuple(price(book, month, sector, payer, package, income_rupiah) for month in months))


def explain(asked: Quote) -> list[Segment]:
    """Runs of months at one price, and why each differs from the one before."""
    segments: list[Segment] = []
    for line in asked.lines:
        relief, last = line.relief_rupiah > 0, segments[-1] if segments else None
        if last and last.each_rupiah == line.total_rupiah and last.relief == relief and line.month - last.last == 1:
            segments[-1] = replace(last, last=line.month, count=last.count + 1)
        else:
            segments.append(Segment(line.month, line.month, 1, line.total_rupiah, relief, _why(last, relief)))
    return segments


def _why(before: Segment | None, relief: bool) -> Change | None:
    if before is None:
        return None
    if before.relief == relief:
        return Change.tariff
    return Change.relief_begins if relief else Change.relief_ends


def relief_until(book: TariffBook, sector: Sector, payer: PayerKind, month: Month) -> Month | None:
    """The last month of the relief that halves this month; None without relief, or when no end is set."""
    ends = [row.to_month for row in book.reliefs if _relieves(row, sector, payer, month)]
    return min((end for end in ends if end is not None), default=None)


def _relieves(row: Relief, sector: Sector, payer: PayerKind, month: Month) -> bool:
    allowed = not (row.excludes_government and payer is PayerKind.government)
    return row.sector is sector and allowed and valid(row.from_month, row.to_month, month)


@dataclass(frozen=True)
class Rung:
    """One income class and its month's price with two and with three programmes."""

    number: int
    income_from_rupiah: int
    base_rupiah: int
    two_rupiah: int
    three_rupiah: int


def ladder(book: TariffBook, month: Month, sector: Sector, payer: PayerKind) -> list[Rung]:
    """Every income class of a month, lowest first, priced for this sector and payer."""
    rungs = []
    for row in (row for row in book.brackets if valid(row.from_month, row.to_month, month)):
        line = price(book, month, sector, payer, Package.jkk_jkm_jht, row.income_from_rupiah)
        two = line.total_rupiah - line.jht_rupiah
        rungs.append(Rung(row.number, row.income_from_rupiah, row.base_rupiah, two, line.total_rupiah))
    return sorted(rungs, key=lambda rung: rung.income_from_rupiah)


def with_row(book: TariffBook, row: Rate | Relief) -> TariffBook:
    """The same book as if this row stood in it, before the others: what a preview prices with."""
    if isinstance(row, Rate):
        return replace(book, rates=(row, *book.rates))
    return replace(book, reliefs=(*book.reliefs, row))
