"""Choosing for the sponsor: the longest waiting, near, of the work asked for, held by one; and what is said when nobody waits."""

from datetime import timedelta

from flask import Flask

from sertakan.kit import clock
from tests.cast import Cast
from tests.page import PageClient
from tests.workers.people import JAWI, faces, reread

PICK = "/pekerja/pilihkan"


def held(one: object) -> bool:
    return reread(one).held_by is not None  # type: ignore[arg-type]


def test_the_longest_waiting_is_held_and_her_name_stays_unsaid(cast: Cast, client: PageClient) -> None:
    crowd = faces(cast, 6)
    assert client.post(PICK, {"kelurahan": JAWI}).location == "/lindungi/lama"
    assert [held(one) for one in crowd] == [True, *[False] * 5]
    page = client.get("/lindungi/lama")
    page.sees("Ibu S.")
    page.misses(crowd[0].name, crowd[0].nik)


def test_the_next_sponsor_gets_the_next_in_line(cast: Cast, app: Flask, client: PageClient) -> None:
    crowd = faces(cast, 7)
    client.post(PICK)
    PageClient(app).post(PICK)
    assert [held(one) for one in crowd] == [True, True, *[False] * 5]


def test_who_asks_twice_holds_one_worker_only(cast: Cast, client: PageClient) -> None:
    crowd = faces(cast, 7)
    client.post(PICK)
    client.post(PICK)
    assert sum(held(one) for one in crowd) == 1


def test_the_work_asked_for_is_the_work_found(cast: Cast, client: PageClient) -> None:
    drivers = faces(cast, 5, occupation="ojek")
    sellers = faces(cast, 9)  # they wait longer
    page = client.get(PICK)
    groups = [element.attrs["value"] for element in page.all("input") if element.attrs.get("name") == "group"]
    assert "" in groups
    client.post(PICK, {"group": next(group for group in groups if "transport" in group or "angkut" in group)})
    assert not any(held(one) for one in sellers) and held(drivers[0])


def test_when_nobody_waits_it_says_so_and_shows_a_way_on(cast: Cast, client: PageClient) -> None:
    page = client.post(PICK, {"kelurahan": JAWI})
    client.follow(page).sees("Sekarang tidak ada yang menunggu di sini", "Lindungi yang saya kenal")
    assert client.get("/lindungi/lama").status == 303


def test_fewer_than_five_are_picked_by_nobody(cast: Cast, client: PageClient) -> None:
    few = faces(cast, 4)
    client.follow(client.post(PICK)).sees("Sekarang tidak ada yang menunggu")
    assert not any(held(one) for one in few)


def test_a_hold_ends_by_itself(cast: Cast, app: Flask, client: PageClient) -> None:
    crowd = faces(cast, 6)
    client.post(PICK)
    with clock.frozen(clock.now() + timedelta(minutes=31)):
        assert PageClient(app).post(PICK).status == 303
        assert reread(crowd[1]).held_by is None


def test_the_address_carries_what_was_chosen_on_the_list(cast: Cast, client: PageClient) -> None:
    faces(cast, 5)
    client.get(f"/pekerja?kelurahan={JAWI}").sees("Biar kami pilihkan")
    assert f'value="{JAWI}" selected' in client.get(f"{PICK}?kelurahan={JAWI}").html
    assert client.get(f"{PICK}?kelurahan=bukan&kerja=apa").status == 200


def test_a_place_that_is_none_is_refused_with_words(client: PageClient, app: Flask) -> None:
    page = client.post(PICK, {"kelurahan": "99.99"})
    assert page.status == 422
    page.sees("Pilih salah satu dari daftar")
