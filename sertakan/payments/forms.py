"""What a payer types: who she is, and how many months."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, RadioField, SubmitField
from wtforms.validators import StopValidation

from sertakan.accounts.rules import Contact, parse_contact
from sertakan.kit.errors import Refused
from sertakan.sponsorships import refusals
from sertakan.sponsorships.answers import Answers
from sertakan.web.errors import say
from sertakan.web.forms import BaseForm, Required, TextField

NAME_LONGEST = 100
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


class WaitForm(BaseForm):
    """The two buttons of the waiting page."""

    look = SubmitField(_l("Saya sudah bayar, cek sekarang"))
    again = SubmitField(_l("Buat tagihan baru"))
