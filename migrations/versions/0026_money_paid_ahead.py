"""Money paid ahead: top-ups, what they paid, the rules of a pool, and accounts of organisations."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

REASONS = (
    "rejected",
    "withdrawn",
    "cancelled",
    "duplicate",
    "overpayment",
    "month_taken",
    "worker_died",
    "error",
    "worker_formal",
    "taken_over",
    "scheme_refused",
    "disputed",
)
# a top-up is a bill without a line; the old shape wants a promise, so going down it is lent one of its payer, or the oldest there is
LEND = """
UPDATE payment_order SET attempt = 1000000 + id, sponsorship_id = coalesce(
    (SELECT min(s.id) FROM sponsorship s WHERE s.organisation_id = payment_order.organisation_id),
    (SELECT min(s.id) FROM sponsorship s)
) WHERE topup
"""
FIND = """
UPDATE payment_order SET topup = {yes}, sponsorship_id = NULL, attempt = 1
WHERE organisation_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM order_line l WHERE l.order_id = payment_order.id)
"""


def _sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


@contextmanager
def _kept(table: str) -> Iterator[None]:
    """SQLite builds a changed table anew and loses its triggers: they are made again as they were."""
    triggers: list[str] = []
    if _sqlite():
        found = "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?"
        triggers = [row[0] for row in op.get_bind().exec_driver_sql(found, (table,))]
    yield
    for trigger in triggers:
        op.get_bind().exec_driver_sql(trigger)


def _words(reasons: tuple[str, ...]) -> str:
    return "reason IN ({})".format(", ".join(f"'{reason}'" for reason in reasons))


def _reasons(table: str, before: tuple[str, ...], after: tuple[str, ...]) -> None:
    if _sqlite():
        _rebuild(table, _words(before), _words(after))
        return
    op.drop_constraint(op.f(f"ck_{table}_reason"), table, type_="check")
    op.create_check_constraint(op.f(f"ck_{table}_reason"), table, _words(after))


def _rebuild(table: str, old: str, new: str) -> None:
    """The table's own CREATE statement with `old` replaced by `new` (0008 finds it again so); rows, indexes, triggers as they were."""
    bind = op.get_bind()
    rows = bind.exec_driver_sql("SELECT type, sql FROM sqlite_master WHERE tbl_name = ? AND sql IS NOT NULL", (table,)).all()
    [create] = [sql for kind, sql in rows if kind == "table"]
    if old not in create:
        raise RuntimeError(f"{table} is not as 0008 made it")
    body = create.replace(old, new).split("(", 1)[1]
    bind.exec_driver_sql(f"CREATE TABLE {table}_new ({body}")
    columns = ", ".join(row[1] for row in bind.exec_driver_sql(f"PRAGMA table_info({table}_new)"))
    bind.exec_driver_sql(f"INSERT INTO {table}_new ({columns}) SELECT {columns} FROM {table}")  # noqa: S608 - names of ours
    bind.exec_driver_sql(f"DROP TABLE {table}")
    bind.exec_driver_sql(f"ALTER TABLE {table}_new RENAME TO {table}")
    for kind, sql in rows:
        if kind in ("index", "trigger"):
            bind.exec_driver_sql(sql)


def _guard_delete(table: str, words: str) -> None:
    name, why = f"{table}_no_delete", f"{table}: {words}"
    if _sqlite():
        op.execute(f"CREATE TRIGGER {name} BEFORE DELETE ON {table} BEGIN SELECT RAISE(ABORT, '{why}'); END")
        return
    op.execute(
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{why}'; END $$"
    )
    op.execute(f"CREATE TRIGGER {name} BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")


