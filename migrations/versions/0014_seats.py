"""Seats of a relay, and the questions about months that fell free before one. Going back forgets them: no month and no money hangs on them."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

GUARDS = (
    ("seat", "delete", "a seat is never deleted", ""),
    ("seat", "update", "a seat that is over never changes", "OLD.state IN ('declined', 'expired', 'withdrawn')"),
    ("seat_ask", "delete", "a question is never deleted", ""),
)


def _guard(table: str, verb: str, why: str, when: str) -> None:
    name, message = f"{table}_no_{verb}", f"{table}: {why}"
    if op.get_bind().dialect.name == "sqlite":
        condition = f" WHEN {when}" if when else ""
        op.execute(f"CREATE TRIGGER {name} BEFORE {verb.upper()} ON {table}{condition} BEGIN SELECT RAISE(ABORT, '{message}'); END")
        return
    op.execute(f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{message}'; END $$")
    condition = f" WHEN ({when})" if when else ""
    op.execute(f"CREATE TRIGGER {name} BEFORE {verb.upper()} ON {table} FOR EACH ROW{condition} EXECUTE FUNCTION {name}()")


def upgrade() -> None:
    op.create_table(
        "seat",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("ref", sa.String(length=32), nullable=False),
        sa.Column("worker_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sponsorship_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("giver_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "offered",
                "held",
                "taken",
                "handed_on",
                "expired",
                "withdrawn",
                "declined",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("first_month", sa.Date(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("holder_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told_rupiah", sa.BigInteger(), nullable=True),
        sa.Column("taken_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("giver_named", sa.Boolean(), nullable=False),
        sa.Column("taker_named", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state <> 'held' OR held_until IS NOT NULL", name=op.f("ck_seat_held_for_a_time")),
        sa.CheckConstraint("state <> 'offered' OR holder_id IS NULL", name=op.f("ck_seat_offered_to_all")),
        sa.CheckConstraint(
            "state NOT IN ('declined', 'handed_on', 'held', 'taken') OR holder_id IS NOT NULL", name=op.f("ck_seat_holder")
        ),
        sa.CheckConstraint("state NOT IN ('taken', 'handed_on') OR taken_id IS NOT NULL", name=op.f("ck_seat_taken_by")),
        sa.CheckConstraint("count BETWEEN 1 AND 24", name=op.f("ck_seat_count")),
        sa.CheckConstraint("holder_id IS NULL OR holder_id <> giver_id", name=op.f("ck_seat_not_ones_own")),
        sa.CheckConstraint("taken_id IS NULL OR taken_id <> sponsorship_id", name=op.f("ck_seat_two_legs")),
        sa.ForeignKeyConstraint(["giver_id"], ["person.id"], name=op.f("fk_seat_giver_id")),
        sa.ForeignKeyConstraint(["holder_id"], ["person.id"], name=op.f("fk_seat_holder_id")),
        sa.ForeignKeyConstraint(["sponsorship_id"], ["sponsorship.id"], name=op.f("fk_seat_sponsorship_id")),
        sa.ForeignKeyConstraint(["taken_id"], ["sponsorship.id"], name=op.f("fk_seat_taken_id")),
        sa.ForeignKeyConstraint(["worker_id"], ["worker.id"], name=op.f("fk_seat_worker_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seat")),
        sa.UniqueConstraint("ref", name=op.f("uq_seat_ref")),
        sa.UniqueConstraint("taken_id", name=op.f("uq_seat_taken_id")),
    )
    with op.batch_alter_table("seat", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_seat_giver_id"), ["giver_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_seat_holder_id"), ["holder_id"], unique=False)
        batch_op.create_index(
            "ix_seat_living",
            ["id"],
            unique=False,
            sqlite_where=sa.text("state IN ('held', 'offered', 'taken')"),
            postgresql_where=sa.text("state IN ('held', 'offered', 'taken')"),
        )
        batch_op.create_index(batch_op.f("ix_seat_sponsorship_id"), ["sponsorship_id"], unique=False)
        batch_op.create_index("ix_seat_worker", ["worker_id"], unique=False)
        batch_op.create_index(
            "uq_seat_open",
            ["worker_id"],
            unique=True,
            sqlite_where=sa.text("state IN ('held', 'offered')"),
            postgresql_where=sa.text("state IN ('held', 'offered')"),
        )

    op.create_table(
        "seat_ask",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("ref", sa.String(length=32), nullable=False),
        sa.Column("seat_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "asked",
                "filled",
                "passed",
                "expired",
                "dropped",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("first_month", sa.Date(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("count BETWEEN 1 AND 24", name=op.f("ck_seat_ask_count")),
        sa.ForeignKeyConstraint(["seat_id"], ["seat.id"], name=op.f("fk_seat_ask_seat_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seat_ask")),
        sa.UniqueConstraint("ref", name=op.f("uq_seat_ask_ref")),
        sa.UniqueConstraint("seat_id", "first_month", name=op.f("uq_seat_ask_seat_id_first_month")),
    )
    with op.batch_alter_table("seat_ask", schema=None) as batch_op:
        batch_op.create_index(
            "uq_seat_ask_open",
            ["seat_id"],
            unique=True,
            sqlite_where=sa.text("state = 'asked'"),
            postgresql_where=sa.text("state = 'asked'"),
        )
    for guard in GUARDS:
        _guard(*guard)


def downgrade() -> None:
    with op.batch_alter_table("seat_ask", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_seat_ask_open", sqlite_where=sa.text("state = 'asked'"), postgresql_where=sa.text("state = 'asked'")
        )

    op.drop_table("seat_ask")
    with op.batch_alter_table("seat", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_seat_open",
            sqlite_where=sa.text("state IN ('held', 'offered')"),
            postgresql_where=sa.text("state IN ('held', 'offered')"),
        )
        batch_op.drop_index("ix_seat_worker")
        batch_op.drop_index(batch_op.f("ix_seat_sponsorship_id"))
        batch_op.drop_index(
            "ix_seat_living",
            sqlite_where=sa.text("state IN ('held', 'offered', 'taken')"),
            postgresql_where=sa.text("state IN ('held', 'offered', 'taken')"),
        )
        batch_op.drop_index(batch_op.f("ix_seat_holder_id"))
        batch_op.drop_index(batch_op.f("ix_seat_giver_id"))

    op.drop_table("seat")
