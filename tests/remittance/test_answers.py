"""Answer files: every problem at once by row and column, nothing half applied, the same file twice does nothing; and one by hand."""

from typing import Any

import pytest
from sqlalchemy import select

from sertakan.audit import queries as audit
from sertakan.coverage import queries as coverage
from sertakan.coverage.rules import MonthState
from sertakan.db import db, transaction
from sertakan.kit import sheet
from sertakan.notices.models import Notice
from sertakan.remittance import answers, jobs, queries, rules
from sertakan.remittance.models import AnswerFile, AnswerRow, Batch, Line, Repair
from sertakan.remittance.rules import BatchState, BounceReason, FileState, LineState, RepairState, Result
from sertakan.reports import books
from sertakan.sponsorships.models import Sponsorship
from sertakan.workers.models import WorkerState
from tests import factories
from tests.remittance.conftest import DECEMBER, TITLES, Desk, table

ALIEN = "6171045203840999"


def by_hand(desk: Desk, code: str, promise: int, result: Result, **more: Any) -> None:
    with transaction():
        batch = queries.get(code, lock=True)
        line = _line(batch, promise)
        given = {"reason": None, "evidence": "Surat BPJS 12/2026"} | more
        answers.answer_by_hand(actor=desk.cast.maya, batch=batch, line=line, result=result, **given)


def _line(batch: Batch, promise: int) -> Line:
    return queries.get_line(batch, coverage.months_of_sponsorship(promise)[0].ref).line


def told(kind: str) -> list[Notice]:
    db.session.rollback()
    return list(db.session.scalars(select(Notice).where(Notice.kind == kind).order_by(Notice.id)))


def test_an_answer_posts_and_bounces_and_tells_each_sponsor_once(desk: Desk) -> None:
    good, bad = desk.promise(), desk.promise("tono")
    code = desk.paid()
    rows = [*desk.rows_for(good), *desk.rows_for(bad, result="Ditolak", reason="NIK tidak ditemukan di Dukcapil")]
    file = desk.answer(code, rows)
    assert (file.state, file.rows, file.done, file.problem_count) == (FileState.applied, 2, 2, 0)
    assert desk.states(good) == ["posted"] and desk.states(bad) == ["bounced"]
    month = desk.months(good)[0]
    assert month.posted_at and (month.evidence or "").startswith("jawaban ")
    assert desk.months(bad)[0].close_reason == "nik_unknown"
    batch = desk.batch(code)
    assert batch.state is BatchState.partly_closed and batch.closed_at
    [repair] = db.session.scalars(select(Repair))
    assert (repair.state, repair.coverage_month_id) == (RepairState.open, desk.months(bad)[0].id)
    assert [notice.person_id for notice in told("posted")] == [desk.cast.sari.id]
    [bounce] = told("bounced")
    assert bounce.person_id == desk.cast.tono.id and "NIK tidak ditemukan di Dukcapil" in bounce.body
    assert desk.nik(bad) not in bounce.body + bounce.title
    jobs.work()
    assert len(told("posted")) == len(told("bounced")) == 1
    assert books.broken(books.check()) == []


def test_all_posted_closes_the_batch_and_each_month_keeps_its_own_evidence(desk: Desk) -> None:
    promise = desk.promise(count=2)
    code = desk.paid(DECEMBER + 1)
    rows = desk.rows_for(promise)
    rows[0][5], rows[1][5] = "BPJS-1", "BPJS-2"
    desk.answer(code, rows)
    assert [month.evidence for month in desk.months(promise)] == ["BPJS-1", "BPJS-2"]
    assert desk.batch(code).state is BatchState.closed
    [notice] = told("posted")
    assert "Desember 2026 sampai Januari 2027" in notice.body


def test_the_same_file_again_does_nothing_and_says_so(desk: Desk) -> None:
    promise = desk.promise()
    code = desk.paid()
    rows = desk.rows_for(promise)
    desk.answer(code, rows)
    before = len(audit.list_for(f"month:{desk.months(promise)[0].ref}"))
    with pytest.raises(rules.SameFile):
        desk.answer(code, rows)
    assert len(audit.list_for(f"month:{desk.months(promise)[0].ref}")) == before
    assert factories.count(AnswerFile) == 1


