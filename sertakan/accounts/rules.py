"""How people are known, how long a session lives, and what sign-in refuses. Pure."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sertakan.kit import phone
from sertakan.kit.errors import N_, Refused
from sertakan.kit.text import one_line

CODE_LIFE = timedelta(minutes=10)
CODE_TRIES = 5
SETUP_LIFE = timedelta(hours=72)
PENDING_LIFE = timedelta(minutes=10)  # between the password and the second factor
TOTP_STEP_SECONDS = 30
TOTP_GRACE_SECONDS = 10  # time to finish typing the code that was on the screen
SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 200
SEEN_EVERY = timedelta(minutes=1)
FRESH = timedelta(minutes=10)  # how long a sign-in, or a code, counts as proof that it is still she (ASVS 7.5.1)


@dataclass(frozen=True)
class Life:
    """How long a session lives without a request, and in all."""

    idle: timedelta
    absolute: timedelta


RESIDENT_LIFE = Life(timedelta(days=7), timedelta(days=30))
STAFF_LIFE = Life(timedelta(minutes=30), timedelta(hours=12))


class ContactMissing(Refused):
    message = N_("Isi e-mail atau nomor HP Anda")


class NotEmail(Refused):
    message = N_("Alamat e-mail belum lengkap. Contoh: nama@contoh.id")


class NotContact(Refused):
    message = N_("Isi e-mail (nama@contoh.id) atau nomor HP (08…), salah satu saja")


class SmsNotReady(Refused):
    message = N_("Kode lewat SMS belum tersedia. Pakai e-mail, atau hubungi petugas kami.")


class WrongCode(Refused):
    message = N_("Kode salah atau sudah tidak berlaku. Periksa lagi, atau minta kode baru.")


class WrongTotp(Refused):
    message = N_("Kode salah atau sudah dipakai. Tunggu kode berikutnya, lalu coba lagi.")


class SameContact(Refused):
    message = N_("Itu sudah kontak Anda.")


class AlreadyOn(Refused):
    message = N_("Autentikator sudah aktif.")
    status = 409


class WrongPassword(Refused):
    message = N_("E-mail atau kata sandi salah.")


class WrongOldPassword(Refused):
    message = N_("Kata sandi lama salah.")


class LinkOver(Refused):
    message = N_("Tautan ini sudah dipakai atau tidak berlaku lagi. Minta yang baru.")
    status = 410


class SignInAgain(Refused):
    message = N_("Waktunya habis. Masuk lagi dari awal.")
    status = 410


class PasswordTooShort(Refused):
    message = N_("Kata sandi paling sedikit %(least)s huruf. Beberapa kata yang Anda ingat sudah cukup.")


class PasswordTooLong(Refused):
    message = N_("Kata sandi paling panjang %(most)s huruf.")


class PasswordTooEasy(Refused):
    message = N_("Kata sandi ini mudah ditebak. Pakai beberapa kata yang tidak berhubungan.")


class PasswordIsYou(Refused):
    message = N_("Kata sandi tidak boleh berisi nama atau e-mail Anda.")


# ---- contacts ------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Contact:
    """An e-mail address or a mobile number, normalised: the same person always types the same value."""

    kind: str  # "email" or "phone"
    value: str

    @property
    def masked(self) -> str:
        """`s•••@contoh.id`, `0812••••7781`."""
        if self.kind == "phone":
            return phone.mask(self.value)
        name, _at, domain = self.value.partition("@")
        return f"{name[0]}•••@{domain}"


def parse_contact(text: str) -> Contact:
    """What a person typed as her e-mail or mobile number. Refuses ContactMissing, NotEmail, NotMobile, NotContact."""
    text = one_line(text[:400])
    if not text:
        raise ContactMissing(field="contact")
    if "@" in text:
        return Contact("email", _email(text))
    if not re.search("[0-9]", text) or re.search("[A-Za-z]", text):
        raise NotContact(field="contact")
    try:
        return Contact("phone", phone.parse(text))
    except phone.NotMobile as no:
        raise phone.NotMobile(field="contact") from no


def _email(text: str) -> str:
    """Lower case as a whole: nobody has two people behind two spellings of one address."""
    from email_validator import EmailNotValidError, validate_email  # its tables are read when somebody types an address

    try:
        found = validate_email(text, check_deliverability=False, allow_smtputf8=False, test_environment=True)
    except EmailNotValidError as error:
        raise NotEmail(field="contact") from error
    return found.normalized.lower()


def check_reachable(contact: Contact, *, has_sms: bool) -> None:
    """Say it before anybody waits for a message that cannot come; the same for known and unknown numbers."""
    if contact.kind == "phone" and not has_sms:
        raise SmsNotReady(field="contact")


# ---- sessions ------------------------------------------------------------------------------------------------------------------


def is_alive(*, life: Life, created_at: datetime, last_seen_at: datetime, now: datetime) -> bool:
    """Neither idle too long nor too old (ASVS 7.3.1, 7.3.2)."""
    return now < created_at + life.absolute and now < last_seen_at + life.idle


def is_fresh(*proofs: datetime | None, now: datetime) -> bool:
    """Whether one of these instants, of a sign-in or of a code typed, is so recent that nothing need be asked again."""
    return any(proof is not None and now - proof < FRESH for proof in proofs)


def safe_next(path: str | None) -> str | None:
    """A page of ours to go on to, or None: one leading slash, no host, no backslash, no control character (ASVS 3.7.2)."""
    if not path or not path.startswith("/") or path.startswith("//") or "\\" in path or not path.isprintable():
        return None
    parts = urlsplit(path)
    return None if parts.scheme or parts.netloc else path


# ---- one-time passwords of an authenticator ------------------------------------------------------------------------------------


def totp_steps(now: datetime) -> list[int]:
    """The time steps whose code counts now: this one, and for a few seconds the one before."""
    step, seconds = divmod(int(now.timestamp()), TOTP_STEP_SECONDS)
    return [step, step - 1] if seconds < TOTP_GRACE_SECONDS else [step]
