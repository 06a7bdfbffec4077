"""One bill of an organisation for many workers: opened, paid in every way, late, and never paid."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from sertakan.accounts.models import MemberRole, Membership
from sertakan.bank import service as bank
from sertakan.bank.jobs import match_lines
from sertakan.coverage.models import CoverageMonth
from sertakan.coverage.rules import MonthState
from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.notices.models import Notice
from sertakan.organisations.queries import get_membership
from sertakan.payments import bills, dropping, gateway, queries, reconcile, rules, service, virtual
from sertakan.payments.models import Allocation, Invoice, Order, Refund
from sertakan.payments.rules import OrderState, RefundReason, SuspenseState
from sertakan.review.models import Decision
from sertakan.review.rules import Outcome
from sertakan.sponsorships import service as promises
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import ReviewState, TermState
from tests import factories
from tests.cast import Cast
from tests.page import PageClient
from tests.payments.conftest import Till

As = Callable[..., PageClient]
WORKERS, MONTHS = 3, 2
AMOUNT = WORKERS * (8_400 + 16_800)  # December 2026 with relief, January 2027 without


def months_of(organisation_id: int) -> "select":
    return (
        select(CoverageMonth.id)
        .join(Sponsorship, Sponsorship.id == CoverageMonth.sponsorship_id)
        .where(Sponsorship.organisation_id == organisation_id)
    )


def decided(promise: Sponsorship, cast: Cast) -> None:
    """An approval comes with its decision (I6)."""
    if promise.review_state is ReviewState.approved:
        facts = {"sponsorship_id": promise.id, "fingerprint": promise.fingerprint}
        with transaction() as session:
            row = Decision(officer_id=cast.ids["dewi"], maker_id=cast.ids["rina"], sponsor_id=cast.ids["rina"], **facts)
            row.outcome, row.decided_at, row.checks = Outcome.approved, clock.now(), {}
            session.add(row)


def open_bill(cast: Cast, workers: int = WORKERS, review: ReviewState = ReviewState.approved) -> int:
    for _ in range(workers):
        decided(factories.sponsorship(cast.rina, count=MONTHS, review=review, organisation_id=cast.company_id), cast)
    return bill_of(cast, workers)


def bill_of(cast: Cast, workers: int = WORKERS) -> int:
    with transaction():
        wanted = months_of(cast.company_id)
        order = bills.open_bill(actor=cast.budi.ref, organisation=cast.khatulistiwa, months=wanted, workers=workers, locale="id")
        return order.id


def states(cast: Cast) -> set[MonthState]:
    db.session.expire_all()
    cells = select(CoverageMonth.state).where(CoverageMonth.id.in_(months_of(cast.company_id)))
    return set(db.session.scalars(cells))


def terms(cast: Cast) -> set[tuple[ReviewState, TermState]]:
    rows = select(Sponsorship.review_state, Sponsorship.term_state).where(Sponsorship.organisation_id == cast.company_id)
    return {(row[0], row[1]) for row in db.session.execute(rows)}


def kinds() -> list[str]:
    return sorted(db.session.scalars(select(Notice.kind).where(Notice.kind.startswith("bill_"))))


def transfer(cast: Cast, order_id: int, *amounts: int, words: str = "") -> None:
    words = words or virtual.number_of("88088", order_id)
    rows = "".join(f"22/11/2026;{words} ke {place};{amount}\n" for place, amount in enumerate(amounts))
    found, out = bank.read(f"Tanggal;Keterangan;Kredit\n{rows}".encode())
    with transaction():
        bank.take(actor=cast.maya, name="mutasi.csv", rows=found, out=out)
    match_lines()
    db.session.expire_all()


def allocated() -> int:
    return db.session.scalar(select(func.coalesce(func.sum(Allocation.amount_rupiah), 0))) or 0


# ---- opening -------------------------------------------------------------------------------------------------------------------


def test_a_bill_is_the_sum_of_its_reserved_months_due_in_two_weeks_with_a_numbered_invoice(app: Flask, cast: Cast) -> None:
    order_id = open_bill(cast)
    order = db.session.get_one(Order, order_id)
    invoice = bills.invoice_of(order_id)
    assert (order.amount_rupiah, order.state, invoice.label) == (AMOUNT, OrderState.opening, "TG-2026-000001")
    assert invoice.due_on == clock.today() + timedelta(days=14) and invoice.workers == WORKERS
    assert clock.local(order.expires_at).date() == invoice.due_on + timedelta(days=1)


def test_nothing_to_pay_is_no_bill(app: Flask, cast: Cast) -> None:
    with pytest.raises(rules.NothingToPay):
        bill_of(cast)
    assert db.session.scalar(select(func.count(Invoice.id))) == 0


# ---- paying --------------------------------------------------------------------------------------------------------------------


def test_paid_on_the_payment_page_it_fills_every_month_and_starts_every_approved_promise(till: Till, cast: Cast) -> None:
    order_id = open_bill(cast)
    service.start_checkout(order_id)
    till.act(order_id, "pay")
    till.tell(times=2)
    assert till.order(order_id).state is OrderState.paid
    assert states(cast) == {MonthState.paid} and allocated() == AMOUNT
    assert terms(cast) == {(ReviewState.approved, TermState.running)}
    assert len(till.receipts) == 1 and kinds() == ["bill_paid"]


def test_promises_without_a_decision_are_funded_and_start_when_they_are_approved(till: Till, cast: Cast) -> None:
    order_id = open_bill(cast, 1, ReviewState.submitted)
    service.start_checkout(order_id)
    till.act(order_id, "pay")
    till.tell()
    assert terms(cast) == {(ReviewState.submitted, TermState.waiting)} and states(cast) == {MonthState.paid}


def test_a_page_that_is_over_does_not_close_the_bill_the_next_click_opens_another(till: Till, cast: Cast) -> None:
    order_id = open_bill(cast)
    first = service.start_checkout(order_id)
    assert service.start_checkout(order_id) == first
    page = till.session(order_id)
    gateway.close_page(till.order(order_id))
    till.tell(times=2)
    assert till.order(order_id).state is OrderState.opening and till.order(order_id).provider_session is None
    assert states(cast) == {MonthState.reserved}
    assert service.start_checkout(order_id) != first and till.session(order_id) != page
    service.settle(order_id, page)  # old news again
    assert till.order(order_id).provider_session not in (None, page)
    till.act(order_id, "pay")
    till.tell()
    assert till.order(order_id).state is OrderState.paid and allocated() == AMOUNT


def test_transfers_wait_for_the_rest_then_fill_and_what_is_over_waits_for_a_person(till: Till, cast: Cast) -> None:
    order_id = open_bill(cast)
    transfer(cast, order_id, 50_000)
    assert states(cast) == {MonthState.reserved} and allocated() == 0
    transfer(cast, order_id, AMOUNT)
    assert till.order(order_id).state is OrderState.paid and states(cast) == {MonthState.paid} and allocated() == AMOUNT
    over = [row for row in till.suspense if row.state is SuspenseState.open]
    assert [(row.amount_rupiah, row.reason) for row in over] == [(50_000, RefundReason.overpayment)]
    assert len(till.receipts) == 2 and not till.all(Refund)


def test_a_page_that_ended_long_ago_is_not_taken_for_the_next_one(till: Till, cast: Cast) -> None:
    order_id = open_bill(cast)
    service.start_checkout(order_id)
    gateway.close_page(till.order(order_id))
    till.tell()
    with transaction():  # nobody came back within the life of the next key
        db.session.execute(update(Order).where(Order.id == order_id).values(session_expires_at=clock.real_now()))
    service.start_checkout(order_id)
    till.act(order_id, "pay")
    till.tell()
    assert till.order(order_id).state is OrderState.paid


def test_a_line_that_names_the_invoice_is_suggested_for_its_bill(till: Till, cast: Cast) -> None:
    order_id = open_bill(cast)
    transfer(cast, order_id, 1_000, words=f"bayar {bills.invoice_of(order_id).label} pt khatulistiwa")
    line = db.session.scalars(select(bank.BankLine)).one()
    assert line.order_id == order_id
    with transaction():
        bank.book(actor=cast.maya, line=line, code=bills.invoice_of(order_id).label)
    assert [row.amount_rupiah for row in till.suspense] == [1_000]


def test_money_of_months_that_are_not_to_be_had_goes_back_and_the_others_are_filled(till: Till, cast: Cast) -> None:
    order_id = open_bill(cast)
    service.start_checkout(order_id)
    with transaction():
        gone = db.session.scalars(select(Sponsorship).where(Sponsorship.organisation_id == cast.company_id)).first()
        assert gone is not None
        promises.cancel(actor=cast.rina.ref, sponsorship=gone, reason="sponsor")
    till.act(order_id, "pay")
    till.tell()
    assert allocated() == AMOUNT * 2 // 3
    assert [refund.amount_rupiah for refund in till.refunds] == [AMOUNT // 3]
    till.send_refunds()
    assert kinds() == ["bill_paid"]
    back = db.session.scalars(select(Notice).where(Notice.kind == "refunded")).one().body or ""
    assert "TG-2026-000001" in back


# ---- not paying ----------------------------------------------------------------------------------------------------------------


def lapse(order_id: int) -> None:
    with transaction():
        db.session.execute(update(Order).where(Order.id == order_id).values(expires_at=clock.now() - timedelta(hours=1)))


@pytest.mark.parametrize("review", [ReviewState.approved, ReviewState.submitted])
def test_a_bill_past_due_lets_its_months_go_and_ends_promises_that_never_began(
    till: Till, cast: Cast, review: ReviewState
) -> None:
    order_id = open_bill(cast, review=review)
    assert reconcile.expire_orders() == 0
    lapse(order_id)
    assert (reconcile.expire_orders(), reconcile.expire_orders()) == (1, 0)
    assert till.order(order_id).state is OrderState.expired and states(cast) == {MonthState.released}
    after = ReviewState.withdrawn if review is ReviewState.submitted else review
    assert terms(cast) == {(after, TermState.cancelled)} and kinds() == ["bill_closed"]
    transfer(cast, order_id, AMOUNT)  # late, and nobody is there to be covered: it waits for a person, whole
    assert allocated() == 0 and [row.amount_rupiah for row in till.suspense] == [AMOUNT]


def test_a_running_promise_outlives_its_unpaid_renewal_and_late_money_takes_its_months_again(till: Till, cast: Cast) -> None:
    running = {"review": ReviewState.approved, "term": TermState.running}
    decided(factories.sponsorship(cast.rina, count=MONTHS, organisation_id=cast.company_id, **running), cast)
    order_id = bill_of(cast, 1)
    lapse(order_id)
    reconcile.expire_orders()
    assert terms(cast) == {(ReviewState.approved, TermState.running)} and states(cast) == {MonthState.released}


def test_a_bill_without_a_page_is_not_asked_about(till: Till, cast: Cast) -> None:
    order_id = open_bill(cast)
    with transaction():
        db.session.execute(update(Order).where(Order.id == order_id).values(created_at=clock.now() - timedelta(hours=2)))
    reconcile.reconcile()
    assert till.order(order_id).provider_session is None and till.sandbox.things("checkout.session") == []


@pytest.mark.parametrize(("left", "told"), [(8, 0), (7, 1), (2, 0), (1, 1)])
def test_payers_are_reminded_a_week_and_a_day_before(app: Flask, cast: Cast, left: int, told: int) -> None:
    order_id = open_bill(cast, 1)
    with transaction():
        db.session.execute(
            update(Invoice).where(Invoice.order_id == order_id).values(due_on=clock.today() + timedelta(days=left))
        )
    for _ in range(2):
        with transaction():
            bills.remind()
    assert kinds().count("bill_due") == told


# ---- pages ---------------------------------------------------------------------------------------------------------------------


def test_who_has_part_of_it_transferred_goes_on_by_transfer(till: Till, cast: Cast, client: PageClient) -> None:
    order_id = open_bill(cast)
    path = f"/tagihan/{bills.invoice_of(order_id).share_ref}"
    assert "Ke halaman pembayaran" in client.get(path).text
    transfer(cast, order_id, 5_600)
    page = client.get(path)
    assert "Rp5.600" in page.text and "Rp70.000" in page.text and "Ke halaman pembayaran" not in page.text
    assert client.post(path, {"open": "y"}).location == path and till.order(order_id).provider_session is None
    transfer(cast, order_id, AMOUNT - 5_600)
    assert "Lunas" in client.get(path).text
    receipt = client.get(f"/bukti/{till.receipts[1].ref}")
    assert "3 pekerja" in receipt.text and "Rp70.000" in receipt.text and "Sumiati" not in receipt.text
    assert "JKK" not in receipt.text  # its parts would be those of whole months


def test_finance_members_hear_of_a_bill_beside_who_made_it(till: Till, cast: Cast) -> None:
    with transaction() as session:
        session.add(Membership(organisation_id=cast.company_id, person_id=cast.ids["tono"], role=MemberRole.finance))
    order_id = open_bill(cast)
    transfer(cast, order_id, AMOUNT)
    told = db.session.scalars(select(Notice.person_id).where(Notice.kind == "bill_paid"))
    assert sorted(told) == sorted([cast.ids["tono"], cast.ids["rina"]])


def test_finance_sees_the_organisation_as_payer_of_what_waits(till: Till, cast: Cast, as_: As) -> None:
    transfer(cast, open_bill(cast), 5_600)
    maya = as_("maya")
    for address in ("/petugas/dana", f"/petugas/dana/{till.suspense[0].ref}"):
        assert "PT Khatulistiwa" in maya.get(address).text


# ---- one worker less -----------------------------------------------------------------------------------------------------------


def code_of(cast: Cast) -> str:
    """The first of the company's workers."""
    mine = select(Sponsorship.code).where(Sponsorship.organisation_id == cast.company_id)
    return db.session.scalars(mine.order_by(Sponsorship.id)).first() or ""


