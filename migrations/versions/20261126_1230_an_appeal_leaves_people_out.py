"""An appeal leaves people out: those its organiser unticked are not asked by a later wave either."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261126_1230"
down_revision = "20261126_1125"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('appeal', sa.Column('left_out', postgresql.ARRAY(sa.BigInteger()), server_default='{}', nullable=False))


def downgrade() -> None:
    op.drop_column('appeal', 'left_out')
