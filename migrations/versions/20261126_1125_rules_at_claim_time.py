"""Who may have which turn is decided where the turn is written, whatever door it comes through.

`broken_rule` names the first rule that a claim would break, or nothing: the trigger refuses by
that name, and pages ask it beforehand, so that both always agree. It looks at what is committed
by now (VOLATILE: each of its statements has a snapshot of its own), behind the locks of event and
person that every claim takes first. An organiser may overrule it, with a reason; somebody who
stands there on the day is not sent home by it.
"""

from __future__ import annotations

from alembic import op

revision = "20261126_1125"
down_revision = "20261126_1120"
branch_labels = None
depends_on = None

FUNCTION = "LANGUAGE plpgsql SET search_path = public, pg_temp AS"

# As the crow flies: 111.2 km a degree, and twelve kilometres an hour by bus, bicycle and on foot.
TRAVEL = """CREATE FUNCTION travel_minutes(here bigint, there bigint, least_minutes integer)
RETURNS integer LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
SELECT CASE WHEN least_minutes = 0 THEN 0
            ELSE greatest(least_minutes, coalesce(ceil(5 * 111.2 * sqrt(
              (a.latitude - b.latitude) ^ 2
              + ((a.longitude - b.longitude) * cosd(a.latitude)) ^ 2))::int, 0)) END
  FROM venue a, venue b WHERE a.id = here AND b.id = there
$$"""

# A condition with a query in it is run as a query whatever its first half says, so those stand
# within conditions of their own: a job without that rule costs nothing.
BROKEN_RULE = f"""CREATE FUNCTION broken_rule(
  the_slot bigint, who bigint, at timestamptz, wants_part boolean DEFAULT false,
  is_asked boolean DEFAULT false, the_place integer DEFAULT NULL) RETURNS text {FUNCTION} $$
DECLARE
  f record;
  week timestamp;
BEGIN
  SELECT s.starts_at, s.ends_at, s.places, s.event_id, s.role_id, s.series_id, m.person_id,
         r.minimum_age, r.while_taking_part, r.newcomer_places, r.newcomer_hours,
         r.opens_hours_before, x.most_a_week, e.venue_id, y.timezone,
         y.rest_minutes, y.travel_minutes,
         EXISTS (SELECT FROM role_qualification q WHERE q.role_id = s.role_id) AS asks,
         EXISTS (SELECT FROM claim c
                  WHERE c.membership_id = who AND c.event_id = s.event_id
                    AND (c.binds OR c.beside_id IS NOT NULL AND c.live)) AS has_another
    INTO f
    FROM slot s
    JOIN role r ON r.id = s.role_id
    JOIN series x ON x.id = s.series_id
    JOIN event e ON e.id = s.event_id
    JOIN community y ON y.id = s.community_id
    JOIN membership m ON m.id = who
   WHERE s.id = the_slot;

  IF f.minimum_age IS NOT NULL THEN
    IF NOT EXISTS (
        SELECT FROM profile p WHERE p.person_id = f.person_id
           AND p.age_at_least + extract(year FROM age(f.starts_at::date, p.age_said_on))
               >= f.minimum_age) THEN
      RETURN 'old_enough';
    END IF;
  END IF;

  IF f.asks THEN
    IF EXISTS (
        SELECT FROM role_qualification q WHERE q.role_id = f.role_id AND NOT EXISTS (
          SELECT FROM member_qualification h
           WHERE h.membership_id = who AND h.qualification_id = q.qualification_id
             AND h.revoked_at IS NULL AND h.valid_from <= f.starts_at::date
             AND (h.expires_on IS NULL OR h.expires_on > f.ends_at::date))) THEN
      RETURN 'qualified';
    END IF;
  END IF;

  IF f.has_another THEN
    IF EXISTS (
        SELECT FROM claim c
          JOIN slot o ON o.id = c.slot_id
          JOIN role_pair p ON p.rule = 'never'
               AND (p.first_role_id, p.second_role_id)
                   = (least(o.role_id, f.role_id), greatest(o.role_id, f.role_id))
         WHERE c.membership_id = who AND c.event_id = f.event_id
           AND (c.binds OR c.beside_id IS NOT NULL AND c.live)) THEN
      RETURN 'jobs_that_combine';
    END IF;
  END IF;

  IF wants_part AND NOT f.while_taking_part THEN
    RETURN 'time_to_take_part';
  END IF;
  IF f.has_another THEN
    IF EXISTS (
        SELECT FROM claim c
          JOIN slot o ON o.id = c.slot_id
          JOIN role r ON r.id = o.role_id
         WHERE c.membership_id = who AND c.event_id = f.event_id
           AND (c.binds OR c.beside_id IS NOT NULL AND c.live)
           AND (c.takes_part AND NOT f.while_taking_part
                OR wants_part AND NOT r.while_taking_part)) THEN
      RETURN 'time_to_take_part';
    END IF;
  END IF;

  IF f.rest_minutes + f.travel_minutes > 0 THEN
    IF EXISTS (
        SELECT FROM claim c
          JOIN event o ON o.id = c.event_id
         WHERE c.membership_id = who AND c.event_id <> f.event_id AND c.binds
           AND c.starts_at > f.starts_at - interval '48 hours'
           AND c.starts_at < f.ends_at + interval '48 hours'
           AND NOT tstzrange(c.starts_at, c.ends_at) && tstzrange(f.starts_at, f.ends_at)
           AND greatest(f.starts_at - c.ends_at, c.starts_at - f.ends_at)
               < make_interval(mins => greatest(f.rest_minutes,
                   CASE WHEN o.venue_id <> f.venue_id
                        THEN travel_minutes(f.venue_id, o.venue_id, f.travel_minutes) END))) THEN
      RETURN 'time_between_turns';
    END IF;
  END IF;

  IF f.most_a_week IS NOT NULL AND at < f.starts_at - interval '24 hours' THEN
    week := date_trunc('week', f.starts_at AT TIME ZONE f.timezone);
    IF f.most_a_week <= (
        SELECT count(*) FROM claim c
          JOIN slot o ON o.id = c.slot_id
         WHERE c.membership_id = who AND o.series_id = f.series_id
           AND (c.binds OR c.beside_id IS NOT NULL AND c.live)
           AND c.starts_at >= week AT TIME ZONE f.timezone
           AND c.starts_at < (week + interval '7 days') AT TIME ZONE f.timezone) THEN
      RETURN 'turns_a_week';
    END IF;
  END IF;

  IF NOT is_asked AND at < f.starts_at - make_interval(hours => f.opens_hours_before) THEN
    RETURN 'open_by_now';
  END IF;

  IF NOT is_asked AND f.newcomer_places > 0 AND the_place > f.places - f.newcomer_places
     AND at < f.starts_at - make_interval(hours => f.newcomer_hours) THEN
    IF EXISTS (SELECT FROM claim c WHERE c.membership_id = who AND c.state = 'attended') THEN
      RETURN 'kept_for_newcomers';
    END IF;
  END IF;

  RETURN NULL;
END $$"""

