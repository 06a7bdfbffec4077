"""How much, for how long, among whom. Nothing in it names a person, so it may stand in an address."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectField, SelectMultipleField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import NumberRange

from sertakan.kit.months import Month, span
from sertakan.places import queries as places
from sertakan.planner.queries import Wanted
from sertakan.planner.rules import LEAST_RUPIAH, MOST_MONTHS, MOST_RUPIAH
from sertakan.tariff import queries as tariff
from sertakan.web.filters import bulan
from sertakan.web.forms import BaseForm, Required, RupiahField

MONTHS_AHEAD = 3


class PlanForm(BaseForm):
    budget = RupiahField(
        _l("Anggaran"),
        validators=[
            Required(_l("Tulis anggarannya, misalnya 5.000.000")),
            NumberRange(LEAST_RUPIAH, MOST_RUPIAH, _l("Paling banyak Rp10.000.000.000")),
        ],
    )
    first_month = SelectField(_l("Mulai bulan"), validators=[Required(_l("Pilih bulannya"))])
    count = SelectField(
        _l("Lama untuk setiap orang"),
        choices=[SelectChoice(count, _l("%(count)s bulan", count=count)) for count in range(1, MOST_MONTHS + 1)],
        coerce=int,
        validators=[Required(_l("Pilih lamanya"))],
    )
    kelurahan = SelectMultipleField(_l("Kelurahan"))
    groups = SelectMultipleField(_l("Bidang pekerjaan"))

    def offer(self, this: Month) -> None:
        """The choices of today."""
        self.first_month.choices = [(str(month), bulan(month)) for month in span(this, MONTHS_AHEAD + 1)]
        self.kelurahan.choices = [(one.code, one.name) for one in places.list_kelurahan()]
        self.groups.choices = [(one.code, _(one.label)) for one in tariff.list_groups()]

    @property
    def wanted(self) -> Wanted:
        """What was asked; only of a form that was found valid."""
        return Wanted(
            budget_rupiah=self.budget.data or 0,
            first_month=Month.parse(self.first_month.data),
            count=self.count.data,
            kelurahan=tuple(self.kelurahan.data or ()),
            groups=tuple(self.groups.data or ()),
        )
