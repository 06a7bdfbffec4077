"""The list of own employees: replaced and deleted by the maker, and passed over by uploads."""

import io
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from werkzeug.datastructures import FileStorage

from sertakan.accounts.models import Organisation, OrganisationKind
from sertakan.audit import queries as audit
from sertakan.bulk import applying, jobs
from sertakan.bulk import queries as uploads
from sertakan.bulk.rows import Kind
from sertakan.bulk.rules import RowState
from sertakan.db import blind, db, transaction
from sertakan.employees import queries, rules, service
from sertakan.employees.models import Employee
from sertakan.kit import clock
from tests.api.client import Program, token_of
from tests.bulk.files import csv_file, nik, people, xlsx_file
from tests.bulk.test_service import checked, confirm, member, revise, rows, submit
from tests.cast import Cast
from tests.page import PageClient

As = Callable[..., PageClient]


def keep(cast: Cast, *digits: str, who: str = "rina") -> None:
    with transaction():
        service.replace(actor=member(cast, who), digits=digits)


def hashes(cast: Cast) -> set[str]:
    db.session.expire_all()
    return set(db.session.scalars(select(Employee.nik_hash).where(Employee.organisation_id == cast.company_id)))


@pytest.fixture
def path(cast: Cast) -> str:
    return f"/perusahaan/{cast.khatulistiwa.ref}/karyawan"


@pytest.mark.parametrize("make", [csv_file, xlsx_file])
def test_a_file_replaces_the_whole_list_and_says_what_it_could_not_read(
    as_: As, cast: Cast, path: str, make: Callable[..., bytes]
) -> None:
    keep(cast, nik(90))
    data = make([["Sumiati", nik(1)], ["Halimah", "1234"], ["Yanti", nik(2)], ["Yanti", nik(2)]], ("Nama", "NIK"))
    rina = as_("rina")
    page = rina.post(path, {"file": FileStorage(io.BytesIO(data), "karyawan.xlsx"), "typed": ""})
    assert page.location == path
    rina.get(path).sees("2 NIK disimpan", "1 baris dilewati", "baris 3.", "2 karyawan", "Rina Oktaviani").misses(nik(1))
    assert hashes(cast) == {blind(nik(1), "nik"), blind(nik(2), "nik")}


def test_typed_lines_do_the_same_and_the_list_can_be_deleted(as_: As, cast: Cast, path: str) -> None:
    rina = as_("rina")
    rina.get(path).sees("Belum ada daftar karyawan.").misses("Hapus daftar")
    assert rina.post(path, {"typed": f"{nik(1)}\n{nik(2)}"}).status == 303
    assert len(hashes(cast)) == 2
    assert rina.post(f"{path}/hapus").location == path
    assert hashes(cast) == set() and queries.find_list(cast.company_id) is None
    told = len(audit.list_for(f"organisation:{cast.khatulistiwa.ref}", 20))
    assert rina.post(f"{path}/hapus").status == 303  # the second time changes nothing
    assert len(audit.list_for(f"organisation:{cast.khatulistiwa.ref}", 20)) == told == 2


@pytest.mark.parametrize(
    ("typed", "file", "sentence"),
    [
        ("", b"", "Pilih berkas, atau ketik NIK satu per baris"),
        ("Sumiati", b"", "Tidak ada NIK yang benar"),
        ("Sumiati", b"NIK\n1", "Pilih salah satu: berkas, atau NIK yang diketik"),
        ("", b"Nama\nSumiati\n", "NIK"),
        ("", b"\x00\x01\x02", "Berkas ini rusak atau bukan tabel."),
        ("1" * 20_001, b"", "Untuk daftar sepanjang ini, pakai berkas."),
    ],
)
def test_what_is_no_list_is_refused_in_words_and_the_old_one_stays(
    as_: As, cast: Cast, path: str, typed: str, file: bytes, sentence: str
) -> None:
    keep(cast, nik(1))
    more = {"file": FileStorage(io.BytesIO(file), "k.csv")} if file else {}
    page = as_("rina").post(path, {"typed": typed, **more})
    assert page.status == 422
    page.sees(sentence)
    assert hashes(cast) == {blind(nik(1), "nik")}


