"""What finance types about a line of the bank."""

from typing import Any

from flask import request
from flask_babel import lazy_gettext as _l
from wtforms import TextAreaField
from wtforms.validators import Length

from sertakan.bank.rules import MEGABYTES, FileMissing
from sertakan.kit.sheet import SheetTooBig
from sertakan.kit.text import many_lines
from sertakan.web.forms import BaseForm, Required, TextField

NOTE_LONGEST = 300


class FileForm(BaseForm):
    """The bank's file, which is read from the request and not from a field."""

    file_error = ""


class BookForm(BaseForm):
    """The sponsorship whose bill the money is for."""

    code = TextField(_l("Nomor dukungan"), [Required(_l("Isi nomor dukungan"))], longest=20)


class AsideForm(BaseForm):
    """Why the money is for nothing of ours."""

    note = TextAreaField(
        _l("Alasan"),
        filters=[lambda text: many_lines(text or "")],
        validators=[Required(_l("Tulis alasannya, supaya yang lain tahu sebabnya.")), Length(max=NOTE_LONGEST)],
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
