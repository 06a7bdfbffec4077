"""What lies in the database file: no NIK, phone, e-mail or address that can be read (QUALITY A 48, 50, 55)."""

import hashlib
import logging
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from sertakan import jobs
from sertakan.accounts.models import Person
from sertakan.db import db, transaction
from sertakan.demo import story
from sertakan.kit import clock
from sertakan.workers.models import Worker
from tests.cast import Cast
from tests.conftest import NOW


def _secrets() -> dict[str, str]:
    """Every personal datum of the demo, with what it is."""
    found = {}
    for worker in db.session.scalars(sa.select(Worker)):
        found[worker.nik] = "NIK"
        if worker.phone:
            found[worker.phone] = "phone"
    for person in db.session.scalars(sa.select(Person)):
        found[person.email] = "e-mail"
    return found


def _everything(app: Flask, folder: Path) -> str:
    """All text of all tables, and every byte of every file beside them."""
    texts = []
    for table in db.metadata.sorted_tables:
        texts += [str(tuple(row)) for row in db.session.execute(sa.select(table))]
    db.session.remove()
    db.engine.dispose()
    texts += [file.read_bytes().decode("utf-8", "replace") for file in folder.rglob("*") if file.is_file()]
    return "\n".join(texts)


def _leaks(text: str, secrets: dict[str, str]) -> set[str]:
    digests = {hashlib.sha256(secret.encode()).hexdigest(): f"unkeyed hash of a {kind}" for secret, kind in secrets.items()}
    return {kind for secret, kind in {**secrets, **digests}.items() if secret in text}


def test_a50_the_demo_leaves_nothing_readable_at_rest(
    live: tuple[Flask, Cast], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    app = live[0]
    with caplog.at_level(logging.DEBUG), clock.frozen(NOW):
        with app.app_context():
            story.load(clock.today())
        for name in ("sweep", "notices", "books", "renewals"):
            assert jobs.run(app, name)
        with app.app_context():
            secrets = _secrets()
            assert len(secrets) > 500
            assert _leaks(_everything(app, tmp_path) + caplog.text, secrets) == set()


def test_a50_the_search_finds_what_is_planted(live: tuple[Flask, Cast], tmp_path: Path) -> None:
    app = live[0]
    with app.app_context(), clock.frozen(NOW):
        with transaction() as session:
            session.add(Person(name="orang@bocor.test", email="orang@bocor.test", created_at=clock.now()))
        assert _leaks(_everything(app, tmp_path), {"orang@bocor.test": "e-mail"}) == {"e-mail"}


def test_a48_every_sealed_column_is_sealed_by_its_descriptor() -> None:
    from sertakan.db import Base, Sealed

    missing: list[Any] = []
    for mapper in Base.registry.mappers:
        sealed = {part.column for part in vars(mapper.class_).values() if isinstance(part, Sealed)}
        missing += [
            f"{mapper.class_.__name__}.{c.key}" for c in mapper.column_attrs if c.key.endswith("_sealed") and c.key not in sealed
        ]
    assert missing == []
