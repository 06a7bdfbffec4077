"""A bounced month: mended by two people and sent again, or its money goes back; the slot decides when somebody else was faster."""

import pytest
from sqlalchemy import select

from sertakan.audit import queries as audit
from sertakan.coverage.rules import MonthState, MonthTaken
from sertakan.db import db, transaction
from sertakan.kit import nik
from sertakan.payments.models import Refund
from sertakan.payments.rules import RefundState
from sertakan.remittance import queries, repairs, rules
from sertakan.remittance.models import Repair
from sertakan.remittance.rules import LineState, RepairState
from sertakan.reports import books
from sertakan.sponsorships.models import Sponsorship
from sertakan.workers.corrections import NikOfAnother
from sertakan.workers.models import Worker
from tests import factories
from tests.remittance.conftest import Desk


def bounced(desk: Desk, promise: int) -> str:
    """The promise's months sent and refused; the ref of the repair."""
    code = desk.paid()
    desk.answer(code, desk.rows_for(promise, result="Ditolak", reason="NIK tidak ditemukan di Dukcapil"))
    return desk.repair()


def propose(desk: Desk, ref: str, *, name: str = "", number: str = "", who: str = "dewi") -> str:
    with transaction():
        row = queries.get_repair(ref, lock=True)
        repairs.propose_correction(actor=getattr(desk.cast, who), row=row, name=name, nik_text=number)
        return row.repair.mark or ""


def confirm(desk: Desk, ref: str, seen: str, who: str = "agus") -> None:
    with transaction():
        repairs.confirm(actor=getattr(desk.cast, who), row=queries.get_repair(ref, lock=True), seen=seen)


def test_a_mended_month_is_paid_again_and_goes_into_the_next_batch(desk: Desk) -> None:
    promise, number = desk.promise(), factories.nik()
    old = desk.nik(promise)
    ref = bounced(desk, promise)
    seen = propose(desk, ref, name="Sumiati Ayu", number=number)
    assert desk.nik(promise) == old, "nothing changes before the second person agrees"
    confirm(desk, ref, seen)
    assert desk.nik(promise) == number and desk.states(promise) == ["paid"]
    worker = db.session.get_one(Sponsorship, promise).worker
    assert (worker.name, worker.born_on) == ("Sumiati Ayu", nik.check(number).born_on)
    repair = db.session.scalars(select(Repair)).one()
    assert (repair.state, repair.name_sealed, repair.nik_sealed) == (RepairState.repaired, None, None)
    trail = str([(entry.before, entry.after, entry.reason) for entry in audit.list_for(f"worker:{worker.ref}")])
    assert "changed" in trail and number not in trail and old not in trail and "Ayu" not in trail
    assert books.broken(books.check()) == []
    code = desk.paid()
    desk.answer(code, desk.rows_for(promise))
    assert desk.states(promise) == ["posted"]
    states = [line.state for line in db.session.scalars(select(queries.Line).order_by(queries.Line.id))]
    assert states == [LineState.refused, LineState.posted]
    assert books.broken(books.check()) == []


def test_who_proposes_does_not_confirm_and_sees_no_other_proposal_through(desk: Desk) -> None:
    ref = bounced(desk, desk.promise())
    first = propose(desk, ref, name="Sumi", who="agus")
    with pytest.raises(rules.AnotherPerson):
        confirm(desk, ref, first, "agus")
    with transaction():
        repairs.reject(actor=desk.cast.dewi, row=queries.get_repair(ref, lock=True))
    second = propose(desk, ref, name="Sumiyati", who="agus")
    assert first != second
    with pytest.raises(rules.ProposalChanged):
        confirm(desk, ref, first, "dewi")
    confirm(desk, ref, second, "dewi")
    with pytest.raises(rules.NothingProposed):
        confirm(desk, ref, second, "dewi")


def test_the_same_data_again_or_a_nik_that_cannot_be_is_no_proposal(desk: Desk) -> None:
    promise = desk.promise()
    ref = bounced(desk, promise)
    with pytest.raises(rules.NothingCorrected):
        propose(desk, ref, name="Sumiati", number=desk.nik(promise))
    with pytest.raises(nik.NikLength):
        propose(desk, ref, number="123")


def test_the_nik_of_another_worker_is_refused_and_nothing_changes(desk: Desk) -> None:
    other = factories.worker().nik
    promise = desk.promise()
    ref = bounced(desk, promise)
    seen = propose(desk, ref, number=other)
    with pytest.raises(NikOfAnother):
        confirm(desk, ref, seen)
    assert desk.states(promise) == ["bounced"] and desk.nik(promise) != other


def test_a_month_that_somebody_else_has_funded_can_only_go_back(desk: Desk) -> None:
    promise = desk.promise()
    ref = bounced(desk, promise)
    worker = db.session.get_one(Worker, desk.months(promise)[0].worker_id)
    factories.month(worker, "2026-12")
    seen = propose(desk, ref, name="Sumiati Ayu")
    with pytest.raises(MonthTaken):
        confirm(desk, ref, seen)
    assert desk.states(promise) == ["bounced"]
    with transaction():
        repairs.reject(actor=desk.cast.agus, row=queries.get_repair(ref, lock=True))
        row = queries.get_repair(ref, lock=True)
        repairs.propose_return(actor=desk.cast.dewi, row=row)
        seen = row.repair.mark or ""
    confirm(desk, ref, seen)
    assert desk.months(promise)[0].state is MonthState.released
    [refund] = db.session.scalars(select(Refund))
    assert (refund.state, refund.amount_rupiah) == (RefundState.approved, 8_400)
    assert (refund.requested_by_id, refund.approved_by_id) == (desk.cast.dewi.id, desk.cast.agus.id)
    assert books.broken(books.check()) == []


def test_looking_at_the_nik_is_written_down(desk: Desk) -> None:
    promise = desk.promise()
    ref = bounced(desk, promise)
    with transaction():
        shown = repairs.reveal_nik(actor=desk.cast.dewi, row=queries.get_repair(ref))
    assert shown == desk.nik(promise)
    worker = db.session.get_one(Sponsorship, promise).worker
    [entry] = audit.list_for(f"worker:{worker.ref}")
    assert (entry.action, entry.actor) == ("nik.reveal", desk.cast.dewi.ref)
