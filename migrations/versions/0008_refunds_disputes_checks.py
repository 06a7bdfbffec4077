"""Refunds by two people, money sent by hand, disputes, and what the checks of the books found.

SQLite cannot change a CHECK, and a batch rebuild would lose the other checks and the triggers; so there a table whose list of
reasons grows is written anew from its own statement, with its own indexes and triggers.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

REASONS = ["rejected", "withdrawn", "cancelled", "duplicate", "overpayment", "month_taken", "worker_died", "error"]
MORE = ["worker_formal", "taken_over", "scheme_refused", "disputed"]
UNAGREED = "NEW.requested_by_id IS NOT NULL AND NEW.approved_by_id IS NULL AND NEW.state NOT IN ('requested', 'cancelled')"
USED = (
    "(SELECT coalesce(sum(r.amount_rupiah), 0) FROM refund r WHERE r.payment_id = NEW.payment_id"
    " AND r.state NOT IN ('failed', 'cancelled'))"
    " + (SELECT coalesce(sum(a.amount_rupiah), 0) FROM allocation a WHERE a.payment_id = NEW.payment_id AND a.freed_at IS NULL)"
    " + NEW.amount_rupiah"
)
WHOLE = "(SELECT p.amount_rupiah FROM payment p WHERE p.id = NEW.payment_id)"
TOO_MUCH, TWO = "refund: more than the payment", "refund: two people agree"
SQLITE = (
    f"CREATE TRIGGER refund_no_update BEFORE UPDATE ON refund WHEN {UNAGREED} BEGIN SELECT RAISE(ABORT, '{TWO}'); END",
    f"CREATE TRIGGER refund_within_payment BEFORE INSERT ON refund WHEN {USED} > {WHOLE} "
    f"BEGIN SELECT RAISE(ABORT, '{TOO_MUCH}'); END",
)
POSTGRESQL = (
    f"CREATE OR REPLACE FUNCTION refund_no_update() RETURNS trigger LANGUAGE plpgsql AS "
    f"$$ BEGIN RAISE EXCEPTION '{TWO}'; END $$",
    f"CREATE TRIGGER refund_no_update BEFORE UPDATE ON refund FOR EACH ROW WHEN ({UNAGREED}) "
    "EXECUTE FUNCTION refund_no_update()",
    "CREATE OR REPLACE FUNCTION refund_within_payment() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    f"PERFORM 1 FROM payment WHERE id = NEW.payment_id FOR UPDATE; IF {USED} > {WHOLE} THEN RAISE EXCEPTION '{TOO_MUCH}'; "
    "END IF; RETURN NEW; END $$",
    "CREATE TRIGGER refund_within_payment BEFORE INSERT ON refund FOR EACH ROW EXECUTE FUNCTION refund_within_payment()",
)


def _sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _words(reasons: list[str]) -> str:
    return "reason IN ({})".format(", ".join(f"'{reason}'" for reason in reasons))


def _reasons(table: str, before: list[str], after: list[str]) -> None:
    if _sqlite():
        _rebuild(table, _words(before), _words(after))
        return
    op.drop_constraint(op.f(f"ck_{table}_reason"), table, type_="check")
    op.create_check_constraint(op.f(f"ck_{table}_reason"), table, _words(after))


def _rebuild(table: str, old: str, new: str) -> None:
    """The table's own CREATE statement with `old` replaced by `new`; its rows, indexes and triggers as they were."""
    bind = op.get_bind()
    rows = bind.exec_driver_sql("SELECT type, sql FROM sqlite_master WHERE tbl_name = ? AND sql IS NOT NULL", (table,)).all()
    [create] = [sql for kind, sql in rows if kind == "table"]
    if old not in create:
        raise RuntimeError(f"{table} is not as 0001 made it")
    made = create.replace(old, new)
    head, body = made.split("(", 1)
    if table not in head:
        raise RuntimeError(f"{table} is not as 0001 made it")
    bind.exec_driver_sql(f"CREATE TABLE {table}_new ({body}")
    kept = [row[1] for row in bind.exec_driver_sql(f"PRAGMA table_info({table}_new)")]
    columns = ", ".join(kept)
    bind.exec_driver_sql(f"INSERT INTO {table}_new ({columns}) SELECT {columns} FROM {table}")  # noqa: S608 - names of ours
    bind.exec_driver_sql(f"DROP TABLE {table}")
    bind.exec_driver_sql(f"ALTER TABLE {table}_new RENAME TO {table}")
    for kind, sql in rows:
        if kind in ("index", "trigger"):
            bind.exec_driver_sql(sql)


