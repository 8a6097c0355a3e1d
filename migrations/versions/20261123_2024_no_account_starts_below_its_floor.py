"""No account starts below its floor, and none gets its first floor above its balance."""

from __future__ import annotations

from alembic import op

revision = "20261123_2024"
down_revision = "20261123_2023"
branch_labels = None
depends_on = None

RAISED = """CREATE TRIGGER floor_not_above_balance BEFORE UPDATE ON account
  FOR EACH ROW WHEN ({raised} AND NEW.floor > NEW.balance)
  EXECUTE FUNCTION refuse('the floor cannot rise above the balance')"""


def upgrade() -> None:
    op.create_check_constraint("account_floor", "account", "floor <= 0")
    op.execute("DROP TRIGGER floor_not_above_balance ON account")
    op.execute(RAISED.format(raised="(NEW.floor > OLD.floor OR OLD.floor IS NULL)"))


def downgrade() -> None:
    op.execute("DROP TRIGGER floor_not_above_balance ON account")
    op.execute(RAISED.format(raised="NEW.floor > OLD.floor"))
    op.drop_constraint("account_floor", "account")
