"""A seat from its offer to its turn: through the pages, with real payments, told without names; and what is refused."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from sertakan.accounts.models import Person
from sertakan.audit import queries as audit
from sertakan.coverage import queries as coverage
from sertakan.coverage import service as ledger
from sertakan.coverage.rules import MonthState
from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.kit.months import Month
from sertakan.notices.models import Notice
from sertakan.payments import checkout
from sertakan.payments import jobs as payment_jobs
from sertakan.payments import service as payments
from sertakan.payments.models import Order
from sertakan.relay import jobs, rules, service
from sertakan.relay.models import Seat
from sertakan.relay.rules import SeatState
from sertakan.rescue import jobs as rescue_jobs
from sertakan.rescue.models import Rescue
from sertakan.sponsorships import queries as sponsorships
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import ReviewState, TermState
from sertakan.workers.rules import WorkerState
from tests import factories
from tests.cast import Cast
from tests.page import Page, PageClient
from tests.payments.conftest import Till, answers, live_months
from tests.payments.test_pages import approve

As = Callable[[str], PageClient]
SHOWN = "1=2026-12:8400,3=2026-12:42000,6=2026-12:92400"
TYPED = {
    "sponsor_name": "Penolong",
    "contact": "penolong@contoh.test",
    "risk_read": "y",
    "count": "3",
    "shown": SHOWN,
}


def running(till: Till) -> str:
    """The code of Sari's cover that runs until November, paid for in October."""
    with clock.frozen(datetime(2026, 10, 20, 3, 0, tzinfo=UTC)):
        order_id = till.paid(given=answers(first_month="2026-10", count=2))
        approve(till, order_id)
    return till.sponsorship(order_id).code


def runs(cast: Cast, **more: object) -> str:
    """The same without money."""
    states = {"review": ReviewState.approved, "term": TermState.running, "state": MonthState.posted, "first": "2026-10"} | more
    return factories.sponsorship(cast.sari, factories.worker(name="Sumiati"), count=2, **states).code  # type: ignore[arg-type]


def read(code: str) -> Sponsorship:
    db.session.rollback()
    db.session.expire_all()
    return sponsorships.get_by_code(code)


def offer(cast: Cast, code: str, count: int = 6) -> str:
    """A seat of Sari's; the path of its link."""
    with transaction():
        giver = db.session.get_one(Person, cast.ids["sari"])
        _seat, token = service.offer(giver=giver, sponsorship=sponsorships.get_by_code(code, lock=True), count=count)
    return f"/estafet/{token}"


def seat() -> Seat:
    db.session.rollback()
    db.session.expire_all()
    return db.session.query(Seat).order_by(Seat.id.desc()).first()  # type: ignore[return-value]


def send(client: PageClient, path: str, **changes: str) -> Page:
    return client.post(path, TYPED | changes)


def hold(client: PageClient, path: str, **changes: str) -> str:
    """Held; the path of the holder's own page."""
    page = client.post(path, TYPED | {"do": "hold", "risk_read": ""} | changes)
    assert page.status == 303, page.text
    return page.location


def pay(till: Till) -> int:
    """The newest bill is paid."""
    order_id = db.session.scalars(db.select(Order.id).order_by(Order.id.desc())).first()
    assert order_id is not None
    till.act(order_id, "pay")
    till.tell()
    return order_id


def told(kind: str) -> list[Notice]:
    db.session.rollback()
    return db.session.query(Notice).filter_by(kind=kind).all()


# ---- offering ------------------------------------------------------------------------------------------------------------------


def test_the_chain_says_whose_turn_it_is_and_a_sponsor_offers_the_next_seat(cast: Cast, as_: As) -> None:
    code = runs(cast)
    sari = as_("sari")
    sari.get(f"/dukungan/{code}").sees("ajak orang lain melanjutkan")
    sari.get(f"/dukungan/{code}/estafet").sees("Rantai penanggung", "Anda", "Oktober 2026 – November 2026", "Buat tautan")
    page = sari.post(f"/dukungan/{code}/estafet", {"count": "3"})
    page.sees("/estafet/", "Kursi kosong", "Desember 2026 – Februari 2027", "Ditawarkan", "Tarik kursi")
    [entry] = audit.list_for(f"seat:{seat().ref}")
    assert (entry.action, entry.after) == ("seat.offered", {"first_month": "2026-12", "count": 3, "sponsorship": code})


