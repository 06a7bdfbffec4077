"""Loading places."""

import csv
from pathlib import Path
from statistics import fmean

from flask import current_app

from sertakan.db import transaction
from sertakan.kit.errors import N_, Refused
from sertakan.kit.text import one_line
from sertakan.places import rules
from sertakan.places.models import Kecamatan, Kelurahan
from sertakan.places.pontianak import KECAMATAN, KELURAHAN

COLUMNS = ("code", "name", "official_name", "kecamatan_code", "kecamatan", "lat", "lng", "postal_code")


class BadPlacesFile(Refused):
    message = N_("Berkas kelurahan tidak punya kolom: %(missing)s")


class NotUtf8(Refused):
    message = N_("Berkas kelurahan tidak tersimpan sebagai CSV UTF-8.")


class BadPlacesRow(Refused):
    message = N_("Baris %(row)s: kolom %(column)s berisi %(value)s. Perbaiki dulu, belum ada yang disimpan.")


def load_reference() -> None:
    """Write Pontianak's places, or bring them up to date; safe to repeat."""
    with transaction() as session:
        for code, name, lat, lng in KECAMATAN:
            session.merge(Kecamatan(code=code, name=name, lat=lat, lng=lng))
        session.flush()
        for code, official, name, lat, lng, postal in KELURAHAN:
            session.merge(
                Kelurahan(
                    code=code, official_name=official, name=name, kecamatan_code=code[:8], lat=lat, lng=lng, postal_code=postal
                )
            )
    forget()


def load_file(path: str | Path) -> int:
    """Load another city's kelurahan from a UTF-8 CSV with the columns of COLUMNS; returns how many. All or nothing.

    A kecamatan's centre is the mean of its kelurahan. Other running processes see the new places within half a minute.
    """
    rows = _read(Path(path))
    groups: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        groups.setdefault(row["kecamatan_code"], []).append(row)
    with transaction() as session:
        for code, members in groups.items():
            lat, lng = (fmean(float(row[axis]) for row in members) for axis in ("lat", "lng"))
            session.merge(Kecamatan(code=code, name=members[0]["kecamatan"], lat=round(lat, 5), lng=round(lng, 5)))
        session.flush()
        for row in rows:
            texts = {name: row[name] for name in ("code", "official_name", "name", "kecamatan_code", "postal_code")}
            session.merge(Kelurahan(**texts, lat=float(row["lat"]), lng=float(row["lng"])))
    forget()
    return len(rows)


def _read(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
            if missing:
                raise BadPlacesFile(missing=", ".join(missing))
            rows = [{column: one_line(row[column] or "") for column in COLUMNS} for row in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise NotUtf8 from error
    for number, row in enumerate(rows, start=2):  # row 1 is the heading, as in a spreadsheet
        bad = rules.first_bad_column(row)
        if bad:
            raise BadPlacesRow(row=number, column=bad, value=repr(row[bad][:40]))
    return rows


def forget() -> None:
    """Let this process read the places again."""
    current_app.extensions.pop("places", None)
