"""Whole rupiah and their wording (QUALITY A 37)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sertakan.kit import money
from sertakan.kit.errors import Refused


@pytest.mark.parametrize(
    ("amount", "indonesian", "english"),
    [
        (0, "Rp0", "Rp0"),
        (999, "Rp999", "Rp999"),
        (16_800, "Rp16.800", "Rp16,800"),
        (42_000_000, "Rp42.000.000", "Rp42,000,000"),
        (-500, "-Rp500", "-Rp500"),
    ],
)
def test_rupiah_in_both_languages(amount: int, indonesian: str, english: str) -> None:
    assert money.rupiah(amount) == indonesian
    assert money.rupiah(amount, "en") == english


@pytest.mark.parametrize(
    ("amount", "indonesian", "english"),
    [
        (42_000_000, "Rp42 juta", "Rp42 million"),
        (1_500_000, "Rp1,5 juta", "Rp1.5 million"),
        (1_599_999, "Rp1,5 juta", "Rp1.5 million"),
        (3_060_000_000, "Rp3 miliar", "Rp3 billion"),
        (16_800, "Rp16.800", "Rp16,800"),
        (999_999, "Rp999.999", "Rp999,999"),
    ],
)
def test_large_amounts_are_shortened_and_never_rounded_up(amount: int, indonesian: str, english: str) -> None:
    assert money.rupiah_short(amount) == indonesian
    assert money.rupiah_short(amount, "en") == english


@pytest.mark.parametrize(
    ("typed", "amount"),
    [
        ("1500000", 1_500_000),
        ("Rp1.500.000", 1_500_000),
        ("Rp 1.500.000", 1_500_000),
        ("Rp. 500", 500),
        (" 0 ", 0),
        ("1,500,000", 1_500_000),
    ],
)
def test_what_people_type_is_read(typed: str, amount: int) -> None:
    assert money.parse(typed) == amount


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "-1",
        "+1",
        "1e3",
        "1.5",
        "1,50",
        "１２",
        "NaN",
        "inf",
        "0x10",
        "1_000",
        str(2**63),
        "1000000000001",
        "9" * 100_000,
        "1.0000",
        "🙂",
        "\0",
    ],
)
def test_what_is_no_amount_is_refused(typed: str) -> None:
    with pytest.raises(Refused) as caught:
        money.parse(typed)
    assert caught.value.message == "Isi jumlah rupiah bulat, misalnya Rp1.500.000"


@given(st.integers(0, money.MOST_RUPIAH), st.sampled_from(["id", "en"]))
def test_what_is_shown_can_be_typed_back(amount: int, locale: str) -> None:
    assert money.parse(money.rupiah(amount, locale)) == amount
