"""A batch from the first month gathered to the money at BPJS: what goes in, what stays out, two people, and nothing twice."""

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError

from sertakan.audit import queries as audit
from sertakan.coverage import service as coverage_service
from sertakan.coverage.models import CoverageMonth
from sertakan.coverage.rules import IllegalMove, MonthState
from sertakan.db import bare_writes, db, transaction
from sertakan.kit import clock
from sertakan.kit.months import Month
from sertakan.payments import refunds
from sertakan.payments.models import Order
from sertakan.remittance import jobs, queries, rules, service
from sertakan.remittance.models import Batch, Line
from sertakan.remittance.rules import BatchState, LineState
from sertakan.reports import books
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import ReviewState
from sertakan.workers.models import Worker, WorkerState
from tests import factories
from tests.remittance.conftest import DECEMBER, Desk


def set_worker(promise_id: int, state: WorkerState) -> None:
    with transaction() as session:
        session.get_one(Sponsorship, promise_id).worker.state = state


def months_of(desk: Desk, code: str) -> set[int]:
    return {line.coverage_month_id for line in desk.lines(code) if line.state is not LineState.dropped}


def test_a_batch_takes_what_is_approved_and_paid_up_to_its_month(desk: Desk) -> None:
    mine, ahead = desk.promise(count=1), desk.promise(first="2027-01", count=2)
    desk.promise(review=ReviewState.submitted)
    factories.sponsorship(desk.cast.sari, count=1, review=ReviewState.approved)
    code = desk.gather()
    assert months_of(desk, code) == {month.id for month in desk.months(mine)}
    assert [month.state.value for month in desk.months(ahead)] == ["paid", "paid"]
    batch = desk.batch(code)
    assert (batch.months, batch.amount_rupiah, batch.through_month) == (1, 8_400, DECEMBER)
    assert batch.totals == {
        "months": 1,
        "amount": 8_400,
        "programmes": {"jkk": 10_000, "jkm": 6_800, "jht": 0, "relief": 8_400},
        "payers": {"private": {"months": 1, "amount": 8_400}},
    }


def test_the_oldest_month_goes_first_and_the_limit_holds(desk: Desk) -> None:
    desk.promise(first="2027-01", count=2)
    old = desk.promise(first="2026-12", count=1)
    code = desk.gather(Month(2027, 6), most=2)
    assert [line.month.month for line in desk.lines(code)] == [DECEMBER, Month(2027, 1)]
    assert desk.months(old)[0].id == desk.lines(code)[0].coverage_month_id


@pytest.mark.parametrize("state", [WorkerState.deceased, WorkerState.withdrawn, WorkerState.merged])
def test_i22_nothing_is_sent_for_a_worker_who_is_gone(desk: Desk, state: WorkerState) -> None:
    set_worker(desk.promise(), state)
    with pytest.raises(rules.NothingToSend):
        desk.gather()


def test_i22_nothing_is_sent_whose_payment_somebody_must_look_at(desk: Desk) -> None:
    promise = desk.promise()
    with transaction() as session:
        session.scalars(sa.select(Order).where(Order.sponsorship_id == promise)).one().held_reason = "amount"
    with pytest.raises(rules.NothingToSend):
        desk.gather()


def test_a_month_stands_in_one_living_batch_only(desk: Desk) -> None:
    desk.promise()
    first = desk.gather()
    with pytest.raises(rules.NothingToSend):
        desk.gather()
    with transaction():
        service.drop(actor=desk.cast.maya, batch=queries.get(first, lock=True), reason="keliru")
    assert desk.batch(first).state is BatchState.dropped
    assert len(months_of(desk, desk.gather())) == 1


def test_the_preview_says_what_the_batch_will_be(desk: Desk) -> None:
    desk.promise(count=1)
    desk.promise("tono", count=1)
    shown = service.preview(DECEMBER, 1_000)
    assert shown == desk.batch(desk.gather()).totals
    assert service.preview(DECEMBER, 1_000)["months"] == 0


