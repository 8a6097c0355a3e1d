"""Go, at risk or no-go: whether a date can start with the people it has, and what would help.

`judge_dates` decides for all dates at once, by the clock and by whether every job that a date
can't start without has its people. `read_report` says about one date what the people who are
coming could cover between them, and whom it still needs: an exact matching, not a count.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.domain import outbox
from timebank.domain.rota import changing
from timebank.domain.rota import matching
from timebank.domain.rota import rules
from timebank.domain.rota.match_rows import pair_rules
from timebank.domain.rota.match_rows import place_of
from timebank.domain.rota.match_rows import spans_of
from timebank.domain.rota.matching import Helper
from timebank.domain.rota.matching import Matching
from timebank.domain.rota.matching import PairRules
from timebank.domain.rota.matching import Place
from timebank.models import Event
from timebank.models import EventState
from timebank.models import IfShort
from timebank.models import Membership
from timebank.models import NoticeKind
from timebank.models import Outlook
from timebank.models import ReasonKind
from timebank.models import Series

LOOK_AHEAD = dt.timedelta(days=14)
# Without a deadline of its own a date is decided at its start; so long before, people are told.
NEAR = dt.timedelta(hours=48)

# Who holds a place only in pencil, or has not said yes, does not count yet. A calendar that showed
# a date as certain has to be told that it isn't, and the other way round: hence the sequence.
JUDGE = """
WITH judged AS (
  SELECT e.id, e.outlook AS before, CASE
           WHEN e.go_anyway_by IS NOT NULL OR NOT EXISTS (
             SELECT FROM slot s
              WHERE s.event_id = e.id AND s.needed > 0 AND s.closed_at IS NULL
                AND s.needed > (SELECT count(*) FROM claim c
                                 WHERE c.slot_id = s.id AND c.state IN ('confirmed', 'attended')))
             THEN 'go'
           WHEN x.decide_hours_before IS NOT NULL AND :now >= d.decides_at THEN 'no_go'
           WHEN :now >= d.decides_at - CAST(:near AS interval) THEN 'at_risk'
           ELSE 'open' END AS outlook
    FROM event e
    JOIN series x ON x.id = e.series_id AND x.state = 'published'
   CROSS JOIN LATERAL (
     SELECT e.starts_at - make_interval(hours => coalesce(x.decide_hours_before, 0)) AS decides_at
   ) AS d
   WHERE e.state = 'planned' AND e.starts_at > :now AND e.starts_at < CAST(:until AS timestamptz)
     AND (CAST(:event_id AS bigint) IS NULL OR e.id = :event_id)
), due AS (
  SELECT j.* FROM judged j JOIN event e ON e.id = j.id
   WHERE j.outlook <> j.before ORDER BY e.id FOR NO KEY UPDATE OF e SKIP LOCKED
)
UPDATE event SET outlook = due.outlook,
       sequence = sequence
         + ((due.outlook IN ('at_risk', 'no_go')) <> (due.before IN ('at_risk', 'no_go')))::int,
       updated_at = CASE WHEN (due.outlook IN ('at_risk', 'no_go'))
                              <> (due.before IN ('at_risk', 'no_go')) THEN :now
                         ELSE event.updated_at END
  FROM due WHERE event.id = due.id
RETURNING event.id, due.outlook
"""

TELL_ORGANISERS = """
SELECT e.community_id, m.person_id, e.id AS event_id, e.starts_at,
       e.starts_at - make_interval(hours => coalesce(x.decide_hours_before, 0)) AS decides_at
  FROM event e
  JOIN series x ON x.id = e.series_id
  JOIN group_organiser o ON o.group_id = x.group_id
  JOIN membership m ON m.id = o.membership_id AND m.standing <> 'left'
  JOIN profile p ON p.person_id = m.person_id AND p.email IS NOT NULL
 WHERE e.id = ANY (:event_ids)
 ORDER BY e.id, m.person_id
"""

# Every place that the date can't start without, and everybody who is coming: what they may do by
# age and qualification, whether anybody may, and when they are somewhere else.
PLACES = """
SELECT s.id, s.role_id, r.name, s.starts_at, s.ends_at, s.needed,
       (SELECT count(*) FROM claim c
         WHERE c.slot_id = s.id AND c.state IN ('confirmed', 'attended')) AS taken,
       EXISTS (SELECT FROM role_qualification a WHERE a.role_id = r.id) AS asks
  FROM slot s JOIN role r ON r.id = s.role_id
 WHERE s.event_id = :event_id AND s.closed_at IS NULL AND s.needed > 0
 ORDER BY r.position, s.starts_at, s.id
