"""Money that goes back by bank transfer: the payer says where, one notes it, another confirms; the account is gone afterwards."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import text, update
from sqlalchemy.exc import IntegrityError

from sertakan.audit import queries as audit
from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.notices.models import Notice
from sertakan.payments import jobs, queries, rules, service
from sertakan.payments.models import BankTransfer, PayoutAccount
from sertakan.payments.rules import RefundState
from tests.page import PageClient
from tests.payments.conftest import Till
from tests.payments.test_funds import agree, paid_twice, waiting

As = Callable[[str], PageClient]
NUMBER, HOLDER = "0123456789482", "SARI WULANDARI"
TYPED = {"bank": "Bank Kalbar", "holder": HOLDER, "number": "0123 4567 89-482"}


@pytest.mark.parametrize(("typed", "digits"), [("012345", "012345"), ("0123 4567.89-482", NUMBER), ("1" * 20, "1" * 20)])
def test_an_account_number_is_its_digits(typed: str, digits: str) -> None:
    assert rules.account_number(typed) == digits


@pytest.mark.parametrize("typed", ["", "12345", "1" * 21, "12345a", "١٢٣٤٥٦", "+123456"])
def test_what_is_no_account_number_is_refused(typed: str) -> None:
    with pytest.raises(rules.NumberWrong):
        rules.account_number(typed)


def ask(till: Till, as_: As) -> str:
    """Finance asks; the link in the message."""
    ref = waiting(till).ref
    assert as_("maya").post(f"/petugas/dana/{ref}/minta", {}).status == 303
    [notice] = [row for row in till.all(Notice) if row.kind == "account_needed"]
    return next(line for line in notice.body.splitlines() if "/rekening/" in line).split("localhost")[-1].split("8000")[-1]


def given(till: Till, as_: As) -> None:
    code = till.sponsorship(till.payments[0].order_id).code
    assert as_("sari").post(f"/dukungan/{code}/rekening", TYPED).status == 303


def proposed(till: Till, as_: As) -> str:
    """A refund by transfer that Maya asked for and Agus agreed to; its reference."""
    paid_twice(till)
    given(till, as_)
    ref = waiting(till).ref
    assert as_("maya").post(f"/petugas/dana/{ref}/transfer", {"reason": "duplicate", "note": "kartu ditutup"}).status == 303
    refund = till.refunds[-1]
    agree(till, "agus", refund.id)
    return str(refund.ref)


def noted(till: Till, as_: As) -> str:
    ref = proposed(till, as_)
    proof = {"proof": "TRX-2026-1", "day": str(clock.today())}
    assert as_("maya").post(f"/petugas/pengembalian/{ref}/catat", proof).status == 303
    return ref


def test_the_payer_is_asked_by_message_and_answers_by_its_link_without_signing_in(
    till: Till, as_: As, client: PageClient
) -> None:
    paid_twice(till)
    path = ask(till, as_)
    client.get(path).sees("Rp92.400", "Kami tidak pernah meminta PIN").misses("Sari", "Sumiati")
    wrong = client.post(path, TYPED | {"number": "12"})
    assert wrong.status == 422
    wrong.sees("6 sampai 20 angka")
    assert client.post(path, TYPED).status == 303
    client.get(path).sees("Bank Kalbar", "482").misses(NUMBER, HOLDER)
    assert as_("maya").post(f"/petugas/dana/{waiting(till).ref}/minta", {}).status == 409


def test_a_stranger_finds_no_account_page_and_a_made_up_link_gives_nothing(till: Till, as_: As, client: PageClient) -> None:
    paid_twice(till)
    code = till.sponsorship(till.payments[0].order_id).code
    assert as_("tono").get(f"/dukungan/{code}/rekening").status == 404
    assert as_("tono").post(f"/dukungan/{code}/rekening", TYPED).status == 404
    assert client.post("/rekening/" + "x" * 32, TYPED).status >= 400
    assert till.all(PayoutAccount) == []


def test_no_account_is_taken_when_no_money_waits(till: Till, as_: As) -> None:
    code = till.sponsorship(till.paid()).code
    as_("sari").get(f"/dukungan/{code}/rekening").sees("Tidak ada uang yang menunggu rekening")
    assert as_("sari").post(f"/dukungan/{code}/rekening", TYPED).status == 409
    assert till.all(PayoutAccount) == []


def test_the_account_lies_sealed_and_is_shown_masked_but_for_a_look_that_is_written_down(till: Till, as_: As) -> None:
    ref = proposed(till, as_)
    raw = str(db.session.execute(text("SELECT * FROM payout_account")).all())
    assert NUMBER not in raw and HOLDER not in raw
    maya = as_("maya")
    maya.get(f"/petugas/pengembalian/{ref}").sees("482").misses(NUMBER, HOLDER)
    maya.post(f"/petugas/pengembalian/{ref}/rekening", {}).sees(NUMBER, HOLDER)
    assert audit.list_for(f"refund:{ref}")[0].action == "account.look"
    assert as_("agus").post(f"/petugas/pengembalian/{ref}/rekening", {}).status == 404


def test_the_job_does_not_send_what_people_send(till: Till, as_: As) -> None:
    proposed(till, as_)
    before = len(till.sandbox.things("refund"))
    jobs.send_refunds()
    service.send_refund(till.refunds[-1].id)
    assert len(till.sandbox.things("refund")) == before
    assert till.refunds[-1].state is RefundState.approved


def test_one_notes_another_confirms_and_the_account_is_deleted_but_for_three_digits(till: Till, as_: As) -> None:
    ref = noted(till, as_)
    maya, agus = as_("maya"), as_("agus")
    assert till.refunds[-1].state is RefundState.sent
    assert maya.post(f"/petugas/pengembalian/{ref}/pastikan", {}).status == 403
    assert agus.post(f"/petugas/pengembalian/{ref}/pastikan", {}).status == 303
    assert till.refunds[-1].state is RefundState.succeeded
    [account] = till.all(PayoutAccount)
    assert (account.number, account.holder, account.number_end) == (None, None, "482")
    assert agus.post(f"/petugas/pengembalian/{ref}/pastikan", {}).status == 409
    [told] = [row for row in till.all(Notice) if row.kind == "refunded_by_transfer"]
    assert "482" in told.body and NUMBER not in told.body
    assert maya.post(f"/petugas/pengembalian/{ref}/rekening", {}).status == 409


def test_a_transfer_that_comes_back_is_without_a_month_again_and_the_account_may_change(till: Till, as_: As) -> None:
    ref = noted(till, as_)
    code = till.sponsorship(till.payments[0].order_id).code
    assert as_("sari").post(f"/dukungan/{code}/rekening", TYPED).status == 409
    assert as_("agus").post(f"/petugas/pengembalian/{ref}/gagal", {"note": "rekening ditutup"}).status == 303
    assert till.refunds[-1].state is RefundState.failed
    assert waiting(till).amount_rupiah == 92_400
    assert as_("sari").post(f"/dukungan/{code}/rekening", TYPED | {"number": "999888777"}).status == 303
    assert [row.cleared_at is None for row in till.all(PayoutAccount)] == [False, True]


def test_a_proof_is_used_once_and_its_day_is_possible(till: Till, as_: As) -> None:
    ref = proposed(till, as_)
    maya = as_("maya")
    for day in ("2026-11-21", "2026-11-24", "2020-02-30"):
        assert maya.post(f"/petugas/pengembalian/{ref}/catat", {"proof": "TRX-1", "day": day}).status == 422
    first = till.refunds[0].id
    with transaction() as session:
        account_id = till.all(PayoutAccount)[0].id
        row = BankTransfer(
            refund_id=first, account_id=account_id, proof="TRX-1", transferred_on=clock.today(), typed_by_id=till.cast.ids["maya"]
        )
        session.add(row)
    assert maya.post(f"/petugas/pengembalian/{ref}/catat", {"proof": "TRX-1", "day": "2026-11-22"}).status == 409
    assert queries.get_refund_by_ref(ref).state is RefundState.approved
    assert maya.post(f"/petugas/pengembalian/{ref}/catat", {"proof": "TRX-2", "day": "2026-11-22"}).status == 303


def test_without_an_account_there_is_nothing_to_transfer_to(till: Till, as_: As) -> None:
    paid_twice(till)
    answer = as_("maya").post(f"/petugas/dana/{waiting(till).ref}/transfer", {"reason": "duplicate", "note": "apa"})
    assert answer.status == 409
    assert waiting(till).amount_rupiah == 92_400


def test_the_database_itself_wants_two_people_and_proof_first(till: Till, as_: As) -> None:
    noted(till, as_)
    maya = till.cast.ids["maya"]
    for values in ({"confirmed_by_id": maya}, {"proof": None}):
        with pytest.raises(IntegrityError), transaction() as session:
            session.execute(update(BankTransfer).values(values))


def test_no_log_carries_the_account(till: Till, as_: As, caplog: pytest.LogCaptureFixture, app: Flask) -> None:
    ref = noted(till, as_)
    as_("agus").post(f"/petugas/pengembalian/{ref}/pastikan", {})
    assert NUMBER not in caplog.text and HOLDER not in caplog.text
    trail = str([(entry.after, entry.reason) for entry in audit.list_for(f"refund:{ref}", 50)])
    assert NUMBER not in trail and "482" not in trail
