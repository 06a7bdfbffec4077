"""The pages of the books and of the trail."""

from sertakan.audit import service as audit
from sertakan.coverage.rules import MonthState
from sertakan.db import db, transaction
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


def test_the_books_show_green_checks_and_balance(as_) -> None:  # type: ignore[no-untyped-def]
    auditor = as_("nina")
    auditor.limit = 40  # every check is a statement of its own, however many rows there are
    auditor.get("/petugas/buku").sees("Seimbang", "Tidak ada. Setiap rupiah punya bulannya.", "I1 a month has one payer")


def test_residents_and_officers_without_the_office_see_nothing(as_) -> None:  # type: ignore[no-untyped-def]
    assert as_("sari").get("/petugas/buku").status == 404
    assert as_("dewi").get("/petugas/buku").status == 404
    assert as_("hasan").get("/petugas/jejak").status == 404
