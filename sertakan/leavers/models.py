"""A file of leavers and its rows: who (by her row, never by a copied name), after which month, why, and what that freed."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from sertakan.accounts.models import Organisation, Person
from sertakan.db import Instant, Model, MonthColumn, choice, guard_rows, key, ref
from sertakan.kit.months import Month
from sertakan.leavers.rules import FileState, Kind, Reason, RowState
from sertakan.workers.models import Worker

_LIVE = text("state <> 'withdrawn'")


class LeaverFile(Model):
    """One upload. The file itself is not kept: its rows say all that it said. Withdrawn, it may come again."""

    __tablename__ = "leaver_file"
    __table_args__ = (
        CheckConstraint("decided_by_id IS NULL OR decided_by_id <> made_by_id", name="not_ones_own"),
        CheckConstraint("state NOT IN ('confirmed', 'done') OR decided_by_id IS NOT NULL", name="confirmed_by_somebody"),
        Index("uq_leaver_file", "organisation_id", "fingerprint", unique=True, sqlite_where=_LIVE, postgresql_where=_LIVE),
        Index("ix_leaver_file_state", "state", "id"),
    )

    id: Mapped[int] = key()
    ref: Mapped[str] = ref()
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    name: Mapped[str] = mapped_column(String(120))
    fingerprint: Mapped[str] = mapped_column(String(64))
    state: Mapped[FileState] = mapped_column(choice(FileState, "state"), default=FileState.checked)
    counts: Mapped[dict[str, Any]] = mapped_column(JSON)
    mark: Mapped[str] = mapped_column(String(64))
    made_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime] = mapped_column(Instant)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[datetime | None] = mapped_column(Instant)
    done_at: Mapped[datetime | None] = mapped_column(Instant)

    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)
    made_by: Mapped[Person] = relationship(foreign_keys=[made_by_id])
    decided_by: Mapped[Person | None] = relationship(foreign_keys=[decided_by_id])


class LeaverRow(Model):
    """A row under its number in the file. `shown` is the masked NIK. Months that BPJS has keep (`months_kept`); the rest is freed."""

    __tablename__ = "leaver_row"
    __table_args__ = (
        UniqueConstraint("file_id", "row_number"),
        Index("ix_leaver_row_state", "file_id", "state", "row_number"),
        CheckConstraint("(state IN ('wrong', 'skipped')) = (kind IS NOT NULL)", name="problem"),
        CheckConstraint(
            "state NOT IN ('ready', 'done') OR (worker_id IS NOT NULL AND last_month IS NOT NULL AND reason IS NOT NULL)",
            name="ready_is_whole",
        ),
    )

    id: Mapped[int] = key()
    file_id: Mapped[int] = mapped_column(ForeignKey("leaver_file.id"))
    row_number: Mapped[int]
    shown: Mapped[str] = mapped_column(String(24))
    worker_id: Mapped[int | None] = mapped_column(ForeignKey("worker.id"))
    last_month: Mapped[Month | None] = mapped_column(MonthColumn)
    reason: Mapped[Reason | None] = mapped_column(choice(Reason, "reason"))
    state: Mapped[RowState] = mapped_column(choice(RowState, "state"))
    kind: Mapped[Kind | None] = mapped_column(choice(Kind, "kind"))
    same_row: Mapped[int | None]
    months_freed: Mapped[int] = mapped_column(default=0)
    months_kept: Mapped[int] = mapped_column(default=0)
    freed_rupiah: Mapped[int] = mapped_column(BigInteger, default=0)

    worker: Mapped[Worker | None] = relationship()


guard_rows(LeaverFile.__table__, "delete", "what a member decided is kept")
