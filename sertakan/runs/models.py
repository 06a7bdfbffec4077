"""`job_run`: one row for each run of a background job, kept short."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from sertakan.db import Instant, Model, choice, key
from sertakan.runs.rules import RunState


class JobRun(Model):
    """`claim` names the job and its due moment, so that a second worker cannot do it too; None for a run that was knocked for.

    `result` counts things and names no person; `fault` is the reference under which the log has the error. Times are of the real clock.
    """

    __tablename__ = "job_run"
    __table_args__ = (
        Index("ix_job_run_name", "name", "state", "started_at"),
        CheckConstraint("(state = 'running') = (ended_at IS NULL)", name="ended"),
        CheckConstraint("state <> 'failed' OR fault IS NOT NULL", name="failed_has_fault"),
    )

    id: Mapped[int] = key()
    name: Mapped[str] = mapped_column(String(24))
    claim: Mapped[str | None] = mapped_column(String(48), unique=True)
    state: Mapped[RunState] = mapped_column(choice(RunState, "state"), default=RunState.running)
    started_at: Mapped[datetime] = mapped_column(Instant, index=True)
    ended_at: Mapped[datetime | None] = mapped_column(Instant, index=True)
    result: Mapped[str | None] = mapped_column(String(200))
    fault: Mapped[str | None] = mapped_column(String(16))
