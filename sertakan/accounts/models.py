"""People, organisations, sessions and one-time codes. E-mail and phone are sealed and found by keyed hash."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from sertakan.accounts.permissions import Permission, Role, may
from sertakan.db import Instant, Model, Sealed, choice, key, ref


class Person(Model):
    """A sponsor, an officer or an attestor. One row per human; a resident is known by e-mail or mobile number alone."""

    __tablename__ = "person"
    __table_args__ = (CheckConstraint("email_hash IS NOT NULL OR phone_hash IS NOT NULL", name="reachable"),)

    id: Mapped[int] = key()
    ref: Mapped[str] = ref()
    name: Mapped[str] = mapped_column(String(120))
    email_sealed: Mapped[str | None] = mapped_column(String(600))
    email_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    phone_sealed: Mapped[str | None] = mapped_column(String(200))
    phone_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    locale: Mapped[str] = mapped_column(String(2), default="id")
    role: Mapped[Role | None] = mapped_column(choice(Role, "role"))
    kelurahan_code: Mapped[str | None] = mapped_column(ForeignKey("kelurahan.code"))
    rt_rw: Mapped[str | None] = mapped_column(String(7))
    password_hash: Mapped[str | None] = mapped_column(String(200))
    totp_sealed: Mapped[str | None] = mapped_column(String(200))
    totp_last_step: Mapped[int | None]
    muted_at: Mapped[datetime | None] = mapped_column(Instant)
    disabled_at: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant)

    email = Sealed("email_sealed", blind="email_hash", purpose="email")
    phone = Sealed("phone_sealed", blind="phone_hash", purpose="phone")
    totp_secret = Sealed("totp_sealed")

    def may(self, permission: Permission) -> bool:
        return self.disabled_at is None and may(self.role, permission)


class OrganisationKind(StrEnum):
    company = "company"
    government = "government"


class Organisation(Model):
    """A company or a government body that sponsors in bulk."""

    __tablename__ = "organisation"

    id: Mapped[int] = key()
    ref: Mapped[str] = ref()
    name: Mapped[str] = mapped_column(String(160))
    kind: Mapped[OrganisationKind] = mapped_column(choice(OrganisationKind, "kind"))
    verified_at: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant)


class MemberRole(StrEnum):
    maker = "maker"
    checker = "checker"
    finance = "finance"
    viewer = "viewer"


_CONTACT = text("is_contact AND ended_at IS NULL")


class Membership(Model):
    """A person's part in an organisation."""

    __tablename__ = "membership"
    __table_args__ = (
        UniqueConstraint("organisation_id", "person_id"),
        Index("uq_membership_contact", "organisation_id", unique=True, sqlite_where=_CONTACT, postgresql_where=_CONTACT),
    )

    id: Mapped[int] = key()
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    role: Mapped[MemberRole] = mapped_column(choice(MemberRole, "role"))
    is_contact: Mapped[bool] = mapped_column(
        default=False, server_default=false()
    )  # one living member answers for the organisation
    joined_at: Mapped[datetime | None] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)

    organisation: Mapped[Organisation] = relationship()
    person: Mapped[Person] = relationship()


class SignIn(Model):
    """A session on the server: the cookie holds a random token, the table its hash. Ending the row ends the session at once."""

    __tablename__ = "sign_in"

    id: Mapped[int] = key()
    ref: Mapped[str] = ref()
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    agent: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime] = mapped_column(Instant)
    last_seen_at: Mapped[datetime] = mapped_column(Instant)
    second_factor_at: Mapped[datetime | None] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)

    person: Mapped[Person] = relationship(lazy="joined", innerjoin=True)


class OneTimeCode(Model):
    """A six-digit code and a link with one purpose, sent to one contact, valid ten minutes, usable once."""

    __tablename__ = "one_time_code"
    __table_args__ = (Index("ix_one_time_code_contact", "contact_hash", "created_at"),)

    id: Mapped[int] = key()
    ref: Mapped[str] = ref()
    contact_hash: Mapped[str] = mapped_column(String(64))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    code_hash: Mapped[str] = mapped_column(String(64))
    link_hash: Mapped[str] = mapped_column(String(64), unique=True)
    purpose: Mapped[str] = mapped_column(String(24))
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    used_at: Mapped[datetime | None] = mapped_column(Instant)
