"""Kecamatan, kelurahan, and how many workers live there (with source and date)."""

from datetime import date

from sqlalchemy import CheckConstraint, Float, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from sertakan.db import Model, key


class Kecamatan(Model):
    """A district of the city, by Kemendagri code (`61.71.05`)."""

    __tablename__ = "kecamatan"

    code: Mapped[str] = mapped_column(String(8), primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    lat: Mapped[float] = mapped_column(Float)
    lng: Mapped[float] = mapped_column(Float)


class Kelurahan(Model):
    """An urban village, by Kemendagri code (`61.71.05.1005`). `name` is the spelling people use."""

    __tablename__ = "kelurahan"

    code: Mapped[str] = mapped_column(String(13), primary_key=True)
    official_name: Mapped[str] = mapped_column(String(60))
    name: Mapped[str] = mapped_column(String(60))
    kecamatan_code: Mapped[str] = mapped_column(ForeignKey("kecamatan.code"), index=True)
    lat: Mapped[float] = mapped_column(Float)
    lng: Mapped[float] = mapped_column(Float)
    postal_code: Mapped[str] = mapped_column(String(5))

    kecamatan: Mapped[Kecamatan] = relationship(lazy="joined", innerjoin=True)


class Denominator(Model):
    """How many workers a place counts: never shown without its year and source (DOMAIN trap 34)."""

    __tablename__ = "denominator"
    __table_args__ = (CheckConstraint("workers > 0", name="workers"),)

    id: Mapped[int] = key()
    kelurahan_code: Mapped[str | None] = mapped_column(ForeignKey("kelurahan.code"))  # None: the whole city
    year: Mapped[int]
    workers: Mapped[int]
    source: Mapped[str] = mapped_column(String(200))
    dated_on: Mapped[date]
