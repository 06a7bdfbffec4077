"""The database floor: models, column types, and the one way to write.

Rows change only inside `with transaction():`. It commits once when left normally and rolls back when left by an exception. Anything
else that tries to change a row raises at once, so a page that only reads cannot write, and a forgotten commit cannot happen silently.
"""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from flask import current_app
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import DDL, BigInteger, Date, DateTime, Engine, Enum, Integer, MetaData, Table, UniqueConstraint, event
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, Mapper, Session, mapped_column, object_session
from sqlalchemy.types import TypeDecorator

from sertakan.kit.crypto import Keyring
from sertakan.kit.months import Month

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """All tables. Every constraint has a predictable name, so that a violation can be told to a person."""

    metadata = MetaData(naming_convention=NAMES)


# Tests join an outer transaction and throw it away afterwards; elsewhere the session owns its connection and this says nothing.
db = SQLAlchemy(model_class=Base, session_options={"join_transaction_mode": "create_savepoint"})

if TYPE_CHECKING:

    class Model(Base):
        __abstract__ = True

else:
    Model = db.Model


class WriteOutsideTransaction(RuntimeError):
    """A row was about to change outside `transaction()`. Always a bug of ours."""


class InsideTransaction(RuntimeError):
    """The network was about to be used, or a transaction opened, while a transaction is open. Always a bug of ours."""


# ---- columns -------------------------------------------------------------------------------------------------------------------


class Instant(TypeDecorator[datetime]):
    """An aware moment in UTC; columns end in `_at`. A naive value is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant must be aware")
        return _naive(value) if dialect.name == "sqlite" else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


@lru_cache(maxsize=4_096)
def _naive(value: datetime) -> datetime:
    """Thousands of rows of one batch carry the same moment."""
    return value.astimezone(UTC).replace(tzinfo=None)


class MonthColumn(TypeDecorator[Month]):
    """A month of contribution, stored as its first day; columns end in `_month` or are called `month`."""

    impl = Date
    cache_ok = True

    def process_bind_param(self, value: Month | date | None, dialect: Dialect) -> date | None:
        if value is None:
            return None
        return value.first_day if isinstance(value, Month) else value.replace(day=1)

    def process_result_value(self, value: date | None, dialect: Dialect) -> Month | None:
        return None if value is None else _month_of(value)


@lru_cache(maxsize=4_096)
def _month_of(first_day: date) -> Month:
    """The same few months come out of the ledger again and again."""
    return Month.of(first_day)


Key = BigInteger().with_variant(Integer, "sqlite")


def key() -> Mapped[int]:
    """The inner primary key; never shown to anybody."""
    return mapped_column(Key, primary_key=True, autoincrement=True)


def new_ref() -> str:
    """A random public reference of 128 bits for rows that have no code people read aloud."""
    return secrets.token_urlsafe(16)


def ref() -> Mapped[str]:
    return mapped_column(db.String(32), unique=True, default=new_ref)


def choice(kinds: type[StrEnum], name: str) -> Enum:
    """A word from a list, kept readable in the table and guarded by a CHECK."""
    return Enum(
        kinds,
        name=name,
        native_enum=False,
        create_constraint=True,
        length=24,
        values_callable=lambda k: [item.value for item in k],
    )


def keyring() -> Keyring:
    return cast(Keyring, current_app.extensions["keyring"])


class Sealed:
    """A personal datum, encrypted at rest in `<column>` and bound to its table, row and field (QUALITY A 47, 48).

    Reading opens it, writing seals it; with `blind` the keyed hash that finds equal values is kept beside it.
    """

    def __init__(self, column: str, *, blind: str | None = None, purpose: str | None = None) -> None:
        self.column, self.blind, self.purpose = column, blind, purpose

    def _context(self, row: Any) -> str:
        if row.ref is None:
            row.ref = new_ref()
        return f"{row.__tablename__}:{row.ref}:{self.column}"

    def __get__(self, row: Any, owner: type) -> Any:
        if row is None:
            return self
        token = getattr(row, self.column)
        return None if token is None else keyring().open(token, self._context(row))

    def __set__(self, row: Any, value: str | None) -> None:
        setattr(row, self.column, None if value is None else keyring().seal(value, self._context(row)))
        if self.blind:
            setattr(row, self.blind, None if value is None else blind(value, self.purpose or self.column))


def blind(value: str, purpose: str) -> str:
    """The keyed hash by which an encrypted value is found again; hex, 64 characters."""
    return keyring().blind(value, purpose).hex()


# ---- the one way to write ------------------------------------------------------------------------------------------------------

_writing: ContextVar[bool] = ContextVar("writing", default=False)
_waiting: ContextVar[bool] = ContextVar("waiting", default=True)
_before_commit: list[Callable[[Session], None]] = []


def before_commit(hook: Callable[[Session], None]) -> Callable[[Session], None]:
    """Register what must be written last in every transaction (the audit chain, whose lock must be taken last)."""
    _before_commit.append(hook)
    return hook


def in_transaction() -> bool:
    return _writing.get()


def refuse_inside_transaction() -> None:
    """Called by everything that uses the network: a slow answer must never hold a row or the writer's lock."""
    if in_transaction():
        raise InsideTransaction("no network inside transaction()")


