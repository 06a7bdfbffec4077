"""Lists under a decree: full price, a ceiling, offices with one holder, private sponsors who give way, and offices that change hands."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from sertakan.bulk import applying, jobs, queries, renewing, replacing, rules, service, takeover
from sertakan.bulk.models import UploadRow
from sertakan.bulk.rows import Kind
from sertakan.coverage import queries as coverage
from sertakan.coverage.rules import MonthState
from sertakan.db import db, transaction
from sertakan.decrees import queries as decrees
from sertakan.decrees import rules as decree_rules
from sertakan.decrees import service as decree_verbs
from sertakan.kit import clock
from sertakan.kit.months import Month
from sertakan.notices.models import Notice
from sertakan.payments import bills, giving_way
from sertakan.payments import queries as payments
from sertakan.payments import service as settling
from sertakan.payments.models import Suspense
from sertakan.payments.rules import SuspenseState
from sertakan.reports import books
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import ReviewState, TermState
from tests.bulk.files import nik
from tests.bulk.test_applying import BANK, bill_of, receive
from tests.cast import Cast
from tests.decrees.city import (
    FULL,
    JANUARY,
    PDF,
    act,
    applied,
    becomes_city,
    decide,
    heads,
    in_force,
    listed,
    member,
    written,
)
from tests.page import PageClient
from tests.payments.conftest import answers, promise

LATER = {"first_month": Month(2027, 4), "last_month": Month(2027, 6)}
As = Callable[..., PageClient]


@pytest.fixture(autouse=True)
def city(app: Flask, cast: Cast) -> Iterator[None]:
    """The cast's organisation is a government body; whatever a test does, the books balance afterwards."""
    becomes_city(cast)
    yield
    db.session.rollback()
    assert [line for line in books.broken(books.check()) if not line.startswith(BANK)] == []


def kinds(upload_id: int) -> list[Kind | None]:
    rows = select(UploadRow.kind).where(UploadRow.upload_id == upload_id).order_by(UploadRow.row_number)
    return list(db.session.scalars(rows))


def promises(upload_id: int) -> list[Sponsorship]:
    mine = select(UploadRow.sponsorship_id).where(UploadRow.upload_id == upload_id, UploadRow.sponsorship_id.is_not(None))
    return list(db.session.scalars(select(Sponsorship).where(Sponsorship.id.in_(mine)).order_by(Sponsorship.id)))


def test_a_list_needs_a_decree_in_force_and_months_inside_it(app: Flask, cast: Cast) -> None:
    decree_id = written(cast)
    for refusal in (rules.DecreeOver, rules.OutsideDecree):
        with pytest.raises(refusal):
            listed(cast, decree_id, heads(1), count=4)
        if refusal is rules.DecreeOver:
            act(cast, "rina", decree_verbs.propose, decree_id)
            act(cast, "budi", decree_verbs.put_in_force, decree_id)
    with pytest.raises(rules.DecreeMissing), transaction():
        service.start(actor=member(cast), name="x", data=b"NIK\n", first_month=JANUARY, count=1)


def test_everybody_of_a_list_pays_full_price_and_stands_under_the_decree(app: Flask, cast: Cast) -> None:
    decree_id = in_force(cast)
    upload_id = listed(cast, decree_id, heads(3))
    applied(cast, upload_id)
    rows = promises(upload_id)
    assert {row.decree_id for row in rows} == {decree_id}
    assert [row.post for row in rows] == [f"Ketua RT 00{one}/007, Siantan Tengah" for one in (1, 2, 3)]
    assert bill_of(upload_id).amount_rupiah == 3 * 3 * FULL
    budget = decrees.budget_of(decrees.get(decree_id))
    assert (budget.committed_rupiah, budget.paid_rupiah, budget.people) == (9 * FULL, 0, 3)
    receive(bill_of(upload_id), 9 * FULL, "one")
    assert decrees.budget_of(decrees.get(decree_id)).paid_rupiah == 9 * FULL