def upgrade() -> None:
    op.create_table(
        "pool_rule",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("ref", sa.String(length=32), nullable=False),
        sa.Column("organisation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("kelurahan", sa.JSON(), nullable=False),
        sa.Column("groups", sa.JSON(), nullable=False),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("most_workers", sa.Integer(), nullable=False),
        sa.Column("keep_on", sa.Boolean(), nullable=False),
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
        sa.CheckConstraint("state <> 'open' OR checker_id IS NOT NULL", name=op.f("ck_pool_rule_opened_by_another")),
        sa.CheckConstraint("checker_id IS NULL OR checker_id <> maker_id", name=op.f("ck_pool_rule_two_people")),
        sa.CheckConstraint("months BETWEEN 1 AND 12", name=op.f("ck_pool_rule_months")),
        sa.CheckConstraint("most_workers BETWEEN 1 AND 10000", name=op.f("ck_pool_rule_most_workers")),
        sa.ForeignKeyConstraint(["checker_id"], ["person.id"], name=op.f("fk_pool_rule_checker_id")),
        sa.ForeignKeyConstraint(["maker_id"], ["person.id"], name=op.f("fk_pool_rule_maker_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_pool_rule_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pool_rule")),
        sa.UniqueConstraint("ref", name=op.f("uq_pool_rule_ref")),
    )
    with op.batch_alter_table("pool_rule", schema=None) as batch_op:
        batch_op.create_index("ix_pool_rule_organisation", ["organisation_id", "state"], unique=False)

    op.create_table(
        "pool_pick",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("rule_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sponsorship_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["rule_id"], ["pool_rule.id"], name=op.f("fk_pool_pick_rule_id")),
        sa.ForeignKeyConstraint(["sponsorship_id"], ["sponsorship.id"], name=op.f("fk_pool_pick_sponsorship_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pool_pick")),
        sa.UniqueConstraint("sponsorship_id", name=op.f("uq_pool_pick_sponsorship_id")),
    )
    with op.batch_alter_table("pool_pick", schema=None) as batch_op:
        batch_op.create_index("ix_pool_pick_rule", ["rule_id", "id"], unique=False)

    op.create_table(
        "balance_use",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("payment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("amount_rupiah", sa.BigInteger(), nullable=False),
        sa.Column("by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount_rupiah > 0", name=op.f("ck_balance_use_amount")),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_balance_use_by_id")),
        sa.ForeignKeyConstraint(["order_id"], ["payment_order.id"], name=op.f("fk_balance_use_order_id")),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_balance_use_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_balance_use")),
        sa.UniqueConstraint("order_id", "payment_id", name=op.f("uq_balance_use_order_id_payment_id")),
    )
    with op.batch_alter_table("balance_use", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_balance_use_payment_id"), ["payment_id"], unique=False)

    for table in ("pool_rule", "pool_pick"):
        _guard_delete(table, "a rule is closed, never deleted")
    _guard_delete("balance_use", "nothing about money is deleted")

    with _kept("payment_order"), op.batch_alter_table("payment_order", schema=None) as batch_op:
        batch_op.add_column(sa.Column("topup", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.alter_column("sponsorship_id", existing_type=sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True)
    op.execute(FIND.format(yes="1" if _sqlite() else "true"))
    with _kept("payment_order"), op.batch_alter_table("payment_order", schema=None) as batch_op:
        batch_op.create_check_constraint(batch_op.f("ck_payment_order_topup_of_nobody"), "(sponsorship_id IS NULL) = topup")
        batch_op.create_check_constraint(
            batch_op.f("ck_payment_order_topup_of_organisation"), "NOT topup OR organisation_id IS NOT NULL"
        )

    with _kept("payout_account"), op.batch_alter_table("payout_account", schema=None) as batch_op:
        batch_op.add_column(sa.Column("organisation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True))
        batch_op.alter_column("sponsorship_id", existing_type=sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True)
        batch_op.create_index(
            "uq_payout_account_organisation",
            ["organisation_id"],
            unique=True,
            sqlite_where=sa.text("cleared_at IS NULL"),
            postgresql_where=sa.text("cleared_at IS NULL"),
        )
        batch_op.create_foreign_key(batch_op.f("fk_payout_account_organisation_id"), "organisation", ["organisation_id"], ["id"])
        batch_op.create_check_constraint(
            batch_op.f("ck_payout_account_of_one_payer"), "(sponsorship_id IS NULL) <> (organisation_id IS NULL)"
        )
    for table in ("refund", "suspense"):
        _reasons(table, REASONS, (*REASONS, "prepaid"))


def downgrade() -> None:
    op.execute("UPDATE suspense SET reason = 'overpayment' WHERE reason = 'prepaid'")
    op.execute("UPDATE refund SET reason = 'overpayment' WHERE reason = 'prepaid'")
    for table in ("refund", "suspense"):
        _reasons(table, (*REASONS, "prepaid"), REASONS)

    # an organisation's account is lent a promise of it in the same way; where it has none living already
    op.execute(
        "UPDATE payout_account SET sponsorship_id = coalesce((SELECT min(s.id) FROM sponsorship s "
        "WHERE s.organisation_id = payout_account.organisation_id), (SELECT min(s.id) FROM sponsorship s)), organisation_id = NULL "
        "WHERE organisation_id IS NOT NULL"
    )
    with _kept("payout_account"), op.batch_alter_table("payout_account", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_payout_account_of_one_payer"), type_="check")
        batch_op.drop_constraint(batch_op.f("fk_payout_account_organisation_id"), type_="foreignkey")
        batch_op.drop_index("uq_payout_account_organisation")
        batch_op.alter_column(
            "sponsorship_id", existing_type=sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        )
        batch_op.drop_column("organisation_id")

    with _kept("payment_order"), op.batch_alter_table("payment_order", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_payment_order_topup_of_nobody"), type_="check")
        batch_op.drop_constraint(batch_op.f("ck_payment_order_topup_of_organisation"), type_="check")
    op.execute(LEND)
    with _kept("payment_order"), op.batch_alter_table("payment_order", schema=None) as batch_op:
        batch_op.alter_column(
            "sponsorship_id", existing_type=sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        )
        batch_op.drop_column("topup")

    for table in ("balance_use", "pool_pick", "pool_rule"):
        op.drop_table(table)
    if not _sqlite():
        for table in ("balance_use", "pool_pick", "pool_rule"):
            op.execute(f"DROP FUNCTION {table}_no_delete()")
