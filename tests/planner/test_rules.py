"""Who is covered first by how much money: tables."""

from typing import NamedTuple

import pytest

from sertakan.planner.rules import plan


class One(NamedTuple):
    name: str
    price_rupiah: int


@pytest.mark.parametrize(
    ("prices", "budget", "taken", "left", "complete"),
    [
        ([], 100, "", 100, True),
        ([40, 40, 40], 120, "abc", 0, True),
        ([40, 40, 40], 119, "ab", 39, False),
        ([40, 90, 40], 100, "ac", 20, False),  # the dear one is passed over, the next who fits is not
        ([40, 90, 40], 39, "", 39, False),
        ([90, 40], 90, "a", 0, False),  # the order comes before the number
        ([1], 0, "", 0, False),
    ],
)
def test_whole_workers_in_their_order(prices: list[int], budget: int, taken: str, left: int, complete: bool) -> None:
    found = plan([One(name, price) for name, price in zip("abcdef", prices, strict=False)], budget)
    assert "".join(one.name for one in found.taken) == taken
    assert (found.spent_rupiah, found.left_rupiah, found.complete) == (budget - left, left, complete)
