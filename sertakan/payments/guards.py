"""The database's own no: refunds not failed and money in months are never more than the payment they come from (PRODUCT 5.5)."""

from typing import Any

from sqlalchemy import DDL, event

MESSAGE = "refund: more than the payment"
USED = (
    "(SELECT coalesce(sum(r.amount_rupiah), 0) FROM refund r WHERE r.payment_id = NEW.payment_id"
    " AND r.state NOT IN ('failed', 'cancelled'))"
    " + (SELECT coalesce(sum(a.amount_rupiah), 0) FROM allocation a WHERE a.payment_id = NEW.payment_id AND a.freed_at IS NULL)"
    " + NEW.amount_rupiah"
)
WHOLE = "(SELECT p.amount_rupiah FROM payment p WHERE p.id = NEW.payment_id)"
# the payment is locked first, so that of two refunds at once the second counts the first
STATEMENTS = (
    (
        "sqlite",
        f"CREATE TRIGGER refund_within_payment BEFORE INSERT ON refund WHEN {USED} > {WHOLE} "
        f"BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END",
    ),
    (
        "postgresql",
        "CREATE OR REPLACE FUNCTION refund_within_payment() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"PERFORM 1 FROM payment WHERE id = NEW.payment_id FOR UPDATE; IF {USED} > {WHOLE} THEN RAISE EXCEPTION '{MESSAGE}'; "
        "END IF; RETURN NEW; END $$",
    ),
    (
        "postgresql",
        "CREATE TRIGGER refund_within_payment BEFORE INSERT ON refund FOR EACH ROW EXECUTE FUNCTION refund_within_payment()",
    ),
)


def guard_refunds(table: Any) -> None:
    """Make the trigger with the table; the migration writes the same statements."""
    for dialect, statement in STATEMENTS:
        ddl = DDL(statement.replace("%", "%%"))  # type: ignore[no-untyped-call]
        event.listen(table, "after_create", ddl.execute_if(dialect=dialect))
