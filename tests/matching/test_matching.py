"""A company adds to what its employees sponsor: asked, gathered into one bill, kept to its caps; and what nobody learns."""

from collections.abc import Callable, Iterator
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import select

from sertakan.coverage import queries as coverage
from sertakan.coverage.models import CoverageMonth
from sertakan.coverage.rules import MonthState
from sertakan.db import db, transaction
from sertakan.employees.models import Employee
from sertakan.kit import clock
from sertakan.kit.months import Month
from sertakan.matching import queries, rules, service
from sertakan.matching.models import MatchClaim, MatchRule
from sertakan.matching.rules import ClaimState, Facts, Why
from sertakan.notices.models import Notice
from sertakan.payments import service as settling
from sertakan.payments.models import Order
from sertakan.payments.rules import OrderState
from sertakan.reports import books
from sertakan.sponsorships import queries as sponsorships
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import ReviewState, TermState
from sertakan.workers.models import Worker, WorkerState
from tests import factories
from tests.cast import Cast
from tests.page import PageClient
from tests.payments.test_bills import transfer
from tests.pool.money import member, paid_ahead, pay

As = Callable[..., PageClient]
FULL = 16_800
RUNNING = {"review": ReviewState.approved, "term": TermState.running, "state": MonthState.paid}
LOOSE = ("I3", "I6", "a paid order", "a sent month", "I19")  # these promises were never paid for here


@pytest.fixture(autouse=True)
def _books(app: Flask) -> Iterator[None]:
    yield
    db.session.rollback()
    assert [line for line in books.broken(books.check()) if not line.startswith(LOOSE)] == []


def rule(cast: Cast, *, opened: bool = True, percent: int = 100, person: int = 500_000, cap: int = 5_000_000) -> tuple[int, str]:
    with transaction():
        facts = Facts(percent, person, cap, date(2026, 12, 31))
        row = service.propose(actor=member(cast), facts=facts)
        if opened:
            service.open_rule(actor=member(cast, "budi"), rule=row)
        return row.id, row.code


def sponsored(cast: Cast, who: str = "sari", *, count: int = 6, **more: object) -> str:
    """A running promise of an employee, from January 2027 on; its code."""
    return factories.sponsorship(getattr(cast, who), first="2027-01", count=count, **{**RUNNING, **more}).code  # type: ignore[arg-type]


def ask(cast: Cast, promise: str, code: str, who: str = "sari") -> int:
    with transaction():
        own = sponsorships.get_own(promise, getattr(cast, who), lock=True)
        found = queries.find_open(code, clock.today())
        seen = queries.offer(found, own).mark if found else ""
        return service.ask(actor=getattr(cast, who), sponsorship=own, code=code, seen=seen).id


def gather(cast: Cast, who: str = "rina") -> int | None:
    with transaction():
        order = service.gather(actor=member(cast, who))
        return order.id if order else None


def claim(claim_id: int) -> MatchClaim:
    db.session.expire_all()
    return db.session.get_one(MatchClaim, claim_id)


def months(promise: str) -> list[tuple[str, str]]:
    """Every living month of this promise's worker, with who pays it."""
    db.session.expire_all()
    rows = coverage.months_of_worker(sponsorships.get_by_code(promise).worker_id)
    live = (MonthState.reserved, MonthState.paid)
    return [(str(row.month), row.payer_kind.value) for row in sorted(rows, key=lambda row: row.month) if row.state in live]


# ---- from asking to protected --------------------------------------------------------------------------------------------------


def test_the_companys_months_come_after_the_employees_and_one_bill_pays_them(app: Flask, cast: Cast) -> None:
    _rule, code = rule(cast)
    mine, tonos = sponsored(cast), sponsored(cast, "tono", count=2)
    first, second = ask(cast, mine, code), ask(cast, tonos, code, "tono")
    order_id = gather(cast)
    assert order_id is not None
    order = db.session.get_one(Order, order_id)
    assert (order.amount_rupiah, order.organisation_id) == (8 * FULL, cast.company_id)
    assert months(mine) == [(str(Month(2027, one)), "private" if one < 7 else "company") for one in range(1, 13)]
    added = claim(first).promise
    assert added is not None and added.chosen_from_list and added.review_state is ReviewState.submitted
    assert {claim(one).state for one in (first, second)} == {ClaimState.taken}
    assert sorted(db.session.scalars(select(Notice.kind).where(Notice.kind == "matched"))) == ["matched", "matched"]
    transfer(cast, order_id, 8 * FULL)
    assert db.session.get_one(Order, order_id).state is OrderState.paid
    with pytest.raises(rules.NothingAsked):
        gather(cast)


def test_the_bill_may_come_out_of_the_balance(app: Flask, cast: Cast) -> None:
    _rule, code = rule(cast)
    ask(cast, sponsored(cast, count=3), code)
    order_id = gather(cast)
    assert order_id is not None
    paid_ahead(cast, 100_000)
    assert pay(cast, order_id) == 3 * FULL


