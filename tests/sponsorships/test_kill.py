"""SIGKILL at random moments of writing and sending reminders through a real mail server: each line ends once, none goes out twice.

`REMINDERS=10000` for a long run by hand. The control, without the stamp before the handing over, must be caught.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.notices import rules as notice_rules
from sertakan.notices.models import Notice, NoticeState
from sertakan.sponsorships import reminders
from sertakan.sponsorships.models import Reminder
from tests.cast import Cast
from tests.notices.conftest import Letterbox, closed_letterbox, letterbox
from tests.sponsorships.crowd import DAY, crowd

__all__ = ["closed_letterbox", "letterbox"]
REMINDERS = int(os.environ.get("REMINDERS", "300"))
KILLS = 20
START = datetime(DAY.year, DAY.month, DAY.day, 8, 0, tzinfo=clock.ZONE)
pytestmark = pytest.mark.kill


class Postroom:
    """The process of `postroom`; each sender lives a little later than the one before, so that a dead one's lease is over."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process, self.now = process, START

    def _say(self, words: str) -> str:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(words + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def start(self) -> int:
        self.now += notice_rules.LEASE + timedelta(minutes=1)
        return int(self._say(f"run {self.now.isoformat()}"))

    def wait(self) -> None:
        assert self._say("wait") == "dead"

    def kill_one(self, after_s: float) -> None:
        pid = self.start()
        time.sleep(after_s)
        os.kill(pid, signal.SIGKILL)
        self.wait()

    def run_until_done(self) -> None:
        """One that is left alone until nothing waits."""
        pid = self.start()
        limit = time.monotonic() + 800 + REMINDERS
        while _waiting() and time.monotonic() < limit:
            time.sleep(0.1)
        time.sleep(0.2)
        os.kill(pid, signal.SIGKILL)
        self.wait()


@contextmanager
def postroom(app: Flask, box: Letterbox, folder: Path, *, control: bool = False, stop_after: int = 0) -> Iterator[Postroom]:
    wanted = {
        "database": app.config["SQLALCHEMY_DATABASE_URI"],
        "folder": str(folder),
        "smtp": f"smtp://127.0.0.1:{box.port}",
        "control": control,
        "stop_after": stop_after,
    }
    command = [sys.executable, "-m", "tests.sponsorships.postroom", json.dumps(wanted)]
    root = Path(__file__).resolve().parents[2]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root)
    try:
        assert process.stdout and process.stdout.readline() == "ready\n"
        yield Postroom(process)
    finally:
        process.communicate(timeout=120)


def _waiting() -> int:
    db.session.rollback()
    due = db.session.scalar(select(func.count()).where(Reminder.state == "due")) or 0
    return due + (db.session.scalar(select(func.count()).where(Notice.state == NoticeState.queued)) or 0)


def write_due(app: Flask, many: int) -> None:
    with app.app_context():
        dues = crowd(many, START - timedelta(days=150))
        with clock.frozen(START), transaction():
            assert reminders.write_due(dues, DAY)["reminders"] == many
        db.session.remove()


def arrived(box: Letterbox) -> Counter[str]:
    """How often each message came, by its Message-ID without the host."""
    return Counter(letter["Message-ID"].strip("<>").partition("@")[0] for letter in box.letters)


@pytest.mark.timeout(900 + REMINDERS)
def test_killed_senders_send_each_reminder_once_or_say_why_not(
    live: tuple[Flask, Cast], letterbox: Letterbox, tmp_path: Path
) -> None:
    app, _cast = live
    write_due(app, REMINDERS)
    dice = random.Random(7)
    with postroom(app, letterbox, tmp_path) as room, app.app_context():
        for _ in range(KILLS):
            room.kill_one(dice.uniform(0.05, 0.6))
        room.run_until_done()
        assert _waiting() == 0
        rows = db.session.execute(select(Notice.ref, Notice.state, Notice.reason)).all()
        lines = Counter(db.session.scalars(select(Reminder.state).where(Reminder.audience == "sponsor")))
    came = arrived(letterbox)
    assert lines == {"queued": REMINDERS}
    assert len(rows) == REMINDERS and max(came.values()) == 1, "a reminder came twice"
    cut_off = [ref for ref, state, reason in rows if (state, reason) == ("skipped", notice_rules.INTERRUPTED)]
    sent = [ref for ref, state, _reason in rows if state == "sent"]
    assert len(cut_off) <= KILLS and len(sent) + len(cut_off) == REMINDERS
    assert set(sent) <= set(came) <= {*sent, *cut_off}
    assert len({letter["To"] for letter in letterbox.letters}) == len(came), "somebody got two"


@pytest.mark.timeout(300)
@pytest.mark.parametrize("control", [False, True], ids=["stamped", "control"])
def test_dying_between_the_servers_yes_and_our_stamp(
    live: tuple[Flask, Cast], letterbox: Letterbox, tmp_path: Path, control: bool
) -> None:
    app, _cast = live
    write_due(app, 3)
    with postroom(app, letterbox, tmp_path, control=control, stop_after=2) as room:
        room.start()
        room.wait()  # it died after the second message
        pid, limit = room.start(), time.monotonic() + 30
        while len(letterbox.letters) < (4 if control else 3) and time.monotonic() < limit:
            time.sleep(0.05)
        if not control:  # the control dies again by itself
            time.sleep(0.3)
            os.kill(pid, signal.SIGKILL)
        room.wait()
    twice = [ref for ref, times in arrived(letterbox).items() if times > 1]
    assert bool(twice) is control, "the harness would not see a double" if control else "a reminder came twice"
