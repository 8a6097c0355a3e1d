"""Suggest a rota for the dates ahead, and pencil in what an organiser likes of it.

What is known is read in three statements, the solver proposes, and nothing is written: a person
decides. Whom they choose is asked in pencil, like anybody an organiser asks.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.errors import Conflict
from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.core.text import public_name
from timebank.domain.communities.pausing import IS_AROUND
from timebank.domain.rota import asking
from timebank.domain.rota import rules
from timebank.domain.rota import suggesting
from timebank.domain.rota.match_rows import pair_rules
from timebank.domain.rota.match_rows import place_key
from timebank.domain.rota.match_rows import place_of
from timebank.domain.rota.match_rows import slot_of
from timebank.domain.rota.match_rows import spans_of
from timebank.domain.rota.matching import Helper
from timebank.domain.rota.suggesting import Because
from timebank.domain.rota.suggesting import Candidate
from timebank.domain.rota.suggesting import Date
from timebank.domain.rota.suggesting import Suggestion

MOST_DATES = 4
MOST_CANDIDATES = 60
LATELY = dt.timedelta(days=90)
A_YEAR = dt.timedelta(days=365)

# The jobs of the next dates, and who has them, in pencil or for good. A learning place is nobody's
# to fill: who would like to learn says so.
SLOTS = """
SELECT s.id, s.event_id, e.occurs_on, e.starts_at AS event_starts_at, s.role_id, r.name,
       s.starts_at, s.ends_at, s.needed,
       CASE WHEN r.trains_for_id IS NULL THEN s.places ELSE 0 END AS places,
       ARRAY(SELECT c.membership_id FROM claim c WHERE c.slot_id = s.id AND c.live
              ORDER BY c.place) AS taken,
       t.rest_minutes, x.most_a_week,
       date_trunc('week', e.starts_at AT TIME ZONE t.timezone)::date AS week
  FROM (SELECT * FROM event WHERE series_id = :series_id AND state = 'planned'
           AND starts_at > :now ORDER BY starts_at, id LIMIT :dates) AS e
  JOIN series x ON x.id = e.series_id
  JOIN community t ON t.id = e.community_id
  JOIN slot s ON s.event_id = e.id AND s.closed_at IS NULL AND s.starts_at > :now
  JOIN role r ON r.id = s.role_id
 ORDER BY e.starts_at, e.id, r.position, s.starts_at, s.id
"""

# Who could be asked: nobody who said that they'd rather not be; first who had a turn of this group
# within a year, then whoever has shown that they read their mail. What somebody may do holds on
# all the dates. Elsewhere they are busy, and for the way, where it takes longer than their rest.
PEOPLE = f"""
WITH wanted AS (
  SELECT r.id, r.minimum_age, min(s.starts_at)::date AS first_on, max(s.starts_at)::date AS last_on
    FROM slot s JOIN role r ON r.id = s.role_id
   WHERE s.id = ANY (:slot_ids) GROUP BY r.id
), here AS (
  SELECT x.id AS series_id, x.community_id, x.group_id, x.venue_id, t.timezone, t.rest_minutes,
         t.travel_minutes
    FROM series x JOIN community t ON t.id = x.community_id WHERE x.id = :series_id
), done AS MATERIALIZED (
  SELECT c.membership_id, s.role_id, c.starts_at, y.group_id = h.group_id AS is_here
    FROM here h
    JOIN claim c ON c.community_id = h.community_id AND c.state = 'attended'
    JOIN slot s ON s.id = c.slot_id
    JOIN series y ON y.id = s.series_id
), history AS MATERIALIZED (
  SELECT membership_id,
         bool_or(is_here AND starts_at > :year) AS helped_here,
         count(*) FILTER (WHERE starts_at > :lately) AS turns_lately,
         array_agg(DISTINCT role_id) AS roles
    FROM done GROUP BY membership_id
)
SELECT m.id, p.full_name, coalesce(y.turns_lately, 0) AS turns_lately,
       coalesce(y.roles, '{{}}') AS roles,
       (SELECT coalesce(jsonb_object_agg(o.role_id, o.times), '{{}}')
          FROM (SELECT role_id, count(*) AS times FROM done d
                 WHERE d.membership_id = m.id AND d.starts_at > :lately
                 GROUP BY role_id) AS o) AS done_lately,
       ARRAY(SELECT w.id FROM wanted w
              WHERE {rules.MAY_DO}) AS may,
       (SELECT coalesce(jsonb_object_agg(k.week, k.turns), '{{}}')
          FROM (SELECT date_trunc('week', c.starts_at AT TIME ZONE h.timezone)::date AS week,
                       count(*) AS turns
                  FROM claim c JOIN slot s ON s.id = c.slot_id AND s.series_id = h.series_id
                 WHERE c.membership_id = m.id AND c.live AND s.id <> ALL (:slot_ids)
                   AND c.starts_at > :now - interval '7 days'
                 GROUP BY 1) AS k) AS had_in_week,
       (SELECT coalesce(jsonb_agg(jsonb_build_array(c.starts_at - way.far, c.ends_at + way.far)),
                        '[]')
          FROM claim c
          JOIN event o ON o.id = c.event_id
         CROSS JOIN LATERAL (SELECT make_interval(mins => CASE WHEN o.venue_id = h.venue_id THEN 0
             ELSE greatest(h.travel_minutes - h.rest_minutes, 0) END) AS far) AS way
         WHERE c.person_id = m.person_id AND c.binds AND c.slot_id <> ALL (:slot_ids)
           AND c.ends_at > :now - interval '1 day') AS busy
  FROM here h
  JOIN membership m ON m.community_id = h.community_id AND m.may_be_asked
                   AND {IS_AROUND}
                   AND m.standing IN ('resident', 'coordinator')
  JOIN profile p ON p.person_id = m.person_id
  LEFT JOIN history y ON y.membership_id = m.id
 WHERE y.helped_here OR p.email IS NOT NULL
                        AND (p.email_confirmed_at IS NOT NULL OR y.membership_id IS NOT NULL)
 ORDER BY y.helped_here DESC NULLS LAST, y.turns_lately NULLS FIRST, m.id
 LIMIT :most
