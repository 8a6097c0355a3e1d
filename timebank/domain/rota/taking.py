"""The one statement that gives a place, for everybody who gives one.

A member's tap is hopeful: the statement takes the first free place at once; numbered places and
the rules in the database make it right. Whoever has more to say, or was too late, goes the orderly
way, with a closer look first (`claiming`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict
from dataclasses import dataclass
from functools import cache
from typing import LiteralString

import psycopg
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from timebank.db import Reader
from timebank.domain.rota import reminders
from timebank.models import ClaimState
from timebank.models import HeldFor


@dataclass(frozen=True, slots=True)
class NewClaim:
    """A place just taken."""

    id: int
    state: ClaimState
    starts_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How a place is taken: for good, or held for an answer; by whose doing; against which rule.

    The attributes are those of `Claim`, and `although_busy`: whether it makes no difference that
    their own calendar shows something at that time. It does to nobody but themselves.
    """

    state: ClaimState = ClaimState.CONFIRMED
    held_until: dt.datetime | None = None
    held_for: HeldFor | None = None
    held_as: str | None = None
    note: str | None = None
    takes_part: bool = False
    made_by: int | None = None
    guest_of: int | None = None
    standing_id: int | None = None
    import_id: int | None = None
    overruled_by: int | None = None
    overruled_because: str | None = None
    although_busy: bool = True


# The longer turn of a member, on the date of `slot`, beside which that job is done.
LONGER = """
  SELECT c.id FROM claim c
    JOIN slot o ON o.id = c.slot_id
    JOIN role_pair p ON p.rule = 'together'
         AND (p.first_role_id, p.second_role_id)
             = (least(o.role_id, {slot}.role_id), greatest(o.role_id, {slot}.role_id))
   WHERE c.membership_id = {member} AND c.event_id = {slot}.event_id AND c.binds
     AND c.starts_at <= {slot}.starts_at AND c.ends_at >= {slot}.ends_at
   LIMIT 1"""

# The event's row is locked first, so that a date cannot be cancelled or moved under a claim; then
# the person's, or two of their overlapping claims at two events would wait for each other; then
# the slot's, which is so read as whoever was ahead of us left it.
#
# Places above `kept` are for newcomers, who take those first. A job that goes together with a
# longer one of the same person is done beside it.
TAKE_FOR = """
WITH door AS (
  SELECT s.*, m.id AS member, m.person_id, r.newcomer_places > 0 AS keeps,
         CASE WHEN r.newcomer_places > 0
               AND :now < s.starts_at - make_interval(hours => r.newcomer_hours)
              THEN s.places - r.newcomer_places ELSE s.places END AS kept
    FROM slot s
    JOIN event e ON e.id = s.event_id AND e.state = 'planned'
    JOIN role r ON r.id = s.role_id
    JOIN series x ON x.id = s.series_id AND x.state = 'published'
    JOIN membership m ON m.id = {member} AND m.community_id = s.community_id
                     AND m.standing <> 'left'
    JOIN person p ON p.id = m.person_id
   WHERE s.id = :slot_id AND s.ends_at > :now AND s.closed_at IS NULL
     AND {only}
     FOR NO KEY UPDATE OF e, p
     FOR KEY SHARE OF s
), taken AS (
  INSERT INTO claim (community_id, event_id, slot_id, membership_id, person_id, place, starts_at,
                     ends_at, places, created_at, {columns})
  SELECT d.community_id, d.event_id, d.id, d.member, d.person_id, free.place, d.starts_at,
         d.ends_at, d.places, :now, {terms}
    FROM door d
    LEFT JOIN LATERAL (
      SELECT NOT EXISTS (SELECT FROM claim c
                          WHERE c.membership_id = d.member AND c.state = 'attended') AS is_new
       WHERE d.keeps) AS newcomer ON true
   CROSS JOIN LATERAL (
     SELECT place FROM generate_series(1, CASE WHEN {all_places} THEN d.places
                                               ELSE d.kept END) AS place
      WHERE NOT EXISTS (SELECT FROM claim c WHERE c.slot_id = d.id AND c.place = place.place
                                              AND c.live)
      ORDER BY newcomer.is_new AND place > d.kept DESC, place LIMIT 1) AS free
    {beside}
      ON CONFLICT (slot_id, place) WHERE live DO NOTHING
  RETURNING *
), told AS (
  {owed}
)
SELECT id, state, starts_at FROM taken
"""
NOT_BUSY = """NOT EXISTS (
         SELECT FROM busy_span b
          WHERE b.membership_id = m.id AND b.starts_at < s.ends_at AND b.ends_at > s.starts_at)"""
