"""Reading the outbox."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, func, select

from sertakan.db import db
from sertakan.kit import clock
from sertakan.notices import email, rules
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
    """Ids of messages whose time has come, oldest first; reminders after all others, so that no code waits behind them."""
    reminders = case((Notice.kind.in_(rules.REMINDERS), 1), else_=0)
    return db.session.scalars(
        select(Notice.id)
        .where(Notice.state == NoticeState.queued, Notice.next_try_at <= now)
        .order_by(reminders, Notice.next_try_at, Notice.id)
        .limit(limit)
    ).all()


@dataclass(frozen=True)
class Health:
    """How the outbox does; a sender that is set up wrongly is red and not silent."""

    configured: bool
    waiting: int  # whose time has come
    overdue_since: datetime | None  # since when the oldest of them waits untried
    failing: int  # refused or unanswered several times
    given_up: int  # since yesterday
    last_sent_at: datetime | None

    @property
    def ok(self) -> bool:
        """Red: no mail server and messages wait, one waits an hour for its first try, keeps failing, or was given up."""
        late = self.overdue_since is not None and self.overdue_since <= clock.now() - rules.LATE
        return not (late or self.failing or self.given_up or (self.waiting and not self.configured))


def health() -> Health:
    """The outbox in two statements."""
    now = clock.now()
    due, untried = Notice.next_try_at <= now, Notice.attempts == 0
    waiting = select(
        func.count().filter(due),
        func.min(case((due & untried, Notice.next_try_at))),
        func.count().filter(Notice.attempts >= rules.FAILING_TRIES),
    ).where(Notice.state == NoticeState.queued)
    given_up = func.count().filter(Notice.state == NoticeState.failed, Notice.next_try_at > now - timedelta(days=1))
    ended = select(given_up, func.max(Notice.sent_at)).where(Notice.state.in_((NoticeState.failed, NoticeState.sent)))
    due_now, overdue_since, failing = db.session.execute(waiting).one()
    lost, last_sent_at = db.session.execute(ended).one()
    return Health(email.is_configured(), due_now, overdue_since, failing, lost, last_sent_at)


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
