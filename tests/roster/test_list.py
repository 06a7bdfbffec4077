"""The list of an organisation's workers: its orders, filters and search, and what it never shows."""

import itertools
from collections.abc import Callable

import pytest
from flask import Flask

from sertakan.coverage import queries as coverage
from sertakan.coverage.rules import MonthState, Standing
from sertakan.db import db
from sertakan.kit import clock
from sertakan.kit.months import Month
from sertakan.organisations.queries import get_membership
from sertakan.roster import queries
from sertakan.roster.rules import PAGE, Group, Order, Wanted
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import ReviewState, TermState
from tests import factories
from tests.cast import Cast
from tests.page import PageClient

As = Callable[..., PageClient]
RUNNING = {"review": ReviewState.approved, "term": TermState.running, "state": MonthState.posted}


def of_company(cast: Cast, name: str = "Sumiati", *, first: str = "2026-09", count: int = 6, **more: object) -> Sponsorship:
    """A promise of PT Khatulistiwa that runs unless said otherwise."""
    worker = {key: more.pop(key) for key in ("kelurahan", "occupation", "nik") if key in more}
    row = more.pop("row", None) or factories.worker(name=name, **worker)
    return factories.sponsorship(
        cast.rina,
        row,
        first=first,
        count=count,
        organisation_id=cast.company_id,
        **{**RUNNING, **more},  # type: ignore[arg-type]
    )


@pytest.fixture
def base(cast: Cast) -> str:
    return f"/perusahaan/{cast.khatulistiwa.ref}/pekerja"


def walk(cast: Cast, **wanted: object) -> list[list[str]]:
    """The codes of every page, forwards."""
    member, pages, after = get_membership(cast.khatulistiwa.ref, cast.rina), [], ""
    while True:
        part = queries.list_workers(member, Wanted(after=after, **wanted), clock.today())  # type: ignore[arg-type]
        pages.append([row.code for row in part.items])
        if not part.has_next:
            return pages
        after = pages[-1][-1]


@pytest.mark.parametrize("order", Order)
def test_every_worker_stands_once_in_every_order_and_pages_go_back_the_same_way(cast: Cast, app: Flask, order: Order) -> None:
    rows = [of_company(cast, f"Nama {number % 7}", count=1 + number % 4) for number in range(2 * PAGE + 5)]
    shown = {row.code: (row.typed_name, row.last_month, row.id) for row in rows}
    pages = walk(cast, order=order)
    codes = list(itertools.chain(*pages))
    assert [len(page) for page in pages] == [PAGE, PAGE, 5]
    assert sorted(codes) == sorted(shown)
    keys = {
        Order.newest: lambda c: -shown[c][2],
        Order.ending: lambda c: shown[c][1:],
        Order.name: lambda c: (shown[c][0], shown[c][2]),
    }
    assert codes == sorted(codes, key=keys[order])
    member = get_membership(cast.khatulistiwa.ref, cast.rina)
    back = queries.list_workers(member, Wanted(order=order, before=pages[2][0]), clock.today())
    assert [row.code for row in back.items] == pages[1]
    assert back.has_previous
    assert back.has_next


def test_a_renewed_worker_stands_once_and_an_old_code_leads_to_her(cast: Cast, as_: As, base: str) -> None:
    row = factories.worker(name="Yuliana")
    old = of_company(cast, row=row, first="2026-06", count=3).code
    new = of_company(cast, row=row, first="2026-09", count=6).code
    refused = of_company(cast, row=row, first="2027-06", count=3, review=ReviewState.rejected, state=MonthState.released).code
    assert walk(cast) == [[new]]
    page = as_("rina").get(f"{base}/{old}")
    page.sees(new, old, "Yuliana", refused)


STANDINGS: dict[str, tuple[str, ...]] = {
    "covered": ("2026-10", "2026-11", "2026-12", "2027-01", "2027-02"),
    "ending": ("2026-10", "2026-11"),
    "ending next month": ("2026-11", "2026-12"),
    "one month owed": ("2026-10",),
    "third month owed": ("2026-08",),
    "owed with cover ahead": ("2026-09", "2026-12"),
    "lapsed": ("2026-07",),
    "begins again": ("2026-05", "2026-12"),
    "ahead": ("2026-12", "2027-01"),
    "never": (),
}
MEANS = {
    Group.covered: {Standing.covered, Standing.ending},
    Group.ending: {Standing.ending},
    Group.arrears: {Standing.grace, Standing.cliff},
    Group.lapsed: {Standing.lapsed},
    Group.ahead: {Standing.future, Standing.never},
}


