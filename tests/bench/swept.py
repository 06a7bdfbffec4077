"""The daily sweep over a large ledger, in a process of its own: `URL FOLDER MONTHS`; prints JSON.

Ten months for each worker; three in five have lapsed long ago, the others end in one of the next twelve months, so the first day of any
month brings reminders for a twelfth of them, grace for the next twelfth and the end of their terms. `ours` sweeps one such day,
`bare` writes the same rows for the next one with the raw driver's bulk statements. Seconds are those of the wall.
"""

import json
import sys
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, text, update

from sertakan.accounts.models import Person
from sertakan.app import build
from sertakan.audit.models import AuditEntry
from sertakan.audit.rules import GENESIS, link
from sertakan.coverage.models import FollowUp
from sertakan.coverage.rules import ReminderKind, next_on, stages
from sertakan.db import bare_writes, db, transaction
from sertakan.jobs import settle
from sertakan.kit import clock
from sertakan.kit.months import Month
from sertakan.sponsorships import jobs
from sertakan.sponsorships.models import Reminder
from sertakan.sponsorships.reminders import stale_at
from sertakan.sponsorships.rules import AUDIENCES, Audience, ReminderState
from tests.conftest import config_for

EACH = 10
SLICE = 50_000
BATCH = 1_000
START = date(2026, 11, 22)
NUMBERS = {
    "postgresql": "(SELECT generate_series(:first, :last) AS n) AS numbers",
    "sqlite": "(WITH RECURSIVE c(n) AS (SELECT :first UNION ALL SELECT n + 1 FROM c WHERE n < :last) SELECT n FROM c) AS numbers",
}
STEPS = "(" + " UNION ALL ".join(f"SELECT {step} AS k" for step in range(EACH)) + ") AS steps"
LAST = "(CASE WHEN n % 5 < 2 THEN 10 + (n / 5) % 12 ELSE (n / 5) % 4 END)"  # months after January 2026
MONTH = {
    "postgresql": "(date '2026-01-01' + ({0}) * interval '1 month')::date",
    "sqlite": "date('2026-01-01', ({0}) || ' months')",
}
WORKERS = """INSERT INTO worker (id, ref, name, nik_sealed, nik_hash, born_on, sex, occupation_code, kelurahan_code, employs_others,
    state, created_at) SELECT n, 'w' || n, 'Pekerja', 'x', {hash}, '1984-03-12', 'female', 'ojek', '61.71.05.1005', {no}, 'active',
    '2026-01-01 00:00:00' FROM {numbers}"""
PROMISES = """INSERT INTO sponsorship (id, ref, code, sponsor_id, maker_id, worker_id, typed_name, chosen_from_list, payer_kind, package,
    base_rupiah, first_month, last_month, review_state, term_state, fingerprint, risk_version, show_name, remind, submitted_at)
    SELECT n, 's' || n, 'C' || n, 1, 1, n, 'Pekerja', {no}, 'private', 'jkk_jkm', 1000000, {first}, {end}, 'approved',
    CASE WHEN n % 5 < 2 THEN 'running' ELSE 'ended' END, 'f', '1', {yes}, {yes}, '2025-12-01 00:00:00' FROM {numbers}"""
MONTHS = """INSERT INTO coverage_month (ref, worker_id, month, state, source, sponsorship_id, payer_kind, package, base_rupiah,
    jkk_rupiah, jkm_rupiah, jht_rupiah, relief_rupiah, price_rupiah, tariff_rows, evidence, created_at, paid_at, posted_at)
    SELECT 'm' || n || '_' || k, n, {month}, 'posted', 'sponsorship', n, 'private', 'jkk_jkm', 1000000, 10000, 6800, 0, 0, 16800, '{{}}',
    'bukti', '2025-12-01 00:00:00', '2025-12-01 00:00:00', '2025-12-02 00:00:00' FROM {numbers}, {steps}"""


