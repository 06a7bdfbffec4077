"""Workers, consents and the waiting list against real tables."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from threading import Barrier, Thread

import pytest
from flask import Flask

from sertakan.audit import queries as audit
from sertakan.db import blind, db, transaction
from sertakan.kit import clock, nik
from sertakan.kit.errors import Refused
from sertakan.workers import public, queries, rules, service
from sertakan.workers.models import Attestation, Consent, ConsentGiver, ConsentKind, Waiting, Worker, WorkerState
from tests import factories
from tests.cast import Cast
from tests.conftest import NOW
from tests.workers.people import crowd, waiting


def typed(number: str, name: str = "Sumiati", **more: object) -> dict[str, object]:
    return {"nik": nik.check(number), "name": name, "phone": None, "occupation_code": "pedagang_sayur", **more}


# ---- one row per NIK -----------------------------------------------------------------------------------------------------------


def test_the_same_nik_is_the_same_row_and_a_second_sponsor_overwrites_nothing(app: Flask, cast: Cast) -> None:
    number = factories.nik()
    with transaction():
        first = service.find_or_create(actor=cast.sari, **typed(number, phone="+6281234567781"))
        second = service.find_or_create(actor=cast.tono, **typed(number, "Sumiyati", phone="+6289999999999", employs_others=True))
    assert first.id == second.id
    assert (first.name, first.phone, first.employs_others) == ("Sumiati", "+6281234567781", False)
    assert factories.count(Worker) == 1
    assert first.born_on == date(1984, 3, 12)


@pytest.mark.timeout(60)
def test_two_sponsors_who_type_the_same_new_nik_at_once_end_in_one_row(live: tuple[Flask, Cast]) -> None:
    app, cast = live
    number, start, ids, failed = factories.nik(), Barrier(2), [], []

    def go(name: str) -> None:
        with app.app_context():
            try:
                start.wait()
                with transaction():
                    ids.append(service.find_or_create(actor=getattr(cast, name), **typed(number)).id)
            except Exception as error:
                failed.append(error)

    threads = [Thread(target=go, args=(name,)) for name in ("sari", "tono")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(ids) == 2
    assert len(set(ids)) == 1


def test_a50_the_tables_hold_no_nik_phone_or_address_as_typed(app: Flask, cast: Cast) -> None:
    row = waiting(cast).worker
    table = Worker.__table__
    stored = " ".join(str(value) for value in db.session.execute(table.select().where(table.c.id == row.id)).one())
    for secret in (row.nik, row.phone, row.address):
        assert secret
        assert secret not in stored


def test_a_worker_moves_with_a_trace_and_leaves_the_list_when_she_died(app: Flask, cast: Cast) -> None:
    row = waiting(cast)
    with transaction():
        service.move(actor=cast.agus.ref, worker=row.worker, to=WorkerState.deceased, reason="akta kematian")
    assert row.left_at is not None
    actions = [entry.action for entry in audit.list_for(service.subject(row.worker))]
    assert actions[:2] == ["waiting.leave", "worker.deceased"]
    with pytest.raises(rules.IllegalMove), transaction():
        service.move(actor="system", worker=row.worker, to=WorkerState.active)


# ---- onto the list and off it --------------------------------------------------------------------------------------------------


def test_the_list_asks_for_consent_an_attestation_a_kelurahan_and_the_age(app: Flask, cast: Cast) -> None:
    worker = factories.worker(occupation="pedagang_sayur")

    def attempt(**more: object) -> type[Refused] | None:
        try:
            with transaction():
                service.put_on_list(actor=cast.dewi, worker=worker, phrases=more.get("phrases", []))
        except Refused as no:
            return type(no)
        return None

    assert attempt() is rules.ListedConsentMissing
    with transaction():
        service.record_consent(
            actor=cast.dewi, worker=worker, kind=ConsentKind.listed, giver=ConsentGiver.witness, text_version="2026-11"
        )
    assert attempt() is rules.AttestationMissing
    with transaction():
        service.attest(
            actor=cast.hasan, worker=worker, occupation_code="pedagang_sayur", since_month=None, seen_on=date(2026, 11, 1)
        )
    assert attempt(phrases=["apa saja"]) is rules.UnknownPhrase
    assert attempt() is None
    assert attempt() is rules.AlreadyWaiting


@pytest.mark.parametrize(
    ("more", "no"),
    [
        ({"born_on": date(1961, 11, 22)}, rules.TooOld),
        ({"born_on": date(2009, 1, 1)}, rules.TooYoung),
        ({"kelurahan": None}, rules.KelurahanMissing),
        ({"state": WorkerState.withdrawn}, rules.NotListable),
    ],
)
def test_who_may_not_be_registered_is_not_listed(app: Flask, cast: Cast, more: dict[str, object], no: type[Refused]) -> None:
    with pytest.raises(no):
        waiting(cast, **more)
    db.session.rollback()
    assert factories.count(Waiting) == 0


def test_an_attestation_of_last_year_no_longer_stands(app: Flask, cast: Cast) -> None:
    row = waiting(cast)
    assert queries.has_attestation(row.worker_id)
    with clock.frozen(NOW + timedelta(days=400)):
        assert not queries.has_attestation(row.worker_id)


def test_withdrawing_the_consent_takes_her_off_the_list_in_the_same_transaction(app: Flask, cast: Cast) -> None:
    row = crowd(cast, 5)[0]
    with transaction():
        assert service.withdraw_consent(actor="system", worker=row.worker, kind=ConsentKind.listed) == 1
        assert public.find_card(row.code) is None
    assert row.left_at is not None
    assert not queries.has_consent(row.worker_id, ConsentKind.listed)
    assert queries.has_consent(row.worker_id, ConsentKind.registered)


def test_leaving_twice_changes_nothing(app: Flask, cast: Cast) -> None:
    row = waiting(cast)
    for _ in range(2):
        with transaction():
            service.leave_list(actor="system", waiting=row, reason="sponsored")
    entries = [entry.action for entry in audit.list_for(service.subject(row.worker))]
    assert entries.count("waiting.leave") == 1


def test_who_comes_back_has_another_code_and_waits_from_that_day(app: Flask, cast: Cast) -> None:
    row = waiting(cast, days=40)
    before = row.code
    with transaction():
        service.leave_list(actor="system", waiting=row, reason="sponsored")
    with clock.frozen(NOW + timedelta(days=30)), transaction():
        again = service.put_on_list(actor=cast.dewi, worker=row.worker, phrases=[])
    assert again.id == row.id
    assert again.code != before
    assert again.since_on == date(2026, 12, 22)
    assert queries.find_waiting(before) is None


# ---- the paper -----------------------------------------------------------------------------------------------------------------


def test_the_code_on_the_paper_is_not_the_public_code_and_only_its_keyed_hash_is_kept(app: Flask, cast: Cast) -> None:
    row = waiting(cast)
    with transaction():
        code = service.new_paper(actor=cast.dewi.ref, waiting=row)
    assert code != row.code
    assert row.leave_hash == blind(code, queries.LEAVE)
    stored = " ".join(str(value) for value in db.session.execute(Waiting.__table__.select()).one())
    assert code not in stored
    assert code.replace("-", "") not in stored


def test_i5_she_leaves_with_her_paper_and_her_public_code_cannot_do_it(app: Flask, cast: Cast) -> None:
    row = waiting(cast)
    with transaction():
        old = service.new_paper(actor=cast.dewi.ref, waiting=row)
        code = service.new_paper(actor=cast.dewi.ref, waiting=row)
    for wrong in (row.code, old, "7KQ2-M9XF", "not a code"):
        with transaction():
            service.leave_by_paper(wrong)
        assert row.left_at is None
    with transaction():
        service.leave_by_paper(code.lower().replace("-", " "))
    assert row.left_at is not None
    assert not queries.has_consent(row.worker_id, ConsentKind.listed)
    entry = audit.list_for(service.subject(row.worker))[0]
    assert entry.actor == service.subject(row.worker)


# ---- holding -------------------------------------------------------------------------------------------------------------------


def test_a_hold_lasts_thirty_minutes_and_then_anybody_may(app: Flask, cast: Cast) -> None:
    row = waiting(cast)
    with transaction():
        service.hold(waiting=row, by="sari")
    assert row.held_until == NOW + timedelta(minutes=30)
    with clock.frozen(NOW + timedelta(minutes=29, seconds=59)), pytest.raises(rules.HeldByAnother), transaction():
        service.hold(waiting=row, by="tono")
    with clock.frozen(NOW + timedelta(minutes=30)), transaction():
        service.hold(waiting=row, by="tono")
    assert row.held_by == "tono"


def test_who_holds_may_hold_on_and_only_she_lets_go(app: Flask, cast: Cast) -> None:
    row = waiting(cast)
    with transaction():
        service.hold(waiting=row, by="sari")
    with clock.frozen(NOW + timedelta(minutes=20)), transaction():
        service.hold(waiting=row, by="sari", minutes=60)
    assert row.held_until == NOW + timedelta(minutes=80)
    with transaction():
        service.drop_hold(waiting=row, by="tono")
    assert row.held_by == "sari"
    with transaction():
        service.drop_hold(waiting=row, by="sari")
    assert row.held_by is None


def test_who_left_cannot_be_held(app: Flask, cast: Cast) -> None:
    row = waiting(cast)
    with transaction():
        service.leave_list(actor="system", waiting=row, reason="by herself")
    with pytest.raises(rules.HeldByAnother), transaction():
        service.hold(waiting=row, by="sari")


Hold = Callable[[Waiting, str, Barrier], None]


def _compare_and_set(row: Waiting, by: str, seen: Barrier) -> None:
    seen.wait()
    with transaction() as session:
        service.hold(waiting=session.get_one(Waiting, row.id), by=by)


def _look_then_set(row: Waiting, by: str, seen: Barrier) -> None:
    """What would happen without the compare: look, decide, then write."""
    free = db.session.get_one(Waiting, row.id).held_by is None
    seen.wait()
    if not free:
        raise rules.HeldByAnother
    with transaction() as session:
        mine = session.get_one(Waiting, row.id)
        mine.held_by, mine.held_until = by, clock.now() + timedelta(minutes=30)


def _race(live: tuple[Flask, Cast], hold: Hold) -> list[str]:
    app, cast = live
    with app.app_context():
        row, seen, won = waiting(cast), Barrier(2), []
        row_id = row.id

    def go(by: str) -> None:
        with app.app_context():
            mine = db.session.get_one(Waiting, row_id)
            try:
                hold(mine, by, seen)
                won.append(by)
            except rules.HeldByAnother:
                pass

    threads = [Thread(target=go, args=(by,)) for by in ("sari", "tono")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return won


@pytest.mark.timeout(60)
def test_of_two_sponsors_who_choose_her_at_once_one_holds_her(live: tuple[Flask, Cast]) -> None:
    assert len(_race(live, _compare_and_set)) == 1


@pytest.mark.timeout(60)
def test_control_without_the_compare_both_believe_they_hold_her(live: tuple[Flask, Cast]) -> None:
    assert len(_race(live, _look_then_set)) == 2


# ---- what the public index says ------------------------------------------------------------------------------------------------


def test_i5_who_leaves_or_is_held_is_gone_from_the_very_next_answer(app: Flask, cast: Cast) -> None:
    rows = crowd(cast, 8)
    assert public.list_waiting().total == 8
    with transaction():
        service.hold(waiting=rows[0], by="sari")
    assert public.list_waiting().total == 7
    with transaction():
        service.leave_list(actor="system", waiting=rows[1], reason="by herself")
    assert public.list_waiting().total == 6
    with clock.frozen(NOW + timedelta(minutes=31)):
        assert public.list_waiting().total == 7


def test_i17_with_fewer_than_five_on_the_whole_list_nobody_is_shown(app: Flask, cast: Cast) -> None:
    rows = crowd(cast, 5)
    assert public.list_waiting().total == 5
    with transaction():
        service.leave_list(actor="system", waiting=rows[0], reason="by herself")
    assert public.list_waiting().total == 0


def test_i17_a_filter_cannot_tell_where_a_merged_worker_is(app: Flask, cast: Cast) -> None:
    """Three in each of two kelurahan of one kecamatan: found alike under every kelurahan of it."""
    for kelurahan in ("61.71.05.1005", "61.71.05.1001"):
        crowd(cast, 3, kelurahan=kelurahan)
    found = {place: [card.code for card in public.list_waiting(place).page.items] for place in _kelurahan("61.71.05")}
    assert len(set(map(tuple, found.values()))) == 1
    assert {card.place for card in public.list_waiting("61.71.05.1003").page.items} == {"Kec. Pontianak Kota"}
    assert public.list_waiting("61.71.04.1004").total == 0


def _kelurahan(kecamatan: str) -> list[str]:
    from sertakan.places import queries as places

    return [place.code for place in places.list_kelurahan() if place.kecamatan_code == kecamatan]


def test_the_longest_waiting_come_first_or_the_nearest_when_asked(app: Flask, cast: Cast) -> None:
    near = crowd(cast, 5)
    far = [waiting(cast, days=60 + step, occupation="ojek", kelurahan="61.71.05.1001", female=False) for step in range(5)]
    first = public.list_waiting("61.71.05.1005").page.items
    assert [card.waiting_days for card in first] == sorted((card.waiting_days for card in first), reverse=True)
    nearest = [card.code for card in public.list_waiting("61.71.05.1005", order="dekat").page.items]
    assert set(nearest[:5]) == {row.code for row in near}
    assert set(nearest[5:]) == {row.code for row in far}


def test_the_sponsor_who_holds_her_sees_the_card_she_chose(app: Flask, cast: Cast) -> None:
    rows = crowd(cast, 6)
    before = public.find_card(rows[0].code)
    assert before is not None
    with transaction():
        service.hold(waiting=rows[0], by="sari")
    assert public.find_card(rows[0].code) is None
    card = public.coarse(rows[0])
    assert (card.title, card.work, card.place) == (before.title, before.work, before.place)
    assert card.title == "Ibu S."


def test_the_price_is_unsaid_where_it_would_tell_the_work(app: Flask, cast: Cast) -> None:
    mixed = [waiting(cast, occupation=work) for work in ("ojek", "ojek", "guru_les", "nelayan", "montir")]
    cards = [public.find_card(row.code) for row in mixed]
    assert {(card.work, card.price_rupiah) for card in cards if card} == {("pekerja informal", None)}
    crowd(cast, 5, occupation="pedagang_pasar")
    traders = [card for card in public.list_waiting().page.items if card.price_rupiah]
    assert {(card.price_rupiah, str(card.price_until)) for card in traders} == {(8_400, "2026-12")}


def test_days_of_waiting_follow_the_clock(app: Flask, cast: Cast) -> None:
    crowd(cast, 5)
    assert public.list_waiting().page.items[0].waiting_days == 5
    with clock.frozen(datetime(2026, 11, 22, 17, 0, tzinfo=NOW.tzinfo)):
        assert public.list_waiting().page.items[0].waiting_days == 6


def test_consents_and_attestations_are_rows_that_say_who_and_when(app: Flask, cast: Cast) -> None:
    row = waiting(cast)
    consent = db.session.query(Consent).filter_by(worker_id=row.worker_id, kind=ConsentKind.listed).one()
    assert (consent.giver, consent.recorded_by_id, consent.given_on) == (ConsentGiver.witness, cast.dewi.id, date(2026, 11, 22))
    attestation = db.session.query(Attestation).filter_by(worker_id=row.worker_id).one()
    assert (attestation.by_id, attestation.seen_on) == (cast.dewi.id, date(2026, 11, 22))
    assert [name for _row, name in queries.list_attestations(row.worker_id)] == ["Dewi Lestari"]
