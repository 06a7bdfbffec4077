"""`/petugas/tarif`: dated rows with their law, previews, refusals, the days on which offices rest and the due dates they move."""

from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import select

from sertakan.audit.models import AuditEntry
from sertakan.db import db, transaction
from sertakan.kit.months import Month, due_on, next_working_day, span
from sertakan.tariff import models, queries, service
from tests.cast import Cast
from tests.factories import count
from tests.page import PageClient

As = Callable[..., PageClient]
DESK = "/petugas/tarif"
WHY = {"legal_basis": "PP 51/2027 Pasal 3", "source": "LN 2027 No. 1"}
RELIEF = {
    "sector": "other",
    "programme": "jkk",
    "percent": "50",
    "first": "2027-01",
    "last": "2027-06",
    "excludes_government": "y",
} | WHY


@pytest.fixture
def wira(as_: As) -> PageClient:
    return as_("wira", second_factor=True)


def total(month: str, occupation: str = "asisten_rumah_tangga") -> int:
    db.session.rollback()
    return queries.quote_for(span(Month.parse(month), 1), occupation).total_rupiah


def actions() -> list[str]:
    return list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def test_the_desk_shows_the_rows_with_their_laws(wira: PageClient) -> None:
    wira.get(DESK).sees("JKK", "1 persen", "Rp6.800", "PP 50/2025", "Natal", "Cuti bersama", "Selasa, 15 Desember 2026")


def test_a_preview_says_what_would_change_and_changes_nothing(wira: PageClient) -> None:
    page = wira.post(f"{DESK}/keringanan", RELIEF | {"preview": "y"})
    assert page.status == 200
    page.sees("Pratinjau", "Rp16.800", "Rp11.800", "tetap")
    assert total("2027-01") == 16_800 and "tariff.add" not in actions()
    assert 'value="PP 51/2027 Pasal 3"' in page.html


def test_new_relief_is_priced_everywhere_and_written_down(wira: PageClient) -> None:
    assert wira.post(f"{DESK}/keringanan", RELIEF).status == 303
    assert (total("2026-12"), total("2027-01"), total("2027-07")) == (8_400, 11_800, 16_800)
    assert actions()[-1] == "tariff.add"
    wira.get(DESK).sees("PP 51/2027 Pasal 3")


def test_relief_over_a_row_that_stands_is_refused_with_a_sentence(wira: PageClient) -> None:
    page = wira.post(f"{DESK}/keringanan", RELIEF | {"first": "2026-12"})
    assert page.status == 422
    page.sees("Masa berlaku bertumpuk")
    assert 'value="PP 51/2027 Pasal 3"' in page.html


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"percent": "0"}, "Isi 1 sampai 100"),
        ({"percent": "101"}, "Isi 1 sampai 100"),
        ({"percent": "separuh"}, "Isi 1 sampai 100"),
        ({"first": "2027-13"}, "Pilih bulannya"),
        ({"last": "2026-01"}, "Bulan terakhir harus sama dengan atau sesudah"),
        ({"legal_basis": ""}, "Tulis dasar hukumnya"),
        ({"source": ""}, "Tulis dari mana"),
        ({"sector": "laut"}, "Pilih salah satu dari daftar"),
    ],
)
def test_relief_that_makes_no_sense_is_refused(wira: PageClient, change: dict[str, str], words: str) -> None:
    before = count(models.Relief)
    page = wira.post(f"{DESK}/keringanan", RELIEF | change)
    assert page.status == 422 and count(models.Relief) == before
    page.sees(words)


def test_a_rate_is_closed_and_followed_by_another(wira: PageClient) -> None:
    jkm = next(row for row in queries.read_book().rates if row.programme == "jkm")
    new = {"programme": "jkm", "flat_rupiah": "7.000", "first": "2027-07", **WHY}
    assert wira.post(f"{DESK}/iuran", new).status == 422  # the old one still stands
    assert wira.post(f"{DESK}/rate/{jkm.id}/tutup", {"last": "2027-06"}).status == 303
    assert wira.post(f"{DESK}/rate/{jkm.id}/tutup", {"last": "2027-06"}).status == 404  # superseded
    assert wira.post(f"{DESK}/iuran", new).status == 303
    assert (total("2027-06"), total("2027-07")) == (16_800, 17_000)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"percent": "", "flat_rupiah": ""}, "salah satu saja"),
        ({"percent": "1", "flat_rupiah": "6800"}, "salah satu saja"),
        ({"percent": "-1"}, "Tulis persen dengan angka"),
        ({"percent": "1e3"}, "Tulis persen dengan angka"),
    ],
)
def test_a_rate_is_a_part_or_an_amount(wira: PageClient, change: dict[str, str], words: str) -> None:
    page = wira.post(f"{DESK}/iuran", {"programme": "jkk", "first": "2030-01", **WHY} | change)
    assert page.status == 422
    page.sees(words)


