"""Two officers at once, on a database of its own with real commits (QUALITY A 23, R6)."""

from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from sertakan.accounts.models import Person
from sertakan.coverage import queries as coverage
from sertakan.db import bare_writes, db, transaction
from sertakan.notices.models import Notice
from sertakan.review import queries, service
from sertakan.review.models import Decision
from sertakan.review.rules import Outcome, RejectReason
from sertakan.sponsorships import queries as sponsorships
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.refusals import AlreadyDecided
from tests.cast import Cast
from tests.payments.test_races import at_once
from tests.review.conftest import asked_for

ROUNDS = 6


def mark(code: str) -> str:
    row = sponsorships.get_by_code(code)
    found = queries.mark_of(row, coverage.months_of_sponsorship(row.id))
    db.session.remove()
    return found


def test_of_two_officers_at_once_one_decides_and_the_other_is_told(live: tuple[Flask, Cast]) -> None:
    app, cast = live
    for _ in range(ROUNDS):
        with app.app_context():
            code = asked_for(cast)
            on = mark(code)

        def yes(code: str = code, on: str = on) -> None:
            with transaction() as session:
                dewi = session.get_one(Person, cast.ids["dewi"])
                service.approve(officer=dewi, sponsorship=sponsorships.get_by_code(code, lock=True), seen=on)

        def no(code: str = code, on: str = on) -> None:
            with transaction() as session:
                agus = session.get_one(Person, cast.ids["agus"])
                row = sponsorships.get_by_code(code, lock=True)
                service.reject(officer=agus, sponsorship=row, seen=on, reason=RejectReason.no_consent)

        results = at_once(app, yes, no)
        assert [type(result) for result in results if result is not None] == [AlreadyDecided], results
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Decision)) == ROUNDS
        assert db.session.scalar(select(func.count()).select_from(Notice)) == ROUNDS


def test_two_presses_of_the_same_button_are_one_decision(live: tuple[Flask, Cast]) -> None:
    app, cast = live
    with app.app_context():
        code = asked_for(cast)
        on = mark(code)

    def yes() -> None:
        with transaction() as session:
            dewi = session.get_one(Person, cast.ids["dewi"])
            service.approve(officer=dewi, sponsorship=sponsorships.get_by_code(code, lock=True), seen=on)

    results = at_once(app, yes, yes, yes, yes)
    assert results.count(None) == 1
    assert all(isinstance(result, AlreadyDecided) for result in results if result is not None)


def test_the_control_that_looks_before_it_locks_decides_twice(live: tuple[Flask, Cast]) -> None:
    """If this does not break, the tests above prove nothing."""
    app, cast = live
    with app.app_context():
        code = asked_for(cast)
        row = sponsorships.get_by_code(code)
        row_id, maker_id = row.id, row.maker_id
        db.session.remove()
    both_looked = Barrier(2)

    def decide(name: str) -> Any:
        state = db.session.scalar(select(Sponsorship.review_state).where(Sponsorship.id == row_id))
        db.session.rollback()
        both_looked.wait()
        if state == "submitted":
            with transaction() as session:
                facts = {"sponsorship_id": row_id, "maker_id": maker_id, "sponsor_id": maker_id, "officer_id": cast.ids[name]}
                session.add(_decision(facts))

    assert at_once(app, lambda: decide("dewi"), lambda: decide("agus")) == [None, None]
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Decision)) == 2


def _decision(facts: dict[str, Any]) -> Decision:
    from sertakan.kit import clock

    return Decision(**facts, outcome=Outcome.approved, fingerprint="0" * 64, checks={}, decided_at=clock.now())


@pytest.mark.parametrize("statement", ["DELETE FROM decision", "UPDATE decision SET note = 'x'"])
def test_not_even_a_bare_connection_changes_a_decision(statement: str, live: tuple[Flask, Cast]) -> None:
    app, cast = live
    with app.app_context():
        code = asked_for(cast)
        on = mark(code)
        with transaction() as session:
            dewi = session.get_one(Person, cast.ids["dewi"])
            service.approve(officer=dewi, sponsorship=sponsorships.get_by_code(code, lock=True), seen=on)
        with pytest.raises(Exception, match="insert-only"), bare_writes(), db.engine.begin() as connection:
            connection.execute(text(statement))
