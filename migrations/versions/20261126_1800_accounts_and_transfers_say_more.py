"""Accounts and transfers say more: causes, hours brought forward, batches, memos, limits.

A memo stands apart from its transfer, so that it can be erased while the numbers stay for ever.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "20261126_1800"
down_revision = "20261126_1230"
branch_labels = None
depends_on = None

NOW = sa.text("now()")

ACCOUNT_CHECKS = {
    "account_kind": "kind IN ('member', 'community', 'pot', 'cause', 'opening')",
    "pot_has_a_name": "(kind IN ('pot', 'cause')) = (name IS NOT NULL)"
    " AND char_length(name) BETWEEN 1 AND 80 AND (kind = 'pot' OR group_id IS NULL)",
    "pot_says_what_it_is_for": "about IS NULL OR char_length(about) BETWEEN 1 AND 500 AND kind IN ('pot', 'cause')",
    "only_issuers_have_no_floor": "kind IN ('community', 'opening') OR floor IS NOT NULL",
    "account_soft_floor": "soft_floor BETWEEN floor AND 0",
    "account_ceiling": "ceiling >= 0",
}
TRANSFER_CHECKS = {
    "transfer_kind": "kind IN ('earn', 'adjust', 'thanks', 'share', 'gift', 'opening', 'top_up',"
    " 'closing', 'imported', 'reversal')",
    "minutes_range": "minutes BETWEEN 1 AND CASE WHEN kind IN"
    " ('earn', 'adjust', 'thanks', 'share') THEN 1440 ELSE 600000 END",
    "earn_names_its_claim": "CASE WHEN kind IN ('earn', 'adjust')"
    " THEN num_nulls(claim_id, revision) = 0 AND (kind = 'earn') = (revision = 0)"
    " ELSE claim_id IS NULL END",
    "thanks_name_their_exchange": "CASE WHEN kind IN ('earn', 'adjust') THEN exchange_id IS NULL"
    " WHEN kind = 'thanks' THEN num_nulls(exchange_id, revision) = 0 AND revision >= 0"
    " ELSE num_nonnulls(exchange_id, revision) = 0 END",
    "share_belongs_to_a_batch": "kind NOT IN ('share', 'imported') OR batch_id IS NOT NULL",
}
EARLIER_ACCOUNT_CHECKS = {
    "account_kind": "kind IN ('member', 'community', 'pot')",
    "pot_has_a_name": "(kind = 'pot') = (name IS NOT NULL)"
    " AND char_length(name) BETWEEN 1 AND 80 AND (kind = 'pot' OR group_id IS NULL)",
    "only_the_community_has_no_floor": "kind = 'community' OR floor IS NOT NULL",
}
EARLIER_TRANSFER_CHECKS = {
    "transfer_kind": "kind IN ('earn', 'gift', 'reversal', 'adjust')",
    "minutes_range": "minutes BETWEEN 1 AND 1440",
    "earn_names_its_claim": "CASE WHEN kind IN ('earn', 'adjust')"
    " THEN num_nulls(claim_id, revision) = 0 AND (kind = 'earn') = (revision = 0)"
    " ELSE num_nonnulls(claim_id, revision) = 0 END",
}


def upgrade() -> None:
    _accounts()
    _batches()
    _transfers()
    _memos()
    _limit_changes()


def _accounts() -> None:
    for column in (
        sa.Column("about", sa.Text()),
        sa.Column("soft_floor", sa.Integer()),
        sa.Column("ceiling", sa.Integer()),
        sa.Column("closed_at", sa.TIMESTAMP(timezone=True)),
        sa.Column("read_only_since", sa.TIMESTAMP(timezone=True)),
    ):
        op.add_column("account", column)
    _replace_checks("account", EARLIER_ACCOUNT_CHECKS, ACCOUNT_CHECKS)
    op.create_index(
        "one_opening_account",
        "account",
        ["community_id"],
        unique=True,
        postgresql_where=sa.text("kind = 'opening'"),
    )
    op.execute(
        "INSERT INTO account (community_id, kind) SELECT id, 'opening' FROM community ORDER BY id"
    )


def _batches() -> None:
    op.create_table(
        "batch",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("idempotency_key", sa.Uuid(), nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=NOW, nullable=False),
        sa.CheckConstraint(
            "kind IN ('class', 'working_bee', 'shared_lift', 'committee', 'member_import',"
            " 'bank_import')",
            name="batch_kind",
        ),
        sa.CheckConstraint("char_length(title) BETWEEN 1 AND 120", name="batch_title"),
        sa.ForeignKeyConstraint(
            ["created_by", "community_id"],
            ["membership.id", "membership.community_id"],
            name="batch_by_a_member",
        ),
        sa.PrimaryKeyConstraint("id", name="batch_pkey"),
        sa.UniqueConstraint("idempotency_key", name="same_batch_once"),
        sa.UniqueConstraint("id", "community_id", name="batch_in_community"),
    )


def _transfers() -> None:
    op.add_column("transfer", sa.Column("exchange_id", sa.BigInteger()))
    op.add_column("transfer", sa.Column("batch_id", sa.BigInteger()))
    op.create_foreign_key(
        "batch_here",
        "transfer",
        "batch",
        ["batch_id", "community_id"],
        ["id", "community_id"],
    )
    _replace_checks("transfer", EARLIER_TRANSFER_CHECKS, TRANSFER_CHECKS)
    op.create_index(
        "one_thanks_per_exchange",
        "transfer",
        ["exchange_id", "revision"],
        unique=True,
        postgresql_where=sa.text("exchange_id IS NOT NULL"),
    )
    op.create_index(
        "transfer_batch",
        "transfer",
        ["batch_id"],
        postgresql_where=sa.text("batch_id IS NOT NULL"),
    )


def _memos() -> None:
    op.create_table(
        "memo",
        sa.Column("transfer_id", sa.BigInteger(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.CheckConstraint("char_length(words) BETWEEN 1 AND 200", name="memo_words"),
        sa.ForeignKeyConstraint(["transfer_id"], ["transfer.id"], name="memo_transfer_id_fkey"),
        sa.PrimaryKeyConstraint("transfer_id", name="memo_pkey"),
    )
    op.execute("INSERT INTO memo SELECT id, reason FROM transfer WHERE reason IS NOT NULL")
    op.drop_constraint("transfer_reason", "transfer")
    op.drop_column("transfer", "reason")


def _limit_changes() -> None:
    op.create_table(
        "limit_change",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("floor", sa.Integer()),
        sa.Column("soft_floor", sa.Integer()),
        sa.Column("ceiling", sa.Integer()),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=NOW, nullable=False),
        sa.CheckConstraint("char_length(reason) BETWEEN 1 AND 200", name="limit_change_reason"),
        sa.ForeignKeyConstraint(
            ["account_id", "community_id"],
            ["account.id", "account.community_id"],
            name="limit_change_of_an_account",
        ),
        sa.ForeignKeyConstraint(
            ["created_by", "community_id"],
            ["membership.id", "membership.community_id"],
            name="limit_change_by_a_member",
        ),
        sa.PrimaryKeyConstraint("id", name="limit_change_pkey"),
    )
    op.create_index("limit_change_log", "limit_change", ["account_id", "id"])


def _replace_checks(table: str, earlier: dict[str, str], later: dict[str, str]) -> None:
    for name in earlier:
        op.drop_constraint(name, table)
    for name, rule in later.items():
        op.create_check_constraint(name, table, rule)


def downgrade() -> None:
    """Possible while no entry is of a kind that the earlier books do not know."""
    op.drop_table("limit_change")
    op.add_column("transfer", sa.Column("reason", sa.Text()))
    op.create_check_constraint(
        "transfer_reason", "transfer", "char_length(reason) BETWEEN 1 AND 200"
    )
    op.execute("ALTER TABLE transfer DISABLE TRIGGER transfer_immutable")
    op.execute("UPDATE transfer SET reason = words FROM memo WHERE transfer_id = transfer.id")
    op.execute("ALTER TABLE transfer ENABLE TRIGGER transfer_immutable")
    op.drop_table("memo")
    _replace_checks("transfer", TRANSFER_CHECKS, EARLIER_TRANSFER_CHECKS)
    op.drop_column("transfer", "exchange_id")
    op.drop_column("transfer", "batch_id")
    op.drop_table("batch")
    op.execute("DELETE FROM account WHERE kind = 'opening'")
    op.drop_index("one_opening_account", "account")
    _replace_checks("account", ACCOUNT_CHECKS, EARLIER_ACCOUNT_CHECKS)
    for column in ("about", "soft_floor", "ceiling", "closed_at", "read_only_since"):
        op.drop_column("account", column)
