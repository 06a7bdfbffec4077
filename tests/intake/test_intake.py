"""One decision for a whole upload: once, by somebody else, and never over those whom a person must look at."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from sqlalchemy import select

from sertakan.accounts.models import MemberRole, Membership
from sertakan.bulk import applying
from sertakan.bulk import queries as uploads
from sertakan.bulk.models import UploadRow
from sertakan.db import db, transaction
from sertakan.intake import jobs, queries, rules, service
from sertakan.kit import clock
from sertakan.notices.models import Notice
from sertakan.reports import books
from sertakan.review import queries as review
from sertakan.review.models import Decision
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import ReviewState, TermState
from tests import factories
from tests.bulk.test_applying import BANK, bill_of, confirmed, receive
from tests.cast import Cast
from tests.page import PageClient

As = Callable[..., PageClient]
NOTE = "Lima contoh diperiksa"


@pytest.fixture(autouse=True)
def books_balance(app: Flask) -> Iterator[None]:
    """Whatever a test does, afterwards every question of the books has the answer "none"."""
    yield
    db.session.rollback()
    assert [line for line in books.broken(books.check()) if not line.startswith(BANK)] == []


def batch(cast: Cast, count: int = 4) -> int:
    upload_id = confirmed(cast, count)
    applying.apply(upload_id)
    return upload_id


def decide(cast: Cast, upload_id: int, who: str = "dewi") -> None:
    with transaction():
        upload = uploads.get(upload_id, lock=True)
        service.decide(officer=getattr(cast, who), upload=upload, seen=upload.mark or "", note=NOTE)


def states(upload_id: int) -> list[ReviewState]:
    db.session.expire_all()
    mine = select(UploadRow.sponsorship_id).where(UploadRow.upload_id == upload_id)
    return list(db.session.scalars(select(Sponsorship.review_state).where(Sponsorship.id.in_(mine))))


@pytest.mark.parametrize(
    ("checks", "fits"),
    [
        ([("age", "ok"), ("identity", "unknown"), ("attestation", "look"), ("payment", "look")], True),
        ([("age", "ok"), ("name", "look")], False),
        ([("overlap", "stop")], False),
        ([("attestation", "stop")], False),
        ([("report", "look")], False),
        ([], True),
    ],
)
def test_who_fits_a_decision_on_everybody(checks: list[tuple[str, str]], fits: bool) -> None:
    assert rules.fits(checks) is fits


def test_five_samples_look_random_and_are_the_same_for_all() -> None:
    codes = [f"CODE-{number:04d}" for number in range(200)]
    first = rules.samples(codes, "mark")
    assert len(set(first)) == 5
    assert first == rules.samples(list(reversed(codes)), "mark")
    assert first != rules.samples(codes, "another")
    assert first != sorted(codes)[:5]


def test_a_batch_is_approved_once_with_one_message_and_a_decision_each(app: Flask, cast: Cast) -> None:
    upload_id = batch(cast)
    order = bill_of(upload_id)
    receive(order, order.amount_rupiah, "a")
    decide(cast, upload_id)
    assert jobs.work() == 1
    assert states(upload_id) == [ReviewState.approved] * 4
    assert set(db.session.scalars(select(Sponsorship.term_state).where(Sponsorship.organisation_id.is_not(None)))) == {
        TermState.running
    }
    decisions = db.session.scalars(select(Decision)).all()
    assert [(row.officer_id, row.note) for row in decisions] == [(cast.ids["dewi"], NOTE)] * 4
    kinds = list(db.session.scalars(select(Notice.kind).where(Notice.kind.in_(("approved", "batch_approved")))))
    assert kinds == ["batch_approved", "batch_approved"]
    assert jobs.work() == 0
    with pytest.raises(rules.AlreadyDecided):
        decide(cast, upload_id)


def test_who_must_be_looked_at_comes_to_the_queue_and_nobody_else(app: Flask, cast: Cast) -> None:
    upload_id = batch(cast)
    one = db.session.scalars(select(Sponsorship).where(Sponsorship.organisation_id.is_not(None)).order_by(Sponsorship.id)).first()
    assert one is not None
    with transaction():
        row = db.session.get_one(Sponsorship, one.id)
        row.typed_name = "Nama Lain"
    assert [found.id for found in queries.differing(uploads.get(upload_id))] == [one.id]
    assert review.list_queue(review.Chip.all, "", 1, clock.today()).items == []
    decide(cast, upload_id)
    jobs.work()
    assert sorted(states(upload_id)) == [ReviewState.approved] * 3 + [ReviewState.submitted]
    assert [found.sponsorship.id for found in review.list_queue(review.Chip.all, "", 1, clock.today()).items] == [one.id]
    decision = queries.find_decision(upload_id)
    assert decision is not None and (decision.approved, decision.left_over) == (3, 1)


def test_a_worker_that_dies_goes_on_and_approves_nobody_twice(app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    upload_id = batch(cast, 5)
    decide(cast, upload_id)
    monkeypatch.setattr(service, "CHUNK", 2)
    real, turns = service._next, iter((True, False))

    def dies(decision: object) -> tuple[int, int]:
        found = real(decision)  # type: ignore[arg-type]
        if not next(turns):
            raise RuntimeError("the power is gone in the second chunk")
        return found

    with monkeypatch.context() as broken:
        broken.setattr(service, "_next", dies)
        assert jobs.work() == 0
    assert sorted(states(upload_id)) == [ReviewState.approved] * 2 + [ReviewState.submitted] * 3
    assert jobs.work() == 1
    assert states(upload_id) == [ReviewState.approved] * 5
    assert factories.count(Decision) == 5


def test_it_is_not_decided_by_who_belongs_to_it_nor_on_what_has_changed(app: Flask, cast: Cast) -> None:
    upload_id = batch(cast)
    with transaction() as session:
        member = Membership(
            organisation_id=cast.company_id, person_id=cast.ids["agus"], role=MemberRole.viewer, joined_at=clock.now()
        )
        session.add(member)
    with pytest.raises(rules.NotYourBatch):
        decide(cast, upload_id, "agus")
    with pytest.raises(rules.BatchChanged), transaction():
        service.decide(officer=cast.dewi, upload=uploads.get(upload_id, lock=True), seen="old", note=NOTE)
    assert queries.find_decision(upload_id) is None


def test_an_officer_opens_samples_and_decides_on_the_page(as_: As, cast: Cast) -> None:
    upload, dewi = uploads.get(batch(cast, 7)), as_("dewi")
    ref, mark = upload.ref, upload.mark or ""
    dewi.get("/petugas/unggahan").sees("PT Khatulistiwa", "daftar.csv", "7")
    path = f"/petugas/unggahan/{ref}"
    dewi.get(path).sees("Periksa 5 contoh", "Diajukan oleh", "Rina Oktaviani", "Setujui semua yang pemeriksaannya baik")
    assert dewi.post(path, {"seen": mark, "note": ""}).status == 422
    assert dewi.post(path, {"seen": "old", "note": NOTE}).status == 409
    assert dewi.post(path, {"seen": mark, "note": NOTE}).status == 303
    dewi.get(path).sees("Sedang dijalankan")
    jobs.work()
    dewi.get(path).sees("7 orang", NOTE)
    dewi.get("/petugas/antrean?saring=all").misses("PT Khatulistiwa")
