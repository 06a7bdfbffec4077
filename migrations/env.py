"""How Alembic runs inside the application: on its engine, in one transaction, with batch mode for SQLite."""

from alembic import context
from flask import current_app

from sertakan.db import Instant, MonthColumn, bare_writes

database = current_app.extensions["migrate"].db


def include_object(_object, name, kind, _reflected, _compare_to):
    """The rate counts' storage and SQLite's own tables are not ours to compare."""
    return not (kind == "table" and name.startswith("sqlite_"))


def render_item(kind, item, _context):
    """Our column types as the plain types they are stored as: a migration must not change when the models do."""
    if kind == "type" and isinstance(item, Instant):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, MonthColumn):
        return "sa.Date()"
    return False


def keys_apart(connection):
    """SQLite changes a table by building it anew, which its foreign keys forbid; they can only be put aside outside a transaction."""
    if connection.dialect.name == "sqlite":
        connection.connection.dbapi_connection.execute("PRAGMA foreign_keys=OFF")


def check_keys(connection):
    """What was put aside must still hold, else nothing of the migration is kept."""
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        if broken:
            raise RuntimeError(f"rows point nowhere after the migration: {broken[:5]}")


def run() -> None:
    arguments = {**current_app.extensions["migrate"].configure_args}
    arguments.setdefault("compare_type", False)
    with bare_writes(), database.engine.connect() as connection:
        keys_apart(connection)
        context.configure(
            connection=connection,
            target_metadata=database.metadata,
            include_object=include_object,
            render_item=render_item,
            **arguments,
        )
        with context.begin_transaction():
            context.run_migrations()
        check_keys(connection)
        connection.commit()


if context.is_offline_mode():
    raise SystemExit("migrations run against a database, not on paper")
run()
