"""The list of an organisation with 100,000 workers: its first and its last page (P4), and its export (P15) beside a bare read."""

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

WORKERS = int(os.environ.get("WORKERS", "100000"))
LAST_PAGE = 1.3
TWICE = 2.0  # at least half the speed of reading and opening alone
MEMORY_MB = 120


def listed(_bench: Bench) -> list[Row]:
    """Each database filled anew; times of a page are the median of many, in milliseconds of the whole request."""
    rows: list[Row] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sertakan-roster-")))
        rows += _measured("SQLite", f"sqlite:///{folder / 'list.db'}", folder)
        try:
            server = stack.enter_context(postgres.server())
            url = stack.enter_context(ours.database(server, f"roster_{uuid.uuid4().hex[:8]}"))
            rows += _measured("PostgreSQL", url, folder)
        except postgres.NoServer as error:
            rows.append(missing("list", "PostgreSQL", str(error)))
    return rows


def _measured(database: str, url: str, folder: Path) -> list[Row]:
    _run("seed", url, folder)
    pages, export, raw = (json.loads(_run(what, url, folder).splitlines()[-1]) for what in ("pages", "export", "raw"))
    rows = [
        compare("list", f"{database}: page {WORKERS // 20:,} beside page 1, {order}", *pages[order], LAST_PAGE) for order in pages
    ]
    rows.append(compare("list", f"{database}: rows read, opened, masked", raw["seconds"], export["rows_s"], TWICE, "s"))
    least = raw["seconds"] + raw["file_s"]
    rows.append(compare("list", f"{database}: the whole XLSX, sealed and kept", least, export["all_s"], TWICE, "s"))
    rows.append(at_most("list", f"{database}: memory of the export beyond the start", export["memory_mb"], MEMORY_MB, "MB"))
    return rows


def _run(what: str, url: str, folder: Path) -> str:
    command = [sys.executable, "-m", "tests.bench.rostered", what, url, str(folder), str(WORKERS)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
