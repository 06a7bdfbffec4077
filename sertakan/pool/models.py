"""`pool_rule`: whom an organisation's balance protects by itself; `pool_pick`: whom it has protected."""

from datetime import datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from sertakan.accounts.models import Organisation, Person
from sertakan.db import Instant, Model, choice, guard_rows, key, ref
from sertakan.pool.rules import RuleState
from sertakan.sponsorships.models import Sponsorship


class PoolRule(Model):
    """Said by one member, opened by another; what it says is never changed, a new one takes its place."""

    __tablename__ = "pool_rule"
    __table_args__ = (
        Index("ix_pool_rule_organisation", "organisation_id", "state"),
        CheckConstraint("months BETWEEN 1 AND 12", name="months"),
        CheckConstraint("most_workers BETWEEN 1 AND 10000", name="most_workers"),
        CheckConstraint("checker_id IS NULL OR checker_id <> maker_id", name="two_people"),
        CheckConstraint("state <> 'open' OR checker_id IS NOT NULL", name="opened_by_another"),
    )

    id: Mapped[int] = key()
    ref: Mapped[str] = ref()
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    name: Mapped[str] = mapped_column(String(80))
    kelurahan: Mapped[list[str]] = mapped_column(JSON)
    groups: Mapped[list[str]] = mapped_column(JSON)
    months: Mapped[int]
    most_workers: Mapped[int]
    keep_on: Mapped[bool]
    state: Mapped[RuleState] = mapped_column(choice(RuleState, "state"), default=RuleState.proposed)
    maker_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    checker_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime] = mapped_column(Instant)
    opened_at: Mapped[datetime | None] = mapped_column(Instant)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)

    organisation: Mapped[Organisation] = relationship()
    maker: Mapped[Person] = relationship(foreign_keys=[maker_id])


class PoolPick(Model):
    """A promise that a rule made."""

    __tablename__ = "pool_pick"
    __table_args__ = (Index("ix_pool_pick_rule", "rule_id", "id"),)

    id: Mapped[int] = key()
    rule_id: Mapped[int] = mapped_column(ForeignKey("pool_rule.id"))
    sponsorship_id: Mapped[int] = mapped_column(ForeignKey("sponsorship.id"), unique=True)
    created_at: Mapped[datetime] = mapped_column(Instant)

    sponsorship: Mapped[Sponsorship] = relationship()


for _table in (PoolRule, PoolPick):
    guard_rows(_table.__table__, "delete", "a rule is closed, never deleted")
