"""A whole bank comes in at once: each account moves by the sum of what was imported, not row by row.

A row that is updated a thousand times in one transaction leaves a thousand versions behind, and
each reader of that transaction walks them: entry by entry, ten thousand took a minute.
"""

from __future__ import annotations

from alembic import op

revision = "20261126_1875"
down_revision = "20261126_1870"
branch_labels = None
depends_on = None

DEFINER = "LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS"

# The accounts are locked already, each by transfer_check.
APPLY_IMPORTED = f"""CREATE FUNCTION imported_apply() RETURNS trigger {DEFINER} $$
BEGIN
  IF EXISTS (SELECT FROM written WHERE kind = 'imported') THEN
    UPDATE account SET balance = balance + moved.minutes
      FROM (SELECT account_id, sum(minutes) AS minutes
              FROM (SELECT credit_id AS account_id, minutes FROM written WHERE kind = 'imported'
                    UNION ALL
                    SELECT debit_id, -minutes FROM written WHERE kind = 'imported') sides
             GROUP BY account_id) moved
     WHERE account.id = moved.account_id;
  END IF;
  RETURN NULL;
END $$"""
IMPORTED_APPLY = """CREATE TRIGGER imported_apply AFTER INSERT ON transfer
  REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION imported_apply()"""


def upgrade() -> None:
    op.execute("DROP TRIGGER transfer_apply ON transfer")
    _each_row("WHEN (NEW.kind <> 'imported') ")
    op.execute(APPLY_IMPORTED)
    op.execute(IMPORTED_APPLY)


def downgrade() -> None:
    op.execute("DROP TRIGGER imported_apply ON transfer")
    op.execute("DROP FUNCTION imported_apply()")
    op.execute("DROP TRIGGER transfer_apply ON transfer")
    _each_row("")


def _each_row(when: str) -> None:
    op.execute(f"""CREATE TRIGGER transfer_apply AFTER INSERT ON transfer
  FOR EACH ROW {when}EXECUTE FUNCTION transfer_apply()""")
