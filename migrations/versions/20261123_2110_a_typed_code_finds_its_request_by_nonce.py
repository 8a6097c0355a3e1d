"""A typed code finds its request by nonce, which says nothing about whose it is."""

from __future__ import annotations

from alembic import op

revision = "20261123_2110"
down_revision = "20261123_2026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("sign_in_request_nonce_idx", "sign_in_request", ["nonce"])


def downgrade() -> None:
    op.drop_index("sign_in_request_nonce_idx", "sign_in_request")