def test_the_next_sponsor_sees_months_and_prices_and_nobody(cast: Cast, client: PageClient) -> None:
    code = runs(cast)
    page = client.get(offer(cast, code))
    page.sees("Lanjutkan perlindungan", "Dilanjutkan mulai iuran Desember 2026", "6 bulan", "Rp92.400", "Pegang dulu 3 hari")
    page.misses("Sumiati", "Ibu S", "Sari", code)


def test_of_one_worker_one_seat_is_open_at_a_time(cast: Cast, as_: As) -> None:
    code = runs(cast)
    sari = as_("sari")
    assert sari.post(f"/dukungan/{code}/estafet", {"count": "3"}).status == 200
    page = sari.post(f"/dukungan/{code}/estafet", {"count": "3"})
    assert page.status == 409
    page.sees("Sudah ada satu kursi")
    sari.post(f"/dukungan/{code}/estafet/{seat().ref}/tarik")
    assert seat().state is SeatState.withdrawn
    assert sari.post(f"/dukungan/{code}/estafet", {"count": "3"}).status == 200


def test_one_person_offers_only_so_many(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MOST_OPEN", 1)
    offer(cast, runs(cast))
    with pytest.raises(rules.TooManyOffers):
        offer(cast, runs(cast))


@pytest.mark.parametrize("count", ["", "0", "13", "x", "-1"])
def test_a_length_that_is_none_is_a_sentence(cast: Cast, as_: As, count: str) -> None:
    code = runs(cast)
    page = as_("sari").post(f"/dukungan/{code}/estafet", {"count": count})
    assert page.status == 422
    page.sees("Pilih berapa lama")
    assert factories.count(Seat) == 0


@pytest.mark.parametrize("why", ["in arrears", "in review", "dead", "not paid"])
def test_where_nothing_can_be_handed_on_no_seat_is_offered(cast: Cast, as_: As, why: str) -> None:
    more: dict[str, object] = {"in review": {"review": ReviewState.submitted}, "not paid": {"state": MonthState.reserved}}.get(
        why, {}
    )
    code = runs(cast, **more) if why != "in arrears" else runs(cast, first="2026-07")
    if why == "dead":
        with transaction():
            sponsorships.get_by_code(code).worker.state = WorkerState.deceased
    assert as_("sari").post(f"/dukungan/{code}/estafet", {"count": "3"}).status == 409
    assert factories.count(Seat) == 0


def test_strangers_find_no_chain_and_no_seat(cast: Cast, as_: As) -> None:
    code = runs(cast)
    offer(cast, code)
    tono = as_("tono")
    statuses = {
        tono.get(f"/dukungan/{code}/estafet").status,
        tono.post(f"/dukungan/{code}/estafet", {"count": "3"}).status,
        tono.post(f"/dukungan/{code}/estafet/{seat().ref}/tarik").status,
        tono.post(f"/dukungan/{code}/estafet/{seat().ref}/kenalkan", {"agrees": "y"}).status,
    }
    assert statuses == {404}
    assert (seat().state, seat().giver_named) == (SeatState.offered, False)


def test_a_seat_of_another_sponsorship_is_not_there(cast: Cast, as_: As) -> None:
    offer(cast, runs(cast))
    other = runs(cast)
    assert as_("sari").post(f"/dukungan/{other}/estafet/{seat().ref}/tarik").status == 404
    assert seat().state is SeatState.offered


def test_the_offers_own_sponsor_does_not_take_it(cast: Cast, as_: As) -> None:
    path = offer(cast, runs(cast))
    page = as_("sari").post(path, TYPED | {"do": "hold"})
    assert page.status == 409
    page.sees("Anda tawarkan sendiri")


# ---- holding -------------------------------------------------------------------------------------------------------------------


def test_a_seat_is_held_for_three_days_and_others_are_told(cast: Cast, client: PageClient, as_: As) -> None:
    code = runs(cast)
    path = offer(cast, code)
    own = hold(client, path)
    held = seat()
    assert (held.state, held.told_rupiah) == (SeatState.held, 92_400)
    client.get(own).sees("Kursi ini kami simpan untuk Anda sampai", "Desember 2026", "Rp92.400").misses("Sumiati", "Sari", code)
    as_("tono").get(path).sees("sudah dipegang orang lain").misses("Rp92.400")
    assert as_("tono").post(path, TYPED | {"do": "hold"}).status == 409
    [notice] = told("seat_held")
    assert (notice.to, "92.400" in notice.body, "Sumiati" in notice.body) == ("penolong@contoh.test", True, False)
    as_("sari").get(f"/dukungan/{code}/estafet").sees("Dipegang seseorang").misses("Penolong")


def test_a_seat_nobody_paid_is_over_after_three_days_and_may_be_offered_anew(cast: Cast, client: PageClient) -> None:
    code = runs(cast)
    own = hold(client, offer(cast, code))
    with clock.frozen(clock.now() + timedelta(days=3)):
        assert jobs.watch() == {"expire": 1}
        assert jobs.watch() == {}
        assert seat().state is SeatState.expired
        assert client.get(own, check=False).status == 410
        offer(cast, code)
    assert [len(told(kind)) for kind in ("seat_over", "seat_open")] == [1, 1]
    assert told("seat_open")[0].to == "sari@contoh.test"


def test_the_holder_gives_back_and_the_sponsor_is_told_once(cast: Cast, client: PageClient) -> None:
    own = hold(client, offer(cast, runs(cast)))
    for _twice in range(2):
        assert client.post(f"{own}/lepas").status == 303
    assert seat().state is SeatState.declined
    assert len(told("seat_open")) == 1
    client.get(own).sees("sudah tidak ditawarkan lagi")


def test_one_person_holds_only_so_many(cast: Cast, client: PageClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MOST_HELD", 1)
    hold(client, offer(cast, runs(cast)))
    page = client.post(offer(cast, runs(cast)), TYPED | {"do": "hold"})
    assert page.status == 409
    page.sees("sudah memegang 1 kursi")


def test_a_sponsor_does_not_take_back_what_somebody_holds(cast: Cast, client: PageClient, as_: As) -> None:
    code = runs(cast)
    hold(client, offer(cast, code))
    as_("sari").post(f"/dukungan/{code}/estafet/{seat().ref}/tarik")
    assert seat().state is SeatState.held


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"count": "4"}, 422),
        ({"count": "x"}, 422),
        ({"shown": "3=2026-12:1"}, 409),
        ({"contact": "bukan"}, 422),
        ({"risk_read": ""}, 422),
        ({"sponsor_name": ""}, 422),
        ({"do": "hold", "contact": ""}, 422),
    ],
)
def test_what_is_typed_wrong_is_a_sentence_and_takes_nothing(
    cast: Cast, client: PageClient, changes: dict[str, str], status: int
) -> None:
    page = send(client, offer(cast, runs(cast)), **changes)
    assert page.status == status
    assert (seat().state, factories.count(Rescue)) == (SeatState.offered, 0)


