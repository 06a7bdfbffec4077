"""Money without a month: seen, booked, asked back by one and agreed to by another; the payment always adds up (I2, I21)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from sertakan.accounts.models import Person
from sertakan.accounts.permissions import Role
from sertakan.audit import queries as audit
from sertakan.coverage.rules import IllegalMove, MonthTaken
from sertakan.db import bare_writes, db, transaction
from sertakan.kit import clock
from sertakan.kit.months import Month
from sertakan.notices.models import Notice
from sertakan.payments import booking, desk, queries, refunds, rules, service
from sertakan.payments.models import Order, Payment, Refund, Suspense
from sertakan.payments.rules import REFUND_MOVES, RefundReason, RefundState, SuspenseState
from tests import factories
from tests.cast import Cast
from tests.page import PageClient
from tests.payments.conftest import Till
from tests.payments.test_refunds import reject

As = Callable[[str], PageClient]


def paid_twice(till: Till) -> int:
    """An order whose second payment waits: the automatic refund of it failed at the bank."""
    order_id = till.paid()
    till.sandbox.control("refunds/next", status="failed")
    till.act(order_id, "twice")
    till.tell()
    till.send_refunds()
    return order_id


def waiting(till: Till) -> Suspense:
    [found] = [row for row in till.suspense if row.state is SuspenseState.open]
    return found


def person(till: Till, name: str) -> Person:
    return db.session.get_one(Person, till.cast.ids[name])


def ask_back(till: Till, reason: RefundReason = RefundReason.duplicate) -> Refund:
    ref = waiting(till).ref
    with transaction():
        maya = person(till, "maya")
        return refunds.refund_suspense(
            actor=maya.ref, suspense=queries.get_suspense(ref, lock=True), requested_by=maya, reason=reason, note="dua kali"
        )


def agree(till: Till, name: str, refund_id: int) -> None:
    with transaction():
        refunds.agree_refund(actor=person(till, name), refund=queries.get_refund(refund_id, lock=True))


def book(till: Till, *months: str) -> None:
    ref = waiting(till).ref
    with transaction():
        wanted = [Month.parse(month) for month in months]
        booking.book(actor=person(till, "maya"), suspense=queries.get_suspense(ref, lock=True), months=wanted)


# ---- booking -------------------------------------------------------------------------------------------------------------------


def test_a_failed_refund_comes_back_to_the_list_and_names_its_refund(till: Till) -> None:
    paid_twice(till)
    row = waiting(till)
    assert row.amount_rupiah == 92_400
    assert row.returned_from_id == till.refunds[0].id


def test_parked_money_fills_months_each_at_its_own_price_and_the_rest_stays_as_old_as_it_was(till: Till) -> None:
    order_id = paid_twice(till)
    opened = waiting(till).opened_at
    offered = {str(price.month): price.total_rupiah for price in booking.offers(waiting(till))}
    assert "2026-12" not in offered and offered["2027-06"] == 16_800
    with clock.frozen(clock.now() + timedelta(days=3)):
        book(till, "2027-06", "2027-07")
    assert till.months(order_id)["2027-06"] == till.months(order_id)["2027-07"] == "paid"
    row = waiting(till)
    assert (row.amount_rupiah, row.opened_at) == (92_400 - 2 * 16_800, opened)
    assert [notice.kind for notice in till.all(Notice)].count("order_paid") == 2
    assert till.sponsorship(order_id).last_month == Month(2027, 7)
    assert len(till.receipts) == 2


def test_booking_is_all_or_nothing_when_one_month_is_taken(till: Till) -> None:
    order_id = paid_twice(till)
    worker = till.sponsorship(order_id).worker
    factories.month(worker, "2027-07")
    before = till.months(order_id)
    with pytest.raises(MonthTaken):
        book(till, "2027-06", "2027-07")
    assert till.months(order_id) == before
    assert waiting(till).amount_rupiah == 92_400


@pytest.mark.parametrize(
    ("months", "why"),
    [
        ([], rules.NoMonths),
        (["2020-01"], rules.NoMonths),
        (["2031-01"], rules.NoMonths),
        ([f"2027-{n:02d}" for n in range(6, 12)], rules.MonthsCostMore),
    ],
)
def test_booking_refuses_nothing_the_past_the_far_future_and_more_than_there_is(
    till: Till, months: list[str], why: type[Exception]
) -> None:
    paid_twice(till)
    with pytest.raises(why):
        book(till, *months)
    assert waiting(till).amount_rupiah == 92_400


def test_money_for_a_promise_that_is_over_can_only_go_back(till: Till) -> None:
    """opencollective #6930: money after cancelling waits in the open, one step from being refunded."""
    order_id = paid_twice(till)
    reject(till, order_id)
    assert booking.offers(waiting(till)) == []
    with pytest.raises(rules.PromiseOver):
        book(till, "2027-06")


