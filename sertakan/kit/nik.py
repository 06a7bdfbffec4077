"""NIK, the 16 digits of an Indonesian identity card: `PP KK CC DDMMYY SSSS`, women's day + 40, no check digit (DOMAIN 5.1).

The prefix says where the number was first issued, not where the person lives; a kelurahan is never read from it.
"""

import re
from dataclasses import dataclass
from datetime import date

from sertakan.kit import clock
from sertakan.kit.errors import N_, Refused

_SEPARATORS = re.compile(r"[\s.\-]+")
# codes of Kepmendagri 300.2.2-2138/2025: Sumatra, Java, Nusa Tenggara, Kalimantan, Sulawesi, Maluku, Papua
_ISLANDS = ((11, 19), (21, 21), (31, 36), (51, 53), (61, 65), (71, 76), (81, 82), (91, 96))
PROVINCES = frozenset(code for first, last in _ISLANDS for code in range(first, last + 1))


class NikEmpty(Refused):
    message = N_("Isi NIK, 16 angka di bagian atas KTP")


class NikNotDigits(Refused):
    message = N_("NIK hanya berisi angka. Periksa lagi, mungkin ada huruf O atau I.")


class NikLength(Refused):
    message = N_("NIK baru %(count)s angka, seharusnya 16. Periksa lagi angka terakhirnya.")


class NikTooLong(Refused):
    message = N_("NIK berisi %(count)s angka, seharusnya 16. Periksa lagi.")


class NikProvince(Refused):
    message = N_("Dua angka pertama NIK (%(digits)s) bukan kode provinsi. Periksa lagi.")


class NikDate(Refused):
    message = N_("Tanggal di NIK tidak mungkin (angka 7–12: %(digits)s). Periksa lagi.")


class NikSerial(Refused):
    message = N_("Empat angka terakhir NIK tidak mungkin 0000. Periksa lagi.")


@dataclass(frozen=True)
class Nik:
    """A NIK whose shape is right. `born_on` takes the century that makes an age of 0 to 99 years."""

    digits: str
    born_on: date
    female: bool

    @property
    def sex(self) -> str:
        return "female" if self.female else "male"

    def __repr__(self) -> str:
        return f"Nik({mask(self.digits)})"


def clean(text: str) -> str:
    """Without the spaces, dots and dashes that people put between the digits."""
    return _SEPARATORS.sub("", text)


def check(text: str, today: date | None = None) -> Nik:
    """Read a NIK as typed, or refuse it with a sentence that says what to look at. `today` decides the century."""
    digits = clean(text)
    if not digits:
        raise NikEmpty(field="nik")
    if not (digits.isascii() and digits.isdigit()):
        raise NikNotDigits(field="nik")
    if len(digits) != 16:
        raise (NikLength if len(digits) < 16 else NikTooLong)(field="nik", count=len(digits))
    if int(digits[:2]) not in PROVINCES:
        raise NikProvince(field="nik", digits=digits[:2])
    if digits[12:] == "0000":
        raise NikSerial(field="nik")
    day, female = int(digits[6:8]), int(digits[6:8]) > 40
    born_on = _born_on(day - 40 if female else day, int(digits[8:10]), int(digits[10:12]), today or clock.today())
    if born_on is None:
        raise NikDate(field="nik", digits=digits[6:12])
    return Nik(digits, born_on, female)


def _born_on(day: int, month: int, year: int, today: date) -> date | None:
    for century in (2000, 1900):
        try:
            born = date(century + year, month, day)
        except ValueError:
            continue
        if born <= today:
            return born
    return None


def mask(digits: str) -> str:
    """`617101******0001`."""
    return f"{digits[:6]}******{digits[-4:]}"


def age_on(born_on: date, day: date) -> int:
    """Whole years on a day; who is born on 29 February has the birthday on 1 March in other years."""
    return day.year - born_on.year - ((day.month, day.day) < (born_on.month, born_on.day))


def born_by(age: int, day: date) -> date:
    """Whoever was born on this date or before has the age on the day, and nobody else (`age_on`)."""
    try:
        return day.replace(year=day.year - age)
    except ValueError:  # on 29 February: who was born on 1 March has the birthday tomorrow
        return date(day.year - age, 2, 28)
