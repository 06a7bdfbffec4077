"""Which room's job runs when, and what a knock wakes.

The rows are the truth: every job finds what is due by itself, so a lost, doubled or late task changes nothing (ARCHITECTURE 4).
Huey only says "look again": from its clock, or from a knock after a commit. It lives in the worker's memory: what a killed worker loses
is found again at its next start.
"""

import logging
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any

from flask import Flask
from huey import MemoryHuey, crontab

from sertakan.bulk import jobs as bulk
from sertakan.db import db
from sertakan.demo.clock import follow_demo_clock
from sertakan.kit import clock
from sertakan.leavers import jobs as leavers
from sertakan.notices import jobs as notices
from sertakan.papers import jobs as papers
from sertakan.payments import jobs as payments
from sertakan.relay import jobs as relay
from sertakan.remittance import jobs as remittance
from sertakan.reports import service as reports
from sertakan.rescue import jobs as rescue
from sertakan.review import jobs as review
from sertakan.sponsorships import jobs as sponsorships
from sertakan.sponsorships import letters
from sertakan.web import limits
from sertakan.web.knock import heard, knocks_of

log = logging.getLogger("sertakan.jobs")
LISTEN_S = 0.2


def sweep() -> object:
    return sponsorships.sweep(clock.today())


def send_notices() -> object:
    """Reminders are looked at once more before they go out."""
    return notices.send_due(look_again=letters.look_again)


EVERY_MINUTE: dict[str, Callable[[], object]] = {
    "events": payments.handle_new_events,
    "files": bulk.check_files,
    "leavers": leavers.work_off,
    "papers": papers.make_papers,
    "refunds": payments.send_refunds,
    "renewals": review.approve_renewals,
    "remittance": remittance.work,
    "rescues": rescue.tell,
    "seats": relay.watch,
    "reminders": letters.write_letters,
    "notices": send_notices,
}
EVERY_FIVE_MINUTES: dict[str, Callable[[], object]] = {
    "expire": payments.expire_orders,
    "reconcile": payments.reconcile,
    "limits": limits.forget_old,
}
DAILY: dict[str, Callable[[], object]] = {"sweep": sweep, "books": reports.check_and_keep, "old_papers": papers.forget_old}
JOBS = {**EVERY_MINUTE, **EVERY_FIVE_MINUTES, **DAILY}
# what one job leaves for another to do at once
THEN = {
    "events": ("refunds", "notices"),
    "sweep": ("reminders", "notices"),
    "remittance": ("refunds", "notices"),
    "expire": ("refunds", "notices"),
    "reconcile": ("refunds", "notices"),
}


def run(app: Flask, name: str) -> bool:
    """Run one job in its own app context. A fault is logged with the job's name and leaves the rows as they were."""
    started = time.monotonic()
    with app.app_context():
        follow_demo_clock()
        try:
            result = JOBS[name]()
        except Exception:
            log.exception("job %s failed", name)
            return False
        finally:
            db.session.remove()
    log.info("job %s: %s in %.2f s", name, result, time.monotonic() - started)
    return True


def run_with_followers(app: Flask, name: str) -> None:
    """A job and what it usually leaves behind."""
    run(app, name)
    for follower in THEN.get(name, ()):
        run(app, follower)


def make_queue(app: Flask) -> Any:
    """The worker's queue with its clock. Payloads are job names only."""
    queue = MemoryHuey("sertakan", utc=True)
    queue.wake = queue.task(name="wake")(partial(run_with_followers, app))
    for names, when in (
        (EVERY_MINUTE, crontab(minute="*")),
        (EVERY_FIVE_MINUTES, crontab(minute="*/5")),
        (DAILY, crontab(hour="17", minute="5")),  # 00.05 in Pontianak
    ):
        for name in names:
            queue.periodic_task(when, name=f"every_{name}")(partial(run_with_followers, app, name))
    return queue


def listen(folder: Path, wake: Callable[[str], object]) -> None:
    """Pass on what is knocked for, for as long as the process lives. A name that is no job is dropped."""
    while True:
        try:
            for name in heard(folder):
                if name in JOBS:
                    wake(name)
        except OSError as error:
            log.warning("knocks cannot be heard: %s", error.strerror)
        time.sleep(LISTEN_S)


def work(app: Flask) -> None:
    """Be the worker until told to stop. Looks at everything once at start: what came while nobody worked is done first."""
    queue = make_queue(app)
    for name in JOBS:
        run(app, name)
    Thread(target=listen, args=(knocks_of(app), queue.wake), name="knocks", daemon=True).start()
    queue.create_consumer(workers=1, initial_delay=0.1, backoff=1.15, max_delay=0.5, check_worker_health=False).run()
