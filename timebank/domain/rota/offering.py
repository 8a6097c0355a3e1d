"""Whose turn it is in line: a place that comes free goes to the first who can take it.

The hold shortens as the day nears: twelve hours, then two; in the last six hours everybody in
line is told, and whoever taps first has it. Nothing is held beyond the start.

All of it happens behind the event's lock, so that a place is offered once. An offer binds nobody
to a time, so its person is not locked: two transactions that each offer places to several people
could otherwise wait for each other in a circle. What they promised meanwhile is looked at again
at their yes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from timebank.domain.rota import reminders
from timebank.domain.rota import rules
from timebank.domain.rota import taking

LONG_HOLD = dt.timedelta(hours=12)
LONG_HOLD_BEFORE = dt.timedelta(hours=48)
SHORT_HOLD = dt.timedelta(hours=2)
SHORT_HOLD_BEFORE = dt.timedelta(hours=6)
MOST_TRIES = 3

# Whether member `m` has promised another turn at the time of slot `s`. A longer job that goes
# together with it is no hindrance.
BUSY = """EXISTS (
  SELECT FROM claim c JOIN slot o ON o.id = c.slot_id
   WHERE c.binds AND c.slot_id <> s.id
     AND int8range(c.person_id, c.person_id, '[]') && int8range(m.person_id, m.person_id, '[]')
     AND tstzrange(c.starts_at, c.ends_at) && tstzrange(s.starts_at, s.ends_at)
     AND NOT (c.starts_at <= s.starts_at AND c.ends_at >= s.ends_at AND EXISTS (
       SELECT FROM role_pair p WHERE p.rule = 'together'
          AND (p.first_role_id, p.second_role_id)
              = (least(o.role_id, s.role_id), greatest(o.role_id, s.role_id))))
     {and_more})"""
FREE_PLACES = """(s.places - (SELECT count(*) FROM claim k WHERE k.slot_id = s.id AND k.live))"""

# Who waits no longer, and how it ended: they have the place; the date is over or off; they did
# not say yes to an offer; or they took another turn at that time.
ENDING = f"""
SELECT w.id, w.slot_id, w.claim_id AS offer_id, own.id AS own_id,
       CASE WHEN own.id IS NOT NULL THEN 'taken'
            WHEN s.starts_at <= :now OR s.closed_at IS NOT NULL OR e.state <> 'planned'
                 OR x.state <> 'published' OR m.standing = 'left' THEN 'left'
            WHEN w.state = 'offered' AND NOT offer.live THEN 'passed'
            ELSE 'left' END AS state
  FROM waiting w
  JOIN slot s ON s.id = w.slot_id
  JOIN event e ON e.id = s.event_id
  JOIN series x ON x.id = s.series_id
  JOIN membership m ON m.id = w.membership_id
  LEFT JOIN claim offer ON offer.id = w.claim_id
  LEFT JOIN claim own ON own.slot_id = s.id AND own.membership_id = m.id
                     AND own.state IN ('confirmed', 'attended')
 WHERE w.ended_at IS NULL
   AND (own.id IS NOT NULL OR s.starts_at <= :now OR s.closed_at IS NOT NULL
        OR e.state <> 'planned' OR x.state <> 'published' OR m.standing = 'left'
        OR w.state = 'offered' AND NOT offer.live
        OR {BUSY.format(and_more="AND (w.state = 'offered' OR c.created_at >= w.created_at)")})
"""  # noqa: S608 - BUSY is ours

SETTLE = f"""
WITH ending AS ({ENDING} AND w.slot_id = ANY (:slot_ids)), given_back AS (
  UPDATE claim SET state = 'withdrawn', held_until = NULL, withdrawn_at = :now,
                   withdrawn_because = 'lapsed'
   WHERE state = 'held' AND id IN (SELECT offer_id FROM ending WHERE state = 'left')
)
UPDATE waiting SET state = ending.state, claim_id = coalesce(ending.own_id, claim_id),
                   ended_at = :now
  FROM ending WHERE waiting.id = ending.id
"""  # noqa: S608 - ENDING is ours

# Lines worth a look. A date that somebody else is changing is passed over: the next sweep is soon.
DUE = f"""
SELECT s.id FROM slot s JOIN event e ON e.id = s.event_id
 WHERE s.id IN (SELECT slot_id FROM waiting WHERE ended_at IS NULL)
   AND ({FREE_PLACES} > 0 OR s.id IN (SELECT slot_id FROM ({ENDING}) AS ending))
 ORDER BY e.id, s.id
   FOR NO KEY UPDATE OF e SKIP LOCKED
"""  # noqa: S608 - the parts are ours

LINES = """
SELECT s.id, s.starts_at FROM slot s JOIN event e ON e.id = s.event_id
 WHERE s.id = ANY (:slot_ids)
   AND EXISTS (SELECT FROM waiting w WHERE w.slot_id = s.id AND w.ended_at IS NULL)
 ORDER BY e.id, s.id
   FOR NO KEY UPDATE OF e
