"""A sponsor who stops while her months are on their way to BPJS: nothing is taken from the worker, and no rupiah is left behind."""

import pytest

from sertakan.db import transaction
from sertakan.payments import refunds
from sertakan.remittance import queries, repairs, rules, service
from sertakan.reports import books
from sertakan.sponsorships.models import Sponsorship
from tests.remittance.conftest import Desk
from tests.remittance.test_repairs import bounced, confirm, propose


def stop(promise: int) -> int:
    with transaction() as session:
        row = session.get_one(Sponsorship, promise)
        return refunds.cancel_sponsorship(actor=row.sponsor, sponsorship=row)


def test_a_batch_that_is_given_up_sends_the_money_of_a_stopped_promise_back(desk: Desk) -> None:
    promise, other = desk.promise(), desk.promise("tono")
    code = desk.gather()
    desk.lock(code)
    assert stop(promise) == 0  # locked: nothing can go back yet
    with transaction():
        service.drop(actor=desk.cast.maya, batch=queries.get(code, lock=True), reason="salah bulan")
    assert (desk.states(promise), desk.states(other)) == (["released"], ["paid"])
    assert books.broken(books.check()) == []


def test_a_bounced_month_of_a_stopped_promise_is_not_sent_again_but_given_back(desk: Desk) -> None:
    promise = desk.promise()
    ref = bounced(desk, promise)
    seen = propose(desk, ref, name="Sumiati Ayu")
    stop(promise)
    with pytest.raises(rules.PromiseOver):
        confirm(desk, ref, seen)
    with transaction():
        repairs.reject(actor=desk.cast.agus, row=queries.get_repair(ref, lock=True))
    with pytest.raises(rules.PromiseOver):
        propose(desk, ref, name="Sumiati Ayu")
    with transaction():
        row = queries.get_repair(ref, lock=True)
        repairs.propose_return(actor=desk.cast.dewi, row=row)
        seen = row.repair.mark or ""
    confirm(desk, ref, seen)
    assert desk.states(promise) == ["released"]
    assert books.broken(books.check()) == []
