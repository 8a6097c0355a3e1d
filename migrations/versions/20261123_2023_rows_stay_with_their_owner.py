"""Rows stay with their owner: an account, a membership and a slot are never handed on.

Hours would change hands without a transfer when an account got another membership, or a membership
another person; done turns would change their event when a slot did.
"""

from __future__ import annotations

from alembic import op

revision = "20261123_2023"
down_revision = "20261123_2022"
branch_labels = None
depends_on = None

IDENTITIES = {
    "account": (
        "community_id, kind, membership_id, group_id",
        "an account stays with its holder",
    ),
    "membership": (
        "community_id, person_id",
        "a membership stays with its person and community",
    ),
    "slot": (
        "community_id, series_id, event_id, role_id",
        "a slot stays with its event and role",
    ),
}


def upgrade() -> None:
    for table, (columns, message) in IDENTITIES.items():
        new, old = (
            ", ".join(f"{row}.{column}" for column in columns.split(", "))
            for row in ("NEW", "OLD")
        )
        op.execute(f"""CREATE TRIGGER {table}_keeps_its_owner BEFORE UPDATE ON {table}
  FOR EACH ROW WHEN (({new}) IS DISTINCT FROM ({old})) EXECUTE FUNCTION refuse('{message}')""")


def downgrade() -> None:
    for table in IDENTITIES:
        op.execute(f"DROP TRIGGER {table}_keeps_its_owner ON {table}")
