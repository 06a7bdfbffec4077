"""The worker's own page: what it says, yes, no, leaving, and telling staff what the sponsor must not know."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from sertakan.audit.models import AuditEntry
from sertakan.consents import queries, rules, service
from sertakan.consents.models import WorkerReport
from sertakan.consents.rules import ReportKind, Stage
from sertakan.coverage.rules import MonthState
from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.notices.models import Notice
from sertakan.reports import books
from sertakan.review import queries as review
from sertakan.review.checks import Verdict
from sertakan.sponsorships import queries as sponsorships
from sertakan.sponsorships.models import ActionLink, Sponsorship
from sertakan.sponsorships.rules import ReviewState, TermState
from sertakan.tariff import queries as tariff
from sertakan.workers import queries as workers
from sertakan.workers import service as worker_service
from sertakan.workers.models import ConsentGiver, ConsentKind, Worker
from tests import factories
from tests.cast import Cast
from tests.page import PageClient
from tests.payments.conftest import Till, _one_sandbox, sandbox, till

__all__ = ["_one_sandbox", "sandbox", "till"]

R, T, M, S = ReviewState, TermState, MonthState, Stage
As = Callable[..., PageClient]


def invited(code: str) -> str:
    """The path of the worker's page for this sponsorship."""
    with transaction():
        row = sponsorships.get_by_code(code, lock=True)
        return f"/setuju/{service.invite(actor='system', sponsorship=row)}"


def asked(cast: Cast, **more: object) -> tuple[str, str]:
    """Code and page: paid by Sari, not decided yet."""
    facts: dict[str, object] = {"state": M.paid, **more}
    code = factories.sponsorship(cast.sari, facts.pop("worker", None), **facts).code  # type: ignore[arg-type]
    return code, invited(code)


def read(code: str) -> Sponsorship:
    db.session.rollback()
    db.session.expire_all()
    return sponsorships.get_by_code(code)


def states(code: str) -> set[str]:
    return {row.state.value for row in sponsorships.view_of(read(code)).months}


@pytest.fixture(autouse=True)
def _tariff_is_read(request: pytest.FixtureRequest) -> None:
    """Whoever comes first reads it for everybody; what a page costs is counted without that."""
    if "app" in request.fixturenames:
        request.getfixturevalue("app")
        tariff.tariff_book()


# ---- rules ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("review", "term", "agreed", "expected"),
    [
        (R.submitted, T.waiting, False, S.asking),
        (R.needs_info, T.waiting, False, S.asking),
        (R.approved, T.running, False, S.asking),
        (R.submitted, T.waiting, True, S.agreed),
        (R.approved, T.paused, True, S.agreed),
        (R.rejected, T.cancelled, False, S.over),
        (R.withdrawn, T.cancelled, True, S.over),
        (R.approved, T.cancelled, True, S.over),
        (R.approved, T.ended, True, S.over),
    ],
)
def test_what_her_page_is_for(review: ReviewState, term: TermState, agreed: bool, expected: Stage) -> None:
    assert rules.stage(review, term, clock.today() if agreed else None) is expected


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("7KQ2-M9XF-3HTR-W8PA", "7KQ2-M9XF-3HTR-W8PA"),
        (" 7kq2 m9xf 3htrw8pa ", "7KQ2-M9XF-3HTR-W8PA"),
        ("7KQ2-M9XF", None),
        ("0KQ2-M9XF-3HTR-W8PA", None),
        ("", None),
        ("A" * 100, None),
    ],
)
def test_a_code_is_read_as_people_type_it(typed: str, expected: str | None) -> None:
    assert rules.normalise(typed) == expected


# ---- the page ------------------------------------------------------------------------------------------------------------------


def test_she_reads_who_asks_and_for_which_months_without_signing_in(cast: Cast, client: PageClient) -> None:
    code, path = asked(cast, worker=factories.worker(name="Sumiati Rahayu"))
    page = client.get(path)
    page.sees(
        "Ada yang ingin menanggung iuran Anda", "Ibu S., Sari ingin membayar", "Desember 2026 sampai Mei 2027", "boleh menolak"
    )
    page.misses("Sumiati", "Rahayu", cast.sari.name, read(code).worker.nik)
    assert page.response.headers["X-Robots-Tag"].startswith("noindex")


def test_a_sponsor_who_wants_no_name_has_none(cast: Cast, client: PageClient) -> None:
    _code, path = asked(cast, show_name=False)
    page = client.get(path)
    page.sees("Ibu S., seseorang yang tidak menyebut namanya ingin")
    page.misses("Sari")