def test_a_link_of_another_purpose_is_over(cast: Cast, client: PageClient) -> None:
    path = offer(cast, runs(cast))
    for wrong in (path.replace("estafet", "giliran"), path.replace("estafet", "selamatkan"), "/estafet/" + "x" * 32):
        assert client.get(wrong, check=False).status == 410


# ---- taking --------------------------------------------------------------------------------------------------------------------


def test_a_cover_is_handed_on_without_a_hole_and_without_a_second_payer(
    till: Till, client: PageClient, agrees: Callable[[], None]
) -> None:
    code = running(till)
    assert send(client, offer(till.cast, code)).status == 303
    assert jobs.watch() == {}  # a bill is no money
    order_id = pay(till)
    assert jobs.watch() == {"paid": 1}
    taken = seat()
    new = till.sponsorship(order_id)
    assert (taken.state, taken.taken_id, taken.count, new.first_month, new.remind) == (
        SeatState.taken, new.id, 3, Month(2026, 12), True
    )  # fmt: skip
    assert [row.month for row in live_months(new.worker_id)] == [Month(2026, 10) + step for step in range(5)]
    assert coverage.standing_of(new.worker_id, clock.today()).covered_until == Month(2027, 2).last_day
    assert rescue_jobs.tell() == 1
    [notice] = told("continued")
    assert (notice.to, "Penolong" in notice.body) == ("sari@contoh.test", False)
    agrees()


