"""A month from somebody else: through the page, paid, approved by rule, told without names; and what is refused."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from sertakan.accounts.models import Person
from sertakan.audit import queries as audit
from sertakan.coverage import queries as coverage
from sertakan.coverage.rules import MonthState, Standing
from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.kit.months import Month
from sertakan.notices.models import Notice
from sertakan.payments import checkout
from sertakan.rescue import jobs, service
from sertakan.rescue.models import Rescue
from sertakan.review import jobs as review
from sertakan.sponsorships import links, prices
from sertakan.sponsorships import queries as sponsorships
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import RENEW, ReviewState, TermState
from sertakan.workers.rules import WorkerState
from tests import factories
from tests.cast import Cast
from tests.page import Page, PageClient
from tests.payments.conftest import Till, answers, live_months
from tests.payments.test_pages import approve
from tests.review.conftest import attest, consent

As = Callable[[str], PageClient]
SHOWN = "1=2026-09:8400,2=2026-09:16800,3=2026-09:25200"
TYPED = {
    "sponsor_name": "Penolong",
    "contact": "penolong@contoh.test",
    "risk_read": "y",
    "count": "3",
    "shown": SHOWN,
}


def late(cast: Cast, first: str = "2026-07", count: int = 2, **more: object) -> str:
    """The code of Sari's cover that ended with August: September, October and November are unpaid."""
    states = {"review": ReviewState.approved, "term": TermState.running, "state": MonthState.posted} | more
    row = factories.sponsorship(cast.sari, factories.worker(name="Sumiati"), first=first, count=count, **states)
    return row.code


def late_paid(till: Till) -> str:
    """The same, with money that really came in June."""
    with clock.frozen(datetime(2026, 6, 20, 3, 0, tzinfo=UTC)):
        order_id = till.paid(given=answers(first_month="2026-07", count=2))
        approve(till, order_id)
    return till.sponsorship(order_id).code


def read(code: str) -> Sponsorship:
    db.session.rollback()
    db.session.expire_all()
    return sponsorships.get_by_code(code)


def link(cast: Cast, code: str) -> str:
    with transaction():
        token = service.ask_for_help(actor=cast.dewi.ref, sponsorship=sponsorships.get_by_code(code, lock=True))
    return f"/selamatkan/{token}"


def rescued_by(code: str) -> Sponsorship:
    """The rescue of this one."""
    helped = read(code).id
    return db.session.get_one(Sponsorship, db.session.query(Rescue).filter_by(rescued_id=helped).one().sponsorship_id)


def send(client: PageClient, path: str, **changes: str) -> Page:
    return client.post(path, TYPED | changes)


def test_the_page_names_work_place_months_and_prices_and_nobody(cast: Cast, client: PageClient) -> None:
    code = late(cast)
    nik = read(code).worker.nik
    page = client.get(link(cast, code))
    page.sees("Selamatkan satu bulan", "Asisten rumah tangga", "identitas dilindungi", "3 bulan", "Rp25.200", "Rp8.400")
    page.misses("Sumiati", "Ibu S", "Sari", code, nik, nik[-4:])


def test_a_stranger_pays_the_arrears_and_a_checked_worker_is_approved_by_rule(
    till: Till, client: PageClient, agrees: Callable[[], None]
) -> None:
    code = late_paid(till)
    worker_id = read(code).worker_id
    consent(till.cast, worker_id)
    attest(till.cast, worker_id)
    page = send(client, link(till.cast, code))
    assert page.status == 303
    new = rescued_by(code)
    order_id = db.session.scalars(db.select(checkout.Order.id).where(checkout.Order.sponsorship_id == new.id)).one()
    till.act(order_id, "pay")
    till.tell()
    assert till.months(order_id) == dict.fromkeys(("2026-09", "2026-10", "2026-11"), "paid")
    assert review.approve_renewals() == 1
    new = rescued_by(code)
    assert (new.review_state, new.term_state) == (ReviewState.approved, TermState.running)
    assert coverage.standing_of(worker_id, clock.today()).standing is Standing.ending
    agrees()


def test_without_attestation_an_officer_decides(till: Till, client: PageClient) -> None:
    code = late_paid(till)
    consent(till.cast, read(code).worker_id)
    send(client, link(till.cast, code))
    new = rescued_by(code)
    order_id = db.session.scalars(db.select(checkout.Order.id).where(checkout.Order.sponsorship_id == new.id)).one()
    till.act(order_id, "pay")
    till.tell()
    assert review.approve_renewals() == 0
    assert rescued_by(code).review_state is ReviewState.submitted


def test_the_helped_sponsor_is_told_once_and_by_nobody(till: Till, client: PageClient) -> None:
    code = late_paid(till)
    send(client, link(till.cast, code), count="1")
    assert jobs.tell() == 0  # a promise is no money
    new = rescued_by(code)
    order_id = db.session.scalars(db.select(checkout.Order.id).where(checkout.Order.sponsorship_id == new.id)).one()
    till.act(order_id, "pay")
    till.tell()
    assert (jobs.tell(), jobs.tell()) == (1, 0)
    [notice] = db.session.query(Notice).filter_by(kind="rescued").all()
    assert notice.to == "sari@contoh.test"
    assert "September 2026" in notice.body
    assert "Penolong" not in notice.body
    assert rescued_by(code).code not in notice.body