"""  # noqa: S608 - MAY_DO is ours

# Everything that asking will lock, in the order of all doors, before the first of many.
LOCKS = (
    """SELECT id FROM event WHERE id IN (SELECT event_id FROM slot WHERE id = ANY (:slot_ids))
        ORDER BY id FOR NO KEY UPDATE""",
    """SELECT id FROM person WHERE id IN (SELECT person_id FROM membership
        WHERE id = ANY (:membership_ids)) ORDER BY id FOR NO KEY UPDATE""",
)


@dataclass(frozen=True, slots=True)
class Choice:
    """Somebody for a job, and why. `name`: first name and initial."""

    slot_id: int
    membership_id: int
    job: str
    name: str
    reasons: tuple[Because, ...]


@dataclass(frozen=True, slots=True)
class Day:
    """What is proposed for a date. `unfilled`: jobs with a place that nobody fits."""

    occurs_on: dt.date
    starts_at: dt.datetime
    choices: tuple[Choice, ...]
    unfilled: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rota:
    """A rota to accept or not. `is_exact`: none is better; if not, the search was given up."""

    days: tuple[Day, ...]
    is_exact: bool


@dataclass(frozen=True, slots=True)
class NotAsked:
    """Somebody who could not be asked for a job, and the sentence that says why."""

    name: str
    job: str
    sentence: str


def suggest_rota(
    session: Session, *, series_id: int, dates: int, with_extra: bool, now: dt.datetime
) -> Rota:
    """Propose people for the free places of the next dates, in three statements.

    Args:
        session: The session.
        series_id: Whose dates.
        dates: How many of the next ones.
        with_extra: Whether to fill the places too that a date can start without.
        now: When.
    """
    asked = {"series_id": series_id, "now": now, "dates": min(dates, MOST_DATES)}
    slots = session.execute(sa.text(SLOTS), asked).all()
    values = {
        "series_id": series_id,
        "slot_ids": [slot.id for slot in slots],
        "now": now,
        "lately": now - LATELY,
        "year": now - A_YEAR,
        "most": MOST_CANDIDATES,
    }
    people = session.execute(sa.text(PEOPLE), values).all()
    found = suggesting.suggest(
        list(_dates(slots)),
        [_candidate(row) for row in people],
        rules=pair_rules(session, series_id=series_id),
        fixed={key: member for slot in slots for key, member in _taken(slot)},
        rest_minutes=slots[0].rest_minutes if slots else 0,
        most_a_week=slots[0].most_a_week if slots else None,
        with_extra=with_extra,
    )
    names = {row.id: public_name(row.full_name) for row in people}
    return Rota(tuple(_days(slots, found, names)), found.is_exact)


def pencil_in(
    session: Session,
    *,
    series_id: int,
    chosen: Iterable[tuple[int, int]],
    by: int,
    now: dt.datetime,
) -> tuple[int, tuple[NotAsked, ...]]:
    """Ask whom an organiser chose -> how many were asked, and who could not be, and why.

    Args:
        session: The session.
        series_id: Whose dates.
        chosen: Pairs of a slot and a membership.
        by: The organiser's membership.
        now: When.

    Raises:
        NotFound: A job of another series, or somebody from elsewhere.
    """
    wanted = sorted(set(chosen))
    known = _known(session, series_id, wanted)
    for statement in LOCKS:
        session.execute(
            sa.text(statement),
            {
                "slot_ids": [slot_id for slot_id, _ in wanted],
                "membership_ids": [membership_id for _, membership_id in wanted],
            },
        )
    refused = []
    for slot_id, membership_id in wanted:
        sentence = _ask(session, slot_id, membership_id, by, now)
        if sentence:
            job, name = known[slot_id, membership_id]
            refused.append(NotAsked(name, job, sentence))
    return len(wanted) - len(refused), tuple(refused)


def _ask(
    session: Session, slot_id: int, membership_id: int, by: int, now: dt.datetime
) -> str | None:
    """Ask one person -> None, or why not: the others are asked all the same."""
    try:
        with session.begin_nested():
            asking.pencil_in(session, slot_id=slot_id, membership_id=membership_id, by=by, now=now)
    except (Refused, Conflict, NotFound) as refusal:
        return refusal.sentence
    return None


def _known(
    session: Session, series_id: int, wanted: Sequence[tuple[int, int]]
) -> dict[tuple[int, int], tuple[str, str]]:
    """Name the job and the person of each pair; all must be of this series and community."""
    rows = session.execute(
        sa.text("""
