"""`/petugas/jejak`: the trail of one sponsorship. `/petugas/buku`: the books. `/pemeriksaan`: for everybody, whether they are right."""

from datetime import date
from typing import Any

from flask import Blueprint, abort, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _

from sertakan.accounts.permissions import Permission
from sertakan.kit import clock
from sertakan.kit.codes import normalise_code
from sertakan.kit.errors import N_
from sertakan.kit.months import Month
from sertakan.notices import queries as notice_queries
from sertakan.reports import money, queries, reminders
from sertakan.runs import queries as runs
from sertakan.tariff.rules import PayerKind
from sertakan.web.access import public, requires
from sertakan.web.headers import cacheable
from sertakan.web.knock import knock

bp = Blueprint("reports", __name__, template_folder="templates")
KINDS = {
    PayerKind.private: N_("Warga"),
    PayerKind.company: N_("Perusahaan"),
    PayerKind.government: N_("Pemerintah"),
}


@bp.get("/petugas/jejak")
@requires(Permission.audit_see)
def trail() -> Any:
    """Who did what, when and why, for one number; every look at a NIK is in it too."""
    typed = request.args.get("nomor", "")[:40]
    code = normalise_code(typed)
    sponsorship = queries.find_sponsorship(code) if code else None
    entries = queries.list_trail(sponsorship) if sponsorship else []
    sentence = _("Nomor itu tidak ada. Contoh: 7KQ2-M9XF.") if typed and sponsorship is None else None
    return render_template("reports/trail.html", typed=typed, sponsorship=sponsorship, entries=entries, sentence=sentence)


@bp.get("/petugas/pengingat")
@requires(Permission.review_see)
def reminders_told() -> Any:
    """What became of each reminder, who does not go on, and whether messages go out at all."""
    today = clock.today()
    return render_template(
        "reports/reminders.html",
        told=reminders.told(today),
        lost=reminders.list_not_sent(today),
        declined=reminders.list_declined(today),
        health=notice_queries.health(),
        kinds=reminders.KINDS,
    )


@bp.get("/petugas/buku")
@requires(Permission.money_see)
def ledger() -> Any:
    """Where every rupiah is, month by month of its coming, and what the last run of the checks found."""
    return render_template(
        "reports/ledger.html",
        money=money.total(),
        months=money.by_month(_month(request.args.get("sampai", "")) or clock.this_month()),
        kinds=money.by_kind(),
        kind_words=KINDS,
        run=queries.last_run(),
        at=clock.now(),
        month_of=Month.parse,
    )


def _month(raw: str) -> Month | None:
    try:
        return Month.parse(raw)
    except ValueError:
        return None


@bp.get("/petugas/buku/<bulan>")
@requires(Permission.money_see)
def ledger_month(bulan: str) -> Any:
    """One month of the books, day by day."""
    month = _month(bulan) or abort(404)
    days = money.by_day(month)
    return render_template("reports/ledger_month.html", month=month, days=days, day_of=date.fromisoformat)


@bp.get("/petugas/buku/pembayar/<kind>")
@requires(Permission.money_see)
def ledger_payers(kind: str) -> Any:
    """The books by payer; a person is shown by initials only."""
    payer = PayerKind(kind) if kind in set(PayerKind) else abort(404)
    page = money.by_payer(payer, request.args.get("sesudah", "")[:32] or None)
    return render_template("reports/ledger_payers.html", kind=payer, words=KINDS[payer], page=page)


@bp.post("/petugas/buku/periksa")
@requires(Permission.money_see)
def check_now() -> Any:
    """Let the checks run now; the page shows what they find."""
    knock("books")
    flash(_("Pemeriksaan dimulai. Muat ulang halaman ini sebentar lagi."), "ok")
    return redirect(url_for("reports.ledger"), 303)


@bp.get("/pemeriksaan")
@public
def self_check() -> Any:
    """For everybody: green or red, when it ran, how many were found, whether anything runs at all. Counts only."""
    page = render_template("reports/self_check.html", run=queries.last_run(), seen=runs.worker_seen())
    return cacheable(make_response(page))
