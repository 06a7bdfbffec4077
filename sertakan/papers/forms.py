"""Which paper is asked for, and the code that is checked."""

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, IntegerField
from wtforms.validators import NumberRange, Optional

from sertakan.papers.rules import PaperKind
from sertakan.web.forms import BaseForm, Required, TextField, ValidationError


class AskForm(BaseForm):
    kind = HiddenField()
    year = IntegerField(_l("Tahun"), validators=[Optional(), NumberRange(2000, 2100, message=_l("Pilih tahunnya"))])
    part = IntegerField(_l("Bagian"), default=1, validators=[Optional(), NumberRange(1, 1_000, message=_l("Pilih bagiannya"))])

    def validate_kind(self, field: HiddenField) -> None:
        if field.data not in set(PaperKind):
            raise ValidationError(str(_l("Pilih dokumennya")))


class CodeForm(BaseForm):
    code = TextField(_l("Kode"), validators=[Required(_l("Tulis kode yang tercetak di dokumen atau kartu"))], longest=40)
