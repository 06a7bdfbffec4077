"""A sponsorship that ends early, after a month: later months that have not set out for BPJS are free, the others stay covered."""

from collections.abc import Collection, Sequence

from sertakan.coverage import queries as coverage_queries
from sertakan.coverage import service as coverage_service
from sertakan.coverage.models import CoverageMonth
from sertakan.coverage.rules import LIVE, MonthState
from sertakan.kit.months import Month
from sertakan.sponsorships import rules, service
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import TermState


def end_after(*, actor: str, sponsorship: Sponsorship, month: Month, reason: str) -> list[CoverageMonth]:
    """This month is the last that its sponsor pays. Returns the months that had been paid and are free now; their money is the
    caller's to park or give back. What is at BPJS, or on its way, stays: cover is never taken back here. Twice changes nothing.
    """
    months = coverage_queries.months_of_sponsorship(sponsorship.id, lock=True)
    return _free(actor, sponsorship, months, [row for row in months if row.month > month], reason)


def give_way(*, actor: str, sponsorship: Sponsorship, months: Collection[Month], reason: str) -> list[CoverageMonth]:
    """Somebody else pays these months from now on; what lies outside them stays as it is. Otherwise as `end_after`."""
    rows = coverage_queries.months_of_sponsorship(sponsorship.id, lock=True)
    return _free(actor, sponsorship, rows, [row for row in rows if row.month in months], reason)


def _free(
    actor: str, sponsorship: Sponsorship, months: Sequence[CoverageMonth], wanted: Sequence[CoverageMonth], reason: str
) -> list[CoverageMonth]:
    over = [row for row in wanted if may_be_freed(row)]
    paid = [row for row in over if row.state is MonthState.paid]
    for row in over:
        coverage_service.move(actor=actor, month=row, to=MonthState.released, reason=reason)
    living = [row.month for row in months if row.state in LIVE]
    if living:
        sponsorship.last_month = max(living)
        sponsorship.declined_until = sponsorship.last_month.last_day
    elif sponsorship.review_state in rules.OPEN_REVIEWS:
        service.move_review(actor=actor, sponsorship=sponsorship, to=rules.ReviewState.withdrawn, reason=reason)
    elif sponsorship.term_state in rules.OPEN_TERMS:
        service.move_term(actor=actor, sponsorship=sponsorship, to=TermState.cancelled, reason=reason)
    if over:
        service.refresh_fingerprint(sponsorship)
    return paid


def may_be_freed(month: CoverageMonth) -> bool:
    """Promised, or paid and not yet on its way to BPJS."""
    return month.state is MonthState.reserved or month.returnable
