"""Following one sponsorship through every table, and what the self-checks found when they last ran."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from sertakan.accounts.models import Person
from sertakan.audit.models import AuditEntry
from sertakan.coverage.models import CoverageMonth
from sertakan.db import db
from sertakan.kit import clock
from sertakan.payments.models import Order, Payment, Refund
from sertakan.reports.models import BookCheck
from sertakan.sponsorships.models import Sponsorship

MOST = 500


PERIOD, SLACK = timedelta(days=1), timedelta(hours=2)


@dataclass(frozen=True)
class LastRun:
    """What the self-checks found when they last ran. Without a run, or with one that is too old, nobody may call the books good."""

    checks: Sequence[BookCheck]
    late: bool

    @property
    def at(self) -> datetime | None:
        return max((check.ended_at for check in self.checks), default=None)

    @property
    def found(self) -> int:
        return sum(check.found for check in self.checks)

    @property
    def ok(self) -> bool:
        return bool(self.checks) and not self.late and all(check.ok for check in self.checks)


def last_run() -> LastRun:
    """The newest run, in the order in which it asked. Late after a day and two hours, by the real clock."""
    newest = select(func.max(BookCheck.run)).scalar_subquery()
    checks = db.session.scalars(select(BookCheck).where(BookCheck.run == newest).order_by(BookCheck.id)).all()
    late = not checks or clock.real_now() - max(check.ended_at for check in checks) > PERIOD + SLACK
    return LastRun(checks, late)


def find_sponsorship(code: str) -> Sponsorship | None:
    return db.session.scalar(select(Sponsorship).where(Sponsorship.code == code))


def list_trail(sponsorship: Sponsorship) -> list[tuple[AuditEntry, str]]:
    """Everything written down about one sponsorship, its months, bills, payments and refunds, oldest first, with who did it."""
    subjects = [f"sponsorship:{sponsorship.ref}", f"worker:{sponsorship.worker.ref}"]
    months = select(CoverageMonth.ref).where(CoverageMonth.sponsorship_id == sponsorship.id)
    orders = select(Order.ref).where(Order.sponsorship_id == sponsorship.id)
    payments = select(Payment.ref).join(Order).where(Order.sponsorship_id == sponsorship.id)
    refunds = select(Refund.ref).join(Payment).join(Order).where(Order.sponsorship_id == sponsorship.id)
    for kind, question in (("month", months), ("order", orders), ("payment", payments), ("refund", refunds)):
        subjects += [f"{kind}:{ref}" for ref in db.session.scalars(question)]
    entries = db.session.scalars(
        select(AuditEntry).where(AuditEntry.subject.in_(subjects)).order_by(AuditEntry.id).limit(MOST)
    ).all()
    names = _names(entries)
    return [(entry, names.get(entry.actor, entry.actor)) for entry in entries]


def _names(entries: Sequence[AuditEntry]) -> dict[str, str]:
    refs = {entry.actor for entry in entries}
    return {row[0]: row[1] for row in db.session.execute(select(Person.ref, Person.name).where(Person.ref.in_(refs)))}