"""
PEOPLE = f"""
WITH coming AS (
  SELECT DISTINCT c.membership_id AS id, c.person_id FROM claim c
   WHERE c.event_id = :event_id AND c.state IN ('confirmed', 'attended')
), wanted AS (
  SELECT DISTINCT r.id, r.minimum_age, e.starts_at::date AS first_on, e.starts_at::date AS last_on
    FROM slot s JOIN role r ON r.id = s.role_id JOIN event e ON e.id = s.event_id
   WHERE s.event_id = :event_id AND s.closed_at IS NULL AND s.needed > 0
)
SELECT m.id AS membership_id,
       ARRAY(SELECT w.id FROM wanted w
              WHERE {rules.MAY_DO}
                 OR EXISTS (SELECT FROM claim c JOIN slot s ON s.id = c.slot_id
                            WHERE c.event_id = :event_id AND c.membership_id = m.id
                              AND s.role_id = w.id AND c.state IN ('confirmed', 'attended'))
       ) AS may,
       (SELECT coalesce(jsonb_agg(jsonb_build_array(c.starts_at, c.ends_at)), '[]')
          FROM claim c
         WHERE c.person_id = m.person_id AND c.event_id <> :event_id AND c.binds
           AND c.starts_at < CAST(:ends_at AS timestamptz) + interval '1 day'
           AND c.ends_at > CAST(:starts_at AS timestamptz) - interval '1 day') AS busy,
       (SELECT jsonb_agg(jsonb_build_array(s.role_id, c.starts_at, c.ends_at))
          FROM claim c JOIN slot s ON s.id = c.slot_id
         WHERE c.event_id = :event_id AND c.membership_id = m.id
           AND c.state IN ('confirmed', 'attended')) AS has
  FROM coming m
  LEFT JOIN profile p ON p.person_id = m.person_id
 ORDER BY m.id
"""  # noqa: S608 - MAY_DO is ours


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What can be said about one date.

    Attributes:
        jobs: How many places it can't start without.
        missing: The names of those that nobody has, as the rota stands.
        people: How many people are coming.
        matching: What these people could cover between them.
        moves: Who would do what besides or instead, as (membership, name of the job), where that
            covers everything: people keep their jobs if that is possible.
        lead_is_missing: Whether a job that asks for a qualification lacks somebody.
    """

    jobs: int
    missing: tuple[str, ...]
    people: int
    matching: Matching
    moves: tuple[tuple[int, str], ...]
    lead_is_missing: bool

    @property
    def is_covered(self) -> bool:
        """Whether every such place has somebody, as the rota stands."""
        return not self.missing

    @property
    def reason_kind(self) -> ReasonKind:
        """Why it can't start, in a form that can be counted."""
        if self.matching.unqualified and self.lead_is_missing:
            return ReasonKind.NO_QUALIFIED_LEAD
        return ReasonKind.TOO_FEW_PEOPLE


def judge_dates(
    session: Session, *, now: dt.datetime, event_id: int | None = None
) -> dict[int, Outlook]:
    """Judge the dates of the next two weeks, in one statement -> those whose outlook changed.

    The organisers of a date that is now at risk or a no-go are told. Safe to repeat; a date that
    somebody is changing is judged next time.

    Args:
        event_id: Only this date.
    """
    values = {"now": now, "until": now + LOOK_AHEAD, "near": NEAR, "event_id": event_id}
    rows = session.execute(sa.text(JUDGE), values)
    changed = {row.id: Outlook(row.outlook) for row in rows}
    worries = {Outlook.AT_RISK, Outlook.NO_GO}
    _tell_organisers(session, {e: o for e, o in changed.items() if o in worries}, now)
    return changed


def go_anyway(session: Session, *, event: Event, because: str, by: int, now: dt.datetime) -> None:
    """Let a date start all the same: an organiser's word, with a reason that is kept."""
    event.go_anyway_by = by
    event.go_anyway_because = because
    session.flush()
    judge_dates(session, now=now, event_id=event.id)


