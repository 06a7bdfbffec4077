"""NIK: shape, the date inside it, and what a person is told (QUALITY A 37, 40)."""

import contextlib
from datetime import date, timedelta
from time import perf_counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sertakan.kit import nik
from sertakan.kit.errors import Refused

TODAY = date(2026, 11, 22)
GOOD = "6171045203840001"


def refusal(text: str) -> str:
    with pytest.raises(Refused) as caught:
        nik.check(text, TODAY)
    assert caught.value.field == "nik"
    assert caught.value.status == 422
    return caught.value.message % caught.value.params


def test_a_womans_day_carries_forty() -> None:
    read = nik.check(GOOD, TODAY)
    assert (read.digits, read.born_on, read.female, read.sex) == (GOOD, date(1984, 3, 12), True, "female")


def test_a_mans_day_is_as_it_is() -> None:
    read = nik.check("6171041203840001", TODAY)
    assert (read.born_on, read.sex) == (date(1984, 3, 12), "male")


@pytest.mark.parametrize("typed", ["6171 0452 0384 0001", "617104.520384.0001", " 6171045203840001\n", "6171-0452-0384-0001"])
def test_spaces_dots_and_dashes_are_allowed(typed: str) -> None:
    assert nik.check(typed, TODAY).digits == GOOD


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "Isi NIK, 16 angka di bagian atas KTP"),
        ("   ", "Isi NIK, 16 angka di bagian atas KTP"),
        ("617104520384001", "NIK baru 15 angka, seharusnya 16. Periksa lagi angka terakhirnya."),
        ("61710452038400011", "NIK berisi 17 angka, seharusnya 16. Periksa lagi."),
        ("6171049902840001", "Tanggal di NIK tidak mungkin (angka 7–12: 990284). Periksa lagi."),
        ("61710452038400O1", "NIK hanya berisi angka. Periksa lagi, mungkin ada huruf O atau I."),
        ("6,17101E+15", "NIK hanya berisi angka. Periksa lagi, mungkin ada huruf O atau I."),
        ("6171045203840000", "Empat angka terakhir NIK tidak mungkin 0000. Periksa lagi."),
        ("0071045203840001", "Dua angka pertama NIK (00) bukan kode provinsi. Periksa lagi."),
        ("9971045203840001", "Dua angka pertama NIK (99) bukan kode provinsi. Periksa lagi."),
    ],
)
def test_each_mistake_has_its_sentence(typed: str, sentence: str) -> None:
    assert refusal(typed) == sentence


@pytest.mark.parametrize(
    "typed",
    ["６１７１０４５２０３８４０００１", "٦١٧١٠٤٥٢٠٣٨٤٠٠٠١", "617104520384000²", "-171045203840001", "\0" * 16, "🙂" * 16],
)
def test_other_digits_and_signs_are_no_digits(typed: str) -> None:
    assert refusal(typed)


@pytest.mark.parametrize(
    "birth", ["000384", "320384", "400384", "410084", "711384", "720384", "310484", "710484", "290283", "290200"]
)
def test_impossible_days_are_refused_and_leap_days_are_not(birth: str) -> None:
    if birth == "290200":
        assert nik.check(f"617104{birth}0001", TODAY).born_on == date(2000, 2, 29)
    else:
        assert "Tanggal di NIK tidak mungkin" in refusal(f"617104{birth}0001")


def test_a_leap_day_of_a_woman() -> None:
    assert nik.check("6171046902840001", TODAY).born_on == date(1984, 2, 29)


@pytest.mark.parametrize(
    ("year", "born"), [("26", date(2026, 1, 5)), ("27", date(1927, 1, 5)), ("00", date(2000, 1, 5)), ("84", date(1984, 1, 5))]
)
def test_the_century_is_the_one_that_is_not_in_the_future(year: str, born: date) -> None:
    assert nik.check(f"6171040501{year}0001", TODAY).born_on == born


def test_a_date_of_birth_tomorrow_belongs_to_the_century_before() -> None:
    assert nik.check("6171042311260001", TODAY).born_on == date(1926, 11, 23)
    assert nik.check("6171042211260001", TODAY).born_on == TODAY


def test_a_nik_of_another_province_is_fine() -> None:
    assert nik.check("3171045203840001", TODAY).digits.startswith("3171")


def test_the_mask_and_the_repr_show_no_date() -> None:
    assert nik.mask(GOOD) == "617104******0001"
    assert GOOD not in repr(nik.check(GOOD, TODAY))


def test_a_hundred_thousand_characters_take_no_time() -> None:
    for typed in ("1" * 100_000, " " * 100_000, "1 " * 50_000, "a" * 100_000):
        begin = perf_counter()
        refusal(typed)
        assert perf_counter() - begin < 0.5


@given(st.dates(date(1927, 1, 1), TODAY), st.booleans(), st.sampled_from(sorted(nik.PROVINCES)), st.integers(1, 9999))
def test_every_birth_date_of_a_century_can_be_read_back(born: date, female: bool, province: int, serial: int) -> None:
    digits = f"{province}7104{born.day + (40 if female else 0):02d}{born:%m%y}{serial:04d}"
    read = nik.check(digits, TODAY)
    assert (read.born_on, read.female) == (born, female)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(Refused):
        read = nik.check(text, TODAY)
        assert len(read.digits) == 16
        assert 0 <= nik.age_on(read.born_on, TODAY) <= 100


@pytest.mark.parametrize(
    ("born", "day", "age"),
    [
        (date(1961, 11, 22), date(2026, 11, 22), 65),
        (date(1961, 11, 23), date(2026, 11, 22), 64),
        (date(1960, 2, 29), date(2025, 2, 28), 64),
        (date(1960, 2, 29), date(2025, 3, 1), 65),
        (date(2026, 11, 22), date(2026, 11, 22), 0),
    ],
)
def test_age_in_whole_years(born: date, day: date, age: int) -> None:
    assert nik.age_on(born, day) == age


@given(st.dates(date(1920, 1, 1), TODAY))
def test_age_never_falls_overnight(born: date) -> None:
    assert nik.age_on(born, TODAY) <= nik.age_on(born, TODAY + timedelta(days=1)) <= nik.age_on(born, TODAY) + 1


@given(st.dates(date(1900, 1, 1), TODAY), st.dates(date(2020, 1, 1), date(2033, 1, 1)), st.integers(0, 70))
@example(date(1959, 2, 28), date(2024, 2, 29), 65)
@example(date(1959, 3, 1), date(2024, 2, 29), 65)
@example(date(1960, 2, 29), date(2025, 2, 28), 65)
def test_born_by_a_date_says_the_same_as_the_age(born: date, day: date, age: int) -> None:
    assert (born <= nik.born_by(age, day)) is (nik.age_on(born, day) >= age)
