"""`seat`: who may run, or runs, the months after whom; `seat_ask`: months before a taken seat that fell free."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from sertakan.accounts.models import Person
from sertakan.db import Instant, Model, MonthColumn, choice, guard_rows, key, ref
from sertakan.kit.months import Month
from sertakan.relay.rules import HAS_HOLDER, LIVING, OPEN, AskState, SeatState
from sertakan.sponsorships.models import Sponsorship
from sertakan.workers.models import Worker


def _among(states: frozenset[SeatState]) -> str:
    return "state IN ({})".format(", ".join(sorted(f"'{state.value}'" for state in states)))


_OPEN, _LIVING, _ASKED = text(_among(OPEN)), text(_among(LIVING)), text("state = 'asked'")
OVER = "OLD.state IN ('declined', 'expired', 'withdrawn')"


class Seat(Model):
    """`sponsorship` hands on, `taken` is the one that goes on. One open seat a worker: the partial unique index decides races.

    While it is open `first_month` follows what is promised. `giver_named`, `taker_named`: who agrees to be known to the other; a
    name is shown when both do. `told_rupiah`: the price told to the holder.
    """

    __tablename__ = "seat"
    __table_args__ = (
        Index("uq_seat_open", "worker_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_seat_living", "id", sqlite_where=_LIVING, postgresql_where=_LIVING),
        Index("ix_seat_worker", "worker_id"),
        CheckConstraint("holder_id IS NULL OR holder_id <> giver_id", name="not_ones_own"),
        CheckConstraint(
            f"state NOT IN ({', '.join(sorted(repr(s.value) for s in HAS_HOLDER))}) OR holder_id IS NOT NULL", name="holder"
        ),
        CheckConstraint("state <> 'offered' OR holder_id IS NULL", name="offered_to_all"),
        CheckConstraint("state <> 'held' OR held_until IS NOT NULL", name="held_for_a_time"),
        CheckConstraint("state NOT IN ('taken', 'handed_on') OR taken_id IS NOT NULL", name="taken_by"),
        CheckConstraint("taken_id IS NULL OR taken_id <> sponsorship_id", name="two_legs"),
        CheckConstraint("count BETWEEN 1 AND 24", name="count"),
    )

    id: Mapped[int] = key()
    ref: Mapped[str] = ref()
    worker_id: Mapped[int] = mapped_column(ForeignKey("worker.id"))
    sponsorship_id: Mapped[int] = mapped_column(ForeignKey("sponsorship.id"), index=True)
    giver_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    state: Mapped[SeatState] = mapped_column(choice(SeatState, "state"), default=SeatState.offered)
    first_month: Mapped[Month] = mapped_column(MonthColumn)
    count: Mapped[int]
    holder_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    held_until: Mapped[datetime | None] = mapped_column(Instant)
    told_rupiah: Mapped[int | None] = mapped_column(BigInteger)
    taken_id: Mapped[int | None] = mapped_column(ForeignKey("sponsorship.id"), unique=True)
    giver_named: Mapped[bool] = mapped_column(default=False)
    taker_named: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    told_at: Mapped[datetime | None] = mapped_column(Instant)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)

    worker: Mapped[Worker] = relationship()
    sponsorship: Mapped[Sponsorship] = relationship(foreign_keys=[sponsorship_id])
    taken: Mapped[Sponsorship | None] = relationship(foreign_keys=[taken_id])
    giver: Mapped[Person] = relationship(foreign_keys=[giver_id])
    holder: Mapped[Person | None] = relationship(foreign_keys=[holder_id])

    @property
    def limit(self) -> datetime:
        """Until when it stays as it is without anybody doing anything."""
        return self.held_until if self.state is SeatState.held and self.held_until else self.expires_at


class SeatAsk(Model):
    """`count` months from `first_month` were free before a taken seat, and its runner was asked once whether she begins there."""

    __tablename__ = "seat_ask"
    __table_args__ = (
        UniqueConstraint("seat_id", "first_month"),
        Index("uq_seat_ask_open", "seat_id", unique=True, sqlite_where=_ASKED, postgresql_where=_ASKED),
        CheckConstraint("count BETWEEN 1 AND 24", name="count"),
    )

    id: Mapped[int] = key()
    ref: Mapped[str] = ref()
    seat_id: Mapped[int] = mapped_column(ForeignKey("seat.id"))
    state: Mapped[AskState] = mapped_column(choice(AskState, "state"), default=AskState.asked)
    first_month: Mapped[Month] = mapped_column(MonthColumn)
    count: Mapped[int]
    until_at: Mapped[datetime] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)

    seat: Mapped[Seat] = relationship()


guard_rows(Seat.__table__, "delete", "a seat is never deleted")
guard_rows(Seat.__table__, "update", "a seat that is over never changes", OVER)
guard_rows(SeatAsk.__table__, "delete", "a question is never deleted")
