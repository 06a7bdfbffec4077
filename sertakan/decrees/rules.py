"""The machine of a decree, its categories, its budget, and what may be wrong with one. Pure."""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sertakan.kit.errors import N_, Refused
from sertakan.kit.money import rupiah
from sertakan.kit.months import Month, span

MEGABYTES = 5
LARGEST_CEILING = 1_000_000_000_000  # rupiah
YEARS_AROUND = 1  # a budget year may be written so many years before it, or after
_LINE = re.compile(r"[0-9]+(?:\.[0-9]+){2,}")
_POST = re.compile(r"(.{1,40}) ([0-9]{3}(?:/[0-9]{3})?)(?:, (.{1,30}))?")
_NUMBERS = re.compile(r"[0-9]{1,3}")


class DecreeState(StrEnum):
    draft = "draft"
    proposed = "proposed"
    in_force = "in_force"
    closed = "closed"
    withdrawn = "withdrawn"


D = DecreeState
MOVES: dict[DecreeState, frozenset[DecreeState]] = {
    D.draft: frozenset({D.proposed, D.withdrawn}),
    D.proposed: frozenset({D.draft, D.in_force, D.withdrawn}),  # sent back, or put in force by another member
    D.in_force: frozenset({D.closed}),
    D.closed: frozenset(),
    D.withdrawn: frozenset(),
}
DECIDED = (D.in_force, D.closed)


class Category(StrEnum):
    """Whom the city of Pontianak names in its decrees (DOMAIN 4)."""

    rt_head = "rt_head"
    rw_head = "rw_head"
    posyandu = "posyandu"
    religious = "religious"
    fardhu_kifayah = "fardhu_kifayah"
    quran_teacher = "quran_teacher"
    disaster = "disaster"
    firefighter = "firefighter"
    other = "other"


CATEGORIES: dict[Category, str] = {
    Category.rt_head: N_("Ketua RT"),
    Category.rw_head: N_("Ketua RW"),
    Category.posyandu: N_("Kader posyandu"),
    Category.religious: N_("Pekerja sosial keagamaan"),
    Category.fardhu_kifayah: N_("Petugas fardhu kifayah"),
    Category.quran_teacher: N_("Guru ngaji"),
    Category.disaster: N_("Relawan TRC atau kebencanaan"),
    Category.firefighter: N_("Petugas pemadam kebakaran"),
    Category.other: N_("Pekerja rentan lain"),
}


class NotGovernment(Refused):
    message = N_("SK hanya untuk instansi pemerintah.")
    status = 404


class NotNow(Refused):
    message = N_("SK ini sudah berpindah tahap. Muat ulang halamannya.")
    status = 409


class NotYourPart(Refused):
    message = N_("Peran Anda di lembaga ini tidak mencakup langkah ini.")
    status = 409


class OwnProposal(Refused):
    message = N_("Pengusul tidak dapat memberlakukan usulannya sendiri. Minta penyetuju lain.")
    status = 409


class NotVerified(Refused):
    message = N_("Lembaga ini belum disahkan petugas. SK dapat disiapkan, tetapi belum dapat diusulkan.")
    status = 409


class NumberTaken(Refused):
    message = N_("SK dengan nomor ini sudah ada. Buka yang lama, atau periksa nomornya.")


class PdfMissing(Refused):
    message = N_("Pilih berkas SK dulu, dalam bentuk PDF")


class NotPdf(Refused):
    message = N_("Berkas ini bukan PDF. Pindai atau simpan SK sebagai PDF, lalu pilih lagi.")


class PdfTooBig(Refused):
    message = N_("Berkas SK paling besar %(limit)s MB. Pindai dengan mutu lebih rendah.")


class SignedLater(Refused):
    message = N_("Tanggal SK belum tiba. Periksa lagi tanggalnya.")


class YearWrong(Refused):
    message = N_("Tahun anggaran antara %(first)s dan %(last)s.")


class LineWrong(Refused):
    message = N_("Kode rekening berupa angka dan titik, misalnya 5.1.02.02.01.0055.")


class MonthsOutside(Refused):
    message = N_("Masa SK harus di dalam tahun anggaran %(year)s, dan bulan awal sebelum bulan akhir.")


class CeilingWrong(Refused):
    message = N_("Isi pagunya dalam rupiah, lebih dari nol.")


class OverCeiling(Refused):
    """The list needs more than the decree has left."""

    message = N_("Pagu SK tidak cukup: perlu %(need)s, tersisa %(left)s. Kurang %(short)s untuk %(people)s orang.")
    status = 409


