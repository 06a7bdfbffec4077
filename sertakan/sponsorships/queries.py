"""Reading sponsorships. Private lists start from whose they are; another person's code is not there (404)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from flask import abort
from flask_babel import force_locale
from sqlalchemy import exists, select
from sqlalchemy.orm import joinedload

from sertakan.accounts.models import Person
from sertakan.coverage import queries as coverage_queries
from sertakan.coverage.models import CoverageMonth
from sertakan.coverage.rules import FUNDED, HELD, LIVE, MonthState, StandingOn, owed, standing
from sertakan.db import db
from sertakan.kit import clock
from sertakan.kit.codes import normalise_code
from sertakan.kit.months import Month, span
from sertakan.notices.models import Notice
from sertakan.sponsorships import rules
from sertakan.sponsorships.models import ActionLink, Draft, Sponsorship
from sertakan.sponsorships.rules import ReviewState, Seen
from sertakan.web.paging import Page, slice_page
from sertakan.workers import queries as worker_queries
from sertakan.workers.models import Worker
from sertakan.workers.rules import GONE

PAGE_SIZE = 20
RIBBON_MONTHS = 12


# ---- one row -------------------------------------------------------------------------------------------------------------------


def get_by_code(code: str, lock: bool = False) -> Sponsorship:
    """By its public code, for rooms that have asked whether they may; 404 when there is none."""
    return _get(Sponsorship.code == _plain(code), lock)


def get_own(code: str, person: Person, lock: bool = False) -> Sponsorship:
    """The person's own, or 404: another's code and a made-up one look alike (QUALITY A 20)."""
    return _get((Sponsorship.code == _plain(code)) & (Sponsorship.sponsor_id == person.id), lock)


def _plain(code: str) -> str:
    """As printed, also when typed in lower case or without its dash; what cannot be a code is not there."""
    return normalise_code(code) or abort(404)


def get(sponsorship_id: int, lock: bool = False) -> Sponsorship:
    return _get(Sponsorship.id == sponsorship_id, lock)


def _get(condition: object, lock: bool) -> Sponsorship:
    statement = (
        select(Sponsorship)
        .where(condition)  # type: ignore[arg-type]
        .options(
            joinedload(Sponsorship.worker, innerjoin=True),
            joinedload(Sponsorship.sponsor, innerjoin=True),
            joinedload(Sponsorship.organisation),
        )
    )
    if lock:
        statement = statement.with_for_update(of=Sponsorship).execution_options(populate_existing=True)
    found = db.session.scalars(statement).first()
    if found is None:
        abort(404)
    return found


def list_own(person: Person, page: int = 1) -> Page[Sponsorship]:
    """A person's own sponsorships, newest first; what she made for an organisation is on its pages."""
    statement = (
        select(Sponsorship)
        .where(Sponsorship.sponsor_id == person.id, Sponsorship.organisation_id.is_(None))
        .options(joinedload(Sponsorship.worker))
        .order_by(Sponsorship.submitted_at.desc(), Sponsorship.id.desc())
        .limit(PAGE_SIZE + 1)
        .offset((page - 1) * PAGE_SIZE)
    )
    return slice_page(db.session.scalars(statement).all(), page, PAGE_SIZE)


def find_draft(token_hash: str, lock: bool = False) -> Draft | None:
    question = select(Draft).where(Draft.token_hash == token_hash)
    return db.session.scalar(question.with_for_update().execution_options(populate_existing=True) if lock else question)


def find_link(token_hash: str) -> ActionLink | None:
    return db.session.scalars(
        select(ActionLink)
        .where(ActionLink.token_hash == token_hash)
        .options(
            joinedload(ActionLink.sponsorship, innerjoin=True).options(
                joinedload(Sponsorship.worker, innerjoin=True),
                joinedload(Sponsorship.sponsor, innerjoin=True),
                joinedload(Sponsorship.organisation),
            )
        )
    ).first()


def list_links(sponsorship_id: int) -> Sequence[ActionLink]:
    return db.session.scalars(select(ActionLink).where(ActionLink.sponsorship_id == sponsorship_id)).all()


# ---- what a sweep looks at -----------------------------------------------------------------------------------------------------


