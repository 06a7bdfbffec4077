"""A batch as a file for BPJS: the columns of the map, every NIK as text, personal data opened one row at a time."""

from collections.abc import Callable, Iterator
from io import BytesIO
from typing import IO, Any

from sqlalchemy import Row

from sertakan.accounts.models import Person
from sertakan.audit.service import record
from sertakan.coverage.models import CoverageMonth
from sertakan.kit import sheet
from sertakan.remittance import queries, rules, service
from sertakan.remittance.models import Batch
from sertakan.tariff.rules import Package
from sertakan.workers.models import Sex, Worker

FORMATS = {"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "csv": "text/csv"}
PROGRAMMES = {Package.jkk_jkm: "JKK+JKM", Package.jkk_jkm_jht: "JKK+JKM+JHT"}
Facts = tuple[int, CoverageMonth, Worker, str | None, str | None, str | None, int]
_SEX = {Sex.male: "L", Sex.female: "P"}

# what is not here, Sertakan does not hold: those columns stay empty
CELLS: dict[str, Callable[[Facts], sheet.Cell]] = {
    "number": lambda row: row[0],
    "nik": lambda row: str(row[2].nik),
    "name": lambda row: row[2].name,
    "born_on": lambda row: row[2].born_on.strftime("%d-%m-%Y"),
    "sex": lambda row: _SEX[row[2].sex],
    "phone": lambda row: row[2].phone,
    "address": lambda row: row[2].address,
    "kelurahan": lambda row: row[3],
    "kelurahan_code": lambda row: row[2].kelurahan_code,
    "postal_code": lambda row: row[4],
    "occupation": lambda row: row[5],
    "base": lambda row: row[1].base_rupiah,
    "programmes": lambda row: PROGRAMMES[row[1].package],
    "month": lambda row: str(row[1].month),
    "jkk": lambda row: row[1].jkk_rupiah,
    "jkm": lambda row: row[1].jkm_rupiah,
    "jht": lambda row: row[1].jht_rupiah,
    "relief": lambda row: row[1].relief_rupiah,
    "amount": lambda row: row[6],
    "channel": lambda row: rules.CHANNELS.get(row[1].payer_kind, ""),
}


def write(batch: Batch, kind: str, out: IO[bytes]) -> None:
    """The file of a batch into `out`; `kind` is xlsx or csv. Memory stays flat. Refuses LinesChanged when it is not what was locked."""
    if batch.fingerprint and queries.fingerprint_of(batch.id) != batch.fingerprint:
        raise rules.LinesChanged
    places = queries.columns("export")
    fields = sorted((field for field, (_title, place) in places.items() if place), key=lambda field: (places[field][1], field))
    titles = [places[field][0] for field in fields]
    rows = _rows(queries.export_rows(batch.id), fields)
    if kind == "xlsx":
        sheet.write_xlsx(out, titles, rows)
        return
    for line in sheet.csv_lines(titles, rows):
        out.write(line)


def _rows(found: Iterator[Row[*tuple[Any, ...]]], fields: list[str]) -> Iterator[list[sheet.Cell]]:
    makers = [CELLS.get(field) for field in fields]
    for number, row in enumerate(found, 1):
        facts: Facts = (number, *row)
        yield [make(facts) if make else None for make in makers]


def to_bytes(batch: Batch, kind: str) -> BytesIO:
    """The same in memory, at its beginning."""
    out = BytesIO()
    write(batch, kind, out)
    out.seek(0)
    return out


def note(*, actor: Person, batch: Batch, kind: str) -> None:
    """Write down that a file with personal data was made."""
    record(actor=actor.ref, action="batch.export", subject=service.subject(batch), after={"kind": kind, "months": batch.months})