@dataclass(frozen=True)
class Facts:
    """What a decree says. `ceiling_rupiah` is the whole budget of the line for these months, in rupiah."""

    number: str
    signed_on: date
    category: Category
    budget_year: int
    budget_line: str
    ceiling_rupiah: int
    first_month: Month
    last_month: Month


def check_facts(facts: Facts, today: date) -> None:
    """Refuses SignedLater, YearWrong, LineWrong, CeilingWrong, MonthsOutside; each names its field.

    A budget year is a calendar year (UU 17/2003 art. 4), so all months lie in it.
    """
    if facts.signed_on > today:
        raise SignedLater(field="signed_on")
    if abs(facts.budget_year - today.year) > YEARS_AROUND:
        raise YearWrong(field="budget_year", first=today.year - YEARS_AROUND, last=today.year + YEARS_AROUND)
    if not _LINE.fullmatch(facts.budget_line):
        raise LineWrong(field="budget_line")
    if not 0 < facts.ceiling_rupiah <= LARGEST_CEILING:
        raise CeilingWrong(field="ceiling_rupiah")
    inside = facts.first_month.year == facts.last_month.year == facts.budget_year
    if not inside or facts.first_month > facts.last_month:
        raise MonthsOutside(field="first_month", year=facts.budget_year)


def check_pdf(data: bytes) -> None:
    """Refuses PdfMissing, PdfTooBig, NotPdf. The bytes are kept and shown as a download, never opened here."""
    if not data:
        raise PdfMissing(field="file")
    if len(data) > MEGABYTES << 20:
        raise PdfTooBig(field="file", limit=MEGABYTES)
    if not data.startswith(b"%PDF-") or b"%%EOF" not in data[-2048:]:
        raise NotPdf(field="file")


def check_move(before: DecreeState, to: DecreeState) -> None:
    """Refuses NotNow for every move that is not in the table."""
    if to not in MOVES[before]:
        raise NotNow


@dataclass(frozen=True)
class Budget:
    """The ceiling of a decree against what its months in the ledger cost, in rupiah; `paid` is part of `committed`."""

    ceiling_rupiah: int
    committed_rupiah: int
    paid_rupiah: int
    people: int

    @property
    def left_rupiah(self) -> int:
        return max(0, self.ceiling_rupiah - self.committed_rupiah)

    @property
    def percent(self) -> int:
        """How much of the ceiling is committed, rounded up, so that only nothing shows as 0."""
        return min(100, -(-100 * self.committed_rupiah // self.ceiling_rupiah))


def check_need(budget: Budget, need_rupiah: int, people: int, locale: str) -> int:
    """What is left after a list that needs so much for so many people. Refuses OverCeiling, with how many people are too many.

    Everybody of a list has the same price here (full price, no relief), so the people too many are the shortage by that price.
    """
    short = need_rupiah - budget.left_rupiah
    if short <= 0:
        return -short
    each = max(1, need_rupiah // max(1, people))
    words = {"need": need_rupiah, "left": budget.left_rupiah, "short": short}
    shown = {name: rupiah(amount, locale) for name, amount in words.items()}
    raise OverCeiling(people=min(people, -(-short // each)), **shown)


def next_year(facts: Facts) -> Facts:
    """The same decree a budget year later; its number and day are still to be written."""
    return Facts(
        number="",
        signed_on=facts.signed_on,
        category=facts.category,
        budget_year=facts.budget_year + 1,
        budget_line=facts.budget_line,
        ceiling_rupiah=facts.ceiling_rupiah,
        first_month=facts.first_month + 12,
        last_month=facts.last_month + 12,
    )


def post_of(position: str, rt_rw: str, kelurahan: str) -> str:
    """An office as it is kept and compared: `Ketua RT 003/007, Siantan Tengah`. Empty when no RT/RW makes it one of its kind."""
    parts = _NUMBERS.findall(rt_rw)
    if not position or not 1 <= len(parts) <= 2:
        return ""
    place = "/".join(part[-3:].zfill(3) for part in parts)
    return ", ".join(part for part in (f"{position[:40]} {place}", kelurahan[:30]) if part)


def split_post(post: str) -> tuple[str, str, str]:
    """Position, RT/RW and kelurahan of an office as `post_of` writes it; empty strings for what it does not say."""
    found = _POST.fullmatch(post)
    return (found[1], found[2], found[3] or "") if found else ("", "", "")


def months_of(facts: Facts) -> list[Month]:
    return span(facts.first_month, facts.last_month - facts.first_month + 1)