def read_report(session: Session, *, event: Event) -> Report:
    """Work out what the people of a date can cover, in three statements."""
    span = {"starts_at": event.starts_at, "ends_at": event.ends_at}
    slots = session.execute(sa.text(PLACES), {"event_id": event.id}).all()
    people = session.execute(sa.text(PEOPLE), {"event_id": event.id, **span}).all()
    pairs = pair_rules(session, series_id=event.series_id)
    # One place for each person that a slot can't do without.
    places = [place_of(slot, number) for slot in slots for number in range(slot.needed)]
    found = matching.match(places, [_helper(row) for row in people], rules=pairs)
    short = [slot for slot in slots if slot.taken < slot.needed]
    return Report(
        jobs=len(places),
        missing=tuple(slot.name for slot in short),
        people=len(people),
        matching=found,
        moves=_moves(places, found, people, pairs) if short and found.goes_ahead else (),
        lead_is_missing=any(slot.asks for slot in short),
    )


def _helper(row: sa.Row[Any]) -> Helper:
    return Helper(row.membership_id, frozenset(row.may), spans_of(row.busy))


def _moves(
    places: Sequence[Place], found: Matching, people: Sequence[sa.Row[Any]], pairs: PairRules
) -> tuple[tuple[int, str], ...]:
    """Tell who would do what that they don't do now; nobody gives a job up where that can be."""
    has = {row.membership_id: [role for role, _starts, _ends in row.has] for row in people}
    free = _not_had(places, people)
    besides = matching.match(free, [_keeping(row, pairs) for row in people], rules=pairs)
    best = besides if besides.goes_ahead else found
    known = {place.key: place for place in places}
    return tuple(
        (helper, known[key].name)
        for key, helper in best.assignment.items()
        if known[key].role_id not in has[helper]
    )


def _not_had(places: Sequence[Place], people: Sequence[sa.Row[Any]]) -> list[Place]:
    """Leave out a place for each person who has that job at that time."""
    had = Counter(
        (role, dt.datetime.fromisoformat(starts))
        for row in people
        for role, starts, _ends in row.has
    )
    free = []
    for place in places:
        spot = (place.role_id, place.starts_at)
        if had[spot]:
            had[spot] -= 1
        else:
            free.append(place)
    return free


def _keeping(row: sa.Row[Any], pairs: PairRules) -> Helper:
    """Somebody who keeps the jobs they have: busy then, and out of what never goes with them."""
    helper = _helper(row)
    own = spans_of((starts, ends) for _role, starts, ends in row.has)
    shut = {
        other
        for role, _starts, _ends in row.has
        for pair in pairs.never
        if role in pair
        for other in pair
    }
    return Helper(helper.key, helper.may - shut, helper.busy + own)


def _tell_organisers(session: Session, worries: dict[int, Outlook], now: dt.datetime) -> None:
    if not worries:
        return
    rows = session.execute(sa.text(TELL_ORGANISERS), {"event_ids": list(worries)})
    messages = [
        outbox.Message(
            community_id=row.community_id,
            person_id=row.person_id,
            kind=NoticeKind.TIME_TO_DECIDE,
            dedupe_key=f"event-{row.event_id}.{worries[row.event_id]}.{row.person_id}",
            not_before=now,
            expires_at=row.starts_at,
            facts={
                "event_id": str(row.event_id),
                "outlook": worries[row.event_id].value,
                "decides_at": row.decides_at.astimezone(dt.UTC).isoformat(),
            },
        )
        for row in rows
    ]
    outbox.post_notices(session, messages)


def to_be_called_off(session: Session, *, now: dt.datetime) -> list[int]:
    """Find the dates that are a no-go, in series that call off by themselves what can't start."""
    found = sa.select(Event.id).join(Series, Series.id == Event.series_id)
    return list(
        session.scalars(
            found.where(
                Event.outlook == Outlook.NO_GO,
                Event.state == EventState.PLANNED,
                Event.starts_at > now,
                Series.if_short == IfShort.CANCEL,
            ).order_by(Event.id)
        )
    )


def call_off(session: Session, *, event_id: int, now: dt.datetime) -> None:
    """Call off a date that can't start, for its organisers, saying what it lacks.

    Nothing happens when the date has found its people meanwhile.
    """
    judge_dates(session, now=now, event_id=event_id)
    event = session.get_one(Event, event_id, populate_existing=True)
    by = session.get_one(Membership, session.get_one(Series, event.series_id).created_by)
    if event.outlook is not Outlook.NO_GO or event.state is not EventState.PLANNED:
        return
    report = read_report(session, event=event)
    changing.cancel_event(
        session,
        event=event,
        reason=f"Nobody for {' or '.join(report.missing)}"[:200],
        kind=report.reason_kind,
        by=by,
        now=now,
    )
