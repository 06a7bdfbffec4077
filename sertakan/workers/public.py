"""What the public sees of the waiting list: cards without a name, and nothing that tells more than they do.

Filters and order look only at what the cards say. A worker shown under her kecamatan is found under every kelurahan of it, else the
filter itself would tell where she is. Whatever is filtered is made of whole groups of at least five.

Coarsening needs the whole list, so a process keeps the finished cards and asks on each request, in one statement, whether the same
people still wait: who leaves or is held is gone from the very next answer.
"""

from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import dataclass, field
from datetime import date
from time import monotonic
from typing import Any

from flask import current_app, has_request_context, request
from flask_babel import get_locale
from flask_babel import gettext as _
from markupsafe import Markup
from sqlalchemy import bindparam, func, select

from sertakan.db import Instant, db
from sertakan.kit import clock
from sertakan.kit.months import Month, span
from sertakan.places import queries as places
from sertakan.tariff import queries as tariff
from sertakan.tariff.rules import explain
from sertakan.web.paging import Page, slice_page
from sertakan.workers import rules
from sertakan.workers.models import Waiting, Worker
from sertakan.workers.queries import title_of, visible_at

PAGE_SIZE = 12
NEAR = 5  # neighbouring kelurahan looked at with the one chosen
NEAREST = "dekat"
OTHER_WORK = "lain"  # the filter for those whose group of work is not said
KEEP_SECONDS = 60.0  # a corrected occupation or phrase may show that much later; leaving shows at once
PRICED_MONTHS = 18
MOST_PAGES = 500
ASKED = "sertakan.waiting"  # in a request's environ: the cards it has already asked about
Price = tuple[int | None, Month | None]


