"""What a maker sends: a file, or NIK typed one a line."""

from typing import Any

from flask import request
from flask_babel import lazy_gettext as _l
from wtforms import TextAreaField
from wtforms.validators import Length, Optional

from sertakan.employees.rules import MEGABYTES
from sertakan.kit.sheet import SheetTooBig
from sertakan.kit.text import many_lines
from sertakan.web.forms import BaseForm


class EmptyForm(BaseForm):
    """Only the form token: a button."""


class ListForm(BaseForm):
    typed = TextAreaField(
        _l("Atau ketik NIK, satu per baris"),
        filters=[lambda text: many_lines(text or "")],
        validators=[Optional(), Length(max=20_000, message=_l("Terlalu panjang. Untuk daftar sepanjang ini, pakai berkas."))],
    )
    file_error = ""


def sent_file() -> bytes:
    """The bytes under `file`, none when no file was chosen. Refuses SheetTooBig; reads no more than is allowed."""
    given: Any = request.files.get("file")
    if given is None or not given.filename:
        return b""
    data: bytes = given.stream.read((MEGABYTES << 20) + 1)
    if len(data) > MEGABYTES << 20:
        raise SheetTooBig(field="file", limit=MEGABYTES)
    return data
