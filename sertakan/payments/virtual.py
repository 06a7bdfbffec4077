"""Account numbers that name a bill, and money of several transfers for one. Pure; amounts are whole rupiah.

A number is the bank's prefix for us, ten digits of the bill and a check digit (Luhn), so that one wrong key names no other bill.
"""

import re
from collections.abc import Sequence

BANK = "bank_"  # how the mark of a payment begins that came to our account, and not through the payment service
DIGITS = 10
_NUMBER = re.compile(r"(?<![0-9])[0-9]{14,19}(?![0-9])")


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


def orders_in(prefix: str, text: str) -> list[int]:
    """The bills that a bank's line names by number, each once; a number with a wrong check digit names none."""
    if not prefix:
        return []
    bodies = [found.removeprefix(prefix)[:-1] for found in _NUMBER.findall(text) if found.startswith(prefix)]
    right = [int(body) for body in bodies if len(body) == DIGITS and number_of(prefix, int(body)) in text]
    return list(dict.fromkeys(right))


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
