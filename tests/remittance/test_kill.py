"""SIGKILL while a batch is stamped and its answer applied: nothing is done twice or half, and the next worker goes on there."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from sertakan.audit.models import AuditEntry
from sertakan.db import db
from sertakan.kit import clock
from sertakan.notices.models import Notice
from sertakan.remittance import jobs
from sertakan.remittance.models import AnswerFile, AnswerRow
from sertakan.remittance.rules import BatchState, FileState
from sertakan.reports import books
from tests.cast import Cast
from tests.conftest import NOW
from tests.remittance.conftest import Desk

KILLS = int(os.environ.get("KILLS", "4"))
MONTHS = 24
pytestmark = pytest.mark.kill


def kill_one(app: Flask, folder: Path, after_s: float) -> None:
    """Start a worker, let it live for so long, SIGKILL it."""
    wanted = json.dumps({"database": app.config["SQLALCHEMY_DATABASE_URI"], "folder": str(folder)})
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-m", "tests.remittance.crew", wanted]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        assert process.stdin and process.stdout and process.stdout.readline() == "ready\n"
        process.stdin.write("go\n")
        process.stdin.flush()
        time.sleep(after_s)
        process.send_signal(signal.SIGKILL)


@pytest.mark.timeout(600)
def test_a_killed_worker_leaves_whole_chunks_and_the_next_one_finishes(live: tuple[Flask, Cast], tmp_path: Path) -> None:
    app, cast = live
    dice = random.Random(11)
    with app.app_context():
        desk = Desk(app, cast)
        with clock.frozen(NOW):
            promises = [desk.promise() for _ in range(MONTHS)]
            code = desk.gather()
            desk.lock(code)
            desk.code(code)
            desk.pay(code)
            rows = [*desk.rows_for(*promises[:-3]), *desk.rows_for(*promises[-3:], result="Ditolak", reason="incomplete")]
        for number in range(KILLS):
            if number == KILLS // 2:
                with clock.frozen(NOW):
                    jobs.work()
                    desk.answer(code, rows, work=False)
            db.session.remove()
            kill_one(app, tmp_path, dice.uniform(0.01, 0.25))
            assert books.broken(books.check()) == [], f"after kill {number}"
        with clock.frozen(NOW):
            jobs.work()
        assert books.broken(books.check()) == []
        assert desk.batch(code).state is BatchState.partly_closed and desk.batch(code).done == MONTHS
        assert [desk.states(promise) for promise in promises] == [["posted"]] * (MONTHS - 3) + [["bounced"]] * 3
        [file] = db.session.scalars(select(AnswerFile))
        assert (file.state, file.done, file.rows) == (FileState.applied, MONTHS, MONTHS)
        assert db.session.scalar(select(func.count()).select_from(AnswerRow)) == MONTHS
        moves = dict(db.session.execute(select(AuditEntry.action, func.count()).group_by(AuditEntry.action)).all())
        assert (moves["month.remitted"], moves["month.posted"], moves["month.bounced"]) == (MONTHS, MONTHS - 3, 3)
        told = dict(db.session.execute(select(Notice.kind, func.count()).group_by(Notice.kind)).all())
        assert told == {"posted": MONTHS - 3, "bounced": 3}
