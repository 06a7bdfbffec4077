"""Sending news over HTTP: to the internet only, to the very address that was looked at, without following anybody elsewhere."""

import http.client
import logging
import socket
import ssl

from flask import current_app

from sertakan.api import rules
from sertakan.db import refuse_inside_transaction
from sertakan.kit import clock
from sertakan.kit.errors import Refused

log = logging.getLogger("sertakan.api")
SECONDS = 5


def send(url: str, secret: str, body: bytes) -> int | None:
    """The status of the answer, or None when there was none. The name is resolved once, and that number is spoken to: it cannot
    lead to another place between the look and the call (DNS rebinding). Redirects are answers like any other.
    """
    refuse_inside_transaction()
    loopback = bool(current_app.testing)
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "Sertakan",
        "Sertakan-Signature": rules.signature(secret, body, clock.real_now()),
    }
    try:
        host, port, path = rules.check_address(url, loopback=loopback)
        connection = _connection(host, port, secure=url.startswith("https"), loopback=loopback)
        try:
            connection.request("POST", path, body=body, headers=headers)
            return connection.getresponse().status
        finally:
            connection.close()
    except (OSError, http.client.HTTPException, UnicodeError, Refused) as error:
        log.info("news was not taken: %s", type(error).__name__)
        return None


def _connection(host: str, port: int, *, secure: bool, loopback: bool) -> http.client.HTTPConnection:
    address = resolve(host, port, loopback=loopback)
    raw = socket.create_connection((address, port), timeout=SECONDS)
    if not secure:
        plain = http.client.HTTPConnection(host, port, timeout=SECONDS)
        plain.sock = raw
        return plain
    safe = http.client.HTTPSConnection(host, port, timeout=SECONDS)
    safe.sock = ssl.create_default_context().wrap_socket(raw, server_hostname=host)
    return safe


def resolve(host: str, port: int, *, loopback: bool) -> str:
    """The first address of a name. Refuses AddressUnsafe when any of its addresses is private."""
    found = [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    if not all(rules.is_public(address) or (loopback and address == "127.0.0.1") for address in found):
        raise rules.AddressUnsafe
    return found[0]
