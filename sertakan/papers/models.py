"""A paper and the pieces of its file, sealed, while it is kept."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from sertakan.accounts.models import Organisation, Person
from sertakan.db import Instant, Model, Sealed, choice, guard_rows, key, ref
from sertakan.papers.rules import PaperKind, PaperState


class Paper(Model):
    """What was made for whom and when. `facts` is what it says of itself when its code is checked: sums, no names."""

    __tablename__ = "paper"
    __table_args__ = (
        Index("ix_paper_organisation", "organisation_id", "id"),
        Index("ix_paper_state", "state", "id"),
        CheckConstraint("done >= 0 AND total >= 0 AND size >= 0", name="amounts"),
        CheckConstraint("(kind = 'statement') = (year IS NOT NULL)", name="year"),
        CheckConstraint("(kind = 'cards') = (part IS NOT NULL)", name="part"),
        CheckConstraint("(state IN ('ready', 'expired')) = (ready_at IS NOT NULL)", name="ready"),
    )

    id: Mapped[int] = key()
    ref: Mapped[str] = ref()
    code: Mapped[str] = mapped_column(String(9), unique=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    kind: Mapped[PaperKind] = mapped_column(choice(PaperKind, "kind"))
    year: Mapped[int | None]
    part: Mapped[int | None]  # from 1: so many hundred cards are one file
    state: Mapped[PaperState] = mapped_column(choice(PaperState, "state"), default=PaperState.waiting)
    locale: Mapped[str] = mapped_column(String(2))
    facts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    total: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    size: Mapped[int] = mapped_column(default=0)
    made_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime] = mapped_column(Instant)
    ready_at: Mapped[datetime | None] = mapped_column(Instant)

    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)
    made_by: Mapped[Person] = relationship(foreign_keys=[made_by_id])


class PaperPiece(Model):
    """So many bytes of a paper's file, in order; deleted when the file is no longer kept."""

    __tablename__ = "paper_piece"
    __table_args__ = (UniqueConstraint("paper_id", "number"),)

    id: Mapped[int] = key()
    ref: Mapped[str] = ref()
    paper_id: Mapped[int] = mapped_column(ForeignKey("paper.id"))
    number: Mapped[int]
    content_sealed: Mapped[str] = mapped_column(Text)

    content = Sealed("content_sealed")  # base64


guard_rows(Paper.__table__, "delete", "a code that was given out can always be checked")
