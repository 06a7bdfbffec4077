"""Checkers and finance show a second factor before any form of theirs; makers and viewers are not bothered."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from sertakan.accounts import staff
from sertakan.accounts.models import MemberRole, Membership
from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.organisations import factor, queries, service
from sertakan.web.extensions import limiter
from tests.cast import Cast
from tests.house.test_routes import POSTS, TABLE, Row
from tests.house.world import contents
from tests.page import PageClient

As = Callable[..., PageClient]
ASK = "/akun/autentikator/kode"
BUDI = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
NOTE = "Peran ini memerlukan langkah masuk kedua."
OWN = "/perusahaan/{organisation}"
PAGES = [row for row in TABLE if row.method == "GET" and row.path.startswith("/perusahaan/{")]


def become(cast: Cast, who: str, role: MemberRole, *, secret: str | None = None) -> None:
    """Her part in every organisation of hers is this now."""
    with transaction():
        person = getattr(cast, who)
        for member in db.session.scalars(select(Membership).where(Membership.person_id == person.id)):
            member.role = role
        if secret:
            person.totp_secret = secret


def guarded() -> list[Row]:
    return [row for row in POSTS if row.path.startswith("/perusahaan/{") and row.endpoint not in factor.FREE]


def test_the_list_of_forms_is_not_empty_and_every_free_one_exists(app: Flask) -> None:
    rules = {rule.endpoint: rule.rule for rule in app.url_map.iter_rules()}
    assert set(rules) >= factor.FREE | {factor.LEAVE}
    assert {row.endpoint for row in guarded()} == {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if "POST" in (rule.methods or ()) and factor.is_guarded(rule.rule, rule.endpoint)
    }
    assert {"bulk.confirm", "bulk.send_back", "leavers.confirm", "bills.drop", "api_tokens.index", "api_tokens.revoke"} <= {
        row.endpoint for row in guarded()
    }


@pytest.mark.parametrize("role", [MemberRole.checker, MemberRole.finance])
@pytest.mark.parametrize("has_one", [False, True], ids=["has none", "has one, not shown here"])
def test_every_form_of_an_organisation_asks_a_checker_and_finance_first(
    app: Flask, cast: Cast, as_: As, things: dict[str, str], role: MemberRole, has_one: bool
) -> None:
    become(cast, "sari", role, secret=BUDI if has_one else None)
    sari = as_("sari", second_factor=not has_one)
    sari.form_token()
    before = contents()
    for row in guarded():
        if row.endpoint == factor.LEAVE:
            continue
        limiter.reset()
        page = sari.post(row.path.format(**things))
        assert (page.status, page.location) == (303, ASK), row.endpoint
    assert contents() == before


@pytest.mark.parametrize("role", [MemberRole.maker, MemberRole.viewer])
def test_makers_and_viewers_are_never_asked(cast: Cast, as_: As, things: dict[str, str], role: MemberRole) -> None:
    become(cast, "sari", role)
    sari = as_("sari", second_factor=False)
    sari.get(OWN.format(**things)).misses(NOTE)
    for endpoint in ("organisations.members", "bulk.confirm", "bills.drop"):
        row = next(row for row in POSTS if row.endpoint == endpoint)
        page = sari.post(row.path.format(**things))
        assert page.response.headers.get("Location") != ASK


def test_every_page_can_be_read_and_says_it_beforehand(cast: Cast, as_: As, things: dict[str, str]) -> None:
    become(cast, "sari", MemberRole.checker)
    sari = as_("sari", second_factor=False)
    said = 0
    for row in PAGES:
        limiter.reset()
        page = sari.get(row.path.format(**things))
        assert page.status == 200, row.endpoint
        if "Menu lembaga" in page.html:
            page.sees(NOTE)
            said += 1
    assert said >= 10


def test_who_has_shown_it_reads_no_note(as_: As, cast: Cast) -> None:
    path = f"/perusahaan/{cast.khatulistiwa.ref}"
    as_("budi").get(path).misses(NOTE)
    as_("budi", second_factor=False).get(path).sees(NOTE)


def test_she_sets_one_up_and_comes_back_to_her_page(as_: As, cast: Cast, things: dict[str, str]) -> None:
    become(cast, "sari", MemberRole.checker)
    sari, bill = as_("sari", second_factor=False), f"{OWN}/tagihan/{{bill}}/keluarkan".format(**things)
    asked = sari.post(bill, {"code": "7KQ2-M9XF"})
    page = sari.follow(asked)
    assert page.location == "/akun/autentikator"
    found = re.search(r"secret=([A-Z2-7]+)", sari.follow(page).html)
    assert found
    done = sari.post("/akun/autentikator", {"code": staff.totp_now(found[1])})
    done.sees("Simpan kode cadangan Anda")
    assert f'href="{bill}"' in done.html
    sari.get(bill).misses(NOTE)
    assert sari.post(bill, {"code": ""}).status == 422


def test_she_shows_it_once_a_session_and_comes_back(as_: As, cast: Cast) -> None:
    path = f"/perusahaan/{cast.khatulistiwa.ref}"
    budi = as_("budi", second_factor=False)
    link = re.search(r'href="(/akun/autentikator/kode[^"]*)"', budi.get(f"{path}/anggota").html)
    assert link
    budi.get(link[1]).sees("Pastikan ini Anda")
    assert budi.post(ASK, {"code": "000000"}).status == 422
    assert budi.post(f"{path}/anggota").location == ASK
    assert budi.post(ASK, {"code": staff.totp_now(BUDI)}).location == f"{path}/anggota"
    assert budi.post(f"{path}/anggota").status == 422
    assert budi.get(ASK).location == "/akun"  # nothing more to show
    other = as_("budi", second_factor=False)
    assert other.post(ASK, {"code": staff.totp_now(BUDI)}).status == 422  # a code counts once
    with clock.frozen(clock.unmoved() + timedelta(seconds=60)):
        assert other.post(ASK, {"code": staff.totp_now(BUDI)}).location == "/akun"


def test_turning_it_off_asks_again(as_: As, cast: Cast) -> None:
    budi, path = as_("budi"), f"/perusahaan/{cast.khatulistiwa.ref}"
    assert budi.post("/akun/autentikator/matikan", {"code": staff.totp_now(BUDI)}).status == 303
    budi.get(path).sees(NOTE)
    assert budi.post(f"{path}/anggota").location == ASK


def test_a_form_that_answers_nowhere_comes_back_to_the_page_above(as_: As, cast: Cast, things: dict[str, str]) -> None:
    become(cast, "sari", MemberRole.checker, secret=BUDI)
    sari = as_("sari", second_factor=False)
    upload = "/perusahaan/{organisation}/unggah/{upload}".format(**things)
    for path, back in (
        (f"{upload}/setujui", upload),
        (f"{OWN}/undangan/{{invitation}}/batal".format(**things), OWN.format(**things)),
    ):
        sari.post(path)
        with sari.http.session_transaction() as kept:
            assert kept["back"] == back


@pytest.mark.parametrize("address", ["https://jahat.test/", "//jahat.test/a", "/\\jahat.test"])
def test_the_way_back_is_only_a_page_of_ours(as_: As, cast: Cast, address: str) -> None:
    budi = as_("budi", second_factor=False)
    budi.get(f"{ASK}?kembali={address}")
    assert budi.post(ASK, {"code": staff.totp_now(BUDI)}).location == "/akun"


def test_she_may_leave_without_it_but_take_nobody_else_out(as_: As, cast: Cast) -> None:
    become(cast, "budi", MemberRole.checker)
    members = {row.person_id: row.id for row in db.session.scalars(select(Membership))}
    budi, path = as_("budi", second_factor=False), f"/perusahaan/{cast.khatulistiwa.ref}/anggota"
    assert budi.post(f"{path}/{members[cast.rina.id]}/keluar").location == ASK
    assert budi.post(f"{path}/{members[cast.budi.id]}/keluar").location == "/perusahaan"


def test_an_officer_who_is_a_checker_elsewhere_goes_through_her_own_door(as_: As, cast: Cast) -> None:
    with transaction() as session:
        session.add(Membership(organisation_id=cast.company_id, person_id=cast.dewi.id, role=MemberRole.checker))
    dewi = as_("dewi", second_factor=False)
    assert dewi.post(f"/perusahaan/{cast.khatulistiwa.ref}/anggota").location == "/petugas/masuk"


def test_strangers_learn_nothing(as_: As, client: PageClient, cast: Cast) -> None:
    path = f"/perusahaan/{cast.khatulistiwa.ref}/anggota"
    assert as_("tono").post(path).status == 404
    assert client.post(path).location == "/masuk"


def test_the_contact_sees_who_has_none_yet_and_others_do_not(as_: As, cast: Cast) -> None:
    path, words = f"/perusahaan/{cast.khatulistiwa.ref}/anggota", "Belum memasang autentikator"
    with transaction():
        cast.budi.totp_sealed = None
    as_("rina").get(path).misses(words)
    with transaction():
        db.session.scalars(select(Membership).where(Membership.person_id == cast.rina.id)).one().is_contact = True
    rina = as_("rina")
    assert rina.get(path).text.count(words) == 1  # nobody asks it of a maker
    with transaction():
        cast.budi.totp_secret = BUDI
    rina.get(path).misses(words)


@pytest.mark.parametrize(("role", "told"), [(MemberRole.checker, True), (MemberRole.finance, True), (MemberRole.viewer, False)])
def test_an_invitation_says_what_the_role_needs(client: PageClient, cast: Cast, role: MemberRole, told: bool) -> None:
    with transaction():
        rina = queries.get_membership(cast.khatulistiwa.ref, cast.rina)
        rina.is_contact = True
        token = service.invite(actor=rina, email="rekan@muara.test", role=role)
    assert ("aplikasi autentikator" in client.get(f"/perusahaan/undangan/{token}").text) is told