def test_she_may_ask_again_for_what_she_paid_since(app: Flask, cast: Cast) -> None:
    _rule, code = rule(cast, percent=50)
    mine = sponsored(cast, count=5)
    assert claim(ask(cast, mine, code)).months == 2
    with pytest.raises(rules.AskedAlready), transaction():
        service.ask(actor=cast.sari, sponsorship=sponsorships.get_own(mine, cast.sari, lock=True), code=code, seen="")
    gather(cast)
    with pytest.raises(rules.NothingMore):
        ask(cast, mine, code)


# ---- caps ----------------------------------------------------------------------------------------------------------------------


def test_nobody_gets_more_than_her_cap_and_all_together_no_more_than_theirs(app: Flask, cast: Cast) -> None:
    found, code = rule(cast, person=3 * FULL, cap=4 * FULL)
    first, second = sponsored(cast), sponsored(cast, "tono")
    assert claim(ask(cast, first, code)).months == 3
    assert claim(ask(cast, second, code, "tono")).months == 1
    assert queries.used(found) == 4 * FULL
    with pytest.raises(rules.CapReached):
        ask(cast, sponsored(cast, "stranger"), code, "stranger")


def test_a_bill_that_is_never_paid_frees_the_caps_and_she_may_ask_again(app: Flask, cast: Cast) -> None:
    found, code = rule(cast, cap=6 * FULL, person=6 * FULL)
    mine = sponsored(cast)
    first = ask(cast, mine, code)
    order_id = gather(cast)
    with transaction():
        settling.close_unpaid(db.session.get_one(Order, order_id, with_for_update=True), reason="time over")
    assert queries.used(found) == 0
    second = ask(cast, mine, code)
    assert (claim(first).state, claim(first).why, claim(second).months) == (ClaimState.declined, Why.unpaid, 6)


# ---- what cannot be had --------------------------------------------------------------------------------------------------------


def test_who_is_not_running_or_is_somebody_elses_is_not_matched(app: Flask, cast: Cast) -> None:
    _rule, code = rule(cast)
    for promise in (
        sponsored(cast, review=ReviewState.submitted, term=TermState.waiting),
        sponsored(cast, organisation_id=cast.company_id),
        sponsored(cast, row=factories.worker(state=WorkerState.deceased)),
    ):
        with pytest.raises(rules.NotYet):
            ask(cast, promise, code)
    worker = factories.worker()
    promise = sponsored(cast, row=worker)
    with transaction() as session:
        session.add(Employee(organisation_id=cast.company_id, nik_hash=worker.nik_hash))
    with pytest.raises(rules.NotYet):
        ask(cast, promise, code)


@pytest.mark.parametrize("wrong", ["", "ABCD", "2222-2222"])
def test_a_made_up_code_and_one_that_is_over_look_alike(app: Flask, cast: Cast, wrong: str) -> None:
    found, closed = rule(cast)
    _proposed, not_open = rule(cast, opened=False)
    with transaction():
        service.close_rule(actor=member(cast), rule=db.session.get_one(MatchRule, found))
    promise = sponsored(cast)
    for code in (wrong, closed, not_open):
        with pytest.raises(rules.CodeUnknown):
            ask(cast, promise, code)


