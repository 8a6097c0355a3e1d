"""Whom a change moves: shown to the organiser first, and agreed to as it was shown.

A change runs in a savepoint, is compared with what was before, and taken back
(`editing.preview_edit`). When it is made for good, the same comparison must come out as the one
that was agreed to.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Collection
from collections.abc import Iterable
from dataclasses import astuple
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.errors import Conflict
from timebank.core.text import name_or_number
from timebank.domain.rota import following


class NotAsShown(Conflict):
    """Somebody took a turn or gave one back meanwhile. Look at the list once more."""


@dataclass(frozen=True, slots=True)
class Effect:
    """A turn that a change moves: whose, and from when and where to when and where."""

    claim_id: int
    name: str
    job: str
    earlier_starts_at: dt.datetime
    earlier_ends_at: dt.datetime
    starts_at: dt.datetime
    ends_at: dt.datetime
    earlier_place: str
    place: str

    @property
    def is_elsewhere(self) -> bool:
        """Whether it is at another place."""
        return self.place != self.earlier_place

    @property
    def is_another_time(self) -> bool:
        """Whether it is at another time."""
        return (self.starts_at, self.ends_at) != (self.earlier_starts_at, self.earlier_ends_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a change does: whom it moves, how many are told, and which dates it leaves alone.

    Attributes:
        effects: The turns at another time or place, in the order in which they begin.
        told: How many people get a message.
        own_jobs: Dates that keep their own jobs.
        own_times: Dates that keep their own time or place.
        own_leads: Dates on which people are reminded as that date says.
    """

    effects: tuple[Effect, ...] = ()
    told: int = 0
    own_jobs: tuple[dt.date, ...] = ()
    own_times: tuple[dt.date, ...] = ()
    own_leads: tuple[dt.date, ...] = ()

    @property
    def digest(self) -> str:
        """A short name for this very list."""
        listed = repr([astuple(effect) for effect in self.effects])
        return hashlib.sha256(listed.encode()).hexdigest()[:16]

    def require_agreed(self, agreed: str | None) -> None:
        """Make sure that this is what the organiser was shown.

        Raises:
            NotAsShown: It is another list. None agrees to whatever it is.
        """
        if agreed not in {None, self.digest}:
            raise NotAsShown


NAMES = sa.text("""
SELECT c.id, coalesce(c.held_as, p.full_name), r.name
  FROM claim c
  JOIN slot s ON s.id = c.slot_id
  JOIN role r ON r.id = s.role_id
  LEFT JOIN profile p ON p.person_id = c.person_id
 WHERE c.id = ANY (:claim_ids)
""")


def effects_since(
    session: Session, *, event_ids: Collection[int], before: Iterable[following.Standing]
) -> tuple[Effect, ...]:
    """Compare the turns of some dates with a snapshot taken before."""
    earlier = {standing.claim_id: standing for standing in before}
    moved = [
        standing
        for standing in following.snapshot(session, event_ids=event_ids)
        if standing.claim_id in earlier and standing.moved_from(earlier[standing.claim_id])
    ]
    rows = session.execute(NAMES, {"claim_ids": [standing.claim_id for standing in moved]})
    named = {claim_id: (name_or_number(name), job) for claim_id, name, job in rows}
    return tuple(_effect(now, earlier[now.claim_id], *named[now.claim_id]) for now in moved)


def _effect(now: following.Standing, then: following.Standing, name: str, job: str) -> Effect:
    return Effect(
        claim_id=now.claim_id,
        name=name,
        job=job,
        earlier_starts_at=then.starts_at,
        earlier_ends_at=then.ends_at,
        starts_at=now.starts_at,
        ends_at=now.ends_at,
        earlier_place=then.place,
        place=now.place,
    )