def test_the_preview_of_the_link_names_nobody(cast: Cast, client: PageClient) -> None:
    head = client.get(asked(cast)[1]).html.split("</head>")[0]
    assert "Sari" not in head and "Ibu" not in head and "2026" not in head


@pytest.mark.parametrize("token", ["2222-2222-2222-2222", "x", "2222"])
def test_a_link_that_is_none_says_where_to_get_one(client: PageClient, app: object, token: str) -> None:
    page = client.get(f"/setuju/{token}")
    assert page.status == 410
    page.sees("Minta yang baru kepada orang yang mengirimnya")


def test_a_link_is_over_after_thirty_days_and_opens_nothing_else(cast: Cast, client: PageClient) -> None:
    _code, path = asked(cast)
    token = path.rsplit("/", 1)[1]
    assert client.get(f"/p/{token}").status == 410
    with transaction():
        for link in db.session.scalars(select(ActionLink)):
            link.expires_at = clock.now() - timedelta(seconds=1)
    assert client.get(path).status == 410
    assert client.post(path, {"agree": "y"}).status == 410


def test_only_the_hash_of_a_link_is_kept(cast: Cast) -> None:
    _code, path = asked(cast)
    assert path.rsplit("/", 1)[1] not in {row.token_hash for row in db.session.scalars(select(ActionLink))}


def test_the_code_of_a_paper_leads_to_the_page(cast: Cast, client: PageClient) -> None:
    _code, path = asked(cast)
    typed = path.rsplit("/", 1)[1].lower().replace("-", " ")
    assert client.post("/setuju", {"code": typed}).location == path
    assert client.post("/setuju", {"code": "1234"}).status == 422


def test_the_page_costs_the_same_for_one_month_and_for_twelve(cast: Cast, client: PageClient) -> None:
    one, many = asked(cast, count=1)[1], asked(cast, count=12)[1]
    costs = [min(client.get(path).statements for _n in range(3)) for path in (one, many)]
    assert costs[0] == costs[1] <= 6


# ---- yes -----------------------------------------------------------------------------------------------------------------------


def test_her_yes_is_hers_and_the_officer_sees_it(cast: Cast, client: PageClient) -> None:
    code, path = asked(cast)
    assert client.post(path, {"agree": "y"}).location == path
    consent = workers.list_consents(read(code).worker_id)[0]
    assert (consent.giver, consent.kind, consent.recorded_by_id) == (ConsentGiver.worker, ConsentKind.registered, None)
    check = next(check for check in review.get_row(read(code), clock.today()).checks if check.name == "consent")
    assert (check.words, check.verdict) == ("Setuju sendiri", Verdict.ok)
    client.get(path).sees("Ini perlindungan Anda", "Anda setuju pada 22 November 2026", "Saya ingin berhenti")


def test_a_second_yes_changes_nothing(cast: Cast, client: PageClient) -> None:
    code, path = asked(cast)
    for _n in range(2):
        client.post(path, {"agree": "y"})
    assert len(workers.list_consents(read(code).worker_id)) == 1


def test_a_yes_to_an_earlier_sponsor_is_asked_again(cast: Cast, client: PageClient) -> None:
    row = factories.worker()
    first, path = asked(cast, worker=row)
    client.post(path, {"agree": "y"})
    with clock.frozen(clock.now() + timedelta(days=1)):
        second = factories.sponsorship(cast.tono, db.session.get_one(Worker, read(first).worker_id), first="2027-06")
        assert queries.agreed_on(second) is None


def test_neither_button_or_both_decide_nothing(cast: Cast, client: PageClient) -> None:
    code, path = asked(cast)
    client.post(path)
    client.post(path, {"agree": "y", "refuse": "y"})
    assert not workers.list_consents(read(code).worker_id) and states(code) == {"paid"}


# ---- no ------------------------------------------------------------------------------------------------------------------------


def test_her_no_sends_the_money_back_and_tells_the_sponsor_without_a_reason(till: Till, client: PageClient) -> None:
    code = till.sponsorship(till.paid()).code
    path = invited(code)
    assert client.post(path, {"refuse": "y"}).location == path
    assert states(code) == {"released"}
    assert [refund.amount_rupiah for refund in till.refunds] == [92_400]
    assert (read(code).review_state, read(code).term_state) == (R.withdrawn, T.cancelled)
    told = db.session.scalars(select(Notice).where(Notice.kind == "declined")).one()
    assert "Rp92.400" in told.body and "tidak perlu memberi alasan" in told.body and told.person_id == till.cast.ids["sari"]
    client.get(path).sees("Dukungan ini sudah selesai")
    assert all(check.ok for check in books.check())


