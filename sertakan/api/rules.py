"""What a token may do, how it looks, and the refusals of the interface. Pure."""

import hashlib
import re
from collections.abc import Iterable
from datetime import timedelta
from enum import StrEnum

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
