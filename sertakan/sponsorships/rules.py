"""What a resident answers, the two machines of a sponsorship, and what each refuses. Pure: no page, no table.

The review and the term never wait for each other's name (PRODUCT 5.2). Everything here is decided from answers, months and a day.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import date
from enum import StrEnum
from typing import Any

from sertakan.coverage.rules import FUNDED, LIVE, IllegalMove, MonthState
from sertakan.kit import nik, phone
from sertakan.kit.errors import N_, Refused
from sertakan.kit.months import Month, span
from sertakan.tariff.rules import Package
from sertakan.workers import rules as worker_rules


class ReviewState(StrEnum):
    submitted = "submitted"
    needs_info = "needs_info"
    approved = "approved"
    rejected = "rejected"
    withdrawn = "withdrawn"


class TermState(StrEnum):
    waiting = "waiting"  # not running yet: money or approval is missing
    running = "running"
    paused = "paused"
    cancelled = "cancelled"
    terminated = "terminated"
    ended = "ended"


R, T = ReviewState, TermState
REVIEW_MOVES: dict[ReviewState, frozenset[ReviewState]] = {
    R.submitted: frozenset({R.needs_info, R.approved, R.rejected, R.withdrawn}),
    R.needs_info: frozenset({R.submitted, R.rejected, R.withdrawn}),
    R.approved: frozenset(),
    R.rejected: frozenset(),
    R.withdrawn: frozenset(),
}
TERM_MOVES: dict[TermState, frozenset[TermState]] = {
    T.waiting: frozenset({T.running, T.cancelled}),
    T.running: frozenset({T.paused, T.cancelled, T.terminated, T.ended}),
    T.paused: frozenset({T.running, T.cancelled, T.terminated, T.ended}),
    T.cancelled: frozenset(),
    T.terminated: frozenset(),
    T.ended: frozenset(),
}
OPEN_TERMS = frozenset({T.waiting, T.running, T.paused})
OPEN_REVIEWS = frozenset({R.submitted, R.needs_info})
RISK_VERSION = "2026-11"
CONSENT_VERSION = "2026-11"
PRESETS = (1, 3, 6, 12)
DEFAULT_MONTHS = 6
HORIZON_MONTHS = 24
DRAFT_DAYS = 7
UNPAID_DAYS = 7
LINK_DAYS = 30
HOLD_MINUTES = 30  # while she fills in the form; longer once she pays
PAYING_MINUTES = 90
RENEW = "renew"  # the purpose of a link that can pay, and can read no NIK


class AlreadyDecided(Refused):
    message = N_("Pengajuan ini sudah diputuskan. Muat ulang halaman untuk melihat hasilnya.")
    status = 409


class AlreadyClosed(Refused):
    message = N_("Dukungan ini sudah berakhir atau dibatalkan.")
    status = 409


class ConsentMissing(Refused):
    message = N_("Centang bila pekerja sudah setuju didaftarkan")


class RiskNotRead(Refused):
    message = N_("Centang bila Anda sudah membaca hal-hal penting sebelum membayar")


class OccupationMissing(Refused):
    message = N_("Pilih pekerjaannya dulu")


class NameMissing(Refused):
    message = N_("Isi nama sesuai KTP")


class CityPays(Refused):
    message = N_("Jawab dulu apakah iurannya sudah dibayar kota")


class CityAlreadyPays(Refused):
    message = N_("Kalau kota sudah membayar iurannya, Anda tidak perlu membayar lagi. Anda dapat melindungi orang lain.")


class MonthsMissing(Refused):
    message = N_("Pilih berapa lama Anda ingin melindungi")


class CountOutOfRange(Refused):
    message = N_("Lama perlindungan 1 sampai %(most)s bulan.")


class MonthInThePast(Refused):
    message = N_("Bulan %(month)s sudah lewat. Mulailah dari bulan ini atau bulan depan.")


class MonthTooFar(Refused):
    message = N_("Bulan %(month)s terlalu jauh. Paling jauh %(most)s bulan dari sekarang.")


class SavingsRequired(Refused):
    message = N_("Pekerja yang mempekerjakan orang lain wajib ikut Jaminan Hari Tua (JHT).")


class PriceChanged(Refused):
    message = N_("Harga berubah sejak Anda membuka halaman ini. Periksa lagi totalnya.")
    status = 409


class WorkerUnavailable(Refused):
    message = N_("Pekerja ini tidak dapat didaftarkan lewat halaman ini. Hubungi petugas kami.")


class StillInReview(Refused):
    message = N_("Pengajuan ini masih diperiksa petugas. Anda dapat memperpanjang setelah disetujui.")
    status = 409


class NotRenewable(Refused):
    message = N_("Dukungan ini tidak dapat diperpanjang. Ajukan perlindungan baru.")
    status = 409


class HoleInMonths(Refused):
    message = N_("Perpanjangan harus mulai %(month)s, supaya tidak ada bulan yang kosong.")


class AnswerMissing(Refused):
    message = N_("Tulis jawaban Anda dulu")


class QuestionMissing(Refused):
    message = N_("Tulis pertanyaannya dulu")


class NothingAsked(Refused):
    message = N_("Tidak ada pertanyaan yang menunggu jawaban.")
    status = 409


class LinkOver(Refused):
    message = N_("Tautan ini sudah kedaluwarsa atau tidak berlaku. Masuk ke Dukungan saya untuk melanjutkan.")
    status = 410


class ChosenByAnother(Refused):
    message = N_("Pekerja ini baru saja dipilih orang lain. Terima kasih! Pilih yang lain")
    status = 409


# ---- the two machines ----------------------------------------------------------------------------------------------------------


def check_review(before: ReviewState, after: ReviewState) -> None:
    """Refuses AlreadyDecided when the review is over; any other missing edge is a bug."""
    if after in REVIEW_MOVES[before]:
        return
    if not REVIEW_MOVES[before]:
        raise AlreadyDecided
    raise IllegalMove(f"review: {before} -> {after}")


def check_term(before: TermState, after: TermState) -> None:
    """Refuses AlreadyClosed when the term is over; any other missing edge is a bug."""
    if after in TERM_MOVES[before]:
        return
    if not TERM_MOVES[before]:
        raise AlreadyClosed
    raise IllegalMove(f"term: {before} -> {after}")


def is_open(review: ReviewState, term: TermState) -> bool:
    """Whether months may still be added to this very sponsorship."""
    return review is R.approved and term in OPEN_TERMS


def months_are_final(states: Iterable[MonthState]) -> bool:
    """Nothing more will happen to any of these months."""
    moving = {MonthState.reserved, MonthState.paid, MonthState.remitted, MonthState.bounced}
    return not moving.intersection(states)


# ---- the answers of the form ---------------------------------------------------------------------------------------------------


class Step(StrEnum):
    who = "who"
    data = "data"
    length = "length"
    check = "check"


@dataclass(frozen=True)
class Answers:
    """What a resident has typed so far, right or wrong. `first_month` is `YYYY-MM`; `held_as` is her name on a held worker."""

    occupation_code: str = ""
    not_paid_by_city: bool = False
    nik: str = ""
    name: str = ""
    worker_phone: str = ""
    kelurahan_code: str = ""
    consent: bool = False
    employs_others: bool = False
    waiting_code: str = ""
    held_as: str = ""
    first_month: str = ""
    count: int = 0
    with_jht: bool = False
    remind: bool = True
    show_name: bool = True
    sponsor_name: str = ""
    contact: str = ""
    risk_read: bool = False

    @property
    def starts(self) -> Month | None:
        """The first month, or None while it is missing or nonsense."""
        try:
            return Month.parse(self.first_month)
        except ValueError:
            return None

    @property
    def package(self) -> Package:
        """Only two packages are legal (DOMAIN 1.1); savings are a duty for those who employ others (trap 9)."""
        return Package.jkk_jkm_jht if self.with_jht or self.employs_others else Package.jkk_jkm

    def but(self, **changes: Any) -> "Answers":
        return replace(self, **changes)


def to_json(answers: Answers) -> str:
    return json.dumps(asdict(answers), ensure_ascii=False, separators=(",", ":"))


def from_json(text: str) -> Answers:
    """Reads any earlier shape of a draft: unknown keys are dropped, missing ones and wrong kinds take their default."""
    stored = json.loads(text)
    kinds = {field.name: type(field.default) for field in fields(Answers)}
    return Answers(**{name: value for name, value in stored.items() if name in kinds and type(value) is kinds[name]})


def check_who(answers: Answers, likely_government_paid: bool = False) -> None:
    """Step 1. Those whom the city usually pays for are asked about it first, so that no month is paid twice (idea 24)."""
    if not answers.occupation_code:
        raise OccupationMissing(field="occupation")
    if likely_government_paid and not answers.not_paid_by_city:
        raise CityPays(field="not_paid_by_city")


def check_data(answers: Answers, today: date) -> nik.Nik:
    """Step 2. Returns the checked NIK; never says whether anybody knows it (idea 6)."""
    number = nik.check(answers.nik)
    worker_rules.check_new_age(number.born_on, today)
    if not answers.name:
        raise NameMissing(field="name")
    if answers.worker_phone:
        phone.parse(answers.worker_phone)
    if not answers.consent:
        raise ConsentMissing(field="consent")
    return number


def check_length(answers: Answers, today: date) -> None:
    """Step 3. This month or later, within the horizon (trap 11); savings when they are a duty."""
    if answers.starts is None or not answers.count:
        raise MonthsMissing(field="count")
    check_months(answers.starts, answers.count, today)


def check_months(first: Month, count: int, today: date) -> None:
    """Refuses CountOutOfRange, MonthInThePast, MonthTooFar. A month is never 30 days (trap 1)."""
    this = Month.of(today)
    if not 1 <= count <= HORIZON_MONTHS:
        raise CountOutOfRange(field="count", most=HORIZON_MONTHS)
    if first < this:
        raise MonthInThePast(field="first_month", month=first)
    if first + (count - 1) > this + HORIZON_MONTHS:
        raise MonthTooFar(field="count", month=first + (count - 1), most=HORIZON_MONTHS)


def check_savings(package: Package, employs_others: bool) -> None:
    if employs_others and package is not Package.jkk_jkm_jht:
        raise SavingsRequired(field="with_jht")


def first_unfinished(answers: Answers | None, today: date) -> Step:
    """Where the form goes on: the first step whose answers are missing or refused (QUALITY A 23)."""
    if answers is None:
        return Step.who
    try:
        check_who(answers)
    except Refused:
        return Step.who
    if not answers.waiting_code:
        try:
            check_data(answers, today)
        except Refused:
            return Step.data
    try:
        check_length(answers, today)
    except Refused:
        return Step.length
    return Step.check


# the answers of step 2, forgotten when a worker is picked from the list
NOBODY: dict[str, Any] = {
    "nik": "",
    "name": "",
    "worker_phone": "",
    "kelurahan_code": "",
    "consent": False,
    "employs_others": False,
}


def with_defaults(answers: Answers, today: date) -> Answers:
    """Six months from next month, until she says otherwise (UX A4)."""
    starts = answers.starts
    first = starts if starts in start_months(today) else Month.of(today) + 1
    return answers.but(count=answers.count or DEFAULT_MONTHS, first_month=str(first))


def start_months(today: date) -> list[Month]:
    """This month and the next."""
    return span(Month.of(today), 2)


def end_of(first: Month, count: int) -> Month:
    return first + (count - 1)


# ---- what was decided on -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Seen:
    """What an officer judges. When any of it changes, the decision no longer stands (I6)."""

    sponsor_ref: str
    worker_ref: str
    nik_hash: str
    worker_name: str
    typed_name: str
    born_on: date
    occupation_code: str
    employs_others: bool
    payer_kind: str
    package: str
    base_rupiah: int
    answer: str | None


def fingerprint(seen: Seen, months: Iterable[tuple[Month, int]]) -> str:
    """SHA-256, hex, of what is judged and of the months with their prices in whole rupiah, in any order."""
    words: dict[str, Any] = asdict(seen) | {"born_on": seen.born_on.isoformat()}
    words["months"] = sorted((str(month), price) for month, price in months)
    return hashlib.sha256(json.dumps(words, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


# ---- going on ------------------------------------------------------------------------------------------------------------------


def next_start(live: Iterable[Month], today: date) -> Month:
    """The month with which to go on: the first free one from this month on, so that no hole is left (trap 12)."""
    taken, month = set(live), Month.of(today)
    while month in taken:
        month = month + 1
    return month


def last_funded(months: Mapping[Month, MonthState]) -> Month | None:
    return max((month for month, state in months.items() if state in FUNDED), default=None)


def has_later(months: Mapping[Month, MonthState], after: Month) -> bool:
    """Whether anybody, known or not, has promised or paid a month after this one."""
    return any(month > after and state in LIVE for month, state in months.items())


def protects(review: ReviewState, today: date, months: Mapping[Month, MonthState]) -> bool:
    """Only BPJS evidence for this very month may say "Terlindungi" (DOMAIN trap 26)."""
    return months.get(Month.of(today)) is MonthState.posted and review is not R.rejected


def why_no_reminder(*, remind: bool, muted: bool, worker_state: str, later_months: bool) -> str | None:
    """The reason that goes into the log when a due reminder is not written (I14); None when it may be written."""
    if worker_state in ("deceased", "withdrawn", "merged"):
        return f"worker {worker_state}"
    if muted:
        return "sponsor muted"
    if not remind:
        return "reminders off"
    return "later months are taken" if later_months else None
