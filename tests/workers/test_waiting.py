"""The public list, one card, and leaving by paper: what everybody sees, and what nobody ever does."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from sertakan.accounts.models import Person
from sertakan.db import transaction
from sertakan.kit import clock
from sertakan.web.kept import TOKEN_HOLE
from sertakan.workers import service
from tests.cast import Cast
from tests.conftest import NOW
from tests.page import Page, PageClient
from tests.workers.people import JAWI, SECRETS, Known, crowd, faces, reread

PAGES = ("/pekerja", f"/pekerja?kelurahan={JAWI}", "/pekerja?kerja=trade", "/en/pekerja")


def test_who_waits_stands_there_coarsely(client: PageClient, cast: Cast) -> None:
    crowd(cast, 5)
    page = client.get("/pekerja")
    page.sees(
        "Pekerja yang menunggu",
        "Ibu S., pedagang sayur keliling",
        "Kel. Sungai Jawi",
        "40–44 tahun",
        "Pencari nafkah utama keluarga",
        "Menunggu 5 hari",
        "Rp8.400",
        "sampai iuran Des 2026",
    )
    assert page.response.headers["X-Robots-Tag"] == "noindex, nofollow, noarchive"


@pytest.mark.parametrize("path", PAGES)
def test_i16_a22_no_public_page_holds_a_nik_a_phone_an_address_or_a_name(client: PageClient, cast: Cast, path: str) -> None:
    rows = faces(cast, 5)
    niks = [row.nik for row in rows]
    codes = [row.code for row in rows]
    for shown in (client.get(path), *(client.get(f"/pekerja/{code}") for code in codes)):
        for nik in niks:
            shown.misses(nik, nik[6:12], nik[-8:])
        shown.misses(*SECRETS, "Sumiati", "Kusumawardhani", "1984")


def test_a_public_page_sets_no_cookie_and_may_be_kept_for_seconds_only(client: PageClient, cast: Cast) -> None:
    crowd(cast, 5)
    page = client.get("/pekerja")
    assert page.response.headers.getlist("Set-Cookie") == []
    assert page.response.headers["Cache-Control"] == "public, max-age=10"


def test_twelve_to_a_page_and_the_rest_by_a_link(client: PageClient, cast: Cast) -> None:
    rows = faces(cast, 15)
    first = client.get("/pekerja")
    first.sees("15 pekerja di Kota Pontianak", "Tampilkan 3 pekerja lagi")
    assert sum(row.code in first.html for row in rows) == 12
    second = client.get("/pekerja?hal=2")
    assert sum(row.code in second.html for row in rows) == 3
    assert [row.code for row in rows[:12] if row.code not in first.html] == []
    client.get("/pekerja?hal=900").sees("Kembali ke awal daftar")


def test_a_kelurahan_and_a_kind_of_work_are_chosen_in_the_address(client: PageClient, cast: Cast) -> None:
    crowd(cast, 5)
    crowd(cast, 5, occupation="ojek", kelurahan="61.71.04.1004")
    client.get("/pekerja").sees("Semua 10", "Perdagangan dan kuliner 5", "Transportasi dan pengantaran 5")
    page = client.get(f"/pekerja?kelurahan={JAWI}")
    page.sees("5 pekerja di Sungai Jawi dan sekitarnya", "pedagang sayur keliling")
    page.misses("pengemudi ojek")
    client.get("/pekerja?kerja=transport").sees("pengemudi ojek atau ojol").misses("pedagang sayur")
    client.get(f"/pekerja?kelurahan={JAWI}&kerja=transport").sees("Sekarang tidak ada pekerja yang menunggu di sini")


@pytest.mark.parametrize(
    "query", ["kelurahan=61.71.01.1001", "kelurahan=' OR 1=1", "kerja=astronaut", "kelurahan=" + "x" * 10_000, "kelurahan=%00"]
)
def test_nonsense_in_the_address_gets_a_sentence_and_the_list(client: PageClient, cast: Cast, query: str) -> None:
    crowd(cast, 5)
    client.get(f"/pekerja?{query}").sees("Pilihan itu tidak kami kenal", "Ibu S.")


@pytest.mark.parametrize(
    "query", ["hal=-1", "hal=abc", "hal=１２", "urut=acak", "hal=99999999999", "kelurahan=", "kelurahan=semua"]
)
def test_a_page_number_or_order_that_is_nonsense_is_the_first_page(client: PageClient, cast: Cast, query: str) -> None:
    crowd(cast, 5)
    client.get(f"/pekerja?{query}").sees("5 pekerja di Kota Pontianak").misses("tidak kami kenal")


def test_a38_of_repeated_parameters_the_first_counts(client: PageClient, cast: Cast) -> None:
    crowd(cast, 5)
    client.get("/pekerja?kerja=trade&kerja=transport").sees("pedagang sayur keliling")


def test_an_empty_list_leads_on(client: PageClient, cast: Cast) -> None:
    client.get("/pekerja").sees("Belum ada pekerja yang menunggu")


def test_p5_the_list_costs_as_many_statements_for_five_as_for_a_hundred(app: Flask, cast: Cast) -> None:
    counts = []
    for more in (5, 95):
        crowd(cast, more)
        visitor = PageClient(app)
        paths = ("/pekerja", f"/pekerja?kelurahan={JAWI}")
        first = [visitor.get(path).statements for path in paths]
        again = [visitor.get(path).statements for path in paths]
        counts.append((max(first) <= 6, again))
    assert counts == [(True, [1, 1]), (True, [1, 1])]


def test_p5_one_card_costs_few_statements(client: PageClient, cast: Cast) -> None:
    rows = faces(cast, 30)
    client.get("/pekerja")
    assert client.get(f"/pekerja/{rows[3].code}").statements <= 4


# ---- one card ------------------------------------------------------------------------------------------------------------------


def test_one_card_says_what_is_paid_what_she_gets_and_what_stays_unsaid(client: PageClient, cast: Cast) -> None:
    rows = faces(cast, 5)
    page = client.get(f"/pekerja/{rows[0].code}")
    page.sees(
        "Ibu S., pedagang sayur keliling",
        "Des 2026",
        "Rp8.400",
        "Rp16.800",
        "Rp42 juta",
        "setelah iuran 3 bulan berturut-turut",
        "sebelum itu Rp10 juta",
        "Rp70 juta",
        "bila syarat kepesertaan terpenuhi",
        "Apakah ia tahu siapa saya?",
        "30 menit",
    )
    form, _controls = page.forms[-1]
    assert form.attrs["method"] == "post"
    assert form.attrs["action"] == f"/lindungi/pilih/{rows[0].code}"


def test_a_code_is_read_in_any_case(client: PageClient, cast: Cast) -> None:
    rows = faces(cast, 5)
    client.get(f"/pekerja/{rows[0].code.lower()}").sees("Ibu S.")


def test_a20_who_left_and_who_never_was_look_alike(client: PageClient, cast: Cast) -> None:
    rows = faces(cast, 6)
    with transaction():
        service.leave_list(actor="system", waiting=reread(rows[0]), reason="by herself")
    gone, never, nonsense = (client.get(f"/pekerja/{code}") for code in (rows[0].code, "7KQ2-M9XF", "apa"))
    assert (gone.status, never.status, nonsense.status) == (404, 404, 404)
    assert gone.html.replace(rows[0].code, "") == never.html.replace("7KQ2-M9XF", "")


def test_who_is_held_is_off_the_list_and_her_card_says_so(client: PageClient, cast: Cast) -> None:
    rows = faces(cast, 6)
    with transaction():
        service.hold(waiting=reread(rows[0]), by="sari")
    client.get("/pekerja").sees("5 pekerja").misses(rows[0].code)
    page = client.get(f"/pekerja/{rows[0].code}")
    assert page.status == 409
    page.sees("Pekerja ini baru saja dipilih orang lain. Terima kasih!", "Pilih yang lain")
    with clock.frozen(NOW + timedelta(minutes=30)):
        client.get("/pekerja").sees("6 pekerja")


# ---- leaving by paper ----------------------------------------------------------------------------------------------------------


def paper(cast: Cast, one: Known) -> str:
    with transaction():
        return service.new_paper(actor=cast.dewi.ref, waiting=reread(one))


def test_i5_a_worker_leaves_by_her_paper_and_is_gone_at_once(client: PageClient, cast: Cast) -> None:
    rows = faces(cast, 6)
    code = paper(cast, rows[0])
    client.get("/pekerja").sees("6 pekerja")
    client.get("/pekerja/keluar").sees("Keluar dari daftar tunggu")
    client.post("/pekerja/keluar", {"code": f" {code.lower()} "}).sees("Sudah kami proses")
    client.get("/pekerja").sees("5 pekerja").misses(rows[0].code)
    assert client.get(f"/pekerja/{rows[0].code}").status == 404


def test_i6_the_answer_is_the_same_for_a_code_nobody_has(client: PageClient, cast: Cast) -> None:
    rows = faces(cast, 6)
    known = client.post("/pekerja/keluar", {"code": paper(cast, rows[0])})
    unknown = client.post("/pekerja/keluar", {"code": "7KQ2-M9XF"})
    public = client.post("/pekerja/keluar", {"code": rows[1].code})
    assert known.status == unknown.status == public.status == 200
    assert known.html == unknown.html == public.html
    assert reread(rows[1]).left_at is None


@pytest.mark.parametrize("code", ["", "123", "7KQ2-M9X0", "😀" * 8, "x" * 10_000, "7KQ2\x00M9XF1"])
def test_what_cannot_be_a_code_gets_a_sentence(client: PageClient, code: str) -> None:
    page = client.post("/pekerja/keluar", {"code": code})
    assert page.status == 422
    assert "Galat: " in page.html


def test_a57_guessing_papers_is_slowed_down(client: PageClient) -> None:
    statuses = [client.post("/pekerja/keluar", {"code": "7KQ2-M9XF"}, check=False).status for _ in range(6)]
    assert statuses == [200] * 5 + [429]


def test_a26_leaving_needs_the_form_token_and_is_no_get(client: PageClient, cast: Cast) -> None:
    rows = faces(cast, 6)
    code = paper(cast, rows[0])
    assert client.post("/pekerja/keluar", {"code": code}, token=False, check=False).status == 403
    client.get(f"/pekerja/keluar?code={code}")
    assert reread(rows[0]).left_at is None


def test_the_pages_speak_english(client: PageClient, cast: Cast) -> None:
    rows = faces(cast, 5)
    for path in ("/en/pekerja", f"/en/pekerja/{rows[0].code}", "/en/pekerja/keluar"):
        assert client.get(path).one("html").attrs["lang"] == "en"


def test_a_signed_in_resident_sees_the_same_and_nothing_is_kept(
    as_: Callable[[str], PageClient], client: PageClient, cast: Cast
) -> None:
    crowd(cast, 5)
    sari: Person = cast.sari
    assert sari.role is None
    page = as_("sari").get("/pekerja")
    page.sees("Ibu S., pedagang sayur keliling")
    assert page.response.headers["Cache-Control"] == "no-store"


def test_a34_phrases_come_from_the_list_even_when_the_table_says_otherwise(client: PageClient, cast: Cast) -> None:
    rows = faces(cast, 5)
    with transaction():
        for row in map(reread, rows):
            row.phrases = ["<script>alert(1)</script>", "breadwinner"]
            row.mark += 1
    client.get("/pekerja").sees("Pencari nafkah utama keluarga").misses("alert(1)")


def test_a_kept_page_gives_each_visitor_a_form_of_her_own(app: Flask, cast: Cast) -> None:
    code = faces(cast, 5)[0].code
    first, second = PageClient(app), PageClient(app)
    tokens = [token_of(visitor.get(f"/pekerja/{code}")) for visitor in (first, second)]
    assert len(set(tokens)) == 2
    assert TOKEN_HOLE not in first.get(f"/pekerja/{code}").html
    sent = [
        visitor.post(f"/lindungi/pilih/{code}", {"csrf_token": token}, check=False).status
        for visitor, token in ((first, tokens[1]), (second, tokens[1]))
    ]
    assert sent == [403, 303]


def test_a_message_for_one_visitor_is_not_kept_for_the_next(app: Flask, cast: Cast) -> None:
    code = faces(cast, 5)[0].code
    first, second = PageClient(app), PageClient(app)
    with first.http.session_transaction() as session:
        session["_flashes"] = [("ok", "Hanya untuk Anda")]
    first.get(f"/pekerja/{code}").sees("Hanya untuk Anda")
    second.get(f"/pekerja/{code}").misses("Hanya untuk Anda")
    first.get(f"/pekerja/{code}").misses("Hanya untuk Anda")


def test_what_stands_behind_the_address_is_never_kept_for_others(app: Flask, cast: Cast) -> None:
    code = faces(cast, 5)[0].code
    PageClient(app).get(f"/pekerja/{code}?dari=surat").sees("Menunggu")
    assert "dari=surat" not in PageClient(app).get(f"/pekerja/{code}").html


def token_of(page: Page) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page.html)
    assert found is not None
    return found.group(1)
