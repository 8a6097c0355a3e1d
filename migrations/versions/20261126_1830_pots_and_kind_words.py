"""Pots and kind words: a soft floor for every member, and the written policy of topping up."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "20261126_1830"
down_revision = "20261126_1820"
branch_labels = None
depends_on = None

NOW = sa.text("now()")


def upgrade() -> None:
    op.create_table(
        "top_up_policy",
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.Column("pot_id", sa.BigInteger(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("most_a_year", sa.SmallInteger(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("changed_by", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.TIMESTAMP(timezone=True), server_default=NOW, nullable=False),
        sa.CheckConstraint("minutes BETWEEN 15 AND 1440", name="top_up_minutes"),
        sa.CheckConstraint("most_a_year BETWEEN 1 AND 12", name="top_up_most_a_year"),
        sa.CheckConstraint("char_length(words) BETWEEN 1 AND 500", name="top_up_words"),
        sa.ForeignKeyConstraint(
            ["pot_id", "community_id"],
            ["account.id", "account.community_id"],
            name="top_up_from_here",
        ),
        sa.ForeignKeyConstraint(
            ["changed_by", "community_id"],
            ["membership.id", "membership.community_id"],
            name="top_up_policy_by_a_member",
        ),
        sa.PrimaryKeyConstraint("community_id", name="top_up_policy_pkey"),
    )
    # Not by a limit_change: nobody decided anything, the product learnt to speak.
    op.execute("ALTER TABLE account DISABLE TRIGGER limits_only_by_a_change")
    op.execute("UPDATE account SET soft_floor = -300 WHERE kind = 'member' AND floor <= -300")
    op.execute("ALTER TABLE account ENABLE TRIGGER limits_only_by_a_change")


def downgrade() -> None:
    op.drop_table("top_up_policy")
    op.execute("ALTER TABLE account DISABLE TRIGGER limits_only_by_a_change")
    op.execute("UPDATE account SET soft_floor = NULL")
    op.execute("ALTER TABLE account ENABLE TRIGGER limits_only_by_a_change")
