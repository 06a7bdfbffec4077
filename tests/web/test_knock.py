"""Knocks: one tiny file for each job, heard once, never needed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from sertakan import jobs
from sertakan.db import InsideTransaction, transaction
from sertakan.web.knock import heard, init_knock, knock, knocks_of


@pytest.fixture
def folder(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of an instance that knocks as the real one does."""
    monkeypatch.setattr(app, "instance_path", str(tmp_path))
    monkeypatch.setattr(app, "testing", False)
    init_knock(app)
    yield knocks_of(app)
    app.extensions.pop("knocks")


def test_a_job_knocked_for_ten_times_is_heard_once(folder: Path) -> None:
    for _ in range(10):
        knock("events")
    knock("notices")
    assert heard(folder) == ["events", "notices"]
    assert heard(folder) == []


def test_a_knock_while_the_job_runs_is_heard_again(folder: Path) -> None:
    knock("events")
    for _job in heard(folder):
        knock("events")
    assert heard(folder) == ["events"]


def test_a_folder_that_is_gone_loses_the_knock_and_nothing_else(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder.rmdir()
    knock("events")
    assert "no knock for events" in caplog.text
    assert heard(folder) == []


def test_nobody_knocks_before_the_commit(folder: Path) -> None:
    with pytest.raises(InsideTransaction), transaction():
        knock("events")
    assert heard(folder) == []


def test_under_test_nobody_listens(app: Flask) -> None:
    knock("events")
    assert "knocks" not in app.extensions


def test_the_worker_wakes_what_is_a_job_and_drops_the_rest(folder: Path) -> None:
    (folder / "not-a-job").touch()
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
        jobs.listen(folder, wake)
    assert woken == ["events", "refunds"]
    assert list(folder.iterdir()) == []
