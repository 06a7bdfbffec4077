"""How a sponsorship stands, in words: its badge, its large number, and what happens next. Only BPJS evidence says "Terlindungi"."""

from dataclasses import dataclass
from datetime import date, timedelta

from flask_babel import gettext

from sertakan.coverage.rules import FUNDED, LIVE, MonthState, Standing
from sertakan.kit import clock
from sertakan.kit.errors import N_
from sertakan.kit.months import Month, next_working_day
from sertakan.notices.wording import months as month_words
from sertakan.sponsorships.queries import SponsorshipView
from sertakan.sponsorships.rules import ReviewState, TermState
from sertakan.tariff import queries as tariff
from sertakan.web.filters import tanggal, tanggal_hari

Badge = tuple[str, str, str]  # kind, words, icon
MONTH_BADGES: dict[MonthState, Badge] = {
    MonthState.reserved: ("", N_("Belum dibayar"), "circle-dashed"),
    MonthState.paid: ("wait", N_("Dana diterima"), "wallet"),
    MonthState.remitted: ("wait", N_("Iuran disetor"), "landmark"),
    MonthState.posted: ("ok", N_("Aktif"), "shield-check"),
    MonthState.released: ("", N_("Dilepas"), "unlink"),
    MonthState.refunded: ("info", N_("Dana dikembalikan"), "receipt"),
    MonthState.credited: ("info", N_("Dipindah ke bulan lain"), "receipt"),
    MonthState.bounced: ("bad", N_("Ditolak BPJS, sedang diperbaiki"), "circle-alert"),
    MonthState.void: ("", N_("Dibatalkan"), "ban"),
}
REVIEW_BADGES: dict[ReviewState, Badge] = {
    ReviewState.submitted: ("wait", N_("Diperiksa petugas"), "clock"),
    ReviewState.needs_info: ("bad", N_("Perlu jawaban Anda"), "message-circle"),
    ReviewState.approved: ("ok", N_("Disetujui petugas"), "circle-check"),
    ReviewState.rejected: ("bad", N_("Ditolak petugas"), "x"),
    ReviewState.withdrawn: ("", N_("Ditarik"), "ban"),
}
CLOSED_BADGES: dict[TermState, Badge] = {
    TermState.cancelled: ("", N_("Dibatalkan"), "ban"),
    TermState.terminated: ("", N_("Dihentikan"), "ban"),
}
STANDING_BADGES: dict[Standing, Badge] = {
    Standing.grace: ("bad", N_("Menunggak"), "triangle-alert"),
    Standing.cliff: ("bad", N_("Menunggak"), "triangle-alert"),
    Standing.lapsed: ("bad", N_("Terputus"), "unlink"),
}


def _(message: str, **params: object) -> str:
    return str(gettext(message, **params))


@dataclass(frozen=True)
class Countdown:
    """The large figure of the page and the words beside and below it; `running`: what is counted are days that are left."""

    figure: int
    words: str
    below: str
    running: bool


def badge(view: SponsorshipView) -> Badge:
    """The one word for it now; `view.protected` comes from BPJS evidence for this very month and from nothing else."""
    promise = view.sponsorship
    if promise.review_state in (ReviewState.rejected, ReviewState.withdrawn, ReviewState.needs_info):
        return REVIEW_BADGES[promise.review_state]
    if view.protected:
        return ("ok", N_("Terlindungi"), "shield-check")
    if promise.term_state in CLOSED_BADGES:
        return CLOSED_BADGES[promise.term_state]
    if view.standing.standing in STANDING_BADGES:
        return STANDING_BADGES[view.standing.standing]
    if any(row.state in FUNDED for row in view.months):
        return ("wait", N_("Diproses"), "clock")
    return ("", N_("Belum dibayar"), "circle-dashed")


def countdown(view: SponsorshipView, today: date) -> Countdown | None:
    """Days left of what is protected, or days since it stopped; None while there is nothing to count."""
    if view.posted_until is not None:
        days = (view.posted_until - today).days
        below = _("Terlindungi sampai %(day)s.", day=tanggal(view.posted_until))
        if on_the_way := view.on_the_way:
            below += " " + _("Iuran %(months)s sudah dibayar dan sedang diproses.", months=month_words(on_the_way))
        return Countdown(days, _("hari lagi", count=days) if days else _("hari lagi, hari ini yang terakhir"), below, True)
    if view.standing.standing in STANDING_BADGES and view.covered_until:
        since = view.covered_until + timedelta(days=1)
        days = (today - since).days + 1
        return Countdown(days, _("hari tanpa iuran", count=days), _unpaid(view, since), False)
    return None


def _unpaid(view: SponsorshipView, since: date) -> str:
    if view.standing.standing is Standing.cliff:
        last = Month.of(clock.today()).last_day
        return _("Bulan ketiga tanpa iuran. Bayar sebelum %(day)s supaya kepesertaannya tidak berakhir.", day=tanggal(last))
    return _("Iuran belum dibayar sejak %(day)s.", day=tanggal(since))


def next_step(view: SponsorshipView, today: date) -> str:
    """What happens next, and whether the sponsor has to do anything."""
    promise = view.sponsorship
    if words := _next_of_review(view):
        return words
    paid = [row.month for row in view.months if row.state is MonthState.paid]
    if promise.review_state is ReviewState.submitted:
        day = tanggal_hari(next_working_day(clock.local(promise.submitted_at).date(), tariff.holidays()))
        return _("Petugas memeriksa paling lama %(day)s. Anda tidak perlu melakukan apa-apa.", day=day)
    if view.renewable and view.owed:
        return _("Bayar dulu bulan yang menunggak, supaya kepesertaannya tidak putus: %(months)s.", months=month_words(view.owed))
    if paid:
        months = month_words(sorted(paid))
        return _(
            "Iuran %(months)s disetor ke BPJS Ketenagakerjaan. Setelah tercatat, statusnya menjadi Terlindungi.", months=months
        )
    if view.renewable and view.days_left is not None and view.days_left <= 45:
        month = month_words([view.next_start])
        if view.days_left < 0:
            return _("Perpanjang mulai %(month)s supaya ia terlindungi lagi.", month=month)
        return _("Perpanjang mulai %(month)s supaya tidak terputus.", month=month)
    return _("Tidak ada yang perlu Anda lakukan. Kami mengingatkan sebelum masanya berakhir.")


def _next_of_review(view: SponsorshipView) -> str | None:
    promise = view.sponsorship
    if promise.review_state is ReviewState.needs_info:
        return _("Jawab pertanyaan petugas supaya pemeriksaan bisa dilanjutkan.")
    if promise.review_state is ReviewState.rejected:
        return _("Dana untuk bulan yang belum disetor dikembalikan penuh. Anda boleh mengajukan lagi dengan data yang benar.")
    if promise.review_state is ReviewState.withdrawn or promise.term_state is TermState.cancelled:
        return _("Dukungan ini sudah berhenti. Dana untuk bulan yang belum disetor dikembalikan.")
    if promise.term_state is TermState.terminated:
        return _("Dukungan ini dihentikan petugas. Hubungi petugas bila ada pertanyaan.")
    if promise.term_state is TermState.waiting and not any(row.state in FUNDED for row in view.months):
        if any(row.state in LIVE for row in view.months):
            return _("Bulannya kami simpan untuk Anda sampai tagihannya dibayar.")
        return _("Tagihannya belum dibayar dan bulannya sudah dilepas. Ajukan lagi bila Anda masih ingin melindungi.")
    return None
