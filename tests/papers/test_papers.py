"""Papers from the button to the file, and what their codes tell anybody."""

import io
from collections.abc import Callable
from datetime import timedelta

import openpyxl
import pytest
from flask import Flask
from sqlalchemy import func, select, text

from sertakan.coverage.models import CoverageMonth
from sertakan.coverage.rules import MonthState
from sertakan.db import db, transaction
from sertakan.kit import clock, sheet
from sertakan.papers import jobs, making, queries, service
from sertakan.papers.models import Paper, PaperPiece
from sertakan.papers.rules import KEPT, PaperState
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import ReviewState, TermState
from tests import factories
from tests.cast import Cast
from tests.page import PageClient

As = Callable[..., PageClient]
RUNNING = {"review": ReviewState.approved, "term": TermState.running, "state": MonthState.posted}
NIK = "6171045503840001"


def of_company(
    cast: Cast, name: str = "Sumiati", nik: str | None = None, *, first: str = "2026-10", count: int = 2, **more: object
) -> str:
    row = factories.worker(name=name, nik=nik)
    return factories.sponsorship(
        cast.rina,
        row,
        first=first,
        count=count,
        organisation_id=cast.company_id,
        **{**RUNNING, **more},  # type: ignore[arg-type]
    ).code


@pytest.fixture
def base(cast: Cast) -> str:
    return f"/perusahaan/{cast.khatulistiwa.ref}/dokumen"


def made(as_: As, base: str, kind: str, **more: str) -> tuple[Paper, bytes]:
    """Asked for by Rina, made by the job, fetched by Budi."""
    assert as_("rina").post(base, {"kind": kind, **more}).status == 303
    assert jobs.make_papers() == 1
    paper = db.session.scalars(select(Paper).order_by(Paper.id.desc())).first()
    assert paper is not None
    answer = as_("budi").get(f"{base}/{paper.ref}").response
    assert answer.status_code == 200
    assert int(answer.headers["Content-Length"]) == len(answer.data) == paper.size
    return paper, answer.data


def test_the_report_has_a_row_a_worker_with_a_masked_nik_and_no_formula(cast: Cast, as_: As, base: str) -> None:
    code = of_company(cast, "=HYPERLINK(1)", NIK)
    of_company(cast, "@Beni", first="2026-12", state=MonthState.paid)
    paper, data = made(as_, base, "report")
    rows = list(openpyxl.load_workbook(io.BytesIO(data)).active.iter_rows(values_only=True))  # type: ignore[union-attr]
    assert rows[0][:3] == ("Nomor dukungan", "Nama", "NIK")
    assert rows[1] == (
        code,
        "'=HYPERLINK(1)",
        "617104******0001",
        "Asisten rumah tangga",
        rows[1][4],
        "2026-10",
        "2026-11",
        2,
        2,
        16_800,
        "2026-10 aktif, 2026-11 aktif",
    )
    assert rows[2][1] == "'@Beni"
    assert rows[2][7:10] == (0, 2, 25_200)
    cells = [cell for row in openpyxl.load_workbook(io.BytesIO(data)).active.iter_rows() for cell in row]  # type: ignore[union-attr]
    assert {cell.data_type for cell in cells} <= {"s", "n", "inlineStr"}
    assert NIK.encode() not in data
    assert (paper.total, paper.done) == (2, 2)


def test_a_line_of_the_list_has_all_that_the_organisation_pays_for_her_and_nothing_that_others_pay(
    cast: Cast, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "CHUNK", 1)
    renewed, other = factories.worker(), factories.worker()
    for person, worker, first in (
        (cast.rina, renewed, "2026-08"),
        (cast.rina, other, "2026-12"),
        (cast.rina, renewed, "2026-10"),
    ):
        factories.sponsorship(person, worker, first=first, count=1, organisation_id=cast.company_id, **RUNNING)
    factories.sponsorship(cast.rina, renewed, first="2026-12", count=1, **RUNNING)  # her own, from her own purse
    found, after = [], 0
    while (part := queries.list_part(cast.company_id, after))[0]:
        found, after = [*found, *part[0]], part[1]
    assert [[str(month) for month, _state in row.months] for row in found] == [["2026-12"], ["2026-08", "2026-10"]]
    assert found[1].paid_rupiah == 2 * found[0].paid_rupiah > 0


@pytest.mark.parametrize("kind", ["certificate", "cards", "report_pdf", "statement"])
def test_the_others_are_tagged_pdf(cast: Cast, as_: As, base: str, kind: str) -> None:
    of_company(cast)
    _paper, data = made(as_, base, kind, year="2026")
    assert data[:5] == b"%PDF-"
    assert b"/StructTreeRoot" in data
    assert b"pdfuaid" in data


def test_only_posted_months_are_called_protected_on_a_card(cast: Cast, app: Flask) -> None:
    from sertakan.sponsorships import queries

    told = {}
    for state in (MonthState.posted, MonthState.remitted, MonthState.paid, MonthState.reserved):
        code = of_company(cast, state=state, count=2, first="2026-11")
        told[state.value] = making._card(queries.view_of(queries.get_by_code(code)))["state"]
    assert told == {
        "posted": "Terlindungi sampai 31 Desember 2026",
        "remitted": "Sedang diproses",
        "paid": "Sedang diproses",
        "reserved": "Belum terlindungi",
    }


