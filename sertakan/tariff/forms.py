"""The calculator's question, sent by GET so that an answer can be shared as a link. Nothing typed is lost, nothing is kept."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, RadioField, SelectField
from wtforms.validators import StopValidation

from sertakan.kit import clock
from sertakan.kit.months import Month, span
from sertakan.tariff import queries
from sertakan.tariff.rules import Package, PayerKind
from sertakan.web.filters import bulan
from sertakan.web.forms import BaseForm, RupiahField, TextField

MOST_MONTHS = 24
DEFAULT_MONTHS = 6
DEFAULT_OCCUPATION = "asisten_rumah_tangga"
MONTHS_BACK = 11
MONTHS_AHEAD = 24
PAYERS = {"saya": PayerKind.private, "perusahaan": PayerKind.company, "apbd": PayerKind.government}


class CalculatorForm(BaseForm):
    """Which work, who pays, which months, which programmes. Every field has an answer before anybody touches it."""

    class Meta:
        csrf = False  # a GET form that changes nothing

    occupation = SelectField(_l("Pekerjaan"), name="pekerjaan", validate_choice=False, default=DEFAULT_OCCUPATION)
    payer = RadioField(_l("Siapa yang membayar?"), name="pembayar", validate_choice=False, default="saya")
    first_month = SelectField(_l("Mulai iuran bulan"), name="mulai", validate_choice=False)
    count = TextField(_l("Berapa bulan?"), name="lama", default=str(DEFAULT_MONTHS), longest=4)
    with_jht = BooleanField(_l("Dengan Jaminan Hari Tua (JHT)"), name="jht")
    income = RupiahField(_l("Penghasilan sebulan"), name="penghasilan")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        this_month = clock.this_month()
        self.months = span(this_month + -MONTHS_BACK, MONTHS_BACK + 1 + MONTHS_AHEAD)
        self.first_month.choices = [(str(month), bulan(month)) for month in self.months]
        self.first_month.data = self.first_month.data or str(this_month + 1)
        self.payer.choices = [("saya", _("Warga")), ("perusahaan", _("Perusahaan")), ("apbd", _("Pemerintah (APBD atau APBN)"))]
        self.occupation.choices = self.groups = _grouped_occupations()

    def validate_occupation(self, field: SelectField) -> None:
        if queries.find_occupation(field.data) is None:
            raise StopValidation(_("Pilih pekerjaan dari daftar."))

    def validate_payer(self, field: RadioField) -> None:
        if field.data not in PAYERS:
            raise StopValidation(_("Pilih siapa yang membayar."))

    def validate_first_month(self, field: SelectField) -> None:
        if field.data not in {str(month) for month in self.months}:
            limits = {"first": bulan(self.months[0]), "last": bulan(self.months[-1])}
            raise StopValidation(_("Pilih bulan dari %(first)s sampai %(last)s.", **limits))

    def validate_count(self, field: TextField) -> None:
        typed = field.data or ""
        if not (typed.isascii() and typed.isdigit() and 1 <= int(typed) <= MOST_MONTHS):
            raise StopValidation(_("Isi 1 sampai %(most)s bulan, dengan angka.", most=MOST_MONTHS))

    @property
    def asked_months(self) -> list[Month]:
        return span(Month.parse(self.first_month.data), int(self.count.data or DEFAULT_MONTHS))

    @property
    def work(self) -> queries.Work:
        return queries.get_occupation(self.occupation.data)

    @property
    def payer_kind(self) -> PayerKind:
        return PAYERS[self.payer.data]

    @property
    def package(self) -> Package:
        return Package.jkk_jkm_jht if self.with_jht.data else Package.jkk_jkm


def _grouped_occupations() -> dict[str, list[tuple[str, str]]]:
    groups: dict[str, list[tuple[str, str]]] = {group.code: [] for group in queries.list_groups()}
    for work in queries.list_occupations():
        groups[work.group].append((work.code, _(work.label)))
    return {_(group.label): groups[group.code] for group in queries.list_groups()}
