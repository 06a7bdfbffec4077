"""An organisation's own employees: a keyed hash of each NIK, and the list as a whole."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "employee",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("organisation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("nik_hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_employee_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_employee")),
        sa.UniqueConstraint("organisation_id", "nik_hash", name=op.f("uq_employee_organisation_id_nik_hash")),
    )
    op.create_table(
        "employee_list",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("organisation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("count > 0", name=op.f("ck_employee_list_somebody")),
        sa.ForeignKeyConstraint(["changed_by_id"], ["person.id"], name=op.f("fk_employee_list_changed_by_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_employee_list_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_employee_list")),
        sa.UniqueConstraint("organisation_id", name=op.f("uq_employee_list_organisation_id")),
    )


def downgrade() -> None:
    op.drop_table("employee_list")
    op.drop_table("employee")
