"""The verbs of an upload on a real database: a file becomes rows, rows are mended, two people confirm."""

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from sertakan.accounts.models import MemberRole, Membership
from sertakan.bulk import jobs, queries, rules, service
from sertakan.bulk.models import Upload, UploadRow
from sertakan.bulk.rows import Kind, problems_in, values_in
from sertakan.bulk.rules import RowState, UploadState
from sertakan.coverage.rules import MonthState
from sertakan.db import blind, db, transaction
from sertakan.kit import sheet
from sertakan.kit.errors import Refused
from sertakan.kit.months import Month
from sertakan.organisations.queries import get_membership
from tests import factories
from tests.bulk.files import csv_file, nik, people, xlsx_file
from tests.cast import Cast

DECEMBER = Month(2026, 12)


def member(cast: Cast, who: str = "rina") -> Membership:
    return get_membership(cast.khatulistiwa.ref, getattr(cast, who))


def start(cast: Cast, data: bytes, who: str = "rina", **more: object) -> int:
    with transaction():
        upload = service.start(
            actor=member(cast, who),
            name="daftar.csv",
            data=data,
            first_month=DECEMBER,
            count=3,
            **more,  # type: ignore[arg-type]
        )
        db.session.flush()
        return upload.id


def checked(cast: Cast, data: bytes) -> Upload:
    upload_id = start(cast, data)
    assert service.check_file(upload_id) == UploadState.checked
    return queries.get(upload_id)


def rows(upload: Upload) -> dict[int, UploadRow]:
    found = db.session.scalars(select(UploadRow).where(UploadRow.upload_id == upload.id).order_by(UploadRow.row_number))
    return {row.row_number: row for row in found}


def revise(cast: Cast, upload: Upload, changes: dict[int, dict[str, str]]) -> int:
    with transaction():
        return service.revise(actor=member(cast), upload=queries.get(upload.id, lock=True), changes=changes)


@pytest.mark.parametrize("make", [csv_file, xlsx_file])
def test_a_file_is_checked_under_the_row_numbers_of_the_spreadsheet(app: Flask, cast: Cast, make: object) -> None:
    data = [*people(2), ["61710452038400O1", "", "Ojek", ""]]
    upload = checked(cast, make(data))  # type: ignore[operator]
    assert {number: row.state for number, row in rows(upload).items()} == {
        2: RowState.ready,
        3: RowState.ready,
        4: RowState.wrong,
    }
    assert upload.counts is not None
    assert (upload.counts["ready"], upload.counts["wrong"], upload.counts["kinds"]) == (2, 1, {"nik_letters": 1})
    assert [problem["kind"] for problem in problems_in(rows(upload)[4].content)] == ["nik_letters", "name_empty"]


def test_nothing_of_a_person_stands_open_and_the_file_is_gone(app: Flask, cast: Cast) -> None:
    upload = checked(cast, csv_file([[nik(1).replace("0", "O", 1), "Sumiati Rahasia", "Ojek", ""]]))
    assert upload.file is None
    kept = db.session.execute(select(UploadRow.__table__)).all()  # type: ignore[arg-type]
    assert "Rahasia" not in repr(kept) and nik(1) not in repr(kept)
    assert values_in(rows(upload)[2].content)["name"] == "Sumiati Rahasia"


def test_the_same_file_twice_does_nothing_and_says_so(app: Flask, cast: Cast) -> None:
    first = start(cast, csv_file(people(1)))
    with pytest.raises(rules.SameFile):
        start(cast, csv_file(people(1)))
    with transaction():
        service.withdraw(actor=member(cast), upload=queries.get(first, lock=True))
    assert start(cast, csv_file(people(1))) != first


def test_only_a_maker_uploads_and_only_months_that_can_be_sold(app: Flask, cast: Cast) -> None:
    with pytest.raises(rules.NotYourPart):
        start(cast, csv_file(people(1)), who="budi")
    with pytest.raises(rules.FileMissing):
        start(cast, b"")
    with pytest.raises(Refused), transaction():
        service.start(actor=member(cast), name="x", data=b"a", first_month=Month(2026, 10), count=3)
    with pytest.raises(sheet.SheetTooBig):
        start(cast, b"x" * ((rules.MEGABYTES << 20) + 1))


