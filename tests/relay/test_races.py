"""Two who want the same seat at once: one wins, the other is told (QUALITY R6); and what keeps it so, taken away."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import select, text

from sertakan.accounts.models import Person
from sertakan.coverage.rules import MonthState
from sertakan.db import bare_writes, db, transaction
from sertakan.kit import clock
from sertakan.kit.errors import Refused
from sertakan.relay import jobs, queries, service
from sertakan.relay.models import Seat
from sertakan.relay.rules import SeatGone, SeatOpen, SeatState
from sertakan.rescue.rules import said
from sertakan.sponsorships import queries as sponsorships
from sertakan.sponsorships.rules import ReviewState, TermState
from tests import factories
from tests.cast import Cast
from tests.payments.conftest import live_months
from tests.payments.test_races import at_once

ROUNDS = 3  # one person holds three at most


@pytest.fixture
def town(live: tuple[Flask, Cast]) -> Iterator[tuple[Flask, Cast]]:
    app, cast = live
    with app.app_context():
        yield app, cast
        db.session.rollback()


def running(cast: Cast) -> tuple[int, int]:
    """Sari's cover, paid until November. The ids of the promise and of its worker."""
    states = {"review": ReviewState.approved, "term": TermState.running, "state": MonthState.posted}
    row = factories.sponsorship(cast.sari, factories.worker(), first="2026-10", count=2, **states)
    found = row.id, row.worker_id
    db.session.rollback()
    return found


def offer(promise_id: int, giver_id: int) -> int:
    with transaction():
        sponsorship = sponsorships.get(promise_id, lock=True)
        return service.offer(giver=db.session.get_one(Person, giver_id), sponsorship=sponsorship, count=3)[0].id


def hold(seat_id: int, person_id: int) -> str:
    with transaction():
        seat = queries.get(seat_id, lock=True)
        return service.hold(holder=db.session.get_one(Person, person_id), seat=seat)


def take(seat_id: int, person_id: int) -> str:
    with transaction():
        seat = queries.get(seat_id, lock=True)
        offers = queries.offers(seat, clock.today())
        shown = said(offers[-1].first, offers[-1].total_rupiah) if offers else ""
        return service.take(holder=db.session.get_one(Person, person_id), seat=seat, count=3, shown=shown)[0].code


@pytest.mark.parametrize("act", [hold, take])
def test_of_two_who_take_the_same_seat_at_once_one_wins_and_the_other_is_told(town: tuple[Flask, Cast], act: object) -> None:
    app, cast = town
    verb = {hold: hold, take: take}[act]  # type: ignore[index]
    for _round in range(ROUNDS):
        promise_id, worker_id = running(cast)
        seat_id = offer(promise_id, cast.ids["sari"])
        results = at_once(app, *(lambda who=cast.ids[name], seat_id=seat_id: verb(seat_id, who) for name in ("tono", "rina")))
        assert sorted(isinstance(result, SeatGone) for result in results) == [False, True], results
        assert len(live_months(worker_id)) == (5 if act is take else 2)
        db.session.rollback()


def test_the_control_without_reading_under_the_lock_both_hold_it(town: tuple[Flask, Cast]) -> None:
    """What keeps a seat to one holder is that it is read inside the transaction, under its lock; not luck."""
    _app, cast = town
    seat_id = offer(running(cast)[0], cast.ids["sari"])
    won = []
    before = db.session.get_one(Seat, seat_id).state
    db.session.rollback()
    for name in ("tono", "rina"):
        if before is SeatState.offered:  # each had read it before either wrote
            with transaction():
                row = db.session.get_one(Seat, seat_id, populate_existing=True)
                row.state, row.holder_id, row.held_until = SeatState.held, cast.ids[name], clock.now()
            won.append(name)
    assert won == ["tono", "rina"]


def test_of_two_seats_offered_for_one_worker_at_once_one_is_open(town: tuple[Flask, Cast]) -> None:
    app, cast = town
    for _round in range(ROUNDS):
        promise_id, worker_id = running(cast)
        other = factories.sponsorship(
            cast.tono,
            sponsorships.get(promise_id).worker,
            first="2026-12",
            count=1,
            review=ReviewState.approved,
            term=TermState.running,
            state=MonthState.paid,
        ).id
        db.session.rollback()
        results = at_once(
            app,
            lambda promise_id=promise_id: offer(promise_id, cast.ids["sari"]),
            lambda other=other: offer(other, cast.ids["tono"]),
        )
        assert sorted(isinstance(result, SeatOpen) for result in results) == [False, True], results
        assert len(db.session.scalars(select(Seat.id).where(Seat.worker_id == worker_id)).all()) == 1
        db.session.rollback()


def test_the_control_without_the_index_one_worker_has_two_open_seats(town: tuple[Flask, Cast]) -> None:
    _app, cast = town
    promise_id, worker_id = running(cast)
    with bare_writes():
        db.session.execute(text("DROP INDEX uq_seat_open"))
        db.session.commit()
    for _twice in range(2):
        offer(promise_id, cast.ids["sari"])
    assert len(db.session.scalars(select(Seat.id).where(Seat.worker_id == worker_id)).all()) == 2


def test_two_watchers_at_once_do_each_thing_once(town: tuple[Flask, Cast]) -> None:
    app, cast = town
    seat_id = offer(running(cast)[0], cast.ids["sari"])
    hold(seat_id, cast.ids["tono"])
    with transaction():
        db.session.get_one(Seat, seat_id).held_until = clock.now()
    results = at_once(app, jobs.watch, jobs.watch)
    assert not any(isinstance(result, Refused | Exception) for result in results), results
    assert sum(result.get("expire", 0) for result in results) == 1