def test_another_file_with_the_same_words_changes_nothing_either(desk: Desk) -> None:
    promise = desk.promise()
    code = desk.paid()
    rows = desk.rows_for(promise)
    desk.answer(code, rows)
    again = desk.answer(code, [*rows, []], titles=[*TITLES, "Catatan"])
    assert (again.state, again.rows, again.done) == (FileState.applied, 1, 1)
    assert factories.count(AnswerRow) == 1 and len(told("posted")) == 1


def test_pretix_import_entitlementcard_pr_2969_every_problem_is_told_at_once_by_row_and_column_and_nothing_is_applied(
    desk: Desk,
) -> None:
    one, two = desk.promise(), desk.promise("tono")
    code = desk.paid()
    good, other = desk.rows_for(one)[0], desk.rows_for(two)[0]
    rows = [
        good,
        [good[0], good[1], good[2], "Ditolak", "Data belum lengkap", ""],  # a second result for one month
        [ALIEN, "2026-12", "8400", "Berhasil", "", ""],
        [other[0], "2027-03", "8400", "Berhasil", "", ""],
        [other[0], "besok", "8400", "Berhasil", "", ""],
        [other[0], "2026-12", "8.500", "Berhasil", "", ""],
        [other[0], "2026-12", "8400,50", "Ditolak", "entah", ""],
        ["6,17104E+15", "2026-12", "8400", "mungkin", "", ""],
    ]
    file = desk.answer(code, rows)
    found = {(problem["place"], problem["code"]) for problem in file.problems}
    assert found == {
        ("D3", "twice"),
        ("A4", "nik_unknown"),
        ("B5", "month_unknown"),
        ("B6", "month_unreadable"),
        ("C7", "amount_differs"),
        ("C8", "amount_unreadable"),
        ("D8", "twice"),
        ("E8", "reason_missing"),
        ("A9", "nik_rounded"),
        ("D9", "result_unreadable"),
    }
    assert (file.state, file.problem_count, file.rows, file.content) == (FileState.refused, 10, 8, None)
    assert desk.states(one) == desk.states(two) == ["remitted"]
    assert factories.count(AnswerRow) == 0 and not told("posted")
    words = str(file.problems)
    assert good[0] not in words and other[0] not in words and ALIEN not in words


@pytest.mark.parametrize("amount", ["0", "", "-8400"])
def test_pretix_5168_a_row_of_nothing_is_refused_and_nobody_is_told(desk: Desk, amount: str) -> None:
    one = desk.promise()
    code = desk.paid()
    row = desk.rows_for(one)[0]
    row[2] = amount
    file = desk.answer(code, [row])
    assert (file.state, len(file.problems)) == (FileState.refused, 1)
    assert desk.states(one) == ["remitted"] and not told("posted") and not told("bounced")


def test_a_result_that_contradicts_an_earlier_one_is_a_problem(desk: Desk) -> None:
    one, two = desk.promise(), desk.promise("tono")
    code = desk.paid()
    desk.answer(code, desk.rows_for(one))
    file = desk.answer(code, desk.rows_for(one, two, result="Ditolak", reason="Data belum lengkap"))
    assert [(problem["place"], problem["code"]) for problem in file.problems] == [("D2", "answered")]
    assert desk.states(two) == ["remitted"]


