"""Everything the sandbox remembers, in one SQLite file: objects, idempotent answers, deliveries, settings."""

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import RLock
from typing import Any

from sertakan.sandbox.errors import ApiError, Json, missing

TABLES = """
CREATE TABLE IF NOT EXISTS thing (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, created INTEGER NOT NULL,
    body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS thing_kind ON thing (kind, seq);
CREATE TABLE IF NOT EXISTS answer (
    key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, created REAL NOT NULL, status INTEGER, body TEXT);
CREATE TABLE IF NOT EXISTS delivery (
    id INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, due REAL NOT NULL, tries INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL, last TEXT NOT NULL DEFAULT '');
CREATE INDEX IF NOT EXISTS delivery_due ON delivery (state, due, id);
CREATE TABLE IF NOT EXISTS expiry (id TEXT PRIMARY KEY, due INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
CLEAR = ("DELETE FROM thing", "DELETE FROM answer", "DELETE FROM delivery", "DELETE FROM expiry", "DELETE FROM setting")
OLDER = "SELECT body FROM thing WHERE kind = ? AND seq < ? ORDER BY seq DESC"
NEWER = "SELECT body FROM thing WHERE kind = ? AND seq > ? ORDER BY seq ASC"
DAY_S = 24 * 3600


class Store:
    """One connection behind one lock. `write()` is whole or not at all; it nests, and only the outermost one commits."""

    def __init__(self, path: str = ":memory:") -> None:
        self._lock = RLock()
        self._depth = 0
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(TABLES)
        self._db.execute("DELETE FROM answer WHERE status IS NULL")  # was running when the process ended
        self._db.execute("UPDATE delivery SET state = 'pending' WHERE state = 'sending'")

    @contextmanager
    def write(self) -> Iterator[None]:
        with self._lock:
            if self._depth == 0:
                self._db.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._leave("ROLLBACK")
                raise
            self._leave("COMMIT")

    def _leave(self, word: str) -> None:
        self._depth -= 1
        if self._depth == 0:
            self._db.execute(word)

    def _rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._db.execute(statement, values).fetchall()

    def clear(self) -> None:
        with self.write():
            for statement in CLEAR:
                self._db.execute(statement)

    def close(self) -> None:
        with self._lock:
            self._db.close()

    # -- settings and time

    def setting(self, name: str, default: Any = None) -> Any:
        rows = self._rows("SELECT value FROM setting WHERE name = ?", name)
        return json.loads(rows[0][0]) if rows else default

    def set(self, name: str, value: Any) -> None:
        self._rows("INSERT OR REPLACE INTO setting VALUES (?, ?)", name, json.dumps(value))

    def now(self) -> int:
        """Seconds since 1970 by the sandbox's own clock, which can be advanced."""
        return int(time.time()) + int(self.setting("clock_offset_s", 0))

    def signing_time(self) -> int:
        """The real time, unless the application's clock is held and ours was set to it."""
        return int(time.time()) + int(self.setting("sign_offset_s", 0))

    # -- objects

    def put(self, body: Json) -> Json:
        """Insert or replace an object of the API."""
        self._rows(
            "INSERT INTO thing (id, kind, created, body) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body",
            body["id"],
            body["object"],
            body["created"],
            json.dumps(body),
        )
        return body

    def find(self, kind: str, thing_id: object) -> Json | None:
        rows = self._rows("SELECT body FROM thing WHERE kind = ? AND id = ?", kind, thing_id)
        return json.loads(rows[0][0]) if rows else None

    def get(self, kind: str, thing_id: str) -> Json:
        body = self.find(kind, thing_id)
        if body is None:
            raise missing(kind, thing_id)
        return body

    def all(self, kind: str, matches: Callable[[Json], bool] = lambda _: True) -> list[Json]:
        """Newest first."""
        rows = self._rows("SELECT body FROM thing WHERE kind = ? ORDER BY seq DESC", kind)
        return [body for (text,) in rows if matches(body := json.loads(text))]

    def remember_expiry(self, thing_id: str, due: int) -> None:
        self._rows("INSERT OR REPLACE INTO expiry VALUES (?, ?)", thing_id, due)

    def take_expired(self) -> list[str]:
        """What ends now or has ended; each is told once."""
        ids = [row[0] for row in self._rows("SELECT id FROM expiry WHERE due <= ?", self.now())]
        for thing_id in ids:
            self._rows("DELETE FROM expiry WHERE id = ?", thing_id)
        return ids

    def page(
        self, kind: str, matches: Callable[[Json], bool], limit: int, after: str | None, before: str | None
    ) -> tuple[list[Json], bool]:
        """A page of the newest, of those older than `after`, or of those just newer than `before`; and whether there are more."""
        found: list[Json] = []
        edge = self._edge(kind, after or before)
        with self._lock:
            for (text,) in self._db.execute(NEWER if before else OLDER, (kind, edge)):
                if matches(body := json.loads(text)):
                    found.append(body)
                if len(found) > limit:
                    break
        rows = found[:limit]
        return (rows[::-1] if before else rows), len(found) > limit

    def _edge(self, kind: str, thing_id: str | None) -> int:
        if thing_id is None:
            return 1 << 62
        rows = self._rows("SELECT seq FROM thing WHERE kind = ? AND id = ?", kind, thing_id)
        if not rows:
            raise ApiError(400, f"No such {kind}: '{thing_id}'", code="resource_missing", param="starting_after")
        return int(rows[0][0])

    # -- idempotent answers

    def reserve(self, key: str, fingerprint: str) -> tuple[int, Json] | None:
        """The first answer to this key; None when the caller is the first and now holds it. Raises on a twin or other form."""
        with self.write():
            self._rows("DELETE FROM answer WHERE created < ? AND status IS NOT NULL", self.now() - DAY_S)
            rows = self._rows("SELECT fingerprint, status, body FROM answer WHERE key = ?", key)
            if not rows:
                self._rows("INSERT INTO answer (key, fingerprint, created) VALUES (?, ?, ?)", key, fingerprint, self.now())
                return None
        known, status, body = rows[0]
        if known != fingerprint:
            said = "Keys for idempotent requests can only be used with the same parameters they were first used with."
            raise ApiError(400, said, kind="idempotency_error")
        if status is None:
            said = "There is currently another in-progress request using this Idempotency Key."
            raise ApiError(409, said, code="idempotency_key_in_use", kind="idempotency_error")
        return int(status), json.loads(body)

    def remember(self, key: str, status: int, body: Json) -> None:
        self._rows("UPDATE answer SET status = ?, body = ? WHERE key = ?", status, json.dumps(body), key)

    def forget(self, key: str) -> None:
        """Validation failed: nothing was begun, so nothing is kept."""
        self._rows("DELETE FROM answer WHERE key = ? AND status IS NULL", key)

    # -- deliveries

    def deliver(self, event_id: str, *, due: float, state: str = "pending") -> None:
        self._rows("INSERT INTO delivery (event, due, state) VALUES (?, ?, ?)", event_id, due, state)

    def deliveries(self, *states: str) -> list[Json]:
        """In the order in which they are due; of these states, or all."""
        names = ("id", "event", "due", "tries", "state", "last")
        values = self._rows("SELECT id, event, due, tries, state, last FROM delivery ORDER BY due, id")
        rows = [dict(zip(names, row, strict=True)) for row in values]
        return [row for row in rows if not states or row["state"] in states]

    def next_delivery(self, before: float) -> Json | None:
        rows = self._rows(
            "SELECT id, event, tries FROM delivery WHERE state = 'pending' AND due <= ? ORDER BY due, id LIMIT 1", before
        )
        return dict(zip(("id", "event", "tries"), rows[0], strict=True)) if rows else None

    def next_due(self) -> float:
        """When the next delivery wants to be tried; far away when none waits."""
        rows = self._rows("SELECT min(due) FROM delivery WHERE state = 'pending'")
        return float(rows[0][0] or 1 << 40)

    def mark_delivery(self, delivery_id: int, *, state: str, due: float, tries: int, last: str) -> None:
        self._rows(
            "UPDATE delivery SET state = ?, due = ?, tries = ?, last = ? WHERE id = ?", state, due, tries, last, delivery_id
        )