def list_by_ids(ids: Sequence[int]) -> Sequence[Sponsorship]:
    """With worker and sponsor, in one statement."""
    statement = select(Sponsorship).where(Sponsorship.id.in_(ids)).order_by(Sponsorship.id)
    return db.session.scalars(statement.options(joinedload(Sponsorship.worker), joinedload(Sponsorship.sponsor))).all()


def list_abandoned(before: datetime) -> Sequence[int]:
    """Ids of requests older than this that wait for a decision and hold no month, paid or promised."""
    live = exists().where(CoverageMonth.sponsorship_id == Sponsorship.id, CoverageMonth.state.in_(LIVE))
    return db.session.scalars(
        select(Sponsorship.id).where(Sponsorship.review_state.in_(rules.OPEN_REVIEWS), Sponsorship.submitted_at < before, ~live)
    ).all()


def written_keys(keys: Sequence[str]) -> set[str]:
    """Those of these message keys that were used already."""
    return set(db.session.scalars(select(Notice.key).where(Notice.key.in_(keys)))) if keys else set()


def next_start(worker_id: int, today: date) -> Month:
    """The month with which cover of this worker can go on: the oldest in arrears, else the first that nobody funds."""
    return rules.next_start(coverage_queries.held(worker_id), today)


def seen(sponsorship: Sponsorship) -> Seen:
    """What an officer judges, as it stands now."""
    worker = sponsorship.worker
    return Seen(
        sponsor_ref=sponsorship.sponsor.ref,
        worker_ref=worker.ref,
        nik_hash=worker.nik_hash,
        worker_name=worker.name,
        typed_name=sponsorship.typed_name,
        born_on=worker.born_on,
        occupation_code=worker.occupation_code,
        employs_others=worker.employs_others,
        payer_kind=sponsorship.payer_kind.value,
        package=sponsorship.package.value,
        base_rupiah=sponsorship.base_rupiah,
        answer=sponsorship.answer,
    )


# ---- views ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class MonthCell:
    """One square of the ribbon; `look` is the word of `rules.look`. Who else funds a month is never said."""

    month: Month
    look: str
    is_now: bool


@dataclass(frozen=True)
class SponsorshipView:
    """Everything the page, the card and the bill say about one sponsorship. Amounts are whole rupiah, days are of Pontianak."""

    sponsorship: Sponsorship
    display_name: str
    initial_only: bool
    occupation_code: str
    months: Sequence[CoverageMonth]
    ribbon: Sequence[MonthCell]
    standing: StandingOn
    protected: bool
    days_left: int | None
    next_start: Month
    total_rupiah: int
    posted_until: date | None
    owed: Sequence[Month]  # in arrears and still to be had, oldest first, this one included

    @property
    def code(self) -> str:
        return self.sponsorship.code

    @property
    def covered_until(self) -> date | None:
        return self.standing.covered_until

    @property
    def looks(self) -> list[str]:
        """The words that the ribbon uses, for its legend."""
        return [word for word in rules.LOOKS if any(cell.look == word for cell in self.ribbon)]

    @property
    def on_the_way(self) -> list[Month]:
        """Months that are paid and not yet posted."""
        return sorted(row.month for row in self.months if row.state in (MonthState.paid, MonthState.remitted))

    @property
    def has_bill(self) -> bool:
        """Months are promised and not paid yet."""
        return any(row.state is MonthState.reserved for row in self.months)

    @property
    def rows(self) -> list[CoverageMonth]:
        """One row a month: the live one, else the newest; a month that was freed and promised again stands once."""
        return [row for _month, row in sorted(_best(self.months).items())]

    @property
    def renewable(self) -> bool:
        """Renew is offered while it runs, in grace and after the end (I15), never while a person still looks at it."""
        s = self.sponsorship
        return s.review_state is ReviewState.approved and s.worker.state not in GONE

    @property
    def cancellable(self) -> bool:
        s = self.sponsorship
        return s.term_state in rules.OPEN_TERMS and s.review_state not in (ReviewState.rejected, ReviewState.withdrawn)


