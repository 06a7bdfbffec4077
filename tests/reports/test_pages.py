"""The pages of the books and of the trail."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from sertakan.audit import service as audit
from sertakan.coverage.rules import MonthState
from sertakan.db import db, transaction
from sertakan.reports import queries, service, views
from sertakan.reports.models import BookCheck
from sertakan.sponsorships import service as sponsorships
from sertakan.sponsorships.models import Sponsorship
from tests import factories
from tests.cast import Cast


def test_the_trail_names_who_did_what(as_, cast: Cast) -> None:  # type: ignore[no-untyped-def]
    promise = factories.sponsorship(cast.sari)
    dewi, code, promise_id = cast.dewi.ref, promise.code, promise.id
    with transaction():
        row = db.session.get_one(Sponsorship, promise_id)
        audit.record(actor=dewi, action="sponsorship.look", subject=sponsorships.subject(row), reason="uji")
        for month in sponsorships.release_unpaid(actor=dewi, sponsorship=row, reason="test"):
            assert month.state is MonthState.released
    page = as_("nina").get(f"/petugas/jejak?nomor={code.lower()}")
    page.sees("Dewi Lestari", "sponsorship.look", "uji", "released")


def test_an_unknown_number_gets_a_sentence(as_) -> None:  # type: ignore[no-untyped-def]
    as_("nina").get("/petugas/jejak?nomor=tidak%20ada").sees("Nomor itu tidak ada.")


def run_checks() -> None:
    assert service.check_and_keep().endswith("ok")


def test_the_books_show_what_the_last_run_found_and_ask_nothing_again(as_) -> None:  # type: ignore[no-untyped-def]
    auditor = as_("nina")
    auditor.get("/petugas/buku").sees("Seimbang", "Merah: belum pernah diperiksa")
    run_checks()
    page = auditor.get("/petugas/buku")
    page.sees("Hijau: semua pemeriksaan baik", "I1 a month has one payer", "I8 the audit chain is whole")
    assert page.statements <= 12


def test_the_button_knocks_for_the_checks(as_, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    heard: list[str] = []
    monkeypatch.setattr(views, "knock", heard.append)
    assert as_("nina").post("/petugas/buku/periksa", {}).status == 303
    assert heard == ["books"]


def test_everybody_sees_green_and_red_and_counts_only(client, as_) -> None:  # type: ignore[no-untyped-def]
    client.get("/pemeriksaan").sees("Merah: belum pernah diperiksa")
    run_checks()
    client.get("/pemeriksaan").sees("Hijau: semua pemeriksaan baik", "kesalahan ditemukan")
    with transaction():
        row = db.session.scalars(select(BookCheck)).first()
        row.found, row.detail = 3, "secret-ref"
    client.get("/pemeriksaan").sees("Merah: ada yang salah").misses("secret-ref")
    as_("nina").get("/petugas/buku").sees("3 salah", "secret-ref")


def test_a_run_that_is_too_old_is_red_however_good_it_was(client) -> None:  # type: ignore[no-untyped-def]
    run_checks()
    with transaction():
        for row in db.session.scalars(select(BookCheck)):
            row.ended_at -= timedelta(hours=25, minutes=50)
    client.get("/pemeriksaan").sees("Hijau")
    with transaction():
        for row in db.session.scalars(select(BookCheck)):
            row.ended_at -= timedelta(minutes=20)
    client.get("/pemeriksaan").sees("Merah: pemeriksaan terakhir terlalu lama")


def test_the_next_run_is_what_counts(client) -> None:  # type: ignore[no-untyped-def]
    run_checks()
    with transaction():
        for row in db.session.scalars(select(BookCheck)):
            row.found = 1
    run_checks()
    assert queries.last_run().ok
    assert {row.run for row in db.session.scalars(select(BookCheck))} == {1, 2}


def test_residents_and_officers_without_the_office_see_nothing(as_) -> None:  # type: ignore[no-untyped-def]
    assert as_("sari").get("/petugas/buku").status == 404
    assert as_("dewi").get("/petugas/buku").status == 404
    assert as_("hasan").get("/petugas/jejak").status == 404
