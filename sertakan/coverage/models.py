"""`coverage_month`: who pays which month for whom, at which price, and how far the money has come; `follow_up`: when to look again."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from sertakan.coverage.rules import LIVE, MonthState
from sertakan.db import Instant, Model, MonthColumn, choice, guard_rows, key, ref
from sertakan.kit.months import Month
from sertakan.tariff.rules import Package, PayerKind


class MonthSource(StrEnum):
    sponsorship = "sponsorship"
    external = "external"  # paid by the city, an employer or the worker herself; comes with evidence


_WORDS = ", ".join(sorted(f"'{state.value}'" for state in LIVE))
_LIVE = text(f"state IN ({_WORDS})")
# The condition of the partial index word for word: with the states as parameters a database cannot know that the index has the rows.
IS_LIVE = text(f"coverage_month.state IN ({_WORDS})")


class CoverageMonth(Model):
    """A cell of the ledger. At most one live row per worker and month: the partial unique index decides every race (I1)."""

    __tablename__ = "coverage_month"
    __table_args__ = (
        Index("uq_coverage_month_live", "worker_id", "month", unique=True, sqlite_where=_LIVE, postgresql_where=_LIVE),
        Index("ix_coverage_month_sponsorship", "sponsorship_id", "month"),
        Index("ix_coverage_month_state", "state", "month"),
        CheckConstraint("price_rupiah = jkk_rupiah + jkm_rupiah + jht_rupiah - relief_rupiah", name="price_sums"),
        CheckConstraint(
            "jkk_rupiah >= 0 AND jkm_rupiah >= 0 AND jht_rupiah >= 0 AND relief_rupiah >= 0 AND price_rupiah >= 0",
            name="not_negative",
        ),
        CheckConstraint("(source = 'sponsorship') = (sponsorship_id IS NOT NULL)", name="source"),
        CheckConstraint("state <> 'posted' OR evidence IS NOT NULL", name="posted_has_evidence"),
        CheckConstraint("state <> 'paid' OR paid_at IS NOT NULL", name="paid_has_time"),
    )

    id: Mapped[int] = key()
    ref: Mapped[str] = ref()
    worker_id: Mapped[int] = mapped_column(ForeignKey("worker.id"))
    month: Mapped[Month] = mapped_column(MonthColumn)
    state: Mapped[MonthState] = mapped_column(choice(MonthState, "state"), default=MonthState.reserved)
    source: Mapped[MonthSource] = mapped_column(choice(MonthSource, "source_kind"), default=MonthSource.sponsorship)
    sponsorship_id: Mapped[int | None] = mapped_column(ForeignKey("sponsorship.id"))
    payer_kind: Mapped[PayerKind] = mapped_column(choice(PayerKind, "payer_kind"))
    package: Mapped[Package] = mapped_column(choice(Package, "package"))
    base_rupiah: Mapped[int] = mapped_column(BigInteger)
    jkk_rupiah: Mapped[int] = mapped_column(BigInteger)
    jkm_rupiah: Mapped[int] = mapped_column(BigInteger)
    jht_rupiah: Mapped[int] = mapped_column(BigInteger)
    relief_rupiah: Mapped[int] = mapped_column(BigInteger)
    price_rupiah: Mapped[int] = mapped_column(BigInteger)
    tariff_rows: Mapped[dict[str, Any]] = mapped_column(JSON)
    evidence: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(Instant)
    paid_at: Mapped[datetime | None] = mapped_column(Instant)
    sending_at: Mapped[datetime | None] = mapped_column(Instant)  # in a locked batch: on its way to BPJS, not to be taken back
    remitted_at: Mapped[datetime | None] = mapped_column(Instant)
    posted_at: Mapped[datetime | None] = mapped_column(Instant)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)
    close_reason: Mapped[str | None] = mapped_column(String(40))

    @property
    def returnable(self) -> bool:
        """Paid, and its money has not set out for BPJS: it can still go back to the payer."""
        return self.state is MonthState.paid and self.sending_at is None


class FollowUp(Model):
    """The next day on which time alone makes something due about this worker. No row: nothing is coming.

    Whatever changes her months sets it to today; the sweep that looks at her then says when to look next. So a day costs what is
    due on it, whatever the size of the ledger (I19).
    """

    __tablename__ = "follow_up"
    __table_args__ = (Index("ix_follow_up_next", "next_on", "worker_id"),)

    worker_id: Mapped[int] = mapped_column(ForeignKey("worker.id"), primary_key=True, autoincrement=False)
    next_on: Mapped[date]


# I9: what BPJS has posted and what was given back stands for ever; corrections are rows of their own
guard_rows(CoverageMonth.__table__, "update", "final", "OLD.state IN ('posted', 'refunded', 'credited', 'void')")
guard_rows(CoverageMonth.__table__, "delete", "nothing about money is deleted")
