"""What the pages of an upload say: each row's cells with their problems, the sum of the ready rows, and the files to download."""

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from sertakan.accounts.models import Organisation, OrganisationKind
from sertakan.bulk import queries, rules
from sertakan.bulk.checking import month_words
from sertakan.bulk.models import Upload, UploadRow
from sertakan.bulk.rows import COLUMNS, OFFICE_COLUMNS, SENTENCES, TITLES, Kind, problems_in, values_in
from sertakan.kit import sheet
from sertakan.kit.errors import N_
from sertakan.kit.months import span
from sertakan.tariff import queries as tariff
from sertakan.tariff.rules import PayerKind, Quote

ALWAYS_SHOWN = ("nik", "name", "occupation")
STAGES = {
    "promised": N_("Diajukan"),
    "paid": N_("Dana diterima"),
    "approved": N_("Disetujui petugas"),
    "remitted": N_("Disetor"),
    "posted": N_("Aktif di BPJS"),
    "out": N_("Tidak jadi"),
}


@dataclass(frozen=True)
class Cell:
    key: str
    title: str
    value: str
    wrong: bool


@dataclass(frozen=True)
class ShownRow:
    """A row as the page shows it: the wrong cells are inputs, the others text."""

    number: int
    cells: list[Cell]
    problems: list[dict[str, Any]]


def shown(row: UploadRow) -> ShownRow:
    content = row.content
    values, problems = values_in(content), problems_in(content)
    wrong = {problem["key"] for problem in problems}
    keys = [key for key in TITLES if key in ALWAYS_SHOWN or key in wrong]
    cells = [Cell(key, TITLES[key], values.get(key, ""), key in wrong) for key in keys]
    told = [{"words": sentence(problem), "suggestion": problem["suggestion"], "key": problem["key"]} for problem in problems]
    return ShownRow(row.row_number, cells, told)


def sentence(problem: dict[str, Any]) -> str:
    """A problem in the reader's language."""
    kind, params = Kind(problem["kind"]), dict(problem["params"])
    if kind is Kind.covered:
        params = {name: month_words(value) for name, value in params.items()}
    if kind is Kind.nik_wrong:
        words = params["why"]
        params["why"] = _(words, **{name: value for name, value in params.items() if name != "why"})
    return str(_(SENTENCES[kind], **params))


def failure(upload: Upload) -> str:
    """Why the file cannot be read, in the reader's language."""
    kept = upload.why or {}
    message, params = kept.get("message", ""), kept.get("params", {})
    return str(_(message, **params)) if message else ""


# ---- money ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bill:
    """What the ready rows would cost: each month at its own price. Amounts are whole rupiah."""

    people: int
    months: list[tuple[Any, int]]
    total_rupiah: int


def bill_of(upload: Upload) -> Bill:
    """From the counts of the checked result; an occupation has one price a month for everybody in it."""
    payer = PayerKind.government if upload.organisation.kind is OrganisationKind.government else PayerKind.company
    months = span(upload.first_month, upload.count)
    sums, people = dict.fromkeys(months, 0), 0
    for code, count in ((upload.counts or {}).get("occupations") or {}).items():
        quote: Quote = tariff.quote_for(months, code, payer)
        people += count
        for line in quote.lines:
            sums[line.month] += count * line.total_rupiah
    return Bill(people, list(sums.items()), sum(sums.values()))


# ---- files ---------------------------------------------------------------------------------------------------------------------


def bad_rows_file(upload: Upload) -> bytes:
    """The wrong rows as typed, with their number and everything that is wrong with them."""
    # it comes back by these titles, in either language
    titles = [
        "Baris",
        *(column.titles[0] for column in columns_for(upload.organisation)),
        "Masalah",
    ]
    out = io.BytesIO()
    sheet.write_xlsx(out, titles, _bad_lines(upload))
    return out.getvalue()


def _bad_lines(upload: Upload) -> Iterator[Sequence[sheet.Cell]]:
    after, columns = 0, columns_for(upload.organisation)
    while rows := queries.bad_rows(upload.id, after, rules.CHUNK):
        for row in rows:
            values, problems = values_in(row.content), problems_in(row.content)
            words = " ".join(sentence(problem) for problem in problems)
            yield [row.row_number, *(values.get(column.key, "") for column in columns), words]
        after = rows[-1].row_number


def columns_for(organisation: Organisation) -> tuple[sheet.Column, ...]:
    """The columns that a list of this organisation may have: offices only under a decree."""
    return (*COLUMNS, *OFFICE_COLUMNS) if organisation.kind is OrganisationKind.government else COLUMNS


def template_file(organisation: Organisation) -> bytes:
    """An empty file to fill: text columns so that no NIK loses a digit, an example, a list of occupations, and what each column means."""
    from openpyxl import Workbook  # a server process needs it only once somebody downloads a sheet
    from openpyxl.worksheet.datavalidation import DataValidation

    book = Workbook(write_only=True)
    data = book.create_sheet("Data")
    data.freeze_panes = "A2"
    titles = [column.titles[0] for column in columns_for(organisation)]
    for place in range(len(titles)):
        data.column_dimensions[sheet.letters(place)].width = 22
        data.column_dimensions[sheet.letters(place)].number_format = "@"
    data.append(titles)
    example = ["6171045203840001", "Sumiati (contoh, hapus baris ini)", "Asisten rumah tangga", "12-03-1984", "P", "081250001234"]
    offices = ["Kader posyandu", ""] if organisation.kind is OrganisationKind.government else []
    data.append([_text(data, value) for value in [*example, "Sungai Bangkong", "Ya", *offices]])
    names = [_(work.label) for work in tariff.list_occupations()]
    choose = DataValidation(type="list", formula1=f"=Pekerjaan!$A$1:$A${len(names)}", allow_blank=True)
    choose.add("C2:C5001")
    data.data_validations.append(choose)
    works = book.create_sheet("Pekerjaan")
    for name in names:
        works.append([name])
    notes = book.create_sheet("Petunjuk")
    for line in _instructions():
        notes.append([line])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _text(page: Any, value: str) -> Any:
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(page, value=value)
    cell.number_format = "@"
    return cell


def _instructions() -> list[str]:
    return [
        _("Satu baris satu orang. Wajib: NIK, Nama, Pekerjaan. Kolom lain boleh kosong."),
        _("NIK 16 angka dan disimpan sebagai Teks, supaya angka terakhirnya tidak hilang."),
        _("Pekerjaan dipilih dari daftar di lembar Pekerjaan, karena harganya bergantung pada pekerjaan."),
        _("Tanggal lahir seperti 12-03-1984. Kami mencocokkannya dengan NIK."),
        _("Masih bekerja: Ya atau Tidak. Yang tidak bekerja dilewati."),
        _("Karyawan perusahaan didaftarkan lewat SIPP, bukan di sini."),
    ]


def stages_of(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """How far the workers of an upload have come, in words; who fell out only when there are any."""
    return [(_(words), counts[name]) for name, words in STAGES.items() if counts[name] or name != "out"]
