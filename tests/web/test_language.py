"""English has two forms where Indonesian has one sentence; the catalogue knows them, the code does not."""

import pytest
from flask import Flask, render_template_string
from flask_babel import force_locale

from sertakan.bulk.rules import NothingReady
from sertakan.web.language import in_language


@pytest.mark.parametrize(
    ("count", "english", "indonesian"),
    [
        (0, "0 months", "0 bulan"),
        (1, "1 month", "1 bulan"),
        ("1", "1 month", "1 bulan"),
        (2, "2 months", "2 bulan"),
        ("1.000", "1.000 months", "1.000 bulan"),
        (11, "11 months", "11 bulan"),
    ],
)
def test_one_is_not_many(app: Flask, count: object, english: str, indonesian: str) -> None:
    assert in_language("en", "%(count)s bulan", count=count) == english
    assert in_language("id", "%(count)s bulan", count=count) == indonesian


def test_a_template_counts_what_its_sentence_counts_and_escapes_the_rest(app: Flask) -> None:
    page = '{{ _("%(worker)s: berakhir %(day)s, %(days)s hari lagi.", worker="<b>", day=3, days=days) }}'
    with force_locale("en"):
        assert render_template_string(page, days=1) == "&lt;b&gt;: ends on 3, in 1 day."
        assert render_template_string(page, days=3) == "&lt;b&gt;: ends on 3, in 3 days."
    with force_locale("id"):
        assert render_template_string(page, days=1) == "&lt;b&gt;: berakhir 3, 1 hari lagi."


def test_a_sentence_of_one_form_is_found_whatever_it_counts(app: Flask) -> None:
    assert in_language("en", "tersisa %(left)s", left="1") == "1 left"
    assert in_language("en", NothingReady.message) != NothingReady.message
    assert in_language("en", "bukan kalimat kami %(count)s", count=1) == "bukan kalimat kami 1"
    assert in_language("en", "bukan kalimat kami %(count)s", count=2) == "bukan kalimat kami 2"
