"""My sponsorships: the list, one of them, its months, its story, and the answer to a question."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from sertakan.audit.service import record
from sertakan.coverage import queries as coverage
from sertakan.coverage import service as ledger
from sertakan.coverage.rules import MonthState
from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.kit.months import Month
from sertakan.sponsorships import queries, service
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import ReviewState, TermState
from tests import factories
from tests.cast import Cast
from tests.page import PageClient

R, T, M = ReviewState, TermState, MonthState
As = Callable[[str], PageClient]


def promise(cast: Cast, who: str = "sari", **more: object) -> tuple[str, int]:
    """Code and id: running, June to November 2026, with BPJS evidence."""
    facts: dict[str, object] = {"first": "2026-06", "count": 6, "review": R.approved, "term": T.running, "state": M.posted}
    row = factories.sponsorship(getattr(cast, who), more.pop("worker", None), **(facts | more))  # type: ignore[arg-type]
    return row.code, row.id


def cost(client: PageClient, path: str) -> int:
    """Statements of a page once tariff and places are read; what is kept for a minute may run out between two fetches."""
    return min(client.get(path).statements for _n in range(3))


def asked(cast: Cast, question: str = "Apa pekerjaannya sekarang?") -> tuple[str, int]:
    code, row_id = promise(cast, review=R.submitted, term=T.waiting, state=M.paid, first="2026-12")
    with transaction():
        service.ask(actor=cast.dewi.ref, sponsorship=queries.get(row_id, lock=True), question=question)
    return code, row_id


# ---- the list ------------------------------------------------------------------------------------------------------------------


def test_who_sponsors_nobody_yet_is_shown_where_to_begin(as_: As) -> None:
    page = as_("sari").get("/dukungan")
    page.sees("Dukungan saya", "Belum ada yang Anda lindungi", "Lindungi seseorang")


def test_the_list_says_how_each_stands_and_what_to_do(cast: Cast, as_: As) -> None:
    promise(cast)
    promise(cast, review=R.submitted, term=T.waiting, state=M.paid, first="2026-12")
    asked(cast)
    page = as_("sari").get("/dukungan")
    page.sees("Terlindungi sampai 30 November 2026", "Perpanjang mulai Desember 2026")
    page.sees("Diproses", "Petugas memeriksa paling lama Senin, 23 November 2026", "Perlu jawaban Anda")


def test_the_list_holds_nothing_of_anybody_else(cast: Cast, as_: As) -> None:
    code, _id = promise(cast)
    as_("tono").get("/dukungan").misses(code, "Sumiati")


def test_a_long_list_comes_in_pages(cast: Cast, as_: As) -> None:
    for _n in range(21):
        promise(cast)
    sari = as_("sari")
    assert len(sari.get("/dukungan").all("article")) == 20
    assert len(sari.get("/dukungan?hal=2").all("article")) == 1
    for nonsense in ("0", "-1", "x", "9" * 40, "１"):
        assert sari.get(f"/dukungan?hal={nonsense}").status == 200


def test_one_and_twenty_cost_the_same_statements(cast: Cast, as_: As) -> None:
    promise(cast)
    sari = as_("sari")
    one = cost(sari, "/dukungan")
    for _n in range(19):
        promise(cast)
    assert cost(sari, "/dukungan") == one <= 6


# ---- one of them ---------------------------------------------------------------------------------------------------------------


def test_twelve_months_with_state_price_and_proof(cast: Cast, as_: As) -> None:
    code, _id = promise(cast)
    page = as_("sari").get(f"/dukungan/{code}")
    page.sees("Sumiati", "Asisten rumah tangga", f"Nomor {code}", "8 hari lagi", "Terlindungi sampai 30 November 2026")
    page.sees("Juni 2026: Terlindungi", "November 2026: Terlindungi", "(bulan ini)", "Mei 2027: Belum dibayar")
    page.sees("Dana diterima 22/11/2026", "Disetor 22/11/2026", "Aktif di BPJS 22/11/2026", "Bukti bayar")
    ribbon = [element for element in page.all("li") if element.attrs.get("class", "").startswith("mo ")]
    assert len(ribbon) == 12


@pytest.mark.parametrize("state", [M.reserved, M.paid, M.remitted])
def test_without_bpjs_evidence_nobody_is_called_protected(cast: Cast, as_: As, state: MonthState) -> None:
    code, _id = promise(cast, state=state)
    page = as_("sari").get(f"/dukungan/{code}")
    badges = [element.text for element in page.all("span") if element.attrs.get("class", "").startswith("badge")]
    assert "Terlindungi" not in badges
    assert ": Terlindungi" not in page.text
    assert "Terlindungi sampai" not in page.text
    as_("sari").get("/dukungan").misses("Terlindungi sampai")


def test_evidence_of_another_month_does_not_protect_this_one(cast: Cast, as_: As) -> None:
    code, _id = promise(cast, first="2026-05")
    page = as_("sari").get(f"/dukungan/{code}")
    page.sees("Menunggak", "hari tanpa iuran", "November 2026: Menunggak")
    assert not [e for e in page.all("span") if e.attrs.get("class") == "badge badge--ok" and e.text == "Terlindungi"]


def test_paid_months_ahead_are_said_to_be_on_their_way(cast: Cast, as_: As) -> None:
    code, row_id = promise(cast)
    worker_id = queries.get(row_id).worker_id
    with transaction() as session:
        session.add(factories._month(worker_id, clock.this_month() + 1, M.paid, row_id))
    page = as_("sari").get(f"/dukungan/{code}")
    page.sees("Iuran Desember 2026 sudah dibayar dan sedang diproses.", "Desember 2026: Diproses")


def test_the_price_is_that_of_each_month(cast: Cast, as_: As) -> None:
    code, _id = promise(cast, first="2026-12", state=M.paid)
    page = as_("sari").get(f"/dukungan/{code}")
    page.sees("Desember 2026 Rp8.400", "setelah potongan Rp8.400", "Januari 2027 Rp16.800")


def test_forus_1343_1184_renewing_is_offered_with_the_coming_prices_while_running_in_grace_and_after(cast: Cast, as_: As) -> None:
    for facts in ({}, {"first": "2026-05"}, {"first": "2026-01", "term": T.ended}):
        code, _id = promise(cast, **facts)
        page = as_("sari").get(f"/dukungan/{code}")
        page.sees("Perpanjang mulai", "Perpanjang 6 bulan")
        assert any(link.attrs.get("href") == f"/dukungan/{code}/perpanjang" for link in page.all("a"))


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"review": R.submitted, "term": T.waiting, "state": M.paid}, "Diproses"),
        ({"review": R.submitted, "term": T.waiting, "state": M.reserved}, "Belum dibayar"),
        ({"review": R.rejected, "term": T.cancelled, "state": M.refunded}, "Ditolak petugas"),
        ({"review": R.withdrawn, "term": T.cancelled, "state": M.released}, "Ditarik"),
    ],
)
def test_renewing_is_not_offered_before_a_yes(cast: Cast, as_: As, facts: dict[str, object], words: str) -> None:
    code, _id = promise(cast, first="2026-12", **facts)
    as_("sari").get(f"/dukungan/{code}").sees(words).misses("Perpanjang mulai", "Perpanjang 6 bulan")


def test_stopping_is_offered_only_while_there_is_something_to_stop(cast: Cast, as_: As) -> None:
    sari = as_("sari")
    for facts, offered in (({}, True), ({"term": T.cancelled}, False), ({"term": T.ended}, False)):
        code, _id = promise(cast, **facts)
        links = {link.attrs.get("href") for link in sari.get(f"/dukungan/{code}").all("a")}
        assert (f"/dukungan/{code}/batal" in links) is offered


def test_a_worker_from_the_list_stays_unnamed(cast: Cast, as_: As) -> None:
    worker = factories.worker(name="Salmah Binti Ali", occupation="penggali_kubur")
    code, _id = promise(cast, worker=worker, chosen_from_list=True)
    for path in ("/dukungan", f"/dukungan/{code}", f"/en/dukungan/{code}"):
        as_("sari").get(path).misses("Salmah", "Penggali", "Grave")
    as_("sari").get(f"/dukungan/{code}").sees("Ibu S.", "Sosial kemasyarakatan")


def test_item_22_no_page_of_mine_holds_a_nik_phone_or_address(cast: Cast, as_: As) -> None:
    worker = factories.worker(phone="+6281234567890", address="Gang Merdeka 7")
    nik = worker.nik
    code, _id = promise(cast, worker=worker)
    for path in ("/dukungan", f"/dukungan/{code}"):
        as_("sari").get(path).misses(nik, nik[:12], "81234567890", "Gang Merdeka")


def test_who_else_pays_is_never_said(cast: Cast, as_: As) -> None:
    code, row_id = promise(cast)
    worker = queries.get(row_id).worker
    other, _id = promise(cast, "tono", worker=worker, first="2026-12")
    page = as_("sari").get(f"/dukungan/{code}")
    page.sees("Desember 2026: Terlindungi").misses("Tono", other)


def test_before_a_yes_nothing_is_learnt_of_what_others_pay(cast: Cast, as_: As) -> None:
    worker = factories.worker()
    promise(cast, "tono", worker=worker, first="2026-09", count=3)
    code, _id = promise(cast, worker=worker, first="2027-03", review=R.submitted, term=T.waiting, state=M.reserved)
    page = as_("sari").get(f"/dukungan/{code}")
    assert "Terlindungi" not in page.text
    assert "November 2026: Terlindungi" not in page.text


def test_the_story_tells_each_step_once_newest_first(cast: Cast, as_: As) -> None:
    code, row_id = asked(cast)
    with transaction():
        service.answer(actor=cast.sari.ref, sponsorship=queries.get(row_id, lock=True), text="Masih.")
    with transaction():
        row = queries.get(row_id, lock=True)
        service.move_review(actor=cast.dewi.ref, sponsorship=row, to=R.approved)
        service.start_if_ready(row)
    page = as_("sari").get(f"/dukungan/{code}")
    page.sees("Dana diterima: Desember 2026 sampai Mei 2027 (6 bulan)")
    told = ["Dukungan mulai berjalan", "Petugas menyetujui", "Jawaban dikirim ke petugas", "Petugas bertanya"]
    assert [page.text.count(words) for words in told] == [1, 1, 1, 1]
    assert [page.text.index(words) for words in told] == sorted(page.text.index(words) for words in told)


def test_one_month_and_a_hundred_cost_the_same_statements(app: Flask, cast: Cast, as_: As) -> None:
    code, row_id = promise(cast, first="2020-01", count=1)
    sari = as_("sari")
    one = cost(sari, f"/dukungan/{code}")
    worker_id = queries.get(row_id).worker_id
    with transaction() as session:
        for step in range(1, 100):
            session.add(factories._month(worker_id, Month(2020, 1) + step, M.posted, row_id))
    with transaction():
        for _n in range(100):
            record(actor="system", action="sponsorship.run", subject=service.subject(queries.get(row_id)))
    page = sari.get(f"/dukungan/{code}")
    assert cost(sari, f"/dukungan/{code}") == one <= 6
    assert len(page.all("tr")) == 101


# ---- not mine ------------------------------------------------------------------------------------------------------------------


def test_item_20_another_persons_code_is_not_there_and_nothing_changes(cast: Cast, as_: As) -> None:
    code, row_id = asked(cast)
    for name in ("tono", "stranger", "dewi", "wira"):
        visitor = as_(name)
        assert visitor.get(f"/dukungan/{code}").status == 404
        assert visitor.post(f"/dukungan/{code}/jawab", {"answer": "Ya"}, check=False).status == 404
    row = queries.get(row_id)
    assert (row.review_state, row.answer) == (R.needs_info, None)


def test_another_persons_code_and_an_invented_one_look_alike(cast: Cast, as_: As) -> None:
    code, _id = promise(cast)
    tono = as_("tono")
    pages = [tono.get(f"/dukungan/{tried}") for tried in (code, "AAAA-AAAA")]
    html = [page.html.replace(page.path, "X") for page in pages]
    assert pages[0].status == pages[1].status == 404
    assert html[0] == html[1]


def test_who_is_not_signed_in_is_sent_to_sign_in(cast: Cast, client: PageClient) -> None:
    code, _id = promise(cast)
    for path in ("/dukungan", f"/dukungan/{code}"):
        page = client.get(path)
        assert (page.status, page.location) == (303, "/masuk")


@pytest.mark.parametrize("code", ["AAAA-AAAA", "x", "%00", "' OR 1=1", "🙂", "A" * 3000])
def test_nonsense_for_a_code_is_not_found(as_: As, code: str) -> None:
    assert as_("sari").get(f"/dukungan/{code}", check=False).status == 404


def test_item_32_my_pages_are_never_stored(cast: Cast, as_: As) -> None:
    code, _id = promise(cast)
    for path in ("/dukungan", f"/dukungan/{code}"):
        assert as_("sari").get(path).response.headers["Cache-Control"] == "no-store"


# ---- question and answer -------------------------------------------------------------------------------------------------------


def test_an_officers_question_is_answered_on_the_page(cast: Cast, as_: As) -> None:
    code, row_id = asked(cast)
    sari = as_("sari")
    sari.get(f"/dukungan/{code}").sees("Petugas bertanya", "Apa pekerjaannya sekarang?", "Jawaban Anda")
    page = sari.post(f"/dukungan/{code}/jawab", {"answer": "  Masih memasak\r\n\r\n\r\ndi rumah saya.\x00 "})
    assert page.location == f"/dukungan/{code}"
    row = queries.get(row_id)
    assert (row.review_state, row.answer) == (R.submitted, "Masih memasak\n\ndi rumah saya.")
    sari.get(f"/dukungan/{code}").sees("Diproses", "Masih memasak")


@pytest.mark.parametrize("text", ["", "   ", "\x00", "a" * 1_001, "a" * 100_000])
def test_an_empty_or_endless_answer_is_refused_and_kept(cast: Cast, as_: As, text: str) -> None:
    code, row_id = asked(cast)
    page = as_("sari").post(f"/dukungan/{code}/jawab", {"answer": text})
    assert page.status == 422
    assert queries.get(row_id).review_state is R.needs_info


def test_answering_twice_is_refused_and_changes_nothing(cast: Cast, as_: As) -> None:
    code, row_id = asked(cast)
    sari = as_("sari")
    assert sari.post(f"/dukungan/{code}/jawab", {"answer": "Ya"}).status == 303
    assert sari.post(f"/dukungan/{code}/jawab", {"answer": "Tidak"}, check=False).status == 409
    assert queries.get(row_id).answer == "Ya"


def test_item_26_an_answer_needs_its_token_and_a_post(cast: Cast, as_: As) -> None:
    code, row_id = asked(cast)
    sari = as_("sari")
    assert sari.post(f"/dukungan/{code}/jawab", {"answer": "Ya"}, token=False).status == 403
    assert sari.get(f"/dukungan/{code}/jawab?answer=Ya").status == 303
    assert queries.get(row_id).answer is None


@pytest.mark.parametrize("nasty", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</textarea><b>", "${7*7}"])
def test_item_34_what_people_type_comes_out_as_text(cast: Cast, as_: As, nasty: str) -> None:
    code, row_id = asked(cast, nasty)
    with transaction():
        queries.get(row_id, lock=True).typed_name = nasty
    sari = as_("sari")
    for page in (sari.get(f"/dukungan/{code}", check=False), sari.get("/dukungan", check=False)):
        assert page.status == 200
        assert nasty not in page.html or "<" not in nasty
    sari.post(f"/dukungan/{code}/jawab", {"answer": nasty})
    page = sari.get(f"/dukungan/{code}", check=False)
    assert not re.search(r"<script>alert|<img src=x", page.html)


# ---- with time -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "words"),
    [
        ((2026, 11, 30), "hari ini yang terakhir"),
        ((2026, 12, 1), "hari tanpa iuran"),
        ((2027, 1, 15), "Menunggak"),
        ((2027, 2, 10), "Bulan ketiga tanpa iuran. Bayar sebelum 28 Februari 2027"),
        ((2027, 3, 1), "Terputus"),
    ],
)
def test_forus_1380_msupply_7942_the_last_day_is_covered_and_what_follows_is_told(
    cast: Cast, as_: As, day: tuple[int, int, int], words: str
) -> None:
    code, _id = promise(cast)
    sari = as_("sari")
    with clock.frozen(datetime(*day, 1, tzinfo=UTC)):
        db.session.remove()
        sari = as_("sari")
        sari.get(f"/dukungan/{code}").sees(words)


def test_a_freed_and_promised_again_month_stands_once(cast: Cast, as_: As) -> None:
    code, row_id = promise(cast, first="2026-12", count=1, state=M.released, review=R.submitted, term=T.waiting)
    worker_id = queries.get(row_id).worker_id
    with transaction() as session:
        session.add(factories._month(worker_id, clock.this_month() + 1, M.paid, row_id))
    page = as_("sari").get(f"/dukungan/{code}")
    assert len(page.all("tr")) == 2
    page.sees("Dana diterima")


def test_every_state_of_a_month_has_words(cast: Cast, as_: As) -> None:
    for state in M:
        code, _id = promise(cast, state=state, count=1, first="2026-12")
        assert as_("sari").get(f"/dukungan/{code}").status == 200
        assert as_("sari").get(f"/en/dukungan/{code}").status == 200


def test_every_pair_of_review_and_term_has_words(cast: Cast, as_: As) -> None:
    sari = as_("sari")
    for review in R:
        for term in T:
            code, _id = promise(cast, review=review, term=term, first="2026-12")
            assert sari.get(f"/dukungan/{code}").status == 200


def test_a_month_that_was_moved_tells_when(cast: Cast, as_: As) -> None:
    code, row_id = promise(cast, state=M.paid)
    later = clock.now() + timedelta(days=2)
    with clock.frozen(later), transaction():
        for row in coverage.months_of_sponsorship(row_id, lock=True):
            ledger.move(actor=cast.maya.ref, month=row, to=M.remitted)
    page = as_("sari").get(f"/dukungan/{code}")
    page.sees("Disetor 24/11/2026", "Iuran disetor ke BPJS Ketenagakerjaan: Juni 2026 sampai November 2026")


def test_nothing_is_written_by_looking(cast: Cast, as_: As) -> None:
    code, row_id = promise(cast)
    sari = as_("sari")
    sari.get(f"/dukungan/{code}")
    assert factories.count(Sponsorship) == 1
    assert queries.get(row_id).fingerprint == "0" * 64
