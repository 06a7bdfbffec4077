"""The pages of a balance: who may do what, what is said, and what nobody else sees."""

from collections.abc import Callable

import pytest
from flask import Flask

from sertakan.accounts.models import MemberRole, OrganisationKind
from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.kit.months import Month
from sertakan.payments import bills
from sertakan.payments.models import Order, PayoutAccount
from sertakan.payments.rules import OrderState
from sertakan.places import queries as places
from sertakan.pool.models import PoolRule
from sertakan.pool.rules import RuleState
from sertakan.tariff.queries import get_occupation
from tests.cast import Cast
from tests.page import PageClient
from tests.payments.test_bills import AMOUNT, open_bill
from tests.pool.money import have, member, paid_ahead, rule, run, top_up
from tests.workers.people import JAWI, crowd

As = Callable[..., PageClient]


@pytest.fixture
def base(cast: Cast) -> str:
    return f"/perusahaan/{cast.khatulistiwa.ref}"


def share(order_id: int) -> str:
    return bills.invoice_of(order_id).share_ref


def test_a_maker_tops_up_and_the_bill_says_what_it_is_for(cast: Cast, as_: As, base: str) -> None:
    rina = as_("rina")
    rina.get(f"{base}/saldo").sees("Saldo sekarang", "Rp0", "Belum ada aturan")
    page = rina.follow(rina.post(f"{base}/saldo", {"amount": "5.000.000"}))
    page.sees("Isi saldo Rp5.000.000", "Tidak hangus", "Nomor virtual account", "8808800000").misses("pekerja</p>")
    rina.get(f"{base}/tagihan").sees("Isi saldo").misses("Keluarkan pekerja", "Bayar dari saldo")


@pytest.mark.parametrize("typed", ["", "0", "49.999", "-100000", "10.000.000.001", "seratus"])
def test_a_wrong_amount_is_told_and_nothing_is_made(cast: Cast, as_: As, base: str, typed: str) -> None:
    page = as_("rina").post(f"{base}/saldo", {"amount": typed})
    assert page.status == 422 and db.session.query(Order).count() == 0
    assert typed in page.html


def test_the_receipt_and_both_papers_of_a_top_up_name_it(cast: Cast, as_: As, base: str) -> None:
    order_id = paid_ahead(cast, 250_000)
    rina, address = as_("rina"), share(order_id)
    page = rina.get(f"/tagihan/{address}")
    page.sees("Lunas", "Uangnya kini ada di saldo", "KW-2026-000001")
    receipt = page.html.split('href="/bukti/')[1].split('"')[0]
    rina.get(f"/bukti/{receipt}").sees("Isi saldo", "Rp250.000", "Saldo tidak hangus", "PT Khatulistiwa")
    for paper in (f"/tagihan/{address}/faktur.pdf", f"/bukti/{receipt}.pdf"):
        assert rina.http.get(paper).data.startswith(b"%PDF")


def test_a_rule_is_written_by_the_maker_put_in_force_by_the_checker_and_shown_in_words(cast: Cast, as_: As, base: str) -> None:
    group = get_occupation("pedagang_sayur").group
    typed = {
        "name": "Pedagang Flamboyan",
        "groups": group,
        "kelurahan": JAWI,
        "months": "3",
        "most_workers": "40",
        "keep_on": "y",
    }
    rina, budi = as_("rina"), as_("budi")
    rina.get(f"{base}/saldo/aturan").sees("Usulkan aturan")
    rina.follow(rina.post(f"{base}/saldo/aturan", typed)).sees(
        "Pedagang Flamboyan", "Menunggu penyetuju", "0 dari paling banyak 40 orang"
    )
    ref = db.session.query(PoolRule).one().ref
    place = places.get_kelurahan(JAWI).name
    page = budi.follow(budi.post(f"{base}/saldo/aturan/{ref}/jalankan"))
    page.sees("Berjalan", place, "3 bulan untuk setiap orang", "diperpanjang lebih dulu")
    assert db.session.query(PoolRule).one().state is RuleState.open
    budi.follow(budi.post(f"{base}/saldo/aturan/{ref}/tutup")).sees("Ditutup", "Yang sudah terbayar tetap berlaku")
    budi.follow(budi.post(f"{base}/saldo/aturan/{ref}/jalankan")).sees("sudah berpindah tahap")


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"months": "13"},
        {"months": "0"},
        {"most_workers": "0"},
        {"most_workers": "10001"},
        {"kelurahan": "99.99"},
        {"groups": "x"},
    ],
)
def test_a_rule_with_a_wrong_answer_loses_nothing_that_was_typed(cast: Cast, as_: As, base: str, wrong: dict[str, str]) -> None:
    typed = {"name": "Pedagang Flamboyan", "months": "3", "most_workers": "40"} | wrong
    page = as_("rina").post(f"{base}/saldo/aturan", typed)
    assert page.status == 422 and db.session.query(PoolRule).count() == 0
    assert typed["name"] in page.html


