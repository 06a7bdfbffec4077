"""The yes to a saved card: asked for, given on the payment service's page, read back, and ended in one step.

Verbs run inside `transaction()`, but for those that name the network. Lock order: sponsorship, consent, charge.
"""

import logging

from sertakan.audit.service import GATEWAY, SYSTEM, record
from sertakan.autopay import queries, rules
from sertakan.autopay.models import AutoCharge, Autopay
from sertakan.autopay.rules import ChargeState, ConsentState, EndReason
from sertakan.db import db, new_ref, transaction
from sertakan.kit import clock
from sertakan.notices import service as notices
from sertakan.notices.links import absolute
from sertakan.payments import gateway
from sertakan.payments import rules as payment_rules
from sertakan.payments.stripe import StripeRefused
from sertakan.payments.stripe_answers import SavedCard
from sertakan.payments.stripe_saved import setup_parameters
from sertakan.sponsorships import queries as sponsorships
from sertakan.sponsorships import renewal
from sertakan.sponsorships.answers import PRESETS
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import OPEN_REVIEWS, OPEN_TERMS, ReviewState
from sertakan.sponsorships.service import subject as promise_subject
from sertakan.workers.rules import GONE

log = logging.getLogger("sertakan.autopay")


def subject(consent: Autopay) -> str:
    """How the trail names it."""
    return f"autopay:{consent.ref}"


def move(consent: Autopay, to: ConsentState, *, actor: str, reason: EndReason | None = None) -> None:
    """The only place that sets a consent's state; the promise knows whether it renews itself."""
    before = consent.state
    rules.check_consent(before, to)
    consent.state = to
    if to is ConsentState.living:
        consent.begun_at = clock.now()
        renewal.pay_by_itself(sponsorship=consent.sponsorship, on=True)
    elif to is ConsentState.ended:
        consent.ended_at, consent.end_reason = clock.now(), reason
        if before is ConsentState.living:
            renewal.pay_by_itself(sponsorship=consent.sponsorship, on=False)
    facts = {"state": to.value, "sponsorship": consent.sponsorship.code, "months": consent.months}
    action = f"autopay.{to.value}"
    record(actor=actor, action=action, subject=subject(consent), before={"state": before.value}, after=facts, reason=reason)


def may_renew(sponsorship: Sponsorship) -> bool:
    """A resident's own promise that is open, for a worker who is there. Organisations pay by bill."""
    looked_at = sponsorship.review_state is ReviewState.approved or sponsorship.review_state in OPEN_REVIEWS
    open_ = looked_at and sponsorship.term_state in OPEN_TERMS
    return open_ and sponsorship.organisation_id is None and sponsorship.worker.state not in GONE


# ---- saying yes ----------------------------------------------------------------------------------------------------------------


def ask(*, actor: str, sponsorship: Sponsorship, months: int, locale: str) -> Autopay:
    """She wants it: a row before anybody else is asked. Refuses NotPossible, NoAddress, AlreadyOn, LengthMissing."""
    if not may_renew(sponsorship):
        raise rules.NotPossible
    if sponsorship.sponsor.email_hash is None:
        raise rules.NoAddress
    if queries.find_living(sponsorship.id) is not None:
        raise rules.AlreadyOn
    if months not in PRESETS:
        raise rules.LengthMissing(field="months")
    consent = Autopay(
        ref=new_ref(),
        sponsorship=sponsorship,
        months=months,
        state=ConsentState.asking,
        locale=locale,
        customer=queries.find_customer(sponsorship.sponsor_id),
        asked_at=clock.now(),
        session_expires_at=payment_rules.page_end(clock.real_now(), rules.SETUP_LIFE_MINUTES),
    )
    db.session.add(consent)
    db.session.flush()
    facts = {"months": months, "sponsorship": sponsorship.code}
    record(actor=actor, action="autopay.ask", subject=subject(consent), after=facts)
    return consent


def open_setup(consent_id: int) -> str:
    """The address of the page that saves a card; uses the network, outside any transaction. The same page when asked twice."""
    consent = queries.get(consent_id)
    if consent.setup_url:
        return consent.setup_url
    ref, customer, locale = consent.ref, consent.customer, consent.locale
    page = absolute("autopay.manage", locale, code=consent.sponsorship.code)
    expires_at = consent.session_expires_at
    if customer is None:
        customer = gateway.client().create_customer(ref=ref, idempotency_key=f"customer_{ref}")
        with transaction():
            queries.get(consent_id, lock=True).customer = customer
    form = setup_parameters(
        consent_ref=ref, customer=customer, success_url=page, cancel_url=page, expires_at=expires_at, locale=locale
    )
    session = gateway.client().create_setup_session(form=form, idempotency_key=f"setup_{ref}_1")
    with transaction():
        consent = queries.get(consent_id, lock=True)
        consent.setup_session, consent.setup_url = session.id, session.url
    return session.url


