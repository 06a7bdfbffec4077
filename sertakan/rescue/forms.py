"""What a rescuer types: how many months, who she is, and that she has read the risks."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, RadioField
from wtforms.validators import StopValidation

from sertakan.accounts.rules import Contact, parse_contact
from sertakan.kit.errors import Refused
from sertakan.sponsorships import refusals
from sertakan.web.errors import say
from sertakan.web.forms import BaseForm, Required, TextField


class AskForm(BaseForm):
    """A button."""


class RescueForm(BaseForm):
    """`totals`: the price of each count that was on the page, so that nobody pays another one."""

    count = RadioField(_l("Berapa bulan yang Anda bayar?"), validate_choice=False)
    sponsor_name = TextField(_l("Nama Anda"), [Required(_l("Isi nama Anda"))], longest=100)
    contact = TextField(_l("E-mail atau nomor HP Anda"), longest=120)
    risk_read = BooleanField(_l("Saya sudah membaca hal-hal penting ini"))
    totals = HiddenField()

    contact_value: Contact | None = None
    knows_payer = False

    def chosen(self) -> int:
        """The number of months; 0 for nonsense."""
        raw = self.count.data or ""
        return int(raw) if raw in ("1", "2", "3") else 0

    def shown_total(self) -> str:
        """What the page said that this many months cost."""
        totals = (self.totals.data or "").split(",")
        return totals[self.chosen() - 1] if 0 < self.chosen() <= len(totals) else ""

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
