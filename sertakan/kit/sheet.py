"""Spreadsheets: bytes to rows with a no that a person can read, and rows to CSV or XLSX that no spreadsheet takes for a formula.

CSV is read here, XLSX only by `sheet_child` in a process of its own. Rows have the numbers that a person sees in the spreadsheet.
"""

import csv
import io
import json
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sertakan.kit import sheet_child as child
from sertakan.kit.errors import N_, Refused

CHILD = Path(child.__file__)
RISKY = ("=", "+", "-", "@", "\t", "\r")  # a cell that begins so may run as a formula (OWASP, DOMAIN trap 38)
_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_EXPONENT = re.compile(r"[0-9][.,]?[0-9]*[eE]\+?[0-9]+")
_OLE, _ZIP = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PK\x03\x04"
_SEALED = "EncryptedPackage".encode("utf-16-le")


class SheetEmpty(Refused):
    message = N_("Berkas ini kosong. Isi dulu, minimal judul kolom dan satu baris.")


class SheetTooBig(Refused):
    message = N_("Berkas terlalu besar: paling besar %(limit)s MB.")


class TooManyRows(Refused):
    message = N_("Berkas terlalu panjang: paling banyak %(limit)s baris. Bagi menjadi beberapa berkas.")


class TooManyColumns(Refused):
    message = N_("Berkas terlalu lebar: paling banyak %(limit)s kolom. Hapus kolom yang tidak dipakai.")


class PasswordProtected(Refused):
    message = N_("Berkas ini dikunci kata sandi. Simpan tanpa kata sandi, lalu unggah lagi.")


class OldWorkbook(Refused):
    message = N_("Berkas .xls lama tidak dapat dibaca. Simpan sebagai .xlsx atau .csv, lalu unggah lagi.")


class HasMacros(Refused):
    message = N_("Berkas ini berisi makro. Simpan sebagai .xlsx biasa, lalu unggah lagi.")


class Unreadable(Refused):
    message = N_("Berkas ini rusak atau bukan tabel. Simpan ulang sebagai .xlsx atau .csv, lalu unggah lagi.")


class MissingColumns(Refused):
    message = N_("Kolom ini tidak ada di berkas: %(columns)s. Tambahkan, lalu unggah lagi.")


class ColumnTwice(Refused):
    message = N_("Kolom %(column)s ada dua kali. Hapus salah satu, lalu unggah lagi.")


@dataclass(frozen=True)
class Limits:
    """What a file may cost. Megabytes are of the file, of what it unpacks to, and of the reader's memory."""

    megabytes: int = 16
    unpacked_megabytes: int = 400
    memory_megabytes: int = 900
    seconds: int = 60
    rows: int = 100_000
    columns: int = 80


class Rounded(str):
    """A number that the spreadsheet has rounded to fifteen digits: its last digits are lost (a NIK typed as a number)."""

    __slots__ = ()


@dataclass(frozen=True)
class Column:
    """A column of a map: `key` in our code, the titles that people give it (the first is ours), and whether a file must have it."""

    key: str
    titles: tuple[str, ...]
    required: bool = True


@dataclass(frozen=True)
class Record:
    """A row by the keys of a map; `row` is its number in the file. `places` says in which column (from 0) each key stands."""

    row: int
    values: dict[str, str]
    places: dict[str, int]

    def place(self, key: str) -> str:
        """Where a value stands, as the spreadsheet says it: `C12`; only the row when the file has no such column."""
        return f"{letters(self.places[key])}{self.row}" if key in self.places else str(self.row)


def letters(column: int) -> str:
    """The name of a column counted from 0: A, Z, AA."""
    name, column = "", column + 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


# ---- in ------------------------------------------------------------------------------------------------------------------------


def read(data: bytes, limits: Limits = Limits()) -> Iterator[tuple[int, list[str]]]:
    """The rows that hold anything, with their numbers from 1. Refuses with the classes above; says so before the first row if it can."""
    if len(data) > limits.megabytes << 20:
        raise SheetTooBig(limit=limits.megabytes)
    if not data.strip():
        raise SheetEmpty
    if data.startswith(_OLE):
        raise PasswordProtected if _SEALED in data else OldWorkbook
    rows = _workbook(data, limits) if data.startswith(_ZIP) else _text(data)
    return _within(rows, limits)


def _within(rows: Iterable[list[str]], limits: Limits) -> Iterator[tuple[int, list[str]]]:
    filled = 0
    for number, cells in enumerate(rows, 1):
        if not any(cell.strip() for cell in cells):
            continue
        filled += 1
        if filled > limits.rows + 1:  # the titles are a row too
            raise TooManyRows(limit=limits.rows)
        if len(cells) > limits.columns:
            raise TooManyColumns(limit=limits.columns)
        yield number, [_cell(cell) for cell in cells]
    if not filled:
        raise SheetEmpty


def _cell(text: str) -> str:
    if text.startswith(child.ROUNDED):
        return Rounded(text[1:])
    text = text.strip()
    if len(text) > 1 and text[0] == "'" and text[1] in RISKY:
        return text[1:]  # as `safe` wrote it
    return Rounded(text) if _EXPONENT.fullmatch(text) else text


