"""What a payer types: who she is, and how many months. And what finance types about money without a month."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, DateField, HiddenField, RadioField, SelectField, SelectMultipleField, SubmitField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, StopValidation

from sertakan.accounts.rules import Contact, parse_contact
from sertakan.kit.errors import Refused
from sertakan.kit.months import Month
from sertakan.kit.text import many_lines
from sertakan.payments.desk import REASONS
from sertakan.payments.rules import ASKABLE, DisputeLoss, account_number
from sertakan.sponsorships import refusals
from sertakan.sponsorships.answers import Answers
from sertakan.web.errors import say
from sertakan.web.forms import BaseForm, Required, TextField

NAME_LONGEST = 100
NOTE_LONGEST = 300
CONTACT_LONGEST = 120


class CheckForm(BaseForm):
    """Step 4: everything again, who pays, and the risks. `total` is the price that was on the page; `start` moves the first month."""

    sponsor_name = TextField(_l("Nama Anda"), [Required(_l("Isi nama Anda"))], longest=NAME_LONGEST)
    contact = TextField(_l("E-mail atau nomor HP Anda"), longest=CONTACT_LONGEST)
    show_name = RadioField(_l("Tampilkan nama saya kepada pekerja?"), validate_choice=False)
    risk_read = BooleanField(_l("Saya sudah membaca hal-hal penting ini"))
    total = HiddenField()
    start = HiddenField()

    contact_value: Contact | None = None
    knows_payer = False

    def show(self, answers: Answers, name: str | None) -> None:
        """What was typed before; `name` of somebody who is signed in, whose contact is not asked again."""
        self.sponsor_name.data = answers.sponsor_name or name or ""
        self.contact.data = answers.contact
        self.show_name.data = "yes" if answers.show_name else "no"
        self.risk_read.data = answers.risk_read

    def fill(self, answers: Answers) -> Answers:
        """As typed, right or wrong."""
        return answers.but(
            sponsor_name=(self.sponsor_name.data or "")[:NAME_LONGEST],
            contact=(self.contact.data or "")[:CONTACT_LONGEST],
            show_name=self.show_name.data != "no",
            risk_read=bool(self.risk_read.data),
        )

    def validate_contact(self, field: Any) -> None:
        if self.knows_payer:
            return
        try:
            self.contact_value = parse_contact(field.data or "")
        except Refused as no:
            raise StopValidation(say(no)) from no

    def validate_risk_read(self, field: Any) -> None:
        if not field.data:
            raise StopValidation(say(refusals.RiskNotRead()))


class RenewForm(BaseForm):
    """So many months more, at the total that was on the page."""

    count = RadioField(_l("Berapa lama?"), validate_choice=False)
    total = HiddenField()

    def chosen(self) -> int:
        """The number of months; 0 for nonsense."""
        raw = self.count.data or ""
        return int(raw) if raw.isascii() and raw.isdigit() and len(raw) <= 3 else 0


class CancelForm(BaseForm):
    """`refund` is what the page promised to give back; if that has changed, the page is shown again."""

    refund = HiddenField()


class GiveForm(BaseForm):
    """What becomes of money whose months somebody else pays."""

    choice = SelectField(_l("Apa yang Anda mau?"), validators=[Required(_l("Pilih salah satu"))])


class WaitForm(BaseForm):
    """The two buttons of the waiting page."""

    look = SubmitField(_l("Saya sudah bayar, cek sekarang"))
    again = SubmitField(_l("Buat tagihan baru"))


class LeaveBillForm(BaseForm):
    """Which worker leaves a bill; `seen` is the sum that was shown for her."""

    code = TextField(_l("Nomor dukungan"), [Required(_l("Isi nomor dukungan"))], longest=20)
    seen = HiddenField(validators=[Length(max=20)])


# ---- finance -------------------------------------------------------------------------------------------------------------------


def _note(label: Any) -> TextAreaField:
    asked = Required(_l("Tulis catatan singkat, supaya penyetuju tahu sebabnya."))
    return TextAreaField(label, filters=[lambda text: many_lines(text or "")], validators=[asked, Length(max=NOTE_LONGEST)])


class BookForm(BaseForm):
    """The months that parked money shall fill."""

    months = SelectMultipleField(_l("Bulan yang diisi"), validate_choice=False)

    def chosen(self) -> list[Month]:
        """The months ticked; what is no month is not one."""
        found = []
        for raw in (self.months.data or [])[:24]:
            try:
                found.append(Month.parse(raw))
            except ValueError:
                continue
        return found


class RefundForm(BaseForm):
    """Why money goes back (PRODUCT 5.5)."""

    CHOICES = tuple((reason.value, REASONS[reason]) for reason in ASKABLE)

    reason = SelectField(_l("Alasan"), choices=[SelectChoice(value, _l(words)) for value, words in CHOICES])
    note = _note(_l("Catatan untuk penyetuju"))


class DropForm(BaseForm):
    """Why something is not done, or goes on."""

    note = _note(_l("Catatan"))


class LossForm(BaseForm):
    """Who bears what a bank took after the money had gone to BPJS."""

    loss = SelectField(
        _l("Siapa yang menanggung?"),
        choices=[
            SelectChoice(DisputeLoss.pool.value, _l("Dana bersama program")),
            SelectChoice(DisputeLoss.written_off.value, _l("Dihapusbukukan")),
        ],
    )
    note = _note(_l("Catatan untuk penyetuju"))


# ---- money sent by hand --------------------------------------------------------------------------------------------------------

BANKS = ("Bank Kalbar", "BCA", "BNI", "BRI", "BSI", "BTN", "CIMB Niaga", "Danamon", "Mandiri", "Permata", "SeaBank", "Jago")


class AccountForm(BaseForm):
    """Where the payer wants her money."""

    bank = SelectField(_l("Bank"), choices=[SelectChoice(name, name) for name in BANKS])
    holder = TextField(_l("Nama pemilik rekening"), [Required(_l("Isi nama pemilik rekening"))], longest=NAME_LONGEST)
    number = TextField(_l("Nomor rekening"), [Required(_l("Isi nomor rekening"))], longest=40)

    def validate_number(self, field: Any) -> None:
        try:
            account_number(field.data or "")
        except Refused as no:
            raise StopValidation(say(no)) from no


class ProofForm(BaseForm):
    """What the bank gave for a transfer."""

    proof = TextField(_l("Nomor bukti dari bank"), [Required(_l("Isi nomor bukti dari bank"))], longest=120)
    day = DateField(_l("Tanggal transfer"), validators=[Required(_l("Isi tanggal transfer"))])
