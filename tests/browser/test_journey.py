"""The product's promise, walked through from the first page to the renewal, in both languages."""

import re
from collections.abc import Callable
from datetime import date

import pytest
from playwright.sync_api import expect

from tests.browser import journey
from tests.browser.journey import Wish
from tests.browser.site import Site
from tests.browser.visitor import DESK, Visitor

EXCEPTION = "Sudah ditelepon, benar bekerja di rumah Ibu Ratna."


def read_month_prices(v: Visitor) -> list[str]:
    return v.page.locator("ol.prices li b").filter(visible=True).all_inner_texts()


def amount(v: Visitor, text: str) -> str:
    return text.replace(".", ",") if v.language == "en" else text


def type_wrong_then_right(v: Visitor, wish: Wish) -> None:
    """One wrong field: its sentence, the focus on it, and everything else as it was typed."""
    v.field("Nama sesuai KTP").fill(wish.name)
    v.field("Nomor HP pekerja").fill("0812 3456 7890")
    consent = v.field("Saya sudah memberi tahu pekerja dan ia setuju didaftarkan ke BPJS Ketenagakerjaan.")
    consent.check()
    v.field("NIK").fill("6171 0299 0284 1234")
    v.press("Lanjut")
    v.sees("Tanggal di NIK tidak mungkin (angka 7–12: %(digits)s). Periksa lagi.", digits="990284")
    expect(v.page).to_have_title(re.compile("^" + re.escape(v.say("Galat:"))))
    expect(v.field("NIK")).to_be_focused()
    expect(v.field("NIK")).to_have_value("6171 0299 0284 1234")
    expect(v.field("Nama sesuai KTP")).to_have_value(wish.name)
    expect(v.field("Nomor HP pekerja")).to_have_value("0812 3456 7890")
    expect(consent).to_be_checked()
    v.field("NIK").fill("")
    v.field("NIK").press_sequentially(wish.nik)
    read = v.page.locator("[data-nik-read]")
    day = f"12 {'March' if v.language == 'en' else 'Maret'} 1984"
    expect(read).to_have_text(v.say("{sex}, lahir {day}").format(sex=v.say("Perempuan"), day=day))
    v.press("Lanjut")
    v.arrives("/lindungi/lama")


def see_the_prices(v: Visitor) -> None:
    """Six months are chosen already: one at half the price, five at the full one."""
    expect(v.page.locator("input[name=count]:checked")).to_have_value("6")
    expect(v.page.locator("input[name=first_month]:checked")).to_have_value("2026-12")
    assert read_month_prices(v) == [amount(v, "Rp8.400")] + 5 * [amount(v, "Rp16.800")]
    expect(v.page.locator("[data-total]").filter(visible=True)).to_have_text(amount(v, "Rp92.400"))


def read_the_risks(v: Visitor, wish: Wish) -> None:
    """The last step shows everything again, masks the NIK and does not go on before the risks are read."""
    main = v.page.locator("main")
    expect(main).to_contain_text(wish.name)
    expect(main).to_contain_text(wish.nik[-4:])
    expect(main).not_to_contain_text(wish.nik)
    assert len(v.page.locator("ul.ul li").all()) >= 4
    v.field("Nama Anda").fill(wish.sponsor)
    v.page.locator("input[name=contact]").fill(wish.contact)
    journey.pay_button(v)
    v.sees("Centang bila Anda sudah membaca hal-hal penting sebelum membayar")
    expect(v.field("Nama Anda")).to_have_value(wish.sponsor)
    v.page.locator("input[name=risk_read]").check()
    journey.pay_button(v)
    v.page.wait_for_url(v.site.env["STRIPE_API_BASE"] + "/pay/**")


def approve(officer: Visitor, code: str, name: str) -> None:
    """Found in the queue by its number; no attestation, so a written exception is asked for."""
    officer.go("/petugas/antrean")
    officer.page.locator("input[name=cari]").fill(code)
    officer.page.locator("input[name=cari]").press("Enter")
    expect(officer.page.locator("tbody tr")).to_have_count(1)
    officer.page.get_by_role("link", name=name).click()
    officer.heading(name)
    for check in (
        "Tidak ada bulan ganda",
        "Setuju menurut penanggung; belum dari pekerja sendiri",
        "Nama sama dengan catatan kami",
    ):
        officer.sees(check)
    officer.press("Setujui")
    officer.sees("Belum ada keterangan bekerja. Tulis alasan mengapa tetap disetujui.")
    officer.field("Alasan pengecualian").fill(EXCEPTION)
    officer.press("Setujui")
    officer.sees("%(code)s disetujui. Penanggung sudah dikabari.", code=code)


