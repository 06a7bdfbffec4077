"""Waiting, thanks, going on, stopping and receipts: what they say, to whom, and that looking writes nothing."""

from collections.abc import Callable
from datetime import timedelta

from sertakan.coverage import service as coverage_service
from sertakan.coverage.rules import MonthState
from sertakan.db import transaction
from sertakan.kit import clock
from sertakan.payments import jobs, queries
from sertakan.payments.models import Order, Receipt
from sertakan.payments.rules import OrderState
from sertakan.sponsorships import links
from sertakan.sponsorships import queries as sponsorship_queries
from sertakan.sponsorships import service as sponsorship_service
from sertakan.sponsorships.rules import RENEW, ReviewState
from tests.page import PageClient
from tests.payments.conftest import Till, answers
from tests.payments.test_check import PATH, PAYER, walk
from tests.payments.test_refunds import _decide

As = Callable[[str], PageClient]


def wait_path(till: Till, order_id: int) -> str:
    return f"/bayar/{till.order(order_id).ref}"


def approve(till: Till, order_id: int) -> None:
    with transaction():
        sponsorship = sponsorship_queries.get(till.order(order_id).sponsorship_id, lock=True)
        sponsorship_service.move_review(actor="system", sponsorship=sponsorship, to=ReviewState.approved)
        _decide(till, sponsorship)
        sponsorship_service.start_if_ready(sponsorship)


# ---- waiting -------------------------------------------------------------------------------------------------------------------


def test_the_waiting_page_says_what_is_owed_and_looks_again_by_itself(till: Till, client: PageClient) -> None:
    order_id = till.open()
    page = client.get(wait_path(till, order_id))
    page.sees("Bayar Rp92.400", "Menunggu pembayaran", "Saya sudah bayar, cek sekarang", "Berlaku sampai 11.00 WIB")
    assert page.response.headers["Refresh"] == "20"
    page.misses("Sumiati", "6171")


def test_looking_never_settles_and_the_button_does(till: Till, client: PageClient) -> None:
    order_id = till.open()
    till.act(order_id, "pay")
    path = wait_path(till, order_id)
    for _ in range(2):
        assert client.get(path).status == 200
        assert client.get(path + "/status").status == 200
    assert till.order(order_id).state is OrderState.open
    assert client.post(path, {"look": "y"}).location == path
    assert till.order(order_id).state is OrderState.paid
    thanks = client.follow(client.get(path))
    assert thanks.path == f"/terima-kasih/{till.sponsorship(order_id).code}"


def test_the_part_that_changes_tells_the_script_where_to_go(till: Till, client: PageClient) -> None:
    order_id = till.open()
    part = client.get(wait_path(till, order_id) + "/status")
    assert "data-go" not in part.html and "<html" not in part.html
    till.act(order_id, "pay")
    till.tell()
    assert f'data-go="/terima-kasih/{till.sponsorship(order_id).code}"' in client.get(wait_path(till, order_id) + "/status").html


def test_each_state_has_its_words(till: Till, client: PageClient) -> None:
    declined, transfer, expired = till.open(), till.open(), till.open()
    till.act(declined, "decline")
    till.act(transfer, "later")
    till.tell()
    with transaction():
        queries.get_order(expired, lock=True).expires_at = clock.now() - timedelta(hours=1)
    jobs.expire_orders()
    client.get(wait_path(till, declined)).sees("Pembayaran terakhir ditolak", "Uang Anda tidak terpotong")
    client.get(wait_path(till, transfer)).sees("Menunggu transfer Anda", "23 November 2026")
    page = client.get(wait_path(till, expired))
    page.sees("Tagihan ini sudah tidak berlaku", "Buat tagihan baru")
    assert "Refresh" not in page.response.headers


def test_an_expired_bill_can_be_made_anew_while_its_months_are_free(till: Till, client: PageClient) -> None:
    given = answers()
    order_id = till.open(given=given)
    with transaction():
        queries.get_order(order_id, lock=True).expires_at = clock.now() - timedelta(hours=1)
    jobs.expire_orders()
    path = wait_path(till, order_id)
    assert client.post(path, {"again": "y"}).location.startswith(till.sandbox.url)
    second = till.all(Order)[1]
    assert second.attempt == 2 and second.sponsorship_id == till.order(order_id).sponsorship_id
    till.act(second.id, "pay")
    till.tell()
    assert till.states(order_id) == {"paid"}
    assert client.post(path, {"again": "y"}).status == 409


def test_months_that_somebody_took_are_told_instead_of_a_new_bill(till: Till, client: PageClient) -> None:
    given = answers()
    order_id = till.open(given=given)
    with transaction():
        queries.get_order(order_id, lock=True).expires_at = clock.now() - timedelta(hours=1)
    jobs.expire_orders()
    till.open("tono", given.but(count=1, contact="tono@contoh.test"))
    page = client.post(wait_path(till, order_id), {"again": "y"})
    assert page.status == 409
    page.sees("sudah ada yang menanggung")


