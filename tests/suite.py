"""`python3 dev.py test`: the whole suite on SQLite, again on PostgreSQL, then in a real browser; says what it leaves out and why.

With arguments it is one pytest run with them (on PostgreSQL when TEST_DATABASE_URL is set). REQUIRE_ALL=1 turns a missing browser
or server into an error. The last line is the sum of all runs in pytest's words.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tests.postgres import binaries

ROOT = Path(__file__).resolve().parent.parent
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "/snap/bin/chromium")
COUNT = re.compile(r"(\d+) (passed|failed|skipped|errors?)\b")
CLOSING = re.compile(r"(passed|failed|skipped|errors?|deselected|no tests ran).* in \d+\.\d+s")
MISSING = re.compile(r"SKIPPED .*(chromium|browser|postgresql|redis)", re.IGNORECASE)


class Outcome(NamedTuple):
    """How one pytest run ended: its closing line, and what it skipped for want of a browser or a server."""

    label: str
    code: int
    summary: str
    missing: list[str]


def chromium(env: Mapping[str, str] = os.environ) -> str:
    """The browser for the tests: CHROMIUM_PATH, then the usual places, or nothing."""
    places = (shutil.which(name) for name in (env.get("CHROMIUM_PATH", ""), *CHROMIUMS) if name)
    return next((place for place in places if place), "")


def say(line: str) -> None:
    print(line, flush=True)


def run(label: str, command: list[str], env: Mapping[str, str]) -> Outcome:
    """One pytest run, shown as it comes."""
    say(f"\n== {label}")
    colour = ["--color=yes"] if sys.stdout.isatty() else []
    summary, missing = "no summary", []
    with subprocess.Popen([*command, *colour], cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True, errors="replace") as process:
        for line in process.stdout or ():
            sys.stdout.write(line)
            sys.stdout.flush()
            plain = re.sub(r"\x1b\[[0-9;]*m", "", line).strip(" =\n")
            if CLOSING.search(plain):
                summary = plain
            if MISSING.match(plain) and "only on" not in plain:
                missing.append(plain)
    return Outcome(label, process.returncode, summary, missing)


def total(outcomes: list[Outcome]) -> str:
    """All runs in pytest's words: `12 passed, 0 failed, 1 skipped`."""
    sums = {"passed": 0, "failed": 0, "skipped": 0}
    for outcome in outcomes:
        for number, kind in COUNT.findall(outcome.summary):
            sums["failed" if kind.startswith("error") else kind] += int(number)
    return ", ".join(f"{number} {kind}" for kind, number in sums.items())


def verdict(outcomes: list[Outcome], everything: bool) -> int:
    """Print how each run ended and, last, the sum; 1 when one failed, found no test, or skipped what it may not."""
    bad = False
    say("")
    for outcome in outcomes:
        say(f"{outcome.label}: {outcome.summary} (exit code {outcome.code})")
        bad = bad or outcome.code not in ((0,) if everything else (0, 5))
        for line in outcome.missing if everything else ():
            say("  may not be skipped: " + line)
            bad = True
    say("Tests: " + total(outcomes))
    return int(bad)


def without_server(env: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in env.items() if name not in ("TEST_DATABASE_URL", "DATABASE_URL")}


def everything_that_is_here(env: dict[str, str], tool: list[str]) -> int:
    """The three runs, those of which this machine has the means."""
    browser, server = chromium(), os.environ.get("TEST_DATABASE_URL") or binaries()
    skips = [] if browser else ["the browser tests: no Chromium found; install chromium or set CHROMIUM_PATH"]
    skips += [] if server else ["PostgreSQL: no server found; install postgresql or set TEST_DATABASE_URL"]
    for skip in skips:
        say("Leaving out " + skip)
    everything = os.environ.get("REQUIRE_ALL") == "1"
    if everything and skips:
        say("REQUIRE_ALL=1: nothing may be left out.")
        return 1
    suite = [*tool, "-n", "3", "--dist", "worksteal", "-m", "not browser"]  # kills and sweeps mostly wait
    outcomes = [run("SQLite", suite, without_server(env))]
    if server:
        outcomes.append(run("PostgreSQL", [sys.executable, "-m", "tests.postgres", "--", *suite], env))
    if browser:
        outcomes.append(run("Browser", [*tool, "-n", "2", "--dist", "worksteal", "-m", "browser"], without_server(env)))
    return verdict(outcomes, everything)


def main(args: list[str]) -> int:
    env = {**os.environ, "PYTHONUNBUFFERED": "1"}
    if chromium():
        env["CHROMIUM_PATH"] = chromium()
    tool = [sys.executable, "-m", "pytest", "-rs"]
    if args:
        return subprocess.run([*tool, *args], cwd=ROOT, env=env, check=False).returncode
    return everything_that_is_here(env, tool)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
