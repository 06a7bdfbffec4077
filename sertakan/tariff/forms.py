"""The calculator's question, sent by GET so that an answer can be shared as a link; and what the administrator writes at the desk."""

import re
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, DateField, IntegerField, RadioField, SelectField, SubmitField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import NumberRange, StopValidation

from sertakan.kit import clock
from sertakan.kit.months import Month, span
from sertakan.tariff import queries
from sertakan.tariff.rules import Package, PayerKind, Programme, Rate, Relief, Sector
from sertakan.web.filters import bulan
from sertakan.web.forms import BaseForm, MonthField, Required, RupiahField, TextField

MOST_MONTHS = 24
DEFAULT_MONTHS = 6
DEFAULT_OCCUPATION = "asisten_rumah_tangga"
MONTHS_BACK = 11
MONTHS_AHEAD = 24
SECTORS = [
    SelectChoice(Sector.other.value, _l("Selain transportasi")),
    SelectChoice(Sector.transport.value, _l("Transportasi")),
]
PROGRAMMES = [SelectChoice(one.value, one.value.upper()) for one in (Programme.jkk, Programme.jkm, Programme.jht)]
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


# ---- the administrator's desk --------------------------------------------------------------------------------------------------


class WhyForm(BaseForm):
    """Every row names its law and where its words were read."""

    legal_basis = TextField(_l("Dasar hukum"), [Required(_l("Tulis dasar hukumnya, misalnya PP 50/2025 Pasal 3"))], longest=200)
    source = TextField(_l("Sumber"), [Required(_l("Tulis dari mana bunyinya dibaca"))], longest=200)


class DatedForm(WhyForm):
    """A row that is valid in months; without a last month it has no end."""

    first = MonthField(_l("Bulan iuran pertama"), [Required(_l("Pilih bulannya"))])
    last = MonthField(_l("Bulan iuran terakhir"))
    preview = SubmitField(_l("Pratinjau"))


class ReliefForm(DatedForm):
    """A relief window (keringanan)."""

    sector = RadioField(_l("Sektor"), choices=SECTORS, default=Sector.other.value)
    programme = RadioField(_l("Program"), choices=PROGRAMMES[:2], default=Programme.jkk.value)
    percent = IntegerField(
        _l("Potongan (persen)"), [Required(_l("Isi 1 sampai 100")), NumberRange(1, 100, _l("Isi 1 sampai 100"))]
    )
    excludes_government = BooleanField(_l("Tidak berlaku bila APBN atau APBD yang membayar"), default=True)

    @property
    def row(self) -> Relief:
        """As the pricing rules see it; it has no id yet."""
        first = self.first.data
        assert first is not None
        return Relief(
            0,
            Sector(self.sector.data),
            Programme(self.programme.data),
            self.percent.data or 0,
            first,
            self.last.data,
            self.excludes_government.data,
            self.legal_basis.data,
        )


class RateForm(DatedForm):
    """A programme's contribution: a part of the base, or a flat amount."""

    programme = RadioField(_l("Program"), choices=PROGRAMMES, default=Programme.jkk.value)
    percent = TextField(_l("Persen dari dasar upah"), longest=6)
    flat_rupiah = RupiahField(_l("Atau jumlah tetap"))

    @property
    def basis_points(self) -> int | None:
        """`1` or `0,5` percent as 100 or 50 basis points; None when it was left empty."""
        typed = (self.percent.data or "").replace(",", ".")
        return round(Decimal(typed) * 100) if typed else None

    def validate_percent(self, field: TextField) -> None:
        typed = field.data or ""
        if bool(typed) is (self.flat_rupiah.data is not None):
            raise StopValidation(_("Isi persen atau jumlah tetap, salah satu saja."))
        if typed and not re.fullmatch(r"[0-9]{1,2}([.,][0-9]{1,2})?", typed):
            raise StopValidation(_("Tulis persen dengan angka, misalnya 1 atau 0,3."))

    @property
    def row(self) -> Rate:
        """As the pricing rules see it; it has no id yet."""
        first = self.first.data
        assert first is not None
        programme = Programme(self.programme.data)
        return Rate(0, programme, self.basis_points, self.flat_rupiah.data, first, self.last.data, self.legal_basis.data)


class CloseForm(BaseForm):
    last = MonthField(_l("Bulan iuran terakhir"), [Required(_l("Pilih bulannya"))])


class HolidayForm(WhyForm):
    on_day = DateField(_l("Tanggal"), [Required(_l("Pilih tanggalnya"))])
    name = TextField(_l("Nama hari"), [Required(_l("Tulis nama harinya"))], longest=80)
    joint_leave = BooleanField(_l("Cuti bersama"))


def _grouped_occupations() -> dict[str, list[tuple[str, str]]]:
    groups: dict[str, list[tuple[str, str]]] = {group.code: [] for group in queries.list_groups()}
    for work in queries.list_occupations():
        groups[work.group].append((work.code, _(work.label)))
    return {_(group.label): groups[group.code] for group in queries.list_groups()}