def test_a_part_of_a_percent_is_read_as_people_write_it(wira: PageClient) -> None:
    jkk = next(row for row in queries.read_book().rates if row.programme == "jkk")
    wira.post(f"{DESK}/rate/{jkk.id}/tutup", {"last": "2027-06"})
    assert wira.post(f"{DESK}/iuran", {"programme": "jkk", "percent": "0,5", "first": "2027-07", **WHY}).status == 303
    assert total("2027-07") == 5_000 + 6_800


def test_a_row_is_only_made_shorter(wira: PageClient) -> None:
    relief = queries.read_book().reliefs[0]
    page = wira.post(f"{DESK}/relief/{relief.id}/tutup", {"last": "2030-01"})
    assert page.status == 422
    page.sees("hanya bisa dipersingkat")
    assert wira.post(f"{DESK}/relief/{relief.id}/tutup", {"last": ""}).status == 422


# ---- holidays ------------------------------------------------------------------------------------------------------------------


def test_the_holidays_that_are_known_have_their_decree(cast: Cast) -> None:
    rows = queries.list_holidays()
    assert {date(2026, 12, 25), date(2027, 1, 1), date(2027, 8, 17)} <= {row.on_day for row in rows}
    assert all(row.legal_basis and row.source for row in rows)
    service.load_reference()
    assert len(queries.list_holidays()) == len(rows)


def test_a_holiday_moves_the_due_date_and_back(wira: PageClient) -> None:
    month = Month(2027, 3)
    assert due_on(month, queries.holidays()) == date(2027, 3, 15)
    new = {"on_day": "2027-03-15", "name": "Hari uji", "joint_leave": "y", **WHY}
    assert wira.post(f"{DESK}/libur", new).status == 303
    assert due_on(month, queries.holidays()) == date(2027, 3, 16)
    again = wira.post(f"{DESK}/libur", new)
    assert again.status == 422
    again.sees("sudah tercatat sebagai hari libur")
    holiday_id = next(row.id for row in queries.list_holidays() if row.on_day == date(2027, 3, 15))
    assert wira.post(f"{DESK}/libur/{holiday_id}/hapus").status == 303
    assert wira.post(f"{DESK}/libur/{holiday_id}/hapus").status == 404
    assert due_on(month, queries.holidays()) == date(2027, 3, 15)
    assert wira.post(f"{DESK}/libur", new).status == 303  # the day may come back
    assert [action for action in actions() if action.startswith("holiday")] == ["holiday.add", "holiday.remove", "holiday.add"]


@pytest.mark.parametrize("change", [{"on_day": "2027-02-30"}, {"on_day": ""}, {"name": ""}, {"legal_basis": ""}])
def test_a_holiday_without_day_name_or_decree_is_refused(wira: PageClient, change: dict[str, str]) -> None:
    before = count(models.Holiday)
    page = wira.post(f"{DESK}/libur", {"on_day": "2027-03-15", "name": "Hari uji", **WHY} | change)
    assert page.status == 422 and count(models.Holiday) == before


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 12, 23), date(2026, 12, 28)),  # joint leave, Christmas and a weekend
        (date(2026, 12, 22), date(2026, 12, 23)),
        (date(2026, 12, 31), date(2027, 1, 4)),
    ],
)
def test_officers_decide_by_the_next_day_on_which_offices_work(cast: Cast, day: date, expected: date) -> None:
    assert next_working_day(day, queries.holidays()) == expected


def test_nobody_else_finds_the_desk(as_: As) -> None:
    for who in ("dewi", "maya", "sari"):
        assert as_(who, second_factor=who != "sari").post(f"{DESK}/libur", {"on_day": "2027-03-15"}).status == 404


def test_the_page_costs_the_same_with_many_holidays(wira: PageClient) -> None:
    few = min(wira.get(DESK).statements for _n in range(3))
    with transaction():
        for day in range(1, 29):
            service.add_holiday(
                actor="system", on_day=date(2028, 2, day), name="Uji", joint_leave=False, legal_basis="x", source="x"
            )
    wira.get(DESK)
    assert min(wira.get(DESK).statements for _n in range(3)) == few <= 12
