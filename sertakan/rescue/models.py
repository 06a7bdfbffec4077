"""`rescue`: which sponsorship came to the help of which."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from sertakan.db import Instant, Model, choice, key, ref
from sertakan.rescue.rules import Help
from sertakan.sponsorships.models import Sponsorship

_UNTOLD = text("told_at IS NULL")


class Rescue(Model):
    """`told_at`: when the sponsor who was helped was told that months were paid by somebody, without a name."""

    __tablename__ = "rescue"
    __table_args__ = (
        CheckConstraint("sponsorship_id <> rescued_id", name="not_itself"),
        Index("ix_rescue_untold", "id", sqlite_where=_UNTOLD, postgresql_where=_UNTOLD),
    )

    id: Mapped[int] = key()
    ref: Mapped[str] = ref()
    sponsorship_id: Mapped[int] = mapped_column(ForeignKey("sponsorship.id"), unique=True)
    rescued_id: Mapped[int] = mapped_column(ForeignKey("sponsorship.id"), index=True)
    kind: Mapped[Help] = mapped_column(choice(Help, "kind"))
    created_at: Mapped[datetime] = mapped_column(Instant)
    told_at: Mapped[datetime | None] = mapped_column(Instant)

    sponsorship: Mapped[Sponsorship] = relationship(foreign_keys=[sponsorship_id])
    rescued: Mapped[Sponsorship] = relationship(foreign_keys=[rescued_id])
