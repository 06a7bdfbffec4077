"""What a list of own employees may say."""

import pytest

from sertakan.employees import rules
from sertakan.kit.errors import Refused
from sertakan.kit.sheet import Rounded
from tests.bulk.files import nik

ONE, TWO = nik(1), nik(2)


@pytest.mark.parametrize(
    ("typed", "digits", "wrong"),
    [
        (f"{ONE}\n{TWO}", [ONE, TWO], []),
        (f"{ONE}, {TWO};{ONE}\n\n", [ONE, TWO], []),  # once each, empty lines are none
        (f"{ONE[:6]} {ONE[6:12]}.{ONE[12:]}\n'{TWO}", [ONE, TWO], []),
        (f"Sumiati\n{ONE}\n{TWO[:15]}", [ONE], [1, 3]),
        (f"{ONE}\n{ONE[:12]}0000", [ONE], [2]),
    ],
)
def test_lines_are_read_as_people_type_them(typed: str, digits: list[str], wrong: list[int]) -> None:
    found = rules.read_rows(rules.lines(typed))
    assert (found.digits, found.wrong) == (digits, wrong)


def test_a_number_that_excel_rounded_is_no_nik() -> None:
    assert rules.read_rows([(2, Rounded(ONE)), (3, TWO)]).wrong == [2]


@pytest.mark.parametrize("rows", [[], [(2, "")], [(2, "NIK"), (3, "1234")]])
def test_a_list_without_a_right_nik_is_refused(rows: list[tuple[int, str]]) -> None:
    with pytest.raises(rules.NothingReadable):
        rules.read_rows(rows)


def test_too_many_are_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MOST", 1)
    with pytest.raises(Refused) as no:
        rules.read_rows([(2, ONE), (3, TWO)])
    assert no.value.params == {"most": 1}
    assert rules.read_rows([(2, ONE), (3, ONE)]).digits == [ONE]


def test_only_the_first_wrong_rows_are_named() -> None:
    assert rules.Read([], [3, 7]).named == "3, 7"
    assert rules.Read([], list(range(1, 13))).named == "1, 2, 3, 4, 5, 6, 7, 8, 9, 10…"
