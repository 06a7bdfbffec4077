"""Money that does not go straight: declined, later, closed, twice, sent back, two payers for one month."""

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser import journey
from tests.browser.journey import Wish
from tests.browser.site import Site
from tests.browser.visitor import DESK, Visitor


def test_a_declined_payment_can_be_tried_again(visit: Callable[..., Visitor]) -> None:
    v = visit()
    journey.to_payment_page(v, Wish())
    v.press("Tolak pembayaran")
    v.sees("Pembayaran ditolak bank. Uang Anda tidak terpotong. Silakan coba lagi atau pilih cara lain.")
    journey.pay(v)


def test_a_transfer_is_waited_for_and_comes_in(visit: Callable[..., Visitor]) -> None:
    v = visit()
    journey.to_payment_page(v, Wish())
    v.press("Bayar nanti lewat transfer")
    bank = v.page.url
    v.page.locator("a.back").click()
    v.page.wait_for_url(re.compile("/bayar/"))
    v.sees("Menunggu transfer Anda.")
    teller = v.context.new_page()
    teller.goto(bank)
    teller.get_by_role("button", name="Selesaikan pembayaran tertunda").click()
    teller.close()
    journey.thanked(v)


def test_who_closes_the_payment_page_finds_the_bill_again(visit: Callable[..., Visitor]) -> None:
    v = visit()
    journey.to_payment_page(v, Wish())
    v.follow("Batal dan kembali")
    v.page.wait_for_url(re.compile("/bayar/"))
    v.heading("Bayar Rp92.400")
    v.go("/lindungi/periksa")  # the form has become this bill: nobody makes it twice
    v.page.wait_for_url(re.compile("/bayar/"))
    v.follow("Buka halaman pembayaran")
    journey.pay(v)


def test_a_payment_made_twice_is_sent_back_once(visit: Callable[..., Visitor], site: Site) -> None:
    v, wish = visit(), Wish()
    journey.to_payment_page(v, wish)
    v.press("Bayar dua kali")
    code = journey.thanked(v)
    notice = v.message(wish.contact, "Uang Anda sudah dikembalikan")
    assert "Rp92.400" in notice and code in notice
    v.sign_in(wish.contact)
    v.go(f"/dukungan/{code}/bukti")
    v.sees("Uang yang kembali")
    expect(v.page.locator("ol.months, main li.card")).to_have_count(1)
    site.books_are_clean()


def test_a_rejection_says_why_and_sends_the_money_back(visit: Callable[..., Visitor], officer: Visitor, site: Site) -> None:
    v, wish = visit(), Wish(name="Rukiah")
    code = journey.protect(v, wish)
    officer.go(f"/petugas/antrean/{code}")
    officer.page.get_by_text("Tolak", exact=True).first.click()
    officer.button("Tolak dan kembalikan %(amount)s", amount="Rp92.400").click()
    officer.sees("Pilih alasannya dulu")
    officer.choose("Pekerja tidak setuju didaftarkan")
    officer.field("Penjelasan untuk penanggung").fill("Beliau menolak lewat telepon.")
    officer.button("Tolak dan kembalikan %(amount)s", amount="Rp92.400").click()
    officer.sees("%(code)s ditolak. Dana yang belum disetor dikembalikan penuh.", code=code)
    told = v.message(wish.contact, "Dukungan Anda belum dapat disetujui")
    assert "Pekerja tidak setuju didaftarkan" in told and "Beliau menolak lewat telepon." in told and "Rp92.400" in told
    v.message(wish.contact, "Uang Anda sudah dikembalikan")
    v.sign_in(wish.contact)
    v.go(f"/dukungan/{code}")
    v.sees("Ditolak petugas")
    site.books_are_clean()


