"""`batch_decision`: an officer's yes to an upload, and what the job has made of it so far."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from sertakan.accounts.models import Person
from sertakan.bulk.models import Upload
from sertakan.db import Instant, Model, key, ref


class BatchDecision(Model):
    """One for an upload: the unique key decides when two officers say yes at once. Counts are of promises."""

    __tablename__ = "batch_decision"
    __table_args__ = (CheckConstraint("approved >= 0 AND left_over >= 0", name="amounts"),)

    id: Mapped[int] = key()
    ref: Mapped[str] = ref()
    upload_id: Mapped[int] = mapped_column(ForeignKey("upload.id"), unique=True)
    officer_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    note: Mapped[str] = mapped_column(Text)  # why without an attestation for each (idea 18)
    seen: Mapped[str] = mapped_column(Text)  # the mark of the upload that the officer saw
    approved: Mapped[int] = mapped_column(default=0)
    left_over: Mapped[int] = mapped_column(default=0)  # put into the ordinary queue, to be looked at one by one
    decided_at: Mapped[datetime] = mapped_column(Instant)
    done_at: Mapped[datetime | None] = mapped_column(Instant)

    officer: Mapped[Person] = relationship()
    upload: Mapped[Upload] = relationship()
