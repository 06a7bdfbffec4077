"""`/tarif`: the calculator. Works for anybody, without a script, and answers nonsense with sentences."""

import re

import pytest
from flask import Flask
from sqlalchemy import select

from sertakan.db import db, transaction
from sertakan.kit.months import Month
from sertakan.tariff import queries, service
from sertakan.tariff.models import Rate
from sertakan.tariff.reference import GROUPS, OCCUPATIONS
from sertakan.tariff.rules import Programme
from sertakan.web import assets
from tests.page import PageClient, counted


def answer(client: PageClient, **asked: str) -> str:
    page = client.get("/tarif", query_string=asked)
    assert page.status == 200
    return page.text


def test_the_page_opens_with_an_answer(client: PageClient) -> None:
    page = client.get("/tarif")
    assert (page.status, page.h1) == (200, "Berapa iurannya?")
    page.sees(
        "Rp92.400 untuk 6 bulan",
        "Asisten rumah tangga",
        "JKK + JKM",
        "Potongan 50 % dari pemerintah berlaku sampai iuran Desember 2026.",
    )
    page.sees("Januari 2027 sampai Mei 2027 Potongan pemerintah berakhir, iuran kembali ke tarif biasa. Rp16.800 sebulan")
    page.sees("PP 50/2025", "Sertakan bukan BPJS Ketenagakerjaan.", "22 November 2026")


@pytest.mark.parametrize(
    ("asked", "total"),
    [
        ({"pekerjaan": "ojek", "mulai": "2026-11", "lama": "12"}, "Rp159.600 untuk 12 bulan"),
        ({"pekerjaan": "pedagang_sayur", "mulai": "2026-11", "lama": "12"}, "Rp184.800 untuk 12 bulan"),
        ({"pekerjaan": "pedagang_sayur", "mulai": "2026-11", "lama": "12", "jht": "y"}, "Rp424.800 untuk 12 bulan"),
        ({"pekerjaan": "ojek", "mulai": "2026-11", "lama": "12", "pembayar": "apbd"}, "Rp201.600 untuk 12 bulan"),
        ({"pekerjaan": "ojek", "mulai": "2026-11", "lama": "12", "pembayar": "perusahaan"}, "Rp159.600 untuk 12 bulan"),
        ({"mulai": "2026-03", "lama": "1"}, "Rp16.800 untuk satu bulan"),
        ({"mulai": "2027-01", "lama": "1", "penghasilan": "3000000"}, "Rp36.300 untuk satu bulan"),
        ({"mulai": "2027-01", "lama": "1", "penghasilan": "Rp20.200.000"}, "Rp213.800 untuk satu bulan"),
    ],
)
def test_the_price_of_a_question(client: PageClient, asked: dict[str, str], total: str) -> None:
    assert total in answer(client, **asked)


def test_public_money_is_told_that_it_gets_no_relief(client: PageClient) -> None:
    text = answer(client, pembayar="apbd")
    assert "Iuran yang dibayar APBD atau APBN tidak mendapat potongan." in text
    assert "berlaku sampai iuran" not in text


def test_relief_of_transport_lasts_longer(client: PageClient) -> None:
    assert "berlaku sampai iuran Maret 2027." in answer(client, pekerjaan="kurir")
    assert "berlaku sampai iuran" not in answer(client, mulai="2027-01")


def test_a_daily_wage_is_asked_about_and_still_priced(client: PageClient) -> None:
    assert "Itu penghasilan sebulan?" in answer(client, penghasilan="120000", mulai="2027-01", lama="1")
    assert "Itu penghasilan sebulan?" not in answer(client, penghasilan="500000")
    assert "Itu penghasilan sebulan?" not in answer(client)


def test_work_that_the_city_may_pay_for_is_said_so(client: PageClient) -> None:
    assert "mungkin sudah dibayar kota" in answer(client, pekerjaan="ketua_rt")
    assert "mungkin sudah dibayar kota" not in answer(client)


def test_each_month_and_each_bracket_stands_in_a_table(client: PageClient) -> None:
    page = client.get("/tarif?pekerjaan=ojek&mulai=2026-12&lama=24&jht=y")
    assert [len(re.findall("<tr", part)) for part in page.html.split("<table")[1:]] == [25, 34]
    page.sees("Golongan 1, dasar Rp1.000.000", "November 2028", "Rp520.900")


def test_the_chosen_bracket_is_marked(client: PageClient) -> None:
    page = client.get("/tarif?penghasilan=2950000")
    page.sees("Golongan 10, dasar Rp2.950.000")
    assert page.html.count('class="is-on"') == 1


