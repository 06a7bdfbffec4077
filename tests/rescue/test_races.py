"""A rescue and the sponsor's own renewal at the same moment: one of them holds the month, the other is told (QUALITY R6)."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import text

from sertakan.coverage.rules import MonthState
from sertakan.db import bare_writes, db, transaction
from sertakan.kit.errors import Refused
from sertakan.kit.months import Month
from sertakan.payments import checkout
from sertakan.rescue import service
from sertakan.rescue.rules import said
from sertakan.sponsorships import queries as sponsorships
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import ReviewState, TermState
from tests import factories
from tests.cast import Cast
from tests.payments.conftest import live_months
from tests.payments.test_races import at_once

ROUNDS = 5


@pytest.fixture
def town(live: tuple[Flask, Cast]) -> Iterator[tuple[Flask, Cast]]:
    app, cast = live
    with app.app_context():
        yield app, cast
        db.session.rollback()


def behind(cast: Cast) -> tuple[int, int]:
    """Sari's cover, paid until October: November is owed. The ids of the promise and of its worker."""
    states = {"review": ReviewState.approved, "term": TermState.running, "state": MonthState.posted}
    row = factories.sponsorship(cast.sari, factories.worker(), first="2026-10", count=1, **states)
    found = row.id, row.worker_id
    db.session.rollback()
    return found


def rescue(promise_id: int, person_id: int) -> str:
    """Tono pays November."""
    with transaction():
        helped = sponsorships.get(promise_id, lock=True)
        tono = db.session.get_one(type(helped.sponsor), person_id)
        shown = said(Month(2026, 11), 8_400)
        return service.rescue(sponsor=tono, rescued=helped, count=1, shown=shown)[0].code


def test_a_rescue_and_a_renewal_of_one_month_are_never_both_promised(town: tuple[Flask, Cast]) -> None:
    app, cast = town
    tono = cast.ids["tono"]
    for _round in range(ROUNDS):
        promise_id, worker_id = behind(cast)
        results = at_once(
            app,
            lambda promise_id=promise_id: rescue(promise_id, tono),
            lambda promise_id=promise_id: checkout.renew(promise_id, 1, "8400"),
        )
        november = [row for row in live_months(worker_id) if row.month == Month(2026, 11)]
        db.session.rollback()
        assert len(november) == 1, results
        # who came second was told, or (a renewal) was offered the month after
        assert all(isinstance(result, Refused | str | tuple) for result in results), results


def test_two_rescuers_of_one_month_are_one(town: tuple[Flask, Cast]) -> None:
    app, cast = town
    for _round in range(ROUNDS):
        promise_id, worker_id = behind(cast)
        ids = cast.ids["tono"], cast.ids["rina"]
        results = at_once(app, *(lambda who=who, promise_id=promise_id: rescue(promise_id, who) for who in ids))
        assert sorted(isinstance(result, Refused) for result in results) == [False, True], results
        assert len(live_months(worker_id)) == 2
        db.session.rollback()


def test_the_control_without_the_index_one_month_has_two_payers(town: tuple[Flask, Cast]) -> None:
    """What keeps a month to one payer is the unique index, not luck."""
    _app, cast = town
    promise_id, worker_id = behind(cast)
    with bare_writes():
        db.session.execute(text("DROP INDEX uq_coverage_month_live"))
        db.session.commit()
    worker = db.session.get_one(Sponsorship, promise_id).worker
    factories.month(worker, "2026-11")
    factories.month(worker, "2026-11")
    assert len([row for row in live_months(worker_id) if row.month == Month(2026, 11)]) == 2
