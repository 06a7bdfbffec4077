"""The days that matter to a sponsor, as a calendar (RFC 5545): when each cover ends, and when to go on.

No name but an initial, no number, no price: calendars are read by other people and other companies. An event keeps its UID for
ever; when cover is renewed, the same event moves, with a higher SEQUENCE.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from flask import current_app
from flask_babel import gettext as _
from itsdangerous import BadData, URLSafeSerializer
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from sertakan.accounts.models import Person
from sertakan.db import db
from sertakan.kit import clock
from sertakan.notices.links import absolute
from sertakan.sponsorships import queries
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.queries import SponsorshipView
from sertakan.sponsorships.rules import TOLD_TERMS
from sertakan.web.language import current_language

if TYPE_CHECKING:
    from icalendar import Event

RENEW_DAYS = 10  # before the end: the day on which to go on
SHOWN_DAYS = 92  # after the end, an event still stands for so long
MOST = 200


def _signer() -> URLSafeSerializer:
    return _signer_with(current_app.config["SECRET_KEY"])


@lru_cache(maxsize=2)
def _signer_with(secret: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret, salt="calendar")


def token_of(person_ref: str) -> str:
    """The secret part of a person's calendar address: it shows days and initials, and changes nothing."""
    return str(_signer().dumps(person_ref))


def read_token(token: str) -> str | None:
    """The person's ref inside a token of ours; None for any other text."""
    try:
        ref = _signer().loads(token)
    except BadData:
        return None
    return ref if isinstance(ref, str) else None


def views_of(person: Person, today: date) -> list[SponsorshipView]:
    """What stands in a person's calendar, in two statements."""
    own = Sponsorship.sponsor_id == person.id, Sponsorship.organisation_id.is_(None)
    mine = select(Sponsorship).where(*own, Sponsorship.term_state.in_(TOLD_TERMS))
    rows = db.session.scalars(mine.options(joinedload(Sponsorship.worker)).order_by(Sponsorship.id.desc()).limit(MOST)).all()
    return queries.views_of(rows, today)


def write(views: Sequence[SponsorshipView], today: date) -> bytes:
    """Two events for each cover that runs or ended lately: the day to go on, and the last covered day."""
    from icalendar import Calendar, vDuration  # a server process needs it only once somebody wants a calendar

    calendar = Calendar()
    calendar.add("prodid", "-//Sertakan//Pontianak//ID")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", _("Sertakan: perlindungan"))
    calendar.add("refresh-interval", vDuration(timedelta(days=1)), {"VALUE": "DURATION"})
    for view in views:
        for event in _events(view, today):
            calendar.add_component(event)
    return bytes(calendar.to_ical())


def _events(view: SponsorshipView, today: date) -> "Iterable[Event]":
    until, promise = view.covered_until, view.sponsorship
    if until is None or promise.term_state not in TOLD_TERMS or (today - until).days > SHOWN_DAYS:
        return
    who = f"{view.display_name.removeprefix('Ibu ').removeprefix('Bapak ')[:1]}."
    if promise.declined_until != until:
        words = _("Perpanjang perlindungan %(who)s", who=who)
        yield _event(view, "renew", until - timedelta(days=RENEW_DAYS), words)
    yield _event(view, "end", until, _("Hari terakhir perlindungan %(who)s", who=who))


def _event(view: SponsorshipView, what: str, day: date, words: str) -> "Event":
    from icalendar import Event

    event = Event()
    event.add("uid", f"{view.sponsorship.ref}-{what}@sertakan")
    event.add("dtstamp", clock.now())
    event.add("sequence", len(view.months))  # months are only ever added, so a later end has a higher number
    event.add("dtstart", day)
    event.add("dtend", day + timedelta(days=1))
    event.add("summary", words)
    event.add("transp", "TRANSPARENT")
    event.add("url", absolute("sponsorships.detail", current_language(), code=view.code))
    return event