def _text(data: bytes) -> Iterator[list[str]]:
    # decoded line by line: the whole text beside its bytes is what a worker's memory would go to
    lines = io.TextIOWrapper(io.BytesIO(data), encoding=_encoding(data), newline="")
    first = next((words for line in lines if (words := line.strip())), "")
    if first.lower().startswith("sep=") and len(first) == 5:  # Excel's own way to say it
        delimiter = first[4]
        yield []
    else:
        delimiter = max(";,\t", key=first.count)
        lines.seek(0)
    try:
        yield from csv.reader(lines, delimiter=delimiter)
    except csv.Error as error:
        raise Unreadable from error


def _encoding(data: bytes) -> str:
    """UTF-16 by its mark, UTF-8 with or without one, else the Windows code page of Western Europe. Refuses Unreadable."""
    marked = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    for name in ("utf-16" if marked else "utf-8-sig", "cp1252"):
        try:
            words = data.decode(name)
        except UnicodeDecodeError:
            continue
        if "\x00" in words:
            break
        return name
    raise Unreadable


def _workbook(data: bytes, limits: Limits) -> Iterator[list[str]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            names = {part.filename.lower(): part.file_size for part in parts.infolist()}
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise Unreadable from error
    if any(name.endswith("vbaproject.bin") for name in names):
        raise HasMacros
    if "[content_types].xml" not in names or len(names) > 2_000:
        raise Unreadable
    if sum(names.values()) > limits.unpacked_megabytes << 20:
        raise SheetTooBig(limit=limits.megabytes)
    with tempfile.TemporaryFile() as out:
        _ask_child(data, out, limits)
        out.seek(0)
        for line in out:
            yield json.loads(line)


def _ask_child(data: bytes, out: IO[bytes], limits: Limits) -> None:
    """Let the other process read. What it dies of, a person hears as a damaged file."""
    most = (limits.memory_megabytes, limits.seconds, limits.rows + 1, limits.columns)
    try:
        code = subprocess.run(  # noqa: S603 - our own program; the file is its input, never an argument
            [sys.executable, "-I", str(CHILD), *map(str, most)],
            input=data,
            stdout=out,
            stderr=subprocess.DEVNULL,
            timeout=limits.seconds * 2,
            env={"RUST_BACKTRACE": "0"},
            check=False,
        ).returncode
    except subprocess.TimeoutExpired as error:
        raise Unreadable from error
    if code == child.TOO_MANY_ROWS:
        raise TooManyRows(limit=limits.rows)
    if code == child.TOO_MANY_COLUMNS:
        raise TooManyColumns(limit=limits.columns)
    if code == child.PASSWORD:
        raise PasswordProtected
    if code:
        raise Unreadable


def match(titles: Sequence[str], columns: Sequence[Column]) -> dict[str, int]:
    """Which column of the file holds which key; capitals, spaces and punctuation do not matter. Refuses MissingColumns, ColumnTwice."""
    known = {_plain(title): column.key for column in columns for title in column.titles}
    found: dict[str, int] = {}
    for place, title in enumerate(titles):
        key = known.get(_plain(title))
        if key is None:
            continue
        if key in found:
            raise ColumnTwice(column=title)
        found[key] = place
    missing = [column.titles[0] for column in columns if column.required and column.key not in found]
    if missing:
        raise MissingColumns(columns=", ".join(missing))
    return found


def _plain(title: str) -> str:
    return re.sub(r"[\W_]+", " ", title).strip().casefold()


def records(data: bytes, columns: Sequence[Column], limits: Limits = Limits()) -> Iterator[Record]:
    """The rows below the titles, by key; a column that the map does not know is passed over."""
    rows = read(data, limits)
    _number, titles = next(rows)
    places = match(titles, columns)
    for number, cells in rows:
        values = {key: cells[place] if place < len(cells) else "" for key, place in places.items()}
        yield Record(number, values, places)


# ---- out -----------------------------------------------------------------------------------------------------------------------

Cell = str | int | None


def safe(text: str) -> str:
    """Text that stays text in every spreadsheet, and that XML can carry."""
    text = _ILLEGAL.sub("", text)
    return f"'{text}" if text.startswith(RISKY) else text


def csv_lines(titles: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """A CSV as an Indonesian Excel opens it: UTF-8 with its mark, semicolons; a row at a time."""
    yield b"\xef\xbb\xbf"
    yield _csv_line(titles)
    for cells in rows:
        yield _csv_line(cells)


def _csv_line(cells: Sequence[Cell]) -> bytes:
    line = io.StringIO()
    csv.writer(line, delimiter=";", lineterminator="\r\n").writerow(
        [safe(cell) if isinstance(cell, str) else cell for cell in cells]
    )
    return line.getvalue().encode()


def write_xlsx(out: IO[bytes], titles: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """A workbook with one sheet, a row at a time. Text is text, a NIK too; numbers are numbers."""
    from openpyxl import Workbook  # a server process needs it only once somebody downloads a sheet

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Data")
    sheet.freeze_panes = "A2"
    sheet.append([safe(title) for title in titles])
    for cells in rows:
        sheet.append([safe(cell) if isinstance(cell, str) else cell for cell in cells])
    book.save(out)
