"""What's on: coming dates with how full their rotas are, and one date in full."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session


class Kind(enum.StrEnum):
    """What people look for on What's on."""

    OUTDOORS = "outdoors"
    FOOD = "food"
    MAKING = "making"
    STEP_FREE = "step-free"


SCENES_OF: dict[Kind, tuple[str, ...]] = {
    Kind.OUTDOORS: ("park", "litter", "garden", "lake"),
    Kind.FOOD: ("tea", "party"),
    Kind.MAKING: ("fix", "books"),
}


@dataclass(frozen=True, slots=True)
class Date:
    """A coming date as a card shows it.

    `missing`: the jobs it can't start without, by name.
    """

    event_id: int
    slug: str
    occurs_on: dt.date
    title: str
    scene: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    place: str
    is_cancelled: bool
    reason: str | None
    is_first: bool
    filled: int
    places: int
    missing: tuple[str, ...]


DATES = """
SELECT e.id, x.slug, e.occurs_on, x.title, x.scene, e.starts_at, e.ends_at, v.name,
       e.state = 'cancelled', e.reason, e.occurs_on = x.first_on,
       coalesce(rota.filled, 0), coalesce(rota.places, 0), coalesce(rota.missing, '{}')
  FROM event e
  JOIN series x ON x.id = e.series_id AND x.state = 'published'
  JOIN venue v ON v.id = e.venue_id
  LEFT JOIN (
    SELECT s.event_id, sum(t.taken)::int AS filled, sum(s.places)::int AS places,
           array_agg(r.name ORDER BY r.position) FILTER (WHERE t.taken < s.needed) AS missing
      FROM slot s
      JOIN role r ON r.id = s.role_id
     CROSS JOIN LATERAL (
       SELECT count(*) AS taken FROM claim c WHERE c.slot_id = s.id AND c.live) AS t
     WHERE s.event_id IN (SELECT id FROM event WHERE community_id = :community_id
                             AND ends_at > :now AND starts_at < :until)
       AND (s.closed_at IS NULL OR t.taken > 0)
     GROUP BY s.event_id
  ) AS rota ON rota.event_id = e.id
 WHERE e.community_id = :community_id AND e.ends_at > :now AND e.starts_at < :until
   AND e.state <> 'skipped'
   AND (CAST(:scenes AS text[]) IS NULL OR x.scene = ANY (:scenes))
   AND (NOT :step_free OR v.step_free)
   AND (CAST(:near AS text) IS NULL OR v.area = :near)
   AND (CAST(:series_id AS bigint) IS NULL OR x.id = :series_id)
 ORDER BY e.starts_at, x.title, e.id
 LIMIT :most
"""


def coming_dates(
    session: Session,
    *,
    community_id: int,
    now: dt.datetime,
    until: dt.datetime,
    kind: Kind | None = None,
    series_id: int | None = None,
    near: str | None = None,
    most: int = 200,
) -> list[Date]:
    """Read the published dates that are not over yet, the next one first, in one statement."""
    rows = session.execute(
        sa.text(DATES),
        {
            "community_id": community_id,
            "now": now,
            "until": until,
            "scenes": list(SCENES_OF[kind]) if kind in SCENES_OF else None,
            "step_free": kind is Kind.STEP_FREE,
            "series_id": series_id,
            "near": near,
            "most": most,
        },
    )
    return [Date(*(*row[:13], tuple(row[13]))) for row in rows]


@dataclass(frozen=True, slots=True)
class Gathering:
    """One date in full: what its page tells beside the rota.

    `later`: up to three later dates, as (day, moment it starts, places filled, places).
    `is_uncertain`: it may not take place, because something it can't start without has nobody.
    """

    event_id: int
    series_id: int
    group_id: int
    slug: str
    occurs_on: dt.date
    title: str
    description: str
    scene: str
    first_timers: str
    bring: str
    frequency: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    is_cancelled: bool
    reason: str | None
    is_uncertain: bool
    place: str
    address: str
    latitude: float | None
    longitude: float | None
    step_free: bool
    accessible_toilet: bool
    hearing_loop: bool
    quiet_space: bool
    group: str
    later: tuple[tuple[dt.date, dt.datetime, int, int], ...]

    @property
    def has_moved(self) -> bool:
        """Whether it takes place at another time or place than the series says, and why."""
        return self.reason is not None and not self.is_cancelled