def test_the_statement_equals_the_ledger_and_tells_what_went_back(cast: Cast, as_: As, base: str, client: PageClient) -> None:
    for number in range(6):
        of_company(cast, f"Pekerja {number}")
    of_company(cast, "Kembali", state=MonthState.refunded)
    factories.sponsorship(cast.sari, **RUNNING)  # type: ignore[arg-type]
    paper, _data = made(as_, base, "statement", year="2026")
    facts = paper.facts
    ledger = db.session.scalar(
        select(func.sum(CoverageMonth.price_rupiah))
        .join(Sponsorship, Sponsorship.id == CoverageMonth.sponsorship_id)
        .where(Sponsorship.organisation_id == cast.company_id, CoverageMonth.state == MonthState.posted)
    )
    assert (facts["people"], facts["months"], facts["paid_rupiah"]) == (6, 12, ledger)
    assert (facts["back_rupiah"], sum(line["paid_rupiah"] for line in facts["lines"])) == (16_800, ledger)
    assert sum(place["rupiah"] for place in facts["places"]) == ledger
    assert "Pekerja" not in str(facts)
    page = client.get(f"/verifikasi/{paper.code}")
    page.sees("Laporan tahunan CSR", "PT Khatulistiwa", "Rp100.800", "Rp16.800", "Asli dari Sertakan")
    assert page.statements <= 6


def test_a_code_is_checked_by_anybody_also_typed_badly_and_after_the_file_is_gone(
    cast: Cast, as_: As, base: str, client: PageClient
) -> None:
    of_company(cast)
    paper, _data = made(as_, base, "certificate")
    code, ref = paper.code, paper.ref
    typed = client.post("/verifikasi", {"code": code.lower().replace("-", " ")})
    client.follow(typed).sees("Piagam terima kasih", "Asli dari Sertakan")
    with clock.frozen(clock.now() + KEPT + timedelta(days=1)):
        assert jobs.forget_old() == 1
        assert factories.count(PaperPiece) == 0
        assert as_("rina").get(f"{base}/{ref}").status == 404
        client.get(f"/verifikasi/{code}").sees("Asli dari Sertakan")
        assert jobs.forget_old() == 0
    assert client.post("/verifikasi", {"code": "O0O0"}).status == 422
    assert client.get("/verifikasi/2222-2222").status == 404
    assert client.get("/verifikasi/x%00").status == 404


def test_a_card_shows_standing_and_a_masked_name_and_nothing_before_approval(cast: Cast, client: PageClient) -> None:
    page = client.get(f"/verifikasi/{of_company(cast, 'Sumiati Lestari', NIK, first='2026-11')}")
    page.sees("Terlindungi", "31 Desember 2026", "S••••ti").misses("Sumiati", "Lestari", NIK, "Khatulistiwa")
    assert page.statements <= 6
    client.get(f"/verifikasi/{of_company(cast, first='2026-12', state=MonthState.paid)}").sees("Sedang diproses")
    client.get(f"/verifikasi/{of_company(cast, first='2026-05', count=2)}").sees("Tidak terlindungi saat ini", "30 Juni 2026")
    waiting = of_company(cast, review=ReviewState.submitted)
    assert client.get(f"/verifikasi/{waiting}").status == 404


def test_a_file_is_sealed_where_it_is_kept(cast: Cast, as_: As, base: str) -> None:
    of_company(cast, "Rahasiawati")
    made(as_, base, "report")
    raw = db.session.execute(text("SELECT content_sealed FROM paper_piece")).scalars().all()
    assert raw
    assert not any("UEsDB" in piece for piece in raw)  # a workbook's first bytes as base64


def test_asking_twice_makes_one_and_a_failed_one_is_said_and_can_be_asked_again(
    cast: Cast, as_: As, base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_company(cast)
    for _ in range(2):
        as_("rina").post(base, {"kind": "report"})
    assert factories.count(Paper) == 1
    as_("rina").get(base).sees("Menyiapkan, 0 dari 1")

    def breaks(*_args: object) -> None:
        raise ValueError

    with monkeypatch.context() as broken:
        broken.setattr(sheet, "write_xlsx", breaks)
        assert jobs.make_papers() == 0
    as_("rina").get(base).sees("Gagal, coba siapkan lagi")
    assert made(as_, base, "report")[0].state is PaperState.ready


def test_a_second_maker_of_the_same_paper_keeps_nothing_twice(cast: Cast, as_: As, base: str) -> None:
    of_company(cast)
    paper, data = made(as_, base, "report")
    service.keep(paper_id=paper.id, file=io.BytesIO(b"other"), facts={})
    assert as_("budi").get(f"{base}/{paper.ref}").response.data == data


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"kind": "report"}, "Belum ada pekerja"),
        ({"kind": "cards", "part": "7"}, "Belum ada pekerja"),
        ({"kind": "statement", "year": "2001"}, "Pilih tahunnya"),
        ({"kind": "statement"}, "Pilih tahunnya"),
        ({"kind": "passport"}, "Pilih dokumennya"),
        ({}, "Pilih dokumennya"),
    ],
)
def test_what_cannot_be_made_is_refused_with_a_sentence(as_: As, base: str, asked: dict[str, str], sentence: str) -> None:
    page = as_("rina").post(base, asked)
    assert page.status == 422
    page.sees(sentence)
    assert factories.count(Paper) == 0


def test_an_organisation_that_staff_have_not_verified_gets_none(cast: Cast, as_: As, base: str) -> None:
    of_company(cast)
    with transaction():
        cast.khatulistiwa.verified_at = None
    as_("rina").post(base, {"kind": "report"}).sees("belum disahkan")


def test_nobody_else_finds_any_of_it(cast: Cast, as_: As, base: str) -> None:
    of_company(cast)
    paper, _data = made(as_, base, "report")
    for name in ("sari", "stranger", "dewi", "maya"):
        assert as_(name).get(base).status == 404
        assert as_(name).post(base, {"kind": "report"}).status == 404
        assert as_(name).get(f"{base}/{paper.ref}").status == 404
