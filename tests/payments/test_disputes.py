"""A payer's bank asks for a payment back: frozen while open, released when lost, and a worker never loses what has gone to BPJS."""

from collections.abc import Callable

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from sertakan.audit import queries as audit
from sertakan.coverage import service as coverage_service
from sertakan.coverage.models import CoverageMonth
from sertakan.coverage.rules import MonthState
from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.kit.months import Month
from sertakan.notices.models import Notice
from sertakan.payments import jobs, queries, rules
from sertakan.payments.models import Dispute
from sertakan.payments.rules import DISPUTE_MOVES, DisputeLoss, DisputeState, RefundReason, RefundState, SuspenseState
from sertakan.remittance import service as remittance
from sertakan.sponsorships import queries as sponsorship_queries
from sertakan.sponsorships import service as sponsorship_service
from sertakan.sponsorships.rules import ReviewState
from tests.page import PageClient
from tests.payments.conftest import Till
from tests.payments.test_funds import book, paid_twice, waiting
from tests.payments.test_refunds import reject

As = Callable[[str], PageClient]


def open_one(till: Till, order_id: int, **more: int) -> str:
    made = till.sandbox.control(f"sessions/{till.session(order_id)}/dispute", **more)
    till.tell()
    return str(made["id"])


def close(till: Till, provider_id: str, how: str) -> None:
    till.sandbox.control(f"disputes/{provider_id}/{how}")
    till.tell()


def the_dispute(till: Till) -> Dispute:
    [found] = till.all(Dispute)
    return found


def remit(till: Till, order_id: int, *months: str) -> None:
    with transaction():
        for row in queries.months_of_order(order_id):
            if str(row.month) in months:
                coverage_service.move(actor="system", month=row, to=MonthState.remitted)


def sendable() -> set[str]:
    ids = [row[0] for row in db.session.execute(remittance.candidates(Month(2028, 1), 100))]
    return {str(db.session.get_one(CoverageMonth, found).month) for found in ids}


def approve(till: Till, order_id: int) -> None:
    with transaction():
        sponsorship = sponsorship_queries.get(till.order(order_id).sponsorship_id, lock=True)
        sponsorship_service.move_review(actor="system", sponsorship=sponsorship, to=ReviewState.approved)
        sponsorship.review_state = ReviewState.approved


def unapprove(till: Till, order_id: int) -> None:
    """The books want a decision behind an approval; this test is about money only."""
    with transaction():
        sponsorship_queries.get(till.order(order_id).sponsorship_id, lock=True).review_state = ReviewState.submitted


def test_an_open_dispute_freezes_its_months_and_winning_frees_them(till: Till) -> None:
    order_id = till.paid()
    approve(till, order_id)
    free = sendable()
    assert len(free) == 6
    provider_id = open_one(till, order_id)
    assert the_dispute(till).state is DisputeState.open
    assert sendable() == set()
    close(till, provider_id, "won")
    assert the_dispute(till).state is DisputeState.won
    assert sendable() == free
    assert till.states(order_id) == {"paid"}
    unapprove(till, order_id)


def test_a_lost_dispute_releases_what_has_not_gone_and_is_no_loss(till: Till) -> None:
    order_id = till.paid()
    close(till, open_one(till, order_id), "lost")
    assert till.states(order_id) == {"refunded"}
    [refund] = till.refunds
    assert (refund.amount_rupiah, refund.reason, refund.state) == (92_400, RefundReason.disputed, RefundState.succeeded)
    assert the_dispute(till).loss_rupiah == 0
    till.send_refunds()
    assert till.sandbox.things("refund") == []


def test_what_has_gone_to_bpjs_stays_and_the_loss_is_recorded(till: Till) -> None:
    order_id = till.paid()
    remit(till, order_id, "2026-12", "2027-01")
    close(till, open_one(till, order_id), "lost")
    months = till.months(order_id)
    assert (months["2026-12"], months["2027-01"], months["2027-02"]) == ("remitted", "remitted", "refunded")
    assert the_dispute(till).loss_rupiah == 8_400 + 16_800
    assert till.refunds[0].amount_rupiah == 92_400 - 25_200


