"""The machines of a rule and of a request, and how many months are added. Pure; amounts are whole rupiah."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sertakan.kit.errors import N_, Refused

PERCENTS = (50, 100)
MOST_RUPIAH = 10_000_000_000
MOST_MONTHS = 12  # added at once
MOST_AT_ONCE = 200  # requests on one bill
MOST_RULES = 20  # open or proposed, of one organisation


class RuleState(StrEnum):
    proposed = "proposed"
    open = "open"
    closed = "closed"


class ClaimState(StrEnum):
    asked = "asked"
    taken = "taken"  # on a bill of the company
    declined = "declined"


class Why(StrEnum):
    """Why a request came to nothing."""

    month_taken = "month_taken"
    gone = "gone"
    price = "price"  # the tariff rose, and the caps do not reach that far
    closed = "closed"
    unpaid = "unpaid"


WHYS: dict[Why, str] = {
    Why.month_taken: N_("Bulannya sudah ditanggung pihak lain."),
    Why.gone: N_("Pekerjanya tidak lagi didaftarkan."),
    Why.price: N_("Sisa dananya tidak cukup lagi."),
    Why.closed: N_("Aturannya ditutup sebelum diproses."),
    Why.unpaid: N_("Tagihannya tidak dibayar perusahaan."),
}
R, C = RuleState, ClaimState
RULE_MOVES: dict[RuleState, frozenset[RuleState]] = {
    R.proposed: frozenset({R.open, R.closed}),
    R.open: frozenset({R.closed}),
    R.closed: frozenset(),
}
CLAIM_MOVES: dict[ClaimState, frozenset[ClaimState]] = {
    C.asked: frozenset({C.taken, C.declined}),
    C.taken: frozenset({C.declined}),
    C.declined: frozenset(),
}


class NotYourPart(Refused):
    message = N_("Peran Anda di lembaga ini tidak mencakup langkah ini.")
    status = 409


class NotVerified(Refused):
    message = N_("Lembaga ini belum disahkan petugas. Tambahan dapat dibuka setelah disahkan.")
    status = 409


class OwnRule(Refused):
    message = N_("Pengusul tidak dapat membuka usulannya sendiri. Minta penyetuju lain.")
    status = 409


class NotNow(Refused):
    message = N_("Sudah berpindah tahap. Muat ulang halamannya.")
    status = 409


class TooManyRules(Refused):
    message = N_("Paling banyak %(most)s aturan sekaligus. Tutup dulu yang tidak dipakai.")
    status = 409


class CapsWrong(Refused):
    message = N_("Batas untuk setiap karyawan tidak boleh lebih besar dari batas seluruhnya.")


class UntilPast(Refused):
    message = N_("Pilih tanggal yang belum lewat.")


class NothingAsked(Refused):
    message = N_("Belum ada permintaan yang menunggu.")
    status = 409


class CodeUnknown(Refused):
    message = N_("Kode itu tidak kami kenal, atau sudah tidak berlaku. Periksa lagi, atau tanyakan ke bagian SDM.")


class NotYet(Refused):
    message = N_("Tambahan dapat diminta setelah dukungan Anda disetujui dan dibayar.")
    status = 409


class NothingMore(Refused):
    message = N_("Belum ada bulan utuh yang dapat ditambahkan. Bayar lebih banyak bulan dulu, lalu minta lagi.")


class CapReached(Refused):
    message = N_("Dana tambahan perusahaan Anda sudah terpakai semua. Tanyakan ke bagian SDM.")


class AskedAlready(Refused):
    message = N_("Permintaan Anda masih menunggu perusahaan.")
    status = 409


class Changed(Refused):
    message = N_("Jumlah bulannya berubah sejak Anda melihatnya. Periksa lagi.")
    status = 409


@dataclass(frozen=True)
class Facts:
    """What a rule says: how many of a hundred paid months are added, up to which rupiah for each employee and in all, until when."""

    percent: int
    cap_person_rupiah: int
    cap_rupiah: int
    until: date


def check_rule(before: RuleState, to: RuleState) -> None:
    """Refuses NotNow for every move that is not in the table."""
    if to not in RULE_MOVES[before]:
        raise NotNow


def check_claim(before: ClaimState, to: ClaimState) -> None:
    """The same for a request."""
    if to not in CLAIM_MOVES[before]:
        raise NotNow


def check_facts(cap_person_rupiah: int, cap_rupiah: int, until: date, today: date) -> None:
    """Refuses CapsWrong, UntilPast."""
    if cap_person_rupiah > cap_rupiah:
        raise CapsWrong(field="cap_person")
    if until < today:
        raise UntilPast(field="until")


def months_due(paid: int, percent: int, matched: int) -> int:
    """Whole months that may still be added to so many paid ones, of which so many have been matched; at most `MOST_MONTHS`."""
    return max(min(paid * percent // 100 - matched, MOST_MONTHS), 0)


def fits(most: int, left_rupiah: int, price: Callable[[int], int | None]) -> int:
    """The most months, up to `most`, whose price (None: there is none) is not over what is left; 0 when not even one fits."""
    for count in range(most, 0, -1):
        cost = price(count)
        if cost is not None and cost <= left_rupiah:
            return count
    return 0
