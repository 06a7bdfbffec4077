"""What a resident types on her way, one form a step. Each keeps what was typed; rules decide what follows from it."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, RadioField, SelectField, SubmitField, TextAreaField
from wtforms.validators import StopValidation

from sertakan.kit import clock, text
from sertakan.kit.errors import Refused
from sertakan.places.queries import Place
from sertakan.sponsorships import answers as steps
from sertakan.sponsorships import refusals
from sertakan.sponsorships.answers import Answers
from sertakan.tariff import queries as tariff_queries
from sertakan.tariff.queries import Work
from sertakan.web.errors import say
from sertakan.web.forms import MAX_LENGTH, BaseForm, NikField, PhoneField, Required, TextField
from sertakan.workers import rules as worker_rules

ANSWER_LONGEST = 1_000
OTHER = "lainnya"
EVERYWHERE, ANY_WORK = "semua", ""  # the list's own words for a choice left open


class OccupationForm(BaseForm):
    """Step 1: one of the eight cards; the last opens the whole catalogue."""

    occupation = RadioField(_l("Apa pekerjaannya?"), validate_choice=False)
    other = SelectField(_l("Sebutkan pekerjaannya (boleh kosong)"), validate_choice=False)
    not_paid_by_city = RadioField(_l("Apakah iurannya sudah dibayar kota?"), validate_choice=False)

    groups: dict[str, list[tuple[str, str]]]

    def offer(self) -> None:
        """The cards and the catalogue of this day."""
        cards = tariff_queries.common_occupations()
        on_cards = {work.code for work, _label in cards}
        self.occupation.choices = [(work.code, _(label)) for work, label in cards]
        others = [work for work in tariff_queries.list_occupations() if work.code not in on_cards]
        self.groups = {
            _(group.label): [(work.code, _(work.label)) for work in others if work.group == group.code]
            for group in tariff_queries.list_groups()
        }
        self.groups = {label: works for label, works in self.groups.items() if works}

    @property
    def chosen(self) -> Work | None:
        """The work that was chosen: a card, or what the catalogue names when no other card says otherwise."""
        code = self.occupation.data
        named = self.other.data if code in (OTHER, None, "") else None
        return tariff_queries.find_occupation(named or code)

    @property
    def asks_about_city(self) -> bool:
        return self.chosen is not None and self.chosen.likely_government_paid

    def show(self, answers: Answers) -> None:
        """Tick what was answered before."""
        code = answers.occupation_code
        on_card = code in {value for value, _label in self.occupation.choices}
        self.occupation.data = code if on_card or not code else OTHER
        self.other.data = "" if on_card else code
        self.not_paid_by_city.data = "no" if answers.not_paid_by_city else None

    def fill(self, answers: Answers) -> Answers:
        """The answers with this step's: choosing a work lets go of a worker chosen from the list."""
        code = self.chosen.code if self.chosen else ""
        return answers.but(occupation_code=code, not_paid_by_city=self.not_paid_by_city.data == "no", waiting_code="", held_as="")

    def validate_occupation(self, field: RadioField) -> None:
        if self.chosen is None:
            _refuse(refusals.OccupationMissing())

    def validate_not_paid_by_city(self, field: RadioField) -> None:
        if not self.asks_about_city:
            return
        if field.data != "no":
            _refuse(refusals.CityAlreadyPays() if field.data == "yes" else refusals.CityPays())


class PickForm(BaseForm):
    """Where the one to be chosen for the sponsor may wait, and which work she does; both may be left open."""

    kelurahan = SelectField(_l("Kelurahan"), default=EVERYWHERE)
    group = RadioField(_l("Pekerjaan"), default=ANY_WORK)

    groups: dict[str, list[tuple[str, str]]]

    def offer(self, kelurahan: Mapping[str, Sequence[Place]], works: Sequence[tuple[str, str]]) -> None:
        """The whole city first, then the kelurahan under their kecamatan; any work first."""
        places = {name: [(place.code, place.name) for place in found] for name, found in kelurahan.items()}
        self.groups = {_("Seluruh kota"): [(EVERYWHERE, _("Di mana saja"))], **places}
        self.kelurahan.choices = [choice for choices in self.groups.values() for choice in choices]
        self.group.choices = [(ANY_WORK, _("Pekerjaan apa saja")), *works]

    def forget_unknown(self) -> None:
        """What stands in the address and is not on offer counts as left open."""
        for field in (self.kelurahan, self.group):
            if field.data not in {value for value, _words in field.choices}:
                field.data = field.default


