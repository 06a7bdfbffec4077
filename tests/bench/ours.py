"""The application itself on a temporary instance: prepared as `dev.py run` does it, with the demo's people."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from dev import ROOT, demo_env
from tests.bench.servers import NotStarted, Server, gunicorn

# The proxy before us names the visitor; the load generator plays a thousand of them.
GIVEN = {"TRUSTED_PROXIES": "1", "LOG_LEVEL": "WARNING"}


@dataclass
class Instance:
    """A prepared database and the environment that points at it."""

    env: dict[str, str]

    def serve(self, path: str, workers: int = 1) -> AbstractContextManager[Server]:
        return gunicorn("sertakan", "wsgi:app", self.env, path=path, workers=workers)

    def ask(self, question: str, *args: str) -> object:
        """Ask the application in a process of its own; see `asked`."""
        command = [sys.executable, "-m", "tests.bench.asked", question, *args]
        done = subprocess.run(command, cwd=ROOT, env=self.env, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NotStarted(done.stderr[-1500:])
        return json.loads(done.stdout.splitlines()[-1])


def prepare(folder: Path, database_url: str = "") -> Instance:
    """Migrations, reference rows and the demo in a new folder; raises NotStarted with the reason."""
    keep = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "DEMO_TODAY", "INSTANCE_PATH")}
    given = {**keep, **GIVEN, "INSTANCE_PATH": str(folder), **({"DATABASE_URL": database_url} if database_url else {})}
    env = demo_env(folder, 8000, 8001, given)
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "dev", "prepare"]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotStarted("`flask dev prepare` failed: " + (done.stderr or done.stdout)[-1500:])
    return Instance(env)


@contextlib.contextmanager
def database(server_url: str, name: str) -> Iterator[str]:
    """A database of its own on a running PostgreSQL server."""
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        try:
            yield server_url.rsplit("/", 1)[0] + "/" + name
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