def test_locking_drops_what_may_no_longer_be_sent_and_fixes_the_rest(desk: Desk) -> None:
    gone, stays, cancelled = desk.promise(), desk.promise("tono"), desk.promise("rina")
    code = desk.gather()
    set_worker(gone, WorkerState.deceased)
    with transaction() as session:
        promise = session.get_one(Sponsorship, cancelled)
        refunds.cancel_sponsorship(actor=promise.sponsor, sponsorship=promise)
    assert desk.lock(code) == 2
    batch = desk.batch(code)
    assert (batch.state, batch.months, batch.amount_rupiah) == (BatchState.locked, 1, 8_400)
    assert batch.fingerprint == queries.fingerprint_of(batch.id)
    assert months_of(desk, code) == {month.id for month in desk.months(stays)}


def test_what_is_locked_cannot_go_back_to_the_payer_until_it_is_dropped(desk: Desk) -> None:
    promise = desk.promise(count=2)
    code = desk.gather()  # December only
    desk.lock(code)
    with transaction() as session:
        row = session.get_one(Sponsorship, promise)
        assert refunds.cancel_sponsorship(actor=row.sponsor, sponsorship=row) == 16_800
    assert desk.states(promise) == ["paid", "released"]
    assert books.broken(books.check()) == []
    with pytest.raises(IllegalMove), transaction():
        coverage_service.move(actor="system", month=desk_month(promise), to=MonthState.released)
    desk.code(code)
    desk.pay(code)
    jobs.work()
    assert desk.states(promise) == ["remitted", "released"]


def desk_month(promise: int) -> CoverageMonth:
    statement = sa.select(CoverageMonth).where(CoverageMonth.sponsorship_id == promise).order_by(CoverageMonth.month)
    return db.session.scalars(statement).first()  # type: ignore[return-value]


def test_a_dropped_batch_gives_its_months_back(desk: Desk) -> None:
    promise = desk.promise()
    code = desk.gather()
    desk.lock(code)
    assert desk.months(promise)[0].sending_at
    with transaction():
        service.drop(actor=desk.cast.maya, batch=queries.get(code, lock=True), reason="kode kedaluwarsa")
    assert desk.months(promise)[0].sending_at is None
    assert desk.states(promise) == ["paid"]


def test_the_code_is_refused_when_a_worker_died_since_the_lock(desk: Desk) -> None:
    promise = desk.promise()
    code = desk.gather()
    desk.lock(code)
    set_worker(promise, WorkerState.deceased)
    with pytest.raises(rules.WorkerGone):
        desk.code(code)
    assert desk.batch(code).state is BatchState.locked


def test_a_batch_that_is_paid_makes_its_months_remitted_with_a_trail_each(desk: Desk) -> None:
    promises = [desk.promise(), desk.promise("tono")]
    code = desk.paid()
    batch = desk.batch(code)
    assert (batch.state, batch.done, batch.paid_by_id, batch.proof) == (BatchState.paid, 2, desk.cast.agus.id, "BUKTI-77")
    for promise in promises:
        month = desk.months(promise)[0]
        assert (month.state, month.remitted_at) == (MonthState.remitted, clock.now())
        [entry] = audit.list_for(f"month:{month.ref}")
        assert (entry.action, entry.actor, entry.before, entry.after) == (
            "month.remitted",
            desk.cast.agus.ref,
            {"state": "paid"},
            {"state": "remitted"},
        )
    actions = [entry.action for entry in reversed(audit.list_for(f"batch:{batch.ref}"))]
    assert actions == ["batch.draft", "batch.locked", "batch.code_received", "batch.paid"]
    assert books.broken(books.check()) == []


def test_working_twice_changes_nothing(desk: Desk) -> None:
    promise = desk.promise()
    code = desk.paid()
    before = (desk.states(promise), desk.batch(code).done, len(audit.list_for(f"month:{desk.months(promise)[0].ref}")))
    assert jobs.work() == "0 remitted, 0 answers, 0 told"
    assert before == (desk.states(promise), desk.batch(code).done, len(audit.list_for(f"month:{desk.months(promise)[0].ref}")))


def test_i5_who_made_or_locked_a_batch_does_not_mark_it_paid(desk: Desk) -> None:
    desk.promise()
    code = desk.gather()
    desk.lock(code)
    desk.code(code)
    with pytest.raises(rules.AnotherPerson):
        desk.pay(code, "maya")
    with pytest.raises(DatabaseError), transaction() as session:
        session.execute(sa.update(Batch).values(paid_by_id=desk.cast.maya.id, proof="x"))