def drop_one(cast: Cast, order_id: int, seen: str = str(AMOUNT // WORKERS), who: str = "rina") -> int | None:
    code = code_of(cast)
    with transaction():
        actor = get_membership(cast.khatulistiwa.ref, getattr(cast, who))
        new = dropping.drop(actor=actor, order=queries.get_order(order_id, lock=True), code=code, seen=seen)
        return new.id if new else None


def test_one_worker_leaves_an_unpaid_bill_and_the_others_stay_under_a_new_number(till: Till, cast: Cast) -> None:
    old = open_bill(cast)
    due_on = bills.invoice_of(old).due_on
    new = drop_one(cast, old)
    assert new is not None and till.order(old).state is OrderState.cancelled
    paper = bills.invoice_of(new)
    assert (till.order(new).amount_rupiah, paper.workers, paper.due_on) == (AMOUNT * 2 // 3, WORKERS - 1, due_on)
    assert paper.label == "TG-2026-000002" and bills.invoice_of(old).voided_at is not None
    assert states(cast) == {MonthState.reserved, MonthState.released}
    assert terms(cast) == {(ReviewState.approved, TermState.waiting), (ReviewState.approved, TermState.cancelled)}
    transfer(cast, old, 10_000)  # who still has the old number pays the new bill with it
    transfer(cast, new, AMOUNT * 2 // 3 - 10_000)
    assert till.order(new).state is OrderState.paid and allocated() == AMOUNT * 2 // 3
    assert till.order(old).state is OrderState.cancelled


def test_the_last_worker_leaves_no_bill_behind(till: Till, cast: Cast) -> None:
    old = open_bill(cast, 1)
    assert drop_one(cast, old) is None
    assert till.order(old).state is OrderState.cancelled and states(cast) == {MonthState.released}


def test_nobody_leaves_a_bill_that_is_paid_partly_paid_or_being_paid(till: Till, cast: Cast) -> None:
    order_id = open_bill(cast)
    for seen, who, why in (("1", "rina", rules.PriceMoved), (str(AMOUNT // WORKERS), "tono", rules.DropRole)):
        if who == "tono":
            with transaction() as session:
                session.add(Membership(organisation_id=cast.company_id, person_id=cast.ids["tono"], role=MemberRole.finance))
        with pytest.raises(why):
            drop_one(cast, order_id, seen, who)
    service.start_checkout(order_id)
    with pytest.raises(rules.PayingNow):
        drop_one(cast, order_id)
    dropping.close_page(order_id)
    transfer(cast, order_id, 1_000)
    with pytest.raises(rules.PartCame):
        drop_one(cast, order_id)
    transfer(cast, order_id, AMOUNT - 1_000)
    with pytest.raises(rules.OrderPaid):
        drop_one(cast, order_id)
    assert states(cast) == {MonthState.paid}


def test_the_page_shows_who_leaves_before_it_is_done(till: Till, cast: Cast, as_: As) -> None:
    order_id = open_bill(cast)
    service.start_checkout(order_id)
    path = f"/perusahaan/{cast.khatulistiwa.ref}/tagihan/{bills.invoice_of(order_id).share_ref}/keluarkan"
    rina, code = as_("rina"), code_of(cast)
    assert "tidak ada di tagihan ini" in rina.post(path, {"code": "7KQ2-M9XF"}).text
    page = rina.post(path, {"code": code.lower()})
    assert page.status == 200 and "Sumiati" in page.text and "Rp25.200" in page.text and "Rp50.400" in page.text
    assert till.order(order_id).state is not OrderState.cancelled
    done = rina.post(path, {"code": code, "seen": "25200"})
    assert done.status == 303 and "TG-2026-000002" in rina.follow(done).text
    assert "sudah diganti" in as_("tono").get(f"/tagihan/{bills.invoice_of(order_id).share_ref}").text
    assert as_("stranger").get(path).status == 404
