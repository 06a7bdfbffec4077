"""`/akun`: what is hers, where she is signed in; and the link that stops reminders."""

from collections.abc import Callable

import pytest

from sertakan.accounts import queries
from sertakan.audit import queries as audit
from sertakan.notices.links import mute_link
from tests.cast import Cast
from tests.page import PageClient

SignInAs = Callable[..., PageClient]


def test_a_stranger_is_sent_to_sign_in(client: PageClient) -> None:
    assert client.get("/akun").location == "/masuk"
    assert client.get("/akun/sandi").location == "/masuk"
    assert client.post("/akun/sesi/akhiri-lainnya").location == "/masuk"


def test_name_language_and_reminders_are_hers_to_change(as_: SignInAs, cast: Cast) -> None:
    sari = as_("sari")
    sari.get("/akun").sees("Akun", "Bahasa pesan")
    page = sari.post("/akun", {"name": "  Sari   W. ", "locale": "en"})
    assert page.status == 303
    sari.follow(page).sees("Sudah disimpan.", "Akun")
    assert (cast.sari.name, cast.sari.locale) == ("Sari W.", "en")
    assert cast.sari.muted_at is not None
    assert [entry.action for entry in audit.list_for(f"person:{cast.sari.ref}")] == ["account.mute", "account.change"]
    sari.post("/akun", {"name": "Sari W.", "locale": "en", "reminders": "y"})
    assert cast.sari.muted_at is None


@pytest.mark.parametrize(
    "data",
    [{"name": "", "locale": "id"}, {"name": "x" * 121, "locale": "id"}, {"name": "Sari", "locale": "fr"}],
)
def test_a_wrong_change_is_refused_whole(as_: SignInAs, cast: Cast, data: dict[str, str]) -> None:
    page = as_("sari").post("/akun", data)
    assert page.status == 422
    page.sees("Galat:")
    assert cast.sari.name == "Sari Wulandari"


def test_a21_role_contact_and_state_cannot_be_posted(as_: SignInAs, cast: Cast) -> None:
    as_("sari").post(
        "/akun",
        {
            "name": "Sari",
            "locale": "id",
            "reminders": "y",
            "role": "admin",
            "email": "x@contoh.test",
            "disabled_at": "2026-01-01",
            "id": "1",
        },
    )
    assert (cast.sari.role, cast.sari.email, cast.sari.disabled_at) == (None, "sari@contoh.test", None)


def test_a34_a_name_is_shown_as_text(as_: SignInAs) -> None:
    sari = as_("sari")
    sari.post("/akun", {"name": '<b onmouseover=alert(1)>"Sari"', "locale": "id"})
    sari.get("/akun", check=False).misses("<b onmouseover")


def test_a17_ones_own_sessions_are_listed_and_ended(as_: SignInAs, cast: Cast) -> None:
    phone, laptop = as_("sari"), as_("sari")
    laptop.get("/akun").sees("Perangkat yang masuk", "Perangkat ini", "Keluarkan")
    rows = queries.list_sign_ins(cast.sari.id)
    refs = [row.ref for row in rows]
    for ref in refs:
        page = laptop.post(f"/akun/sesi/{ref}/akhiri")
        assert page.status == 303
    assert phone.get("/akun").status == 303
    assert laptop.get("/akun").status == 303


def test_a17_all_others_end_at_once_and_this_one_stays(as_: SignInAs) -> None:
    others, here = [as_("sari"), as_("sari")], as_("sari")
    page = here.post("/akun/sesi/akhiri-lainnya")
    here.follow(page).sees("Semua perangkat lain sudah keluar.")
    assert [other.get("/akun").status for other in others] == [303, 303]


def test_a20_anothers_session_is_not_there(as_: SignInAs, cast: Cast) -> None:
    sari, tono = as_("sari"), as_("tono")
    ref = queries.list_sign_ins(cast.sari.id)[0].ref
    assert tono.post(f"/akun/sesi/{ref}/akhiri", check=False).status == 404
    assert sari.get("/akun").status == 200


def test_the_link_under_a_reminder_stops_them_without_signing_in(client: PageClient, cast: Cast) -> None:
    path = mute_link(cast.sari.ref, "id").removeprefix("http://127.0.0.1:8000")
    client.get(path).sees("Berhenti diingatkan").misses("Sari")
    assert cast.sari.muted_at is None
    page = client.post(path)
    client.follow(page).sees("Kami tidak mengirim pengingat lagi.")
    assert cast.sari.muted_at is not None
    assert client.post(path).status == 303  # again changes nothing
    assert len(audit.list_for(f"person:{cast.sari.ref}")) == 1


def test_a_made_up_link_stops_nothing(client: PageClient) -> None:
    assert client.get("/berhenti/abc.def").status == 410
    assert client.post("/berhenti/abc.def").status == 410
