"""The demo: enough to believe, on any day, the same every time, and to the rupiah."""

from collections import Counter
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import func, select

from sertakan.accounts.models import Organisation, Person
from sertakan.accounts.permissions import Role
from sertakan.app import build
from sertakan.coverage.models import CoverageMonth
from sertakan.coverage.rules import MonthState, Standing
from sertakan.db import db
from sertakan.demo import story
from sertakan.demo.accounts import accounts
from sertakan.kit import clock, nik
from sertakan.kit.months import Month
from sertakan.places.models import Kelurahan
from sertakan.reports import books
from sertakan.review import queries
from sertakan.review.checks import Verdict
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import ReviewState
from sertakan.workers.models import Waiting, Worker
from tests.cast import Cast
from tests.conftest import NOW, config_for, fresh_database, prepare
from tests.coverage.twin import standings

DAYS = (
    date(2026, 11, 22),
    date(2026, 12, 31),
    date(2027, 3, 31),
    date(2028, 2, 29),
)
NEVER = {MonthState.credited, MonthState.void}  # what only corrections by hand bring about


@pytest.fixture
def told(_demo_world: tuple[Flask, Cast, dict[str, int]], demo_app: Flask) -> dict[str, int]:
    """The demo around the tests' own day."""
    return _demo_world[2]


def tell(day: date) -> dict[str, int]:
    with clock.frozen(NOW.replace(year=day.year, month=day.month, day=day.day)):
        return story.load(day)


def picture() -> list[tuple[object, ...]]:
    """What the demo says, without random references and fresh seals."""
    workers = [
        (row.name, row.nik, row.phone, row.occupation_code) for row in db.session.scalars(select(Worker).order_by(Worker.id))
    ]
    promises = [
        (
            row.organisation_id or row.code,
            row.typed_name,
            str(row.first_month),
            row.review_state,
            row.term_state,
            row.submitted_at,
        )
        for row in db.session.scalars(select(Sponsorship).order_by(Sponsorship.id))
    ]
    months = [
        (row.worker_id, str(row.month), row.state, row.price_rupiah, row.paid_at)
        for row in db.session.scalars(select(CoverageMonth).order_by(CoverageMonth.id))
    ]
    waiting = [(row.code, row.since_on, tuple(row.phrases)) for row in db.session.scalars(select(Waiting).order_by(Waiting.id))]
    base = months[0][0] if months else 0
    return [*workers, *promises, *[(int(str(row[0])) - int(str(base)), *row[1:]) for row in months], *waiting]


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_it_loads_on_any_day_and_the_books_check_out(day: date, app: Flask) -> None:
    counts = tell(day)
    assert books.broken(books.check()) == []
    assert counts["worker"] >= 350
    states = set(db.session.scalars(select(CoverageMonth.state).distinct()))
    assert states >= set(MonthState) - NEVER
    assert set(db.session.scalars(select(Sponsorship.review_state).distinct())) == set(ReviewState)


@pytest.mark.parametrize("day", [DAYS[-1]], ids=str)
def test_it_is_the_same_every_time(day: date, tmp_path_factory: pytest.TempPathFactory) -> None:
    pictures = []
    for _turn in range(2):
        folder = tmp_path_factory.mktemp("again")
        url, drop = fresh_database(folder)
        other = build(config_for(url, folder))
        prepare(other)
        with other.app_context():
            tell(day)
            pictures.append(picture())
            db.session.remove()
            db.engine.dispose()
        drop()
    assert pictures[0] == pictures[1]


def test_there_is_enough_to_believe(told: dict[str, int]) -> None:
    assert 380 <= told["worker"] <= 450
    sponsors = db.session.scalar(select(func.count(func.distinct(Sponsorship.sponsor_id))))
    assert sponsors is not None and sponsors >= 60
    assert db.session.scalar(select(func.count()).select_from(Kelurahan)) == 29
    assert db.session.scalar(select(func.count(func.distinct(Worker.occupation_code)))) >= 15
    assert {row.kind.value for row in db.session.scalars(select(Organisation))} == {"company", "government"}
    roles = set(db.session.scalars(select(Person.role).where(Person.role.is_not(None))))
    assert roles >= {Role.officer, Role.supervisor, Role.finance, Role.attestor, Role.auditor}


def test_every_standing_can_be_seen(told: dict[str, int]) -> None:
    ids = list(db.session.scalars(select(Worker.id)))
    found = Counter(view.standing for view in standings(ids, NOW.date()).values())
    assert set(found) == set(Standing)


def test_every_nik_is_of_a_plausible_invented_person(told: dict[str, int]) -> None:
    rows = db.session.scalars(select(Worker)).all()
    assert len({row.nik for row in rows}) == len(rows)
    for row in rows:
        checked = nik.check(row.nik)
        assert (checked.born_on, checked.sex) == (row.born_on, row.sex.value)
        assert row.nik.startswith("6171")


def test_addresses_can_belong_to_nobody(told: dict[str, int]) -> None:
    people = db.session.scalars(select(Person)).all()
    assert all((person.email or "").endswith(".test") for person in people)


def test_every_account_on_the_list_exists(told: dict[str, int]) -> None:
    known = {person.email for person in db.session.scalars(select(Person))}
    assert {account["Masuk"] for account in accounts()} <= known


def test_nothing_happened_before_it_was_asked_for(told: dict[str, int]) -> None:
    """Money comes after the request, goes on after it came, and none of it lies in the future."""
    promises = {row.id: row for row in db.session.scalars(select(Sponsorship))}
    for month in db.session.scalars(select(CoverageMonth).where(CoverageMonth.sponsorship_id.is_not(None))):
        promise = promises[month.sponsorship_id or 0]
        steps = [promise.submitted_at, month.paid_at, month.remitted_at, month.posted_at]
        known = [at for at in steps if at is not None]
        assert known == sorted(known), (promise.code, month.state, known)
        assert all(clock.local(at).date() <= NOW.date() for at in known)


def test_the_queue_can_be_worked(told: dict[str, int]) -> None:
    """Most requests can be approved as they stand, some need a reason, hardly any cannot."""
    rows = queries.list_queue(queries.Chip.all, "", 1, NOW.date()).items
    found = Counter(row.verdict for row in rows)
    assert found[Verdict.ok] >= found[Verdict.look] >= 1
    assert found[Verdict.stop] <= 3


def test_it_knows_whether_it_was_loaded(told: dict[str, int]) -> None:
    assert story.loaded()
    assert Month.of(NOW.date()) == Month(2026, 11)