def test_a_bill_of_nobody_is_not_there(till: Till, client: PageClient) -> None:
    assert client.get("/bayar/AAAAAAAAAAAAAAAAAAAAAA").status == 404
    assert client.post("/bayar/AAAAAAAAAAAAAAAAAAAAAA", {"look": "y"}).status == 404


def test_money_that_goes_back_is_said_on_the_page(till: Till, client: PageClient) -> None:
    order_id = till.open()
    with transaction():
        sponsorship = sponsorship_queries.get(till.order(order_id).sponsorship_id, lock=True)
        sponsorship_service.withdraw(actor="system", sponsorship=sponsorship, reason="test")
    till.act(order_id, "pay")
    till.tell()
    client.get(wait_path(till, order_id)).sees("Uang Anda kembali", "kembali utuh")
    assert client.get(f"/terima-kasih/{till.sponsorship(order_id).code}").status == 404


# ---- thanks --------------------------------------------------------------------------------------------------------------------


def test_thanks_come_with_a_number_and_dated_next_steps(till: Till, client: PageClient) -> None:
    walk(client)
    client.post(PATH, PAYER)
    order_id = till.all(Order)[0].id
    till.act(order_id, "pay")
    till.tell()
    code = till.sponsorship(order_id).code
    page = client.get(f"/terima-kasih/{code}")
    page.sees("Terima kasih, pembayaran diterima", "Sumiati", "1 Desember 2026", "Senin, 23 November 2026", code)
    page.sees("Lindungi satu orang lagi", "Bagikan ke WhatsApp", "31 Mei 2027")
    page.misses("Terlindungi")


def test_another_browser_with_the_code_learns_no_name(till: Till, client: PageClient, as_: As) -> None:
    code = till.sponsorship(till.paid()).code
    for visitor in (client, as_("stranger")):
        visitor.get(f"/terima-kasih/{code}").sees("pekerja yang Anda pilih").misses("Sumiati", "Sari")
    as_("sari").get(f"/terima-kasih/{code}").sees("Sumiati")


# ---- going on ------------------------------------------------------------------------------------------------------------------


def renewal(till: Till) -> tuple[int, str, str]:
    """An approved sponsorship on the day before its last month, with a link to renew it."""
    order_id = till.paid()
    approve(till, order_id)
    with transaction():
        token = links.make_link(sponsorship=till.sponsorship(order_id), purpose=RENEW, days=365)
    return order_id, token, till.sponsorship(order_id).code


def test_renewing_takes_two_taps_and_shows_each_months_price(till: Till, client: PageClient) -> None:
    order_id, token, _code = renewal(till)
    with clock.frozen(clock.now() + timedelta(days=160)):
        page = client.get(f"/p/{token}")
        page.sees("Perpanjang Sumiati", "31 Mei 2027", "Rp100.800", "Jun 2027 – Nov 2027: Rp16.800 per bulan")
        page.misses("6171", "sari@")
        assert client.post(f"/p/{token}", {"count": "6", "total": "100800"}).location.startswith(till.sandbox.url)
        second = till.all(Order)[1]
        assert second.sponsorship_id == till.order(order_id).sponsorship_id
        assert str(till.sponsorship(order_id).last_month) == "2027-05", "the end grows only with money"
        till.act(second.id, "pay")
        till.tell()
        assert str(till.sponsorship(order_id).last_month) == "2027-11"
        client.get(f"/p/{token}").sees("Sudah diperpanjang", "30 November 2027")


def test_a_bill_that_waits_is_offered_before_another_is_made(till: Till, client: PageClient) -> None:
    _order_id, token, _code = renewal(till)
    with clock.frozen(clock.now() + timedelta(days=160)):
        client.post(f"/p/{token}", {"count": "1", "total": "16800"})
        client.get(f"/p/{token}").sees("tagihan Rp16.800 yang belum dibayar", "Bayar tagihan itu")


def test_a_made_up_or_old_link_explains_itself(till: Till, client: PageClient) -> None:
    _order_id, token, _code = renewal(till)
    assert client.get("/p/made-up").status == 410
    with clock.frozen(clock.now() + timedelta(days=366)):
        client.get(f"/p/{token}").sees("kedaluwarsa")


def test_nonsense_renews_nothing(till: Till, client: PageClient) -> None:
    _order_id, token, _code = renewal(till)
    with clock.frozen(clock.now() + timedelta(days=160)):
        for data in ({}, {"count": "7"}, {"count": "-1"}, {"count": "x" * 10_000}, {"count": "6", "total": "1"}, {"count": "١٢"}):
            assert client.post(f"/p/{token}", data).status in (409, 422)
        assert len(till.all(Order)) == 1


