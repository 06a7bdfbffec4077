"""uploads"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "column_title",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("organisation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=20), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_column_title_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_column_title")),
        sa.UniqueConstraint("organisation_id", "title", name=op.f("uq_column_title_organisation_id_title")),
    )
    op.create_table(
        "upload",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("ref", sa.String(length=32), nullable=False),
        sa.Column("organisation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("first_month", sa.Date(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "uploaded",
                "mapping",
                "checking",
                "checked",
                "submitted",
                "confirmed",
                "withdrawn",
                "failed",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("file_sealed", sa.Text(), nullable=True),
        sa.Column("titles", sa.JSON(), nullable=True),
        sa.Column("why", sa.JSON(), nullable=True),
        sa.Column("rows_read", sa.Integer(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=True),
        sa.Column("mark", sa.String(length=64), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=True),
        sa.Column("made_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("submitted_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state <> 'confirmed' OR decided_by_id IS NOT NULL", name=op.f("ck_upload_confirmed_by_somebody")),
        sa.CheckConstraint("count BETWEEN 1 AND 24 AND rows_read >= 0", name=op.f("ck_upload_amounts")),
        sa.CheckConstraint("decided_by_id IS NULL OR decided_by_id <> submitted_by_id", name=op.f("ck_upload_not_ones_own")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["person.id"], name=op.f("fk_upload_decided_by_id")),
        sa.ForeignKeyConstraint(["made_by_id"], ["person.id"], name=op.f("fk_upload_made_by_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_upload_organisation_id")),
        sa.ForeignKeyConstraint(["submitted_by_id"], ["person.id"], name=op.f("fk_upload_submitted_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload")),
        sa.UniqueConstraint("ref", name=op.f("uq_upload_ref")),
    )
    with op.batch_alter_table("upload", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_upload_organisation_id"), ["organisation_id"], unique=False)
        batch_op.create_index("ix_upload_state", ["state", "id"], unique=False)
        batch_op.create_index(
            "uq_upload_file",
            ["organisation_id", "fingerprint"],
            unique=True,
            sqlite_where=sa.text("state NOT IN ('withdrawn', 'failed')"),
            postgresql_where=sa.text("state NOT IN ('withdrawn', 'failed')"),
        )

    op.create_table(
        "upload_row",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("ref", sa.String(length=32), nullable=False),
        sa.Column("upload_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("row_number", sa.Integer(), nullable=False),
        sa.Column("content_sealed", sa.Text(), nullable=False),
        sa.Column("nik_hash", sa.String(length=64), nullable=True),
        sa.Column(
            "state",
            sa.Enum("ready", "wrong", "skipped", name="state", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column(
            "kind",
            sa.Enum(
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
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=True,
        ),
        sa.Column("occupation_code", sa.String(length=40), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.CheckConstraint("(state = 'ready') = (kind IS NULL)", name=op.f("ck_upload_row_ready_without_problem")),
        sa.CheckConstraint(
            "state <> 'ready' OR (nik_hash IS NOT NULL AND occupation_code IS NOT NULL)",
            name=op.f("ck_upload_row_ready_is_whole"),
        ),
        sa.ForeignKeyConstraint(["upload_id"], ["upload.id"], name=op.f("fk_upload_row_upload_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload_row")),
        sa.UniqueConstraint("ref", name=op.f("uq_upload_row_ref")),
        sa.UniqueConstraint("upload_id", "row_number", name=op.f("uq_upload_row_upload_id_row_number")),
    )
    with op.batch_alter_table("upload_row", schema=None) as batch_op:
        batch_op.create_index("ix_upload_row_nik", ["upload_id", "nik_hash"], unique=False)
        batch_op.create_index("ix_upload_row_state", ["upload_id", "state", "kind", "row_number"], unique=False)



def downgrade() -> None:
    with op.batch_alter_table("upload_row", schema=None) as batch_op:
        batch_op.drop_index("ix_upload_row_state")
        batch_op.drop_index("ix_upload_row_nik")

    op.drop_table("upload_row")
    with op.batch_alter_table("upload", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_upload_file",
            sqlite_where=sa.text("state NOT IN ('withdrawn', 'failed')"),
            postgresql_where=sa.text("state NOT IN ('withdrawn', 'failed')"),
        )
        batch_op.drop_index("ix_upload_state")
        batch_op.drop_index(batch_op.f("ix_upload_organisation_id"))

    op.drop_table("upload")
    op.drop_table("column_title")
