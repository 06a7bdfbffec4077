"""Numbers that name a bill, and the sharing of transfers among months."""

import pytest

from sertakan.payments import virtual

NUMBER = virtual.number_of("88088", 42)


def test_a_number_is_prefix_bill_and_check_digit() -> None:
    assert NUMBER.startswith("880880000000042")
    assert len(NUMBER) == 16


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (NUMBER, [42]),
        (f"TRF BERSAMA VA {NUMBER} PT ABC", [42]),
        (f"{NUMBER} {NUMBER}", [42]),
        (f"{NUMBER}, {virtual.number_of('88088', 7)}", [42, 7]),
        (f"1{NUMBER}", []),
        (f"{NUMBER}1", []),
        (NUMBER[:-1], []),
        ("", []),
    ],
)
def test_a_line_names_bills_by_whole_numbers_only(text: str, found: list[int]) -> None:
    assert virtual.orders_in("88088", text) == found


def test_one_wrong_digit_or_two_swapped_ones_name_no_bill() -> None:
    for place in range(5, 16):
        for digit in set("0123456789") - {NUMBER[place]}:
            assert virtual.orders_in("88088", NUMBER[:place] + digit + NUMBER[place + 1 :]) == []
    swapped = NUMBER[:13] + NUMBER[14] + NUMBER[13] + NUMBER[15]
    assert swapped != NUMBER
    assert virtual.orders_in("88088", swapped) == []


def test_without_a_prefix_no_number_is_ours() -> None:
    assert virtual.orders_in("", NUMBER) == []


@pytest.mark.parametrize(
    ("prices", "pots", "shares"),
    [
        ([5, 5], [10], [[(0, 5)], [(0, 5)]]),
        ([5, 5], [4, 6], [[(0, 4), (1, 1)], [(1, 5)]]),
        ([5], [1, 1, 1, 9], [[(0, 1), (1, 1), (2, 1), (3, 2)]]),
        ([], [7], []),
        ([5], [5, 5], [[(0, 5)]]),
    ],
)
def test_transfers_fill_months_in_the_order_they_came(
    prices: list[int], pots: list[int], shares: list[list[tuple[int, int]]]
) -> None:
    assert virtual.spread(prices, pots) == shares
