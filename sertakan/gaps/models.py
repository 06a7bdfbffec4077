"""`gap_call`: a call about a gap: who called, when, what came of it. Never changed, never deleted."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from sertakan.accounts.models import Person
from sertakan.db import Instant, Model, Sealed, choice, key, ref
from sertakan.gaps.rules import Outcome
from sertakan.workers.models import Worker


class GapCall(Model):
    """`note` is sealed: people write names and illnesses there."""

    __tablename__ = "gap_call"
    __table_args__ = (Index("ix_gap_call_worker", "worker_id", "id"),)

    id: Mapped[int] = key()
    ref: Mapped[str] = ref()
    worker_id: Mapped[int] = mapped_column(ForeignKey("worker.id"))
    officer_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    outcome: Mapped[Outcome] = mapped_column(choice(Outcome, "outcome"))
    note_sealed: Mapped[str | None] = mapped_column(Text)
    called_at: Mapped[datetime] = mapped_column(Instant)

    note = Sealed("note_sealed")

    worker: Mapped[Worker] = relationship()
    officer: Mapped[Person] = relationship()
