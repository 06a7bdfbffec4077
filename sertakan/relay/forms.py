"""What is typed around a seat: how many months, who comes next, who may be named."""

from collections.abc import Sequence

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, RadioField

from sertakan.rescue.forms import RescueForm
from sertakan.sponsorships.prices import Offer
from sertakan.web.forms import BaseForm

USUAL = 6


class OfferForm(BaseForm):
    """How many months are handed on."""

    count = RadioField(_l("Berapa bulan yang Anda tawarkan?"), validate_choice=False)
    named = BooleanField(_l("Perkenalkan nama saya kepada penerusnya, bila ia juga setuju"))

    def chosen(self) -> int:
        """The number of months; 0 for nonsense."""
        raw = self.count.data or ""
        return int(raw) if raw.isascii() and raw.isdigit() and len(raw) <= 2 else 0

    def remember(self, offers: Sequence[Offer]) -> None:
        """Half a year is chosen already, or the longest there is."""
        counts = [offer.count for offer in offers]
        if counts and self.chosen() not in counts:
            self.count.data = str(USUAL if USUAL in counts else counts[-1])


class SeatForm(RescueForm):
    """Hold the seat, or go to pay at once. To hold it nothing needs to be read: nothing is paid."""

    named = BooleanField(_l("Perkenalkan nama saya kepada penanggung sebelumnya, bila ia juga setuju"))
    holding = False

    def validate_risk_read(self, field: BooleanField) -> None:
        if not self.holding:
            super().validate_risk_read(field)


class StepForm(BaseForm):
    """A button."""


class NameForm(BaseForm):
    """`agrees`: to be named to the other one."""

    agrees = BooleanField()
