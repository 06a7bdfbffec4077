"""What an organisation said of itself, what staff decided on it, and who was invited."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from sertakan.accounts.models import MemberRole, Organisation, Person
from sertakan.db import Instant, Model, Sealed, choice, guard_rows, key, ref
from sertakan.organisations.rules import NumberKind, RefusalReason, RegistrationState

OPEN = "state = 'submitted'"


class Registration(Model):
    """One application of an organisation and the decision on it. A change of what was checked is a new row; nothing is overwritten."""

    __tablename__ = "registration"
    __table_args__ = (
        CheckConstraint("decided_by_id IS NULL OR decided_by_id <> submitted_by_id", name="not_ones_own"),
        CheckConstraint("(state IN ('verified', 'refused')) = (decided_by_id IS NOT NULL)", name="decision_has_officer"),
        CheckConstraint("(state = 'refused') = (reason IS NOT NULL)", name="refusal_has_reason"),
        Index(
            "uq_registration_open",
            "organisation_id",
            unique=True,
            sqlite_where=text(OPEN),
            postgresql_where=text(OPEN),
        ),
        Index("ix_registration_state", "state", "submitted_at"),
        Index("ix_registration_number", "number_kind", "number"),
    )

    id: Mapped[int] = key()
    ref: Mapped[str] = ref()
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    name: Mapped[str] = mapped_column(String(160))
    number_kind: Mapped[NumberKind] = mapped_column(choice(NumberKind, "number_kind"))
    number: Mapped[str] = mapped_column(String(16))
    address: Mapped[str] = mapped_column(String(300))
    phone_sealed: Mapped[str | None] = mapped_column(String(200))
    position: Mapped[str] = mapped_column(String(80))
    state: Mapped[RegistrationState] = mapped_column(choice(RegistrationState, "state"))
    reason: Mapped[RefusalReason | None] = mapped_column(choice(RefusalReason, "reason"))
    note: Mapped[str | None] = mapped_column(String(500))
    submitted_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    submitted_at: Mapped[datetime] = mapped_column(Instant)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[datetime | None] = mapped_column(Instant)

    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)
    submitted_by: Mapped[Person] = relationship(foreign_keys=[submitted_by_id])

    phone = Sealed("phone_sealed")


class Invitation(Model):
    """A letter to one e-mail address to take one role; its link works once. The address is sealed, the token only a hash."""

    __tablename__ = "invitation"
    __table_args__ = (UniqueConstraint("token_hash"),)

    id: Mapped[int] = key()
    ref: Mapped[str] = ref()
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    email_sealed: Mapped[str] = mapped_column(String(600))
    email_hash: Mapped[str] = mapped_column(String(64), index=True)
    role: Mapped[MemberRole] = mapped_column(choice(MemberRole, "role"))
    invited_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    token_hash: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    accepted_at: Mapped[datetime | None] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)

    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)

    email = Sealed("email_sealed", blind="email_hash", purpose="email")


guard_rows(Registration.__table__, "delete", "the history of an organisation is kept")
