"""`sponsorship`: one sponsor, one worker, months; `draft`: what a resident has typed so far; `action_link`: links in messages."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from sertakan.accounts.models import Organisation, Person
from sertakan.db import Instant, Model, MonthColumn, Sealed, choice, key, ref
from sertakan.kit.months import Month
from sertakan.sponsorships.rules import ReviewState, TermState
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
        CheckConstraint("first_month <= last_month", name="months_in_order"),
    )

    id: Mapped[int] = key()
    ref: Mapped[str] = ref()
    code: Mapped[str] = mapped_column(String(9), unique=True)
    sponsor_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
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
    show_name: Mapped[bool] = mapped_column(default=True)
    remind: Mapped[bool] = mapped_column(default=True)
    renews_id: Mapped[int | None] = mapped_column(ForeignKey("sponsorship.id"))
    submitted_at: Mapped[datetime] = mapped_column(Instant)
    decided_at: Mapped[datetime | None] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    end_reason: Mapped[str | None] = mapped_column(String(40))

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
