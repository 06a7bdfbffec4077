"""What every answer carries, whoever asks and whatever comes of it (QUALITY A 18, 27 to 32, 59; R15)."""

import base64
import json
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Flask, Response, request
from werkzeug.test import TestResponse

from sertakan.accounts import codes
from sertakan.app import build
from sertakan.db import db, transaction
from sertakan.web.extensions import limiter
from sertakan.web.headers import CSP
from tests.cast import Cast
from tests.conftest import config_for, fresh_database, prepare
from tests.house.test_routes import IDS, TABLE, Row
from tests.page import PageClient

As = Callable[[str], PageClient]
PUBLIC = (
    "/",
    "/bantuan",
    "/privasi",
    "/aksesibilitas",
    "/dasar-hukum",
    "/tarif",
    "/pekerja",
    "/manifest.webmanifest",
    "/robots.txt",
    "/sw.js",
    "/luring",
)
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "worker-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    "form-action": "'self' http://127.0.0.1:9",
}


def check(answer: Response | TestResponse) -> None:
    """The headers of any answer."""
    headers = answer.headers
    assert headers["Content-Security-Policy"] == "; ".join(f"{name} {value}" for name, value in POLICY.items())
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert not [name for name, _value in headers if name.lower().startswith("access-control-")]
    assert "Server" not in headers or "Werkzeug" not in headers["Server"]
    assert headers["Cache-Control"]
    kind = headers.get("Content-Type", "")
    if answer.data:
        assert kind, "a body without a type"
    if kind.startswith("text/") or any(word in kind for word in ("json", "/xml", "+xml", "javascript")):
        assert "charset=utf-8" in kind.lower(), kind


def test_a27_the_policy_is_exactly_this_one() -> None:
    assert CSP.format(form_action="'self' http://127.0.0.1:9") == "; ".join(f"{name} {value}" for name, value in POLICY.items())
    assert "unsafe" not in CSP and "*" not in CSP and "http" not in CSP


@pytest.mark.parametrize("row", TABLE, ids=IDS)
def test_a27_to_a31_every_answer_of_the_route_table_carries_them(
    row: Row, things: dict[str, str], client: PageClient, as_: As
) -> None:
    path = row.path.format(**things)
    allowed = [name for name in ("sari", "dewi", "hasan", "nina", "wira") if row.expects(name) != 404] or ["sari"]
    for who in (client, as_("stranger"), as_(allowed[0])):
        who.limit = 30
        limiter.reset()
        answer = (who.get(path) if row.method == "GET" else who.post(path)).response
        check(answer)
        if row.access not in ("public",) or who is not client:
            assert answer.headers["Cache-Control"] == "no-store" or path.startswith("/static/") or is_public(path)


def is_public(path: str) -> bool:
    """Pages that carry nothing of the visitor; what a signed-in visitor gets of them is looked at below."""
    return path in PUBLIC or path == "/healthz"


def cut(app: Flask, name: str, view: Callable[..., object]) -> Callable[[], None]:
    """Put another view behind an endpoint; the way back."""
    kept = app.view_functions[name]
    app.view_functions[name] = view  # type: ignore[assignment]
    return lambda: app.view_functions.update({name: kept})


def broken(*_args: object, **_more: object) -> None:
    raise ZeroDivisionError("planted")


def test_a29_error_pages_carry_them_too(app: Flask, client: PageClient) -> None:
    answers = {
        404: client.get("/tidak-ada"),
        405: client.get("/keluar"),
        403: client.post("/lindungi", {"occupation": "x"}, token=False),
        413: client.post("/lindungi", {"occupation": "x" * 1_100_000}),
        422: client.post("/lindungi", {}),
        303: client.get("/akun"),
    }
    for _try in range(12):
        answers[429] = client.post("/masuk", {"contact": "asing@contoh.test"})
    mend = cut(app, "front.help", broken)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    try:
        answers[500] = client.get("/bantuan")
    finally:
        app.config["PROPAGATE_EXCEPTIONS"] = None
        mend()
    for status, page in answers.items():
        assert page.status == status
        check(page.response)
        assert page.response.headers["Cache-Control"] == "no-store", status
    assert answers[405].response.headers["Allow"]


