"""What a maker types of a decree."""

from typing import Any

from flask import request
from flask_babel import lazy_gettext as _l
from wtforms import DateField, HiddenField, SelectField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, Optional

from sertakan.decrees.rules import CATEGORIES, MEGABYTES, Category, Facts, PdfTooBig
from sertakan.kit.text import many_lines
from sertakan.web.forms import BaseForm, MonthField, Required, RupiahField, TextField


class EmptyForm(BaseForm):
    """Only the form token: a button."""


class DecreeForm(BaseForm):
    number = TextField(_l("Nomor SK"), validators=[Required(_l("Isi nomor SK, seperti tertulis di suratnya"))], longest=80)
    signed_on = DateField(_l("Tanggal SK"), validators=[Required(_l("Isi tanggal SK"))])
    category = SelectField(
        _l("Siapa yang dilindungi"),
        choices=[SelectChoice("", _l("Pilih"))] + [SelectChoice(one.value, _l(words)) for one, words in CATEGORIES.items()],
        validators=[Required(_l("Pilih kelompoknya"))],
    )
    budget_year = TextField(_l("Tahun anggaran"), validators=[Required(_l("Isi tahun anggaran"))], longest=4)
    budget_line = TextField(_l("Kode rekening"), validators=[Required(_l("Isi kode rekening belanja"))], longest=40)
    ceiling_rupiah = RupiahField(_l("Pagu anggaran"), validators=[Required(_l("Isi pagu dalam rupiah"))])
    first_month = MonthField(_l("Bulan pertama"), validators=[Required(_l("Pilih bulannya"))])
    last_month = MonthField(_l("Bulan terakhir"), validators=[Required(_l("Pilih bulannya"))])
    copied = HiddenField()

    def facts(self) -> Facts:
        """The typed words as the room knows them; a year that is no number is checked as 0."""
        year = self.budget_year.data or ""
        first, last = self.first_month.data, self.last_month.data
        assert first is not None  # both are required by the form
        assert last is not None
        return Facts(
            number=self.number.data or "",
            signed_on=self.signed_on.data,
            category=Category(self.category.data),
            budget_year=int(year) if year.isascii() and year.isdigit() else 0,
            budget_line=self.budget_line.data or "",
            ceiling_rupiah=self.ceiling_rupiah.data or 0,
            first_month=first,
            last_month=last,
        )

    @classmethod
    def of(cls, facts: Facts | None, **more: Any) -> "DecreeForm":
        """With what is known so far; what was typed wins."""
        if facts is None:
            return cls(data=more)
        known = {name: getattr(facts, name) for name in ("number", "signed_on", "budget_line", "first_month", "last_month")}
        known["signed_on"] = facts.signed_on if facts.number else None  # a copy has neither its number nor its day yet
        known |= {"category": facts.category.value, "budget_year": str(facts.budget_year)}
        return cls(data=known | {"ceiling_rupiah": facts.ceiling_rupiah} | more)


class BackForm(BaseForm):
    note = TextAreaField(
        _l("Apa yang perlu diubah?"),
        filters=[lambda text: many_lines(text or "")],
        validators=[Optional(), Length(max=500)],
    )


def sent_pdf() -> tuple[str, bytes]:
    """Name and bytes of the file under `file`; both empty when none came. Refuses PdfTooBig; reads no more than is allowed."""
    given: Any = request.files.get("file")
    if given is None or not given.filename:
        return "", b""
    data = given.stream.read((MEGABYTES << 20) + 1)
    if len(data) > MEGABYTES << 20:
        raise PdfTooBig(field="file", limit=MEGABYTES)
    return str(given.filename), data
