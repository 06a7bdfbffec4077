"""A new token: what for, what it may do, and that its maker has understood."""

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, SelectMultipleField
from wtforms.fields.choices import SelectChoice

from sertakan.api.rules import SCOPES
from sertakan.web.forms import BaseForm, Required, TextField, ValidationError


class EmptyForm(BaseForm):
    """Only the form token: a button."""


class HookForm(BaseForm):
    url = TextField(_l("Alamat (https://…)"), validators=[Required(_l("Tulis alamat yang menerima kabar"))], longest=500)


class TokenForm(BaseForm):
    name = TextField(
        _l("Dipakai untuk apa?"), validators=[Required(_l("Tulis dipakai untuk apa, misalnya sistem gaji"))], longest=80
    )
    scopes = SelectMultipleField(
        _l("Boleh apa"),
        choices=[SelectChoice(scope.value, words) for scope, words in SCOPES.items()],
    )
    sure = BooleanField(
        _l("Saya paham: siapa pun yang memegang token dapat melakukan hal di atas atas nama lembaga ini"),
        validators=[Required(_l("Centang bila Anda paham"))],
    )

    def validate_scopes(self, field: SelectMultipleField) -> None:
        if not field.data:
            raise ValidationError(str(_l("Pilih sedikitnya satu")))
