"""What the public sees of workers whose months are in arrears: who agreed to be listed, coarsely, the most urgent first.

The words are those of the waiting list (PRODUCT ideas 3, 5; I17): no group under five stands alone, with fewer than five in all
nobody is shown, and the price is unsaid where it would tell the work. Nothing here names a link: a card has a key of the day, and
a link of one day is made when it is chosen. A process keeps the finished list for seconds.
"""

from dataclasses import asdict, dataclass
from datetime import date
from time import monotonic
from typing import Any

from flask import current_app
from flask_babel import get_locale
from sqlalchemy import and_, select
from sqlalchemy.orm import aliased

from sertakan.coverage.models import CoverageMonth
from sertakan.coverage.queries import standing_select
from sertakan.coverage.rules import ARREARS_MONTHS, FUNDED, HELD, Standing, closes_on
from sertakan.db import blind, db
from sertakan.kit import clock
from sertakan.kit.months import Month
from sertakan.places import queries as places
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import ReviewState
from sertakan.tariff import queries as tariff
from sertakan.tariff.rules import PayerKind
from sertakan.web.paging import Page, slice_page
from sertakan.workers import public as board
from sertakan.workers import rules as workers
from sertakan.workers.models import Consent, ConsentKind, Worker

PAGE_SIZE = 12
KEEP_SECONDS = 10.0
KEY_LENGTH = 16
LISTED = "listed"  # in a link's detail: the coarse words under which she was chosen


@dataclass(frozen=True, slots=True)
class Card:
    """One worker in arrears, in the words of one language. `days_left` until the third unpaid month is over; today is 0."""

    key: str
    work: str
    icon: str
    place: str
    unpaid_months: int
    days_left: int
    price_rupiah: int | None


@dataclass(frozen=True, slots=True)
class _Found:
    key: str
    sponsorship_id: int
    unpaid_months: int
    days_left: int
    price_rupiah: int
    shown: workers.Shown


def listed(number: int) -> Page[Card]:
    """A page of the list, kept for some seconds in the reader's language. One statement when it is read anew."""
    kept: dict[str, Any] = current_app.extensions.setdefault("rescue-list", {})
    language, today = str(get_locale() or "id"), clock.today()
    until, day, cards = kept.get(language, (0.0, None, []))
    if until < monotonic() or day != today or current_app.testing:
        cards = [_card(found) for found in _everybody(today)]
        kept[language] = monotonic() + KEEP_SECONDS, today, cards
    start = (number - 1) * PAGE_SIZE
    return slice_page(cards[start : start + PAGE_SIZE + 1], number, PAGE_SIZE, len(cards))


def choose(key: str) -> tuple[int, dict[str, Any]] | None:
    """The sponsorship that helped last and the words to keep with the link; read anew, None for who is no longer listed."""
    found = next((one for one in _everybody(clock.today()) if one.key == key), None)
    return (found.sponsorship_id, {LISTED: asdict(found.shown)}) if found else None


def words_of(detail: dict[str, Any] | None) -> tuple[str, str, str] | None:
    """Work, icon and place as the list said them; None for a link that did not come from the list."""
    said = (detail or {}).get(LISTED)
    if said is None:
        return None
    shown = workers.Shown(**said)
    work, icon = board.work_words(shown)
    return _first_upper(work), icon, board.place_words(shown)


def _first_upper(words: str) -> str:
    return words[:1].upper() + words[1:]


def _card(found: _Found) -> Card:
    work, icon = board.work_words(found.shown)
    price = found.price_rupiah if found.shown.group is not None else None
    return Card(found.key, _first_upper(work), icon, board.place_words(found.shown), found.unpaid_months, found.days_left, price)


def _everybody(today: date) -> list[_Found]:
    """All who may be listed, in one statement; who has the least time left first, ties in an order that tells nothing."""
    rows = db.session.execute(_select(today)).all()
    shown = workers.coarsen(_person(row) for row in rows)
    found = [_found(row, shown[row.ref], today) for row in rows if row.ref in shown]
    return sorted(found, key=lambda one: (one.days_left, one.key))


def _select(today: date) -> Any:
    """Workers in arrears who agreed to be listed, with the sponsorship that paid last; not those whom somebody pays for just now."""
    agreed = select(Consent.worker_id).where(Consent.kind == ConsentKind.listed, Consent.withdrawn_at.is_(None))
    now = standing_select(today, agreed).subquery("standing")
    last = and_(CoverageMonth.worker_id == Worker.id, CoverageMonth.month == now.c.covered_month, CoverageMonth.state.in_(FUNDED))
    other = aliased(CoverageMonth)
    held = select(other.id).where(
        other.worker_id == Worker.id,
        other.month > now.c.covered_month,
        other.month <= Month.of(today),
        other.state.in_(HELD),
    )
    return (
        select(
            Worker.ref,
            Worker.occupation_code,
            Worker.kelurahan_code,
            now.c.covered_month,
            now.c.unpaid_months,
            Sponsorship.id.label("sponsorship_id"),
            Sponsorship.package,
        )
        .join(now, now.c.worker_id == Worker.id)
        .join(CoverageMonth, last)
        .join(Sponsorship, Sponsorship.id == CoverageMonth.sponsorship_id)
        .where(
            Worker.state.not_in(workers.GONE),
            Worker.kelurahan_code.is_not(None),
            Sponsorship.review_state == ReviewState.approved,
            now.c.standing.in_([Standing.grace.value, Standing.cliff.value]),
            now.c.unpaid_months.between(1, ARREARS_MONTHS),
            ~held.exists(),
        )
    )


def _person(row: Any) -> workers.Person:
    """For the groups; nobody's age is shown here, so all are of one band."""
    work, place = tariff.find_occupation(row.occupation_code), places.get_kelurahan(row.kelurahan_code)
    group = work.group if work else ""
    return workers.Person(row.ref, group, row.occupation_code, place.code, place.kecamatan_code, 0)


def _found(row: Any, shown: workers.Shown, today: date) -> _Found:
    oldest = [row.covered_month + 1]
    return _Found(
        key=blind(f"{row.ref}:{today}", "rescue-list")[:KEY_LENGTH],
        sponsorship_id=row.sponsorship_id,
        unpaid_months=row.unpaid_months,
        days_left=(closes_on(row.covered_month.last_day) - today).days,
        price_rupiah=tariff.quote_for(oldest, row.occupation_code, PayerKind.private, row.package).total_rupiah,
        shown=shown,
    )
