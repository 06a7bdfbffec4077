"""What a list of own employees may say: one NIK a row, or a line. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from sertakan.kit import nik
from sertakan.kit.errors import N_, Refused
from sertakan.kit.sheet import Column, Limits, Rounded

MEGABYTES = 4
MOST = 20_000
NAMED = 10  # so many rows that could not be read are named
COLUMNS = (Column("nik", ("NIK", "Nomor KTP", "Nomor Induk Kependudukan", "No KTP")),)
LIMITS = Limits(megabytes=MEGABYTES, rows=MOST)
_BETWEEN = re.compile(r"[\n;,]+")


class NotYourPart(Refused):
    message = N_("Peran Anda di lembaga ini tidak mencakup langkah ini.")
    status = 409


class NothingGiven(Refused):
    message = N_("Pilih berkas, atau ketik NIK satu per baris")


class BothGiven(Refused):
    message = N_("Pilih salah satu: berkas, atau NIK yang diketik")


class NothingReadable(Refused):
    message = N_("Tidak ada NIK yang benar di daftar ini. Daftar yang lama tetap berlaku.")


class TooMany(Refused):
    message = N_("Paling banyak %(most)s NIK. Kirim daftar yang lebih pendek.")


@dataclass
class Read:
    """What was understood: the different NIK, and the numbers of the rows whose NIK is none."""

    digits: list[str] = field(default_factory=list)
    wrong: list[int] = field(default_factory=list)

    @property
    def named(self) -> str:
        """The first of those rows, as a person reads them."""
        return ", ".join(str(number) for number in self.wrong[:NAMED]) + ("…" if len(self.wrong) > NAMED else "")


def read_rows(rows: Iterable[tuple[int, str]], *, source: str = "file") -> Read:
    """Each NIK once, in order; a row without one, or whose number Excel has rounded, is named. Refuses NothingReadable, TooMany."""
    found, wrong = dict[str, None](), list[int]()
    for number, typed in rows:
        digits = _digits(typed)
        if digits is None:
            wrong.append(number)
        else:
            found[digits] = None
    if not found:
        raise NothingReadable(field=source)
    if len(found) > MOST:
        raise TooMany(field=source, most=MOST)
    return Read(list(found), wrong)


def _digits(typed: str) -> str | None:
    if isinstance(typed, Rounded):
        return None
    try:
        return nik.check(nik.clean(typed.lstrip("'"))).digits
    except Refused:
        return None


def lines(text: str) -> list[tuple[int, str]]:
    """What was typed, with the numbers of the lines that say something; commas and semicolons part as lines do."""
    parts = (part.strip() for part in _BETWEEN.split(text))
    return list(enumerate((part for part in parts if part), start=1))
