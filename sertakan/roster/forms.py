"""What is typed above the list."""

from flask_babel import lazy_gettext as _l
from wtforms.validators import Length

from sertakan.web.forms import BaseForm, Required, TextField


class SearchForm(BaseForm):
    """Sent in the body, never in the address: it may hold a NIK or a name."""

    words = TextField(
        _l("Nama, NIK, atau nomor dukungan"),
        validators=[
            Required(_l("Tulis nama, NIK, atau nomor dukungan")),
            Length(min=2, message=_l("Tulis sedikitnya dua huruf")),
        ],
        longest=100,
    )
