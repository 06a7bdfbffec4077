"""A decree of a government body: what it may say, two people, its file, its budget."""

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from sertakan.db import db, transaction
from sertakan.decrees import queries, rules, service
from sertakan.decrees.models import Decree
from sertakan.decrees.rules import Budget, DecreeState
from sertakan.kit.errors import Refused
from sertakan.kit.months import Month
from tests.cast import Cast
from tests.decrees.city import JANUARY, PDF, act, becomes_city, facts, in_force, member, written
from tests.page import PageClient

As = Callable[..., PageClient]
TODAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("wrong", "refusal", "field"),
    [
        ({"signed_on": date(2026, 11, 24)}, rules.SignedLater, "signed_on"),
        ({"budget_year": 2028}, rules.YearWrong, "budget_year"),
        ({"budget_year": 0}, rules.YearWrong, "budget_year"),
        ({"budget_line": "belanja"}, rules.LineWrong, "budget_line"),
        ({"budget_line": "5.1"}, rules.LineWrong, "budget_line"),
        ({"ceiling_rupiah": 0}, rules.CeilingWrong, "ceiling_rupiah"),
        ({"ceiling_rupiah": 10**13}, rules.CeilingWrong, "ceiling_rupiah"),
        ({"first_month": Month(2026, 12)}, rules.MonthsOutside, "first_month"),
        ({"last_month": Month(2028, 1)}, rules.MonthsOutside, "first_month"),
        ({"first_month": Month(2027, 4)}, rules.MonthsOutside, "first_month"),
    ],
)
def test_what_a_decree_may_not_say(wrong: dict[str, object], refusal: type[Refused], field: str) -> None:
    with pytest.raises(refusal) as no:
        rules.check_facts(facts(**wrong), TODAY)
    assert no.value.field == field


def test_a_good_decree_and_the_same_a_year_later() -> None:
    rules.check_facts(facts(), TODAY)
    later = rules.next_year(facts())
    assert (later.budget_year, later.first_month, later.last_month) == (2028, Month(2028, 1), Month(2028, 3))
    assert later.number == ""
    assert later.ceiling_rupiah == facts().ceiling_rupiah


@pytest.mark.parametrize(
    ("data", "refusal"),
    [
        (b"", rules.PdfMissing),
        (b"PK\x03\x04", rules.NotPdf),
        (b"%PDF-1.7 cut", rules.NotPdf),
        (b"%PDF-" + bytes(5 << 20), rules.PdfTooBig),
    ],
)
def test_a_file_that_is_no_decree(data: bytes, refusal: type[Refused]) -> None:
    with pytest.raises(refusal):
        rules.check_pdf(data)


@pytest.mark.parametrize(
    ("position", "rt_rw", "kelurahan", "post"),
    [
        ("Ketua RT", "3/7", "Parit Mayor", "Ketua RT 003/007, Parit Mayor"),
        ("Ketua RT", "RT 003 RW 007", "Parit Mayor", "Ketua RT 003/007, Parit Mayor"),
        ("Ketua RW", "007", "", "Ketua RW 007"),
        ("Kader posyandu", "", "Parit Mayor", ""),
        ("", "3/7", "Parit Mayor", ""),
    ],
)
def test_an_office_has_one_spelling(position: str, rt_rw: str, kelurahan: str, post: str) -> None:
    assert rules.post_of(position, rt_rw, kelurahan) == post
    if post:
        again = rules.split_post(post)
        assert rules.post_of(*again) == post


@pytest.mark.parametrize(("need", "people", "left"), [(0, 0, 400), (400, 4, 0), (399, 3, 1)])
def test_a_list_that_fits(need: int, people: int, left: int) -> None:
    assert rules.check_need(Budget(1_000, 600, 0, 6), need, people, "id") == left


def test_a_list_that_does_not_fit_says_for_how_many() -> None:
    with pytest.raises(rules.OverCeiling) as no:
        rules.check_need(Budget(1_000_000, 600_000, 0, 6), 1_000_000, 10, "id")
    assert no.value.params == {"need": "Rp1.000.000", "left": "Rp400.000", "short": "Rp600.000", "people": 6}


def test_a_budget_that_is_touched_never_shows_as_nothing() -> None:
    assert [Budget(1_000, spent, 0, 0).percent for spent in (0, 1, 10, 995, 1_000, 2_000)] == [0, 1, 1, 100, 100, 100]


# ---- the verbs -----------------------------------------------------------------------------------------------------------------


def test_one_writes_and_another_puts_it_in_force(app: Flask, cast: Cast) -> None:
    becomes_city(cast)
    decree_id = written(cast)
    with pytest.raises(rules.NotYourPart):
        act(cast, "budi", service.propose, decree_id)
    with pytest.raises(rules.NotNow):
        act(cast, "budi", service.put_in_force, decree_id)
    act(cast, "rina", service.propose, decree_id)
    act(cast, "budi", service.send_back, decree_id, note="Pagu keliru")
    decree = queries.get(decree_id)
    assert (decree.state, decree.note) == (DecreeState.draft, "Pagu keliru")
    act(cast, "rina", service.change, decree_id, facts=facts(ceiling_rupiah=12_000_000), name="", data=b"")
    act(cast, "rina", service.propose, decree_id)
    act(cast, "budi", service.put_in_force, decree_id)
    decree = queries.get(decree_id)
    assert (decree.state, decree.ceiling_rupiah, service.file_of(decree)) == (DecreeState.in_force, 12_000_000, PDF)
    with pytest.raises(rules.NotNow):
        act(cast, "rina", service.change, decree_id, facts=facts(), name="", data=b"")
    act(cast, "budi", service.close, decree_id)
    assert queries.find_in_force(cast.company_id, decree.ref) is None


