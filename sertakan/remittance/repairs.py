"""A bounced month: an officer says what is right, another person agrees, and the month is paid again for the next batch; or its
money goes back. Until then the money is kept for it (PRODUCT 5.3: bounced -> paid).
"""

from sertakan.accounts.models import Person
from sertakan.audit.service import record
from sertakan.coverage import service as coverage_service
from sertakan.coverage.rules import MonthState
from sertakan.kit import clock, nik, text
from sertakan.payments import refunds
from sertakan.payments.rules import RefundReason
from sertakan.remittance import rules
from sertakan.remittance.models import Repair
from sertakan.remittance.queries import RepairRow
from sertakan.remittance.rules import Remedy, RepairState
from sertakan.sponsorships import queries as sponsorship_queries
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import TermState
from sertakan.workers import corrections
from sertakan.workers import service as worker_service


def subject(repair: Repair) -> str:
    """How the trail names it."""
    return f"repair:{repair.ref}"


def move_repair(*, actor: str, repair: Repair, to: RepairState, reason: str | None = None) -> None:
    """The only place that sets a repair's state. Refuses WrongStep."""
    before = repair.state
    rules.check_step(rules.REPAIR_MOVES, before, to)
    repair.state = to
    if not rules.REPAIR_MOVES[to]:
        repair.closed_at = clock.now()
    record(
        actor=actor,
        action=f"repair.{to.value}",
        subject=subject(repair),
        before={"state": before.value},
        after={"state": to.value, "remedy": repair.remedy.value if repair.remedy else None},
        reason=reason,
    )


def reveal_nik(*, actor: Person, row: RepairRow) -> str:
    """Show the whole NIK once; the look is written down on the worker."""
    record(actor=actor.ref, action="nik.reveal", subject=worker_service.subject(row.worker), after={"repair": row.repair.ref})
    return str(row.worker.nik)


def propose_correction(*, actor: Person, row: RepairRow, name: str, nik_text: str) -> None:
    """What the name and NIK should be. An empty NIK keeps hers. Refuses a NIK that cannot be, NothingCorrected, PromiseOver, WrongStep."""
    number = nik.check(nik_text or row.worker.nik)
    name = text.one_line(name) or row.worker.name
    _must_go_on(row)
    if name == row.worker.name and number.digits == row.worker.nik:
        raise rules.NothingCorrected(field="name")
    repair = row.repair
    move_repair(actor=actor.ref, repair=repair, to=_proposed(repair, Remedy.correct))
    repair.name, repair.nik = name, number.digits
    _sign(actor, row)


def _must_go_on(row: RepairRow) -> Sponsorship:
    """A month whose sponsor has stopped is not paid again: its money goes back. Refuses PromiseOver."""
    assert row.month.sponsorship_id is not None
    sponsorship = sponsorship_queries.get(row.month.sponsorship_id, lock=True)
    if sponsorship.term_state in (TermState.cancelled, TermState.terminated):
        raise rules.PromiseOver
    return sponsorship


def propose_return(*, actor: Person, row: RepairRow) -> None:
    """The month cannot be mended: its money should go back to the payer. Refuses WrongStep."""
    repair = row.repair
    move_repair(actor=actor.ref, repair=repair, to=_proposed(repair, Remedy.give_back))
    repair.name = repair.nik = None
    _sign(actor, row)


def _proposed(repair: Repair, remedy: Remedy) -> RepairState:
    rules.check_step(rules.REPAIR_MOVES, repair.state, RepairState.proposed)
    repair.remedy = remedy
    return RepairState.proposed


def _sign(actor: Person, row: RepairRow) -> None:
    repair = row.repair
    assert repair.remedy is not None
    repair.proposed_by_id, repair.proposed_at = actor.id, clock.now()
    repair.mark = rules.proposal_mark(
        repair.remedy.value, repair.name or row.worker.name, repair.nik_hash or row.worker.nik_hash, row.month.ref
    )


def reject(*, actor: Person, row: RepairRow) -> None:
    """The second person does not agree: the task is open again. Refuses WrongStep, AnotherPerson."""
    _second(actor, row.repair)
    move_repair(actor=actor.ref, repair=row.repair, to=RepairState.open)


def confirm(*, actor: Person, row: RepairRow, seen: str) -> None:
    """The second person agrees to what she saw. Refuses AnotherPerson, ProposalChanged, NikOfAnother, and MonthTaken when somebody
    else has funded the month meanwhile: then only giving back is left.
    """
    repair = row.repair
    _second(actor, repair)
    if not repair.mark or seen != repair.mark:
        raise rules.ProposalChanged
    repair.confirmed_by_id = actor.id
    if repair.remedy is Remedy.correct:
        _correct(actor, row)
    else:
        _give_back(actor, row)


def _second(actor: Person, repair: Repair) -> None:
    if repair.state is not RepairState.proposed:
        raise rules.NothingProposed
    if repair.proposed_by_id == actor.id:
        raise rules.AnotherPerson


def _correct(actor: Person, row: RepairRow) -> None:
    repair = row.repair
    _must_go_on(row)
    corrections.correct(actor=actor, worker=row.worker, name=repair.name, nik=nik.check(repair.nik))
    coverage_service.move(actor=actor.ref, month=row.month, to=MonthState.paid, reason="repaired")
    move_repair(actor=actor.ref, repair=repair, to=RepairState.repaired)
    _forget(repair)


def _give_back(actor: Person, row: RepairRow) -> None:
    repair = row.repair
    assert row.month.sponsorship_id is not None
    sponsorship = sponsorship_queries.get(row.month.sponsorship_id, lock=True)
    coverage_service.move(actor=actor.ref, month=row.month, to=MonthState.released, reason="bounced")
    for refund in refunds.refund_months(
        actor=actor.ref,
        sponsorship=sponsorship,
        months=[row.month],
        reason=RefundReason.scheme_refused,
        requested_by=repair.proposed_by,
    ):
        refunds.agree_refund(actor=actor, refund=refund)
    move_repair(actor=actor.ref, repair=repair, to=RepairState.given_back)
    _forget(repair)


def _forget(repair: Repair) -> None:
    """What was proposed stands on the worker now; the mark stays."""
    repair.name = repair.nik = None