"""

# The line in its order, each with the places they might have: a newcomer first takes one that is
# kept for newcomers. The rules, which cost most, are asked one by one until somebody may.
OFFER = f"""
WITH next AS (
  SELECT * FROM (
    SELECT s.*, w.id AS waiting_id, m.id AS member, m.person_id, free.place, longer.id AS beside
      FROM slot s
      JOIN event e ON e.id = s.event_id AND e.state = 'planned'
      JOIN series x ON x.id = s.series_id AND x.state = 'published'
      JOIN role r ON r.id = s.role_id
      JOIN waiting w ON w.slot_id = s.id AND w.state = 'waiting'
      JOIN membership m ON m.id = w.membership_id AND m.standing <> 'left'
      JOIN generate_series(1, s.places) AS free (place)
        ON NOT EXISTS (SELECT FROM claim t WHERE t.slot_id = s.id AND t.place = free.place
                                             AND t.live)
      LEFT JOIN LATERAL ({taking.LONGER.format(slot="s", member="m.id")}) AS longer ON true
     WHERE s.id = :slot_id AND s.closed_at IS NULL
       AND NOT EXISTS (SELECT FROM claim own WHERE own.slot_id = s.id AND own.live
                                               AND own.person_id = m.person_id)
       AND NOT {BUSY.format(and_more="")}
     ORDER BY w.id, free.place > s.places - r.newcomer_places DESC, free.place
    OFFSET 0) AS line
   WHERE broken_rule(id, member, :now, false, false, place) IS NULL
   LIMIT 1
), offered AS (
  INSERT INTO claim (community_id, event_id, slot_id, membership_id, person_id, place, starts_at,
                     ends_at, places, state, held_until, held_for, beside_id, created_at)
  SELECT community_id, event_id, id, member, person_id, place, starts_at, ends_at, places, 'held',
         :held_until, 'offered', beside, :now
    FROM next
  RETURNING *
), told AS (
  {reminders.OWED.format(claims="offered")}
)
UPDATE waiting SET state = 'offered', claim_id = offered.id
  FROM next, offered WHERE waiting.id = next.waiting_id
RETURNING waiting.id
"""  # noqa: S608 - the parts are ours

# Told once for each time a place comes free: what came free is known by the claim that went last.
TELL = f"""
INSERT INTO notice (community_id, person_id, kind, dedupe_key, facts, not_before, expires_at)
SELECT s.community_id, m.person_id, 'place_free',
       format('waiting-%s.place_free.%s', w.id,
              (SELECT max(k.id) FROM claim k WHERE k.slot_id = s.id)),
       jsonb_build_object('slot_id', s.id::text), :now, s.starts_at
  FROM slot s
  JOIN waiting w ON w.slot_id = s.id AND w.state = 'waiting'
  JOIN membership m ON m.id = w.membership_id AND m.standing <> 'left'
  JOIN profile p ON p.person_id = m.person_id AND p.email IS NOT NULL
 WHERE s.id = :slot_id AND {FREE_PLACES} > 0 AND NOT {BUSY.format(and_more="")}
   AND broken_rule(s.id, m.id, :now) IS NULL
    ON CONFLICT DO NOTHING
"""  # noqa: S608 - the parts are ours


def hold_for(starts_at: dt.datetime, *, now: dt.datetime) -> dt.datetime | None:
    """Tell until when a place is kept for the next in line; None: whoever taps first has it."""
    ahead = starts_at - now
    if ahead > LONG_HOLD_BEFORE:
        return now + LONG_HOLD
    if ahead > SHORT_HOLD_BEFORE:
        return now + SHORT_HOLD
    return None


def offer_places(session: Session, *, slot_ids: Collection[int], now: dt.datetime) -> int:
    """Offer what is free of these jobs to those in line, first come first -> how many offers.

    Whoever frees a place calls this in the same transaction, so that no passer-by has it first.
    Safe to repeat. Somebody who can't (a rule, another turn) stays in line and is passed over.
    """
    lines = session.execute(sa.text(LINES), {"slot_ids": list(slot_ids)}).all()
    if not lines:
        return 0
    settle(session, slot_ids=[line.id for line in lines], now=now)
    made = 0
    for slot_id, starts_at in lines:
        held_until = hold_for(starts_at, now=now)
        if held_until is None:
            session.execute(sa.text(TELL), {"slot_id": slot_id, "now": now})
            continue
        while _offer_next(session, slot_id=slot_id, held_until=held_until, now=now):
            made += 1
    return made


def offer_on_dates(session: Session, *, event_ids: Collection[int], now: dt.datetime) -> int:
    """Offer what is free on these dates, as `offer_places`: after a change to their jobs."""
    of_dates = sa.text("SELECT id FROM slot WHERE event_id = ANY (:event_ids)")
    slot_ids = session.scalars(of_dates, {"event_ids": list(event_ids)}).all()
    return offer_places(session, slot_ids=slot_ids, now=now)


def offer_everywhere(session: Session, *, now: dt.datetime) -> int:
    """Look after every line in which something is to be done -> how many offers were made."""
    due = session.scalars(sa.text(DUE), {"now": now}).all()
    return offer_places(session, slot_ids=due, now=now) if due else 0


def settle(session: Session, *, slot_ids: Collection[int], now: dt.datetime) -> None:
    """Let those leave the line who wait no longer. The events must be locked.

    An offer to somebody who cannot have it any more goes back at once.
    """
    session.execute(sa.text(SETTLE), {"slot_ids": list(slot_ids), "now": now})


def _offer_next(
    session: Session, *, slot_id: int, held_until: dt.datetime, now: dt.datetime
) -> bool:
    """Offer one place to the first in line who can have it -> False: no place, or nobody.

    Between our look and the database's own, the next in line may have taken a turn that stands
    in the way: then we look again.
    """
    values = {"slot_id": slot_id, "held_until": held_until, "now": now}
    for _ in range(MOST_TRIES):
        try:
            with session.begin_nested():
                return session.execute(sa.text(OFFER), values).first() is not None
        except IntegrityError as error:
            if error.orig.diag.constraint_name not in rules.NAMES:  # type: ignore[union-attr]
                raise
    return False
