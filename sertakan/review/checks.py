"""What the machine has looked at before an officer opens a request. Pure: facts in, a list of checks out."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sertakan.kit.errors import N_
from sertakan.kit.months import Month
from sertakan.kit.nik import age_on

OLDEST_NEW = 65
YOUNGEST_NEW = 18


class Verdict(StrEnum):
    ok = "ok"
    look = "look"  # an officer should look at it
    stop = "stop"  # it cannot be approved like this
    unknown = "unknown"  # nobody has checked it yet


@dataclass(frozen=True)
class Check:
    """One line of the list. `words` is a msgid, `params` fill it; never personal data beyond ages and months."""

    name: str
    verdict: Verdict
    words: str
    params: dict[str, object]


@dataclass(frozen=True)
class Facts:
    """What the checks look at."""

    born_on: date
    typed_name: str
    known_name: str
    consent: bool
    consent_is_hers: bool
    attested_on: date | None
    funded: int
    months: int
    overlap: tuple[Month, ...]
    city_pays: bool
    earlier_cover: bool
    identity_checked: bool
    by_herself: bool = False  # she agreed on her own page, not before a witness
    report: bool = False  # she wrote to staff


def run(facts: Facts, today: date) -> list[Check]:
    """All checks, in the order an officer reads them."""
    return [
        _age(facts, today),
        _identity(facts),
        _name(facts),
        _overlap(facts),
        _consent(facts),
        _attestation(facts),
        _payment(facts),
        *_city(facts),
        *_report(facts),
    ]


def overall(checks: list[Check]) -> Verdict:
    """`ok` only when nothing has to be looked at; what nobody can check automatically does not count."""
    verdicts = {check.verdict for check in checks}
    return Verdict.stop if Verdict.stop in verdicts else Verdict.look if Verdict.look in verdicts else Verdict.ok


def _age(facts: Facts, today: date) -> Check:
    age = age_on(facts.born_on, today)
    fits = YOUNGEST_NEW <= age < OLDEST_NEW
    verdict = Verdict.ok if fits else Verdict.look if facts.earlier_cover else Verdict.stop
    words = N_("Usia %(age)s tahun") if fits else N_("Usia %(age)s tahun, di luar batas pendaftaran baru (18 sampai sebelum 65)")
    return Check("age", verdict, words, {"age": age})


def _identity(facts: Facts) -> Check:
    if facts.identity_checked:
        return Check("identity", Verdict.ok, N_("Identitas sudah dicek petugas"), {})
    return Check("identity", Verdict.unknown, N_("NIK benar bentuknya; Dukcapil belum dicek"), {})


def _name(facts: Facts) -> Check:
    if facts.typed_name.casefold() == facts.known_name.casefold():
        return Check("name", Verdict.ok, N_("Nama sama dengan catatan kami"), {})
    return Check("name", Verdict.look, N_("Nama yang ditulis berbeda dengan catatan kami"), {})


def _overlap(facts: Facts) -> Check:
    if not facts.overlap:
        return Check("overlap", Verdict.ok, N_("Tidak ada bulan ganda"), {})
    return Check("overlap", Verdict.stop, N_("%(count)s bulan sudah ditanggung pihak lain"), {"count": len(facts.overlap)})


def _consent(facts: Facts) -> Check:
    if facts.consent and facts.by_herself:
        return Check("consent", Verdict.ok, N_("Setuju sendiri"), {})
    if facts.consent and facts.consent_is_hers:
        return Check("consent", Verdict.ok, N_("Pekerja setuju didaftarkan"), {})
    if facts.consent:  # a sponsor's word is not the worker's own (UU 27/2022 art. 20; DOMAIN 7.1)
        return Check("consent", Verdict.unknown, N_("Setuju menurut penanggung; belum dari pekerja sendiri"), {})
    return Check("consent", Verdict.stop, N_("Belum ada persetujuan pekerja"), {})


def _attestation(facts: Facts) -> Check:
    if facts.attested_on:
        return Check("attestation", Verdict.ok, N_("Ada keterangan bekerja"), {})
    return Check("attestation", Verdict.look, N_("Belum ada keterangan bekerja; perlu alasan tertulis"), {})


def _payment(facts: Facts) -> Check:
    if facts.funded == facts.months and facts.months:
        return Check("payment", Verdict.ok, N_("Dana %(count)s bulan sudah diterima"), {"count": facts.funded})
    return Check(
        "payment",
        Verdict.look,
        N_("Dana diterima %(funded)s dari %(count)s bulan"),
        {"funded": facts.funded, "count": facts.months},
    )


def _city(facts: Facts) -> list[Check]:
    if not facts.city_pays:
        return []
    return [Check("city", Verdict.look, N_("Pekerjaan ini biasanya dibayar kota (APBD); pastikan belum"), {})]


def _report(facts: Facts) -> list[Check]:
    if not facts.report:
        return []
    return [
        Check("report", Verdict.look, N_("Pekerja mengirim kabar kepada petugas; baca dulu, jangan teruskan ke penanggung"), {})
    ]
