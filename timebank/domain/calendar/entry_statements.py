# ruff: noqa: S608 - the statements are put together from constants of these modules only
"""What the database is asked about the stored VEVENTs of dates.

A feed comes as runs: each begins with a date that is not stored, of which all is told, and goes
on with the bytes of those that are, joined piece by piece.
"""

from __future__ import annotations

from typing import LiteralString

from timebank.domain.calendar import private_statements
from timebank.domain.calendar.statements import IN_WINDOW
from timebank.domain.calendar.statements import OF_AN_EVENT
from timebank.domain.calendar.statements import SHOWN
from timebank.domain.calendar.statements import TABLES
from timebank.models import Shows

# In the state that everybody's calendars tell alike: `mark` leaves a cancelled date its status.
IS_THIS: LiteralString = """k.event_id = e.id AND k.sequence = e.sequence
   AND k.style = %(style)s AND (e.state = 'planned' OR NOT %(is_marked)s)"""

# So many dates come in one row: the driver needs room for a row besides that for all of them.
PIECE: LiteralString = "500"
READ: LiteralString = f"""
WITH found AS (
  SELECT e.id, e.sequence, e.updated_at, e.starts_at, e.ends_at, k.body,
         count(*) FILTER (WHERE k.body IS NULL) OVER dates AS run,
         row_number() OVER dates / {PIECE} AS piece
    FROM {{dates}}
    LEFT JOIN calendar_entry k ON {IS_THIS}
   WHERE {{where}}
  WINDOW dates AS (ORDER BY e.starts_at, e.id)),
told AS (
  SELECT count(*) AS shown, bit_xor(hashint8extended(id, sequence)) AS digest,
         max(updated_at) AS changed_at, min(starts_at) AS since, max(ends_at) AS until
    FROM found),
runs AS (
  SELECT run, piece, string_agg(body, ''::bytea ORDER BY starts_at, id) AS bodies,
         min(id) FILTER (WHERE body IS NULL) AS missing_id
    FROM found GROUP BY run, piece)
SELECT t.shown, t.digest, t.changed_at, t.since, t.until, n.bodies, e.id,
       {SHOWN.format(**OF_AN_EVENT)}
  FROM told t
 CROSS JOIN runs n
  LEFT JOIN (event e {TABLES}) ON e.id = n.missing_id
 ORDER BY n.run, n.piece"""


def _of_series(where: LiteralString) -> LiteralString:
    return READ.format(
        dates="event e JOIN series s ON s.id = e.series_id",
        where=f"s.state = 'published' AND {where}",
    )


OF_EVERYTHING = _of_series(f"e.community_id = %(holder)s AND {IN_WINDOW}")
OF_A_GROUP = _of_series(f"s.group_id = %(holder)s AND {IN_WINDOW}")
OF_A_SERIES = _of_series(f"e.series_id = %(holder)s AND {IN_WINDOW}")
OF_A_DATE = _of_series("e.id = %(holder)s")
_CHOSEN = private_statements.ASKED[Shows.WHATS_ON]
OF_CHOSEN: LiteralString = READ.format(
    dates=f"feed f CROSS JOIN {_CHOSEN.found} {_CHOSEN.joins}",
    where=f"f.id = %(holder)s AND {_CHOSEN.where}",
)

STORE: LiteralString = """
INSERT INTO calendar_entry (event_id, sequence, style, body)
SELECT event_id, sequence, style, body
  FROM unnest(%(events)s::bigint[], %(sequences)s::int[], %(styles)s::bytea[],
              %(bodies)s::bytea[]) AS made (event_id, sequence, style, body)
    ON CONFLICT DO NOTHING
RETURNING event_id"""

# What the job looks for: the dates of the window whose newest version nobody has written, those to
# come first.
STYLES: LiteralString = "unnest(%(communities)s::bigint[], %(styles)s::bytea[]) AS c (id, style)"
MISSING: LiteralString = f"""
SELECT c.id, e.id, c.style, {SHOWN.format(**OF_AN_EVENT)}
  FROM {STYLES}
  JOIN event e ON e.community_id = c.id AND {IN_WINDOW} {TABLES}
 WHERE s.state = 'published' AND NOT EXISTS (
       SELECT FROM calendar_entry k
        WHERE k.event_id = e.id AND k.sequence = e.sequence AND k.style = c.style)
 ORDER BY e.starts_at < %(now)s, e.starts_at, e.id
 LIMIT %(most)s"""

# Versions that were followed by another, dates that no feed shows any more, and what was written
# in another way: that for a day longer, as long as a process of an earlier release may run.
OUTDATED: LiteralString = f"""
DELETE FROM calendar_entry k
 USING event e, {STYLES}
 WHERE e.id = k.event_id AND c.id = e.community_id
   AND (k.sequence < e.sequence OR e.starts_at < %(since)s
        OR k.style <> c.style AND k.made_at < %(now)s - interval '1 day')"""

# Many changes become one of the same mark: whoever remembers it still knows what it stands for.
FOLDED: LiteralString = """
WITH gone AS (
  DELETE FROM calendar_change WHERE community_id IN (
         SELECT community_id FROM calendar_change GROUP BY community_id HAVING count(*) > 1)
  RETURNING community_id, mark)
INSERT INTO calendar_change (community_id, mark)
SELECT community_id, bit_xor(mark) FROM gone GROUP BY community_id"""
