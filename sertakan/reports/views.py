"""`/petugas/jejak`: the trail of one sponsorship. `/petugas/buku`: the books with their checks, green or red."""

from typing import Any

from flask import Blueprint, render_template, request
from flask_babel import gettext as _

from sertakan.accounts.permissions import Permission
from sertakan.kit import clock
from sertakan.kit.codes import normalise_code
from sertakan.notices import queries as notice_queries
from sertakan.reports import books, queries, reminders
from sertakan.web.access import requires

bp = Blueprint("reports", __name__, url_prefix="/petugas", template_folder="templates")


@bp.get("/jejak")
@requires(Permission.audit_see)
def trail() -> Any:
    """Who did what, when and why, for one number; every look at a NIK is in it too."""
    typed = request.args.get("nomor", "")[:40]
    code = normalise_code(typed)
    sponsorship = queries.find_sponsorship(code) if code else None
    entries = queries.list_trail(sponsorship) if sponsorship else []
    sentence = _("Nomor itu tidak ada. Contoh: 7KQ2-M9XF.") if typed and sponsorship is None else None
    return render_template("reports/trail.html", typed=typed, sponsorship=sponsorship, entries=entries, sentence=sentence)


@bp.get("/pengingat")
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


@bp.get("/buku")
@requires(Permission.money_see)
def ledger() -> Any:
    """Where every rupiah is, what has no month, and whether the books check out."""
    return render_template(
        "reports/ledger.html", money=queries.money(), suspense=queries.list_suspense(), checks=books.check(), at=clock.now()
    )