@pytest.mark.parametrize(
    ("data", "no"),
    [
        (b"  \n ", sheet.SheetEmpty),
        (csv_file([]), sheet.SheetEmpty),
        (b"PK\x03\x04 torn", sheet.Unreadable),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 old", sheet.OldWorkbook),
    ],
)
def test_a_file_that_cannot_be_read_fails_with_its_sentence(app: Flask, cast: Cast, data: bytes, no: type[Refused]) -> None:
    upload_id = start(cast, data)
    assert service.check_file(upload_id) == UploadState.failed
    upload = queries.get(upload_id)
    assert upload.why is not None and upload.why["message"] == no.message
    assert upload.file is None


def test_unknown_titles_are_told_once_and_remembered(app: Flask, cast: Cast) -> None:
    titles = ("Nomor identitas", "Si pekerja", "Kerjanya", "Lain")
    upload_id = start(cast, csv_file(people(1), titles))
    assert service.check_file(upload_id) == UploadState.mapping
    assert queries.get(upload_id).titles == list(titles)
    told = {"nik": "Nomor identitas", "name": "Si pekerja", "occupation": "Kerjanya"}
    with pytest.raises(sheet.MissingColumns), transaction():
        service.choose_columns(actor=member(cast), upload=queries.get(upload_id, lock=True), titles=told | {"nik": "Bukan"})
    with transaction():
        service.choose_columns(actor=member(cast), upload=queries.get(upload_id, lock=True), titles=told)
    assert service.check_file(upload_id) == UploadState.checked
    assert checked(cast, csv_file(people(2), titles)).counts is not None


def test_a_nik_that_comes_twice_names_the_row_where_it_came_first(app: Flask, cast: Cast) -> None:
    upload = checked(cast, csv_file([*people(1), *people(1), *people(1, first=1)]))
    found = rows(upload)
    assert [found[number].kind for number in (2, 3, 4)] == [None, Kind.nik_twice, None]
    assert problems_in(found[3].content)[0]["params"] == {"row": 2}
    revise(cast, upload, {2: {"nik": nik(99)}})  # the first of the two was the wrong one
    found = rows(upload)
    assert [found[number].kind for number in (2, 3, 4)] == [None, None, None]


