"""The verbs of a balance's rules. The actor is a membership, but for `run`, which the clock calls. Run inside `transaction()`."""

from typing import Any

from sqlalchemy import select

from sertakan.accounts.models import MemberRole, Membership, Organisation, Person
from sertakan.audit.service import SYSTEM, record
from sertakan.coverage.models import CoverageMonth
from sertakan.coverage.rules import MonthTaken
from sertakan.db import db
from sertakan.kit import clock
from sertakan.kit.months import Month, span
from sertakan.kit.text import one_line
from sertakan.notices import service as notices
from sertakan.notices.links import absolute
from sertakan.organisations import queries as organisations
from sertakan.payments import balance, bills, payer, spending
from sertakan.payments.models import Order
from sertakan.pool import queries, rules
from sertakan.pool.models import PoolPick, PoolRule
from sertakan.pool.rules import Facts, RuleState
from sertakan.sponsorships import queries as sponsorships
from sertakan.sponsorships import refusals, unseen
from sertakan.sponsorships.models import Sponsorship
from sertakan.tariff import queries as tariff
from sertakan.tariff.rules import NoTariff, PayerKind, Quote
from sertakan.workers import service as workers
from sertakan.workers.models import Worker
from sertakan.workers.queries import find_waiting_of

MAY_FILL = frozenset({MemberRole.maker, MemberRole.checker, MemberRole.finance})
MAY_PAY = frozenset({MemberRole.checker, MemberRole.finance})
MAY_CLOSE = frozenset({MemberRole.maker, MemberRole.checker})


def _note(actor: str, what: str, rule: PoolRule, **facts: Any) -> None:
    record(actor=actor, action=f"pool_rule.{what}", subject=f"pool_rule:{rule.ref}", after=facts or None)


def _must_be(actor: Membership, roles: frozenset[MemberRole]) -> None:
    if actor.ended_at is not None or actor.role not in roles:
        raise rules.NotYourPart


def _move(rule: PoolRule, to: RuleState) -> None:
    """The only place that sets a rule's state."""
    rules.check_move(rule.state, to)
    rule.state = to


# ---- members -------------------------------------------------------------------------------------------------------------------


def top_up(*, actor: Membership, amount_rupiah: int) -> Order:
    """A bill for money paid ahead. Refuses NotYourPart, NotVerified, BelowFloor."""
    _must_be(actor, MAY_FILL)
    if actor.organisation.verified_at is None:
        raise rules.NotVerified
    return balance.open_topup(actor=actor.person, organisation=actor.organisation, amount_rupiah=amount_rupiah)


def pay(*, actor: Membership, order: Order) -> int:
    """A bill from the balance; returns the rupiah taken. Refuses NotYourPart and what `spending.pay` refuses."""
    _must_be(actor, MAY_PAY)
    db.session.get_one(Organisation, actor.organisation_id, with_for_update=True)
    return spending.pay(actor=actor.person.ref, order=order, by=actor.person)


def propose(*, actor: Membership, facts: Facts) -> PoolRule:
    """The maker says whom the balance shall protect by itself. Refuses NotYourPart, NotVerified, TooManyRules."""
    _must_be(actor, frozenset({MemberRole.maker}))
    if actor.organisation.verified_at is None:
        raise rules.NotVerified
    db.session.get_one(Organisation, actor.organisation_id, with_for_update=True)
    if queries.count_living(actor.organisation_id) >= rules.MOST_RULES:
        raise rules.TooManyRules(most=rules.MOST_RULES)
    rule = PoolRule(
        organisation_id=actor.organisation_id,
        name=one_line(facts.name),
        kelurahan=sorted(facts.kelurahan),
        groups=sorted(facts.groups),
        months=facts.months,
        most_workers=facts.most_workers,
        keep_on=facts.keep_on,
        state=RuleState.proposed,
        maker_id=actor.person_id,
        created_at=clock.now(),
    )
    db.session.add(rule)
    db.session.flush()
    said = {"kelurahan": rule.kelurahan, "groups": rule.groups, "months": rule.months, "most_workers": rule.most_workers}
    _note(actor.person.ref, "propose", rule, **said, keep_on=rule.keep_on)
    return rule


def open_rule(*, actor: Membership, rule: PoolRule) -> None:
    """Another member puts it in force: from the next run on it spends by itself. Refuses NotYourPart, OwnRule, NotNow."""
    _must_be(actor, frozenset({MemberRole.checker}))
    if rule.maker_id == actor.person_id:
        raise rules.OwnRule
    _move(rule, RuleState.open)
    rule.checker_id, rule.opened_at = actor.person_id, clock.now()
    _note(actor.person.ref, "open", rule)


