"""`python3 dev.py bench [CASE …] [--rounds N] [--requests N]`: measure and print; never a pass or fail of the build."""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from tests import postgres
from tests.bench import bulk, cases, during, ours, reminders, remit, roster, sweep, visit
from tests.bench.cases import Bench
from tests.bench.servers import NotStarted
from tests.bench.table import Row, machine, missing, printed

CASES: dict[str, Callable[[Bench], list[Row]]] = {
    "limits": cases.measure_limits,
    "P1": cases.p1_list,
    "P2": cases.p2_detail,
    "P5": cases.p5_statements,
    "P6": cases.p6_unloaded,
    "reminders": reminders.composed,
    "remit": remit.sent,
    "list": roster.listed,
    "bulk": bulk.uploaded,
    "P9": during.unstarved,
    "sweep": sweep.swept,
    "P16": cases.p16_webhook,
    "P17": cases.p17_start,
    "P18": cases.p18_memory,
    "P19": visit.p19_first_visit,
    "LH": visit.lighthouse,
}


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def add_database(bench: Bench, name: str, folder: Path, limits_url: str, ours_url: str, with_ours: bool) -> None:
    """The limit's database and, when a case needs it, ours."""
    bench.limit_urls[name] = cases.seeded(folder, limits_url)
    if not with_ours:
        return
    say(f"preparing the demo on {name}")
    try:
        bench.instances[name] = ours.prepare(folder / f"instance-{name.lower()}", ours_url)
    except NotStarted as error:
        bench.instances[name] = str(error)


def measured(bench: Bench, name: str) -> list[Row]:
    say(f"measuring {name}")
    try:
        return CASES[name](bench)
    except NotStarted as error:
        return [missing(name, "", str(error))]


def main() -> None:
    parser = argparse.ArgumentParser(prog="dev.py bench", description="cases: " + ", ".join(CASES))
    parser.add_argument("cases", nargs="*", choices=[*CASES, []], default=[])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=300, help="in each round, for each server")
    args = parser.parse_args()
    chosen = args.cases or list(CASES)
    bench = Bench(args.rounds, args.requests, dict(os.environ))
    rows: list[Row] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sertakan-bench-")))
        with_ours = chosen != ["limits"]
        add_database(bench, "SQLite", folder, "", "", with_ours)
        try:
            server = stack.enter_context(postgres.server())
            urls = [stack.enter_context(ours.database(server, f"bench_{name}_{os.getpid()}")) for name in ("limits", "ours")]
            add_database(bench, "PostgreSQL", folder, urls[0], urls[1], with_ours)
        except postgres.NoServer as error:
            rows.append(missing("", "PostgreSQL", str(error)))
        for name in chosen:
            rows += measured(bench, name)
    print(machine())
    print(f"median of {args.rounds} rounds of {args.requests} requests, limit and ours in turns, same gunicorn settings\n")
    print(printed(rows))


if __name__ == "__main__":
    main()
