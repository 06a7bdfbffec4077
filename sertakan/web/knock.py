"""After a commit: "look again". Losing a knock costs a minute, never a row (ARCHITECTURE 4).

A knock is an empty file named after the job, in a folder that the web processes share with the worker: one tiny write, at most one
waiting for each job, and nothing of the queue is loaded where pages are served.
"""

import logging
from pathlib import Path

from flask import Flask, current_app

from sertakan.db import refuse_inside_transaction

log = logging.getLogger("sertakan.knock")


def init_knock(app: Flask) -> None:
    """Let this process knock. Under test nobody listens."""
    if not app.testing:
        folder = knocks_of(app)
        folder.mkdir(parents=True, exist_ok=True)
        app.extensions["knocks"] = folder


def knocks_of(app: Flask) -> Path:
    """Where the knocks of this instance lie."""
    return Path(app.instance_path) / "knocks"


def knock(job: str) -> None:
    """Wake this job, after the transaction that left it something to do."""
    refuse_inside_transaction()
    folder = current_app.extensions.get("knocks")
    if folder is not None:
        try:
            (folder / job).touch()
        except OSError as error:  # the row is there, and the clock finds it within the minute
            log.warning("no knock for %s: %s", job, error.strerror)


def heard(folder: Path) -> list[str]:
    """The jobs that were knocked for, each once. Taken before they run, so a knock that comes meanwhile is heard again."""
    jobs = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    for job in jobs:
        (folder / job).unlink(missing_ok=True)
    return jobs
