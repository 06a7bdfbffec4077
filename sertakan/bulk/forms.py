"""What a maker and a checker type beside the file itself."""

from typing import Any

from flask import request
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, RadioField, SelectField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, Optional

from sertakan.bulk.rules import MEGABYTES, FileMissing
from sertakan.kit.sheet import SheetTooBig
from sertakan.kit.text import many_lines
from sertakan.web.forms import BaseForm, MonthField, PhoneField, Required, TextField

COUNTS = (1, 3, 6, 12)


class EmptyForm(BaseForm):
    """Only the form token: a button."""


class UploadForm(BaseForm):
    first_month = MonthField(_l("Mulai bulan"), validators=[Required(_l("Pilih bulannya"))])
    count = RadioField(
        _l("Lama"),
        choices=[SelectChoice(count, _l("%(count)s bulan", count=count)) for count in COUNTS],
        coerce=int,
        validators=[Required(_l("Pilih lamanya"))],
    )


class DecreeUploadForm(UploadForm):
    """Of a government body: under which decree, for any number of its months."""

    decree = SelectField(_l("Dasar SK"), validators=[Required(_l("Pilih SK yang menjadi dasarnya"))])
    count = SelectField(
        _l("Lama"),
        choices=[SelectChoice(count, _l("%(count)s bulan", count=count)) for count in range(1, 13)],
        coerce=int,
        validators=[Required(_l("Pilih lamanya"))],
    )


class ReplaceForm(BaseForm):
    """Who takes over an office, and after which month."""

    last_month = SelectField(_l("Bulan terakhir yang lama"), validators=[Required(_l("Pilih bulannya"))])
    nik = TextField(_l("NIK yang baru"), validators=[Required(_l("Isi NIK, 16 angka di bagian atas KTP"))], longest=40)
    name = TextField(_l("Nama yang baru"), validators=[Required(_l("Isi nama seperti di KTP"))], longest=100)
    phone = PhoneField(_l("Nomor HP"), longest=30)


class RenewForm(BaseForm):
    """Whose cover ends when, and for how long it goes on."""

    ends = RadioField(_l("Berakhir"), validators=[Required(_l("Pilih bulannya"))])
    count = RadioField(
        _l("Diperpanjang"),
        choices=[SelectChoice(count, _l("%(count)s bulan", count=count)) for count in COUNTS],
        coerce=int,
        validators=[Required(_l("Pilih lamanya"))],
    )


class MarkForm(BaseForm):
    """`seen` is the fingerprint of the result that was on the page."""

    seen = HiddenField()


class BackForm(BaseForm):
    note = TextAreaField(
        _l("Apa yang perlu diubah?"),
        filters=[lambda text: many_lines(text or "")],
        validators=[Optional(), Length(max=500)],
    )


def sent_file() -> tuple[str, bytes]:
    """Name and bytes of the file under `file`. Refuses FileMissing, SheetTooBig; reads no more than is allowed."""
    given: Any = request.files.get("file")
    if given is None or not given.filename:
        raise FileMissing(field="file")
    data = given.stream.read((MEGABYTES << 20) + 1)
    if len(data) > MEGABYTES << 20:
        raise SheetTooBig(field="file", limit=MEGABYTES)
    return str(given.filename), data
