"""`/perusahaan` and `/petugas/organisasi` in the test client."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from sertakan.accounts.models import MemberRole, OrganisationKind, Person
from sertakan.db import blind, db, transaction
from sertakan.notices.models import Notice
from sertakan.organisations import queries, service
from tests.cast import Cast
from tests.organisations.test_service import PROFILE, join, member, registration
from tests.page import PageClient

As = Callable[..., PageClient]
TYPED = {
    "kind": "company",
    "name": "PT Muara Sejahtera",
    "number_kind": "nib",
    "number": "9120 0012 34567",
    "address": "Jalan Tanjungpura 1",
    "phone": "0812-5000-1234",
    "position": "Manajer SDM",
    "authorised": "y",
}


@pytest.fixture
def company(app: Flask, cast: Cast) -> str:
    with transaction():
        return service.register(actor=cast.sari, kind=OrganisationKind.company, profile=PROFILE).ref


def test_a_stranger_registers_with_a_code_and_lands_on_the_form(client: PageClient, app: Flask) -> None:
    client.get("/perusahaan").sees("Lindungi banyak pekerja sekaligus")
    sent = client.post("/perusahaan/daftar", {"name": "Yanti Kusuma", "email": "Yanti@muara.test"})
    assert sent.location == "/masuk/kode"
    person = db.session.scalars(select(Person).where(Person.email_hash == blind("yanti@muara.test", "email"))).one()
    [message] = db.session.scalars(select(Notice).where(Notice.person_id == person.id))
    code = message.body.split("Kode masuk Anda: ")[1][:6]
    assert client.post("/masuk/kode", {"code": code}).location == "/perusahaan/baru"
    done = client.post("/perusahaan/baru", TYPED)
    assert done.status == 303
    client.get(done.location).sees("PT Muara Sejahtera", "Sedang diperiksa petugas", "9120001234567")
    client.get("/perusahaan").sees("Lembaga Anda", "PT Muara Sejahtera")


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"number": "912000123456"}, "NIB 13 angka, ini 12 angka. Periksa lagi."),
        ({"number": "91200O1234567"}, "Nomor hanya berisi angka. Hapus huruf di dalamnya."),
        ({"number_kind": ""}, "Pilih NIB atau NPWP"),
        ({"number_kind": "npwp"}, "NPWP 15 atau 16 angka, ini 13 angka. Periksa lagi."),
        ({"kind": "bank"}, "Pilih salah satu"),
        ({"name": ""}, "Isi nama lembaga, seperti di NIB atau NPWP"),
        ({"name": "x" * 161}, "Terlalu panjang: paling banyak 160 huruf."),
        ({"authorised": ""}, "Centang bila Anda berwenang"),
    ],
)
def test_bad_input_gets_a_sentence_and_loses_nothing(as_: As, cast: Cast, wrong: dict[str, str], sentence: str) -> None:
    page = as_("sari").post("/perusahaan/baru", TYPED | wrong)
    assert page.status == 422
    page.sees(sentence)
    assert "Jalan Tanjungpura 1" in page.html
    assert queries.list_memberships(cast.sari) == []


def test_what_belongs_to_an_organisation_is_not_there_for_others(as_: As, company: str) -> None:
    for path in ("", "/profil", "/anggota"):
        assert as_("tono").get(f"/perusahaan/{company}{path}").status == 404
        assert as_("sari").get(f"/perusahaan/{company}{path}").status == 200


def test_an_invited_colleague_joins_by_her_link_and_is_signed_in(as_: As, client: PageClient, company: str, cast: Cast) -> None:
    page = as_("sari").post(f"/perusahaan/{company}/anggota", {"email": "rekan@muara.test", "role": "checker"})
    assert page.status == 303
    as_("sari").get(f"/perusahaan/{company}/anggota").sees("Undangan yang masih berlaku", "r•••@muara.test")
    [message] = db.session.scalars(select(Notice).where(Notice.kind == "organisation_invited"))
    path = next(word for word in message.body.split() if "/perusahaan/undangan/" in word).split("localhost", 1)[-1]
    path = path[path.index("/perusahaan") :]
    client.get(path).sees("Anda diundang", "PT Muara Sejahtera")
    done = client.post(path, {"name": "Rekan Kerja"})
    assert done.location == f"/perusahaan/{company}"
    client.get(done.location).sees("Penyetuju")
    assert client.get(path).status == 410
    as_("sari").get(f"/perusahaan/{company}/anggota").misses("Undangan yang masih berlaku").sees("Rekan Kerja")


def test_a_member_who_is_not_the_contact_may_look_and_leave(as_: As, company: str, cast: Cast) -> None:
    with transaction():
        token = service.invite(actor=member(company, cast.sari), email="tono@contoh.test", role=MemberRole.viewer)
    mine = join(token, cast.tono).id
    tono = as_("tono")
    tono.get(f"/perusahaan/{company}/anggota").misses("Kirim undangan", "Jadikan narahubung")
    assert tono.post(f"/perusahaan/{company}/anggota", {"email": "x@y.test", "role": "viewer"}).status == 422
    sari = member(company, cast.sari).id
    assert tono.post(f"/perusahaan/{company}/anggota/{sari}/keluar").status == 409
    assert tono.post(f"/perusahaan/{company}/anggota/{mine}/narahubung").status == 409
    assert tono.post(f"/perusahaan/{company}/anggota/{mine}/keluar").location == "/perusahaan"
    assert tono.get(f"/perusahaan/{company}").status == 404


def test_the_contact_changes_roles_and_hands_over(as_: As, company: str, cast: Cast) -> None:
    with transaction():
        token = service.invite(actor=member(company, cast.sari), email="tono@contoh.test", role=MemberRole.viewer)
    other = join(token, cast.tono).id
    sari = as_("sari")
    assert sari.post(f"/perusahaan/{company}/anggota/{other}/peran", {"role": "finance"}).status == 303
    assert sari.post(f"/perusahaan/{company}/anggota/{other}/peran", {"role": "king"}).status == 422
    assert member(company, cast.tono).role is MemberRole.finance
    assert sari.post(f"/perusahaan/{company}/anggota/{other}/narahubung").status == 303
    assert member(company, cast.tono).is_contact
    assert sari.post(f"/perusahaan/{company}/anggota", {"email": "z@muara.test", "role": "viewer"}).status == 422


def test_an_officer_checks_and_verifies(as_: As, company: str) -> None:
    dewi = as_("dewi")
    dewi.get("/petugas/organisasi").sees("PT Muara Sejahtera", "1 menunggu diperiksa")
    ref = registration(company).ref
    dewi.get(f"/petugas/organisasi/{ref}").sees("9120001234567", "Tidak ada lembaga lain dengan nomor atau nama ini.")
    assert dewi.post(f"/petugas/organisasi/{ref}/sahkan").location == "/petugas/organisasi"
    dewi.get("/petugas/organisasi").sees("Tidak ada lembaga yang menunggu.")
    dewi.get("/petugas/organisasi?saring=selesai").sees("PT Muara Sejahtera", "Disahkan")
    as_("sari").get(f"/perusahaan/{company}").sees("Sudah disahkan")
    assert dewi.post(f"/petugas/organisasi/{ref}/sahkan").status == 409


def test_a_refusal_needs_its_reason_and_is_shown_to_the_contact(as_: As, company: str) -> None:
    dewi, ref = as_("dewi"), registration(company).ref
    page = dewi.post(f"/petugas/organisasi/{ref}/tolak", {"note": "Nomornya milik cabang lain."})
    assert page.status == 422
    page.sees("Pilih alasannya dulu", "Nomornya milik cabang lain.")
    done = dewi.post(f"/petugas/organisasi/{ref}/tolak", {"reason": "duplicate", "note": "Nomornya milik cabang lain."})
    assert done.status == 303
    as_("sari").get(f"/perusahaan/{company}").sees("Lembaga ini sudah terdaftar", "Nomornya milik cabang lain.")
    changed = {k: v for k, v in TYPED.items() if k not in ("kind", "authorised")} | {"number": "9120001234599"}
    assert as_("sari").post(f"/perusahaan/{company}/profil", changed).status == 303
    dewi.get(f"/petugas/organisasi/{registration(company).ref}").sees("Pendaftaran sebelumnya")


def test_the_lists_cost_the_same_for_one_and_for_many(as_: As, app: Flask, cast: Cast, company: str) -> None:
    sari, dewi = as_("sari"), as_("dewi")
    few = (sari.get(f"/perusahaan/{company}/anggota").statements, dewi.get("/petugas/organisasi").statements)
    for number in range(20):
        with transaction():
            service.register(actor=cast.tono, kind=OrganisationKind.company, profile=PROFILE)
            token = service.invite(actor=member(company, cast.sari), email=f"m{number}@muara.test", role=MemberRole.viewer)
        join(token)
    many = (sari.get(f"/perusahaan/{company}/anggota").statements, dewi.get("/petugas/organisasi").statements)
    assert many == few
