"""What an officer notes about a call."""

from flask_babel import lazy_gettext as _l
from wtforms import RadioField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, Optional

from sertakan.gaps.rules import NOTE_LONGEST, OUTCOMES
from sertakan.kit.text import many_lines
from sertakan.web.forms import BaseForm, Required


class CallForm(BaseForm):
    outcome = RadioField(
        _l("Hasil telepon"),
        choices=[SelectChoice(outcome.value, _l(words)) for outcome, words in OUTCOMES.items()],
        validators=[Required(_l("Pilih hasilnya dulu"))],
    )
    note = TextAreaField(
        _l("Catatan"), filters=[lambda text: many_lines(text or "")], validators=[Optional(), Length(max=NOTE_LONGEST)]
    )


class NumberForm(BaseForm):
    """A button, nothing else."""