CLAIM_RULES = f"""CREATE FUNCTION claim_rules() RETURNS trigger {FUNCTION} $$
DECLARE
  event_state text;
  is_closed boolean;
  rule text;
BEGIN
  IF TG_OP = 'INSERT' THEN
    SELECT e.state, s.closed_at IS NOT NULL INTO event_state, is_closed
      FROM event e JOIN slot s ON s.id = NEW.slot_id
     WHERE e.id = NEW.event_id FOR NO KEY UPDATE OF e;
    IF event_state <> 'planned' THEN
      PERFORM refuse_as('claim_at_a_planned_event', 'this date does not take place');
    END IF;
    IF is_closed THEN
      PERFORM refuse_as('job_on_the_rota', 'this job was taken off the date');
    END IF;
  END IF;
  IF NEW.overruled_by IS NULL AND NEW.arrived_at IS NULL THEN
    rule := broken_rule(NEW.slot_id, NEW.membership_id, NEW.created_at, NEW.takes_part,
                        TG_OP = 'UPDATE' OR NEW.made_by IS NOT NULL
                        OR NEW.standing_id IS NOT NULL
                        OR NEW.held_for IS NOT DISTINCT FROM 'offered', NEW.place);
    IF rule IS NOT NULL THEN
      PERFORM refuse_as(rule, 'a rule of this job stands in the way');
    END IF;
  END IF;
  RETURN NEW;
END $$"""

# A yes comes later than the asking, and much may have changed in between.
CLAIMS = [
    """CREATE TRIGGER claim_rules BEFORE INSERT ON claim
  FOR EACH ROW WHEN (NEW.state IN ('held', 'confirmed', 'attended'))
  EXECUTE FUNCTION claim_rules()""",
    """CREATE TRIGGER claim_rules_at_the_yes BEFORE UPDATE ON claim
  FOR EACH ROW WHEN (OLD.state = 'held' AND OLD.held_for <> 'yes' AND NEW.state = 'confirmed')
  EXECUTE FUNCTION claim_rules()""",
]

