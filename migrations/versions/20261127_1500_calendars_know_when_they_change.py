"""Note each change that everybody's calendars show, so that "nothing new" is told by one number.

Changes are added and never rewritten: whoever changes something waits for nobody else who does.
What a claim changes no public calendar shows, so a claim notes nothing.

A date shows words of its series, its group and its place, and a change of those raises the sequence
of all dates that are there. A date that comes at that moment would keep the old words under a
sequence that never rises: so it waits for whoever changes them, and they for it. Everybody locks
the series first, then the group, then the place. A series that goes to another group shows another
name, so that raises sequences too.
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
    f"""CREATE FUNCTION date_changes_calendars() RETURNS trigger {FUNCTION} $$
BEGIN
  IF NEW.venue_id <> OLD.venue_id THEN
    PERFORM FROM venue WHERE id = NEW.venue_id FOR SHARE;
  END IF;
  INSERT INTO calendar_change (community_id) VALUES (NEW.community_id);
  RETURN NULL;
END $$""",
    f"""CREATE FUNCTION series_changes_calendars() RETURNS trigger {FUNCTION} $$
BEGIN
  IF NEW.group_id <> OLD.group_id THEN
    PERFORM FROM community_group WHERE id = NEW.group_id FOR SHARE;
    UPDATE event SET sequence = sequence + 1, updated_at = greatest(updated_at, now())
     WHERE series_id = NEW.id;
  END IF;
  INSERT INTO calendar_change (community_id) VALUES (NEW.community_id);
  RETURN NULL;
END $$""",
    f"""CREATE FUNCTION dates_added_change_calendars() RETURNS trigger {FUNCTION} $$
BEGIN
  PERFORM FROM series WHERE id IN (SELECT series_id FROM changed) ORDER BY id FOR SHARE;
  PERFORM FROM community_group WHERE id IN (
    SELECT s.group_id FROM series s JOIN changed n ON n.series_id = s.id) ORDER BY id FOR SHARE;
  PERFORM FROM venue WHERE id IN (SELECT venue_id FROM changed) ORDER BY id FOR SHARE;
  INSERT INTO calendar_change (community_id) SELECT DISTINCT community_id FROM changed;
  RETURN NULL;
END $$""",
    f"""CREATE FUNCTION dates_removed_change_calendars() RETURNS trigger {FUNCTION} $$
BEGIN
  INSERT INTO calendar_change (community_id) SELECT DISTINCT community_id FROM changed;
  RETURN NULL;
END $$""",
    """CREATE TRIGGER dates_added_change_calendars AFTER INSERT ON event
  REFERENCING NEW TABLE AS changed FOR EACH STATEMENT
  EXECUTE FUNCTION dates_added_change_calendars()""",
    """CREATE TRIGGER dates_removed_change_calendars AFTER DELETE ON event
  REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION dates_removed_change_calendars()""",
    # Every claim raises its event's version. `OF` spares it the condition.
    """CREATE TRIGGER date_changes_calendars AFTER UPDATE OF sequence, starts_at, updated_at ON event
  FOR EACH ROW WHEN ((NEW.sequence, NEW.starts_at, NEW.updated_at)
                     IS DISTINCT FROM (OLD.sequence, OLD.starts_at, OLD.updated_at))
  EXECUTE FUNCTION date_changes_calendars()""",
    """CREATE TRIGGER series_changes_calendars AFTER UPDATE OF state, group_id ON series
  FOR EACH ROW WHEN ((NEW.state, NEW.group_id) IS DISTINCT FROM (OLD.state, OLD.group_id))
  EXECUTE FUNCTION series_changes_calendars()""",
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
    for name in (
        "date_changes_calendars",
        "series_changes_calendars",
        "dates_added_change_calendars",
        "dates_removed_change_calendars",
    ):
        op.execute(f"DROP FUNCTION {name}() CASCADE")
    op.drop_table("calendar_change")
