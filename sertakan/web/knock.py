"""After a commit: "look again". Losing a knock costs a minute, never a row (ARCHITECTURE 4).

Without JOBS_URL a knock is an empty file named after the job, in a folder that the web processes share with the worker: one tiny write,
at most one waiting for each job, and nothing of the queue is loaded where pages are served. With JOBS_URL it is a name in a set in
Redis, which several machines share; each knock is heard by one of their workers.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, cast

from flask import Flask, current_app

from sertakan.db import refuse_inside_transaction

log = logging.getLogger("sertakan.knock")
KEY = "sertakan:knocks"
PATIENCE_S = 1.0  # no page waits longer for a knock
Deaf = OSError


class Knocks(Protocol):
    """Where knocks lie until they are heard. Both raise `Deaf` when the place is not there."""

    def leave(self, job: str) -> None: ...

    def take(self) -> list[str]:
        """The jobs that were knocked for, each once. Taken before they run, so a knock that comes meanwhile is heard again."""
        ...


class Folder:
    """Of one machine."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def leave(self, job: str) -> None:
        (self.path / job).touch()

    def take(self) -> list[str]:
        jobs = sorted(path.name for path in self.path.iterdir()) if self.path.is_dir() else []
        for job in jobs:
            (self.path / job).unlink(missing_ok=True)
        return jobs


class Shared:
    """Of several machines. The client connects at the first knock, and again when the connection was lost."""

    def __init__(self, url: str) -> None:
        from redis import Redis  # only where several machines work is it loaded at all
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        once_more = Retry(NoBackoff(), 1)  # a connection that the server closed meanwhile
        times = {"socket_timeout": PATIENCE_S, "socket_connect_timeout": PATIENCE_S}
        self.client = Redis.from_url(url, retry=once_more, decode_responses=True, **times)

    def leave(self, job: str) -> None:
        with _deaf():
            self.client.sadd(KEY, job)

    def take(self) -> list[str]:
        """SPOP gives each name to one caller only."""
        with _deaf():
            return sorted(cast("list[str]", self.client.spop(KEY, 100)))


@contextmanager
def _deaf() -> Iterator[None]:
    """Whatever the client cannot do, the place is not there."""
    from redis import RedisError

    try:
        yield
    except RedisError as error:
        raise ConnectionError(type(error).__name__) from error


def init_knock(app: Flask) -> None:
    """Let this process knock. Under test nobody listens."""
    if not app.testing:
        app.extensions["knocks"] = knocks_of(app)


def knocks_of(app: Flask) -> Knocks:
    """Where the knocks of this instance lie."""
    if url := app.config["SETTINGS"].jobs_url:
        return Shared(url)
    folder = Path(app.instance_path) / "knocks"
    folder.mkdir(parents=True, exist_ok=True)
    return Folder(folder)


def knock(job: str) -> None:
    """Wake this job, after the transaction that left it something to do."""
    refuse_inside_transaction()
    knocks: Knocks | None = current_app.extensions.get("knocks")
    if knocks is not None:
        try:
            knocks.leave(job)
        except Deaf as error:  # the row is there, and the clock finds it within the minute
            log.warning("no knock for %s: %s", job, type(error).__name__)
