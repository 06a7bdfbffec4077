"""Tokens, of which only the hash is kept, and what was answered to each request that changed something."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from sertakan.accounts.models import Membership, Organisation
from sertakan.api.rules import DeliveryState
from sertakan.db import Instant, Model, Sealed, choice, key, ref


class ApiToken(Model):
    """A program's key to one organisation. It acts as the member who made it, and ends with her membership."""

    __tablename__ = "api_token"
    __table_args__ = (Index("ix_api_token_organisation", "organisation_id", "id"),)

    id: Mapped[int] = key()
    ref: Mapped[str] = ref()
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    membership_id: Mapped[int] = mapped_column(ForeignKey("membership.id"))
    name: Mapped[str] = mapped_column(String(80))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    hint: Mapped[str] = mapped_column(String(4))
    scopes: Mapped[list[str]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)

    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)
    membership: Mapped[Membership] = relationship(lazy="joined", innerjoin=True)


class ApiCall(Model):
    """What was answered under an idempotency key; the same request again gets the same answer and changes nothing."""

    __tablename__ = "api_call"
    __table_args__ = (UniqueConstraint("token_id", "key"), Index("ix_api_call_created", "created_at"))

    id: Mapped[int] = key()
    token_id: Mapped[int] = mapped_column(ForeignKey("api_token.id"))
    key: Mapped[str] = mapped_column(String(64))
    body_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[int] = mapped_column(default=0)
    answer: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    created_at: Mapped[datetime] = mapped_column(Instant)


class Hook(Model):
    """Where an organisation wants to hear of its uploads and leavers; the secret signs what is sent there."""

    __tablename__ = "hook"

    id: Mapped[int] = key()
    ref: Mapped[str] = ref()
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    url: Mapped[str] = mapped_column(String(500))
    secret_sealed: Mapped[str] = mapped_column(String(400))
    made_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime] = mapped_column(Instant)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)

    secret = Sealed("secret_sealed")


_WAITING = text("state = 'waiting'")


class Delivery(Model):
    """One piece of news for one hook, once for ever by its key; sent until it is taken or given up."""

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("hook_id", "key"),
        Index("ix_delivery_due", "next_try_at", sqlite_where=_WAITING, postgresql_where=_WAITING),
    )

    id: Mapped[int] = key()
    ref: Mapped[str] = ref()
    hook_id: Mapped[int] = mapped_column(ForeignKey("hook.id"))
    key: Mapped[str] = mapped_column(String(80))
    body: Mapped[str] = mapped_column(Text)
    state: Mapped[DeliveryState] = mapped_column(choice(DeliveryState, "state"), default=DeliveryState.waiting)
    attempts: Mapped[int] = mapped_column(default=0)
    status: Mapped[int | None]
    next_try_at: Mapped[datetime] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)

    hook: Mapped[Hook] = relationship(lazy="joined", innerjoin=True)
