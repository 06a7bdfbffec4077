"""The pages that belong to nobody else."""

import json
import re
import struct

import pytest
from flask import Flask

from sertakan.front.forms import filled
from sertakan.web import assets
from tests.page import PageClient

PAGES = ["/", "/bantuan", "/privasi", "/aksesibilitas", "/dasar-hukum", "/luring", "/komponen"]


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["", "/en"])
def test_a_page_reads_in_both_languages_and_sets_no_cookie(client: PageClient, path: str, language: str) -> None:
    page = client.get(language + path)
    assert page.status == 200
    assert "Set-Cookie" not in page.response.headers
    assert page.response.headers["Cache-Control"].startswith("public")


def test_home_says_this_months_price_and_when_relief_ends(client: PageClient) -> None:
    client.get("/").sees("Rp8.400", "Desember 2026", "Rp16.800", "Yuk, lindungi mereka.")


def test_home_in_english_keeps_the_language_in_its_links(client: PageClient) -> None:
    page = client.get("/en/").sees("Rp8,400", "December 2026")
    inner = [
        link.attrs["href"] for link in page.all("a") if link.attrs["href"].startswith("/") and link.attrs.get("hreflang") != "id"
    ]
    assert inner and all(href.startswith("/en/") for href in inner)


def test_home_shows_a_year_of_months_and_the_three_marks(client: PageClient) -> None:
    page = client.get("/").sees("Dana diterima", "Iuran disetor", "Aktif di BPJS", "November 2026: Terlindungi (bulan ini)")
    assert sum("mo" in element.attrs.get("class", "").split() for element in page.all("li")) == 12


def test_the_style_page_shows_every_component(client: PageClient) -> None:
    folder = assets.HERE.parents[1]
    macros = re.findall(r"{% macro (\w+)\(", (folder / "web/templates/parts/ui.html").read_text(encoding="utf-8"))
    shown = set(re.findall(r"ui\.(\w+)\(", (folder / "front/templates/front/components.html").read_text(encoding="utf-8")))
    inside = {"icon", "errors", "described"}  # printed by the others
    assert set(macros) - inside <= shown
    client.get("/komponen").sees("NIK baru 15 angka", "Centang bila pekerja sudah setuju didaftarkan", "Rp92.400")


def test_the_style_page_is_closed_in_production(app: Flask, client: PageClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "DEMO", False)
    monkeypatch.setattr(app, "testing", False)
    assert client.get("/komponen").status == 404


def test_the_sample_form_is_wrong_in_two_places(app: Flask) -> None:
    with app.test_request_context("/"):
        assert set(filled().errors) == {"nik", "agreed"}


def test_every_class_on_a_page_is_in_the_stylesheet(app: Flask) -> None:
    css = re.sub(r"\{[^{}]*\}", "{}", app.extensions["assets"]["css"].body.decode())
    known = set(re.findall(r"\.(-?[a-zA-Z][\w-]*)", css))
    unknown = {}
    for template in sorted(assets.HERE.parents[1].glob("*/templates/**/*.html")):
        if "sandbox" not in template.parts:  # the pretend payment page brings its own
            text = re.sub(r"\{[%{].*?[%}]\}", "\0", template.read_text(encoding="utf-8"))
            words = {word for names in re.findall(r'class="([^"]*)"', text) for word in names.split() if "\0" not in word}
            if words - known:
                unknown[template.name] = words - known
    assert not unknown


def test_health_answers_when_the_database_does(client: PageClient) -> None:
    page = client.get("/healthz")
    assert page.html == "ok\nworker: not seen\n" and page.response.headers["Cache-Control"] == "no-store"


def test_the_site_can_be_installed(client: PageClient) -> None:
    manifest = json.loads(client.get("/manifest.webmanifest").html)
    assert manifest["display"] == "standalone"
    for icon in manifest["icons"]:
        page = client.get(icon["src"])
        assert page.status == 200 and page.response.content_type.startswith(icon["type"])
    sizes = {(icon["sizes"], icon["type"], icon.get("purpose", "any")) for icon in manifest["icons"]}
    assert {("192x192", "image/png", "any"), ("512x512", "image/png", "any"), ("512x512", "image/png", "maskable")} <= sizes


@pytest.mark.parametrize(("name", "size"), [("icon-192", 192), ("icon-512", 512), ("maskable-512", 512), ("touch-180", 180)])
def test_each_picture_has_the_size_it_says(app: Flask, name: str, size: int) -> None:
    body = app.extensions["assets"][name].body
    assert body[:8] == b"\x89PNG\r\n\x1a\n" and struct.unpack(">II", body[16:24]) == (size, size)


def test_a_phone_that_keeps_the_page_finds_its_picture(client: PageClient) -> None:
    link = next(element for element in client.get("/").all("link") if element.attrs.get("rel") == "apple-touch-icon")
    assert client.get(link.attrs["href"]).response.content_type == "image/png"


def test_the_service_worker_keeps_only_what_exists(client: PageClient) -> None:
    text = client.get("/sw.js").html
    shell = json.loads(text.split("const SHELL = ", 1)[1].split(";", 1)[0])
    assert len(text) <= 2048 and "/luring" in shell
    for path in shell:
        assert client.get(path).status == 200


def test_people_stay_out_of_search_engines(client: PageClient) -> None:
    assert "Disallow: /pekerja" in client.get("/robots.txt").html
