"""Tariff rows in the database: loaded once, read with few statements, superseded but never overwritten."""

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.exceptions import NotFound

from sertakan.audit.models import AuditEntry
from sertakan.db import db, transaction
from sertakan.kit.errors import Refused
from sertakan.kit.months import Month, span
from sertakan.tariff import queries, rules, service
from sertakan.tariff.models import Bracket, Occupation, Rate, Relief
from sertakan.tariff.reference import COMMON, GROUPS, OCCUPATIONS
from sertakan.tariff.rules import Package, PayerKind, Programme, Sector
from tests.factories import count
from tests.page import counted
from tests.tariff.test_rules import GOLDEN

pytestmark = pytest.mark.usefixtures("app")
WHY = {"legal_basis": "PP uji", "source": "uji"}


def total(
    first: str,
    months: int,
    code: str = "asisten_rumah_tangga",
    payer: PayerKind = PayerKind.private,
    package: Package = Package.jkk_jkm,
) -> int:
    return queries.quote_for(span(Month.parse(first), months), code, payer, package).total_rupiah


def test_loading_twice_changes_nothing() -> None:
    before = [count(table) for table in (Bracket, Rate, Relief, Occupation)]
    service.load_reference()
    assert [count(table) for table in (Bracket, Rate, Relief, Occupation)] == before == [33, 3, 4, len(OCCUPATIONS)]


def test_every_row_names_its_law_and_its_source() -> None:
    for table in (Bracket, Rate, Relief):
        for row in db.session.scalars(select(table)):
            assert row.legal_basis.startswith("PP ") and row.source and row.recorded_at.tzinfo


@pytest.mark.parametrize(("first", "months", "package", "other", "transport", "city"), GOLDEN)
def test_the_golden_cases_hold_for_the_stored_rows(
    first: str, months: int, package: Package, other: int, transport: int, city: int
) -> None:
    assert total(first, months, package=package) == other
    assert total(first, months, "ojek", package=package) == transport
    assert total(first, months, "ojek", PayerKind.government, package) == city


def test_a_quotes_row_ids_are_rows_of_the_tables() -> None:
    line = queries.quote_for([Month(2026, 12)], "ojek", package=Package.jkk_jkm_jht).lines[0]
    assert db.session.get_one(Bracket, line.row_ids["bracket"][0]).number == 1
    assert {db.session.get_one(Rate, key).programme for key in line.row_ids["rate"]} == set(Programme)
    assert {db.session.get_one(Relief, key).sector for key in line.row_ids["relief"]} == {Sector.transport}


def test_a_second_look_at_the_tariff_costs_no_statement(app: Flask) -> None:
    service.forget()
    with counted(app) as first:
        queries.tariff_book()
        queries.list_occupations()
    with counted(app) as second:
        queries.tariff_book()
        queries.quote_for(span(Month(2026, 11), 12), "ojek")
        queries.list_occupations()
    assert (len(first), len(second)) == (6, 0)


def test_a_row_written_elsewhere_is_noticed_within_a_second(app: Flask) -> None:
    assert total("2027-01", 1) == 16_800
    with transaction() as session:  # another process knows nothing of what this one remembers
        session.add(
            Relief(
                sector=Sector.other,
                programme=Programme.jkm,
                percent=50,
                from_month=Month(2027, 1),
                to_month=None,
                excludes_government=True,
                recorded_at=db.session.scalar(select(Bracket.recorded_at).limit(1)),
                **WHY,
            )
        )
    app.extensions["tariff"].look_again = 0.0
    with counted(app) as statements:
        assert total("2027-01", 1) == 13_400
    assert len(statements) == 6
    app.extensions["tariff"].look_again = 0.0
    with counted(app) as statements:
        assert total("2027-01", 1) == 13_400
    assert len(statements) == 1


def test_relief_that_is_extended_is_a_new_row_with_its_own_law() -> None:
    with transaction():
        for programme in (Programme.jkk, Programme.jkm):
            service.add_relief(
                actor="a", sector=Sector.other, programme=programme, percent=50, first=Month(2027, 1), last=Month(2027, 6), **WHY
            )
    assert total("2026-12", 8) == 7 * 8_400 + 16_800
    entry = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert entry is not None and entry.action == "tariff.add" and entry.actor == "a"
    assert entry.after == {"percent": 50, "sector": "other", "programme": "jkm", "from": "2027-01", "to": "2027-06"}


@pytest.mark.parametrize(
    ("first", "last"),
    [("2026-12", "2027-06"), ("2026-01", "2026-04"), ("2026-05", "2026-06"), ("2026-01", None), ("2026-12", None)],
)
def test_overlapping_relief_is_refused(first: str, last: str | None) -> None:
    end = Month.parse(last) if last else None
    with pytest.raises(service.Overlaps), transaction():
        service.add_relief(
            actor="a", sector=Sector.other, programme=Programme.jkk, percent=10, first=Month.parse(first), last=end, **WHY
        )
    assert count(Relief) == 4


def test_relief_beside_the_old_window_is_no_overlap() -> None:
    with transaction():
        service.add_relief(
            actor="a", sector=Sector.other, programme=Programme.jkk, percent=10, first=Month(2026, 1), last=Month(2026, 3), **WHY
        )
        service.add_relief(
            actor="a", sector=Sector.other, programme=Programme.jht, percent=10, first=Month(2026, 12), last=None, **WHY
        )
    assert count(Relief) == 6


