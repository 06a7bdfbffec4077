"""What officers do about a gap. Run inside `transaction()`."""

from sertakan.accounts.models import Person
from sertakan.audit.service import record
from sertakan.db import db
from sertakan.gaps import rules
from sertakan.gaps.models import GapCall
from sertakan.gaps.rules import Chip, Outcome, Whose
from sertakan.kit import clock
from sertakan.sponsorships.models import Sponsorship
from sertakan.workers import service as workers
from sertakan.workers.models import Worker


def show_number(*, officer: Person, worker: Worker, sponsorship: Sponsorship | None, whose: Whose) -> str:
    """One number, written down each time it is seen (QUALITY A 54). Refuses NoNumber."""
    owner = worker if whose is Whose.worker else sponsorship.sponsor if sponsorship else None
    number = owner.phone if owner else None
    if not number:
        raise rules.NoNumber
    record(actor=officer.ref, action="gap.number", subject=workers.subject(worker), after={"whose": whose.value})
    return str(number)


def note_call(*, officer: Person, worker: Worker, outcome: Outcome, note: str = "") -> GapCall:
    """A call that was made, with what came of it. Refuses NoteMissing where only the note says it."""
    if outcome is Outcome.other and not note:
        raise rules.NoteMissing(field="note")
    call = GapCall(worker_id=worker.id, officer_id=officer.id, outcome=outcome, note=note or None, called_at=clock.now())
    db.session.add(call)
    record(actor=officer.ref, action="gap.call", subject=workers.subject(worker), after={"outcome": outcome.value})
    return call


def note_download(*, officer: Person, chip: Chip, rows: int) -> None:
    """Who took the list away, and how long it was."""
    record(actor=officer.ref, action="gap.download", subject="gaps", after={"part": chip.value, "rows": rows})
