"""The daily sweep: what only the passing of days makes due. Running it twice, late or in two processes changes nothing more.

Each item has a transaction of its own, so that one that fails leaves the others done (I18); the row is looked at again inside it.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial

from flask_babel import force_locale

from sertakan.audit.service import SYSTEM
from sertakan.coverage import queries as coverage_queries
from sertakan.coverage.models import CoverageMonth
from sertakan.coverage.rules import FUNDED, LIVE, ReminderKind, StandingOn, plan, stages
from sertakan.db import transaction
from sertakan.kit import clock
from sertakan.kit.months import Month, span
from sertakan.notices import queries as notice_queries
from sertakan.notices import service as notices
from sertakan.notices.links import absolute
from sertakan.sponsorships import answers as steps
from sertakan.sponsorships import drafts, links, queries, rules, service
from sertakan.sponsorships.models import Sponsorship
from sertakan.tariff import queries as tariff_queries

log = logging.getLogger("sertakan.sponsorships")
CHUNK = 500


@dataclass(frozen=True)
class Due:
    """A reminder that is due today, or was due while nobody swept and is still true."""

    sponsorship_id: int
    key: str
    kind: ReminderKind
    covered_until: date


def sweep(today: date) -> dict[str, int]:
    """Everything the day brings; returns how many of each, failures included."""
    done: Counter[str] = Counter({"reminders": 0, "skipped": 0, "ended": 0, "withdrawn": 0, "drafts": 0, "failed": 0})
    for due in list(find_due(today, done)):
        _apart(done, "reminders", f"reminder {due.key}", partial(remind, due, today))
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


def find_due(today: date, done: Counter[str]) -> Iterator[Due]:
    """The reminders of this day that are not written yet: three statements for every five hundred sponsorships near their end."""
    ids = queries.list_near_end(Month.of(today))
    for start in range(0, len(ids), CHUNK):
        sponsorships = queries.list_by_ids(ids[start : start + CHUNK])
        workers = {row.worker_id for row in sponsorships}
        standings = coverage_queries.standings(workers, today)
        months = queries.months_of_workers(workers)
        dues = [due for s in sponsorships for due in _due(s, months.get(s.worker_id, []), standings[s.worker_id], today, done)]
        known = queries.written_keys([due.key for due in dues])
        yield from [due for due in dues if due.key not in known]


def _due(
    sponsorship: Sponsorship, months: Sequence[CoverageMonth], standing: StandingOn, today: date, done: Counter[str]
) -> list[Due]:
    """Only who funded the last month is asked to go on; nobody is asked for months that somebody has promised already."""
    until = standing.covered_until
    own = [row for row in months if row.sponsorship_id == sponsorship.id and row.state in FUNDED]
    if until is None or not own or own[-1].month != Month.of(until):
        return []
    paid_on = max((clock.local(row.paid_at).date() for row in own if row.paid_at), default=None)
    kinds = plan(until, paid_on, today)
    if kinds and (why := _why_not(sponsorship, months, until)):
        log.info("no reminder for %s: %s", sponsorship.ref, why)
        done["skipped"] += 1
        return []
    return [Due(sponsorship.id, f"reminder:{sponsorship.ref}:{kind}:{until}", kind, until) for kind in kinds]


def _why_not(sponsorship: Sponsorship, months: Sequence[CoverageMonth], until: date) -> str | None:
    return rules.why_no_reminder(
        remind=sponsorship.remind,
        muted=sponsorship.sponsor.muted_at is not None,
        worker_state=sponsorship.worker.state,
        later_months=rules.has_later({row.month: row.state for row in months}, Month.of(until)),
    )


def remind(due: Due, today: date) -> bool:
    """Write one reminder with a renewal link of its own; False when it is no longer true or already written."""
    sponsorship = queries.get(due.sponsorship_id, lock=True)
    months = queries.months_of_workers({sponsorship.worker_id})[sponsorship.worker_id]
    standing = coverage_queries.standing_of(sponsorship.worker_id, today)
    if due not in _due(sponsorship, months, standing, today, Counter()) or notice_queries.find_by_key(due.key):
        return False
    token = links.make_link(sponsorship=sponsorship, purpose=rules.RENEW)
    locale = sponsorship.sponsor.locale
    with force_locale(locale):
        worker = queries.display_name(sponsorship)
    notices.queue(
        key=due.key,
        kind=due.kind.notice,
        subject=service.subject(sponsorship),
        person=sponsorship.sponsor,
        context={
            "code": sponsorship.code,
            "worker": worker,
            "covered_until": due.covered_until,
            "since": due.covered_until + timedelta(days=1),
            "days": abs((due.covered_until - today).days),
            "url": absolute("payments.renew_by_link", locale, token=token),
            **_offer(sponsorship, today),
        },
        stale_at=_stale_at(due),
    )
    return True


def _offer(sponsorship: Sponsorship, today: date) -> dict[str, object]:
    """What going on would cost, month by month, at the months' own prices (opencollective #2138: never the old one)."""
    first = queries.next_start(sponsorship.worker_id, today)
    quote = tariff_queries.quote_for(
        span(first, steps.DEFAULT_MONTHS), sponsorship.worker.occupation_code, sponsorship.payer_kind, sponsorship.package
    )
    return {"lines": [(line.month, line.total_rupiah) for line in quote.lines], "total": quote.total_rupiah}


def _stale_at(due: Due) -> datetime:
    """The end of the message's own stage: after that its words are no longer true."""
    last_day = next(stage.to_on for stage in stages(due.covered_until) if stage.kind is due.kind)
    return datetime.combine(last_day + timedelta(days=1), time(), clock.ZONE)
