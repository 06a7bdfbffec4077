"""What a company or government body types about itself, and what staff type when they check it."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, RadioField, SelectField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, Optional

from sertakan.accounts.models import MemberRole, OrganisationKind
from sertakan.kit.text import many_lines
from sertakan.organisations.models import Registration
from sertakan.organisations.rules import REASONS, NumberKind, Profile, check_number
from sertakan.web.forms import BaseForm, PhoneField, Required, TextField

ROLES = {
    MemberRole.maker: _l("Pengisi: mengunggah data dan mengajukan"),
    MemberRole.checker: _l("Penyetuju: memeriksa dan menyetujui ajuan"),
    MemberRole.finance: _l("Keuangan: melihat tagihan dan membayar"),
    MemberRole.viewer: _l("Pengamat: hanya melihat"),
}


class StartForm(BaseForm):
    """Who registers; a code goes to this address."""

    name = TextField(_l("Nama Anda"), validators=[Required(_l("Isi nama Anda"))], longest=120)
    email = TextField(_l("E-mail kantor Anda"), validators=[Required(_l("Isi e-mail kantor Anda"))], longest=254)


class ProfileForm(BaseForm):
    name = TextField(_l("Nama lembaga"), validators=[Required(_l("Isi nama lembaga, seperti di NIB atau NPWP"))], longest=160)
    number_kind = RadioField(
        _l("Nomor apa yang Anda punya?"),
        choices=[SelectChoice(NumberKind.nib.value, "NIB"), SelectChoice(NumberKind.npwp.value, "NPWP")],
        validators=[Required(_l("Pilih NIB atau NPWP"))],
    )
    number = TextField(_l("Nomornya"), validators=[Required(_l("Isi nomornya, ada di surat NIB atau kartu NPWP"))], longest=40)
    address = TextField(_l("Alamat kantor"), validators=[Required(_l("Isi alamat kantor"))], longest=300)
    phone = PhoneField(_l("Nomor HP kantor"), longest=30)
    position = TextField(_l("Jabatan Anda"), validators=[Required(_l("Isi jabatan Anda"))], longest=80)

    def profile(self) -> Profile:
        """The typed data as the room knows them. Refuses what `check_number` refuses."""
        kind = NumberKind(self.number_kind.data)
        number = check_number(kind, self.number.data or "")
        return Profile(self.name.data, kind, number, self.address.data, self.position.data, self.phone.value)

    @classmethod
    def of(cls, row: Registration | None) -> "ProfileForm":
        if row is None:
            return cls()
        known: dict[str, Any] = {name: getattr(row, name) for name in ("name", "number", "address", "position", "phone")}
        return cls(data=known | {"number_kind": row.number_kind.value})


class RegisterForm(ProfileForm):
    kind = RadioField(
        _l("Lembaga apa?"),
        choices=[
            SelectChoice(OrganisationKind.company.value, _l("Perusahaan")),
            SelectChoice(OrganisationKind.government.value, _l("Instansi pemerintah")),
        ],
        validators=[Required(_l("Pilih salah satu"))],
    )
    authorised = BooleanField(
        _l("Saya berwenang mendaftarkan lembaga ini."), validators=[Required(_l("Centang bila Anda berwenang"))]
    )


class InviteForm(BaseForm):
    email = TextField(_l("E-mail anggota baru"), validators=[Required(_l("Isi e-mail yang diundang"))], longest=254)
    role = SelectField(
        _l("Perannya"),
        choices=[SelectChoice("", _l("Pilih"))] + [SelectChoice(role.value, words) for role, words in ROLES.items()],
        validators=[Required(_l("Pilih perannya"))],
    )


class RoleForm(BaseForm):
    role = SelectField(_l("Peran"), choices=[SelectChoice(role.value, words) for role, words in ROLES.items()])


class JoinForm(BaseForm):
    name = TextField(_l("Nama Anda"), validators=[Required(_l("Isi nama Anda"))], longest=120)


class EmptyForm(BaseForm):
    """Only the form token: a button."""


class RefuseForm(BaseForm):
    reason = RadioField(
        _l("Alasan"),
        choices=[SelectChoice(reason.value, _l(words)) for reason, words in REASONS.items()],
        validators=[Required(_l("Pilih alasannya dulu"))],
    )
    note = TextAreaField(
        _l("Penjelasan untuk narahubung"),
        filters=[lambda text: many_lines(text or "")],
        validators=[Optional(), Length(max=500)],
    )
