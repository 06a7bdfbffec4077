"""Every migration goes down and up again with the demo's rows in the tables, on the database of this run."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_migrate import downgrade, upgrade

from sertakan.app import build
from sertakan.cli import init_cli
from sertakan.db import db
from sertakan.demo import story
from sertakan.places import service as places
from sertakan.tariff import service as tariff
from tests.conftest import NOW, config_for, fresh_database

FOLDER = Path(__file__).parents[2] / "migrations"
KEPT = (
    "person",
    "worker",
    "coverage_month",
    "payment",
    "allocation",
    "refund",
    "refund_line",
    "suspense",
    "receipt",
    "audit_entry",
)


@pytest.fixture
def lived_in(tmp_path: Path) -> Iterator[Flask]:
    """The newest schema, made by the migrations alone, with the demo's people and months."""
    url, drop = fresh_database(tmp_path)
    app = build(config_for(url, tmp_path))
    init_cli(app)
    with app.app_context():
        upgrade(str(FOLDER))
        places.load_reference()
        tariff.load_reference()
        story.load(NOW.date())
        db.session.remove()
        yield app
        db.session.remove()
        db.engine.dispose()
    drop()


def rows() -> dict[str, int]:
    with db.engine.connect() as connection:
        return {name: connection.execute(sa.text(f"SELECT count(*) FROM {name}")).scalar_one() for name in KEPT}


def sums() -> list[int]:
    ask = ("SELECT sum(price_rupiah) FROM coverage_month", "SELECT sum(amount_rupiah) FROM payment")
    with db.engine.connect() as connection:
        return [int(connection.execute(sa.text(one)).scalar_one()) for one in ask]


def guards() -> list[str]:
    """The triggers that refuse a change."""
    ask = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    if db.engine.dialect.name == "postgresql":
        ask = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
    with db.engine.connect() as connection:
        return sorted(connection.execute(sa.text(ask)).scalars())


def test_down_to_the_first_and_up_again_keeps_every_row_rupiah_and_guard(lived_in: Flask) -> None:
    before = rows(), sums(), guards()
    assert before[0]["coverage_month"] > 1_000 and before[0]["refund_line"] > 10
    downgrade(str(FOLDER), revision="0001")
    assert rows() == before[0]
    upgrade(str(FOLDER))
    assert (rows(), sums(), guards()) == before
