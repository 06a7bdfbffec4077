"""Workers who died, left or were merged are found without reading the others."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

GONE = sa.text("state IN ('deceased', 'merged', 'withdrawn')")


def upgrade() -> None:
    op.create_index("ix_worker_gone", "worker", ["id"], unique=False, sqlite_where=GONE, postgresql_where=GONE)


def downgrade() -> None:
    op.drop_index("ix_worker_gone", table_name="worker")
