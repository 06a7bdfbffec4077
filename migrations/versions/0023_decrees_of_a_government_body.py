"""Decrees of a government body; which promises and lists stand under one, and offices that change hands."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


KINDS = (
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
    "gone",
)


def _kinds(*more: str) -> str:
    return "kind IN ({})".format(", ".join(f"'{kind}'" for kind in (*KINDS, *more)))


def _set_kinds(*more: str) -> None:
    with op.batch_alter_table("upload_row", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_upload_row_kind"), type_="check")
        batch_op.create_check_constraint(batch_op.f("ck_upload_row_kind"), _kinds(*more))


def _guard_delete(table: str) -> None:
    name, why = f"{table}_no_delete", f"{table}: a decree is withdrawn or closed, never deleted"
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"CREATE TRIGGER {name} BEFORE DELETE ON {table} BEGIN SELECT RAISE(ABORT, '{why}'); END")
        return
    op.execute(
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{why}'; END $$"
    )
    op.execute(f"CREATE TRIGGER {name} BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")


def upgrade() -> None:
    op.create_table(
        "decree",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("ref", sa.String(length=32), nullable=False),
        sa.Column("organisation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.String(length=80), nullable=False),
        sa.Column("signed_on", sa.Date(), nullable=False),
        sa.Column(
            "category",
            sa.Enum(
                "rt_head",
                "rw_head",
                "posyandu",
                "religious",
                "fardhu_kifayah",
                "quran_teacher",
                "disaster",
                "firefighter",
                "other",
                name="category",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("budget_year", sa.Integer(), nullable=False),
        sa.Column("budget_line", sa.String(length=40), nullable=False),
        sa.Column("ceiling_rupiah", sa.BigInteger(), nullable=False),
        sa.Column("first_month", sa.Date(), nullable=False),
        sa.Column("last_month", sa.Date(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "proposed",
                "in_force",
                "closed",
                "withdrawn",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("file_name", sa.String(length=120), nullable=False),
        sa.Column("file_sealed", sa.Text(), nullable=True),
        sa.Column("file_mark", sa.String(length=64), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=True),
        sa.Column("copied_from_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("made_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proposed_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state NOT IN ('in_force', 'closed') OR decided_by_id IS NOT NULL", name=op.f("ck_decree_in_force_by_somebody")
        ),
        sa.CheckConstraint("ceiling_rupiah > 0 AND first_month <= last_month", name=op.f("ck_decree_amounts")),
        sa.CheckConstraint("decided_by_id IS NULL OR decided_by_id <> proposed_by_id", name=op.f("ck_decree_not_ones_own")),
        sa.ForeignKeyConstraint(["copied_from_id"], ["decree.id"], name=op.f("fk_decree_copied_from_id")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["person.id"], name=op.f("fk_decree_decided_by_id")),
        sa.ForeignKeyConstraint(["made_by_id"], ["person.id"], name=op.f("fk_decree_made_by_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_decree_organisation_id")),
        sa.ForeignKeyConstraint(["proposed_by_id"], ["person.id"], name=op.f("fk_decree_proposed_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decree")),
        sa.UniqueConstraint("ref", name=op.f("uq_decree_ref")),
    )
    with op.batch_alter_table("decree", schema=None) as batch_op:
        batch_op.create_index(
            "uq_decree_number",
            ["organisation_id", "number"],
            unique=True,
            sqlite_where=sa.text("state <> 'withdrawn'"),
            postgresql_where=sa.text("state <> 'withdrawn'"),
        )

    _guard_delete("decree")

    with op.batch_alter_table("sponsorship", schema=None) as batch_op:
        batch_op.add_column(sa.Column("decree_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True))
        batch_op.add_column(sa.Column("post", sa.String(length=100), nullable=True))
        batch_op.create_index(batch_op.f("ix_sponsorship_decree_id"), ["decree_id"], unique=False)
        batch_op.create_foreign_key(batch_op.f("fk_sponsorship_decree_id"), "decree", ["decree_id"], ["id"])

    with op.batch_alter_table("upload", schema=None) as batch_op:
        batch_op.add_column(sa.Column("decree_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True))
        batch_op.add_column(sa.Column("replaces_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True))
        batch_op.create_index(batch_op.f("ix_upload_decree_id"), ["decree_id"], unique=False)
        batch_op.create_foreign_key(batch_op.f("fk_upload_decree_id"), "decree", ["decree_id"], ["id"])
        batch_op.create_foreign_key(batch_op.f("fk_upload_replaces_id"), "sponsorship", ["replaces_id"], ["id"])
        batch_op.create_check_constraint(
            batch_op.f("ck_upload_replaced_under_a_decree"), "replaces_id IS NULL OR decree_id IS NOT NULL"
        )
    _set_kinds("post_twice", "post_held", "over_ceiling")



def downgrade() -> None:
    op.execute("UPDATE upload_row SET kind = 'kelurahan_unknown' WHERE kind IN ('post_twice', 'post_held')")
    op.execute("UPDATE upload_row SET kind = 'gone' WHERE kind = 'over_ceiling'")
    _set_kinds()
    with op.batch_alter_table("upload", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_upload_replaced_under_a_decree"), type_="check")
        batch_op.drop_constraint(batch_op.f("fk_upload_replaces_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_upload_decree_id"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_upload_decree_id"))
        batch_op.drop_column("replaces_id")
        batch_op.drop_column("decree_id")

    with op.batch_alter_table("sponsorship", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_sponsorship_decree_id"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_sponsorship_decree_id"))
        batch_op.drop_column("post")
        batch_op.drop_column("decree_id")

    with op.batch_alter_table("decree", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_decree_number", sqlite_where=sa.text("state <> 'withdrawn'"), postgresql_where=sa.text("state <> 'withdrawn'")
        )

    op.drop_table("decree")
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION decree_no_delete()")
