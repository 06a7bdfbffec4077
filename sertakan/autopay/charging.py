"""Charges: announced with their months and price, made on their day at exactly that, read back; or the ordinary request goes out.

Each step is a row before the payment service is asked; a lost answer is asked for again under the same key (QUALITY R4).
"""

import logging
from datetime import date

from sertakan.audit.service import SYSTEM
from sertakan.autopay import queries, rules, service
from sertakan.autopay.models import AutoCharge, Autopay
from sertakan.autopay.rules import ChargeState, ConsentState, EndReason
from sertakan.coverage.rules import MonthState
from sertakan.db import db, new_ref, transaction
from sertakan.kit import clock
from sertakan.kit.errors import N_, Refused
from sertakan.kit.months import Month
from sertakan.notices import queries as notice_queries
from sertakan.notices import rules as notice_rules
from sertakan.notices import service as notices
from sertakan.notices.links import absolute
from sertakan.notices.models import NoticeState
from sertakan.payments import gateway
from sertakan.payments import queries as payments
from sertakan.payments import rules as payment_rules
from sertakan.payments import service as payment_service
from sertakan.payments.rules import OrderState
from sertakan.payments.stripe import StripeRefused
from sertakan.payments.stripe_answers import Intent
from sertakan.payments.stripe_saved import intent_parameters
from sertakan.sponsorships import links, prices, renewal
from sertakan.sponsorships import queries as sponsorships
from sertakan.sponsorships import rules as sponsorship_rules
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.prices import Offer
from sertakan.sponsorships.service import subject as promise_subject
from sertakan.web.language import in_language

log = logging.getLogger("sertakan.autopay")
WHAT_FOR = N_("Perpanjangan otomatis iuran BPJS Ketenagakerjaan, %(count)s bulan")


# ---- announcing ----------------------------------------------------------------------------------------------------------------


def announce(*, consent: Autopay, promise: Sponsorship, today: date) -> None:
    """Say what will be charged and when: thirty days before the end, again three days before the charge, anew when it changes."""
    if not service.may_renew(promise):
        service.end(actor=SYSTEM, consent=consent, reason=EndReason.closed)
        return
    view = sponsorships.view_of(promise, today)
    charge = queries.find_waiting(promise.id)
    if charge is not None and charge.state is ChargeState.trying:
        return
    if any(row.state is MonthState.reserved for row in view.months):
        return  # she is just paying by hand
    if not sponsorship_rules.is_open(promise.review_state, promise.term_state):
        return  # an officer still looks at it
    if view.covered_until is None or not rules.may_announce(view.covered_until, today):
        _drop_other(charge, None)
        return
    offer = _offer(promise, view.next_start, consent.months)
    charge = _drop_other(charge, view.next_start)
    if charge is None:
        _announce_new(consent, offer, view.covered_until, today)
    elif charge.amount_rupiah != offer.total_rupiah:
        _announce_anew(charge, offer, today)
    elif not charge.reminded and rules.wants_second_notice(charge.announced_on, charge.charge_on, today):
        charge.reminded = True
        _tell_soon(charge, promise, offer)


def _offer(promise: Sponsorship, first: Month, months: int) -> Offer:
    return prices.offer(promise.worker.occupation_code, first, months, promise.payer_kind, promise.package)


def _drop_other(charge: AutoCharge | None, first: Month | None) -> AutoCharge | None:
    """What was announced for other months is not charged: somebody has paid them, or their time has not come."""
    if charge is None or charge.first_month == first:
        return charge
    service.move_charge(charge, ChargeState.dropped, reason="other months")
    db.session.flush()
    return None


def _announce_new(consent: Autopay, offer: Offer, covered_until: date, today: date) -> None:
    charge = AutoCharge(
        ref=new_ref(),
        autopay=consent,
        sponsorship_id=consent.sponsorship_id,
        first_month=offer.first,
        number=queries.next_number(consent.id, offer.first),
        months=offer.count,
        amount_rupiah=offer.total_rupiah,
        state=ChargeState.announced,
        announced_on=today,
        announcements=1,
        reminded=False,
        charge_on=rules.charge_day(covered_until, today),
        tries=0,
        attempts=0,
        created_at=clock.now(),
    )
    db.session.add(charge)
    db.session.flush()
    _tell_soon(charge, consent.sponsorship, offer)