def test_an_office_has_one_holder_in_a_file_and_under_a_decree(app: Flask, cast: Cast) -> None:
    decree_id = in_force(cast)
    twice = [heads(1)[0], [nik(5), "Murni", "Ketua RT", "ketua rt", "RT 1 / RW 7", "siantan tengah"]]
    upload_id = listed(cast, decree_id, twice)
    assert kinds(upload_id) == [None, Kind.post_twice]
    with transaction():
        row = queries.get(upload_id, lock=True)
        number = max(one.row_number for one in queries.rows_by_number(upload_id, [2, 3]))
        assert service.revise(actor=member(cast), upload=row, changes={number: {"rt_rw": "002/007"}}) == 1
    applied(cast, upload_id)
    other = listed(cast, decree_id, [[nik(9), "Halimah", "Ketua RT", "Ketua RT", "1/7", "Siantan Tengah"]])
    assert kinds(other) == [Kind.post_held]


def test_a_ceiling_is_told_before_it_is_submitted_and_held_when_two_lists_race(app: Flask, cast: Cast) -> None:
    decree_id = in_force(cast, ceiling_rupiah=5 * 3 * FULL)
    with pytest.raises(decree_rules.OverCeiling) as no:
        decide(cast, "rina", service.submit, listed(cast, decree_id, heads(7)))
    assert no.value.params["people"] == 2
    first, second = listed(cast, decree_id, heads(3, 20)), listed(cast, decree_id, heads(4, 40))
    for upload_id in (first, second):
        decide(cast, "rina", service.submit, upload_id)
        decide(cast, "budi", service.confirm, upload_id)
    for upload_id in (first, second):
        applying.apply(upload_id)
    assert (len(promises(first)), len(promises(second))) == (3, 2)
    assert kinds(second) == [None, None, Kind.over_ceiling, Kind.over_ceiling]
    assert decrees.budget_of(decrees.get(decree_id)).left_rupiah == 0


# ---- private sponsors give way -------------------------------------------------------------------------------------------------


def protected(cast: Cast, *, paid: bool = True) -> int:
    """The woman of the list's first row, for whom Sari pays from December to May; the id of her bill."""
    order_id = promise(cast.ids["sari"], answers(nik=nik(0)))
    if paid:
        receive(payments.get_order(order_id), 92_400, "sari")
    return order_id


def payers(order_id: int) -> list[tuple[str, str]]:
    """Her living months, each with who pays it."""
    rows = coverage.months_of_worker(payments.get_order(order_id).sponsorship.worker_id)
    return [(str(row.month), row.payer_kind.value) for row in sorted(rows, key=lambda row: row.month)]


@pytest.mark.parametrize("paid", [False, True])
def test_a_private_sponsor_gives_way_for_the_decrees_months_alone(app: Flask, cast: Cast, paid: bool) -> None:
    order_id = protected(cast, paid=paid)
    upload_id = listed(cast, in_force(cast), heads(2))
    assert kinds(upload_id) == [None, None]
    assert takeover.count_crossing(queries.get(upload_id)) == 1
    applied(cast, upload_id)
    city = [(str(JANUARY + step), "government") for step in range(3)]
    assert payers(order_id) == [("2026-12", "private"), *city, ("2027-04", "private"), ("2027-05", "private")]
    waiting = giving_way.list_waiting(payments.get_order(order_id).sponsorship)
    assert sum(one.amount_rupiah for one in waiting) == (3 * FULL if paid else 0)
    told = db.session.scalars(select(Notice).where(Notice.kind == "taken_over")).one()
    assert told.person_id == cast.sari.id
    assert ("Rp50.400" in told.body) == paid


def test_nothing_gives_way_before_the_second_person_has_agreed(app: Flask, cast: Cast) -> None:
    order_id = protected(cast)
    upload_id = listed(cast, in_force(cast), heads(2))
    decide(cast, "rina", service.submit, upload_id)
    assert {payer for _month, payer in payers(order_id)} == {"private"}


def test_months_at_bpjs_stay_with_who_paid_them(app: Flask, cast: Cast) -> None:
    order_id = protected(cast)
    with transaction():
        for row in payments.months_of_order(order_id):
            if row.month == JANUARY:
                row.sending_at = clock.now()  # in a batch that sets out for BPJS
    upload_id = listed(cast, in_force(cast), heads(2))
    assert kinds(upload_id) == [Kind.covered, None]
    assert takeover.count_crossing(queries.get(upload_id)) == 0
    applied(cast, upload_id)
    assert {payer for _month, payer in payers(order_id)} == {"private"}


