"""The verbs of matching. Run inside `transaction()`; lock order: rule, sponsorship, request, worker, months."""

from typing import Any

from sqlalchemy import select

from sertakan.accounts.models import MemberRole, Membership, Organisation, Person
from sertakan.audit.service import record
from sertakan.coverage.models import CoverageMonth
from sertakan.coverage.rules import MonthTaken
from sertakan.db import db
from sertakan.kit import clock
from sertakan.kit.codes import new_code
from sertakan.matching import queries, rules
from sertakan.matching.models import MatchClaim, MatchRule
from sertakan.matching.rules import ClaimState, Facts, RuleState, Why
from sertakan.notices import service as notices
from sertakan.notices.links import absolute
from sertakan.payments import bills
from sertakan.payments.models import Order
from sertakan.sponsorships import queries as sponsorships
from sertakan.sponsorships import refusals, unseen
from sertakan.sponsorships import service as sponsorship_service
from sertakan.sponsorships.models import Sponsorship

MAY_DECIDE = frozenset({MemberRole.maker, MemberRole.checker})


def _note(actor: str, what: str, rule: MatchRule, **facts: Any) -> None:
    record(actor=actor, action=f"match_rule.{what}", subject=f"match_rule:{rule.ref}", after=facts or None)


def _must_be(actor: Membership, *roles: MemberRole) -> None:
    if actor.ended_at is not None or actor.role not in roles:
        raise rules.NotYourPart


def _move(rule: MatchRule, to: RuleState) -> None:
    """The only place that sets a rule's state."""
    rules.check_rule(rule.state, to)
    rule.state = to


def _move_claim(actor: str, claim: MatchClaim, to: ClaimState, why: Why | None = None) -> None:
    """The only place that sets a request's state."""
    rules.check_claim(claim.state, to)
    before, claim.state, claim.why, claim.decided_at = claim.state, to, why, clock.now()
    states = {"state": before.value}, {"state": to.value, "months": claim.months, "rupiah": claim.rupiah}
    name = f"match_claim:{claim.ref}"
    record(actor=actor, action=f"match_claim.{to.value}", subject=name, before=states[0], after=states[1], reason=why)


# ---- the company's rule --------------------------------------------------------------------------------------------------------


def propose(*, actor: Membership, facts: Facts) -> MatchRule:
    """The maker says what is added and up to which caps. Refuses NotYourPart, NotVerified, TooManyRules, CapsWrong, UntilPast."""
    _must_be(actor, MemberRole.maker)
    if actor.organisation.verified_at is None:
        raise rules.NotVerified
    rules.check_facts(facts.cap_person_rupiah, facts.cap_rupiah, facts.until, clock.today())
    db.session.get_one(Organisation, actor.organisation_id, with_for_update=True)
    if queries.count_living(actor.organisation_id) >= rules.MOST_RULES:
        raise rules.TooManyRules(most=rules.MOST_RULES)
    rule = MatchRule(
        code=new_code(),
        organisation_id=actor.organisation_id,
        percent=facts.percent,
        cap_person_rupiah=facts.cap_person_rupiah,
        cap_rupiah=facts.cap_rupiah,
        until=facts.until,
        state=RuleState.proposed,
        maker_id=actor.person_id,
        created_at=clock.now(),
    )
    db.session.add(rule)
    db.session.flush()
    said = {"percent": rule.percent, "cap_person_rupiah": rule.cap_person_rupiah, "cap_rupiah": rule.cap_rupiah}
    _note(actor.person.ref, "propose", rule, **said, until=rule.until.isoformat())
    return rule


def open_rule(*, actor: Membership, rule: MatchRule) -> None:
    """Another member opens it: from now on employees may ask. Refuses NotYourPart, OwnRule, NotNow."""
    _must_be(actor, MemberRole.checker)
    if rule.maker_id == actor.person_id:
        raise rules.OwnRule
    _move(rule, RuleState.open)
    rule.checker_id, rule.opened_at = actor.person_id, clock.now()
    _note(actor.person.ref, "open", rule)


def close_rule(*, actor: Membership, rule: MatchRule) -> None:
    """Nobody may ask any more; who waits is told no, what is on a bill stays. Refuses NotYourPart, NotNow."""
    _must_be(actor, *MAY_DECIDE)
    _move(rule, RuleState.closed)
    rule.closed_at = clock.now()
    waiting = select(MatchClaim).where(MatchClaim.rule_id == rule.id, MatchClaim.state == ClaimState.asked)
    for claim in db.session.scalars(waiting.order_by(MatchClaim.id).with_for_update()).all():
        _decline(actor.person.ref, claim, Why.closed)
    _note(actor.person.ref, "close", rule)


