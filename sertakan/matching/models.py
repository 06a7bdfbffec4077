"""`match_rule`: what a company adds, up to which caps; `match_claim`: an employee's request under it."""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from sertakan.accounts.models import Organisation, Person
from sertakan.db import Instant, Model, MonthColumn, choice, guard_rows, key, ref
from sertakan.kit.months import Month
from sertakan.matching.rules import ClaimState, RuleState, Why
from sertakan.sponsorships.models import Sponsorship

_ASKED = text("state = 'asked'")


class MatchRule(Model):
    """Said by one member, opened by another; what it says is never changed. Who holds its code may ask."""

    __tablename__ = "match_rule"
    __table_args__ = (
        Index("ix_match_rule_organisation", "organisation_id", "state"),
        CheckConstraint("percent IN (50, 100)", name="percent"),
        CheckConstraint("cap_person_rupiah > 0 AND cap_rupiah >= cap_person_rupiah", name="caps"),
        CheckConstraint("checker_id IS NULL OR checker_id <> maker_id", name="two_people"),
        CheckConstraint("state <> 'open' OR checker_id IS NOT NULL", name="opened_by_another"),
    )

    id: Mapped[int] = key()
    ref: Mapped[str] = ref()
    code: Mapped[str] = mapped_column(String(9), unique=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    percent: Mapped[int]
    cap_person_rupiah: Mapped[int] = mapped_column(BigInteger)
    cap_rupiah: Mapped[int] = mapped_column(BigInteger)
    until: Mapped[date] = mapped_column(Date)  # the last day on which one may ask
    state: Mapped[RuleState] = mapped_column(choice(RuleState, "state"), default=RuleState.proposed)
    maker_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    checker_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime] = mapped_column(Instant)
    opened_at: Mapped[datetime | None] = mapped_column(Instant)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)

    organisation: Mapped[Organisation] = relationship()
    maker: Mapped[Person] = relationship(foreign_keys=[maker_id])


class MatchClaim(Model):
    """Months asked for after the employee's own; `promise_id` is the company's own promise for them, once there is one."""

    __tablename__ = "match_claim"
    __table_args__ = (
        Index("ix_match_claim_rule", "rule_id", "state"),
        Index("uq_match_claim_asked", "sponsorship_id", unique=True, sqlite_where=_ASKED, postgresql_where=_ASKED),
        CheckConstraint("months BETWEEN 1 AND 12", name="months"),
        CheckConstraint("rupiah > 0", name="rupiah"),
        CheckConstraint("state <> 'taken' OR promise_id IS NOT NULL", name="taken_is_promised"),
        CheckConstraint("(state = 'declined') = (why IS NOT NULL)", name="declined_has_reason"),
    )

    id: Mapped[int] = key()
    ref: Mapped[str] = ref()
    rule_id: Mapped[int] = mapped_column(ForeignKey("match_rule.id"))
    sponsorship_id: Mapped[int] = mapped_column(ForeignKey("sponsorship.id"), index=True)
    promise_id: Mapped[int | None] = mapped_column(ForeignKey("sponsorship.id"), unique=True)
    first_month: Mapped[Month] = mapped_column(MonthColumn)
    months: Mapped[int]
    rupiah: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[ClaimState] = mapped_column(choice(ClaimState, "state"), default=ClaimState.asked)
    why: Mapped[Why | None] = mapped_column(choice(Why, "why"))
    created_at: Mapped[datetime] = mapped_column(Instant)
    decided_at: Mapped[datetime | None] = mapped_column(Instant)

    rule: Mapped[MatchRule] = relationship()
    sponsorship: Mapped[Sponsorship] = relationship(foreign_keys=[sponsorship_id])
    promise: Mapped[Sponsorship | None] = relationship(foreign_keys=[promise_id])


for _table in (MatchRule, MatchClaim):
    guard_rows(_table.__table__, "delete", "a rule is closed and a request declined, never deleted")
