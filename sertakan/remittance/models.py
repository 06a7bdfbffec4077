"""Batches, their lines, the answers to them, and the repairs of what bounced. Nothing here is ever deleted."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from sertakan.accounts.models import Person
from sertakan.coverage.models import CoverageMonth
from sertakan.db import Instant, Model, MonthColumn, Sealed, choice, guard_rows, key, ref
from sertakan.kit.months import Month
from sertakan.remittance.rules import (
    LIVING,
    BatchState,
    BounceReason,
    FileState,
    LineState,
    Remedy,
    RepairState,
    Result,
)

_LIVING = text("state IN ({})".format(", ".join(sorted(f"'{state.value}'" for state in LIVING))))


class Batch(Model):
    """Months that are paid on to BPJS together. Who locks it never marks it paid (I5); once locked its sums never change."""

    __tablename__ = "remittance_batch"
    __table_args__ = (
        Index("ix_remittance_batch_state", "state", "created_at"),
        CheckConstraint("months >= 0 AND amount_rupiah >= 0 AND done >= 0", name="not_negative"),
        CheckConstraint("paid_by_id IS NULL OR (paid_by_id <> locked_by_id AND paid_by_id <> created_by_id)", name="two_people"),
        CheckConstraint("state IN ('draft', 'dropped') OR (fingerprint IS NOT NULL AND locked_by_id IS NOT NULL)", name="locked"),
        CheckConstraint(
            "state NOT IN ('paid', 'closed', 'partly_closed') OR (paid_by_id IS NOT NULL AND proof IS NOT NULL)", name="paid"
        ),
    )

    id: Mapped[int] = key()
    ref: Mapped[str] = ref()
    code: Mapped[str] = mapped_column(String(9), unique=True)
    state: Mapped[BatchState] = mapped_column(choice(BatchState, "state"), default=BatchState.draft)
    through_month: Mapped[Month] = mapped_column(MonthColumn)
    months: Mapped[int] = mapped_column(default=0)
    amount_rupiah: Mapped[int] = mapped_column(BigInteger, default=0)
    totals: Mapped[dict[str, Any]] = mapped_column(JSON)  # rupiah per programme, months and rupiah per kind of payer
    fingerprint: Mapped[str | None] = mapped_column(String(64))
    payment_code: Mapped[str | None] = mapped_column(String(40))
    proof: Mapped[str | None] = mapped_column(String(120))
    done: Mapped[int] = mapped_column(default=0)  # lines that were stamped as remitted so far
    created_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    locked_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    paid_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime] = mapped_column(Instant)
    locked_at: Mapped[datetime | None] = mapped_column(Instant)
    code_at: Mapped[datetime | None] = mapped_column(Instant)
    paid_at: Mapped[datetime | None] = mapped_column(Instant)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)

    created_by: Mapped[Person] = relationship(foreign_keys=[created_by_id])
    locked_by: Mapped[Person | None] = relationship(foreign_keys=[locked_by_id])
    paid_by: Mapped[Person | None] = relationship(foreign_keys=[paid_by_id])


class AnswerFile(Model):
    """An answer of BPJS as a file. Its bytes are sealed until they are read, then gone; what it said stays as rows."""

    __tablename__ = "remittance_answer_file"
    __table_args__ = (
        UniqueConstraint("batch_id", "fingerprint"),
        Index("ix_remittance_answer_file_state", "state"),
        CheckConstraint("rows >= 0 AND done >= 0 AND problem_count >= 0", name="not_negative"),
    )

    id: Mapped[int] = key()
    ref: Mapped[str] = ref()
    batch_id: Mapped[int] = mapped_column(ForeignKey("remittance_batch.id"))
    fingerprint: Mapped[str] = mapped_column(String(64))
    state: Mapped[FileState] = mapped_column(choice(FileState, "state"), default=FileState.uploaded)
    content_sealed: Mapped[str | None] = mapped_column(Text)
    rows: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    problem_count: Mapped[int] = mapped_column(default=0)
    problems: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    refusal: Mapped[str | None] = mapped_column(String(200))  # why the file as a whole could not be read; a msgid
    refusal_params: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    uploaded_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    uploaded_at: Mapped[datetime] = mapped_column(Instant)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)

    batch: Mapped[Batch] = relationship()
    uploaded_by: Mapped[Person] = relationship()

    content = Sealed("content_sealed")  # base64


class Line(Model):
    """A month in a batch, at its frozen price. A month stands in at most one living line: the partial unique index decides."""

    __tablename__ = "remittance_line"
    __table_args__ = (
        UniqueConstraint("batch_id", "coverage_month_id"),
        Index(
            "uq_remittance_line_living",
            "coverage_month_id",
            unique=True,
            sqlite_where=_LIVING,
            postgresql_where=_LIVING,
        ),
        Index("ix_remittance_line_batch", "batch_id", "state", "id"),
        Index("ix_remittance_line_untold", "id", sqlite_where=text("told = 0"), postgresql_where=text("told = false")),
        CheckConstraint("amount_rupiah >= 0", name="amount"),
        CheckConstraint("state NOT IN ('posted', 'refused') OR answered_at IS NOT NULL", name="answered"),
        CheckConstraint("(state = 'refused') = (reason IS NOT NULL)", name="reason"),
    )

    id: Mapped[int] = key()
    batch_id: Mapped[int] = mapped_column(ForeignKey("remittance_batch.id"))
    coverage_month_id: Mapped[int] = mapped_column(ForeignKey("coverage_month.id"))
    state: Mapped[LineState] = mapped_column(choice(LineState, "state"), default=LineState.open)
    amount_rupiah: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[BounceReason | None] = mapped_column(choice(BounceReason, "bounce_reason"))
    answered_at: Mapped[datetime | None] = mapped_column(Instant)
    told: Mapped[bool | None]  # None: nothing to tell yet; False: the sponsor must be told of the answer; True: done

    batch: Mapped[Batch] = relationship()
    month: Mapped[CoverageMonth] = relationship()


class AnswerRow(Model):
    """What one row of a file says of one line; applied once."""

    __tablename__ = "remittance_answer_row"
    __table_args__ = (
        UniqueConstraint("file_id", "row"),
        Index(
            "ix_remittance_answer_row_waiting",
            "file_id",
            "id",
            sqlite_where=text("applied = 0"),
            postgresql_where=text("applied = false"),
        ),
    )

    id: Mapped[int] = key()
    file_id: Mapped[int] = mapped_column(ForeignKey("remittance_answer_file.id"))
    row: Mapped[int]
    line_id: Mapped[int] = mapped_column(ForeignKey("remittance_line.id"))
    result: Mapped[Result] = mapped_column(choice(Result, "result"))
    reason: Mapped[BounceReason | None] = mapped_column(choice(BounceReason, "bounce_reason"))
    evidence: Mapped[str | None] = mapped_column(String(120))
    applied: Mapped[bool] = mapped_column(default=False)


class Repair(Model):
    """A bounced month until it is paid again or its money is on its way back. Who proposes never confirms (I5)."""

    __tablename__ = "remittance_repair"
    __table_args__ = (
        Index("ix_remittance_repair_state", "state", "opened_at"),
        CheckConstraint("confirmed_by_id IS NULL OR confirmed_by_id <> proposed_by_id", name="two_people"),
        CheckConstraint(
            "(state IN ('repaired', 'given_back')) = (confirmed_by_id IS NOT NULL AND closed_at IS NOT NULL)", name="confirmed"
        ),
        CheckConstraint("state = 'open' OR remedy IS NOT NULL", name="has_remedy"),
    )

    id: Mapped[int] = key()
    ref: Mapped[str] = ref()
    line_id: Mapped[int] = mapped_column(ForeignKey("remittance_line.id"), unique=True)
    coverage_month_id: Mapped[int] = mapped_column(ForeignKey("coverage_month.id"), index=True)
    state: Mapped[RepairState] = mapped_column(choice(RepairState, "state"), default=RepairState.open)
    remedy: Mapped[Remedy | None] = mapped_column(choice(Remedy, "remedy"))
    name_sealed: Mapped[str | None] = mapped_column(String(400))
    nik_sealed: Mapped[str | None] = mapped_column(String(200))
    nik_hash: Mapped[str | None] = mapped_column(String(64))
    mark: Mapped[str | None] = mapped_column(String(64))
    proposed_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    confirmed_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    opened_at: Mapped[datetime] = mapped_column(Instant)
    proposed_at: Mapped[datetime | None] = mapped_column(Instant)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)

    line: Mapped[Line] = relationship()
    month: Mapped[CoverageMonth] = relationship()
    proposed_by: Mapped[Person | None] = relationship(foreign_keys=[proposed_by_id])

    name = Sealed("name_sealed")
    nik = Sealed("nik_sealed", blind="nik_hash", purpose="nik")


class ColumnTitle(Model):
    """The column map of the files: which fields go out, in which order, under which title; which titles an answer has."""

    __tablename__ = "remittance_column"
    __table_args__ = (UniqueConstraint("kind", "field"), CheckConstraint("place >= 0", name="place"))

    id: Mapped[int] = key()
    kind: Mapped[str] = mapped_column(String(8))  # export, answer
    field: Mapped[str] = mapped_column(String(24))
    title: Mapped[str] = mapped_column(String(60))
    place: Mapped[int]  # 0: left out


for _table in (Batch, AnswerFile, Line, AnswerRow, Repair):
    guard_rows(_table.__table__, "delete", "nothing about money is deleted")
guard_rows(
    Batch.__table__,
    "update",
    "a locked batch keeps its sums",
    "OLD.fingerprint IS NOT NULL AND (NEW.fingerprint <> OLD.fingerprint OR NEW.amount_rupiah <> OLD.amount_rupiah "
    "OR NEW.months <> OLD.months OR NEW.locked_by_id <> OLD.locked_by_id OR NEW.created_by_id <> OLD.created_by_id)",
)
guard_rows(Line.__table__, "update", "final", "OLD.state IN ('posted', 'refused', 'dropped') AND NEW.state <> OLD.state")
