"""Going on: more months for a worker one already sponsors. The old end is untouched until money arrives."""

from datetime import date

from sertakan.accounts.models import Person
from sertakan.audit.service import record
from sertakan.coverage import queries as coverage_queries
from sertakan.coverage.models import CoverageMonth
from sertakan.db import db
from sertakan.kit import clock
from sertakan.kit.months import Month, span
from sertakan.sponsorships import answers as steps
from sertakan.sponsorships import queries, refusals, rules, service
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import ReviewState, TermState
from sertakan.tariff.rules import Quote


def extend(
    *, actor: Person | str, sponsorship: Sponsorship, count: int, quote: Quote, first_month: Month
) -> tuple[Sponsorship, list[CoverageMonth]]:
    """More months, reserved at the quote's prices, what is in arrears first. The old end is untouched until money arrives.

    An open, approved sponsorship grows; a closed one is copied, never revived. Refuses StillInReview, NotRenewable,
    WorkerUnavailable, HoleInMonths (trap 12), what `check_months` refuses, and `MonthTaken`.
    """
    today = clock.today()
    start = queries.next_start(sponsorship.worker_id, today)
    steps.check_months(first_month, count, today, earliest=start)
    service.check_worker(sponsorship.worker)
    if first_month != start:
        raise refusals.HoleInMonths(field="first_month", month=start)
    steps.check_savings(sponsorship.package, sponsorship.worker.employs_others)
    service.check_quote(quote, span(first_month, count), sponsorship.package)
    target = sponsorship
    if not rules.is_open(sponsorship.review_state, sponsorship.term_state):
        target = _copy(sponsorship, quote)
    name = actor if isinstance(actor, str) else actor.ref
    months = service.reserve(actor=name, sponsorship=target, quote=quote)
    service.refresh_fingerprint(target)
    facts = service.facts_of(target, quote) | {"first_month": str(first_month), "last_month": str(quote.months[-1])}
    record(actor=name, action="sponsorship.extend", subject=service.subject(target), after=facts)
    return target, months


def decline(*, sponsorship: Sponsorship) -> None:
    """The sponsor says that she does not go on: no more reminders to her about this end of cover; nothing is taken back.

    Refuses NothingToDecline when no cover was ever funded. Saying it twice changes nothing; renewing takes it back by itself,
    since the end moves.
    """
    until = coverage_queries.standing_of(sponsorship.worker_id, clock.today()).covered_until
    if until is None:
        raise refusals.NothingToDecline
    if sponsorship.declined_until == until:
        return
    sponsorship.declined_until = until
    facts = {"covered_until": until.isoformat()}
    record(actor=sponsorship.sponsor.ref, action="sponsorship.decline", subject=service.subject(sponsorship), after=facts)


def pay_by_itself(*, sponsorship: Sponsorship, on: bool) -> None:
    """Whether it renews itself: then the sponsor is told what will be charged, and not asked to pay (PRODUCT 5.7)."""
    sponsorship.auto = on


def declines(sponsorship: Sponsorship, covered_until: date | None) -> bool:
    """Whether the sponsor has said that she does not go on after this end of cover."""
    return covered_until is not None and sponsorship.declined_until == covered_until


def _copy(old: Sponsorship, quote: Quote) -> Sponsorship:
    """Closed states renew by a copy that points back (PRODUCT 5.2); a person or a rule reviews it again."""
    if old.review_state in rules.OPEN_REVIEWS:
        raise refusals.StillInReview
    if old.review_state is not ReviewState.approved or old.term_state is TermState.terminated:
        raise refusals.NotRenewable
    copy = service.new_sponsorship(old.sponsor, old.worker, quote, old.package, old.payer_kind)
    copy.risk_version = old.risk_version
    copy.typed_name, copy.chosen_from_list = old.typed_name, old.chosen_from_list
    copy.show_name, copy.remind = old.show_name, old.remind
    copy.organisation_id, copy.renews_id = old.organisation_id, old.id
    db.session.add(copy)
    db.session.flush()
    return copy
