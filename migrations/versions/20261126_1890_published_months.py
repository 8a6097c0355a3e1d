"""Published months: figures that stay as they were told, whatever is entered late."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261126_1890"
down_revision = "20261126_1885"
branch_labels = None
depends_on = None

NOW = sa.text("now()")


def upgrade() -> None:
    op.create_table(
        "published_month",
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("figures", postgresql.JSONB(), nullable=False),
        sa.Column("published_by", sa.BigInteger(), nullable=False),
        sa.Column("published_at", sa.TIMESTAMP(timezone=True), server_default=NOW, nullable=False),
        sa.CheckConstraint("extract(day FROM month) = 1", name="month_by_its_first_day"),
        sa.ForeignKeyConstraint(
            ["published_by", "community_id"],
            ["membership.id", "membership.community_id"],
            name="month_published_by_a_member",
        ),
        sa.PrimaryKeyConstraint("community_id", "month", name="published_month_pkey"),
    )
    op.execute("""CREATE TRIGGER published_month_stays BEFORE UPDATE OR DELETE ON published_month
  FOR EACH ROW EXECUTE FUNCTION refuse('what was published stays as it was told')""")
    op.execute("REVOKE UPDATE, DELETE ON published_month FROM timebank_app")


def downgrade() -> None:
    op.drop_table("published_month")