def _announce_anew(charge: AutoCharge, offer: Offer, today: date) -> None:
    """Never charged at another price than announced (opencollective #2138): the new one is said first, with its days to object."""
    charge.amount_rupiah, charge.announced_on, charge.reminded = offer.total_rupiah, today, False
    charge.announcements += 1
    about = promise_subject(charge.autopay.sponsorship)
    notices.skip_waiting_about(subject=about, reason=notice_rules.CHANGED, kinds={"autopay_soon"})
    charge.charge_on = max(charge.charge_on, today + rules.LEAST_NOTICE)
    _tell_soon(charge, charge.autopay.sponsorship, offer)


def _tell_soon(charge: AutoCharge, promise: Sponsorship, offer: Offer) -> None:
    token = links.make_link(sponsorship=promise, purpose=rules.LINK, days=rules.LINK_DAYS)
    notices.queue(
        key=_key(charge, charge.reminded),
        kind="autopay_soon",
        subject=promise_subject(promise),
        person=promise.sponsor,
        context={
            "code": promise.code,
            "worker": sponsorships.display_name_for(promise),
            "lines": [(line.month, line.total_rupiah) for line in offer.quote.lines],
            "total": offer.total_rupiah,
            "charge_on": charge.charge_on,
            "card": service.card_words(charge.autopay),
            "url": absolute("autopay.stop_by_link", promise.sponsor.locale, token=token),
        },
    )


def _key(charge: AutoCharge, reminded: bool) -> str:
    return f"autopay_soon:{charge.ref}:{charge.announcements}:{int(reminded)}"


def _was_announced(charge: AutoCharge) -> bool:
    """Whether its words, at this price, have really gone out. Until then nothing is charged, however late the mail."""
    keys = [_key(charge, reminded) for reminded in (False, True)]
    return any((notice := notice_queries.find_by_key(key)) and notice.state is NoticeState.sent for key in keys)


# ---- charging ------------------------------------------------------------------------------------------------------------------


def charge_one(charge_id: int) -> ChargeState:
    """One look at one charge: begin it, ask about it, or learn how it ended. Uses the network between two transactions."""
    order_id = _prepare(charge_id)
    if order_id is None:
        return queries.get_charge(charge_id).state
    try:
        intent = _ask(charge_id)
    except StripeRefused as no:
        return _refused(charge_id, no.code or str(no.status))
    if intent is None:
        return ChargeState.trying
    if intent.is_paid:
        payment_service.settle_intent(order_id, intent)
        return _paid(charge_id)
    if intent.is_open:
        return _still_open(charge_id, intent)
    return _refused(charge_id, "authentication_required")


def _prepare(charge_id: int) -> int | None:
    """Reserve the months and write the bill and its key before anybody is asked. The bill's id; None when nothing is to be asked."""
    with transaction():
        charge = queries.get_charge(charge_id)
        promise = sponsorships.get(charge.sponsorship_id, lock=True)
        charge = queries.get_charge(charge_id, lock=True)
        if charge.order is not None and charge.order.state is OrderState.paid:
            _settled(charge)
            return None
        if charge.state is ChargeState.trying:
            charge.attempts += 1
            charge.next_try_at = clock.now() + payment_rules.pause(charge.attempts)
            return charge.order_id
        if charge.state is not ChargeState.announced or charge.charge_on > clock.today():
            return None
        return _begin(charge, promise)


def _begin(charge: AutoCharge, promise: Sponsorship) -> int | None:
    consent = charge.autopay
    if consent.state is not ConsentState.living:
        service.move_charge(charge, ChargeState.dropped, reason="no consent")
        return None
    announce(consent=consent, promise=promise, today=clock.today())  # what has changed since is announced anew, not charged
    due = charge.state is ChargeState.announced and charge.charge_on <= clock.today() and not _being_paid(promise)
    if not due or not _was_announced(charge):
        return None
    offer = _offer(promise, charge.first_month, charge.months)
    try:
        with db.session.begin_nested():
            _target, months = renewal.extend(
                actor=SYSTEM, sponsorship=promise, count=charge.months, quote=offer.quote, first_month=charge.first_month
            )
            order = payment_service.open_order(
                actor=SYSTEM, sponsorship=promise, months=months, locale=consent.locale, off_session=True
            )
    except Refused as no:
        _fail(charge, promise, type(no).__name__)
        return None
    charge.order_id, charge.tries, charge.attempts = order.id, charge.tries + 1, 1
    charge.idempotency_key, charge.provider_intent = f"autopay_{charge.ref}_{charge.tries}", None
    charge.first_tried_at, charge.next_try_at = clock.real_now(), clock.now() + payment_rules.pause(1)
    service.move_charge(charge, ChargeState.trying)
    return order.id