@dataclass(frozen=True, slots=True)
class CoarseWorker:
    """A card, in the words of one language. `price_rupiah` a month until `price_until`; both None when they would tell the work."""

    code: str
    title: str
    work: str
    icon: str
    place: str
    age_band: str | None
    phrases: tuple[str, ...]
    waiting_days: int
    price_rupiah: int | None
    price_until: Month | None
    shown: rules.Shown = field(repr=False)
    html: list[Markup] = field(default_factory=list, repr=False, compare=False)

    def kept(self, render: Callable[[], str]) -> Markup:
        """Her finished page at its plain address, kept as long as this card; it must not look at the visitor."""
        if not self.html:
            self.html.append(Markup(render()))  # noqa: S704  # nosec B704 - our own template, escaped there
        return self.html[0]


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter by group of work; `code` is empty for all."""

    code: str
    label: str
    icon: str
    count: int


@dataclass(frozen=True, slots=True)
class Found:
    """An answer to a search: one page of cards, and the groups of work found in these places."""

    page: Page[CoarseWorker]
    chips: Sequence[Chip]
    total: int


@dataclass(frozen=True, slots=True)
class Search:
    """What was asked, already checked: a known kelurahan or "", a known group or "", NEAREST or "", a page from 1."""

    kelurahan: str = ""
    group: str = ""
    order: str = ""
    page: int = 1


@dataclass(slots=True)
class _Index:
    mark: tuple[int, int]
    day: date
    until: float
    cards: list[CoarseWorker]
    by_code: dict[str, CoarseWorker]
    pages: dict[Hashable, Markup] = field(default_factory=dict)


def find(search: Search) -> Found:
    """Who waits in a kelurahan and near it (everywhere, without one), longest waiting first, or nearest first when asked."""
    cards, chips = _search(_index().cards, search.kelurahan, search.group, search.order)
    start = (search.page - 1) * PAGE_SIZE
    return Found(slice_page(cards[start : start + PAGE_SIZE + 1], search.page, PAGE_SIZE, len(cards)), chips, len(cards))


def list_waiting(kelurahan_code: str = "", occupation_group: str = "", page: int = 1, order: str = "") -> Found:
    """`find` for other rooms. One statement, whatever the length of the list."""
    return find(Search(kelurahan_code, occupation_group, order, page))


def list_cards(kelurahan: Collection[str] = (), groups: Collection[str] = ()) -> list[CoarseWorker]:
    """Every card of these places and groups of work as the cards say them, longest waiting first; empty means all."""
    near = {"", *kelurahan, *(place.kecamatan_code for place in places.list_kelurahan() if place.code in kelurahan)}
    cards = [card for card in _index().cards if not kelurahan or _place_of(card) in near]
    return [card for card in cards if not groups or _group_of(card) in groups]


def kept(key: Hashable, render: Callable[[], str]) -> Markup:
    """The finished HTML of a search, kept with the cards and gone with them; it must not look at the visitor."""
    index = _index()
    if key not in index.pages:
        if len(index.pages) >= MOST_PAGES:
            index.pages.clear()
        index.pages[key] = Markup(render())  # noqa: S704  # nosec B704 - our own template, escaped there
    return index.pages[key]


def find_card(code: str) -> CoarseWorker | None:
    """The card of this public code while it may be seen."""
    return _index().by_code.get(code)


def coarse(waiting: Waiting) -> CoarseWorker:
    """The card of one worker for the sponsor who holds her: what it said, or would say, on the list."""
    card = find_card(waiting.code)
    if card is not None:
        return card
    rows = [*_rows(visible_at(clock.now())), *_rows(Waiting.id == waiting.id)]
    today = clock.today()
    shown = rules.coarsen(_person(row, today) for row in rows)
    chosen = rows[-1]
    return _card(chosen, shown.get(waiting.code, rules.Shown()), today, _price(chosen.occupation_code, today))


# ---- searching what is shown ---------------------------------------------------------------------------------------------------


def _search(cards: list[CoarseWorker], kelurahan: str, group: str, order: str) -> tuple[list[CoarseWorker], list[Chip]]:
    ranks = _ranks(kelurahan)
    here = [card for card in cards if not ranks or _place_of(card) in ranks]
    if order == NEAREST and ranks:
        here = sorted(here, key=lambda card: ranks[_place_of(card)])
    chosen = [card for card in here if not group or _group_of(card) == group]
    return chosen, _chips(here)


def _ranks(kelurahan: str) -> dict[str, int]:
    """The places that count as near, in order: the kelurahan, its neighbours, its kecamatan, the city. Empty: everywhere."""
    place = places.find_kelurahan(kelurahan)
    if place is None:
        return {}
    near = [place.code, *(other.code for other, _km in places.neighbours(place.code)[:NEAR]), place.kecamatan_code, ""]
    return {code: rank for rank, code in enumerate(near)}


def _place_of(card: CoarseWorker) -> str:
    return card.shown.kelurahan or card.shown.kecamatan or ""


def _group_of(card: CoarseWorker) -> str:
    return card.shown.group or OTHER_WORK


def _chips(cards: list[CoarseWorker]) -> list[Chip]:
    counts: dict[str, int] = {}
    for card in cards:
        counts[_group_of(card)] = counts.get(_group_of(card), 0) + 1
    chips = [Chip("", _("Semua"), "", len(cards))]
    chips += [Chip(one.code, _(one.label), one.icon, counts[one.code]) for one in tariff.list_groups() if one.code in counts]
    if OTHER_WORK in counts:
        chips.append(Chip(OTHER_WORK, _("Pekerjaan lain"), "briefcase", counts[OTHER_WORK]))
    return chips


# ---- the kept cards ------------------------------------------------------------------------------------------------------------


def _index() -> _Index:
    """The cards in the language of this request; whether they still hold is asked once while a page is made."""
    if not has_request_context() or request.method != "GET":
        return _current()
    known: _Index | None = request.environ.get(ASKED)
    if known is None:
        known = request.environ[ASKED] = _current()
    return known


def _current() -> _Index:
    """Made anew when anybody came, left or is held, and on a new day."""
    kept: dict[str, _Index] = current_app.extensions.setdefault("waiting", {})
    language, day = str(get_locale() or "id"), clock.today()
    index = kept.get(language)
    if index is None or index.mark != _mark() or index.day != day or index.until < monotonic():
        index = kept[language] = _read(day)
    return index


_MARK = select(func.count(), func.coalesce(func.sum(Waiting.mark), 0)).where(visible_at(bindparam("now", type_=Instant())))


def _mark() -> tuple[int, int]:
    row = db.session.connection().execute(_MARK, {"now": clock.now()}).one()
    return int(row[0]), int(row[1])


def _rows(condition: Any) -> list[Any]:
    """Longest waiting first."""
    return list(
        db.session.execute(
            select(
                Waiting.code,
                Waiting.mark,
                Waiting.phrases,
                Waiting.since_on,
                Worker.name,
                Worker.sex,
                Worker.born_on,
                Worker.occupation_code,
                Worker.kelurahan_code,
            )
            .join(Worker, Worker.id == Waiting.worker_id)
            .where(condition, Worker.kelurahan_code.is_not(None))
            .order_by(Waiting.since_on, Waiting.code)
        )
    )


def _read(day: date) -> _Index:
    rows = _rows(visible_at(clock.now()))
    shown = rules.coarsen(_person(row, day) for row in rows)
    prices = {code: _price(code, day) for code in {row.occupation_code for row in rows}}
    cards = [_card(row, shown[row.code], day, prices[row.occupation_code]) for row in rows if row.code in shown]
    mark = len(rows), sum(row.mark for row in rows)
    return _Index(mark, day, monotonic() + KEEP_SECONDS, cards, {card.code: card for card in cards})


def _person(row: Any, day: date) -> rules.Person:
    work = tariff.find_occupation(row.occupation_code)
    place = places.get_kelurahan(row.kelurahan_code)
    return rules.Person(
        key=row.code,
        group=work.group if work else "",
        occupation=row.occupation_code,
        kelurahan=place.code,
        kecamatan=place.kecamatan_code,
        band=rules.age_band(row.born_on, day),
    )


def _card(row: Any, shown: rules.Shown, day: date, price: Price) -> CoarseWorker:
    """The price stays unsaid with the group of work: relief would tell transport from the rest."""
    work, icon = work_words(shown)
    each, until = price if shown.group is not None else (None, None)
    last = None if shown.band is None else shown.band + rules.BAND_YEARS - 1
    return CoarseWorker(
        code=row.code,
        title=title_of(row.sex, row.name),
        work=work,
        icon=icon,
        place=place_words(shown),
        age_band=None if last is None else _("%(first)s–%(last)s tahun", first=shown.band, last=last),
        phrases=tuple(_(rules.PHRASES[phrase]) for phrase in row.phrases if phrase in rules.PHRASES),
        waiting_days=max((day - row.since_on).days, 0),
        price_rupiah=each,
        price_until=until,
        shown=shown,
    )


def work_words(shown: rules.Shown) -> tuple[str, str]:
    """What may be said of her work, as it stands inside a sentence, and its icon."""
    work = tariff.find_occupation(shown.occupation)
    if work is not None:
        return _inside(_(work.label)), work.icon
    for group in tariff.list_groups():
        if group.code == shown.group:
            return str(_("bidang %(group)s", group=_inside(_(group.label)))), group.icon
    return _("pekerja informal"), "user"


def _inside(label: str) -> str:
    """A label as it stands inside a sentence."""
    return label[:1].lower() + label[1:]


def place_words(shown: rules.Shown) -> str:
    """What may be said of her place."""
    if shown.kelurahan:
        return str(_("Kel. %(name)s", name=places.get_kelurahan(shown.kelurahan).name))
    if shown.kecamatan:
        return str(_("Kec. %(name)s", name=_kecamatan_names()[shown.kecamatan]))
    return str(_("Kota Pontianak"))


def _kecamatan_names() -> dict[str, str]:
    return {place.kecamatan_code: place.kecamatan for place in places.list_kelurahan()}


def _price(occupation_code: str, day: date) -> Price:
    """Next month's price and how long it stays, None when it stays."""
    segments = explain(tariff.quote_for(span(Month.of(day) + 1, PRICED_MONTHS), occupation_code))
    return segments[0].each_rupiah, segments[0].last if len(segments) > 1 else None
