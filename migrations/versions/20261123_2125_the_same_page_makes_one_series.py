"""The same page of the editor makes one series: a second tap on Publish finds the first."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "20261123_2125"
down_revision = "20261123_2120"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("series", sa.Column("intent", sa.Uuid(), nullable=True))
    op.create_unique_constraint("same_series_once", "series", ["created_by", "intent"])


def downgrade() -> None:
    op.drop_column("series", "intent")