def test_a_file_that_is_not_there_and_one_outside_are_404(client: PageClient, app: Flask) -> None:
    name = app.extensions["assets"]["js"].path
    for path in ("/static/nothing.js", "/static/../config.py", "/static/%2e%2e/%2e%2e/sertakan/config.py", f"/static/x/{name}"):
        page = client.get(path, check=False)
        assert page.status == 404
        check(page.response)


@pytest.mark.parametrize("name", ["css", "js", "icons", "font", "logo"])
def test_files_are_named_by_their_content_and_kept_for_a_year(name: str, app: Flask, client: PageClient) -> None:
    page = client.get(f"/static/{app.extensions['assets'][name].path}")
    check(page.response)
    assert page.response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "Set-Cookie" not in page.response.headers


# ---- what may be stored --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [*PUBLIC, "/en/", "/en/tarif", "/en/pekerja"])
def test_a32_public_pages_set_no_cookie_and_do_not_vary_by_it(path: str, client: PageClient, as_: As) -> None:
    stranger = client.get(path)
    assert stranger.response.headers["Cache-Control"].startswith("public, max-age="), path
    assert "Set-Cookie" not in stranger.response.headers
    assert "Cookie" not in stranger.response.headers.get("Vary", "")
    known = as_("sari").get(path)
    assert known.html == stranger.html  # whoever asks reads the same
    assert "Sari" not in known.text


@pytest.mark.parametrize("path", ["/akun", "/dukungan", "/lindungi", "/masuk", "/petugas/masuk", "/demo", "/healthz"])
def test_a32_what_has_a_form_or_belongs_to_somebody_is_never_stored(path: str, as_: As) -> None:
    assert as_("sari").get(path).response.headers["Cache-Control"] == "no-store"


# ---- https ---------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Flask, Cast]]:
    """The application as it stands behind https, with one proxy in front."""
    folder = tmp_path_factory.mktemp("secure")
    url, drop = fresh_database(folder)
    app = build(replace(config_for(url, folder), https=True, demo=False, trusted_proxies=1))
    yield app, prepare(app)
    with app.app_context():
        db.engine.dispose()
    drop()


def cookie_of(answer: TestResponse) -> str:
    found = [value for name, value in answer.headers if name == "Set-Cookie"]
    assert len(found) == 1, found
    return found[0]


def test_a18_the_cookie_is_bound_to_this_host_and_closed_to_scripts(secure: tuple[Flask, Cast]) -> None:
    cookie = cookie_of(secure[0].test_client().get("/lindungi", base_url="https://sertakan.test"))
    name, _, rest = cookie.partition("=")
    attributes = {part.strip().lower() for part in rest.split(";")[1:]}
    assert name == "__Host-sertakan"
    assert {"secure", "httponly", "path=/", "samesite=lax"} <= attributes
    assert not [part for part in attributes if part.startswith("domain")]


def test_a18_there_is_nothing_personal_in_the_cookie(as_: As) -> None:
    sari = as_("sari")
    sari.get("/akun")
    cookie = sari.http.get_cookie("sertakan")
    assert cookie is not None
    payload = cookie.value.split(".")
    packed = payload[1] if cookie.value.startswith(".") else payload[0]
    raw = base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))
    content = json.loads(zlib.decompress(raw) if cookie.value.startswith(".") else raw)
    assert set(content) <= {"_fresh", "_user_id", "csrf_token", "_permanent", "next", "draft", "code", "setup", "_flashes"}
    assert not re.search(r"sari|contoh|wulandari|\+62|6171\d", json.dumps(content), re.IGNORECASE)


@pytest.mark.parametrize("path", ["/", "/lindungi", "/akun", "/tidak-ada", "/keluar", "/healthz", "/demo"])
def test_a29_over_https_browsers_are_told_to_stay_there(path: str, secure: tuple[Flask, Cast]) -> None:
    answer = secure[0].test_client().get(path, base_url="https://sertakan.test")
    assert answer.headers["Strict-Transport-Security"] == "max-age=63072000; includeSubDomains"