def test_the_rescued_promise_itself_stays_as_it_was(cast: Cast, client: PageClient, till: Till) -> None:
    code = late_paid(till)
    before = (read(code).last_month, read(code).term_state)
    send(client, link(cast, code))
    assert (read(code).last_month, read(code).term_state) == before
    new = rescued_by(code)
    assert (new.chosen_from_list, new.remind, new.renews_id) == (True, False, None)
    assert sponsorships.display_name(new) != "Sumiati"
    [entry] = [one for one in audit.list_for(f"sponsorship:{new.ref}") if one.action == "sponsorship.rescue"]
    assert entry.after and entry.after["rescues"] == read(code).ref


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({"count": "2"}, 303, ""),
        ({"count": "4"}, 422, "Pilih"),
        ({"count": "x"}, 422, "Pilih"),
        ({"shown": "3=2026-09:1"}, 409, "arga"),
        ({"shown": "3=2026-08:25200"}, 409, "arga"),
        ({"contact": "bukan"}, 422, ""),
        ({"risk_read": ""}, 422, ""),
        ({"sponsor_name": ""}, 422, "Isi nama Anda"),
    ],
)
def test_what_is_typed_wrong_is_a_sentence_and_promises_nothing(
    changes: dict[str, str], status: int, words: str, till: Till, client: PageClient
) -> None:
    code = late_paid(till)
    page = send(client, link(till.cast, code), **changes)
    assert page.status == status
    if words:
        page.sees(words)
    assert factories.count(Rescue) == (1 if status == 303 else 0)


def test_a_second_stranger_finds_the_month_taken_and_leaves_nothing(till: Till, client: PageClient) -> None:
    code = late_paid(till)
    path = link(till.cast, code)
    assert send(client, path).status == 303
    people = factories.count(Person)
    page = send(client, path, contact="lain@contoh.test")
    assert page.status == 409
    page.sees("Tidak ada bulan yang perlu dibayar")
    assert (factories.count(Rescue), factories.count(Person)) == (1, people)


def test_the_sponsors_own_renewal_and_a_rescue_never_hold_one_month(till: Till, client: PageClient) -> None:
    """Her own renewal begins with the oldest month in arrears; while its bill is open nobody pays behind it."""
    code = late_paid(till)
    path = link(till.cast, code)
    promise = read(code)
    offer = next(one for one in prices.renewals(promise, Month(2026, 9)) if one.count == 1)
    checkout.renew(promise.id, 1, str(offer.total_rupiah))
    page = send(client, path)
    assert page.status in (409, 422)
    client.get(path).sees("Saat ini tidak ada bulan yang perlu dibayar")
    months = [row.month for row in live_months(read(code).worker_id)]
    assert len(months) == len(set(months))


@pytest.mark.parametrize("why", ["paid up", "lapsed", "dead", "withdrawn", "in review"])
def test_nothing_is_offered_where_there_is_nothing_to_rescue(why: str, cast: Cast, client: PageClient) -> None:
    code = late(cast)
    path = link(cast, code)
    with transaction():
        promise = sponsorships.get_by_code(code, lock=True)
        if why == "dead":
            promise.worker.state = WorkerState.deceased
        if why == "withdrawn":
            promise.worker.state = WorkerState.withdrawn
        if why == "in review":
            promise.review_state = ReviewState.submitted
        worker = promise.worker
    if why == "paid up":
        for month in ("2026-09", "2026-10", "2026-11"):
            factories.month(worker, month)
    if why == "lapsed":
        with clock.frozen(clock.now().replace(month=12, day=1)):
            page = client.get(path)
    else:
        page = client.get(path)
    page.sees("Saat ini tidak ada bulan yang perlu dibayar")
    assert [form for form in page.all("input") if form.attrs.get("name") == "count"] == []


def test_a_link_to_renew_rescues_nothing_and_a_made_up_one_is_over(cast: Cast, client: PageClient) -> None:
    code = late(cast)
    with transaction():
        token = links.make_link(sponsorship=sponsorships.get_by_code(code), purpose=RENEW)
    statuses = {client.get(f"/selamatkan/{word}", check=False).status for word in (token, "x" * 32)}
    assert statuses == {client.get("/p/" + "x" * 32, check=False).status} != {200}


# ---- asking --------------------------------------------------------------------------------------------------------------------


def test_a_sponsor_makes_a_link_and_what_it_shows_is_said_first(cast: Cast, as_: As) -> None:
    code = late(cast)
    sari = as_("sari")
    sari.get(f"/dukungan/{code}").sees("Minta tolong orang lain")
    sari.get(f"/dukungan/{code}/minta-tolong").sees("September 2026, Oktober 2026, November 2026", "tanpa nama, NIK")
    sari.post(f"/dukungan/{code}/minta-tolong").sees("/selamatkan/", "30 hari")
    [entry] = [one for one in audit.list_for(f"sponsorship:{read(code).ref}") if one.action == "rescue.link"]
    assert entry.after is None or "token" not in entry.after


def test_another_resident_asks_for_nothing(cast: Cast, as_: As) -> None:
    code = late(cast)
    assert as_("tono").get(f"/dukungan/{code}/minta-tolong").status == 404
    assert as_("tono").post(f"/dukungan/{code}/minta-tolong").status == 404


def test_an_officer_makes_the_link_on_the_page_of_the_gap(cast: Cast, as_: As) -> None:
    ref = read(late(cast)).worker.ref
    page = as_("dewi").post(f"/petugas/berakhir/{ref}/tautan")
    page.sees("/selamatkan/")
    assert page.status == 200


def test_who_is_paid_up_needs_no_link(cast: Cast, as_: As) -> None:
    code = late(cast, first="2026-10")
    as_("sari").get(f"/dukungan/{code}/minta-tolong").sees("Tidak ada bulan kosong")
    assert as_("sari").post(f"/dukungan/{code}/minta-tolong").status == 409
