"""Money on the bank's statement: it pays its bill at once, waits for a person, or waits for the rest; and is never lost."""

import io
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError

from sertakan.audit.models import AuditEntry
from sertakan.bank import jobs, queries, service
from sertakan.bank.models import BankLine
from sertakan.bank.rules import LineState, Why
from sertakan.coverage import queries as coverage
from sertakan.coverage.rules import MonthState
from sertakan.db import bare_writes, db, transaction
from sertakan.notices.models import Notice
from sertakan.payments import incoming, refunds, virtual
from sertakan.payments import jobs as payment_jobs
from sertakan.payments import queries as payments
from sertakan.payments import service as payment_service
from sertakan.payments.models import Order, Payment, Receipt, Refund, Suspense
from sertakan.payments.rules import OrderState, RefundState, SuspenseState
from sertakan.reports import books
from sertakan.sponsorships.models import Sponsorship
from tests.cast import Cast
from tests.page import PageClient
from tests.payments.conftest import promise

As = Callable[..., PageClient]
TITLES = "Tanggal;Keterangan;Kredit;Nomor VA\n"


@pytest.fixture(autouse=True)
def books_balance(app: Flask, cast: Cast) -> Iterator[None]:
    """Whatever a test does, afterwards every question of the books has the answer "none"."""
    yield
    db.session.rollback()
    assert books.broken(books.check()) == []


def row(amount: int, words: str = "Iuran", number: str = "", day: str = "22/11/2026") -> str:
    return f"{day};{words};{amount};{number}\n"


def take(cast: Cast, *rows: str) -> str:
    found, out = service.read((TITLES + "".join(rows)).encode())
    with transaction():
        ref = service.take(actor=cast.maya, name="mutasi.csv", rows=found, out=out).ref
    jobs.match_lines()
    return ref


def bill(cast: Cast) -> tuple[int, int, str]:
    """An unpaid bill of Sari's: its id, amount and virtual account."""
    order_id = promise(cast.ids["sari"])
    return order_id, order(order_id).amount_rupiah, virtual.number_of("88088", order_id)


def order(order_id: int) -> Order:
    db.session.expire_all()
    return db.session.get_one(Order, order_id)


def states(order_id: int) -> set[MonthState]:
    return {month.state for month in payments.months_of_order(order_id)}


def lines() -> list[BankLine]:
    db.session.expire_all()
    return list(db.session.scalars(select(BankLine).order_by(BankLine.id)))


def parked() -> list[int]:
    return list(
        db.session.scalars(select(Suspense.amount_rupiah).where(Suspense.state == SuspenseState.open).order_by(Suspense.id))
    )


def count(model: type) -> int:
    return len(db.session.scalars(select(model)).all())


# ---- by its number -------------------------------------------------------------------------------------------------------------


def test_a_line_with_the_number_of_a_bill_pays_it_and_fills_its_months(app: Flask, cast: Cast) -> None:
    order_id, amount, number = bill(cast)
    take(cast, row(amount, number=number))
    [line] = lines()
    assert (line.state, line.why, line.order_id) == (LineState.booked, Why.number, order_id)
    assert order(order_id).state is OrderState.paid
    assert states(order_id) == {MonthState.paid}
    assert (count(Receipt), parked()) == (1, [])
    assert [row.kind for row in db.session.scalars(select(Notice))] == ["order_paid"]
    trail = db.session.scalars(select(AuditEntry).where(AuditEntry.subject == f"bank_line:{line.ref}")).one()
    assert (trail.action, trail.actor) == ("bank_line.book", "system")


def test_the_same_file_twice_and_one_that_overlaps_add_nothing(app: Flask, cast: Cast) -> None:
    order_id, amount, number = bill(cast)
    take(cast, row(amount, number=number))
    take(cast, row(amount, number=number))
    take(cast, row(10_000, "Lain", day="21/11/2026"), row(amount, number=number))
    assert [line.state for line in lines()] == [LineState.booked, LineState.unknown]
    assert (count(Payment), order(order_id).state) == (1, OrderState.paid)


def test_a_part_waits_for_the_rest_and_then_both_fill_the_months(app: Flask, cast: Cast) -> None:
    order_id, amount, number = bill(cast)
    take(cast, row(10_000, number=number))
    assert (order(order_id).state, parked()) == (OrderState.opening, [10_000])
    assert states(order_id) == {MonthState.reserved}
    assert incoming.received(order_id) == 10_000
    take(cast, row(amount - 10_000, "Sisanya", number))
    assert (order(order_id).state, parked()) == (OrderState.paid, [])
    assert states(order_id) == {MonthState.paid}
    assert count(Receipt) == 2