class DataForm(BaseForm):
    """Step 2, the only typing. Says nothing about whether anybody knows this NIK."""

    nik = NikField(_l("NIK"), longest=40)
    name = TextField(_l("Nama sesuai KTP"), [Required(_l("Isi nama sesuai KTP"))], longest=steps.NAME_LONGEST)
    worker_phone = PhoneField(_l("Nomor HP pekerja"), longest=30)
    kelurahan_code = SelectField(_l("Kelurahan tempat tinggal"), validate_choice=False)
    employs_others = BooleanField(_l("Pekerja ini mempekerjakan orang lain"))
    consent = BooleanField(_l("Saya sudah memberi tahu pekerja dan ia setuju didaftarkan ke BPJS Ketenagakerjaan."))

    groups: dict[str, list[tuple[str, str]]]

    def offer(self, kelurahan: Mapping[str, Sequence[Place]]) -> None:
        """The kelurahan under their kecamatan."""
        self.groups = {name: [(place.code, place.name) for place in places] for name, places in kelurahan.items()}

    def fill(self, answers: Answers) -> Answers:
        """As typed, right or wrong, so that nothing typed is ever lost."""
        codes = {code for places in self.groups.values() for code, _name in places}
        return answers.but(
            nik=(self.nik.data or "")[:40],
            name=(self.name.data or "")[: steps.NAME_LONGEST + 1],
            worker_phone=(self.worker_phone.data or "")[:30],
            kelurahan_code=self.kelurahan_code.data if self.kelurahan_code.data in codes else "",
            employs_others=bool(self.employs_others.data),
            consent=bool(self.consent.data),
            waiting_code="",
            held_as="",
        )

    def validate_nik(self, field: NikField) -> None:
        if field.value is not None:
            try:
                worker_rules.check_new_age(field.value.born_on, clock.today())
            except Refused as no:
                raise StopValidation(say(no)) from no

    def validate_consent(self, field: BooleanField) -> None:
        if not field.data:
            _refuse(refusals.ConsentMissing())


class LengthForm(BaseForm):
    """Step 3: how long, from when; savings and reminders."""

    count = RadioField(_l("Berapa lama?"), validate_choice=False)
    first_month = RadioField(_l("Mulai iuran bulan"), validate_choice=False)
    with_jht = BooleanField(_l("Tambah tabungan hari tua (JHT)"))
    remind = BooleanField(_l("Ingatkan saya sebelum berakhir"))
    go_on = SubmitField(_l("Lanjut"))

    def show(self, answers: Answers, today: date) -> None:
        """The presets and the two first months, with what is chosen now."""
        self.count.choices = [(str(count), count) for count in sorted({*steps.PRESETS, answers.count})]
        self.first_month.choices = [(str(month), month) for month in steps.start_months(today)]
        self.count.data, self.first_month.data = str(answers.count), answers.first_month
        self.with_jht.data, self.remind.data = answers.with_jht or answers.employs_others, answers.remind

    def fill(self, answers: Answers) -> Answers:
        """Nonsense becomes nothing chosen; savings are not a choice for those who employ others."""
        raw = self.count.data or ""
        return answers.but(
            count=int(raw) if raw.isascii() and raw.isdigit() and len(raw) <= 3 else 0,
            first_month=(self.first_month.data or "")[:7],
            with_jht=bool(self.with_jht.data),
            remind=bool(self.remind.data),
        )


class AnswerForm(BaseForm):
    """What the sponsor says to the officer's question."""

    answer = TextAreaField(_l("Jawaban Anda"), [Required(_l("Tulis jawaban Anda dulu"))])

    def validate_answer(self, field: TextAreaField) -> None:
        field.data = text.many_lines((field.data or "")[:MAX_LENGTH])
        if len(field.data) > ANSWER_LONGEST:
            raise StopValidation(_("Terlalu panjang: paling banyak %(most)s huruf.", most=ANSWER_LONGEST))


def _refuse(no: Refused) -> Any:
    raise StopValidation(say(no)) from no