def test_a_second_no_changes_nothing(till: Till, client: PageClient) -> None:
    path = invited(till.sponsorship(till.paid()).code)
    for _n in range(2):
        client.post(path, {"refuse": "y"})
    assert len(till.refunds) == 1
    assert len(db.session.scalars(select(Notice).where(Notice.kind == "declined")).all()) == 1


def test_after_a_no_there_is_no_yes(cast: Cast, client: PageClient) -> None:
    code, path = asked(cast)
    client.post(path, {"refuse": "y"})
    assert client.post(path, {"agree": "y"}).status == 409
    assert not workers.list_consents(read(code).worker_id)


def test_who_leaves_keeps_the_months_that_are_at_bpjs(cast: Cast, client: PageClient) -> None:
    code, path = asked(cast, review=R.approved, term=T.running, first="2026-10", count=2, state=M.posted)
    client.post(path, {"agree": "y"})
    client.post(path, {"refuse": "y"})
    assert states(code) == {"posted"} and read(code).term_state is T.cancelled
    client.get(path).sees("tetap berlaku untuk Anda", "30 November 2026")


def test_a_no_takes_her_off_the_public_list(cast: Cast, client: PageClient) -> None:
    row = factories.worker()
    worker_id = row.id
    with transaction():
        for kind in ConsentKind:
            worker_service.record_consent(
                actor=cast.hasan,
                worker=db.session.get_one(Worker, worker_id),
                kind=kind,
                giver=ConsentGiver.witness,
                text_version="2026-11",
            )
        worker_service.attest(
            actor=cast.hasan,
            worker=db.session.get_one(Worker, worker_id),
            occupation_code="asisten_rumah_tangga",
            since_month=None,
            seen_on=clock.today(),
        )
        worker_service.put_on_list(actor=cast.hasan, worker=db.session.get_one(Worker, worker_id), phrases=[])
    _code, path = asked(cast, worker=db.session.get_one(Worker, worker_id))
    client.get(path).sees("Anda sekarang ada di daftar tunggu")
    client.post(path, {"refuse": "y"})
    waiting = workers.find_waiting_of(worker_id)
    assert waiting and waiting.left_at
    assert not workers.has_consent(worker_id, ConsentKind.registered)


def test_a_no_to_one_sponsor_leaves_her_yes_to_another(cast: Cast, client: PageClient) -> None:
    row = factories.worker()
    code, path = asked(cast, worker=row)
    client.post(path, {"agree": "y"})
    other = factories.sponsorship(cast.tono, db.session.get_one(Worker, read(code).worker_id), first="2027-06", state=M.paid).code
    client.post(path, {"refuse": "y"})
    assert workers.has_consent(read(code).worker_id, ConsentKind.registered)
    assert read(other).review_state is R.submitted


# ---- telling staff -------------------------------------------------------------------------------------------------------------


def test_pressure_is_told_to_staff_and_to_nobody_else(cast: Cast, client: PageClient, as_: As) -> None:
    code, path = asked(cast)
    before = client.get(path).html
    client.post(path + "/lapor", {"kind": "pressure", "words": "Majikan saya mengancam"}).sees("Terkirim ke petugas")
    row = db.session.scalars(select(WorkerReport)).one()
    assert (row.kind, row.words) == (ReportKind.pressure, "Majikan saya mengancam") and "mengancam" not in (
        row.words_sealed or ""
    )
    after = client.get(path).html
    assert before.split("csrf_token")[0] == after.split("csrf_token")[0] and "mengancam" not in after
    as_("sari").get(f"/dukungan/{code}").misses("mengancam", "kabar")
    assert not db.session.scalars(select(Notice)).all()
    assert not [entry for entry in db.session.scalars(select(AuditEntry)) if "mengancam" in repr((entry.before, entry.after))]
    dewi = as_("dewi", second_factor=True)
    dewi.get("/petugas/kabar").sees("Saya merasa dipaksa", "Majikan saya mengancam", code)
    dewi.get(f"/petugas/antrean/{code}").sees("Pekerja mengirim kabar kepada petugas")


