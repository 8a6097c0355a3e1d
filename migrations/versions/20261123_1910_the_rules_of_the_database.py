"""What must never break: the rules that CHECK, UNIQUE and foreign keys cannot say.

A refusal has SQLSTATE class 23 and a constraint name in `error.orig.diag.constraint_name`, also
where a trigger refuses. Triggers of one table fire in the order of their names. Functions fix
search_path with pg_temp last, or a temporary table could deceive them.
"""

from __future__ import annotations

from alembic import op

revision = "20261123_1910"
down_revision = "20261123_1900"
branch_labels = None
depends_on = None

FUNCTION = "LANGUAGE plpgsql SET search_path = public, pg_temp AS"

# refuse(message) says no, under the trigger's name.
# refuse_as(name, message) does it for a rule inside a longer function.
REFUSALS = [
    f"""CREATE FUNCTION refuse_as(rule text, message text) RETURNS void {FUNCTION} $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation',
    CONSTRAINT = rule, MESSAGE = message;
END $$""",
    f"""CREATE FUNCTION refuse() RETURNS trigger {FUNCTION} $$
BEGIN
  PERFORM refuse_as(TG_NAME, TG_ARGV[0]);
  RETURN NULL;
END $$""",
]

CLAIMS = [
    # Nobody is in two places at once, over all communities. gist has no operator class for bigint
    # without btree_gist, which the embedded server lacks: the number goes in as a range of one.
    """ALTER TABLE claim ADD CONSTRAINT no_overlapping_claims EXCLUDE USING gist (
  int8range(person_id, person_id, '[]') WITH &&,
  tstzrange(starts_at, ends_at, '[)') WITH &&) WHERE (live)""",
    """CREATE TRIGGER claim_no_delete BEFORE DELETE ON claim
  FOR EACH ROW EXECUTE FUNCTION refuse('a claim is withdrawn, not deleted')""",
    """CREATE TRIGGER claim_no_truncate BEFORE TRUNCATE ON claim
  FOR EACH STATEMENT EXECUTE FUNCTION refuse('claims are withdrawn, not deleted')""",
    # Compare values: BEFORE UPDATE OF slot_id would also fire for a cascade that leaves it alone.
    """CREATE TRIGGER claim_identity BEFORE UPDATE ON claim
  FOR EACH ROW WHEN ((NEW.slot_id, NEW.person_id, NEW.membership_id)
                     <> (OLD.slot_id, OLD.person_id, OLD.membership_id))
  EXECUTE FUNCTION refuse('slot and person of a claim are fixed: withdraw it, make another')""",
    """CREATE TRIGGER claim_state BEFORE UPDATE ON claim
  FOR EACH ROW WHEN (NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (
    ('held', 'confirmed'), ('held', 'attended'), ('held', 'missed'), ('held', 'withdrawn'),
    ('confirmed', 'attended'), ('confirmed', 'missed'), ('confirmed', 'withdrawn'),
    ('attended', 'missed'), ('missed', 'attended')))
  EXECUTE FUNCTION refuse('a claim cannot go back to that state')""",
    f"""CREATE FUNCTION claim_is_uncredited() RETURNS trigger {FUNCTION} $$
BEGIN
  IF EXISTS (SELECT FROM transfer t WHERE t.claim_id = OLD.id
             AND NOT EXISTS (SELECT FROM transfer r WHERE r.reverses_id = t.id)) THEN
    PERFORM refuse_as(TG_NAME, 'the hours of this turn are credited: reverse them first');
  END IF;
  RETURN NEW;
END $$""",
    """CREATE TRIGGER credited_claim_stays_attended BEFORE UPDATE ON claim
  FOR EACH ROW WHEN (OLD.state = 'attended' AND NEW.state <> 'attended')
  EXECUTE FUNCTION claim_is_uncredited()""",
    # The hours of an attended turn were worked out from its slot: only a reversal corrects them.
    f"""CREATE FUNCTION slot_is_unattended() RETURNS trigger {FUNCTION} $$
BEGIN
  IF EXISTS (SELECT FROM claim WHERE slot_id = OLD.id AND state = 'attended') THEN
    PERFORM refuse_as(TG_NAME, 'this job has turns that were done: it can no longer be moved');
  END IF;
  RETURN NEW;
END $$""",
    """CREATE TRIGGER attended_slot_is_fixed BEFORE UPDATE ON slot
  FOR EACH ROW WHEN ((NEW.starts_at, NEW.ends_at) <> (OLD.starts_at, OLD.ends_at))
  EXECUTE FUNCTION slot_is_unattended()""",
]