def see_twelve_months(v: Visitor, code: str, paid: int) -> None:
    """Every month with its state, its price and its proof."""
    v.go(f"/dukungan/{code}")
    expect(v.page.locator("ol.months > li")).to_have_count(12)
    expect(v.page.locator("ol.months > li.mo--wait")).to_have_count(min(paid, 12))
    rows = v.page.locator("table.tbl tbody tr")
    expect(rows).to_have_count(paid)
    first = rows.first.inner_text()
    assert v.say("Dana diterima") in first and amount(v, "Rp8.400") in first


def read_receipt(v: Visitor, code: str) -> None:
    v.go(f"/dukungan/{code}/bukti")
    v.follow("Lihat")
    v.sees("Jumlah")
    expect(v.page.locator("main")).to_contain_text(amount(v, "Rp92.400"))
    paper = v.page.request.get(v.link("Unduh PDF").get_attribute("href") and f"{v.page.url}.pdf")
    assert paper.headers["content-type"] == "application/pdf"
    assert paper.body().startswith(b"%PDF")


def move_day(v: Visitor, day: date) -> None:
    """With the control of the demo."""
    v.go("/demo")
    v.page.locator("#day").fill(day.isoformat())
    v.press("Pindahkan hari")
    day_words = v.page.locator("aside.demo b").inner_text()
    assert str(day.year) in day_words and str(day.day) in day_words


def link_in(message: str) -> str:
    found = re.search(r"http://\S+/p/\S+", message)
    assert found, message
    return found.group()


def renew_in_two_taps(visit: Callable[..., Visitor], url: str, language: str, total: str) -> None:
    """The link is the first tap, the button the second: no sign-in, and the page of payment comes."""
    v = visit(language=language)
    v.page.goto(url)
    v.press("Bayar %(total)s", total=amount(v, total))
    v.page.wait_for_url(v.site.env["STRIPE_API_BASE"] + "/pay/**")
    journey.pay(v)


@pytest.mark.parametrize("language", ["id", "en"])
def test_a_resident_protects_pays_is_approved_is_reminded_and_renews(
    language: str, visit: Callable[..., Visitor], officer: Visitor, site: Site
) -> None:
    v, wish = visit(language=language), Wish()
    v.go("/")
    v.follow("Lindungi yang saya kenal")
    v.arrives("/lindungi")
    journey.choose_work(v, wish)
    type_wrong_then_right(v, wish)
    see_the_prices(v)
    v.press("Lanjut")
    v.arrives("/lindungi/periksa")
    read_the_risks(v, wish)
    code = journey.pay(v)
    v.sees("Nomor dukungan")
    site.books_are_clean()

    v.sign_in(wish.contact)
    read_receipt(v, code)
    see_twelve_months(v, code, paid=6)

    approve(officer, code, wish.name)
    v.message(wish.contact, v.say("Dukungan Anda disetujui"))
    v.go(f"/dukungan/{code}")
    v.sees("Petugas menyetujui")
    site.books_are_clean()

    move_day(v, date(2027, 5, 2))
    reminder = v.message(wish.contact, v.say("Perlindungan akan berakhir, perpanjang bila Anda mau"))
    assert amount(v, "Rp100.800") in reminder
    renew_in_two_taps(visit, link_in(reminder), language, "Rp100.800")
    see_twelve_months(v, code, paid=12)
    site.books_are_clean()

    for day, words in ((date(2027, 12, 5), "Menunggak"), (date(2028, 2, 20), "Menunggak"), (date(2028, 3, 5), "Terputus")):
        move_day(v, day)
        v.go(f"/dukungan/{code}")
        v.sees(words)
        v.sees("Perpanjang 6 bulan")
    v.message(wish.contact, v.say("Kepesertaan sudah tidak aktif"))
    site.books_are_clean()
    site.books_are_clean("chain")


def test_the_officer_sees_only_what_waits_and_opens_a_whole_nik_on_record(officer: Visitor) -> None:
    officer.go("/petugas/antrean")
    rows = officer.page.locator("tbody tr")
    assert rows.count() > 5
    officer.page.keyboard.press("j")
    officer.page.keyboard.press("j")
    expect(rows.nth(1)).to_have_class(re.compile("is-cur"))
    officer.page.keyboard.press("Enter")
    officer.page.wait_for_url(re.compile(r"/petugas/antrean/\w{4}-\w{4}$"))
    nik = officer.page.locator("table.diff td.mono")
    expect(nik).to_have_text(re.compile(r"^\d{4} •••• •••• \d{4}$"))
    officer.press("Tampilkan NIK lengkap")
    expect(nik).to_have_text(re.compile(r"^\d{16}$"))


def test_a_desk_of_1280_pixels_goes_the_same_way(visit: Callable[..., Visitor]) -> None:
    journey.protect(visit(size=DESK), Wish(months=3))
