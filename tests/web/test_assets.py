"""Static files: named by content, compressed ahead, kept for a year, light; and colours that can be read."""

import gzip
import re
from itertools import pairwise
from pathlib import Path

import brotli
import pytest
from flask import Flask

from sertakan.tariff.reference import GROUPS, OCCUPATIONS
from sertakan.web import assets
from tests.cast import Cast
from tests.page import PageClient

ROOT = Path(__file__).resolve().parent.parent.parent
BUDGET_BYTES = {"css": 12_000, "js": 15_000, "icons": 6_000, "font": 12_000}
TEXT_ON = {
    "--ink": ("--bg", "--surface", "--sunken"),
    "--ink-2": ("--bg", "--surface", "--sunken"),
    "--pri": ("--bg", "--surface", "--pri-soft"),
    "--on-pri": ("--pri", "--pri-hi"),
    "--on-sun": ("--sun", "--sun-deep"),
    "--bad": ("--surface", "--bad-soft"),
    "--wait": ("--surface", "--wait-soft", "--sun-soft"),
    "--info": ("--surface", "--info-soft"),
    "--gov": ("--surface", "--gov-soft"),
    "--hero-ink": ("--hero",),
    "--hero-on": ("--hero-btn",),
}


@pytest.mark.parametrize(("name", "most"), BUDGET_BYTES.items())
def test_a_file_stays_within_its_budget(name: str, most: int) -> None:
    built = assets.build()[name]
    assert len(built.encoded("gzip") or built.body) <= most


@pytest.mark.parametrize("name", ["css", "js", "icons"])
def test_a_file_comes_in_the_encoding_that_the_browser_takes(app: Flask, client: PageClient, name: str) -> None:
    built = app.extensions["assets"][name]
    unpack = {"br": brotli.decompress, "gzip": gzip.decompress, "": bytes}
    for accepted, got in (("br, gzip", "br"), ("gzip", "gzip"), ("", "")):
        answer = client.http.get(f"/static/{built.path}", headers={"Accept-Encoding": accepted})
        assert answer.headers.get("Content-Encoding", "") == got
        assert unpack[got](answer.get_data()) == built.body


def test_a_file_is_kept_for_a_year_by_everybody(app: Flask, client: PageClient, cast: Cast) -> None:
    path = f"/static/{app.extensions['assets']['css'].path}"
    for _whoever in ("a stranger", "Sari"):
        headers = client.get(path).response.headers
        assert headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert "Cookie" not in headers["Vary"] and "Set-Cookie" not in headers
        client.sign_in(cast.sari)


def test_a_file_is_sent_without_asking_the_database(app: Flask, client: PageClient, cast: Cast) -> None:
    client.sign_in(cast.sari)
    assert client.get(f"/static/{app.extensions['assets']['js'].path}").statements == 0


def test_an_old_or_invented_name_is_not_found(client: PageClient) -> None:
    for path in ("/static/css.0000000000.css", "/static/css/tokens.css", "/static/logo.svg"):
        assert client.http.get(path).status_code == 404


def test_a_page_names_only_files_that_exist_and_never_in_the_other_languages_folder(client: PageClient) -> None:
    for language in ("", "/en"):
        page = client.get(f"{language}/")
        paths = set(re.findall(r"\"(/static/[^\"#]+)", page.html))
        assert len(paths) == 5 and "/en/static" not in page.html
        for path in paths:
            assert client.get(path).status == 200


def test_the_font_is_named_by_its_content_too(app: Flask) -> None:
    built = app.extensions["assets"]
    assert f"url(/static/{built['font'].path})" in built["css"].body.decode()


def test_old_browsers_understand_the_stylesheet(app: Flask) -> None:
    css = app.extensions["assets"]["css"].body.decode()
    for modern in ("@layer", "oklch(", "light-dark(", "&", "@container", ":has("):
        assert modern not in re.sub(r'url\("[^"]*"\)', "", css), modern
    assert css.count("{") == css.count("}")


def test_squeezing_keeps_every_rule() -> None:
    text = "/* a note */\n.a { color : red ; }\n@media (min-width:40em) {\n  .b , .c { margin : 0 }\n}\n"
    assert assets._squeeze_css(text) == ".a{color : red}@media (min-width:40em){.b,.c{margin : 0}}"


def test_squeezing_a_script_drops_only_indentation_and_comments() -> None:
    text = "/* a note */\nvar a = 1; // stays\n  // goes\n  var b = '// stays';\n\n"
    assert assets._squeeze_js(text) == "var a = 1; // stays\nvar b = '// stays';"


# ---- colours -------------------------------------------------------------------------------------------------------------------


def _themes() -> dict[str, dict[str, str]]:
    """The tokens of the light and of both dark blocks; a dark block falls back to the light one."""
    text = (assets.HERE / "css" / "tokens.css").read_text(encoding="utf-8")
    blocks = [dict(re.findall(r"(--[\w-]+):(#[0-9A-Fa-f]{3,6})", block)) for block in re.findall(r":root[^{]*\{([^}]*)\}", text)]
    light, by_system, by_button = blocks
    return {"light": light, "dark by the system": {**light, **by_system}, "dark by the button": {**light, **by_button}}


def _luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    parts = [int(digits[at:to], 16) / 255 for at, to in pairwise((0, 2, 4, 6))]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The ratio of WCAG 2, 1 to 21."""
    dark, bright = sorted((_luminance(one), _luminance(other)))
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark by the system", "dark by the button"])
def test_text_can_be_read_in_every_theme(theme: str) -> None:
    colours = _themes()[theme]
    weak = {
        (text, ground): round(contrast(colours[text], colours[ground]), 2)
        for text, grounds in TEXT_ON.items()
        for ground in grounds
        if contrast(colours[text], colours[ground]) < 4.5
    }
    assert not weak
    assert contrast(colours["--ctl"], colours["--surface"]) >= 3


def test_both_dark_themes_are_one() -> None:
    themes = _themes()
    assert themes["dark by the system"] == themes["dark by the button"] != themes["light"]


ICON = re.compile(r"""(?:icon(?:_name|_end)?=|ui\.icon\(|#)"([a-z][a-z0-9-]+)\"""")


def test_every_icon_that_a_page_names_is_in_the_sprite() -> None:
    sprite = (ROOT / "sertakan/web/static/vendor/lucide/icons.svg").read_text()
    known = set(re.findall(r'<symbol id="([a-z0-9-]+)"', sprite))
    named = {name for path in ROOT.glob("sertakan/**/*.html") for name in ICON.findall(path.read_text())}
    named |= {group[2] for group in GROUPS} | {work[3] for work in OCCUPATIONS}
    assert len(known) > 50
    assert named - known == set()