SELECT s.id AS slot_id, m.id AS membership_id, r.name, coalesce(p.full_name, '') AS full_name
  FROM unnest(CAST(:slots AS bigint[]), CAST(:members AS bigint[])) AS pair (slot_id, member)
  JOIN slot s ON s.id = pair.slot_id AND s.series_id = :series_id
  JOIN role r ON r.id = s.role_id
  JOIN membership m ON m.id = pair.member AND m.community_id = s.community_id
  LEFT JOIN profile p ON p.person_id = m.person_id
"""),
        {
            "series_id": series_id,
            "slots": [slot_id for slot_id, _ in wanted],
            "members": [membership_id for _, membership_id in wanted],
        },
    )
    known = {
        (row.slot_id, row.membership_id): (row.name, public_name(row.full_name)) for row in rows
    }
    if len(known) < len(wanted):
        raise NotFound
    return known


def _dates(slots: Sequence[sa.Row[Any]]) -> Iterator[Date]:
    for event_id in dict.fromkeys(slot.event_id for slot in slots):
        places = [
            (number < slot.needed, place_of(slot, number))
            for slot in slots
            if slot.event_id == event_id
            for number in range(max(slot.places, len(slot.taken)))
        ]
        yield Date(
            event_id,
            week=next(slot.week for slot in slots if slot.event_id == event_id),
            needed=tuple(place for is_needed, place in places if is_needed),
            extra=tuple(place for is_needed, place in places if not is_needed),
        )


def _taken(slot: sa.Row[Any]) -> Iterator[tuple[int, int]]:
    """Give the first places of a slot to those who are down for it: needed ones go first."""
    for number, membership_id in enumerate(slot.taken):
        yield place_key(slot.id, number), membership_id


def _candidate(row: sa.Row[Any]) -> Candidate:
    may, done = frozenset(row.may), frozenset(row.roles)
    return Candidate(
        helper=Helper(row.id, may, spans_of(row.busy)),
        done_lately={int(role_id): times for role_id, times in row.done_lately.items()},
        turns_lately=row.turns_lately,
        had_in_week={
            dt.date.fromisoformat(week): turns for week, turns in row.had_in_week.items()
        },
        would_like=may & done,
        never_did=may - done,
    )


def _days(slots: Sequence[sa.Row[Any]], found: Suggestion, names: dict[int, str]) -> Iterator[Day]:
    """Write the proposal by date and job, in the rota's order."""
    unfilled = {slot_of(key) for key in found.unfilled}
    for event_id in dict.fromkeys(slot.event_id for slot in slots):
        jobs = {slot.id: slot for slot in slots if slot.event_id == event_id}
        first = next(iter(jobs.values()))
        chosen = [one for one in found.proposals if slot_of(one.place) in jobs]
        yield Day(
            first.occurs_on,
            first.event_starts_at,
            tuple(
                Choice(
                    slot_of(one.place),
                    one.helper,
                    jobs[slot_of(one.place)].name,
                    names[one.helper],
                    one.reasons,
                )
                for one in chosen
            ),
            tuple(dict.fromkeys(job.name for key, job in jobs.items() if key in unfilled)),
        )
