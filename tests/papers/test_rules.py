"""Sums of a yearly statement, places that may be named, and the machine of a paper."""

import itertools

import pytest

from sertakan.coverage.rules import MonthState as S
from sertakan.kit.months import Month
from sertakan.papers.rules import MOVES, IllegalMove, Line, PaperState, Place, check_move, lines_of, masked, places_of

JAN, FEB, MAR = Month(2026, 1), Month(2026, 2), Month(2026, 3)


def test_a_line_tells_what_was_paid_what_is_posted_and_what_went_back() -> None:
    rows = [
        (FEB, S.paid, 1, 10),
        (JAN, S.posted, 3, 30),
        (JAN, S.remitted, 2, 20),
        (JAN, S.refunded, 4, 44),
        (MAR, S.reserved, 9, 90),
        (MAR, S.released, 9, 90),
    ]
    assert lines_of(rows) == [Line("2026-01", 5, 50, 3, 30, 4, 44), Line("2026-02", 1, 10)]


@pytest.mark.parametrize(
    ("rows", "shown"),
    [
        ([], []),
        ([("A", 5, 9, 90)], [Place("A", 5, 9, 90)]),
        ([("A", 4, 9, 90)], [Place("", 4, 9, 90)]),
        ([("A", 9, 9, 90), ("B", 3, 3, 30), ("C", 2, 2, 20)], [Place("A", 9, 9, 90), Place("", 5, 5, 50)]),
        ([("A", 9, 9, 90), ("B", 6, 6, 60), ("C", 1, 1, 10)], [Place("A", 9, 9, 90), Place("", 7, 7, 70)]),
        ([("A", 9, 9, 90), ("", 7, 7, 70)], [Place("A", 9, 9, 90), Place("", 7, 7, 70)]),
    ],
)
def test_no_kelurahan_with_fewer_than_five_people_is_named_or_can_be_counted_out(
    rows: list[tuple[str, int, int, int]], shown: list[Place]
) -> None:
    assert places_of(rows) == shown


@pytest.mark.parametrize(
    ("name", "shown"), [("Sumiati Lestari", "S••••ti"), ("Sumiati", "S••••ti"), ("Ani", "A••••"), ("Wati", "W••••"), ("", "••••")]
)
def test_a_name_is_masked(name: str, shown: str) -> None:
    assert masked(name) == shown


def test_a_paper_moves_only_along_its_table() -> None:
    for before, to in itertools.product(PaperState, repeat=2):
        if to in MOVES[before]:
            check_move(before, to)
        else:
            with pytest.raises(IllegalMove):
                check_move(before, to)
