"""The whole product on loopback for the browser tests: database, web, worker and pretend Stripe, in a folder of their own."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from dev import ROOT, Part, any_port, dead, demo_env, start, wait_until_healthy
from tests.conftest import fresh_database

TODAY = date(2026, 11, 22)
OURS = ("STRIPE_", "SERTAKAN_", "DATABASE_URL", "BASE_URL", "INSTANCE_PATH", "SEAL_KEYS", "BLIND_KEY", "SECRET_KEY", "SMTP_URL")
PATIENCE_S = 25.0
Found = TypeVar("Found")


def eventually(look: Callable[[], Found], what: str, patience_s: float = PATIENCE_S) -> Found:
    """Look again and again until there is something to see; the worker needs its moment."""
    until = time.monotonic() + patience_s
    while not (found := look()):
        assert time.monotonic() < until, f"never came: {what}"
        time.sleep(0.1)
    return found


@dataclass
class Site:
    """A running product. `url` has no slash at its end."""

    url: str
    env: dict[str, str] = field(repr=False)
    folder: Path
    parts: list[Part] = field(repr=False)

    def flask(self, *args: str) -> subprocess.CompletedProcess[str]:
        """One of our commands, in the running product's environment."""
        command = [sys.executable, "-m", "flask", "--app", "wsgi", *args]
        return subprocess.run(command, cwd=ROOT, env=self.env, capture_output=True, text=True, timeout=120, check=False)

    def books_are_clean(self, command: str = "check") -> None:
        """Every invariant of the books ("chain": the audit's), or the lines that say which is broken."""
        done = self.flask("books", command)
        assert done.returncode == 0, done.stdout + done.stderr

    def set_day(self, day: date) -> None:
        """Turn the demo's clock without a visit to `/demo`; nothing to do when it stands there."""
        file = self.folder / "demo-today.txt"
        now = file.read_text(encoding="ascii") if file.exists() else ""
        if (now or TODAY.isoformat()) != day.isoformat():
            assert self.flask("demo", "day", day.isoformat()).returncode == 0

    def accounts(self) -> list[dict[str, str]]:
        """The demo's accounts, as `dev prepare` wrote them."""
        found: list[dict[str, str]] = json.loads((self.folder / "demo-accounts.json").read_text())
        return found

    @property
    def hosts(self) -> set[str]:
        """The only hosts a page may speak to: ours, and the payment page's."""
        return {urlsplit(self.url).netloc, urlsplit(self.env["STRIPE_API_BASE"]).netloc}

    def logs(self) -> str:
        """The last words of every process."""
        return "\n".join(f"== {part.name}\n{part.log.read_text(errors='replace')[-3_000:]}" for part in self.parts)

    def end(self) -> None:
        """Stop our own processes, each by its own group."""
        for how, patience_s in ((signal.SIGTERM, 8.0), (signal.SIGKILL, 5.0)):
            for part in self.parts:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(part.process.pid, how)
            for part in self.parts:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    part.process.wait(patience_s)


def _environment(folder: Path, database_url: str, port: int, sandbox_port: int) -> dict[str, str]:
    given = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    ours = {"DATABASE_URL": database_url, "DEMO_TODAY": TODAY.isoformat(), "TRUSTED_PROXIES": "1", "LOG_LEVEL": "INFO"}
    return demo_env(folder, port, sandbox_port, {**given, **ours})


def _start(site: Site, port: int, sandbox_port: int) -> None:
    web = ["gunicorn", "--worker-class", "gthread", "--workers", "1", "--threads", "8", "--no-control-socket"]
    site.parts.append(start("web", [sys.executable, "-m", *web, "--bind", f"127.0.0.1:{port}", "wsgi:app"], site.env, port))
    sandbox = ["sertakan.sandbox", "--port", str(sandbox_port), "--db", str(site.folder / "sandbox.db")]
    sandbox += ["--webhook-url", site.url + "/stripe/webhook", "--webhook-secret", site.env["STRIPE_WEBHOOK_SECRET"]]
    site.parts.append(start("sandbox", [sys.executable, "-m", *sandbox], site.env, sandbox_port))
    wait_until_healthy(site.parts)
    site.parts.append(start("worker", [sys.executable, "-m", "flask", "--app", "wsgi", "jobs", "work"], site.env))


@contextmanager
def running(folder: Path) -> Iterator[Site]:
    """A prepared product with the demo in it, on free ports; its processes and its database are gone afterwards."""
    url, drop = fresh_database(folder)
    port, sandbox_port = any_port(), any_port()
    env = _environment(folder, url, port, sandbox_port)
    site = Site(env["BASE_URL"], env, folder, [])
    try:
        done = site.flask("dev", "prepare")
        assert done.returncode == 0, done.stdout + done.stderr
        _start(site, port, sandbox_port)
        yield site
        assert not dead(site.parts), dead(site.parts)
    finally:
        site.end()
        drop()