def _being_paid(promise: Sponsorship) -> bool:
    return any(row.state is MonthState.reserved for row in sponsorships.view_of(promise).months)


def _ask(charge_id: int) -> Intent | None:
    """Repeat the call while its key is good; afterwards look for what it made. None: nothing was made, so it is tried anew."""
    charge = queries.get_charge(charge_id)
    consent, order, key = charge.autopay, charge.order, charge.idempotency_key
    assert order is not None and key is not None and consent.customer and consent.method
    known, customer, order_ref = charge.provider_intent, consent.customer, order.ref
    form = intent_parameters(
        customer=customer,
        method=consent.method,
        amount_rupiah=order.amount_rupiah,
        order_ref=order_ref,
        description=in_language(order.locale, WHAT_FOR, count=charge.months),
    )
    old = payment_rules.key_is_old(charge.first_tried_at, clock.real_now())
    if known is not None:
        return gateway.client().get_intent(known)
    if not old:
        return gateway.client().create_intent(form=form, idempotency_key=key)
    found = next((row for row in gateway.client().list_intents(customer=customer) if row.order_ref == order_ref), None)
    if found is None:
        with transaction():
            charge = queries.get_charge(charge_id, lock=True)
            charge.idempotency_key, charge.first_tried_at = payment_rules.next_key(key), clock.real_now()
    return found


def _still_open(charge_id: int, intent: Intent) -> ChargeState:
    with transaction():
        charge = queries.get_charge(charge_id, lock=True)
        charge.provider_intent = intent.id
        return charge.state


def _paid(charge_id: int) -> ChargeState:
    with transaction():
        charge = queries.get_charge(charge_id, lock=True)
        if charge.order is not None and charge.order.state is OrderState.paid:
            _settled(charge)
        return charge.state


def _settled(charge: AutoCharge) -> None:
    if charge.state in (ChargeState.trying, ChargeState.failed):
        service.move_charge(charge, ChargeState.paid)


def _refused(charge_id: int, code: str) -> ChargeState:
    """Nothing was charged: the months are free again; a second try in two days, or the ordinary request at once."""
    with transaction():
        charge = queries.get_charge(charge_id)
        assert charge.order_id is not None
        order = payments.get_order(charge.order_id, lock=True)
        promise = sponsorships.get(charge.sponsorship_id, lock=True)
        charge = queries.get_charge(charge_id, lock=True)
        if charge.state is not ChargeState.trying:
            return charge.state
        if order.state is OrderState.paid:
            _settled(charge)
            return charge.state
        if order.state in payment_rules.UNPAID:
            payment_service.close_unpaid(order, reason="declined", refused=True)
        charge.failure = code[:80]
        if charge.autopay.state is ConsentState.living and rules.tries_again(code, charge.tries):
            service.move_charge(charge, ChargeState.announced, reason=code[:80])
            charge.charge_on = clock.today() + rules.AGAIN_AFTER
        else:
            _fail(charge, promise, code)
        return charge.state


def _fail(charge: AutoCharge, promise: Sponsorship, why: str) -> None:
    """Never a silent gap: the consent ends, the ordinary reminders go on, and the request with its link goes out now."""
    service.move_charge(charge, ChargeState.failed, reason=why[:80])
    consent = charge.autopay
    if consent.state is ConsentState.living:
        service.end(actor=SYSTEM, consent=consent, reason=EndReason.declined)
    until = sponsorships.view_of(promise).covered_until
    token = links.make_link(sponsorship=promise, purpose=sponsorship_rules.RENEW)
    notices.queue(
        key=f"autopay_failed:{charge.ref}",
        kind="autopay_failed",
        subject=promise_subject(promise),
        person=promise.sponsor,
        context={
            "code": promise.code,
            "worker": sponsorships.display_name_for(promise),
            "covered_until": until or clock.today(),
            "card": service.card_words(consent),
            "url": absolute("payments.renew_by_link", promise.sponsor.locale, token=token),
        },
    )