def test_without_https_nobody_is_told_so(client: PageClient) -> None:
    assert "Strict-Transport-Security" not in client.get("/").response.headers


def test_outside_the_demo_its_pages_are_not_there(secure: tuple[Flask, Cast]) -> None:
    app = secure[0]
    app.config["TESTING"] = False
    try:
        for path in ("/demo", "/demo/pesan", "/komponen"):
            assert app.test_client().get(path, base_url="https://sertakan.test").status_code == 404
    finally:
        app.config["TESTING"] = True


# ---- who is asking -------------------------------------------------------------------------------------------------------------


def address(proxies: int, header: str, folder: Path) -> str | None:
    """The visitor's address as the application sees it, with so many proxies of ours in front."""
    app = build(replace(config_for("sqlite://", folder), trusted_proxies=proxies))
    seen: list[str | None] = []
    app.before_request_funcs.setdefault(None, []).insert(0, lambda: seen.append(request.remote_addr))
    app.test_client().get("/robots.txt", headers={"X-Forwarded-For": header}, environ_overrides={"REMOTE_ADDR": "10.0.0.1"})
    return seen[0]


@pytest.mark.parametrize(
    ("proxies", "header", "expected"),
    [
        (0, "1.2.3.4", "10.0.0.1"),
        (1, "1.2.3.4", "1.2.3.4"),
        (1, "6.6.6.6, 1.2.3.4", "1.2.3.4"),  # what the visitor wrote herself comes first and is not believed
        (2, "6.6.6.6, 1.2.3.4, 10.0.0.2", "1.2.3.4"),
    ],
)
def test_a59_an_address_is_believed_only_from_our_own_proxies(proxies: int, header: str, expected: str, tmp_path: Path) -> None:
    assert address(proxies, header, tmp_path) == expected


# ---- where a sign-in may lead --------------------------------------------------------------------------------------------------

EVIL = (
    "//evil.test",
    "/\\evil.test",
    "https://evil.test",
    "https:evil.test",
    "http:///evil.test",
    "///evil.test",
    "\\\\evil.test",
    "/\t/evil.test",
    "/akun\r\nSet-Cookie: a=b",
    "javascript:alert(1)",
    " //evil.test",
    "",
    "x" * 5_000,
)


def enter(who: PageClient, cast: Cast, kept: str | None) -> str:
    """Sign in by the link of the message; where that leads."""
    person = cast.sari
    contact_hash, person_id = person.email_hash or "", person.id
    with transaction():
        token = codes.issue(
            purpose=codes.Purpose.sign_in, contact_hash=contact_hash, person_id=person_id, life=timedelta(minutes=10)
        ).token
    if kept is not None:
        with who.http.session_transaction() as cookie:
            cookie["next"] = kept
    page = who.post(f"/masuk/tautan/{token}")
    assert page.status == 303
    return page.location


@pytest.mark.parametrize("kept", EVIL)
def test_a30_a_sign_in_leads_nowhere_else(kept: str, client: PageClient, cast: Cast) -> None:
    assert enter(client, cast, kept) == "/dukungan"


def test_a30_it_leads_to_the_page_that_asked_for_it(client: PageClient, cast: Cast) -> None:
    assert client.get("/akun").location == "/masuk"
    assert enter(client, cast, None) == "/akun"


@pytest.mark.parametrize("path", ["/masuk", "/petugas/masuk", "/lindungi", "/akun"])
def test_a30_an_address_cannot_say_where_to_go_on(path: str, client: PageClient, cast: Cast) -> None:
    for name in ("next", "url", "return", "redirect"):
        client.get(f"{path}?{name}=https://evil.test")
    lead = urlsplit(enter(client, cast, None))
    assert (lead.scheme, lead.netloc) == ("", "")
    assert lead.path in ("/dukungan", "/akun")


def test_a31_nobody_elses_page_may_read_ours(client: PageClient) -> None:
    answer = client.http.options("/dukungan", headers={"Origin": "https://evil.test", "Access-Control-Request-Method": "POST"})
    assert not [name for name, _value in answer.headers if name.lower().startswith("access-control")]
