"""Where a worker stands with one sponsor's offer, what she may report, and the code that is her link. Pure: no page, no table."""

import re
from datetime import date
from enum import StrEnum

from sertakan.kit.codes import ALPHABET
from sertakan.kit.errors import N_, Refused
from sertakan.sponsorships.rules import ReviewState, TermState

PURPOSE = "consent"
DAYS = 30
BY_WORKER = "worker"  # the end's reason in the books; the sponsor is told without one
LONGEST = 500
_SHAPE = re.compile(f"[{ALPHABET}]{{16}}")


class Stage(StrEnum):
    asking = "asking"
    agreed = "agreed"
    over = "over"


class ReportKind(StrEnum):
    pressure = "pressure"
    not_me = "not_me"
    other = "other"


REPORTS: dict[ReportKind, str] = {
    ReportKind.pressure: N_("Saya merasa dipaksa atau ditekan"),
    ReportKind.not_me: N_("Ini bukan saya; saya tidak kenal penanggungnya"),
    ReportKind.other: N_("Hal lain yang perlu petugas ketahui"),
}


class InvitationOver(Refused):
    message = N_(
        "Tautan ini sudah tidak berlaku. Minta yang baru kepada orang yang mengirimnya, atau tanyakan ke petugas atau ketua RT Anda."
    )
    status = 410


class NotInvited(Refused):
    message = N_("Persetujuan pekerja ini tidak diminta lewat tautan. Petugas atau ketua RT yang menanyakannya.")
    status = 409


class OfferOver(Refused):
    message = N_("Dukungan ini sudah selesai atau dihentikan, jadi tidak ada lagi yang perlu Anda putuskan.")
    status = 409


class AlreadyHandled(Refused):
    message = N_("Kabar ini sudah ditangani.")
    status = 409


def stage(review: ReviewState, term: TermState, agreed_on: date | None) -> Stage:
    """What her page is for: it asks, it shows what she agreed to, or it says that this is over."""
    closed = review in (ReviewState.rejected, ReviewState.withdrawn)
    if closed or term in (TermState.cancelled, TermState.terminated, TermState.ended):
        return Stage.over
    return Stage.agreed if agreed_on else Stage.asking


def normalise(text: str) -> str | None:
    """The code of an invitation as printed, also when typed in lower case or without dashes; None when it cannot be one."""
    plain = re.sub(r"[\s-]", "", text[:60]).upper()
    return "-".join(plain[at : at + 4] for at in range(0, 16, 4)) if _SHAPE.fullmatch(plain) else None
