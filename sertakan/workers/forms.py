"""What an officer or an RT head types about a worker, and the one field of the worker who leaves the list."""

import re
from datetime import date

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, DateField, RadioField, SelectField, SelectMultipleField
from wtforms.validators import StopValidation

from sertakan.kit import clock
from sertakan.kit.codes import normalise_code
from sertakan.kit.errors import Refused
from sertakan.places import queries as places
from sertakan.tariff import queries as tariff
from sertakan.web.errors import say
from sertakan.web.forms import BaseForm, MonthField, NikField, PhoneField, Required, TextField
from sertakan.workers import rules
from sertakan.workers.models import ConsentGiver

ADDRESS_LONGEST = 160
_RT_RW = re.compile(r"([0-9]{1,3})\s*/\s*([0-9]{1,3})")


def works_by_group() -> dict[str, list[tuple[str, str]]]:
    """All occupations under the name of their group, for a grouped select."""
    works = tariff.list_occupations()
    groups = {
        _(one.label): [(work.code, _(work.label)) for work in works if work.group == one.code] for one in tariff.list_groups()
    }
    return {label: choices for label, choices in groups.items() if choices}


def kelurahan_by_kecamatan() -> dict[str, list[tuple[str, str]]]:
    return {kecamatan: [(place.code, place.name) for place in group] for kecamatan, group in places.by_kecamatan().items()}


class AboutForm(BaseForm):
    """At most two sentences about her, each from the list, and her yes to be listed."""

    phrases = SelectMultipleField(_l("Kalimat tentang dirinya (paling banyak dua)"), validate_choice=False)
    listed = BooleanField(_l("Ia setuju ditampilkan di daftar tunggu, tanpa nama, NIK, nomor HP, dan alamat."))

    def offer_phrases(self) -> None:
        self.phrases.choices = [(code, _(phrase)) for code, phrase in rules.PHRASES.items()]

    def validate_phrases(self, field: SelectMultipleField) -> None:
        try:
            rules.check_phrases(field.data or [])
        except Refused as no:
            raise StopValidation(say(no)) from no


class SeenForm(BaseForm):
    """A dated word that she works."""

    since_month = MonthField(_l("Bekerja sejak"))
    seen_on = DateField(_l("Terakhir terlihat bekerja"), [Required(_l("Isi tanggal terakhir ia terlihat bekerja"))])

    def validate_seen_on(self, field: DateField) -> None:
        if not isinstance(field.data, date):
            return
        try:
            rules.check_seen(self.since_month.data, field.data, clock.today())
        except Refused as no:
            raise StopValidation(say(no)) from no


class AttestForm(SeenForm):
    """Another attestation of a worker who is registered already."""

    occupation_code = SelectField(_l("Pekerjaan"), [Required(_l("Pilih pekerjaannya dulu"))], validate_choice=True)

    def offer(self) -> None:
        self.occupation_code.choices = {"": [("", _("Pilih pekerjaan"))]} | works_by_group()


class ListForm(AboutForm):
    """Putting a registered worker on the list: her yes is needed, heard by a witness."""

    def validate_listed(self, field: BooleanField) -> None:
        if not field.data:
            raise StopValidation(say(rules.ListedConsentMissing()))


class RegisterForm(AttestForm, AboutForm):
    """A worker who waits for a sponsor; her own phone is never needed."""

    nik = NikField(_l("NIK"), longest=40)
    name = TextField(_l("Nama sesuai KTP"), [Required(_l("Isi nama sesuai KTP"))], longest=100)
    phone = PhoneField(_l("Nomor HP"), longest=30)
    address = TextField(_l("Alamat"), [Required(_l("Isi alamatnya"))], longest=ADDRESS_LONGEST)
    rt_rw = TextField(_l("RT/RW"), longest=12)
    kelurahan_code = SelectField(_l("Kelurahan"), [Required(_l("Pilih kelurahan tempat ia bekerja atau tinggal"))])
    employs_others = BooleanField(_l("Ia mempekerjakan orang lain"))
    giver = RadioField(_l("Bagaimana ia menyatakan setuju?"), [Required(_l("Pilih bagaimana ia menyatakan setuju"))])
    registered = BooleanField(_l("Ia setuju didaftarkan, dan datanya dikirim ke BPJS Ketenagakerjaan."))

    def offer(self, own_kelurahan: str | None = None) -> None:
        """The choices of this day; an RT head's own kelurahan is chosen already."""
        super().offer()
        self.kelurahan_code.choices = {"": [("", _("Pilih kelurahan"))]} | kelurahan_by_kecamatan()
        if not self.is_submitted():
            self.kelurahan_code.data = own_kelurahan or ""
        self.offer_phrases()
        self.giver.choices = [
            (ConsentGiver.worker.value, _("Ia membubuhkan tanda tangan atau cap jempol di kertas")),
            (ConsentGiver.witness.value, _("Ia mengatakannya di depan saya sebagai saksi")),
        ]

    @property
    def full_address(self) -> str:
        match = _RT_RW.fullmatch(self.rt_rw.data or "")
        if match is None:
            return str(self.address.data)
        return f"{self.address.data}, RT {int(match[1]):03d}/RW {int(match[2]):03d}"

    def validate_nik(self, field: NikField) -> None:
        if field.value is not None:
            try:
                rules.check_new_age(field.value.born_on, clock.today())
            except Refused as no:
                raise StopValidation(say(no)) from no

    def validate_rt_rw(self, field: TextField) -> None:
        if field.data and not _RT_RW.fullmatch(field.data):
            raise StopValidation(_("Tulis RT/RW seperti 003/012"))

    def validate_registered(self, field: BooleanField) -> None:
        if not field.data:
            raise StopValidation(_("Centang bila pekerja sudah setuju didaftarkan"))


class LeaveForm(BaseForm):
    """The code on the worker's paper."""

    code = TextField(_l("Kode di kertas Anda"), [Required(_l("Isi kode di kertas Anda"))], longest=40)

    def validate_code(self, field: TextField) -> None:
        if normalise_code(field.data or "") is None:
            raise StopValidation(_("Kode terdiri dari 8 huruf dan angka. Contoh: 7KQ2-M9XF"))
