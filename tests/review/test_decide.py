"""One request and the three buttons, as pages."""

import re
from collections.abc import Callable

import pytest

from sertakan.accounts.models import MemberRole, Membership
from sertakan.audit import queries as audit
from sertakan.coverage.rules import MonthState
from sertakan.db import db, transaction
from sertakan.notices.models import Notice
from sertakan.review.models import Decision
from sertakan.sponsorships import queries as sponsorships
from sertakan.sponsorships import service as promises
from sertakan.sponsorships.rules import ReviewState
from sertakan.workers.models import Worker
from tests import factories
from tests.cast import Cast
from tests.page import Page, PageClient
from tests.review.conftest import asked_for, consent, read

As = Callable[[str], PageClient]
Paid = Callable[..., str]
ACTIONS = ("setujui", "tolak", "tanya")


def at(code: str, action: str = "") -> str:
    return f"/petugas/antrean/{code}" + (f"/{action}" if action else "")


def seen(page: Page) -> str:
    return next(element.attrs["value"] for element in page.elements if element.attrs.get("name") == "seen")


def buttons(page: Page) -> set[str]:
    return {" ".join(element.text.split()) for element in page.all("button")} - {"", "Ganti tema terang atau gelap"}


def decide(who: PageClient, code: str, action: str, **data: str) -> Page:
    """Look, then press the button."""
    return who.post(at(code, action), {"seen": seen(who.get(at(code))), **data})


def test_the_page_shows_everything_that_is_needed(paid: Paid, as_: As) -> None:
    code = paid()
    nik = read(code).worker.nik
    page = as_("dewi").get(at(code))
    page.sees(code, "Sumiati", "Sari Wulandari", "Usia 42 tahun", "Dukcapil belum dicek", "Tidak ada bulan ganda")
    page.sees("Desember 2026", "Mei 2027", "Rp8.400", "Rp16.800", "Rp92.400", "Dana diterima", "dibayar")
    page.sees("Penanggung menyatakan pekerja setuju", "menurut Hasan Basri", "Pengajuan dikirim")
    page.sees(f"•••• {nik[-4:]}").misses(nik)
    assert page.statements <= 12


def test_a_name_that_differs_stands_beside_ours(paid: Paid, as_: As) -> None:
    code = paid()
    with transaction() as session:
        session.get_one(Worker, read(code).worker_id).name = "Sumiyati"
    page = as_("dewi").get(at(code))
    page.sees("Sumiati", "Sumiyati", "Nama yang ditulis berbeda")
    assert any("is-diff" in element.attrs.get("class", "") for element in page.all("tr"))


def test_an_officer_approves(paid: Paid, as_: As) -> None:
    code = paid()
    dewi = as_("dewi")
    page = decide(dewi, code, "setujui")
    assert (page.status, page.location) == (303, "/petugas/antrean")
    dewi.follow(page).sees(f"{code} disetujui. Penanggung sudah dikabari.")
    assert read(code).review_state is ReviewState.approved
    page = dewi.get(at(code))
    page.sees("Disetujui", "Dewi Lestari", "Sudah diputuskan")
    assert not buttons(page) & {"Setujui", "Kirim pertanyaan", "Tolak"}


def test_without_an_attestation_the_page_asks_for_the_exception_and_keeps_what_was_typed(paid: Paid, as_: As) -> None:
    code = paid(attested=False)
    dewi = as_("dewi")
    dewi.get(at(code)).sees("Belum ada keterangan bekerja. Tulis mengapa tetap disetujui")
    page = decide(dewi, code, "setujui", exception="")
    assert page.status == 422
    page.sees("Tulis alasan mengapa tetap disetujui")
    assert page.all("title")[0].text.startswith("Galat:")
    long = "x" * 501
    page = decide(dewi, code, "setujui", exception=long)
    assert page.status == 422
    assert long in page.html
    assert decide(dewi, code, "setujui", exception="Ditelepon.").status == 303


