"""The daily sweep: what only the passing of days makes due. Running it twice, late or in two processes changes nothing more.

Each item has a transaction of its own, so that one that fails leaves the others done (I18); the row is looked at again inside it.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from functools import partial

from sertakan.audit.service import SYSTEM
from sertakan.coverage import queries as coverage_queries
from sertakan.coverage.models import CoverageMonth
from sertakan.coverage.rules import FUNDED, LIVE, StandingOn, plan
from sertakan.db import transaction
from sertakan.kit import clock
from sertakan.kit.months import Month
from sertakan.sponsorships import drafts, queries, reminders, rules, service
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.reminders import Due

log = logging.getLogger("sertakan.sponsorships")
CHUNK = 500


def sweep(today: date) -> dict[str, int]:
    """Everything the day brings; returns how many of each, failures included."""
    done: Counter[str] = Counter({"reminders": 0, "skipped": 0, "ended": 0, "withdrawn": 0, "drafts": 0, "failed": 0})
    for dues in find_due(today):
        with transaction():
            done.update(reminders.write_due(dues, today))
    with transaction():
        reminders.stop_gone()
    for row_id in queries.list_over(Month.of(today)):
        _apart(done, "ended", f"end of {row_id}", partial(_end, row_id))
    for row_id in queries.list_abandoned(clock.now() - timedelta(days=rules.UNPAID_DAYS)):
        _apart(done, "withdrawn", f"abandoned {row_id}", partial(_withdraw, row_id))
    with transaction():
        done["drafts"] = drafts.delete_expired()
    return dict(done)


def _apart(done: Counter[str], name: str, what: str, act: Callable[[], bool]) -> None:
    """One item in its own transaction; a fault is logged and counted, and the loop goes on."""
    try:
        with transaction():
            happened = act()
    except Exception:
        log.exception("sweep: %s failed", what)
        done["failed"] += 1
        return
    done[name] += happened


def _end(sponsorship_id: int) -> bool:
    return service.end_if_over(queries.get(sponsorship_id, lock=True))


def _withdraw(sponsorship_id: int) -> bool:
    """Nothing was ever paid and nobody came back: the request is taken back, so that no officer looks at it."""
    sponsorship = queries.get(sponsorship_id, lock=True)
    months = coverage_queries.months_of_sponsorship(sponsorship.id)
    if sponsorship.review_state not in rules.OPEN_REVIEWS or any(row.state in LIVE for row in months):
        return False
    service.withdraw(actor=SYSTEM, sponsorship=sponsorship, reason="unpaid")
    return True


# ---- reminders -----------------------------------------------------------------------------------------------------------------


def find_due(today: date) -> Iterator[list[Due]]:
    """The lines of the plan for this day: three statements for every five hundred sponsorships near their end."""
    ids = queries.list_near_end(Month.of(today))
    for start in range(0, len(ids), CHUNK):
        sponsorships = queries.list_by_ids(ids[start : start + CHUNK])
        workers = {row.worker_id for row in sponsorships}
        standings = coverage_queries.standings(workers, today)
        months = queries.months_of_workers(workers)
        yield [due for s in sponsorships for due in _due(s, months.get(s.worker_id, []), standings[s.worker_id], today)]


def _due(sponsorship: Sponsorship, months: Sequence[CoverageMonth], standing: StandingOn, today: date) -> list[Due]:
    """Only who funded the last month is asked to go on. While somebody's promise of later months is unpaid, the line waits."""
    until = standing.covered_until
    own = [row for row in months if row.sponsorship_id == sponsorship.id and row.state in FUNDED]
    if until is None or not own or own[-1].month != Month.of(until):
        return []
    paid_on = max((clock.local(row.paid_at).date() for row in own if row.paid_at), default=None)
    skip = rules.why_no_reminder(
        remind=sponsorship.remind,
        muted=sponsorship.sponsor.muted_at is not None,
        worker_state=sponsorship.worker.state,
        declined=sponsorship.declined_until == until,
        later_months=rules.has_later({row.month: row.state for row in months}, Month.of(until), FUNDED),
    )
    ids = (sponsorship.id, sponsorship.sponsor_id, sponsorship.worker_id)
    return [Due(*ids, kind, until, skip) for kind in plan(until, paid_on, today)]
