"""Matching: what a company adds to what its employees sponsor, and their requests."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def _guard_delete(table: str) -> None:
    name, why = f"{table}_no_delete", f"{table}: a rule is closed and a request declined, never deleted"
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"CREATE TRIGGER {name} BEFORE DELETE ON {table} BEGIN SELECT RAISE(ABORT, '{why}'); END")
        return
    op.execute(
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{why}'; END $$"
    )
    op.execute(f"CREATE TRIGGER {name} BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")


def upgrade() -> None:
    op.create_table(
        "match_rule",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("ref", sa.String(length=32), nullable=False),
        sa.Column("code", sa.String(length=9), nullable=False),
        sa.Column("organisation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.Column("cap_person_rupiah", sa.BigInteger(), nullable=False),
        sa.Column("cap_rupiah", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("proposed", "open", "closed", name="state", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column("maker_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("checker_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state <> 'open' OR checker_id IS NOT NULL", name=op.f("ck_match_rule_opened_by_another")),
        sa.CheckConstraint("cap_person_rupiah > 0 AND cap_rupiah >= cap_person_rupiah", name=op.f("ck_match_rule_caps")),
        sa.CheckConstraint("checker_id IS NULL OR checker_id <> maker_id", name=op.f("ck_match_rule_two_people")),
        sa.CheckConstraint("percent IN (50, 100)", name=op.f("ck_match_rule_percent")),
        sa.ForeignKeyConstraint(["checker_id"], ["person.id"], name=op.f("fk_match_rule_checker_id")),
        sa.ForeignKeyConstraint(["maker_id"], ["person.id"], name=op.f("fk_match_rule_maker_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_match_rule_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_match_rule")),
        sa.UniqueConstraint("code", name=op.f("uq_match_rule_code")),
        sa.UniqueConstraint("ref", name=op.f("uq_match_rule_ref")),
    )
    with op.batch_alter_table("match_rule", schema=None) as batch_op:
        batch_op.create_index("ix_match_rule_organisation", ["organisation_id", "state"], unique=False)

    op.create_table(
        "match_claim",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("ref", sa.String(length=32), nullable=False),
        sa.Column("rule_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sponsorship_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("promise_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("first_month", sa.Date(), nullable=False),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("rupiah", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("asked", "taken", "declined", name="state", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column(
            "why",
            sa.Enum(
                "month_taken",
                "gone",
                "price",
                "closed",
                "unpaid",
                name="why",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=True,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'declined') = (why IS NOT NULL)", name=op.f("ck_match_claim_declined_has_reason")),
        sa.CheckConstraint("state <> 'taken' OR promise_id IS NOT NULL", name=op.f("ck_match_claim_taken_is_promised")),
        sa.CheckConstraint("months BETWEEN 1 AND 12", name=op.f("ck_match_claim_months")),
        sa.CheckConstraint("rupiah > 0", name=op.f("ck_match_claim_rupiah")),
        sa.ForeignKeyConstraint(["promise_id"], ["sponsorship.id"], name=op.f("fk_match_claim_promise_id")),
        sa.ForeignKeyConstraint(["rule_id"], ["match_rule.id"], name=op.f("fk_match_claim_rule_id")),
        sa.ForeignKeyConstraint(["sponsorship_id"], ["sponsorship.id"], name=op.f("fk_match_claim_sponsorship_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_match_claim")),
        sa.UniqueConstraint("promise_id", name=op.f("uq_match_claim_promise_id")),
        sa.UniqueConstraint("ref", name=op.f("uq_match_claim_ref")),
    )
    with op.batch_alter_table("match_claim", schema=None) as batch_op:
        batch_op.create_index("ix_match_claim_rule", ["rule_id", "state"], unique=False)
        batch_op.create_index(batch_op.f("ix_match_claim_sponsorship_id"), ["sponsorship_id"], unique=False)
        batch_op.create_index(
            "uq_match_claim_asked",
            ["sponsorship_id"],
            unique=True,
            sqlite_where=sa.text("state = 'asked'"),
            postgresql_where=sa.text("state = 'asked'"),
        )
    for table in ("match_rule", "match_claim"):
        _guard_delete(table)


def downgrade() -> None:
    for table in ("match_claim", "match_rule"):
        op.drop_table(table)
        if op.get_bind().dialect.name != "sqlite":
            op.execute(f"DROP FUNCTION {table}_no_delete()")
