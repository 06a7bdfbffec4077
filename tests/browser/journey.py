"""What a resident does on her way to a protection, step by step, in either language."""

import itertools
import re
from dataclasses import dataclass, field

from playwright.sync_api import expect

from tests.browser.visitor import Visitor

_serials = itertools.count(4001)


def new_nik() -> str:
    """A NIK that nobody has: a woman born 12 March 1984 in Pontianak, another serial each time."""
    return f"617102520384{next(_serials)}"


@dataclass
class Wish:
    """What somebody types into the form."""

    name: str = "Sumiati"
    nik: str = field(default_factory=new_nik)
    work: str = "asisten_rumah_tangga"
    months: int = 6
    sponsor: str = "Ratna Wijaya"
    contact: str = field(default_factory=lambda: f"ratna{next(_serials)}@contoh.test")


def choose_work(v: Visitor, wish: Wish) -> None:
    v.go("/lindungi")
    v.heading("Apa pekerjaannya?")
    v.page.locator("label.pick").filter(has=v.page.locator(f"input[value={wish.work}]")).click()
    v.press("Lanjut")
    v.arrives("/lindungi/data")


def type_data(v: Visitor, wish: Wish) -> None:
    v.field("NIK").fill(wish.nik)
    v.field("Nama sesuai KTP").fill(wish.name)
    v.field("Saya sudah memberi tahu pekerja dan ia setuju didaftarkan ke BPJS Ketenagakerjaan.").check()
    v.press("Lanjut")
    v.arrives("/lindungi/lama")


def choose_length(v: Visitor, wish: Wish) -> None:
    v.choose(v.say("%(count)s bulan", count=wish.months))
    v.press("Lanjut")
    v.arrives("/lindungi/periksa")


def fill_check(v: Visitor, wish: Wish) -> None:
    v.field("Nama Anda").fill(wish.sponsor)
    v.page.locator("input[name=contact]").fill(wish.contact)
    v.page.locator("input[name=risk_read]").check()


def pay_button(v: Visitor) -> None:
    v.page.get_by_role("button", name=re.compile(f"^{re.escape(v.say('Bayar %(total)s', total='Rp'))}")).click()


def to_check(v: Visitor, wish: Wish) -> None:
    """All the way to the last step, with everything filled in."""
    choose_work(v, wish)
    type_data(v, wish)
    choose_length(v, wish)
    fill_check(v, wish)


def to_payment_page(v: Visitor, wish: Wish) -> None:
    """All the way to the hosted payment page."""
    to_check(v, wish)
    pay_button(v)
    v.page.wait_for_url(v.site.env["STRIPE_API_BASE"] + "/pay/**")


def pay(v: Visitor) -> str:
    """Pay on the payment page and come back to the thanks; returns the number of the sponsorship."""
    v.page.locator("form.choose > button.button").first.click()
    return thanked(v)


def thanked(v: Visitor) -> str:
    """On the page of thanks, at once or after the waiting page has seen the money; the number on it."""
    v.page.wait_for_url(re.compile(r"/terima-kasih/"), timeout=25_000)
    v.heading("Terima kasih, pembayaran diterima")
    code = v.page.locator("code").first.inner_text()
    expect(v.page).to_have_url(re.compile(code))
    return code


def protect(v: Visitor, wish: Wish) -> str:
    """The whole way, paid; the number of the sponsorship."""
    to_payment_page(v, wish)
    return pay(v)
