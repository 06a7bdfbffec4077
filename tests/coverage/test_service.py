"""The ledger's verbs against real tables, and the SQL twin of `standing` against the rule."""

import itertools
import random
from datetime import date, timedelta
from threading import Barrier, Thread

import pytest
from flask import Flask
from flask_babel import force_locale

from sertakan.audit import queries as audit
from sertakan.coverage import queries, service
from sertakan.coverage.models import CoverageMonth, MonthSource
from sertakan.coverage.rules import (
    LIVE,
    MOVES,
    EvidenceMissing,
    IllegalMove,
    MonthState,
    MonthTaken,
    Standing,
    standing,
)
from sertakan.db import WriteOutsideTransaction, db, transaction
from sertakan.kit.months import Month, span
from sertakan.tariff import queries as tariff
from sertakan.tariff.rules import Package, PayerKind
from sertakan.web.errors import say
from sertakan.workers.models import Worker
from tests import factories
from tests.cast import Cast
from tests.coverage.twin import standings
from tests.page import counted

S = MonthState
DECEMBER = Month(2026, 12)


def promise(worker: Worker, sponsorship_id: int, first: Month, count: int) -> list[CoverageMonth]:
    quote = tariff.quote_for(span(first, count), worker.occupation_code)
    return service.reserve(
        actor="system",
        worker=worker,
        sponsorship_id=sponsorship_id,
        payer_kind=PayerKind.private,
        package=Package.jkk_jkm,
        quote=quote,
    )


# ---- reserving -----------------------------------------------------------------------------------------------------------------


def test_reserved_months_keep_every_part_of_their_price_and_the_rows_that_made_it(app: Flask, cast: Cast) -> None:
    promise_row = factories.sponsorship(cast.sari, first="2026-01", count=1)
    with transaction():
        rows = promise(promise_row.worker, promise_row.id, DECEMBER, 2)
    december, january = rows
    assert (december.price_rupiah, december.relief_rupiah, december.jkk_rupiah) == (8_400, 8_400, 10_000)
    assert (january.price_rupiah, january.relief_rupiah) == (16_800, 0)
    assert december.tariff_rows["relief"]
    assert december.state is S.reserved
    assert december.source is MonthSource.sponsorship
    entry = audit.list_for(service.subject(december))[0]
    assert (entry.action, entry.after) == (
        "month.reserved",
        {"state": "reserved", "month": "2026-12", "price_rupiah": 8_400},
    )


def test_i1_openimis_voucher_a_month_somebody_funds_is_refused_whole_and_the_next_free_one_is_offered(
    app: Flask, cast: Cast
) -> None:
    worker = factories.worker()
    factories.sponsorship(cast.tono, worker, first="2027-01", count=2)
    mine = factories.sponsorship(cast.sari, worker, first="2026-01", count=1)
    worker_id, mine_id = worker.id, mine.id
    with pytest.raises(MonthTaken) as no, transaction() as session:
        promise(session.get_one(Worker, worker_id), mine_id, DECEMBER, 3)
    assert no.value.params == {"month": Month(2027, 1), "next": Month(2027, 3)}
    assert no.value.status == 409
    assert queries.taken(worker_id) == {Month(2026, 1), Month(2027, 1), Month(2027, 2)}


def test_the_refusal_names_months_as_people_do_in_both_languages(app: Flask) -> None:
    no = MonthTaken(month=Month(2026, 12), next=Month(2027, 3))
    with app.test_request_context(), force_locale("id"):
        assert say(no) == "Bulan Desember 2026 sudah ada yang menanggung. Anda bisa mulai Maret 2027."
    with app.test_request_context(), force_locale("en"):
        assert "December 2026" in say(no)
        assert "March 2027" in say(no)


def test_a_released_month_is_free_again(app: Flask, cast: Cast) -> None:
    worker = factories.worker()
    factories.sponsorship(cast.tono, worker, first="2026-12", count=1, state=S.released)
    mine = factories.sponsorship(cast.sari, worker, first="2026-01", count=1)
    with transaction():
        assert [row.month for row in promise(mine.worker, mine.id, DECEMBER, 1)] == [DECEMBER]


