"""`/demo`: move the clock and read the messages. These routes exist only in the demo."""

from datetime import date, timedelta
from typing import Any

from flask import Blueprint, Flask, abort, current_app, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateField
from wtforms.validators import Optional, ValidationError

from sertakan.demo.accounts import accounts
from sertakan.demo.clock import follow_demo_clock, turn_to
from sertakan.kit import clock
from sertakan.notices import queries as notices
from sertakan.web.access import public
from sertakan.web.forms import BaseForm

bp = Blueprint("demo", __name__, url_prefix="/demo", template_folder="templates")
FURTHEST_DAYS = 1_500


class ClockForm(BaseForm):
    day = DateField(_l("Tanggal"), validators=[Optional()])

    def validate_day(self, field: DateField) -> None:
        """Near the real day, not the demo's."""
        if field.data and abs((field.data - date.today()).days) > FURTHEST_DAYS:  # noqa: DTZ011
            raise ValidationError(_("Pilih hari paling jauh empat tahun dari hari ini"))


@bp.before_request
def only_in_the_demo() -> None:
    if not current_app.config["DEMO"]:
        abort(404)


@bp.route("", methods=["GET", "POST"])
@public
def index() -> Any:
    """The day the demo believes it is, steps forward, and the accounts to try."""
    form = ClockForm(data={"day": clock.today()})
    if form.sent:
        turn_to(form.day.data)
        return redirect(url_for("demo.index"), 303)
    today = clock.today()
    steps = [(label, today + timedelta(days=days)) for label, days in STEPS]
    page = render_template("demo/index.html", form=form, today=today, steps=steps, accounts=_tries())
    return page, 422 if form.is_submitted() else 200


def _tries() -> list[dict[str, str]]:
    """The accounts with their labels in this page's language; what is typed to sign in stays as it is."""
    return [{_(key): _(value) if key == "Siapa" else value for key, value in account.items()} for account in accounts()]


STEPS = ((_l("Besok"), 1), (_l("7 hari lagi"), 7), (_l("30 hari lagi"), 30), (_l("90 hari lagi"), 90))


@bp.get("/pesan")
@public
def messages() -> str:
    """Every message the demo has written, newest first, opened."""
    contact = request.args.get("kepada", "")[:200]
    return render_template("demo/messages.html", notices=notices.list_recent(60, contact or None), contact=contact)


def init_app(app: Flask) -> None:
    if app.config["DEMO"]:
        app.before_request(follow_demo_clock)
        app.jinja_env.globals["demo_today"] = clock.today
