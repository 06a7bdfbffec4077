"""Plans over the ledger and the waiting list, and the one upload that comes of a plan."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, update

from sertakan.accounts.models import Organisation, OrganisationKind
from sertakan.bulk import applying, jobs, rules, wording
from sertakan.bulk import queries as uploads
from sertakan.bulk import service as bulk
from sertakan.bulk.models import Upload, UploadRow
from sertakan.bulk.rows import values_in
from sertakan.coverage.models import CoverageMonth
from sertakan.coverage.rules import MonthState
from sertakan.db import db, transaction
from sertakan.employees.models import Employee
from sertakan.kit import clock
from sertakan.kit.months import Month
from sertakan.payments.models import Order
from sertakan.planner import queries, service
from sertakan.planner.queries import Wanted
from sertakan.planner.rules import NobodyFits
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import ReviewState, TermState
from sertakan.workers.models import Consent, ConsentGiver, ConsentKind
from tests import factories
from tests.bulk.test_service import member
from tests.cast import Cast
from tests.page import PageClient
from tests.workers.people import JAWI, SECRETS, crowd

As = Callable[..., PageClient]
JANUARY = Month(2027, 1)
RICH = 10_000_000
ELSEWHERE = "61.71.02.1001"  # another kecamatan


def covered(cast: Cast, last: str, name: str = "Sumiati", agreed: bool = True, **more: object) -> str:
    """A worker of the company whose one month is `last`; the code of the promise."""
    kinds = ("occupation", "kelurahan", "born_on")
    worker = factories.worker(name=name, **{key: more.pop(key) for key in kinds if key in more})  # type: ignore[arg-type]
    states = {"review": ReviewState.approved, "term": TermState.running, "state": MonthState.posted} | more
    promise = factories.sponsorship(cast.rina, worker, organisation_id=cast.company_id, first=last, count=1, **states)  # type: ignore[arg-type]
    if agreed:
        with transaction() as session:
            session.add(
                Consent(
                    worker_id=worker.id,
                    kind=ConsentKind.registered,
                    giver=ConsentGiver.sponsor_statement,
                    text_version="2026-11",
                    given_on=clock.today(),
                    created_at=clock.now(),
                )
            )
    return promise.code


def wanted(budget: int = RICH, **more: object) -> Wanted:
    return Wanted(**{"budget_rupiah": budget, "first_month": JANUARY, "count": 3} | more)  # type: ignore[arg-type]


def plan(cast: Cast, asked: Wanted) -> queries.Result:
    return queries.plan_for(member(cast), asked, clock.today())


def prepare(cast: Cast, asked: Wanted, who: str = "rina") -> int:
    with transaction():
        upload = service.prepare(actor=member(cast, who), wanted=asked, name="Rencana")
        db.session.flush()
        return upload.id


def test_the_cliff_comes_first_and_who_may_not_be_taken_is_not_there(app: Flask, cast: Cast) -> None:
    lapsed, later, soon = covered(cast, "2026-08"), covered(cast, "2026-12"), covered(cast, "2026-11")
    covered(cast, "2026-12", agreed=False)
    covered(cast, "2027-02")  # somebody's already, in these months
    covered(cast, "2026-12", chosen_from_list=True)  # met through the public list: never readable
    covered(cast, "2026-12", term=TermState.cancelled)
    covered(cast, "2026-12", born_on=date(1950, 3, 12))
    staff = covered(cast, "2026-12")
    with transaction() as session:
        worker = session.query(Sponsorship).filter_by(code=staff).one().worker
        session.add(Employee(organisation_id=cast.company_id, nik_hash=worker.nik_hash))
    assert [one.code for one in plan(cast, wanted()).own.taken] == [soon, later, lapsed]
    price = plan(cast, wanted()).own.taken[0].price_rupiah
    short = plan(cast, wanted(2 * price + 1)).own
    assert ([one.code for one in short.taken], short.left_rupiah, short.complete) == ([soon, later], 1, False)


def test_the_cliff_first_then_the_freshest_lapse_then_who_was_never_covered(app: Flask, cast: Cast) -> None:
    asked = wanted(first_month=Month(2027, 4))
    never = covered(cast, "2026-09", state=MonthState.reserved)  # promised and never paid
    months = ("2027-03", "2026-05", "2026-11", "2026-10", "2026-12")
    codes = {month: covered(cast, month) for month in months}
    as_good = covered(cast, "2026-10")  # of two alike the one who came first
    order = [codes[month] for month in ("2026-11", "2026-12", "2027-03", "2026-10")]
    told = plan(cast, asked).own.taken
    assert [one.code for one in told] == [*order, as_good, codes["2026-05"], never]
    assert [str(one.covered_until) for one in told][-2:] == ["2026-05", "None"]


def test_a_plan_looks_only_where_it_was_told_to(app: Flask, cast: Cast) -> None:
    here = covered(cast, "2026-12", kelurahan=ELSEWHERE, occupation="asisten_rumah_tangga")
    there = covered(cast, "2026-12", kelurahan=JAWI, occupation="pedagang_sayur")
    assert {one.code for one in plan(cast, wanted(kelurahan=(JAWI, ELSEWHERE))).own.taken} == {here, there}
    assert [one.code for one in plan(cast, wanted(kelurahan=(JAWI,))).own.taken] == [there]
    group = queries.tariff.get_occupation("asisten_rumah_tangga").group
    assert [one.code for one in plan(cast, wanted(groups=(group,))).own.taken] == [here]


def test_idea_13_the_plan_is_the_later_bill_to_the_rupiah(app: Flask, cast: Cast) -> None:
    """Two prices: drivers pay half while their relief stands."""
    for work in ("ojek", "asisten_rumah_tangga", "ojek", "pedagang_sayur"):
        covered(cast, "2026-12", occupation=work)
    asked = wanted(150_000, count=2)
    told = plan(cast, asked).own
    assert 0 < len(told.taken) < 5 and len({one.price_rupiah for one in told.taken}) == 2
    upload_id = prepare(cast, asked)
    assert bulk.check_file(upload_id) == rules.UploadState.checked
    upload = uploads.get(upload_id)
    assert wording.bill_of(upload).total_rupiah == told.spent_rupiah
    numbers = [
        row.nik for row in db.session.query(queries.Worker).where(queries.Worker.id.in_([w.worker_id for w in told.taken]))
    ]
    kept = db.session.query(UploadRow).where(UploadRow.upload_id == upload_id)
    assert sorted(values_in(row.content)["nik"] for row in kept) == sorted(numbers)
    for who, verb in (("rina", bulk.submit), ("budi", bulk.confirm)):
        with transaction():
            row = uploads.get(upload_id, lock=True)
            verb(actor=member(cast, who), upload=row, seen=row.mark or "")
    applying.apply(upload_id)
    order_id = uploads.get(upload_id).order_id
    assert db.session.get_one(Order, order_id).amount_rupiah == told.spent_rupiah
    assert not {one.code for one in plan(cast, asked).own.taken} & {one.code for one in told.taken}


def test_the_second_time_nothing_is_made_and_nobody_else_may(app: Flask, cast: Cast) -> None:
    with pytest.raises(NobodyFits):
        prepare(cast, wanted())
    covered(cast, "2026-12")
    with pytest.raises(NobodyFits):
        prepare(cast, wanted(1))
    with pytest.raises(rules.NotYourPart):
        prepare(cast, wanted(), "budi")
    prepare(cast, wanted())
    with pytest.raises(rules.SameFile):
        prepare(cast, wanted())
    assert factories.count(Upload) == 1 and factories.count(CoverageMonth) == 1


def test_who_waits_is_planned_by_the_card_and_never_uploaded(as_: As, cast: Cast) -> None:
    crowd(cast, 6)
    covered(cast, "2026-12", name="Rukmini")
    result = plan(cast, wanted())
    assert [len(result.own.taken), len(result.waiting.taken)] == [1, 6]
    days = [one.card.waiting_days for one in result.waiting.taken]
    assert days == sorted(days, reverse=True)
    each = result.waiting.taken[0].price_rupiah
    part = plan(cast, wanted(result.own.spent_rupiah + 2 * each))
    assert [len(part.own.taken), len(part.waiting.taken), part.waiting.left_rupiah] == [1, 2, 0]
    assert [len(plan(cast, wanted(kelurahan=(one,))).waiting.taken) for one in (JAWI, ELSEWHERE)] == [6, 0]
    path = f"/perusahaan/{cast.khatulistiwa.ref}/rencana?budget=5.000.000&first_month=2027-01&count=3"
    page = as_("rina").get(path)
    page.sees("Rukmini", "Ibu S.", "Dari daftar tunggu")
    page.misses("Kusumawardhani", *SECRETS)
    upload = uploads.get(prepare(cast, wanted()))
    assert bulk.check_file(upload.id) == rules.UploadState.checked
    assert (uploads.get(upload.id).counts or {})["ready"] == 1


def test_a_maker_plans_and_prepares_on_the_page_and_a_checker_looks(as_: As, cast: Cast) -> None:
    path = f"/perusahaan/{cast.khatulistiwa.ref}/rencana"
    asked = "budget=Rp5.000.000&first_month=2027-01&count=3"
    rina = as_("rina")
    rina.get(path).sees("Rencana anggaran", "Hitung rencananya")
    rina.get(f"{path}?{asked}").sees("Tidak ada pekerja lembaga Anda yang cocok")
    covered(cast, "2026-12")
    few = rina.get(f"{path}?{asked}")
    rina.get(f"{path}?{asked}&groups=trade&kelurahan={JAWI}").sees("tertentu: 2 dipilih")
    few.sees("Siapkan unggahan", "Rp50.400", "Semua yang cocok sudah masuk")
    for bad in ("budget=-1", "budget=0", "budget=1e9", "budget=5000000&first_month=2031-01&count=3", "budget=9&kelurahan=mars"):
        rina.get(f"{path}?{bad}").sees("Ada yang perlu diperbaiki")
    as_("budi").get(f"{path}?{asked}").sees("Yang menyiapkan unggahan adalah pengisi.")
    assert as_("sari").get(path, check=False).status == 404
    for _ in range(25):
        covered(cast, "2026-12")
    many = rina.get(f"{path}?{asked}")
    many.sees("dan 6 orang lagi")
    assert few.statements == many.statements <= 12
    sent = rina.post(path, {"budget": "5.000.000", "first_month": "2027-01", "count": "3"})
    assert sent.status == 303
    jobs.work()
    rina.get(sent.location).sees("Semua 26 baris siap", "Rencana Rp5.000.000 dari Januari 2027")
    assert rina.post(path, {"budget": "5.000.000", "first_month": "2027-01", "count": "3"}).status == 422


def test_a_government_body_plans_at_its_own_price_and_prepares_under_its_decree(as_: As, cast: Cast) -> None:
    covered(cast, "2026-12", occupation="ojek")
    private = plan(cast, wanted(count=1)).own.spent_rupiah
    with transaction() as session:
        session.execute(update(Organisation).where(Organisation.id == cast.company_id).values(kind=OrganisationKind.government))
    assert plan(cast, wanted(count=1)).own.spent_rupiah > private
    path = f"/perusahaan/{cast.khatulistiwa.ref}/rencana?budget=5000000&first_month=2027-01&count=3"
    as_("rina").get(path).sees("Iuran dari APBD selalu dengan SK")


def test_each_workers_months_are_found_by_their_own_index(app: Flask, cast: Cast) -> None:
    """By the index of states a plan over 100,000 workers took minutes: every worker read every month."""
    if db.engine.dialect.name != "sqlite":
        pytest.skip("only on SQLite: the planner of PostgreSQL goes by its statistics")
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        asked.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    plan(cast, wanted())
    event.remove(db.engine, "before_cursor_execute", note)
    [(statement, parameters)] = [one for one in asked if "max(coverage_month.month)" in one[0]]
    steps = [row[3] for row in db.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
    months = [step for step in steps if "coverage_month" in step]
    assert len(months) == 2 and all("(worker_id=?" in step for step in months)