def test_what_stops_is_said_instead_of_a_button(cast: Cast, as_: As) -> None:
    row = factories.sponsorship(cast.sari, factories.worker(), state=MonthState.paid)
    dewi = as_("dewi")
    page = dewi.get(at(row.code))
    page.sees("Belum bisa disetujui:", "Belum ada persetujuan pekerja")
    assert "Setujui" not in buttons(page)
    page = decide(dewi, row.code, "setujui", exception="Tetap saja.")
    assert page.status == 422
    page.sees("Belum bisa disetujui: belum ada persetujuan pekerja.")


def test_the_amount_that_goes_back_is_said_before_pressing(paid: Paid, as_: As) -> None:
    assert "Tolak dan kembalikan Rp92.400" in buttons(as_("dewi").get(at(paid())))


def test_where_nothing_was_paid_no_amount_is_named(cast: Cast, as_: As) -> None:
    assert "Tolak" in buttons(as_("dewi").get(at(asked_for(cast))))


def test_an_officer_rejects_with_a_reason(paid: Paid, as_: As) -> None:
    code = paid()
    dewi = as_("dewi")
    assert decide(dewi, code, "tolak", reason="already_covered", note="Sudah dibayar kota.").status == 303
    dewi.get(at(code)).sees("Ditolak", "Pekerja sudah terlindungi", "Sudah dibayar kota.")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({}, "Pilih alasannya dulu"),
        ({"reason": "because"}, "Pilih salah satu dari daftar"),
        ({"reason": "other"}, "Tulis alasannya dengan kata-kata Anda sendiri"),
        ({"reason": "too_old", "note": "y" * 501}, "Terlalu panjang: paling banyak 500 huruf."),
    ],
)
def test_a_no_without_a_proper_reason_is_refused_with_words(data: dict[str, str], words: str, cast: Cast, as_: As) -> None:
    code = asked_for(cast)
    page = decide(as_("dewi"), code, "tolak", **data)
    assert page.status == 422
    page.sees(words)
    assert data.get("note", "") in page.html
    assert read(code).review_state is ReviewState.submitted


def test_an_officer_asks_and_then_waits(paid: Paid, as_: As, cast: Cast) -> None:
    code = paid()
    dewi = as_("dewi")
    assert decide(dewi, code, "tanya", question="").status == 422
    assert decide(dewi, code, "tanya", question="Apa pekerjaannya?\nDi mana?").status == 303
    page = dewi.get(at(code))
    page.sees("Menunggu jawaban", "Apa pekerjaannya?", "Belum dijawab.")
    assert buttons(page) & {"Setujui", "Kirim pertanyaan"} == set()
    assert decide(dewi, code, "setujui").status == 409
    ref = cast.sari.ref
    with transaction():
        promises.answer(actor=ref, sponsorship=sponsorships.get_by_code(code, lock=True), text="Jualan kue di Siantan.")
    dewi.get(at(code)).sees("Jualan kue di Siantan.")


def test_what_changed_meanwhile_is_shown_and_can_be_decided_on_at_once(paid: Paid, as_: As) -> None:
    code = paid(attested=False)
    dewi = as_("dewi")
    old = seen(dewi.get(at(code)))
    with transaction() as session:
        session.get_one(Worker, read(code).worker_id).name = "Sumiyati"
    page = dewi.post(at(code, "setujui"), {"seen": old, "exception": "Ditelepon."})
    assert page.status == 409
    page.sees("Pengajuan ini berubah sejak Anda membukanya", "Sumiyati", "Ditelepon.")
    assert read(code).review_state is ReviewState.submitted
    assert dewi.post(at(code, "setujui"), {"seen": seen(page), "exception": "Ditelepon."}).status == 303


@pytest.mark.parametrize("action", ACTIONS)
def test_the_second_press_changes_nothing(action: str, paid: Paid, as_: As) -> None:
    code = paid()
    agus = as_("agus")
    data = {"seen": seen(agus.get(at(code))), "reason": "too_old", "question": "Apa?"}
    assert decide(as_("dewi"), code, "setujui").status == 303
    notices = factories.count(Notice)
    assert agus.post(at(code, action), data).status == 409
    assert (factories.count(Decision), factories.count(Notice)) == (1, notices)


