"""The machines of a batch, a line, an answer file and a repair; what answers mean; the columns of the files. Pure."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from sertakan.coverage.rules import IllegalMove
from sertakan.kit.errors import N_, Refused
from sertakan.kit.months import Month
from sertakan.kit.sheet import Column
from sertakan.tariff.rules import PayerKind

MOST_MONTHS = 50_000  # in one batch
CHUNK = 1_000  # months in one transaction
MOST_PROBLEMS = 500  # kept and shown of an answer file; the count is of all


class BatchState(StrEnum):
    draft = "draft"
    locked = "locked"  # fingerprint and totals stand; its months cannot be taken back any more
    code_received = "code_received"
    paid = "paid"
    closed = "closed"  # every line posted
    partly_closed = "partly_closed"  # every line answered, some refused
    dropped = "dropped"  # given up before it was paid; its months are free for another batch


class LineState(StrEnum):
    open = "open"
    paid = "paid"
    posted = "posted"
    refused = "refused"
    dropped = "dropped"


class FileState(StrEnum):
    uploaded = "uploaded"
    refused = "refused"  # has problems; nothing of it was applied
    applying = "applying"
    applied = "applied"


class RepairState(StrEnum):
    open = "open"
    proposed = "proposed"  # an officer has said what is right, or that the money goes back; another person must agree
    repaired = "repaired"  # the month is paid again and waits for the next batch
    given_back = "given_back"


class Remedy(StrEnum):
    """What an officer proposes for a bounced month."""

    correct = "correct"
    give_back = "give_back"


class Result(StrEnum):
    posted = "posted"
    bounced = "bounced"


class BounceReason(StrEnum):
    nik_unknown = "nik_unknown"
    name_differs = "name_differs"
    birth_differs = "birth_differs"
    too_old = "too_old"
    already_active = "already_active"
    incomplete = "incomplete"
    amount_wrong = "amount_wrong"
    other = "other"


REASONS: dict[BounceReason, str] = {
    BounceReason.nik_unknown: N_("NIK tidak ditemukan di Dukcapil"),
    BounceReason.name_differs: N_("Nama tidak sama dengan Dukcapil"),
    BounceReason.birth_differs: N_("Tanggal lahir tidak sama dengan Dukcapil"),
    BounceReason.too_old: N_("Sudah berusia 65 tahun atau lebih"),
    BounceReason.already_active: N_("Sudah dibayar pihak lain"),
    BounceReason.incomplete: N_("Data belum lengkap"),
    BounceReason.amount_wrong: N_("Jumlah iuran tidak sesuai"),
    BounceReason.other: N_("Sebab lain"),
}
B, L, A, R = BatchState, LineState, FileState, RepairState
BATCH_MOVES: dict[BatchState, frozenset[BatchState]] = {
    B.draft: frozenset({B.locked, B.dropped}),
    B.locked: frozenset({B.code_received, B.dropped}),
    B.code_received: frozenset({B.paid, B.dropped}),
    B.paid: frozenset({B.closed, B.partly_closed}),
    B.closed: frozenset(),
    B.partly_closed: frozenset(),
    B.dropped: frozenset(),
}
LINE_MOVES: dict[LineState, frozenset[LineState]] = {
    L.open: frozenset({L.paid, L.dropped}),
    L.paid: frozenset({L.posted, L.refused}),
    L.posted: frozenset(),
    L.refused: frozenset(),
    L.dropped: frozenset(),
}
FILE_MOVES: dict[FileState, frozenset[FileState]] = {
    A.uploaded: frozenset({A.refused, A.applying}),
    A.applying: frozenset({A.applied}),
    A.refused: frozenset(),
    A.applied: frozenset(),
}
REPAIR_MOVES: dict[RepairState, frozenset[RepairState]] = {
    R.open: frozenset({R.proposed}),
    R.proposed: frozenset({R.open, R.repaired, R.given_back}),
    R.repaired: frozenset(),
    R.given_back: frozenset(),
}
LIVING = frozenset({L.open, L.paid, L.posted})  # a month stands in at most one of these
SENDING = frozenset({B.locked, B.code_received})
S = TypeVar("S", bound=StrEnum)


class WrongStep(Refused):
    message = N_("Langkah ini sudah lewat atau belum waktunya. Muat ulang halaman untuk melihat keadaan terbaru.")
    status = 409


class NothingToSend(Refused):
    message = N_("Belum ada bulan yang bisa disetor: perlu disetujui dan dananya sudah masuk.")


class AnotherPerson(Refused):
    message = N_("Langkah ini harus dikerjakan orang lain, bukan yang mengerjakan langkah sebelumnya.")
    status = 403


class WorkerGone(Refused):
    message = N_("%(count)s bulan di setoran ini milik pekerja yang meninggal atau mundur. Batalkan setoran ini, lalu buat lagi.")
    status = 409


class CodeMissing(Refused):
    message = N_("Tulis kode iuran dari BPJS Ketenagakerjaan")


class ProofMissing(Refused):
    message = N_("Tulis nomor bukti setor")


class TotalDiffers(Refused):
    message = N_("Jumlah di bukti setor harus sama dengan jumlah setoran ini: %(total)s.")


class EvidenceNeeded(Refused):
    message = N_("Tulis buktinya, misalnya nomor surat BPJS Ketenagakerjaan")


class ReasonNeeded(Refused):
    message = N_("Pilih alasan penolakannya")


class NotAnswerable(Refused):
    message = N_("Bulan ini sudah ada jawabannya atau belum disetor.")
    status = 409


class SameFile(Refused):
    message = N_("Berkas ini sudah pernah diunggah. Tidak ada yang berubah.")
    status = 409


class LinesChanged(Refused):
    message = N_("Isi setoran ini tidak sama dengan yang dikunci. Jangan dibayar; hubungi pengelola.")
    status = 409


class FileMissing(Refused):
    message = N_("Pilih berkas jawabannya dulu")


class TitleMissing(Refused):
    message = N_("Isi judul kolom %(title)s")


class TitleTwice(Refused):
    message = N_("Judul %(title)s dipakai dua kali")


class NikNeeded(Refused):
    message = N_("Kolom NIK, bulan iuran, dan jumlah iuran harus ikut")


class NothingProposed(Refused):
    message = N_("Belum ada usulan perbaikan untuk bulan ini.")
    status = 409


class ProposalChanged(Refused):
    message = N_("Usulannya berubah sejak Anda membuka halaman ini. Periksa lagi.")
    status = 409


class PromiseOver(Refused):
    message = N_("Dukungan ini sudah berhenti. Uang bulan ini dikembalikan, tidak disetor lagi.")
    status = 409


class NothingCorrected(Refused):
    message = N_("Ubah dulu nama atau NIK-nya; data yang sama akan ditolak lagi.")


def check_step(moves: dict[S, frozenset[S]], before: S, to: S) -> None:
    """For what people press: a step that is over or not yet due is refused with words."""
    if to not in moves[before]:
        raise WrongStep


def check_move(moves: dict[S, frozenset[S]], before: S, to: S) -> None:
    """For what only code does: an edge that the table does not have is a bug."""
    if to not in moves[before]:
        raise IllegalMove(f"{before} -> {to}")


# ---- fingerprint ---------------------------------------------------------------------------------------------------------------


def fingerprint(lines: Iterable[tuple[str, str, Month, str, int]]) -> str:
    """SHA-256 over the lines of a batch in their order: month's ref, worker's ref, month, package, whole rupiah."""
    digest = hashlib.sha256()
    for month_ref, worker_ref, month, package, amount in lines:
        digest.update(f"{month_ref}|{worker_ref}|{month}|{package}|{amount}\n".encode())
    return digest.hexdigest()


def proposal_mark(remedy: str, name: str, nik_hash: str, month_ref: str) -> str:
    """What the second person agrees to: the remedy and the data it leads to."""
    return hashlib.sha256(f"{remedy}|{name}|{nik_hash}|{month_ref}".encode()).hexdigest()


# ---- the columns of the files --------------------------------------------------------------------------------------------------

# DOMAIN 4: SIPP asks for these; what Sertakan does not hold stays empty for staff to fill
EXPORT_FIELDS: dict[str, str] = {
    "number": "No",
    "nik": "NIK",
    "name": "Nama lengkap",
    "born_place": "Tempat lahir",
    "born_on": "Tanggal lahir",
    "sex": "Jenis kelamin",
    "mother": "Nama ibu kandung",
    "phone": "Nomor HP",
    "email": "Email",
    "address": "Alamat",
    "kelurahan": "Kelurahan",
    "kelurahan_code": "Kode kelurahan",
    "postal_code": "Kode pos",
    "occupation": "Pekerjaan",
    "workplace": "Lokasi kerja",
    "hours": "Jam kerja",
    "base": "Dasar penghasilan",
    "programmes": "Program",
    "month": "Bulan iuran",
    "jkk": "JKK",
    "jkm": "JKM",
    "jht": "JHT",
    "relief": "Keringanan",
    "amount": "Jumlah iuran",
    "channel": "Kode wadah",
}
ANSWER_FIELDS: dict[str, str] = {
    "nik": "NIK",
    "month": "Bulan iuran",
    "amount": "Jumlah iuran",
    "result": "Hasil",
    "reason": "Alasan",
    "evidence": "Bukti",
}
ANSWER_OPTIONAL = frozenset({"reason", "evidence"})
# DOMAIN 4, medium confidence: the channel codes of collective payments for vulnerable workers
CHANNELS = {PayerKind.company: "SC", PayerKind.government: "SG"}
_POSTED = frozenset({"posted", "posting", "berhasil", "aktif", "sukses", "valid", "ok", "diterima"})
_BOUNCED = frozenset({"bounced", "gagal", "ditolak", "tolak", "tidak valid", "invalid"})
_MONTHS_ID = "januari februari maret april mei juni juli agustus september oktober november desember".split()
_MONTHS_EN = "january february march april may june july august september october november december".split()
_YEAR_FIRST = re.compile(r"(\d{4})[-/.](\d{1,2})(?:[-/.]\d{1,2}(?:[ T][\d:.]+)?)?")
_MONTH_FIRST = re.compile(r"(?:\d{1,2}[-/.])?(\d{1,2})[-/.](\d{4})")
_BY_NAME = re.compile(r"([a-z]+) (\d{4})")


def answer_columns(titles: dict[str, str]) -> list[Column]:
    """The map for reading an answer: the title that staff gave a field, and ours."""
    return [
        Column(field, tuple(dict.fromkeys((titles.get(field) or ours, ours))), field not in ANSWER_OPTIONAL)
        for field, ours in ANSWER_FIELDS.items()
    ]


def read_month(text: str) -> Month | None:
    """`2026-12`, `12/2026`, `01-12-2026`, `Desember 2026`, an ISO day; None for anything else."""
    words = " ".join(text.split()).lower()
    if match := _YEAR_FIRST.fullmatch(words):
        return _month(match[1], match[2])
    if match := _MONTH_FIRST.fullmatch(words):
        return _month(match[2], match[1])
    if match := _BY_NAME.fullmatch(words):
        for names in (_MONTHS_ID, _MONTHS_EN):
            if match[1] in names:
                return _month(match[2], str(names.index(match[1]) + 1))
    return None


def _month(year: str, month: str) -> Month | None:
    try:
        return Month(int(year), int(month))
    except ValueError:
        return None


def read_result(text: str) -> Result | None:
    words = " ".join(text.split()).casefold()
    return Result.posted if words in _POSTED else Result.bounced if words in _BOUNCED else None


def read_reason(text: str) -> BounceReason | None:
    """A reason by its sentence or its word; None when it is not on the list."""
    words = " ".join(text.split()).casefold().rstrip(".")
    for reason, sentence in REASONS.items():
        if words in (reason.value, sentence.casefold()):
            return reason
    return None


# ---- problems of an answer -----------------------------------------------------------------------------------------------------

PROBLEMS: dict[str, str] = {
    "nik_rounded": N_("NIK disimpan sebagai angka, jadi angka terakhirnya hilang. Simpan kolom NIK sebagai teks."),
    "nik_unknown": N_("NIK ini tidak ada di setoran ini"),
    "month_unreadable": N_("Bulan iuran tidak terbaca. Contoh: 2026-12."),
    "month_unknown": N_("Bulan ini tidak ada di setoran ini untuk NIK tersebut"),
    "amount_unreadable": N_("Jumlah iuran harus rupiah bulat"),
    "amount_differs": N_("Jumlah iuran tidak sama dengan yang disetor (%(expected)s)"),
    "result_unreadable": N_("Hasil harus Berhasil atau Ditolak"),
    "reason_missing": N_("Alasan penolakan tidak ada di daftar"),
    "twice": N_("Bulan ini sudah punya hasil di baris %(row)s"),
    "answered": N_("Bulan ini sudah punya hasil lain sebelumnya"),
    "not_paid": N_("Bulan ini belum disetor"),
}


@dataclass(frozen=True)
class Problem:
    """What is wrong at one place of a file (`C12`), without personal data; `code` is of PROBLEMS, `params` fill its sentence."""

    place: str
    code: str
    params: dict[str, Any]

    def row(self) -> dict[str, Any]:
        return {"place": self.place, "code": self.code, "params": self.params}