def unpaid(upload_id: int) -> None:
    """The city's bill closes without money."""
    with transaction():
        settling.close_unpaid(payments.get_order(bill_of(upload_id).id, lock=True), reason="time over")


def test_while_the_public_bill_is_not_paid_no_money_goes_back_by_itself(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    protected(cast)
    upload_id = listed(cast, in_force(cast), heads(2))
    applied(cast, upload_id)
    assert bills.invoice_of(bill_of(upload_id).id).due_on == clock.today() + timedelta(days=45)
    later = clock.now() + timedelta(days=giving_way.WAIT_DAYS + 1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert giving_way.return_unanswered() == 0
    receive(bill_of(upload_id), 2 * 3 * FULL, "bill")
    assert giving_way.return_unanswered() == 1


def test_when_the_public_bill_is_never_paid_the_private_money_protects_again(app: Flask, cast: Cast) -> None:
    order_id = protected(cast)
    before = payers(order_id)
    upload_id = listed(cast, in_force(cast), heads(2))
    applied(cast, upload_id)
    unpaid(upload_id)
    assert payers(order_id) == before
    assert giving_way.list_waiting(payments.get_order(order_id).sponsorship) == []
    told = db.session.scalars(select(Notice).where(Notice.kind == "taken_back")).one()
    assert told.person_id == cast.sari.id and "Januari 2027" in told.body


def test_who_has_asked_for_her_money_keeps_it(app: Flask, cast: Cast) -> None:
    order_id = protected(cast)
    upload_id = listed(cast, in_force(cast), heads(2))
    applied(cast, upload_id)
    with transaction():
        giving_way.send_back(actor=cast.sari, sponsorship=payments.get_order(order_id).promise)
    unpaid(upload_id)
    assert [month for month, _payer in payers(order_id)] == ["2026-12", "2027-04", "2027-05"]


def test_a_promise_that_gave_way_wholly_and_was_never_approved_does_not_come_back_by_itself(app: Flask, cast: Cast) -> None:
    order_id = promise(cast.ids["sari"], answers(nik=nik(0), first_month="2027-01", count=3))
    receive(payments.get_order(order_id), 3 * FULL, "sari")
    upload_id = listed(cast, in_force(cast), heads(2))
    applied(cast, upload_id)
    unpaid(upload_id)
    assert payers(order_id) == []
    [waiting] = giving_way.list_waiting(payments.get_order(order_id).promise)
    assert waiting.amount_rupiah == 3 * FULL, "it waits for her word as before"


# ---- an office changes hands ---------------------------------------------------------------------------------------------------


def paid_list(cast: Cast, count: int = 2) -> tuple[int, int]:
    """A decree with so many heads whose bill is paid; ids of the decree and the list."""
    decree_id = in_force(cast)
    upload_id = listed(cast, decree_id, heads(count))
    applied(cast, upload_id)
    receive(bill_of(upload_id), count * 3 * FULL, "bill")
    return decree_id, upload_id


def handed_over(cast: Cast, decree_id: int, leaves_id: int, last: Month, number: str = "") -> int:
    with transaction():
        upload = replacing.start(
            actor=member(cast),
            decree=decrees.get(decree_id),
            leaves=db.session.get_one(Sponsorship, leaves_id),
            last=last,
            cells={"nik": number or nik(70), "name": "Murniati", "phone": ""},
            name="Ganti Ketua RT",
        )
        db.session.flush()
        upload_id = upload.id
    service.check_file(upload_id)
    return upload_id


def test_the_new_holder_begins_where_the_old_one_ends_with_the_same_money(app: Flask, cast: Cast) -> None:
    decree_id, upload_id = paid_list(cast)
    old = promises(upload_id)[0]
    before = decrees.budget_of(decrees.get(decree_id))
    change = handed_over(cast, decree_id, old.id, JANUARY)
    assert kinds(change) == [None]
    applied(cast, change)
    [new] = promises(change)
    assert (new.post, new.first_month, new.last_month) == (old.post, JANUARY + 1, JANUARY + 2)
    assert db.session.get_one(Sponsorship, old.id).last_month == JANUARY
    states = {row.month: row.state for row in coverage.months_of_sponsorship(new.id)}
    assert states == {JANUARY + 1: MonthState.paid, JANUARY + 2: MonthState.paid}
    assert queries.get(change).order_id is None
    after = decrees.budget_of(decrees.get(decree_id))
    assert (after.committed_rupiah, after.paid_rupiah) == (before.committed_rupiah, before.paid_rupiah)
    assert db.session.scalars(select(Suspense).where(Suspense.state == SuspenseState.open)).all() == []
    holders = decrees.list_holders(decrees.get(decree_id), 0).items
    assert [one.over for one in holders] == [True, False, False]


def test_an_unpaid_or_remitted_office_is_not_handed_over(app: Flask, cast: Cast) -> None:
    decree_id = in_force(cast)
    upload_id = listed(cast, decree_id, heads(1))
    applied(cast, upload_id)
    [old] = promises(upload_id)
    with pytest.raises(rules.UnpaidHandOver):
        handed_over(cast, decree_id, old.id, JANUARY)
    with pytest.raises(rules.NothingToHandOver):
        handed_over(cast, decree_id, old.id, JANUARY + 2)


def test_a_copied_decree_names_those_who_still_hold_an_office(app: Flask, cast: Cast) -> None:
    decree_id, upload_id = paid_list(cast, 3)
    rows = promises(upload_id)
    with transaction():
        for row in rows:
            held = db.session.get_one(Sponsorship, row.id)
            held.review_state, held.term_state = ReviewState.approved, TermState.running
        db.session.get_one(Sponsorship, rows[0].id).last_month = JANUARY
    with transaction():
        before = decrees.get(decree_id)
        later = decree_rules.next_year(before.facts)
        again = decree_verbs.write(
            actor=member(cast),
            facts=replace(later, number="9/2027", budget_year=2027, **LATER),
            name="sk.pdf",
            data=PDF,
            copied_from=before,
        )
        db.session.flush()
        again_id = again.id
    act(cast, "rina", decree_verbs.propose, again_id)
    act(cast, "budi", decree_verbs.put_in_force, again_id)
    with transaction():
        upload = renewing.copy_holders(actor=member(cast), decree=decrees.get(again_id), name="Salinan")
        db.session.flush()
        copied = upload.id
    assert service.check_file(copied) == rules.UploadState.checked
    assert kinds(copied) == [None, None]
    applied(cast, copied)
    assert [row.post for row in promises(copied)] == [row.post for row in rows[1:]]
    with transaction():  # the books want a decision behind an approval; this test is about who is named
        for row in rows:
            held = db.session.get_one(Sponsorship, row.id)
            held.review_state, held.term_state, held.last_month = ReviewState.submitted, TermState.waiting, JANUARY + 2


# ---- the pages -----------------------------------------------------------------------------------------------------------------


def test_a_list_and_a_new_holder_on_the_pages(app: Flask, cast: Cast, as_: As) -> None:
    decree_id, upload_id = paid_list(cast)
    home, rina, budi = f"/perusahaan/{cast.khatulistiwa.ref}", as_("rina"), as_("budi")
    row, code = decrees.get(decree_id), promises(upload_id)[0].code
    decree, number = f"{home}/sk/{row.ref}", row.number
    page = rina.get(decree).sees("Ketua RT 001/007, Siantan Tengah", "Ganti", "Rp100.800", "tersisa Rp9.899.200")
    assert page.statements <= 12
    ask = f"{decree}/ganti/{code}"
    rina.get(ask).sees("Ganti Ketua RT 001/007", "Januari 2027", "Siapkan mutasi")
    budi.get(ask).misses("Siapkan mutasi")
    wrong = rina.post(ask, {"last_month": "2027-01", "nik": "", "name": ""})
    assert wrong.status == 422
    sent = rina.post(ask, {"last_month": "2027-01", "nik": nik(80), "name": "Murniati", "phone": ""})
    assert sent.status == 303
    jobs.work()
    rina.get(sent.location).sees("Semua 1 baris siap", "Anggaran SK")
    change_id = db.session.scalars(select(UploadRow.upload_id).order_by(UploadRow.id.desc())).first()
    assert change_id is not None
    applied(cast, change_id)
    rina.get(sent.location).sees("1 pekerja diajukan")
    rina.get(decree).sees("Diganti atau berhenti", "Murniati")
    as_("dewi").get(f"/petugas/unggahan/{queries.get(change_id).ref}").sees("Dibayar dari bulan yang dialihkan", number)
