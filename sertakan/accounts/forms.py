"""What people type to sign in and about themselves."""

import re
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, PasswordField, RadioField, StringField
from wtforms.fields.choices import SelectChoice

from sertakan.accounts.rules import LONGEST_PASSWORD
from sertakan.web.forms import BaseForm, Required, TextField


class CodeField(StringField):
    """Six digits; spaces and dashes between them do not matter."""

    def process_formdata(self, valuelist: list[str]) -> None:
        if valuelist:
            self.data = re.sub(r"[\s\-.]", "", valuelist[0][:40])


class SecretField(PasswordField):
    """A password exactly as typed: nothing is cut, trimmed or normalised here (ASVS 6.2.8)."""

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = valuelist[0][: LONGEST_PASSWORD + 1] if valuelist else ""


class ContactForm(BaseForm):
    contact = TextField(_l("E-mail atau nomor HP"), validators=[Required(_l("Isi e-mail atau nomor HP Anda"))], longest=254)


class CodeForm(BaseForm):
    code = CodeField(_l("Kode 6 angka"), validators=[Required(_l("Isi kode 6 angka"))])


class FactorForm(BaseForm):
    """The authenticator's six digits, or one of the codes on paper."""

    code = TextField(_l("Kode autentikator atau kode cadangan"), validators=[Required(_l("Isi kodenya"))], longest=40)


class EmptyForm(BaseForm):
    """Only the form token: a button."""


class StaffForm(BaseForm):
    email = TextField(_l("E-mail"), validators=[Required(_l("Isi e-mail Anda"))], longest=254)
    password = SecretField(_l("Kata sandi"), validators=[Required(_l("Isi kata sandi"))])


class SetupForm(BaseForm):
    password = SecretField(_l("Kata sandi baru"), validators=[Required(_l("Isi kata sandi"))])
    code = CodeField(_l("Kode 6 angka dari aplikasi autentikator"), validators=[Required(_l("Isi kode 6 angka"))])


class PasswordForm(BaseForm):
    old = SecretField(_l("Kata sandi lama"), validators=[Required(_l("Isi kata sandi lama"))])
    password = SecretField(_l("Kata sandi baru"), validators=[Required(_l("Isi kata sandi"))])
    end_others = BooleanField(_l("Keluarkan semua perangkat lain"), default=True)


class ProfileForm(BaseForm):
    name = TextField(_l("Nama Anda"), validators=[Required(_l("Isi nama Anda"))], longest=120)
    locale = RadioField(_l("Bahasa pesan"), choices=[SelectChoice("id", "Bahasa Indonesia"), SelectChoice("en", "English")])
    reminders = BooleanField(_l("Ingatkan saya sebelum perlindungan berakhir"))

    @classmethod
    def of(cls, person: Any) -> "ProfileForm":
        return cls(data={"name": person.name, "locale": person.locale, "reminders": person.muted_at is None})