def test_an_officer_asks_and_the_resident_answers(visit: Callable[..., Visitor], officer: Visitor) -> None:
    v, wish = visit(), Wish(name="Halimah")
    code = journey.protect(v, wish)
    officer.go(f"/petugas/antrean/{code}")
    officer.page.get_by_text("Tanya penanggung", exact=True).click()
    officer.field("Pertanyaan").fill("Sejak kapan ia bekerja di rumah Ibu?")
    officer.press("Kirim pertanyaan")
    officer.sees("Pertanyaan untuk %(code)s sudah dikirim.", code=code)
    v.message(wish.contact, "Petugas membutuhkan jawaban Anda")
    v.sign_in(wish.contact)
    v.go(f"/dukungan/{code}")
    v.sees("Sejak kapan ia bekerja di rumah Ibu?")
    v.field("Jawaban Anda").fill("Sejak Januari 2020.")
    v.press("Kirim jawaban")
    v.arrives(f"/dukungan/{code}")
    officer.go(f"/petugas/antrean?cari={code}")
    expect(officer.page.locator("tbody tr")).to_have_count(1)
    officer.go(f"/petugas/antrean/{code}")
    officer.sees("Sejak Januari 2020.")


def test_stopping_says_first_what_it_means(visit: Callable[..., Visitor], site: Site) -> None:
    v, wish = visit(), Wish(name="Norma", months=3)
    code = journey.protect(v, wish)
    v.sign_in(wish.contact)
    v.go(f"/dukungan/{code}")
    v.page.locator("a.card--link").filter(has_text="Berhenti").click()
    v.heading("Hentikan dukungan untuk Norma?")
    v.sees("Yang terjadi bila Anda menghentikan")
    v.sees("Uang yang kembali")
    v.follow("Tidak jadi")
    v.arrives(f"/dukungan/{code}")
    v.go(f"/dukungan/{code}/batal")
    v.press("Hentikan, kembalikan %(amount)s", amount="Rp42.000")
    v.arrives(f"/dukungan/{code}")
    v.sees("Dibatalkan")
    v.message(wish.contact, "Uang Anda sudah dikembalikan")
    site.books_are_clean()


def test_of_two_residents_one_wins_and_the_other_is_offered_the_next_free_month(visit: Callable[..., Visitor]) -> None:
    first, second = visit(), visit()
    wish = Wish(name="Asmah", months=1)
    journey.to_check(first, wish)
    journey.to_check(second, Wish(name="Asmah", nik=wish.nik, months=1, contact="lain@contoh.test", sponsor="Lina Tan"))
    journey.pay_button(first)
    first.page.wait_for_url(first.site.env["STRIPE_API_BASE"] + "/pay/**")
    journey.pay_button(second)
    second.sees("Isian Anda masih utuh dan belum ada yang dibayar.")
    expect(second.page.locator("main")).not_to_contain_text("Ratna")
    expect(second.field("Nama Anda")).to_have_value("Lina Tan")
    second.press("Mulai %(month)s", month="Januari 2027")
    second.arrives("/lindungi/periksa")
    expect(second.page.locator("ol.prices")).to_contain_text("Jan 2027")
    second.page.locator("input[name=risk_read]").check()
    journey.pay_button(second)
    second.page.wait_for_url(second.site.env["STRIPE_API_BASE"] + "/pay/**")
    journey.pay(second)
    journey.pay(first)


def test_a_waiting_worker_is_chosen_in_three_steps_and_by_one_person_only(visit: Callable[..., Visitor]) -> None:
    chooser, other = visit(), visit(size=DESK)
    chooser.go("/pekerja")
    card = chooser.page.locator("li.card").nth(2)
    title = re.sub(r",.*", "", card.locator("h2").inner_text())
    path = card.get_by_role("link").get_attribute("href") or ""
    card.get_by_role("link").click()
    chooser.press("Lindungi %(title)s", title=title)
    chooser.arrives("/lindungi/lama")
    expect(chooser.page.locator("main")).to_contain_text(title)
    assert other.go(path).status == 409
    other.sees("Pilih yang lain")
    other.go("/pekerja")
    assert other.page.locator(f"a[href='{path}']").count() == 0
    chooser.press("Lanjut")
    chooser.arrives("/lindungi/periksa")
    expect(chooser.page.locator("main")).not_to_contain_text("NIK")
    wish = Wish()
    journey.fill_check(chooser, wish)
    journey.pay_button(chooser)
    chooser.page.wait_for_url(chooser.site.env["STRIPE_API_BASE"] + "/pay/**")
    code = journey.pay(chooser)
    chooser.sign_in(wish.contact)
    chooser.go(f"/dukungan/{code}")
    chooser.heading(title)
