"""Changing the sealing key on populated data, with reads going on, killed in the middle and run again (QUALITY A 49)."""

import base64
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from sertakan import keys
from sertakan.db import Base, db, keyring, transaction
from sertakan.demo import story
from sertakan.kit.crypto import CannotOpen, Keyring
from sertakan.workers.models import Worker
from tests import factories
from tests.cast import Cast
from tests.conftest import NOW

ROOT = Path(__file__).resolve().parent.parent.parent
NEW_KEY = bytes(range(100, 132))
NIK = next(place for place in keys.places() if place.name == "worker.nik_sealed")


@pytest.fixture
def changed(app: Flask, cast: Cast) -> Iterator[Keyring]:
    """The new key first, the old one still opens."""
    old, settings = keyring(), app.config["SETTINGS"]
    app.extensions["keyring"] = Keyring({"k2": NEW_KEY, **settings.seal_keys}, "k2", settings.blind_key)
    yield keyring()
    app.extensions["keyring"] = old


def niks() -> dict[int, tuple[str, str]]:
    """Every worker's NIK, opened, and its blind index."""
    db.session.rollback()
    return {row.id: (row.nik, row.nik_hash) for row in db.session.scalars(select(Worker))}


def test_a49_every_sealed_column_of_the_tables_is_walked() -> None:
    columns = {f"{table.name}.{c.name}" for table in Base.metadata.sorted_tables for c in table.columns if "_sealed" in c.name}
    assert columns == {place.name for place in keys.places()}


def test_a49_values_move_over_open_as_before_and_a_second_time_changes_nothing(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        factories.worker()
    before, settings = niks(), app.config["SETTINGS"]
    monkeypatch.setattr(keys, "BATCH", 2)
    monkeypatch.setitem(app.extensions, "keyring", Keyring({"k2": NEW_KEY, **settings.seal_keys}, "k2", settings.blind_key))
    assert keys.left(NIK) == len(before) == 5
    batches: list[int] = []
    tally = keys.rotate(NIK, lambda _place, tally: batches.append(tally.moved))
    assert (tally.moved, tally.broken, batches) == (5, 0, [2, 4, 5])
    assert keys.left(NIK) == 0
    assert keys.rotate(NIK).moved == 0
    monkeypatch.setitem(app.extensions, "keyring", Keyring({"k2": NEW_KEY}, "k2", settings.blind_key))
    assert niks() == before  # the old key may go, and the blind index is the same


def test_a49_what_a_page_wrote_in_between_stays(app: Flask, changed: Keyring, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare-and-set: the value that the batch read is no longer there when it writes."""
    app.extensions["keyring"] = Keyring(app.config["SETTINGS"].seal_keys, "k1", app.config["SETTINGS"].blind_key)
    row_id = factories.worker(phone="+6281234567890").id
    app.extensions["keyring"] = changed
    phone = next(place for place in keys.places() if place.name == "worker.phone_sealed")
    real = keys._resealed

    def meanwhile(place: keys.Place, rows: list[object]) -> Iterator[dict[str, object]]:
        yield from real(place, rows)
        row = db.session.get_one(Worker, row_id)
        row.phone = "+6281299999999"
        db.session.flush()

    monkeypatch.setattr(keys, "_resealed", meanwhile)
    assert keys.rotate(phone).moved == 0
    db.session.rollback()
    assert db.session.get_one(Worker, row_id).phone == "+6281299999999"


def test_a49_a_value_that_does_not_open_is_told_and_stops_nobody(app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = factories.worker().id, factories.worker().id
    with transaction() as session:
        session.execute(text("UPDATE worker SET nik_sealed = 'k0.broken' WHERE id = :id"), {"id": first})
    settings = app.config["SETTINGS"]
    monkeypatch.setitem(app.extensions, "keyring", Keyring({"k2": NEW_KEY, **settings.seal_keys}, "k2", settings.blind_key))
    tally = keys.rotate(NIK)
    assert (tally.moved, tally.broken, keys.left(NIK)) == (1, 1, 1)
    assert db.session.get_one(Worker, second).nik_sealed.startswith("k2.")


def command(app: Flask, folder: Path, *more: str) -> "subprocess.Popen[str]":
    settings = app.config["SETTINGS"]
    sealing = {"k2": NEW_KEY, **settings.seal_keys}
    env = {
        **os.environ,
        "SECRET_KEY": settings.secret_key,
        "SEAL_KEYS": ",".join(f"{name}:{base64.b64encode(key).decode()}" for name, key in sealing.items()),
        "BLIND_KEY": base64.b64encode(settings.blind_key).decode(),
        "DATABASE_URL": settings.database_url,
        "STRIPE_API_KEY": settings.stripe_api_key,
        "STRIPE_API_BASE": settings.stripe_api_base,
        "STRIPE_WEBHOOK_SECRET": "whsec_" + "a1" * 16,
        "INSTANCE_PATH": str(folder),
        "SERTAKAN_DEMO": "1",
        "PYTHONUNBUFFERED": "1",
    }
    words = [sys.executable, "-m", "flask", "--app", "wsgi", "keys", "rotate", *more]
    return subprocess.Popen(words, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def test_a49_the_command_is_killed_in_the_middle_and_goes_on_while_others_read(live: tuple[Flask, Cast], tmp_path: Path) -> None:
    app = live[0]
    settings = app.config["SETTINGS"]
    with app.app_context():
        story.load(NOW.date())
        before = niks()
        assert len(before) > 300
        app.extensions["keyring"] = Keyring({"k1": settings.seal_keys["k1"], "k2": NEW_KEY}, "k1", settings.blind_key)
    stop, faults, reads = threading.Event(), [], []

    def reader() -> None:
        with app.app_context():
            while not stop.wait(0.05):  # a page now and then, or the reader keeps the processor from the command
                try:
                    reads.append(niks() == before)
                except CannotOpen as fault:
                    faults.append(fault)

    thread = threading.Thread(target=reader)
    thread.start()
    try:
        first = command(app, tmp_path, "--batch", "5")
        assert first.stdout is not None
        assert any("moved" in line for line in first.stdout)
        first.send_signal(signal.SIGKILL)
        first.communicate(timeout=30)
        check = command(app, tmp_path, "--check")
        told = check.communicate(timeout=60)[0]
        assert check.returncode == 1, told
        assert "values still carry another key" in told
        again = command(app, tmp_path)
        told = again.communicate(timeout=120)[0]
        assert again.returncode == 0, told
    finally:
        stop.set()
        thread.join()
    assert "every value carries the current key" in told
    assert reads and all(reads) and not faults
    with app.app_context():
        app.extensions["keyring"] = Keyring({"k2": NEW_KEY}, "k2", settings.blind_key)
        assert niks() == before
        assert not [place.name for place in keys.places() if keys.left(place)]
        assert db.session.scalar(select(func.count()).select_from(Worker)) == len(before)
