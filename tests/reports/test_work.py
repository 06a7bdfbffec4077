"""`/petugas/pekerjaan`, `/healthz`, `/readyz` and the line on `/pemeriksaan`: whether anything runs at all."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import text

from sertakan import jobs
from sertakan.db import bare_writes, db, transaction
from sertakan.kit import clock
from sertakan.notices import service as notices
from sertakan.reports import health, work
from tests.cast import Cast
from tests.conftest import NOW


@pytest.fixture
def worked(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every job ran a moment ago."""
    db.session.remove()
    for name in jobs.JOBS:
        monkeypatch.setitem(jobs.JOBS, name, lambda: "0 due")
        jobs.run(app, name)


@pytest.fixture
def migrated(app: Flask) -> Iterator[None]:
    """A database that says it has every migration."""
    folder = health.Path(app.root_path).parent / "migrations" / "versions"
    with bare_writes():
        db.session.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
        db.session.execute(text("INSERT INTO alembic_version VALUES (:n)"), {"n": health.newest_migration(folder)})
        db.session.commit()
    yield
    with bare_writes():
        db.session.execute(text("DROP TABLE alembic_version"))
        db.session.commit()


def test_the_page_shows_each_job_and_turns_red_when_one_is_late(as_, worked) -> None:  # type: ignore[no-untyped-def]
    nina = as_("nina")
    page = (
        nina.get("/petugas/pekerjaan").sees("Semua tepat waktu", "Sapuan harian", "0 due", "0.0 dtk").misses("Jalankan sekarang")
    )
    assert page.statements <= 12
    with clock.frozen(NOW + timedelta(minutes=4, seconds=30)):
        nina.get("/petugas/pekerjaan").sees("Ada yang terlambat", "Terlambat")
    with clock.frozen(NOW + timedelta(minutes=6)):
        nina.get("/petugas/pekerjaan").sees("Pelaksana tidak terlihat")


def test_a_fresh_house_says_that_nothing_ever_ran(as_) -> None:  # type: ignore[no-untyped-def]
    as_("maya").get("/petugas/pekerjaan").sees("Pelaksana tidak terlihat", "Belum pernah", "Tabel tidak sesuai")


def test_the_reference_of_an_error_stands_on_the_page(as_, app: Flask, worked, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setitem(jobs.JOBS, "books", lambda: 1 / 0)
    jobs.run(app, "books")
    fault = next(job.fault for job in work.runs.health().jobs if job.name == "books")
    assert fault
    as_("agus").get("/petugas/pekerjaan").sees("Gagal", fault)


def test_the_administrator_knocks_and_a_made_up_job_is_not_there(as_, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    heard: list[str] = []
    monkeypatch.setattr(work, "knock", heard.append)
    wira = as_("wira")
    wira.get("/petugas/pekerjaan").sees("Jalankan sekarang")
    wira.follow(wira.post("/petugas/pekerjaan/sweep", {})).sees("Sapuan harian dimulai.")
    assert wira.post("/petugas/pekerjaan/tidak-ada", {}).status == 404
    assert heard == ["sweep"]


def test_the_oldest_undone_row_shows_and_is_red_after_a_quarter_of_an_hour(as_, cast: Cast, migrated, worked, client) -> None:  # type: ignore[no-untyped-def]
    assert all(queue.ok and queue.age is None for queue in health.queues())
    with transaction():
        notices.queue(
            key="test:1",
            kind="code",
            subject="person:1",
            person=cast.sari,
            context={"code": "123456", "link": "x"},
        )
    with clock.frozen(NOW + timedelta(minutes=4)):
        assert client.get("/readyz").status == 200
        as_("nina").get("/petugas/pekerjaan").sees("4 menit", "Lancar")
    with clock.frozen(NOW + timedelta(minutes=16)):
        assert "queues: bad" in client.get("/readyz").html
        as_("nina").get("/petugas/pekerjaan").sees("16 menit", "Tertahan")


def test_stopping_the_worker_turns_the_public_page_red(client, worked) -> None:  # type: ignore[no-untyped-def]
    client.get("/pemeriksaan").sees("Hijau: pekerjaan otomatis berjalan")
    with clock.frozen(NOW + timedelta(minutes=5, seconds=1)):
        client.get("/pemeriksaan").sees("Merah: pekerjaan otomatis tidak berjalan")


def test_a_probe_gets_words_and_no_detail(client, migrated, worked) -> None:  # type: ignore[no-untyped-def]
    """QUALITY A 24."""
    good = client.get("/readyz")
    assert good.status == 200
    assert good.html == "database: ok\nmigrations: ok\nworker: ok\nqueues: ok\n"
    assert good.statements <= 6
    assert client.get("/healthz").html == "ok\n"
    with clock.frozen(NOW + timedelta(minutes=6)):
        bad = client.get("/readyz")
        assert (bad.status, "worker: bad" in bad.html) == (503, True)
        page = client.get("/healthz")
        assert (page.status, page.html) == (200, "ok\nworker: not seen\n")
    with bare_writes():
        db.session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
        db.session.commit()
    behind = client.get("/readyz")
    assert (behind.status, "migrations: bad" in behind.html) == (503, True)
