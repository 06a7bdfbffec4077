"""Spreadsheets from people: every encoding and separator, every broken or hostile file refused with its own sentence."""

import contextlib
import csv
import io
import zipfile
from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from sertakan.kit import sheet
from sertakan.kit.errors import Refused
from sertakan.kit.sheet import Column, Limits, Rounded

NIK = "6171045203840001"
ROWS = [["NIK", "Nama"], [NIK, "Siti Nurjanah"], ["6171041203850002", "Ãgus 'Wan"]]
COLUMNS = [
    Column("nik", ("NIK", "No. KTP")),
    Column("name", ("Nama", "Nama lengkap")),
    Column("note", ("Catatan",), required=False),
]


def book(rows: list[list[object]], change: Callable[[Workbook], None] | None = None) -> bytes:
    made = Workbook()
    for row in rows:
        made.active.append(row)
    if change:
        change(made)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def text(encoding: str, delimiter: str, rows: list[list[str]] = ROWS) -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(rows)
    return out.getvalue().encode(encoding)


def cells(data: bytes, limits: Limits = Limits()) -> list[list[str]]:
    return [row for _number, row in sheet.read(data, limits)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_a_csv_is_read_in_every_encoding_and_with_every_separator(encoding: str, delimiter: str) -> None:
    assert cells(text(encoding, delimiter)) == ROWS


def test_a_csv_may_say_its_separator_as_excel_does() -> None:
    assert cells(b"sep=|\r\n" + text("utf-8", "|")) == ROWS


def test_a_workbook_is_read_as_it_looks_and_rows_keep_their_numbers() -> None:
    data = book([[], ["", "NIK", "Angka", "Hari", "Ya"], [], [None, NIK, 16800.0, date(2026, 12, 1), True]])
    assert list(sheet.read(data)) == [(2, ["", "NIK", "Angka", "Hari", "Ya"]), (4, ["", NIK, "16800", "2026-12-01", "TRUE"])]


def test_a_nik_that_a_spreadsheet_has_rounded_is_known_as_such() -> None:
    [[number]] = cells(book([[6171045203840001]]))
    assert isinstance(number, Rounded)
    [[typed], [shown]] = cells(f"{NIK}\n6,17104E+15\n".encode().replace(b",", b"."))
    assert not isinstance(typed, Rounded) and isinstance(shown, Rounded)


def sealed() -> bytes:
    return sheet._OLE + b"\x00" * 600 + "EncryptedPackage".encode("utf-16-le") + b"\x00" * 600


def with_part(name: str, content: bytes) -> bytes:
    out = io.BytesIO(book(ROWS))
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr(name, content)
    return out.getvalue()


def far_cell() -> bytes:
    def change(made: Workbook) -> None:
        made.active["XFD1048576"] = "jauh"

    return book([["NIK"]], change)


BROKEN: dict[str, tuple[Callable[[], bytes], type[Refused]]] = {
    "nothing": (lambda: b"", sheet.SheetEmpty),
    "only blanks": (lambda: b" \r\n ;;\r\n", sheet.SheetEmpty),
    "an empty workbook": (lambda: book([]), sheet.SheetEmpty),
    "a password": (sealed, sheet.PasswordProtected),
    "an old workbook": (lambda: sheet._OLE + b"\x00" * 2_000, sheet.OldWorkbook),
    "a truncated workbook": (lambda: book(ROWS)[:2_000], sheet.Unreadable),
    "a zip that is no workbook": (lambda: zipped("a.txt", b"halo"), sheet.Unreadable),
    "a workbook with a broken sheet": (lambda: broken_sheet(), sheet.Unreadable),
    "macros": (lambda: with_part("xl/vbaProject.bin", b"x"), sheet.HasMacros),
    "a zip bomb": (lambda: with_part("xl/media/a.bin", b"\x00" * (450 << 20)), sheet.SheetTooBig),
    "a picture": (lambda: b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", sheet.Unreadable),
    "one cell at the far end, which asks for more memory than there is": (far_cell, sheet.Unreadable),
    "too many bytes": (lambda: b"a" * (17 << 20), sheet.SheetTooBig),
    "too wide a text": (lambda: b";".join([b"a"] * 90), sheet.TooManyColumns),
}


def zipped(name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as parts:
        parts.writestr(name, content)
    return out.getvalue()


def broken_sheet() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book(ROWS))) as old, zipfile.ZipFile(out, "w") as new:
        for part in old.infolist():
            content = old.read(part)
            new.writestr(part, content[:60] if part.filename.endswith("sheet1.xml") else content)
    return out.getvalue()


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_or_hostile_file_is_refused_with_its_own_sentence(name: str) -> None:
    make, no = BROKEN[name]
    with pytest.raises(no):
        cells(make())


@pytest.mark.parametrize("make", [lambda rows: book(rows), lambda rows: text("utf-8", ";", rows)], ids=["xlsx", "csv"])
def test_the_most_rows_are_read_and_one_more_is_refused(make: Callable[[list[list[str]]], bytes]) -> None:
    rows = [["NIK"], *([str(number)] for number in range(5))]
    assert len(cells(make(rows), Limits(rows=5))) == 6
    with pytest.raises(sheet.TooManyRows):
        cells(make([*rows, ["5"]]), Limits(rows=5))


def test_titles_are_found_whatever_their_order_capitals_and_marks() -> None:
    assert sheet.match(["  nama_LENGKAP ", "x", "no ktp"], COLUMNS) == {"name": 0, "nik": 2}


def test_every_missing_column_is_named_and_a_double_one_refused() -> None:
    with pytest.raises(sheet.MissingColumns) as no:
        sheet.match(["Catatan"], COLUMNS)
    assert no.value.params == {"columns": "NIK, Nama"}
    with pytest.raises(sheet.ColumnTwice):
        sheet.match(["NIK", "Nama", "No KTP"], COLUMNS)


def test_a_record_says_where_each_value_stands_even_in_a_short_row() -> None:
    [first, second] = sheet.records(text("utf-8", ";", [["x", "NIK", "Nama"], ["", NIK, "A"], ["y"]]), COLUMNS)
    assert first.values == {"nik": NIK, "name": "A"} and first.place("nik") == "B2"
    assert second.values == {"nik": "", "name": ""} and second.place("note") == "3"


@pytest.mark.parametrize(("place", "name"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA")])
def test_columns_are_named_as_a_spreadsheet_names_them(place: int, name: str) -> None:
    assert sheet.letters(place) == name


@pytest.mark.parametrize("evil", ["=1+1", "+62812", "-2", "@SUM(A1)", "\tx", "\rx"])
def test_what_we_write_never_runs_and_comes_back_as_it_was(evil: str) -> None:
    lines = b"".join(sheet.csv_lines(["Isi"], [[evil]]))
    assert f"'{evil}".encode() in lines
    out = io.BytesIO()
    sheet.write_xlsx(out, ["Isi", "NIK", "Rupiah"], [[evil, NIK, 16_800]])
    cell = load_workbook(io.BytesIO(out.getvalue())).active["A2"]
    assert cell.data_type == "s" and cell.value[0] == "'"
    assert cells(out.getvalue())[1][1:] == [NIK, "16800"]
    assert cells(lines)[1] == [evil] and cells(out.getvalue())[1][0] in (evil, evil.replace("\r", "'\n"))


def test_control_characters_are_left_out() -> None:
    out = io.BytesIO()
    sheet.write_xlsx(out, ["Isi"], [["a\x00b\x1bc"]])
    assert cells(out.getvalue()) == [["Isi"], ["abc"]]


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    with contextlib.suppress(Refused):
        cells(data)
