"""What the rota says about a date whose sheet is typed up: jobs, turns, and who lives here."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.text import name_or_number
from timebank.domain.rota.occasions import Occasion
from timebank.domain.rota.spreadsheets.members import Member
from timebank.models import Community
from timebank.models import Membership
from timebank.models import Profile
from timebank.models import Standing

SLOTS = sa.text("""
SELECT s.id AS slot_id, s.role_id, r.name, s.starts_at, s.ends_at, s.minutes
  FROM slot s JOIN role r ON r.id = s.role_id
 WHERE s.event_id = :event_id
   AND s.closed_at IS NULL   -- what is closed has nobody on it
 ORDER BY r.position, s.starts_at, s.id
""")

TURNS = sa.text("""
SELECT c.id AS claim_id, c.slot_id, c.membership_id,
       coalesce(c.held_as, p.full_name) AS name, c.starts_at, c.ends_at,
       c.live, c.beside_id IS NOT NULL AS is_beside,
       c.state = 'attended' AS is_credited, c.arrived_at IS NOT NULL AS is_ticked,
       c.state = 'confirmed' OR c.state = 'held' AND c.held_for = 'yes' AS is_promised
  FROM claim c
  LEFT JOIN profile p ON p.person_id = c.person_id
 WHERE c.event_id = :event_id AND c.state <> 'withdrawn'
   AND (c.held_until IS NULL OR c.held_until > :now)
 ORDER BY c.live DESC, c.id
""")


# A line that was typed up before, word for word, means whom it meant then.
TYPED_BEFORE = sa.text("""
SELECT l.written, l.part, l.membership_id
  FROM paper_sheet_line l JOIN paper_sheet s ON s.id = l.sheet_id
 WHERE s.event_id = :event_id AND l.outcome IN ('counted', 'there') AND l.written IS NOT NULL
 ORDER BY l.entered_at, l.number
""")


@dataclass(frozen=True, slots=True)
class JobSlot:
    """A job of the date at one of its times."""

    slot_id: int
    role_id: int
    name: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    minutes: int


@dataclass(frozen=True, slots=True)
class TurnThere:
    """A turn of the date as the rota has it; `name` as everybody may see it.

    Attributes:
        is_promised: They said that they would come, and did neither come yet nor stay away.
        is_beside: It is done beside a longer turn, which has its hours.
    """

    claim_id: int
    slot_id: int
    membership_id: int
    name: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    live: bool
    is_beside: bool
    is_credited: bool
    is_ticked: bool
    is_promised: bool


@dataclass(frozen=True)
class Facts:
    """All of it. `typed_before`: whom a line of this date meant, by its words and its part."""

    timezone: str
    slots: tuple[JobSlot, ...]
    turns: tuple[TurnThere, ...]
    members: tuple[Member, ...]
    typed_before: Mapping[tuple[str, int], int]

    @cached_property
    def names(self) -> Mapping[int, str]:
        """Full names by membership."""
        return {member.membership_id: member.full_name for member in self.members}

    @cached_property
    def by_claim(self) -> Mapping[int, TurnThere]:
        """Turns by their claim."""
        return {turn.claim_id: turn for turn in self.turns}

    @cached_property
    def by_member(self) -> Mapping[int, list[TurnThere]]:
        """Turns by membership, the ones that somebody still has before those they missed."""
        found: dict[int, list[TurnThere]] = defaultdict(list)
        for turn in self.turns:
            found[turn.membership_id].append(turn)
        return found

    def turn(self, *, slot_id: int, membership_id: int) -> TurnThere | None:
        """Find somebody's turn at a job; one that they still have comes before one they missed."""
        theirs = self.by_member.get(membership_id, [])
        return next((turn for turn in theirs if turn.slot_id == slot_id), None)

    def turns_of(self, membership_id: int) -> list[TurnThere]:
        """Find the turns that somebody has on this date."""
        return [turn for turn in self.by_member.get(membership_id, []) if turn.live]

    def slot(self, slot_id: int) -> JobSlot:
        """Give a job by its number."""
        return next(slot for slot in self.slots if slot.slot_id == slot_id)


def gather(session: Session, *, occasion: Occasion, now: dt.datetime) -> Facts:
    """Read it, in five statements."""
    values = {"event_id": occasion.event_id, "now": now}
    turns = [dict(row) for row in session.execute(TURNS, values).mappings()]
    members = session.execute(
        sa.select(Membership.id, Profile.full_name)
        .join(Profile, Profile.person_id == Membership.person_id)
        .where(
            Membership.community_id == occasion.community_id, Membership.standing != Standing.LEFT
        )
        .order_by(Membership.id)
    )
    return Facts(
        timezone=session.get_one(Community, occasion.community_id).timezone,
        slots=tuple(JobSlot(*row) for row in session.execute(SLOTS, values)),
        turns=tuple(TurnThere(**{**row, "name": name_or_number(row["name"])}) for row in turns),
        members=tuple(Member(*row) for row in members),
        typed_before={
            (written, part): membership_id
            for written, part, membership_id in session.execute(TYPED_BEFORE, values)
        },
    )
