"""The daily sweep: what only the passing of days makes due. Running it twice, late or in two processes changes nothing more.

Who is due is found by the day that stands in `follow_up`. Two thousand workers share a transaction and its few statements; when one of
them fails, each has a transaction of her own, so that the others are done (I18).
"""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import partial

from sertakan.audit.service import SYSTEM
from sertakan.coverage import queries as coverage_queries
from sertakan.coverage import service as coverage_service
from sertakan.coverage.rules import LIVE
from sertakan.db import transaction
from sertakan.kit import clock
from sertakan.sponsorships import drafts, due, queries, reminders, rules, service

log = logging.getLogger("sertakan.sponsorships")
CHUNK = 2_000  # workers in one transaction


def sweep(today: date) -> dict[str, int]:
    """Everything the day brings; returns how many of each, failures included."""
    done: Counter[str] = Counter({"reminders": 0, "skipped": 0, "ended": 0, "withdrawn": 0, "drafts": 0, "failed": 0})
    while workers := _chunk(done, today):
        log.debug("sweep: %s workers", workers)
    with transaction():
        reminders.stop_gone()
    for row_id in queries.list_abandoned(clock.now() - timedelta(days=rules.UNPAID_DAYS)):
        _apart(done, "withdrawn", f"abandoned {row_id}", partial(_withdraw, row_id))
    with transaction():
        done["drafts"] = drafts.delete_expired()
    return dict(done)


def _chunk(done: Counter[str], today: date) -> int:
    """The next workers that are due, in one transaction; when it fails, each has one of her own. Returns how many there were."""
    workers: Sequence[int] = ()
    try:
        with transaction():
            workers = coverage_queries.claim_due(today, CHUNK)
            found = look_at(workers, today)
    except Exception:
        if not workers:
            raise
        log.exception("sweep: a batch failed, now one by one")
        for worker_id in workers:
            _alone(done, worker_id, today)
    else:
        done.update(found)
    return len(workers)


def look_at(workers: Sequence[int], today: date) -> Counter[str]:
    """Write what is due about these workers and when to look next. Everything at most once: rows are unique, states move forward."""
    day = due.look_at(workers, today)
    found = reminders.write_due(day.dues, today)
    still = due.still_moving(day.over)
    found["ended"] = service.end_many([row_id for row_id in day.over if row_id not in still])
    coverage_service.follow_up(day.next_on)
    return found


def _alone(done: Counter[str], worker_id: int, today: date) -> None:
    """One worker of a batch that failed; when it is she, she is looked at again tomorrow."""
    try:
        with transaction():
            found = look_at([worker_id], today)
    except Exception:
        log.exception("sweep: worker %s failed", worker_id)
        done["failed"] += 1
        with transaction():
            coverage_service.follow_up({worker_id: today + timedelta(days=1)})
    else:
        done.update(found)


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


def _withdraw(sponsorship_id: int) -> bool:
    """Nothing was ever paid and nobody came back: the request is taken back, so that no officer looks at it."""
    sponsorship = queries.get(sponsorship_id, lock=True)
    months = coverage_queries.months_of_sponsorship(sponsorship.id)
    if sponsorship.review_state not in rules.OPEN_REVIEWS or any(row.state in LIVE for row in months):
        return False
    service.withdraw(actor=SYSTEM, sponsorship=sponsorship, reason="unpaid")
    return True
