"""Money that the payment service cannot send back goes by bank transfer: the payer says where, one person notes the proof, another
confirms. The account is sealed, shown masked, and deleted once the money has arrived; its last three digits stay.
"""

from datetime import date

from sqlalchemy.exc import IntegrityError

from sertakan.accounts.models import Organisation, Person
from sertakan.audit.service import record
from sertakan.coverage import service as coverage_service
from sertakan.coverage.rules import MonthState
from sertakan.db import constraint_name, db
from sertakan.kit import clock
from sertakan.kit.money import rupiah
from sertakan.notices import service as notices
from sertakan.notices.links import absolute
from sertakan.payments import payer, queries, rules
from sertakan.payments.models import BankTransfer, Order, PayoutAccount, Refund, Suspense
from sertakan.payments.refunds import move_refund, park, refund_suspense, subject
from sertakan.payments.rules import RefundReason, RefundState, SuspenseState
from sertakan.sponsorships import links
from sertakan.sponsorships import service as sponsorship_service
from sertakan.sponsorships.models import Sponsorship

PURPOSE, LINK_DAYS = "account", 14
ONE_PROOF = "uq_bank_transfer_proof"


def ask_account(*, actor: Person, suspense: Suspense) -> None:
    """Ask the payer where her money shall go, by a message with a link. Refuses NotInSuspense, AskedToday."""
    if suspense.state is not SuspenseState.open:
        raise rules.NotInSuspense
    now = clock.now()
    if suspense.asked_at is not None and clock.local(suspense.asked_at).date() == clock.today():
        raise rules.AskedToday
    suspense.asked_at = now
    order = suspense.payment.order
    for person in payer.people(order):
        notices.queue(
            key=f"account_needed:{suspense.ref}:{clock.today()}:{person.ref}",
            kind="account_needed",
            subject=payer.subject(order),
            person=person,
            context={
                "code": queries.label_of(order),
                "amount": suspense.amount_rupiah,
                "url": _account_page(order, person.locale),
            },
        )
    record(actor=actor.ref, action="suspense.ask", subject=f"payment:{suspense.payment.ref}", after={"suspense": suspense.ref})


def _account_page(order: Order, locale: str) -> str:
    """Where its payer says where the money shall go: by a link of her own, or among the organisation's pages."""
    if order.organisation is not None:
        return absolute("payout.account_of_organisation", locale, ref=order.organisation.ref)
    token = links.make_link(sponsorship=order.promise, purpose=PURPOSE, days=LINK_DAYS)
    return absolute("payout.account_by_link", locale, token=token)


def give_account(*, actor: str, of: Sponsorship | Organisation, bank: str, holder: str, number: str) -> PayoutAccount:
    """The payer's answer; a new one replaces the old. Refuses NothingToReturn, NumberWrong, and AccountInUse while money is on its way."""
    digits = rules.account_number(number)
    known = queries.find_account(of, lock=True)
    if known is not None and queries.account_in_use(known.id):
        raise rules.AccountInUse
    if not queries.list_suspense(of):
        raise rules.NothingToReturn
    if known is not None:
        _clear(known)
        db.session.flush()  # one living account: the old one goes first
    account = PayoutAccount(bank=bank, holder=holder, number=digits, number_end=digits[-3:], created_at=clock.now())
    if isinstance(of, Organisation):
        account.organisation_id, whose = of.id, f"organisation:{of.ref}"
    else:
        account.sponsorship_id, whose = of.id, sponsorship_service.subject(of)
    db.session.add(account)
    db.session.flush()
    record(actor=actor, action="account.give", subject=whose, after={"bank": bank})
    return account


def _clear(account: PayoutAccount) -> None:
    """What is not needed any more is not kept; the last three digits answer "which account was it?" (UU PDP art. 43)."""
    account.holder = account.number = None
    account.cleared_at = clock.now()


