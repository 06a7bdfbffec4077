"""Who an organisation's own employees are: a keyed hash of each NIK, and nothing else about anybody."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from sertakan.accounts.models import Person
from sertakan.db import Instant, Model, key


class EmployeeList(Model):
    """The list as a whole: how many, since when, by whom. None stands for an organisation that keeps no list."""

    __tablename__ = "employee_list"
    __table_args__ = (CheckConstraint("count > 0", name="somebody"),)

    id: Mapped[int] = key()
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), unique=True)
    count: Mapped[int]
    changed_at: Mapped[datetime] = mapped_column(Instant)
    changed_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))

    changed_by: Mapped[Person] = relationship(lazy="joined", innerjoin=True)


class Employee(Model):
    """One NIK on the list; the hash is the one that workers and uploaded rows are found by."""

    __tablename__ = "employee"
    __table_args__ = (UniqueConstraint("organisation_id", "nik_hash"),)

    id: Mapped[int] = key()
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    nik_hash: Mapped[str] = mapped_column(String(64))
