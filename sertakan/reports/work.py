"""`/petugas/pekerjaan`: how each background job does, what waits for it, and "run it now"."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask_babel import gettext as _

from sertakan.accounts.permissions import Permission
from sertakan.kit import clock
from sertakan.notices import queries as notices
from sertakan.reports import health
from sertakan.runs import queries as runs
from sertakan.runs.rules import SCHEDULE
from sertakan.web.access import requires
from sertakan.web.knock import knock

bp = Blueprint("work", __name__, template_folder="templates")


@bp.get("/petugas/pekerjaan")
@requires(Permission.jobs_see)
def index() -> Any:
    """Each job's last run, length, next run and errors; the oldest row of each queue; the mail server. Red when late."""
    migrated = health.migrated()  # first: without that table it ends what was read so far
    return render_template(
        "reports/work.html",
        work=runs.health(),
        names=health.JOBS,
        queues=health.queues(),
        queue_names=health.QUEUES,
        outbox=notices.health(),
        migrated=migrated,
        now=clock.unmoved(),
    )


@bp.post("/petugas/pekerjaan/<name>")
@requires(Permission.jobs_run)
def run(name: str) -> Any:
    """Let one job run now: it looks for what is due, and running it once more changes nothing."""
    if name not in SCHEDULE:
        abort(404)
    knock(name)
    flash(_("%(job)s dimulai. Muat ulang halaman ini sebentar lagi.", job=_(health.JOBS[name])), "ok")
    return redirect(url_for("work.index"), 303)