def refund_by_transfer(*, actor: Person, suspense: Suspense, reason: RefundReason, note: str) -> Refund:
    """Ask for parked money to go to the payer's account; another person agrees. Refuses AccountMissing, NotInSuspense."""
    account = queries.account_of(suspense.payment.order, lock=True)
    if account is None:
        raise rules.AccountMissing
    refund = refund_suspense(actor=actor.ref, suspense=suspense, requested_by=actor, reason=reason, note=note)
    db.session.add(BankTransfer(refund_id=refund.id, account_id=account.id))
    return refund


def reveal(*, actor: Person, refund: Refund) -> str:
    """The whole account, for the person who transfers; every look is written down. Refuses AccountMissing once it is deleted."""
    transfer = queries.transfer_of(refund.id)
    if transfer is None or transfer.account.cleared_at is not None:
        raise rules.AccountMissing
    record(actor=actor.ref, action="account.look", subject=subject(refund))
    return f"{transfer.account.bank} {transfer.account.number}, {transfer.account.holder}"


def note_transfer(*, actor: Person, refund: Refund, proof: str, day: date) -> None:
    """One person has transferred the money. Refuses NotReady, TransferDay, ProofUsed."""
    transfer = queries.transfer_of(refund.id)
    if transfer is None or refund.state is not RefundState.approved:
        raise rules.NotReady
    if not clock.local(refund.created_at).date() <= day <= clock.today():
        raise rules.TransferDay(field="day")
    try:
        with db.session.begin_nested():
            transfer.proof, transfer.transferred_on, transfer.typed_by_id = proof, day, actor.id
            db.session.flush()
    except IntegrityError as error:
        if constraint_name(error) != ONE_PROOF:
            raise
        raise rules.ProofUsed(field="proof") from error
    move_refund(refund, RefundState.sent, actor=actor.ref)


def _noted(refund: Refund) -> BankTransfer:
    transfer = queries.transfer_of(refund.id)
    if transfer is None or refund.state is not RefundState.sent:
        raise rules.NotReady
    return transfer


def confirm_transfer(*, actor: Person, refund: Refund) -> None:
    """Another person has seen it on the bank's statement: the payer is told, her account deleted. Refuses NotReady, OwnTransfer."""
    transfer = _noted(refund)
    if transfer.typed_by_id == actor.id:
        raise rules.OwnTransfer
    transfer.confirmed_by_id = actor.id
    move_refund(refund, RefundState.succeeded, actor=actor.ref)
    for month in queries.months_of_refund(refund.id):
        if month.state is MonthState.released:
            coverage_service.move(actor=actor.ref, month=month, to=MonthState.refunded, reason=refund.reason.value)
    _tell(refund, transfer)
    db.session.flush()
    if not queries.account_in_use(transfer.account_id) and transfer.account.cleared_at is None:
        _clear(transfer.account)


def _tell(refund: Refund, transfer: BankTransfer) -> None:
    order, account = refund.payment.order, f"{transfer.account.bank} {transfer.account.masked}"
    for person in payer.people(order):
        notices.queue(
            key=f"refunded:{refund.ref}:{person.ref}",
            kind="refunded_by_transfer",
            subject=payer.subject(order),
            person=person,
            context={"code": queries.label_of(order), "amount": refund.amount_rupiah, "account": account},
        )


def fail_transfer(*, actor: Person, refund: Refund, note: str) -> None:
    """The bank sent it back: the money is with us again, and the payer may give another account. Refuses NotReady, NoteMissing."""
    _noted(refund)
    if not note.strip():
        raise rules.NoteMissing(field="note")
    refund.failure = note[:80]
    move_refund(refund, RefundState.failed, actor=actor.ref, reason=note)
    park(refund.payment, refund.amount_rupiah, refund.reason, returned_from=refund)


def waiting_for(of: Sponsorship | Organisation, locale: str) -> str:
    """How much of its money waits for the payer's account, in words."""
    return rupiah(sum(row.amount_rupiah for row in queries.list_suspense(of)), locale)