def test_staff_write_down_what_they_did_once(cast: Cast, client: PageClient, as_: As) -> None:
    code, path = asked(cast)
    client.post(path + "/lapor", {"kind": "not_me"})
    ref = db.session.scalars(select(WorkerReport.ref)).one()
    dewi = as_("dewi", second_factor=True)
    dewi.post(f"/petugas/kabar/{ref}", {"outcome": " "}).sees("Tulis apa yang sudah dilakukan")
    assert dewi.post(f"/petugas/kabar/{ref}", {"outcome": "Sudah ditelepon"}).status == 303
    assert dewi.post(f"/petugas/kabar/{ref}", {"outcome": "Lagi"}).status == 409
    db.session.expire_all()
    row = db.session.scalars(select(WorkerReport)).one()
    assert row.outcome == "Sudah ditelepon" and row.handled_by_id == cast.dewi.id
    dewi.get("/petugas/kabar").sees("Tidak ada kabar yang menunggu")
    assert not queries.with_open_report([read(code).id])


def test_an_officer_never_reads_a_report_about_his_own_sponsorship(cast: Cast, client: PageClient, as_: As) -> None:
    code = factories.sponsorship(cast.dewi).code
    client.post(invited(code) + "/lapor", {"kind": "pressure"})
    ref = db.session.scalars(select(WorkerReport.ref)).one()
    dewi = as_("dewi", second_factor=True)
    dewi.get("/petugas/kabar").sees("Tidak ada kabar yang menunggu")
    assert dewi.post(f"/petugas/kabar/{ref}", {"outcome": "Beres"}).status == 404


def test_a_report_without_a_kind_says_what_to_choose(cast: Cast, client: PageClient) -> None:
    page = client.post(asked(cast)[1] + "/lapor", {"words": "Tolong"})
    assert page.status == 422
    page.sees("Pilih salah satu", "Tolong")


# ---- passing it on -------------------------------------------------------------------------------------------------------------


def test_the_sponsor_gets_a_link_to_send_and_a_code_to_print(cast: Cast, as_: As, client: PageClient) -> None:
    code, _path = asked(cast)
    sari = as_("sari")
    sari.get(f"/dukungan/{code}").sees("Persetujuan pekerja")
    sari.get(f"/dukungan/{code}/ajak").sees("Buat tautan untuk pekerja")
    page = sari.post(f"/dukungan/{code}/ajak")
    page.sees("Kirim lewat WhatsApp", "Atau cetak")
    message = page.html.split("https://wa.me/?text=")[1].split('"')[0]
    assert "Sari" not in message and "Sumiati" not in message and code not in message
    token = message.rsplit("setuju%2F", 1)[1]
    client.get(f"/setuju/{token}").sees("boleh menolak")
    sari.get(f"/dukungan/{code}/ajak").misses(token)


def test_strangers_make_no_link(cast: Cast, as_: As, client: PageClient) -> None:
    code, _path = asked(cast)
    assert as_("tono").post(f"/dukungan/{code}/ajak").status == 404
    assert client.post(f"/dukungan/{code}/ajak").location == "/masuk"
    assert len(db.session.scalars(select(ActionLink)).all()) == 1


def test_who_was_chosen_from_the_list_is_asked_by_staff(cast: Cast, as_: As) -> None:
    code = factories.sponsorship(cast.sari, chosen_from_list=True).code
    sari = as_("sari")
    sari.get(f"/dukungan/{code}").misses("Persetujuan pekerja")
    sari.get(f"/dukungan/{code}/ajak").sees("daftar tunggu sudah ditanya")
    assert sari.post(f"/dukungan/{code}/ajak").status == 409


def test_a_closed_sponsorship_needs_no_answer(cast: Cast, as_: As) -> None:
    code = factories.sponsorship(cast.sari, review=R.rejected, term=T.cancelled).code
    sari = as_("sari")
    sari.get(f"/dukungan/{code}/ajak").sees("tidak perlu diminta lagi")
    assert sari.post(f"/dukungan/{code}/ajak").status == 409


# ---- without a phone -----------------------------------------------------------------------------------------------------------


def test_an_officer_may_be_the_witness_of_her_yes(cast: Cast, as_: As) -> None:
    code, _path = asked(cast)
    dewi = as_("dewi", second_factor=True)
    dewi.get(f"/petugas/antrean/{code}").sees("Catat: pekerja setuju")
    assert dewi.post(f"/petugas/antrean/{code}/saksi").status == 303
    consent = workers.list_consents(read(code).worker_id)[0]
    assert (consent.giver, consent.recorded_by_id) == (ConsentGiver.witness, cast.dewi.id)
    dewi.get(f"/petugas/antrean/{code}").misses("Catat: pekerja setuju")


def test_nobody_is_the_witness_of_his_own_request(cast: Cast, as_: As) -> None:
    code = factories.sponsorship(cast.dewi).code
    assert as_("dewi", second_factor=True).post(f"/petugas/antrean/{code}/saksi").status == 403
    assert not workers.list_consents(read(code).worker_id)
