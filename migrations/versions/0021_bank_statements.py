"""Statements of the bank and their lines of money that came in."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


BOOKED = (
    "OLD.state = 'booked' AND "
    "(NEW.state <> 'booked' OR NEW.payment_id <> OLD.payment_id OR NEW.amount_rupiah <> OLD.amount_rupiah)"
)
TRIGGERS = (
    ("delete", "bank_line: nothing about money is deleted", ""),
    ("update", "bank_line: a booked line stays booked", f" WHEN ({BOOKED})"),
)


def _guard() -> None:
    for verb, why, when in TRIGGERS:
        name, head = f"bank_line_no_{verb}", f"BEFORE {verb.upper()} ON bank_line"
        if op.get_bind().dialect.name == "sqlite":
            bare = when.replace(" WHEN (", " WHEN ").removesuffix(")") if when else ""
            op.execute(f"CREATE TRIGGER {name} {head}{bare} BEGIN SELECT RAISE(ABORT, '{why}'); END")
            continue
        body = f"BEGIN RAISE EXCEPTION '{why}'; END"
        op.execute(f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$")
        op.execute(f"CREATE TRIGGER {name} {head} FOR EACH ROW{when} EXECUTE FUNCTION {name}()")


def upgrade() -> None:
    op.create_table(
        "bank_statement",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("ref", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("rows_in", sa.Integer(), nullable=False),
        sa.Column("rows_new", sa.Integer(), nullable=False),
        sa.Column("rows_out", sa.Integer(), nullable=False),
        sa.Column("taken_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("rows_in >= rows_new AND rows_new >= 0 AND rows_out >= 0", name=op.f("ck_bank_statement_amounts")),
        sa.ForeignKeyConstraint(["taken_by_id"], ["person.id"], name=op.f("fk_bank_statement_taken_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_statement")),
        sa.UniqueConstraint("ref", name=op.f("uq_bank_statement_ref")),
    )
    op.create_table(
        "bank_line",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("ref", sa.String(length=32), nullable=False),
        sa.Column("statement_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("row_number", sa.Integer(), nullable=False),
        sa.Column("mark", sa.String(length=64), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("amount_rupiah", sa.BigInteger(), nullable=False),
        sa.Column("words_sealed", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "new",
                "suggested",
                "unknown",
                "booked",
                "aside",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column(
            "why",
            sa.Enum("number", "code", "amount", "hand", name="why", native_enum=False, create_constraint=True, length=24),
            nullable=True,
        ),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("payment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("note", sa.String(length=300), nullable=True),
        sa.Column("decided_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'booked') = (payment_id IS NOT NULL)", name=op.f("ck_bank_line_booked_is_a_payment")),
        sa.CheckConstraint(
            "state <> 'aside' OR (note IS NOT NULL AND decided_by_id IS NOT NULL)", name=op.f("ck_bank_line_aside_by_somebody")
        ),
        sa.CheckConstraint("state <> 'suggested' OR order_id IS NOT NULL", name=op.f("ck_bank_line_suggested_names_a_bill")),
        sa.CheckConstraint("amount_rupiah > 0", name=op.f("ck_bank_line_amount")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["person.id"], name=op.f("fk_bank_line_decided_by_id")),
        sa.ForeignKeyConstraint(["order_id"], ["payment_order.id"], name=op.f("fk_bank_line_order_id")),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_bank_line_payment_id")),
        sa.ForeignKeyConstraint(["statement_id"], ["bank_statement.id"], name=op.f("fk_bank_line_statement_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_line")),
        sa.UniqueConstraint("payment_id", name=op.f("uq_bank_line_payment_id")),
        sa.UniqueConstraint("mark", name=op.f("uq_bank_line_mark")),
        sa.UniqueConstraint("ref", name=op.f("uq_bank_line_ref")),
    )
    with op.batch_alter_table("bank_line", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_bank_line_order_id"), ["order_id"], unique=False)
        batch_op.create_index("ix_bank_line_state", ["state", "id"], unique=False)
        batch_op.create_index("ix_bank_line_statement", ["statement_id", "state", "id"], unique=False)
    _guard()


def downgrade() -> None:
    with op.batch_alter_table("bank_line", schema=None) as batch_op:
        batch_op.drop_index("ix_bank_line_statement")
        batch_op.drop_index("ix_bank_line_state")
        batch_op.drop_index(batch_op.f("ix_bank_line_order_id"))

    op.drop_table("bank_line")
    op.drop_table("bank_statement")
    if op.get_bind().dialect.name != "sqlite":
        for verb, _why, _when in TRIGGERS:
            op.execute(f"DROP FUNCTION bank_line_no_{verb}()")
