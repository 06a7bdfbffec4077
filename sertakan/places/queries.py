"""Reading places. They change with a decree, not with a request: a process keeps them, and reads the few dozen rows again twice a
minute, so that a load by another process is seen without starting anew.
"""

from dataclasses import dataclass
from time import monotonic

from flask import abort, current_app
from sqlalchemy import select

from sertakan.db import db
from sertakan.places.models import Kecamatan, Kelurahan
from sertakan.places.rules import distance_km

LOOK_AGAIN_SECONDS = 30.0


@dataclass(frozen=True)
class Place:
    """A kelurahan as pages use it."""

    code: str
    name: str
    kecamatan_code: str
    kecamatan: str
    lat: float
    lng: float


@dataclass
class _Kept:
    until: float
    places: dict[str, Place]


def _known() -> dict[str, Place]:
    kept: _Kept | None = current_app.extensions.get("places")
    if kept is None or not kept.places or kept.until < monotonic():
        rows = db.session.execute(
            select(Kelurahan.code, Kelurahan.name, Kelurahan.kecamatan_code, Kecamatan.name, Kelurahan.lat, Kelurahan.lng)
            .join(Kecamatan, Kecamatan.code == Kelurahan.kecamatan_code)
            .order_by(Kelurahan.code)
        )
        kept = _Kept(monotonic() + LOOK_AGAIN_SECONDS, {row[0]: Place(*row) for row in rows})
        current_app.extensions["places"] = kept
    return kept.places


def list_kelurahan() -> list[Place]:
    """All kelurahan by code."""
    return list(_known().values())


def by_kecamatan() -> dict[str, list[Place]]:
    """Kelurahan under the name of their kecamatan, for a grouped select."""
    groups: dict[str, list[Place]] = {}
    for place in _known().values():
        groups.setdefault(place.kecamatan, []).append(place)
    return groups


def find_kelurahan(code: str | None) -> Place | None:
    return _known().get(code or "")


def get_kelurahan(code: str) -> Place:
    """The kelurahan of this code, or 404."""
    return find_kelurahan(code) or abort(404)


def neighbours(code: str) -> list[tuple[Place, float]]:
    """The other kelurahan with their distance in kilometres between centroids, nearest first."""
    here = get_kelurahan(code)
    others = [(place, distance_km(here.lat, here.lng, place.lat, place.lng)) for place in _known().values() if place.code != code]
    return sorted(others, key=lambda pair: pair[1])
