"""Pages while a large file is imported beside them: the import must not starve them."""

import statistics
from concurrent.futures import ThreadPoolExecutor

from tests.bench.cases import Bench
from tests.bench.load import burst, page
from tests.bench.servers import NotStarted
from tests.bench.table import Row, at_most, compare

ROWS = 100_000
PATH = "/pekerja"
BURST = 100
THREE_TIMES = 3.0


def unstarved(bench: Bench) -> list[Row]:
    """P9: the slow pages of one visitor, alone and during an import, on each database."""
    rows: list[Row] = []
    for database in bench.databases:
        instance = bench.instance(database)
        with instance.serve("/healthz") as server, ThreadPoolExecutor(1) as beside:
            burst(server, page(PATH), BURST, 1)
            idle = burst(server, page(PATH), bench.requests, 1)
            importing = beside.submit(instance.ask, "imports", str(ROWS))
            seen: list[float] = []
            bad = 0
            while not importing.done():
                part = burst(server, page(PATH), BURST, 1, first=len(seen))
                seen, bad = [*seen, *part.latencies_s], bad + part.bad
            if importing.result() != "checked":
                raise NotStarted(f"the file of the bench is {importing.result()}")
        slow = statistics.quantiles(seen, n=20)[-1] * 1000
        rows.append(compare("P9", f"p95 of {PATH} during an import, {database}", idle.p95_ms, slow, THREE_TIMES, "ms"))
        rows.append(at_most("P9", f"  of {len(seen):,} answers not 200, {database}", bad, 0, ""))
    return rows
