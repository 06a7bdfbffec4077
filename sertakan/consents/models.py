"""`worker_report`: what a worker tells staff from her own page. The words are sealed; the sponsor never sees that there is one."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from sertakan.consents.rules import ReportKind
from sertakan.db import Instant, Model, Sealed, choice, key, ref
from sertakan.sponsorships.models import Sponsorship


class WorkerReport(Model):
    """Open until a member of staff writes down what was done."""

    __tablename__ = "worker_report"
    __table_args__ = (Index("ix_worker_report_open", "handled_at", "created_at"),)

    id: Mapped[int] = key()
    ref: Mapped[str] = ref()
    sponsorship_id: Mapped[int] = mapped_column(ForeignKey("sponsorship.id"), index=True)
    kind: Mapped[ReportKind] = mapped_column(choice(ReportKind, "kind"))
    words_sealed: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Instant)
    handled_at: Mapped[datetime | None] = mapped_column(Instant)
    handled_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    outcome_sealed: Mapped[str | None] = mapped_column(Text)

    words = Sealed("words_sealed")
    outcome = Sealed("outcome_sealed")
    sponsorship: Mapped[Sponsorship] = relationship()
