"""The code on a worker's paper, what she reports, and what staff did about it."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import RadioField, SubmitField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, Optional, StopValidation

from sertakan.consents import rules
from sertakan.kit.text import many_lines
from sertakan.web.forms import BaseForm, Required, TextField


class CodeForm(BaseForm):
    """What is printed on her paper."""

    code = TextField(_l("Kode di kertas Anda"), [Required(_l("Isi kode di kertas Anda"))], longest=60)

    def validate_code(self, field: TextField) -> None:
        if rules.normalise(field.data or "") is None:
            raise StopValidation(_("Kode terdiri dari 16 huruf dan angka, dalam empat kelompok. Salin persis seperti di kertas."))


class DecideForm(BaseForm):
    """Two buttons: yes or no."""

    agree = SubmitField(_l("Saya setuju"))
    refuse = SubmitField(_l("Saya tidak mau"))


class ReportForm(BaseForm):
    """A word to staff alone."""

    kind = RadioField(
        _l("Apa yang terjadi?"),
        choices=[SelectChoice(kind.value, _l(words)) for kind, words in rules.REPORTS.items()],
        validators=[Required(_l("Pilih salah satu"))],
    )
    words = TextAreaField(
        _l("Ceritakan (boleh kosong)"),
        filters=[lambda text: many_lines(text or "")],
        validators=[Optional(), Length(max=rules.LONGEST)],
    )


class HandleForm(BaseForm):
    """What staff did about a report."""

    outcome = TextAreaField(
        _l("Apa yang sudah dilakukan"),
        filters=[lambda text: many_lines(text or "")],
        validators=[Required(_l("Tulis apa yang sudah dilakukan")), Length(max=rules.LONGEST)],
    )
