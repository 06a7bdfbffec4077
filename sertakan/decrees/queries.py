"""Reads about decrees. Whatever belongs to an organisation is reached through a membership in it."""

from collections.abc import Sequence
from typing import NamedTuple

from flask import abort
from sqlalchemy import Select, func, select
from sqlalchemy.orm import joinedload

from sertakan.accounts.models import Membership, OrganisationKind
from sertakan.coverage.models import CoverageMonth
from sertakan.coverage.rules import FUNDED, LIVE
from sertakan.db import db
from sertakan.decrees.models import Decree
from sertakan.decrees.rules import Budget, DecreeState
from sertakan.kit.months import Month
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import ReviewState, TermState
from sertakan.web.paging import Page, slice_page

PAGE = 20
SHOWN = 40


def may_have(member: Membership) -> None:
    """404 for whoever is no government body: to a company there are no decrees."""
    if member.organisation.kind is not OrganisationKind.government:
        abort(404)


def get_decree(member: Membership, ref: str, *, lock: bool = False) -> Decree:
    """A decree of this member's organisation, or 404; without its file."""
    statement = select(Decree).where(Decree.organisation_id == member.organisation_id, Decree.ref == ref)
    people = [joinedload(Decree.made_by), joinedload(Decree.proposed_by), joinedload(Decree.decided_by)]
    statement = statement.with_for_update(of=Decree) if lock else statement.options(*people)
    return db.session.scalar(statement) or abort(404)


def get(decree_id: int, *, lock: bool = False) -> Decree:
    statement = select(Decree).where(Decree.id == decree_id)
    return db.session.scalars(statement.with_for_update(of=Decree) if lock else statement).one()


def list_decrees(member: Membership, number: int) -> Page[Decree]:
    """The newest budget year first."""
    rows = db.session.scalars(
        select(Decree)
        .where(Decree.organisation_id == member.organisation_id)
        .order_by(Decree.budget_year.desc(), Decree.id.desc())
        .offset((number - 1) * PAGE)
        .limit(PAGE + 1)
    ).all()
    return slice_page(rows, number, PAGE)


def list_in_force(organisation_id: int, this: Month) -> Sequence[Decree]:
    """Decrees under which somebody may still be named."""
    return db.session.scalars(
        select(Decree)
        .where(Decree.organisation_id == organisation_id, Decree.state == DecreeState.in_force, Decree.last_month >= this)
        .order_by(Decree.last_month, Decree.id)
    ).all()


def find_in_force(organisation_id: int, ref: str) -> Decree | None:
    return db.session.scalar(
        select(Decree).where(Decree.organisation_id == organisation_id, Decree.ref == ref, Decree.state == DecreeState.in_force)
    )


def find_by_number(organisation_id: int, number: str) -> Decree | None:
    """The decree in force that carries this number."""
    mine = Decree.organisation_id == organisation_id, Decree.number == number
    return db.session.scalar(select(Decree).where(*mine, Decree.state == DecreeState.in_force))


def budgets(decrees: Sequence[Decree]) -> dict[int, Budget]:
    """By id: each ceiling against the months that the ledger holds under it. One statement for all of them."""
    paid = CoverageMonth.price_rupiah
    rows = db.session.execute(
        select(
            Sponsorship.decree_id,
            func.sum(paid),
            func.coalesce(func.sum(paid).filter(CoverageMonth.state.in_(FUNDED)), 0),
            func.count(func.distinct(CoverageMonth.worker_id)),
        )
        .join(CoverageMonth, CoverageMonth.sponsorship_id == Sponsorship.id)
        .where(Sponsorship.decree_id.in_([one.id for one in decrees]), CoverageMonth.state.in_(LIVE))
        .group_by(Sponsorship.decree_id)
    )
    known = {row[0]: (int(row[1]), int(row[2]), row[3]) for row in rows}
    return {one.id: Budget(one.ceiling_rupiah, *known.get(one.id, (0, 0, 0))) for one in decrees}


def budget_of(decree: Decree) -> Budget:
    return budgets([decree])[decree.id]


class Holder(NamedTuple):
    """Somebody under a decree: her promise, and the month after which it ends early, if it does."""

    promise: Sponsorship
    over: bool


def _living(decree_id: int) -> Select[Sponsorship]:
    return select(Sponsorship).where(
        Sponsorship.decree_id == decree_id,
        Sponsorship.review_state.in_((ReviewState.submitted, ReviewState.needs_info, ReviewState.approved)),
        Sponsorship.term_state.not_in((TermState.cancelled, TermState.terminated)),
    )


def list_holders(decree: Decree, after: int) -> Page[Holder]:
    """Everybody under it in the order in which they came; who left before its end is marked."""
    statement = _living(decree.id).where(Sponsorship.id > after).options(joinedload(Sponsorship.worker))
    rows = db.session.scalars(statement.order_by(Sponsorship.id).limit(SHOWN + 1)).all()
    holders = [Holder(row, row.last_month < decree.last_month and row.declined_until is not None) for row in rows]
    return slice_page(holders, 1 if not after else 2, SHOWN)


def find_holder(decree: Decree, code: str, *, lock: bool = False) -> Sponsorship | None:
    """The living promise with this code under this decree."""
    statement = _living(decree.id).where(Sponsorship.code == code)
    return db.session.scalar(statement.with_for_update(of=Sponsorship) if lock else statement)


def list_posts(decree_id: int, last: Month, without: int | None = None) -> set[str]:
    """The offices that are held under this decree to its last month."""
    statement = _living(decree_id).where(Sponsorship.post.is_not(None), Sponsorship.last_month >= last)
    if without is not None:
        statement = statement.where(Sponsorship.id != without)
    return {row for row in db.session.scalars(statement.with_only_columns(Sponsorship.post)) if row}
