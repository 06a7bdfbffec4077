"""`/demo`: who can be tried, in the language of the page."""

import pytest

from sertakan.demo import views
from tests.page import PageClient


def test_the_accounts_say_who_and_how(client: PageClient) -> None:
    client.get("/demo").sees("Siapa", "Warga penanggung", "Kata sandi", "warga01@demo.test")


def test_labels_are_translated_and_what_is_typed_is_not(client: PageClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "_", lambda words: f"[{words}]")
    page = client.get("/demo")
    page.sees("[Siapa]", "[Warga penanggung]", "[Kata sandi]", "warga01@demo.test")
    page.misses("[warga01@demo.test]", "[/masuk]")
