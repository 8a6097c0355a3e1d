"""Note each change that everybody's calendars show, so that "nothing new" is told by one number.

Changes are added and never rewritten: whoever changes something waits for nobody. What a claim
changes no public calendar shows, so a claim notes nothing.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "20261127_1500"
down_revision = "20261127_1400"
branch_labels = None
depends_on = None

FUNCTION = "LANGUAGE plpgsql SET search_path = public, pg_temp AS"
RULES = [
    f"""CREATE FUNCTION calendar_changes() RETURNS trigger {FUNCTION} $$
BEGIN
  INSERT INTO calendar_change (community_id) VALUES (NEW.community_id);
  RETURN NULL;
END $$""",
    f"""CREATE FUNCTION calendars_change() RETURNS trigger {FUNCTION} $$
BEGIN
  INSERT INTO calendar_change (community_id) SELECT DISTINCT community_id FROM changed;
  RETURN NULL;
END $$""",
    """CREATE TRIGGER dates_added_change_calendars AFTER INSERT ON event
  REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION calendars_change()""",
    """CREATE TRIGGER dates_removed_change_calendars AFTER DELETE ON event
  REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION calendars_change()""",
    # Every claim raises its event's version. `OF` spares it the condition.
    """CREATE TRIGGER date_changes_calendars AFTER UPDATE OF sequence, starts_at, updated_at ON event
  FOR EACH ROW WHEN ((NEW.sequence, NEW.starts_at, NEW.updated_at)
                     IS DISTINCT FROM (OLD.sequence, OLD.starts_at, OLD.updated_at))
  EXECUTE FUNCTION calendar_changes()""",
    """CREATE TRIGGER series_changes_calendars AFTER UPDATE OF state, group_id ON series
  FOR EACH ROW WHEN ((NEW.state, NEW.group_id) IS DISTINCT FROM (OLD.state, OLD.group_id))
  EXECUTE FUNCTION calendar_changes()""",
]
# As if every calendar had changed just now.
FIRST = "INSERT INTO calendar_change (community_id) SELECT id FROM community"


def upgrade() -> None:
    op.create_table(
        "calendar_change",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "mark",
            sa.BigInteger(),
            server_default=sa.text("uuid_hash_extended(gen_random_uuid(), 0)"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name="calendar_change_pkey"),
        sa.ForeignKeyConstraint(
            ["community_id"],
            ["community.id"],
            name="calendar_change_community_id_fkey",
            ondelete="CASCADE",
        ),
    )
    op.create_index(
        "calendar_change_by_community",
        "calendar_change",
        ["community_id"],
        postgresql_include=["mark"],
    )
    for rule in (*RULES, FIRST):
        op.execute(rule)


def downgrade() -> None:
    op.execute("DROP FUNCTION calendar_changes() CASCADE")
    op.execute("DROP FUNCTION calendars_change() CASCADE")
    op.drop_table("calendar_change")
