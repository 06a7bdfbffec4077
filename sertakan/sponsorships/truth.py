"""Whether lines of the reminder plan are still true: read for many at once, decided purely for each. Only reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sertakan.coverage import queries as coverage_queries
from sertakan.coverage.rules import FUNDED, LIVE, MonthState, StandingOn, standing
from sertakan.kit import clock
from sertakan.kit.months import Month
from sertakan.notices.rules import STALE
from sertakan.sponsorships import queries, rules
from sertakan.sponsorships.models import Reminder, Sponsorship
from sertakan.tariff.rules import Package, PayerKind, Quote


@dataclass(frozen=True)
class Facts:
    """What was read for some lines, on a day in Pontianak."""

    today: date
    now: datetime
    sponsorships: Mapping[int, Sponsorship]
    standings: Mapping[int, StandingOn]
    months: Mapping[int, Mapping[Month, MonthState]]  # live months by worker, whoever pays
    held: Mapping[int, Mapping[Month, MonthState]]  # the same and those in repair
    quotes: dict[tuple[Month, str, PayerKind, Package], Quote] = field(default_factory=dict)  # asked already

    def next_start(self, sponsorship: Sponsorship) -> Month:
        """The month with which to go on."""
        return rules.next_start(self.held.get(sponsorship.worker_id, {}), self.today)


def read(rows: Sequence[Reminder]) -> Facts:
    """Two statements, whatever the number of lines: every standing follows from the months."""
    today = clock.today()
    found = {row.id: row for row in queries.list_by_ids(sorted({row.sponsorship_id for row in rows}))}
    workers = {row.worker_id for row in rows}
    held = coverage_queries.held_of(workers)
    live = {worker: {month: state for month, state in states.items() if state in LIVE} for worker, states in held.items()}
    return Facts(today, clock.now(), found, {worker: standing(states, today) for worker, states in live.items()}, live, held)


def why_not(row: Reminder, facts: Facts) -> str | None:
    """Why this line is not told any more; None while it is true."""
    sponsorship, now = facts.sponsorships[row.sponsorship_id], facts.standings.get(row.worker_id)
    states = facts.months.get(row.worker_id, {})
    if reason := rules.why_no_reminder(
        audience=row.audience,
        remind=sponsorship.remind,
        muted=sponsorship.sponsor.muted_at is not None,
        worker_state=sponsorship.worker.state,
        declined=sponsorship.declined_until == row.covered_until,
        later_months=rules.has_later(states, Month.of(row.covered_until), FUNDED),
    ):
        return rules.RENEWED if reason == rules.LATER_MONTHS and _own_later(row, now) else reason
    if sponsorship.term_state not in rules.TOLD_TERMS or now is None or now.covered_until != row.covered_until:
        return rules.CLOSED
    if sponsorship.auto and row.kind in rules.REQUESTS:
        return rules.ANNOUNCED
    return STALE if row.stale_at <= facts.now else None


def _own_later(row: Reminder, now: StandingOn | None) -> bool:
    """Money came in for a later month: it is not only promised."""
    return now is not None and now.covered_until is not None and now.covered_until > row.covered_until


def waits(row: Reminder, facts: Facts) -> bool:
    """Not yet told: made less than a day ago (I14, pretix #1106), or somebody has promised later months and may pay any minute."""
    young = facts.now < facts.sponsorships[row.sponsorship_id].submitted_at + rules.YOUNG
    return young or rules.has_later(facts.months.get(row.worker_id, {}), Month.of(row.covered_until))
