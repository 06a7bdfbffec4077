"""The machines over every pair of states, and what the words of an answer mean."""

from itertools import product

import pytest

from sertakan.coverage.rules import IllegalMove
from sertakan.kit import sheet
from sertakan.kit.months import Month
from sertakan.remittance import rules
from sertakan.remittance.rules import BatchState, BounceReason, FileState, LineState, RepairState, Result

ALLOWED = {
    BatchState: {
        "draft>locked", "draft>dropped", "locked>code_received", "locked>dropped", "code_received>paid", "code_received>dropped",
        "paid>closed", "paid>partly_closed",
    },
    LineState: {"open>paid", "open>dropped", "paid>posted", "paid>refused"},
    FileState: {"uploaded>refused", "uploaded>applying", "applying>applied"},
    RepairState: {"open>proposed", "proposed>open", "proposed>repaired", "proposed>given_back"},
}  # fmt: skip
TABLES = {
    BatchState: rules.BATCH_MOVES,
    LineState: rules.LINE_MOVES,
    FileState: rules.FILE_MOVES,
    RepairState: rules.REPAIR_MOVES,
}


@pytest.mark.parametrize(
    ("kind", "before", "to"), [(kind, *pair) for kind in TABLES for pair in product(kind, kind)], ids=lambda value: str(value)
)
def test_i7_no_machine_moves_outside_its_table(kind: type, before: str, to: str) -> None:
    moves = TABLES[kind]
    if f"{before}>{to}" in ALLOWED[kind]:
        rules.check_step(moves, before, to)
        rules.check_move(moves, before, to)
        return
    with pytest.raises(rules.WrongStep):
        rules.check_step(moves, before, to)
    with pytest.raises(IllegalMove):
        rules.check_move(moves, before, to)


@pytest.mark.parametrize(
    "text",
    ["2026-12", "2026-12-01", "2026-12-01 00:00:00", "12/2026", "12-2026", "01-12-2026", " desember  2026 ", "December 2026"],
)
def test_a_month_is_read_as_people_and_programs_write_it(text: str) -> None:
    assert rules.read_month(text) == Month(2026, 12)


@pytest.mark.parametrize("text", ["", "Desember", "13/2026", "2026-00", "26-12", "desember 26", "besok"])
def test_what_is_no_month_is_none(text: str) -> None:
    assert rules.read_month(text) is None


@pytest.mark.parametrize(
    ("text", "result"), [("Berhasil", Result.posted), (" AKTIF ", Result.posted), ("Tidak  Valid", Result.bounced)]
)
def test_a_result_is_read_whatever_its_capitals(text: str, result: Result) -> None:
    assert rules.read_result(text) is result


def test_words_that_are_not_on_the_list_are_no_result_and_no_reason() -> None:
    assert rules.read_result("mungkin") is None and rules.read_reason("entah") is None and rules.read_reason("") is None


@pytest.mark.parametrize("reason", list(BounceReason))
def test_every_reason_is_found_by_its_word_and_its_sentence(reason: BounceReason) -> None:
    assert rules.read_reason(reason.value) is reason
    assert rules.read_reason(rules.REASONS[reason].upper() + ".") is reason


def test_a_fingerprint_changes_with_every_part_and_with_the_order() -> None:
    one, two = ("m1", "w1", Month(2026, 12), "jkk_jkm", 8_400), ("m2", "w2", Month(2026, 12), "jkk_jkm", 16_800)
    marks = {
        rules.fingerprint(lines)
        for lines in ([one, two], [two, one], [one], [one, (*two[:4], 16_801)], [one, ("m2", "w3", *two[2:])], [])
    }
    assert len(marks) == 6


def test_an_answer_is_read_under_the_title_that_staff_gave_or_ours() -> None:
    columns = rules.answer_columns({"nik": "Nomor KTP"})
    titles = ["Nomor KTP", "bulan_iuran", "JUMLAH IURAN", "Hasil"]
    assert sheet.match(titles, columns) == {"nik": 0, "month": 1, "amount": 2, "result": 3}
    assert sheet.match(["NIK", *titles[1:]], columns)["nik"] == 0