def learn_setup(consent_id: int) -> ConsentState:
    """Read the page back: a card that was saved is a yes. Uses the network; the same again changes nothing."""
    consent = queries.get(consent_id)
    session_id, state = consent.setup_session, consent.state
    over = consent.session_expires_at + queries.LATE_SETUP < clock.real_now()
    if state is not ConsentState.asking:
        return state
    session = gateway.client().get_setup_session(session_id) if session_id else None
    card = gateway.client().get_setup_card(session.setup_intent) if session and session.setup_intent else None
    with transaction():
        promise = sponsorships.get(queries.get(consent_id).sponsorship_id, lock=True)
        consent = queries.get(consent_id, lock=True)
        if consent.state is ConsentState.asking and card is not None:
            _begin(consent, promise, card)
        elif consent.state is ConsentState.asking and (over or (session is not None and session.status == "expired")):
            move(consent, ConsentState.ended, actor=SYSTEM, reason=EndReason.abandoned)
        return consent.state


def _begin(consent: Autopay, promise: Sponsorship, card: SavedCard) -> None:
    """Her card is there. A newer one takes the place of an older; for a promise that is over meanwhile it is given back."""
    consent.method, consent.brand, consent.last4 = card.id, card.brand[:24], card.last4[:4]
    consent.customer = consent.customer or card.customer
    if not may_renew(promise):
        move(consent, ConsentState.ended, actor=SYSTEM, reason=EndReason.closed)
        return
    older = queries.find_living(promise.id)
    if older is not None:
        end(actor=SYSTEM, consent=older, reason=EndReason.replaced)
        db.session.flush()
    move(consent, ConsentState.living, actor=promise.sponsor.ref)
    _tell(consent, "autopay_on")


# ---- saying no -----------------------------------------------------------------------------------------------------------------


def stop(*, actor: str, sponsorship: Sponsorship) -> None:
    """Hers in one step. What is announced is not charged; what is being charged at this moment still counts. Refuses NotOn."""
    consent = queries.find_living(sponsorship.id)
    if consent is None:
        raise rules.NotOn
    end(actor=actor, consent=consent, reason=EndReason.stopped)
    _tell(consent, "autopay_off")


def end(*, actor: str, consent: Autopay, reason: EndReason) -> None:
    """No more charges by it, and the card is given back by the next job."""
    charge = queries.find_waiting(consent.sponsorship_id)
    if charge is not None and charge.state is ChargeState.announced:
        move_charge(charge, ChargeState.dropped, reason=reason.value)
    about = promise_subject(consent.sponsorship)
    notices.skip_waiting_about(subject=about, reason=rules.NO_LONGER, kinds={"autopay_soon"})
    move(consent, ConsentState.ended, actor=actor, reason=reason)


def detach(consent_id: int) -> None:
    """The payment service forgets the card too (opencollective #7682, #5247). Uses the network; repeated until it says so."""
    consent = queries.get(consent_id)
    method, ref, late = consent.method, consent.ref, _is_late(consent)
    if method is None or consent.detached_at is not None:
        return
    try:
        gateway.client().detach_card(method)
    except StripeRefused as no:
        if no.code != "resource_missing" and gateway.client().get_card(method).customer is not None:
            (log.error if late else log.warning)("autopay %s: the card is still attached: %s", ref, no)
            raise
    with transaction():
        consent = queries.get(consent_id, lock=True)
        consent.detached_at = clock.now()
        record(actor=GATEWAY, action="autopay.detach", subject=subject(consent))


def _is_late(consent: Autopay) -> bool:
    return consent.ended_at is not None and clock.now() - consent.ended_at > rules.DETACH_WITHIN


# ---- shared --------------------------------------------------------------------------------------------------------------------


def move_charge(charge: AutoCharge, to: ChargeState, *, reason: str | None = None) -> None:
    """The only place that sets a charge's state."""
    before = charge.state
    rules.check_charge(before, to)
    charge.state = to
    charge.closed_at = None if to in rules.WAITING else clock.now()
    facts = {"state": to.value, "amount_rupiah": charge.amount_rupiah, "first_month": str(charge.first_month)}
    about = f"auto_charge:{charge.ref}"
    action = f"auto_charge.{to.value}"
    record(actor=SYSTEM, action=action, subject=about, before={"state": before.value}, after=facts, reason=reason)


def _tell(consent: Autopay, kind: str) -> None:
    promise = consent.sponsorship
    notices.queue(
        key=f"{kind}:{consent.ref}",
        kind=kind,
        subject=promise_subject(promise),
        person=promise.sponsor,
        context={
            "code": promise.code,
            "worker": sponsorships.display_name_for(promise),
            "count": consent.months,
            "card": card_words(consent),
            "url": absolute("autopay.manage", promise.sponsor.locale, code=promise.code),
        },
    )


def card_words(consent: Autopay) -> str:
    """`Visa •••• 4242`"""
    return f"{(consent.brand or '').capitalize()} •••• {consent.last4 or ''}".strip()