def test_only_the_owner_renews_when_signed_in(till: Till, as_: As, client: PageClient) -> None:
    _order_id, _token, code = renewal(till)
    with clock.frozen(clock.now() + timedelta(days=160)):
        as_("sari").get(f"/dukungan/{code}/perpanjang").sees("Perpanjang Sumiati")
        assert as_("tono").get(f"/dukungan/{code}/perpanjang").status == 404
        assert as_("tono").post(f"/dukungan/{code}/perpanjang", {"count": "6", "total": "100800"}).status == 404
        assert client.get(f"/dukungan/{code}/perpanjang").location == "/masuk"


# ---- stopping ------------------------------------------------------------------------------------------------------------------


def test_stopping_says_first_what_it_means_and_gives_back_exactly_that(till: Till, as_: As) -> None:
    order_id = till.paid()
    approve(till, order_id)
    with transaction():
        month = queries.months_of_order(order_id)[0]
        coverage_service.move(actor="system", month=month, to=MonthState.remitted)
    code, sari = till.sponsorship(order_id).code, as_("sari")
    page = sari.get(f"/dukungan/{code}/batal")
    page.sees("Rp84.000", "Januari 2027", "tetap berlaku untuk pekerja", "Desember 2026", "tidak dapat dibatalkan")
    assert sari.post(f"/dukungan/{code}/batal", {"refund": "92400"}).status == 409
    assert till.sponsorship(order_id).term_state == "running"
    assert sari.post(f"/dukungan/{code}/batal", {"refund": "84000"}).location == f"/dukungan/{code}"
    till.send_refunds()
    assert till.months(order_id)["2026-12"] == "remitted" and till.months(order_id)["2027-01"] == "refunded"
    assert [refund.amount_rupiah for refund in till.refunds] == [84_000]
    sari.get(f"/dukungan/{code}/batal").sees("sudah berakhir atau dibatalkan")
    assert sari.post(f"/dukungan/{code}/batal", {"refund": "0"}).status == 409


def test_nobody_else_stops_it(till: Till, as_: As, client: PageClient) -> None:
    order_id = till.paid()
    code = till.sponsorship(order_id).code
    for visitor in (as_("tono"), as_("dewi")):
        assert visitor.get(f"/dukungan/{code}/batal").status == 404
        assert visitor.post(f"/dukungan/{code}/batal", {"refund": "92400"}).status == 404
    assert client.post(f"/dukungan/{code}/batal", {"refund": "92400"}).status == 303
    assert till.states(order_id) == {"paid"}


# ---- receipts ------------------------------------------------------------------------------------------------------------------


def test_liberapay_1684_a_receipt_lists_every_month_and_no_whole_nik(till: Till, client: PageClient, as_: As) -> None:
    given = answers()
    order_id = till.paid(given=given)
    receipt = till.all(Receipt)[0]
    page = client.get(f"/bukti/{receipt.ref}")
    page.sees("KW-2026-000001", "Desember 2026", "Mei 2027", "Rp8.400", "Rp92.400", "Sari Wulandari", "Sumiati")
    page.sees("bukan dokumen BPJS Ketenagakerjaan", f"berakhiran {given.nik[-4:]}").misses(given.nik, given.nik[:12])
    code = till.sponsorship(order_id).code
    as_("sari").get(f"/dukungan/{code}/bukti").sees("KW-2026-000001", "Unduh PDF")
    assert as_("tono").get(f"/dukungan/{code}/bukti").status == 404
    assert client.get("/bukti/AAAAAAAAAAAAAAAAAAAAAA").status == 404


def test_a_receipt_on_paper_is_a_pdf_in_both_languages(till: Till, client: PageClient) -> None:
    till.paid()
    ref = till.all(Receipt)[0].ref
    for path in (f"/bukti/{ref}.pdf", f"/en/bukti/{ref}.pdf"):
        answer = client.get(path).response
        assert answer.mimetype == "application/pdf" and answer.data.startswith(b"%PDF-")
        assert answer.headers["Content-Disposition"] == 'inline; filename="KW-2026-000001.pdf"'
    assert client.get("/bukti/AAAAAAAAAAAAAAAAAAAAAA.pdf").status == 404


def test_a_receipt_shows_what_went_back(till: Till, client: PageClient, as_: As) -> None:
    order_id = till.paid()
    code, sari = till.sponsorship(order_id).code, as_("sari")
    sari.post(f"/dukungan/{code}/batal", {"refund": "92400"})
    till.send_refunds()
    client.get(f"/bukti/{till.all(Receipt)[0].ref}").sees("dikembalikan", "Sudah dikembalikan")
    sari.get(f"/dukungan/{code}/bukti").sees("Uang yang kembali", "Sudah dikembalikan")


def test_the_worker_from_the_list_stays_coarse_on_paper(till: Till, client: PageClient) -> None:
    order_id = till.paid()
    with transaction():
        till.order(order_id)
        sponsorship = sponsorship_queries.get(till.order(order_id).sponsorship_id, lock=True)
        sponsorship.chosen_from_list = True
    client.get(f"/bukti/{till.all(Receipt)[0].ref}").sees("Ibu S.").misses("Sumiati", "berakhiran")
