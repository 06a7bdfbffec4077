"""Rules of a company, requests under them, and what is left of the caps. Only reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from flask import abort
from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import joinedload

from sertakan.accounts.models import Membership, OrganisationKind, Person
from sertakan.coverage import queries as coverage
from sertakan.coverage.models import IS_LIVE, CoverageMonth
from sertakan.coverage.rules import FUNDED
from sertakan.db import db
from sertakan.employees.models import Employee
from sertakan.kit import clock
from sertakan.kit.codes import normalise_code
from sertakan.kit.months import span
from sertakan.matching import rules
from sertakan.matching.models import MatchClaim, MatchRule
from sertakan.matching.rules import ClaimState, RuleState
from sertakan.organisations import queries as organisations
from sertakan.sponsorships import queries as sponsorships
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import ReviewState, TermState
from sertakan.tariff import queries as tariff
from sertakan.tariff.rules import NoTariff, PayerKind, Quote
from sertakan.workers.rules import GONE


def get_member(ref: str, person: Person) -> Membership:
    """Of a company; 404 for everybody else, and for public money, which pays under its decrees."""
    member = organisations.get_membership(ref, person)
    return member if member.organisation.kind is OrganisationKind.company else abort(404)


def get_rule(organisation_id: int, ref: str, *, lock: bool = False) -> MatchRule:
    """By its reference, only for the organisation whose rule it is; else 404."""
    statement = select(MatchRule).where(MatchRule.ref == ref, MatchRule.organisation_id == organisation_id)
    return db.session.scalars(statement.with_for_update(of=MatchRule) if lock else statement).first() or abort(404)


def find_open(code: str, today: date, *, lock: bool = False) -> MatchRule | None:
    """The rule of this code while one may ask under it."""
    plain = normalise_code(code)
    if plain is None:
        return None
    statement = select(MatchRule).where(MatchRule.code == plain, MatchRule.state == RuleState.open, MatchRule.until >= today)
    found = db.session.scalars(statement.with_for_update(of=MatchRule) if lock else statement).first()
    return found if found is not None and found.organisation.verified_at is not None else None


def count_living(organisation_id: int) -> int:
    statement = select(func.count()).select_from(MatchRule).where(MatchRule.organisation_id == organisation_id)
    return db.session.scalar(statement.where(MatchRule.state != RuleState.closed)) or 0


# ---- what counts against the caps ----------------------------------------------------------------------------------------------


def counts() -> ColumnElement[bool]:
    """A request that waits, or whose months the company still promises or has paid."""
    living = select(CoverageMonth.id).where(CoverageMonth.sponsorship_id == MatchClaim.promise_id, IS_LIVE)
    return or_(MatchClaim.state == ClaimState.asked, (MatchClaim.state == ClaimState.taken) & living.exists())


def used(rule_id: int, person_id: int | None = None) -> int:
    """Rupiah under a rule, of all or of one employee."""
    statement = select(func.coalesce(func.sum(MatchClaim.rupiah), 0)).where(MatchClaim.rule_id == rule_id, counts())
    if person_id is not None:
        statement = statement.join(Sponsorship, Sponsorship.id == MatchClaim.sponsorship_id)
        statement = statement.where(Sponsorship.sponsor_id == person_id)
    return int(db.session.scalar(statement) or 0)


def _matched(sponsorship_id: int) -> int:
    """Months that companies have added, or are asked for, to one sponsorship."""
    statement = select(func.coalesce(func.sum(MatchClaim.months), 0))
    return int(db.session.scalar(statement.where(MatchClaim.sponsorship_id == sponsorship_id, counts())) or 0)


# ---- an employee ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Offer:
    """The months that would be added, after everything that is promised already, at the prices of a company."""

    rule: MatchRule
    quote: Quote

    @property
    def mark(self) -> str:
        """What she saw: it must be the same when she says yes."""
        return f"{self.quote.months[0]}:{len(self.quote.lines)}:{self.quote.total_rupiah}"


def ready(sponsorship: Sponsorship) -> bool:
    """Whether her promise is of the kind that may be matched: her own, approved and running, of a worker who is still there."""
    runs = sponsorship.review_state is ReviewState.approved and sponsorship.term_state is TermState.running
    return runs and sponsorship.organisation_id is None and sponsorship.worker.state not in GONE


def offer(rule: MatchRule, sponsorship: Sponsorship) -> Offer:
    """What the company would add now. Refuses NotYet, NothingMore, CapReached."""
    if not ready(sponsorship) or _employed(rule.organisation_id, sponsorship.worker.nik_hash):
        raise rules.NotYet
    paid = sum(row.state in FUNDED for row in coverage.months_of_sponsorship(sponsorship.id))
    most = rules.months_due(paid, rule.percent, _matched(sponsorship.id))
    if not most:
        raise rules.NothingMore
    left = min(rule.cap_rupiah - used(rule.id), rule.cap_person_rupiah - used(rule.id, sponsorship.sponsor_id))
    count = rules.fits(most, left, lambda months: _price(sponsorship, months))
    quote = quote_of(sponsorship, count) if count else None
    if quote is None:
        raise rules.CapReached
    return Offer(rule, quote)


def _employed(organisation_id: int, nik_hash: str) -> bool:
    mine = select(Employee.id).where(Employee.organisation_id == organisation_id, Employee.nik_hash == nik_hash)
    return bool(db.session.scalar(select(mine.exists())))


def _price(sponsorship: Sponsorship, count: int) -> int | None:
    quote = quote_of(sponsorship, count)
    return quote.total_rupiah if quote is not None else None


def quote_of(sponsorship: Sponsorship, count: int) -> Quote | None:
    """So many months after everything that anybody has promised this worker; None where no tariff reaches."""
    months = span(sponsorships.next_start(sponsorship.worker_id, clock.today()), count)
    try:
        return tariff.quote_for(months, sponsorship.worker.occupation_code, PayerKind.company)
    except NoTariff:
        return None


def list_claims_of(sponsorship_id: int) -> Sequence[MatchClaim]:
    """What was asked for one sponsorship, the newest first."""
    statement = select(MatchClaim).where(MatchClaim.sponsorship_id == sponsorship_id).order_by(MatchClaim.id.desc()).limit(20)
    return db.session.scalars(statement.options(joinedload(MatchClaim.rule).joinedload(MatchRule.organisation))).all()


def find_over(sponsorship_id: int) -> Sequence[MatchClaim]:
    """Requests on a bill that was never paid: their promises hold no month any more. Locked."""
    taken = MatchClaim.sponsorship_id == sponsorship_id, MatchClaim.state == ClaimState.taken, ~counts()
    return db.session.scalars(select(MatchClaim).where(*taken).with_for_update(of=MatchClaim)).all()


# ---- a company -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Used:
    """A rule with what counts against its cap, and how many requests wait."""

    rule: MatchRule
    used_rupiah: int
    asked: int


def list_rules(organisation_id: int) -> list[Used]:
    """Open and proposed ones first."""
    asked = func.count().filter(MatchClaim.state == ClaimState.asked)
    sums = select(MatchClaim.rule_id, func.sum(MatchClaim.rupiah).label("rupiah"), asked.label("asked"))
    done = sums.where(counts()).group_by(MatchClaim.rule_id).subquery()
    rows = db.session.execute(
        select(MatchRule, done.c.rupiah, done.c.asked)
        .outerjoin(done, done.c.rule_id == MatchRule.id)
        .where(MatchRule.organisation_id == organisation_id)
        .options(joinedload(MatchRule.maker))
        .order_by(MatchRule.state == RuleState.closed, MatchRule.id.desc())
        .limit(50)
    )
    return [Used(row[0], int(row[1] or 0), row[2] or 0) for row in rows]


def list_claims(organisation_id: int, *states: ClaimState, most: int, lock: bool = False) -> Sequence[MatchClaim]:
    """Requests of these states: those that wait oldest first, others newest first."""
    statement = (
        select(MatchClaim)
        .join(MatchRule, MatchRule.id == MatchClaim.rule_id)
        .where(MatchRule.organisation_id == organisation_id, MatchClaim.state.in_(states))
        .order_by(MatchClaim.id if ClaimState.asked in states else MatchClaim.id.desc())
        .limit(most)
    )
    if lock:
        return db.session.scalars(statement.with_for_update(of=MatchClaim)).all()
    around = joinedload(MatchClaim.sponsorship).options(joinedload(Sponsorship.sponsor), joinedload(Sponsorship.worker))
    return db.session.scalars(statement.options(around)).all()
