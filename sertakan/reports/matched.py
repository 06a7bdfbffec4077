"""The checks of matching: caps hold, and a company's months go to the worker whom its employee protects."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import aliased

from sertakan.matching.models import MatchClaim, MatchRule
from sertakan.matching.queries import counts
from sertakan.sponsorships.models import Sponsorship


def _over_cap() -> Select[Any]:
    living = select(func.sum(MatchClaim.rupiah)).where(MatchClaim.rule_id == MatchRule.id, counts())
    person = (
        select(MatchClaim.rule_id)
        .join(Sponsorship, Sponsorship.id == MatchClaim.sponsorship_id)
        .where(MatchClaim.rule_id == MatchRule.id, counts())
        .group_by(MatchClaim.rule_id, Sponsorship.sponsor_id)
        .having(func.sum(MatchClaim.rupiah) > MatchRule.cap_person_rupiah)
    )
    return select(MatchRule.ref).where(or_(living.scalar_subquery() > MatchRule.cap_rupiah, person.exists()))


def _another_worker() -> Select[Any]:
    own, added = aliased(Sponsorship), aliased(Sponsorship)
    return (
        select(MatchClaim.ref)
        .join(own, own.id == MatchClaim.sponsorship_id)
        .join(added, added.id == MatchClaim.promise_id)
        .join(MatchRule, MatchRule.id == MatchClaim.rule_id)
        .where(or_(own.worker_id != added.worker_id, func.coalesce(added.organisation_id, 0) != MatchRule.organisation_id))
    )


CHECKS: dict[str, Callable[[], Select[Any]]] = {
    "what a company adds keeps to its caps": _over_cap,
    "what a company adds is for its employee's worker": _another_worker,
}
