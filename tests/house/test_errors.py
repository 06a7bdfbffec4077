"""When things go wrong: a plain page, the status that fits, a reference and never a trace (QUALITY A 56; ARCHITECTURE 8; B 5)."""

import logging
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from sertakan.accounts.models import Person
from sertakan.accounts.session import SignedIn
from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.kit.errors import Refused
from tests.cast import Cast
from tests.factories import count
from tests.page import PageClient

As = Callable[[str], PageClient]


@contextmanager
def planted(app: Flask, endpoint: str, error: Exception) -> Iterator[None]:
    """The page raises this, as in production: nothing is passed on to the test."""
    kept = app.view_functions[endpoint]

    def view(**_values: object) -> None:
        raise error

    app.view_functions[endpoint] = view  # type: ignore[assignment]
    app.config["PROPAGATE_EXCEPTIONS"] = False
    try:
        yield
    finally:
        app.view_functions[endpoint] = kept
        app.config["PROPAGATE_EXCEPTIONS"] = None


class Told(Refused):
    message = "Bulan ini sudah ada yang menanggung."


def test_a56_a_fault_shows_a_reference_and_no_trace(app: Flask, client: PageClient, caplog: pytest.LogCaptureFixture) -> None:
    with planted(app, "front.help", RuntimeError("rahasia 6171045203840001 /srv/sertakan")), caplog.at_level(logging.ERROR):
        page = client.get("/bantuan")
    assert page.status == 500
    page.sees("Ada gangguan di sistem kami", "Data Anda aman").misses("rahasia", "Traceback", "RuntimeError", ".py", "6171")
    reference = re.search(r"Kode kejadian: ([0-9A-F]{8})", page.text)
    assert reference is not None
    assert reference[1] in caplog.text
    assert "front.help" in caplog.text


def test_a56_two_faults_have_two_references(app: Flask, client: PageClient) -> None:
    with planted(app, "front.help", KeyError("x")):
        pages = [client.get("/bantuan").text for _ in range(2)]
    assert len({re.search(r"Kode kejadian: (\w+)", text)[1] for text in pages}) == 2  # type: ignore[index]


def test_a_fault_is_told_in_the_language_of_the_page(app: Flask, client: PageClient) -> None:
    with planted(app, "front.help", KeyError("x")):
        assert client.get("/en/bantuan").one("html").attrs["lang"] == "en"


def test_a_no_is_a_page_with_its_sentence_and_status(app: Flask, client: PageClient) -> None:
    with planted(app, "front.help", Told()):
        page = client.get("/bantuan")
    assert page.status == 422
    page.sees("Bulan ini sudah ada yang menanggung.")


@pytest.mark.parametrize("words", ["database is locked", "canceling statement due to lock timeout"])
def test_a_busy_database_is_a_503_that_says_to_send_again(words: str, app: Flask, client: PageClient) -> None:
    with planted(app, "front.help", OperationalError("SELECT 1", {}, sqlite3.OperationalError(words))):
        page = client.get("/bantuan")
    assert page.status == 503
    assert page.response.headers["Retry-After"] == "5"
    page.sees("Sistem sedang sibuk").misses("SELECT", "locked", "lock timeout")


def test_b5_while_another_process_writes_a_form_is_a_503_and_pages_read_on(live: tuple[Flask, Cast]) -> None:
    app, _cast = live
    with app.app_context():
        if db.engine.dialect.name != "sqlite":
            pytest.skip("only on SQLite: one writer at a time")
        event.listen(db.engine, "connect", _impatient)
        db.engine.dispose()
        visitor = PageClient(app)
        other = sqlite3.connect(str(db.engine.url.database), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        try:
            page = visitor.post("/lindungi", {"occupation": "asisten_rumah_tangga"})
            assert page.status == 503
            page.sees("Isian Anda belum hilang. Tunggu sebentar, lalu kirim lagi.")
            assert visitor.get("/lindungi").status == 200
        finally:
            other.execute("ROLLBACK")
            other.close()
        assert visitor.post("/lindungi", {"occupation": "asisten_rumah_tangga"}).status == 303  # it recovers by itself


def _impatient(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA busy_timeout = 50")


def test_another_fault_of_the_database_is_a_500(app: Flask, client: PageClient) -> None:
    with planted(app, "front.help", OperationalError("SELECT nik", {}, sqlite3.OperationalError("no such table: worker"))):
        page = client.get("/bantuan")
    assert page.status == 500
    page.misses("worker", "SELECT")


def test_a56_an_exception_in_the_door_lets_nobody_in(app: Flask, as_: As, monkeypatch: pytest.MonkeyPatch) -> None:
    """A check that breaks is a refusal (ASVS 16.5.3)."""
    dewi = as_("dewi")

    def broken(_self: object, _permission: object) -> bool:
        raise RuntimeError("planted")

    monkeypatch.setattr(SignedIn, "may", broken)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    try:
        page = dewi.get("/petugas/antrean", check=False)
    finally:
        app.config["PROPAGATE_EXCEPTIONS"] = None
    assert page.status == 500
    page.misses("Siap diputuskan")


def write_and_fall() -> None:
    with transaction() as session:
        session.add(Person(name="Hilang", email="hilang@contoh.test", locale="id", created_at=clock.now()))
        session.flush()
        raise ZeroDivisionError


def test_what_was_written_before_a_fault_is_not_kept(app: Flask, cast: Cast) -> None:
    before = count(Person)
    with pytest.raises(ZeroDivisionError):
        write_and_fall()
    db.session.rollback()
    assert count(Person) == before


@pytest.mark.parametrize(
    "path", ["/tidak-ada", "/dukungan/../etc/passwd", "/.git/config", "/.env", "/instance/sertakan.db", "/wsgi.py"]
)
def test_a61_what_is_no_page_is_not_served(path: str, client: PageClient) -> None:
    assert client.get(path, check=False).status == 404


def test_a56_debug_is_off(app: Flask, tmp_path: Path) -> None:
    assert not app.debug
    assert app.config["TRAP_HTTP_EXCEPTIONS"] is False
