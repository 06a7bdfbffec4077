"""A throw-away Redis for tests: its own folder and port, on loopback, nothing written, gone at the end."""

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from redis import Redis, RedisError


@contextmanager
def server() -> Iterator[str]:
    """Its address; skips the test where no redis-server is installed."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("no redis-server here; install redis-server")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--loglevel", "warning"]
    with tempfile.TemporaryDirectory(prefix="sertakan-redis-") as folder:
        process = subprocess.Popen([program, *options, "--dir", folder], stdout=subprocess.DEVNULL)
        try:
            _wait(port, process)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            process.terminate()
            process.wait(10)


def _wait(port: int, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + 10
    with Redis(port=port) as client:
        while True:
            assert process.poll() is None, "redis-server ended by itself"
            try:
                client.ping()
                return
            except RedisError:
                assert time.monotonic() < until, "redis-server does not answer"
                time.sleep(0.02)
