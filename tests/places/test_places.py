"""Pontianak's places, their distances, and another city's file."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.exceptions import NotFound

from sertakan.db import transaction
from sertakan.kit.errors import Refused
from sertakan.places import queries, service
from sertakan.places.models import Kecamatan, Kelurahan
from sertakan.places.rules import distance_km
from tests.factories import count
from tests.page import counted

HEAD = ",".join(service.COLUMNS)
GOOD = "61.12.01.2001,Parit Baru,Parit Baru,61.12.01,Sungai Raya,-0.08,109.38,78391"


@pytest.fixture
def places(app: Flask) -> Iterator[None]:
    service.forget()
    yield
    service.forget()


def test_pontianak_has_29_kelurahan_in_6_kecamatan(places: None) -> None:
    assert len(queries.list_kelurahan()) == count(Kelurahan) == 29
    groups = queries.by_kecamatan()
    assert {name: len(members) for name, members in groups.items()} == {
        "Pontianak Selatan": 5,
        "Pontianak Timur": 7,
        "Pontianak Barat": 4,
        "Pontianak Utara": 4,
        "Pontianak Kota": 5,
        "Pontianak Tenggara": 4,
    }


def test_loading_twice_changes_nothing(places: None) -> None:
    service.load_reference()
    assert (count(Kelurahan), count(Kecamatan)) == (29, 6)


def test_a_code_that_many_lists_have_does_not_exist(places: None) -> None:
    assert queries.find_kelurahan("61.71.01.1001") is None
    with pytest.raises(NotFound):
        queries.get_kelurahan("61.71.01.1001")
    assert queries.find_kelurahan(None) is None


def test_places_carry_the_spelling_people_use_and_straddle_the_equator(places: None) -> None:
    jawi = queries.get_kelurahan("61.71.05.1005")
    assert (jawi.name, jawi.kecamatan) == ("Sungai Jawi", "Pontianak Kota")
    assert {place.lat > 0 for place in queries.list_kelurahan()} == {True, False}


def test_every_kelurahan_belongs_to_the_kecamatan_of_its_code_and_lies_near_it(places: None) -> None:
    for place in queries.list_kelurahan():
        assert place.code.startswith(place.kecamatan_code)
        assert distance_km(place.lat, place.lng, -0.02578, 109.33170) < 9


def test_neighbours_come_nearest_first_and_without_the_place_itself(places: None) -> None:
    around = queries.neighbours("61.71.05.1003")
    assert [place.name for place, _km in around[:2]] == ["Mariana", "Darat Sekip"]
    distances = [km for _place, km in around]
    assert len(around) == 28 and distances == sorted(distances) and 0.3 < distances[0] < 1


def test_places_are_read_once(places: None, app: Flask) -> None:
    with counted(app) as first:
        queries.list_kelurahan()
    with counted(app) as second:
        queries.neighbours("61.71.05.1005")
        queries.by_kecamatan()
    assert (len(first), len(second)) == (1, 0)


points = st.tuples(st.floats(-11, 6), st.floats(95, 141))


@given(points, points)
def test_distance_is_the_same_both_ways(one: tuple[float, float], other: tuple[float, float]) -> None:
    assert distance_km(*one, *other) == pytest.approx(distance_km(*other, *one), abs=1e-9)
    assert distance_km(*one, *one) == 0


def test_a_degree_along_the_equator_is_111_kilometres() -> None:
    assert distance_km(0, 109, 0, 110) == pytest.approx(111.19, abs=0.01)
    assert distance_km(-0.5, 109, 0.5, 109) == pytest.approx(111.19, abs=0.01)


def file_of(folder: Path, *rows: str, head: str = HEAD, encoding: str = "utf-8") -> Path:
    path = folder / "tempat.csv"
    path.write_bytes("\n".join((head, *rows, "")).encode(encoding))
    return path


def test_another_citys_file_is_loaded(places: None, tmp_path: Path) -> None:
    second = GOOD.replace("2001", "2002").replace("-0.08", "-0.10").replace("109.38", "109.40")
    assert service.load_file(file_of(tmp_path, GOOD, second, encoding="utf-8-sig")) == 2
    assert queries.get_kelurahan("61.12.01.2001").kecamatan == "Sungai Raya"
    loaded = {place.code for place in queries.list_kelurahan()}
    assert len(loaded) == 31
    assert service.load_file(file_of(tmp_path, GOOD, second)) == 2
    assert {place.code for place in queries.list_kelurahan()} == loaded


@pytest.mark.parametrize(
    ("change", "column"),
    [
        (("61.12.01.2001", "6112012001"), "code"),
        (("61.12.01.2001", "61.71.01.2001"), "kecamatan_code"),
        (("Parit Baru,Parit", ",Parit"), "name"),
        (("-0.08", "abc"), "lat"),
        (("-0.08", "nan"), "lat"),
        (("-0.08", "60.5"), "lat"),
        (("109.38", "10.938"), "lng"),
        (("109.38", "1e2"), "lng"),
        (("78391", "7839"), "postal_code"),
        (("78391", "７８３９１"), "postal_code"),
        ((",78391", ""), "postal_code"),
    ],
)
def test_a_bad_row_is_named_and_nothing_is_stored(places: None, tmp_path: Path, change: tuple[str, str], column: str) -> None:
    bad = GOOD.replace("2001", "2002").replace("61.12.01.2002", "61.12.01.2001").replace(*change, 1)
    with pytest.raises(service.BadPlacesRow) as caught:
        service.load_file(file_of(tmp_path, GOOD, bad))
    assert (caught.value.params["row"], caught.value.params["column"]) == (3, column)
    assert count(Kelurahan) == 29


def test_a_missing_column_and_a_file_that_is_no_utf8_are_refused(places: None, tmp_path: Path) -> None:
    with pytest.raises(service.BadPlacesFile) as caught:
        service.load_file(file_of(tmp_path, GOOD, head=HEAD.replace(",lat,lng", "")))
    assert caught.value.params == {"missing": "lat, lng"}
    for content in (b"\xff\xfe\x00c\x00o", "kota Penyengat \xe9".encode("latin-1")):
        path = tmp_path / "bad.csv"
        path.write_bytes(content)
        with pytest.raises(Refused):
            service.load_file(path)
    assert count(Kelurahan) == 29


def test_a_load_by_another_process_is_seen_when_the_places_are_read_again(app: Flask, places: None) -> None:
    first = queries.list_kelurahan()[0]
    with transaction() as session:  # another process knows nothing of what this one remembers
        session.get_one(Kelurahan, first.code).name = "Nama Baru"
    assert queries.get_kelurahan(first.code).name == first.name
    app.extensions["places"].until = 0.0
    with counted(app) as statements:
        assert queries.get_kelurahan(first.code).name == "Nama Baru"
    assert len(statements) == 1
    service.forget()