def seed(months: int) -> None:
    """By bulk SQL; the first sweep then looks at everybody whose cover has not lapsed."""
    from sertakan.places import service as places
    from sertakan.tariff import service as tariff

    with bare_writes():
        db.create_all()
    places.load_reference()
    tariff.load_reference()
    kind = db.engine.dialect.name
    zeros = "'" + "0" * 64 + "' || n"
    words = {"hash": f"right({zeros}, 64)" if kind == "postgresql" else f"substr({zeros}, -64)"}
    words |= {"numbers": NUMBERS[kind], "steps": STEPS, "no": "false", "yes": "true"}
    words |= {"end": MONTH[kind].format(LAST), "first": MONTH[kind].format(f"{LAST} - {EACH - 1}")}
    words |= {"month": MONTH[kind].format(f"{LAST} - k")}
    with transaction() as session:
        session.add(Person(id=1, name="Sari", email="sari@bench.test", locale="id", created_at=clock.now()))
    for first in range(1, months // EACH + 1, SLICE):
        span = {"first": first, "last": min(first + SLICE - 1, months // EACH)}
        with transaction() as session:
            for statement in (WORKERS, PROMISES, MONTHS):
                session.execute(text(statement.format(**words)), span)
    with transaction() as session:
        ready = f"INSERT INTO follow_up (worker_id, next_on) SELECT id, '{START}' FROM worker WHERE id % 5 < 2"
        session.execute(text(ready))
    if kind == "postgresql":
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("ANALYZE"))


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 5, tzinfo=clock.now().tzinfo)


def changes() -> int:
    """Rows that a sweep writes: reminders, ended terms, and days to look next."""
    return sum(db.session.scalar(select(func.count()).select_from(model)) or 0 for model in (Reminder, AuditEntry))


def timed(day: date, act: Callable[[], object]) -> dict[str, float]:
    """Seconds, and how many workers were looked at and rows written."""
    with clock.frozen(noon(day)):
        looked = db.session.scalar(select(func.count()).select_from(FollowUp).where(FollowUp.next_on <= day)) or 0
        before = changes()
        db.session.rollback()
        began = time.perf_counter()
        act()
        seconds = time.perf_counter() - began
        return {"seconds": seconds, "changes": looked + changes() - before, "workers": looked}


def ours(day: date) -> dict[str, float]:
    """One sweep by the application."""

    def sweep() -> None:
        assert jobs.sweep(day)["failed"] == 0

    return timed(day, sweep)


def bare(day: date) -> dict[str, float]:
    """The same rows, known beforehand to have one running sponsorship each, by the raw driver's bulk statements."""
    return timed(day, lambda: _bare(day))


def _bare(day: date) -> None:
    raw = db.engine.raw_connection()
    postgres = db.engine.dialect.name == "postgresql"
    mark = "%s" if postgres else "?"
    names = [column.name for column in Reminder.__table__.columns if column.name != "id"]
    told = f"INSERT INTO reminder ({', '.join(names)}) VALUES ({', '.join([mark] * len(names))}) ON CONFLICT DO NOTHING"
    entry = [column.name for column in AuditEntry.__table__.columns if column.name != "id"]
    trail = f"INSERT INTO audit_entry ({', '.join(entry)}) VALUES ({', '.join([mark] * len(entry))})"
    ready = (
        f"SELECT f.worker_id, s.id, s.sponsor_id, s.last_month, s.ref, s.term_state FROM follow_up f "
        f"JOIN sponsorship s ON s.worker_id = f.worker_id WHERE f.next_on <= {mark} ORDER BY f.next_on, f.worker_id LIMIT {BATCH}"
    )
    cursor = raw.cursor()
    on = day if postgres else day.isoformat()
    now = clock.now() if postgres else clock.now().replace(tzinfo=None).isoformat(" ")
    previous = GENESIS
    while True:
        cursor.execute("BEGIN IMMEDIATE" if not postgres else "SELECT 1")
        found = cursor.execute(ready, (on,)).fetchall()
        if not found:
            raw.rollback()
            break
        lines, nexts, over = [], [], []
        for worker_id, row_id, sponsor_id, last, ref, term in found:
            month = Month.of(last if isinstance(last, date) else date.fromisoformat(last))
            lines += _lines(worker_id, row_id, sponsor_id, month.last_day, day, now, postgres)
            if term == "running" and month < Month.of(day):
                over.append((row_id, ref))
            following = next_on(month.last_day, None, day)
            nexts.append((following if postgres or following is None else following.isoformat(), worker_id))
        cursor.executemany(told, lines)
        cursor.executemany(f"UPDATE follow_up SET next_on = {mark} WHERE worker_id = {mark}", [row for row in nexts if row[0]])
        cursor.executemany(f"DELETE FROM follow_up WHERE worker_id = {mark}", [(row[1],) for row in nexts if not row[0]])
        ended = f"UPDATE sponsorship SET term_state = 'ended', ended_at = {mark}, end_reason = 'over' WHERE id = {mark}"
        cursor.executemany(ended, [(now, row_id) for row_id, _ref in over])
        entries = []
        for _row_id, ref in over:
            facts = {"at": clock.now(), "actor": "system", "action": "sponsorship.end", "subject": f"sponsorship:{ref}"}
            facts |= {"before": {"term": "running"}, "after": {"term": "ended"}, "reason": "over", "source": None}
            digest = link(previous, facts)
            whole: dict[str, Any] = facts | {"previous_hash": previous, "hash": digest, "at": now}
            whole |= {"before": '{"term": "running"}', "after": '{"term": "ended"}'}
            entries.append(tuple(whole[name] for name in entry))
            previous = digest
        cursor.executemany(trail, entries)
        raw.commit()
    raw.close()


def _lines(
    worker_id: int, row_id: int, sponsor_id: int, until: date, day: date, now: Any, postgres: bool
) -> list[tuple[Any, ...]]:
    """The reminder rows of one worker, in the order of the table's columns."""
    stage = next((stage for stage in stages(until) if stage.from_on <= day <= stage.to_on), None)
    if stage is None:
        return []
    stale = stale_at(stage.kind, until)
    stale_on: Any = stale if postgres else stale.astimezone(clock.now().tzinfo).replace(tzinfo=None).isoformat(" ")
    days: tuple[Any, Any] = (until, day) if postgres else (until.isoformat(), day.isoformat())
    found = []
    for audience in AUDIENCES[ReminderKind(stage.kind)]:
        mine = audience is Audience.sponsor
        recipient = f"person:{sponsor_id}" if mine else "staff" if audience is Audience.staff else f"worker:{worker_id}"
        values = {
            "audience": audience.value, "recipient": recipient, "person_id": sponsor_id if mine else None, "sponsorship_id": row_id,
            "worker_id": worker_id, "kind": stage.kind.value, "covered_until": days[0], "due_on": days[1],
            "state": "due" if mine else "listed", "reason": None, "notice_id": None, "created_at": now, "stale_at": stale_on,
        }  # fmt: skip
        found.append(tuple(values[column.name] for column in Reminder.__table__.columns if column.name != "id"))
    return found


def quiet(first: date, last: date) -> None:
    """The days between, not timed; what was due is told."""
    day = first
    while day <= last:
        with clock.frozen(noon(day)):
            jobs.sweep(day)
        day += timedelta(days=1)
    with transaction() as session:
        session.execute(update(Reminder).where(Reminder.state == ReminderState.due).values(state=ReminderState.listed))


def main() -> None:
    url, folder, months = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    app = build(config_for(url, folder))
    with app.app_context():
        seed(months)
        settle()  # as the worker does
        told = {"first": ours(START), "nothing": ours(date(2026, 11, 23))}
        quiet(date(2026, 11, 24), date(2026, 12, 31))
        told["ours"] = ours(date(2027, 1, 1))  # the day after an end, thirty days before another
        quiet(date(2027, 1, 2), date(2027, 2, 28))
        told["bare"] = bare(date(2027, 3, 1))  # such a day again
        told["ours 30 days"] = ours(date(2027, 3, 31))
        told["twice"] = ours(date(2027, 3, 31))
        told["bare 30 days"] = bare(date(2027, 4, 30))
    print(json.dumps(told))


if __name__ == "__main__":
    main()