def test_what_is_over_waits_for_a_person(app: Flask, cast: Cast) -> None:
    order_id, amount, number = bill(cast)
    take(cast, row(amount + 7_000, number=number))
    assert (states(order_id), parked()) == ({MonthState.paid}, [7_000])


def test_a_second_transfer_for_a_paid_bill_waits_for_a_person(app: Flask, cast: Cast) -> None:
    order_id, amount, number = bill(cast)
    take(cast, row(amount, number=number), row(amount, "Lagi", number))
    assert (order(order_id).state, parked(), count(Payment)) == (OrderState.paid, [amount], 2)


def test_money_for_a_bill_that_has_expired_takes_its_months_again(app: Flask, cast: Cast) -> None:
    order_id, amount, number = bill(cast)
    with transaction():
        payment_service.close_unpaid(payments.get_order(order_id, lock=True), reason="time over")
    take(cast, row(amount, number=number))
    assert order(order_id).state is OrderState.paid
    taken = coverage.months_of_sponsorship(order(order_id).sponsorship_id)
    assert {month.state for month in taken} == {MonthState.released, MonthState.paid}
    assert parked() == []


def test_money_for_months_that_are_not_to_be_had_waits(app: Flask, cast: Cast) -> None:
    order_id, amount, number = bill(cast)
    with transaction():
        found = payments.get_order(order_id, lock=True)
        refunds.cancel_sponsorship(actor=cast.sari, sponsorship=found.sponsorship)
    take(cast, row(amount, number=number))
    assert (states(order_id), parked(), count(Receipt)) == ({MonthState.released}, [amount], 0)


def test_money_that_came_by_bank_goes_back_by_hand_and_the_payment_service_is_not_asked(app: Flask, cast: Cast) -> None:
    order_id, amount, number = bill(cast)
    take(cast, row(amount, number=number))
    with transaction():
        found = payments.get_order(order_id, lock=True)
        refunds.cancel_sponsorship(actor=cast.sari, sponsorship=found.sponsorship)
    payment_jobs.send_refunds()
    refund = db.session.scalars(select(Refund)).one()
    assert (refund.state, refund.failure, parked()) == (RefundState.failed, "came by bank transfer", [amount])


# ---- by a person ---------------------------------------------------------------------------------------------------------------


def code_of(order_id: int) -> str:
    return str(db.session.get_one(Sponsorship, order(order_id).sponsorship_id).code)


def test_a_code_in_the_words_only_suggests_and_a_person_says_yes(app: Flask, cast: Cast, as_: As) -> None:
    order_id, amount, _number = bill(cast)
    ref = take(cast, row(amount, f"iuran {code_of(order_id).lower()} bu Sari"))
    [line] = lines()
    assert (line.state, line.why, line.order_id, count(Payment)) == (LineState.suggested, Why.code, order_id, 0)
    page = as_("maya").get(f"/petugas/mutasi/baris/{line.ref}")
    page.sees("Perlu dipastikan", code_of(order_id), "Jumlahnya pas").misses("Sari Wulandari")
    done = as_("maya").post(f"/petugas/mutasi/baris/{line.ref}/bukukan", {"code": code_of(order_id)})
    assert done.location.endswith(f"/petugas/mutasi/{ref}")
    [line] = lines()
    assert (line.state, line.why, line.decided_by_id) == (LineState.booked, Why.code, cast.ids["maya"])
    assert states(order_id) == {MonthState.paid}
    again = as_("maya").post(f"/petugas/mutasi/baris/{line.ref}/bukukan", {"code": code_of(order_id)})
    assert (again.status, count(Payment)) == (409, 1)


def test_the_only_bill_of_an_amount_is_suggested_and_one_of_two_is_not(app: Flask, cast: Cast) -> None:
    order_id, amount, _number = bill(cast)
    take(cast, row(amount, "TRF"))
    assert (lines()[0].state, lines()[0].why, lines()[0].order_id) == (LineState.suggested, Why.amount, order_id)
    assert queries.unpaid_of_amount(amount + 1) == []