def test_the_last_day_is_the_last(app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    _rule, code = rule(cast)
    monkeypatch.setattr(clock, "today", lambda: date(2026, 12, 31))
    assert queries.find_open(code, clock.today()) is not None
    monkeypatch.setattr(clock, "today", lambda: date(2027, 1, 1))
    assert queries.find_open(code, clock.today()) is None


def test_what_changed_since_she_looked_is_shown_again(app: Flask, cast: Cast) -> None:
    _rule, code = rule(cast)
    promise = sponsored(cast)
    with pytest.raises(rules.Changed), transaction():
        service.ask(
            actor=cast.sari, sponsorship=sponsorships.get_own(promise, cast.sari, lock=True), code=code, seen="2027-07:5:1"
        )


def test_a_worker_who_died_meanwhile_is_told_as_no_and_the_others_go_on(app: Flask, cast: Cast) -> None:
    _rule, code = rule(cast)
    mine, tonos = sponsored(cast), sponsored(cast, "tono")
    first, second = ask(cast, mine, code), ask(cast, tonos, code, "tono")
    with transaction():
        sponsorships.get_by_code(mine).worker.state = WorkerState.deceased
    gather(cast)
    assert (claim(first).state, claim(first).why, claim(second).state) == (ClaimState.declined, Why.gone, ClaimState.taken)
    assert db.session.scalars(select(Notice.person_id).where(Notice.kind == "match_declined")).all() == [cast.ids["sari"]]


def test_closing_a_rule_tells_who_waits(app: Flask, cast: Cast) -> None:
    found, code = rule(cast)
    first = ask(cast, sponsored(cast), code)
    with transaction():
        service.close_rule(actor=member(cast, "budi"), rule=db.session.get_one(MatchRule, found))
    assert (claim(first).state, claim(first).why) == (ClaimState.declined, Why.closed)


def test_two_people_open_a_rule_and_viewers_gather_nothing(app: Flask, cast: Cast) -> None:
    found, _code = rule(cast, opened=False)
    with pytest.raises(rules.NotYourPart), transaction():
        service.open_rule(actor=member(cast), rule=db.session.get_one(MatchRule, found))
    with pytest.raises(rules.NotYourPart), transaction():
        service.propose(actor=member(cast, "budi"), facts=Facts(100, 1, 1, date(2026, 12, 31)))
    with transaction():
        member(cast, "budi").role = "viewer"
    with pytest.raises(rules.NotYourPart):
        gather(cast, "budi")
    with transaction():
        cast.khatulistiwa.verified_at = None
    with pytest.raises(rules.NotVerified):
        rule(cast)


# ---- the pages -----------------------------------------------------------------------------------------------------------------


def test_the_company_sees_who_asks_and_never_whom_she_protects(cast: Cast, as_: As) -> None:
    base = f"/perusahaan/{cast.khatulistiwa.ref}/tambahan"
    _rule, code = rule(cast)
    worker = factories.worker(name="Halimah Kusumawardhani", nik="6171045503840777")
    ask(cast, sponsored(cast, row=worker), code)
    rina = as_("rina")
    rina.get(base).sees(code, "Sari Wulandari", "Ibu H.", "6 bulan mulai Juli 2027", "Rp100.800").misses(
        "Halimah", "Kusuma", "617104"
    )
    rina.follow(rina.post(f"{base}/tagihan")).sees("Tagihan Rp100.800")
    rina.get(base).sees("Ditambahkan").misses("Halimah", "Kusuma")
    for name in ("sari", "stranger", "dewi"):
        assert as_(name).get(base).status == 404


def test_the_maker_writes_a_rule_and_wrong_answers_lose_nothing(cast: Cast, as_: As) -> None:
    base = f"/perusahaan/{cast.khatulistiwa.ref}/tambahan"
    typed = {"percent": "50", "cap_person": "200.000", "cap": "10.000.000", "until": "2026-12-31"}
    rina, budi = as_("rina"), as_("budi")
    rina.get(f"{base}/baru").sees("Batas seluruhnya")
    for wrong in (
        {"percent": "70"},
        {"cap": "100.000"},
        {"cap_person": ""},
        {"until": "2026-11-01"},
        {"until": "besok"},
        {"cap": "0"},
    ):
        page = rina.post(f"{base}/baru", typed | wrong)
        assert page.status == 422 and (wrong.get("cap_person") is not None or "200.000" in page.html or "200000" in page.html)
    rina.follow(rina.post(f"{base}/baru", typed)).sees("Separuh bulan", "Menunggu penyetuju", "Rp0 dari Rp10.000.000")
    found = db.session.scalars(select(MatchRule)).one()
    ref, code = found.ref, found.code
    rina.get(base).misses(code)
    budi.follow(budi.post(f"{base}/{ref}/buka")).sees(code, "Dibuka")
    budi.follow(budi.post(f"{base}/{ref}/tutup")).sees("Ditutup")


def test_the_employee_sees_first_then_asks(cast: Cast, as_: As) -> None:
    _rule, code = rule(cast)
    promise = sponsored(cast)
    sari, path = as_("sari"), f"/dukungan/{promise}/tambahan"
    sari.get(f"/dukungan/{promise}").sees("Tambahan dari perusahaan")
    sari.get(path).sees("Kode dari perusahaan")
    assert sari.post(path, {"code": "2222-2222"}).status == 422
    page = sari.post(path, {"code": code.lower().replace("-", "")})
    page.sees("PT Khatulistiwa menambah", "6 bulan", "Rp100.800", "Perusahaan melihat nama Anda")
    seen = page.html.split('name="seen" value="')[1].split('"')[0]
    assert sari.post(path, {"code": code, "seen": "2027-01:1:1", "yes": "y"}).status == 409
    sari.follow(sari.post(path, {"code": code, "seen": seen, "yes": "y"})).sees("Permintaan terkirim", "Menunggu perusahaan")
    assert as_("tono").get(path).status == 404
    as_("stranger").get(f"/dukungan/{promise}").misses("Tambahan dari perusahaan")


def test_before_it_runs_the_page_says_when(cast: Cast, as_: As) -> None:
    promise = sponsored(cast, review=ReviewState.submitted, term=TermState.waiting)
    as_("sari").get(f"/dukungan/{promise}/tambahan").sees("setelah dukungan Anda disetujui")


def test_nothing_changes_for_whoever_is_only_matched(app: Flask, cast: Cast) -> None:
    """Her own months and promise stay as they were."""
    _rule, code = rule(cast)
    promise = sponsored(cast)
    before = sponsorships.get_by_code(promise)
    last, worker_id = before.last_month, before.worker_id
    ask(cast, promise, code)
    gather(cast)
    assert sponsorships.get_by_code(promise).last_month == last
    assert db.session.query(Sponsorship).filter_by(worker_id=worker_id).count() == 2
    assert db.session.query(CoverageMonth).filter_by(sponsorship_id=before.id).count() == 6
    assert db.session.get_one(Worker, worker_id).state is WorkerState.proposed
