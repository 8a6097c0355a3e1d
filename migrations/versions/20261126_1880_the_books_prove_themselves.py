"""The books prove themselves: differences, repairs, marks of each minute, and a running hash.

An account whose balance differs is read-only until it is repaired, which only the owner of the
tables does, and not without a reason.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "20261126_1880"
down_revision = "20261126_1870"
branch_labels = None
depends_on = None

FAULTS = ("unmirrored_reversals", "doubly_thanked_exchanges", "broken_chain")
EARLIER_PROVED = (
    "balance_sum = 0 AND wrong_balances = 0 AND unearned_turns = 0"
    " AND doubly_earned_turns = 0 AND oversold_slots = 0"
)
PROVED = (
    "balance_sum = 0 AND wrong_balances = 0 AND unearned_turns = 0"
    " AND doubly_earned_turns = 0 AND doubly_thanked_exchanges = 0"
    " AND unmirrored_reversals = 0 AND broken_chain = 0 AND oversold_slots = 0"
)
HEAD = "head ~ '^[0-9a-f]{64}$'"
OF_AN_ACCOUNT = (["account_id", "community_id"], ["account.id", "account.community_id"])

READ_ONLY = """CREATE TRIGGER read_only_ends_by_repair BEFORE UPDATE ON account
  FOR EACH ROW WHEN (OLD.read_only_since IS NOT NULL
                     AND NEW.read_only_since IS DISTINCT FROM OLD.read_only_since
                     AND pg_trigger_depth() = 0)
  EXECUTE FUNCTION refuse('an account is read-only until its balance is repaired')"""

# Locks in the order that the proof of each minute keeps: the mark, then the account. What the
# account and its transfers say is read behind them: nothing of it is still to come.
REPAIR = """CREATE FUNCTION balance_repair_applies() RETURNS trigger
  LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  upto bigint;
  since timestamptz;
BEGIN
  SELECT upto_id INTO upto FROM ledger_mark WHERE community_id = NEW.community_id FOR UPDATE;
  PERFORM FROM account WHERE id = NEW.account_id FOR NO KEY UPDATE;
  SELECT balance, read_only_since INTO NEW.stored, since FROM account WHERE id = NEW.account_id;
  NEW.summed = coalesce((SELECT sum(minutes) FROM transfer WHERE credit_id = NEW.account_id), 0)
             - coalesce((SELECT sum(minutes) FROM transfer WHERE debit_id = NEW.account_id), 0);
  IF NEW.stored = NEW.summed AND since IS NULL THEN
    PERFORM refuse_as('repair_needs_a_difference', 'there is nothing to repair');
  END IF;
  UPDATE account SET balance = NEW.summed, read_only_since = NULL WHERE id = NEW.account_id;
  UPDATE account_mark SET balance =
      coalesce((SELECT sum(minutes) FROM transfer
                 WHERE credit_id = NEW.account_id AND id <= upto), 0)
    - coalesce((SELECT sum(minutes) FROM transfer
                 WHERE debit_id = NEW.account_id AND id <= upto), 0)
   WHERE account_id = NEW.account_id;
  RETURN NEW;
