"""The cases: what is compared with what, and the bar that it must meet."""

import json
import re
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPConnection
from pathlib import Path

from tests.bench import limits, ours
from tests.bench.load import Figures, Maker, Request, burst, interleaved, page, visitor
from tests.bench.servers import NotStarted, Server, gunicorn
from tests.bench.table import Row, at_most, compare, missing

PUBLIC = ("/", "/pekerja", "/lindungi", "/tarif")
STATEMENTS = 6
DUPLICATES = 1_000
MANY = 10_000
SESSION = {
    "object": "checkout.session",
    "amount_total": 1680000,
    "currency": "idr",
    "metadata": {},
    "payment_status": "paid",
    "status": "complete",
    "livemode": False,
}


@dataclass
class Bench:
    """What all cases share: how long to measure, and the databases that are there."""

    rounds: int
    requests: int
    base_env: Mapping[str, str]
    limit_urls: dict[str, str] = field(default_factory=dict)
    instances: dict[str, ours.Instance | str] = field(default_factory=dict)

    @property
    def databases(self) -> list[str]:
        return list(self.limit_urls)

    def instance(self, database: str) -> ours.Instance:
        """Ours on this database; raises NotStarted with the reason why it is not there."""
        found = self.instances[database]
        if isinstance(found, str):
            raise NotStarted(found)
        return found

    @contextmanager
    def limit(self, name: str, database: str, workers: int = 1) -> Iterator[Server]:
        env = {**self.base_env, "LIMITS_DATABASE_URL": self.limit_urls[database]}
        with gunicorn(name, f"tests.bench.limits:make('{name}')", env, workers=workers) as server:
            yield server


def fetch(server: Server, path: str) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("GET", path, headers={"X-Forwarded-For": "10.9.9.8"})
    answer = connection.getresponse()
    body = answer.read().decode(errors="replace")
    connection.close()
    return answer.status, body


# ---- the limits by themselves --------------------------------------------------------------------------------------------------


def measure_limits(bench: Bench) -> list[Row]:
    """Each step of the least page, and what it costs over the one before."""
    rows = []
    for database in bench.databases:
        names = ["bare", "plain", "cards", "core", "orm"] if database == "SQLite" else ["core", "orm"]
        with ExitStack() as stack:
            runs = {name: (stack.enter_context(bench.limit(name, database)), page("/")) for name in names}
            runs["webhook"] = (stack.enter_context(bench.limit("webhook", database)), event(limits.WEBHOOK_SECRET, "/"))
            found = interleaved(runs, bench.rounds, bench.requests)
        for name, figures in found.items():
            what = f"{name}, {database}" if name in ("core", "orm", "webhook") else name
            speed = f"{figures.per_s:,.0f}/s, p95 {figures.p95_ms:.1f} ms"
            rows.append(Row("limit", what, f"{figures.cpu_ms:.2f} ms CPU, {speed}"))
            if figures.bad:
                rows.append(missing("limit", what, f"{figures.bad} answers were not 200"))
    return rows


# ---- pages ---------------------------------------------------------------------------------------------------------------------


def always(path: str, _server: Server) -> str:
    return path


def beside(bench: Bench, database: str, path: Callable[[Server], str], connections: int = 2) -> dict[str, Figures]:
    """The page with one ORM query and one of ours, in turns."""
    with bench.limit("orm", database) as least, bench.instance(database).serve("/healthz") as mine:
        runs: dict[str, tuple[Server, Maker]] = {"limit": (least, page("/")), "ours": (mine, page(path(mine)))}
        found = interleaved(runs, bench.rounds, bench.requests, connections)
    if found["ours"].bad:
        raise NotStarted(f"{found['ours'].bad} answers were not 200")
    return found


def p1_list(bench: Bench) -> list[Row]:
    """The public list against one ORM query of 20 rows: at least 60 % of its requests a second."""
    rows = []
    for database in bench.databases:
        found = beside(bench, database, partial(always, "/pekerja"))
        rows.append(compare("P1", f"/pekerja, {database}", found["limit"].cpu_ms, found["ours"].cpu_ms, 1.65, "ms CPU"))
        share = found["ours"].per_s / found["limit"].per_s
        least, mine = (f"{found[name].per_s:,.0f}/s" for name in ("limit", "ours"))
        rows.append(Row("P1", f"  requests a second, {database}", least, mine, f"{share:.0%}", ">= 60 %", share >= 0.6))
    return rows


def detail_path(server: Server) -> str:
    """The first worker that the list links to."""
    status, body = fetch(server, "/pekerja")
    found = re.search(r'href="(/pekerja/[^"?#]*[0-9][^"?#]*)"', body)
    if status != 200 or not found:
        raise NotStarted(f"/pekerja answered {status} and links to no worker")
    return found.group(1)


def p2_detail(bench: Bench) -> list[Row]:
    rows = []
    for database in bench.databases:
        found = beside(bench, database, detail_path)
        rows.append(compare("P2", f"one worker, {database}", found["limit"].cpu_ms, found["ours"].cpu_ms, 1.65, "ms CPU"))
    return rows


