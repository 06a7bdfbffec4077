"""Counts for the rate limits, kept in the application's own database so that every process shares them (QUALITY A 57).

Keys are hashed before they are stored: an address or a contact never stands in the table.
"""

import hashlib
import time
from typing import Any

from limits.storage import Storage
from sqlalchemy import Float, Integer, String, case, delete, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Mapped, mapped_column

from sertakan.db import Model, bare_writes, db, in_transaction


class RateCount(Model):
    """How often one key came within its window."""

    __tablename__ = "rate_count"

    key_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    hits: Mapped[int] = mapped_column(Integer)
    until: Mapped[float] = mapped_column(Float, index=True)


TABLE: Any = RateCount.__table__


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


class DatabaseStorage(Storage):
    """Fixed windows in table `rate_count`."""

    STORAGE_SCHEME = ["database"]

    def __init__(self, uri: str | None = None, wrap_exceptions: bool = False, **options: Any) -> None:
        super().__init__(uri, wrap_exceptions=wrap_exceptions, **options)

    @property
    def base_exceptions(self) -> type[Exception]:
        return Exception

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count one more and return the count in this window."""
        assert not in_transaction(), "limits are checked before a transaction"
        hashed, now = _hash(key), time.time()
        insert = postgresql_insert if db.engine.dialect.name == "postgresql" else sqlite_insert
        fresh = TABLE.c.until <= now
        # one statement: of many at once, none may read a count that another is about to change
        statement = (
            insert(TABLE)
            .values(key_hash=hashed, hits=amount, until=now + expiry)
            .on_conflict_do_update(
                index_elements=[TABLE.c.key_hash],
                set_={
                    "hits": case((fresh, amount), else_=TABLE.c.hits + amount),
                    "until": case((fresh, now + expiry), else_=TABLE.c.until),
                },
            )
            .returning(TABLE.c.hits)
        )
        with bare_writes(), db.engine.begin() as connection:
            return int(connection.execute(statement).scalar_one())

    def get(self, key: str) -> int:
        with db.engine.connect() as connection:
            row = connection.execute(select(TABLE.c.hits, TABLE.c.until).where(TABLE.c.key_hash == _hash(key))).first()
        return int(row.hits) if row and row.until > time.time() else 0

    def get_expiry(self, key: str) -> float:
        with db.engine.connect() as connection:
            until = connection.execute(select(TABLE.c.until).where(TABLE.c.key_hash == _hash(key))).scalar()
        return float(until) if until else time.time()

    def check(self) -> bool:
        return True

    def reset(self) -> int | None:
        with bare_writes(), db.engine.begin() as connection:
            return connection.execute(delete(TABLE)).rowcount

    def clear(self, key: str) -> None:
        with bare_writes(), db.engine.begin() as connection:
            connection.execute(delete(TABLE).where(TABLE.c.key_hash == _hash(key)))


def forget_old() -> int:
    """Drop counts whose window is over; returns how many."""
    with bare_writes(), db.engine.begin() as connection:
        return connection.execute(delete(TABLE).where(TABLE.c.until < time.time())).rowcount
