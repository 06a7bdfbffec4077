"""The lines of the reminder plan that fell due: each is a row that ends as told or as skipped with a reason (osm #196).

The sweep finds what is due and calls `write_due`; `letters` writes the lines of one person into one message and looks at them
again before it goes out. Verbs run inside `transaction()`.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import select, union

from sertakan.batch import insert_new
from sertakan.coverage.rules import ReminderKind, stages
from sertakan.db import db
from sertakan.kit import clock
from sertakan.notices import service as notices
from sertakan.notices.models import Notice, NoticeState
from sertakan.sponsorships import rules
from sertakan.sponsorships.models import IS_DUE, Reminder
from sertakan.sponsorships.rules import Audience, ReminderState
from sertakan.workers.models import IS_GONE, Worker


@dataclass(frozen=True)
class Due:
    """A line of the plan that falls due. `skip`: why the sponsor is not told; for a worker who is gone, nobody is."""

    sponsorship_id: int
    sponsor_id: int
    worker_id: int
    kind: ReminderKind
    covered_until: date
    skip: str | None = None
    auto: bool = False


def write_due(dues: Sequence[Due], today: date) -> Counter[str]:
    """Write the rows of many dues with two statements; what is known already changes nothing.

    Counts the new rows: `reminders` to be told, `skipped`, and `listed` for officers.
    """
    now = clock.now()
    made = [row for due in dues for row in _rows(due, today, now)]
    told = {state: [row for row in made if row["state"] is state] for state in ReminderState}
    return Counter(
        reminders=insert_new(Reminder, told[ReminderState.due]),
        skipped=insert_new(Reminder, told[ReminderState.skipped]),
        listed=insert_new(Reminder, told[ReminderState.listed]),
    )


def _rows(due: Due, today: date, now: datetime) -> Iterable[dict[str, Any]]:
    for audience in rules.AUDIENCES[due.kind]:
        if audience is not Audience.sponsor and due.skip in (rules.GONE_WORKER, rules.LATER_MONTHS):
            continue
        state = ReminderState.due if audience is Audience.sponsor else ReminderState.listed
        skip = due.skip if audience is Audience.sponsor else None
        yield {
            "audience": audience,
            "recipient": _recipient(audience, due),
            "person_id": due.sponsor_id if audience is Audience.sponsor else None,
            "sponsorship_id": due.sponsorship_id,
            "worker_id": due.worker_id,
            "kind": due.kind,
            "covered_until": due.covered_until,
            "due_on": today,
            "state": ReminderState.skipped if skip else state,
            "reason": skip,
            "notice_id": None,
            "created_at": now,
            "stale_at": stale_at(due.kind, due.covered_until, due.auto),
        }


def _recipient(audience: Audience, due: Due) -> str:
    if audience is Audience.staff:
        return "staff"
    return f"person:{due.sponsor_id}" if audience is Audience.sponsor else f"worker:{due.worker_id}"


@lru_cache(maxsize=4_096)
def stale_at(kind: ReminderKind, covered_until: date, auto: bool = False) -> datetime:
    """The end of the line's own stage: after that its words are no longer true."""
    last_day = next(stage.to_on for stage in stages(covered_until, auto) if stage.kind is kind)
    return datetime.combine(last_day + timedelta(days=1), time(), clock.ZONE)


def move(reminder: Reminder, to: ReminderState, reason: str | None = None, notice_id: int | None = None) -> None:
    """The only place that changes a reminder's state."""
    rules.check_reminder(reminder.state, to)
    reminder.state, reminder.reason, reminder.notice_id = to, reason, notice_id or reminder.notice_id


def stop(*, reason: str, worker_id: int | None = None, sponsorship_id: int | None = None) -> int:
    """Nothing more is told about this worker (or this one sponsorship), within this very transaction (civicrm #307).

    Returns how many lines that stopped. A message that waits with several lines is taken back, and its other lines are written anew.
    """
    about = Reminder.worker_id == worker_id if worker_id is not None else Reminder.sponsorship_id == sponsorship_id
    living = (ReminderState.due, ReminderState.queued, ReminderState.listed)
    rows = db.session.scalars(select(Reminder).where(about, Reminder.state.in_(living)).with_for_update())
    stopped = 0
    for row in rows.all():
        if row.state is ReminderState.queued and not take_back(row.notice_id, reason):
            continue  # it was sent before
        move(row, ReminderState.skipped, reason)
        stopped += 1
    return stopped


def stop_gone() -> int:
    """What waits about workers who died or left is stopped, also when whoever wrote that down did not say so here (I14)."""
    due = select(Reminder.worker_id).where(IS_DUE)
    queued = select(Reminder.worker_id).join(Notice, Notice.id == Reminder.notice_id).where(Notice.state == NoticeState.queued)
    about = [found.join(Worker, Worker.id == Reminder.worker_id).where(IS_GONE) for found in (due, queued)]
    gone = db.session.scalars(union(*about)).all()
    return sum(stop(worker_id=worker_id, reason=rules.GONE_WORKER) for worker_id in gone)


def list_told(sponsorship_id: int) -> Sequence[datetime]:
    """When the sponsor was sent something about this sponsorship, newest first."""
    sent = select(Notice.sent_at).join(Reminder, Reminder.notice_id == Notice.id).where(Reminder.sponsorship_id == sponsorship_id)
    times = db.session.scalars(sent.where(Notice.state == NoticeState.sent).order_by(Notice.id.desc()).limit(50))
    return [at for at in times if at is not None]


def take_back(notice_id: int | None, reason: str) -> bool:
    """A message that waits is not sent, and its lines are due again; False when it went out or was given up before."""
    if notice_id is None or not notices.take_back(notice_id=notice_id, reason=reason):
        return False
    for row in db.session.scalars(
        select(Reminder).where(Reminder.notice_id == notice_id, Reminder.state == ReminderState.queued)
    ):
        move(row, ReminderState.due)
    return True
