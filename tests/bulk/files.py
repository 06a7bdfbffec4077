"""Files for the tests: invented people, one row each."""

import io
from collections.abc import Sequence
from datetime import date, timedelta

from sertakan.kit import sheet

TITLES = ("NIK", "Nama", "Pekerjaan", "Tanggal lahir")


def nik(serial: int, *, born: date = date(1980, 1, 1)) -> str:
    """A plausible NIK of a woman; each serial another."""
    day = born + timedelta(days=serial // 9_000)
    return f"617104{day.day + 40:02d}{day:%m%y}{serial % 9_000 + 1:04d}"


def people(count: int, first: int = 0) -> list[list[str]]:
    return [[nik(first + one), "Sumiati", "Asisten rumah tangga", ""] for one in range(count)]


def csv_file(rows: Sequence[Sequence[str]], titles: Sequence[str] = TITLES) -> bytes:
    return b"".join(sheet.csv_lines(titles, rows))


def xlsx_file(rows: Sequence[Sequence[str]], titles: Sequence[str] = TITLES) -> bytes:
    out = io.BytesIO()
    sheet.write_xlsx(out, titles, rows)
    return out.getvalue()