def test_a_month_that_is_being_sent_is_not_pulled_out_of_its_batch(till: Till) -> None:
    order_id = till.paid()
    with transaction():
        first = queries.months_of_order(order_id)[0]
        first.sending_at = clock.now()
    close(till, open_one(till, order_id), "lost")
    assert till.months(order_id)["2026-12"] == "paid"
    assert the_dispute(till).loss_rupiah == 8_400


def test_a_part_of_a_payment_takes_the_latest_months_and_parks_the_change(till: Till) -> None:
    order_id = till.paid()
    close(till, open_one(till, order_id, amount_rupiah=20_000), "lost")
    months = till.months(order_id)
    assert [month for month, state in months.items() if state == "refunded"] == ["2027-04", "2027-05"]
    assert till.refunds[0].amount_rupiah == 20_000
    assert waiting(till).amount_rupiah == 2 * 16_800 - 20_000


def test_parked_money_and_refunds_that_were_not_sent_go_first(till: Till) -> None:
    order_id = till.paid()
    reject(till, order_id)
    provider_id = open_one(till, order_id)
    jobs.send_refunds()
    assert till.sandbox.things("refund") == []  # nothing is sent while a bank asks for the same money
    close(till, provider_id, "lost")
    assert sorted(row.state.value for row in till.refunds) == ["cancelled", "succeeded"]
    assert [row.state for row in till.suspense] == [SuspenseState.refunded]
    assert the_dispute(till).loss_rupiah == 0


def test_parked_money_is_not_booked_while_its_payment_is_disputed(till: Till) -> None:
    order_id = paid_twice(till)
    row = waiting(till)
    with transaction():
        dispute = Dispute(
            payment_id=row.payment_id,
            provider_dispute="dp_second",
            amount_rupiah=92_400,
            reason="fraudulent",
            state=DisputeState.open,
            loss_rupiah=0,
            opened_at=clock.now(),
        )
        db.session.add(dispute)
    with pytest.raises(rules.PaymentDisputed):
        book(till, "2027-06")
    assert till.states(order_id) == {"paid"}


@pytest.mark.parametrize("order", ["created first", "closed first", "all twice"])
def test_events_in_any_order_end_in_the_same_rows(till: Till, order: str) -> None:
    order_id = till.paid()
    made = till.sandbox.control(f"sessions/{till.session(order_id)}/dispute")
    till.sandbox.control(f"disputes/{made['id']}/lost")
    fresh = [event for event in till.events() if event["type"].startswith("charge.dispute")]
    for event in {"created first": fresh, "closed first": fresh[::-1], "all twice": fresh * 2}[order]:
        assert till.post(event) == 200
    till.posted |= {event["id"] for event in fresh}
    jobs.handle_new_events()
    assert the_dispute(till).state is DisputeState.lost
    assert len(till.refunds) == 1


def test_a_dispute_of_a_payment_that_is_not_known_yet_waits(till: Till) -> None:
    order_id = till.open()
    till.act(order_id, "pay")
    made = till.sandbox.control(f"sessions/{till.session(order_id)}/dispute")
    till.tell(only="charge.dispute")
    assert till.all(Dispute) == []
    assert made["id"]
    till.tell()
    with clock.frozen(clock.now().replace(hour=23)):
        jobs.handle_new_events()
    assert the_dispute(till).state is DisputeState.open


@pytest.mark.parametrize("before", list(DisputeState))
@pytest.mark.parametrize("after", list(DisputeState))
def test_every_pair_of_dispute_states(before: DisputeState, after: DisputeState) -> None:
    assert (after in DISPUTE_MOVES[before]) == (before is DisputeState.open and after is not DisputeState.open)


# ---- the loss ------------------------------------------------------------------------------------------------------------------


def lost(till: Till) -> str:
    order_id = till.paid()
    remit(till, order_id, "2026-12")
    close(till, open_one(till, order_id), "lost")
    return the_dispute(till).ref


