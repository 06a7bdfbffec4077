"""The demo's relays: a seat on offer, one that somebody holds, one that is taken and waits for its turn, one that was handed on."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

from sertakan.accounts.models import Person
from sertakan.audit import service as audit
from sertakan.db import db
from sertakan.demo.ledger import Ledger, Promise
from sertakan.kit import clock
from sertakan.kit.months import Month
from sertakan.relay.models import Seat
from sertakan.relay.rules import HOLD_DAYS, OFFER_DAYS, SeatState
from sertakan.rescue.models import Rescue
from sertakan.rescue.rules import Help
from sertakan.sponsorships.models import Sponsorship
from sertakan.workers.models import Worker

COUNT = 6


def tell(ledger: Ledger, sponsors: list[Person], worker: Callable[[], Worker], day: date, at: datetime) -> None:
    """Four workers; `worker` makes one, `at` is this morning."""
    this = Month.of(day)
    seats = _Seats(ledger, at)
    seats.open(seats.first(sponsors[2], worker(), this + -4), SeatState.offered, this + 2)
    seats.open(seats.first(sponsors[3], worker(), this + -4), SeatState.held, this + 2, holder=sponsors[4])
    seats.passed(seats.first(sponsors[5], worker(), this + -4), SeatState.taken, this + 2, sponsors[6], "future")
    seats.passed(seats.first(sponsors[7], worker(), this + -7, "ended"), SeatState.handed_on, this + -1, sponsors[8], "running")


class _Seats:
    def __init__(self, ledger: Ledger, at: datetime) -> None:
        self.ledger, self.at = ledger, at

    def first(self, sponsor: Person, worker: Worker, first: Month, kind: str = "running") -> Sponsorship:
        """The one who hands on: six months."""
        return self.ledger.tell(Promise(kind, sponsor, worker, first, COUNT, age_days=230 if kind == "ended" else 130))

    def open(self, given: Sponsorship, state: SeatState, first: Month, holder: Person | None = None) -> None:
        self._add(given, state, first, self.at - timedelta(days=1), holder=holder)

    def passed(self, given: Sponsorship, state: SeatState, first: Month, sponsor: Person, kind: str) -> None:
        """The next one has paid."""
        made = self.at - timedelta(days=60 if state is SeatState.handed_on else 6)
        age = 58 if state is SeatState.handed_on else 5
        taken = self.ledger.tell(Promise(kind, sponsor, given.worker, first, COUNT, age_days=age))
        taken.chosen_from_list = True
        told = made + timedelta(days=3)
        db.session.add(Rescue(sponsorship_id=taken.id, rescued_id=given.id, kind=Help.relay, created_at=made, told_at=told))
        self._add(given, state, first, made, holder=sponsor, taken=taken)

    def _add(
        self,
        given: Sponsorship,
        state: SeatState,
        first: Month,
        made: datetime,
        holder: Person | None = None,
        taken: Sponsorship | None = None,
    ) -> None:
        seat = Seat(
            worker_id=given.worker_id,
            sponsorship_id=given.id,
            giver_id=given.sponsor_id,
            state=state,
            first_month=first,
            count=COUNT,
            holder_id=holder.id if holder else None,
            held_until=made + timedelta(days=HOLD_DAYS) if holder else None,
            taken_id=taken.id if taken else None,
            created_at=made,
            expires_at=made + timedelta(days=OFFER_DAYS),
            told_at=made if state is SeatState.handed_on else None,
            closed_at=self.at - timedelta(days=20) if state is SeatState.handed_on else None,
        )
        db.session.add(seat)
        db.session.flush()
        with clock.frozen(made):
            facts = {"first_month": str(first), "count": COUNT}
            audit.record(actor=given.sponsor.ref, action="seat.offered", subject=f"seat:{seat.ref}", after=facts)