@pytest.mark.parametrize("chunk", [1, 2, 3, 100])
def test_chunks_change_nothing_of_who_came_first(app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    monkeypatch.setattr(rules, "CHUNK", chunk)
    file = [[nik(one), "Sumiati", "Ojek", ""] for one in (1, 2, 1, 3, 1, 2)]
    upload = checked(cast, csv_file(file))
    assert first_rows(upload) == {4: 2, 6: 2, 7: 3}
    changes = {2: {"nik": nik(2)}, 3: {"nik": nik(1)}, 6: {"nik": nik(4)}, 7: {"nik": nik(5)}}
    revise(cast, upload, changes)
    assert {number for number, row in rows(upload).items() if row.state is RowState.ready} == {2, 3, 5, 6, 7}
    assert first_rows(upload) == {4: 3}


def test_more_rows_are_asked_for_than_a_statement_takes_values(app: Flask, cast: Cast) -> None:
    upload = checked(cast, csv_file(people(3)))
    with transaction():
        assert [row.row_number for row in queries.rows_by_number(upload.id, range(70_000))] == [2, 3, 4]


def first_rows(upload: Upload) -> dict[int, int]:
    """Of each row whose person came before: in which row."""
    return {
        number: problem["params"]["row"]
        for number, row in rows(upload).items()
        for problem in problems_in(row.content)
        if problem["kind"] == Kind.nik_twice
    }


def test_who_is_covered_is_passed_over_without_a_word_by_whom(app: Flask, cast: Cast) -> None:
    known = factories.worker(name="Sumiati", nik=nik(5))
    factories.sponsorship(cast.tono, known, first="2026-12", count=2, state=MonthState.paid)
    upload = checked(cast, csv_file(people(8)))
    covered = rows(upload)[7]
    assert (covered.state, covered.kind) == (RowState.skipped, Kind.covered)
    [problem] = problems_in(covered.content)
    assert problem["params"] == {"until": "2027-01", "next": "2027-02"}
    assert upload.counts is not None and (upload.counts["ready"], upload.counts["skipped"]) == (7, 1)


def test_an_organisation_that_is_not_verified_learns_of_nobody_and_submits_nothing(app: Flask, cast: Cast) -> None:
    known = factories.worker(name="Sumiati", nik=nik(5))
    factories.sponsorship(cast.tono, known, first="2026-12", count=2, state=MonthState.paid)
    with transaction():
        cast.khatulistiwa.verified_at = None
    upload = checked(cast, csv_file(people(8)))
    assert upload.counts is not None and upload.counts["ready"] == 8
    with pytest.raises(rules.NotVerified), transaction():
        service.submit(actor=member(cast), upload=queries.get(upload.id), seen=upload.mark or "")


def test_a_cell_is_mended_in_place_and_its_row_checked_again(app: Flask, cast: Cast) -> None:
    upload = checked(cast, csv_file([*people(1), ["61710452038400O1", "", "Ojek", ""]]))
    before = upload.mark
    assert revise(cast, upload, {3: {"nik": "6171045203840001"}}) == 0
    assert rows(upload)[3].kind is Kind.name_empty
    assert revise(cast, upload, {3: {"name": "Halimah", "occupation": "Penjahit", "state": "ready"}}) == 1
    upload = queries.get(upload.id)
    assert upload.counts is not None and upload.counts["ready"] == 2
    assert upload.mark != before


def test_a_suggestion_is_taken_for_every_row_of_its_kind(app: Flask, cast: Cast) -> None:
    bad = [[one[0].replace("0", "O"), *one[1:]] for one in people(30)]
    upload = checked(cast, csv_file([*bad, ["1", "X", "Ojek", ""]]))
    with transaction():
        mended = service.take_suggestions(actor=member(cast), upload=queries.get(upload.id, lock=True), kind=Kind.nik_letters)
    assert mended == 30
    assert queries.get(upload.id).counts["kinds"] == {"nik_length": 1}  # type: ignore[index]


def test_the_downloaded_rows_come_back_mended_and_are_known_by_their_number(app: Flask, cast: Cast) -> None:
    upload = checked(cast, csv_file([*people(2), ["", "Halimah", "Penjahit", ""]]))
    back = csv_file(
        [["4", nik(77), "Halimah", "Penjahit"], ["999", nik(78), "Nobody", "Penjahit"]], ("Baris", "NIK", "Nama", "Pekerjaan")
    )
    with transaction():
        assert service.revise_by_file(actor=member(cast), upload=queries.get(upload.id, lock=True), data=back) == 1
    assert rows(upload)[4].state is RowState.ready
    assert len(rows(upload)) == 3
    with pytest.raises(rules.RowColumnMissing), transaction():
        service.revise_by_file(actor=member(cast), upload=queries.get(upload.id, lock=True), data=csv_file(people(1)))


def submit(cast: Cast, upload: Upload) -> str:
    with transaction():
        row = queries.get(upload.id, lock=True)
        service.submit(actor=member(cast), upload=row, seen=row.mark or "")
        return row.mark or ""


def confirm(cast: Cast, upload: Upload, seen: str, who: str = "budi") -> bool:
    with transaction():
        return service.confirm(actor=member(cast, who), upload=queries.get(upload.id, lock=True), seen=seen)


def test_two_people_confirm_exactly_what_was_checked(app: Flask, cast: Cast) -> None:
    upload = checked(cast, csv_file(people(3)))
    with pytest.raises(rules.ChangedMeanwhile), transaction():
        service.submit(actor=member(cast), upload=queries.get(upload.id), seen="another")
    seen = submit(cast, upload)
    with pytest.raises(rules.NotYourPart):
        confirm(cast, upload, seen, who="rina")
    with pytest.raises(rules.ChangedMeanwhile):
        confirm(cast, upload, "another")
    assert confirm(cast, upload, seen)
    with pytest.raises(rules.NotNow):
        confirm(cast, upload, seen)
    with pytest.raises(rules.NotNow):
        revise(cast, upload, {2: {"name": "Lain"}})


def test_who_made_it_never_confirms_it_even_as_a_checker(app: Flask, cast: Cast) -> None:
    upload = checked(cast, csv_file(people(1)))
    seen = submit(cast, upload)
    with transaction() as session:
        session.execute(update(Membership).where(Membership.person_id == cast.rina.id).values(role=MemberRole.checker))
    with pytest.raises(rules.OwnUpload):
        confirm(cast, upload, seen, who="rina")
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(update(Upload).where(Upload.id == upload.id).values(decided_by_id=cast.rina.id))


def test_a_world_that_changed_is_checked_again_before_anything_is_confirmed(app: Flask, cast: Cast) -> None:
    upload = checked(cast, csv_file(people(3)))
    seen = submit(cast, upload)
    factories.sponsorship(
        cast.tono, factories.worker(name="Sumiati", nik=nik(1)), first="2027-01", count=1, state=MonthState.reserved
    )
    assert not confirm(cast, upload, seen)
    again = queries.get(upload.id)
    assert again.state is UploadState.submitted
    assert again.counts is not None and (again.counts["ready"], again.counts["skipped"]) == (2, 1)
    assert confirm(cast, upload, again.mark or "")


def test_the_checker_sends_it_back_and_it_can_be_mended(app: Flask, cast: Cast) -> None:
    upload = checked(cast, csv_file(people(2)))
    submit(cast, upload)
    with transaction():
        service.send_back(actor=member(cast, "budi"), upload=queries.get(upload.id, lock=True), note="Tambah satu orang.")
    assert queries.get(upload.id).note == "Tambah satu orang."
    revise(cast, upload, {2: {"name": "Halimah"}})
    assert confirm(cast, upload, submit(cast, upload))


def test_a_file_without_a_ready_row_is_not_submitted(app: Flask, cast: Cast) -> None:
    upload = checked(cast, csv_file([["", "", "", ""], ["1", "X", "Y", ""]]))
    with pytest.raises(rules.NothingReady), transaction():
        service.submit(actor=member(cast), upload=queries.get(upload.id), seen=upload.mark or "")


def test_a_dead_workers_file_is_taken_up_where_it_stopped(app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "CHUNK", 4)
    upload_id = start(cast, csv_file([*people(10), *people(1)]))
    real, calls = service.checking.claim, []

    def dies_at_the_third(*args: object) -> bool:
        calls.append(args)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(service.checking, "claim", dies_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        service.check_file(upload_id)
    assert (queries.get(upload_id).rows_read, len(rows(queries.get(upload_id)))) == (8, 8)
    monkeypatch.setattr(service.checking, "claim", real)
    assert jobs.check_files() == 1
    found = rows(queries.get(upload_id))
    assert len(found) == 11
    assert found[12].kind is Kind.nik_twice


def test_withdrawing_deletes_what_was_typed(app: Flask, cast: Cast) -> None:
    upload = checked(cast, csv_file(people(3)))
    with transaction():
        service.withdraw(actor=member(cast), upload=queries.get(upload.id, lock=True))
    assert rows(upload) == {}


def test_the_database_keeps_ready_rows_whole(app: Flask, cast: Cast) -> None:
    upload = checked(cast, csv_file(people(1)))
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(update(UploadRow).where(UploadRow.upload_id == upload.id).values(nik_hash=None))
    assert rows(upload)[2].nik_hash == blind(nik(0), "nik")
