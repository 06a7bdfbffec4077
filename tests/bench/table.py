"""The printed result: a row per figure, the limit beside ours."""

import os
import platform
import sqlite3
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Row:
    """One measured figure; `ok` is None where there is no bar or nothing of ours to measure."""

    case: str
    what: str
    limit: str = ""
    ours: str = ""
    ratio: str = ""
    bar: str = ""
    ok: bool | None = None


def compare(case: str, what: str, limit: float, ours: float, most: float, unit: str = "ms") -> Row:
    """Less is better; ours may be `most` times the limit."""
    ratio = ours / limit if limit else float("inf")
    return Row(case, what, f"{limit:,.2f} {unit}", f"{ours:,.2f} {unit}", f"{ratio:.2f} x", f"<= {most:g} x", ratio <= most)


def at_most(case: str, what: str, ours: float, most: float, unit: str) -> Row:
    """An absolute bar."""
    return Row(case, what, "", f"{ours:,.1f} {unit}", "", f"<= {most:g} {unit}", ours <= most)


def at_least(case: str, what: str, ours: float, least: float, unit: str) -> Row:
    """An absolute bar; more is better."""
    return Row(case, what, "", f"{ours:,.1f} {unit}", "", f">= {least:g} {unit}", ours >= least)


def missing(case: str, what: str, why: str) -> Row:
    return Row(case, what, ours="not measured: " + " ".join(why.split())[-160:])


def machine() -> str:
    """What the figures were taken on."""
    cpu = _value("/proc/cpuinfo", "model name") or platform.machine()
    memory = int((_value("/proc/meminfo", "MemTotal") or "0").split()[0]) / 2**20
    load = " ".join(f"{value:.2f}" for value in os.getloadavg())
    return (
        f"{os.cpu_count()} x {cpu}, {memory:.0f} GiB, {platform.system()} {platform.release()}, "
        f"Python {sys.version.split()[0]}, SQLite {sqlite3.sqlite_version}, load {load}"
    )


def _value(path: str, name: str) -> str:
    lines = Path(path).read_text().splitlines() if Path(path).exists() else []
    return next((line.split(":")[1].strip() for line in lines if line.startswith(name)), "")


def printed(rows: list[Row]) -> str:
    """The table as text, columns as wide as they need."""
    head = ("case", "what", "limit", "ours", "ratio", "bar", "")
    body = [(r.case, r.what, r.limit, r.ours, r.ratio, r.bar, {True: "ok", False: "NOT MET", None: ""}[r.ok]) for r in rows]
    widths = [max(len(line[n]) for line in [head, *body]) for n in range(len(head) - 1)]
    padded = [[*(cell.ljust(width) for cell, width in zip(line, widths, strict=False)), line[-1]] for line in [head, *body]]
    lines = ["  ".join(cells) for cells in padded]
    return "\n".join(line.rstrip() for line in [lines[0], "-" * len(lines[0]), *lines[1:]])
