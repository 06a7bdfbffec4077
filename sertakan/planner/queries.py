"""Whom a plan may take: the organisation's own workers from the ledger, and the cards of the public waiting list.

Who waits is known here by her card alone. So a plan tells an organisation nothing that `/pekerja` does not, and only its own
workers, whose data it brought itself, can become an upload of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, case, exists, func, select

from sertakan.accounts.models import Membership, OrganisationKind
from sertakan.bulk import rules as bulk
from sertakan.bulk.renewing import going_on
from sertakan.coverage.models import IS_LIVE, CoverageMonth
from sertakan.coverage.rules import FUNDED
from sertakan.db import db
from sertakan.employees.models import Employee
from sertakan.kit import nik
from sertakan.kit.months import Month, span
from sertakan.planner import rules
from sertakan.planner.rules import Plan
from sertakan.sponsorships.models import Sponsorship
from sertakan.tariff import queries as tariff
from sertakan.tariff.rules import PayerKind
from sertakan.workers import public
from sertakan.workers.models import Consent, ConsentKind, Worker
from sertakan.workers.public import CoarseWorker
from sertakan.workers.rules import TOO_OLD


@dataclass(frozen=True)
class Wanted:
    """How much money, for which months, and among whom: no kelurahan means all, no group of work means all."""

    budget_rupiah: int
    first_month: Month
    count: int
    kelurahan: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()

    @property
    def months(self) -> list[Month]:
        return span(self.first_month, self.count)


@dataclass(frozen=True)
class Own:
    """A worker of the organisation; `code` is of its newest promise for her, `price_rupiah` of all months wanted."""

    worker_id: int
    code: str
    name: str
    work: str
    kelurahan_code: str | None
    covered_until: Month | None
    price_rupiah: int


@dataclass(frozen=True)
class Waiting:
    """A card of the public list; the price is the dearest that her group of work may have."""

    card: CoarseWorker
    price_rupiah: int


@dataclass(frozen=True)
class Result:
    """One budget: the organisation's own workers first, then those who wait, from what is left."""

    own: Plan[Own]
    waiting: Plan[Waiting]


def plan_for(member: Membership, wanted: Wanted, today: date) -> Result:
    """Refuses NoTariff for months that no tariff reaches."""
    own = plan_own(member, wanted, today)
    return Result(own, rules.plan(_waiting(member, wanted), own.left_rupiah))


def plan_own(member: Membership, wanted: Wanted, today: date) -> Plan[Own]:
    """The organisation's own workers alone, as they become an upload."""
    prices = _prices(member, wanted)
    most = min(wanted.budget_rupiah // min(prices.values()) + 1, bulk.MOST_ROWS)
    return rules.plan(_own(member, wanted, today, prices, most), wanted.budget_rupiah)


def _prices(member: Membership, wanted: Wanted) -> dict[str, int]:
    """What all the months cost for each occupation, with this organisation as the payer."""
    government = member.organisation.kind is OrganisationKind.government
    payer = PayerKind.government if government else PayerKind.company
    return {
        work.code: tariff.quote_for(wanted.months, work.code, payer).total_rupiah
        for work in tariff.list_occupations()
        if not wanted.groups or work.group in wanted.groups
    }


def _own(member: Membership, wanted: Wanted, today: date, prices: dict[str, int], most: int) -> Sequence[Own]:
    """Consented, of an age to be registered, nobody's in these months, no employee, not met through the public list.

    The cliff comes first.
    """
    mine = CoverageMonth.worker_id == Worker.id
    until = (
        select(func.max(CoverageMonth.month))
        .where(mine, IS_LIVE, CoverageMonth.state.in_(FUNDED))
        .correlate(Worker)
        .scalar_subquery()
    )
    agreed = exists().where(
        Consent.worker_id == Worker.id, Consent.kind == ConsentKind.registered, Consent.withdrawn_at.is_(None)
    )
    employed = exists().where(Employee.organisation_id == member.organisation_id, Employee.nik_hash == Worker.nik_hash)
    taken = exists().where(mine, IS_LIVE, CoverageMonth.month.in_(wanted.months))
    able = [Worker.occupation_code.in_(list(prices)), Worker.born_on > nik.born_by(TOO_OLD, today)]
    if wanted.kelurahan:
        able.append(Worker.kelurahan_code.in_(wanted.kelurahan))
    people = (
        select(
            Worker.id,
            Sponsorship.code,
            Sponsorship.typed_name,
            Worker.occupation_code,
            Worker.kelurahan_code,
            until.label("until"),
        )
        .join(Sponsorship, Sponsorship.worker_id == Worker.id)
        .where(*going_on(member.organisation_id), *able, agreed, ~taken, ~employed)
        .cte()
        .prefix_with("MATERIALIZED")  # else each word of the order reads the ledger again
    )
    labels = {work.code: work.label for work in tariff.list_occupations()}
    rows = db.session.execute(select(people).order_by(*_in_line(people.c.until, Month.of(today)), people.c.id).limit(most))
    return [
        Own(worker_id, code, name, labels[work], kelurahan, covered_until, prices[work])
        for worker_id, code, name, work, kelurahan, covered_until in rows
    ]


def _in_line(until: ColumnElement[Month | None], this: Month) -> list[ColumnElement[Any]]:
    """The cliff first: whose cover runs out soonest, then the freshest lapse, then who was never covered."""
    ahead = until >= this
    return [case((ahead, 0), (until.is_not(None), 1), else_=2), case((ahead, until)), until.desc()]


def _waiting(member: Membership, wanted: Wanted) -> list[Waiting]:
    """Who waits longest comes first. A card that hides the work costs as much as the dearest work."""
    every = _prices(member, Wanted(wanted.budget_rupiah, wanted.first_month, wanted.count))
    of_group: dict[str | None, int] = {None: max(every.values())}
    for work in tariff.list_occupations():
        of_group[work.group] = max(of_group.get(work.group, 0), every[work.code])
    cards = public.list_cards(wanted.kelurahan, wanted.groups)
    return [Waiting(card, of_group[card.shown.group]) for card in cards]
