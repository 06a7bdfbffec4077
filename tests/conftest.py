"""One application and one database for a run; each test works inside an outer transaction that is thrown away.

`TEST_DATABASE_URL` names a PostgreSQL server to use; without it the database is a SQLite file in a temporary folder.
"""

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from sertakan.app import build
from sertakan.config import Config
from sertakan.db import bare_writes, db
from sertakan.kit import clock
from sertakan.places import queries as place_queries
from sertakan.tariff import queries as tariff_queries
from sertakan.web.extensions import limiter
from tests.cast import Cast, hire
from tests.page import PageClient

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)  # Sunday 22 November 2026, 10.00 in Pontianak


def config_for(database_url: str, folder: Path, **extra: object) -> Config:
    """Settings for a test application; the keys are for tests only."""
    return Config(
        secret_key="only-for-tests-" + "x" * 32,
        seal_keys={"k1": bytes(range(32))},
        blind_key=bytes(range(32, 64)),
        database_url=database_url,
        stripe_api_key="sk_test_sertakan",
        stripe_api_base="http://127.0.0.1:9",
        stripe_webhook_secrets=["whsec_sertakan_test_secret"],
        instance_path=folder,
        demo=True,
        va_prefix="88088",
        extra={"TESTING": True, "RATELIMIT_STORAGE_URI": "memory://", **extra},
    )


def fresh_database(folder: Path) -> tuple[str, Callable[[], None]]:
    """A new empty database and how to drop it."""
    server = os.environ.get("TEST_DATABASE_URL")
    if not server:
        return f"sqlite:///{folder / f'{uuid.uuid4().hex}.db'}", lambda: None
    name = f"t{uuid.uuid4().hex[:16]}"
    admin = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(sa.text(f'CREATE DATABASE "{name}"'))

    def drop() -> None:
        with admin.connect() as connection:
            connection.execute(sa.text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
        admin.dispose()

    return str(sa.make_url(server).set(database=name).render_as_string(hide_password=False)), drop


def prepare(app: Flask) -> Cast:
    """Tables, reference rows and the cast."""
    from sertakan.places import service as places
    from sertakan.tariff import service as tariff

    with app.app_context():
        with bare_writes():
            db.create_all()
        places.load_reference()
        tariff.load_reference()
        with clock.frozen(NOW):
            cast = hire()
        db.session.remove()
    return cast


@contextmanager
def made(folder: Path) -> Iterator[tuple[Flask, Cast]]:
    """An application on a database of its own with reference rows and the cast, for as long as the block lasts."""
    # the tariff is read once a run, so that a page's statements can be counted; tests that change it call tariff.service.forget()
    tariff_queries.LOOK_AGAIN_SECONDS = place_queries.LOOK_AGAIN_SECONDS = 3_600.0
    url, drop = fresh_database(folder)
    app = build(config_for(url, folder))
    cast = prepare(app)
    with app.app_context():
        tariff_queries.tariff_book()
        db.session.remove()
    yield app, cast
    with app.app_context():
        db.engine.dispose()
    drop()


@pytest.fixture(scope="session")
def _world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Flask, Cast]]:
    with made(tmp_path_factory.mktemp("world")) as world:
        yield world


@pytest.fixture(scope="session")
def _demo_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Flask, Cast, dict[str, int]]]:
    """The demo around the tests' own day, with its reminders; made once, because that takes seconds."""
    from sertakan.demo import story
    from sertakan.sponsorships import jobs as sponsorships

    with made(tmp_path_factory.mktemp("demo")) as (app, cast):
        with app.app_context(), clock.frozen(NOW):
            told = story.load(NOW.date())
            sponsorships.sweep(NOW.date())
            db.session.remove()
        yield app, cast, told


@pytest.fixture(scope="session")
def _house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Flask, Cast, dict[str, str]]]:
    """One of everything that an address can name; made once, because it is hundreds of rows."""
    from tests.house.world import furnish

    with made(tmp_path_factory.mktemp("house")) as (app, cast):
        with app.app_context(), clock.frozen(NOW):
            things = furnish(app, cast)
            db.session.remove()
        yield app, cast, things


@contextmanager
def _savepoint(connection: sa.Connection) -> Iterator[sa.Connection]:
    """What writes through a connection of its own writes here inside the outer transaction."""
    with connection.begin_nested():
        yield connection


@contextmanager
def thrown_away(app: Flask) -> Iterator[Flask]:
    """An app context in which everything that is written is thrown away at the end."""
    limiter.reset()
    with app.app_context():
        engines = db._app_engines[app]
        engine = engines[None]
        with bare_writes():
            connection = engine.connect()
            outer = connection.begin()
        connection.begin = partial(_savepoint, connection)  # type: ignore[method-assign, assignment]
        engines[None] = connection
        try:
            yield app
        finally:
            db.session.remove()
            outer.rollback()
            connection.close()
            engines[None] = engine


@pytest.fixture
def app(request: pytest.FixtureRequest) -> Iterator[Flask]:
    """The application with an app context; whatever the test writes is thrown away. A test of `things` gets the furnished house."""
    world = request.getfixturevalue("_house" if "things" in request.fixturenames else "_world")
    with thrown_away(world[0]) as app:
        yield app


@pytest.fixture
def things(app: Flask, _house: tuple[Flask, Cast, dict[str, str]]) -> dict[str, str]:
    """The values for the placeholders of the route table (tests/house/test_routes.py)."""
    return {**_house[2], "unknown": "x" * 32, "asset": f"/static/{app.extensions['assets']['css'].path}"}


@pytest.fixture
def demo_app(_demo_world: tuple[Flask, Cast, dict[str, int]]) -> Iterator[Flask]:
    """The same with the demo's people and months in it. A module that names it `app` lives in the demo."""
    with thrown_away(_demo_world[0]) as app:
        yield app


@pytest.fixture
def cast(request: pytest.FixtureRequest) -> Cast:
    """The people of tests/cast.py, of the application that the test lives in."""
    app: Flask = request.getfixturevalue("app")
    worlds = [request.getfixturevalue(name) for name in ("_world", "_demo_world", "_house") if name in request.fixturenames]
    return next(cast for living, cast, *_told in worlds if living is app)


@pytest.fixture
def live(tmp_path: Path) -> Iterator[tuple[Flask, Cast]]:
    """A whole application on a database of its own, for races, kills and whatever needs real commits. No app context is pushed."""
    url, drop = fresh_database(tmp_path)
    app = build(config_for(url, tmp_path))
    yield app, prepare(app)
    with app.app_context():
        db.engine.dispose()
    drop()


@pytest.fixture(autouse=True)
def _fixed_clock(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every test happens on 22 November 2026 unless it says otherwise (`clock.frozen` inside the test wins)."""
    if request.node.get_closest_marker("browser") or request.node.get_closest_marker("kill"):
        yield
        return
    with clock.frozen(NOW):
        yield


@pytest.fixture
def client(app: Flask) -> PageClient:
    """An anonymous visitor whose every page is checked."""
    return PageClient(app)


@pytest.fixture
def as_(app: Flask, cast: Cast) -> Callable[[str], PageClient]:
    """`as_("sari")`: a browser in which that person is signed in (staff with a second factor)."""

    def sign_in(name: str, *, second_factor: bool = True) -> PageClient:
        visitor = PageClient(app)
        visitor.sign_in(getattr(cast, name), second_factor=second_factor)
        return visitor

    return sign_in