def test_the_same_money_is_not_booked_and_refunded(till: Till) -> None:
    paid_twice(till)
    ref = waiting(till).ref
    ask_back(till)
    with pytest.raises(rules.NotInSuspense), transaction():
        booking.book(actor=person(till, "maya"), suspense=queries.get_suspense(ref, lock=True), months=[Month(2027, 6)])


def test_money_that_does_not_fit_its_bill_fills_the_bills_own_months_and_frees_the_others(till: Till) -> None:
    order_id = till.open()
    with bare_writes():
        db.session.execute(text("UPDATE payment_order SET amount_rupiah = 92401"))
        db.session.commit()
    till.act(order_id, "pay")
    till.tell()
    with bare_writes():
        db.session.execute(text("UPDATE payment_order SET amount_rupiah = 92400"))
        db.session.commit()
    assert till.order(order_id).held_reason == "another amount"
    book(till, "2026-12", "2027-01")
    assert till.order(order_id).held_reason is None
    months = till.months(order_id)
    assert (months["2026-12"], months["2027-01"], months["2027-02"]) == ("paid", "paid", "released")
    assert waiting(till).amount_rupiah == 92_400 - 8_400 - 16_800


def test_a_held_bill_without_money_is_let_go_with_a_note_and_once(till: Till, as_: As) -> None:
    order_id = till.open()
    with transaction():
        service._hold(queries.get_order(order_id, lock=True), "no payment named")
    ref = till.order(order_id).ref
    maya = as_("maya")
    maya.get("/petugas/dana").sees("Tagihan yang ditahan", "no payment named")
    assert maya.post(f"/petugas/tagihan/{ref}", {"note": ""}).status == 422
    assert maya.post(f"/petugas/tagihan/{ref}", {"note": "sudah dicek"}).status == 303
    assert till.order(order_id).held_reason is None
    assert maya.post(f"/petugas/tagihan/{ref}", {"note": "sudah dicek"}).status == 409
    assert audit.list_for(f"order:{ref}")[0].reason == "sudah dicek"


# ---- two people ----------------------------------------------------------------------------------------------------------------


def test_one_asks_another_agrees_then_it_is_sent_and_confirmed(till: Till, agrees: Callable[[], None]) -> None:
    paid_twice(till)
    refund_id = ask_back(till).id
    till.send_refunds()
    assert till.refunds[-1].state is RefundState.requested
    agree(till, "agus", refund_id)
    till.send_refunds()
    assert till.refunds[-1].state is RefundState.succeeded
    assert [row.state for row in till.suspense] == [SuspenseState.refunded] * 2
    agrees()


def test_who_asked_does_not_agree_and_the_second_yes_is_told_that_it_is_decided(till: Till) -> None:
    paid_twice(till)
    refund_id = ask_back(till).id
    with pytest.raises(rules.OwnRequest):
        agree(till, "maya", refund_id)
    agree(till, "agus", refund_id)
    with pytest.raises(rules.RefundDecided):
        agree(till, "agus", refund_id)


