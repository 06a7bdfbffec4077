"""Ten thousand reminders of one day: composed and queued in one run, then sent through a mail server while the sender is killed."""

import json
import os
import subprocess
import sys
import time

from dev import ROOT
from tests.bench.cases import Bench
from tests.bench.table import Row, at_least, at_most, missing

MANY = 10_000
SPEED = 1_000  # messages a second
GROWTH_MB = 30


def composed(bench: Bench) -> list[Row]:
    """Each database in turn; the growth is the peak of nine tenths of the work over that of the first tenth."""
    rows = []
    for database in bench.databases:
        told = bench.instance(database).ask("reminders", str(MANY))
        assert isinstance(told, dict)
        speed = told["count"] / (told["due_s"] + told["letters_s"])
        rows.append(at_least("reminders", f"{database}: composed and queued", speed, SPEED, "/s"))
        rows.append(at_most("reminders", f"{database}: growth of memory", told["after_mb"] - told["before_mb"], GROWTH_MB, "MB"))
    return [*rows, _sent()]


def _sent() -> Row:
    """The kill test with all of them: no double among ten thousand, the sender killed twenty times."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/sponsorships/test_kill.py", "-k", "killed"]
    began = time.monotonic()
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "REMINDERS": str(MANY)}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        return missing("reminders", "sent through SMTP", json.dumps(done.stdout[-300:]))
    return at_least("reminders", "sent through SMTP, 20 kills, no double", MANY / (time.monotonic() - began), 1, "/s")
