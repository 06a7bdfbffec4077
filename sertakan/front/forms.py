"""The form of the style page: every kind of field, some of them wrong. It is never sent anywhere."""

from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, RadioField, SelectField, SelectMultipleField, TextAreaField
from wtforms.fields.choices import SelectChoice

from sertakan.web.forms import BaseForm, NikField, PhoneField, Required, TextField


class SampleForm(BaseForm):
    """Invented answers; the NIK is a digit short and the consent is missing."""

    class Meta:
        csrf = False

    nik = NikField(_l("NIK"))
    name = TextField(_l("Nama sesuai KTP"), [Required()])
    phone = PhoneField(_l("Nomor HP pekerja"))
    start = SelectField(_l("Mulai"), choices=[SelectChoice("2026-12", "Desember 2026"), SelectChoice("2027-01", "Januari 2027")])
    count = RadioField(_l("Berapa lama?"), choices=[SelectChoice("3", "3"), SelectChoice("6", "6")])
    kelurahan = SelectMultipleField(
        _l("Kelurahan"), choices=[SelectChoice(one, one) for one in ("Akcaya", "Benua Melayu Darat", "Parit Tokaya")]
    )
    agreed = BooleanField(_l("Saya sudah memberi tahu pekerja dan ia setuju didaftarkan ke BPJS Ketenagakerjaan."))
    note = TextAreaField(_l("Catatan"))

    def validate_agreed(self, field: BooleanField) -> None:
        """Refused on purpose, so that the error summary has two lines."""
        Required(_l("Centang bila pekerja sudah setuju didaftarkan"))(self, field)


def filled() -> SampleForm:
    """The form as somebody left it, with its errors."""
    answers = {"nik": "6171 0452 0384 000", "name": "Sumiati", "start": "2027-01", "count": "6"}
    form = SampleForm(MultiDict({f"sample-{name}": answer for name, answer in answers.items()}), prefix="sample")
    form.validate()
    return form