def test_a_new_rate_follows_a_closed_one_and_old_months_keep_their_price() -> None:
    with transaction():
        old = db.session.scalars(select(Rate).where(Rate.programme == Programme.jkm)).one()
        copy = service.close_row(actor="a", row=old, last=Month(2027, 6))
        service.add_rate(actor="a", programme=Programme.jkm, first=Month(2027, 7), last=None, flat_rupiah=7_000, **WHY)
        old_id, copy_id = old.id, copy.id
    assert [total(month, 1) for month in ("2027-06", "2027-07")] == [16_800, 17_000]
    assert db.session.get_one(Rate, old_id).superseded_at is not None, "quotes already given still find their row"
    assert queries.quote_for([Month(2027, 6)], "ojek").lines[0].row_ids["rate"][1] == copy_id


def test_a_new_rate_without_closing_the_old_one_is_refused() -> None:
    with pytest.raises(service.Overlaps), transaction():
        service.add_rate(actor="a", programme=Programme.jkm, first=Month(2027, 7), last=None, flat_rupiah=7_000, **WHY)


def test_a_rate_that_makes_parts_of_a_rupiah_is_refused() -> None:
    def change() -> None:
        old = db.session.scalars(select(Rate).where(Rate.programme == Programme.jkk, Rate.superseded_at.is_(None))).one()
        service.close_row(actor="a", row=old, last=Month(2026, 11))
        service.add_rate(actor="a", programme=Programme.jkk, first=Month(2026, 12), last=None, basis_points=1, **WHY)

    with pytest.raises(service.PartsOfRupiah), transaction():
        change()
    assert count(Rate) == 3, "nothing of it stays"
    service.forget()
    assert total("2027-01", 1) == 16_800


def test_two_rates_are_replaced_one_after_the_other() -> None:
    with transaction():
        for programme in (Programme.jkk, Programme.jkm):
            old = db.session.scalars(select(Rate).where(Rate.programme == programme)).one()
            service.close_row(actor="a", row=old, last=Month(2027, 6))
        service.add_rate(actor="a", programme=Programme.jkk, first=Month(2027, 7), last=None, basis_points=200, **WHY)
        service.add_rate(actor="a", programme=Programme.jkm, first=Month(2027, 7), last=None, flat_rupiah=7_000, **WHY)
    assert [total(month, 1) for month in ("2027-06", "2027-07")] == [16_800, 27_000]


def test_a_month_whose_rate_was_closed_has_no_price() -> None:
    with transaction():
        old = db.session.scalars(select(Rate).where(Rate.programme == Programme.jkk)).one()
        service.close_row(actor="a", row=old, last=Month(2027, 6))
    with pytest.raises(rules.NoTariff):
        total("2027-07", 1)


def test_closing_refuses_what_makes_no_sense() -> None:
    with transaction():
        row = db.session.scalars(select(Relief).where(Relief.sector == Sector.other)).first()
        assert row is not None
        for last, no in ((Month(2026, 3), service.EndsBeforeStart), (Month(2027, 1), service.OnlyShorter)):
            with pytest.raises(no):
                service.close_row(actor="a", row=row, last=last)
        service.close_row(actor="a", row=row, last=Month(2026, 6))
        with pytest.raises(service.OnlyShorter):
            service.close_row(actor="a", row=row, last=Month(2026, 5))
    with pytest.raises(service.EndsBeforeStart), transaction():
        service.add_relief(
            actor="a", sector=Sector.other, programme=Programme.jht, percent=10, first=Month(2027, 2), last=Month(2027, 1), **WHY
        )


def test_every_sentence_of_the_tariff_is_there() -> None:
    for no in (service.Overlaps, service.EndsBeforeStart, service.OnlyShorter, service.PartsOfRupiah, rules.NoTariff):
        assert issubclass(no, Refused) and no.message.endswith(".")


def test_the_catalogue_is_sound() -> None:
    works = queries.list_occupations()
    assert len({work.code for work in works}) == len({work.label for work in works}) == len(works) >= 50
    assert {work.group for work in works} == {group.code for group in queries.list_groups()} == {group[0] for group in GROUPS}
    assert {work.code for work in works if work.sector is Sector.transport} == {
        "ojek",
        "sopir_angkutan",
        "kurir",
        "sopir_logistik",
        "becak",
        "sampan",
    }
    paid = {work.code for work in works if work.likely_government_paid}
    assert {"ketua_rt", "ketua_rw", "kader_posyandu", "fardhu_kifayah", "guru_ngaji"} <= paid
    assert "asisten_rumah_tangga" not in paid


def test_the_first_question_has_eight_cards() -> None:
    cards = queries.common_occupations()
    assert [label for _work, label in cards] == [label for _code, label in COMMON]
    assert len(cards) == 8 and cards[0][0].code == "asisten_rumah_tangga" and cards[-1][0].code == "lainnya"


def test_an_unknown_occupation_is_not_there() -> None:
    assert queries.find_occupation("astronaut") is None and queries.find_occupation(None) is None
    with pytest.raises(NotFound):
        queries.get_occupation("astronaut")
