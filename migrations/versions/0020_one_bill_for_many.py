"""One bill for many workers: whose it is, its paper, and what the rows of an upload have become."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

STATES = ("uploaded", "mapping", "checking", "checked", "submitted", "confirmed", "withdrawn", "failed")
KINDS = (
    "nik_empty",
    "nik_excel",
    "nik_letters",
    "nik_length",
    "nik_wrong",
    "nik_twice",
    "name_empty",
    "name_digits",
    "name_long",
    "occupation_empty",
    "occupation_unknown",
    "born_unreadable",
    "born_differs",
    "sex_differs",
    "phone_wrong",
    "kelurahan_unknown",
    "too_young",
    "too_old",
    "not_working",
    "covered",
    "own_employee",
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


def _kinds(*more: str) -> str:
    return "kind IN ({})".format(", ".join(f"'{kind}'" for kind in (*KINDS, *more)))


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
        batch_op.create_index("ix_payment_order_organisation", ["organisation_id", "id"], unique=False)
        batch_op.create_foreign_key(batch_op.f("fk_payment_order_organisation_id"), "organisation", ["organisation_id"], ["id"])
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
        batch_op.drop_constraint(batch_op.f("ck_upload_row_kind"), type_="check")
        batch_op.create_check_constraint(batch_op.f("ck_upload_row_kind"), _kinds("gone"))
        batch_op.add_column(sa.Column("sponsorship_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True))
        batch_op.create_unique_constraint(batch_op.f("uq_upload_row_sponsorship_id"), ["sponsorship_id"])
        batch_op.create_foreign_key(batch_op.f("fk_upload_row_sponsorship_id"), "sponsorship", ["sponsorship_id"], ["id"])


def downgrade() -> None:
    op.execute("UPDATE upload_row SET kind = 'covered' WHERE kind = 'gone'")
    with op.batch_alter_table("upload_row", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_upload_row_kind"), type_="check")
        batch_op.create_check_constraint(batch_op.f("ck_upload_row_kind"), _kinds())
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
        batch_op.drop_constraint(batch_op.f("fk_payment_order_organisation_id"), type_="foreignkey")
        batch_op.drop_index("ix_payment_order_organisation")
        batch_op.drop_column("organisation_id")
    if _sqlite():
        _guard_delete("payment_order")

    op.drop_table("invoice")
    if not _sqlite():
        op.execute("DROP FUNCTION invoice_no_delete()")
