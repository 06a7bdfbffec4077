"""Tariff rows. A row is never overwritten: an edit supersedes it and writes a new one, so an old quote still finds the rows it used."""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from sertakan.db import Instant, Model, MonthColumn, choice, key
from sertakan.kit.months import Month
from sertakan.tariff.rules import Programme, Sector


class Bracket(Model):
    """An income class of PP 44/2015 appendix II."""

    __tablename__ = "bracket"
    __table_args__ = (CheckConstraint("base_rupiah > 0 AND income_from_rupiah >= 0", name="amounts"),)

    id: Mapped[int] = key()
    number: Mapped[int]
    income_from_rupiah: Mapped[int] = mapped_column(BigInteger)
    income_to_rupiah: Mapped[int | None] = mapped_column(BigInteger)
    base_rupiah: Mapped[int] = mapped_column(BigInteger)
    from_month: Mapped[Month] = mapped_column(MonthColumn)
    to_month: Mapped[Month | None] = mapped_column(MonthColumn)
    legal_basis: Mapped[str] = mapped_column(String(200))
    source: Mapped[str] = mapped_column(String(200))
    recorded_at: Mapped[datetime] = mapped_column(Instant)
    superseded_at: Mapped[datetime | None] = mapped_column(Instant)


class Rate(Model):
    """A programme's price: basis points of the base, or a flat amount; exactly one of the two."""

    __tablename__ = "rate"
    __table_args__ = (CheckConstraint("(basis_points IS NULL) <> (flat_rupiah IS NULL)", name="one_kind"),)

    id: Mapped[int] = key()
    programme: Mapped[Programme] = mapped_column(choice(Programme, "programme"))
    basis_points: Mapped[int | None]
    flat_rupiah: Mapped[int | None] = mapped_column(BigInteger)
    from_month: Mapped[Month] = mapped_column(MonthColumn)
    to_month: Mapped[Month | None] = mapped_column(MonthColumn)
    legal_basis: Mapped[str] = mapped_column(String(200))
    source: Mapped[str] = mapped_column(String(200))
    recorded_at: Mapped[datetime] = mapped_column(Instant)
    superseded_at: Mapped[datetime | None] = mapped_column(Instant)


class Relief(Model):
    """A temporary cut (PP 50/2025)."""

    __tablename__ = "relief"
    __table_args__ = (CheckConstraint("percent BETWEEN 1 AND 100", name="percent"),)

    id: Mapped[int] = key()
    sector: Mapped[Sector] = mapped_column(choice(Sector, "sector"))
    programme: Mapped[Programme] = mapped_column(choice(Programme, "programme"))
    percent: Mapped[int]
    from_month: Mapped[Month] = mapped_column(MonthColumn)
    to_month: Mapped[Month | None] = mapped_column(MonthColumn)
    excludes_government: Mapped[bool]
    legal_basis: Mapped[str] = mapped_column(String(200))
    source: Mapped[str] = mapped_column(String(200))
    recorded_at: Mapped[datetime] = mapped_column(Instant)
    superseded_at: Mapped[datetime | None] = mapped_column(Instant)


_LIVING = text("superseded_at IS NULL")


class Holiday(Model):
    """A day on which offices and banks rest: a national holiday, or one of the government's joint leave (cuti bersama)."""

    __tablename__ = "holiday"
    __table_args__ = (Index("uq_holiday_on_day", "on_day", unique=True, sqlite_where=_LIVING, postgresql_where=_LIVING),)

    id: Mapped[int] = key()
    on_day: Mapped[date]
    name: Mapped[str] = mapped_column(String(80))
    joint_leave: Mapped[bool]
    legal_basis: Mapped[str] = mapped_column(String(200))
    source: Mapped[str] = mapped_column(String(200))
    recorded_at: Mapped[datetime] = mapped_column(Instant)
    superseded_at: Mapped[datetime | None] = mapped_column(Instant)


class Occupation(Model):
    """A kind of work; its sector decides the price. `label` is the Indonesian msgid."""

    __tablename__ = "occupation"

    code: Mapped[str] = mapped_column(String(40), primary_key=True)
    label: Mapped[str] = mapped_column(String(80))
    group: Mapped[str] = mapped_column("occupation_group", String(40))
    sector: Mapped[Sector] = mapped_column(choice(Sector, "sector"))
    icon: Mapped[str] = mapped_column(String(30))
    likely_government_paid: Mapped[bool] = mapped_column(default=False)
    note: Mapped[str | None] = mapped_column(String(200))
    position: Mapped[int]
    retired_on: Mapped[date | None]
