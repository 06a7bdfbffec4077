"""Our form base and fields. Bad input gets a sentence and loses nothing that was typed."""

from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.form import _Auto
from wtforms import Field, IntegerField, StringField
from wtforms.validators import StopValidation, ValidationError

from sertakan.kit import money, nik, phone, text
from sertakan.kit.errors import N_, Refused
from sertakan.kit.months import Month
from sertakan.web.errors import say

MAX_LENGTH = 10_000
# WTForms speaks no Indonesian; what it says by itself is said in our words
BUILT_IN: dict[str, str] = {
    "Not a valid choice.": N_("Pilih salah satu dari daftar"),
    "Invalid Choice: could not coerce.": N_("Pilih salah satu dari daftar"),
    "'%(value)s' is not a valid choice for this field.": N_("Pilih dari daftar"),
    "'%(value)s' are not valid choices for this field.": N_("Pilih dari daftar"),
    "Not a valid date value.": N_("Isi tanggal yang ada di kalender"),
    "Not a valid integer value.": N_("Isi dengan angka"),
    "Field cannot be longer than %(max)d characters.": N_("Terlalu panjang: paling banyak %(max)d huruf."),
    "This field is required.": N_("Isi bagian ini"),
}


class _OurWords:
    """The translations that WTForms asks for."""

    def gettext(self, words: str) -> str:
        return str(_(BUILT_IN[words])) if words in BUILT_IN else words

    def ngettext(self, _one: str, many: str, _count: int) -> str:
        return self.gettext(many)


class BaseForm(FlaskForm):
    """Every form: text is normalised once, over-long text is refused with a sentence, a Refused of a rule lands on its field."""

    class Meta(FlaskForm.Meta):
        def get_translations(self, _form: Any) -> _OurWords:
            return _OurWords()

        def wrap_formdata(self, form: Any, formdata: Any) -> Any:
            """Only the fields of a form: a JSON body or a file under a field's name is not text and counts as nothing typed."""
            if formdata is not _Auto:
                return formdata
            return request.form if form.is_submitted() else None

    form_errors: list[str]

    def refuse(self, no: Refused) -> None:
        """Show a rule's refusal beside the field it names, or above the form."""
        field: Any = self._fields.get(no.field or "")
        if field is None:
            self.form_errors = [*self.form_errors, say(no)]
        else:
            field.errors = [*field.errors, say(no)]

    @property
    def sent(self) -> bool:
        return request.method == "POST" and bool(self.validate())


class TextField(StringField):
    """One line of text: Unicode normalised, control characters dropped, ends trimmed."""

    def __init__(self, label: Any = None, validators: Any = None, *, longest: int = 120, **kwargs: Any) -> None:
        super().__init__(label, validators, **kwargs)
        self.longest = longest

    def process_formdata(self, valuelist: list[str]) -> None:
        if valuelist:
            self.data = text.one_line(valuelist[0][:MAX_LENGTH])

    def pre_validate(self, form: Any) -> None:
        if self.data and len(self.data) > self.longest:
            raise StopValidation(_("Terlalu panjang: paling banyak %(most)s huruf.", most=self.longest))


class NikField(TextField):
    """16 digits; keeps what was typed, `.value` is the checked Nik."""

    value: nik.Nik | None = None

    def pre_validate(self, form: Any) -> None:
        try:
            self.value = nik.check(self.data or "")
        except Refused as no:
            raise StopValidation(say(no)) from no


class PhoneField(TextField):
    """An Indonesian mobile number; `.value` is E.164 or None when empty."""

    value: str | None = None

    def pre_validate(self, form: Any) -> None:
        if not self.data:
            return
        try:
            self.value = phone.parse(self.data)
        except Refused as no:
            raise StopValidation(say(no)) from no


class RupiahField(IntegerField):
    """Whole rupiah; accepts `Rp1.500.000`, `1500000`; refuses fractions, signs, exponents and other digits than 0 to 9."""

    def process_formdata(self, valuelist: list[str]) -> None:
        if not valuelist or not valuelist[0].strip():
            self.data = None
            return
        try:
            self.data = money.parse(valuelist[0])
        except Refused as no:
            self.data = None
            raise ValueError(say(no)) from no


class MonthField(StringField):
    """`2026-12`; `.data` is a Month."""

    data: Month | None

    def _value(self) -> str:
        return str(self.raw_data[0]) if self.raw_data else str(self.data or "")

    def process_formdata(self, valuelist: list[str]) -> None:
        if valuelist and valuelist[0]:
            try:
                self.data = Month.parse(valuelist[0])
            except ValueError as error:
                self.data = None
                raise ValueError(_("Pilih bulannya")) from error


class Required:
    """Says what to fill in, not merely that something is missing."""

    def __init__(self, message: Any = None) -> None:
        self.message = message or _l("Isi bagian ini")
        self.field_flags = {"required": True}

    def __call__(self, form: Any, field: Field) -> None:
        if field.data in (None, "", False):
            field.errors = []
            raise StopValidation(str(self.message))


__all__ = [
    "BaseForm",
    "MonthField",
    "NikField",
    "PhoneField",
    "Required",
    "RupiahField",
    "TextField",
    "ValidationError",
]
