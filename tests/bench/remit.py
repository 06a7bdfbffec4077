"""50,000 months locked, exported as XLSX, stamped, and their answer imported; beside the bare statements and libraries."""

import json
import os
import subprocess
import sys
import tempfile
import uuid
from contextlib import ExitStack
from pathlib import Path

from dev import ROOT
from tests import postgres
from tests.bench import ours
from tests.bench.cases import Bench
from tests.bench.table import Row, at_most, compare, missing

MONTHS = int(os.environ.get("MONTHS", "50000"))
MEMORY_MB = 300
TWICE = 2.0  # at least half the speed


def sent(_bench: Bench) -> list[Row]:
    """Each database with fresh rows for either way; seconds are of our own processor time."""
    rows: list[Row] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sertakan-remit-")))
        rows += _measured("SQLite", [f"sqlite:///{folder / name}.db" for name in ("ours", "bare")], folder)
        try:
            server = stack.enter_context(postgres.server())
            urls = [stack.enter_context(ours.database(server, f"remit_{uuid.uuid4().hex[:8]}")) for _ in range(2)]
            rows += _measured("PostgreSQL", urls, folder)
        except postgres.NoServer as error:
            rows.append(missing("remit", "PostgreSQL", str(error)))
    return rows


def _measured(database: str, urls: list[str], folder: Path) -> list[Row]:
    told = {}
    for way, url in zip(("ours", "bare"), urls, strict=True):
        _run("seed", url, folder)
        told[way] = json.loads(_run(way, url, folder).splitlines()[-1])
    ours_s, bare_s = told["ours"]["seconds"], told["bare"]["seconds"]
    rows = [_step(f"{database}: {name} {MONTHS:,} months", bare_s[name], ours_s[name]) for name in bare_s]
    rows.append(compare("remit", f"{database}: all of it", sum(bare_s.values()), sum(ours_s.values()), TWICE, "s"))
    rows.append(at_most("remit", f"{database}: memory", told["ours"]["memory_mb"], MEMORY_MB, "MB"))
    return rows


def _step(what: str, bare_s: float, ours_s: float) -> Row:
    """A part of it; only the whole has a bar."""
    return Row("remit", what, f"{bare_s:,.2f} s", f"{ours_s:,.2f} s", f"{ours_s / bare_s:.2f} x")


def _run(what: str, url: str, folder: Path) -> str:
    command = [sys.executable, "-m", "tests.bench.remitted", what, url, str(folder), str(MONTHS)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
