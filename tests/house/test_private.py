"""What people type stands readable nowhere afterwards: tables, files, logs, titles, addresses (QUALITY A 47, 49, 50, 52, 55)."""

import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from sertakan import jobs
from sertakan.accounts.models import Person
from sertakan.db import Base, Sealed, db, keyring, transaction
from sertakan.demo import story
from sertakan.demo.accounts import accounts
from sertakan.kit import clock
from sertakan.kit.crypto import CannotOpen, Keyring
from sertakan.notices.models import Notice
from sertakan.workers.models import Worker
from tests import factories
from tests.cast import Cast
from tests.conftest import NOW, made
from tests.page import PageClient


@dataclass
class Lived:
    """An application in which the demo lived for a day: what it must not say, and all that it left behind."""

    app: Flask
    private: set[str]
    folder: Path
    log: str


class Keeper(logging.Handler):
    """Every log line, with its trace."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


def spellings(value: str) -> set[str]:
    """As stored and as people write it."""
    return {value, value.replace("+62", "0"), value.replace("+62", "62")} if value.startswith("+62") else {value}


def private_words() -> set[str]:
    """Every NIK, e-mail and phone number in the tables, opened."""
    found: set[str] = set()
    for worker in db.session.scalars(select(Worker)):
        found.update(*(spellings(value) for value in (worker.nik, worker.phone) if value))
    for person in db.session.scalars(select(Person)):
        found.update(*(spellings(value) for value in (person.email, person.phone) if value))
    db.session.rollback()
    return found


@pytest.fixture(scope="module")
def _day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    folder = tmp_path_factory.mktemp("lived")
    keeper, root = Keeper(), logging.getLogger()
    level = root.level
    with made(folder) as (app, _cast), clock.frozen(NOW):
        root.addHandler(keeper)
        root.setLevel(logging.DEBUG)
        try:
            with app.app_context():
                story.load(NOW.date())
                private = private_words()
            for name in jobs.JOBS:
                jobs.run(app, name)
            app.config["PROPAGATE_EXCEPTIONS"] = False
            with app.app_context():
                visit(app)
        finally:
            root.removeHandler(keeper)
            root.setLevel(level)
        yield Lived(app, private, folder, "\n".join(keeper.lines))


@pytest.fixture
def lived(_day: Lived) -> Iterator[Lived]:
    with _day.app.app_context():
        yield _day


def visit(app: Flask) -> None:
    """People type what they should not, into every place that takes words; and a page breaks while it holds a worker."""
    visitor = PageClient(app)
    contact = next(iter(accounts()))["Masuk"]
    workers = db.session.scalars(select(Worker)).all()
    nik, phone = workers[0].nik, next(row.phone for row in workers if row.phone)
    visitor.post("/masuk", {"contact": contact}, check=False)
    visitor.post("/masuk", {"contact": phone}, check=False)
    visitor.post("/lindungi", {"occupation": "asisten_rumah_tangga"}, check=False)
    visitor.post("/lindungi/data", {"nik": nik, "name": "Sumiati", "consent": "y", "worker_phone": phone}, check=False)
    kept = app.view_functions["front.help"]

    def broken() -> None:
        raise ValueError("planted")

    app.view_functions["front.help"] = broken  # type: ignore[assignment]
    visitor.get("/bantuan", check=False)
    app.view_functions["front.help"] = kept


def leaks(private: Iterable[str], content: str) -> list[str]:
    """Which of these stand in the content, as they are or as a hash without a key, shortened: a failed test must not print them."""
    return sorted(f"{word[:4]}…" for word in private if word in content or sha256(word.encode()).hexdigest() in content)


def files(folder: Path) -> Iterator[Path]:
    yield from (path for path in folder.rglob("*") if path.is_file())


def dump() -> str:
    """Every table as text, as a backup would have it."""
    rows = (repr(tuple(row)) for table in Base.metadata.sorted_tables for row in db.session.execute(select(table)))
    return "\n".join(rows)


def test_a50_a55_a_day_of_the_demo_leaves_nothing_readable(lived: Lived) -> None:
    assert len(lived.private) > 800
    assert leaks(lived.private, dump()) == []
    for path in files(lived.folder):
        assert leaks(lived.private, path.read_bytes().decode("latin-1")) == [], path.name
    assert leaks(lived.private, lived.log) == []
    assert "planted" in lived.log  # the control: the log was really kept
    titles = list(db.session.scalars(select(Notice.title)))
    assert titles
    assert leaks(lived.private, "\n".join(titles)) == []


def test_a50_no_name_of_a_worker_stands_in_a_title_or_the_log(lived: Lived) -> None:
    names = {name for name in db.session.scalars(select(Worker.name)) if " " in name}
    titles = "\n".join(db.session.scalars(select(Notice.title)))
    assert [name for name in names if name in titles or name in lived.log] == []


def test_a52_no_address_on_the_demo_page_holds_personal_data(lived: Lived) -> None:
    page = PageClient(lived.app).get("/pekerja", check=False)
    links = " ".join(element.attrs.get("href", "") for element in page.elements)
    assert leaks(lived.private, links) == []
    assert not re.search(r"\b\d{16}\b", page.html)


def test_a50_the_search_would_see_it(lived: Lived) -> None:
    """If this does not find what is planted, the test above proves nothing."""
    word = min(lived.private)
    with transaction() as session:
        session.execute(text("UPDATE worker SET name = :word WHERE id = (SELECT min(id) FROM worker)"), {"word": word})
    assert leaks({word}, dump())
    if db.engine.dialect.name == "sqlite":
        assert any(leaks({word}, path.read_bytes().decode("latin-1")) for path in files(lived.folder))


# ---- ciphertexts in their rows -------------------------------------------------------------------------------------------------


def test_a47_a_ciphertext_moved_to_another_row_or_column_does_not_open(app: Flask, cast: Cast) -> None:
    one, other = factories.worker().id, factories.worker(phone="+6281234567890").id
    with transaction() as session:
        session.get_one(Worker, other).nik_sealed = session.get_one(Worker, one).nik_sealed
    with pytest.raises(CannotOpen):
        _ = db.session.get_one(Worker, other).nik
    with transaction() as session:
        row = session.get_one(Worker, one)
        row.phone_sealed = row.nik_sealed
    with pytest.raises(CannotOpen):
        _ = db.session.get_one(Worker, one).phone
    assert db.session.get_one(Worker, one).nik  # the control: in its place it opens


def test_a49_after_a_change_of_keys_rows_open_and_are_found(app: Flask, cast: Cast) -> None:
    row_id = factories.worker().id
    nik, nik_hash = db.session.get_one(Worker, row_id).nik, db.session.get_one(Worker, row_id).nik_hash
    old = keyring()
    settings = app.config["SETTINGS"]
    app.extensions["keyring"] = Keyring({"k2": bytes(range(100, 132)), **settings.seal_keys}, "k2", settings.blind_key)
    try:
        with transaction() as session:
            row = session.get_one(Worker, row_id)
            assert row.nik == nik
            row.nik = nik
        row = db.session.get_one(Worker, row_id)
        assert row.nik_sealed.startswith("k2.")
        assert (row.nik, row.nik_hash) == (nik, nik_hash)
    finally:
        app.extensions["keyring"] = old
    with pytest.raises(CannotOpen):
        _ = db.session.get_one(Worker, row_id).nik


def test_a48_every_sealed_column_is_sealed_by_its_descriptor() -> None:
    missing: list[Any] = []
    for mapper in Base.registry.mappers:
        sealed = {part.column for part in vars(mapper.class_).values() if isinstance(part, Sealed)}
        missing += [
            f"{mapper.class_.__name__}.{c.key}" for c in mapper.column_attrs if c.key.endswith("_sealed") and c.key not in sealed
        ]
    assert missing == []
