"""A new e-mail or number, a resident's second factor, and the proof before either that it is still she."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from sertakan.accounts import contacts, factor, queries, rules, staff
from sertakan.accounts.models import OneTimeCode, Person, SignIn
from sertakan.audit.models import AuditEntry
from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.notices import queries as notices
from sertakan.notices.models import Notice
from tests.accounts.test_sign_in import sign_in
from tests.cast import Cast
from tests.page import Page, PageClient

As = Callable[..., PageClient]
NEW = "baru.sari@contoh.test"


def told(kind: str = "contact_code") -> list[Notice]:
    db.session.expire_all()
    return list(db.session.scalars(select(Notice).where(Notice.kind == kind).order_by(Notice.id)))


def code_of(notice: Notice) -> str:
    found = re.search(r"\b(\d{6})\b", notice.body)
    assert found
    return found[1]


def grow_old(minutes: int = 11) -> None:
    """Every session began that long ago."""
    with transaction():
        db.session.execute(update(SignIn).values(created_at=clock.unmoved() - timedelta(minutes=minutes)))


def sari_now(cast: Cast) -> Person:
    db.session.expire_all()
    return db.session.get_one(Person, cast.ids["sari"])


# ---- that it is she ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("minutes", "fresh"), [(0, True), (9, True), (10, False), (60, False)])
def test_ten_minutes_count_as_fresh(minutes: int, fresh: bool) -> None:
    now = clock.now()
    assert rules.is_fresh(now - timedelta(minutes=minutes), None, now=now) is fresh
    assert rules.is_fresh(None, now - timedelta(minutes=minutes), now=now) is fresh


@pytest.mark.parametrize("path", ["/akun/kontak", "/akun/autentikator"])
def test_a17_an_old_session_is_asked_for_a_code_from_the_old_contact_first(as_: As, cast: Cast, path: str) -> None:
    sari = as_("sari")
    grow_old()
    assert sari.get(path).location == "/akun/pastikan"
    assert sari.post(path, {"contact": NEW, "code": "000000"}).location == "/akun/pastikan"
    sari.get("/akun/pastikan").sees("Pastikan ini Anda", "s•••@contoh.test")
    sari.post("/akun/pastikan", {"send": "y"})
    assert [notice.to for notice in told()] == ["sari@contoh.test"]
    assert sari.post("/akun/pastikan", {"code": "000000"}).status == 422
    assert sari.get(path).location == "/akun/pastikan"
    page = sari.post("/akun/pastikan", {"code": code_of(told()[0])})
    assert page.location == path and sari.get(path).status == 200


def test_a_code_confirms_once_and_only_its_own_person(as_: As, cast: Cast) -> None:
    with transaction():
        ref = contacts.start_confirm(person=cast.sari)
    code = code_of(told()[0])
    with transaction():
        assert isinstance(contacts.finish_confirm(person=cast.tono, ref=ref, code=code), rules.WrongCode)
        assert contacts.finish_confirm(person=cast.sari, ref=ref, code=code) is None
        assert isinstance(contacts.finish_confirm(person=cast.sari, ref=ref, code=code), rules.WrongCode)


# ---- a new contact -------------------------------------------------------------------------------------------------------------


def change(client: PageClient, contact: str = NEW) -> Page:
    assert client.post("/akun/kontak", {"contact": contact}).location == "/akun/kontak/kode"
    return client.get("/akun/kontak/kode")


def test_a17_a_new_address_counts_after_its_code_and_the_old_one_is_told(as_: As, cast: Cast) -> None:
    sari, elsewhere = as_("sari"), as_("sari")
    change(sari).sees("b•••@contoh.test").misses(NEW)
    assert (told()[0].to, sari_now(cast).email) == (NEW, "sari@contoh.test")
    page = sari.post("/akun/kontak/kode", {"code": code_of(told()[0])})
    sari.follow(page).sees("Kontak Anda sudah diganti", "b•••@contoh.test")
    assert sari_now(cast).email == NEW
    assert [(notice.to, NEW in notice.body) for notice in told("contact_changed")] == [("sari@contoh.test", False)]
    assert elsewhere.get("/akun").location == "/masuk"  # every other session is over
    assert not [entry for entry in db.session.scalars(select(AuditEntry)) if NEW in repr((entry.before, entry.after))]


def test_a_number_is_added_beside_the_address(as_: As, cast: Cast) -> None:
    sari = as_("sari")
    change(sari, "0812 9999 1234")
    sari.post("/akun/kontak/kode", {"code": code_of(told()[0])})
    assert (sari_now(cast).email, sari_now(cast).phone) == ("sari@contoh.test", "+6281299991234")


def test_a_contact_of_somebody_else_gets_the_same_pages_and_no_code(as_: As, cast: Cast) -> None:
    pages = []
    for contact in (NEW, "tono@contoh.test"):
        sari = as_("sari")
        page = change(sari, contact)
        refused = sari.post("/akun/kontak/kode", {"code": "000000"})
        pages.append((page.status, re.sub("[bt]•••", "", page.text), refused.status, re.sub("[bt]•••", "", refused.text)))
    assert pages[0] == pages[1]
    assert [notice.to for notice in told()] == [NEW, ""]
    assert sari_now(cast).email == "sari@contoh.test"


def test_a_contact_taken_meanwhile_stays_with_its_owner(as_: As, cast: Cast) -> None:
    sari = as_("sari")
    change(sari)
    with transaction():
        db.session.get_one(Person, cast.ids["tono"]).email = NEW
    assert sari.post("/akun/kontak/kode", {"code": code_of(told()[0])}).status == 422
    assert sari_now(cast).email == "sari@contoh.test" and not told("contact_changed")


def test_a_code_for_one_contact_brings_no_other(as_: As, cast: Cast) -> None:
    with transaction():
        ref = contacts.start_change(person=cast.sari, contact=rules.Contact("email", NEW))
    with transaction():
        session = SignIn(
            token_hash="f" * 64,
            person_id=cast.ids["sari"],
            agent="?",
            created_at=clock.unmoved(),
            last_seen_at=clock.unmoved(),
        )
        db.session.add(session)
        other = rules.Contact("email", "lain@contoh.test")
        no = contacts.finish_change(person=cast.sari, sign_in=session, ref=ref, contact=other, code=code_of(told()[0]))
        assert isinstance(no, rules.WrongCode)
    assert sari_now(cast).email == "sari@contoh.test"


@pytest.mark.parametrize("typed", ["", "sari", "sari@contoh.test", "SARI@contoh.test"])
def test_nonsense_and_ones_own_contact_are_refused(as_: As, typed: str) -> None:
    page = as_("sari").post("/akun/kontak", {"contact": typed})
    assert page.status == 422 and not told()


def test_five_tries_end_a_code(as_: As, cast: Cast) -> None:
    sari = as_("sari")
    change(sari)
    for _n in range(5):
        sari.post("/akun/kontak/kode", {"code": "000000"})
    assert sari.post("/akun/kontak/kode", {"code": code_of(told()[0])}).status == 422
    assert sari_now(cast).email == "sari@contoh.test"


def test_staff_change_nothing_here(as_: As) -> None:
    dewi = as_("dewi", second_factor=True)
    dewi.get("/akun").sees("diganti oleh admin").misses("Ganti e-mail atau nomor HP")
    assert dewi.post("/akun/kontak", {"contact": NEW}).status == 404


# ---- the second factor ---------------------------------------------------------------------------------------------------------


def turn_on(client: PageClient) -> tuple[str, list[str]]:
    """The secret and the codes on paper, as the pages show them."""
    html = client.get("/akun/autentikator").html
    found = re.search(r"secret=([A-Z2-7]+)", html)
    assert found
    page = client.post("/akun/autentikator", {"code": staff.totp_now(found[1])})
    page.sees("Simpan kode cadangan Anda")
    return found[1], re.findall(r">([2-9A-Z]{4}(?:-[2-9A-Z]{4}){3})<", page.html)


def test_a8_a_resident_may_turn_it_on_and_sign_in_asks_for_it(app: Flask, as_: As, cast: Cast) -> None:
    secret, papers = turn_on(as_("sari"))
    assert len(papers) == len(set(papers)) == 8
    visitor = PageClient(app)
    page = sign_in(visitor)
    assert page.location == "/masuk/autentikator" and visitor.get("/akun").location == "/masuk"
    visitor.get("/masuk/autentikator").sees("Kode autentikator")
    assert visitor.post("/masuk/autentikator", {"code": "000000"}).status == 422
    with clock.frozen(clock.unmoved() + timedelta(seconds=60)):
        assert visitor.post("/masuk/autentikator", {"code": staff.totp_now(secret)}).location == "/akun"
        visitor.get("/akun").sees("Aktif")


def test_a_code_of_the_authenticator_counts_once(app: Flask, as_: As, cast: Cast) -> None:
    secret, _papers = turn_on(as_("sari"))
    visitor = PageClient(app)
    sign_in(visitor)
    assert visitor.post("/masuk/autentikator", {"code": staff.totp_now(secret)}).status == 422  # it turned the factor on


def test_a_code_on_paper_replaces_a_lost_phone_once(app: Flask, as_: As, cast: Cast) -> None:
    _secret, papers = turn_on(as_("sari"))
    for expected in (303, 422):
        visitor = PageClient(app)
        sign_in(visitor)
        assert visitor.post("/masuk/autentikator", {"code": papers[0].lower().replace("-", " ")}).status == expected
    assert factor.papers_left(sari_now(cast)) == 7


def test_a_paper_of_one_opens_nothing_for_another(app: Flask, as_: As, cast: Cast) -> None:
    _secret, papers = turn_on(as_("sari"))
    turn_on(as_("tono"))
    visitor = PageClient(app)
    sign_in(visitor, "tono@contoh.test")
    assert visitor.post("/masuk/autentikator", {"code": papers[0]}).status == 422
    assert factor.papers_left(sari_now(cast)) == 8


def test_the_link_of_the_message_asks_for_it_too(app: Flask, as_: As, cast: Cast) -> None:
    turn_on(as_("sari"))
    visitor = PageClient(app)
    visitor.post("/masuk", {"contact": "sari@contoh.test"})
    body = notices.list_recent(1)[0].body
    page = visitor.post("/masuk/tautan/" + body.split("/masuk/tautan/")[1].split()[0])
    assert page.location == "/masuk/autentikator" and visitor.get("/akun").location == "/masuk"


def test_five_wrong_codes_end_the_sign_in(app: Flask, as_: As, cast: Cast) -> None:
    _secret, papers = turn_on(as_("sari"))
    visitor = PageClient(app)
    sign_in(visitor)
    for _n in range(5):
        visitor.post("/masuk/autentikator", {"code": "000000"})
    assert visitor.post("/masuk/autentikator", {"code": papers[0]}).status == 410


def test_turning_it_off_needs_one_of_its_codes_and_ends_the_papers(as_: As, cast: Cast) -> None:
    sari = as_("sari")
    _secret, papers = turn_on(sari)
    sari.get("/akun/autentikator").sees("Autentikator aktif", "Sisa kode cadangan: 8")
    assert sari.post("/akun/autentikator/matikan", {"code": "000000"}).status == 422
    assert factor.asks(sari_now(cast))
    assert sari.post("/akun/autentikator/matikan", {"code": papers[1]}).status == 303
    assert not factor.asks(sari_now(cast)) and factor.papers_left(sari_now(cast)) == 0
    assert sari.post("/akun/autentikator/matikan", {"code": papers[2]}).status == 404


def test_a_wrong_code_turns_nothing_on(as_: As, cast: Cast) -> None:
    assert as_("sari").post("/akun/autentikator", {"code": "000000"}).status == 422
    assert not factor.asks(sari_now(cast))


def test_nothing_of_it_is_readable_in_the_table(as_: As, cast: Cast) -> None:
    secret, papers = turn_on(as_("sari"))
    assert secret not in (sari_now(cast).totp_sealed or "")
    rows = db.session.scalars(select(OneTimeCode)).all()
    assert not {paper for paper in papers if any(paper in (row.link_hash, row.code_hash) for row in rows)}


def test_without_it_sign_in_asks_for_nothing_more(client: PageClient, cast: Cast) -> None:
    assert sign_in(client).location == "/dukungan"
    assert client.get("/masuk/autentikator").location == "/masuk"
    assert queries.count_codes(cast.ids["sari"], "resident_factor", clock.unmoved()) == 0
