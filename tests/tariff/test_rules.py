"""Pricing a month: the golden cases and the whole bracket table of PP 44/2015 and PP 50/2025."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sertakan.kit.months import Month, span
from sertakan.tariff import reference, rules
from sertakan.tariff.rules import Bracket, Change, Package, PayerKind, Programme, Rate, Relief, Sector, TariffBook

SINCE = Month(2015, 7)
BOOK = TariffBook(
    [Bracket(row[0], row[0], row[1], row[3], SINCE, None, "") for row in reference.BRACKETS],
    [Rate(number, Programme(row[0]), row[1], row[2], SINCE, None, row[3]) for number, row in enumerate(reference.RATES)],
    [
        Relief(number, Sector(row[0]), Programme(row[1]), row[2], Month.parse(row[3]), Month.parse(row[4]), True, row[5])
        for number, row in enumerate(reference.RELIEFS)
    ],
)
BOTH, ALL = Package.jkk_jkm, Package.jkk_jkm_jht
PRIVATE, CITY = PayerKind.private, PayerKind.government

# number, income from, base, JKK, JHT, two programmes, relieved, three programmes, relieved
TABLE = """
1 0 1000000 10000 20000 16800 8400 36800 28400
2 1100000 1200000 12000 24000 18800 9400 42800 33400
3 1300000 1400000 14000 28000 20800 10400 48800 38400
4 1500000 1600000 16000 32000 22800 11400 54800 43400
5 1700000 1800000 18000 36000 24800 12400 60800 48400
6 1900000 2000000 20000 40000 26800 13400 66800 53400
7 2100000 2200000 22000 44000 28800 14400 72800 58400
8 2300000 2400000 24000 48000 30800 15400 78800 63400
9 2500000 2600000 26000 52000 32800 16400 84800 68400
10 2700000 2950000 29500 59000 36300 18150 95300 77150
11 3200000 3450000 34500 69000 41300 20650 110300 89650
12 3700000 3950000 39500 79000 46300 23150 125300 102150
13 4200000 4450000 44500 89000 51300 25650 140300 114650
14 4700000 4950000 49500 99000 56300 28150 155300 127150
15 5200000 5450000 54500 109000 61300 30650 170300 139650
16 5700000 5950000 59500 119000 66300 33150 185300 152150
17 6200000 6450000 64500 129000 71300 35650 200300 164650
18 6700000 6950000 69500 139000 76300 38150 215300 177150
19 7200000 7450000 74500 149000 81300 40650 230300 189650
20 7700000 7950000 79500 159000 86300 43150 245300 202150
21 8200000 8700000 87000 174000 93800 46900 267800 220900
22 9200000 9700000 97000 194000 103800 51900 297800 245900
23 10200000 10700000 107000 214000 113800 56900 327800 270900
24 11200000 11700000 117000 234000 123800 61900 357800 295900
25 12200000 12700000 127000 254000 133800 66900 387800 320900
26 13200000 13700000 137000 274000 143800 71900 417800 345900
27 14200000 14700000 147000 294000 153800 76900 447800 370900
28 15200000 15700000 157000 314000 163800 81900 477800 395900
29 16200000 16700000 167000 334000 173800 86900 507800 420900
30 17200000 17700000 177000 354000 183800 91900 537800 445900
31 18200000 18700000 187000 374000 193800 96900 567800 470900
32 19200000 19700000 197000 394000 203800 101900 597800 495900
33 20200000 20700000 207000 414000 213800 106900 627800 520900
"""
ROWS = [tuple(map(int, line.split())) for line in TABLE.strip().splitlines()]


@pytest.mark.parametrize("row", ROWS, ids=[f"bracket {row[0]}" for row in ROWS])
def test_every_bracket_of_the_table(row: tuple[int, ...]) -> None:
    number, income, base, jkk, jht, two, two_relieved, three, three_relieved = row
    december, later = Month(2026, 12), Month(2027, 1)
    full = rules.price(BOOK, later, Sector.other, PRIVATE, ALL, income)
    assert (full.base_rupiah, full.jkk_rupiah, full.jkm_rupiah, full.jht_rupiah) == (base, jkk, 6_800, jht)
    assert full.row_ids["bracket"] == [number]
    assert full.total_rupiah == three
    assert rules.price(BOOK, december, Sector.other, PRIVATE, ALL, income).total_rupiah == three_relieved
    assert rules.price(BOOK, later, Sector.other, PRIVATE, BOTH, income).total_rupiah == two
    assert rules.price(BOOK, december, Sector.other, PRIVATE, BOTH, income).total_rupiah == two_relieved
    if number > 1:
        assert rules.base_for(BOOK, later, income - 1).number == number - 1, "also inside the printed gap of 1,000 rupiah"


def test_the_table_has_33_rows() -> None:
    assert len(ROWS) == len(BOOK.brackets) == 33


GOLDEN = [
    ("2026-12", 1, BOTH, 8_400, 8_400, 16_800),
    ("2027-01", 1, BOTH, 16_800, 8_400, 16_800),
    ("2027-04", 1, BOTH, 16_800, 16_800, 16_800),
    ("2026-11", 3, BOTH, 33_600, 25_200, 50_400),
    ("2026-11", 6, BOTH, 84_000, 58_800, 100_800),
    ("2026-11", 12, BOTH, 184_800, 159_600, 201_600),
    ("2026-11", 12, ALL, 424_800, 399_600, 441_600),
    ("2026-03", 1, BOTH, 16_800, 8_400, 16_800),
]


@pytest.mark.parametrize(("first", "count", "package", "other", "transport", "city"), GOLDEN)
def test_the_golden_cases(first: str, count: int, package: Package, other: int, transport: int, city: int) -> None:
    months = span(Month.parse(first), count)
    assert rules.quote(BOOK, months, Sector.other, PRIVATE, package).total_rupiah == other
    assert rules.quote(BOOK, months, Sector.transport, PRIVATE, package).total_rupiah == transport
    for sector in Sector:
        assert rules.quote(BOOK, months, sector, CITY, package).total_rupiah == city


@pytest.mark.parametrize(
    ("sector", "first", "last"),
    [(Sector.transport, Month(2026, 1), Month(2027, 3)), (Sector.other, Month(2026, 4), Month(2026, 12))],
)
def test_relief_begins_and_ends_with_its_month(sector: Sector, first: Month, last: Month) -> None:
    def total(month: Month) -> int:
        return rules.price(BOOK, month, sector, PRIVATE, BOTH).total_rupiah

    assert [total(first + -1), total(first), total(last), total(last + 1)] == [16_800, 8_400, 8_400, 16_800]


@pytest.mark.parametrize("payer", [PayerKind.private, PayerKind.company, PayerKind.self, PayerKind.employer])
def test_only_public_money_goes_without_relief(payer: PayerKind) -> None:
    assert rules.price(BOOK, Month(2026, 12), Sector.other, payer, BOTH).total_rupiah == 8_400


def test_savings_are_never_halved() -> None:
    line = rules.price(BOOK, Month(2026, 12), Sector.other, PRIVATE, ALL)
    assert (line.jht_rupiah, line.relief_rupiah, line.full_rupiah, line.total_rupiah) == (20_000, 8_400, 36_800, 28_400)


def test_the_rows_that_made_a_price_are_kept() -> None:
    line = rules.price(BOOK, Month(2026, 12), Sector.other, PRIVATE, ALL)
    assert line.row_ids == {"bracket": [1], "rate": [0, 1, 2], "relief": [2, 3]}
    assert rules.price(BOOK, Month(2026, 12), Sector.other, CITY, BOTH).row_ids["relief"] == []


def test_income_is_not_multiplied_but_looked_up() -> None:
    assert rules.price(BOOK, Month(2027, 1), Sector.other, PRIVATE, BOTH, 3_000_000).jkk_rupiah == 29_500


def test_a_month_before_the_law_has_no_price() -> None:
    with pytest.raises(rules.NoTariff) as caught:
        rules.quote(BOOK, [Month(2015, 6)], Sector.other, PRIVATE)
    assert caught.value.params == {"month": "2015-06"}


def test_a_tariff_row_that_makes_parts_of_a_rupiah_is_a_bug() -> None:
    odd = replace(BOOK, rates=[replace(BOOK.rates[0], basis_points=1), *BOOK.rates[1:]])
    with pytest.raises(rules.FractionalRupiah):
        rules.price(odd, Month(2026, 12), Sector.other, PRIVATE, BOTH, 2_700_001)


months = st.builds(Month, st.integers(2015, 2035), st.integers(1, 12)).filter(lambda month: month >= SINCE)


@given(
    months,
    st.integers(1, 24),
    st.sampled_from(Sector),
    st.sampled_from(PayerKind),
    st.sampled_from(Package),
    st.integers(0, 30_000_000),
)
def test_a_quote_is_the_sum_of_its_months_and_relief_never_exceeds_half(
    first: Month, count: int, sector: Sector, payer: PayerKind, package: Package, income: int
) -> None:
    quote = rules.quote(BOOK, span(first, count), sector, payer, package, income)
    alone = [rules.price(BOOK, month, sector, payer, package, income) for month in span(first, count)]
    assert list(quote.lines) == alone
    assert quote.total_rupiah == sum(line.total_rupiah for line in alone)
    for line in quote.lines:
        assert 2 * line.relief_rupiah in (0, line.jkk_rupiah + line.jkm_rupiah)
    parts = rules.explain(quote)
    assert sum(part.total_rupiah for part in parts) == quote.total_rupiah
    assert sum(part.count for part in parts) == count
    assert parts[0].first == first and parts[-1].last == first + (count - 1)


@given(st.integers(0, 30_000_000), st.integers(0, 30_000_000))
def test_a_higher_income_never_costs_less(one: int, other: int) -> None:
    low, high = sorted((one, other))
    month = Month(2027, 1)
    assert (
        rules.price(BOOK, month, Sector.other, PRIVATE, ALL, low).total_rupiah
        <= rules.price(BOOK, month, Sector.other, PRIVATE, ALL, high).total_rupiah
    )


def test_the_explanation_says_when_relief_ends() -> None:
    parts = rules.explain(rules.quote(BOOK, span(Month(2026, 11), 12), Sector.other, PRIVATE))
    assert [(str(part.first), str(part.last), part.count, part.each_rupiah, part.why) for part in parts] == [
        ("2026-11", "2026-12", 2, 8_400, None),
        ("2027-01", "2027-10", 10, 16_800, Change.relief_ends),
    ]


def test_the_explanation_says_when_relief_begins_and_when_the_tariff_itself_changes() -> None:
    assert rules.explain(rules.quote(BOOK, span(Month(2026, 3), 2), Sector.other, PRIVATE))[1].why is Change.relief_begins
    jkm = next(rate for rate in BOOK.rates if rate.programme is Programme.jkm)
    later = [
        replace(jkm, to_month=Month(2027, 6)),
        replace(jkm, id=9, flat_rupiah=7_000, from_month=Month(2027, 7)),
        *(rate for rate in BOOK.rates if rate is not jkm),
    ]
    parts = rules.explain(rules.quote(replace(BOOK, rates=later), span(Month(2027, 6), 2), Sector.other, PRIVATE))
    assert [(part.each_rupiah, part.why) for part in parts] == [(16_800, None), (17_000, Change.tariff)]


def test_months_with_a_hole_between_them_are_two_segments() -> None:
    parts = rules.explain(rules.quote(BOOK, [Month(2027, 1), Month(2027, 3)], Sector.other, PRIVATE))
    assert [part.count for part in parts] == [1, 1]


@pytest.mark.parametrize(
    ("sector", "payer", "month", "until"),
    [
        (Sector.other, PRIVATE, "2026-11", "2026-12"),
        (Sector.transport, PRIVATE, "2026-12", "2027-03"),
        (Sector.other, PRIVATE, "2027-01", None),
        (Sector.other, CITY, "2026-11", None),
    ],
)
def test_until_when_relief_lasts(sector: Sector, payer: PayerKind, month: str, until: str | None) -> None:
    found = rules.relief_until(BOOK, sector, payer, Month.parse(month))
    assert found == (Month.parse(until) if until else None)


def test_an_empty_quote_costs_nothing() -> None:
    empty = rules.quote(BOOK, [], Sector.other, PRIVATE)
    assert (empty.total_rupiah, empty.months, rules.explain(empty)) == (0, [], [])