@pytest.mark.timeout(60)
def test_of_two_who_reserve_the_same_month_at_once_one_wins_and_the_other_is_told(live: tuple[Flask, Cast]) -> None:
    app, cast = live
    with app.app_context():
        worker = factories.worker()
        ids = [factories.sponsorship(who, worker, first="2026-01", count=1, state=S.void).id for who in (cast.sari, cast.tono)]
        worker_id = worker.id
    won, told, start = [], [], Barrier(2)

    def go(sponsorship_id: int) -> None:
        with app.app_context():
            start.wait()
            try:
                with transaction() as session:
                    promise(session.get_one(Worker, worker_id), sponsorship_id, DECEMBER, 3)
                won.append(sponsorship_id)
            except MonthTaken as no:
                told.append(no.params["next"])

    threads = [Thread(target=go, args=(one,)) for one in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert told == [DECEMBER + 3]
    with app.app_context():
        rows = queries.months_of_worker(worker_id)
        assert {row.sponsorship_id for row in rows} == set(won)
        assert len(rows) == 3


def test_the_index_alone_decides_when_nobody_looked_before(app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control of the race: without our own look the database still refuses the second row, and the words are the same."""
    worker = factories.worker()
    factories.sponsorship(cast.tono, worker, first="2026-12", count=1)
    mine = factories.sponsorship(cast.sari, worker, first="2026-01", count=1)
    look, looks = service._refuse_taken, itertools.count()
    monkeypatch.setattr(service, "_refuse_taken", lambda *args: look(*args) if next(looks) else None)
    with pytest.raises(MonthTaken), transaction():
        promise(mine.worker, mine.id, DECEMBER, 1)


# ---- moving --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("before", "after"), list(itertools.product(S, S)))
def test_i7_a_month_moves_only_along_the_table_and_leaves_a_trace(
    app: Flask, cast: Cast, before: MonthState, after: MonthState
) -> None:
    row = _in_state(cast, before)
    subject = service.subject(row)
    if after not in MOVES[before]:
        with pytest.raises(IllegalMove), transaction():
            service.move(actor="system", month=row, to=after, reason="uji", evidence="uji")
        db.session.rollback()
        assert db.session.get_one(CoverageMonth, row.id).state is before
        assert audit.list_for(subject) == []
        return
    with transaction():
        service.move(actor="system", month=row, to=after, reason="uji", evidence="uji")
    entry = audit.list_for(subject)[0]
    assert row.state is after
    assert (entry.action, entry.before, entry.after, entry.reason) == (
        f"month.{after}",
        {"state": before},
        {"state": after},
        "uji",
    )
    assert (row.closed_at is None) == (after in LIVE)


def _in_state(cast: Cast, state: MonthState) -> CoverageMonth:
    mine = factories.sponsorship(cast.sari, first="2026-12", count=1)
    row = queries.months_of_sponsorship(mine.id)[0]
    with transaction():
        row.evidence = "uji" if state is S.posted else None
        row.paid_at = row.created_at
        row.state = state
    return row


def test_posted_without_evidence_is_refused(app: Flask, cast: Cast) -> None:
    row = _in_state(cast, S.remitted)
    with pytest.raises(EvidenceMissing), transaction():
        service.move(actor="system", month=row, to=S.posted)
    with transaction():
        service.move(actor="system", month=row, to=S.posted, evidence="Rekap BPJS 2026-12 baris 7")
    assert row.posted_at is not None


def test_a_bounced_month_does_not_come_back_over_another_sponsors(app: Flask, cast: Cast) -> None:
    row = _in_state(cast, S.bounced)
    factories.sponsorship(cast.tono, db.session.get_one(Worker, row.worker_id), first="2026-12", count=1)
    with pytest.raises(MonthTaken), transaction():
        service.move(actor="system", month=row, to=S.paid)
    db.session.rollback()
    assert db.session.get_one(CoverageMonth, row.id).state is S.bounced


def test_a_state_cannot_be_set_outside_a_transaction(app: Flask, cast: Cast) -> None:
    row = _in_state(cast, S.reserved)
    with pytest.raises(WriteOutsideTransaction):
        service.move(actor="system", month=row, to=S.paid)


def test_months_paid_elsewhere_need_evidence_and_take_the_same_place(app: Flask, cast: Cast) -> None:
    worker = factories.worker()
    mine = factories.sponsorship(cast.sari, worker, first="2026-01", count=1)
    months = span(DECEMBER, 2)
    with pytest.raises(EvidenceMissing), transaction():
        service.add_external(actor="system", worker=worker, months=months, payer_kind=PayerKind.government, evidence=" ")
    with transaction():
        rows = service.add_external(
            actor="system", worker=worker, months=months, payer_kind=PayerKind.government, evidence="SK 412/2026"
        )
    assert [(row.month, row.state, row.source, row.price_rupiah) for row in rows] == [
        (month, S.posted, MonthSource.external, 0) for month in months
    ]
    with pytest.raises(MonthTaken), transaction():
        promise(worker, mine.id, DECEMBER, 1)


# ---- reading -------------------------------------------------------------------------------------------------------------------


def test_months_come_oldest_first_and_only_live_ones_belong_to_the_worker(app: Flask, cast: Cast) -> None:
    worker = factories.worker()
    gone = factories.sponsorship(cast.tono, worker, first="2026-12", count=2, state=S.released)
    mine = factories.sponsorship(cast.sari, worker, first="2026-12", count=2)
    assert [row.month for row in queries.months_of_sponsorship(gone.id)] == span(DECEMBER, 2)
    assert {row.sponsorship_id for row in queries.months_of_worker(worker.id)} == {mine.id}
    assert [row.id for row in queries.months_of_sponsorship(mine.id, lock=True)] == [
        row.id for row in queries.months_of_sponsorship(mine.id)
    ]


def test_taken_and_next_free(app: Flask, cast: Cast) -> None:
    worker = factories.worker()
    factories.sponsorship(cast.sari, worker, first="2026-12", count=2)
    factories.month(worker, "2027-03")
    assert queries.taken(worker.id, [DECEMBER, Month(2027, 2)]) == {DECEMBER}
    assert queries.next_free(worker.id, DECEMBER) == Month(2027, 2)
    assert queries.next_free(worker.id, Month(2027, 2)) == Month(2027, 4)


@pytest.fixture
def crowd(app: Flask) -> dict[int, dict[Month, MonthState]]:
    """Sixty workers with random months of random states, always the same."""
    chance = random.Random(7151)
    rows = {}
    for _ in range(60):
        worker = factories.worker()
        months = {}
        for step in chance.sample(range(24), chance.randint(0, 10)):
            month = Month(2026, 1) + step
            months[month] = chance.choice(list(S))
            factories.month(worker, str(month), months[month])
        rows[worker.id] = months
    return rows


def test_i12_the_rule_and_its_sql_twin_say_the_same_on_every_day(crowd: dict[int, dict[Month, MonthState]]) -> None:
    days = [date(2025, 12, 1) + timedelta(days=step) for step in range(0, 850, 17)]
    days += [Month.of(day).last_day for day in days] + [Month.of(day).first_day for day in days]
    seen = set()
    for day in days:
        found = standings(list(crowd), day)
        for worker_id, months in crowd.items():
            assert found[worker_id] == standing(months, day), (worker_id, day)
            seen.add(found[worker_id].standing)
    assert seen == set(Standing)


def test_i12_one_workers_standing_is_the_same_answer(crowd: dict[int, dict[Month, MonthState]]) -> None:
    day = date(2026, 11, 22)
    for worker_id, months in list(crowd.items())[:15]:
        assert queries.standing_of(worker_id, day) == standing(months, day)


def test_p5_standings_cost_one_statement_for_one_and_for_sixty(app: Flask, crowd: dict[int, dict[Month, MonthState]]) -> None:
    for ids in (list(crowd)[:1], list(crowd)):
        with counted(app) as statements:
            standings(ids, date(2026, 11, 22))
        assert len(statements) == 1


def test_without_names_the_twin_counts_everybody_even_who_never_had_a_month(app: Flask) -> None:
    factories.worker()
    words = [row.standing for row in db.session.execute(queries.standing_select(date(2026, 11, 22)))]
    assert words
    assert set(words) == {"never"}