def test_two_people_book_the_loss_on_the_pages(till: Till, as_: As) -> None:
    ref = lost(till)
    maya, agus = as_("maya"), as_("agus")
    maya.get("/petugas/sengketa").sees("Kita kalah", "Rp8.400", "belum dibukukan").misses("Sari Wulandari")
    assert agus.post(f"/petugas/sengketa/{ref}/setujui", {}).status == 422
    assert maya.post(f"/petugas/sengketa/{ref}/usulkan", {"loss": "pool", "note": ""}).status == 422
    assert maya.post(f"/petugas/sengketa/{ref}/usulkan", {"loss": "pool", "note": "dana cadangan"}).status == 303
    assert maya.post(f"/petugas/sengketa/{ref}/setujui", {}).status == 403
    assert agus.post(f"/petugas/sengketa/{ref}/setujui", {}).status == 303
    assert agus.post(f"/petugas/sengketa/{ref}/setujui", {}).status == 409
    dispute = the_dispute(till)
    assert (dispute.loss, dispute.agreed_by_id) == (DisputeLoss.pool, till.cast.ids["agus"])
    assert [entry.action for entry in audit.list_for(f"dispute:{ref}")][:2] == ["dispute.agree", "dispute.propose"]
    as_("nina").get(f"/petugas/sengketa/{ref}").sees("Sudah dibukukan oleh dua orang.", "Maya Anggraini", "Agus Salim")


def test_a_dispute_without_a_loss_has_nothing_to_book(till: Till, as_: As) -> None:
    order_id = till.paid()
    open_one(till, order_id)
    ref = the_dispute(till).ref
    assert as_("maya").post(f"/petugas/sengketa/{ref}/usulkan", {"loss": "pool", "note": "apa saja"}).status == 409
    as_("maya").get(f"/petugas/sengketa/{ref}").sees("sampai bank memutuskan")


def test_the_database_itself_wants_two_people_for_a_loss(till: Till) -> None:
    ref = lost(till)
    maya = till.cast.ids["maya"]
    for values in ({"agreed_by_id": maya}, {"proposed_by_id": maya, "agreed_by_id": maya}):
        with pytest.raises(IntegrityError), transaction() as session:
            session.execute(update(Dispute).where(Dispute.ref == ref).values(values))


# ---- who is told ---------------------------------------------------------------------------------------------------------------


def told(till: Till, kind: str) -> list[Notice]:
    return [notice for notice in till.all(Notice) if notice.kind == kind]


@pytest.mark.parametrize(("how", "word"), [("won", "dinyatakan sah"), ("lost", "dilepas dan tidak lagi Anda tanggung")])
def test_the_sponsor_is_told_what_a_dispute_means_for_each_month(till: Till, how: str, word: str) -> None:
    order_id = till.paid()
    remit(till, order_id, "2026-12")
    provider_id = open_one(till, order_id)
    till.tell(times=2)
    [first] = told(till, "dispute_opened")
    assert first.person_id == till.cast.ids["sari"]
    assert "Rp92.400" in first.body
    assert "bulan yang belum disetor kami tahan: Januari 2027 sampai Mei 2027 (5 bulan)" in first.body
    assert "tetap berlaku untuk pekerja: Desember 2026" in first.body
    close(till, provider_id, how)
    close_again = [event for event in till.events() if event["type"] == "charge.dispute.closed"]
    assert till.post(close_again[0]) == 200
    [last] = told(till, f"dispute_{how}")
    assert word in last.body
    assert ("tetap berlaku untuk pekerja: Desember 2026" in last.body) is (how == "lost")


def test_finance_is_told_at_once_and_each_person_once(till: Till) -> None:
    open_one(till, till.paid())
    till.tell(times=2)
    [news] = told(till, "dispute_desk")
    assert news.person_id == till.cast.ids["maya"] and f"/petugas/sengketa/{the_dispute(till).ref}" in news.body


def test_the_sponsor_is_told_that_a_refund_failed_and_that_nothing_is_needed(till: Till) -> None:
    order_id = till.paid()
    till.sandbox.control("refunds/next", status="failed")
    reject(till, order_id)
    till.send_refunds()
    till.tell(times=2)
    [news] = told(till, "refund_failed")
    assert news.person_id == till.cast.ids["sari"] and "tidak perlu melakukan apa-apa" in news.body
