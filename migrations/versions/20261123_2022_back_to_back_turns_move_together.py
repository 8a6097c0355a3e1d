"""Back-to-back turns of one person move together.

A person sets up from nine and packs up from ten, and the date moves by half an hour: checked row
by row, the first turn ran into the second one before that had moved. A deferrable constraint is
checked at the end of the statement instead, so one UPDATE may move all slots of an event.
"""

from __future__ import annotations

from alembic import op

revision = "20261123_2022"
down_revision = "20261123_2021"
branch_labels = None
depends_on = None

EXCLUDE = """ALTER TABLE claim ADD CONSTRAINT no_overlapping_claims EXCLUDE USING gist (
  int8range(person_id, person_id, '[]') WITH &&,
  tstzrange(starts_at, ends_at, '[)') WITH &&) WHERE (live)"""


def upgrade() -> None:
    op.execute("ALTER TABLE claim DROP CONSTRAINT no_overlapping_claims")
    op.execute(f"{EXCLUDE} DEFERRABLE INITIALLY IMMEDIATE")


def downgrade() -> None:
    op.execute("ALTER TABLE claim DROP CONSTRAINT no_overlapping_claims")
    op.execute(EXCLUDE)
