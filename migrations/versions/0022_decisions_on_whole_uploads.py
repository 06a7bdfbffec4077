"""Decisions of officers on whole uploads, and which promises wait for one."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "batch_decision",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("ref", sa.String(length=32), nullable=False),
        sa.Column("upload_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("officer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("seen", sa.Text(), nullable=False),
        sa.Column("approved", sa.Integer(), nullable=False),
        sa.Column("left_over", sa.Integer(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("approved >= 0 AND left_over >= 0", name=op.f("ck_batch_decision_amounts")),
        sa.ForeignKeyConstraint(["officer_id"], ["person.id"], name=op.f("fk_batch_decision_officer_id")),
        sa.ForeignKeyConstraint(["upload_id"], ["upload.id"], name=op.f("fk_batch_decision_upload_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch_decision")),
        sa.UniqueConstraint("ref", name=op.f("uq_batch_decision_ref")),
        sa.UniqueConstraint("upload_id", name=op.f("uq_batch_decision_upload_id")),
    )
    op.add_column("sponsorship", sa.Column("in_batch", sa.Boolean(), server_default=sa.false(), nullable=False))



def downgrade() -> None:
    op.drop_column("sponsorship", "in_batch")

    op.drop_table("batch_decision")
