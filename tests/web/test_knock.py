"""Knocks: one tiny file or one name in Redis for each job, heard once, never needed."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from sertakan import jobs
from sertakan.config import BadConfig, load
from sertakan.db import InsideTransaction, transaction
from sertakan.web.knock import Knocks, Shared, init_knock, knock, knocks_of
from tests import redis_server


@pytest.fixture(scope="module")
def redis_url() -> Iterator[str]:
    with redis_server.server() as url:
        yield url


@pytest.fixture
def knocking(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """An instance that knocks as the real one does."""
    monkeypatch.setattr(app, "instance_path", str(tmp_path))
    monkeypatch.setattr(app, "testing", False)
    yield app
    app.extensions.pop("knocks")


@pytest.fixture(params=["folder", "redis"])
def place(request: pytest.FixtureRequest, knocking: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Knocks]:
    """Where its knocks lie, one way and the other."""
    if request.param == "redis":
        settings = replace(knocking.config["SETTINGS"], jobs_url=request.getfixturevalue("redis_url"))
        monkeypatch.setitem(knocking.config, "SETTINGS", settings)
    init_knock(knocking)
    yield knocks_of(knocking)
    knocks_of(knocking).take()


def test_a_job_knocked_for_ten_times_is_heard_once(place: Knocks) -> None:
    for _ in range(10):
        knock("events")
    knock("notices")
    assert place.take() == ["events", "notices"]
    assert place.take() == []


def test_a_knock_while_the_job_runs_is_heard_again(place: Knocks) -> None:
    knock("events")
    for _job in place.take():
        knock("events")
    assert place.take() == ["events"]


def test_nobody_knocks_before_the_commit(place: Knocks) -> None:
    with pytest.raises(InsideTransaction), transaction():
        knock("events")
    assert place.take() == []


def test_a_folder_that_is_gone_loses_the_knock_and_nothing_else(
    knocking: Flask, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    init_knock(knocking)
    (tmp_path / "knocks").rmdir()
    knock("events")
    assert "no knock for events" in caplog.text
    assert knocks_of(knocking).take() == []


def test_a_redis_that_is_gone_loses_the_knock_and_nothing_else(knocking: Flask, caplog: pytest.LogCaptureFixture) -> None:
    knocking.extensions["knocks"] = Shared("redis://127.0.0.1:1/0")
    knock("events")
    assert "no knock for events: ConnectionError" in caplog.text


def test_two_machines_hear_each_knock_once(redis_url: str) -> None:
    web, one, other = Shared(redis_url), Shared(redis_url), Shared(redis_url)
    for job in ("events", "notices", "refunds"):
        web.leave(job)
    assert sorted(one.take() + other.take()) == ["events", "notices", "refunds"]


def test_under_test_nobody_listens(app: Flask) -> None:
    knock("events")
    assert "knocks" not in app.extensions


@pytest.mark.parametrize("url", ["http://127.0.0.1", "amqp://x", "127.0.0.1:6379"])
def test_another_kind_of_queue_is_refused_at_the_start(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    env = {"SECRET_KEY": "x9" * 20, "SEAL_KEYS": f"k1:{key}", "BLIND_KEY": key, "STRIPE_API_KEY": "sk_test_x"}
    env |= {"STRIPE_WEBHOOK_SECRET": "whsec_x", "INSTANCE_PATH": str(tmp_path)}
    assert load(env).jobs_url == ""
    assert load(env | {"JOBS_URL": "redis://127.0.0.1:6379/0"}).jobs_url == "redis://127.0.0.1:6379/0"
    with pytest.raises(BadConfig, match="JOBS_URL"):
        load(env | {"JOBS_URL": url})


def test_the_worker_wakes_what_is_a_job_and_drops_the_rest(place: Knocks) -> None:
    place.leave("not-a-job")
    knock("refunds")
    knock("events")
    woken: list[str] = []

    class Enough(Exception):
        pass

    def wake(name: str) -> None:
        woken.append(name)
        if len(woken) == 2:
            raise Enough

    with pytest.raises(Enough):
        jobs.listen(place, wake)
    assert woken == ["events", "refunds"]
    assert place.take() == []
