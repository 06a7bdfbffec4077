"""When the sweep looks at each worker next; at first it looks at everybody with living months, once."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

BATCH = 20_000
LIVE = "('paid', 'posted', 'remitted', 'reserved')"


def upgrade() -> None:
    op.create_table(
        "follow_up",
        sa.Column("worker_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("next_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["worker_id"], ["worker.id"], name=op.f("fk_follow_up_worker_id")),
        sa.PrimaryKeyConstraint("worker_id", name=op.f("pk_follow_up")),
    )
    op.create_index("ix_follow_up_next", "follow_up", ["next_on", "worker_id"])
    _fill()


def _fill() -> None:
    """In batches: one statement over millions of months would hold everything for as long as it takes."""
    connection = op.get_bind()
    last = connection.execute(sa.text("SELECT coalesce(max(id), 0) FROM worker")).scalar_one()
    everybody = sa.text(
        "INSERT INTO follow_up (worker_id, next_on) SELECT DISTINCT worker_id, CURRENT_DATE FROM coverage_month"  # noqa: S608
        f" WHERE worker_id > :first AND worker_id <= :last AND state IN {LIVE}"
    )
    for first in range(0, last, BATCH):
        connection.execute(everybody, {"first": first, "last": first + BATCH})


def downgrade() -> None:
    op.drop_index("ix_follow_up_next", table_name="follow_up")
    op.drop_table("follow_up")
