"""What a company adds, and the code that an employee was given."""

from flask_babel import lazy_gettext as _l
from wtforms import DateField, HiddenField, RadioField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import NumberRange

from sertakan.matching.rules import MOST_RUPIAH, Facts
from sertakan.web.forms import BaseForm, Required, RupiahField, TextField

_CAP = NumberRange(1, MOST_RUPIAH, _l("Paling banyak Rp10.000.000.000"))


class EmptyForm(BaseForm):
    """Only the form token: a button."""


class RuleForm(BaseForm):
    percent = RadioField(
        _l("Yang ditambahkan"),
        choices=[
            SelectChoice(100, _l("Sebanyak bulan yang dibayar karyawan")),
            SelectChoice(50, _l("Separuh bulan yang dibayar karyawan")),
        ],
        coerce=int,
        validators=[Required(_l("Pilih salah satu"))],
    )
    cap_person = RupiahField(
        _l("Batas untuk setiap karyawan"), validators=[Required(_l("Tulis batasnya, misalnya 200.000")), _CAP]
    )
    cap = RupiahField(_l("Batas seluruhnya"), validators=[Required(_l("Tulis batasnya, misalnya 10.000.000")), _CAP])
    until = DateField(_l("Dapat diminta sampai"), validators=[Required(_l("Pilih tanggalnya"))])

    @property
    def facts(self) -> Facts:
        """What was said; only of a form that was found valid."""
        assert self.until.data is not None
        return Facts(self.percent.data, self.cap_person.data or 0, self.cap.data or 0, self.until.data)


class ClaimForm(BaseForm):
    code = TextField(
        _l("Kode dari perusahaan"), validators=[Required(_l("Isi kode yang Anda terima dari bagian SDM"))], longest=20
    )
    seen = HiddenField()
    yes = HiddenField()
