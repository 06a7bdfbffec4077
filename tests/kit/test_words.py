"""Phone numbers, codes, text and the no that a person can read (QUALITY A 39, 40)."""

from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sertakan.kit import codes, phone, text
from sertakan.kit.errors import N_, Refused


@pytest.mark.parametrize(
    "typed",
    [
        "081234567781",
        "6281234567781",
        "+6281234567781",
        "0812-3456-7781",
        "0812 3456 7781",
        " +62 812 3456 7781 ",
        "81234567781",
        "(0812) 3456.7781",
    ],
)
def test_a_mobile_number_in_any_dress_is_one_number(typed: str) -> None:
    assert phone.parse(typed) == "+6281234567781"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "0812",
        "0561736000",
        "084212345678",
        "+6591234567",
        "+14155552671",
        "08123456778112345",
        "０８１２３４５６７７８１",
        "0812FLOWERS",
        "081234567781 ext 5",
        "tel:081234567781",
        "+++-----",
        "081234567781;x=1",
        "\0",
        "0" * 100_000,
    ],
)
def test_what_is_no_indonesian_mobile_number_is_refused(typed: str) -> None:
    with pytest.raises(Refused) as caught:
        phone.parse(typed)
    assert caught.value.message == "Nomor HP 10–13 angka, diawali 08 atau +62"


def test_a_masked_number_keeps_both_ends() -> None:
    assert phone.mask("+6281234567781") == "0812••••7781"


def test_codes_have_two_groups_of_letters_nobody_confuses() -> None:
    made = {codes.new_code() for _ in range(500)}
    assert len(made) == 500
    for code in made:
        assert len(code) == 9 and code[4] == "-" and not set(code) & set("01OI")
        assert codes.normalise_code(code) == code


@pytest.mark.parametrize("typed", ["7kq2-m9xf", "7KQ2M9XF", " 7kq2 m9xf ", "7K Q2-M9 XF"])
def test_a_code_read_aloud_is_understood(typed: str) -> None:
    assert codes.normalise_code(typed) == "7KQ2-M9XF"


@pytest.mark.parametrize(
    "typed", ["", "7KQ2-M9X", "7KQ2-M9XFF", "7KQ2-M9X0", "7KQI-M9XF", "７KQ2-M9XF", "7KQ2_M9XF", "x" * 100_000, "\0" * 8]
)
def test_what_cannot_be_a_code_is_none(typed: str) -> None:
    assert codes.normalise_code(typed) is None


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Sumiati \t Binti\n Ahmad ", "Sumiati Binti Ahmad"),
        ("Siti\u200b Ami\u0000nah", "Siti Aminah"),
        ("Rene\u0301", "René"),
        ("\u202eitaimuS", "itaimuS"),
        ("\u200b\u0000", ""),
    ],
)
def test_one_line_is_normalised(typed: str, kept: str) -> None:
    assert text.one_line(typed) == kept


def test_many_lines_keep_their_breaks() -> None:
    assert text.many_lines("Satu \r\n\r\n\r\n\r\n  dua\x00\rtiga") == "Satu\n\ndua\ntiga"


@given(st.text())
def test_normalising_twice_changes_nothing(typed: str) -> None:
    assert text.one_line(text.one_line(typed)) == text.one_line(typed)
    assert text.many_lines(text.many_lines(typed)) == text.many_lines(typed)


def test_long_text_takes_linear_time() -> None:
    for typed in (" " * 100_000, "\n" * 100_000, "a\u0301" * 50_000):
        begin = perf_counter()
        text.one_line(typed)
        text.many_lines(typed)
        codes.normalise_code(typed)
        assert perf_counter() - begin < 1


def test_a_refusal_carries_its_sentence_its_field_and_its_numbers() -> None:
    class TooMany(Refused):
        message = N_("Paling banyak %(most)s")

    no = TooMany(field="count", most=24)
    assert (str(no), no.field, no.params, no.status) == ("Paling banyak %(most)s", "count", {"most": 24}, 422)
    assert str(Refused("Tidak bisa")) == "Tidak bisa"
