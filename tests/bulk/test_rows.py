"""One row of a file, in a table of examples."""

from datetime import date

import pytest

from sertakan.bulk.rows import Kind, check, read_day, values_in, words_of
from sertakan.bulk.rows import pack as pack_row
from sertakan.bulk.rules import RowState
from sertakan.kit.sheet import Rounded

TODAY = date(2026, 11, 22)
WORDS = words_of(
    [("asisten_rumah_tangga", "Asisten rumah tangga"), ("ojek", "Pengemudi ojek atau ojol")],
    [("61.71.05.1005", "Sungai Bangkong"), ("61.71.01.1001", "Benua Melayu Laut")],
)
GOOD = {"nik": "6171045203840001", "name": "Sumiati", "occupation": "Asisten rumah tangga"}


def kinds(**changes: str) -> list[Kind]:
    return [problem.kind for problem in check(GOOD | changes, WORDS, TODAY).problems]


def test_a_good_row_is_ready_and_knows_who_and_what() -> None:
    row = check(GOOD | {"kelurahan": "sungai bangkong", "phone": "0812-5000-1234"}, WORDS, TODAY)
    assert (row.state, row.problems) == (RowState.ready, ())
    assert (row.occupation_code, row.kelurahan_code) == ("asisten_rumah_tangga", "61.71.05.1005")
    assert row.number is not None and row.number.born_on == date(1984, 3, 12)


@pytest.mark.parametrize(
    ("nik", "kind", "suggestion"),
    [
        ("", Kind.nik_empty, None),
        ("61710452038400O1", Kind.nik_letters, "6171045203840001"),
        ("6171O452O384OOO1", Kind.nik_letters, "6171045203840001"),
        ("617104ABCDEF0001", Kind.nik_letters, None),
        ("６１７１０４５２０３８４０００１", Kind.nik_letters, None),
        ("617104520384001", Kind.nik_length, None),
        ("61710452038400011", Kind.nik_length, None),
        ("9971045203840001", Kind.nik_wrong, None),
        ("6171047203840001", Kind.nik_wrong, None),
        ("6171045203840000", Kind.nik_wrong, None),
        (Rounded("6171045203840000"), Kind.nik_excel, None),
    ],
)
def test_a_bad_nik_is_told_by_its_kind(nik: str, kind: Kind, suggestion: str | None) -> None:
    [problem] = check(GOOD | {"nik": nik}, WORDS, TODAY).problems
    assert (problem.kind, problem.key, problem.suggestion) == (kind, "nik", suggestion)


@pytest.mark.parametrize("nik", ["6171 0452 0384 0001", "6171.0452.0384.0001", "'6171045203840001"])
def test_a_nik_is_read_however_it_is_punctuated(nik: str) -> None:
    assert kinds(nik=nik) == []


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"name": ""}, Kind.name_empty),
        ({"name": "12345"}, Kind.name_digits),
        ({"name": "Sumiati 2"}, Kind.name_digits),
        ({"name": "S" * 101}, Kind.name_long),
        ({"occupation": ""}, Kind.occupation_empty),
        ({"occupation": "Astronot"}, Kind.occupation_unknown),
        ({"born_on": "kemarin"}, Kind.born_unreadable),
        ({"born_on": "31-02-1984"}, Kind.born_unreadable),
        ({"born_on": "13-03-1984"}, Kind.born_differs),
        ({"sex": "L"}, Kind.sex_differs),
        ({"phone": "123"}, Kind.phone_wrong),
        ({"kelurahan": "Jakarta"}, Kind.kelurahan_unknown),
        ({"working": "Tidak"}, Kind.not_working),
        ({"nik": "6171045203100001"}, Kind.too_young),
        ({"nik": "6171045203600001"}, Kind.too_old),
    ],
)
def test_each_slip_has_its_kind(changes: dict[str, str], kind: Kind) -> None:
    assert kinds(**changes) == [kind]


def test_every_problem_of_a_row_is_told_at_once() -> None:
    found = kinds(nik="61710452038400O1", name="", occupation="Ojeg", phone="1")
    assert found == [Kind.nik_letters, Kind.name_empty, Kind.occupation_unknown, Kind.phone_wrong]


@pytest.mark.parametrize(
    ("changes", "suggestion"),
    [
        ({"occupation": "Asisten rumahtangga"}, "Asisten rumah tangga"),
        ({"kelurahan": "Sei Bangkong"}, "Sungai Bangkong"),
        ({"born_on": "12-03-1985"}, "12-03-1984"),
        ({"sex": "laki-laki"}, "P"),
    ],
)
def test_what_it_should_say_is_suggested(changes: dict[str, str], suggestion: str) -> None:
    [problem] = check(GOOD | changes, WORDS, TODAY).problems
    assert problem.suggestion == suggestion
    assert kinds(**{problem.key: suggestion}) == []


@pytest.mark.parametrize(
    ("changes", "state"), [({"working": "tidak"}, RowState.skipped), ({"working": "tidak", "name": ""}, RowState.wrong)]
)
def test_passed_over_is_not_an_error_but_an_error_counts_first(changes: dict[str, str], state: RowState) -> None:
    assert check(GOOD | changes, WORDS, TODAY).state is state


@pytest.mark.parametrize("text", ["10-06-1979", "10/6/1979", "10.06.1979", "1979-06-10", "1979-06-10 00:00:00", " 10 06 1979 "])
def test_a_day_is_read_as_people_write_it(text: str) -> None:
    assert read_day(text) == date(1979, 6, 10)


@pytest.mark.parametrize("text", ["", "10-06", "32-01-1979", "10-13-1979", "abc", "10-06-79-1"])
def test_what_is_no_day_is_none(text: str) -> None:
    assert read_day(text) is None


def test_a_row_is_kept_and_found_again() -> None:
    row = check(GOOD | {"name": "=1+1 <b>"}, WORDS, TODAY)
    assert values_in(pack_row(row))["name"] == "=1+1 <b>"