def test_a_payment_needs_its_proof_and_its_exact_total(desk: Desk) -> None:
    desk.promise()
    code = desk.gather()
    desk.lock(code)
    with pytest.raises(rules.CodeMissing):
        desk.code(code, "  ")
    desk.code(code)
    with pytest.raises(rules.TotalDiffers):
        desk.pay(code, off=1)
    with pytest.raises(rules.ProofMissing), transaction():
        service.mark_paid(actor=desk.cast.agus, batch=queries.get(code, lock=True), proof=" ", amount_rupiah=8_400)
    assert desk.batch(code).state is BatchState.code_received


def test_openspp_294_771_each_step_is_taken_once_and_in_order(desk: Desk) -> None:
    desk.promise()
    code = desk.gather()
    for early in (desk.code, desk.pay):
        with pytest.raises(rules.WrongStep):
            early(code)
    desk.lock(code)
    with pytest.raises(rules.WrongStep):
        desk.lock(code)
    desk.code(code)
    desk.pay(code)
    with pytest.raises(rules.WrongStep):
        desk.pay(code)
    with pytest.raises(rules.WrongStep), transaction():
        service.drop(actor=desk.cast.maya, batch=queries.get(code, lock=True), reason="terlambat")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE remittance_batch SET amount_rupiah = amount_rupiah + 1",
        "UPDATE remittance_batch SET months = months + 1",
        "UPDATE remittance_batch SET fingerprint = 'other'",
        "DELETE FROM remittance_batch",
        "DELETE FROM remittance_line",
    ],
)
def test_a_locked_batch_keeps_its_sums_and_nothing_is_deleted(desk: Desk, statement: str) -> None:
    desk.promise()
    desk.lock(desk.gather())
    with pytest.raises(DatabaseError), bare_writes():
        db.session.execute(sa.text(statement))
    db.session.rollback()


def test_many_months_move_with_the_checks_of_one(desk: Desk) -> None:
    months = desk.months(desk.promise(count=2))
    ids = [month.id for month in months]
    with pytest.raises(IllegalMove), transaction():
        coverage_service.move_many(actor="system", ids=ids, before=MonthState.paid, to=MonthState.posted)
    with pytest.raises(IllegalMove), transaction():
        coverage_service.move_many(actor="system", ids=[*ids, 999_999], before=MonthState.paid, to=MonthState.remitted)
    with pytest.raises(IllegalMove), transaction():
        coverage_service.move_many(actor="system", ids=ids, before=MonthState.bounced, to=MonthState.paid)
    with transaction():
        coverage_service.move_many(actor="system", ids=ids, before=MonthState.paid, to=MonthState.remitted)
    with pytest.raises(coverage_service.EvidenceMissing), transaction():
        coverage_service.move_many(
            actor="system", ids=ids, before=MonthState.remitted, to=MonthState.posted, evidence={ids[0]: "surat"}
        )
    assert {row.state for row in db.session.scalars(sa.select(CoverageMonth).where(CoverageMonth.id.in_(ids)))} == {
        MonthState.remitted
    }


@contextlib.contextmanager
def counted() -> Iterator[list[str]]:
    statements: list[str] = []

    def listen(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", listen)
    try:
        yield statements
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", listen)


def cost_of(desk: Desk) -> list[int]:
    """Statements of gathering, locking, and stamping one chunk."""
    costs = []
    with counted() as statements:
        code = desk.gather()
    costs.append(len(statements))
    with counted() as statements:
        desk.lock(code)
    costs.append(len(statements))
    desk.code(code)
    desk.pay(code)
    with counted() as statements, transaction():
        service.remit_chunk(queries.get(code, lock=True))
    return [*costs, len(statements)]


def test_gathering_locking_and_stamping_cost_the_same_statements_for_one_month_and_for_many(desk: Desk) -> None:
    desk.promise()
    one = cost_of(desk)
    for _ in range(12):
        desk.promise()
    assert cost_of(desk) == one


def test_the_lines_of_a_batch_never_change_once_answered(desk: Desk) -> None:
    promise = desk.promise()
    code = desk.paid()
    desk.answer(code, desk.rows_for(promise))
    with pytest.raises(DatabaseError), bare_writes():
        db.session.execute(sa.update(Line).values(state=LineState.paid))
    db.session.rollback()
    assert desk.batch(code).state is BatchState.closed
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Worker)) >= 1
