"""Account numbers that name a bill, and money of several transfers for one. Pure; amounts are whole rupiah.

A number is the bank's prefix for us, ten digits of the bill and a check digit (Luhn), so that one wrong key names no other bill.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

BANK = "bank_"  # how the mark of a payment begins that came to our account, and not through the payment service
DIGITS = 10


def _check_digit(digits: str) -> int:
    total = 0
    for place, letter in enumerate(reversed(digits)):
        value = int(letter) * (2 - place % 2)
        total += value - 9 if value > 9 else value
    return -total % 10


def number_of(prefix: str, order_id: int) -> str:
    """The virtual account of a bill: `8808800000000427`."""
    body = f"{prefix}{order_id:0{DIGITS}d}"
    return f"{body}{_check_digit(body)}"


@lru_cache
def _shape(prefix: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![0-9]){prefix}([0-9]{{{DIGITS}}})([0-9])(?![0-9])")


def orders_in(prefix: str, text: str) -> list[int]:
    """The bills that a bank's line names by number, each once; a number with a wrong check digit names none."""
    if not prefix:
        return []
    found = [int(body) for body, _check in _shape(prefix).findall(text) if number_of(prefix, int(body)) in text]
    return list(dict.fromkeys(found))


def spread(prices: Sequence[int], pots: Sequence[int]) -> list[list[tuple[int, int]]]:
    """For each price the parts that fill it: (which pot, rupiah), the first pots first. The pots must hold enough."""
    left, place, shares = list(pots), 0, []
    for price in prices:
        parts: list[tuple[int, int]] = []
        while price:
            while not left[place]:
                place += 1
            part = min(price, left[place])
            left[place] -= part
            price -= part
            parts.append((place, part))
        shares.append(parts)
    return shares