def test_only_the_maker_changes_it_and_strangers_see_nothing(as_: As, cast: Cast, path: str) -> None:
    keep(cast, nik(1))
    budi = as_("budi")
    budi.get(path).sees("1 karyawan", "Yang mengganti daftar ini adalah pengisi.").misses("Simpan daftar")
    assert budi.post(path, {"typed": nik(2)}).status == 422
    assert budi.post(f"{path}/hapus").status == 409
    assert as_("tono").get(path).status == as_("tono").post(path, {"typed": nik(2)}).status == 404
    assert hashes(cast) == {blind(nik(1), "nik")}
    with transaction():
        actor = member(cast)
        actor.ended_at = clock.now()
    with pytest.raises(rules.NotYourPart), transaction():
        service.forget(actor=actor)


def test_the_page_costs_as_much_for_many_as_for_one(as_: As, cast: Cast, path: str) -> None:
    rina = as_("rina")
    rina.limit = 6
    keep(cast, nik(1))
    rina.get(path)
    keep(cast, *(nik(number) for number in range(1_200)))
    rina.get(path).sees("1.200 karyawan")


def test_the_trail_knows_how_many_and_nobody(cast: Cast, app: Flask) -> None:
    keep(cast, nik(1), nik(2))
    [event] = audit.list_for(f"organisation:{cast.khatulistiwa.ref}", 5)
    assert (event.action, event.after) == ("employees.replace", {"count": 2})


def test_uploads_pass_own_employees_over_and_only_ones_own(app: Flask, cast: Cast) -> None:
    with transaction() as session:
        other = Organisation(name="CV Lain", kind=OrganisationKind.company, created_at=clock.now())
        session.add(other)
        session.flush()
        session.add(Employee(organisation_id=other.id, nik_hash=blind(nik(0), "nik")))
    keep(cast, nik(1), nik(77))
    upload = checked(cast, csv_file(people(3)))
    found = rows(upload)
    assert [found[number].kind for number in (2, 3, 4)] == [None, Kind.own_employee, None]
    assert found[3].state is RowState.skipped
    assert upload.counts is not None and (upload.counts["ready"], upload.counts["skipped"]) == (2, 1)


def test_an_organisation_that_waits_to_be_verified_is_told_its_own_too(app: Flask, cast: Cast) -> None:
    with transaction():
        cast.khatulistiwa.verified_at = None
    keep(cast, nik(1))
    assert rows(checked(cast, csv_file(people(2))))[3].kind is Kind.own_employee


def test_a_mended_row_is_looked_up_again(app: Flask, cast: Cast) -> None:
    keep(cast, nik(7))
    upload = checked(cast, csv_file(people(2)))
    revise(cast, upload, {3: {"nik": nik(7)}})
    assert rows(upload)[3].kind is Kind.own_employee
    revise(cast, upload, {3: {"nik": nik(8)}})
    assert rows(upload)[3].state is RowState.ready


def test_a_list_that_changed_meanwhile_is_heard_before_anything_is_confirmed(app: Flask, cast: Cast) -> None:
    upload = checked(cast, csv_file(people(3)))
    seen = submit(cast, upload)
    keep(cast, nik(2))
    assert not confirm(cast, upload, seen)
    again = uploads.get(upload.id)
    assert again.counts is not None and (again.counts["ready"], again.counts["skipped"]) == (2, 1)
    assert rows(again)[4].kind is Kind.own_employee
    assert confirm(cast, upload, again.mark or "")


def test_who_is_hired_between_the_second_yes_and_the_bill_is_passed_over_too(app: Flask, cast: Cast) -> None:
    upload = checked(cast, csv_file(people(3)))
    assert confirm(cast, upload, submit(cast, upload))
    keep(cast, nik(2))
    applying.apply(upload.id)
    assert rows(uploads.get(upload.id))[4].kind is Kind.own_employee
    assert uploads.stages(uploads.get(upload.id))["promised"] == 2


def test_a_nik_stands_on_a_list_once(app: Flask, cast: Cast) -> None:
    with pytest.raises(IntegrityError), transaction() as session:
        session.add_all([Employee(organisation_id=cast.company_id, nik_hash="a" * 64) for _n in range(2)])


def test_a_program_that_uploads_is_told_the_same(app: Flask, cast: Cast) -> None:
    program = Program(app, token_of(cast))
    keep(cast, nik(1))
    ref = program.post("/uploads", file=csv_file(people(2)), first_month="2026-12", count="3").json["ref"]
    jobs.check_files()
    state = program.get(f"/uploads/{ref}").json
    assert (state["ready"], state["skipped"]) == (1, 1)
