"""How much is paid ahead, and what a rule says. Nothing in them names a person."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, IntegerField, SelectField, SelectMultipleField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import NumberRange

from sertakan.places import queries as places
from sertakan.pool.rules import LEAST_TOPUP, MOST_MONTHS, MOST_TOPUP, MOST_WORKERS, Facts
from sertakan.tariff import queries as tariff
from sertakan.web.forms import BaseForm, Required, RupiahField, TextField


class EmptyForm(BaseForm):
    """Only the form token: a button."""


class TopUpForm(BaseForm):
    amount = RupiahField(
        _l("Jumlah"),
        validators=[
            Required(_l("Tulis jumlahnya, misalnya 5.000.000")),
            NumberRange(LEAST_TOPUP, MOST_TOPUP, _l("Dari Rp50.000 sampai Rp10.000.000.000")),
        ],
    )


class RuleForm(BaseForm):
    name = TextField(_l("Nama aturan"), validators=[Required(_l("Beri nama, misalnya Pedagang Pasar Flamboyan"))], longest=80)
    groups = SelectMultipleField(_l("Bidang pekerjaan"))
    kelurahan = SelectMultipleField(_l("Kelurahan"))
    months = SelectField(
        _l("Lama untuk setiap orang"),
        choices=[SelectChoice(count, _l("%(count)s bulan", count=count)) for count in range(1, MOST_MONTHS + 1)],
        coerce=int,
        validators=[Required(_l("Pilih lamanya"))],
    )
    most_workers = IntegerField(
        _l("Paling banyak"),
        validators=[
            Required(_l("Tulis jumlah orangnya")),
            NumberRange(1, MOST_WORKERS, _l("Dari 1 sampai 10.000 orang")),
        ],
    )
    keep_on = BooleanField(_l("Sebelum orang baru, perpanjang dulu yang sudah dilindungi aturan ini"))

    def offer(self) -> None:
        """The choices of today."""
        self.kelurahan.choices = [(one.code, one.name) for one in places.list_kelurahan()]
        self.groups.choices = [(one.code, _(one.label)) for one in tariff.list_groups()]

    @property
    def facts(self) -> Facts:
        """What was said; only of a form that was found valid."""
        return Facts(
            name=self.name.data or "",
            kelurahan=tuple(self.kelurahan.data or ()),
            groups=tuple(self.groups.data or ()),
            months=self.months.data,
            most_workers=self.most_workers.data or 0,
            keep_on=bool(self.keep_on.data),
        )