def test_the_one_who_wrote_it_never_puts_it_in_force(app: Flask, cast: Cast) -> None:
    becomes_city(cast)
    decree_id = written(cast)
    act(cast, "rina", service.propose, decree_id)
    with transaction():
        member(cast).role = member(cast, "budi").role  # she became a checker meanwhile
    with pytest.raises(rules.OwnProposal):
        act(cast, "rina", service.put_in_force, decree_id)
    with pytest.raises(IntegrityError), transaction():
        db.session.execute(update(Decree).values(state="in_force", decided_by_id=cast.rina.id))


def test_a_number_is_taken_once_until_its_draft_is_withdrawn(app: Flask, cast: Cast) -> None:
    becomes_city(cast)
    first = written(cast)
    with pytest.raises(rules.NumberTaken):
        written(cast)
    act(cast, "rina", service.withdraw, first)
    second = written(cast)
    assert queries.get(second).number == queries.get(first).number


def test_a_company_has_no_decrees(app: Flask, cast: Cast, as_: As) -> None:
    with pytest.raises(rules.NotGovernment):
        written(cast)
    home = f"/perusahaan/{cast.khatulistiwa.ref}/sk"
    assert as_("rina").get(home).status == 404
    as_("rina").get(f"/perusahaan/{cast.khatulistiwa.ref}").misses("SK dan anggaran")


def test_the_file_is_sealed_and_a_decree_is_never_deleted(app: Flask, cast: Cast) -> None:
    becomes_city(cast)
    decree_id = written(cast)
    sealed = db.session.scalar(select(Decree.file_sealed).where(Decree.id == decree_id)) or ""
    assert "JVBERi" not in sealed  # how every PDF begins in base64
    with pytest.raises(Exception, match="never deleted"), transaction():
        db.session.delete(queries.get(decree_id))


# ---- the pages -----------------------------------------------------------------------------------------------------------------


def typed(**more: str) -> dict[str, object]:
    one = facts()
    known: dict[str, object] = {
        "number": one.number,
        "signed_on": one.signed_on.isoformat(),
        "category": one.category.value,
        "budget_year": str(one.budget_year),
        "budget_line": one.budget_line,
        "ceiling_rupiah": "10.000.000",
        "first_month": str(one.first_month),
        "last_month": str(one.last_month),
    }
    return known | dict(more)


def test_from_a_draft_to_in_force_on_the_pages(app: Flask, as_: As, cast: Cast) -> None:
    becomes_city(cast)
    rina, budi, home = as_("rina"), as_("budi"), f"/perusahaan/{cast.khatulistiwa.ref}/sk"
    rina.get(home).sees("SK dan anggaran", "Belum ada SK", "SK baru")
    no = rina.post(f"{home}/baru", typed(ceiling_rupiah="nol"))
    assert no.status == 422
    assert "412/DISNAKER/2026" in no.html
    missing = rina.post(f"{home}/baru", typed())
    assert missing.status == 422
    assert "10.000.000" in missing.sees("Pilih berkas SK dulu").html
    sent = rina.post(f"{home}/baru", typed() | {"file": (io.BytesIO(PDF), "sk 412.pdf")})
    assert sent.status == 303
    rina.get(sent.location).sees("Konsep", "Rp10.000.000", "Usulkan SK ini", "5.1.02.02.01.0055")
    budi.get(sent.location).misses("Usulkan SK ini")
    assert rina.post(f"{sent.location}/usulkan", {}).status == 303
    rina.get(sent.location).misses("Berlakukan SK ini")
    assert rina.post(f"{sent.location}/berlakukan", {}).status == 409
    budi.get(sent.location).sees("Berlakukan SK ini")
    assert budi.post(f"{sent.location}/berlakukan", {}).status == 303
    rina.get(sent.location).sees("Berlaku", "Unggah daftar", "Belum ada orang dengan SK ini")
    file = rina.get(f"{sent.location}/berkas.pdf")
    assert file.response.data == PDF
    copy = rina.get(f"{home}/baru?salin={sent.location.rpartition('/')[2]}")
    copy.sees("Disalin dari SK tahun sebelumnya")
    assert 'value="2028"' in copy.html
    assert 'value="2028-01"' in copy.html


def test_strangers_and_other_organisations_see_no_decree(app: Flask, as_: As, cast: Cast) -> None:
    becomes_city(cast)
    decree_id = in_force(cast)
    path = f"/perusahaan/{cast.khatulistiwa.ref}/sk/{queries.get(decree_id).ref}"
    for who in ("stranger", "sari"):
        for more in ("", "/berkas.pdf"):
            assert as_(who).get(path + more).status == 404


def test_months_of_a_decree_in_force_are_offered_for_its_list(app: Flask, as_: As, cast: Cast) -> None:
    becomes_city(cast)
    upload = f"/perusahaan/{cast.khatulistiwa.ref}/unggah"
    as_("rina").get(upload).sees("belum ada SK yang berlaku").misses("Unggah dan periksa")
    decree_id = in_force(cast)
    row = queries.get(decree_id)
    as_("rina").get(f"{upload}?sk={row.ref}").sees(row.number, "Tarif penuh tanpa potongan")
    assert replace(row.facts, first_month=JANUARY) == row.facts
