"""News to an organisation's own programs: where it may go, how it is signed, sent once and given up in the end."""

import hashlib
import hmac
import itertools
import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from flask import Flask
from sqlalchemy import select, text

from sertakan.accounts.models import Membership
from sertakan.api import jobs, news, rules, sending
from sertakan.api.models import Delivery, Hook
from sertakan.api.rules import DELIVERY_MOVES, AddressUnsafe, DeliveryState, check_address, check_delivery, is_public, signature
from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.leavers import service as leavers
from tests import factories
from tests.cast import Cast
from tests.page import PageClient

As = Callable[..., PageClient]


@pytest.mark.parametrize("url", ["https://sistem.contoh.test/kabar?x=1", "https://8.8.8.8/x", "https://sistem.contoh.test:8443/"])
def test_news_may_go_to_the_internet(url: str) -> None:
    assert check_address(url)[0] in url


@pytest.mark.parametrize(
    "url",
    [
        "http://sistem.contoh.test/",
        "https://127.0.0.1/",
        "https://10.0.0.7/",
        "https://169.254.169.254/latest",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://localhost/",
        "https://x.localhost/",
        "https://db.internal/",
        "https://a:b@sistem.contoh.test/",
        "https://2130706433/",
        "https://127.1/",
        "https://sistem.contoh.test:99999/",
        "https:///x",
        "ftp://sistem.contoh.test/",
        "https://sistem.contoh.test/\r\nX: y",
        "",
    ],
)
def test_it_may_not_go_anywhere_else(url: str) -> None:
    with pytest.raises(AddressUnsafe):
        check_address(url)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("127.0.0.1", False),
        ("192.168.1.1", False),
        ("100.64.0.1", False),
        ("::1", False),
        ("fe80::1", False),
        ("fc00::1", False),
        ("::ffff:10.0.0.1", False),
        ("224.0.0.1", False),
        ("0.0.0.0", False),
        ("2001:4860:4860::8888", True),
    ],
)
def test_an_address_is_public_or_not(address: str, public: bool) -> None:
    assert is_public(address) is public


def test_a_name_that_leads_to_a_private_address_is_not_spoken_to(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    for answer in (["10.0.0.1"], ["8.8.8.8", "127.0.0.1"]):
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, answer=answer, **_k: [(2, 1, 6, "", (ip, 443)) for ip in answer])
        with pytest.raises(AddressUnsafe):
            sending.resolve("sistem.contoh.test", 443, loopback=False)


def test_a_delivery_moves_only_along_its_table() -> None:
    for before, to in itertools.product(DeliveryState, repeat=2):
        if to in DELIVERY_MOVES[before]:
            check_delivery(before, to)
        else:
            with pytest.raises(ValueError, match="delivery"):
                check_delivery(before, to)


def test_the_signature_is_of_the_second_and_the_body() -> None:
    at = datetime(2026, 11, 22, tzinfo=UTC)
    told = signature("whs_x", b"{}", at)
    stamp = str(int(at.timestamp()))
    assert told == f"t={stamp},v1=" + hmac.new(b"whs_x", f"{stamp}.{{}}".encode(), hashlib.sha256).hexdigest()
    assert signature("whs_y", b"{}", at) != told
    assert rules.pause(1) == timedelta(minutes=1)
    assert rules.pause(99) == rules.LONGEST_PAUSE


class Ear:
    """A program that hears news on the loopback; `answers` are its statuses in turn, the last for ever."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self.answers = [200]
        ear = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                ear.heard.append((self.headers["Sertakan-Signature"], body))
                self.send_response(ear.answers.pop(0) if len(ear.answers) > 1 else ear.answers[0])
                self.send_header("Location", "http://127.0.0.1:1/")
                self.end_headers()

            def log_message(self, *_args: object) -> None:
                return

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/kabar"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture
def ear() -> Iterator[Ear]:
    one = Ear()
    yield one
    one.server.shutdown()
    one.server.server_close()


def member(cast: Cast, name: str = "rina") -> Membership:
    return db.session.scalars(select(Membership).where(Membership.person_id == cast.ids[name])).one()


def opened(cast: Cast, url: str) -> str:
    with transaction():
        row = member(cast)
        row.is_contact = True
        return news.open_hook(actor=row, url=url)


def leave(cast: Cast, data: bytes = b"NIK;Bulan;Alasan\n1;2026-11;pindah\n") -> None:
    with transaction():
        leavers.start(actor=member(cast), name="keluar.csv", data=data, rows=leavers.read(data))


def test_what_moves_on_is_told_once_signed(cast: Cast, ear: Ear) -> None:
    secret = opened(cast, ear.url)
    leave(cast)
    assert (jobs.send_news(), jobs.send_news()) == (1, 0)
    [(mark, body)] = ear.heard
    stamp = re.fullmatch(r"t=(\d+),v1=\w{64}", mark)
    assert stamp
    assert mark == signature(secret, body, datetime.fromtimestamp(int(stamp[1]), UTC))
    told = json.loads(body)
    assert (told["type"], told["data"]["wrong"]) == ("leavers.checked", 1)
    assert secret not in str(db.session.execute(text("SELECT secret_sealed FROM hook")).all())


def test_what_is_not_taken_is_tried_again_later_and_given_up_in_the_end(cast: Cast, ear: Ear) -> None:
    opened(cast, ear.url)
    leave(cast)
    ear.answers = [500, 302, 204]
    now = clock.now()
    for minutes, heard in ((0, 1), (0.5, 1), (2, 2), (10, 3), (60, 3)):
        with clock.frozen(now + timedelta(minutes=minutes)):
            jobs.send_news()
        assert len(ear.heard) == heard
    assert db.session.scalars(select(Delivery.state)).one() is DeliveryState.sent
    leave(cast, b"NIK;Bulan;Alasan\n2;2026-11;pindah\n")
    ear.answers = [500]
    for hours in range(1, 60):
        with clock.frozen(now + timedelta(hours=6 * hours)):
            jobs.send_news()
    assert len(ear.heard) == 3 + rules.MOST_TRIES
    assert factories.count(Delivery) == 2
    assert DeliveryState.failed in db.session.scalars(select(Delivery.state)).all()


def test_nothing_goes_to_a_closed_hook_or_about_others(cast: Cast, ear: Ear, as_: As) -> None:
    leave(cast)
    opened(cast, ear.url)
    base = f"/perusahaan/{cast.khatulistiwa.ref}/api/kabar"
    ref = db.session.scalars(select(Hook.ref)).one()
    assert as_("budi").post(f"{base}/{ref}/tutup").status == 409
    assert as_("tono").post(f"{base}/{ref}/tutup").status == 404
    assert as_("rina").post(f"{base}/{ref}/tutup").status == 303
    assert (jobs.send_news(), ear.heard) == (0, [])


def test_the_contact_opens_a_hook_whose_secret_is_shown_once(cast: Cast, as_: As) -> None:
    with transaction():
        member(cast).is_contact = True
    base = f"/perusahaan/{cast.khatulistiwa.ref}/api/kabar"
    assert as_("rina").post(base, {"url": "https://10.0.0.1/x"}).status == 422
    page = as_("rina").post(base, {"url": "https://sistem.contoh.test/kabar"})
    [secret] = set(re.findall(r"whs_[\w-]{43}", page.html))
    as_("rina").get(base).sees("https://sistem.contoh.test/kabar").misses(secret)
    assert as_("budi").post(base, {"url": "https://sistem.contoh.test/b"}).status == 422
    assert factories.count(Hook) == 1
