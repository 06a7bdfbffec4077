"""`/demo`: who can be tried, in the language of the page; the day moves to what the calendar has, and nonsense gets a sentence."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from flask import Flask

from sertakan.demo import clock as demo_clock
from sertakan.demo import views
from sertakan.kit import clock
from sertakan.reports import books
from sertakan.sponsorships import jobs as sponsorships
from tests.conftest import NOW
from tests.page import PageClient


def test_the_accounts_say_who_and_how(client: PageClient) -> None:
    client.get("/demo").sees("Siapa", "Warga penanggung", "Kata sandi", "warga01@demo.test")


def test_labels_are_translated_and_what_is_typed_is_not(client: PageClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "_", lambda words: f"[{words}]")
    page = client.get("/demo")
    page.sees("[Siapa]", "[Warga penanggung]", "[Kata sandi]", "warga01@demo.test")
    page.misses("[warga01@demo.test]", "[/masuk]")


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("kemarin", "Isi tanggal yang ada di kalender"),
        ("2026-02-30", "Isi tanggal yang ada di kalender"),
        ("9" * 10_000, "Isi tanggal yang ada di kalender"),
        ("2999-01-01", "Pilih hari paling jauh empat tahun dari hari ini"),
        (date.min.isoformat(), "Pilih hari paling jauh empat tahun dari hari ini"),
    ],
)
def test_a_nonsense_day_gets_a_sentence_beside_it_and_moves_nothing(typed: str, words: str, client: PageClient) -> None:
    before = client.get("/demo").all("h2")[0].text
    page = client.post("/demo", {"day": typed})
    assert page.status == 422
    page.sees(words)
    assert page.all("h2")[0].text == before
    [field] = [element for element in page.all("input") if element.attrs.get("id") == "day"]
    assert field.attrs["value"] == typed
    assert field.attrs["aria-describedby"] == "day-hint day-error"


def test_a_nul_in_the_address_of_the_messages_is_no_fault(client: PageClient) -> None:
    assert client.get("/demo/pesan?kepada=%00", check=False).status in (200, 404)


def late() -> list[str]:
    return [line for line in books.broken(books.check()) if line.startswith("I19 a running cover")]


def test_i19_turning_the_clock_back_has_everybody_looked_at_anew(
    demo_app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo_clock, "_file", lambda: tmp_path / "demo-today.txt")
    for days in (200, 500):
        with clock.frozen(NOW + timedelta(days=days)):
            sponsorships.sweep(clock.today())
            assert late() == []
    with clock.frozen(NOW):
        assert late(), "the control: a clock that was only put back"
        demo_clock.turn_to(NOW.date())
        sponsorships.sweep(clock.today())
        assert late() == []
