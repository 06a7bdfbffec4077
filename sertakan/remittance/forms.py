"""What finance and officers type."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, IntegerField, RadioField, SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import NumberRange, Optional

from sertakan.remittance import rules
from sertakan.remittance.rules import REASONS, Result
from sertakan.web.forms import BaseForm, MonthField, Required, RupiahField, TextField


class GatherForm(BaseForm):
    through = MonthField(_l("Sampai bulan iuran"), validators=[Required(_l("Pilih bulannya"))])
    most = IntegerField(
        _l("Paling banyak berapa bulan"),
        default=rules.MOST_MONTHS,
        validators=[Optional(), NumberRange(1, rules.MOST_MONTHS, _l("Isi angka 1 sampai 50.000"))],
    )


class StepForm(BaseForm):
    """A button alone."""


class CodeForm(BaseForm):
    payment_code = TextField(_l("Kode iuran"), longest=40)


class PaidForm(BaseForm):
    proof = TextField(_l("Nomor bukti setor"), longest=120)
    amount = RupiahField(_l("Jumlah di bukti setor"), validators=[Required(_l("Isi jumlah di bukti setor"))])


class DropForm(BaseForm):
    reason = TextField(_l("Alasan membatalkan"), longest=200, validators=[Required(_l("Tulis alasannya dulu"))])


class AnswerForm(BaseForm):
    """One line's answer by hand."""

    result = RadioField(
        _l("Jawaban BPJS Ketenagakerjaan"),
        choices=[SelectChoice(Result.posted.value, _l("Aktif")), SelectChoice(Result.bounced.value, _l("Ditolak"))],
        validators=[Required(_l("Pilih jawabannya dulu"))],
    )
    reason = SelectField(
        _l("Alasan ditolak"),
        choices=[SelectChoice("", _l("Pilih")), *(SelectChoice(reason.value, _l(words)) for reason, words in REASONS.items())],
        validators=[Optional()],
    )
    evidence = TextField(_l("Bukti"), longest=120)


class CorrectForm(BaseForm):
    name = TextField(_l("Nama sesuai KTP"), longest=120)
    nik = TextField(_l("NIK sesuai KTP"), longest=22)


class ConfirmForm(BaseForm):
    seen = HiddenField()


def columns_form(kind: str) -> type[BaseForm]:
    """A title and a place for every field of a map."""
    ours = rules.EXPORT_FIELDS if kind == "export" else rules.ANSWER_FIELDS
    fields: dict[str, Any] = {}
    for field, label in ours.items():
        fields[f"title_{field}"] = TextField(label, longest=60)
        fields[f"place_{field}"] = IntegerField(label, validators=[Optional(), NumberRange(0, 99, _l("Isi angka 0 sampai 99"))])
    return type("ColumnsForm", (BaseForm,), fields)