LEDGER = [
    """CREATE TRIGGER transfer_immutable BEFORE UPDATE OR DELETE ON transfer
  FOR EACH ROW EXECUTE FUNCTION refuse('a transfer never changes: write a reversal')""",
    """CREATE TRIGGER transfer_no_truncate BEFORE TRUNCATE ON transfer
  FOR EACH STATEMENT EXECUTE FUNCTION refuse('transfers are never deleted')""",
    # Lock order: claim, then both accounts by number, so that opposite transfers cannot deadlock.
    # NO KEY UPDATE, because FOR UPDATE would collide with the KEY SHARE locks of foreign keys.
    f"""CREATE FUNCTION transfer_check() RETURNS trigger {FUNCTION} $$
DECLARE
  helper bigint;
BEGIN
  IF NEW.kind IN ('earn', 'adjust') THEN
    SELECT c.membership_id INTO helper
      FROM claim c JOIN account a ON a.membership_id = c.membership_id
     WHERE c.id = NEW.claim_id AND c.state = 'attended' AND a.id = NEW.credit_id
       FOR SHARE OF c;   -- it stays attended until this transaction ends
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
END $$""",
    """CREATE TRIGGER transfer_check BEFORE INSERT ON transfer
  FOR EACH ROW EXECUTE FUNCTION transfer_check()""",
    # A correction must always be possible, so a reversal alone may leave a balance below its floor.
    """CREATE FUNCTION transfer_apply() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE account SET balance = balance + CASE id WHEN NEW.credit_id THEN NEW.minutes
                                                 ELSE -NEW.minutes END
   WHERE id IN (NEW.debit_id, NEW.credit_id);
  IF NEW.kind <> 'reversal'
     AND EXISTS (SELECT FROM account WHERE id = NEW.debit_id AND balance < floor) THEN
    PERFORM refuse_as('balance_floor', 'this would take the account below its floor');
  END IF;
  RETURN NULL;
END $$""",
    """CREATE TRIGGER transfer_apply AFTER INSERT ON transfer
  FOR EACH ROW EXECUTE FUNCTION transfer_apply()""",
    """CREATE TRIGGER account_starts_at_zero BEFORE INSERT ON account
  FOR EACH ROW WHEN (NEW.balance <> 0) EXECUTE FUNCTION refuse('an account starts at zero')""",
    """CREATE TRIGGER balance_only_by_transfer BEFORE UPDATE ON account
  FOR EACH ROW WHEN (NEW.balance <> OLD.balance AND pg_trigger_depth() = 0)
  EXECUTE FUNCTION refuse('a balance changes by a transfer only')""",
    """CREATE TRIGGER floor_not_above_balance BEFORE UPDATE ON account
  FOR EACH ROW WHEN (NEW.floor > OLD.floor AND NEW.floor > NEW.balance)
  EXECUTE FUNCTION refuse('the floor cannot rise above the balance')""",
]

