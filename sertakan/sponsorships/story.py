"""The history of a sponsorship in the sponsor's words: her trail, the steps of its months, and what she was told."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _

from sertakan.audit.models import AuditEntry
from sertakan.coverage.models import CoverageMonth
from sertakan.kit import clock
from sertakan.kit.errors import N_
from sertakan.kit.months import Month
from sertakan.notices.wording import months as month_words

TRAIL: dict[str, tuple[str, str, str]] = {
    "sponsorship.submit": ("arrow-right", "", N_("Pengajuan dikirim")),
    "sponsorship.resubmit": ("message-circle", "", N_("Jawaban dikirim ke petugas")),
    "sponsorship.ask": ("message-circle", "wait", N_("Petugas bertanya")),
    "sponsorship.approve": ("circle-check", "", N_("Petugas menyetujui")),
    "sponsorship.reject": ("x", "bad", N_("Petugas menolak")),
    "sponsorship.withdraw": ("ban", "bad", N_("Pengajuan ditarik")),
    "sponsorship.extend": ("refresh-cw", "", N_("Perpanjangan diminta")),
    "sponsorship.decline": ("ban", "wait", N_("Anda memilih tidak melanjutkan")),
    "sponsorship.run": ("shield-check", "", N_("Dukungan mulai berjalan")),
    "sponsorship.pause": ("hourglass", "wait", N_("Dukungan dijeda")),
    "sponsorship.cancel": ("ban", "bad", N_("Dukungan dibatalkan")),
    "sponsorship.terminate": ("ban", "bad", N_("Dukungan dihentikan petugas")),
    "sponsorship.end": ("history", "", N_("Masa dukungan selesai")),
}
STAMPS: tuple[tuple[str, str, str, str], ...] = (
    ("posted_at", "shield-check", "", N_("Aktif di BPJS Ketenagakerjaan: %(months)s")),
    ("remitted_at", "landmark", "", N_("Iuran disetor ke BPJS Ketenagakerjaan: %(months)s")),
    ("paid_at", "wallet", "", N_("Dana diterima: %(months)s")),
)
LONGEST = 60


@dataclass(frozen=True)
class Event:
    """One line of the history, newest first. `tone`: empty, wait or bad."""

    at: datetime
    icon: str
    tone: str
    words: str


def story_of(trail: Sequence[AuditEntry], months: Sequence[CoverageMonth], told: Sequence[datetime]) -> list[Event]:
    """Newest first; of two things in one instant, the later step first."""
    events = [*_told(told), *_trail(trail), *_steps(months)]
    return sorted(events, key=lambda event: event.at, reverse=True)[:LONGEST]


def _trail(trail: Iterable[AuditEntry]) -> list[Event]:
    events = []
    for entry in trail:
        if known := TRAIL.get(entry.action):
            icon, tone, words = known
            events.append(Event(entry.at, icon, tone, _(words)))
    return events


def _steps(months: Sequence[CoverageMonth]) -> list[Event]:
    """Months that took a step on the same day are one line."""
    events = []
    for column, icon, tone, words in STAMPS:
        days: dict[object, list[tuple[datetime, Month]]] = {}
        for row in months:
            at: datetime | None = getattr(row, column)
            if at is not None:
                days.setdefault(clock.local(at).date(), []).append((at, row.month))
        for steps in days.values():
            names = month_words(sorted({month for _at, month in steps}))
            events.append(Event(max(at for at, _month in steps), icon, tone, _(words, months=names)))
    return events


def _told(told: Iterable[datetime]) -> list[Event]:
    return [Event(at, "bell", "", _("Pengingat dikirim kepada Anda")) for at in told]
