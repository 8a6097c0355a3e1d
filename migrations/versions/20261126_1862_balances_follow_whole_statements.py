"""Balances follow whole statements: one update an account, however many transfers a statement writes.

Row by row, the account on the other side of five thousand entries gets five thousand versions in
one transaction, each found by going through all before it: 17 seconds; so it takes 2.
"""

from __future__ import annotations

from alembic import op

revision = "20261126_1862"
down_revision = "20261126_1861"
branch_labels = None
depends_on = None

DEFINER = "LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS"

# Both accounts of every row were locked by transfer_check, in the order of the rows. Limits hold
# for what the statement as a whole leaves behind.
APPLY = f"""CREATE OR REPLACE FUNCTION transfer_apply() RETURNS trigger {DEFINER} $$
BEGIN
  UPDATE account a SET balance = a.balance + moved.minutes
    FROM (SELECT id, sum(minutes) AS minutes
            FROM (SELECT credit_id AS id, minutes FROM posted
                  UNION ALL SELECT debit_id, -minutes FROM posted) sides
           GROUP BY id) moved
   WHERE a.id = moved.id;
  IF EXISTS (SELECT FROM posted t JOIN account a ON a.id = t.debit_id
              WHERE t.kind NOT IN ('reversal', 'opening', 'imported') AND a.balance < a.floor) THEN
    PERFORM refuse_as('balance_floor', 'this would take the account below its floor');
  ELSIF EXISTS (SELECT FROM posted t JOIN account a ON a.id = t.credit_id
                 WHERE t.kind IN ('gift', 'top_up') AND a.balance > a.ceiling) THEN
    PERFORM refuse_as('balance_ceiling', 'this would take the account above its ceiling');
  ELSIF EXISTS (SELECT FROM posted t WHERE t.kind = 'closing' AND NOT EXISTS (
      SELECT FROM account WHERE id IN (t.debit_id, t.credit_id)
         AND kind NOT IN ('community', 'opening') AND balance = 0)) THEN
    PERFORM refuse_as('closing_leaves_nothing', 'an account is closed with nothing left in it');
  END IF;
  RETURN NULL;
END $$"""
BY_STATEMENT = """CREATE TRIGGER transfer_apply AFTER INSERT ON transfer
  REFERENCING NEW TABLE AS posted FOR EACH STATEMENT EXECUTE FUNCTION transfer_apply()"""

EARLIER_APPLY = f"""CREATE OR REPLACE FUNCTION transfer_apply() RETURNS trigger {DEFINER} $$
BEGIN
  UPDATE account SET balance = balance + CASE id WHEN NEW.credit_id THEN NEW.minutes
                                                 ELSE -NEW.minutes END
   WHERE id IN (NEW.debit_id, NEW.credit_id);
  IF NEW.kind NOT IN ('reversal', 'opening', 'imported')
     AND EXISTS (SELECT FROM account WHERE id = NEW.debit_id AND balance < floor) THEN
    PERFORM refuse_as('balance_floor', 'this would take the account below its floor');
  ELSIF NEW.kind IN ('gift', 'top_up')
     AND EXISTS (SELECT FROM account WHERE id = NEW.credit_id AND balance > ceiling) THEN
    PERFORM refuse_as('balance_ceiling', 'this would take the account above its ceiling');
  ELSIF NEW.kind = 'closing' AND NOT EXISTS (
      SELECT FROM account WHERE id IN (NEW.debit_id, NEW.credit_id)
         AND kind NOT IN ('community', 'opening') AND balance = 0) THEN
    PERFORM refuse_as('closing_leaves_nothing', 'an account is closed with nothing left in it');
  END IF;
  RETURN NULL;
END $$"""
BY_ROW = """CREATE TRIGGER transfer_apply AFTER INSERT ON transfer
  FOR EACH ROW EXECUTE FUNCTION transfer_apply()"""


def upgrade() -> None:
    _replace(APPLY, BY_STATEMENT)


def downgrade() -> None:
    _replace(EARLIER_APPLY, BY_ROW)


def _replace(function: str, trigger: str) -> None:
    op.execute("DROP TRIGGER transfer_apply ON transfer")
    op.execute(function)
    op.execute(trigger)
