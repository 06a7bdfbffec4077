"""The pages that belong to nobody else."""

import json

import pytest

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


def test_health_answers_when_the_database_does(client: PageClient) -> None:
    page = client.get("/healthz")
    assert page.html == "ok\n" and page.response.headers["Cache-Control"] == "no-store"


def test_the_site_can_be_installed(client: PageClient) -> None:
    manifest = json.loads(client.get("/manifest.webmanifest").html)
    assert manifest["display"] == "standalone"
    for icon in manifest["icons"]:
        assert client.get(icon["src"]).status == 200


def test_the_service_worker_keeps_only_what_exists(client: PageClient) -> None:
    text = client.get("/sw.js").html
    shell = json.loads(text.split("const SHELL = ", 1)[1].split(";", 1)[0])
    assert len(text) <= 2048 and "/luring" in shell
    for path in shell:
        assert client.get(path).status == 200


def test_people_stay_out_of_search_engines(client: PageClient) -> None:
    assert "Disallow: /pekerja" in client.get("/robots.txt").html
