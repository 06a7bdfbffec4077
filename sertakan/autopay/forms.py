"""How long each automatic renewal shall last."""

from flask_babel import lazy_gettext as _l
from wtforms import RadioField, SubmitField

from sertakan.sponsorships.answers import PRESETS
from sertakan.web.forms import BaseForm


class AutopayForm(BaseForm):
    """`months` of each renewal; `stop` and `look` are the other buttons of the page."""

    months = RadioField(_l("Setiap kali diperpanjang"), validate_choice=False)
    start = SubmitField(_l("Simpan kartu dan nyalakan"))
    stop = SubmitField(_l("Matikan perpanjangan otomatis"))
    look = SubmitField(_l("Cek sekarang"))

    def chosen(self) -> int:
        """The number of months; 0 for nonsense."""
        return next((count for count in PRESETS if str(count) == self.months.data), 0)
