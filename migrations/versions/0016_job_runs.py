"""job runs"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "job_run",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=24), nullable=False),
        sa.Column("claim", sa.String(length=48), nullable=True),
        sa.Column(
            "state",
            sa.Enum("running", "done", "failed", "stopped", name="state", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("result", sa.String(length=200), nullable=True),
        sa.Column("fault", sa.String(length=16), nullable=True),
        sa.CheckConstraint("(state = 'running') = (ended_at IS NULL)", name=op.f("ck_job_run_ended")),
        sa.CheckConstraint("state <> 'failed' OR fault IS NOT NULL", name=op.f("ck_job_run_failed_has_fault")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_run")),
        sa.UniqueConstraint("claim", name=op.f("uq_job_run_claim")),
    )
    with op.batch_alter_table("job_run", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_job_run_ended_at"), ["ended_at"], unique=False)
        batch_op.create_index("ix_job_run_name", ["name", "state", "started_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_job_run_started_at"), ["started_at"], unique=False)



def downgrade() -> None:
    with op.batch_alter_table("job_run", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_job_run_started_at"))
        batch_op.drop_index("ix_job_run_name")
        batch_op.drop_index(batch_op.f("ix_job_run_ended_at"))

    op.drop_table("job_run")