@pytest.mark.parametrize("action", ACTIONS)
def test_a23_ones_own_is_seen_but_not_decided(action: str, cast: Cast, as_: As) -> None:
    with transaction() as session:
        session.add(Membership(organisation_id=cast.company_id, person_id=cast.dewi.id, role=MemberRole.viewer))
    for code in (asked_for(cast, "dewi"), asked_for(cast, "rina", organisation_id=cast.company_id)):
        dewi = as_("dewi")
        page = dewi.get(at(code))
        page.sees("Petugas lain yang memutuskan")
        assert not buttons(page) & {"Setujui", "Kirim pertanyaan", "Tolak"}
        page = dewi.post(at(code, action), {"seen": "", "reason": "too_old", "question": "Apa?"})
        assert page.status == 403
        assert read(code).review_state is ReviewState.submitted


@pytest.mark.parametrize("action", [*ACTIONS, "nik"])
def test_an_auditor_looks_and_may_not_decide(action: str, cast: Cast, as_: As) -> None:
    code = asked_for(cast)
    nina = as_("nina")
    page = nina.get(at(code))
    page.sees("Anda boleh melihat, tetapi tidak memutuskan")
    assert "Tampilkan NIK lengkap" not in page.text
    assert nina.post(at(code, action), {"seen": "", "reason": "too_old", "question": "Apa?"}).status == 404
    assert read(code).review_state is ReviewState.submitted


@pytest.mark.parametrize("action", [*ACTIONS, "nik"])
@pytest.mark.parametrize("who", ["sari", "stranger", "maya", "hasan", "wira"])
def test_a20_others_find_nothing_here(who: str, action: str, cast: Cast, as_: As) -> None:
    code = asked_for(cast)
    assert as_(who).post(at(code, action), {"seen": "", "reason": "too_old", "question": "Apa?"}).status == 404
    assert factories.count(Decision) == 0


@pytest.mark.parametrize("code", ["2222-2222", "x", "0000-OOOO", "%00", "'--"])
def test_a_code_that_is_nobodys_is_not_there(code: str, as_: As) -> None:
    dewi = as_("dewi")
    assert dewi.get(at(code)).status == 404
    assert dewi.post(at(code, "setujui"), {"seen": ""}).status == 404


def test_a22_the_whole_nik_is_one_audited_look(cast: Cast, as_: As) -> None:
    code = asked_for(cast)
    worker = read(code).worker
    nik, ref = worker.nik, worker.ref
    page = as_("dewi").post(at(code, "nik"))
    assert page.status == 200
    page.sees(nik)
    assert page.response.headers["Cache-Control"] == "no-store"
    as_("dewi").get(at(code)).misses(nik)
    db.session.rollback()
    assert audit.list_for(f"worker:{ref}")[0].actor == cast.dewi.ref


@pytest.mark.parametrize("action", [*ACTIONS, "nik"])
def test_who_comes_back_to_a_buttons_address_lands_on_the_request(action: str, cast: Cast, as_: As) -> None:
    code = asked_for(cast)
    page = as_("dewi").get(at(code, action))
    assert (page.status, page.location) == (303, at(code))
    assert factories.count(Decision) == 0


def test_a34_what_sponsors_and_officers_type_is_shown_as_text(cast: Cast, as_: As) -> None:
    bad = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    row = factories.worker(name=bad[:100])
    code = asked_for(cast, worker=row)
    dewi = as_("dewi")
    assert decide(dewi, code, "tanya", question=bad).status == 303
    page = dewi.get(at(code))
    assert "<script>alert" not in page.html
    assert not re.search(r"<img[^>]+onerror", page.html)
    page = dewi.get(f"/petugas/antrean?saring=all&cari={bad}")
    assert "<script>alert" not in page.html


def test_a_sponsors_word_is_told_from_the_workers_own(cast: Cast, paid: Paid, as_: As) -> None:
    code = paid()
    as_("dewi").get(at(code)).sees("Setuju menurut penanggung; belum dari pekerja sendiri")
    consent(cast, read(code).worker_id)
    as_("dewi").get(at(code)).sees("Setuju sendiri", "Pekerja sendiri setuju didaftarkan")
