"""What a rescuer types: how many months, who she is, and that she has read the risks."""

from collections.abc import Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, RadioField
from wtforms.validators import StopValidation

from sertakan.accounts.rules import Contact, parse_contact
from sertakan.kit.errors import Refused
from sertakan.rescue.rules import said
from sertakan.sponsorships import refusals
from sertakan.sponsorships.prices import Offer
from sertakan.web.errors import say
from sertakan.web.forms import BaseForm, Required, TextField


class AskForm(BaseForm):
    """A button."""


class RescueForm(BaseForm):
    """`shown`: each offer as it was on the page, so that nobody pays another month or another price."""

    count = RadioField(_l("Berapa bulan yang Anda bayar?"), validate_choice=False)
    sponsor_name = TextField(_l("Nama Anda"), [Required(_l("Isi nama Anda"))], longest=100)
    contact = TextField(_l("E-mail atau nomor HP Anda"), longest=120)
    risk_read = BooleanField(_l("Saya sudah membaca hal-hal penting ini"))
    shown = HiddenField()

    contact_value: Contact | None = None
    knows_payer = False

    def chosen(self) -> int:
        """The number of months; 0 for nonsense."""
        raw = self.count.data or ""
        return int(raw) if raw.isascii() and raw.isdigit() and len(raw) <= 2 else 0

    def remember(self, offers: Sequence[Offer]) -> None:
        """Write down what the page says; half a year is chosen already, or the longest there is."""
        self.shown.data = ",".join(f"{offer.count}={said(offer.first, offer.total_rupiah)}" for offer in offers)
        counts = [offer.count for offer in offers]
        if offers and self.chosen() not in counts:
            self.count.data = str(6 if 6 in counts else counts[-1])

    def said(self) -> str:
        """What the page said of the length chosen."""
        pairs = (part.partition("=") for part in (self.shown.data or "").split(","))
        return next((words for count, _sign, words in pairs if count == str(self.chosen())), "")

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