@pytest.mark.parametrize(
    ("data", "no"),
    [
        (b"", sheet.SheetEmpty),
        (b"NIK;Hasil\r\n1;2\r\n", sheet.MissingColumns),
        (b"PK\x03\x04rusak", sheet.Unreadable),
        (";".join(TITLES).encode(), sheet.SheetEmpty),
    ],
    ids=["empty", "columns", "damaged", "only titles"],
)
def test_entitlementcard_1868_a_file_that_cannot_be_read_is_refused_whole_with_its_sentence(
    desk: Desk, data: bytes, no: type[Any]
) -> None:
    promise = desk.promise()
    code = desk.paid()
    with transaction():
        ref = answers.receive(actor=desk.cast.maya, batch=queries.get(code, lock=True), data=data).ref
    jobs.work()
    file = desk.file(ref)
    assert (file.state, file.refusal) == (FileState.refused, no.message)
    assert desk.states(promise) == ["remitted"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_entitlementcard_2663_an_answer_is_read_in_other_encodings(desk: Desk, encoding: str) -> None:
    promise = desk.promise()
    code = desk.paid()
    rows = desk.rows_for(promise)
    rows[0][5] = "Surat é"
    with transaction():
        answers.receive(actor=desk.cast.maya, batch=queries.get(code, lock=True), data=table([TITLES, *rows], encoding))
    jobs.work()
    assert [month.evidence for month in desk.months(promise)] == ["Surat é"]


def test_an_answer_before_the_money_left_is_refused(desk: Desk) -> None:
    desk.promise()
    code = desk.gather()
    with pytest.raises(rules.WrongStep):
        desk.answer(code, [])


def test_the_file_is_sealed_until_it_is_read_and_then_forgotten(desk: Desk) -> None:
    promise = desk.promise()
    code = desk.paid()
    file = desk.answer(code, desk.rows_for(promise), work=False)
    assert file.content_sealed and desk.nik(promise) not in file.content_sealed
    jobs.work()
    assert desk.file(file.ref).content_sealed is None


def test_one_answer_by_hand_needs_evidence_and_counts_once(desk: Desk) -> None:
    promise = desk.promise()
    code = desk.paid()
    with pytest.raises(rules.EvidenceNeeded):
        by_hand(desk, code, promise, Result.posted, evidence=" ")
    by_hand(desk, code, promise, Result.posted)
    assert desk.months(promise)[0].evidence == "Surat BPJS 12/2026"
    assert desk.batch(code).state is BatchState.closed
    with pytest.raises(rules.NotAnswerable):
        by_hand(desk, code, promise, Result.bounced, reason=BounceReason.other)
    jobs.work()
    assert len(told("posted")) == 1


def test_a_bounce_by_hand_needs_a_reason_from_the_list(desk: Desk) -> None:
    promise = desk.promise()
    code = desk.paid()
    with pytest.raises(rules.ReasonNeeded):
        by_hand(desk, code, promise, Result.bounced)
    by_hand(desk, code, promise, Result.bounced, reason=BounceReason.too_old)
    assert desk.states(promise) == ["bounced"]
    assert [line.state for line in desk.lines(code)] == [LineState.refused]


def test_an_answer_by_hand_between_the_check_and_the_applying_stands(desk: Desk) -> None:
    promise = desk.promise()
    code = desk.paid()
    file = desk.answer(code, desk.rows_for(promise), work=False)
    answers.read(file.id)
    by_hand(desk, code, promise, Result.bounced, reason=BounceReason.incomplete)
    jobs.work()
    assert desk.states(promise) == ["bounced"]
    assert desk.file(file.ref).state is FileState.applied


def test_nothing_goes_out_about_a_worker_who_died_meanwhile(desk: Desk) -> None:
    promise = desk.promise()
    code = desk.paid()
    with transaction() as session:
        session.get_one(Sponsorship, promise).worker.state = WorkerState.deceased
    desk.answer(code, desk.rows_for(promise))
    [notice] = told("posted")
    assert notice.state.value == "skipped" and notice.reason
    assert desk.months(promise)[0].state is MonthState.posted


def test_an_organisation_hears_of_its_many_months_in_one_message(desk: Desk) -> None:
    promises = [desk.promise("rina", organisation_id=desk.cast.company_id) for _ in range(3)]
    code = desk.paid()
    rows = [*desk.rows_for(*promises[:2]), *desk.rows_for(promises[2], result="gagal", reason="other")]
    desk.answer(code, rows)
    [notice] = told("answers")
    assert "Terlindungi: 2" in notice.body and "petugas: 1" in notice.body
    assert not told("posted")