VERSIONS = [
    # A calendar that holds the event already only takes a change whose SEQUENCE rose.
    """CREATE TRIGGER event_change_raises_sequence BEFORE UPDATE ON event
  FOR EACH ROW WHEN ((NEW.starts_at, NEW.ends_at, NEW.state, NEW.venue_id, NEW.reason)
                     IS DISTINCT FROM
                     (OLD.starts_at, OLD.ends_at, OLD.state, OLD.venue_id, OLD.reason)
                     AND NEW.sequence <= OLD.sequence)
  EXECUTE FUNCTION refuse('a change that calendars show raises the sequence')""",
    """CREATE TRIGGER event_identity BEFORE UPDATE ON event
  FOR EACH ROW WHEN ((NEW.uid, NEW.series_id, NEW.occurs_on, NEW.community_id)
                     <> (OLD.uid, OLD.series_id, OLD.occurs_on, OLD.community_id)
                     OR NEW.sequence < OLD.sequence)
  EXECUTE FUNCTION refuse('an event keeps its uid, series and date, and its sequence never falls')""",
    f"""CREATE FUNCTION raise_version() RETURNS trigger {FUNCTION} $$
BEGIN
  NEW.version := OLD.version + 1;
  RETURN NEW;
END $$""",
    """CREATE TRIGGER raise_version BEFORE UPDATE ON event
  FOR EACH ROW EXECUTE FUNCTION raise_version()""",
    """CREATE TRIGGER raise_version BEFORE UPDATE ON series
  FOR EACH ROW EXECUTE FUNCTION raise_version()""",
    # What a page of an event shows beside the event itself: its claims, slots, place and names.
    # An UPDATE that changes nothing is enough: raise_version does the rest.
    f"""CREATE FUNCTION touch_events() RETURNS trigger {FUNCTION} $$
BEGIN
  UPDATE event SET version = version WHERE id IN (SELECT event_id FROM changed);
  RETURN NULL;
END $$""",
    *[
        f"""CREATE TRIGGER {table}_{verb}_touches_event AFTER {verb} ON {table}
  REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION touch_events()"""
        for table in ("claim", "slot")
        for verb in ("INSERT", "UPDATE")
    ],
    f"""CREATE FUNCTION touch_events_of_venue() RETURNS trigger {FUNCTION} $$
BEGIN
  UPDATE event SET version = version WHERE venue_id = NEW.id;
  RETURN NULL;
END $$""",
    """CREATE TRIGGER venue_touches_events AFTER UPDATE ON venue
  FOR EACH ROW EXECUTE FUNCTION touch_events_of_venue()""",
    f"""CREATE FUNCTION touch_series() RETURNS trigger {FUNCTION} $$
BEGIN
  UPDATE series SET version = version WHERE id = NEW.series_id;
  RETURN NULL;
END $$""",
    """CREATE TRIGGER role_touches_series AFTER UPDATE ON role
  FOR EACH ROW EXECUTE FUNCTION touch_series()""",
    f"""CREATE FUNCTION touch_events_of_person() RETURNS trigger {FUNCTION} $$
BEGIN
  UPDATE event SET version = version WHERE id IN
    (SELECT event_id FROM claim WHERE person_id = OLD.person_id);
  RETURN NULL;
END $$""",
    """CREATE TRIGGER name_touches_events AFTER UPDATE OF full_name OR DELETE ON profile
  FOR EACH ROW EXECUTE FUNCTION touch_events_of_person()""",
]

FUNCTIONS = [
    "touch_events_of_person",
    "touch_series",
    "touch_events_of_venue",
    "touch_events",
    "raise_version",
    "transfer_apply",
    "transfer_check",
    "slot_is_unattended",
    "claim_is_uncredited",
    "refuse",
]


def upgrade() -> None:
    for statement in [*REFUSALS, *CLAIMS, *LEDGER, *VERSIONS]:
        op.execute(statement)


def downgrade() -> None:
    for function in FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}() CASCADE")
    op.execute("DROP FUNCTION refuse_as(text, text)")
    op.execute("ALTER TABLE claim DROP CONSTRAINT no_overlapping_claims")
