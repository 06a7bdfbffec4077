"""Reading the outbox."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from sertakan.db import db
from sertakan.notices.models import Notice, NoticeState


@dataclass(frozen=True)
class OpenedNotice:
    """A message as its reader sees it."""

    ref: str
    kind: str
    subject: str
    channel: str
    locale: str
    to: str
    title: str
    body: str
    state: NoticeState
    reason: str | None
    created_at: datetime
    sent_at: datetime | None


def find_by_key(key: str) -> Notice | None:
    return db.session.scalar(select(Notice).where(Notice.key == key))


def list_recent(limit: int = 50, contact: str | None = None, *, search: int = 500) -> list[OpenedNotice]:
    """The newest messages, opened; with `contact` only those to it, among the newest `search` (addresses are sealed)."""
    rows = db.session.scalars(select(Notice).order_by(Notice.id.desc()).limit(search if contact else limit))
    opened = (_open(row) for row in rows)
    return [notice for notice in opened if contact is None or notice.to == contact][:limit]


def list_about(subject: str, limit: int = 50) -> Sequence[Notice]:
    """What was told about one thing, newest first; still sealed."""
    return db.session.scalars(select(Notice).where(Notice.subject == subject).order_by(Notice.id.desc()).limit(limit)).all()


def list_due(now: datetime, limit: int) -> Sequence[int]:
    """Ids of messages whose time has come, oldest first."""
    return db.session.scalars(
        select(Notice.id)
        .where(Notice.state == NoticeState.queued, Notice.next_try_at <= now)
        .order_by(Notice.next_try_at, Notice.id)
        .limit(limit)
    ).all()


def _open(row: Notice) -> OpenedNotice:
    return OpenedNotice(
        row.ref,
        row.kind,
        row.subject,
        row.channel,
        row.locale,
        row.to,
        row.title,
        row.body,
        row.state,
        row.reason,
        row.created_at,
        row.sent_at,
    )
