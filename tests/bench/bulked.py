"""One stage of a large upload, in a process of its own: `STAGE URL FOLDER ROWS`; prints JSON with seconds and megabytes.

`make-…` writes the file. `ours-…` goes through the verbs of the room. `bare-…` reads with the same library, takes the same hash, seals
the same words and inserts them in chunks, and checks no more than the length of the NIK.
"""

import csv
import io
import json
import resource
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

import python_calamine
from flask import Flask
from sqlalchemy import Table, insert, select

from sertakan.accounts.models import Organisation, Person
from sertakan.app import build
from sertakan.bulk import applying, queries, service
from sertakan.bulk.models import Upload, UploadRow
from sertakan.bulk.rules import UploadState
from sertakan.db import bare_writes, blind, db, keyring, new_ref, transaction
from sertakan.jobs import settle
from sertakan.kit import clock
from sertakan.organisations.queries import get_membership
from tests.bulk.files import csv_file, nik, xlsx_file
from tests.cast import PEOPLE, hire
from tests.conftest import NOW, config_for

CHUNK = 1_000


def rows(count: int, first: int) -> list[list[str]]:
    """People of one occupation; every twentieth row is wrong."""
    return [[nik(first + one) if one % 20 else "6171O4", "Sumiati", "Asisten rumah tangga", ""] for one in range(count)]


def member(who: str) -> Any:
    person = db.session.scalars(select(Person).where(Person.name == PEOPLE[who][0])).one()
    return get_membership(db.session.scalars(select(Organisation.ref)).one(), person)


def upload(data: bytes, count: int) -> int:
    """The file as it waits for the worker."""
    with transaction():
        row = service.start(actor=member("rina"), name="bench", data=data, first_month=clock.this_month(), count=count)
        db.session.flush()
        return row.id


def prepare(app: Flask) -> None:
    from sertakan.places import service as places
    from sertakan.tariff import service as tariff

    with bare_writes():
        db.create_all()
    places.load_reference()
    tariff.load_reference()
    hire()


def ours(file: Path) -> float:
    began = time.perf_counter()
    upload_id = upload(file.read_bytes(), 1)
    if service.check_file(upload_id) != UploadState.checked:
        raise RuntimeError("the file was not checked")
    took = time.perf_counter() - began
    with transaction():
        service.withdraw(actor=member("rina"), upload=queries.get(upload_id, lock=True))
    return took


def bare(file: Path, kind: str) -> float:
    began, data = time.perf_counter(), file.read_bytes()
    sealing, upload_id = keyring().seal, upload(data, 1)
    chunk: list[dict[str, Any]] = []
    with bare_writes():
        for number, cells in enumerate(_cells(data, kind), 1):
            ref = new_ref()
            good = len(cells[0]) == 16
            content = json.dumps({"values": dict(zip(("nik", "name", "occupation"), cells, strict=False)), "problems": []})
            chunk.append(
                {
                    "ref": ref,
                    "upload_id": upload_id,
                    "row_number": number,
                    "content_sealed": sealing(content, f"upload_row:{ref}:content_sealed"),
                    "nik_hash": blind(cells[0], "nik"),
                    "state": "ready" if good else "wrong",
                    "kind": None if good else "nik_length",
                    "occupation_code": "asisten_rumah_tangga",
                    "revision": 0,
                }
            )
            if len(chunk) == CHUNK:
                _put(chunk)
                chunk = []
        _put(chunk)
    return time.perf_counter() - began


def _cells(data: bytes, kind: str) -> Iterable[list[str]]:
    if kind == "csv":
        return (row for row in csv.reader(io.StringIO(data.decode("utf-8-sig")), delimiter=";") if row[0] != "NIK")
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
    return ([str(cell) for cell in row] for row in book.get_sheet_by_index(0).to_python()[1:])


def _put(chunk: list[dict[str, Any]]) -> None:
    if chunk:
        with db.engine.begin() as connection:
            connection.execute(insert(cast(Table, UploadRow.__table__)), chunk)


def applied(count: int) -> float:
    """A confirmed upload becomes promises of one month each and a bill; only that is timed."""
    upload_id = upload(csv_file([[nik(500_000 + one), "Sumiati", "Asisten rumah tangga", ""] for one in range(count)]), 1)
    service.check_file(upload_id)
    for who, verb in (("rina", service.submit), ("budi", service.confirm)):
        with transaction():
            row = queries.get(upload_id, lock=True)
            verb(actor=member(who), upload=row, seen=row.mark or "")
    began = time.perf_counter()
    if applying.apply(upload_id) != UploadState.applied:
        raise RuntimeError("the upload was not applied")
    took = time.perf_counter() - began
    made = db.session.scalars(select(Upload).where(Upload.id == upload_id)).one()
    if made.order_id is None:
        raise RuntimeError("there is no bill")
    return took


def main() -> None:
    stage, url, folder, count = sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4])
    app = build(config_for(url, folder))
    seconds = 0.0
    way, _dash, kind = stage.partition("-")
    file = folder / f"{count}.{kind}"
    if way == "make":
        made = rows(count, 0 if kind == "csv" else 200_000)
        file.write_bytes(csv_file(made) if kind == "csv" else xlsx_file(made))
        return
    settle()  # as the worker does
    with app.app_context(), clock.frozen(NOW):
        if way == "prepare":
            prepare(app)
        elif way == "ours":
            seconds = ours(file)
        elif way == "bare":
            seconds = bare(file, kind)
        else:
            seconds = applied(count)
    use = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(json.dumps({"seconds": seconds, "memory_mb": max(use) / 1024}))


if __name__ == "__main__":
    main()