END $$"""

FOR_EVER = ("balance_difference", "balance_repair", "ledger_head")
TRIGGERS = [
    """CREATE TRIGGER balance_repair_applies BEFORE INSERT ON balance_repair
  FOR EACH ROW EXECUTE FUNCTION balance_repair_applies()""",
    """CREATE TRIGGER ledger_mark_goes_on BEFORE UPDATE ON ledger_mark
  FOR EACH ROW WHEN (NEW.upto_id < OLD.upto_id OR NEW.entries < OLD.entries)
  EXECUTE FUNCTION refuse('what is sealed stays sealed')""",
    *[
        f"""CREATE TRIGGER {table}_immutable BEFORE UPDATE OR DELETE ON {table}
  FOR EACH ROW EXECUTE FUNCTION refuse('what was written down about the books stays')"""
        for table in FOR_EVER
    ],
]
GRANTS = [
    "REVOKE UPDATE, DELETE ON balance_difference, ledger_head FROM timebank_app",
    "REVOKE INSERT, UPDATE, DELETE ON balance_repair FROM timebank_app",
    "REVOKE DELETE ON ledger_mark, account_mark FROM timebank_app",
]


def upgrade() -> None:
    _proofs()
    _differences_and_repairs()
    _marks()
    for statement in (READ_ONLY, REPAIR, *TRIGGERS, *GRANTS):
        op.execute(statement)


def _proofs() -> None:
    op.add_column("reconciliation", sa.Column("kind", sa.String(20), server_default="whole"))
    for fault in FAULTS:
        op.add_column("reconciliation", sa.Column(fault, sa.BigInteger(), server_default="0"))
    for column in ("kind", *FAULTS):
        op.alter_column("reconciliation", column, nullable=False, server_default=None)
    op.create_check_constraint(
        "reconciliation_kind", "reconciliation", "kind IN ('whole', 'latest')"
    )
    op.create_index(
        "transfer_thanks_anew",
        "transfer",
        ["exchange_id"],
        postgresql_where=sa.text("exchange_id IS NOT NULL AND revision > 0"),
    )
    op.create_unique_constraint(
        "reconciliation_in_community", "reconciliation", ["id", "community_id"]
    )
    _replace_proved(PROVED)


def _replace_proved(rule: str) -> None:
    op.drop_column("reconciliation", "proved")
    proved = sa.Column("proved", sa.Boolean(), sa.Computed(rule, persisted=True), nullable=False)
    op.add_column("reconciliation", proved)


def _differences_and_repairs() -> None:
    op.create_table(
        "balance_difference",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        *_numbers(
            "community_id",
            "reconciliation_id",
            "account_id",
            "stored",
            "summed",
            "since_transfer_id",
        ),
        sa.CheckConstraint("stored <> summed", name="difference_is_one"),
        sa.UniqueConstraint(
            "reconciliation_id", "account_id", name="one_difference_per_proof_and_account"
        ),
        sa.ForeignKeyConstraint(
            ["reconciliation_id", "community_id"],
            ["reconciliation.id", "reconciliation.community_id"],
            name="difference_of_a_proof",
        ),
        sa.ForeignKeyConstraint(*OF_AN_ACCOUNT, name="difference_of_an_account"),
        sa.PrimaryKeyConstraint("id", name="balance_difference_pkey"),
    )
    op.create_index("difference_log", "balance_difference", ["account_id", "id"])
    op.create_table(
        "balance_repair",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        *_numbers("community_id", "account_id", "stored", "summed"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("char_length(reason) BETWEEN 1 AND 200", name="repair_reason"),
        sa.CheckConstraint("char_length(by) BETWEEN 1 AND 80", name="repair_by_somebody"),
        sa.ForeignKeyConstraint(*OF_AN_ACCOUNT, name="repair_of_an_account"),
        sa.PrimaryKeyConstraint("id", name="balance_repair_pkey"),
    )
    op.create_index("repair_log", "balance_repair", ["community_id", "id"])


def _marks() -> None:
    op.create_table(
        "ledger_mark",
        *_numbers("community_id", "upto_id", "entries"),
        sa.Column("head", sa.Text(), nullable=False),
        sa.Column("marked_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("proved_at", sa.TIMESTAMP(timezone=True)),
        sa.CheckConstraint(
            f"upto_id >= 0 AND entries BETWEEN 0 AND upto_id AND {HEAD}", name="ledger_mark_figures"
        ),
        sa.ForeignKeyConstraint(
            ["community_id"], ["community.id"], name="ledger_mark_community_id_fkey"
        ),
        sa.PrimaryKeyConstraint("community_id", name="ledger_mark_pkey"),
    )
    op.create_table(
        "account_mark",
        *_numbers("account_id", "balance"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="account_mark_account_id_fkey"),
        sa.PrimaryKeyConstraint("account_id", name="account_mark_pkey"),
    )
    op.create_table(
        "ledger_head",
        *_numbers("community_id"),
        sa.Column("day", sa.Date(), nullable=False),
        *_numbers("entries"),
        sa.Column("head", sa.Text(), nullable=False),
        sa.CheckConstraint(f"entries >= 0 AND {HEAD}", name="ledger_head_figures"),
        sa.ForeignKeyConstraint(
            ["community_id"], ["community.id"], name="ledger_head_community_id_fkey"
        ),
        sa.PrimaryKeyConstraint("community_id", "day", name="ledger_head_pkey"),
    )


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger(), nullable=False) for name in names]


def downgrade() -> None:
    """Accounts that are read-only stay so: the earlier rules let their coordinators open them."""
    op.execute("DROP TRIGGER read_only_ends_by_repair ON account")
    for table in ("ledger_head", "account_mark", "ledger_mark", *FOR_EVER[:2]):
        op.drop_table(table)
    op.execute("DROP FUNCTION balance_repair_applies()")
    op.execute("DELETE FROM reconciliation WHERE kind = 'latest'")
    _replace_proved(EARLIER_PROVED)
    op.drop_index("transfer_thanks_anew", "transfer")
    op.drop_constraint("reconciliation_in_community", "reconciliation")
    op.drop_constraint("reconciliation_kind", "reconciliation")
    for column in ("kind", *FAULTS):
        op.drop_column("reconciliation", column)
