"""Many at once: only what is good in every check, never one's own, each by itself, on what was seen."""

import re
from collections.abc import Callable

from sqlalchemy import select

from sertakan.audit.models import AuditEntry
from sertakan.coverage.rules import MonthState
from sertakan.db import db, transaction
from sertakan.review.models import Decision
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import ReviewState
from sertakan.workers.models import Worker, WorkerState
from tests import factories
from tests.cast import Cast
from tests.page import Page, PageClient
from tests.review.conftest import asked_for, read

As = Callable[..., PageClient]
QUEUE, MANY = "/petugas/antrean", "/petugas/antrean/massal"


def green(cast: Cast, name: str = "Sumiati", who: str = "sari", **more: object) -> str:
    """Paid, agreed by herself, seen at work, and her identity was checked before."""
    worker = factories.worker(name=name, state=more.pop("worker_state", WorkerState.identity_checked))
    return asked_for(cast, who, worker=worker, state=more.pop("state", MonthState.paid), **more)


def ticks(page: Page) -> list[str]:
    return [element.attrs["value"] for element in page.all("input") if element.attrs.get("name") == "pick"]


def codes(page: Page) -> set[str]:
    return {value.partition(":")[0] for value in ticks(page)}


def test_only_what_is_good_in_every_check_can_be_ticked(cast: Cast, as_: As) -> None:
    good = green(cast)
    green(cast, "Pertama kali", worker_state=WorkerState.proposed)  # nobody has looked at her identity yet
    green(cast, "Belum bayar", state=MonthState.reserved)
    factories.sponsorship(cast.sari, factories.worker(name="Tanpa surat"), state=MonthState.paid)
    page = as_("dewi").get(QUEUE + "?saring=all")
    assert codes(page) == {good}
    page.sees("Setujui yang dipilih")


def test_ones_own_cannot_be_ticked_and_an_auditor_ticks_nothing(cast: Cast, as_: As) -> None:
    green(cast, who="dewi")
    assert not codes(as_("dewi").get(QUEUE))
    assert len(codes(as_("agus").get(QUEUE))) == 1
    as_("nina").get(QUEUE).misses("Setujui yang dipilih")


def test_what_was_ticked_is_shown_once_more_and_then_approved(cast: Cast, as_: As) -> None:
    wanted = {green(cast, "Satu"), green(cast, "Dua")}
    rest = green(cast, "Tiga")
    dewi = as_("dewi")
    chosen = [value for value in ticks(dewi.get(QUEUE)) if value.partition(":")[0] in wanted]
    sure = dewi.post(MANY, {"pick": chosen})
    sure.sees("Satu", "Dua", "Setujui 2, Rp184.800").misses("Tiga")
    assert {read(code).review_state for code in wanted} == {ReviewState.submitted}  # nothing yet
    done = dewi.post(MANY, {"pick": ticks(sure), "sure": "y"})
    done.sees("2 dari 2 disetujui")
    assert {read(code).review_state for code in wanted} == {ReviewState.approved}
    assert read(rest).review_state is ReviewState.submitted
    decisions = db.session.scalars(select(Decision)).all()
    assert [(row.officer_id, row.outcome.value) for row in decisions] == [(cast.dewi.id, "approved")] * 2
    actions = list(db.session.scalars(select(AuditEntry.action)))
    assert actions.count("sponsorship.approve") == 2


def test_one_that_changed_meanwhile_stays_and_the_others_go_through(cast: Cast, as_: As) -> None:
    changed, good = green(cast, "Berubah"), green(cast, "Tetap")
    dewi = as_("dewi")
    chosen = ticks(dewi.get(QUEUE))
    with transaction():
        row = db.session.get_one(Worker, read(changed).worker_id)
        row.name = "Nama Lain"
    page = dewi.post(MANY, {"pick": chosen, "sure": "y"})
    page.sees("1 dari 2 disetujui", "Tidak disetujui")
    assert (read(changed).review_state, read(good).review_state) == (ReviewState.submitted, ReviewState.approved)


def test_a_second_time_changes_nothing_and_says_so(cast: Cast, as_: As) -> None:
    green(cast)
    dewi = as_("dewi")
    chosen = ticks(dewi.get(QUEUE))
    dewi.post(MANY, {"pick": chosen, "sure": "y"}).sees("1 dari 1 disetujui")
    dewi.post(MANY, {"pick": chosen, "sure": "y"}).sees("0 dari 1 disetujui")
    assert len(db.session.scalars(select(Decision)).all()) == 1


def forged(code: str, as_: As) -> str:
    """A tick for a line that has none, with the right fingerprint."""
    html = as_("agus").get(f"{QUEUE}/{code}").html
    found = re.search(r'name="seen" value="([0-9a-f]{64})"', html)
    assert found
    return f"{code}:{found[1]}"


def test_a_forged_tick_approves_nothing_that_is_not_good_in_every_check(cast: Cast, as_: As) -> None:
    first = green(cast, worker_state=WorkerState.proposed)
    page = as_("dewi").post(MANY, {"pick": [forged(first, as_)], "sure": "y"})
    page.sees("0 dari 1 disetujui", "Belum semua pemeriksaannya baik")
    assert read(first).review_state is ReviewState.submitted


def test_a_forged_tick_on_ones_own_is_refused(cast: Cast, as_: As) -> None:
    own = green(cast, who="dewi")
    tick = forged(own, as_)
    as_("dewi").post(MANY, {"pick": [tick]}).sees("1 dari 1 dikeluarkan")
    as_("dewi").post(MANY, {"pick": [tick], "sure": "y"}).sees("0 dari 1 disetujui")
    assert read(own).review_state is ReviewState.submitted


def test_nothing_ticked_and_nonsense_are_told(cast: Cast, as_: As) -> None:
    code = green(cast)
    dewi = as_("dewi")
    for pick in ([], ["x"], ["2222-2222:abc"], ["'; --:x"], [f"{code}"]):
        page = dewi.post(MANY, {"pick": pick, "sure": "y"})
        assert page.status == 422
        page.sees("Belum ada yang dipilih")
    assert read(code).review_state is ReviewState.submitted


def test_those_who_may_not_decide_find_no_door(cast: Cast, as_: As) -> None:
    green(cast)
    for who in ("nina", "hasan", "sari"):
        assert as_(who, second_factor=who != "sari").post(MANY, {"sure": "y"}).status == 404


def test_the_queue_costs_the_same_for_one_line_and_for_twenty(cast: Cast, as_: As) -> None:
    dewi = as_("dewi")
    green(cast)
    one = min(dewi.get(QUEUE).statements for _n in range(3))
    for _n in range(19):
        green(cast)
    assert min(dewi.get(QUEUE).statements for _n in range(3)) == one
    assert len(codes(dewi.get(QUEUE))) == 20 and len(db.session.scalars(select(Sponsorship)).all()) == 20