def display_name(sponsorship: Sponsorship) -> str:
    """What this sponsor may call the worker: as she typed it, or the coarse title when she chose her from the list (idea 5)."""
    if not sponsorship.chosen_from_list:
        return sponsorship.typed_name
    return coarse_name(sponsorship.worker)


def display_name_for(sponsorship: Sponsorship) -> str:
    """The same in the language of the sponsor's messages."""
    with force_locale(sponsorship.sponsor.locale):
        return display_name(sponsorship)


def coarse_name(worker: Worker) -> str:
    """`Ibu S.` or `Bapak H.`"""
    return worker_queries.coarse_title(worker)


def view_of(sponsorship: Sponsorship, today: date | None = None) -> SponsorshipView:
    """One sponsorship with its months, in one statement, whatever their number."""
    return views_of([sponsorship], today)[0]


def views_of(sponsorships: Sequence[Sponsorship], today: date | None = None) -> list[SponsorshipView]:
    """Many at once, in one statement for the months of all their workers."""
    today = today or clock.today()
    rows = months_of_workers({s.worker_id for s in sponsorships})
    return [
        assemble(
            s,
            [row for row in rows.get(s.worker_id, []) if row.sponsorship_id == s.id],
            [row for row in rows.get(s.worker_id, []) if row.state in HELD],
            today,
        )
        for s in sponsorships
    ]


def months_of_workers(worker_ids: set[int]) -> dict[int, list[CoverageMonth]]:
    """All months, live or not, by worker, oldest first."""
    found: dict[int, list[CoverageMonth]] = {}
    if worker_ids:
        statement = (
            select(CoverageMonth).where(CoverageMonth.worker_id.in_(worker_ids)).order_by(CoverageMonth.month, CoverageMonth.id)
        )
        for row in db.session.scalars(statement):
            found.setdefault(row.worker_id, []).append(row)
    return found


def assemble(
    sponsorship: Sponsorship, own: Sequence[CoverageMonth], everything: Sequence[CoverageMonth], today: date
) -> SponsorshipView:
    """Pure: rows and a day in, a view out.

    The standing is the worker's, whoever pays; but until an officer said yes it is of these months alone, so that nobody learns
    by a request whether a NIK is covered (idea 6).
    """
    approved = sponsorship.review_state is ReviewState.approved
    states = {row.month: row.state for row in (everything if approved else own) if row.state in LIVE}
    now = standing(states, today)
    this = Month.of(today)
    unfree = {row.month: row.state for row in _living_last(everything)}
    months = span(ribbon_start(sponsorship.first_month, this), RIBBON_MONTHS)
    return SponsorshipView(
        sponsorship=sponsorship,
        display_name=display_name(sponsorship),
        initial_only=sponsorship.chosen_from_list,
        occupation_code=sponsorship.worker.occupation_code,
        months=own,
        ribbon=[MonthCell(month, rules.look(states, month, sponsorship.first_month, today), month == this) for month in months],
        standing=now,
        protected=rules.protects(sponsorship.review_state, today, states),
        days_left=(now.covered_until - today).days if now.covered_until else None,
        next_start=rules.next_start(unfree, today),
        total_rupiah=sum(row.price_rupiah for row in own if row.state in LIVE),
        posted_until=rules.posted_run(states, today),
        owed=owed((month for month, state in unfree.items() if state in FUNDED), unfree, today) if approved else [],
    )


def _living_last(rows: Sequence[CoverageMonth]) -> list[CoverageMonth]:
    """Of two rows of a month the living one counts: one in repair may have been paid anew by somebody."""
    return sorted(rows, key=lambda row: row.state in LIVE)


def ribbon_start(first: Month, this: Month) -> Month:
    """From the first month; after most of a year from half a year ago, so that today and what is ahead are both seen."""
    return first if this < first + (RIBBON_MONTHS - 3) else this + (4 - RIBBON_MONTHS)


def _best(own: Sequence[CoverageMonth]) -> dict[Month, CoverageMonth]:
    """One row a month: the live one, else the newest."""
    best: dict[Month, CoverageMonth] = {}
    for row in own:
        before = best.get(row.month)
        if before is None or row.state in LIVE or before.state not in LIVE:
            best[row.month] = row
    return best