TAKE = TAKE_FOR.format(
    member=":membership_id",
    only=f"(:although_busy OR {NOT_BUSY})",
    columns="""state, held_until, held_for, held_as, note, takes_part, made_by, guest_of,
                     standing_id, import_id, overruled_by, overruled_because, beside_id""",
    terms=""":state, :held_until, :held_for, :held_as, :note, :takes_part, :made_by, :guest_of,
         :standing_id, :import_id, :overruled_by, :overruled_because, longer.id""",
    all_places="newcomer.is_new OR CAST(:made_by AS bigint) IS NOT NULL",
    beside=f"LEFT JOIN LATERAL ({LONGER.format(slot='d', member='d.member')}) AS longer ON true",
    owed=reminders.OWED.format(claims="taken"),
)
# On plain terms, as the driver writes it, for a claim that needs no session: who was put down by
# nobody, minds their calendar, and has no longer turn to do this one beside (the database refuses
# two at once, and the orderly way finds that turn). PostgreSQL starts so much less of a plan, and
# of what it starts it is asked by everybody who taps.
#
# Without its indents: the driver translates anew, at every execution, what is longer than 4,096
# characters.
DRIVER = postgresql.dialect(paramstyle="pyformat")  # type: ignore[no-untyped-call]
_PLAIN = TAKE_FOR.format(
    member="{member}",
    only=f"{NOT_BUSY} AND x.slug = :slug AND e.occurs_on = CAST(:day AS date)",
    columns="state",
    terms=f"'{ClaimState.CONFIRMED}'",
    all_places="newcomer.is_new",
    beside="",
    owed=reminders.OWED_AT_ONCE.format(claims="taken"),
)
TAKE_AT_ONCE = " ".join(str(sa.text(_PLAIN).compile(dialect=DRIVER)).split())
BY_ID: LiteralString = "%(membership_id)s"


def take_at_once(
    reader: Reader, *, member: LiteralString, values: Mapping[str, object]
) -> NewClaim | None:
    """Take the first free place on plain terms, in a transaction of its own.

    Args:
        member: SQL for the id of whose turn it is to be.
        values: `slot_id`; `slug` and `day` of the address that the slot must belong to; `now`; and
            what `member` needs.

    Returns:
        None where anything is in the way.
    """
    try:
        row = reader.one(_at_once(member), values)
    except psycopg.IntegrityError:
        return None
    return NewClaim(row[0], ClaimState(row[1]), row[2]) if row else None


@cache
def _at_once(member: LiteralString) -> LiteralString:
    return TAKE_AT_ONCE.replace("{member}", member)


def take(
    session: Session, *, slot_id: int, membership_id: int, terms: Terms, now: dt.datetime
) -> NewClaim | None:
    """Take the first free place, or none where there is none.

    Raises:
        IntegrityError: A rule of the database said no; its name is in `orig.diag`.
    """
    values = {"slot_id": slot_id, "membership_id": membership_id}
    row = session.execute(sa.text(TAKE), {**asdict(terms), **values, "now": now}).first()
    return NewClaim(row.id, ClaimState(row.state), row.starts_at) if row else None