def test_both_hear_that_the_baton_passes_once_and_without_names(till: Till, client: PageClient) -> None:
    code = running(till)
    own = hold(client, offer(till.cast, code, 3))
    assert send(client, own).status == 303
    pay(till)
    assert jobs.watch() == {"paid": 1}
    with clock.frozen(datetime(2026, 11, 23, 3, 0, tzinfo=UTC)):  # the last month of the first one ends in a week
        assert jobs.watch() == {"tell": 1}
        assert jobs.watch() == {}
    [before], [after] = told("hand_over"), told("your_turn")
    assert (before.to, after.to) == ("sari@contoh.test", "penolong@contoh.test")
    assert "Penolong" not in before.body and "Sari" not in after.body and "Sumiati" not in after.body
    with clock.frozen(datetime(2026, 11, 30, 16, 59, tzinfo=UTC)):  # 23.59 in Pontianak: the last day is Sari's
        assert jobs.watch() == {}
    with clock.frozen(datetime(2026, 11, 30, 17, 0, tzinfo=UTC)):
        assert jobs.watch() == {"hand_on": 1}
    assert seat().state is SeatState.handed_on


def test_when_the_first_sponsor_goes_on_herself_the_holder_is_told_later_months(till: Till, client: PageClient) -> None:
    code = running(till)
    path = offer(till.cast, code)
    own = hold(client, path)
    checkout.renew(read(code).id, 1, "8400")
    assert send(client, own).status == 409
    assert jobs.watch() == {"move": 1}
    [notice] = told("seat_moved")
    assert "Januari 2027" in notice.body
    client.get(own).sees("Dilanjutkan mulai iuran Januari 2027")
    assert factories.count(Rescue) == 0


def test_an_unpaid_bill_leaves_the_seat_to_its_holder_until_her_time_is_over(till: Till, client: PageClient) -> None:
    own = hold(client, offer(till.cast, running(till)))
    assert send(client, own).status == 303
    client.get(own).sees("Giliran Anda")
    assert client.post(f"{own}/lepas").status == 303
    assert seat().state is SeatState.held  # her bill is still open
    with clock.frozen(clock.now() + timedelta(hours=30)):
        payment_jobs.expire_orders()
        assert jobs.watch() == {}
        client.get(own).sees("Bayar sekarang")
    with clock.frozen(clock.now() + timedelta(days=3, hours=1)):
        assert jobs.watch() == {"expire": 1}


def test_nothing_is_told_about_a_worker_who_died(till: Till, client: PageClient) -> None:
    code = running(till)
    send(client, offer(till.cast, code))
    pay(till)
    with transaction():
        sponsorships.get_by_code(code).worker.state = WorkerState.deceased
    before = factories.count(Notice)
    assert jobs.watch() == {"paid": 1, "close": 1}
    assert (factories.count(Notice), seat().state) == (before, SeatState.withdrawn)


# ---- names ---------------------------------------------------------------------------------------------------------------------


def test_a_name_is_shown_only_when_both_agree(till: Till, client: PageClient, as_: As) -> None:
    code = running(till)
    tono = as_("tono")
    assert send(tono, offer(till.cast, code), named="y").status == 303
    new = till.sponsorship(pay(till)).code
    jobs.watch()
    approve(till, till.all(Order)[-1].id)
    ref, sari = seat().ref, as_("sari")
    mine, his = f"/dukungan/{code}/estafet", f"/dukungan/{new}/estafet"
    sari.get(mine).sees("Penanggung lain").misses("Tono")
    tono.get(his).sees("Penanggung lain", "Anda setuju diperkenalkan").misses("Sari Wulandari", "Sumiati")
    sari.post(f"{mine}/{ref}/kenalkan", {"agrees": "y"})
    sari.get(mine).sees("Anda berdua setuju: Tono")
    tono.get(his).sees("Anda berdua setuju: Sari Wulandari")
    tono.post(f"{his}/{ref}/kenalkan", {})
    sari.get(mine).misses("Tono")
    assert [entry.action for entry in audit.list_for(f"seat:{ref}")].count("seat.named") == 2


# ---- months that fall free -----------------------------------------------------------------------------------------------------


def chained(till: Till, client: PageClient) -> tuple[str, str]:
    """Sari pays October to December, the helper January to March. The codes of both."""
    with clock.frozen(datetime(2026, 10, 20, 3, 0, tzinfo=UTC)):
        first = till.paid(given=answers(first_month="2026-10", count=3))
        approve(till, first)
    code = till.sponsorship(first).code
    send(client, offer(till.cast, code), shown="3=2027-01:50400")
    second = pay(till)
    assert jobs.watch() == {"paid": 1}
    return code, till.sponsorship(second).code


def stop(code: str) -> None:
    """Its sponsor stops; the money for months not at BPJS goes back."""
    with transaction():
        promise = sponsorships.get_by_code(code, lock=True)
        payments.cancel_sponsorship(actor=promise.sponsor, sponsorship=promise)