def test_over_the_limit_only_a_supervisor_agrees(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    paid_twice(till)
    refund_id = ask_back(till).id
    with transaction() as session:
        colleague = Person(name="Rekan Keuangan", email="rekan@kota.test", role=Role.finance, created_at=clock.now(), locale="id")
        session.add(colleague)
    till.cast.ids["colleague"] = colleague.id
    monkeypatch.setitem(till.app.config, "SETTINGS", replace(till.app.config["SETTINGS"], refund_limit_rupiah=92_399))
    with pytest.raises(rules.OverLimit):
        agree(till, "colleague", refund_id)
    agree(till, "agus", refund_id)
    del till.cast.ids["colleague"]
    assert till.refunds[-1].state is RefundState.approved


def test_a_no_parks_the_money_again(till: Till) -> None:
    paid_twice(till)
    refund_id = ask_back(till).id
    with pytest.raises(rules.NoteMissing), transaction():
        refunds.drop_refund(actor=person(till, "agus"), refund=queries.get_refund(refund_id, lock=True), note=" ")
    with transaction():
        refunds.drop_refund(actor=person(till, "agus"), refund=queries.get_refund(refund_id, lock=True), note="salah orang")
    assert till.refunds[-1].state is RefundState.cancelled
    assert (waiting(till).amount_rupiah, waiting(till).returned_from_id) == (92_400, refund_id)


def test_the_database_itself_wants_two_people(till: Till) -> None:
    paid_twice(till)
    refund_id = ask_back(till).id
    for change in ("state = 'approved'", f"approved_by_id = {till.cast.ids['maya']}", "state = 'sent'"):
        with pytest.raises(DatabaseError), bare_writes():
            db.session.execute(text(f"UPDATE refund SET {change} WHERE id = {refund_id}"))
        db.session.rollback()


def test_the_database_itself_refuses_more_refunds_than_the_payment(till: Till) -> None:
    till.paid()
    payment_id = till.payments[0].id
    with pytest.raises(DatabaseError, match="more than the payment"), transaction():
        refunds.add("system", payment_id, 1, RefundReason.error)
    reject(till, till.payments[0].order_id)
    with pytest.raises(DatabaseError, match="more than the payment"), transaction():
        refunds.add("system", payment_id, 1, RefundReason.error)


@pytest.mark.parametrize("before", list(RefundState))
@pytest.mark.parametrize("after", list(RefundState))
def test_every_pair_of_refund_states(before: RefundState, after: RefundState) -> None:
    if after in REFUND_MOVES[before]:
        rules.check_refund(before, after)
    else:
        with pytest.raises(IllegalMove):
            rules.check_refund(before, after)


def test_every_reason_has_its_words() -> None:
    assert set(desk.REASONS) == set(RefundReason)


# ---- pages ---------------------------------------------------------------------------------------------------------------------


def test_opencollective_8189_the_page_shows_every_rupiah_without_a_month_and_no_payers_name(till: Till, as_: As) -> None:
    paid_twice(till)
    page = as_("maya").get("/petugas/dana")
    page.sees("Rp92.400", "S••• W•••", "Tidak jadi kembali", "Dibayar dua kali")
    page.misses("Sari Wulandari", "sari@contoh.test")
    as_("maya").get("/petugas/dana?saring=mismatch").sees("Setiap rupiah punya bulannya")
    as_("maya").get("/petugas/dana?umur=7").sees("Setiap rupiah punya bulannya")
    with clock.frozen(clock.now() + timedelta(days=8)):
        as_("maya").get("/petugas/dana?umur=7&saring=returned").sees("Rp92.400")


def test_finance_books_from_the_page(till: Till, as_: As) -> None:
    order_id = paid_twice(till)
    ref = waiting(till).ref
    maya = as_("maya")
    maya.get(f"/petugas/dana/{ref}").sees("Isi bulan", "Juni 2027", "Rp16.800")
    assert maya.post(f"/petugas/dana/{ref}/bukukan", {"months": ["2027-06"]}).status == 303
    assert till.months(order_id)["2027-06"] == "paid"
    again = maya.post(f"/petugas/dana/{ref}/bukukan", {"months": ["2027-07"]})
    assert again.status == 409
    again.sees("sudah dibukukan atau dikembalikan")


def test_finance_asks_and_the_supervisor_agrees_on_the_pages(till: Till, as_: As) -> None:
    paid_twice(till)
    ref = waiting(till).ref
    maya, agus = as_("maya"), as_("agus")
    missing = maya.post(f"/petugas/dana/{ref}/kembalikan", {"reason": "duplicate", "note": ""})
    assert missing.status == 422
    assert maya.post(f"/petugas/dana/{ref}/kembalikan", {"reason": "duplicate", "note": "dua kali"}).status == 303
    refund = till.refunds[-1].ref
    maya.get(f"/petugas/pengembalian/{refund}").sees("Anda yang mengusulkan", "dua kali", "Maya Anggraini")
    assert maya.post(f"/petugas/pengembalian/{refund}/setujui", {}).status == 403
    agus.get("/petugas/pengembalian?saring=requested").sees("Rp92.400", "diusulkan orang")
    assert agus.post(f"/petugas/pengembalian/{refund}/setujui", {}).status == 303
    assert till.refunds[-1].state is RefundState.approved
    assert agus.post(f"/petugas/pengembalian/{refund}/batalkan", {"note": "telat"}).status == 409


def test_an_auditor_looks_and_touches_nothing(till: Till, as_: As) -> None:
    paid_twice(till)
    ref = waiting(till).ref
    nina = as_("nina")
    nina.get(f"/petugas/dana/{ref}").misses("Usulkan pengembalian", "Isi bulan yang dicentang")
    assert nina.post(f"/petugas/dana/{ref}/bukukan", {"months": ["2027-06"]}).status == 404


def test_the_list_is_paged_by_key_without_loss_or_double(cast: Cast, app: object) -> None:
    promise = factories.sponsorship(cast.sari)
    with transaction() as session:
        now = clock.now()
        order = Order(
            sponsorship_id=promise.id,
            amount_rupiah=1,
            idempotency_key="many",
            locale="id",
            created_at=now,
            expires_at=now,
            session_expires_at=now,
        )
        session.add(order)
        session.flush()
        payment = Payment(order_id=order.id, provider_intent="pi_many", amount_rupiah=1_000_000, received_at=now)
        session.add(payment)
        session.flush()
        for step in range(60):
            opened = now - timedelta(minutes=step % 7)
            session.add(
                Suspense(payment_id=payment.id, amount_rupiah=100 + step, reason=RefundReason.duplicate, opened_at=opened)
            )
    seen: list[int] = []
    after = None
    for _ in range(5):
        page = desk.list_funds(desk.Kind.all, desk.Age.any, after)
        seen += [row.amount_rupiah for row in page.items]
        after = page.after
        if after is None:
            break
    assert sorted(seen) == list(range(100, 160))
    total = desk.totals(desk.Age.any)[desk.Kind.all]
    assert (total.count, total.amount_rupiah) == (60, sum(seen))
    parts = [desk.totals(desk.Age.any)[kind].amount_rupiah for kind in desk.Kind if kind is not desk.Kind.all]
    assert sum(parts) == total.amount_rupiah


def test_the_page_costs_the_same_for_one_row_and_for_a_hundred(till: Till, as_: As) -> None:
    paid_twice(till)
    maya = as_("maya")
    few = maya.get("/petugas/dana").statements
    payment_id = till.payments[0].id
    with transaction() as session:
        rows = [
            Suspense(payment_id=payment_id, amount_rupiah=1, reason=RefundReason.error, opened_at=clock.now()) for _ in range(30)
        ]
        session.add_all(rows)
    assert maya.get("/petugas/dana").statements == few
    with bare_writes():
        db.session.execute(text("UPDATE suspense SET state = 'booked' WHERE amount_rupiah = 1"))
        db.session.commit()
