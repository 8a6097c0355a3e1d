"""Keep the VEVENT of each date as everybody's calendars show it, written once a version.

Besides, two changes reach calendars that did not: a pot's new name those of exchanges, and the
picture of a series, which calendars show as a colour, those of its dates.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "20261127_1000"
down_revision = "20261126_1930"
branch_labels = None
depends_on = None

FUNCTION = "LANGUAGE plpgsql SET search_path = public, pg_temp AS"
CHECKS = {
    "calendar_entry_sequence": "sequence >= 0",
    "calendar_entry_style": "octet_length(style) = 32",
    "calendar_entry_is_an_event": r"substr(body, 1, 14) = 'BEGIN:VEVENT\015\012'::bytea"
    r" AND substr(body, octet_length(body) - 11) = 'END:VEVENT\015\012'::bytea",
    "calendar_entry_names_nobody": r"position('\012ATTENDEE'::bytea IN body) = 0"
    r" AND position('\012ORGANIZER'::bytea IN body) = 0",
}
RULES = [
    """CREATE TRIGGER calendar_entry_stays BEFORE UPDATE ON calendar_entry
  FOR EACH ROW EXECUTE FUNCTION refuse('one version of a date is always the same bytes')""",
    f"""CREATE FUNCTION touch_exchanges_of_pot() RETURNS trigger {FUNCTION} $$
BEGIN
  UPDATE exchange SET version = version WHERE payer_id = NEW.id;
  RETURN NULL;
END $$""",
    """CREATE TRIGGER pot_name_touches_exchanges AFTER UPDATE OF name ON account
  FOR EACH ROW WHEN (NEW.name IS DISTINCT FROM OLD.name)
  EXECUTE FUNCTION touch_exchanges_of_pot()""",
]
SHOWN_OF_A_SERIES = ("title", "description", "bring", "slug")


def upgrade() -> None:
    op.create_table(
        "calendar_entry",
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("style", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column(
            "made_at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("event_id", "sequence", "style", name="calendar_entry_pkey"),
        sa.ForeignKeyConstraint(
            ["event_id"], ["event.id"], name="calendar_entry_event_id_fkey", ondelete="CASCADE"
        ),
        *(sa.CheckConstraint(rule, name=name) for name, rule in CHECKS.items()),
    )
    for rule in RULES:
        op.execute(rule)
    series_shows(*SHOWN_OF_A_SERIES, "scene")


def downgrade() -> None:
    series_shows(*SHOWN_OF_A_SERIES)
    op.execute("DROP FUNCTION touch_exchanges_of_pot() CASCADE")
    op.drop_table("calendar_entry")


def series_shows(*columns: str) -> None:
    """Say which columns of a series raise the sequence of its dates."""
    new = ", ".join(f"NEW.{column}" for column in columns)
    old = ", ".join(f"OLD.{column}" for column in columns)
    op.execute("DROP TRIGGER series_raises_sequence ON series")
    op.execute(
        f"""CREATE TRIGGER series_raises_sequence AFTER UPDATE ON series
  FOR EACH ROW WHEN (({new}) IS DISTINCT FROM ({old}))
  EXECUTE FUNCTION series_raises_sequence()"""
    )
