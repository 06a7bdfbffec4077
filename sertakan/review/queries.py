"""The queue, oldest first, and one request with everything an officer needs; a fixed number of statements for any number of rows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, and_, case, exists, func, or_, select
from sqlalchemy.orm import aliased, joinedload

from sertakan.accounts.models import Membership, Person
from sertakan.consents import queries as consents
from sertakan.coverage.models import CoverageMonth
from sertakan.coverage.rules import FUNDED, LIVE, MonthState
from sertakan.db import blind, db
from sertakan.kit import nik
from sertakan.kit.codes import normalise_code
from sertakan.kit.months import Month
from sertakan.review import checks as look
from sertakan.review.checks import Check, Verdict
from sertakan.review.models import Decision
from sertakan.sponsorships import queries as sponsorships
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import ReviewState, fingerprint
from sertakan.tariff import queries as tariff
from sertakan.tariff.queries import Work
from sertakan.web.paging import Page, slice_page
from sertakan.workers.models import Attestation, Consent, ConsentGiver, ConsentKind, Worker, WorkerState
from sertakan.workers.rules import attestation_stands

PAGE_SIZE = 25
SAID_BY_SPONSOR = ConsentGiver.sponsor_statement


class Chip(StrEnum):
    """The filters above the queue."""

    ready = "ready"  # paid, waiting for a decision
    unpaid = "unpaid"
    asked = "asked"
    all = "all"


@dataclass(frozen=True)
class Row:
    """A line of the queue."""

    sponsorship: Sponsorship
    work: Work | None
    total_rupiah: int
    months: int
    checks: list[Check]
    verdict: Verdict
    seen: str  # the fingerprint of what this line shows

    @property
    def green(self) -> bool:
        """Every single check is good, also those that only a person can make: a first enrolment never is before somebody looked."""
        return all(check.verdict is Verdict.ok for check in self.checks)

    @property
    def worst(self) -> Check:
        """The check to name on the line: the first that stops, else the first to look at, else the first."""
        rank = {Verdict.stop: 0, Verdict.look: 1, Verdict.unknown: 2, Verdict.ok: 3}
        return min(self.checks, key=lambda check: rank[check.verdict])


def _paid() -> Any:
    """Money for at least one live month is in."""
    return exists().where(
        CoverageMonth.sponsorship_id == Sponsorship.id,
        CoverageMonth.state.in_((MonthState.paid, MonthState.remitted, MonthState.posted)),
    )


def _condition(chip: Chip) -> Any:
    submitted = Sponsorship.review_state == ReviewState.submitted
    alone = ~Sponsorship.in_batch  # an upload is one line elsewhere, not thousands here
    match chip:
        case Chip.ready:
            return and_(submitted, alone, _paid())
        case Chip.unpaid:
            return and_(submitted, alone, ~_paid())
        case Chip.asked:
            return Sponsorship.review_state == ReviewState.needs_info
        case Chip.all:
            return and_(Sponsorship.review_state.in_((ReviewState.submitted, ReviewState.needs_info)), alone)


def counts() -> tuple[dict[Chip, int], datetime | None]:
    """How many wait under each chip, and since when the oldest that is ready waits; one statement."""
    columns = [func.coalesce(func.sum(case((_condition(chip), 1), else_=0)), 0) for chip in Chip]
    oldest = func.min(case((_condition(Chip.ready), Sponsorship.submitted_at)))
    row = db.session.execute(select(*columns, oldest).where(_condition(Chip.all))).one()
    return {chip: int(row[index]) for index, chip in enumerate(Chip)}, row[len(Chip)]


def _found(text: str) -> Any:
    """Search by code, by the whole NIK (through its keyed hash), or by the beginning of a name."""
    code = normalise_code(text)
    digits = nik.clean(text)
    ways: list[Any] = []
    if code:
        ways.append(Sponsorship.code == code)
    if len(digits) == 16 and digits.isdigit():
        ways.append(Worker.nik_hash == blind(digits, "nik"))
    if not digits.isdigit():
        ways += [func.lower(name).startswith(text.lower(), autoescape=True) for name in (Worker.name, Sponsorship.typed_name)]
    return or_(*ways) if ways else Sponsorship.id < 0


def list_queue(chip: Chip, text: str, number: int, today: date) -> Page[Row]:
    """A page of the queue, oldest first, each row with its checks done."""
    question = (
        select(Sponsorship)
        .join(Worker, Worker.id == Sponsorship.worker_id)
        .where(_condition(chip))
        .options(
            joinedload(Sponsorship.worker, innerjoin=True),
            joinedload(Sponsorship.sponsor, innerjoin=True),
            joinedload(Sponsorship.organisation),
        )
        .order_by(Sponsorship.submitted_at, Sponsorship.id)
        .offset((number - 1) * PAGE_SIZE)
        .limit(PAGE_SIZE + 1)
    )
    if text:
        question = question.where(_found(text))
    found = db.session.scalars(question).all()
    page = slice_page(found, number, PAGE_SIZE)
    return Page(with_checks(page.items, today), number, PAGE_SIZE, page.has_next)


def get_row(sponsorship: Sponsorship, today: date) -> Row:
    """One request with its checks."""
    return with_checks([sponsorship], today)[0]


def with_checks(requests: Sequence[Sponsorship], today: date) -> list[Row]:
    """These requests with their checks, in their order; a few statements, whatever their number."""
    workers = [row.worker_id for row in requests]
    months = _months(workers)
    given = {(row[0], row[1]) for row in db.session.execute(_consents(workers))}
    reported = consents.with_open_report([row.id for row in requests])
    attested = {row[0]: row[1] for row in db.session.execute(_attested(workers)) if attestation_stands(row[1], today)}
    rows = []
    for row in requests:
        own = [cell for cell in months if cell.sponsorship_id == row.id and cell.state in LIVE]
        wanted = {cell.month for cell in own}
        others = [
            cell for cell in months if cell.worker_id == row.worker_id and cell.sponsorship_id != row.id and cell.state in LIVE
        ]
        work = tariff.find_occupation(row.worker.occupation_code)
        facts = look.Facts(
            born_on=row.worker.born_on,
            typed_name=row.typed_name,
            known_name=row.worker.name,
            consent=any(worker == row.worker_id for worker, _giver in given),
            consent_is_hers=any(worker == row.worker_id and giver is not SAID_BY_SPONSOR for worker, giver in given),
            by_herself=(row.worker_id, ConsentGiver.worker) in given,
            attested_on=attested.get(row.worker_id),
            funded=sum(cell.state in FUNDED for cell in own),
            months=len(own),
            overlap=tuple(sorted(cell.month for cell in others if cell.month in wanted)),
            city_pays=bool(work and work.likely_government_paid),
            earlier_cover=any(cell.month < Month.of(today) for cell in others),
            identity_checked=row.worker.state in (WorkerState.identity_checked, WorkerState.active),
            report=row.id in reported,
        )
        done = look.run(facts, today)
        total = sum(cell.price_rupiah for cell in own)
        rows.append(Row(row, work, total, len(own), done, look.overall(done), mark_of(row, own)))
    return rows


def _months(workers: Iterable[int]) -> Sequence[CoverageMonth]:
    return db.session.scalars(select(CoverageMonth).where(CoverageMonth.worker_id.in_(list(workers)))).all()


def _consents(workers: Iterable[int]) -> Select[int, ConsentGiver]:
    return select(Consent.worker_id, Consent.giver).where(
        Consent.worker_id.in_(list(workers)), Consent.kind == ConsentKind.registered, Consent.withdrawn_at.is_(None)
    )


def _attested(workers: Iterable[int]) -> Select[int, date]:
    return (
        select(Attestation.worker_id, func.max(Attestation.seen_on))
        .where(Attestation.worker_id.in_(list(workers)))
        .group_by(Attestation.worker_id)
    )


def list_decisions(sponsorship_id: int) -> list[tuple[Decision, str | None]]:
    """What was decided so far and by whom (None: by a rule), oldest first."""
    question = (
        select(Decision, Person)
        .outerjoin(Person, Person.id == Decision.officer_id)
        .where(Decision.sponsorship_id == sponsorship_id)
        .order_by(Decision.id)
    )
    return [(decision, officer.name if officer else None) for decision, officer in db.session.execute(question)]


def mark_of(sponsorship: Sponsorship, months: Iterable[CoverageMonth]) -> str:
    """The fingerprint of what stands now; a decision is only taken on this one (I6)."""
    return fingerprint(sponsorships.seen(sponsorship), [(row.month, row.price_rupiah) for row in months if row.state in LIVE])


def is_own(person: Person, sponsorship: Sponsorship) -> bool:
    """Whether this person made it, pays for it, or belongs to the organisation that does."""
    own = person.id in (sponsorship.maker_id, sponsorship.sponsor_id)
    return own or _is_colleague(person, sponsorship.organisation_id)


def own_ids(person: Person, requests: Sequence[Sponsorship]) -> set[int]:
    """Those of these requests that are this person's own or her organisation's; one statement for all."""
    houses = select(Membership.organisation_id).where(Membership.person_id == person.id, Membership.ended_at.is_(None))
    mine = set(db.session.scalars(houses)) if any(row.organisation_id for row in requests) else set()
    return {row.id for row in requests if person.id in (row.maker_id, row.sponsor_id) or row.organisation_id in mine}


def list_by_codes(codes: Sequence[str], today: date) -> list[Row]:
    """These requests with their checks, oldest first; what is none is passed over."""
    known = [code for code in map(normalise_code, codes) if code]
    statement = (
        select(Sponsorship)
        .where(Sponsorship.code.in_(known))
        .options(
            joinedload(Sponsorship.worker, innerjoin=True),
            joinedload(Sponsorship.sponsor, innerjoin=True),
            joinedload(Sponsorship.organisation),
        )
        .order_by(Sponsorship.submitted_at, Sponsorship.id)
    )
    return with_checks(db.session.scalars(statement).all(), today) if known else []


def _is_colleague(person: Person, organisation_id: int | None) -> bool:
    if organisation_id is None:
        return False
    member = aliased(Membership)
    return bool(
        db.session.scalar(
            select(member.id)
            .where(member.organisation_id == organisation_id, member.person_id == person.id, member.ended_at.is_(None))
            .limit(1)
        )
    )
