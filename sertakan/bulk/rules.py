"""The machine of an upload, and what may be wrong with one. Pure."""

import hashlib
from collections.abc import Iterable
from enum import StrEnum

from sertakan.kit.errors import N_, Refused

MEGABYTES = 16
MOST_ROWS = 100_000
CHUNK = 1_000
SHOWN = 40
SOFT_ROUND_SHARE = 0.3  # so many NIK ending in 0 look like a column that Excel has rounded (UX D4)


class UploadState(StrEnum):
    uploaded = "uploaded"
    mapping = "mapping"  # its titles are not ours: somebody says which column is which
    checking = "checking"
    checked = "checked"
    submitted = "submitted"
    confirmed = "confirmed"
    applying = "applying"  # its rows become promises, chunk by chunk
    applied = "applied"  # one bill stands; what becomes of each worker is in the ledger
    withdrawn = "withdrawn"
    failed = "failed"  # the file itself cannot be read


U = UploadState
MOVES: dict[UploadState, frozenset[UploadState]] = {
    U.uploaded: frozenset({U.checking, U.mapping, U.failed, U.withdrawn}),
    U.mapping: frozenset({U.uploaded, U.withdrawn}),
    U.checking: frozenset({U.checked, U.failed, U.withdrawn}),
    U.checked: frozenset({U.submitted, U.withdrawn}),
    U.submitted: frozenset({U.checked, U.confirmed, U.withdrawn}),  # the checker sends it back, or says yes
    U.confirmed: frozenset({U.applying}),
    U.applying: frozenset({U.applied}),
    U.applied: frozenset(),
    U.withdrawn: frozenset(),
    U.failed: frozenset(),
}
OVER = frozenset({U.confirmed, U.applying, U.applied, U.withdrawn, U.failed})
TO_APPLY = frozenset({U.confirmed, U.applying})
WAITING = frozenset({U.uploaded, U.checking})


class RowState(StrEnum):
    ready = "ready"
    wrong = "wrong"
    skipped = "skipped"


class NotYourPart(Refused):
    message = N_("Peran Anda di lembaga ini tidak mencakup langkah ini.")
    status = 409


class NotVerified(Refused):
    message = N_("Lembaga ini belum disahkan petugas. Daftar dapat diperiksa, tetapi belum dapat diajukan.")
    status = 409


class NotNow(Refused):
    message = N_("Unggahan ini sudah berpindah tahap. Muat ulang halamannya.")
    status = 409


class ChangedMeanwhile(Refused):
    message = N_("Hasil pemeriksaan berubah sejak Anda melihatnya. Periksa angkanya lagi, lalu ulangi.")
    status = 409


class NothingReady(Refused):
    message = N_("Belum ada baris yang siap. Perbaiki dulu barisnya.")


class OwnUpload(Refused):
    message = N_("Yang mengajukan tidak dapat menyetujui. Minta penyetuju lain.")
    status = 409


class FileMissing(Refused):
    message = N_("Pilih berkasnya dulu: .xlsx, .csv, atau .ods")


class SameFile(Refused):
    message = N_("Berkas ini sudah diunggah pada %(when)s. Tidak ada yang berubah.")


class DecreeMissing(Refused):
    message = N_("Pilih SK yang menjadi dasarnya. Iuran dari APBD selalu dengan SK yang berlaku.")


class DecreeOver(Refused):
    message = N_("SK ini tidak berlaku lagi. Pilih SK lain.")
    status = 409


class OutsideDecree(Refused):
    message = N_("Bulannya di luar masa SK: %(first)s sampai %(last)s.")


class NothingToHandOver(Refused):
    message = N_("Tidak ada bulan setelah itu yang dapat dialihkan. Pilih bulan terakhir yang lain.")


class UnpaidHandOver(Refused):
    message = N_("Tagihan untuk bulan-bulan itu belum lunas. Bayar dulu, atau keluarkan orangnya dari tagihan.")
    status = 409


class RowColumnMissing(Refused):
    message = N_("Kolom Baris tidak ada. Pakai berkas masalah yang Anda unduh dari sini.")


def check_move(before: UploadState, to: UploadState) -> None:
    """Refuses NotNow for every move that is not in the table."""
    if to not in MOVES[before]:
        raise NotNow


def fingerprint(rows: Iterable[tuple[int, str, str]]) -> str:
    """The mark of a checked result: row number, NIK hash and values' mark of every ready row, in order (I6)."""
    mark = hashlib.sha256()
    for number, who, what in rows:
        mark.update(f"{number}\0{who}\0{what}\n".encode())
    return mark.hexdigest()


def looks_rounded(last_digits: Iterable[str]) -> bool:
    """Whether too many NIK end in 0 to be chance: one in ten is usual."""
    digits = list(last_digits)
    return len(digits) >= 20 and digits.count("0") / len(digits) > SOFT_ROUND_SHARE


def count_stages(rows: Iterable[tuple[str, str, int]]) -> dict[str, int]:
    """From (state of the review, state of the first month, how many workers): promised, paid, approved, remitted, posted, and out.

    Each counts everyone who has come at least so far; `out` are those refused, taken back or given back.
    """
    found = dict.fromkeys(("promised", "paid", "approved", "remitted", "posted", "out"), 0)
    for review, month, count in rows:
        if review in ("rejected", "withdrawn") or month in ("released", "refunded", "credited", "void"):
            found["out"] += count
            continue
        found["promised"] += count
        found["paid"] += count * (month != "reserved")
        found["approved"] += count * (review == "approved")
        found["remitted"] += count * (month in ("remitted", "posted"))
        found["posted"] += count * (month == "posted")
    return found
