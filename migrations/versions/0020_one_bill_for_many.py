"""One bill for many workers: whose it is, its paper, and what the rows of an upload have become.

Going down, a bill of an organisation is kept as a bill of the first promise on it: the older tables know no other kind.
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

STATES = ("uploaded", "mapping", "checking", "checked", "submitted", "confirmed", "withdrawn", "failed")
FIRST_PROMISE = (
    "SELECT coverage_month.sponsorship_id FROM order_line "
    "JOIN coverage_month ON coverage_month.id = order_line.coverage_month_id "
    "WHERE order_line.order_id = payment_order.id ORDER BY order_line.id LIMIT 1"
)


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


def _states(*more: str) -> str:
    return "state IN ({})".format(", ".join(f"'{state}'" for state in (*STATES, *more)))


def upgrade() -> None:
    op.create_table(
        "invoice",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("ref", sa.String(length=32), nullable=False),
        sa.Column("share_ref", sa.String(length=32), nullable=False),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("workers", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["payment_order.id"], name=op.f("fk_invoice_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice")),
        sa.UniqueConstraint("order_id", name=op.f("uq_invoice_order_id")),
        sa.UniqueConstraint("ref", name=op.f("uq_invoice_ref")),
        sa.UniqueConstraint("share_ref", name=op.f("uq_invoice_share_ref")),
        sa.UniqueConstraint("year", "number", name=op.f("uq_invoice_year_number")),
    )
    with op.batch_alter_table("payment_order", schema=None) as batch_op:
        batch_op.add_column(sa.Column("organisation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True))
        batch_op.alter_column("sponsorship_id", existing_type=sa.INTEGER(), nullable=True)
        batch_op.create_index("ix_payment_order_organisation", ["organisation_id", "id"], unique=False)
        batch_op.create_foreign_key(batch_op.f("fk_payment_order_organisation_id"), "organisation", ["organisation_id"], ["id"])
        batch_op.create_check_constraint(
            batch_op.f("ck_payment_order_one_payer"), "(sponsorship_id IS NULL) = (organisation_id IS NOT NULL)"
        )

    _guard_delete("invoice")
    if _sqlite():  # building a table anew loses its trigger
        _guard_delete("payment_order")

    with op.batch_alter_table("upload", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_upload_state"), type_="check")
        batch_op.create_check_constraint(batch_op.f("ck_upload_state"), _states("applying", "applied"))
        batch_op.drop_constraint(batch_op.f("ck_upload_confirmed_by_somebody"), type_="check")
        batch_op.create_check_constraint(
            batch_op.f("ck_upload_confirmed_by_somebody"),
            "state NOT IN ('confirmed', 'applying', 'applied') OR decided_by_id IS NOT NULL",
        )
        batch_op.add_column(sa.Column("rows_applied", sa.Integer(), server_default=sa.text("0"), nullable=False))
        batch_op.add_column(sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True))
        batch_op.create_unique_constraint(batch_op.f("uq_upload_order_id"), ["order_id"])
        batch_op.create_foreign_key(batch_op.f("fk_upload_order_id"), "payment_order", ["order_id"], ["id"])

    with op.batch_alter_table("upload_row", schema=None) as batch_op:
        batch_op.add_column(sa.Column("sponsorship_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True))
        batch_op.create_unique_constraint(batch_op.f("uq_upload_row_sponsorship_id"), ["sponsorship_id"])
        batch_op.create_foreign_key(batch_op.f("fk_upload_row_sponsorship_id"), "sponsorship", ["sponsorship_id"], ["id"])


def downgrade() -> None:
    with op.batch_alter_table("upload_row", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_upload_row_sponsorship_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("uq_upload_row_sponsorship_id"), type_="unique")
        batch_op.drop_column("sponsorship_id")

    op.execute("UPDATE upload SET state = 'confirmed' WHERE state IN ('applying', 'applied')")
    with op.batch_alter_table("upload", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_upload_state"), type_="check")
        batch_op.create_check_constraint(batch_op.f("ck_upload_state"), _states())
        batch_op.drop_constraint(batch_op.f("ck_upload_confirmed_by_somebody"), type_="check")
        batch_op.create_check_constraint(
            batch_op.f("ck_upload_confirmed_by_somebody"), "state <> 'confirmed' OR decided_by_id IS NOT NULL"
        )
        batch_op.drop_constraint(batch_op.f("fk_upload_order_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("uq_upload_order_id"), type_="unique")
        batch_op.drop_column("order_id")
        batch_op.drop_column("applied_at")
        batch_op.drop_column("rows_applied")

    with op.batch_alter_table("payment_order", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_payment_order_one_payer"), type_="check")
    # the first promise may have bills of its own: this one is numbered after them
    op.execute(f"UPDATE payment_order SET sponsorship_id = ({FIRST_PROMISE}), attempt = 1000 + id WHERE sponsorship_id IS NULL")
    with op.batch_alter_table("payment_order", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_payment_order_organisation_id"), type_="foreignkey")
        batch_op.drop_index("ix_payment_order_organisation")
        batch_op.alter_column("sponsorship_id", existing_type=sa.INTEGER(), nullable=False)
        batch_op.drop_column("organisation_id")

    if _sqlite():
        _guard_delete("payment_order")
    op.drop_table("invoice")
    if not _sqlite():
        op.execute("DROP FUNCTION invoice_no_delete()")
