"""automatic renewal"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def _sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


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
        "autopay",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("ref", sa.String(length=32), nullable=False),
        sa.Column("sponsorship_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("asking", "living", "ended", name="state", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column("locale", sa.String(length=2), nullable=False),
        sa.Column("customer", sa.String(length=255), nullable=True),
        sa.Column("setup_session", sa.String(length=255), nullable=True),
        sa.Column("setup_url", sa.String(length=2048), nullable=True),
        sa.Column("method", sa.String(length=255), nullable=True),
        sa.Column("brand", sa.String(length=24), nullable=True),
        sa.Column("last4", sa.String(length=4), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("session_expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "end_reason",
            sa.Enum(
                "stopped",
                "replaced",
                "declined",
                "closed",
                "abandoned",
                name="end_reason",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=True,
        ),
        sa.Column("detached_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'ended') = (ended_at IS NOT NULL)", name=op.f("ck_autopay_ended")),
        sa.CheckConstraint("detached_at IS NULL OR state = 'ended'", name=op.f("ck_autopay_detached_when_ended")),
        sa.CheckConstraint(
            "state <> 'living' OR (method IS NOT NULL AND begun_at IS NOT NULL)", name=op.f("ck_autopay_living_has_card")
        ),
        sa.CheckConstraint("months BETWEEN 1 AND 12", name=op.f("ck_autopay_months")),
        sa.ForeignKeyConstraint(["sponsorship_id"], ["sponsorship.id"], name=op.f("fk_autopay_sponsorship_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_autopay")),
        sa.UniqueConstraint("method", name=op.f("uq_autopay_method")),
        sa.UniqueConstraint("ref", name=op.f("uq_autopay_ref")),
        sa.UniqueConstraint("setup_session", name=op.f("uq_autopay_setup_session")),
    )
    with op.batch_alter_table("autopay", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_autopay_customer"), ["customer"], unique=False)
        batch_op.create_index(batch_op.f("ix_autopay_sponsorship_id"), ["sponsorship_id"], unique=False)
        batch_op.create_index("ix_autopay_state", ["state", "detached_at"], unique=False)
        batch_op.create_index(
            "uq_autopay_living",
            ["sponsorship_id"],
            unique=True,
            sqlite_where=sa.text("state = 'living'"),
            postgresql_where=sa.text("state = 'living'"),
        )

    op.create_table(
        "auto_charge",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("ref", sa.String(length=32), nullable=False),
        sa.Column("autopay_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sponsorship_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("first_month", sa.Date(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("amount_rupiah", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "announced",
                "trying",
                "paid",
                "failed",
                "dropped",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("announced_on", sa.Date(), nullable=False),
        sa.Column("announcements", sa.Integer(), nullable=False),
        sa.Column("reminded", sa.Boolean(), nullable=False),
        sa.Column("charge_on", sa.Date(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("idempotency_key", sa.String(length=64), nullable=True),
        sa.Column("first_tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("provider_intent", sa.String(length=255), nullable=True),
        sa.Column("failure", sa.String(length=80), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state NOT IN ('trying', 'paid') OR order_id IS NOT NULL", name=op.f("ck_auto_charge_has_bill")),
        sa.CheckConstraint("amount_rupiah > 0", name=op.f("ck_auto_charge_amount")),
        sa.CheckConstraint("months BETWEEN 1 AND 12", name=op.f("ck_auto_charge_months")),
        sa.CheckConstraint("tries BETWEEN 0 AND 2", name=op.f("ck_auto_charge_two_tries")),
        sa.ForeignKeyConstraint(["autopay_id"], ["autopay.id"], name=op.f("fk_auto_charge_autopay_id")),
        sa.ForeignKeyConstraint(["order_id"], ["payment_order.id"], name=op.f("fk_auto_charge_order_id")),
        sa.ForeignKeyConstraint(["sponsorship_id"], ["sponsorship.id"], name=op.f("fk_auto_charge_sponsorship_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_auto_charge")),
        sa.UniqueConstraint("autopay_id", "first_month", "number", name=op.f("uq_auto_charge_autopay_id_first_month_number")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_auto_charge_idempotency_key")),
        sa.UniqueConstraint("order_id", name=op.f("uq_auto_charge_order_id")),
        sa.UniqueConstraint("provider_intent", name=op.f("uq_auto_charge_provider_intent")),
        sa.UniqueConstraint("ref", name=op.f("uq_auto_charge_ref")),
    )
    with op.batch_alter_table("auto_charge", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_auto_charge_autopay_id"), ["autopay_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_auto_charge_sponsorship_id"), ["sponsorship_id"], unique=False)
        batch_op.create_index("ix_auto_charge_state", ["state", "charge_on"], unique=False)
        batch_op.create_index(
            "uq_auto_charge_waiting",
            ["sponsorship_id"],
            unique=True,
            sqlite_where=sa.text("state IN ('announced', 'trying')"),
            postgresql_where=sa.text("state IN ('announced', 'trying')"),
        )

    op.add_column("payment_order", sa.Column("off_session", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("sponsorship", sa.Column("auto", sa.Boolean(), server_default=sa.false(), nullable=False))
    for table in ("autopay", "auto_charge"):
        _guard_delete(table)



def downgrade() -> None:
    """Consents and charges are gone, so nothing renews itself; their bills, payments and months stay."""
    op.drop_column("sponsorship", "auto")
    op.drop_column("payment_order", "off_session")

    op.drop_table("auto_charge")
    op.drop_table("autopay")
    if not _sqlite():
        for table in ("autopay", "auto_charge"):
            op.execute(f"DROP FUNCTION {table}_no_delete()")
