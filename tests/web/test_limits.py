"""The counts of the rate limits: one table that all processes share, and nothing personal in it (QUALITY A 57)."""

import json
import os
import subprocess
import sys
from pathlib import Path
from threading import Barrier, Thread

import pytest
from flask import Flask
from sqlalchemy import select

from sertakan.db import InsideTransaction, db, transaction
from sertakan.web import limits
from sertakan.web.limits import DatabaseStorage, RateCount
from tests.cast import Cast

ROOT = Path(__file__).resolve().parent.parent.parent
OTHER = """
import json, sys
from pathlib import Path
from sertakan.app import build
from sertakan.web.limits import DatabaseStorage
from tests.conftest import config_for
app = build(config_for(sys.argv[1], Path(sys.argv[2])))
with app.app_context():
    print(json.dumps([DatabaseStorage().incr("masuk/1.2.3.4", 60) for _ in range(int(sys.argv[3]))]))
"""


@pytest.fixture
def storage() -> DatabaseStorage:
    return DatabaseStorage()


def count_in_another_process(url: str, folder: Path, times: int) -> list[int]:
    command = [sys.executable, "-c", OTHER, url, str(folder), str(times)]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ}, capture_output=True, text=True, timeout=60, check=True)
    found: list[int] = json.loads(done.stdout)
    return found


def test_a57_two_processes_count_together(live: tuple[Flask, Cast], storage: DatabaseStorage, tmp_path: Path) -> None:
    app, _cast = live
    with app.app_context():
        assert [storage.incr("masuk/1.2.3.4", 60) for _ in range(2)] == [1, 2]
        url = db.engine.url.render_as_string(hide_password=False)
        assert count_in_another_process(url, tmp_path, 3) == [3, 4, 5]
        assert storage.get("masuk/1.2.3.4") == 5
        assert storage.incr("masuk/1.2.3.4", 60) == 6


def test_a57_many_at_once_lose_no_count(live: tuple[Flask, Cast], storage: DatabaseStorage) -> None:
    app, _cast = live
    start, seen = Barrier(8), []

    def hit() -> None:
        with app.app_context():
            start.wait()
            seen.extend(storage.incr("x", 60) for _ in range(5))

    threads = [Thread(target=hit) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == list(range(1, 41))


def test_a_window_that_is_over_begins_anew(live: tuple[Flask, Cast], storage: DatabaseStorage) -> None:
    with live[0].app_context():
        assert [storage.incr("x", 60), storage.incr("x", 60)] == [1, 2]
        assert storage.incr("old", -1) == 1
        assert storage.get("old") == 0
        assert storage.incr("old", 60) == 1


def test_keys_stand_in_the_table_only_as_hashes(live: tuple[Flask, Cast], storage: DatabaseStorage) -> None:
    with live[0].app_context():
        storage.incr("LIMITER/sari@contoh.test/10.0.0.1", 60)
        rows = [tuple(row) for row in db.session.execute(select(RateCount.__table__))]
        assert "sari" not in repr(rows) and "10.0.0.1" not in repr(rows)
        assert len(rows[0][0]) == 64


def test_old_counts_are_forgotten_and_living_ones_kept(live: tuple[Flask, Cast], storage: DatabaseStorage) -> None:
    with live[0].app_context():
        storage.incr("old", -1)
        storage.incr("new", 60)
        assert limits.forget_old() == 1
        assert storage.get("new") == 1


def test_one_key_or_all_can_be_cleared(live: tuple[Flask, Cast], storage: DatabaseStorage) -> None:
    with live[0].app_context():
        for key in ("a", "b", "c"):
            storage.incr(key, 60)
        storage.clear("a")
        assert (storage.get("a"), storage.get("b")) == (0, 1)
        assert storage.reset() == 2
        assert storage.check() is True
        assert storage.get_expiry("b") > 0


def test_counting_inside_a_transaction_is_a_bug(live: tuple[Flask, Cast], storage: DatabaseStorage) -> None:
    with live[0].app_context(), pytest.raises((AssertionError, InsideTransaction)), transaction():
        storage.incr("x", 60)
