"""One row per worker, found by the keyed hash of her NIK; consents, attestations and the waiting list beside it."""

import secrets
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from sertakan.db import Instant, Model, MonthColumn, Sealed, choice, key, ref
from sertakan.kit.months import Month
from sertakan.workers.rules import GONE
from sertakan.workers.rules import WorkerState as WorkerState


class Sex(StrEnum):
    male = "male"
    female = "female"


_WORDS = ", ".join(sorted(f"'{state.value}'" for state in GONE))
_GONE = text(f"state IN ({_WORDS})")
IS_GONE = text(f"worker.state IN ({_WORDS})")  # the index's own words, see coverage.models.IS_LIVE


class Worker(Model):
    """NIK, phone and address are sealed. The same NIK typed by two sponsors is the same row."""

    __tablename__ = "worker"
    __table_args__ = (
        CheckConstraint("length(nik_hash) = 64", name="nik_hash"),
        Index("ix_worker_gone", "id", sqlite_where=_GONE, postgresql_where=_GONE),
    )

    id: Mapped[int] = key()
    ref: Mapped[str] = ref()
    name: Mapped[str] = mapped_column(String(120))
    nik_sealed: Mapped[str] = mapped_column(String(200))
    nik_hash: Mapped[str] = mapped_column(String(64), unique=True)
    born_on: Mapped[date]
    sex: Mapped[Sex] = mapped_column(choice(Sex, "sex"))
    phone_sealed: Mapped[str | None] = mapped_column(String(200))
    address_sealed: Mapped[str | None] = mapped_column(Text)
    kelurahan_code: Mapped[str | None] = mapped_column(ForeignKey("kelurahan.code"), index=True)
    occupation_code: Mapped[str] = mapped_column(ForeignKey("occupation.code"))
    employs_others: Mapped[bool] = mapped_column(default=False)
    state: Mapped[WorkerState] = mapped_column(choice(WorkerState, "state"), default=WorkerState.proposed)
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime] = mapped_column(Instant)

    nik = Sealed("nik_sealed", blind="nik_hash", purpose="nik")
    phone = Sealed("phone_sealed")
    address = Sealed("address_sealed")


class ConsentKind(StrEnum):
    registered = "registered"  # agrees to be registered with BPJS and to her data being sent there
    listed = "listed"  # agrees to stand, coarsely described, on the public waiting list


class ConsentGiver(StrEnum):
    sponsor_statement = "sponsor_statement"
    worker = "worker"
    witness = "witness"


class Consent(Model):
    """Who said yes to what, when, and in front of whom (UU 27/2022 art. 20, 22). Withdrawing stamps the row."""

    __tablename__ = "consent"
    __table_args__ = (Index("ix_consent_worker", "worker_id", "kind"),)

    id: Mapped[int] = key()
    worker_id: Mapped[int] = mapped_column(ForeignKey("worker.id"))
    kind: Mapped[ConsentKind] = mapped_column(choice(ConsentKind, "kind"))
    giver: Mapped[ConsentGiver] = mapped_column(choice(ConsentGiver, "giver"))
    recorded_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    text_version: Mapped[str] = mapped_column(String(20))
    given_on: Mapped[date]
    withdrawn_at: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant)


class Attestation(Model):
    """A dated word of an RT head, market manager or cadre: she works as …, since …, seen on … (PRODUCT idea 18)."""

    __tablename__ = "attestation"

    id: Mapped[int] = key()
    worker_id: Mapped[int] = mapped_column(ForeignKey("worker.id"), index=True)
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    occupation_code: Mapped[str] = mapped_column(ForeignKey("occupation.code"))
    since_month: Mapped[Month | None] = mapped_column(MonthColumn)
    seen_on: Mapped[date]
    created_at: Mapped[datetime] = mapped_column(Instant)


def new_mark() -> int:
    """A random number; the sum of the marks of all who are visible tells two states of the list apart."""
    return secrets.randbits(40)


class Waiting(Model):
    """A worker on the public list. Shown coarsely: initial, five-year age band, kelurahan or kecamatan, phrases from a list.

    `leave_hash` is the keyed hash of the code on her paper, with which she leaves the list; it is not the public code.
    """

    __tablename__ = "waiting"
    __table_args__ = (Index("ix_waiting_since", "left_at", "since_on"),)

    id: Mapped[int] = key()
    ref: Mapped[str] = ref()
    code: Mapped[str] = mapped_column(String(9), unique=True)
    worker_id: Mapped[int] = mapped_column(ForeignKey("worker.id"), unique=True)
    phrases: Mapped[list[str]] = mapped_column(JSON)
    since_on: Mapped[date]
    left_at: Mapped[datetime | None] = mapped_column(Instant)
    left_reason: Mapped[str | None] = mapped_column(String(40))
    held_until: Mapped[datetime | None] = mapped_column(Instant)
    held_by: Mapped[str | None] = mapped_column(String(64))
    leave_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    mark: Mapped[int] = mapped_column(BigInteger, default=new_mark)

    worker: Mapped[Worker] = relationship(lazy="joined", innerjoin=True)
