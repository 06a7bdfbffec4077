"""An RT head registers a worker who has no phone; with the code on her paper she leaves the list by herself."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.journey import new_nik
from tests.browser.visitor import Visitor


def register(v: Visitor) -> None:
    v.go("/petugas/pekerja/baru")
    v.field("NIK").fill(new_nik())
    v.field("Nama sesuai KTP").fill("Murni Rahayu")
    v.field("Alamat").fill("Gang Mawar 3")
    v.page.locator("select[name=occupation_code]").select_option("pedagang_sayur")
    v.page.locator("input[name=seen_on]").fill("2026-11-20")
    v.page.locator("input[name=registered]").check()
    v.page.locator("input[name=listed]").check()
    v.page.locator("input[name=phrases]").first.check()
    v.page.locator("input[name=giver]").first.check()
    v.press("Daftarkan")


def test_an_rt_head_registers_a_worker_who_later_leaves_by_her_paper(visit: Callable[..., Visitor]) -> None:
    head, worker = visit(), visit()
    head.sign_in_as_staff("attestor")
    register(head)
    code = head.page.locator("p.total.mono").inner_text()
    expect(head.page.locator("main")).to_contain_text("Murni Rahayu")
    head.follow("Lihat datanya")
    head.sees("Menunggu penanggung")
    worker.go("/pekerja/keluar")
    worker.page.locator("input[name=code]").fill(code.lower())
    worker.press("Keluar dari daftar")
    worker.heading("Sudah kami proses")
    head.page.reload()
    head.sees("Sudah keluar dari daftar")
    assert head.go("/petugas/antrean").status in (403, 404)
