"""A throw-away PostgreSQL server for tests and benchmarks: its own folder and port, on loopback, gone at the end.

    with server() as url: …
    python -m tests.postgres -- COMMAND …      runs the command with TEST_DATABASE_URL set

A TEST_DATABASE_URL that is already set is used as it is. The server refuses to run as root, so root starts it as user postgres.
Nothing is synced to disk: fast, and worthless after a power cut.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "log_min_messages": "fatal",
}


class NoServer(RuntimeError):
    """There is no PostgreSQL here, or it does not start; the sentence says which."""


def binaries() -> Path | None:
    """The folder with initdb and postgres, the newest when there are several."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    other = shutil.which("initdb")
    return found[-1].parent if found else Path(other).resolve().parent if other else None


def _as_server(command: list[str]) -> list[str]:
    return ["runuser", "-u", "postgres", "--", *command] if os.geteuid() == 0 else command


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _init(folder: Path, bin_: Path) -> None:
    options = ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"]
    command = _as_server([str(bin_ / "initdb"), "-D", str(folder / "data"), *options])
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoServer("initdb failed: " + done.stderr.strip()[-500:])


def _ready(bin_: Path, port: int, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + 30
    command = [str(bin_ / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
    while subprocess.run(command, check=False).returncode:
        if process.poll() is not None or time.monotonic() > until:
            raise NoServer(f"PostgreSQL did not start (code {process.poll()})")
        time.sleep(0.05)


def _end(process: "subprocess.Popen[bytes]", pid_file: Path) -> None:
    """Stop at once by the server's own pid: SIGQUIT ends its children too, and nothing here needs to survive."""
    if pid_file.exists():
        os.kill(int(pid_file.read_text().split()[0]), signal.SIGQUIT)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()


@contextmanager
def server() -> Iterator[str]:
    """The address of an empty database, `postgresql://…`; raises NoServer."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield given
        return
    bin_ = binaries()
    if bin_ is None:
        raise NoServer("no PostgreSQL found; install postgresql or set TEST_DATABASE_URL")
    with tempfile.TemporaryDirectory(prefix="sertakan-pg-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        _init(folder, bin_)
        port = _free_port()
        settings = [part for key, value in SETTINGS.items() for part in ("-c", f"{key}={value}")]
        command = [str(bin_ / "postgres"), "-D", str(folder / "data"), "-p", str(port), "-k", str(folder), *settings]
        with (folder / "server.log").open("wb") as log:
            process = subprocess.Popen(_as_server(command), cwd=folder, stdout=log, stderr=log, start_new_session=True)
        try:
            _ready(bin_, port, process)
            yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
        finally:
            _end(process, folder / "data" / "postmaster.pid")


def main(args: list[str]) -> int:
    command = args[1:] if args[:1] == ["--"] else args
    if not command:
        print(__doc__)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with server() as url:
            return subprocess.run(command, env={**os.environ, "TEST_DATABASE_URL": url}, check=False).returncode
    except NoServer as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
