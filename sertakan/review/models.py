"""`decision`: what an officer decided, on exactly what she saw."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from sertakan.db import Instant, Model, choice, guard_rows, key, ref
from sertakan.review.rules import Outcome, RejectReason


class Decision(Model):
    """Insert-only. The officer is never the maker or the sponsor: rule and constraint (I5)."""

    __tablename__ = "decision"
    __table_args__ = (
        CheckConstraint("officer_id IS NULL OR (officer_id <> maker_id AND officer_id <> sponsor_id)", name="not_ones_own"),
        CheckConstraint("outcome <> 'rejected' OR reason IS NOT NULL", name="rejection_has_reason"),
        CheckConstraint("officer_id IS NOT NULL OR outcome = 'approved'", name="rule_only_approves"),
    )

    id: Mapped[int] = key()
    ref: Mapped[str] = ref()
    sponsorship_id: Mapped[int] = mapped_column(ForeignKey("sponsorship.id"), index=True)
    officer_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))  # None: approved by rule (a renewal)
    maker_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    sponsor_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    outcome: Mapped[Outcome] = mapped_column(choice(Outcome, "outcome"))
    reason: Mapped[RejectReason | None] = mapped_column(choice(RejectReason, "reason"))
    note: Mapped[str | None] = mapped_column(Text)
    fingerprint: Mapped[str] = mapped_column(String(64))
    checks: Mapped[dict[str, Any]] = mapped_column(JSON)
    decided_at: Mapped[datetime] = mapped_column(Instant)


for _verb in ("update", "delete"):
    guard_rows(Decision.__table__, _verb, "insert-only")
