"""What became of the reminders: how many were sent, wait, or were not sent and why; who ends without one who goes on. Only reads."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import case, func, or_, select

from sertakan.coverage.rules import ReminderKind
from sertakan.db import db
from sertakan.kit.errors import N_
from sertakan.notices.models import Notice, NoticeState
from sertakan.sponsorships.models import Reminder, Sponsorship
from sertakan.sponsorships.rules import Audience, ReminderState

DAYS = 30
MOST = 50
KINDS: dict[ReminderKind, str] = {
    ReminderKind.announcement: N_("pemberitahuan"),
    ReminderKind.reminder_30: N_("30 hari sebelumnya"),
    ReminderKind.reminder_10: N_("10 hari sebelumnya"),
    ReminderKind.reminder_3: N_("3 hari sebelumnya"),
    ReminderKind.grace: N_("masa tenggang"),
    ReminderKind.rescue_25: N_("25 hari sesudahnya"),
    ReminderKind.rescue_50: N_("50 hari sesudahnya"),
    ReminderKind.cliff: N_("bulan ketiga hampir habis"),
    ReminderKind.lapsed: N_("terputus"),
}
# a line in a message has the message's outcome, any other its own
_OUTCOME = case((Reminder.state == ReminderState.queued, Notice.state), else_=Reminder.state)
_REASON = func.coalesce(Reminder.reason, Notice.reason)
SENT, WAITING = frozenset({"sent"}), frozenset({"due", "queued"})


@dataclass(frozen=True)
class Outcome:
    """Lines of one kind in the last days: every one is sent, waits, or was not sent (osm #196)."""

    kind: ReminderKind
    sent: int
    waiting: int
    not_sent: int

    @property
    def words(self) -> str:
        """A msgid."""
        return KINDS[self.kind]


@dataclass(frozen=True)
class Told:
    """All the page says; the counts of one statement, so that they agree with each other."""

    outcomes: Sequence[Outcome]
    reasons: Sequence[tuple[str, int]]
    lists: Sequence[tuple[str, str, int]]


def told(today: date) -> Told:
    """The last thirty days of lines for sponsors, and the last week of those for officers and workers."""
    counted: dict[ReminderKind, Counter[str]] = {}
    reasons: Counter[str] = Counter()
    for kind, outcome, reason, count in db.session.execute(_counts(today)):
        word = "sent" if outcome in SENT else "waiting" if outcome in WAITING else "not_sent"
        counted.setdefault(kind, Counter())[word] += count
        if word == "not_sent":
            reasons[reason] += count
    outcomes = [
        Outcome(kind, *(counted[kind][word] for word in ("sent", "waiting", "not_sent"))) for kind in KINDS if kind in counted
    ]
    return Told(outcomes, reasons.most_common(), _lists(today))


def _counts(today: date) -> Any:
    outcome = _OUTCOME.label("outcome")
    statement = select(Reminder.kind, outcome, _REASON.label("reason"), func.count()).outerjoin(
        Notice, Notice.id == Reminder.notice_id
    )
    mine = statement.where(Reminder.audience == Audience.sponsor, Reminder.due_on > today - timedelta(days=DAYS))
    return mine.group_by(Reminder.kind, outcome, _REASON)


def _lists(today: date) -> list[tuple[str, str, int]]:
    statement = select(Reminder.kind, Reminder.audience, func.count()).where(
        Reminder.audience != Audience.sponsor, Reminder.state == ReminderState.listed, Reminder.due_on > today - timedelta(days=7)
    )
    found = db.session.execute(statement.group_by(Reminder.audience, Reminder.kind)).all()
    order = list(KINDS)
    found = sorted(found, key=lambda row: (row.audience, order.index(row.kind)))
    return [(KINDS[kind], audience.value, count) for kind, audience, count in found]


def list_not_sent(today: date) -> Sequence[Any]:
    """The newest lines for sponsors that were not sent: code, kind, day and reason (a msgid)."""
    lost = or_(Reminder.state == ReminderState.skipped, Notice.state.in_((NoticeState.skipped, NoticeState.failed)))
    statement = select(Sponsorship.code, Reminder.kind, Reminder.due_on, _REASON.label("reason")).join_from(
        Reminder, Sponsorship, Sponsorship.id == Reminder.sponsorship_id
    )
    mine = statement.outerjoin(Notice, Notice.id == Reminder.notice_id).where(
        Reminder.audience == Audience.sponsor,
        Reminder.due_on > today - timedelta(days=DAYS),
        lost,
        Reminder.state != ReminderState.due,
    )
    return db.session.execute(mine.order_by(Reminder.id.desc()).limit(MOST)).all()


def list_declined(today: date) -> Sequence[Any]:
    """Whose sponsor does not go on, the first to end first: code and last covered day."""
    statement = select(Sponsorship.code, Sponsorship.declined_until).where(
        Sponsorship.declined_until > today - timedelta(days=90)
    )
    return db.session.execute(statement.order_by(Sponsorship.declined_until, Sponsorship.id).limit(MOST)).all()
