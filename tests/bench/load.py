"""A small load generator on loopback: keep-alive connections, bounded in count and time."""

import http.client
import statistics
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.bench.servers import Server

LIMIT_S = 120.0


@dataclass(frozen=True)
class Request:
    """What is sent; made anew for each number, so that no two webhooks are alike."""

    path: str
    method: str = "GET"
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Sample:
    """One bounded burst: how many answers, in which time, at which cost to the server."""

    count: int
    wall_s: float
    cpu_s: float
    latencies_s: list[float]
    bad: int

    @property
    def cpu_ms(self) -> float:
        return self.cpu_s * 1000 / self.count

    @property
    def per_s(self) -> float:
        return self.count / self.wall_s

    @property
    def p95_ms(self) -> float:
        return statistics.quantiles(self.latencies_s, n=20)[-1] * 1000


Maker = Callable[[int], Request]


def visitor(number: int) -> str:
    """One of a thousand pretend addresses, so that limits per address stay switched on and out of the way."""
    return f"10.1.{number % 1000 // 250}.{number % 250 + 1}"


def page(path: str) -> Maker:
    return lambda number: Request(path, headers={"X-Forwarded-For": visitor(number)})


def burst(server: Server, make: Maker, count: int, connections: int = 2, first: int = 0) -> Sample:
    """Send `count` requests numbered from `first`; an answer other than 200 is counted as bad."""
    latencies: list[float] = []
    bad = [0]
    until = time.monotonic() + LIMIT_S

    def worker(numbers: range) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        for number in numbers:
            if time.monotonic() > until:
                break
            request = make(number)
            began = time.perf_counter()
            connection.request(request.method, request.path, request.body, dict(request.headers))
            answer = connection.getresponse()
            answer.read()
            latencies.append(time.perf_counter() - began)
            bad[0] += answer.status != 200
        connection.close()

    threads = [threading.Thread(target=worker, args=(range(first + n, first + count, connections),)) for n in range(connections)]
    cpu, wall = server.cpu_s(), time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wall, cpu = time.perf_counter() - wall, server.cpu_s() - cpu
    return Sample(len(latencies), wall, cpu, latencies, bad[0])


@dataclass
class Figures:
    """The medians of several rounds."""

    cpu_ms: float
    per_s: float
    p95_ms: float
    bad: int


def interleaved(runs: Mapping[str, tuple[Server, Maker]], rounds: int, count: int, connections: int = 2) -> dict[str, Figures]:
    """Each round visits every server in turn, so that a noisy minute hits all alike; the first, short round only warms up."""
    samples: dict[str, list[Sample]] = {name: [] for name in runs}
    for server, make in runs.values():
        burst(server, make, min(count, 60), connections, first=10_000_000)
    for number in range(rounds):
        for name, (server, make) in runs.items():
            samples[name].append(burst(server, make, count, connections, first=number * count))
    return {
        name: Figures(
            cpu_ms=statistics.median(sample.cpu_ms for sample in taken),
            per_s=statistics.median(sample.per_s for sample in taken),
            p95_ms=statistics.median(sample.p95_ms for sample in taken),
            bad=sum(sample.bad for sample in taken),
        )
        for name, taken in samples.items()
    }
