"""A real mail server on loopback that keeps what it takes."""

import email
import email.policy
import socket
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from typing import Any, cast

import pytest
from aiosmtpd.controller import Controller
from flask import Flask


class Letterbox:
    """What arrived; `answer` makes the server refuse with that line instead, `refused` lists addresses it does not know."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.answer = ""
        self.refused: set[str] = set()
        self.port = _free_port()
        self._controller: Controller | None = None

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        if address in self.refused:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        if self.answer:
            return self.answer
        self.letters.append(cast(EmailMessage, email.message_from_bytes(envelope.content, policy=email.policy.default)))
        self.recipients.append(list(envelope.rcpt_tos))
        return "250 OK"

    def open(self) -> None:
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def close(self) -> None:
        if self._controller is not None:
            self._controller.stop()
            self._controller = None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def closed_letterbox() -> Iterator[Letterbox]:
    """A mail server that is not there yet."""
    box = Letterbox()
    yield box
    box.close()


@pytest.fixture
def letterbox(closed_letterbox: Letterbox) -> Letterbox:
    closed_letterbox.open()
    return closed_letterbox


def post_through(app: Flask, box: Letterbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this application send through that server."""
    settings = replace(app.config["SETTINGS"], smtp_url=f"smtp://127.0.0.1:{box.port}")
    monkeypatch.setitem(app.config, "SETTINGS", settings)


@pytest.fixture
def posting(app: Flask, letterbox: Letterbox, monkeypatch: pytest.MonkeyPatch) -> Letterbox:
    post_through(app, letterbox, monkeypatch)
    return letterbox
