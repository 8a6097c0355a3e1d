"""The rules of the books: what each kind of transfer may do, and how limits change.

Everybody who writes a transfer holds a shared lock from before its number is given until the end of
the transaction; whoever seals the books takes it alone, and then no lower number is still to come.
"""

from __future__ import annotations

from alembic import op

revision = "20261126_1801"
down_revision = "20261126_1800"
branch_labels = None
depends_on = None

FUNCTION = "LANGUAGE plpgsql SET search_path = public, pg_temp AS"
DEFINER = "LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS"

# The number is timebank.domain.ledger.sealing.WRITERS.
OPEN_BOOKS = f"""CREATE FUNCTION transfer_opens_books() RETURNS trigger {FUNCTION} $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(7042027);
  RETURN NULL;
END $$"""
OPENS_BOOKS = """CREATE TRIGGER transfer_opens_books BEFORE INSERT ON transfer
  FOR EACH STATEMENT EXECUTE FUNCTION transfer_opens_books()"""

# Lock order: claim, then both accounts by number, so that opposite transfers cannot deadlock.
# NO KEY UPDATE, because FOR UPDATE would collide with the KEY SHARE locks of foreign keys. What
# the accounts say is read by a statement of its own: it sees what the one ahead has committed.
CHECK = f"""CREATE OR REPLACE FUNCTION transfer_check() RETURNS trigger {FUNCTION} $$
DECLARE
  payer account;
  payee account;
BEGIN
  IF NEW.kind IN ('earn', 'adjust') THEN
    PERFORM FROM claim c JOIN account a ON a.membership_id = c.membership_id
      WHERE c.id = NEW.claim_id AND c.state = 'attended' AND a.id = NEW.credit_id
        FOR SHARE OF c;   -- it stays attended until this transaction ends
    IF NOT FOUND THEN
      PERFORM refuse_as('earn_needs_attended_claim', 'hours go to the person of an attended turn');
    END IF;
  END IF;
  PERFORM FROM account WHERE id IN (NEW.debit_id, NEW.credit_id) ORDER BY id FOR NO KEY UPDATE;
  SELECT * INTO payer FROM account WHERE id = NEW.debit_id;
  SELECT * INTO payee FROM account WHERE id = NEW.credit_id;
  IF num_nonnulls(payer.read_only_since, payee.read_only_since) > 0 THEN
    PERFORM refuse_as('account_is_read_only', 'the books of this account are being looked into');
  ELSIF NEW.kind IN ('reversal', 'imported') THEN
    RETURN NEW;
  ELSIF payee.membership_id = NEW.created_by AND payee.id <> payer.id
        AND NEW.kind NOT IN ('opening', 'closing') THEN
    PERFORM refuse_as('nobody_confirms_own_hours', 'hours are confirmed by somebody else');
  ELSIF (NEW.kind = 'opening') <> ('opening' IN (payer.kind, payee.kind)) THEN
    PERFORM refuse_as('opening_uses_the_opening_account',
                      'hours brought forward come from the opening account, and no others do');
  END IF;
  CASE
    WHEN NEW.kind IN ('earn', 'adjust') THEN
      IF payer.kind = 'member' THEN
        PERFORM refuse_as('earn_is_paid_by_the_community',
                          'hours come from the community or a pot');
      ELSIF NEW.kind = 'adjust' AND NOT EXISTS (
          SELECT FROM transfer t JOIN transfer r ON r.reverses_id = t.id
           WHERE t.claim_id = NEW.claim_id AND t.revision = NEW.revision - 1) THEN
        PERFORM refuse_as('adjust_after_reversal', 'reverse the earlier credit first');
      END IF;
      RETURN NEW;
    WHEN NEW.kind = 'thanks' THEN
      IF payer.kind NOT IN ('member', 'pot') OR payee.kind <> 'member' THEN
        PERFORM refuse_as('thanks_go_to_a_neighbour', 'a neighbour is thanked, by one or a pot');
      ELSIF NEW.revision > 0 AND NOT EXISTS (
          SELECT FROM transfer t JOIN transfer r ON r.reverses_id = t.id
           WHERE t.exchange_id = NEW.exchange_id AND t.revision = NEW.revision - 1) THEN
        PERFORM refuse_as('thanks_again_after_reversal', 'reverse the earlier thanks first');
      END IF;
    WHEN NEW.kind = 'top_up' THEN
      IF payer.kind <> 'pot' OR payee.kind <> 'member' THEN
        PERFORM refuse_as('top_up_from_a_pot', 'a pot tops up a member');
      END IF;
    ELSE NULL;
  END CASE;
  IF num_nonnulls(payer.closed_at, payee.closed_at) > 0 THEN
    PERFORM refuse_as('account_is_closed', 'nothing goes in or out of a closed account');
  END IF;
  RETURN NEW;
END $$"""

# A correction must always be possible, and so must bringing hours forward: they alone may leave a
# balance below its floor. Earned hours are never lost to a ceiling.
APPLY = f"""CREATE OR REPLACE FUNCTION transfer_apply() RETURNS trigger {DEFINER} $$
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

EARLIER_CHECK = f"""CREATE OR REPLACE FUNCTION transfer_check() RETURNS trigger {FUNCTION} $$
DECLARE
  helper bigint;
