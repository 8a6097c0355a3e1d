# ruff: noqa: S608 - the statements are put together from constants of these modules only
"""What the database is asked about feeds at private addresses: one statement of each kind.

Each begins at the address `f`, its holder `m` and their community `c`, so that what somebody may
see is decided when it is read: who no longer runs a group, or may no longer act for a neighbour,
sees nothing of theirs with the next question.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import LiteralString

from timebank.domain.calendar.statements import HERE
from timebank.domain.calendar.statements import IN_WINDOW
from timebank.domain.calendar.statements import OF_AN_EVENT
from timebank.domain.calendar.statements import SHOWN
from timebank.domain.calendar.statements import TABLES
from timebank.models import Shows

OWNER: LiteralString = """
  FROM feed f
  JOIN membership m ON m.id = f.membership_id
  JOIN community c ON c.id = f.community_id"""

STATE: LiteralString = f"""
SELECT f.id, c.host, c.place, c.timezone, t.shown, t.digest, t.changed_at,
       f.id, f.last_fetched_at, f.cancelled, f.alarm_minutes, f.scene,
       concat_ws(', ', chosen_group.name, chosen_series.title, f.area, f.role_name),
       f.revoked_at IS NOT NULL OR m.standing = 'left' AS is_off,
       f.blank_until > %(now)s AND m.standing <> 'left' AS is_blank
{OWNER}
  LEFT JOIN community_group chosen_group ON chosen_group.id = f.group_id
  LEFT JOIN series chosen_series ON chosen_series.id = f.series_id
 CROSS JOIN LATERAL (
       SELECT count(*) AS shown, bit_xor({{digest}}) AS digest, max({{updated_at}}) AS changed_at
         FROM {{found}} {{joins}}
        WHERE {{where}}) t
{HERE} AND f.token_hash = %(token_hash)s AND f.shows = '{{shows}}'"""

ROWS: LiteralString = f"""
SELECT count(*) OVER (), bit_xor({{digest}}) OVER (), max({{updated_at}}) OVER (), {{shown}}
{OWNER}
 CROSS JOIN {{found}} {{joins}} {{more}}
 WHERE f.id = %(holder)s AND {{where}}
 ORDER BY {{order}}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The parts of both statements of a kind of address.

    Attributes:
        found: What its items are found by, `joins` what the digest needs besides.
        more: What is joined besides for all that is told of an item.
    """

    found: LiteralString
    joins: LiteralString
    where: LiteralString
    digest: LiteralString
    updated_at: LiteralString
    more: LiteralString
    shown: LiteralString
    order: LiteralString


# An address whose holder would rather not see what is cancelled.
UNLESS_DROPPED: LiteralString = " (f.cancelled <> 'drop' OR e.state = 'planned')"

# Somebody's own turns: the live ones, and as cancelled those that went with their date.
TURNS: LiteralString = f"""
SELECT DISTINCT ON (k.membership_id, k.slot_id) k.membership_id, k.slot_id,
       k.withdrawn_because IS NOT NULL AS called_off
  FROM claim k JOIN event e ON e.id = k.event_id
 WHERE k.membership_id {{whose}} AND {IN_WINDOW}
   AND (k.state IN ('confirmed', 'attended') OR k.state = 'held' AND k.held_until > %(now)s
        OR k.withdrawn_because = 'cancelled')
 ORDER BY k.membership_id, k.slot_id, k.live DESC"""

# Themselves, and those for whom they may act today.
HOUSEHOLD: LiteralString = """IN (
  SELECT m.id UNION ALL
  SELECT a.member_id FROM acting_for a JOIN membership o ON o.id = a.member_id
   WHERE a.helper_id = m.id AND a.ended_at IS NULL AND o.standing <> 'left'
     AND a.starts_on <= (CAST(%(now)s AS timestamptz) AT TIME ZONE c.timezone)::date
     AND a.ends_on > (CAST(%(now)s AS timestamptz) AT TIME ZONE c.timezone)::date)"""

OF_A_TURN: dict[str, LiteralString] = {
    **OF_AN_EVENT,
    "starts_at": "l.starts_at",
    "ends_at": "l.ends_at",
    "is_cancelled": "k.called_off OR e.state <> 'planned'",
    "slot_id": "l.id",
    "role": "r.name",
    "role_id": "r.id",
    "about": "r.about",
}
# Of others their name is shown, too: so a version tells it, and the moment that rose.
IS_OWN: LiteralString = "k.membership_id = m.id"
OF_A_HOUSEHOLD: dict[str, LiteralString] = {
    **OF_A_TURN,
    "sequence": f"CASE WHEN {IS_OWN} THEN e.sequence ELSE e.version END",
    "updated_at": f"CASE WHEN {IS_OWN} THEN e.updated_at ELSE e.versioned_at END",
    "whose": f"CASE WHEN {IS_OWN} THEN NULL ELSE coalesce(p.full_name, '') END",
    "membership_id": f"CASE WHEN {IS_OWN} THEN NULL ELSE k.membership_id END",
}


JOBS: LiteralString = "\n  JOIN role r ON r.id = l.role_id"
NAMES: LiteralString = """
  JOIN membership o ON o.id = k.membership_id
  LEFT JOIN profile p ON p.person_id = o.person_id"""
BY_SLOT: LiteralString = "l.starts_at, l.id, k.membership_id"


def _turns(whose: LiteralString, told: dict[str, LiteralString], more: LiteralString) -> Asked:
    sequence = told["sequence"]
    return Asked(
        found=f"LATERAL ({TURNS.format(whose=whose)}) k",
        joins="JOIN slot l ON l.id = k.slot_id JOIN event e ON e.id = l.event_id",
        where="(f.cancelled <> 'drop' OR e.state = 'planned' AND NOT k.called_off)",
        digest=f"hashtextextended(concat_ws(' ', k.membership_id, k.slot_id, {sequence},"
        " k.called_off, l.starts_at, l.ends_at), 0)",
        updated_at=told["updated_at"],
        more=TABLES + JOBS + more,
        shown=SHOWN.format(**told),
        order=BY_SLOT,
    )


# The dates that somebody runs, as the pages count them: hence their version.
PLACES: LiteralString = """
 CROSS JOIN LATERAL (
   SELECT sum(k.taken) AS taken, sum(l.places) AS places FROM slot l
    CROSS JOIN LATERAL (
      SELECT count(*) AS taken FROM claim k WHERE k.slot_id = l.id AND k.live) k
    WHERE l.event_id = e.id AND (l.closed_at IS NULL OR k.taken > 0)) q"""
ORGANISED = Asked(
    found="event e",
    joins="JOIN series s ON s.id = e.series_id",
    where=f"""e.community_id = f.community_id AND {IN_WINDOW} AND s.state = 'published'
   AND (m.standing = 'coordinator' OR s.group_id IN (
        SELECT y.group_id FROM group_organiser y WHERE y.membership_id = m.id))
   AND {UNLESS_DROPPED}""",
    digest="hashint8extended(e.id, e.version)",
    updated_at="e.versioned_at",
    more=f"""
  JOIN community_group g ON g.id = s.group_id
  JOIN venue v ON v.id = e.venue_id {PLACES}""",
    shown=SHOWN.format(
        **OF_AN_EVENT
        | {
            "sequence": "e.version",
            "updated_at": "e.versioned_at",
            "filled": "coalesce(q.taken, 0)::int",
            "places": "coalesce(q.places, 0)::int",
        }
    ),
    order="e.starts_at, e.id",
)

# What an address is narrowed to: all of it at once.
NARROWED: LiteralString = """(f.group_id IS NULL OR s.group_id = f.group_id)
   AND (f.series_id IS NULL OR s.id = f.series_id)
   AND (f.scene IS NULL OR s.scene = f.scene)
   AND (f.area IS NULL OR lower(v.area) = lower(f.area))"""
CHOSEN = Asked(
    found="event e",
    joins="JOIN series s ON s.id = e.series_id JOIN venue v ON v.id = e.venue_id",
    where=f"""e.community_id = f.community_id AND {IN_WINDOW} AND s.state = 'published'
   AND {NARROWED} AND {UNLESS_DROPPED}""",
    digest="hashint8extended(e.id, e.sequence)",
    updated_at="e.updated_at",
    more="JOIN community_group g ON g.id = s.group_id",
    shown=SHOWN.format(**OF_AN_EVENT),
    order="e.starts_at, e.id",
)

# A job with free places at a date to come; it drops out when it is full or has begun. A job that
# is shared out through the day is one item, over the turns that still lack somebody.
FREE: LiteralString = f"""LATERAL (
  SELECT e.id AS event_id, r.id AS role_id, sum(l.places - k.taken)::int AS free,
         min(l.starts_at) AS starts_at, max(l.ends_at) AS ends_at,
         (array_agg(l.id ORDER BY l.starts_at, l.id))[1] AS slot_id
    FROM event e
    JOIN series s ON s.id = e.series_id
    JOIN venue v ON v.id = e.venue_id
    JOIN slot l ON l.event_id = e.id AND l.closed_at IS NULL
    JOIN role r ON r.id = l.role_id
   CROSS JOIN LATERAL (
     SELECT count(*) AS taken FROM claim k WHERE k.slot_id = l.id AND k.live) k
   WHERE e.community_id = f.community_id AND e.starts_at > %(now)s AND e.starts_at < %(until)s
     AND e.state = 'planned' AND s.state = 'published' AND k.taken < l.places
     AND (f.role_name IS NULL OR lower(r.name) = lower(f.role_name))
     AND (r.opens_hours_before IS NULL
          OR %(now)s >= l.starts_at - make_interval(hours => r.opens_hours_before))
     AND {NARROWED}
   GROUP BY e.id, r.id
  HAVING min(l.starts_at) > %(now)s) q"""
MISSING = Asked(
    found=FREE,
    joins="JOIN event e ON e.id = q.event_id JOIN role r ON r.id = q.role_id",
    where="true",
    digest="hashtextextended(concat_ws(' ', q.role_id, e.version, q.slot_id, q.free), 0)",
    updated_at="e.versioned_at",
    more=TABLES,
    shown=SHOWN.format(
        **OF_AN_EVENT
        | {
            "sequence": "e.version",
            "updated_at": "e.versioned_at",
            "starts_at": "q.starts_at",
            "ends_at": "q.ends_at",
            "slot_id": "q.slot_id",
            "role": "r.name",
            "role_id": "r.id",
            "about": "r.about",
            "places": "q.free",
        }
    ),
    order="q.starts_at, q.slot_id",
)

# What two agreed on, from either side; the other side of a pot's is its name.
AGREED = Asked(
    found="exchange x",
    joins="",
    where="""(x.helper_id = m.id OR x.helped_id = m.id) AND x.planned_at >= %(since)s
   AND x.planned_at < %(until)s AND (f.cancelled <> 'drop' OR x.state <> 'cancelled')""",
    digest="hashint8extended(x.id, x.version)",
    updated_at="x.versioned_at",
    more="""
  LEFT JOIN membership o ON o.id = CASE WHEN x.helper_id = m.id THEN x.helped_id
                                        ELSE x.helper_id END
  LEFT JOIN profile p ON p.person_id = o.person_id
  LEFT JOIN account pot ON pot.id = x.payer_id AND pot.kind = 'pot'""",
    shown="""
  '', x.version, x.created_at, x.versioned_at, x.planned_at,
  x.planned_at + make_interval(mins => x.minutes), x.state = 'cancelled',
  'open', NULL, x.planned_at::date, '', x.what, '', '', '', '', NULL, NULL,
  coalesce(pot.name, ''), '',
  NULL, NULL, NULL, NULL, p.full_name, NULL, x.id, NULL, NULL""",
    order="x.planned_at, x.id",
)

ASKED: dict[Shows, Asked] = {
    Shows.TURNS: _turns("= m.id", OF_A_TURN, ""),
    Shows.HOUSEHOLD: _turns(HOUSEHOLD, OF_A_HOUSEHOLD, NAMES),
    Shows.ORGANISING: ORGANISED,
    Shows.EXCHANGES: AGREED,
    Shows.WHATS_ON: CHOSEN,
    Shows.GAPS: MISSING,
}


def _state(shows: LiteralString, asked: Asked) -> LiteralString:
    return STATE.format(
        shows=shows,
        found=asked.found,
        joins=asked.joins,
        where=asked.where,
        digest=asked.digest,
        updated_at=asked.updated_at,
    )


def _rows(asked: Asked) -> LiteralString:
    return ROWS.format(
        found=asked.found,
        joins=asked.joins,
        more=asked.more,
        where=asked.where,
        digest=asked.digest,
        updated_at=asked.updated_at,
        shown=asked.shown,
        order=asked.order,
    )


# Written once: the driver knows a text that it has seen by its hash.
STATE_OF: dict[Shows, LiteralString] = {
    Shows.TURNS: _state("turns", ASKED[Shows.TURNS]),
    Shows.HOUSEHOLD: _state("household", ASKED[Shows.HOUSEHOLD]),
    Shows.ORGANISING: _state("organising", ASKED[Shows.ORGANISING]),
    Shows.EXCHANGES: _state("exchanges", ASKED[Shows.EXCHANGES]),
    Shows.WHATS_ON: _state("whats_on", ASKED[Shows.WHATS_ON]),
    Shows.GAPS: _state("gaps", ASKED[Shows.GAPS]),
}
ROWS_OF: dict[Shows, LiteralString] = {shows: _rows(asked) for shows, asked in ASKED.items()}
