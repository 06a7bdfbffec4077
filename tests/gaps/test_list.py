"""`/petugas/berakhir`: who stands in which part, in which order, at which cost, and who may look."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from sertakan.audit import queries as audit
from sertakan.coverage.rules import MonthState
from sertakan.db import db, transaction
from sertakan.gaps import queries
from sertakan.gaps.models import GapCall
from sertakan.gaps.queries import Filters
from sertakan.gaps.rules import Chip
from sertakan.kit import clock
from sertakan.sponsorships import queries as sponsorships
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import ReviewState, TermState
from sertakan.tariff.rules import PayerKind
from sertakan.workers.models import Worker
from sertakan.workers.rules import WorkerState
from tests import factories
from tests.cast import Cast
from tests.page import Page, PageClient

As = Callable[[str], PageClient]
LIST = "/petugas/berakhir"
LATE = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


def covered_to(cast: Cast, last: str, name: str = "Sumiati", state: MonthState = MonthState.posted, **more: object) -> Worker:
    """A worker whose last funded month is this one."""
    worker = factories.worker(name=name, state=more.pop("standing", WorkerState.proposed), **more)
    factories.sponsorship(
        cast.sari, worker, first=last, count=1, review=ReviewState.approved, term=TermState.running, state=state
    )
    return worker


def names(page: Page) -> list[str]:
    links = [one for one in page.all("a") if one.attrs.get("href", "").startswith(f"{LIST}/")]
    return [" ".join(one.text.split()) for one in links]


def family(cast: Cast) -> None:
    for name, last in (("Ketiga", "2026-08"), ("Kedua", "2026-09"), ("Pertama", "2026-10"), ("Putus", "2026-07")):
        covered_to(cast, last, name)
    covered_to(cast, "2026-11", "Sebentar")
    covered_to(cast, "2026-12", "Nanti")
    covered_to(cast, "2027-03", "Lama")


def test_each_worker_stands_in_the_part_of_her_days(cast: Cast, as_: As) -> None:
    family(cast)
    with clock.frozen(LATE):
        dewi = as_("dewi")
        found = {chip: names(dewi.get(f"{LIST}?bagian={chip}")) for chip in Chip}
    assert found == {
        Chip.cliff: ["Ketiga"],
        Chip.grace: ["Kedua", "Pertama"],
        Chip.week: ["Sebentar"],
        Chip.month: ["Sebentar"],
        Chip.lapsed: ["Putus"],
    }


def test_i20_the_counts_equal_the_lists_whatever_the_filter(cast: Cast, app: object) -> None:
    family(cast)
    covered_to(cast, "2026-09", "Jauh", kelurahan="61.71.05.1001")
    today = clock.today()
    for filters in (Filters(), Filters(kelurahan="61.71.05.1001"), Filters(payer=PayerKind.government)):
        counted = queries.counts(today, filters)
        assert counted == {chip: len(list(queries.every_gap(chip, today, filters))) for chip in Chip}
    assert queries.counts(today, Filters())[Chip.grace] == 3


def test_the_page_opens_with_the_third_month_and_says_how_long_the_way_back_stays_open(cast: Cast, as_: As) -> None:
    family(cast)
    page = as_("dewi").get(LIST)
    page.sees("Perlindungan yang berakhir", "Ketiga", "Tutup 8 hari lagi", "Bulan ketiga 1", "Masa tenggang 2", "Terputus 1")
    page.misses("Kedua", "Lama")


def test_the_filters_narrow_by_place_by_payer_and_by_office(cast: Cast, as_: As) -> None:
    covered_to(cast, "2026-09", "Dekat")
    covered_to(cast, "2026-09", "Jauh", kelurahan="61.71.05.1001")
    office = covered_to(cast, "2026-09", "Kantor", MonthState.remitted).id
    with transaction() as session:
        promise = session.query(Sponsorship).filter_by(worker_id=office).one()
        promise.organisation_id = cast.company_id
        [month] = sponsorships.months_of_workers({office})[office]
        month.payer_kind = PayerKind.company
    ref = cast.khatulistiwa.ref
    dewi = as_("dewi")
    found = [
        names(dewi.get(f"{LIST}?bagian=grace&{words}"))
        for words in ("kelurahan=61.71.05.1001", "penanggung=company", f"lembaga={ref}", "penanggung=private", "kelurahan=zzz")
    ]
    assert [sorted(one) for one in found] == [["Jauh"], ["Kantor"], ["Kantor"], ["Dekat", "Jauh"], ["Dekat", "Jauh", "Kantor"]]


@pytest.mark.parametrize("state", [WorkerState.deceased, WorkerState.withdrawn, WorkerState.merged])
def test_the_dead_and_those_who_left_are_called_by_nobody(state: WorkerState, cast: Cast, as_: As) -> None:
    ref = covered_to(cast, "2026-09", standing=state).ref
    assert names(as_("dewi").get(f"{LIST}?bagian=grace")) == []
    assert as_("dewi").get(f"{LIST}/{ref}").status == 404


def test_long_lists_go_on_where_they_stopped(cast: Cast, as_: As) -> None:
    for number in range(60):
        covered_to(cast, "2026-09" if number % 2 else "2026-10", f"Warga {number}")
    dewi, seen, path = as_("dewi"), [], f"{LIST}?bagian=grace"
    while path and len(seen) < 100:
        page = dewi.get(path)
        seen += names(page)
        path = next((one.attrs["href"] for one in page.all("a") if one.attrs.get("rel") == "next"), "")
    assert len(seen) == len(set(seen)) == 60
    assert all(int(name.split()[1]) % 2 for name in seen[:30])


@pytest.mark.parametrize("cursor", ["x", "2026-99.abc", "2026-09.<b>", ".", "2026-09." + "a" * 90])
def test_a_cursor_that_is_none_is_the_beginning(cursor: str, cast: Cast, as_: As) -> None:
    covered_to(cast, "2026-09")
    assert names(as_("dewi").get(f"{LIST}?bagian=grace&setelah={cursor}")) == ["Sumiati"]


def test_one_line_and_a_hundred_cost_the_same_statements(cast: Cast, as_: As) -> None:
    covered_to(cast, "2026-09")
    dewi = as_("dewi")
    dewi.get(f"{LIST}?bagian=grace")
    one = dewi.get(f"{LIST}?bagian=grace").statements
    for _number in range(99):
        covered_to(cast, "2026-09")
    assert dewi.get(f"{LIST}?bagian=grace").statements == one <= 9


@pytest.mark.parametrize("who", ["sari", "stranger", "rina", "maya", "hasan", "nina", "wira"])
def test_to_anybody_else_it_is_not_there(who: str, cast: Cast, as_: As) -> None:
    ref = covered_to(cast, "2026-08").ref
    for path in (LIST, f"{LIST}/{ref}"):
        page = as_(who).get(path)
        assert page.status == 404
        page.misses("Sumiati")


def test_the_list_speaks_english(cast: Cast, as_: As) -> None:
    covered_to(cast, "2026-08")
    assert as_("dewi").get(f"/en{LIST}").one("html").attrs["lang"] == "en"


def test_who_takes_the_list_away_is_written_down_and_it_holds_no_number(cast: Cast, as_: As) -> None:
    worker = covered_to(cast, "2026-08", "=HYPERLINK(1)", phone="+6281234567890")
    nik = worker.nik
    answer = as_("dewi").post(f"{LIST}/unduh.csv?bagian=cliff", check=False)
    table = answer.response.get_data(as_text=True)
    assert "'=HYPERLINK(1)" in table
    assert nik not in table
    assert "81234567890" not in table
    [entry] = audit.list_for("gaps")
    assert (entry.action, entry.after) == ("gap.download", {"part": "cliff", "rows": 1})


# ---- one worker ----------------------------------------------------------------------------------------------------------------


def test_the_page_of_a_worker_says_which_months_are_missing_and_hides_the_numbers(cast: Cast, as_: As) -> None:
    ref = covered_to(cast, "2026-08", phone="+6281234567890").ref
    page = as_("dewi").get(f"{LIST}/{ref}")
    page.sees("Sumiati", "September 2026, Oktober 2026, November 2026", "30 November 2026", "Sudah ditelepon")
    page.misses("81234567890", "Sari Wulandari")


def test_a_number_is_shown_one_at_a_time_and_written_down(cast: Cast, as_: As) -> None:
    worker = covered_to(cast, "2026-08", phone="+6281234567890")
    ref = worker.ref
    page = as_("dewi").post(f"{LIST}/{ref}/nomor/worker")
    page.sees("+6281234567890")
    assert page.response.headers["Cache-Control"] == "no-store"
    [entry] = [one for one in audit.list_for(f"worker:{ref}") if one.action == "gap.number"]
    assert (entry.after, "6281234567890" in str(entry.after)) == ({"whose": "worker"}, False)
    as_("dewi").get(f"{LIST}/{ref}").misses("81234567890")


def test_a_number_that_is_not_there_is_a_sentence_and_leaves_no_trace(cast: Cast, as_: As) -> None:
    ref = covered_to(cast, "2026-08").ref
    page = as_("dewi").post(f"{LIST}/{ref}/nomor/worker")
    assert page.status == 409
    page.sees("Nomornya tidak ada")
    assert [one for one in audit.list_for(f"worker:{ref}") if one.action == "gap.number"] == []


def test_numbers_are_shown_to_nobody_in_bulk(cast: Cast, as_: As) -> None:
    ref = covered_to(cast, "2026-08", phone="+6281234567890").ref
    dewi = as_("dewi")
    statuses = [dewi.post(f"{LIST}/{ref}/nomor/worker", check=False).status for _number in range(41)]
    assert statuses == [200] * 40 + [429]


def test_a_call_is_kept_with_its_outcome_and_stands_on_the_list(cast: Cast, as_: As) -> None:
    ref = covered_to(cast, "2026-08").ref
    dewi = as_("dewi")
    page = dewi.post(f"{LIST}/{ref}/telepon", {"outcome": "will_pay", "note": "Setelah gajian"})
    assert (page.status, page.location) == (303, f"{LIST}/{ref}")
    dewi.get(f"{LIST}/{ref}").sees("Akan membayar", "Setelah gajian", "Dewi Lestari")
    dewi.get(LIST).sees("Akan membayar").misses("Setelah gajian")
    row = db.session.query(GapCall).one()
    assert "gajian" not in str(row.note_sealed)
    [entry] = [one for one in audit.list_for(f"worker:{ref}") if one.action == "gap.call"]
    assert entry.after == {"outcome": "will_pay"}


@pytest.mark.parametrize(
    ("typed", "words"),
    [({}, "Pilih hasilnya"), ({"outcome": "other"}, "Tulis apa yang terjadi"), ({"outcome": "gone"}, "Pilih salah satu")],
)
def test_a_call_without_its_outcome_is_not_noted(typed: dict[str, str], words: str, cast: Cast, as_: As) -> None:
    ref = covered_to(cast, "2026-08").ref
    page = as_("dewi").post(f"{LIST}/{ref}/telepon", typed)
    assert page.status == 422
    page.sees(words)
    assert factories.count(GapCall) == 0
