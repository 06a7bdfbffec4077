"""The outbox. `key` makes each message unique: writing it again does nothing."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from sertakan.db import Instant, Model, Sealed, choice, key, ref


class NoticeState(StrEnum):
    queued = "queued"
    sent = "sent"
    skipped = "skipped"
    failed = "failed"


class Notice(Model):
    """One message to one person. Recipient and body are sealed: they hold names, amounts and links."""

    __tablename__ = "notice"
    __table_args__ = (Index("ix_notice_due", "state", "next_try_at"), Index("ix_notice_subject", "subject"))

    id: Mapped[int] = key()
    ref: Mapped[str] = ref()
    key: Mapped[str] = mapped_column(String(160), unique=True)
    kind: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(80))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    channel: Mapped[str] = mapped_column(String(12), default="email")
    locale: Mapped[str] = mapped_column(String(2), default="id")
    to_sealed: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(String(160))
    body_sealed: Mapped[str] = mapped_column(Text)
    state: Mapped[NoticeState] = mapped_column(choice(NoticeState, "state"), default=NoticeState.queued)
    reason: Mapped[str | None] = mapped_column(String(120))
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(Instant)
    next_try_at: Mapped[datetime] = mapped_column(Instant)
    stale_at: Mapped[datetime | None] = mapped_column(Instant)
    handed_at: Mapped[datetime | None] = mapped_column(Instant)  # just before a reminder goes to the mail server
    sent_at: Mapped[datetime | None] = mapped_column(Instant)
    stop_url: Mapped[str | None] = mapped_column(String(300))  # where its reader says "no more reminders"

    to = Sealed("to_sealed")
    body = Sealed("body_sealed")