def p5_statements(bench: Bench) -> list[Row]:
    counts = bench.instance("SQLite").ask("statements", *PUBLIC)
    if not isinstance(counts, dict):
        raise NotStarted("no counts")
    rows = []
    for path, count in counts.items():
        row = at_most("P5", f"statements of {path}", count, STATEMENTS, "")
        rows.append(row if count >= 0 else missing("P5", path, f"answered {-count}"))
    return rows


def p6_unloaded(bench: Bench) -> list[Row]:
    """One visitor at a time; the slow ones of each page."""
    rows = []
    for path in PUBLIC:
        found = beside(bench, "SQLite", partial(always, path), connections=1)
        rows.append(compare("P6", f"p95 of {path} alone", found["limit"].p95_ms, found["ours"].p95_ms, 3, "ms"))
    return rows


# ---- the webhook ---------------------------------------------------------------------------------------------------------------


def event(secret: str, path: str, fixed: str = "") -> Maker:
    """A signed event about a session that nobody knows; with `fixed` always the same one."""
    run = uuid.uuid4().hex[:8]

    def make(number: int) -> Request:
        name = fixed or f"evt_{run}{number}"
        kind = {"object": "event", "type": "checkout.session.completed", "livemode": False, "created": int(time.time())}
        body = json.dumps({**kind, "id": name, "data": {"object": {**SESSION, "id": f"cs_test_{name}"}}}).encode()
        stamp = str(int(time.time()))
        signed = f"t={stamp},v1={limits.signature(secret, stamp, body)}"
        headers = {"Content-Type": "application/json", "Stripe-Signature": signed, "X-Forwarded-For": visitor(number)}
        return Request(path, "POST", body, headers)

    return make


def p16_webhook(bench: Bench) -> list[Row]:
    """Verify and store against signature and raw transaction; then a thousand duplicates."""
    rows = []
    for database in bench.databases:
        instance = bench.instance(database)
        secret, path = instance.env["STRIPE_WEBHOOK_SECRET"], "/stripe/webhook"
        with bench.limit("webhook", database) as least, instance.serve("/healthz") as mine:
            runs = {"limit": (least, event(limits.WEBHOOK_SECRET, "/")), "ours": (mine, event(secret, path))}
            found = interleaved(runs, bench.rounds, bench.requests)
            if found["ours"].bad:
                raise NotStarted(f"{found['ours'].bad} answers were not 200")
            again = event(secret, path, fixed="evt_always_the_same")
            burst(mine, again, 1, 1)
            before = instance.ask("rows")
            repeated = burst(mine, again, DUPLICATES)
            change = int(str(instance.ask("rows"))) - int(str(before))
        rows.append(compare("P16", f"webhook, {database}", found["limit"].cpu_ms, found["ours"].cpu_ms, 2, "ms CPU"))
        good = change == 0 and not repeated.bad
        what = f"  rows after {DUPLICATES:,} duplicates, {database}"
        rows.append(Row("P16", what, "", f"{change:+d}", "", "no change", good))
    return rows


# ---- start and memory ----------------------------------------------------------------------------------------------------------


def p17_start(bench: Bench) -> list[Row]:
    """From nothing to the first page, best of some, in turns."""
    times: dict[str, list[float]] = {"limit": [], "ours": []}
    instance = bench.instance("SQLite")
    for _ in range(max(3, bench.rounds)):
        with bench.limit("orm", "SQLite") as server:
            times["limit"].append(server.started_in_s)
        with instance.serve("/") as server:
            times["ours"].append(server.started_in_s)
    return [compare("P17", "cold start to first page", min(times["limit"]), min(times["ours"]), 2.5, "s")]


EIGHT = 8  # connections, so that both workers have some from the beginning


def p18_memory(bench: Bench) -> list[Row]:
    """Two workers, ten thousand pages; what they hold after half of them and at the end."""
    with bench.limit("orm", "SQLite", workers=2) as server:
        burst(server, page("/"), MANY // 10, EIGHT)
        least = server.pss_mib()
    with bench.instance("SQLite").serve("/", workers=2) as server:
        paths = [page(path) for path in PUBLIC]

        def mixed(number: int) -> Request:
            return paths[number // 2 % len(paths)](number)

        burst(server, mixed, MANY // 2, EIGHT)
        half = server.pss_mib()
        sample = burst(server, mixed, MANY // 2, EIGHT)
        full = server.pss_mib()
    if sample.bad:
        raise NotStarted(f"{sample.bad} answers were not 200")
    shown = [f"{value:.0f} MiB" for value in (least, full)]
    bar = Row("P18", "memory of 2 workers", shown[0], shown[1], f"{full / least:.2f} x", "<= 180 MiB", full <= 180)
    return [bar, at_most("P18", f"  growth, {MANY // 2:,} to {MANY:,} requests", full - half, 5, "MiB")]


def seeded(folder: Path, server_url: str) -> str:
    """A limits database, filled."""
    url = server_url or f"sqlite:///{folder / 'limits.db'}"
    limits.seed(url)
    return url
