"""What an officer types when deciding."""

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, RadioField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, Optional

from sertakan.kit.text import many_lines
from sertakan.review.rules import REASONS
from sertakan.web.forms import BaseForm, Required

LONGEST = 500


class ApproveForm(BaseForm):
    """`exception` is asked for only where there is no attestation."""

    seen = HiddenField()
    exception = TextAreaField(
        _l("Alasan pengecualian"), filters=[lambda text: many_lines(text or "")], validators=[Length(max=LONGEST)]
    )


class RejectForm(BaseForm):
    seen = HiddenField()
    reason = RadioField(
        _l("Alasan"),
        choices=[SelectChoice(reason.value, _l(words)) for reason, words in REASONS.items()],
        validators=[Required(_l("Pilih alasannya dulu"))],
    )
    note = TextAreaField(
        _l("Penjelasan untuk penanggung"),
        filters=[lambda text: many_lines(text or "")],
        validators=[Optional(), Length(max=LONGEST)],
    )


class AskForm(BaseForm):
    seen = HiddenField()
    question = TextAreaField(
        _l("Pertanyaan"),
        filters=[lambda text: many_lines(text or "")],
        validators=[Required(_l("Tulis pertanyaannya dulu")), Length(max=LONGEST)],
    )
