"""Many rows at once, with few statements. Called inside `transaction()`, as every write is."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import JSON, Table, Text, column, func, literal, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import Dialect

from sertakan.db import Base, db


def insert_all(model: type[Base], rows: Sequence[Mapping[str, Any]], clash: Callable[[Any], Any] | None = None) -> int:
    """Insert many rows of the same columns, in their order; how many. A column that Python fills must be among them.

    `clash` adds to the statement what becomes of rows that a unique key already knows; without it they are an IntegrityError.
    """
    if not rows:
        return 0
    connection, table = db.session().connection(), cast(Table, model.__table__)
    many = connection.dialect.name == "postgresql" and len(rows) > 1
    statement: Any = (postgresql_insert if connection.dialect.name == "postgresql" else sqlite_insert)(table)
    if many:
        statement = statement.from_select(list(rows[0]), _given(table, rows, connection.dialect))
    if clash is not None:
        statement = clash(statement)
    found = connection.execute(statement, None if many else list(rows), execution_options={"preserve_rowcount": True})
    return int(found.rowcount)


def insert_new(model: type[Base], rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert many rows, leaving out those that a unique key already knows; how many were new."""
    return insert_all(model, rows, lambda statement: statement.on_conflict_do_nothing())


def _given(table: Table, rows: Sequence[Mapping[str, Any]], dialect: Dialect) -> Any:
    """The rows as a table out of one JSON value: half the time of a statement for each, which the driver would send."""
    write = {
        name: None if isinstance(table.c[name].type, JSON) else table.c[name].type.dialect_impl(dialect).bind_processor(dialect)
        for name in rows[0]
    }
    plain = [{name: made(row[name]) if made else row[name] for name, made in write.items()} for row in rows]
    source = func.json_to_recordset(literal(json.dumps(plain, default=str), Text()).cast(JSON))
    return select(*source.table_valued(*(column(name, table.c[name].type) for name in write)).render_derived(with_types=True).c)
