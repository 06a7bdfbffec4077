"""The list of an organisation's workers is read by key, in each of its orders.

Revision ID: 0011
Revises: 0010
"""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_sponsorship_roster": ["organisation_id", "worker_id", "id"],
    "ix_sponsorship_roster_end": ["organisation_id", "last_month", "id"],
    "ix_sponsorship_roster_id": ["organisation_id", "id"],
    "ix_sponsorship_roster_name": ["organisation_id", "typed_name", "id"],
}


def upgrade() -> None:
    for name, columns in INDEXES.items():
        op.create_index(name, "sponsorship", columns, unique=False)


def downgrade() -> None:
    for name in reversed(INDEXES):
        op.drop_index(name, table_name="sponsorship")