# Two jobs at once: the shorter lies within the longer, whose hours alone are counted.
DOUBLES = [
    f"""CREATE FUNCTION double_is_allowed() RETURNS trigger {FUNCTION} $$
BEGIN
  IF EXISTS (
      SELECT FROM claim d
        JOIN claim c ON c.id = d.beside_id
        JOIN slot s ON s.id = c.slot_id
        JOIN slot o ON o.id = d.slot_id
       WHERE (d.id = NEW.id OR c.id = NEW.id) AND d.live
         AND NOT (c.live AND c.beside_id IS NULL
                  AND tstzrange(c.starts_at, c.ends_at) @> tstzrange(d.starts_at, d.ends_at)
                  AND EXISTS (SELECT FROM role_pair p WHERE p.rule = 'together'
                                 AND (p.first_role_id, p.second_role_id)
                                     = (least(s.role_id, o.role_id),
                                        greatest(s.role_id, o.role_id))))) THEN
    PERFORM refuse_as(TG_NAME, 'these two jobs cannot be done at once');
  END IF;
  RETURN NULL;
END $$""",
    """CREATE TRIGGER double_begins_allowed AFTER INSERT ON claim
  FOR EACH ROW WHEN (NEW.beside_id IS NOT NULL) EXECUTE FUNCTION double_is_allowed()""",
    """CREATE TRIGGER double_stays_allowed AFTER UPDATE ON claim
  FOR EACH ROW WHEN (NEW.live AND (NEW.starts_at, NEW.ends_at) <> (OLD.starts_at, OLD.ends_at))
  EXECUTE FUNCTION double_is_allowed()""",
    """CREATE TRIGGER double_is_chosen_at_first BEFORE UPDATE ON claim
  FOR EACH ROW WHEN (NEW.beside_id IS DISTINCT FROM OLD.beside_id AND NEW.beside_id IS NOT NULL)
  EXECUTE FUNCTION refuse('a turn stands alone from now on, or always did')""",
    # Who gives the longer turn back may keep the shorter, as a turn of its own.
    f"""CREATE FUNCTION let_double_stand_alone() RETURNS trigger {FUNCTION} $$
BEGIN
  UPDATE claim SET beside_id = NULL WHERE beside_id = NEW.id AND live;
  RETURN NULL;
END $$""",
    """CREATE TRIGGER a_double_stands_alone AFTER UPDATE ON claim
  FOR EACH ROW WHEN (OLD.live AND NOT NEW.live AND OLD.beside_id IS NULL)
  EXECUTE FUNCTION let_double_stand_alone()""",
    f"""CREATE FUNCTION double_earns_nothing() RETURNS trigger {FUNCTION} $$
BEGIN
  IF EXISTS (SELECT FROM claim WHERE id = NEW.claim_id AND beside_id IS NOT NULL) THEN
    PERFORM refuse_as(TG_NAME, 'these hours are in the turn beside it');
  END IF;
  RETURN NEW;
END $$""",
    """CREATE TRIGGER double_earns_nothing BEFORE INSERT ON transfer
  FOR EACH ROW WHEN (NEW.claim_id IS NOT NULL) EXECUTE FUNCTION double_earns_nothing()""",
]

IDENTITY = """FOR EACH ROW WHEN ((NEW.uid, NEW.series_id, NEW.occurs_on, NEW.community_id)
                     <> (OLD.uid, OLD.series_id, OLD.occurs_on, OLD.community_id)
                     OR NEW.sequence < OLD.sequence)
  EXECUTE FUNCTION refuse('an event keeps its uid, series and date, and its sequence never falls')"""

DATES = [
    f"""CREATE FUNCTION closed_job_is_empty() RETURNS trigger {FUNCTION} $$
BEGIN
  IF EXISTS (SELECT FROM claim WHERE slot_id = NEW.id AND live) THEN
    PERFORM refuse_as(TG_NAME, 'somebody has this job');
  END IF;
  RETURN NEW;
END $$""",
    """CREATE TRIGGER closed_job_is_empty BEFORE UPDATE ON slot
  FOR EACH ROW WHEN (OLD.closed_at IS NULL AND NEW.closed_at IS NOT NULL)
  EXECUTE FUNCTION closed_job_is_empty()""",
    f"""CREATE FUNCTION skipped_date_is_empty() RETURNS trigger {FUNCTION} $$
BEGIN
  IF EXISTS (SELECT FROM claim WHERE event_id = NEW.id AND live) THEN
    PERFORM refuse_as(TG_NAME, 'somebody has a turn on this date');
  END IF;
  RETURN NEW;
END $$""",
    # Every claim raises its event's version. `OF` spares it conditions on what it leaves alone.
    """CREATE TRIGGER skipped_date_is_empty BEFORE UPDATE OF state ON event
  FOR EACH ROW WHEN (NEW.state = 'skipped' AND OLD.state <> 'skipped')
  EXECUTE FUNCTION skipped_date_is_empty()""",
    "DROP TRIGGER event_change_raises_sequence ON event",
    """CREATE TRIGGER event_change_raises_sequence
  BEFORE UPDATE OF starts_at, ends_at, state, venue_id, reason, outlook ON event
  FOR EACH ROW WHEN (
    (NEW.starts_at, NEW.ends_at, NEW.state, NEW.venue_id, NEW.reason,
     NEW.outlook IN ('at_risk', 'no_go'))
    IS DISTINCT FROM
    (OLD.starts_at, OLD.ends_at, OLD.state, OLD.venue_id, OLD.reason,
     OLD.outlook IN ('at_risk', 'no_go'))
    AND NEW.sequence <= OLD.sequence)
  EXECUTE FUNCTION refuse('a change that calendars show raises the sequence')""",
    "DROP TRIGGER event_identity ON event",
    f"""CREATE TRIGGER event_identity
  BEFORE UPDATE OF uid, series_id, occurs_on, community_id, sequence ON event {IDENTITY}""",
]