BEGIN
  IF NEW.kind IN ('earn', 'adjust') THEN
    SELECT c.membership_id INTO helper
      FROM claim c JOIN account a ON a.membership_id = c.membership_id
     WHERE c.id = NEW.claim_id AND c.state = 'attended' AND a.id = NEW.credit_id
       FOR SHARE OF c;
    IF NOT FOUND THEN
      PERFORM refuse_as('earn_needs_attended_claim', 'hours go to the person of an attended turn');
    ELSIF helper = NEW.created_by THEN
      PERFORM refuse_as('nobody_confirms_own_hours', 'hours are confirmed by somebody else');
    ELSIF NOT EXISTS (SELECT FROM account WHERE id = NEW.debit_id AND kind <> 'member') THEN
      PERFORM refuse_as('earn_is_paid_by_the_community', 'hours come from the community or a pot');
    ELSIF NEW.kind = 'adjust' AND NOT EXISTS (
        SELECT FROM transfer t JOIN transfer r ON r.reverses_id = t.id
         WHERE t.claim_id = NEW.claim_id AND t.revision = NEW.revision - 1) THEN
      PERFORM refuse_as('adjust_after_reversal', 'reverse the earlier credit first');
    END IF;
  END IF;
  PERFORM FROM account WHERE id IN (NEW.debit_id, NEW.credit_id) ORDER BY id FOR NO KEY UPDATE;
  RETURN NEW;
END $$"""
EARLIER_APPLY = f"""CREATE OR REPLACE FUNCTION transfer_apply() RETURNS trigger {DEFINER} $$
BEGIN
  UPDATE account SET balance = balance + CASE id WHEN NEW.credit_id THEN NEW.minutes
                                                 ELSE -NEW.minutes END
   WHERE id IN (NEW.debit_id, NEW.credit_id);
  IF NEW.kind <> 'reversal'
     AND EXISTS (SELECT FROM account WHERE id = NEW.debit_id AND balance < floor) THEN
    PERFORM refuse_as('balance_floor', 'this would take the account below its floor');
  END IF;
  RETURN NULL;
END $$"""

LIMITS = "(NEW.floor, NEW.soft_floor, NEW.ceiling) IS DISTINCT FROM (OLD.floor, OLD.soft_floor, OLD.ceiling)"
APPLY_LIMITS = f"""CREATE FUNCTION limit_change_applies() RETURNS trigger {DEFINER} $$
BEGIN
  UPDATE account SET floor = NEW.floor, soft_floor = NEW.soft_floor, ceiling = NEW.ceiling
   WHERE id = NEW.account_id;
  RETURN NULL;
END $$"""
TRIGGERS = [
    """CREATE TRIGGER limit_change_applies AFTER INSERT ON limit_change
  FOR EACH ROW EXECUTE FUNCTION limit_change_applies()""",
    f"""CREATE TRIGGER limits_only_by_a_change BEFORE UPDATE ON account
  FOR EACH ROW WHEN ({LIMITS} AND pg_trigger_depth() = 0)
  EXECUTE FUNCTION refuse('limits change with a reason, which is kept')""",
    """CREATE TRIGGER limit_change_immutable BEFORE UPDATE OR DELETE ON limit_change
  FOR EACH ROW EXECUTE FUNCTION refuse('what was decided about limits stays written down')""",
    """CREATE TRIGGER batch_immutable BEFORE UPDATE OR DELETE ON batch
  FOR EACH ROW EXECUTE FUNCTION refuse('a batch never changes')""",
    """CREATE TRIGGER memo_stays_or_goes BEFORE UPDATE ON memo
  FOR EACH ROW EXECUTE FUNCTION refuse('a memo can be erased, not rewritten')""",
    """CREATE TRIGGER account_closes_empty BEFORE UPDATE ON account
  FOR EACH ROW WHEN (OLD.closed_at IS NULL AND NEW.closed_at IS NOT NULL AND NEW.balance <> 0)
  EXECUTE FUNCTION refuse('an account is closed with nothing left in it')""",
]
TRIGGERS_BY_TABLE = {
    "account": ("account_closes_empty", "limits_only_by_a_change"),
    "memo": ("memo_stays_or_goes",),
    "batch": ("batch_immutable",),
    "limit_change": ("limit_change_immutable", "limit_change_applies"),
    "transfer": ("transfer_opens_books",),
}


def upgrade() -> None:
    for statement in (OPEN_BOOKS, OPENS_BOOKS, CHECK, APPLY, APPLY_LIMITS, *TRIGGERS):
        op.execute(statement)


def downgrade() -> None:
    for table, names in TRIGGERS_BY_TABLE.items():
        for name in names:
            op.execute(f"DROP TRIGGER {name} ON {table}")
    op.execute("DROP FUNCTION limit_change_applies()")
    op.execute("DROP FUNCTION transfer_opens_books()")
    op.execute(EARLIER_APPLY)
    op.execute(EARLIER_CHECK)
