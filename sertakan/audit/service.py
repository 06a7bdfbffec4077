"""Recording. Entries are collected while a transaction runs and chained as its last act, under one lock taken last of all."""

from typing import Any

from flask import g, has_request_context
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from sertakan.audit.models import AuditEntry
from sertakan.audit.rules import GENESIS, link
from sertakan.batch import insert_all
from sertakan.db import before_commit, db, in_transaction
from sertakan.kit import clock

SYSTEM = "system"
GATEWAY = "gateway"


def record(
    *,
    actor: str,
    action: str,
    subject: str,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str | None = None,
) -> None:
    """Write down one fact with this transaction. `actor`: a person's ref, SYSTEM or GATEWAY; `subject`: `kind:ref`.

    Values must be free of personal data: refs, codes, states, months and rupiah only.
    """
    assert in_transaction(), "audit is part of the transaction that it describes"
    source = getattr(g, "address_hash", None) if has_request_context() else None
    entry = {
        "at": clock.now(),
        "actor": actor,
        "action": action,
        "subject": subject,
        "before": before,
        "after": after,
        "reason": reason,
        "source": source,
    }
    db.session.info.setdefault("audit", []).append(entry)


@before_commit
def _chain(session: Session) -> None:
    entries = session.info.pop("audit", [])
    if not entries:
        return
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(7151971)"))
    previous = session.scalar(select(AuditEntry.hash).order_by(AuditEntry.id.desc()).limit(1)) or GENESIS
    rows = []
    for entry in entries:
        digest = link(previous, entry)
        rows.append(entry | {"previous_hash": previous, "hash": digest})
        previous = digest
    insert_all(AuditEntry, rows)
