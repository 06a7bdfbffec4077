"""Servers under test, all under the same gunicorn settings, and what they cost, read from /proc."""

import http.client
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dev import ROOT, any_port, die_with_parent

START_S = 60.0


class NotStarted(RuntimeError):
    """A server ended or did not answer; carries its last words."""


@dataclass
class Server:
    """A running gunicorn: master and workers."""

    name: str
    port: int
    pid: int
    started_in_s: float

    def pids(self) -> list[int]:
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return [self.pid, *map(int, children)]

    def cpu_s(self) -> float:
        """CPU seconds used so far by all threads of master and workers, user and system; the kernel counts nanoseconds."""
        tasks = [task for pid in self.pids() for task in Path(f"/proc/{pid}/task").iterdir()]
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9

    def pss_mib(self) -> float:
        """Memory of master and workers with shared pages counted once, MiB."""
        total = 0
        for pid in self.pids():
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        return total / 1024


def answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()
        return response.status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


@contextmanager
def gunicorn(name: str, app: str, env: Mapping[str, str], *, path: str = "/", workers: int = 1) -> Iterator[Server]:
    """Start, wait for the first 200 on `path`, and end by its own process group."""
    port = any_port()
    command = [sys.executable, "-m", "gunicorn", "--worker-class", "gthread", "--workers", str(workers), "--threads", "4"]
    command += ["--keep-alive", "5", "--no-control-socket", "--log-level", "warning", "--bind", f"127.0.0.1:{port}", app]
    with tempfile.TemporaryFile() as log:
        began = time.monotonic()
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**env, "PORT": str(port)},
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
        try:
            while not answers(port, path):
                if process.poll() is not None or time.monotonic() - began > START_S:
                    log.seek(0)
                    raise NotStarted(f"{name}: " + log.read().decode(errors="replace")[-1500:])
                time.sleep(0.01)
            yield Server(name, port, process.pid, time.monotonic() - began)
        finally:
            end(process)


def end(process: "subprocess.Popen[bytes]") -> None:
    for how in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            os.killpg(process.pid, how)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                continue
