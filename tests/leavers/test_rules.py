"""What a row of leavers may say."""

import itertools

import pytest

from sertakan.kit.months import Month
from sertakan.kit.sheet import Rounded
from sertakan.leavers import rules
from sertakan.leavers.rules import MOVES, FileState, Kind, NotNow, Reason, check, check_move, read_month

THIS = Month(2026, 11)
GOOD = {"nik": "6171045503840001", "month": "2026-12", "reason": "berhenti"}


@pytest.mark.parametrize(
    ("text", "month"),
    [
        ("2026-12", "2026-12"),
        ("12/2026", "2026-12"),
        ("31-12-2026", "2026-12"),
        ("2026-12-31", "2026-12"),
        ("2026-12-31 00:00:00", "2026-12"),
        ("Desember 2026", "2026-12"),
        ("31 Des 2026", "2026-12"),
        ("August 2026", "2026-08"),
        ("Agustus 2026", "2026-08"),
        (" 1.2027 ", "2027-01"),
        ("13/2026", None),
        ("2026-00", None),
        ("sekarang", None),
        ("2026", None),
        ("", None),
        ("46357", None),
        ("Desember 1826", None),
        ("٢٠٢٦-١٢", None),
    ],
)
def test_a_month_is_read_as_people_and_spreadsheets_write_it(text: str, month: str | None) -> None:
    found = read_month(text)
    assert (str(found) if found else None) == month


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({}, None),
        ({"nik": "6171 0455 0384 0001"}, None),
        ({"nik": "617104550384000"}, Kind.nik_wrong),
        ({"nik": ""}, Kind.nik_wrong),
        ({"nik": Rounded("6171045503840000")}, Kind.nik_rounded),
        ({"month": "besok"}, Kind.month_wrong),
        ({"month": "2027-11"}, None),
        ({"month": "2027-12"}, Kind.month_far),
        ({"reason": "Meninggal  Dunia"}, None),
        ({"reason": ""}, Kind.reason_wrong),
        ({"reason": "=1+1"}, Kind.reason_wrong),
    ],
)
def test_a_row_is_looked_at_by_itself(change: dict[str, str], kind: Kind | None) -> None:
    row = check(2, GOOD | change, THIS)
    assert row.kind is kind
    assert GOOD["nik"] not in row.shown


def test_the_reasons_are_understood_in_the_words_of_their_list() -> None:
    assert set(rules.REASON_WORDS.values()) == set(Reason)
    assert all(rules.REASON_WORDS[words.casefold()] is reason for reason, words in rules.REASONS.items())


def test_a_file_moves_only_along_its_table() -> None:
    for before, to in itertools.product(FileState, repeat=2):
        if to in MOVES[before]:
            check_move(before, to)
        else:
            with pytest.raises(NotNow):
                check_move(before, to)
