"""The two machines of a sponsorship: its review and its term. They never wait for each other's name (PRODUCT 5.2)."""

from enum import StrEnum

from sertakan.kit.errors import N_, Refused


class ReviewState(StrEnum):
    submitted = "submitted"
    needs_info = "needs_info"
    approved = "approved"
    rejected = "rejected"
    withdrawn = "withdrawn"


class TermState(StrEnum):
    waiting = "waiting"  # not running yet: money or approval is missing
    running = "running"
    paused = "paused"
    cancelled = "cancelled"
    terminated = "terminated"
    ended = "ended"


R, T = ReviewState, TermState
REVIEW_MOVES: dict[ReviewState, frozenset[ReviewState]] = {
    R.submitted: frozenset({R.needs_info, R.approved, R.rejected, R.withdrawn}),
    R.needs_info: frozenset({R.submitted, R.rejected, R.withdrawn}),
    R.approved: frozenset(),
    R.rejected: frozenset(),
    R.withdrawn: frozenset(),
}
TERM_MOVES: dict[TermState, frozenset[TermState]] = {
    T.waiting: frozenset({T.running, T.cancelled}),
    T.running: frozenset({T.paused, T.cancelled, T.terminated, T.ended}),
    T.paused: frozenset({T.running, T.cancelled, T.terminated, T.ended}),
    T.cancelled: frozenset(),
    T.terminated: frozenset(),
    T.ended: frozenset(),
}
RISK_VERSION = "2026-11"
CONSENT_VERSION = "2026-11"
PRESETS = (1, 3, 6, 12)
DEFAULT_MONTHS = 6
HORIZON_MONTHS = 24


class AlreadyDecided(Refused):
    message = N_("Pengajuan ini sudah diputuskan. Muat ulang halaman untuk melihat hasilnya.")
    status = 409
