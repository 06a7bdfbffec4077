"""Loading places."""

import csv
from pathlib import Path

from flask import current_app

from sertakan.db import transaction
from sertakan.kit.errors import N_, Refused
from sertakan.places.models import Kecamatan, Kelurahan
from sertakan.places.pontianak import KECAMATAN, KELURAHAN

COLUMNS = ("code", "name", "official_name", "kecamatan_code", "kecamatan", "lat", "lng", "postal_code")


class BadPlacesFile(Refused):
    message = N_("Berkas kelurahan tidak punya kolom: %(missing)s")


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
    current_app.extensions.pop("places", None)


def load_file(path: str | Path) -> int:
    """Load another city's kelurahan from a UTF-8 CSV with the columns of COLUMNS; returns how many. All or nothing."""
    with Path(path).open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
        if missing:
            raise BadPlacesFile(missing=", ".join(missing))
        rows = list(reader)
    with transaction() as session:
        for row in rows:
            session.merge(
                Kecamatan(code=row["kecamatan_code"], name=row["kecamatan"], lat=float(row["lat"]), lng=float(row["lng"]))
            )
        session.flush()
        for row in rows:
            session.merge(
                Kelurahan(
                    code=row["code"],
                    official_name=row["official_name"],
                    name=row["name"],
                    kecamatan_code=row["kecamatan_code"],
                    lat=float(row["lat"]),
                    lng=float(row["lng"]),
                    postal_code=row["postal_code"],
                )
            )
    current_app.extensions.pop("places", None)
    return len(rows)
