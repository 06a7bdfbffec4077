"""Rules that protect people of the waiting list by themselves, while the balance lasts."""

import pytest
from flask import Flask
from sqlalchemy import select, update

from sertakan.coverage.models import CoverageMonth
from sertakan.coverage.rules import MonthState
from sertakan.db import db, transaction
from sertakan.employees.models import Employee
from sertakan.kit.months import Month
from sertakan.notices.models import Notice
from sertakan.payments.models import Order
from sertakan.payments.rules import OrderState
from sertakan.pool import jobs, service
from sertakan.pool.models import PoolPick, PoolRule
from sertakan.pool.rules import MOST_RULES, NotNow, NotYourPart, OwnRule, TooManyRules
from sertakan.review import service as review
from sertakan.review.rules import RejectReason
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import ReviewState
from sertakan.tariff.queries import get_occupation
from sertakan.workers.models import Waiting, Worker
from tests.cast import Cast
from tests.pool.money import check_books, have, member, paid_ahead, rule, run
from tests.workers.people import JAWI, crowd

ELSEWHERE = "61.71.02.1001"  # another kecamatan
THREE = 8_400 + 8_400 + 16_800  # from November 2026: the relief of everybody ends with December


def left() -> set[str]:
    """Who has left the list."""
    return set(db.session.scalars(select(Waiting.code).where(Waiting.left_at.is_not(None))))


def promised() -> list[Sponsorship]:
    db.session.expire_all()
    return list(db.session.scalars(select(Sponsorship).order_by(Sponsorship.id)))


def test_who_waits_longest_is_protected_first_in_the_places_and_work_that_the_rule_names(app: Flask, cast: Cast) -> None:
    here = [row.code for row in crowd(cast, 6)]
    crowd(cast, 6, kelurahan=ELSEWHERE)
    crowd(cast, 6, occupation="ojek")
    paid_ahead(cast, 1_000_000)
    group = get_occupation("pedagang_sayur").group
    found = rule(cast, kelurahan=(JAWI,), groups=(group,), most_workers=4)
    assert (run(found), run(found)) == (4, 0)
    assert left() == set(here[:4])
    assert {row.state for row in db.session.scalars(select(CoverageMonth))} == {MonthState.paid}
    assert have(cast) == 1_000_000 - 4 * THREE
    [order] = db.session.scalars(select(Order).where(~Order.topup))
    assert (order.state, order.amount_rupiah) == (OrderState.paid, 4 * THREE)
    assert all(row.chosen_from_list and row.review_state is ReviewState.submitted for row in promised())
    assert db.session.scalars(select(Notice.kind).where(Notice.kind == "pool_spent")).all() == ["pool_spent"] * 1
    check_books()


def test_nobody_overtakes_when_the_balance_is_too_low_and_that_is_told_once(app: Flask, cast: Cast) -> None:
    codes = [row.code for row in crowd(cast, 9)]
    paid_ahead(cast, 2 * THREE + 8_400)
    found = rule(cast)
    assert (run(found), run(found), run(found)) == (2, 0, 0)
    assert left() == set(codes[:2]) and have(cast) == 8_400
    assert len(db.session.scalars(select(Notice.id).where(Notice.kind == "pool_low")).all()) == 1
    paid_ahead(cast, 1_000_000)
    assert jobs.protect() == 7
    check_books()


def test_only_a_rule_in_force_spends(app: Flask, cast: Cast) -> None:
    crowd(cast, 6)
    paid_ahead(cast, 1_000_000)
    proposed, closed = rule(cast, opened=False), rule(cast)
    with transaction():
        service.close_rule(actor=member(cast), rule=db.session.get_one(PoolRule, closed))
    assert (run(proposed), run(closed), jobs.protect()) == (0, 0, 0)
    with transaction():
        service.open_rule(actor=member(cast, "budi"), rule=db.session.get_one(PoolRule, proposed))
        cast.khatulistiwa.verified_at = None
    assert jobs.protect() == 0 and promised() == []


def test_own_employees_are_passed_over(app: Flask, cast: Cast) -> None:
    rows = crowd(cast, 6)
    with transaction() as session:
        session.add(Employee(organisation_id=cast.company_id, nik_hash=rows[0].worker.nik_hash))
    codes = {row.code for row in rows[1:]}
    paid_ahead(cast, 1_000_000)
    assert run(rule(cast)) == 5 and left() == codes


def test_whom_an_officer_refuses_is_balance_again_and_makes_room_for_another(app: Flask, cast: Cast) -> None:
    crowd(cast, 6)
    paid_ahead(cast, 1_000_000)
    found = rule(cast, most_workers=1)
    run(found)
    [promise] = promised()
    with transaction():
        review.reject(
            officer=cast.dewi, sponsorship=promise, seen=promise.fingerprint, reason=RejectReason.other, note="tidak bekerja lagi"
        )
    assert have(cast) == 1_000_000
    assert run(found) == 1 and have(cast) == 1_000_000 - THREE
    check_books()


def test_whom_it_protects_goes_on_before_anybody_new_when_the_rule_says_so(app: Flask, cast: Cast) -> None:
    crowd(cast, 6)
    paid_ahead(cast, 3 * THREE + 100)
    found = rule(cast, months=1, most_workers=1, keep_on=True)
    assert run(found) == 1
    [promise] = promised()
    worker_id = promise.worker_id
    assert run(found) == 0, "an officer has not said yes yet"
    with transaction() as session:
        row = session.get_one(Sponsorship, promise.id)
        review.approve(officer=cast.dewi, sponsorship=row, seen=row.fingerprint)
    assert run(found) == 1
    months = db.session.scalars(
        select(CoverageMonth.month).where(CoverageMonth.worker_id == worker_id).order_by(CoverageMonth.month)
    )
    assert list(months) == [Month(2026, 11), Month(2026, 12)]
    assert db.session.query(PoolPick).count() == 2
    check_books()


def test_two_people_put_a_rule_in_force_and_what_is_closed_stays_closed(app: Flask, cast: Cast) -> None:
    found = rule(cast, opened=False)
    with pytest.raises(NotYourPart), transaction():
        service.open_rule(actor=member(cast), rule=db.session.get_one(PoolRule, found))
    with transaction() as session:
        member(cast, "budi").role = member(cast).role  # who changes her part cannot open what she proposed herself
        session.flush()
        mine = rule_by(cast, "budi")
        member(cast, "budi").role = "checker"
        session.flush()
        with pytest.raises(OwnRule):
            service.open_rule(actor=member(cast, "budi"), rule=mine)
        service.close_rule(actor=member(cast, "budi"), rule=mine)
        with pytest.raises(NotNow):
            service.close_rule(actor=member(cast, "budi"), rule=mine)


def rule_by(cast: Cast, who: str) -> PoolRule:
    facts = service.Facts("Lain", (), (), 1, 1, keep_on=False)
    return service.propose(actor=member(cast, who), facts=facts)


def test_there_is_an_end_to_rules(app: Flask, cast: Cast) -> None:
    for _ in range(MOST_RULES):
        rule(cast, opened=False)
    with pytest.raises(TooManyRules):
        rule(cast, opened=False)


def test_who_is_gone_is_passed_over(app: Flask, cast: Cast) -> None:
    rows = crowd(cast, 6)
    with transaction() as session:
        session.execute(update(Worker).where(Worker.id == rows[0].worker_id).values(state="withdrawn"))
    paid_ahead(cast, 1_000_000)
    assert run(rule(cast)) == 5
