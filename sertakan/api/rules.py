"""What a token may do, how it looks, and the refusals of the interface. Pure."""

import hashlib
import hmac
import ipaddress
import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from sertakan.kit.errors import N_, Refused

LIFE = timedelta(days=365)
MOST_TOKENS = 10
CALLS_KEPT = timedelta(days=7)
PREFIX = "srt_"
KEY = re.compile(r"[A-Za-z0-9_-]{8,64}")


class Scope(StrEnum):
    """There is none for confirming: that is always a person's."""

    workers_read = "workers:read"
    uploads_write = "uploads:write"
    leavers_write = "leavers:write"


SCOPES: dict[Scope, str] = {
    Scope.workers_read: N_("Membaca daftar pekerja dan bulannya"),
    Scope.uploads_write: N_("Mengunggah daftar pekerja, melihat hasilnya, dan mengajukannya"),
    Scope.leavers_write: N_("Mengunggah daftar pekerja keluar dan melihat hasilnya"),
}


MOST_HOOKS = 3
MOST_TRIES = 12
LONGEST_PAUSE = timedelta(hours=6)
HOOK_PREFIX = "whs_"


class DeliveryState(StrEnum):
    waiting = "waiting"
    sent = "sent"
    failed = "failed"  # tried so often that nobody listens any more


D = DeliveryState
DELIVERY_MOVES: dict[DeliveryState, frozenset[DeliveryState]] = {
    D.waiting: frozenset({D.sent, D.failed}),
    D.sent: frozenset(),
    D.failed: frozenset(),
}


class AddressUnsafe(Refused):
    message = N_("Alamat harus https:// dan dapat dicapai dari internet, tanpa nama pengguna di dalamnya.")


class TooManyHooks(Refused):
    message = N_("Paling banyak %(most)s alamat kabar. Hapus dulu yang tidak dipakai.")


class TokenUnknown(Refused):
    message = N_("Token tidak dikenal, sudah dicabut, atau sudah lewat masanya.")
    status = 401


class ScopeMissing(Refused):
    message = N_("Token ini tidak boleh melakukan itu. Yang diperlukan: %(scope)s")
    status = 403


class KeyMissing(Refused):
    message = N_("Sertakan header Idempotency-Key: 8 sampai 64 huruf, angka, - atau _.")
    status = 400


class KeyUsed(Refused):
    message = N_("Idempotency-Key ini sudah dipakai untuk isi yang lain.")
    status = 409


class TooManyTokens(Refused):
    message = N_("Paling banyak %(most)s token. Cabut dulu yang tidak dipakai.")


class NotContact(Refused):
    message = N_("Hanya narahubung yang dapat membuat dan mencabut token.")
    status = 409


class StandingUnknown(Refused):
    message = N_("Saringan %(word)s tidak dikenal. Lihat pilihannya di dokumen.")


class MonthUnreadable(Refused):
    message = N_("Tulis bulan seperti 2026-12")


class CountUnreadable(Refused):
    message = N_("Lama: 1, 3, 6, atau 12 bulan")


def check_key(text: str | None) -> str:
    """The client's key for one request. Refuses KeyMissing."""
    if not text or not KEY.fullmatch(text):
        raise KeyMissing
    return text


def body_hash(parts: Iterable[bytes]) -> str:
    """What a request asked for: address, fields and file, each with its length so that none can pass for another."""
    mark = hashlib.sha256()
    for part in parts:
        mark.update(len(part).to_bytes(8, "big") + part)
    return mark.hexdigest()


# ---- news to the organisation's own programs -----------------------------------------------------------------------------------


def check_address(url: str, *, loopback: bool = False) -> tuple[str, int, str]:
    """Host, port and path of an address that news may go to. Refuses AddressUnsafe: https only, no user name, no bare private address.

    `loopback` (tests) lets http to 127.0.0.1 through. Whether a name leads to a private address is looked at when it is resolved.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise AddressUnsafe(field="url") from error
    own = loopback and parts.scheme == "http" and host == "127.0.0.1"
    plain = url.isascii() and url.isprintable() and " " not in url and not parts.username and not parts.password
    if not plain or not host or not (own or (parts.scheme == "https" and "." in host and is_public_name(host))):
        raise AddressUnsafe(field="url")
    return (
        host,
        port or (443 if parts.scheme == "https" else 80),
        (parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
    )


def is_public_name(host: str) -> bool:
    """Not a number that names this machine or a private network; a name is looked at when it is resolved."""
    try:
        return is_public(host)
    except ValueError:
        return not host.endswith((".local", ".internal", ".localhost")) and not host.replace(".", "").isdigit()


def is_public(address: str) -> bool:
    """Whether an IP address is one of the internet's; an IPv4 address inside an IPv6 one counts as itself."""
    number = ipaddress.ip_address(address)
    if isinstance(number, ipaddress.IPv6Address) and (inner := number.ipv4_mapped or number.sixtofour):
        number = inner
    return number.is_global and not number.is_multicast


def check_delivery(before: DeliveryState, to: DeliveryState) -> None:
    """Raises ValueError for a step that the table does not have: a bug."""
    if to not in DELIVERY_MOVES[before]:
        raise ValueError(f"delivery: {before} -> {to}")


def signature(secret: str, body: bytes, at: datetime) -> str:
    """`t=…,v1=…`: the second of sending, and the keyed hash of `t.body`, as Stripe signs its own."""
    moment = str(int(at.timestamp()))
    mark = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={mark}"


def pause(attempts: int) -> timedelta:
    """Before the next try: a minute, doubling up to six hours."""
    return min(timedelta(minutes=2 ** min(max(attempts - 1, 0), 10)), LONGEST_PAUSE)
