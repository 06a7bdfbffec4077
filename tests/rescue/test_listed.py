"""The public list of workers in arrears: the most urgent first, coarse words only, consent, and a link made by choosing."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta

import pytest

from sertakan.audit import queries as audit
from sertakan.coverage.rules import MonthState
from sertakan.db import db, transaction
from sertakan.gaps import queries as gaps
from sertakan.gaps.queries import Filters
from sertakan.gaps.rules import Chip
from sertakan.kit import clock
from sertakan.kit.months import Month
from sertakan.rescue import public as board
from sertakan.sponsorships import queries as sponsorships
from sertakan.sponsorships.models import ActionLink, Sponsorship
from sertakan.sponsorships.rules import ReviewState, TermState
from sertakan.workers.models import Consent, ConsentGiver, ConsentKind, Worker
from sertakan.workers.rules import WorkerState
from tests import factories
from tests.cast import Cast
from tests.page import Element, Page, PageClient

As = Callable[[str], PageClient]
PATH = "/selamatkan"


def behind(cast: Cast, last: str = "2026-10", *, agreed: bool = True, **more: object) -> int:
    """The id of a worker whose last paid month was this one; she agreed to be listed."""
    row = factories.worker(name="Sumiati Rahasia", **more)  # type: ignore[arg-type]
    worker_id = row.id
    states = {"review": ReviewState.approved, "term": TermState.running, "state": MonthState.posted}
    factories.sponsorship(cast.sari, row, first=str(Month.parse(last) + -1), count=2, **states)
    if agreed:
        consent(worker_id)
    return worker_id


def consent(worker_id: int) -> None:
    with transaction() as session:
        session.add(
            Consent(
                worker_id=worker_id,
                kind=ConsentKind.listed,
                giver=ConsentGiver.witness,
                text_version="2026-11",
                given_on=clock.today(),
                created_at=clock.now(),
            )
        )


def cards(page: Page) -> Sequence[Element]:
    return [button for button in page.all("button") if button.attrs.get("name") == "pilih"]


@pytest.mark.parametrize(("people", "shown"), [(0, 0), (4, 0), (5, 5), (13, 12)])
def test_with_fewer_than_five_nobody_is_shown(cast: Cast, client: PageClient, people: int, shown: int) -> None:
    for _ in range(people):
        behind(cast)
    page = client.get(PATH)
    assert len(cards(page)) == shown
    if not shown:
        page.sees("Saat ini tidak ada yang perlu diselamatkan")


def test_the_least_time_left_comes_first_and_day_60_of_a_gap_is_that(cast: Cast, client: PageClient) -> None:
    """PRODUCT idea 3, on day 60 of a gap that began with October."""
    for last in ("2026-11", "2026-10", "2026-09", "2026-10", "2026-11"):
        behind(cast, last)
    with clock.frozen(clock.now() + timedelta(days=7)):  # 29 November: cover ended with September
        assert clock.today() - date(2026, 9, 30) == timedelta(days=60)
        page = client.get(PATH)
        assert len(cards(page)) == 0  # only three of them are in arrears, and three are too few
    behind(cast), behind(cast)
    with clock.frozen(clock.now() + timedelta(days=7)):
        buttons = cards(client.get(PATH))
    assert len(buttons) == 5
    assert "32 hari lagi" in buttons[0].text  # until 31 December
    assert all("63 hari lagi" in button.text for button in buttons[1:])


def test_what_staff_count_is_what_staff_see_and_all_of_the_list_is_among_it(cast: Cast) -> None:
    agreed = {behind(cast, last) for last in ("2026-08", "2026-09", "2026-09", "2026-10", "2026-10")}
    behind(cast, "2026-09", agreed=False)
    today = clock.today()
    counts = gaps.counts(today, Filters())
    for chip in (Chip.grace, Chip.cliff):
        assert counts[chip] == len(gaps.list_gaps(chip, today, Filters()).items)
    assert counts[Chip.grace] + counts[Chip.cliff] == 6
    assert board.listed(1).total == len(agreed)


def test_no_answer_tells_who_anybody_is(cast: Cast, client: PageClient) -> None:
    ids = [behind(cast) for _ in range(5)]
    page = client.get(PATH)
    page.sees("Asisten rumah tangga", "5 pekerja menunggu diselamatkan", "1 bulan belum dibayar", "Rp8.400")
    page.misses("Sumiati", "Rahasia", "Ibu S", "Sari")
    for worker_id in ids:
        worker = db.session.get_one(Worker, worker_id)
        assert worker.nik not in page.html and worker.ref not in page.html
    assert "/selamatkan/" not in page.html
    assert page.response.headers["X-Robots-Tag"].startswith("noindex")


def test_two_of_one_kelurahan_are_never_shown_alone(cast: Cast, client: PageClient) -> None:
    for kelurahan, people in (("61.71.05.1005", 5), ("61.71.03.1003", 2)):
        for _ in range(people):
            behind(cast, kelurahan=kelurahan)
    places = [card.place for card in board.listed(1).items]
    assert len(places) == 7
    assert len({place for place in places if places.count(place) < 5}) == 0
    assert min(places.count(place) for place in places) >= 5


def test_the_price_is_unsaid_where_it_would_tell_the_work(cast: Cast) -> None:
    for work in ("ojek", "asisten_rumah_tangga", "pedagang_sayur", "buruh_harian", "ojek"):
        behind(cast, occupation=work)
    assert {card.price_rupiah for card in board.listed(1).items} == {None}


@pytest.mark.parametrize(
    "why", ["no consent", "withdrawn", "dead", "in review", "lapsed", "running", "somebody pays just now", "from outside"]
)
def test_who_is_not_listed(cast: Cast, why: str) -> None:
    for _ in range(5):
        behind(cast)
    last = {"lapsed": "2026-07", "running": "2026-11"}.get(why, "2026-10")
    worker_id = behind(cast, last, agreed=why != "no consent")
    worker = db.session.get_one(Worker, worker_id)
    db.session.rollback()
    with transaction() as session:
        if why == "withdrawn":
            session.query(Consent).filter_by(worker_id=worker_id).update({"withdrawn_at": clock.now()})
        if why == "dead":
            session.get_one(Worker, worker_id).state = WorkerState.deceased
        if why == "in review":
            session.query(Sponsorship).filter_by(worker_id=worker_id).update({"review_state": ReviewState.submitted})
    if why == "somebody pays just now":
        factories.sponsorship(cast.tono, worker, first="2026-11", count=1)
    if why == "from outside":
        other = factories.worker()
        consent(other.id)
        factories.month(other, "2026-10")
    assert board.listed(1).total == (
        6 if why == "from outside" else 5
    )  # there the sixth is listed, the one paid from outside not


def test_choosing_one_leads_to_her_page_with_the_same_words_by_a_link_of_one_day(cast: Cast, client: PageClient) -> None:
    ids = [
        behind(cast, kelurahan=place)
        for place in ("61.71.05.1005", "61.71.03.1003", "61.71.02.1003", "61.71.04.1003", "61.71.01.1003")
    ]
    client.get(PATH).sees("Kota Pontianak")
    page = client.post(PATH, {"pilih": board.listed(1).items[0].key})
    assert page.status == 303
    client.get(page.location).sees("Selamatkan satu bulan", "November 2026", "Kota Pontianak").misses("Kel.", "Sumiati")
    link = db.session.query(ActionLink).filter_by(purpose="rescue").one()
    assert link.expires_at - link.created_at == timedelta(days=1)
    assert link.sponsorship.worker_id in ids
    entries = [entry for entry in audit.list_for(f"sponsorship:{link.sponsorship.ref}") if entry.action == "rescue.link"]
    assert [entry.actor for entry in entries] == ["system"]
    with clock.frozen(clock.now() + timedelta(days=1)):
        assert client.get(page.location, check=False).status == 410


@pytest.mark.parametrize("key", ["", "x", "0" * 16])
def test_a_made_up_choice_leads_back_to_the_list(cast: Cast, client: PageClient, key: str) -> None:
    for _ in range(5):
        behind(cast)
    assert client.post(PATH, {"pilih": key}).location == PATH
    client.get(PATH).sees("Ia baru saja dibantu orang lain")
    assert factories.count(ActionLink) == 0


def test_yesterdays_choice_is_over_and_who_was_helped_is_gone(cast: Cast, client: PageClient) -> None:
    for _ in range(6):
        behind(cast)
    key = board.listed(1).items[0].key
    found = board.choose(key)
    assert found is not None
    with clock.frozen(clock.now() + timedelta(days=1)):
        assert client.post(PATH, {"pilih": key}).location == PATH

    worker = sponsorships.get(found[0]).worker
    db.session.rollback()
    factories.sponsorship(cast.tono, worker, first="2026-11", count=1)
    assert client.post(PATH, {"pilih": key}).location == PATH
    assert board.listed(1).total == 5


def test_the_list_needs_one_statement_for_five_and_for_thirty(cast: Cast, client: PageClient) -> None:
    for _ in range(5):
        behind(cast)
    few = client.get(PATH)
    for _ in range(25):
        behind(cast)
    many = client.get(PATH)
    assert many.statements == few.statements <= 2
