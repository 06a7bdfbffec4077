"""reminders are rows"""

from datetime import date, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reminder",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column(
            "audience",
            sa.Enum("sponsor", "worker", "staff", name="audience", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column("recipient", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("sponsorship_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("worker_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "announcement",
                "reminder_30",
                "reminder_10",
                "reminder_3",
                "grace",
                "rescue_25",
                "rescue_50",
                "cliff",
                "lapsed",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("covered_until", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("due", "queued", "listed", "skipped", name="state", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column("reason", sa.String(length=120), nullable=True),
        sa.Column("notice_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stale_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(audience = 'sponsor') = (person_id IS NOT NULL)", name=op.f("ck_reminder_person")),
        sa.CheckConstraint("state <> 'queued' OR notice_id IS NOT NULL", name=op.f("ck_reminder_queued_has_message")),
        sa.CheckConstraint("state <> 'skipped' OR reason IS NOT NULL", name=op.f("ck_reminder_skipped_has_reason")),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"], name=op.f("fk_reminder_notice_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_reminder_person_id")),
        sa.ForeignKeyConstraint(["sponsorship_id"], ["sponsorship.id"], name=op.f("fk_reminder_sponsorship_id")),
        sa.ForeignKeyConstraint(["worker_id"], ["worker.id"], name=op.f("fk_reminder_worker_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder")),
        sa.UniqueConstraint(
            "recipient",
            "sponsorship_id",
            "kind",
            "covered_until",
            name=op.f("uq_reminder_recipient_sponsorship_id_kind_covered_until"),
        ),
    )
    with op.batch_alter_table("reminder", schema=None) as batch_op:
        batch_op.create_index("ix_reminder_day", ["due_on", "audience", "state"], unique=False)
        batch_op.create_index(
            "ix_reminder_due",
            ["recipient", "id"],
            unique=False,
            sqlite_where=sa.text("state = 'due'"),
            postgresql_where=sa.text("state = 'due'"),
        )
        batch_op.create_index(batch_op.f("ix_reminder_notice_id"), ["notice_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_reminder_sponsorship_id"), ["sponsorship_id"], unique=False)
        batch_op.create_index("ix_reminder_worker", ["worker_id", "state"], unique=False)

    op.add_column("notice", sa.Column("handed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("notice", sa.Column("stop_url", sa.String(length=300), nullable=True))

    op.add_column("sponsorship", sa.Column("declined_until", sa.Date(), nullable=True))

    _keep_what_was_told()


def _keep_what_was_told() -> None:
    """Reminders were known by their message's key alone; as rows they are not told a second time."""
    bind = op.get_bind()
    told = sa.text(
        "SELECT notice.id, notice.key, notice.created_at, s.id AS about, s.sponsor_id, s.worker_id FROM notice "
        "JOIN sponsorship s ON notice.subject = 'sponsorship:' || s.ref WHERE notice.key LIKE 'reminder:%'"
    ).columns(created_at=sa.DateTime(timezone=True))
    reminder = sa.Table("reminder", sa.MetaData(), autoload_with=bind)
    for notice_id, key, created_at, sponsorship_id, sponsor_id, worker_id in bind.execute(told).all():
        _reminder, _ref, kind, until = key.split(":")
        bind.execute(
            reminder.insert().values(
                audience="sponsor",
                recipient=f"person:{sponsor_id}",
                person_id=sponsor_id,
                sponsorship_id=sponsorship_id,
                worker_id=worker_id,
                kind=kind,
                covered_until=date.fromisoformat(until),
                due_on=created_at.date(),
                state="queued",
                notice_id=notice_id,
                created_at=created_at,
                stale_at=created_at + timedelta(days=30),
            )
        )


def downgrade() -> None:
    op.drop_column("sponsorship", "declined_until")

    op.drop_column("notice", "stop_url")
    op.drop_column("notice", "handed_at")

    with op.batch_alter_table("reminder", schema=None) as batch_op:
        batch_op.drop_index("ix_reminder_worker")
        batch_op.drop_index(batch_op.f("ix_reminder_sponsorship_id"))
        batch_op.drop_index(batch_op.f("ix_reminder_notice_id"))
        batch_op.drop_index("ix_reminder_due", sqlite_where=sa.text("state = 'due'"), postgresql_where=sa.text("state = 'due'"))
        batch_op.drop_index("ix_reminder_day")

    op.drop_table("reminder")