def ask_path(kind: str = "seat_ask") -> str:
    [notice] = told(kind)
    return "/giliran/" + notice.body.split("/giliran/")[1].split()[0]


def test_a_cancels_may_before_it_is_remitted_and_b_is_asked_to_start_in_may(
    till: Till, client: PageClient, agrees: Callable[[], None]
) -> None:
    """PRODUCT idea 2, with December for May: no month has two payers, none is silently empty."""
    code, new = chained(till, client)
    worker_id = read(code).worker_id
    with clock.frozen(datetime(2026, 11, 25, 3, 0, tzinfo=UTC)):
        _send_on(worker_id, "2026-10", "2026-11")
        stop(code)
        assert jobs.watch() == {"ask": 1}
        assert jobs.watch() == {}
        path = ask_path()
        page = client.get(path)
        page.sees("Mulai lebih awal?", "Rp8.400").misses("Sari", "Sumiati", "Ibu S")
        shown = next(field.attrs["value"] for field in page.all("input") if field.attrs.get("name") == "shown")
        assert client.post(path, {"shown": shown}).status == 303
        assert jobs.watch() == {}  # she went to pay
        assert client.post(path, {"shown": shown}).status == 409
        pay(till)
        assert jobs.watch() == {"filled": 1, "tell": 1}
    months = live_months(worker_id)
    assert [row.month for row in months] == [Month(2026, 10) + step for step in range(6)]
    assert {row.sponsorship_id for row in months[2:]} == {read(new).id}
    assert (read(new).first_month, seat().first_month) == (Month(2026, 12), Month(2026, 12))
    assert told("seat_unfilled") == []
    till.send_refunds()
    agrees()


@pytest.mark.parametrize("how", ["says no", "is silent"])
def test_when_b_cannot_start_earlier_a_and_the_officers_are_told_and_the_gap_shows(
    till: Till, client: PageClient, as_: As, how: str
) -> None:
    code, _new = chained(till, client)
    worker_id = read(code).worker_id
    with clock.frozen(datetime(2026, 11, 25, 3, 0, tzinfo=UTC)):
        _send_on(worker_id, "2026-10", "2026-11")
        stop(code)
        jobs.watch()
        path = ask_path()
        if how == "says no":
            for _twice in range(2):
                client.post(f"{path}/lepas")
    with clock.frozen(datetime(2026, 11, 30, 3, 1, tzinfo=UTC)):
        assert jobs.watch() == ({} if how == "says no" else {"unanswered": 1})
        assert jobs.watch() == {}
        to = sorted(notice.to for notice in told("seat_unfilled"))
        assert to == sorted({"sari@contoh.test", till.cast.dewi.email, till.cast.agus.email})
        page = as_("dewi").get("/petugas/berakhir?bagian=week")
        page.sees("Sumiati")
    assert coverage.held(worker_id).keys() == {Month(2026, 10) + step for step in (0, 1, 3, 4, 5)}


def test_a_held_seat_begins_earlier_when_the_months_before_it_fall_free(till: Till, client: PageClient) -> None:
    with clock.frozen(datetime(2026, 10, 20, 3, 0, tzinfo=UTC)):
        first = till.paid(given=answers(first_month="2026-10", count=3))
        approve(till, first)
    code = till.sponsorship(first).code
    hold(client, offer(till.cast, code, 3))
    _send_on(read(code).worker_id, "2026-10", "2026-11")
    stop(code)
    assert jobs.watch() == {"move": 1}
    [notice] = told("seat_moved")
    assert "Desember 2026 sampai Februari 2027" in notice.body
    assert (seat().first_month, seat().told_rupiah) == (Month(2026, 12), 42_000)


def test_when_b_gives_her_months_up_a_is_told_that_nobody_comes_after_her(till: Till, client: PageClient) -> None:
    code, new = chained(till, client)
    stop(new)
    assert jobs.watch() == {"close": 1}
    [notice] = told("seat_open")
    assert (notice.to, code in notice.body) == ("sari@contoh.test", True)
    assert offer(till.cast, code)


def _send_on(worker_id: int, *words: str) -> None:
    """These months have gone to BPJS."""
    with transaction():
        for row in coverage.months_of_worker(worker_id, lock=True):
            if str(row.month) in words:
                ledger.move(actor="system", month=row, to=MonthState.remitted)
