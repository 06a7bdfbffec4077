"""P12 to P14: the daily sweep over one and five million worker-months, beside the raw driver's bulk statements in the same process."""

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

SIZES = [int(size) for size in os.environ.get("SWEEP_MONTHS", "1000000,5000000").split(",")]
TWICE, GROWTH, NOTHING_MS = 2.0, 1.5, 20.0
Told = dict[str, dict[str, float]]


def swept(_bench: Bench) -> list[Row]:
    """Each size on each database in a process of its own."""
    rows: list[Row] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sertakan-sweep-")))
        rows += _measured("SQLite", [f"sqlite:///{folder / str(size)}.db" for size in SIZES], folder)
        try:
            server = stack.enter_context(postgres.server())
            urls = [stack.enter_context(ours.database(server, f"sweep_{uuid.uuid4().hex[:8]}")) for _ in SIZES]
            rows += _measured("PostgreSQL", urls, folder)
        except postgres.NoServer as error:
            rows.append(missing("P12", "PostgreSQL", str(error)))
    return rows


def _measured(database: str, urls: list[str], folder: Path) -> list[Row]:
    rows, spent = [], []
    for size, url in zip(SIZES, urls, strict=True):
        command = [sys.executable, "-m", "tests.bench.swept", url, str(folder), str(size)]
        told: Told = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)
        label = f"{database}, {size:,} months"
        day, month = int(told["ours"]["changes"]), int(told["ours 30 days"]["changes"])
        rows.append(compare("P12", f"{label}: {day:,} changes of a day", each(told, "bare"), each(told, "ours"), TWICE, "us"))
        rows.append(at_most("P13", f"{label}: nothing due", told["nothing"]["seconds"] * 1e3, NOTHING_MS, "ms"))
        what = f"{label}: 30 days caught up, {month:,} changes"
        rows.append(compare("P14", what, each(told, "bare 30 days"), each(told, "ours 30 days"), TWICE, "us"))
        again = told["twice"]["changes"]
        rows.append(Row("P14", f"{label}: swept again", "", f"{again:+.0f}", "", "no change", not again))
        spent.append(each(told, "ours"))
    return [*rows, compare("P13", f"{database}: {SIZES[-1]:,} beside {SIZES[0]:,}", spent[0], spent[-1], GROWTH, "us")]


def each(told: Told, name: str) -> float:
    """Microseconds for each change."""
    return told[name]["seconds"] / told[name]["changes"] * 1e6
