"""Two at once, with real commits on a database of its own: one wins, the other is told, and no rupiah is sent and given back."""

from collections.abc import Callable, Iterator
from threading import Barrier, Thread
from typing import Any

import pytest
from flask import Flask

from sertakan.coverage import queries as coverage_queries
from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.payments import refunds
from sertakan.remittance import jobs, queries, rules, service
from sertakan.remittance.models import Line
from sertakan.reports import books
from sertakan.sponsorships.models import Sponsorship
from tests.cast import Cast
from tests.conftest import NOW
from tests.remittance.conftest import DECEMBER, Desk

ROUNDS = 5


@pytest.fixture
def busy(live: tuple[Flask, Cast]) -> Iterator[Desk]:
    app, cast = live
    with app.app_context():
        yield Desk(app, cast)
        db.session.remove()
        assert books.broken(books.check()) == []


def at_once(desk: Desk, *acts: Callable[[], Any]) -> list[Any]:
    """Run these at the same moment, each with a session of its own; the results, or what was raised."""
    start, results = Barrier(len(acts)), [None] * len(acts)

    def run(place: int, act: Callable[[], Any]) -> None:
        with desk.app.app_context(), clock.frozen(NOW):
            start.wait()
            try:
                results[place] = act()
            except Exception as error:
                results[place] = error
            finally:
                db.session.remove()

    db.session.remove()
    threads = [Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def cancel(promise: int) -> int:
    with transaction() as session:
        row = session.get_one(Sponsorship, promise)
        return refunds.cancel_sponsorship(actor=row.sponsor, sponsorship=row)


def test_of_two_who_gather_at_once_each_month_is_taken_once(busy: Desk) -> None:
    for _ in range(ROUNDS):
        for _month in range(3):
            busy.promise()
        results = at_once(busy, busy.gather, busy.gather)
        won = [result for result in results if isinstance(result, str)]
        assert won and all(isinstance(result, str | rules.NothingToSend) for result in results), results
        assert sum(busy.batch(code).months for code in won) == 3


def test_of_two_who_lock_or_pay_the_same_batch_one_wins(busy: Desk) -> None:
    for _ in range(ROUNDS):
        busy.promise()
        code = busy.gather()
        for act in (lambda code=code: busy.lock(code), lambda code=code: busy.code(code), lambda code=code: busy.pay(code)):
            results = at_once(busy, act, act)
            assert [type(result) for result in results].count(rules.WrongStep) == 1, results
        at_once(busy, jobs.work, jobs.work)
        assert busy.batch(code).done == 1


def test_locking_and_cancelling_at_once_never_sends_money_that_went_back(busy: Desk) -> None:
    for _ in range(ROUNDS):
        stays, leaves = busy.promise("tono"), busy.promise()
        code = busy.gather()
        results = at_once(busy, lambda code=code: busy.lock(code), lambda leaves=leaves: cancel(leaves))
        assert all(isinstance(result, int) for result in results), results
        fallen, back = results
        assert (fallen, back) in ((1, 8_400), (0, 0))
        busy.code(code)
        busy.pay(code)
        jobs.work()
        assert busy.states(stays) == ["remitted"]
        assert busy.states(leaves) == (["released"] if back else ["remitted"])


def test_the_control_without_the_mark_on_the_months_is_caught(busy: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock that does not hold its months lets one be cancelled after it: the books say so."""
    promise = busy.promise()
    code = busy.gather()
    monkeypatch.setattr(service.coverage_service, "hold_for_sending", lambda _ids, *, sending: 1)
    busy.lock(code)
    monkeypatch.undo()
    assert cancel(promise) == 8_400
    broken = books.broken(books.check())
    assert [line for line in broken if line.startswith("a month in a batch")], broken
    with transaction() as session:  # leave the books as they were found
        for line in session.query(Line):
            line.state = rules.LineState.dropped
        batch = queries.get(code, lock=True)
        service.move_batch(actor="system", batch=batch, to=rules.BatchState.dropped)
    assert coverage_queries.months_of_sponsorship(promise)[0].state == "released"


def test_the_same_answer_sent_by_two_at_once_counts_once(busy: Desk) -> None:
    promise = busy.promise()
    code = busy.paid(DECEMBER)
    rows = busy.rows_for(promise)
    results = at_once(busy, *[lambda: busy.answer(code, rows, work=False).ref] * 2)
    assert [isinstance(result, rules.SameFile) for result in results].count(True) == 1, results
    at_once(busy, jobs.work, jobs.work)
    assert busy.states(promise) == ["posted"]
