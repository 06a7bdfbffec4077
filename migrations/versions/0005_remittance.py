"""remittance"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

MONEY = "nothing about money is deleted"
GUARDS = (
    ("remittance_batch", "delete", MONEY, ""),
    ("remittance_answer_file", "delete", MONEY, ""),
    ("remittance_line", "delete", MONEY, ""),
    ("remittance_answer_row", "delete", MONEY, ""),
    ("remittance_repair", "delete", MONEY, ""),
    (
        "remittance_batch",
        "update",
        "a locked batch keeps its sums",
        "OLD.fingerprint IS NOT NULL AND (NEW.fingerprint <> OLD.fingerprint OR NEW.amount_rupiah <> OLD.amount_rupiah "
        "OR NEW.months <> OLD.months OR NEW.locked_by_id <> OLD.locked_by_id OR NEW.created_by_id <> OLD.created_by_id)",
    ),
    ("remittance_line", "update", "final", "OLD.state IN ('posted', 'refused', 'dropped') AND NEW.state <> OLD.state"),
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
        "remittance_column",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("field", sa.String(length=24), nullable=False),
        sa.Column("title", sa.String(length=60), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.CheckConstraint("place >= 0", name=op.f("ck_remittance_column_place")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remittance_column")),
        sa.UniqueConstraint("kind", "field", name=op.f("uq_remittance_column_kind_field")),
    )
    op.create_table(
        "remittance_batch",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("ref", sa.String(length=32), nullable=False),
        sa.Column("code", sa.String(length=9), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "locked",
                "code_received",
                "paid",
                "closed",
                "partly_closed",
                "dropped",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("through_month", sa.Date(), nullable=False),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("amount_rupiah", sa.BigInteger(), nullable=False),
        sa.Column("totals", sa.JSON(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=True),
        sa.Column("payment_code", sa.String(length=40), nullable=True),
        sa.Column("proof", sa.String(length=120), nullable=True),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("created_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("locked_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("paid_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("locked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("code_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('draft', 'dropped') OR (fingerprint IS NOT NULL AND locked_by_id IS NOT NULL)",
            name=op.f("ck_remittance_batch_locked"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('paid', 'closed', 'partly_closed') OR (paid_by_id IS NOT NULL AND proof IS NOT NULL)",
            name=op.f("ck_remittance_batch_paid"),
        ),
        sa.CheckConstraint("months >= 0 AND amount_rupiah >= 0 AND done >= 0", name=op.f("ck_remittance_batch_not_negative")),
        sa.CheckConstraint(
            "paid_by_id IS NULL OR (paid_by_id <> locked_by_id AND paid_by_id <> created_by_id)",
            name=op.f("ck_remittance_batch_two_people"),
        ),
        sa.ForeignKeyConstraint(["created_by_id"], ["person.id"], name=op.f("fk_remittance_batch_created_by_id")),
        sa.ForeignKeyConstraint(["locked_by_id"], ["person.id"], name=op.f("fk_remittance_batch_locked_by_id")),
        sa.ForeignKeyConstraint(["paid_by_id"], ["person.id"], name=op.f("fk_remittance_batch_paid_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remittance_batch")),
        sa.UniqueConstraint("code", name=op.f("uq_remittance_batch_code")),
        sa.UniqueConstraint("ref", name=op.f("uq_remittance_batch_ref")),
    )
    with op.batch_alter_table("remittance_batch", schema=None) as batch_op:
        batch_op.create_index("ix_remittance_batch_state", ["state", "created_at"], unique=False)

    op.create_table(
        "remittance_answer_file",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("ref", sa.String(length=32), nullable=False),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "uploaded", "refused", "applying", "applied", name="state", native_enum=False, create_constraint=True, length=24
            ),
            nullable=False,
        ),
        sa.Column("content_sealed", sa.Text(), nullable=True),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("problem_count", sa.Integer(), nullable=False),
        sa.Column("problems", sa.JSON(), nullable=False),
        sa.Column("refusal", sa.String(length=200), nullable=True),
        sa.Column("refusal_params", sa.JSON(), nullable=True),
        sa.Column("uploaded_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("rows >= 0 AND done >= 0 AND problem_count >= 0", name=op.f("ck_remittance_answer_file_not_negative")),
        sa.ForeignKeyConstraint(["batch_id"], ["remittance_batch.id"], name=op.f("fk_remittance_answer_file_batch_id")),
        sa.ForeignKeyConstraint(["uploaded_by_id"], ["person.id"], name=op.f("fk_remittance_answer_file_uploaded_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remittance_answer_file")),
        sa.UniqueConstraint("batch_id", "fingerprint", name=op.f("uq_remittance_answer_file_batch_id_fingerprint")),
        sa.UniqueConstraint("ref", name=op.f("uq_remittance_answer_file_ref")),
    )
    with op.batch_alter_table("remittance_answer_file", schema=None) as batch_op:
        batch_op.create_index("ix_remittance_answer_file_state", ["state"], unique=False)

    op.create_table(
        "remittance_line",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("coverage_month_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "open", "paid", "posted", "refused", "dropped", name="state", native_enum=False, create_constraint=True, length=24
            ),
            nullable=False,
        ),
        sa.Column("amount_rupiah", sa.BigInteger(), nullable=False),
        sa.Column(
            "reason",
            sa.Enum(
                "nik_unknown",
                "name_differs",
                "birth_differs",
                "too_old",
                "already_active",
                "incomplete",
                "amount_wrong",
                "other",
                name="bounce_reason",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=True,
        ),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told", sa.Boolean(), nullable=True),
        sa.CheckConstraint("(state = 'refused') = (reason IS NOT NULL)", name=op.f("ck_remittance_line_reason")),
        sa.CheckConstraint(
            "state NOT IN ('posted', 'refused') OR answered_at IS NOT NULL", name=op.f("ck_remittance_line_answered")
        ),
        sa.CheckConstraint("amount_rupiah >= 0", name=op.f("ck_remittance_line_amount")),
        sa.ForeignKeyConstraint(["batch_id"], ["remittance_batch.id"], name=op.f("fk_remittance_line_batch_id")),
        sa.ForeignKeyConstraint(["coverage_month_id"], ["coverage_month.id"], name=op.f("fk_remittance_line_coverage_month_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remittance_line")),
        sa.UniqueConstraint("batch_id", "coverage_month_id", name=op.f("uq_remittance_line_batch_id_coverage_month_id")),
    )
    with op.batch_alter_table("remittance_line", schema=None) as batch_op:
        batch_op.create_index("ix_remittance_line_batch", ["batch_id", "state", "id"], unique=False)
        batch_op.create_index(
            "ix_remittance_line_untold",
            ["id"],
            unique=False,
            sqlite_where=sa.text("told = 0"),
            postgresql_where=sa.text("told = false"),
        )
        batch_op.create_index(
            "uq_remittance_line_living",
            ["coverage_month_id"],
            unique=True,
            sqlite_where=sa.text("state IN ('open', 'paid', 'posted')"),
            postgresql_where=sa.text("state IN ('open', 'paid', 'posted')"),
        )

    op.create_table(
        "remittance_answer_row",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("file_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("line_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "result",
            sa.Enum("posted", "bounced", name="result", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column(
            "reason",
            sa.Enum(
                "nik_unknown",
                "name_differs",
                "birth_differs",
                "too_old",
                "already_active",
                "incomplete",
                "amount_wrong",
                "other",
                name="bounce_reason",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=True,
        ),
        sa.Column("evidence", sa.String(length=120), nullable=True),
        sa.Column("applied", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["remittance_answer_file.id"], name=op.f("fk_remittance_answer_row_file_id")),
        sa.ForeignKeyConstraint(["line_id"], ["remittance_line.id"], name=op.f("fk_remittance_answer_row_line_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remittance_answer_row")),
        sa.UniqueConstraint("file_id", "row", name=op.f("uq_remittance_answer_row_file_id_row")),
    )
    with op.batch_alter_table("remittance_answer_row", schema=None) as batch_op:
        batch_op.create_index(
            "ix_remittance_answer_row_waiting",
            ["file_id", "id"],
            unique=False,
            sqlite_where=sa.text("applied = 0"),
            postgresql_where=sa.text("applied = false"),
        )

    op.create_table(
        "remittance_repair",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("ref", sa.String(length=32), nullable=False),
        sa.Column("line_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("coverage_month_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "open", "proposed", "repaired", "given_back", name="state", native_enum=False, create_constraint=True, length=24
            ),
            nullable=False,
        ),
        sa.Column(
            "remedy",
            sa.Enum("correct", "give_back", name="remedy", native_enum=False, create_constraint=True, length=24),
            nullable=True,
        ),
        sa.Column("name_sealed", sa.String(length=400), nullable=True),
        sa.Column("nik_sealed", sa.String(length=200), nullable=True),
        sa.Column("nik_hash", sa.String(length=64), nullable=True),
        sa.Column("mark", sa.String(length=64), nullable=True),
        sa.Column("proposed_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("confirmed_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state IN ('repaired', 'given_back')) = (confirmed_by_id IS NOT NULL AND closed_at IS NOT NULL)",
            name=op.f("ck_remittance_repair_confirmed"),
        ),
        sa.CheckConstraint("state = 'open' OR remedy IS NOT NULL", name=op.f("ck_remittance_repair_has_remedy")),
        sa.CheckConstraint(
            "confirmed_by_id IS NULL OR confirmed_by_id <> proposed_by_id", name=op.f("ck_remittance_repair_two_people")
        ),
        sa.ForeignKeyConstraint(["confirmed_by_id"], ["person.id"], name=op.f("fk_remittance_repair_confirmed_by_id")),
        sa.ForeignKeyConstraint(
            ["coverage_month_id"], ["coverage_month.id"], name=op.f("fk_remittance_repair_coverage_month_id")
        ),
        sa.ForeignKeyConstraint(["line_id"], ["remittance_line.id"], name=op.f("fk_remittance_repair_line_id")),
        sa.ForeignKeyConstraint(["proposed_by_id"], ["person.id"], name=op.f("fk_remittance_repair_proposed_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remittance_repair")),
        sa.UniqueConstraint("line_id", name=op.f("uq_remittance_repair_line_id")),
        sa.UniqueConstraint("ref", name=op.f("uq_remittance_repair_ref")),
    )
    with op.batch_alter_table("remittance_repair", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_remittance_repair_coverage_month_id"), ["coverage_month_id"], unique=False)
        batch_op.create_index("ix_remittance_repair_state", ["state", "opened_at"], unique=False)

    op.add_column("coverage_month", sa.Column("sending_at", sa.DateTime(timezone=True), nullable=True))
    for guard in GUARDS:
        _guard(*guard)



def downgrade() -> None:
    op.drop_column("coverage_month", "sending_at")

    with op.batch_alter_table("remittance_repair", schema=None) as batch_op:
        batch_op.drop_index("ix_remittance_repair_state")
        batch_op.drop_index(batch_op.f("ix_remittance_repair_coverage_month_id"))

    op.drop_table("remittance_repair")
    with op.batch_alter_table("remittance_answer_row", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_remittance_answer_row_waiting", sqlite_where=sa.text("applied = 0"), postgresql_where=sa.text("applied = false")
        )

    op.drop_table("remittance_answer_row")
    with op.batch_alter_table("remittance_line", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_remittance_line_living",
            sqlite_where=sa.text("state IN ('open', 'paid', 'posted')"),
            postgresql_where=sa.text("state IN ('open', 'paid', 'posted')"),
        )
        batch_op.drop_index(
            "ix_remittance_line_untold", sqlite_where=sa.text("told = 0"), postgresql_where=sa.text("told = false")
        )
        batch_op.drop_index("ix_remittance_line_batch")

    op.drop_table("remittance_line")
    with op.batch_alter_table("remittance_answer_file", schema=None) as batch_op:
        batch_op.drop_index("ix_remittance_answer_file_state")

    op.drop_table("remittance_answer_file")
    with op.batch_alter_table("remittance_batch", schema=None) as batch_op:
        batch_op.drop_index("ix_remittance_batch_state")

    op.drop_table("remittance_batch")
    op.drop_table("remittance_column")
    if op.get_bind().dialect.name == "postgresql":
        for table, verb, _why, _when in GUARDS:
            op.execute(f"DROP FUNCTION IF EXISTS {table}_no_{verb}()")
