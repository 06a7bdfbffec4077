"""Whole rupiah as int. Babel prints IDR with two decimals, so the wording is ours."""

import re

from sertakan.kit.errors import N_, Refused

MOST_RUPIAH = 1_000_000_000_000
_TYPED = re.compile(r"(?:Rp\.?\s*)?([0-9]{1,15}|[0-9]{1,3}(?:[.,][0-9]{3})+)")
_SHORT = {
    "id": ((10**12, "triliun"), (10**9, "miliar"), (10**6, "juta"), (10**3, "ribu")),
    "en": ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (10**3, "thousand")),
}


class NotRupiah(Refused):
    message = N_("Isi jumlah rupiah bulat, misalnya Rp1.500.000")


def rupiah(amount: int, locale: str = "id") -> str:
    """16800 -> `Rp16.800`; in English `Rp16,800`."""
    text = f"{abs(amount):,}"
    return ("-" if amount < 0 else "") + "Rp" + (text if locale == "en" else text.replace(",", "."))


def rupiah_short(amount: int, locale: str = "id") -> str:
    """42000000 -> `Rp42 juta`; one decimal at most: `Rp1,5 juta`. Rounds down, never up."""
    for size, word in _SHORT["en" if locale == "en" else "id"]:
        if amount >= size and size >= 10**6:
            tenths = amount * 10 // size
            decimal = f"{'.' if locale == 'en' else ','}{tenths % 10}" if tenths % 10 else ""
            return f"Rp{tenths // 10}{decimal} {word}"
    return rupiah(amount, locale)


def parse(text: str) -> int:
    """`Rp1.500.000`, `1500000` -> 1500000. Refuses fractions, signs, exponents, other digits and more than a trillion."""
    match = _TYPED.fullmatch(text.strip()[:40])
    amount = int(re.sub("[.,]", "", match[1])) if match else -1
    if not 0 <= amount <= MOST_RUPIAH:
        raise NotRupiah
    return amount
