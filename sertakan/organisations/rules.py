"""Numbers of organisations, the machine of a registration, and who may do what inside an organisation. Pure."""

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from sertakan.kit.errors import N_, Refused

INVITATION_LIFE = timedelta(days=7)
MOST_MEMBERS = 50


class NumberKind(StrEnum):
    nib = "nib"
    npwp = "npwp"


@dataclass(frozen=True)
class Profile:
    """What an organisation says of itself; `number` as digits, `phone` in E.164 or None."""

    name: str
    number_kind: NumberKind
    number: str
    address: str
    position: str
    phone: str | None = None


class RegistrationState(StrEnum):
    submitted = "submitted"
    verified = "verified"
    refused = "refused"


S = RegistrationState
MOVES: dict[RegistrationState, frozenset[RegistrationState]] = {
    S.submitted: frozenset({S.verified, S.refused}),
    S.verified: frozenset(),  # a later change is a new registration
    S.refused: frozenset(),
}


class RefusalReason(StrEnum):
    not_found = "not_found"
    not_authorised = "not_authorised"
    duplicate = "duplicate"
    data_wrong = "data_wrong"


REASONS: dict[RefusalReason, str] = {
    RefusalReason.not_found: N_("Nomor itu tidak kami temukan di OSS atau DJP"),
    RefusalReason.not_authorised: N_("Pengaju belum terbukti berwenang mewakili"),
    RefusalReason.duplicate: N_("Lembaga ini sudah terdaftar"),
    RefusalReason.data_wrong: N_("Nama atau alamat tidak cocok dengan nomornya"),
}


class NumberMissing(Refused):
    message = N_("Isi nomornya, ada di surat NIB atau kartu NPWP")


class NibLength(Refused):
    message = N_("NIB 13 angka, ini %(count)s angka. Periksa lagi.")


class NpwpLength(Refused):
    message = N_("NPWP 15 atau 16 angka, ini %(count)s angka. Periksa lagi.")


class NumberLetters(Refused):
    message = N_("Nomor hanya berisi angka. Hapus huruf di dalamnya.")


class AlreadyDecided(Refused):
    message = N_("Pendaftaran ini sudah diputuskan. Muat ulang halamannya.")
    status = 409


class OwnRegistration(Refused):
    message = N_("Anda anggota lembaga ini, jadi petugas lain yang memeriksanya.")
    status = 409


class StillChecked(Refused):
    message = N_("Perubahan sebelumnya masih diperiksa. Tunggu keputusannya dulu.")
    status = 409


class NothingChanged(Refused):
    message = N_("Belum ada yang berubah.")


class ReasonMissing(Refused):
    message = N_("Pilih alasannya dulu")


class NotContact(Refused):
    message = N_("Hanya narahubung yang dapat mengatur anggota.")
    status = 409


class AlreadyMember(Refused):
    message = N_("Orang ini sudah menjadi anggota.")


class AlreadyInvited(Refused):
    message = N_("Undangan ke alamat ini masih berlaku. Batalkan dulu kalau perannya mau diganti.")


class TooManyMembers(Refused):
    message = N_("Paling banyak %(most)s anggota. Keluarkan yang sudah pindah dulu.")


class ContactStays(Refused):
    message = N_("Serahkan dulu peran narahubung kepada anggota lain.")
    status = 409


class InvitationOver(Refused):
    message = N_("Undangan ini sudah dipakai, dibatalkan, atau lewat tujuh hari. Minta yang baru kepada narahubung.")
    status = 410


class ForSomebodyElse(Refused):
    message = N_("Undangan ini untuk alamat lain. Keluar dulu, lalu buka lagi tautannya.")
    status = 409


def check_number(kind: NumberKind, typed: str) -> str:
    """The digits of a NIB (13, PP 5/2021) or NPWP (15, or 16 since PMK 112/2022); dots, dashes and spaces do not matter.

    Refuses NumberMissing, NumberLetters, NibLength, NpwpLength.
    """
    digits = re.sub(r"[\s.\-/]", "", typed)
    if not digits:
        raise NumberMissing(field="number")
    if not (digits.isascii() and digits.isdigit()):
        raise NumberLetters(field="number")
    if kind is NumberKind.nib and len(digits) != 13:
        raise NibLength(field="number", count=len(digits))
    if kind is NumberKind.npwp and len(digits) not in (15, 16):
        raise NpwpLength(field="number", count=len(digits))
    return digits


def spellings(kind: NumberKind, number: str) -> list[str]:
    """All the ways the same number may stand in our table: the old 15 digits of an NPWP became 16 with a 0 in front (PMK 112/2022)."""
    if kind is NumberKind.nib:
        return [number]
    return sorted({number, number.zfill(16), number.removeprefix("0") if len(number) == 16 else number})


def check_move(before: RegistrationState, to: RegistrationState) -> None:
    """Refuses AlreadyDecided for every move that is not in the table."""
    if to not in MOVES[before]:
        raise AlreadyDecided
