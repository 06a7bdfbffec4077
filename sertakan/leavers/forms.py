"""What a maker and a checker send beside the file itself."""

from typing import Any

from flask import request
from wtforms import HiddenField

from sertakan.kit.sheet import SheetTooBig
from sertakan.leavers.rules import MEGABYTES, FileMissing
from sertakan.web.forms import BaseForm


class EmptyForm(BaseForm):
    """Only the form token: a button, or a file."""

    file_error = ""


class MarkForm(BaseForm):
    """`seen` is the fingerprint of what was on the page."""

    seen = HiddenField()


def sent_file() -> tuple[str, bytes]:
    """Name and bytes of the file under `file`. Refuses FileMissing, SheetTooBig; reads no more than is allowed."""
    given: Any = request.files.get("file")
    if given is None or not given.filename:
        raise FileMissing(field="file")
    data = given.stream.read((MEGABYTES << 20) + 1)
    if len(data) > MEGABYTES << 20:
        raise SheetTooBig(field="file", limit=MEGABYTES)
    return str(given.filename), data