def test_the_filters_agree_with_the_one_rule_of_standing(cast: Cast, app: Flask) -> None:
    standing = {}
    for months in STANDINGS.values():
        row = factories.worker()
        code = of_company(cast, row=row, first="2027-06", count=1, state=MonthState.reserved).code
        for month in months:
            factories.month(row, month)
        standing[code] = coverage.standing_of(row.id, clock.today()).standing
    assert len(set(standing.values())) == len(Standing)
    for group in Group:
        assert set(walk(cast, group=group)[0]) == {code for code, word in standing.items() if word in MEANS[group]}, group


def test_it_is_narrowed_by_last_month_kelurahan_and_occupation(cast: Cast, as_: As, base: str) -> None:
    here = of_company(cast, "Ani", kelurahan="61.71.03.1003", occupation="ojek", count=6)
    of_company(cast, "Beni", count=3)
    assert here.last_month == Month(2027, 2)
    for query in ("berakhir=2027-02", "kelurahan=61.71.03.1003", "pekerjaan=ojek"):
        as_("rina").get(f"{base}?{query}").sees("Ani").misses("Beni")
    as_("rina").get(f"{base}?keadaan=terputus").sees("Tidak ada yang cocok")
    as_("rina").get(f"{base}?urut=x&keadaan=y&berakhir=0&kelurahan=%00&pekerjaan=z&sesudah=zz&sebelum=%27").sees("Ani", "Beni")


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("sum", True),
        ("ATI", True),
        ("mia", False),
        ("%", False),
        ("6171045503840777", True),
        ("6171 0455 0384 0777", True),
        ("6171045503840778", False),
    ],
)
def test_it_is_searched_without_naming_anybody_in_the_address(cast: Cast, as_: As, base: str, words: str, found: bool) -> None:
    of_company(cast, "Sumiati Ati Lestari", nik="6171045503840777")
    of_company(cast, "Beni")
    page = as_("rina").post(base, {"words": words})
    assert (page.status == 200) or words == "%"
    page.misses("Beni")
    assert ("Sumiati Ati Lestari" in page.html) is found


def test_it_is_searched_by_code(cast: Cast, as_: As, base: str) -> None:
    code = of_company(cast, "Sumiati").code
    as_("rina").post(base, {"words": code.lower().replace("-", " ")}).sees("Sumiati")


def test_the_worker_shows_her_months_and_a_masked_nik(cast: Cast, as_: As, base: str) -> None:
    row = of_company(cast, "Sumiati", nik="6171045503840777", first="2026-11", count=2)
    page = as_("budi").get(f"{base}/{row.code}")
    page.sees("Sumiati", "617104******0777", "Terlindungi", "November 2026", "Aktif di BPJS", "Rp8.400").misses(
        "6171045503840777"
    )


def test_of_a_worker_chosen_from_the_public_list_no_more_than_the_coarse_name_is_shown(cast: Cast, as_: As, base: str) -> None:
    row = of_company(cast, "Sumiati", nik="6171045503840777", chosen_from_list=True)
    as_("rina").get(f"{base}/{row.code}").sees("Ibu S.").misses("Sumiati", "617104")


def test_nobody_else_sees_any_of_it(cast: Cast, as_: As, base: str) -> None:
    own, other = of_company(cast).code, factories.sponsorship(cast.sari).code
    for name in ("sari", "stranger", "dewi", "maya", "wira"):
        assert as_(name).get(base).status == 404
        assert as_(name).post(base, {"words": "sum"}).status == 404
        assert as_(name).get(f"{base}/{own}").status == 404
    assert as_("rina").get(f"{base}/{other}").status == 404
    as_("rina").get(f"{base}?sesudah={other}").sees(own)


def test_the_list_costs_the_same_for_one_worker_and_for_many(cast: Cast, as_: As, base: str) -> None:
    of_company(cast)
    rina = as_("rina")
    one = rina.get(f"{base}?keadaan=berjalan")
    for number in range(PAGE + 3):
        of_company(cast, f"Pekerja {number}")
    many = rina.get(f"{base}?keadaan=berjalan")
    assert one.statements == many.statements <= 12
    assert rina.get(f"{base}?sesudah={walk(cast)[0][3]}&urut=nama").statements <= 12
    assert db.session.scalar(db.select(db.func.count()).select_from(Sponsorship)) == PAGE + 4