def test_a_bill_is_paid_from_the_balance_after_a_look(cast: Cast, as_: As, base: str) -> None:
    order_id = open_bill(cast)
    paid_ahead(cast, AMOUNT + 1_000)
    budi, address = as_("budi"), share(order_id)
    budi.get(f"{base}/tagihan").sees("Bayar dari saldo")
    budi.get(f"{base}/tagihan/{address}/saldo").sees("Rp75.600", "Rp1.000")
    budi.follow(budi.post(f"{base}/tagihan/{address}/saldo")).sees("Lunas", "KW-2026-000001")
    assert (have(cast), db.session.get_one(Order, order_id).state) == (1_000, OrderState.paid)
    budi.post(f"{base}/tagihan/{address}/saldo").sees("sudah")
    as_("rina").get(f"{base}/tagihan/{address}/saldo").sees("Tagihan ini sudah selesai")


def test_too_little_is_told_before_and_after_the_button(cast: Cast, as_: As, base: str) -> None:
    order_id = open_bill(cast)
    budi, address = as_("budi"), share(order_id)
    budi.get(f"{base}/tagihan").misses("Bayar dari saldo")
    budi.get(f"{base}/tagihan/{address}/saldo").sees("Saldo tidak cukup").misses("Bayar Rp")
    page = budi.post(f"{base}/tagihan/{address}/saldo")
    assert page.status == 409
    page.sees("Saldo tidak cukup")


def test_the_month_is_told_line_by_line_and_older_ones_can_be_opened(cast: Cast, as_: As, base: str) -> None:
    crowd(cast, 6)
    paid_ahead(cast, 1_000_000)
    run(rule(cast, most_workers=2))
    rina, this = as_("rina"), clock.this_month()
    page = rina.get(f"{base}/saldo")
    page.sees("+Rp1.000.000", "−Rp67.200", "Rp932.800", "2 dari paling banyak 2 orang", "Dipakai untuk tagihan")
    rina.get(f"{base}/saldo?bulan={this + -1}").sees("Akhir bulan").misses("Rp1.000.000")
    for odd in ("2031-01", "0001-01", "x", "2026-13", ""):
        rina.get(f"{base}/saldo?bulan={odd}").sees("Rp932.800")


def test_whom_a_rule_protects_stays_unnamed(cast: Cast, as_: As, base: str) -> None:
    crowd(cast, 6)
    paid_ahead(cast, 1_000_000)
    run(rule(cast, most_workers=1))
    with transaction() as session:
        promise = session.query(bills.Sponsorship).one()
        code, nik = promise.code, promise.worker.nik
    for path in ("/pekerja", f"/pekerja/{code}", "/saldo"):
        as_("rina").get(f"{base}{path}").misses("Sumiati", "Kusumawardhani", nik)
    as_("rina").get(f"{base}/pekerja/{code}").sees("Ibu S.")


def test_finance_gives_the_account_and_nobody_else(cast: Cast, as_: As, base: str) -> None:
    paid_ahead(cast, 100_000)
    account = {"bank": "Bank Kalbar", "holder": "PT Khatulistiwa", "number": "1234567890"}
    as_("rina").get(f"{base}/saldo").misses("Beri tahu rekeningnya")
    page = as_("rina").post(f"{base}/rekening", account)
    assert (page.status, db.session.query(PayoutAccount).count()) == (409, 0)
    with transaction():
        member(cast, "budi").role = MemberRole.finance
    budi = as_("budi")
    budi.get(f"{base}/saldo").sees("Beri tahu rekeningnya")
    budi.get(f"{base}/rekening").sees("Rp100.000", "atas nama PT Khatulistiwa")
    budi.follow(budi.post(f"{base}/rekening", account)).sees("Tersimpan", "890").misses("1234567890")
    assert db.session.query(PayoutAccount).one().organisation_id == cast.company_id


def test_public_money_has_no_balance_page(cast: Cast, as_: As, base: str) -> None:
    with transaction():
        cast.khatulistiwa.kind = OrganisationKind.government
    for path in ("/saldo", "/saldo/aturan"):
        assert as_("rina").get(f"{base}{path}").status == 404
    as_("rina").get(f"{base}/tagihan").misses(f"{base}/saldo")


def test_the_pages_cost_the_same_for_one_rule_and_for_many(app: Flask, cast: Cast, as_: As, base: str) -> None:
    top_up(cast, 100_000)
    rule(cast)
    rina = as_("rina")
    one = rina.get(f"{base}/saldo")
    for _ in range(9):
        rule(cast, opened=False)
    many = rina.get(f"{base}/saldo")
    assert one.statements == many.statements <= 12
    assert Month(2026, 11) == clock.this_month()