@contextmanager
def transaction() -> Iterator[Session]:
    """Write whole or not at all. Ends the read so far, so that what is decided inside was read inside. Does not nest."""
    refuse_inside_transaction()
    session = db.session()
    session.rollback()
    session.info.clear()  # what an earlier transaction collected and did not live to write
    token = _writing.set(True)
    try:
        session.connection()  # on SQLite this takes the writer's lock now, before the first read
        yield session
        session.flush()
        for hook in _before_commit:
            hook(session)
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        _writing.reset(token)


@contextmanager
def no_waiting() -> Iterator[None]:
    """Inside, a transaction that would have to wait for another writer of SQLite raises OperationalError at once."""
    token = _waiting.set(False)
    try:
        yield
    finally:
        _waiting.reset(token)


@contextmanager
def bare_writes() -> Iterator[None]:
    """For migrations, events and the counters of the rate limits, which write through a connection of their own."""
    token = _writing.set(True)
    try:
        yield
    finally:
        _writing.reset(token)


def _changing(statement: str) -> bool:
    return statement.lstrip()[:6].upper() in {"INSERT", "UPDATE", "DELETE"}


@event.listens_for(Engine, "connect")
def _on_connect(dbapi_connection: Any, _record: Any) -> None:
    if type(dbapi_connection).__module__.startswith("sqlite3"):
        dbapi_connection.isolation_level = None  # we say BEGIN ourselves
        cursor = dbapi_connection.cursor()
        for pragma in ("journal_mode=WAL", "busy_timeout=30000", "foreign_keys=ON", "synchronous=FULL"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()
    elif type(dbapi_connection).__module__.startswith("psycopg"):
        dbapi_connection.autocommit = True
        dbapi_connection.execute("SET jit = off")  # compiling a statement over the whole ledger takes a second, and saves a tenth
        dbapi_connection.autocommit = False


@event.listens_for(Engine, "begin")
def _on_begin(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    if _waiting.get():
        connection.exec_driver_sql("BEGIN IMMEDIATE" if _writing.get() else "BEGIN")
        return
    known = connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one()
    connection.exec_driver_sql("PRAGMA busy_timeout=0")
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if _writing.get() else "BEGIN")
    finally:
        connection.exec_driver_sql(f"PRAGMA busy_timeout={known:d}")


@event.listens_for(Engine, "before_cursor_execute")
def _guard_statement(_c: Any, _cursor: Any, statement: str, _parameters: Any, _context: Any, _many: bool) -> None:
    if not _writing.get() and _changing(statement):
        raise WriteOutsideTransaction(statement.split("(")[0][:80])


@event.listens_for(Session, "transient_to_pending")
def _guard_add(_session: Session, row: object) -> None:
    if not _writing.get():
        raise WriteOutsideTransaction(f"adding {type(row).__name__}")


def _guard_set(row: object, _value: object, _old: object, _initiator: object) -> None:
    if not _writing.get() and object_session(row) is not None:
        raise WriteOutsideTransaction(f"changing {type(row).__name__}")


@event.listens_for(Mapper, "mapper_configured")
def _guard_columns(mapper: Mapper[Any], cls: type) -> None:
    for attribute in mapper.column_attrs:
        event.listen(getattr(cls, attribute.key), "set", _guard_set)


@lru_cache(maxsize=64)
def _once(table: Table, conflict: str, dialect: str) -> Any:
    """The statement of `insert_once`, made once: putting it together costs more than running it."""
    insert = postgresql_insert if dialect == "postgresql" else sqlite_insert
    return insert(table).on_conflict_do_nothing(index_elements=[conflict]).returning(table.c.id)


def insert_once(model: type[Base], conflict: str, **values: Any) -> int | None:
    """Insert a row unless one with this value of the unique column `conflict` exists; its id, or None.

    One statement and a transaction of its own on a connection of its own: it leaves no trail and needs no session.
    """
    refuse_inside_transaction()
    with bare_writes(), db.engine.begin() as connection:
        statement = _once(cast(Table, model.__table__), conflict, connection.dialect.name)
        return cast("int | None", connection.execute(statement, values).scalar())


# ---- rows that never change ----------------------------------------------------------------------------------------------------


def guard_rows(table: Any, verb: str, why: str, when: str = "") -> None:
    """A trigger that refuses UPDATE or DELETE of a table's rows (of those where `when` holds for OLD), on both databases.

    Made with the table; the migration writes the same statements (`guard_statements`).
    """
    for dialect, statement in guard_statements(table.name, verb, why, when):
        ddl = DDL(statement.replace("%", "%%"))  # type: ignore[no-untyped-call]
        event.listen(table, "after_create", ddl.execute_if(dialect=dialect))


def guard_statements(table: str, verb: str, why: str, when: str = "") -> list[tuple[str, str]]:
    """The trigger's SQL for each database."""
    name, message = f"{table}_no_{verb}", f"{table}: {why}"
    sqlite = (
        f"CREATE TRIGGER {name} BEFORE {verb.upper()} ON {table}{f' WHEN {when}' if when else ''} "
        f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
    )
    function = (
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{message}'; END $$"
    )
    rows = f" WHEN ({when})" if when else ""
    trigger = f"CREATE TRIGGER {name} BEFORE {verb.upper()} ON {table} FOR EACH ROW{rows} EXECUTE FUNCTION {name}()"
    return [("sqlite", sqlite), ("postgresql", function), ("postgresql", trigger)]


# ---- constraint names ----------------------------------------------------------------------------------------------------------


def constraint_name(error: IntegrityError) -> str | None:
    """The name of the violated constraint or unique index; None when the database does not say."""
    diagnostics = getattr(error.orig, "diag", None)
    if diagnostics is not None:
        return cast("str | None", diagnostics.constraint_name)
    text = str(error.orig)
    if text.startswith("CHECK constraint failed: "):
        return text.removeprefix("CHECK constraint failed: ")
    if text.startswith("UNIQUE constraint failed: "):
        columns = text.removeprefix("UNIQUE constraint failed: ").split(", ")
        table, wanted = columns[0].split(".")[0], [column.split(".")[1] for column in columns]
        return _unique_name(table, wanted)
    return None


def _unique_name(table_name: str, wanted: list[str]) -> str | None:
    table = Base.metadata.tables[table_name]
    for index in table.indexes:
        if index.unique and [column.name for column in index.columns] == wanted:
            return str(index.name)
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint) and [column.name for column in constraint.columns] == wanted:
            return str(constraint.name)
    return None
