"""Reading the trail."""

from collections.abc import Sequence

from sqlalchemy import select

from sertakan.audit.models import AuditEntry
from sertakan.audit.rules import first_break
from sertakan.db import db


def list_for(subject: str, limit: int = 200) -> Sequence[AuditEntry]:
    """What happened to one thing, newest first."""
    return db.session.scalars(
        select(AuditEntry).where(AuditEntry.subject == subject).order_by(AuditEntry.id.desc()).limit(limit)
    ).all()


def find_break() -> int | None:
    """The id of the first entry that breaks the hash chain, or None."""
    table = AuditEntry.__table__
    rows = db.session.execute(select(table).order_by(table.c.id)).mappings()
    return first_break(dict(row) for row in rows)