def _guard_delete(table: str) -> None:
    name, why = f"{table}_no_delete", f"{table}: nothing about money is deleted"
    if _sqlite():
        op.execute(f"CREATE TRIGGER {name} BEFORE DELETE ON {table} BEGIN SELECT RAISE(ABORT, '{why}'); END")
        return
    op.execute(
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{why}'; END $$"
    )
    op.execute(f"CREATE TRIGGER {name} BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")


def upgrade() -> None:
    op.create_table(
        "book_check",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("found", sa.BigInteger(), nullable=False),
        sa.Column("detail", sa.String(length=200), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("found >= 0", name=op.f("ck_book_check_found")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_book_check")),
    )
    with op.batch_alter_table("book_check", schema=None) as batch_op:
        batch_op.create_index("uq_book_check_run_name", ["run", "name"], unique=True)

    op.create_table(
        "payout_account",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("ref", sa.String(length=32), nullable=False),
        sa.Column("sponsorship_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("bank", sa.String(length=24), nullable=False),
        sa.Column("holder_sealed", sa.String(length=400), nullable=True),
        sa.Column("number_sealed", sa.String(length=200), nullable=True),
        sa.Column("number_end", sa.String(length=3), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cleared_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "cleared_at IS NULL OR (holder_sealed IS NULL AND number_sealed IS NULL)", name=op.f("ck_payout_account_cleared")
        ),
        sa.ForeignKeyConstraint(["sponsorship_id"], ["sponsorship.id"], name=op.f("fk_payout_account_sponsorship_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout_account")),
        sa.UniqueConstraint("ref", name=op.f("uq_payout_account_ref")),
    )
    with op.batch_alter_table("payout_account", schema=None) as batch_op:
        batch_op.create_index(
            "uq_payout_account_living",
            ["sponsorship_id"],
            unique=True,
            sqlite_where=sa.text("cleared_at IS NULL"),
            postgresql_where=sa.text("cleared_at IS NULL"),
        )

    op.create_table(
        "dispute",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("ref", sa.String(length=32), nullable=False),
        sa.Column("payment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("provider_dispute", sa.String(length=255), nullable=False),
        sa.Column("amount_rupiah", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column(
            "state",
            sa.Enum("open", "won", "lost", name="state", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column("loss_rupiah", sa.BigInteger(), nullable=False),
        sa.Column(
            "loss",
            sa.Enum("pool", "written_off", name="loss_kind", native_enum=False, create_constraint=True, length=24),
            nullable=True,
        ),
        sa.Column("loss_note", sa.String(length=300), nullable=True),
        sa.Column("proposed_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("agreed_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("agreed_by_id IS NULL OR agreed_by_id <> proposed_by_id", name=op.f("ck_dispute_two_people")),
        sa.CheckConstraint("agreed_by_id IS NULL OR proposed_by_id IS NOT NULL", name=op.f("ck_dispute_proposed_first")),
        sa.CheckConstraint("amount_rupiah > 0", name=op.f("ck_dispute_amount")),
        sa.CheckConstraint("loss_rupiah >= 0 AND loss_rupiah <= amount_rupiah", name=op.f("ck_dispute_loss")),
        sa.ForeignKeyConstraint(["agreed_by_id"], ["person.id"], name=op.f("fk_dispute_agreed_by_id")),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_dispute_payment_id")),
        sa.ForeignKeyConstraint(["proposed_by_id"], ["person.id"], name=op.f("fk_dispute_proposed_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispute")),
        sa.UniqueConstraint("provider_dispute", name=op.f("uq_dispute_provider_dispute")),
        sa.UniqueConstraint("ref", name=op.f("uq_dispute_ref")),
    )
    with op.batch_alter_table("dispute", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_dispute_payment_id"), ["payment_id"], unique=False)
        batch_op.create_index("ix_dispute_state", ["state", "opened_at"], unique=False)

    op.create_table(
        "bank_transfer",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("refund_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("proof", sa.String(length=120), nullable=True),
        sa.Column("transferred_on", sa.Date(), nullable=True),
        sa.Column("typed_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("confirmed_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint("(typed_by_id IS NULL) = (proof IS NULL)", name=op.f("ck_bank_transfer_typed_with_proof")),
        sa.CheckConstraint("confirmed_by_id IS NULL OR confirmed_by_id <> typed_by_id", name=op.f("ck_bank_transfer_two_people")),
        sa.CheckConstraint("confirmed_by_id IS NULL OR typed_by_id IS NOT NULL", name=op.f("ck_bank_transfer_typed_first")),
        sa.ForeignKeyConstraint(["account_id"], ["payout_account.id"], name=op.f("fk_bank_transfer_account_id")),
        sa.ForeignKeyConstraint(["confirmed_by_id"], ["person.id"], name=op.f("fk_bank_transfer_confirmed_by_id")),
        sa.ForeignKeyConstraint(["refund_id"], ["refund.id"], name=op.f("fk_bank_transfer_refund_id")),
        sa.ForeignKeyConstraint(["typed_by_id"], ["person.id"], name=op.f("fk_bank_transfer_typed_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_transfer")),
        sa.UniqueConstraint("proof", name=op.f("uq_bank_transfer_proof")),
        sa.UniqueConstraint("refund_id", name=op.f("uq_bank_transfer_refund_id")),
    )
    with op.batch_alter_table("bank_transfer", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_bank_transfer_account_id"), ["account_id"], unique=False)

    op.add_column("refund", sa.Column("note", sa.String(length=300), nullable=True))
    op.add_column("suspense", sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True))
    if _sqlite():
        reference = "CONSTRAINT fk_suspense_returned_from_id REFERENCES refund (id)"
        op.execute(f"ALTER TABLE suspense ADD COLUMN returned_from_id INTEGER {reference}")
    else:
        op.add_column("suspense", sa.Column("returned_from_id", sa.BigInteger(), nullable=True))
        op.create_foreign_key("fk_suspense_returned_from_id", "suspense", "refund", ["returned_from_id"], ["id"])
    for table in ("refund", "suspense"):
        _reasons(table, REASONS, [*REASONS, *MORE])
    for table in ("payout_account", "bank_transfer", "dispute"):
        _guard_delete(table)
    for statement in SQLITE if _sqlite() else POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    for name in ("refund_no_update", "refund_within_payment"):
        op.execute(f"DROP TRIGGER {name}" if _sqlite() else f"DROP TRIGGER {name} ON refund")
    for table in ("refund", "suspense"):
        _reasons(table, [*REASONS, *MORE], REASONS)
    if _sqlite():
        _rebuild("suspense", ", returned_from_id INTEGER CONSTRAINT fk_suspense_returned_from_id REFERENCES refund (id)", "")
    else:
        op.drop_column("suspense", "returned_from_id")
    op.drop_column("suspense", "asked_at")
    op.drop_column("refund", "note")
    for table in ("bank_transfer", "dispute", "payout_account", "book_check"):
        op.drop_table(table)
    if not _sqlite():
        for name in (
            "refund_no_update",
            "refund_within_payment",
            "payout_account_no_delete",
            "bank_transfer_no_delete",
            "dispute_no_delete",
        ):
            op.execute(f"DROP FUNCTION {name}()")
