"""Find a neighbour for somebody who runs something, and note how old they are at least."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.core.text import public_name
from timebank.models import Membership
from timebank.models import Profile
from timebank.models import Standing

OLDEST_AGE = 100


class NoSuchAge(Refused):
    """Write an age from 1 to 100."""


def find_member(session: Session, *, community_id: int, membership_id: int) -> Membership:
    """Find a member of this community who hasn't left.

    Raises:
        NotFound: No such member here.
    """
    found = session.get(Membership, membership_id)
    if found is None or found.community_id != community_id or found.standing is Standing.LEFT:
        raise NotFound
    return found


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A member by public name, and how old they are at least by today, where that is known."""

    membership_id: int
    name: str
    age_at_least: int | None


NEIGHBOURS = """
SELECT m.id, p.full_name,
       p.age_at_least + extract(year FROM age(CAST(:today AS date), p.age_said_on))::int
  FROM membership m JOIN profile p ON p.person_id = m.person_id
 WHERE m.community_id = :community_id AND m.standing <> 'left'
   AND (CAST(:membership_id AS bigint) IS NULL OR m.id = :membership_id)
   AND (CAST(:named AS text) IS NULL OR starts_with(lower(p.full_name), lower(:named)))
 ORDER BY lower(p.full_name), m.id
 LIMIT 20
"""


def find_neighbours(
    session: Session,
    *,
    community_id: int,
    today: dt.date,
    named: str | None = None,
    membership_id: int | None = None,
) -> list[Neighbour]:
    """Find members whose name begins so, twenty at most, in one statement."""
    values = {"community_id": community_id, "today": today}
    rows = session.execute(
        sa.text(NEIGHBOURS), {**values, "named": named, "membership_id": membership_id}
    )
    return [Neighbour(key, public_name(full_name), age) for key, full_name, age in rows]


MOST_NAMESAKES = 12
NAMED = """
SELECT wanted.name, m.id, m.full_name, m.is_whole
  FROM unnest(CAST(:names AS text[])) AS wanted(name)
  JOIN LATERAL (
    SELECT m.id, p.full_name, lower(p.full_name) = lower(wanted.name) AS is_whole
      FROM membership m
      JOIN profile p ON p.person_id = m.person_id
       AND starts_with(lower(p.full_name), lower(wanted.name))
     WHERE m.community_id = :community_id AND m.standing <> 'left'
     ORDER BY is_whole DESC, lower(p.full_name), m.id
     LIMIT :most) m ON true
"""


def find_by_names(
    session: Session, *, community_id: int, names: Collection[str]
) -> dict[str, list[Neighbour]]:
    """Find whom each of several names may mean, in one statement.

    "Nadia", "Nadia K" and "Nadia Kaur" all mean Nadia Kaur. A name that is somebody's whole name
    means them alone; one that means nobody has no key. Twelve a name at most.
    """
    rows = session.execute(
        sa.text(NAMED),
        {"community_id": community_id, "names": list(names), "most": MOST_NAMESAKES},
    )
    found: dict[str, list[Neighbour]] = {}
    whole: dict[str, list[Neighbour]] = {}
    for name, key, full_name, is_whole in rows:
        kept = whole if is_whole else found
        kept.setdefault(name, []).append(Neighbour(key, public_name(full_name), None))
    return found | whole


def note_age(session: Session, *, member: Membership, age_at_least: int, today: dt.date) -> None:
    """Write down that somebody is at least so many years old today. No date of birth is kept.

    Raises:
        NoSuchAge: Not from 1 to 100.
        NotFound: Their name and address were deleted.
    """
    if not 1 <= age_at_least <= OLDEST_AGE:
        raise NoSuchAge(field="age_at_least")
    profile = session.get(Profile, member.person_id)
    if profile is None:
        raise NotFound
    profile.age_at_least = age_at_least
    profile.age_said_on = today
