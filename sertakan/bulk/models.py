"""An organisation's file, its rows as typed with what is wrong with them, and which titles it uses."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from sertakan.accounts.models import Organisation, Person
from sertakan.bulk.rows import Kind
from sertakan.bulk.rules import RowState, UploadState
from sertakan.db import Instant, Model, MonthColumn, Sealed, choice, key, ref
from sertakan.decrees.models import Decree
from sertakan.kit.months import Month

_LIVE = text("state NOT IN ('withdrawn', 'failed')")


class Upload(Model):
    """A file for so many months from a first one. The file itself is sealed and kept only until its rows are read."""

    __tablename__ = "upload"
    __table_args__ = (
        CheckConstraint("decided_by_id IS NULL OR decided_by_id <> submitted_by_id", name="not_ones_own"),
        CheckConstraint(
            "state NOT IN ('confirmed', 'applying', 'applied') OR decided_by_id IS NOT NULL", name="confirmed_by_somebody"
        ),
        CheckConstraint("count BETWEEN 1 AND 24 AND rows_read >= 0", name="amounts"),
        Index("uq_upload_file", "organisation_id", "fingerprint", unique=True, sqlite_where=_LIVE, postgresql_where=_LIVE),
        Index("ix_upload_state", "state", "id"),
        CheckConstraint("replaces_id IS NULL OR decree_id IS NOT NULL", name="replaced_under_a_decree"),
    )

    id: Mapped[int] = key()
    ref: Mapped[str] = ref()
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    name: Mapped[str] = mapped_column(String(120))
    fingerprint: Mapped[str] = mapped_column(String(64))
    decree_id: Mapped[int | None] = mapped_column(ForeignKey("decree.id"), index=True)
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("sponsorship.id"))  # who leaves her office to the one of this list
    first_month: Mapped[Month] = mapped_column(MonthColumn)
    count: Mapped[int]
    state: Mapped[UploadState] = mapped_column(choice(UploadState, "state"))
    file_sealed: Mapped[str | None] = mapped_column(Text)
    titles: Mapped[list[str] | None] = mapped_column(JSON)  # of the file, while somebody says which is which
    why: Mapped[dict[str, Any] | None] = mapped_column(JSON)  # the sentence of a file that cannot be read
    rows_read: Mapped[int] = mapped_column(default=0)
    counts: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    mark: Mapped[str | None] = mapped_column(String(64))
    note: Mapped[str | None] = mapped_column(String(500))  # why the checker sent it back
    made_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime] = mapped_column(Instant)
    checked_at: Mapped[datetime | None] = mapped_column(Instant)
    submitted_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    submitted_at: Mapped[datetime | None] = mapped_column(Instant)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[datetime | None] = mapped_column(Instant)
    rows_applied: Mapped[int] = mapped_column(
        default=0, server_default=text("0")
    )  # the row up to which they have become promises
    applied_at: Mapped[datetime | None] = mapped_column(Instant)
    order_id: Mapped[int | None] = mapped_column(ForeignKey("payment_order.id"), unique=True)  # its one bill

    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)
    decree: Mapped[Decree | None] = relationship()
    made_by: Mapped[Person] = relationship(foreign_keys=[made_by_id])
    submitted_by: Mapped[Person | None] = relationship(foreign_keys=[submitted_by_id])
    decided_by: Mapped[Person | None] = relationship(foreign_keys=[decided_by_id])

    file = Sealed("file_sealed")


class UploadRow(Model):
    """One row of the file under the number that Excel shows for it; `kind` is its first problem, the rest is sealed."""

    __tablename__ = "upload_row"
    __table_args__ = (
        UniqueConstraint("upload_id", "row_number"),
        Index("ix_upload_row_state", "upload_id", "state", "kind", "row_number"),
        Index("ix_upload_row_nik", "upload_id", "nik_hash"),
        CheckConstraint("(state = 'ready') = (kind IS NULL)", name="ready_without_problem"),
        CheckConstraint("state <> 'ready' OR (nik_hash IS NOT NULL AND occupation_code IS NOT NULL)", name="ready_is_whole"),
    )

    id: Mapped[int] = key()
    ref: Mapped[str] = ref()
    upload_id: Mapped[int] = mapped_column(ForeignKey("upload.id"))
    row_number: Mapped[int]
    content_sealed: Mapped[str] = mapped_column(Text)
    nik_hash: Mapped[str | None] = mapped_column(String(64))
    state: Mapped[RowState] = mapped_column(choice(RowState, "state"))
    kind: Mapped[Kind | None] = mapped_column(choice(Kind, "kind"))
    occupation_code: Mapped[str | None] = mapped_column(String(40))
    revision: Mapped[int] = mapped_column(default=0)
    sponsorship_id: Mapped[int | None] = mapped_column(ForeignKey("sponsorship.id"), unique=True)  # what it has become

    content = Sealed("content_sealed")  # values and problems: a suggestion may hold a NIK


class ColumnTitle(Model):
    """A title that this organisation uses for one of our columns, remembered from the last time it was told."""

    __tablename__ = "column_title"
    __table_args__ = (UniqueConstraint("organisation_id", "title"),)

    id: Mapped[int] = key()
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    key: Mapped[str] = mapped_column(String(20))
    title: Mapped[str] = mapped_column(String(200))