def test_what_was_asked_is_shown_again_and_kept_in_the_quick_choices(client: PageClient) -> None:
    page = client.get("/tarif?pekerjaan=ojek&mulai=2027-02&lama=7&pembayar=perusahaan&jht=y&penghasilan=2.950.000")
    chosen = {
        element.attrs.get("value")
        for element in page.all("option") + page.all("input")
        if "selected" in element.attrs or "checked" in element.attrs
    }
    assert chosen == {"ojek", "2027-02", "perusahaan", "y"}
    typed = {element.attrs["name"]: element.attrs["value"] for element in page.all("input") if element.attrs["type"] == "text"}
    assert typed == {"lama": "7", "penghasilan": "2.950.000"}
    quick = [element.attrs["href"] for element in page.all("a") if "lama=3" in element.attrs.get("href", "")]
    assert len(quick) == 1 and "pekerjaan=ojek" in quick[0] and "penghasilan=2.950.000" in quick[0]
    assert client.get(quick[0]).status == 200


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"pekerjaan": "astronaut"}, "Pilih pekerjaan dari daftar."),
        ({"pekerjaan": ""}, "Pilih pekerjaan dari daftar."),
        ({"pekerjaan": "🙂" * 3_000}, "Pilih pekerjaan dari daftar."),
        ({"pembayar": "tetangga"}, "Pilih siapa yang membayar."),
        ({"mulai": "besok"}, "Pilih bulan dari Desember 2025 sampai November 2028."),
        ({"mulai": "2030-01"}, "Pilih bulan dari Desember 2025 sampai November 2028."),
        ({"mulai": "1999-01"}, "Pilih bulan dari Desember 2025 sampai November 2028."),
        *(
            ({"lama": text}, "Isi 1 sampai 24 bulan, dengan angka.")
            for text in ("0", "25", "-1", "1e1", "１２", "²", "x", "", "\0", "6.5")
        ),
        ({"lama": "9" * 10_000}, "Terlalu panjang"),
        *(
            ({"penghasilan": text}, "Isi jumlah rupiah bulat")
            for text in ("abc", "-1", "1e6", "１２", "1.5", "NaN", "9" * 10_000, str(2**63))
        ),
    ],
)
def test_nonsense_gets_its_sentence_and_no_price(client: PageClient, asked: dict[str, str], sentence: str) -> None:
    page = client.get("/tarif", query_string=asked)
    assert page.status == 422
    page.sees(sentence, "Ada yang perlu diperbaiki", "Dasar hukum")
    assert "untuk 6 bulan" not in page.text
    assert page.all("title")[0].text.startswith("Galat:")


def test_everything_wrong_at_once_is_listed_and_nothing_typed_is_lost(client: PageClient) -> None:
    page = client.get("/tarif?pekerjaan=x&pembayar=x&mulai=x&lama=banyak&penghasilan=sejuta")
    assert page.status == 422
    assert (
        len(
            [
                element
                for element in page.all("a")
                if element.attrs.get("href", "").startswith("#") and element.attrs["href"] != "#isi"
            ]
        )
        == 5
    )
    typed = {element.attrs["name"]: element.attrs["value"] for element in page.all("input") if element.attrs["type"] == "text"}
    assert typed == {"lama": "banyak", "penghasilan": "sejuta"}
    ids = {element.attrs.get("id") for element in page.elements}
    for element in page.all("a"):
        if element.attrs.get("href", "").startswith("#"):
            assert element.attrs["href"][1:] in ids


def test_typed_markup_comes_out_as_text(client: PageClient) -> None:
    page = client.get("/tarif", query_string={"lama": "<b>", "penghasilan": '"><script>alert(1)</script>'})
    assert page.status == 422
    page.misses("<script>alert", '<b>"')


def test_repeated_and_unknown_parameters_do_no_harm(client: PageClient) -> None:
    page = client.get("/tarif?lama=1&lama=12&mulai=2027-01&utm_source=x&csrf_token=y")
    assert page.status == 200
    page.sees("Rp16.800 untuk satu bulan")


def test_only_reading_is_possible(client: PageClient) -> None:
    assert client.post("/tarif").status == 405


def test_the_page_is_the_same_for_everybody_and_may_be_kept_for_a_minute(client: PageClient) -> None:
    page = client.get("/tarif")
    assert page.response.headers["Cache-Control"] == "public, max-age=60"
    assert "Set-Cookie" not in page.response.headers
    assert client.get("/tarif?lama=x").response.headers["Cache-Control"] == "no-store"


def test_the_page_costs_at_most_one_statement_once_the_tariff_is_known(client: PageClient, app: Flask) -> None:
    client.get("/tarif")
    with counted(app) as statements:
        client.get("/tarif?lama=24&jht=y")
    assert len(statements) <= 1


def test_a_month_without_a_tariff_says_so(client: PageClient, app: Flask) -> None:
    with transaction():
        row = db.session.scalars(select(Rate).where(Rate.programme == Programme.jkk)).one()
        service.close_row(actor="a", row=row, last=Month(2027, 6))
    page = client.get("/tarif?mulai=2027-05&lama=3")
    assert page.status == 422
    page.sees("Belum ada tarif untuk bulan Juli 2027. Pilih bulan lain.")
    assert client.get("/tarif?mulai=2027-05&lama=2").status == 200


def test_every_icon_of_the_catalogue_is_in_the_sprite() -> None:
    sprite = (assets.HERE / assets.FILES["icons"]).read_text(encoding="utf-8")
    for name in {row[3] for row in OCCUPATIONS} | {group[2] for group in GROUPS}:
        assert f'id="{name}"' in sprite, name


def test_english_lives_at_the_same_path_below_en(client: PageClient) -> None:
    page = client.get("/en/tarif?mulai=2027-01&lama=1")
    assert page.status == 200
    page.sees("Rp16,800")
    assert any(element.attrs.get("action") == "/en/tarif" for element in page.all("form"))


def test_the_catalogue_is_offered_whole(client: PageClient) -> None:
    page = client.get("/tarif")
    offered = {element.attrs["value"] for element in page.all("option")}
    assert {work.code for work in queries.list_occupations()} <= offered