# The triggers that touch what a kept page shows -> when they do, and what.
SERIES_OF_ROLES = "series SET version = version WHERE id IN (SELECT series_id FROM role WHERE id IN "
EVENT_OF_CLAIM = "event SET version = version WHERE id = (SELECT event_id FROM claim WHERE id = "
TOUCHES = {
    "role_pair_touches_series": (
        "INSERT OR UPDATE OR DELETE ON role_pair",
        "series SET version = version WHERE id IN (OLD.series_id, NEW.series_id)",
    ),
    "role_qualification_touches_series": (
        "INSERT OR UPDATE OR DELETE ON role_qualification",
        SERIES_OF_ROLES + "(OLD.role_id, NEW.role_id))",
    ),
    "qualification_touches_series": (
        "UPDATE OF name ON qualification",
        SERIES_OF_ROLES + "(SELECT role_id FROM role_qualification WHERE qualification_id = NEW.id))",
    ),
    "handover_touches_event": (
        "INSERT OR UPDATE ON handover",
        EVENT_OF_CLAIM + "NEW.claim_id)",
    ),
}


def upgrade() -> None:
    op.execute("DROP FUNCTION event_is_planned() CASCADE")
    for statement in [TRAVEL, BROKEN_RULE, CLAIM_RULES, *CLAIMS, *DOUBLES, *DATES]:
        op.execute(statement)
    for trigger, (verbs, touched) in TOUCHES.items():
        op.execute(f"""CREATE FUNCTION {trigger}() RETURNS trigger {FUNCTION} $$
BEGIN
  UPDATE {touched};
  RETURN NULL;
END $$""")
        op.execute(f"""CREATE TRIGGER {trigger} AFTER {verbs}
  FOR EACH ROW EXECUTE FUNCTION {trigger}()""")


def downgrade() -> None:
    for function in (
        *TOUCHES,
        "skipped_date_is_empty",
        "closed_job_is_empty",
        "double_earns_nothing",
        "let_double_stand_alone",
        "double_is_allowed",
        "claim_rules",
    ):
        op.execute(f"DROP FUNCTION {function}() CASCADE")
    op.execute("DROP TRIGGER double_is_chosen_at_first ON claim")
    op.execute("DROP FUNCTION broken_rule")
    op.execute("DROP FUNCTION travel_minutes")
    op.execute("DROP TRIGGER event_identity ON event")
    op.execute(f"CREATE TRIGGER event_identity BEFORE UPDATE ON event {IDENTITY}")
    op.execute("DROP TRIGGER event_change_raises_sequence ON event")
    op.execute("""CREATE TRIGGER event_change_raises_sequence BEFORE UPDATE ON event
  FOR EACH ROW WHEN ((NEW.starts_at, NEW.ends_at, NEW.state, NEW.venue_id, NEW.reason)
                     IS DISTINCT FROM
                     (OLD.starts_at, OLD.ends_at, OLD.state, OLD.venue_id, OLD.reason)
                     AND NEW.sequence <= OLD.sequence)
  EXECUTE FUNCTION refuse('a change that calendars show raises the sequence')""")
    op.execute("""CREATE FUNCTION event_is_planned() RETURNS trigger LANGUAGE plpgsql
  SET search_path = public, pg_temp AS $$
DECLARE
  event_state text;
BEGIN
  SELECT state INTO event_state FROM event WHERE id = NEW.event_id FOR NO KEY UPDATE;
  IF event_state = 'cancelled' THEN
    PERFORM refuse_as(TG_NAME, 'this date has been cancelled');
  END IF;
  RETURN NEW;
END $$""")
    op.execute("""CREATE TRIGGER claim_at_a_planned_event BEFORE INSERT ON claim
  FOR EACH ROW WHEN (NEW.state IN ('held', 'confirmed', 'attended'))
  EXECUTE FUNCTION event_is_planned()""")
