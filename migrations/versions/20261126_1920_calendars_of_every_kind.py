"""Calendar addresses of every kind, with choices; and when a version rose, which calendars tell.

What is filled, and what two agreed on, change without a date's sequence: calendars of those are
told by a version and the moment it rose.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "20261126_1920"
down_revision = "20261126_1910"
branch_labels = None
depends_on = None

FUNCTION = "LANGUAGE plpgsql SET search_path = public, pg_temp AS"
NOW = sa.text("now()")

CHECKS = {
    "feed_shows": "shows IN ('turns', 'household', 'organising', 'exchanges', 'whats_on', 'gaps')",
    "feed_cancelled": "cancelled IN ('status', 'mark', 'drop')",
    "feed_client": "last_client IN"
    " ('google', 'apple', 'outlook', 'thunderbird', 'nextcloud', 'other')",
    "feed_alarm": "alarm_minutes IS NULL OR alarm_minutes BETWEEN 5 AND 10080"
    " AND shows IN ('turns', 'household', 'exchanges')",
    "feed_filters": "shows IN ('whats_on', 'gaps')"
    " OR num_nonnulls(group_id, series_id, scene, area, role_name) = 0",
    "feed_role_of_gaps": "role_name IS NULL OR shows = 'gaps'",
    "feed_scene": "scene IN ('park', 'party', 'litter', 'garden', 'tea', 'books', 'lake', 'fix')",
    "feed_area": "char_length(area) BETWEEN 1 AND 40",
    "feed_role_name": "char_length(role_name) BETWEEN 1 AND 60",
    "feed_blank": "blank_until IS NULL OR revoked_at IS NOT NULL AND blank_until > revoked_at",
}

RULES = [
    """CREATE TRIGGER feed_stays_what_it_is BEFORE UPDATE ON feed
  FOR EACH ROW WHEN ((NEW.membership_id, NEW.shows, NEW.token_hash)
                     <> (OLD.membership_id, OLD.shows, OLD.token_hash)
                     OR OLD.revoked_at IS NOT NULL
                        AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at)
  EXECUTE FUNCTION refuse('an address is switched off, never on again: make another')""",
    f"""CREATE FUNCTION raise_version_and_moment() RETURNS trigger {FUNCTION} $$
BEGIN
  NEW.version := OLD.version + 1;
  NEW.versioned_at := greatest(OLD.versioned_at, now());
  RETURN NEW;
END $$""",
    "DROP TRIGGER raise_version ON event",
    """CREATE TRIGGER raise_version BEFORE UPDATE ON event
  FOR EACH ROW EXECUTE FUNCTION raise_version_and_moment()""",
    """CREATE TRIGGER exchange_raises_version BEFORE UPDATE ON exchange
  FOR EACH ROW EXECUTE FUNCTION raise_version_and_moment()""",
    f"""CREATE FUNCTION touch_exchanges_of_person() RETURNS trigger {FUNCTION} $$
BEGIN
  UPDATE exchange SET version = version WHERE id IN (
    SELECT x.id FROM membership m JOIN exchange x ON x.helper_id = m.id
     WHERE m.person_id = OLD.person_id
    UNION
    SELECT x.id FROM membership m JOIN exchange x ON x.helped_id = m.id
     WHERE m.person_id = OLD.person_id);
  RETURN NULL;
END $$""",
    """CREATE TRIGGER name_touches_exchanges AFTER UPDATE OF full_name OR DELETE ON profile
  FOR EACH ROW EXECUTE FUNCTION touch_exchanges_of_person()""",
]


def upgrade() -> None:
    text = sa.Text()
    for column in (
        sa.Column("shows", sa.String(20), server_default="turns", nullable=False),
        sa.Column("cancelled", sa.String(20), server_default="status", nullable=False),
        sa.Column("alarm_minutes", sa.SmallInteger()),
        sa.Column("group_id", sa.BigInteger()),
        sa.Column("series_id", sa.BigInteger()),
        sa.Column("scene", text),
        sa.Column("area", text),
        sa.Column("role_name", text),
        sa.Column("blank_until", sa.TIMESTAMP(timezone=True)),
        sa.Column("last_client", sa.String(20)),
    ):
        op.add_column("feed", column)
    for name, rule in CHECKS.items():
        op.create_check_constraint(name, "feed", rule)
    here = ["id", "community_id"]
    op.create_foreign_key(
        "feed_of_a_group", "feed", "community_group", ["group_id", "community_id"], here
    )
    op.create_foreign_key(
        "feed_of_a_series", "feed", "series", ["series_id", "community_id"], here
    )
    op.drop_index("one_live_feed_per_membership", "feed")
    op.create_index(
        "one_live_feed_per_kind",
        "feed",
        ["membership_id", "shows"],
        unique=True,
        postgresql_where=sa.text("revoked_at IS NULL AND shows NOT IN ('whats_on', 'gaps')"),
    )
    op.create_index("feed_by_member", "feed", ["membership_id"])
    for table in ("event", "exchange"):
        moment = sa.TIMESTAMP(timezone=True)
        op.add_column(
            table, sa.Column("versioned_at", moment, server_default=NOW, nullable=False)
        )
    op.add_column(
        "exchange", sa.Column("version", sa.BigInteger(), server_default="1", nullable=False)
    )
    for rule in RULES:
        op.execute(rule)


def downgrade() -> None:
    op.execute("DROP FUNCTION touch_exchanges_of_person() CASCADE")
    op.execute("DROP FUNCTION raise_version_and_moment() CASCADE")
    op.execute("""CREATE TRIGGER raise_version BEFORE UPDATE ON event
  FOR EACH ROW EXECUTE FUNCTION raise_version()""")
    op.drop_column("exchange", "version")
    op.drop_column("exchange", "versioned_at")
    op.drop_column("event", "versioned_at")
    op.execute("DROP TRIGGER feed_stays_what_it_is ON feed")
    op.execute("DELETE FROM feed WHERE shows <> 'turns'")
    op.drop_index("feed_by_member", "feed")
    op.drop_index("one_live_feed_per_kind", "feed")
    op.create_index(
        "one_live_feed_per_membership",
        "feed",
        ["membership_id"],
        unique=True,
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    for column in (
        "shows",
        "cancelled",
        "alarm_minutes",
        "group_id",
        "series_id",
        "scene",
        "area",
        "role_name",
        "blank_until",
        "last_client",
    ):
        op.drop_column("feed", column)
