"""A large file of an organisation: read, checked, sealed and stored, then made into promises and one bill; beside the bare pipeline."""

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
from tests.bench.table import Row, at_least, at_most, compare, missing

ROWS = int(os.environ.get("ROWS", "100000"))
APPLIED = int(os.environ.get("APPLIED", "10000"))
TWICE = 2.0  # at least half the speed
MEMORY_MB = 150
GROWTH_MB = 10  # from a tenth of the rows to all of them
SMALL, SMALL_S = 1_000, 2.0
ROWS_A_SECOND = 2_000


def uploaded(_bench: Bench) -> list[Row]:
    """P7, P8, P10, P11 and the promises, on each database."""
    rows: list[Row] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sertakan-bulk-")))
        rows += _measured("SQLite", [f"sqlite:///{folder / name}.db" for name in ("ours", "bare")], folder)
        try:
            server = stack.enter_context(postgres.server())
            urls = [stack.enter_context(ours.database(server, f"bulk_{uuid.uuid4().hex[:8]}")) for _ in range(2)]
            rows += _measured("PostgreSQL", urls, folder)
        except postgres.NoServer as error:
            rows.append(missing("bulk", "PostgreSQL", str(error)))
    return rows


def _measured(database: str, urls: list[str], folder: Path) -> list[Row]:
    rows: list[Row] = []
    for url in urls:
        _run("prepare", url, folder, 0)
    for case, kind in (("P7", "csv"), ("P10", "xlsx")):
        _run(f"make-{kind}", urls[0], folder, ROWS)
        told = {way: _run(f"{way}-{kind}", url, folder, ROWS) for way, url in zip(("ours", "bare"), urls, strict=True)}
        what = f"{database}: {ROWS:,} rows of {kind.upper()}, read, checked, sealed, stored"
        rows.append(compare(case, what, told["bare"]["seconds"], told["ours"]["seconds"], TWICE, "s"))
        most = told["ours"]["memory_mb"]
        rows.append(at_most("P8", f"{database}: memory of it, with the reader's", most, MEMORY_MB, "MB"))
        if kind == "csv":
            _run("make-csv", urls[0], folder, ROWS // 10)
            least = _run("ours-csv", urls[0], folder, ROWS // 10)["memory_mb"]
            rows.append(at_most("P8", f"{database}: growth from {ROWS // 10:,} rows on", most - least, GROWTH_MB, "MB"))
    _run("make-csv", urls[0], folder, SMALL)
    small = _run("ours-csv", urls[0], folder, SMALL)
    rows.append(at_most("P11", f"{database}: {SMALL:,} rows", small["seconds"], SMALL_S, "s"))
    made = _run("apply", urls[0], folder, APPLIED)
    what = f"{database}: {APPLIED:,} rows into promises of a month and one bill"
    rows.append(at_least("bulk", what, APPLIED / made["seconds"], ROWS_A_SECOND, "rows/s"))
    return rows


def _run(what: str, url: str, folder: Path, rows: int) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.bench.bulked", what, url, str(folder), str(rows)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-2_000:])
    return dict(json.loads(done.stdout.splitlines()[-1])) if done.stdout else {}
