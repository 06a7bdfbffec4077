"""The audit chain: append-only, hashed, written last."""

import pytest
import sqlalchemy as sa
from flask import Flask

from sertakan.audit import queries, service
from sertakan.audit.models import AuditEntry
from sertakan.db import WriteOutsideTransaction, bare_writes, db, transaction
from tests.cast import Cast


def _write(*words: str) -> None:
    with transaction():
        for word in words:
            service.record(actor=service.SYSTEM, action=word, subject="test:1", after={"word": word})


def test_entries_follow_one_another(app: Flask) -> None:
    _write("one", "two")
    _write("three")
    assert queries.find_break() is None
    assert [entry.action for entry in queries.list_for("test:1")] == ["three", "two", "one"]


def test_nothing_is_written_when_the_transaction_fails(app: Flask) -> None:
    def fail() -> None:
        with transaction():
            service.record(actor=service.SYSTEM, action="lost", subject="test:2")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    _write("kept")
    assert not queries.list_for("test:2")


def test_a54_a_changed_entry_shows_even_when_the_trigger_is_gone(app: Flask) -> None:
    _write("one", "two", "three")
    second = db.session.scalars(sa.select(AuditEntry.id).order_by(AuditEntry.id)).all()[-2]
    db.session.remove()
    table = "ON audit_entry" if db.engine.dialect.name == "postgresql" else ""
    with bare_writes(), db.session.begin():
        for name in ("audit_entry_no_update", "audit_entry_no_delete"):
            db.session.execute(sa.text(f"DROP TRIGGER {name} {table}"))
        db.session.execute(sa.text("UPDATE audit_entry SET actor = 'someone' WHERE id = :id"), {"id": second})
    assert queries.find_break() == second


@pytest.mark.parametrize("statement", ["UPDATE audit_entry SET actor = 'x'", "DELETE FROM audit_entry"])
def test_a54_the_database_refuses_to_change_the_trail(app: Flask, statement: str) -> None:
    _write("one")
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), transaction() as session:
        session.execute(sa.text(statement))


def test_a_row_cannot_change_outside_a_transaction(app: Flask, cast: Cast) -> None:
    with pytest.raises(WriteOutsideTransaction):
        cast.sari.name = "Siti"
    with pytest.raises(WriteOutsideTransaction):
        db.session.execute(sa.text("UPDATE person SET name = 'Siti'"))
    with pytest.raises(WriteOutsideTransaction):
        db.session.add(AuditEntry())
