"""Who may be approved with all the others, and which five an officer opens. Pure."""

import hashlib
from collections.abc import Iterable, Sequence

from sertakan.kit.errors import N_, Refused

SAMPLES = 5
# What a written reason for the whole batch answers, or what the bill shows by itself; everything else is looked at one by one.
ANSWERED = frozenset({"attestation", "payment"})


class AlreadyDecided(Refused):
    message = N_("Unggahan ini sudah diputuskan petugas lain.")
    status = 409


class BatchChanged(Refused):
    message = N_("Daftarnya berubah sejak Anda melihatnya. Muat ulang halamannya.")
    status = 409


class NotYourBatch(Refused):
    message = N_("Anda anggota lembaga ini atau ikut mengajukannya. Petugas lain yang memutuskan.")
    status = 409


class NotReady(Refused):
    message = N_("Unggahan ini belum menjadi tagihan.")
    status = 409


def fits(checks: Iterable[tuple[str, str]]) -> bool:
    """From (name of a check, its verdict): whether nothing stops her and nothing must be looked at by a person."""
    return all(verdict in ("ok", "unknown") or (verdict == "look" and name in ANSWERED) for name, verdict in checks)


def samples(codes: Sequence[str], mark: str) -> list[str]:
    """Five that look random and are the same for every officer, as long as the upload is the same."""
    return sorted(codes, key=lambda code: hashlib.sha256(f"{mark}\0{code}".encode()).digest())[:SAMPLES]
