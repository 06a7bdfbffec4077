"""What a row of leavers may say, what is wrong with it, and the machine of a file. Pure."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from sertakan.kit import nik
from sertakan.kit.errors import N_, Refused
from sertakan.kit.months import Month
from sertakan.kit.sheet import Column, Rounded

MEGABYTES = 4
MOST_ROWS = 10_000
CHUNK = 500
SHOWN = 40
MONTHS_AHEAD = 12

COLUMNS = (
    Column("nik", ("NIK", "Nomor KTP", "Nomor Induk Kependudukan")),
    Column("month", ("Bulan terakhir", "Bulan keluar", "Bulan", "Keluar")),
    Column("reason", ("Alasan", "Alasan keluar", "Sebab")),
)


class FileState(StrEnum):
    checked = "checked"
    confirmed = "confirmed"
    done = "done"
    withdrawn = "withdrawn"


F = FileState
MOVES: dict[FileState, frozenset[FileState]] = {
    F.checked: frozenset({F.confirmed, F.withdrawn}),
    F.confirmed: frozenset({F.done}),
    F.done: frozenset(),
    F.withdrawn: frozenset(),
}


class RowState(StrEnum):
    ready = "ready"
    wrong = "wrong"
    skipped = "skipped"
    done = "done"


class Reason(StrEnum):
    stopped = "stopped"
    moved = "moved"
    employed = "employed"
    died = "died"
    other = "other"


REASONS: dict[Reason, str] = {
    Reason.stopped: N_("Berhenti bekerja"),
    Reason.moved: N_("Pindah"),
    Reason.employed: N_("Jadi karyawan"),
    Reason.died: N_("Meninggal"),
    Reason.other: N_("Lainnya"),
}
# as files say it, without capitals; the English titles too
REASON_WORDS: dict[str, Reason] = {
    "berhenti": Reason.stopped,
    "berhenti bekerja": Reason.stopped,
    "resign": Reason.stopped,
    "stopped working": Reason.stopped,
    "pindah": Reason.moved,
    "moved": Reason.moved,
    "jadi karyawan": Reason.employed,
    "karyawan": Reason.employed,
    "became an employee": Reason.employed,
    "meninggal": Reason.died,
    "meninggal dunia": Reason.died,
    "died": Reason.died,
    "lainnya": Reason.other,
    "lain": Reason.other,
    "other": Reason.other,
}


class Kind(StrEnum):
    """The first thing that is wrong with a row, or why it is passed over."""

    nik_wrong = "nik_wrong"
    nik_rounded = "nik_rounded"
    nik_twice = "nik_twice"
    not_listed = "not_listed"
    month_wrong = "month_wrong"
    month_far = "month_far"
    reason_wrong = "reason_wrong"
    nothing_left = "nothing_left"


SENTENCES: dict[Kind, str] = {
    Kind.nik_wrong: N_("NIK tidak benar"),
    Kind.nik_rounded: N_("NIK rusak karena Excel menyimpannya sebagai angka. Ubah kolomnya menjadi Teks lalu isi ulang."),
    Kind.nik_twice: N_("NIK sama dengan baris %(row)s"),
    Kind.not_listed: N_("Tidak ada di daftar lembaga ini"),
    Kind.month_wrong: N_("Bulan terakhir tidak terbaca. Tulis seperti 2026-12 atau 12/2026"),
    Kind.month_far: N_("Bulan terakhir lebih dari setahun dari sekarang"),
    Kind.reason_wrong: N_("Alasan tidak dikenal. Pilih: berhenti, pindah, jadi karyawan, meninggal, lainnya"),
    Kind.nothing_left: N_("Tidak ada bulan lagi setelah itu"),
}


class NotYourPart(Refused):
    message = N_("Peran Anda di lembaga ini tidak mencakup langkah ini.")
    status = 409


class NotNow(Refused):
    message = N_("Berkas ini sudah berpindah tahap. Muat ulang halamannya.")
    status = 409


class OwnFile(Refused):
    message = N_("Yang mengunggah tidak dapat menyetujui. Minta penyetuju lain.")
    status = 409


class NothingReady(Refused):
    message = N_("Belum ada baris yang siap. Perbaiki berkasnya, lalu unggah lagi.")


class FileMissing(Refused):
    message = N_("Pilih berkasnya dulu: .xlsx, .csv, atau .ods")


class SameFile(Refused):
    message = N_("Berkas ini sudah diunggah pada %(when)s. Tidak ada yang berubah.")


def check_move(before: FileState, to: FileState) -> None:
    """Refuses NotNow for every move that is not in the table."""
    if to not in MOVES[before]:
        raise NotNow


_YEAR_FIRST = re.compile(r"((?:19|20)[0-9]{2})[-/. ]([01]?[0-9])(?:[-/. ][0-3]?[0-9])?(?:[ T]00:00(?::00)?)?")
_YEAR_LAST = re.compile(r"(?:[0-3]?[0-9][-/. ])?([01]?[0-9])[-/. ]((?:19|20)[0-9]{2})")
_NAMED = re.compile(r"(?:[0-3]?[0-9] )?([a-z]{3,9})\.? ((?:19|20)[0-9]{2})")
_NAMES = ("jan", "feb", "mar", "apr", "mei", "jun", "jul", "agu", "sep", "okt", "nov", "des")
_ENGLISH = {"may": 5, "aug": 8, "oct": 10, "dec": 12}


def read_month(text: str) -> Month | None:
    """`2026-12`, `12/2026`, `31-12-2026`, `2026-12-31`, `Desember 2026`, `31 Des 2026`; None when it is none of these."""
    text = text.strip().casefold()
    year = month = 0
    if found := _YEAR_FIRST.fullmatch(text):
        year, month = int(found[1]), int(found[2])
    elif found := _YEAR_LAST.fullmatch(text):
        year, month = int(found[2]), int(found[1])
    elif found := _NAMED.fullmatch(text):
        short = found[1][:3]
        year, month = int(found[2]), _NAMES.index(short) + 1 if short in _NAMES else _ENGLISH.get(short, 0)
    return Month(year, month) if 1 <= month <= 12 else None


@dataclass(frozen=True)
class Checked:
    """A row by itself: what was understood, and the first thing wrong. `shown` is what the page may repeat: the NIK masked."""

    number: int
    shown: str
    digits: str = ""
    month: Month | None = None
    reason: Reason | None = None
    kind: Kind | None = None
    row: int = 0  # of the same NIK before


def check(number: int, values: Mapping[str, str], this: Month) -> Checked:
    """Look at one row by itself. `this` is the month of today."""
    typed = values.get("nik", "")
    digits = nik.clean(typed.lstrip("'"))
    shown = nik.mask(digits) if len(digits) == 16 else typed[:4] + "…" if typed else "–"
    if isinstance(typed, Rounded):
        return Checked(number, shown, kind=Kind.nik_rounded)
    try:
        nik.check(digits)
    except Refused:
        return Checked(number, shown, kind=Kind.nik_wrong)
    month = read_month(values.get("month", ""))
    reason = REASON_WORDS.get(" ".join(values.get("reason", "").casefold().split()))
    kind = None
    if month is None:
        kind = Kind.month_wrong
    elif month > this + MONTHS_AHEAD:
        kind = Kind.month_far
    elif reason is None:
        kind = Kind.reason_wrong
    return Checked(number, shown, digits, month, reason, kind)


def fingerprint(rows: Iterable[tuple[int, str, int, int]]) -> str:
    """The mark of what confirming would do: number, last month, months freed and rupiah freed of every ready row, in order (I6)."""
    mark = hashlib.sha256()
    for number, month, freed, rupiah in rows:
        mark.update(f"{number}\0{month}\0{freed}\0{rupiah}\n".encode())
    return mark.hexdigest()
