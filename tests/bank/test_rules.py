"""What a bank's file says: days, amounts, codes, rows."""

from datetime import date

import pytest

from sertakan.bank import rules
from sertakan.bank.rules import MOVES, LineState
from sertakan.kit import sheet

TODAY = date(2026, 11, 22)
TITLES = "Tanggal;Keterangan;Kredit\n"


@pytest.mark.parametrize(
    "text",
    ["2026-11-03", "2026-11-03 00:00:00", "03/11/2026", "3-11-26", "03.11.2026", "3 Nov 2026", "03-NOV-26", "3 November 2026"],
)
def test_a_day_is_read_day_first_in_every_usual_way(text: str) -> None:
    assert rules.read_day(text) == date(2026, 11, 3)


@pytest.mark.parametrize("text", ["", "31/02/2026", "11/2026", "kemarin", "2026-13-01", "1 xyz 2026", "٠٣/١١/٢٠٢٦"])
def test_what_is_no_day_is_none(text: str) -> None:
    assert rules.read_day(text) is None


@pytest.mark.parametrize(
    ("word", "month"), [("Mei", 5), ("May", 5), ("Agu", 8), ("Agustus", 8), ("Okt", 10), ("Des", 12), ("Dec", 12)]
)
def test_months_are_known_in_both_languages(word: str, month: int) -> None:
    assert rules.read_day(f"1 {word} 2026") == date(2026, month, 1)


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("25200", 25_200),
        ("25.200", 25_200),
        ("25,200.00", 25_200),
        ("1.250.000,00", 1_250_000),
        ("Rp 1.250.000", 1_250_000),
        ("Rp1.250.000,0", 1_250_000),
        ("25.200,00 CR", 25_200),
        ("25.200,00 DB", -25_200),
        ("-25200", -25_200),
        ("(25.200)", -25_200),
        ("25200.0", 25_200),
        ("", 0),
        ("-", 0),
    ],
)
def test_an_amount_is_read_as_banks_write_it(text: str, amount: int) -> None:
    assert rules.read_amount(text) == amount


@pytest.mark.parametrize("text", ["25.200,50", "1.2.3", "25 200", "12.34", "1e6", "dua puluh", "9" * 14, "1000000000001"])
def test_what_is_no_whole_rupiah_is_none(text: str) -> None:
    assert rules.read_amount(text) is None


def read(rows: str, titles: str = TITLES) -> tuple[list[rules.Row], int]:
    return rules.read_rows(sheet.records((titles + rows).encode(), rules.COLUMNS), TODAY)


def test_only_money_that_came_in_is_taken_and_the_rest_counted() -> None:
    rows, out = read("03/11/2026;Gaji;-500.000\n03/11/2026;Iuran;25.200\n04/11/2026;Biaya;6.500 DB\n")
    assert [(row.number, row.day, row.amount_rupiah, row.words) for row in rows] == [(3, date(2026, 11, 3), 25_200, "Iuran")]
    assert out == 2


def test_a_column_for_debit_or_for_the_kind_says_what_went_out() -> None:
    rows, out = read("03/11/2026;Iuran;25.200;D\n03/11/2026;Iuran;25.200;K\n", "Tanggal;Uraian;Jumlah;D/K\n")
    assert ([row.number for row in rows], out) == ([3], 1)
    rows, out = read("03/11/2026;Biaya;;6.500\n03/11/2026;Iuran;25.200;\n", "Date;Description;Credit;Debit\n")
    assert ([row.number for row in rows], out) == ([3], 1)


def test_the_number_may_stand_in_a_column_of_its_own() -> None:
    rows, _out = read("03/11/2026;Iuran;25.200;8808800000000427\n", "Tanggal;Keterangan;Kredit;Nomor VA\n")
    assert rows[0].words == "Iuran 8808800000000427"


def test_two_equal_rows_are_two_rows_and_the_same_two_in_the_next_file() -> None:
    twice = "03/11/2026;Iuran;25.200\n" * 2
    rows, _out = read(twice)
    assert len({row.mark for row in rows}) == 2
    later, _out = read("02/11/2026;Lain;10.000\n" + twice)
    assert {row.mark for row in rows} < {row.mark for row in later}


@pytest.mark.parametrize(
    ("row", "place"),
    [
        ("03/11/2026;Iuran;25.200,50\n", "C2"),
        ("33/11/2026;Iuran;25.200\n", "A2"),
        ("03/11/2020;Iuran;25.200\n", "A2"),
        ("25/11/2026;x;1\n", "A2"),
    ],
)
def test_a_cell_that_cannot_be_read_is_named_and_nothing_is_taken(row: str, place: str) -> None:
    with pytest.raises(rules.BadCell) as caught:
        read(row)
    assert caught.value.params["place"] == place


def test_a_file_without_money_is_refused() -> None:
    with pytest.raises(rules.NoMoney):
        read("03/11/2026;Biaya;-6.500\n")


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("Iuran 7KQ2-M9XF", ["7KQ2-M9XF"]),
        ("iuran 7kq2m9xf terima kasih", ["7KQ2-M9XF"]),
        ("7KQ2 M9XF / 8KQ2-M9XF", ["7KQ2-M9XF", "8KQ2-M9XF"]),
        ("A7KQ2-M9XF", []),
        ("7KQ0-M9XF", []),
    ],
)
def test_a_code_is_found_in_a_payers_words(text: str, codes: list[str]) -> None:
    assert list(rules.codes_in(text)) == codes


@pytest.mark.parametrize("before", list(LineState))
@pytest.mark.parametrize("to", list(LineState))
def test_every_move_is_in_the_table_or_refused(before: LineState, to: LineState) -> None:
    if to in MOVES[before]:
        rules.check_move(before, to)
    else:
        with pytest.raises(rules.NotNow):
            rules.check_move(before, to)