# ---- an employee asks ----------------------------------------------------------------------------------------------------------


def ask(*, actor: Person, sponsorship: Sponsorship, code: str, seen: str) -> MatchClaim:
    """Ask the company of this code for the months she was shown (`Offer.mark`). The sponsorship is hers and locked.

    Refuses CodeUnknown, AskedAlready, Changed, and what `queries.offer` refuses.
    """
    rule = queries.find_open(code, clock.today(), lock=True)  # one at a time: the caps are counted under this lock
    if rule is None:
        raise rules.CodeUnknown(field="code")
    known = queries.list_claims_of(sponsorship.id)
    if any(claim.state is ClaimState.asked for claim in known):
        raise rules.AskedAlready
    for claim in queries.find_over(sponsorship.id):
        _move_claim(actor.ref, claim, ClaimState.declined, Why.unpaid)
    offer = queries.offer(rule, sponsorship)
    if offer.mark != seen:
        raise rules.Changed
    claim = MatchClaim(
        rule_id=rule.id,
        sponsorship_id=sponsorship.id,
        first_month=offer.quote.months[0],
        months=len(offer.quote.lines),
        rupiah=offer.quote.total_rupiah,
        state=ClaimState.asked,
        created_at=clock.now(),
    )
    db.session.add(claim)
    db.session.flush()
    facts = {"months": claim.months, "rupiah": claim.rupiah, "rule": rule.ref}
    record(actor=actor.ref, action="match_claim.ask", subject=f"match_claim:{claim.ref}", after=facts)
    return claim


# ---- the company adds ----------------------------------------------------------------------------------------------------------


def gather(*, actor: Membership) -> Order | None:
    """Everybody who waits, oldest first and at most `MOST_AT_ONCE`: promises of the company, and one bill for them.

    Each keeps to the caps at today's prices; who cannot be had any more is told why. Returns None when nobody could. Refuses
    NotYourPart, NothingAsked, BelowFloor.
    """
    _must_be(actor, *MAY_DECIDE)
    db.session.get_one(Organisation, actor.organisation_id, with_for_update=True)
    claims = queries.list_claims(actor.organisation_id, ClaimState.asked, most=rules.MOST_AT_ONCE, lock=True)
    if not claims:
        raise rules.NothingAsked
    taken = [promise for claim in claims if (promise := _take(actor, claim)) is not None]
    if not taken:
        return None
    mine = select(CoverageMonth.id).where(CoverageMonth.sponsorship_id.in_([row.id for row in taken]))
    locale, organisation = actor.person.locale, actor.organisation
    return bills.open_bill(actor=actor.person.ref, organisation=organisation, months=mine, workers=len(taken), locale=locale)


def _take(actor: Membership, claim: MatchClaim) -> Sponsorship | None:
    """The company's promise for one request, or None with the reason on it."""
    rule = db.session.get_one(MatchRule, claim.rule_id, with_for_update=True)
    quote = queries.quote_of(claim.sponsorship, claim.months)
    others = queries.used(rule.id) - claim.rupiah, queries.used(rule.id, claim.sponsorship.sponsor_id) - claim.rupiah
    left = min(rule.cap_rupiah - others[0], rule.cap_person_rupiah - others[1])
    name = actor.person.ref
    if quote is None or quote.total_rupiah > left:
        _decline(name, claim, Why.price)
        return None
    try:
        promise, _months = unseen.promise(
            actor=actor.person, organisation=actor.organisation, worker=claim.sponsorship.worker, quote=quote
        )
    except (MonthTaken, refusals.WorkerUnavailable) as no:
        _decline(name, claim, Why.month_taken if isinstance(no, MonthTaken) else Why.gone)
        return None
    claim.first_month, claim.rupiah, claim.promise_id = quote.months[0], quote.total_rupiah, promise.id
    _move_claim(name, claim, ClaimState.taken)
    _tell(claim, "matched", months=quote.months)
    return promise


def _decline(actor: str, claim: MatchClaim, why: Why) -> None:
    _move_claim(actor, claim, ClaimState.declined, why)
    _tell(claim, "match_declined")


def _tell(claim: MatchClaim, kind: str, **more: Any) -> None:
    sponsorship, organisation = claim.sponsorship, claim.rule.organisation
    notices.queue(
        key=f"{kind}:{claim.ref}",
        kind=kind,
        subject=sponsorship_service.subject(sponsorship),
        person=sponsorship.sponsor,
        context={
            "code": sponsorship.code,
            "worker": sponsorships.display_name_for(sponsorship),
            "organisation": organisation.name,
            "url": absolute("matching.claim", sponsorship.sponsor.locale, code=sponsorship.code),
            **more,
        },
    )
