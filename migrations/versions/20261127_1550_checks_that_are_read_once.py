"""The longer CHECKs of claims, notices and dates are read once a connection, not in every statement.

PostgreSQL keeps a CHECK as text and takes it apart anew in each statement that writes a row: the
fifty kinds of notice alone are two thousand words of it. The body of a function it reads once. So
each of these keeps its name and what it says, and asks a function that says it. They hold what
stood in the CHECK until now, whatever that was: a migration that changes one of them later may
replace the function or the CHECK.

A notice is found by its claim through `notice_once_per_claim`, which begins with it.
"""

from __future__ import annotations

from alembic import op

revision = "20261127_1550"
down_revision = "20261127_1540"
branch_labels = None
depends_on = None

CHECKS = {
    "claim": (
        "claim_state_known",
        "claim_held_for",
        "claim_withdrawn_because",
        "held_has_an_end",
        "withdrawn_says_why",
        "held_under_a_name",
        "overruled_says_why",
        "minutes_said_by_another",
        "place_within_places",
    ),
    "notice": (
        "notice_kind",
        "notice_state",
        "leased_notice_has_lease",
        "told_along_is_not_sent",
    ),
    "event": (
        "event_state",
        "event_outlook",
        "event_reason_kind",
        "event_span",
        "go_anyway_says_why",
    ),
}

# IMMUTABLE as the CHECKs were: nothing is looked up, and only built-in operators are used.
READ_ONCE = """DO $do$
DECLARE
  said text;
  takes text;
  gives text;
BEGIN
  SELECT pg_get_expr(k.conbin, k.conrelid),
         string_agg(format('%I %s', a.attname, format_type(a.atttypid, NULL)), ', '
                    ORDER BY a.attnum),
         string_agg(format('%I', a.attname), ', ' ORDER BY a.attnum)
    INTO STRICT said, takes, gives
    FROM pg_constraint k
    JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)
   WHERE k.conrelid = '{table}'::regclass AND k.conname = '{check}'
   GROUP BY k.oid;
  EXECUTE format('CREATE FUNCTION {check}_holds(%s) RETURNS boolean LANGUAGE plpgsql IMMUTABLE'
                 ' AS %L', takes, 'BEGIN RETURN ' || said || '; END');
  ALTER TABLE {table} DROP CONSTRAINT {check};
  EXECUTE format('ALTER TABLE {table} ADD CONSTRAINT {check} CHECK ({check}_holds(%s))', gives);
END $do$"""

READ_ALWAYS = """DO $do$
DECLARE
  said text;
BEGIN
  SELECT substring(p.prosrc FROM '^BEGIN RETURN (.*); END$') INTO STRICT said
    FROM pg_proc p WHERE p.proname = '{check}_holds';
  ALTER TABLE {table} DROP CONSTRAINT {check};
  EXECUTE format('ALTER TABLE {table} ADD CONSTRAINT {check} CHECK (%s)', said);
  DROP FUNCTION {check}_holds;
END $do$"""


def upgrade() -> None:
    for table, checks in CHECKS.items():
        for check in checks:
            op.execute(READ_ONCE.replace("{table}", table).replace("{check}", check))
    op.execute("DROP INDEX notice_claim_id_idx")


def downgrade() -> None:
    op.execute("CREATE INDEX notice_claim_id_idx ON notice (claim_id)")
    for table, checks in CHECKS.items():
        for check in checks:
            op.execute(READ_ALWAYS.replace("{table}", table).replace("{check}", check))
