"""Promises of a company for workers whom it knows by their card alone."""

from collections.abc import Callable

import pytest

from sertakan.bulk.renewing import list_endings
from sertakan.coverage.rules import MonthState, MonthTaken
from sertakan.db import db, transaction
from sertakan.kit.months import Month, span
from sertakan.leavers.queries import workers_by_hash
from sertakan.organisations.queries import get_membership
from sertakan.sponsorships import refusals, unseen
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import ReviewState, TermState
from sertakan.tariff.queries import quote_for
from sertakan.tariff.rules import PayerKind
from sertakan.workers.models import Worker, WorkerState
from tests import factories
from tests.cast import Cast
from tests.page import PageClient

NIK = "6171045503840777"
QUOTE = span(Month(2026, 12), 3), "asisten_rumah_tangga", PayerKind.company


def promise(cast: Cast, worker: Worker) -> Sponsorship:
    with transaction():
        row = db.session.get_one(Worker, worker.id)
        return unseen.promise(actor=cast.rina, organisation=cast.khatulistiwa, worker=row, quote=quote_for(*QUOTE))[0]


def test_the_months_are_promised_for_the_company_and_wait_for_officers(cast: Cast) -> None:
    new = promise(cast, factories.worker(nik=NIK))
    months = db.session.execute(db.text("SELECT month, state, payer_kind, price_rupiah FROM coverage_month ORDER BY month")).all()
    assert (new.organisation_id, new.chosen_from_list, new.review_state) == (cast.company_id, True, ReviewState.submitted)
    assert [row.state for row in months] == [MonthState.reserved.value] * 3
    assert {row.payer_kind for row in months} == {PayerKind.company.value}
    assert (new.first_month, new.last_month, new.in_batch) == (Month(2026, 12), Month(2027, 2), False)


def test_somebody_elses_month_refuses_all_and_leaves_nothing(cast: Cast) -> None:
    worker = factories.worker()
    factories.sponsorship(cast.sari, worker, first="2027-02", count=1)
    with pytest.raises(MonthTaken):
        promise(cast, worker)
    assert db.session.query(Sponsorship).count() == 1


def test_who_is_gone_is_not_promised_for(cast: Cast) -> None:
    with pytest.raises(refusals.WorkerUnavailable):
        promise(cast, factories.worker(state=WorkerState.deceased))


def test_nothing_lets_the_company_guess_who_she_is(cast: Cast, as_: Callable[..., PageClient]) -> None:
    worker, other = factories.worker(name="Sumiati", nik=NIK), factories.worker(name="Yuliana")
    hashes, known = [worker.nik_hash, other.nik_hash], other.nik_hash
    running = {"review": ReviewState.approved, "term": TermState.running, "state": MonthState.posted}
    factories.sponsorship(cast.rina, other, organisation_id=cast.company_id, first="2026-11", count=1, **running)
    code = factories.sponsorship(
        cast.rina, worker, organisation_id=cast.company_id, first="2026-11", count=1, chosen_from_list=True, **running
    ).code
    base = f"/perusahaan/{cast.khatulistiwa.ref}/pekerja"
    rina = as_("rina")
    for words in (NIK, "Sumiati"):
        rina.post(base, {"words": words}).misses(code)
    rina.post(base, {"words": code}).sees("Ibu S.")
    assert list(workers_by_hash(cast.company_id, hashes)) == [known]
    member = get_membership(cast.khatulistiwa.ref, cast.rina)
    assert [one.people for one in list_endings(member, Month(2026, 11))] == [1]
