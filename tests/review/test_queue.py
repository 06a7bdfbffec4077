"""`/petugas/antrean`: the queue as an officer reads it."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from sertakan.coverage.rules import MonthState
from sertakan.kit import clock
from sertakan.sponsorships.rules import ReviewState
from tests import factories
from tests.cast import Cast
from tests.conftest import NOW
from tests.page import Page, PageClient
from tests.review.conftest import asked_for, consent, read

As = Callable[[str], PageClient]
QUEUE = "/petugas/antrean"


def names(page: Page) -> list[str]:
    """Who stands on the page, in order."""
    links = [element for element in page.all("a") if "/petugas/antrean/" in element.attrs.get("href", "")]
    return [" ".join(element.text.split()) for element in links]


def ready(cast: Cast, name: str = "Sumiati", **more: object) -> str:
    return asked_for(cast, worker=factories.worker(name=name), state=MonthState.paid, **more)


def test_an_empty_queue_says_so(as_: As) -> None:
    as_("dewi").get(QUEUE).sees("Antrean persetujuan", "0 siap diputuskan", "Antrean kosong")


def test_the_oldest_comes_first_and_says_how_long_it_waits(cast: Cast, as_: As) -> None:
    with clock.frozen(NOW - timedelta(hours=3)):
        ready(cast, "Baru")
    with clock.frozen(NOW - timedelta(days=1, hours=4)):
        ready(cast, "Lama")
    page = as_("dewi").get(QUEUE)
    assert names(page) == ["Lama", "Baru"]
    page.sees("2 siap diputuskan", "tertua 1 hari 4 jam", "target 1 hari kerja", "3 jam")


def test_a_line_says_who_for_whom_how_much_and_what_the_checks_found(cast: Cast, as_: As) -> None:
    code = ready(cast)
    nik = read(code).worker.nik
    page = as_("dewi").get(QUEUE)
    page.sees("Sumiati", "Sari Wulandari", "Warga · Asisten rumah tangga", "Rp92.400", "Aman")
    page.sees(f"6171 •••• •••• {nik[-4:]}")
    page.misses(nik)


def test_the_worst_check_is_named(cast: Cast, as_: As) -> None:
    row = factories.worker(name="Tanpa Surat")
    factories.sponsorship(cast.sari, row, state=MonthState.paid)
    other = factories.worker(name="Tanpa Saksi")
    factories.sponsorship(cast.sari, other, state=MonthState.paid)
    consent(cast, other.id)
    page = as_("dewi").get(QUEUE)
    page.sees("Tanpa persetujuan", "Tanpa keterangan bekerja")


def test_the_chips_part_the_queue(cast: Cast, as_: As) -> None:
    ready(cast, "Siap")
    asked_for(cast, worker=factories.worker(name="Belum"))
    asked_for(cast, worker=factories.worker(name="Ditanya"), review=ReviewState.needs_info, state=MonthState.paid)
    for review in (ReviewState.approved, ReviewState.rejected, ReviewState.withdrawn):
        asked_for(cast, worker=factories.worker(name="Selesai"), review=review, state=MonthState.posted)
    dewi = as_("dewi")
    found = {chip: names(dewi.get(f"{QUEUE}?saring={chip}")) for chip in ("ready", "unpaid", "asked", "all")}
    assert found == {"ready": ["Siap"], "unpaid": ["Belum"], "asked": ["Ditanya"], "all": ["Siap", "Belum", "Ditanya"]}
    dewi.get(QUEUE).sees("Siap diputuskan 1", "Belum dibayar 1", "Menunggu jawaban 1", "Semua 3")
    assert names(dewi.get(f"{QUEUE}?saring=<script>")) == ["Siap"]


def test_the_search_finds_by_name_by_whole_nik_and_by_code(cast: Cast, as_: As) -> None:
    code = ready(cast, "Sumiati Halimah")
    ready(cast, "Rusdi")
    nik = read(code).worker.nik
    dewi = as_("dewi")
    for words in ("sumi", "SUMIATI", nik, f"{nik[:4]} {nik[4:]}", code, code.lower().replace("-", "")):
        page = dewi.get(QUEUE, query_string={"cari": words})
        assert names(page) == ["Sumiati Halimah"], words
    for words in ("Halimah", nik[:15], "%", "_", "' OR 1=1 --", "0" * 16, "x" * 500):
        page = dewi.get(QUEUE, query_string={"cari": words})
        assert names(page) == [], words
    dewi.get(f"{QUEUE}?cari=Tidak").sees("Tidak ada yang cocok")


def test_a_long_queue_comes_in_pages(cast: Cast, as_: As) -> None:
    for number in range(27):
        with clock.frozen(NOW - timedelta(hours=number)):
            ready(cast, f"Nomor {number}")
    dewi = as_("dewi")
    first, second = dewi.get(QUEUE), dewi.get(f"{QUEUE}?hal=2")
    assert len(names(first)) == 25
    assert names(second) == ["Nomor 1", "Nomor 0"]
    first.sees("Berikutnya")
    second.sees("Sebelumnya")
    assert names(dewi.get(f"{QUEUE}?hal=999")) == []


def test_one_line_and_twenty_five_cost_the_same_statements(cast: Cast, as_: As) -> None:
    ready(cast)
    dewi = as_("dewi")
    dewi.get(QUEUE)
    one = dewi.get(QUEUE).statements
    for _number in range(24):
        ready(cast)
    page = dewi.get(QUEUE)
    assert len(names(page)) == 25
    assert page.statements == one <= 9


@pytest.mark.parametrize("who", ["dewi", "agus", "nina"])
def test_officers_supervisors_and_auditors_see_it(who: str, cast: Cast, as_: As) -> None:
    ready(cast)
    as_(who).get(QUEUE).sees("Sumiati")


@pytest.mark.parametrize("who", ["sari", "stranger", "rina", "maya", "hasan", "wira"])
def test_to_anybody_else_it_is_not_there(who: str, cast: Cast, as_: As) -> None:
    code = ready(cast)
    for path in (QUEUE, f"{QUEUE}/{code}"):
        page = as_(who).get(path)
        assert page.status == 404
        page.misses("Sumiati")


def test_a8_an_officer_without_the_second_factor_is_sent_to_the_door(cast: Cast, as_: Callable[..., PageClient]) -> None:
    ready(cast)
    page = as_("dewi", second_factor=False).get(QUEUE)
    assert (page.status, page.location) == (303, "/petugas/masuk")


def test_the_queue_speaks_english(cast: Cast, as_: As) -> None:
    ready(cast)
    assert as_("dewi").get(f"/en{QUEUE}").one("html").attrs["lang"] == "en"
