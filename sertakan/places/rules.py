"""Distance between places, and what a row of a places file must look like."""

import re
from collections.abc import Mapping
from math import asin, cos, radians, sin, sqrt

EARTH_KM = 6371.0
_DEGREES = r"-?[0-9]{1,3}(?:\.[0-9]{1,10})?"
_SHAPES = {
    "code": r"[0-9]{2}(?:\.[0-9]{2}){2}\.[0-9]{4}",
    "kecamatan_code": r"[0-9]{2}(?:\.[0-9]{2}){2}",
    "name": r".{1,60}",
    "official_name": r".{1,60}",
    "kecamatan": r".{1,60}",
    "lat": _DEGREES,
    "lng": _DEGREES,
    "postal_code": r"[0-9]{5}",
}


def distance_km(lat1: float, lng1: float, lat2: float, lng2: float) -> float:
    """Great-circle distance in kilometres; the city straddles the equator, so latitudes have both signs."""
    half_lat, half_lng = radians(lat2 - lat1) / 2, radians(lng2 - lng1) / 2
    root = sin(half_lat) ** 2 + cos(radians(lat1)) * cos(radians(lat2)) * sin(half_lng) ** 2
    return 2 * EARTH_KM * asin(sqrt(root))


def first_bad_column(row: Mapping[str, str]) -> str | None:
    """The first column of a file's row that cannot be right: shape, code outside its kecamatan, a point outside Indonesia."""
    for column, shape in _SHAPES.items():
        if not re.fullmatch(shape, row[column]):
            return column
    if not row["code"].startswith(row["kecamatan_code"] + "."):
        return "kecamatan_code"
    if not -11.1 <= float(row["lat"]) <= 6.1:
        return "lat"
    return None if 94.9 <= float(row["lng"]) <= 141.1 else "lng"