def test_unknown_money_is_booked_by_code_or_set_aside_with_a_reason(app: Flask, cast: Cast, as_: As) -> None:
    order_id, amount, _number = bill(cast)
    take(cast, row(amount - 1, "TRF"), row(50_000, "Bunga"))
    first, second = (line.ref for line in lines())
    maya = as_("maya")
    maya.post(f"/petugas/mutasi/baris/{first}/bukukan", {"code": "7KQ2-M9XF"}).sees("Tidak ada tagihan dengan nomor dukungan itu")
    assert maya.post(f"/petugas/mutasi/baris/{first}/bukukan", {"code": code_of(order_id)}).status == 303
    assert maya.post(f"/petugas/mutasi/baris/{second}/sisihkan", {"note": " "}).status == 422
    assert maya.post(f"/petugas/mutasi/baris/{second}/sisihkan", {"note": "bunga bank"}).status == 303
    assert [line.state for line in lines()] == [LineState.booked, LineState.aside]
    assert lines()[0].why is Why.hand
    assert parked() == [amount - 1]
    assert maya.post(f"/petugas/mutasi/baris/{second}/sisihkan", {"note": "lagi"}).status == 409


def test_a_wrong_check_digit_pays_nobodys_bill(app: Flask, cast: Cast) -> None:
    _order_id, amount, number = bill(cast)
    take(cast, row(amount + 1, number=number[:-1] + str((int(number[-1]) + 1) % 10)))
    assert (lines()[0].state, count(Payment)) == (LineState.unknown, 0)


# ---- the pages -----------------------------------------------------------------------------------------------------------------


def upload(client: PageClient, data: str) -> object:
    return client.post(
        "/petugas/mutasi/baru", {"file": (io.BytesIO(data.encode()), "mutasi.csv")}, content_type="multipart/form-data"
    )


def test_finance_takes_a_file_and_sees_each_line(app: Flask, cast: Cast, as_: As) -> None:
    _order_id, amount, number = bill(cast)
    maya = as_("maya")
    done = upload(maya, TITLES + row(amount, number=number) + row(12_345, "Bunga") + row(-5_000, "Biaya"))
    jobs.match_lines()
    page = maya.follow(done)  # type: ignore[arg-type]
    page.sees("2 baris baru dari 2 uang masuk", "1 uang keluar dilewati", "Dibukukan", "Belum dikenal", number, "Bunga")
    page.misses("Sari Wulandari")
    maya.get(page.path + "?saring=unknown").sees("Bunga").misses(number)
    maya.get("/petugas/mutasi").sees("mutasi.csv", "2 dari 2")
    upload(maya, TITLES + row(amount, number=number))
    assert len(lines()) == 2


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("", "Pilih berkas mutasinya dulu"),
        ("Tanggal;Kredit\n", "Keterangan"),
        (TITLES, "tidak berisi uang masuk"),
        (TITLES + row(5, day="besok"), "Sel A2 tidak dapat dibaca"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_whole(app: Flask, cast: Cast, as_: As, data: str, words: str) -> None:
    page = upload(as_("maya"), data)
    assert page.status == 422  # type: ignore[attr-defined]
    page.sees(words)  # type: ignore[attr-defined]
    assert lines() == []


def test_a_booked_line_can_be_neither_changed_nor_deleted(app: Flask, cast: Cast) -> None:
    _order_id, amount, number = bill(cast)
    take(cast, row(amount, number=number))
    for statement in ("UPDATE bank_line SET amount_rupiah = 1", "DELETE FROM bank_line"):
        with pytest.raises(DatabaseError, match="bank_line"), bare_writes(), db.session.begin_nested():
            db.session.execute(text(statement))


def test_a_statement_costs_as_many_statements_for_one_line_as_for_twenty(app: Flask, cast: Cast, as_: As) -> None:
    maya = as_("maya")
    few = take(cast, row(1_000))
    many = take(cast, *[row(2_000 + at) for at in range(20)])
    one, twenty = maya.get(f"/petugas/mutasi/{few}").statements, maya.get(f"/petugas/mutasi/{many}").statements
    assert one == twenty <= 12


def test_an_organisation_sees_the_number_and_what_has_come(app: Flask, cast: Cast, client: PageClient) -> None:
    order_id, _amount, number = bill(cast)
    address = f"/bayar/{order(order_id).ref}"
    client.get(address).misses(number)
    with transaction() as session:
        session.get_one(Sponsorship, order(order_id).sponsorship_id).organisation_id = cast.company_id
    take(cast, row(10_000, number=number))
    client.get(address).sees(number, "Sudah kami terima Rp10.000")
