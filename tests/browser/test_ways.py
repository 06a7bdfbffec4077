"""The same way for everybody: another language half-way, back and reload, no scripts, only a keyboard, no network."""

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser import journey
from tests.browser.journey import Wish
from tests.browser.visitor import Visitor


def test_changing_the_language_half_way_keeps_what_was_typed(visit: Callable[..., Visitor]) -> None:
    v, wish = visit(), Wish(name="Maimunah", months=3)
    journey.choose_work(v, wish)
    v.follow("English")
    v.language = "en"
    v.arrives("/lindungi/data")
    journey.type_data(v, wish)
    journey.choose_length(v, wish)
    v.follow("Bahasa Indonesia")
    v.language = "id"
    v.arrives("/lindungi/periksa")
    expect(v.page.locator("main")).to_contain_text("Maimunah")
    expect(v.page.locator("main")).to_contain_text("3 bulan")
    v.go("/lindungi/data")
    expect(v.field("Nama sesuai KTP")).to_have_value("Maimunah")


def test_reload_and_back_keep_what_was_typed(visit: Callable[..., Visitor]) -> None:
    v, wish = visit(), Wish(name="Dahlia", months=12)
    journey.choose_work(v, wish)
    journey.type_data(v, wish)
    journey.choose_length(v, wish)
    v.page.reload()
    expect(v.page.locator("main")).to_contain_text("Dahlia")
    v.page.go_back()
    v.arrives("/lindungi/lama")
    expect(v.page.locator("input[name=count]:checked")).to_have_value("12")
    v.page.go_back()
    v.arrives("/lindungi/data")
    expect(v.field("Nama sesuai KTP")).to_have_value("Dahlia")
    expect(v.field("NIK")).to_have_value(re.compile(r"6171 ?0252 ?0384 ?\d{4}"))
    v.page.reload()
    expect(v.field("Nama sesuai KTP")).to_have_value("Dahlia")
    expect(v.page.locator("input[name=consent]")).to_be_checked()


def test_back_after_a_mistake_shows_the_form_as_it_was_typed(visit: Callable[..., Visitor]) -> None:
    v, wish = visit(), Wish(name="Sulastri")
    journey.choose_work(v, wish)
    v.field("Nama sesuai KTP").fill("Salah")
    v.press("Lanjut")
    v.sees("Isi NIK, 16 angka di bagian atas KTP")
    journey.type_data(v, wish)
    v.page.go_back()
    v.heading("Siapa yang Anda lindungi?")
    expect(v.field("Nama sesuai KTP")).to_have_value("Sulastri")
    v.page.go_forward()
    v.heading("Berapa lama?")


def test_a_total_follows_the_choice_and_the_start_month(visit: Callable[..., Visitor]) -> None:
    v, wish = visit(), Wish()
    journey.choose_work(v, wish)
    journey.type_data(v, wish)
    total = v.page.locator("[data-total]").filter(visible=True)
    months = v.page.locator("ol.prices li").filter(visible=True)
    v.choose("12 bulan")
    expect(total).to_have_text("Rp193.200")
    expect(months).to_have_count(12)
    v.choose("1 bulan")
    expect(total).to_have_text("Rp8.400")
    expect(months).to_have_count(1)
    v.choose("3 bulan")
    v.choose("November 2026")
    expect(total).to_have_text("Rp33.600")
    expect(v.page.locator("input[name=first_month]:checked")).to_be_focused()
    expect(v.page.locator("input[name=count]:checked")).to_have_value("3")


def test_without_scripts_the_whole_way_to_the_receipt_works(visit: Callable[..., Visitor]) -> None:
    v, wish = visit(java_script_enabled=False), Wish(name="Zubaidah", months=3)
    journey.to_check(v, wish)
    expect(v.page.locator("main")).to_contain_text("Rp42.000")
    journey.pay_button(v)
    v.page.wait_for_url(v.site.env["STRIPE_API_BASE"] + "/pay/**")
    v.page.locator("form.choose > button.button").first.click()
    v.page.wait_for_url(re.compile("/(bayar|terima-kasih)/"))
    if "/bayar/" in v.page.url:
        v.press("Saya sudah bayar, cek sekarang")
    journey.thanked(v)
    expect(v.page.locator("[data-copy], [data-theme-switch]").filter(visible=True)).to_have_count(0)


def press_until_focused(v: Visitor, selector: str, most: int = 40) -> None:
    """Tab on until this has the focus."""
    for _ in range(most):
        if v.page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        v.page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard never reached {selector}")


def test_the_form_can_be_done_with_a_keyboard_alone(visit: Callable[..., Visitor]) -> None:
    v, wish = visit(), Wish(name="Hartati", months=3)
    keys = v.page.keyboard
    v.go("/lindungi")
    keys.press("Tab")
    expect(v.link("Langsung ke isi")).to_be_focused()
    press_until_focused(v, "input[name=occupation]")
    keys.press("Space")
    press_until_focused(v, "main .act button")
    keys.press("Enter")
    v.arrives("/lindungi/data")
    for name, words in (("nik", wish.nik), ("name", wish.name)):
        press_until_focused(v, f"input[name={name}]")
        keys.type(words)
    press_until_focused(v, "input[name=consent]")
    keys.press("Space")
    keys.press("Enter")
    v.arrives("/lindungi/lama")
    press_until_focused(v, "input[name=count]")
    keys.press("ArrowUp")
    expect(v.page.locator("input[name=count]:checked")).to_have_value("3")
    press_until_focused(v, "main .act button")
    keys.press("Enter")
    v.arrives("/lindungi/periksa")
    for name, words in (("sponsor_name", wish.sponsor), ("contact", wish.contact)):
        press_until_focused(v, f"input[name={name}]")
        keys.type(words)
    press_until_focused(v, "input[name=risk_read]")
    keys.press("Space")
    press_until_focused(v, "main .act button")
    keys.press("Enter")
    v.page.wait_for_url(v.site.env["STRIPE_API_BASE"] + "/pay/**")


def test_many_errors_are_summed_up_and_lead_to_their_fields(visit: Callable[..., Visitor]) -> None:
    v = visit()
    journey.choose_work(v, Wish())
    v.press("Lanjut")
    summary = v.page.locator("[data-error-summary]")
    expect(summary).to_be_focused()
    expect(summary.locator("li")).to_have_count(3)
    summary.get_by_role("link").nth(1).click()
    expect(v.field("Nama sesuai KTP")).to_be_focused()


def test_dark_is_remembered_and_follows_the_system_first(visit: Callable[..., Visitor]) -> None:
    v = visit(color_scheme="dark")
    v.go("/")
    background = "getComputedStyle(document.body).backgroundColor"
    dark = v.page.evaluate(background)
    v.page.locator("[data-theme-switch]").filter(visible=True).click()
    light = v.page.evaluate(background)
    assert dark != light
    v.go("/tarif")
    assert v.page.evaluate(background) == light


def test_without_a_network_a_page_says_so(visit: Callable[..., Visitor]) -> None:
    v = visit(service_workers="allow")
    v.go("/")
    v.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    v.go("/")
    v.context.set_offline(True)
    v.page.goto(v.path("/tarif"))
    v.heading("Sedang luring")
    v.context.set_offline(False)
