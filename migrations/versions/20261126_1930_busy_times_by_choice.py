"""Whoever has somebody's calendar address reads their busy times only when they chose to tell."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "20261126_1930"
down_revision = "20261126_1920"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "feed",
        sa.Column("tells_busy_times", sa.Boolean(), server_default=sa.false(), nullable=False),
    )


def downgrade() -> None:
    op.drop_column("feed", "tells_busy_times")
