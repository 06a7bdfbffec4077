"""What fell due for officers today, told to each of them once: counts and where the list is, no names."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select, update

from sertakan.accounts.models import Person
from sertakan.accounts.permissions import Role
from sertakan.coverage.rules import ReminderKind
from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.notices import service as notices
from sertakan.notices.links import absolute
from sertakan.sponsorships.models import Reminder
from sertakan.sponsorships.rules import Audience, ReminderState

TOLD = (Role.officer, Role.supervisor)


def tell_officers() -> int:
    """A message to each officer about today's new lines; returns how many were written. Asked again, it finds nothing new."""
    today = clock.today()
    new = (Reminder.due_on == today, Reminder.state == ReminderState.listed, Reminder.notice_id.is_(None))
    statement = select(Reminder.audience, Reminder.kind, func.count()).where(*new).group_by(Reminder.audience, Reminder.kind)
    if not db.session.execute(statement.limit(1)).first():
        return 0
    with transaction():
        counts = _counts(db.session.execute(statement).all())
        found = select(Person).where(Person.role.in_(TOLD), Person.disabled_at.is_(None)).order_by(Person.id)
        written = [
            notices.queue(
                key=f"officers:{officer.ref}:{today}",
                kind="officers",
                subject=f"person:{officer.ref}",
                person=officer,
                context={"counts": counts, "url": absolute("reports.reminders_told", officer.locale)},
            ).id
            for officer in db.session.scalars(found)
        ]
        if written:
            db.session.execute(update(Reminder).where(*new).values(notice_id=written[0]))
    return len(written)


def _counts(rows: Sequence[Any]) -> dict[str, int]:
    """By the words of the message; both rescues are one."""
    counts: Counter[str] = Counter(workers=0)
    for audience, kind, count in rows:
        counts["workers" if audience is Audience.worker else ReminderKind(kind).notice] += count
    return dict(counts)
