"""`sponsorship`: one sponsor, one worker, months; `draft`: what a resident has typed so far; `action_link`: links in messages;
`reminder`: each line of the plan that fell due, and what became of it.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from sertakan.accounts.models import Organisation, Person
from sertakan.coverage.rules import ReminderKind
from sertakan.db import Instant, Model, MonthColumn, Sealed, choice, key, ref
from sertakan.kit.months import Month
from sertakan.sponsorships.rules import Audience, ReminderState, ReviewState, TermState
from sertakan.tariff.rules import Package, PayerKind
from sertakan.workers.models import Worker


class Sponsorship(Model):
    """The agreement. Months and money hang on it; what only depends on the date is derived (coverage.rules.standing)."""

    __tablename__ = "sponsorship"
    __table_args__ = (
        Index("ix_sponsorship_queue", "review_state", "submitted_at"),
        Index("ix_sponsorship_sponsor", "sponsor_id", "submitted_at"),
        Index("ix_sponsorship_worker", "worker_id"),
        Index("ix_sponsorship_term", "term_state", "last_month"),
        # the list of an organisation: the newest promise for each worker, in each order that it is read in
        Index("ix_sponsorship_roster", "organisation_id", "worker_id", "id"),
        Index("ix_sponsorship_roster_id", "organisation_id", "id"),
        Index("ix_sponsorship_roster_end", "organisation_id", "last_month", "id"),
        Index("ix_sponsorship_roster_name", "organisation_id", "typed_name", "id"),
        CheckConstraint("first_month <= last_month", name="months_in_order"),
    )

    id: Mapped[int] = key()
    ref: Mapped[str] = ref()
    code: Mapped[str] = mapped_column(String(9), unique=True)
    sponsor_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    decree_id: Mapped[int | None] = mapped_column(ForeignKey("decree.id"), index=True)  # of a government body: under which SK
    post: Mapped[str | None] = mapped_column(
        String(100)
    )  # the office held, where a decree names one ("Ketua RT 003/007, Parit Mayor")
    maker_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    worker_id: Mapped[int] = mapped_column(ForeignKey("worker.id"))
    typed_name: Mapped[str] = mapped_column(String(120))  # as this sponsor typed it; the worker's row may say otherwise
    chosen_from_list: Mapped[bool] = mapped_column(default=False)  # then the sponsor sees only the coarse description
    payer_kind: Mapped[PayerKind] = mapped_column(choice(PayerKind, "payer_kind"))
    package: Mapped[Package] = mapped_column(choice(Package, "package"))
    base_rupiah: Mapped[int] = mapped_column(BigInteger)
    first_month: Mapped[Month] = mapped_column(MonthColumn)
    last_month: Mapped[Month] = mapped_column(MonthColumn)
    review_state: Mapped[ReviewState] = mapped_column(choice(ReviewState, "review_state"), default=ReviewState.submitted)
    term_state: Mapped[TermState] = mapped_column(choice(TermState, "term_state"), default=TermState.waiting)
    question: Mapped[str | None] = mapped_column(Text)
    answer: Mapped[str | None] = mapped_column(Text)
    fingerprint: Mapped[str] = mapped_column(String(64))
    risk_version: Mapped[str] = mapped_column(String(20))
    in_batch: Mapped[bool] = mapped_column(default=False, server_default=false())  # waits for the decision on its whole upload
    show_name: Mapped[bool] = mapped_column(default=True)
    remind: Mapped[bool] = mapped_column(default=True)
    auto: Mapped[bool] = mapped_column(default=False, server_default=false())  # it renews itself: announced, not asked for
    renews_id: Mapped[int | None] = mapped_column(ForeignKey("sponsorship.id"))
    submitted_at: Mapped[datetime] = mapped_column(Instant)
    decided_at: Mapped[datetime | None] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    end_reason: Mapped[str | None] = mapped_column(String(40))
    declined_until: Mapped[date | None]  # the end of cover after which the sponsor does not go on; a later end asks again

    sponsor: Mapped[Person] = relationship(foreign_keys=[sponsor_id])
    organisation: Mapped[Organisation | None] = relationship()
    worker: Mapped[Worker] = relationship()


class Draft(Model):
    """A resident's unfinished form, found by the hash of a random token in her cookie; sealed; gone after a week."""

    __tablename__ = "draft"

    id: Mapped[int] = key()
    ref: Mapped[str] = ref()
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    answers_sealed: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant, index=True)
    submitted_code: Mapped[str | None] = mapped_column(String(9))

    answers = Sealed("answers_sealed")  # JSON text


class ActionLink(Model):
    """A link in a message that works without sign-in, for one purpose on one sponsorship, until it expires."""

    __tablename__ = "action_link"

    id: Mapped[int] = key()
    ref: Mapped[str] = ref()
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    purpose: Mapped[str] = mapped_column(String(24))
    sponsorship_id: Mapped[int] = mapped_column(ForeignKey("sponsorship.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)
    detail: Mapped[dict[str, Any] | None] = mapped_column(JSON)

    sponsorship: Mapped[Sponsorship] = relationship()


_DUE = text("state = 'due'")
IS_DUE = text("reminder.state = 'due'")  # the index's own words, see coverage.models.IS_LIVE


class Reminder(Model):
    """One line of the plan for one recipient. The unique key makes it once for ever: once for each end of cover.

    `recipient` is `person:<id>`, `worker:<id>` or `staff`. Lines of one recipient are written into one message (`notice_id`);
    whether that was sent stands on the message. From `stale_at` on, its words are no longer true.
    """

    __tablename__ = "reminder"
    __table_args__ = (
        UniqueConstraint("recipient", "sponsorship_id", "kind", "covered_until"),
        Index("ix_reminder_due", "recipient", "id", sqlite_where=_DUE, postgresql_where=_DUE),
        Index("ix_reminder_day", "due_on", "audience", "state"),
        Index("ix_reminder_worker", "worker_id", "state"),
        CheckConstraint("(audience = 'sponsor') = (person_id IS NOT NULL)", name="person"),
        CheckConstraint("state <> 'skipped' OR reason IS NOT NULL", name="skipped_has_reason"),
        CheckConstraint("state <> 'queued' OR notice_id IS NOT NULL", name="queued_has_message"),
    )

    id: Mapped[int] = key()
    audience: Mapped[Audience] = mapped_column(choice(Audience, "audience"))
    recipient: Mapped[str] = mapped_column(String(32))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    sponsorship_id: Mapped[int] = mapped_column(ForeignKey("sponsorship.id"), index=True)
    worker_id: Mapped[int] = mapped_column(ForeignKey("worker.id"))
    kind: Mapped[ReminderKind] = mapped_column(choice(ReminderKind, "kind"))
    covered_until: Mapped[date]
    due_on: Mapped[date]
    state: Mapped[ReminderState] = mapped_column(choice(ReminderState, "state"), default=ReminderState.due)
    reason: Mapped[str | None] = mapped_column(String(120))
    notice_id: Mapped[int | None] = mapped_column(ForeignKey("notice.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(Instant)
    stale_at: Mapped[datetime] = mapped_column(Instant)
