"""Questions to the application, each answered in a process of its own: `python -m tests.bench.asked QUESTION …` prints JSON."""

import json
import sys
from collections.abc import Callable
from typing import Any

from flask import Flask
from sqlalchemy import event, inspect, text

from sertakan import create_app
from sertakan.db import db


def statements(app: Flask, *paths: str) -> dict[str, int]:
    """How many statements the database sees for each page, the second time it is asked for."""
    client, seen = app.test_client(), []
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    counts = {}
    for path in paths:
        client.get(path, headers={"X-Forwarded-For": "10.9.9.9"})
        seen.clear()
        answer = client.get(path, headers={"X-Forwarded-For": "10.9.9.9"})
        counts[path] = len(seen) if answer.status_code == 200 else -answer.status_code
    return counts


def rows(app: Flask) -> int:
    """All rows of all tables but those of the counters of visits."""
    with app.app_context(), db.engine.connect() as connection:
        tables = [name for name in inspect(db.engine).get_table_names() if "limit" not in name]
        return sum(connection.execute(text(f'SELECT count(*) FROM "{name}"')).scalar_one() for name in tables)


ANSWERS: dict[str, Callable[..., Any]] = {"statements": statements, "rows": rows}

if __name__ == "__main__":
    print(json.dumps(ANSWERS[sys.argv[1]](create_app(), *sys.argv[2:])))
