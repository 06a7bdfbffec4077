"""What an officer writes about a batch."""

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, TextAreaField
from wtforms.validators import Length

from sertakan.kit.text import many_lines
from sertakan.web.forms import BaseForm, Required

NOTE_LONGEST = 300


class DecideForm(BaseForm):
    """Why everyone may be approved without an attestation of her own."""

    seen = HiddenField()
    note = TextAreaField(
        _l("Mengapa boleh disetujui sekaligus"),
        filters=[lambda text: many_lines(text or "")],
        validators=[
            Required(_l("Tulis alasannya, misalnya: lima contoh diperiksa, perusahaan menyatakan semuanya bekerja.")),
            Length(max=NOTE_LONGEST),
        ],
    )
