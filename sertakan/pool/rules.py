"""The machine of a rule, what may be asked of one, and the month's statement of a balance. Pure; amounts are whole rupiah."""

from dataclasses import dataclass
from enum import StrEnum

from sertakan.kit.errors import N_, Refused

MOST_MONTHS = 12
MOST_WORKERS = 10_000
MOST_RULES = 20  # open or proposed, of one organisation
MOST_A_RUN = 200  # people; the next run goes on
LEAST_TOPUP, MOST_TOPUP = 50_000, 10_000_000_000  # rupiah


class RuleState(StrEnum):
    proposed = "proposed"
    open = "open"
    closed = "closed"


R = RuleState
MOVES: dict[RuleState, frozenset[RuleState]] = {
    R.proposed: frozenset({R.open, R.closed}),
    R.open: frozenset({R.closed}),
    R.closed: frozenset(),
}


class NotYourPart(Refused):
    message = N_("Peran Anda di lembaga ini tidak mencakup langkah ini.")
    status = 409


class NotVerified(Refused):
    message = N_("Lembaga ini belum disahkan petugas. Saldo dapat diisi setelah disahkan.")
    status = 409


class OwnRule(Refused):
    message = N_("Pengusul tidak dapat menjalankan usulannya sendiri. Minta penyetuju lain.")
    status = 409


class NotNow(Refused):
    message = N_("Aturan ini sudah berpindah tahap. Muat ulang halamannya.")
    status = 409


class TooManyRules(Refused):
    message = N_("Paling banyak %(most)s aturan sekaligus. Tutup dulu yang tidak dipakai.")
    status = 409


@dataclass(frozen=True)
class Facts:
    """What a rule says: whom (no kelurahan means all, no group of work means all), for how long, and how many people at most.

    `keep_on`: whoever it protects and whose cover is about to end comes before new people.
    """

    name: str
    kelurahan: tuple[str, ...]
    groups: tuple[str, ...]
    months: int
    most_workers: int
    keep_on: bool


def check_move(before: RuleState, to: RuleState) -> None:
    """Refuses NotNow for every move that is not in the table."""
    if to not in MOVES[before]:
        raise NotNow


@dataclass(frozen=True)
class Statement:
    """A month of a balance: what there was, came, was used, went back to the account, came back from months; what there is."""

    opening_rupiah: int
    came_rupiah: int
    used_rupiah: int
    refunded_rupiah: int
    closing_rupiah: int

    @property
    def freed_rupiah(self) -> int:
        """From months that were given up, and what was left over of bills."""
        known = self.came_rupiah - self.used_rupiah - self.refunded_rupiah
        return self.closing_rupiah - self.opening_rupiah - known