def close_rule(*, actor: Membership, rule: PoolRule) -> None:
    """It spends no more; whom it has protected keeps what is paid. Refuses NotYourPart, NotNow."""
    _must_be(actor, MAY_CLOSE)
    _move(rule, RuleState.closed)
    rule.closed_at = clock.now()
    _note(actor.person.ref, "close", rule)


# ---- by the clock --------------------------------------------------------------------------------------------------------------


def run(rule_id: int) -> int:
    """Protect whom an open rule names while its balance lasts: promises, one bill, paid at once. Returns how many people.

    First, when the rule says so, those it already protects and whose cover is about to end; then who waits longest. In this order:
    when the next one costs more than is left, nobody overtakes her. At most `MOST_A_RUN`, the next run goes on.
    """
    rule = db.session.get_one(PoolRule, rule_id, with_for_update=True)
    organisation = db.session.get_one(Organisation, rule.organisation_id, with_for_update=True)
    if rule.state is not RuleState.open or organisation.verified_at is None:
        return 0
    signer = _signer(rule)
    promised = _promise(rule, organisation, signer)
    if not promised:
        return 0
    mine = select(CoverageMonth.id).where(CoverageMonth.sponsorship_id.in_([row.id for row in promised]))
    order = bills.open_bill(actor=SYSTEM, organisation=organisation, months=mine, workers=len(promised), locale=signer.locale)
    spent = spending.pay(actor=SYSTEM, order=order, by=None)
    db.session.add_all(PoolPick(rule_id=rule.id, sponsorship_id=row.id, created_at=clock.now()) for row in promised)
    db.session.flush()
    _note(SYSTEM, "run", rule, workers=len(promised), amount_rupiah=spent, order=order.ref)
    _tell(rule, organisation, order, spent, len(promised))
    return len(promised)


def _signer(rule: PoolRule) -> Person:
    """In whose name the promises are: who proposed it, or whoever answers for the organisation when she has left."""
    part = organisations.find_membership(rule.organisation_id, rule.maker_id)
    if part is not None and part.ended_at is None:
        return rule.maker
    return organisations.contact_of(rule.organisation_id) or rule.maker


def _promise(rule: PoolRule, organisation: Organisation, signer: Person) -> list[Sponsorship]:
    left, made = balance.of(organisation.id), list[Sponsorship]()
    for worker, new in _people(rule):
        quote = _quote(rule, worker)
        if quote is None:
            continue
        if quote.total_rupiah > left:
            _tell_low(organisation)
            break
        try:
            promise, _months = unseen.promise(actor=signer, organisation=organisation, worker=worker, quote=quote)
        except (MonthTaken, refusals.WorkerUnavailable):
            continue
        if new and (place := find_waiting_of(worker.id, lock=True)) is not None:
            workers.leave_list(actor=SYSTEM, waiting=place, reason="sponsored")
        made.append(promise)
        left -= quote.total_rupiah
    return made


def _people(rule: PoolRule) -> list[tuple[Worker, bool]]:
    """Whom to look at in this run, in order, and whether each is new to the rule."""
    old = queries.ending(rule, Month.of(clock.today())) if rule.keep_on else []
    room = min(rule.most_workers - queries.count_protected(rule.id), rules.MOST_A_RUN)
    new = [one.worker for one in queries.waiting(rule, max(room, 0))] if room > 0 else []
    return [*((one, False) for one in old), *((one, True) for one in new)][: rules.MOST_A_RUN]


def _quote(rule: PoolRule, worker: Worker) -> Quote | None:
    """Her next months without a hole; None when no tariff reaches them."""
    months = span(sponsorships.next_start(worker.id, clock.today()), rule.months)
    try:
        return tariff.quote_for(months, worker.occupation_code, PayerKind.company)
    except NoTariff:
        return None


def _tell_low(organisation: Organisation) -> None:
    """Once a month: somebody waits whom the rules name, and the balance is too low for her."""
    month = clock.this_month()
    for person in payer.members(organisation.id, MemberRole.finance, MemberRole.maker):
        notices.queue(
            key=f"pool_low:{organisation.ref}:{month}:{person.ref}",
            kind="pool_low",
            subject=f"organisation:{organisation.ref}",
            person=person,
            context={
                "organisation": organisation.name,
                "balance": balance.of(organisation.id),
                "url": absolute("pool.index", person.locale, ref=organisation.ref),
            },
        )


def _tell(rule: PoolRule, organisation: Organisation, order: Order, spent: int, workers: int) -> None:
    left = balance.of(organisation.id)
    for person in payer.people(order):
        notices.queue(
            key=f"pool_spent:{order.ref}:{person.ref}",
            kind="pool_spent",
            subject=f"pool_rule:{rule.ref}",
            person=person,
            context={
                "rule": rule.name,
                "workers": workers,
                "amount": spent,
                "balance": left,
                "url": absolute("pool.index", person.locale, ref=organisation.ref),
            },
        )
