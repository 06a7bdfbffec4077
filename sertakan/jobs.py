"""Which room's job runs when, and what a knock wakes.

The rows are the truth: every job finds what is due by itself, so a lost, doubled or late task changes nothing (ARCHITECTURE 4).
Huey only says "look again": from its clock, or from a knock after a commit. It lives in the worker's memory: what a killed worker loses
is found again at its next start. Several workers may share the work: each due moment is claimed by one of them (`runs`), each knock
is heard by one (`web.knock`).
"""

import gc
import logging
import secrets
import time
from collections.abc import Callable
from functools import partial
from threading import Thread
from typing import Any

from flask import Flask
from huey import MemoryHuey, crontab

from sertakan.api import jobs as api
from sertakan.autopay import jobs as autopay
from sertakan.bank import jobs as bank
from sertakan.bulk import jobs as bulk
from sertakan.db import db, transaction
from sertakan.demo.clock import follow_demo_clock
from sertakan.intake import jobs as intake
from sertakan.kit import clock
from sertakan.leavers import jobs as leavers
from sertakan.notices import jobs as notices
from sertakan.papers import jobs as papers
from sertakan.payments import jobs as payments
from sertakan.pool import jobs as pool
from sertakan.relay import jobs as relay
from sertakan.remittance import jobs as remittance
from sertakan.reports import service as reports
from sertakan.rescue import jobs as rescue
from sertakan.review import jobs as review
from sertakan.runs import service as runs
from sertakan.runs.rules import DAY, FIVE, MINUTE, SCHEDULE
from sertakan.sponsorships import jobs as sponsorships
from sertakan.sponsorships import letters
from sertakan.web import limits
from sertakan.web.knock import Deaf, Knocks, knocks_of

log = logging.getLogger("sertakan.jobs")
TURN_S = 5.0  # how long the other jobs wait for the messages
LISTEN_S = 0.2
DEAF_S = 5.0


def sweep() -> object:
    return sponsorships.sweep(clock.today())


def send_notices() -> object:
    """Reminders are looked at once more before they go out."""
    return notices.send_due(look_again=letters.look_again, seconds=TURN_S)


def files() -> int:
    """Uploads, and the decisions on them."""
    return bulk.work() + intake.work()


JOBS: dict[str, Callable[[], object]] = {
    "events": payments.handle_new_events,
    "files": files,
    "bank": bank.match_lines,
    "leavers": leavers.work_off,
    "papers": papers.make_papers,
    "news": api.send_news,
    "refunds": payments.send_refunds,
    "autopay": autopay.work,
    "renewals": review.approve_renewals,
    "pool": pool.protect,
    "remittance": remittance.work,
    "rescues": rescue.tell,
    "seats": relay.watch,
    "reminders": letters.write_letters,
    "notices": send_notices,
    "expire": payments.expire_orders,
    "reconcile": payments.reconcile,
    "limits": limits.forget_old,
    "sweep": sweep,
    "books": reports.check_and_keep,
    "old_papers": papers.forget_old,
    "api_calls": api.forget_calls,
}
# when the clock looks; a day's job is looked at every five minutes, so that one whose worker died or failed is done by another
LOOKS = {MINUTE: crontab(minute="*"), FIVE: crontab(minute="*/5"), DAY: crontab(minute="*/5")}
# what one job leaves for another to do at once
THEN = {
    "autopay": ("notices",),
    "events": ("seats", "refunds", "notices"),
    "sweep": ("reminders", "notices"),
    "remittance": ("refunds", "notices"),
    "expire": ("refunds", "notices"),
    "reconcile": ("seats", "refunds", "notices"),
}


def run(app: Flask, name: str, *, on_clock: bool = False) -> bool | None:
    """Run one job in its own app context and write down how it went (I19). A fault is logged under a reference, and the rows stay.

    Whether it went well; None when it was to be for its due moment (`on_clock`), which one worker alone may do, and one has it.
    """
    with app.app_context():
        follow_demo_clock()
        try:
            run_id = _start(name, on_clock)
            return None if run_id is None else _work(name, run_id)
        except Exception:
            log.exception("job %s cannot be written down", name)
            return False
        finally:
            db.session.remove()


def _start(name: str, on_clock: bool) -> int | None:
    with transaction():
        return runs.start(name, on_clock=on_clock)


def _words(result: object) -> str:
    """Counts as a line that people read, without those that are nought."""
    if not isinstance(result, dict):
        return str(result)
    return ", ".join(f"{count} {what}" for what, count in result.items() if count) or "0"


def _work(name: str, run_id: int) -> bool:
    started, result, fault = time.monotonic(), None, None
    try:
        result = _words(JOBS[name]())
    except Exception:
        fault = secrets.token_hex(4).upper()
        log.exception("job %s failed: fault %s", name, fault)
        db.session.remove()
    else:
        log.info("job %s: %s in %.2f s", name, result, time.monotonic() - started)
    with transaction():
        runs.end(run_id, result=result, fault=fault)
    return fault is None


def run_with_followers(app: Flask, name: str, *, on_clock: bool = False) -> None:
    """A job and what it usually leaves behind."""
    if run(app, name, on_clock=on_clock) is None:
        return
    for follower in THEN.get(name, ()):
        run(app, follower)


def make_queue(app: Flask) -> Any:
    """The worker's queue with its clock. Payloads are job names only."""
    queue = MemoryHuey("sertakan", utc=True)
    queue.wake = queue.task(name="wake")(partial(run_with_followers, app))
    for name, period in SCHEDULE.items():
        queue.periodic_task(LOOKS[period], name=f"every_{name}")(partial(run_with_followers, app, name, on_clock=True))
    return queue


def listen(knocks: Knocks, wake: Callable[[str], object]) -> None:
    """Pass on what is knocked for, for as long as the process lives. A name that is no job is dropped."""
    while True:
        try:
            for name in knocks.take():
                if name in JOBS:
                    wake(name)
        except Deaf as error:
            log.warning("knocks cannot be heard: %s", type(error).__name__)
            time.sleep(DEAF_S)
        time.sleep(LISTEN_S)


def settle() -> None:
    """What a worker has loaded stays: the collector need not look through it again and again, which cost a sixth of its time."""
    gc.collect()
    gc.freeze()


def work(app: Flask) -> None:
    """Be the worker until told to stop. Looks at everything once at start: what came while nobody worked is done first."""
    queue = make_queue(app)
    settle()
    for name, period in SCHEDULE.items():
        run(app, name, on_clock=period is DAY)
    Thread(target=listen, args=(knocks_of(app), queue.wake), name="knocks", daemon=True).start()
    queue.create_consumer(workers=1, initial_delay=0.1, backoff=1.15, max_delay=0.5, check_worker_health=False).run()