GATHERING = """
SELECT e.id, x.id, x.group_id, x.slug, e.occurs_on, x.title, x.description, x.scene,
       x.first_timers, x.bring, x.frequency, e.starts_at, e.ends_at, e.state = 'cancelled',
       e.reason, e.outlook IN ('at_risk', 'no_go'), v.name, v.address, v.latitude, v.longitude,
       v.step_free, v.accessible_toilet, v.hearing_loop, v.quiet_space, g.name,
       (SELECT coalesce(jsonb_agg(jsonb_build_array(n.occurs_on, n.starts_at, n.filled, n.places)
                                  ORDER BY n.starts_at), '[]')
          FROM (SELECT f.occurs_on, f.starts_at,
                       (SELECT count(*) FROM claim c WHERE c.event_id = f.id AND c.live) AS filled,
                       (SELECT coalesce(sum(s.places), 0)
                          FROM slot s WHERE s.event_id = f.id AND s.closed_at IS NULL) AS places
                  FROM event f
                 WHERE f.series_id = e.series_id AND f.state = 'planned'
                   AND f.starts_at > e.starts_at
                 ORDER BY f.starts_at LIMIT 3) AS n)
  FROM event e
  JOIN series x ON x.id = e.series_id
  JOIN venue v ON v.id = e.venue_id
  JOIN community_group g ON g.id = x.group_id
 WHERE e.id = :event_id
"""


def gathering(session: Session, *, event_id: int) -> Gathering:
    """Read one date in full, in one statement."""
    row = session.execute(sa.text(GATHERING), {"event_id": event_id}).one()
    return Gathering(*(*row[:-1], tuple(_later(later) for later in row[-1])))


def _later(row: list[Any]) -> tuple[dt.date, dt.datetime, int, int]:
    day, starts_at, filled, places = row
    return dt.date.fromisoformat(day), dt.datetime.fromisoformat(starts_at), filled, places


def next_date(
    session: Session, *, community_id: int, slug: str, now: dt.datetime
) -> dt.date | None:
    """Tell which date of a published series is next; the last one when all are over."""
    days = session.execute(
        sa.text("""
          SELECT e.occurs_on FROM event e JOIN series x ON x.id = e.series_id
           WHERE x.community_id = :community_id AND x.slug = :slug AND x.state = 'published'
             AND e.state <> 'skipped'
           ORDER BY e.ends_at <= :now, CASE WHEN e.ends_at > :now THEN e.starts_at END,
                    e.starts_at DESC
           LIMIT 1"""),
        {"community_id": community_id, "slug": slug, "now": now},
    )
    return days.scalar()


@dataclass(frozen=True, slots=True)
class Running:
    """A series as its organiser's list shows it; without a date to come, the last two are None."""

    title: str
    slug: str
    is_draft: bool
    occurs_on: dt.date | None
    starts_at: dt.datetime | None


RUNNING = """
SELECT x.title, x.slug, x.state = 'draft', e.occurs_on, e.starts_at
  FROM series x
  LEFT JOIN LATERAL (
    SELECT occurs_on, starts_at FROM event
     WHERE series_id = x.id AND state = 'planned' AND ends_at > :now
     ORDER BY starts_at LIMIT 1) AS e ON true
 WHERE x.community_id = :community_id AND x.group_id = ANY (:group_ids)
   AND (x.state = 'draft' OR e.occurs_on IS NOT NULL)
 ORDER BY x.state = 'draft', e.starts_at, x.title
 LIMIT 30
"""


def running(
    session: Session, *, community_id: int, group_ids: Collection[int], now: dt.datetime
) -> list[Running]:
    """Read what some groups run: each series with its next date, drafts last."""
    rows = session.execute(
        sa.text(RUNNING),
        {"community_id": community_id, "group_ids": list(group_ids), "now": now},
    )
    return [Running(*row) for row in rows]
