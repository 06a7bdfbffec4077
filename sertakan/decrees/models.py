"""A decree with its file, and who proposed it and put it in force."""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, deferred, mapped_column, relationship

from sertakan.accounts.models import Organisation, Person
from sertakan.db import Instant, Model, MonthColumn, Sealed, choice, guard_rows, key, ref
from sertakan.decrees.rules import Category, DecreeState, Facts
from sertakan.kit.months import Month

_LIVE = text("state <> 'withdrawn'")


class Decree(Model):
    """One SK of a government body. Its PDF is sealed: it names people."""

    __tablename__ = "decree"
    __table_args__ = (
        CheckConstraint("decided_by_id IS NULL OR decided_by_id <> proposed_by_id", name="not_ones_own"),
        CheckConstraint("state NOT IN ('in_force', 'closed') OR decided_by_id IS NOT NULL", name="in_force_by_somebody"),
        CheckConstraint("ceiling_rupiah > 0 AND first_month <= last_month", name="amounts"),
        Index("uq_decree_number", "organisation_id", "number", unique=True, sqlite_where=_LIVE, postgresql_where=_LIVE),
    )

    id: Mapped[int] = key()
    ref: Mapped[str] = ref()
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    number: Mapped[str] = mapped_column(String(80))
    signed_on: Mapped[date]
    category: Mapped[Category] = mapped_column(choice(Category, "category"))
    budget_year: Mapped[int]
    budget_line: Mapped[str] = mapped_column(String(40))
    ceiling_rupiah: Mapped[int] = mapped_column(BigInteger)
    first_month: Mapped[Month] = mapped_column(MonthColumn)
    last_month: Mapped[Month] = mapped_column(MonthColumn)
    state: Mapped[DecreeState] = mapped_column(choice(DecreeState, "state"))
    file_name: Mapped[str] = mapped_column(String(120))
    file_sealed: Mapped[str | None] = deferred(mapped_column(Text))  # megabytes: read when somebody asks for it
    file_mark: Mapped[str] = mapped_column(String(64))
    note: Mapped[str | None] = mapped_column(String(500))  # why it was sent back
    copied_from_id: Mapped[int | None] = mapped_column(ForeignKey("decree.id"))
    made_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime] = mapped_column(Instant)
    proposed_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    proposed_at: Mapped[datetime | None] = mapped_column(Instant)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[datetime | None] = mapped_column(Instant)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)

    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)
    copied_from: Mapped["Decree | None"] = relationship(remote_side=[id])
    made_by: Mapped[Person] = relationship(foreign_keys=[made_by_id])
    proposed_by: Mapped[Person | None] = relationship(foreign_keys=[proposed_by_id])
    decided_by: Mapped[Person | None] = relationship(foreign_keys=[decided_by_id])

    file = Sealed("file_sealed")  # base64

    @property
    def facts(self) -> Facts:
        return Facts(
            number=self.number,
            signed_on=self.signed_on,
            category=self.category,
            budget_year=self.budget_year,
            budget_line=self.budget_line,
            ceiling_rupiah=self.ceiling_rupiah,
            first_month=self.first_month,
            last_month=self.last_month,
        )


guard_rows(Decree.__table__, "delete", "a decree is withdrawn or closed, never deleted")
