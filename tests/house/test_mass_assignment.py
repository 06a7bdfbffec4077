"""What nobody may type: every column of every table is sent along with each form, and none of them changes (QUALITY A 21)."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from sertakan.accounts.permissions import Role
from sertakan.coverage import queries as coverage
from sertakan.coverage.rules import MonthState
from sertakan.db import Base, db
from sertakan.kit import nik as nik_rules
from sertakan.payments.models import Order
from sertakan.payments.rules import OrderState
from sertakan.review import queries as review
from sertakan.review.rules import Outcome
from sertakan.sponsorships.models import Draft, Sponsorship
from sertakan.sponsorships.rules import RISK_VERSION, ReviewState, TermState
from sertakan.workers import queries as workers
from sertakan.workers.models import ConsentGiver, WorkerState
from tests import factories
from tests.cast import Cast
from tests.page import PageClient
from tests.payments.conftest import Till, _one_sandbox, sandbox, till
from tests.payments.test_check import PATH, PAYER
from tests.review.conftest import asked_for, read
from tests.review.test_decide import at, seen
from tests.workers.test_register import answers

__all__ = ["_one_sandbox", "sandbox", "till"]
As = Callable[[str], PageClient]
TELLING = {
    "role": "admin",
    "state": "posted",
    "review_state": "approved",
    "term_state": "running",
    "outcome": "approved",
    "sponsor_id": "2",
    "maker_id": "2",
    "officer_id": "1",
    "email": "jahat@contoh.test",
    "code": "2222-2222",
    "ref": "milikku",
    "amount_rupiah": "1",
    "price_rupiah": "1",
    "approved_by": "1",
    "held_as": "milikku",
    "waiting_code": "2222-2222",
}


def hostile(legal: dict[str, object]) -> dict[str, object]:
    """A proper form with everything else that has a name in our tables."""
    columns = {column.name for table in Base.metadata.sorted_tables for column in table.columns}
    return dict.fromkeys(sorted(columns), "1") | TELLING | legal


def test_a_resident_changes_her_name_and_nothing_else(as_: As, cast: Cast) -> None:
    before = {column.name: getattr(cast.sari, column.name) for column in cast.sari.__table__.columns}
    page = as_("sari").post("/akun", hostile({"name": "Sari W.", "locale": "en", "reminders": "y"}))
    assert page.status == 303
    db.session.rollback()
    after = {column.name: getattr(cast.sari, column.name) for column in cast.sari.__table__.columns}
    assert {name for name in after if after[name] != before[name]} == {"name", "locale"}
    assert cast.sari.role is None


def test_a_promise_is_submitted_unpaid_unapproved_and_at_our_price(till: Till, client: PageClient, cast: Cast) -> None:
    data = {"nik": factories.nik(), "name": "Sumiati", "consent": "y", "kelurahan_code": ""}
    walk = (
        ("/lindungi", {"occupation": "asisten_rumah_tangga"}),
        ("/lindungi/data", data),
        ("/lindungi/lama", {"count": "6", "first_month": "2026-12", "remind": "y"}),
        (PATH, PAYER),
    )
    for path, legal in walk:
        # these are questions of the pages themselves
        extra = hostile({"employs_others": "", "package": "", "phone": "", **legal})
        assert client.post(path, extra).status == 303, path
    row = db.session.scalars(select(Sponsorship)).one()
    assert (row.review_state, row.term_state) == (ReviewState.submitted, TermState.waiting)
    assert row.sponsor.name == "Ratna Wijaya"
    assert row.maker_id == row.sponsor_id != cast.ids["tono"]
    assert (row.organisation_id, row.renews_id, row.chosen_from_list) == (None, None, False)
    assert row.risk_version == RISK_VERSION
    assert row.code != "2222-2222" and row.ref != "milikku"
    months = coverage.months_of_sponsorship(row.id)
    assert {month.state for month in months} == {MonthState.reserved}
    assert sum(month.price_rupiah for month in months) == 92_400
    order = db.session.scalars(select(Order)).one()
    assert (order.state, order.amount_rupiah, order.paid_at) == (OrderState.open, 92_400, None)
    assert row.worker.state is WorkerState.proposed
    assert db.session.scalars(select(Draft)).one().ref != "milikku"


def test_an_officer_decides_as_herself_and_nothing_else(as_: As, cast: Cast) -> None:
    code = asked_for(cast)
    dewi = as_("dewi")
    legal = {"seen": seen(dewi.get(at(code))), "reason": "too_old", "note": ""}
    assert dewi.post(at(code, "tolak"), hostile(legal)).status == 303
    row = read(code)
    [(decision, officer)] = review.list_decisions(row.id)
    assert (officer, decision.outcome, decision.reason) == ("Dewi Lestari", Outcome.rejected, "too_old")
    assert (decision.maker_id, decision.sponsor_id) == (cast.ids["sari"], cast.ids["sari"])
    assert row.review_state is ReviewState.rejected
    assert row.code == code


def test_an_rt_head_registers_in_his_own_name(as_: As, cast: Cast) -> None:
    typed = answers()
    assert as_("hasan").post("/petugas/pekerja/baru", hostile(typed)).status == 201
    row = workers.find_by_nik(nik_rules.check(typed["nik"]))
    assert row is not None
    assert (row.created_by_id, row.state) == (cast.ids["hasan"], WorkerState.proposed)
    assert {one.giver for one in workers.list_consents(row.id)} == {ConsentGiver.witness}
    assert {one.by_id for one, _name in workers.list_attestations(row.id)} == {cast.ids["hasan"]}


@pytest.mark.parametrize("who", ["dewi", "wira"])
def test_nobody_makes_herself_more_than_she_is(who: str, app: Flask, as_: As, cast: Cast) -> None:
    as_(who).post("/akun", hostile({"name": "Baru", "locale": "id"}))
    db.session.rollback()
    assert getattr(cast, who).role is {"dewi": Role.officer, "wira": Role.admin}[who]
